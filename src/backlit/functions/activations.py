"""The table of activations: a = σ(z), σ′(z), the TeX of both, kinks and source, side by side in one row.

σ′ is a function of z (docs/equations.md, 9). Where a row gives it from a too, that is an optimisation, tested equal.
Every function takes the array namespace first, so that one row serves NumPy, complex step, 50 digits and JAX.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..namespaces import Array, Namespace
from ..options import build_option
from .given import OwnPair, Row, number, own_name, tex_name
from .stable import log_one_plus_exp, logistic, logistic_slope, of_others, softmax

SELU_LAMBDA = "1.0507009873554804934193349852946"
SELU_ALPHA = "1.6732632423543772848170429916717"
ALSO_CALLED = {
    "linear": "identity",
    "logistic": "sigmoid",
    "swish": "silu",
    "rectifier": "relu",
    "gelu_new": "gelu_tanh",
    "exponential": "exp",
}


@dataclass(frozen=True)
class Kink:
    """A z at which σ′ jumps: the value that Backlit takes there, and the one-sided slopes."""

    z: float
    value: float
    left: float
    right: float


@dataclass(frozen=True, eq=False)
class Activation(Row):
    """One row of the table. ``f(xp, z)`` and ``derivative(xp, z)`` keep z's shape, (…, n_l).

    Where ``elementwise`` is false (softmax), ``derivative`` is the Jacobian ∂a_i/∂z_j of shape (…, n_l, n_l), and
    ``pullback(xp, a, g)`` is Σ_i g_i ∂a_i/∂z_j without building it.
    """

    name: str
    f: Callable[[Namespace, Array], Array]
    derivative: Callable[[Namespace, Array], Array]
    tex: str
    tex_derivative: str
    source: str
    lowest: float = -math.inf  # the least and greatest values of a, approached or (``reaches``) taken
    highest: float = math.inf
    reaches: bool = False
    kinks: tuple[Kink, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    elementwise: bool = True
    analytic: bool = True  # whether a complex step may be taken (anywhere but at the kinks)
    own: OwnPair | None = None  # the user's (f, f′), where the row is theirs
    derivative_from_a: Callable[[Namespace, Array], Array] | None = None
    pullback: Callable[[Namespace, Array, Array], Array] | None = None

    def slope(self, xp: Namespace, z: Array, a: Array | None) -> Array:
        """σ′(z), from a where that is given, the namespace prefers it and the row offers it."""
        if a is not None and xp.fast and self.derivative_from_a is not None:
            return self.derivative_from_a(xp, a)
        return self.derivative(xp, z)

    def __reduce__(self) -> tuple[Callable[[Any], Activation], tuple[Any]]:
        return as_activation, (self.own or self.option,)  # pickled as what it was built from


def _identity() -> Activation:
    return Activation(
        name="identity",
        f=lambda xp, z: z,
        derivative=lambda xp, z: z * 0 + 1,
        tex=r"z",
        tex_derivative=r"1",
        source="the linear neuron",
    )


def _sigmoid() -> Activation:
    return Activation(
        name="sigmoid",
        f=logistic,
        derivative=logistic_slope,
        derivative_from_a=lambda xp, a: a * (1 - a),
        tex=r"\frac{1}{1 + e^{-z}}",
        tex_derivative=r"\sigma(z)\,(1 - \sigma(z))",
        source="the book, ch. 1, eq. (3)",
        lowest=0,
        highest=1,
    )


def _tanh() -> Activation:
    def derivative(xp: Namespace, z: Array) -> Array:
        return 4 * logistic_slope(xp, 2 * z)  # 1 − tanh² z = 4σ(2z)(1 − σ(2z)), without cancellation

    return Activation(
        name="tanh",
        f=lambda xp, z: xp.tanh(z),
        derivative=derivative,
        derivative_from_a=lambda xp, a: 1 - a * a,
        tex=r"\tanh z",
        tex_derivative=r"1 - \tanh^2 z",
        source="the book, ch. 3, eq. (109)",
        lowest=-1,
        highest=1,
    )


def _relu() -> Activation:
    return Activation(
        name="relu",
        f=lambda xp, z: xp.maximum(z, 0),
        derivative=lambda xp, z: xp.step(z),
        derivative_from_a=lambda xp, a: xp.step(a),
        tex=r"\max(0, z)",
        tex_derivative=r"[z > 0]",
        source="Nair & Hinton 2010; the book, ch. 3",
        lowest=0,
        reaches=True,
        kinks=(Kink(0.0, value=0.0, left=0.0, right=1.0),),
    )


def _leaky_relu(slope: float = 0.01) -> Activation:
    slope = number("leaky_relu", "slope", slope, "0 ≤ slope < 1", lambda s: 0 <= s < 1)

    def derivative(xp: Namespace, z: Array) -> Array:
        up = xp.step(z)
        return up + slope * (1 - up)

    return Activation(
        name="leaky_relu",
        f=lambda xp, z: xp.maximum(z, 0) + slope * xp.minimum(z, 0),
        derivative=derivative,
        tex=r"\max(0, z) + s \min(0, z)",
        tex_derivative=r"[z > 0] + s\,[z \le 0]",
        source="Maas, Hannun & Ng 2013",
        reaches=True,
        kinks=(Kink(0.0, value=slope, left=slope, right=1.0),),
        parameters={"slope": slope},
    )


def _elu(alpha: float = 1.0) -> Activation:
    alpha = number("elu", "alpha", alpha, "alpha > 0", lambda positive: positive > 0)
    kinks = (Kink(0.0, value=alpha, left=alpha, right=1.0),) if alpha != 1 else ()
    return Activation(
        name="elu",
        f=lambda xp, z: xp.maximum(z, 0) + alpha * xp.expm1(xp.minimum(z, 0)),
        derivative=lambda xp, z: xp.where(xp.real(z) > 0, z * 0 + 1, alpha * xp.exp(xp.minimum(z, 0))),
        tex=r"\max(0, z) + \alpha\,(e^{\min(0, z)} - 1)",
        tex_derivative=r"[z > 0] + \alpha e^{z}\,[z \le 0]",
        source="Clevert, Unterthiner & Hochreiter 2016",
        lowest=-alpha,
        kinks=kinks,
        parameters={"alpha": alpha},
    )


def _selu() -> Activation:
    scale, alpha = float(SELU_LAMBDA), float(SELU_ALPHA)

    def f(xp: Namespace, z: Array) -> Array:
        lam, alf = xp.constant(SELU_LAMBDA), xp.constant(SELU_ALPHA)
        return lam * xp.maximum(z, 0) + lam * alf * xp.expm1(xp.minimum(z, 0))

    def derivative(xp: Namespace, z: Array) -> Array:
        lam, alf = xp.constant(SELU_LAMBDA), xp.constant(SELU_ALPHA)
        return xp.where(xp.real(z) > 0, z * 0 + lam, lam * alf * xp.exp(xp.minimum(z, 0)))

    return Activation(
        name="selu",
        f=f,
        derivative=derivative,
        tex=r"\lambda\,(\max(0, z) + \alpha\,(e^{\min(0, z)} - 1))",
        tex_derivative=r"\lambda\,([z > 0] + \alpha e^{z}\,[z \le 0])",
        source="Klambauer et al. 2017",
        lowest=-scale * alpha,
        kinks=(Kink(0.0, value=scale * alpha, left=scale * alpha, right=scale),),
    )


def _gelu() -> Activation:
    def phi(xp: Namespace, z: Array) -> Array:  # the normal distribution function, exact in both tails
        return xp.erfc(-z * xp.constant("0.5") ** 0.5) / 2

    def derivative(xp: Namespace, z: Array) -> Array:
        return phi(xp, z) + z * xp.exp(-z * z / 2) * (2 * xp.pi) ** -0.5

    return Activation(
        name="gelu",
        f=lambda xp, z: z * phi(xp, z),
        derivative=derivative,
        tex=r"z\,\Phi(z) = \tfrac{z}{2}\,(1 + \operatorname{erf}(z/\sqrt{2}))",
        tex_derivative=r"\Phi(z) + z\,\tfrac{1}{\sqrt{2\pi}}\,e^{-z^2/2}",
        source="Hendrycks & Gimpel 2016",
        lowest=-0.16997120747990369,
        reaches=True,
    )


def _gelu_tanh() -> Activation:
    # ½(1 + tanh u) is σ(2u), which keeps its precision where tanh u is near −1.
    def twice_u(xp: Namespace, z: Array) -> Array:
        return 2 * (2 / xp.pi) ** 0.5 * (z + xp.constant("0.044715") * z * z * z)

    def derivative(xp: Namespace, z: Array) -> Array:
        near = xp.minimum(xp.maximum(z, -1000), 1000)  # beyond, the second term is 0; z² might overflow
        inner = 2 * (2 / xp.pi) ** 0.5 * (1 + 3 * xp.constant("0.044715") * near * near)
        u = twice_u(xp, near)
        return logistic(xp, u) + near * logistic_slope(xp, u) * inner

    return Activation(
        name="gelu_tanh",
        f=lambda xp, z: z * logistic(xp, twice_u(xp, z)),
        derivative=derivative,
        tex=r"\tfrac{z}{2}\,(1 + \tanh u),\quad u = \sqrt{2/\pi}\,(z + 0.044715\,z^3)",
        tex_derivative=r"\tfrac{1}{2}(1 + \tanh u) + \tfrac{z}{2}\,(1 - \tanh^2 u)"
        r"\,\sqrt{2/\pi}\,(1 + 0.134145\,z^2)",
        source="Hendrycks & Gimpel 2016, the approximation",
        lowest=-0.17004075057125412,
        reaches=True,
    )


def _silu() -> Activation:
    return Activation(
        name="silu",
        f=lambda xp, z: z * logistic(xp, z),
        derivative=lambda xp, z: logistic(xp, z) + z * logistic_slope(xp, z),
        tex=r"z\,\varsigma(z),\quad \varsigma(z) = \frac{1}{1 + e^{-z}}",
        tex_derivative=r"\varsigma(z) + z\,\varsigma(z)\,(1 - \varsigma(z))",
        source="Elfwing, Uchibe & Doya 2018 (swish)",
        lowest=-0.27846454276107380,
        reaches=True,
    )


def _softplus() -> Activation:
    return Activation(
        name="softplus",
        f=log_one_plus_exp,
        derivative=logistic,
        tex=r"\log(1 + e^{z})",
        tex_derivative=r"\frac{1}{1 + e^{-z}}",
        source="Dugas et al. 2001",
        lowest=0,
    )


def _softsign() -> Activation:
    def derivative(xp: Namespace, z: Array) -> Array:
        u = 1 / (1 + xp.abs(z))
        return u * u

    return Activation(
        name="softsign",
        f=lambda xp, z: z / (1 + xp.abs(z)),
        derivative=derivative,
        tex=r"\frac{z}{1 + \lvert z \rvert}",
        tex_derivative=r"\frac{1}{(1 + \lvert z \rvert)^2}",
        source="Bergstra et al. 2009",
        lowest=-1,
        highest=1,
    )


def _hard_sigmoid(slope: float = 1 / 6) -> Activation:
    slope = number("hard_sigmoid", "slope", slope, "slope > 0", lambda positive: positive > 0)
    edge = 0.5 / slope
    return Activation(
        name="hard_sigmoid",
        f=lambda xp, z: xp.minimum(xp.maximum(slope * z + 0.5, 0), 1),
        derivative=lambda xp, z: slope * xp.step(edge - xp.abs(z)),
        tex=r"\min(1, \max(0, s z + \tfrac{1}{2}))",
        tex_derivative=r"s\,[0 < s z + \tfrac{1}{2} < 1]",
        source="Courbariaux, Bengio & David 2015; slope 1/6 is PyTorch's, 0.2 is ONNX's",
        lowest=0,
        highest=1,
        reaches=True,
        kinks=(
            Kink(-edge, value=0.0, left=0.0, right=slope),
            Kink(edge, value=0.0, left=slope, right=0.0),
        ),
        parameters={"slope": slope},
    )


def _exp() -> Activation:
    return Activation(
        name="exp",
        f=lambda xp, z: xp.exp(z),
        derivative=lambda xp, z: xp.exp(z),
        derivative_from_a=lambda xp, a: a,
        tex=r"e^{z}",
        tex_derivative=r"e^{z}",
        source="the log link of Poisson regression (McCullagh & Nelder 1989)",
        lowest=0,
    )


def _softmax() -> Activation:
    def jacobian(xp: Namespace, z: Array) -> Array:
        a, same = softmax(xp, z), xp.eye(z.shape[-1], z)
        one_minus_a = of_others(xp, a)  # 1 − a_i would lose its digits where a_i is nearly 1
        return a[..., :, None] * (same * one_minus_a[..., :, None] - (1 - same) * a[..., None, :])

    def pullback(xp: Namespace, a: Array, g: Array) -> Array:
        if (
            not xp.fast
        ):  # g may be shifted by any number: by its value at the largest a, nothing cancels where a is near 1
            first = 1 - xp.step(xp.max(a, keepdims=True) - a)
            g = g - xp.sum(first * g, keepdims=True) / xp.sum(first, keepdims=True)
        return a * (g - xp.sum(a * g, keepdims=True))

    return Activation(
        name="softmax",
        f=softmax,
        derivative=jacobian,
        pullback=pullback,
        tex=r"\frac{e^{z_j}}{\sum_i e^{z_i}}",
        tex_derivative=r"\frac{\partial a_i}{\partial z_j} = a_i\,([i = j] - a_j)",
        source="Bridle 1990; the book, ch. 3, eq. (78)",
        lowest=0,
        highest=1,
        elementwise=False,
    )


ACTIVATIONS: dict[str, Callable[..., Activation]] = {
    "identity": _identity,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "hard_sigmoid": _hard_sigmoid,
    "exp": _exp,
    "softmax": _softmax,
}


def as_activation(given: Any) -> Activation:
    """A row from a name, from an option such as ``"elu(alpha=0.5)"``, or from a user's own pair (f, f′) of arrays."""
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        return build_option("activation", given, ACTIVATIONS, ALSO_CALLED)
    if isinstance(given, tuple) and len(given) == 2 and all(callable(part) for part in given):
        return _own(*given)
    raise UsageError(
        f"an activation is a name, an option such as 'elu(alpha=0.5)', or a pair (f, f′); got {given!r}"
    )


def _own(f: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> Activation:
    name = own_name(f)
    return Activation(
        name=name,
        f=lambda xp, z: f(z),
        derivative=lambda xp, z: derivative(z),
        tex=rf"{tex_name(name)}(z)",
        tex_derivative=rf"{tex_name(name)}'(z)",
        source="the user's own",
        analytic=False,
        own=(f, derivative),
    )
