"""LaTeX: exact strings of the note's example, plain ASCII whatever the names, and a real TeX that takes all of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backlit.explain.asciitex import formula, plain, prose
from backlit.explain.outline import Block, outline
from oracles.cases import FITTING

from .networks import draw
from .test_explain_note import X, Y, chain
from .trees import HOSTILE, TREES, decimals, known

SHORT = {
    "note": r"""\begin{equation*}
\begin{array}[t]{@{}rcccccc@{}}
\dfrac{\partial C}{\partial w^{3}} &=& a^{2} &\cdot& \sigma'(z^{3}) &\cdot& 2\,(a^{3} - y) \\[8pt]
&=& 0.6682 &\cdot& 0.2216 &\cdot& -1.3372 \\[8pt]
&=& -0.1980
\end{array}
\end{equation*}
""",
    "book": r"""\begin{equation*}
\begin{array}[t]{@{}rcccccc@{}}
\dfrac{\partial C}{\partial w^{4}} &=& a^{3} &\cdot& \sigma'(z^{4}) &\cdot& 2\,(a^{4} - y) \\[8pt]
&=& 0.6682 &\cdot& 0.2216 &\cdot& -1.3372 \\[8pt]
&=& -0.1980
\end{array}
\end{equation*}
""",
    "pytorch": r"""\begin{equation*}
