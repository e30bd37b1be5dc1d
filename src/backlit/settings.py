"""What a run of training is told, as plain data: checked once, kept in checkpoints and in the model file."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from .dropout import check_rates
from .errors import UsageError, unknown
from .network import Network
from .optimizers import RULES, Rule, as_rule
from .options import parse_option
from .randomness import as_seed
from .schedules import Schedule, as_schedule

MONITORS = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy")
LBFGS = "l_bfgs"


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
            plain["class_weight"] = [[key, float(number)] for key, number in self.class_weight.items()]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Settings:
        """The inverse of ``to_json``."""
        known = {field.name for field in dataclasses.fields(cls)}
        values = {key: _tuples(value) for key, value in plain.items() if key in known}
        if isinstance(plain.get("class_weight"), list):
            values["class_weight"] = {key: number for key, number in plain["class_weight"]}
        return cls(**values)

    @property
    def lbfgs(self) -> bool:
        """Whether the run is l-bfgs, which is no rule of steps but a method of its own."""
        return parse_option(self.optimizer)[0].replace("-", "_").lower() in (LBFGS, "lbfgs")

    @property
    def rule(self) -> Rule:
        return as_rule(self.optimizer)

    @property
    def plan_schedule(self) -> Schedule:
        return as_schedule(self.schedule)


def check(settings: Settings, net: Network) -> Settings:
    """``settings`` with everything normalised; raises UsageError naming the setting, its rule and what was got."""
    _whole("epochs", settings.epochs, 1)
    if settings.batch_size is not None:
        _whole("batch_size", settings.batch_size, 1, "; None takes all examples at once")
    for name, lowest_allowed in (("l1", True), ("l2", True), ("min_delta", True)):
        _number(name, getattr(settings, name), lowest_allowed)
    for name in ("eta", "max_norm", "clip_value", "clip_norm"):
        if getattr(settings, name) is not None:
            _number(name, getattr(settings, name), False)
    if settings.validation is not None:
        _number("validation", settings.validation, False)
        if settings.validation >= 1:
            raise UsageError(
                f"validation is a fraction of the examples, between 0 and 1, or a pair (x, y); got {settings.validation}"
            )
    if settings.early_stopping is not None:
        _whole("early_stopping", settings.early_stopping, 1, ", the epochs to wait for progress")
    if settings.threads is not None:
        _whole("threads", settings.threads, 1)
    for name in settings.monitors:
        if name not in MONITORS:
            raise unknown("monitor", name, (*MONITORS, "all"))
    if settings.seed is not None:
        as_seed(settings.seed)
    check_rates(settings.dropout, net.L)
    if settings.lbfgs:
        _check_lbfgs(settings)
    else:
        try:
            as_rule(settings.optimizer)
        except UsageError as reason:
            if parse_option(settings.optimizer)[0] not in RULES:
                raise unknown("optimizer", settings.optimizer, [*RULES, LBFGS]) from reason
            raise
    as_schedule(settings.schedule)
    return settings


def _check_lbfgs(settings: Settings) -> None:
    """l-bfgs takes whole batches of a smooth objective, and finds its own step length."""
    bad = {
        "l1": settings.l1,
        "dropout": settings.dropout,
        "max_norm": settings.max_norm,
        "clip_value": settings.clip_value,
        "clip_norm": settings.clip_norm,
        "eta": settings.eta,
        "schedule": settings.schedule != "constant",
    }
    given = [name for name, value in bad.items() if value]
    if given:
        raise UsageError(
            f"l_bfgs takes whole batches and finds its own step length, so {' and '.join(given)} can't be combined "
            "with it; leave that out, or take 'adam'"
        )


def _whole(name: str, value: Any, least: int, note: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} is a whole number of at least {least}{note}; got {value!r}")


def _number(name: str, value: Any, zero: bool) -> None:
    real = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not real or value < 0 or (value == 0 and not zero):
        raise UsageError(f"{name} is a finite number {'of at least' if zero else 'above'} 0; got {value!r}")


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
