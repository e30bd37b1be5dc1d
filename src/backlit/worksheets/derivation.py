"""A derivation in lines, whole layers at once: z, a, ∂C/∂a, δ, one weight's derivative and its step.

For "find the mistake": how each line reads when it is right, and how a known mistake reads in it. Explanations are
explain's matter; these lines are as a hand writes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..explain.formula import Formula, figures, from_tex, tex_of
from ..functions.pairs import pair_of
from .figures import decimal
from .passes import Pass
from .question import Line
from .scene import Place, Scene, new

Array = Any
Key = tuple[str, int]  # the letter and layer of a line
Target = tuple[int, int, int]  # layer, j, k of a weight
_SHOWN = 4  # decimals in a line
AS_DONE: dict[str, tuple[str, str]] = {  # mistake → the letter of its line, the line as it is done
    "forward-bias-missing": ("z", r"w^{l} a^{p}"),
    "forward-bias-subtracted": ("z", r"w^{l} a^{p} - b^{l}"),
    "forward-w-transposed": ("z", r"(w^{l})^T a^{p} + b^{l}"),
    "forward-activation-missing": ("a", r"z^{l}"),
    "forward-z-sign": ("a", r"\sigma(-z^{l})"),
    "forward-slope-for-activation": ("a", r"\sigma'(z^{l})"),
    "y-minus-a": ("dC_da", ""),
    "output-not-cost": ("dC_da", r"1"),
    "factor-half": ("dC_da", r"a^{l} - y"),
    "factor-two": ("dC_da", r"2\,(a^{l} - y)"),
    "sigma-prime-missing": ("delta", r"\frac{∂C}{∂a^{l}}"),
    "sigma-prime-of-a": ("delta", r"\frac{∂C}{∂a^{l}} \odot \sigma'(a^{l})"),
    "sigma-for-sigma-prime": ("delta", r"\frac{∂C}{∂a^{l}} \odot \sigma(z^{l})"),
    "sigma-prime-twice": ("delta", r"\frac{∂C}{∂a^{l}} \odot \sigma'(z^{l}) \odot \sigma'(z^{l})"),
    "sigma-prime-kept": ("delta", r"(a^{l} - y) \odot \sigma'(z^{l})"),
    "softmax-diagonal-only": ("delta", r"\frac{∂C}{∂a^{l}} \odot a^{l} \odot (1 - a^{l})"),
    "w-not-transposed": ("dC_da", r"w^{n} \delta^{n}"),
    "max-over-paths": ("dC_da", r"\text{largest of } w^{n}_{ij} \delta^{n}_i \text{ over } i"),
    "a-of-same-layer": ("dw", r"a^{l}_{K} \cdot \delta^{l}_{J}"),
    "z-for-a": ("dw", r"z^{p}_{K} \cdot \delta^{l}_{J}"),
    "gradient-transposed": ("dw", r"a^{p}_{J} \cdot \delta^{l}_{K}"),
    "index-clash": ("dw", r"a^{p}_{K} \cdot \sigma'(z^{l}_{J}) \cdot \frac{∂C}{∂a^{l}_{K}}"),
    "sign-flipped": ("dw", r"-a^{p}_{K} \cdot \delta^{l}_{J}"),
    "update-sign": ("new_w", r"w^{l}_{J,K} + \eta\,\frac{∂C}{∂w^{l}_{J,K}}"),
    "update-eta-missing": ("new_w", r"w^{l}_{J,K} - \frac{∂C}{∂w^{l}_{J,K}}"),
}
_BETWEEN = ("output-not-cost", "factor-half", "factor-two")  # where σ′ cancels, there is no ∂C/∂a to go wrong


class Derivation:
    """The lines to ∂C/∂w^t_jk, or on to the step, in order."""

    def __init__(self, scene: Scene, target: Target, *, step: bool) -> None:
        self.scene, self.target, L = scene, target, scene.L
        self.pair = pair_of(scene.net.layers[L], scene.net.cost)
        self.keys: list[Key] = [(letter, l) for l in range(1, L + 1) for letter in ("z", "a")]
        self.keys += [("delta", L)] if self.pair else [("dC_da", L), ("delta", L)]
        self.keys += [(letter, l) for l in range(L - 1, target[0] - 1, -1) for letter in ("dC_da", "delta")]
        self.keys += [("dw", target[0])] + [("new_w", target[0])] * step

    def place(self, key: Key) -> Place:
        """Where a line's value stands in a pass."""
        return (*key, self.target[1:] if key[0] in ("dw", "new_w") else ())

    def line(self, key: Key, made: Pass, mistake: str = "") -> Line:
        """One line with the pass's numbers; its formula is the right one, or that of the mistake."""
        place = self.place(key)
        symbol = new(self.scene, place) if key[0] == "new_w" else self.scene.symbol(place)
        value = np.asarray(made.read(place))
        tex = self._done(mistake, key) if mistake else self._right(key)
        return Line(symbol, from_tex(self._filled(tex, key[1])), vector(value), value.tolist())

    def _right(self, key: Key) -> str:
        letter, l = key
        net, last = self.scene.net, l == self.scene.L
        if letter == "delta":
            if last and self.pair is not None:
                return _of_all(self.pair.tex_delta)
            if not net.layers[l].elementwise:
                return r"\sum_i \frac{∂C}{∂a_i} a_i\,([i = j] - a_j)"
            return r"\frac{∂C}{∂a^{l}} \odot \sigma'(z^{l})"
        rest = "" if self.scene.rest is None else " + r^{l}"
        return {
            "z": r"w^{l} a^{p} + b^{l}",
            "a": r"\sigma(z^{l})",
            "dC_da": _of_all(net.cost.tex_derivative) if last else rf"(w^{{n}})^T \delta^{{n}}{rest}",
            "dw": r"a^{p}_{K} \cdot \delta^{l}_{J}",
            "new_w": r"w^{l}_{J,K} - \eta\,\frac{∂C}{∂w^{l}_{J,K}}",
        }[letter]

    def _done(self, mistake: str, key: Key) -> str:
        if mistake != "y-minus-a":
            return AS_DONE[mistake][1]
        right = self._right(key)
        turned = right.replace("a^{l} - y", "y - a^{l}")
        return turned if turned != right else f"-{right}" if right.startswith("\\frac") else f"-({right})"

    def _filled(self, tex: str, l: int) -> str:
        """Numbers in the place of letters: l, the next layer n, the one before p, the weight's J and K."""
        for letter, number in (("l", l), ("n", l + 1), ("p", l - 1)):
            tex = tex.replace(f"^{{{letter}}}", f"^{{{number}}}")
        t, j, k = self.target
        J, K = self.scene.index[t][j], self.scene.index[t - 1][k]
        tex = tex.replace("{J,K}", f"{{{J},{K}}}").replace("{J}", f"{{{J}}}").replace("{K}", f"{{{K}}}")
        return tex.replace("∂", r"\partial ")


