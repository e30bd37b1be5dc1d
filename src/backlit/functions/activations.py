"""The table of activations: a = σ(z), σ′(z), the TeX of both, kinks and source, side by side in one row.

σ′ is a function of z (NOTE.md, 9). Where a row also gives it from a, that is an optimisation, tested equal to it.
Every function takes the array namespace first, so that one row serves NumPy, complex step, 50 digits and JAX.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..namespaces import Array, Namespace
from ..options import build_option, format_option

INVERSE_SQRT_2 = "0.70710678118654752440084436210484903928483593768847"
INVERSE_SQRT_2_PI = "0.39894228040143267793994605993438186847585863116493"
SQRT_2_OVER_PI = "0.79788456080286535587989211986876373695171726232987"
SELU_LAMBDA = "1.0507009873554804934193349852946"
SELU_ALPHA = "1.6732632423543772848170429916717"


@dataclass(frozen=True)
class Kink:
    """A z at which σ′ jumps: the value that Backlit takes there, and the one-sided slopes."""

    z: float
    value: float
    left: float
    right: float


@dataclass(frozen=True)
class Activation:
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
    built_in: bool = True
    derivative_from_a: Callable[[Namespace, Array], Array] | None = None
    pullback: Callable[[Namespace, Array, Array], Array] | None = None

    @property
    def option(self) -> str:
        """The row as one line, ``"elu(alpha=0.5)"``: what ``as_activation`` reads."""
        return format_option(self.name, self.parameters)

    def slope(self, xp: Namespace, z: Array, a: Array | None) -> Array:
        """σ′(z), from a where that is given, the namespace allows it and the row offers it."""
        if a is not None and xp.slope_from_a and self.derivative_from_a is not None:
            return self.derivative_from_a(xp, a)
        return self.derivative(xp, z)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Activation):
            return NotImplemented
        same_row = self.option == other.option and self.built_in == other.built_in
        return same_row and (self.built_in or (self.f, self.derivative) == (other.f, other.derivative))

    def __hash__(self) -> int:
        return hash(self.option)


def logistic(xp: Namespace, z: Array) -> Array:
    """1/(1 + e^{−z}); e^{−z} may overflow to infinity, of which 0 is the right reciprocal."""
    return 1 / (1 + xp.exp(-z))


def logistic_slope(xp: Namespace, z: Array) -> Array:
    """e^{−|z|}/(1 + e^{−|z|})²: σ(1−σ) without the cancellation of 1−σ for large z."""
    u = xp.exp(-xp.abs(z))
    return u / ((1 + u) * (1 + u))


def log_one_plus_exp(xp: Namespace, z: Array) -> Array:
    """log(1 + e^z) = max(z, 0) + log(1 + e^{−|z|}), so that nothing overflows."""
    return xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z)))


def softmax(xp: Namespace, z: Array) -> Array:
    """e^{z_j} / Σ_i e^{z_i} over the last axis, shifted by the largest z so that nothing overflows."""
    u = xp.exp(z - xp.max(z, keepdims=True))
    return u / xp.sum(u, keepdims=True)


def log_softmax(xp: Namespace, z: Array) -> Array:
    """The logarithm of softmax, finite for every finite z."""
    shifted = z - xp.max(z, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), keepdims=True))


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
    _require("leaky_relu", "slope", slope, 0 <= slope < 1, "0 ≤ slope < 1")
    return Activation(
        name="leaky_relu",
        f=lambda xp, z: xp.maximum(z, 0) + slope * xp.minimum(z, 0),
        derivative=lambda xp, z: slope + (1 - slope) * xp.step(z),
        tex=r"\max(0, z) + s \min(0, z)",
        tex_derivative=r"[z > 0] + s\,[z \le 0]",
        source="Maas, Hannun & Ng 2013",
        reaches=True,
        kinks=(Kink(0.0, value=slope, left=slope, right=1.0),),
        parameters={"slope": slope},
    )


def _elu(alpha: float = 1.0) -> Activation:
    _require("elu", "alpha", alpha, alpha > 0, "alpha > 0")
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
        return xp.erfc(-z * xp.constant(INVERSE_SQRT_2)) / 2

    def derivative(xp: Namespace, z: Array) -> Array:
        return phi(xp, z) + z * xp.exp(-z * z / 2) * xp.constant(INVERSE_SQRT_2_PI)

    return Activation(
        name="gelu",
        f=lambda xp, z: z * phi(xp, z),
        derivative=derivative,
        tex=r"z\,\Phi(z) = \tfrac{z}{2}\,(1 + \operatorname{erf}(z/\sqrt{2}))",
        tex_derivative=r"\Phi(z) + z\,\tfrac{1}{\sqrt{2\pi}}\,e^{-z^2/2}",
        source="Hendrycks & Gimpel 2016",
        lowest=-0.17,
        reaches=True,
    )


def _gelu_tanh() -> Activation:
    # ½(1 + tanh u) is σ(2u), which keeps its precision where tanh u is near −1.
    def twice_u(xp: Namespace, z: Array) -> Array:
        return 2 * xp.constant(SQRT_2_OVER_PI) * (z + xp.constant("0.044715") * z * z * z)

    def derivative(xp: Namespace, z: Array) -> Array:
        inner = 2 * xp.constant(SQRT_2_OVER_PI) * (1 + 3 * xp.constant("0.044715") * z * z)
        u = twice_u(xp, z)
        return logistic(xp, u) + z * logistic_slope(xp, u) * inner

    return Activation(
        name="gelu_tanh",
        f=lambda xp, z: z * logistic(xp, twice_u(xp, z)),
        derivative=derivative,
        tex=r"\tfrac{z}{2}\,(1 + \tanh u),\quad u = \sqrt{2/\pi}\,(z + 0.044715\,z^3)",
        tex_derivative=r"\tfrac{1}{2}(1 + \tanh u) + \tfrac{z}{2}\,(1 - \tanh^2 u)"
        r"\,\sqrt{2/\pi}\,(1 + 0.134145\,z^2)",
        source="Hendrycks & Gimpel 2016, the approximation",
        lowest=-0.171,
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
        lowest=-0.2785,
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
    return Activation(
        name="softsign",
        f=lambda xp, z: z / (1 + xp.abs(z)),
        derivative=lambda xp, z: 1 / ((1 + xp.abs(z)) * (1 + xp.abs(z))),
        tex=r"\frac{z}{1 + |z|}",
        tex_derivative=r"\frac{1}{(1 + |z|)^2}",
        source="Bergstra et al. 2009",
        lowest=-1,
        highest=1,
    )


def _hard_sigmoid(slope: float = 1 / 6) -> Activation:
    _require("hard_sigmoid", "slope", slope, slope > 0, "slope > 0")
    edge = 0.5 / slope

    def derivative(xp: Namespace, z: Array) -> Array:
        u = slope * z + 0.5
        return slope * xp.step(u) * xp.step(1 - u)

    return Activation(
        name="hard_sigmoid",
        f=lambda xp, z: xp.minimum(xp.maximum(slope * z + 0.5, 0), 1),
        derivative=derivative,
        tex=r"\min(1, \max(0, s z + \tfrac{1}{2}))",
        tex_derivative=r"s\,[0 < s z + \tfrac{1}{2} < 1]",
        source="Courbariaux, Bengio & David 2015; slope 1/6 as in PyTorch and ONNX 0.2",
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
        a = softmax(xp, z)
        return a[..., :, None] * (xp.eye(z.shape[-1], z) - a[..., None, :])

    return Activation(
        name="softmax",
        f=softmax,
        derivative=jacobian,
        pullback=lambda xp, a, g: a * (g - xp.sum(a * g, keepdims=True)),
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
        return build_option("activation", given, ACTIVATIONS)
    if isinstance(given, tuple) and len(given) == 2 and all(callable(part) for part in given):
        return _own(*given)
    raise UsageError(
        f"an activation is a name, an option such as 'elu(alpha=0.5)', or a pair (f, f′); got {given!r}"
    )


def _own(f: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> Activation:
    name = getattr(f, "__name__", type(f).__name__)
    return Activation(
        name=name,
        f=lambda xp, z: f(z),
        derivative=lambda xp, z: derivative(z),
        tex=rf"\mathrm{{{name.strip('<>')}}}(z)",
        tex_derivative=rf"\mathrm{{{name.strip('<>')}}}'(z)",
        source="the user's own",
        analytic=False,
        built_in=False,
    )


def _require(row: str, parameter: str, value: float, holds: bool, rule: str) -> None:
    if not holds or not math.isfinite(value):
        raise UsageError(f"{row} needs {rule}; got {parameter}={value!r}")
