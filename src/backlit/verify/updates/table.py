"""The mistakes that are made in an update: the table. How each moves θ stands in moves.py.

The right step is θ → θ − η ∇C (B5), with penalties in the gradient (R1), and with momentum v → μ v − η ∇C, θ → θ + v.
"""

from __future__ import annotations

from ..mistake import Lines, Mistake

_STEP = "θ → θ − η ∇C"
_NUMPY = "W -= eta * dW"


def _row(
    name: str,
    title: str,
    meaning: str,
    yours: str,
    before: str,
    why: str,
    *,
    right: str = _STEP,
    after: str = _NUMPY,
    breaks: tuple[str, ...] = ("B5",),
) -> Mistake:
    return Mistake(
        id=f"update-{name}",
        about="update",
        title=title,
        meaning=meaning,
        breaks=breaks,
        lines=Lines(right, yours, before, after),
        why=why,
    )


_SIZE = (
    _row(
        "sign", "the step goes uphill in {where}", "θ + η∇C: the sign of the step is wrong.",
        "θ → θ + η ∇C", "W += eta * dW",
        "the gradient points to where C grows, so descent goes against it",
    ),
    _row(
        "eta-missing", "η is missing in the step of {where}", "θ − ∇C: the step is not scaled by η.",
        "θ → θ − ∇C", "W -= dW",
        "η says how far to trust the slope; without it steps are too long or too short",
    ),
    _row(
        "eta-twice", "η is applied twice in {where}",
        "θ − η²∇C: η in the gradient, or in the velocity, and again in the step.",
        "θ → θ − η² ∇C", "dW = eta * dC_dW; W -= eta * dW",
        "a gradient is without η; the step brings it in, once",
    ),
    _row(
        "twice", "the update is applied twice in {where}",
        "The same step, or two steps one after the other, where one is meant.",
        "θ → θ − 2η ∇C", "W -= eta * dW; W -= eta * dW",
        "one mini-batch makes one step; a gradient with a factor 2 too much looks the same",
    ),
    _row(
        "sum", "the step is the sum over the batch, not the mean, in {where}",
        "η times the sum of the examples' gradients.",
        "θ → θ − η Σₓ ∇Cₓ", "W -= eta * delta.T @ a",
        "C is the mean over the examples; with a sum, the step grows with the batch",
        right="θ → θ − (η/m) Σₓ ∇Cₓ", after="W -= eta / m * delta.T @ a",
    ),
    _row(
        "mean-twice", "1/m is taken twice in the step of {where}",
        "η/m times a gradient that is a mean already.",
        "θ → θ − (η/m²) Σₓ ∇Cₓ", "W -= eta / m * dW",
        "the mean is taken once: in the gradient or in the step",
        right="θ → θ − (η/m) Σₓ ∇Cₓ", after="W -= eta * dW",
    ),
    _row(
        "other-eta", "the step of {where} has a factor that does not belong there",
        "The step is the right one times a number that is none of the known ones.",
        "θ → θ − c η ∇C", "W -= c * eta * dW",
        "another η, or a factor in the gradient: diagnose the gradient as well",
    ),
)  # fmt: skip

