"""Checking a gradient: every entry of ∇C beside what the forward pass alone says. This is the door.

The forward pass is moved in moves.py, by the ways of ways.py; verdicts are verdicts.py's, the report
report.py's. docs/check.md says how each verdict is reached. Functions of others are function.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import UsageError, unknown
from ...namespaces import COMPLEX, NUMPY
from ...network import Network
from ...spelling import counted, spelt
from .function import check_function
from .moves import Lifted, affine
from .progress import shown
from .report import CheckReport
from .rounding import Rounding
from .sample import Choice, affordable_digits, choose, megabytes, seconds
from .setting import Posed, pose
from .verdicts import Entries, Found, of_layer
from .ways import WAYS, Layer, Way, complex_step, differences, layer, many_digits, penalty

Array = Any
__all__ = ["CheckReport", "check", "check_function"]

_FEWEST, _MOST = 20, 66  # digits: the tables' closed forms are good to 100, and half as many more are taken


def check(
    net: Network,
    x: Any,
    y: Any,
    *,
    gradient: Any = None,
    methods: Sequence[str] | str | None = None,
    digits: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    dropout_masks: Any = None,
    engine: str = "auto",
    numbers: Any = None,
    progress: bool | None = None,
) -> CheckReport:
    """Every entry of ∇C (B5) beside differences, complex step and many digits of the forward pass: true or false.

    ``gradient`` is someone's own (a Gradient, arrays by layer, a flat vector); left out, it is ``net.gradient`` by
    ``engine``. ``methods`` are some of "differences", "complex", "digits"; left out, all that the functions allow, and
    ``digits`` (50 unless given, from 20 to 66) where that is quick; giving ``digits`` asks for it. ``sample`` is how
    many entries to check, drawn with ``seed``: all, unless they would take long. ``numbers`` (n,) are what the examples
    are called. Options l1, l2, sample_weight, dropout_masks as ``net.gradient`` takes them. Raises UsageError,
    DataError, and ModelError where a weight is not finite.
    """
    given = {
        "gradient": gradient, "numbers": numbers, "l1": l1, "l2": l2, "dropout_masks": dropout_masks, "engine": engine
    }  # fmt: skip
    posed = pose(net, x, y, sample_weight=sample_weight, **given)
    names, notes = _methods(posed, methods, digits)
    digits = 50 if digits is None else digits
    choice = choose(posed, names, sample, seed)
    with np.errstate(all="ignore"):
        entries, broken = _walk(posed, choice, names, digits, progress)
        others = None if posed.foreign else _others(posed, entries, sample_weight)
        if others is not None:
            calm = pose(net, x, y, sample_weight=others, **given)
            entries, without = _filled(entries, _walk(calm, choice, names, digits, progress)[0])
            if without:
                notes.append(_left_out(posed, calm, without))
    return CheckReport(
        net=net,
        entries=tuple(entries),
        methods=names,
        digits=digits if "digits" in names else None,
        numbers=posed.numbers,
        dtype=posed.dtype.name,
        foreign=posed.foreign,
        included=posed.included,
        sampled=choice.sampled,
        seed=seed,
        broken=broken,
        conventions=posed.conventions,
        notes=tuple(notes),
    )


def _methods(posed: Posed, wanted: Any, digits: Any) -> tuple[tuple[str, ...], list[str]]:
    """The ways to be gone, the most exact first, and what is to be said of those left out."""
    if digits is not None and (
        isinstance(digits, bool) or not isinstance(digits, int) or not _FEWEST <= digits <= _MOST
    ):
        raise UsageError(f"{spelt('digits')} is a whole number from {_FEWEST} to {_MOST}; got {digits!r}")
    own = "" if posed.built_in else "a function of your own takes neither complex numbers nor many digits"
    if wanted is not None:
        asked = [wanted] if isinstance(wanted, str) else list(wanted)
        for name in asked:
            if name not in WAYS:
                raise unknown("method", name, WAYS)
            if own and name != "differences":
                raise UsageError(f"{own}; take {spelt('methods', 'differences')}")
        if not asked:
            raise UsageError(f"methods are some of {', '.join(WAYS)}; got none")
        if digits is not None and "digits" not in asked:
            asked.append("digits")
        return tuple(name for name in reversed(WAYS) if name in asked), []
    if own:
        if digits is not None:
            raise UsageError(f"{own}; leave {spelt('digits')} out")
        return ("differences",), [f"{own}: central differences alone"]
    if digits is not None or (affordable_digits(posed) and _has_mpmath()):
        return tuple(reversed(WAYS)), []
    return ("complex", "differences"), []


def _others(posed: Posed, entries: Sequence[Entries], weights: Any) -> Array | None:
    """Sample weights that leave out the examples with something at a kink, (n,); None where none or all have one."""
    kinked = {kink.example for one in entries for kink in one.kinks if kink.example is not None}
    if not kinked or len(kinked) == len(posed.numbers):
        return None
    found = np.ones(posed.n) if weights is None else np.array(weights, dtype=np.float64)
    found[[row for row, number in zip(posed.rows, posed.numbers, strict=True) if number in kinked]] = 0
    return found


def _filled(entries: list[Entries], others: list[Entries]) -> tuple[list[Entries], int]:
    """What stands at a kink, judged without its examples where that helps; and how many entries that are."""
    pairs = [one.filled(other) for one, other in zip(entries, others, strict=True)]
    return [one for one, _ in pairs], sum(count for _, count in pairs)


def _left_out(posed: Posed, calm: Posed, without: int) -> str:
    gone = sorted({*posed.numbers} - {*calm.numbers})
    called = ", ".join(map(str, gone[:5])) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
    one = len(gone) == 1
    which = f"example {called}, which stands at a kink" if one else f"examples {called}, which stand at kinks"
    return f"{counted(without, 'entry', 'entries')} checked in the gradient without {which}"


def _has_mpmath() -> bool:
    from importlib.util import find_spec

    return find_spec("mpmath") is not None


def _walk(
    posed: Posed, choice: Choice, names: tuple[str, ...], digits: int, progress: Any
) -> tuple[list[Entries], tuple[int, ...]]:
    """Layer by layer, way by way; also the layers whose z is not moved by w and b as N4 says."""
    s = posed.setting
    rounding = Rounding(s, posed.unit, float(np.finfo(posed.dtype).tiny))
    walked = names if "complex" in names or "digits" not in names else ("complex", *names)
    neurons = {l: len(some) for l, some in choice.neurons.items()}
    takes = {name: seconds(posed, name, neurons) for name in walked}
    total = sum(takes.values())
    said = (
        f"checking {counted(choice.entries, 'entry', 'entries')} on {counted(len(s.share), 'example')}: about "
        f"{max(total, 1):,.0f} s and {megabytes(posed, choice):,.0f} MB; Ctrl-C stops it"
    )
    found: list[Entries] = []
    with shown(progress, total, total, said) as bar:
        going = [_Going(posed, rounding, name, digits) for name in walked]
        for l in range(1, posed.net.L + 1):
            ways: dict[str, Found] = {}
            for one in going:
                rows = sum(neurons.values()) * len(s.share)
                tick = _ticker(bar.advance, takes[one.name] / rows)
                ways[one.name] = one.through(l, choice.neurons[l], tick)
            if "digits" in ways:
                ways["digits"] = _with_kinks(ways["digits"], ways["complex"].layer)
            found += of_layer(posed, choice, rounding, l, {name: ways[name] for name in names})
    broken = tuple(l for l in range(1, posed.net.L + 1) if not affine(s, rounding, l))
    return found, broken


def _ticker(advance: Callable[[float], None], each: float) -> Callable[[int], None]:
    return lambda rows: advance(rows * each)


class _Going:
    """One way with its lifted network."""

    def __init__(self, posed: Posed, rounding: Rounding, name: str, digits: int) -> None:
        self.name, self.rounding, self.digits = name, rounding, digits
        self.setting = posed.setting
        ways: dict[str, Callable[[], Way]] = {
            "differences": lambda: differences(posed.setting, rounding, hidden=not posed.built_in),
            "complex": complex_step,
            "digits": lambda: many_digits(digits),
        }
        self.way = ways[name]()
        self.lifted = Lifted(posed.setting, self.way.xp)

    def through(self, l: int, neurons: Any, tick: Callable[[int], None]) -> Found:
        """What the way says of layer l."""
        found = layer(self.way, self.lifted, l, neurons, self.rounding, tick)
        penalised = self.setting.l1 or self.setting.l2
        extra = penalty(self.way.xp, self.setting, l, self.digits) if penalised else None
        return Found(
            found,
            extra,
            self.lifted.a[l - 1] if self.way.xp not in (NUMPY, COMPLEX) else self.setting.a[l - 1],
        )


def _with_kinks(found: Found, complex_: Layer) -> Found:
    """Many digits see a kink only where a step crosses it: which it is, the complex step tells."""
    place = np.where(complex_.place != -1, complex_.place, found.layer.place)
    layer = Layer(found.layer.slope, found.layer.error, place, complex_.neuron, complex_.places)
    return Found(layer, found.penalty, found.a)
