"""HTML: well-formed, self-contained, names that stay names, numbers with all their digits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from backlit.explain import Derivation
from backlit.explain.mathml import mathml
from backlit.explain.rows import corner_of, table_of, values_of
from oracles.cases import FITTING

from .networks import draw
from .test_explain_note import X, Y, chain
from .trees import HOSTILE, TREES

ALLOWED = {
    "style", "article", "header", "section", "p", "span", "small", "div", "a", "data", "details", "summary", "table",
    "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "dl", "dt", "dd",
    "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mfrac", "msqrt", "msub", "msup", "msubsup", "munder", "mover",
    "munderover",
}  # fmt: skip
ATTRIBUTES = {
    "class", "id", "href", "style", "role", "aria-label", "aria-level", "aria-hidden", "scope", "value", "title",
    "displaystyle", "stretchy", "form", "movablelimits", "mathvariant", "width",
}  # fmt: skip


def read(html: str) -> ET.Element:
    """The fragment as XML, which is stricter than a browser: every element closed, everything escaped."""
    return ET.fromstring(f"<body>{html}</body>")


def text_of(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("tree", TREES)
def test_it_is_well_formed_and_self_contained(tree: str) -> None:
    html = TREES[tree]().html()
    whole = read(html)
    for element in whole.iter():
        assert element.tag in ALLOWED | {"body"}
        assert set(element.attrib) <= ATTRIBUTES
        assert not any(name.startswith("on") for name in element.attrib)
        assert element.attrib.get("href", "#").startswith("#")
    style = whole.find("style")
    assert style is not None
    assert style.text is not None
    assert not re.search(r"https?:|url\(|@import|src=", style.text)
    assert "<script" not in html
    assert not re.search(r"\ssrc=", html)


@pytest.mark.parametrize("tree", TREES)
def test_links_lead_to_the_factors_and_ids_are_unique(tree: str) -> None:
    d = TREES[tree]()
    whole = read(d.html())
    ids = [element.attrib["id"] for element in whole.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    links = list(whole.iter("a"))
    assert len(links) == (len(d.root.parts) if d.root.kind in ("product", "total") and d.root.scalar else 0)
    for link in links:
        (section,) = [one for one in whole.iter("section") if one.attrib.get("id") == link.attrib["href"][1:]]
        colour = link.attrib["class"].split()[-1]
        assert colour in section.attrib["class"].split()


@pytest.mark.parametrize("tree", TREES)
def test_tables_have_headers_and_the_sign_is_written(tree: str) -> None:
    whole = read(TREES[tree]().html())
    for table in whole.iter("table"):
        heads = [cell.attrib.get("scope") for cell in table.iter("th")]
        assert all(heads)
        assert heads or not table.findall("thead")
    for number in whole.iter("data"):
        value, shown, kind = float(number.attrib["value"]), text_of(number), number.attrib.get("class", "")
        assert "-" not in shown.replace("e-", "")
        assert kind in ("", "positive" if value > 0 else "negative")
        if kind == "negative":
            assert shown.startswith("−") or not shown.strip("0.")


SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def as_float(shown: str) -> tuple[float, float]:
    """A number as it is written, and half of its last decimal."""
    special = {"∞": math.inf, "−∞": -math.inf, "undefined": math.nan}
    if shown in special:
        return special[shown], 0.0
    mantissa, _, power = shown.replace("−", "-").partition("·10")
    scale = 10.0 ** int(power.translate(SUPERSCRIPTS)) if power else 1.0
    return float(mantissa) * scale, 0.5 * 10.0 ** -len(mantissa.partition(".")[2]) * scale


def values(d: Derivation) -> Iterator[float]:
    """Every number of the tree that may be shown with all its digits."""
    for step in d.steps:
        if step.scalar:
            yield float(step.value)
        elif step.terms is not None:
            yield from (value for _, _, value in values_of(step.terms).rows)
        else:
            yield from (value for row in corner_of(step.value).cells for _, value in row)
        if step.terms is not None and step.kind != "each":
            table = table_of(step)
            yield table.value
            yield from (value for row in table.all for value in (*row.values, row.value))


def check_numbers(d: Derivation) -> None:
    tree = set(values(d))
    found = list(read(d.html()).iter("data"))
    assert found
    for number in found:
        value = float(number.attrib["value"])
        assert number.attrib["title"] == number.attrib["value"].replace("-", "−")
        assert value in tree or math.isnan(value)
        shown, half = as_float(text_of(number))
        assert shown == pytest.approx(value, abs=half * 1.0001, nan_ok=True)


@pytest.mark.parametrize("tree", TREES)
def test_numbers_are_the_tree_s_to_the_last_digit(tree: str) -> None:
    check_numbers(TREES[tree]())


@pytest.mark.parametrize("number", range(0, len(FITTING), 5))
def test_random_networks_show_the_tree_s_numbers(number: int) -> None:
    net, x, y = draw(number, *FITTING[number])
    for name in ("dC/dw[1][0,1]", "dC/dx[0]", f"dC/db[{net.L}][1]", f"dC/dw[{net.L}]"):
        check_numbers(net.explain(name, x[:1], y[:1], depth=2))


def test_the_note_s_neuron() -> None:
    d = chain().explain("dC/dw[3]", X, Y)
    whole = read(d.html())
    grid = next(one for one in whole.iter("div") if one.attrib.get("class") == "equation")
    assert grid.attrib["aria-label"] == "∂C/∂w³ = a² · σ′(z³) · 2(a³ − y) = −0.1980"
    assert [text_of(one) for one in grid.iter("data")] == ["0.6682", "0.2216", "−1.3372", "−0.1980"]
    lines = [text_of(one) for one in whole.iter("div") if one.attrib.get("class") == "line"]
    assert lines == [
        "a2= 0.6682N6",
        "σ′(z3)= σ(z)(1−σ(z)) at z=−0.7018= 0.3314·0.6686= 0.2216N6",
        "∂C∂a3= 2(a3−y)= 2(0.3314−1.0000)= −1.3372N6",
    ]
    assert d._repr_html_() == d.html()


@pytest.mark.parametrize("tree", [tree for tree in TREES if tree.startswith(("raw", "hostile"))])
def test_hostile_names_are_words(tree: str) -> None:
    d = TREES[tree]()
    shown = text_of(read(d.html()).findall("article")[0])
    assert " ".join(d.statement.split()) in shown
    page = d.html(page=True)
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<html") == page.count("</html>") == page.count("<title>") == 1
    assert "<script" not in page


def test_all_hostile_names_were_there() -> None:
    shown = "".join(TREES[tree]().html() for tree in TREES if tree.startswith("raw"))
    assert "&lt;script&gt;" in shown
    assert all(sign in shown for sign in ("$%&amp;_#{}~^\\ &quot;quoted&quot;", "naïve Ångström żółć"))
    assert "<script>" in HOSTILE[0]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        ("w^{2}_{3}", "<msubsup><mi>w</mi><mrow><mn>3</mn></mrow><mrow><mrow><mn>2</mn></mrow></mrow></msubsup>"),
        (r"\sigma'(", '<msup><mi>σ</mi><mrow><mo>′</mo></mrow></msup><mo stretchy="false">(</mo>'),
        (r"\frac{1}{2}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"x = -1 - 2", '<mi>x</mi><mo>=</mo><mo form="prefix">−</mo><mn>1</mn><mo>−</mo><mn>2</mn>'),
        (r"\text{a\_b <i>}", "<mtext>a_b&#160;&lt;i&gt;</mtext>"),
        (r"\text{\textbackslash{}\%}", "<mtext>\\%</mtext>"),
        (r"\unheard{x}", "<mtext>unheard</mtext><mrow><mi>x</mi></mrow>"),
        (r"\operatorname{sign}", '<mi mathvariant="normal">sign</mi>'),
        (r"\log a", '<mrow><mi>log</mi><mspace width="0.167em"></mspace></mrow><mi>a</mi>'),
        (r"\sqrt{2\pi}", "<msqrt><mrow><mn>2</mn><mi>π</mi></mrow></msqrt>"),
    ],
)  # fmt: skip
def test_mathml(tex: str, shown: str) -> None:
    assert mathml(tex) == f"<math><mrow>{shown}</mrow></math>"


def test_every_formula_of_every_tree_is_understood() -> None:
    for make in TREES.values():
        for step in make().steps:
            for form in (step.symbol, step.formula, step.numbers, *step.lines):
                root = ET.fromstring(mathml(form.tex))
                arity = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "msubsup": 3, "munderover": 3}
                assert all(len(one) == arity.get(one.tag, len(one)) for one in root.iter())
                known = {one.text for one in root.iter("mtext")}
                assert known.isdisjoint({"frac", "sum", "partial", "left", "right", "quad", "text"})


def test_two_in_a_notebook_do_not_share_ids() -> None:
    one, other = (chain().explain(name, X, Y).html() for name in ("dC/dw[3]", "dC/dw[2]"))
    ids = [set(re.findall(r' id="([^"]+)"', html)) for html in (one, other)]
    assert ids[0].isdisjoint(ids[1])