\begin{array}[t]{@{}rcccccc@{}}
\dfrac{\partial C}{\partial \texttt{4.weight}} &=& a^{2} &\cdot& \sigma'(z^{3}) &\cdot& 2\,(a^{3} - y) \\[8pt]
&=& 0.6682 &\cdot& 0.2216 &\cdot& -1.3372 \\[8pt]
&=& -0.1980
\end{array}
\end{equation*}
""",
}
NAMES = {"note": "dC/dw[3]", "book": "dC/dw[4]", "pytorch": "dC/d4.weight"}


@pytest.mark.parametrize("notation", SHORT)
def test_the_note_s_neuron_in_each_notation(notation: str) -> None:
    d = chain().explain(NAMES[notation], X, Y, notation=notation)
    assert d.latex() == SHORT[notation]
    assert d._repr_latex_() == SHORT[notation]


def test_what_is_no_product_is_aligned_on_its_equals_signs() -> None:
    own = r"\frac{\partial C}{\partial w^{2}_{3,0}}"
    assert TREES["mean"]().latex().splitlines()[1:3] == [
        rf"{own} &= \frac{{\sum_x s_x {own.replace('C', 'C_x')}}}{{\sum_x s_x}} \\",
        r" &= -0.07046",
    ]


def test_the_note_s_chain_in_full() -> None:
    body = chain().explain("dC/dw[3]", X, Y).latex(full=True, document=False)
    assert body.startswith("% needs amsmath, amssymb, booktabs and xcolor\n\\definecolor{factor0}")
    for line in (
        r"{\LARGE $\displaystyle \frac{\partial C}{\partial w^{3}} = -0.1980$\par}",
        r"{\raggedright from the neuron of layer 2 to the output, for this example: wanted 1, given 0.3314",
        r"\textcolor{factor0}{a^{2}} &\cdot& \textcolor{factor1}{\sigma'(z^{3})} &\cdot& \textcolor{factor2}{2",
        r"{} = \sigma(z)\,(1 - \sigma(z)) \text{ at } z = -0.7018 = 0.3314 \cdot 0.6686 = 0.2216$",
        r"$\displaystyle {} = 2\,(a^{3} - y) = 2\,(0.3314 - 1.0000) = -1.3372$ & {\small\color{faint}N6} \\",
        r"\leavevmode{\small\color{faint}the output is 0.6686 too low}}",
        r"\leavevmode{\small\color{faint}product of factors $\checkmark$}}",
    ):
        assert line in body


@pytest.mark.parametrize("tree", TREES)
def test_every_step_is_there_in_plain_ascii_with_the_tree_s_numbers(tree: str) -> None:
    d = TREES[tree]()
    document = d.latex(full=True)
    assert document.isascii()
    assert document.startswith("\\documentclass")
    assert document.endswith("\\end{document}\n")
    assert document.count("\\end{document}") == 1
    assert d.latex(full=True, document=False) in document.replace(
        "\\begin{document}\n", "\\begin{document}\n% needs amsmath, amssymb, booktabs and xcolor\n"
    )
    body = document.partition("\\begin{document}")[2]
    shown = re.sub(r"\\rule\{[^}]*\}|\\parbox\[t\]\{[^}]*\}|\{0\.9ex\}|\\textcolor\{\w+\}", "", body)
    assert decimals(shown) <= known(d)


@pytest.mark.parametrize("number", range(0, len(FITTING), 5))
def test_random_networks_show_the_tree_s_numbers(number: int) -> None:
    net, x, y = draw(number, *FITTING[number])
    for name in ("dC/dw[1][0,1]", "dC/dx[0]", f"dC/db[{net.L}][1]"):
        d = net.explain(name, x[:1], y[:1], depth=2)
        body = d.latex(full=True, document=False)
        assert decimals(re.sub(r"\\rule\{[^}]*\}|\\parbox\[t\]\{[^}]*\}|\{0\.9ex\}", "", body)) <= known(d)
        assert all(formula(block.step.symbol.tex) in body for block in told(outline(d.root)))


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50% & $3 #1_{a} ~ ^ \\", r"50\% \& \$3 \#1\_\{a\} \textasciitilde{} \textasciicircum{} \textbackslash{}"),
        ("Ångström żółć", r"\r{A}ngstr\"{o}m \.{z}\'{o}\l{}\'{c}"),
        ("w¹₁₉ − ½", r"w$^{1}_{19}$ $-$ $\tfrac{1}{2}$"),
        ("長", r"\texttt{U+9577}"),
        ("a<b|c", r"a$<$b$|$c"),
        ("tab\tnew\nline\0", r"tab new line\texttt{U+0000}"),
    ],
)  # fmt: skip
def test_words(text: str, tex: str) -> None:
    assert plain(text) == tex


def test_quotes_become_a_pair() -> None:
    assert prose('a "1", read as "9"') == "a ``1'', read as ``9''"


def test_names_inside_mathematics() -> None:
    assert formula(r"\partial \text{a\_b<長}") == r"\partial \text{a\_b$<$\texttt{U+9577}}"


def told(block: Block) -> Iterator[Block]:
    yield block
    for one in block.under:
        yield from told(one)


def compiled(tex: str, folder: Path, engine: str = "pdflatex") -> str:
    """The log of a run; fails with its end where TeX gives up."""
    (folder / "derivation.tex").write_text(tex, encoding="ascii")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
    run = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120
    )
    assert run.returncode == 0, run.stdout[-1500:]
    assert (folder / "derivation.pdf").stat().st_size > 1000
    return run.stdout


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here to compile with")
@pytest.mark.parametrize("tree", TREES)
def test_a_real_tex_takes_it(tree: str, tmp_path: Path) -> None:
    d = TREES[tree]()
    log = compiled(d.latex(full=True), tmp_path)
    assert "Overfull \\hbox" not in log
    short = f"\\documentclass{{article}}\n\\usepackage{{amsmath}}\n\\begin{{document}}\n{d.latex()}\\end{{document}}\n"
    compiled(short, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("lualatex"), reason="there is no lualatex here to compile with")
@pytest.mark.parametrize("tree", ["note", "softmax", "raw 1", "raw 2"])
def test_lualatex_takes_it_too(tree: str, tmp_path: Path) -> None:
    compiled(TREES[tree]().latex(full=True), tmp_path, "lualatex")


def test_twenty_derivations_are_compiled() -> None:
    assert len(TREES) >= 20
    assert len(HOSTILE) == 6