def key_of(mistake: str, l: int, *, pair: bool, L: int) -> Key | None:
    """The line in which a mistake in layer l stands; None where there is no such line."""
    letter = AS_DONE[mistake][0]
    if pair and (mistake in _BETWEEN or (letter == "delta" and l == L and mistake != "sigma-prime-kept")):
        return None
    if mistake == "y-minus-a" and pair:
        letter = "delta"
    only_output = mistake in (*_BETWEEN, "y-minus-a", "sigma-prime-kept")
    never_output = mistake in ("w-not-transposed", "max-over-paths")
    return None if (only_output and l != L) or (never_output and l == L) else (letter, l)


def _of_all(tex: str) -> str:
    """A formula of one output, for all of them."""
    return tex.replace("a^L_j", "a^{l}").replace("y_j", "y").replace("a^L_i", "a^{l}_i")


def vector(value: Array) -> Formula:
    """Numbers as a row in brackets; one number without them."""
    numbers = [decimal(float(one), max(_SHOWN, _needed(float(one)))) for one in np.ravel(value)]
    if np.ndim(value) == 0:
        return Formula(numbers[0], tex_of(numbers[0]))
    inner = r",\; ".join(map(tex_of, numbers))
    return Formula(f"({', '.join(numbers)})", f"({inner})")


def _needed(value: float) -> int:
    text = figures(value)
    return 0 if "·" in text else len(text.partition(".")[2])
