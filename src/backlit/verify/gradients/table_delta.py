"""The rows of the table about δ: at the output, its slopes, its way back.

δ is a row an example in code, so the note's (w)ᵀδ reads ``delta @ w``.
"""

from __future__ import annotations

from ..mistake import Lines, Mistake

_BACK = Lines(
    right="δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(z{l})",
    yours="",
    before="",
    after="delta = (delta @ W{i_next}) * sigma_prime(z{i_l})",
)
_LAST = Lines(right="δ{L} = ∇ₐC ⊙ σ′(z{L})", yours="", before="", after="delta = dC_da * sigma_prime(z{i_L})")


def _back(yours: str, before: str, after: str = _BACK.after) -> Lines:
    return Lines(_BACK.right, yours, before, after)


def _last(yours: str, before: str, after: str = _LAST.after) -> Lines:
    return Lines(_LAST.right, yours, before, after)


SLOPES = (
    Mistake(
        id="sigma-prime-missing",
        about="gradient",
        title="σ′ is missing in {where}",
        meaning="δ of a layer is left without its factor σ′(z).",
        breaks=("N10", "B1", "B2"),
        lines=_back("δ{l} = (w{next})ᵀ δ{next}", "delta = delta @ W{i_next}"),
        output=_last("δ{L} = ∇ₐC", "delta = dC_da"),
        why="the error reaches a neuron's activation through its z, so the neuron's slope σ′(z) belongs there too",
    ),
    Mistake(
        id="sigma-prime-of-a",
        about="gradient",
        title="σ′ is taken at a instead of z in {where}",
        meaning="σ′(a) stands where σ′(z) belongs: σ is applied a second time on the way.",
        breaks=("N6", "B1", "B2"),
        lines=_back(
            "δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(a{l})", "delta = (delta @ W{i_next}) * sigma_prime(a{i_l})"
        ),
        output=_last("δ{L} = ∇ₐC ⊙ σ′(a{L})", "delta = dC_da * sigma_prime(a{i_L})"),
        why="σ′ is a function of z: what takes z must not be given a (from a, sigmoid's σ′ is a(1 − a))",
    ),
    Mistake(
        id="sigma-for-sigma-prime",
        about="gradient",
        title="σ stands for σ′ in {where}",
        meaning="δ is multiplied by σ(z), the activation itself, instead of its slope σ′(z).",
        breaks=("N6", "B1", "B2"),
        lines=_back("δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ(z{l})", "delta = (delta @ W{i_next}) * sigma(z{i_l})"),
        output=_last("δ{L} = ∇ₐC ⊙ σ(z{L})", "delta = dC_da * sigma(z{i_L})"),
        why="how much a moves with z is the slope σ′(z), not the value σ(z)",
    ),
    Mistake(
        id="sigma-prime-twice",
        about="gradient",
        title="σ′ is applied twice in {where}",
        meaning="δ is multiplied by σ′(z) a second time, often once in δ and once again in ∂C/∂w.",
        breaks=("N10", "B1", "B2"),
        lines=_back(
            "δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(z{l}) ⊙ σ′(z{l})",
            "delta = (delta @ W{i_next}) * sigma_prime(z{i_l}) * sigma_prime(z{i_l})",
        ),
        output=_last(
            "δ{L} = ∇ₐC ⊙ σ′(z{L}) ⊙ σ′(z{L})", "delta = dC_da * sigma_prime(z{i_L}) * sigma_prime(z{i_L})"
        ),
        why="each layer has one slope in the product; δ already holds it",
    ),
    Mistake(
        id="sigma-prime-of-wrong-layer",
        about="gradient",
        title="σ′ in {where} is taken from the z of another layer",
        meaning="The slope (for ReLU: the mask) of one layer is taken from another layer's z.",
        breaks=("B1", "B2"),
        lines=_back(
            "δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(z of another layer)",
            "delta = (delta @ W{i_next}) * sigma_prime(z[wrong])",
        ),
        output=_last("δ{L} = ∇ₐC ⊙ σ′(z of another layer)", "delta = dC_da * sigma_prime(z[wrong])"),
        why="the slope belongs to the same neuron whose δ it makes",
    ),
    Mistake(
        id="sigma-prime-kept",
        about="gradient",
        title="σ′ is kept at the output, where the cost cancels it",
        meaning="δ at the output is (a − y) ⊙ σ′(z), although this cost and activation together give a − y.",
        breaks=("B1",),
        lines=Lines(
            "δ{L} = a{L} − y",
            "δ{L} = (a{L} − y) ⊙ σ′(z{L})",
            "delta = (a{i_L} - y) * sigma_prime(z{i_L})",
            "delta = a{i_L} - y",
        ),
        why="∂C/∂a of this cost has σ′ in its denominator: the two cancel, and a − y is already ∂C/∂z",
    ),
    Mistake(
        id="softmax-diagonal-only",
        about="gradient",
        title="softmax's off-diagonal terms are dropped in {where}",
        meaning="Softmax's slope is taken as aⱼ(1 − aⱼ) alone, as if its outputs did not depend on one another's z.",
        breaks=("B1", "B2"),
        lines=Lines(
            "δ{l}ⱼ = Σᵢ ∂C/∂a{l}ᵢ · a{l}ᵢ ([i = j] − a{l}ⱼ)",
            "δ{l}ⱼ = ∂C/∂a{l}ⱼ · a{l}ⱼ (1 − a{l}ⱼ)",
            "delta = dC_da * a{i_l} * (1 - a{i_l})",
            "delta = a{i_l} * (dC_da - (dC_da * a{i_l}).sum(axis=1, keepdims=True))",
        ),
        why="raising one z lowers every other output of a softmax, so the sum over outputs stays",
    ),
)

