"""What a run of training is told, as plain data: checked once, kept in checkpoints and in the model file."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .dropout import check_rates
from .errors import ModelError, UsageError, unknown
from .lbfgs import LBFGS, NAMES, lbfgs_options
from .network import Network
from .optimizers import RULES, Rule, as_rule
from .options import parse_option
from .randomness import as_seed
from .schedules import Schedule, as_schedule
from .spelling import spelt

MONITORS = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy")


@dataclass(frozen=True)
class Settings:
    """The settings of a run, all of them plain values; what they mean is said at ``training.fit``."""

    epochs: int = 30
    batch_size: int | None = 32
    eta: float | None = None
    optimizer: str = "sgd"
    schedule: Any = "constant"
    l1: float = 0.0
    l2: float = 0.0
    dropout: Any = 0.0
    max_norm: float | None = None
    clip_value: float | None = None
    clip_norm: float | None = None
    class_weight: Any = None
    validation: float | None = None
    early_stopping: int | None = None
    min_delta: float = 0.0
    watch: str | None = None
    monitors: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    shuffle: bool = True
    seed: int | None = None
    engine: str = "auto"
    threads: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; raises UsageError for a schedule function, which no file can keep."""
        if callable(self.schedule):
            raise UsageError("a schedule that is a function can't be kept in a checkpoint; take one by name")
        plain = dataclasses.asdict(self)
        if isinstance(self.class_weight, dict):
            plain["class_weight"] = [[key, number] for key, number in self.class_weight.items()]
        return plain

    def told(self) -> dict[str, Any]:
        """What is not as it would be unasked, as plain data for the model file; a schedule of the user's is "own"."""
        named = dataclasses.replace(self, schedule="own") if callable(self.schedule) else self
        return {name: value for name, value in named.to_json().items() if value != getattr(Settings, name)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Settings:
        """The inverse of ``to_json``; raises TypeError or ValueError for what it never wrote."""
        known = {field.name for field in dataclasses.fields(cls)}
        values: dict[str, Any] = {
            key: tuple(one) if isinstance(one, list) else one for key, one in plain.items()
        }
        if isinstance(plain.get("class_weight"), list):
            values["class_weight"] = dict(plain["class_weight"])
        if set(values) - known:
            raise ValueError(f"{sorted(set(values) - known)}")
        return cls(**values)

    @property
    def lbfgs(self) -> bool:
        """Whether the run is l-bfgs, which is no rule of steps but a method of its own."""
        return _key(self.optimizer) in NAMES

    @property
    def rule(self) -> Rule:
        return as_rule(self.optimizer)

    @cached_property
    def plan_schedule(self) -> Schedule:
        return as_schedule(self.schedule)

    def factors(self, times: Sequence[float], dt: float) -> Any:
        """The schedule's factors on η at these times (epochs done before a step of ``dt``); raises UsageError."""
        schedule, T = self.plan_schedule, float(self.epochs)
        return np.array([schedule.factor(t, T, dt) for t in times])


def given_settings(given: Mapping[str, Any], others: Sequence[str], net: Network) -> Settings:
    """The settings of ``fit``'s keywords, checked; ``others`` are its further ones, to be named in errors."""
    known = [field.name for field in dataclasses.fields(Settings)]
    for name in given:
        if name not in known:
            raise unknown("setting of fit", name, [*known, *others])
    return check(Settings(**given), net)


def resumed(
    plain: Mapping[str, Any], given: Mapping[str, Any], others: Sequence[str], net: Network
) -> Settings:
    """A checkpoint's settings; raises ModelError where they can't be, UsageError where ``given`` says anything else."""
    try:
        stored = Settings.from_json(plain)
        malformed = "they are not as they were written" if check(stored, net) != stored else ""
    except (TypeError, ValueError) as reason:
        malformed = str(reason)
    if malformed:
        raise ModelError(f"the checkpoint's settings are malformed ({malformed}); start the run anew")
    said = given_settings(dataclasses.asdict(stored) | dict(given), others, net)
    for name in given:
        old, new = getattr(stored, name), getattr(said, name)
        if old != new:
            raise UsageError(
                f"resume goes on with the run's own settings, and its {name} is {old!r}; got {new!r}; "
                "leave it out, or finish the run and fit again"
            )
    return stored


def check(settings: Settings, net: Network) -> Settings:
    """``settings`` as plain Python values; raises UsageError naming the setting, its rule and what was got."""
    s = _normalised(settings, net)
    if s.validation is not None and s.validation >= 1:
        raise UsageError(
            f"{spelt('validation')} is a fraction of the examples, between 0 and 1, or a pair (x, y); "
            f"got {settings.validation!r}"
        )
    if "all" in s.monitors:
        raise UsageError(f"'all' stands for every monitor, and alone: give {spelt('monitors', 'all')}")
    for name in s.monitors:
        if name not in MONITORS:
            raise unknown("monitor", name, (*MONITORS, "all"))
    for name in ("engine", "watch"):
        if not isinstance(getattr(s, name), str) and (name, getattr(s, name)) != ("watch", None):
            raise UsageError(f"{spelt(name)} is a name; got {getattr(s, name)!r}")
    if s.lbfgs:
        _check_lbfgs(s)
    return s


def _normalised(s: Settings, net: Network) -> Settings:
    if not isinstance(s.shuffle, (bool, np.bool_)):
        raise UsageError(f"{spelt('shuffle')} is True or False; got {s.shuffle!r}")
    numbers_of: dict[str, Any] = {
        name: number(name, getattr(s, name), zero=True) for name in ("l1", "l2", "min_delta")
    }
    numbers_of |= {name: _or_none(number, name, getattr(s, name)) for name in _POSITIVE}
    return dataclasses.replace(
        s,
        **numbers_of,
        epochs=whole("epochs", s.epochs, 1),
        batch_size=_or_none(whole, "batch_size", s.batch_size, 1, "; None takes all examples at once"),
        early_stopping=_or_none(
            whole, "early_stopping", s.early_stopping, 1, ", the epochs to wait for progress"
        ),
        threads=_or_none(whole, "threads", s.threads, 1),
        seed=_or_none(lambda name, value: as_seed(value), "seed", s.seed),
        shuffle=bool(s.shuffle),
        dropout=_dropout(s.dropout, net),
        class_weight=_class_weight(s.class_weight),
        optimizer=_optimizer(s.optimizer),
        schedule=_schedule(s.schedule),
        monitors=_names("monitors", s.monitors),
        metrics=_names("metrics", s.metrics),
    )


_POSITIVE = ("eta", "max_norm", "clip_value", "clip_norm", "validation")


def _check_lbfgs(settings: Settings) -> None:
    """l-bfgs takes whole batches of a smooth objective, and finds its own step length."""
    rates = settings.dropout if isinstance(settings.dropout, tuple) else (settings.dropout,)
    bad = {
        "l1": settings.l1,
        "dropout": any(rates),
        "max_norm": settings.max_norm,
        "clip_value": settings.clip_value,
        "clip_norm": settings.clip_norm,
        "eta": settings.eta,
        "schedule": settings.schedule != "constant",
    }
    given = [name for name, value in bad.items() if value]
    if given:
        raise UsageError(
            f"l_bfgs takes whole batches and finds its own step length, so {' and '.join(map(spelt, given))} can't "
            f"be combined with it; leave that out, or take {spelt('optimizer', 'adam')}"
        )


def _key(option: Any) -> str:
    return parse_option(option)[0].replace("-", "_").lower()


def _optimizer(given: Any) -> str:
    """The optimizer as its option, with every constant."""
    if isinstance(given, str) and _key(given) in NAMES:
        lbfgs_options(given)
        return given
    if isinstance(given, str) and _key(given) not in RULES:
        raise unknown("optimizer", parse_option(given)[0], [*RULES, LBFGS])
    rule = as_rule(given)
    if rule.name not in RULES:
        raise UsageError(
            f"{spelt('optimizer')} is one of {', '.join([*RULES, LBFGS])}; got a rule called {rule.name!r}"
        )
    return rule.option


def _schedule(given: Any) -> Any:
    """The schedule as its option, or the user's function as it is."""
    return given if callable(given) else as_schedule(given).option


def _dropout(given: Any, net: Network) -> float | tuple[float, ...]:
    one = isinstance(given, numbers.Real) and not isinstance(given, bool)
    try:
        rates = float(given) if one else tuple(float(rate) for rate in _no_words(given))
    except (TypeError, ValueError) as reason:
        raise UsageError(
            f"{spelt('dropout')} is one rate for the hidden layers, or a list of {net.L}: for layers 0 (the input) to "
            f"{net.L - 1}; got {given!r}"
        ) from reason
    check_rates(rates, net.L)
    return rates


def _class_weight(given: Any) -> Any:
    if given is None or (isinstance(given, str) and given == "balanced"):
        return given
    if not isinstance(given, Mapping):
        raise UsageError(
            f"{spelt('class_weight')} is 'balanced' or a dict from class to weight; got {given!r}"
        )
    return {
        name.item() if isinstance(name, np.generic) else name: number(
            "class_weight", weight, zero=True, of=f" of {name!r}"
        )
        for name, weight in given.items()
    }


def _names(what: str, given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"{spelt(what)} is a name, or a list of names; got {given!r}")
    return tuple(dict.fromkeys(names))


def _no_words(given: Any) -> Any:
    if isinstance(given, (str, bool)):
        raise TypeError("a word")
    return given


def _or_none(rule: Any, name: str, value: Any, *more: Any) -> Any:
    return None if value is None else rule(name, value, *more)


def whole(name: str, value: Any, least: int, note: str = "") -> int:
    """``value`` as a Python integer of at least ``least``; raises UsageError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise UsageError(f"{spelt(name)} is a whole number of at least {least}{note}; got {value!r}")
    return int(value)


def number(name: str, value: Any, zero: bool = False, of: str = "") -> float:
    """``value`` as a finite Python float above 0 (or 0, where ``zero`` allows it); raises UsageError.

    ``of`` says which of the argument's numbers it is.
    """
    real = not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)
    if not real or value < 0 or (value == 0 and not zero):
        least = "of at least" if zero else "above"
        raise UsageError(f"{spelt(name)}{of} is a finite number {least} 0; got {value!r}")
    return float(value)