_ORDER = (
    _row(
        "before-all-deltas", "δ of {where} were made with weights that were already updated",
        "Weights are updated, from the last layer back, before all δ are known.",
        "w{next} → w{next} − η ∂C/∂w{next}, then δ{l} = ((new w{next})ᵀ δ{next}) ⊙ σ′(z{l})",
        "W{i_next} -= eta * dW{i_next}; delta = (delta @ W{i_next}) * sigma_prime(z{i_l})",
        "all δ are derivatives at the same θ: the weights from before the update",
        right="δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(z{l}) for all l, then θ → θ − η ∇C",
        after="delta = (delta @ W{i_next}) * sigma_prime(z{i_l}); …; W{i_next} -= eta * dW{i_next}",
        breaks=("B2", "B5"),
    ),
    _row(
        "gradient-anew", "the gradient of {where} was made anew after other layers had moved",
        "Forward and backward pass are repeated between the updates of the layers.",
        "θ moves layer by layer, with ∇C(θ) anew after each",
        "for l in layers: W[l] -= eta * gradient(theta)[l]",
        "one step uses one gradient, at one θ",
        after="dW = gradient(theta); for l in layers: W[l] -= eta * dW[l]",
    ),
    _row(
        "example-by-example", "a step was made after each example, not once for the batch, in {where}",
        "The step stands inside the loop over the examples.",
        "for each x: θ → θ − η ∇Cₓ(θ)", "for x in batch: W -= eta * dW(x)",
        "a batch's gradient is the mean at one θ; here θ has moved before the next example is looked at",
        right="θ → θ − (η/m) Σₓ ∇Cₓ(θ)", after="dW = mean(dW(x) for x in batch); W -= eta * dW",
    ),
    _row(
        "other-batch", "the step of {where} is that of other examples",
        "The gradient is that of one example alone, or of the previous batch.",
        "θ → θ − η ∇C(other examples)", "W -= eta * dW_old",
        "the gradient has to be that of the batch whose step it makes",
    ),
    _row(
        "gradient-of-wrong-layer", "the step of {where} is made with another layer's gradient",
        "Layers and gradients are paired in the wrong order, which equal shapes let pass.",
        "w{l} → w{l} − η (∂C/∂w of another layer)",
        "for W, dW in zip(weights, grads_from_last_to_first): W -= eta * dW",
        "backpropagation makes the gradients from the last layer to the first; the list has to be turned round",
        right="w{l} → w{l} − η ∂C/∂w{l}", after="for W, dW in zip(weights, grads): W -= eta * dW",
        breaks=("N8", "B5"),
    ),
    _row(
        "gradient-transposed", "the gradient is transposed in the step of {where}",
        "w − η(∂C/∂w)ᵀ, which only a square w lets pass.",
        "w{l} → w{l} − η (∂C/∂w{l})ᵀ", "W{i_l} -= eta * dW{i_l}.T",
        "each weight moves against its own derivative",
        right="w{l} → w{l} − η ∂C/∂w{l}", after="W{i_l} -= eta * dW{i_l}",
    ),
    _row(
        "layer-missing", "no step was made in {where}", "Weights and biases of a layer stay as they are.",
        "w{l} → w{l}", "for l in range(1, L): …",
        "every layer has its step; a range that ends too soon forgets the last",
        right="w{l} → w{l} − η ∂C/∂w{l}", after="for l in range(1, L + 1): …",
    ),
    _row(
        "biases-missing", "the biases of {where} are not updated", "b stays as it is, while w moves.",
        "b{l} → b{l}", "W{i_l} -= eta * dW{i_l}", "biases have their own derivative, δ, and step",
        right="b{l} → b{l} − η ∂C/∂b{l}", after="W{i_l} -= eta * dW{i_l}; b{i_l} -= eta * db{i_l}",
        breaks=("B3", "B5"),
    ),
    _row(
        "weights-missing", "the weights of {where} are not updated", "w stays as it is, while b moves.",
        "w{l} → w{l}", "b{i_l} -= eta * db{i_l}",
        "both w and b have their step; a copy of w that is updated leaves w itself as it is",
        right="w{l} → w{l} − η ∂C/∂w{l}", after="W{i_l} -= eta * dW{i_l}; b{i_l} -= eta * db{i_l}",
        breaks=("B4", "B5"),
    ),
)  # fmt: skip

