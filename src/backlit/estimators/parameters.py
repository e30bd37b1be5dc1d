"""The parameters of the estimators: what each may be, and what scikit-learn's words are called here.

scikit-learn's own keep its meaning and its ranges. What only Backlit has goes on to the network and to training as it
is, and is checked there.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import UsageError, unknown
from ..lbfgs import NAMES
from ..options import parse_option
from ..settings import number, whole

Rule = Callable[[str, Any], Any]
_SCIPYS_PROGRESS = (
    2.220446049250313e-09  # the relative fall below which SciPy's l-bfgs ends, unless told otherwise
)
SOLVERS = ("lbfgs", "sgd", "adam")
RATES = ("constant", "invscaling", "adaptive")
_HERE = {"logistic": "sigmoid"}
_THERE = {here: there for there, here in _HERE.items()}


def check(estimator: Any) -> None:
    """Raises UsageError for the first of scikit-learn's parameters that can't be, with what it may be."""
    given = estimator.get_params(deep=False)
    for name, rule in _RULES.items():
        if name in given:
            rule(name, given[name])


def widths(given: Any) -> tuple[int, ...]:
    """The hidden layers' sizes from one number or several; none of them leaves a network of one layer."""
    one = isinstance(given, numbers.Integral) and not isinstance(given, bool)
    try:
        listed = [given] if one else list(given)
    except TypeError:
        listed = [None]
    if any(isinstance(n, bool) or not isinstance(n, numbers.Integral) or n < 1 for n in listed):
        raise UsageError(
            f"hidden_layer_sizes must be > 0: a whole number of neurons, or one for each hidden layer; got {given!r}"
        )
    return tuple(int(n) for n in listed)


def hidden_activations(given: Any, count: int) -> list[Any]:
    """An activation for each of ``count`` hidden layers, in Backlit's words: one for all, or a list of them."""
    if isinstance(given, list):
        if len(given) != count:
            raise UsageError(
                f"a list of activations has one for each of the {count} hidden layers; got {len(given)}: {given!r}"
            )
        return [here(one) for one in given]
    return [here(given)] * count


def here(activation: Any) -> Any:
    """An activation in Backlit's words: scikit-learn's "logistic" is "sigmoid"."""
    return _HERE.get(activation, activation) if isinstance(activation, str) else activation


def there(activation: str) -> str:
    """An activation's name as scikit-learn says it, where it does."""
    return _THERE.get(activation, activation)


def optimizer(estimator: Any) -> str:
    """The optimizer as Backlit's option: ``optimizer`` if given, else what ``solver`` and its constants come to."""
    if estimator.optimizer is not None:
        return str(estimator.optimizer)
    if estimator.solver == "lbfgs":
        return (
            f"l_bfgs(tolerance={float(estimator.tol)!r}, progress={_SCIPYS_PROGRESS!r}, "
            f"evaluations={int(estimator.max_fun)})"
        )
    if estimator.solver == "adam":
        betas = f"beta1={float(estimator.beta_1)!r}, beta2={float(estimator.beta_2)!r}"
        return f"adam({betas}, epsilon={float(estimator.epsilon)!r})"
    if not estimator.momentum:
        return "sgd"
    name = "nesterov" if estimator.nesterovs_momentum else "momentum"
    return f"{name}(momentum={float(estimator.momentum)!r})"


def in_steps(estimator: Any) -> bool:
    """Whether it trains by steps, and not by l-bfgs, which takes all examples at once."""
    if estimator.optimizer is None:
        return bool(estimator.solver != "lbfgs")
    name = parse_option(estimator.optimizer)[0] if isinstance(estimator.optimizer, str) else ""
    return name.replace("-", "_").lower() not in NAMES


def batch_size(given: Any, n: int) -> int:
    """The size of a mini-batch of n examples: "auto" is at most 200."""
    return min(200 if given == "auto" else int(given), n)


# ------------------------------------------------------------------------------------------------------------ the rules


def _one_of(names: Iterable[str]) -> Rule:
    def rule(name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in names:
            raise unknown(name, value, names)

    return rule


def _at_least(least: int) -> Rule:
    return lambda name, value: whole(name, value, least)


def _positive(name: str, value: Any) -> None:
    number(name, value)


def _not_negative(name: str, value: Any) -> None:
    number(name, value, zero=True)


def _part(name: str, value: Any) -> None:
    if not _is_number(value) or not 0 <= value < 1:
        raise UsageError(f"{name} is a number of at least 0 and below 1; got {value!r}")


def _true_or_false(name: str, value: Any) -> None:
    if not isinstance(value, (bool, np.bool_)):
        raise UsageError(f"{name} is True or False; got {value!r}")


def _verbosity(name: str, value: Any) -> None:
    if not isinstance(value, (bool, np.bool_, numbers.Integral)) or value < 0:
        raise UsageError(f"{name} is True, False or a whole number of at least 0; got {value!r}")


def _warm(name: str, value: Any) -> None:
    if not isinstance(value, (bool, np.bool_)) and value != "state":
        raise UsageError(
            f"{name} is True, False, or 'state' to go on with the optimizer's memory as well; got {value!r}"
        )


def _patience(name: str, value: Any) -> None:
    if not (_is_number(value) and value == math.inf):
        whole(name, value, 1, ", or infinity")


def _batch(name: str, value: Any) -> None:
    if not (isinstance(value, str) and value == "auto"):
        whole(name, value, 1, "; 'auto' takes 200, or all where there are fewer")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


_RULES: dict[str, Rule] = {
    "hidden_layer_sizes": lambda name, value: widths(value),
    "loss": _one_of(("squared_error", "poisson")),
    "solver": _one_of(SOLVERS),
    "alpha": _not_negative,
    "batch_size": _batch,
    "learning_rate": _one_of(RATES),
    "learning_rate_init": _positive,
    "power_t": _not_negative,
    "max_iter": _at_least(1),
    "shuffle": _true_or_false,
    "tol": _not_negative,
    "verbose": _verbosity,
    "warm_start": _warm,
    "momentum": _part,
    "nesterovs_momentum": _true_or_false,
    "early_stopping": _true_or_false,
    "validation_fraction": _part,
    "beta_1": _part,
    "beta_2": _part,
    "epsilon": _positive,
    "n_iter_no_change": _patience,
    "max_fun": _at_least(1),
}