COSTS = (
    Mistake(
        id="y-minus-a",
        about="gradient",
        title="y − a stands where a − y belongs",
        meaning="The difference at the output has the wrong sign, and with it every derivative.",
        breaks=("N6", "B1"),
        lines=Lines("∂C/∂a{L} = a{L} − y", "∂C/∂a{L} = y − a{L}", "error = y - a{i_L}", "error = a{i_L} - y"),
        why="C grows with a where a is above y: its derivative is a − y (times 2 without the ½)",
    ),
    Mistake(
        id="sign-flipped",
        about="gradient",
        title="the sign is wrong in {where}",
        meaning="These entries are −∂C/∂·: a nudge, not a gradient.",
        breaks=("B5",),
        lines=Lines("+∂C/∂w{l}", "−∂C/∂w{l}", "return -dW{i_l}", "return dW{i_l}"),
        why="descent subtracts the gradient; with the sign in the gradient as well, it climbs",
    ),
    Mistake(
        id="output-not-cost",
        about="gradient",
        title="the derivative is that of the output, not of the cost",
        meaning="∂C/∂a at the output is replaced by 1 (as finite differences of the network's output do).",
        breaks=("N6", "B1"),
        lines=Lines(
            "δ{L} = ∇ₐC ⊙ σ′(z{L})",
            "δ{L} = 1 ⊙ σ′(z{L})",
            "(output(theta + h) - output(theta - h)) / (2 * h)",
            "(cost(theta + h) - cost(theta - h)) / (2 * h)",
        ),
        why="what descends is C: the output's derivative still has to be multiplied by ∂C/∂a",
    ),
    Mistake(
        id="cost-of-other-name",
        about="gradient",
        title="the gradient is that of another cost",
        meaning="δ at the output is that of another cost of the table than the network's.",
        breaks=("N5", "N6", "B1"),
        lines=Lines(
            "δ{L} = ∇ₐC ⊙ σ′(z{L}), C the network's cost",
            "δ{L} = ∇ₐC ⊙ σ′(z{L}), C another cost",
            "dC_da = other_cost_derivative(a{i_L}, y)",
            "dC_da = cost_derivative(a{i_L}, y)",
        ),
        why="gradient and cost belong together: what is descended must be what is measured",
    ),
    Mistake(
        id="output-mean",
        about="gradient",
        title="a mean over the outputs is taken where this cost has a sum",
        meaning="All entries have a factor 1/n_L: the cost of this gradient averages over the outputs.",
        breaks=("N5",),
        lines=Lines(
            "C = Σⱼ …", "C = (1/n_L) Σⱼ …", "np.mean((a - y) ** 2)", "np.sum((a - y) ** 2, axis=1).mean()"
        ),
        why="cost and gradient must be of one convention; np.mean over everything also divides by n_L",
    ),
    Mistake(
        id="output-sum",
        about="gradient",
        title="a sum over the outputs is taken where this cost has a mean",
        meaning="All entries have a factor n_L: the cost of this gradient sums over the outputs.",
        breaks=("N5",),
        lines=Lines("C = (1/n_L) Σⱼ …", "C = Σⱼ …", "delta = 2 * (a - y)", "delta = 2 * (a - y) / n_L"),
        why="cost and gradient must be of the same convention",
    ),
    Mistake(
        id="factor-two",
        about="gradient",
        title="a factor 2 too much in {where}",
        meaning="The entries are twice what they should be: (a − y)² derived for a cost that has the ½.",
        breaks=("N5", "N6"),
        lines=Lines("∂C/∂a{L} = a{L} − y", "∂C/∂a{L} = 2 (a{L} − y)", "dC_da = 2 * (a - y)", "dC_da = a - y"),
        why="the note's cost Σ(a − y)² has the derivative 2(a − y), the book's ½Σ(a − y)² has a − y",
    ),
    Mistake(
        id="factor-half",
        about="gradient",
        title="a factor 2 is missing in {where}",
        meaning="The entries are half of what they should be: a − y for a cost that has no ½.",
        breaks=("N5", "N6"),
        lines=Lines("∂C/∂a{L} = 2 (a{L} − y)", "∂C/∂a{L} = a{L} − y", "dC_da = a - y", "dC_da = 2 * (a - y)"),
        why="the note's cost Σ(a − y)² has the derivative 2(a − y), the book's ½Σ(a − y)² has a − y",
    ),
    Mistake(
        id="unknown-factor",
        about="gradient",
        title="a factor that does not belong there in {where}",
        meaning="The entries are the right ones times a number that is none of the known ones; often it is η.",
        breaks=("B5",),
        lines=Lines("∂C/∂w{l}", "c · ∂C/∂w{l}", "return c * dW{i_l}", "return dW{i_l}"),
        why="a gradient is without η: the step v → v − η ∇C brings it in, once",
    ),
)