_V = "v → μ v − η ∇C, θ → θ + v"
_NUMPY_V = "v = mu * v - eta * dW; W += v"
_MOMENTUM = (
    _row(
        "old-momentum", "the step of {where} is the velocity from before the gradient was added",
        "θ + v with the old v: v is updated too late, or without the gradient.",
        "θ → θ + v, then v → μ v − η ∇C", "W += v; v = mu * v - eta * dW",
        "the gradient of this step belongs in the velocity that makes it", right=_V, after=_NUMPY_V,
    ),
    _row(
        "momentum-missing", "momentum is missing in the step of {where}",
        "θ − η∇C: the velocity takes no part.",
        "θ → θ − η ∇C", "W -= eta * dW", "what is left of earlier steps, μ v, belongs in this one",
        right=_V, after=_NUMPY_V,
    ),
    _row(
        "momentum-sign", "the velocity has the wrong sign in {where}",
        "−μv stands for +μv: earlier steps are taken back.",
        "v → −μ v − η ∇C", "v = -mu * v - eta * dW",
        "a velocity that is a step is added; one that sums gradients is subtracted with them",
        right=_V, after=_NUMPY_V,
    ),
    _row(
        "momentum-undamped", "the velocity is not multiplied by μ in {where}",
        "v − η∇C: nothing damps the velocity.",
        "v → v − η ∇C", "v = v - eta * dW", "without μ < 1 the velocity grows without end",
        right=_V, after=_NUMPY_V,
    ),
    _row(
        "momentum-on-gradient", "μ multiplies the gradient's step as well, in {where}",
        "μ(v − η∇C): μ damps too much.",
        "v → μ (v − η ∇C)", "v = mu * (v - eta * dW)", "μ is what is left of the old velocity only",
        right=_V, after=_NUMPY_V,
    ),
    _row(
        "other-momentum", "the velocity of {where} is multiplied by another number than μ",
        "c·v − η∇C, with a c that is not the μ that was given.",
        "v → c v − η ∇C", "v = c * v - eta * dW", "if c is meant, give momentum=c", right=_V, after=_NUMPY_V,
    ),
    _row(
        "other-rule", "the step of {where} is that of another rule",
        "Nesterov's step stands for plain momentum, or the other way round.",
        "θ → θ + μ v − η ∇C, v the new one", "v = mu * v - eta * dW; W += mu * v - eta * dW",
        "both are used; say which one is meant with optimizer=", right=_V, after=_NUMPY_V,
    ),
)  # fmt: skip

_R = "θ → θ − η (∇C + l2 · w)"
_NUMPY_R = "W -= eta * (dW + l2 * W)"
_PENALTY = (
    _row(
        "penalty-missing", "the penalty is missing in the step of {where}",
        "The penalty's derivative takes no part.",
        "θ → θ − η ∇C", "W -= eta * dW", "the objective has a penalty, so its gradient has its derivative",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
    _row(
        "penalty-doubled", "the penalty is doubled in the step of {where}", "2·l2·w stands for l2·w.",
        "θ → θ − η (∇C + 2 l2 · w)", "W -= eta * (dW + 2 * l2 * W)",
        "the ½ of (l2/2)Σw² is there to cancel the 2",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
    _row(
        "penalty-sign", "the penalty has the wrong sign in the step of {where}",
        "The penalty drives weights apart.",
        "θ → θ − η (∇C − l2 · w)", "W -= eta * (dW - l2 * W)", "a penalty shrinks weights",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
    _row(
        "penalty-on-biases", "the penalty is on the biases as well, in {where}",
        "l2·b is in the biases' step.",
        "b{l} → b{l} − η (∂C/∂b{l} + l2 · b{l})", "b -= eta * (db + l2 * b)",
        "penalties are over weights, never biases",
        right="b{l} → b{l} − η ∂C/∂b{l}", after="b -= eta * db", breaks=("R1",),
    ),
    _row(
        "penalty-after-step", "the weights of {where} decay after the step, not with it",
        "The penalty is taken of the new weights.",
        "w → w − η ∂C/∂w, then w → w − η l2 · w", "W -= eta * dW; W -= eta * l2 * W",
        "penalty and gradient are of the same θ, that from before the step",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
    _row(
        "penalty-without-eta", "the penalty of {where} is not scaled by η",
        "w(1 − l2) stands for w(1 − η l2).",
        "θ → (1 − l2) θ − η ∇C", "W = (1 - l2) * W - eta * dW",
        "the penalty is part of the gradient, and η scales all of it",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
    _row(
        "penalty-unknown", "there is another penalty in the step of {where} than was told",
        "c·w is in the step with a c that is not the l2 that was given; λ in place of λ/n, for one.",
        "θ → θ − η (∇C + c · w)", "W -= eta * (dW + c * W)",
        "if it is meant, give l2=c; if not, take it away",
        right=_R, after=_NUMPY_R, breaks=("R1",),
    ),
)  # fmt: skip

UPDATE_MISTAKES: tuple[Mistake, ...] = (*_SIZE, *_ORDER, *_MOMENTUM, *_PENALTY)