WAY = (
    Mistake(
        id="w-not-transposed",
        about="gradient",
        title="w is not transposed on the way back to {where}",
        meaning="δ is sent back through w instead of wᵀ, which only a square w lets pass.",
        breaks=("N11", "B2"),
        lines=_back(
            "δ{l} = (w{next} δ{next}) ⊙ σ′(z{l})", "delta = (delta @ W{i_next}.T) * sigma_prime(z{i_l})"
        ),
        why="back along w_jk goes from j to k: the sum is over the first index, so w is transposed",
    ),
    Mistake(
        id="index-clash",
        about="gradient",
        title="k stands where j belongs in {where}: N11 as it is printed",
        meaning="The note's N11 read literally: ∂C/∂w_jk = a_k σ′(z_j) [(w)ᵀδ]_k, with k where j belongs.",
        breaks=("N10", "N11"),
        lines=Lines(
            "∂C/∂w{l}ⱼₖ = a{prev}ₖ σ′(z{l}ⱼ) [(w{next})ᵀ δ{next}]ⱼ",
            "∂C/∂w{l}ⱼₖ = a{prev}ₖ σ′(z{l}ⱼ) [(w{next})ᵀ δ{next}]ₖ",
            "dW[j, k] = a[k] * sigma_prime(z[j]) * sum(w_next[i, k] * delta[i] for i in …)",
            "dW[j, k] = a[k] * sigma_prime(z[j]) * sum(w_next[i, j] * delta[i] for i in …)",
        ),
        why="the note writes j for two things at once; the neuron that the weight enters is j, and the sum is over i",
    ),
    Mistake(
        id="weights-of-wrong-layer",
        about="gradient",
        title="the way back to {where} uses the weights of another layer",
        meaning="δ is sent back through another layer's w that happens to fit.",
        breaks=("N11", "B2"),
        lines=_back(
            "δ{l} = ((w of another layer)ᵀ δ{next}) ⊙ σ′(z{l})",
            "delta = (delta @ W[wrong]) * sigma_prime(z{i_l})",
        ),
        why="δ of layer l+1 comes back through the weights that carried a of layer l there: those of layer l+1",
    ),
    Mistake(
        id="post-update-weights",
        about="gradient",
        title="the way back uses weights that are already updated",
        meaning="A layer's w is updated before δ of the layer below is computed from it.",
        breaks=("B2", "B5"),
        lines=_back(
            "δ{l} = ((w{next} − η ∂C/∂w{next})ᵀ δ{next}) ⊙ σ′(z{l})",
            "W{i_next} -= eta * dW{i_next}; delta = (delta @ W{i_next}) * sigma_prime(z{i_l})",
            "delta = (delta @ W{i_next}) * sigma_prime(z{i_l}); W{i_next} -= eta * dW{i_next}",
        ),
        why="all δ are derivatives at the same θ: the weights from before the update",
    ),
    Mistake(
        id="max-over-paths",
        about="gradient",
        title="only the largest path is taken back to {where}, not their sum",
        meaning="Of the paths through the next layer, the one of largest absolute value stands for all.",
        breaks=("N9", "N11", "B2"),
        lines=_back(
            "δ{l}ⱼ = (largest of w{next}ᵢⱼ δ{next}ᵢ over i) · σ′(z{l}ⱼ)",
            "delta = pick_max(W{i_next} * delta) * sigma_prime(z{i_l})",
        ),
        why="a neuron reaches C on every path at once; what it does is the sum of all",
    ),
    Mistake(
        id="dropout-mask-missing",
        about="gradient",
        title="dropout's mask is missing on the way back to {where}",
        meaning="The forward pass had a mask, the way back has none.",
        breaks=("B2",),
        lines=_back(
            "δ{l} = ((w{next})ᵀ δ{next}) ⊙ σ′(z{l})  (without the mask)",
            "delta = (delta @ W{i_next}) * sigma_prime(z{i_l})",
            "delta = (delta @ W{i_next}) * mask{i_l} * sigma_prime(z{i_l})",
        ),
        why="a dropped neuron did not act, so nothing flows back through it; a kept one was scaled, and so is its δ",
    ),
)
