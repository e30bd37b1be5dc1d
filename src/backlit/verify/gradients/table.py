"""The mistakes that are made in ∇C: the table. How each changes the numbers stands in variants.py.

Written from "What learners get wrong most" (docs/equations.md) and the questions that people ask in public. δ is a row
an example in code, so the note's (w)ᵀδ reads ``delta @ w``.
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


_SLOPES = (
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

_COSTS = (
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

_BATCH = (
    Mistake(
        id="batch-mean-missing",
        about="gradient",
        title="1/m is missing in {where}",
        meaning="The sum over the mini-batch stands where its mean belongs.",
        breaks=("B5",),
        lines=Lines(
            "∂C/∂w{l} = (1/m) Σₓ δ{l} (a{prev})ᵀ",
            "∂C/∂w{l} = Σₓ δ{l} (a{prev})ᵀ",
            "dW = delta.T @ a",
            "dW = delta.T @ a / len(x)",
        ),
        why="C is the mean over the examples, so ∇C is the mean of theirs; with a sum, η must shrink with m",
    ),
    Mistake(
        id="batch-mean-twice",
        about="gradient",
        title="1/m is taken twice in {where}",
        meaning="The mean over the mini-batch is divided by m once more.",
        breaks=("B5",),
        lines=Lines(
            "∂C/∂w{l} = (1/m) Σₓ δ{l} (a{prev})ᵀ",
            "∂C/∂w{l} = (1/m²) Σₓ δ{l} (a{prev})ᵀ",
            "delta = (a - y) / m; dW = delta.T @ a / m",
            "delta = a - y; dW = delta.T @ a / m",
        ),
        why="the mean is taken once: in δ, in ∂C/∂w, or in the step",
    ),
    Mistake(
        id="bias-averaged",
        about="gradient",
        title="the bias's gradient is averaged while that of the weights is summed, in {where}",
        meaning="Over the mini-batch ∂C/∂b is a mean and ∂C/∂w a sum.",
        breaks=("B3", "B5"),
        lines=Lines(
            "∂C/∂b{l} = Σₓ δ{l}",
            "∂C/∂b{l} = (1/m) Σₓ δ{l}",
            "db = delta.mean(axis=0)",
            "db = delta.sum(axis=0)",
        ),
        why="w and b of a layer belong to one ∇C: both sums, or both means",
    ),
    Mistake(
        id="bias-summed",
        about="gradient",
        title="the bias's gradient is summed while that of the weights is averaged, in {where}",
        meaning="Over the mini-batch ∂C/∂b is a sum and ∂C/∂w a mean.",
        breaks=("B3", "B5"),
        lines=Lines(
            "∂C/∂b{l} = (1/m) Σₓ δ{l}",
            "∂C/∂b{l} = Σₓ δ{l}",
            "db = delta.sum(axis=0)",
            "db = delta.mean(axis=0)",
        ),
        why="w and b of a layer belong to one ∇C: both sums, or both means",
    ),
    Mistake(
        id="bias-not-summed",
        about="gradient",
        title="the bias's gradient is not summed over the batch in {where}",
        meaning="∂C/∂b has a row for each example: δ itself, not its mean.",
        breaks=("B3", "B5"),
        lines=Lines("∂C/∂b{l} = (1/m) Σₓ δ{l}", "∂C/∂b{l} = δ{l}", "db = delta", "db = delta.mean(axis=0)"),
        why="one bias serves all examples, so their δ are averaged; broadcasting hides it until an update",
    ),
    Mistake(
        id="bias-first-example",
        about="gradient",
        title="the bias's gradient is that of the first example only, in {where}",
        meaning="∂C/∂b is δ of one example (the first), not the mean over the mini-batch.",
        breaks=("B3", "B5"),
        lines=Lines(
            "∂C/∂b{l} = (1/m) Σₓ δ{l}",
            "∂C/∂b{l} = δ{l} of example 0",
            "db = delta[0]",
            "db = delta.mean(axis=0)",
        ),
        why="one bias serves all examples, so all their δ count",
    ),
    Mistake(
        id="accumulated",
        about="gradient",
        title="the gradient of an earlier call was not cleared",
        meaning="To this batch's gradient that of an earlier call is still added.",
        breaks=("B5",),
        lines=Lines(
            "∇C = ∇C(this batch)",
            "∇C = ∇C(this batch) + ∇C(earlier)",
            "dW += delta.T @ a",
            "dW = delta.T @ a",
        ),
        why="each call starts from zero; buffers that are kept must be cleared (in PyTorch: zero_grad)",
    ),
    Mistake(
        id="one-example",
        about="gradient",
        title="the gradient is that of one example only, not of the batch",
        meaning="Of the mini-batch one example counts, the first or the last: each overwrites the one before.",
        breaks=("B5",),
        lines=Lines(
            "∇C = (1/m) Σₓ ∇Cₓ",
            "∇C = ∇Cₓ of one x",
            "for x, y in batch: dW = backprop(x, y)",
            "for x, y in batch: dW += backprop(x, y)",
        ),
        why="C is the mean over all examples of the batch, and each has its part in ∇C",
    ),
    Mistake(
        id="last-batch",
        about="gradient",
        title="the gradient is that of the previous batch's data",
        meaning="x and y of an earlier batch were used, not those that were given.",
        breaks=("B5",),
        lines=Lines(
            "∇C(x, y)",
            "∇C(x, y of the previous batch)",
            "grads = backprop(last_x, last_y)",
            "grads = backprop(x, y)",
        ),
        why="the gradient has to be that of the batch whose step it makes",
    ),
)

_WAY = (
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

_PRODUCTS = (
    Mistake(
        id="a-of-same-layer",
        about="gradient",
        title="a of the layer itself stands for a of the layer before, in {where}",
        meaning="∂C/∂w^l is made with a^l instead of a^{l−1}, which only equal widths let pass.",
        breaks=("N10", "B4"),
        lines=Lines(
            "∂C/∂w{l} = δ{l} (a{prev})ᵀ",
            "∂C/∂w{l} = δ{l} (a{l})ᵀ",
            "dW = delta.T @ a{i_l}",
            "dW = delta.T @ a{i_prev}",
        ),
        why="a weight multiplies the activation that it leaves, which is of the layer before",
    ),
    Mistake(
        id="a-of-wrong-layer",
        about="gradient",
        title="∂C/∂w of {where} is made with the a of a wrong layer",
        meaning="∂C/∂w^l is made with an activation that is neither a^{l−1} nor a^l but happens to fit.",
        breaks=("N10", "B4"),
        lines=Lines(
            "∂C/∂w{l} = δ{l} (a{prev})ᵀ",
            "∂C/∂w{l} = δ{l} (a of another layer)ᵀ",
            "dW = delta.T @ a[wrong]",
            "dW = delta.T @ a{i_prev}",
        ),
        why="a weight multiplies the activation that it leaves, which is of the layer before",
    ),
    Mistake(
        id="z-for-a",
        about="gradient",
        title="z stands for a of the layer before, in {where}",
        meaning="∂C/∂w^l is made with z^{l−1} instead of a^{l−1}.",
        breaks=("N10", "B4"),
        lines=Lines(
            "∂C/∂w{l} = δ{l} (a{prev})ᵀ",
            "∂C/∂w{l} = δ{l} (z{prev})ᵀ",
            "dW = delta.T @ z{i_prev}",
            "dW = delta.T @ a{i_prev}",
        ),
        why="what a weight multiplies is the activation σ(z), not z",
    ),
    Mistake(
        id="gradient-transposed",
        about="gradient",
        title="∂C/∂w of {where} is transposed",
        meaning="∂C/∂w^l has rows and columns exchanged, while other layers have not.",
        breaks=("N1", "B4"),
        lines=Lines(
            "∂C/∂w{l} = δ{l} (a{prev})ᵀ", "∂C/∂w{l} = a{prev} (δ{l})ᵀ", "dW = a.T @ delta", "dW = delta.T @ a"
        ),
        why="a gradient has the shape and the order of what it is the gradient of",
    ),
    Mistake(
        id="gradient-missing",
        about="gradient",
        title="the gradient of {where} is zero",
        meaning="All entries of a layer are 0 although its derivatives are not: never computed, or never stored.",
        breaks=("B3", "B4"),
        lines=Lines(
            "∂C/∂w{l} = δ{l} (a{prev})ᵀ", "∂C/∂w{l} = 0", "dW = np.zeros_like(W)", "dW = delta.T @ a{i_prev}"
        ),
        why="these weights do move C; with zeros here they never learn",
    ),
    Mistake(
        id="layers-reversed",
        about="gradient",
        title="the layers come in reverse order",
        meaning="The gradients are right, but listed from the output to the input.",
        breaks=("N8",),
        lines=Lines(
            "∇C = (∂C/∂w¹, …, ∂C/∂w{L})",
            "∇C = (∂C/∂w{L}, …, ∂C/∂w¹)",
            "grads.append(dW)",
            "grads.insert(0, dW)",
        ),
        why="backpropagation goes from the last layer to the first; the list it is put into goes the other way",
    ),
)

_PENALTY = tuple(
    Mistake(
        id=f"penalty-{name}",
        about="gradient",
        title=title,
        meaning=meaning,
        breaks=("R1",),
        lines=Lines(right, yours, before, after),
        why=why,
    )
    for name, title, meaning, right, yours, before, after, why in (
        (
            "missing",
            "the penalty is missing in {where}",
            "The derivative of the penalty, l2·w, is not added.",
            "∂C/∂w{l} + l2 · w{l}",
            "∂C/∂w{l}",
            "dW = dC_dW",
            "dW = dC_dW + l2 * W",
            "the objective has a term (l2/2)Σw², so its gradient has l2·w",
        ),
        (
            "doubled",
            "the penalty is doubled in {where}",
            "2·l2·w stands for l2·w, as if (l2/2)Σw² had no ½.",
            "∂C/∂w{l} + l2 · w{l}",
            "∂C/∂w{l} + 2 l2 · w{l}",
            "dW = dC_dW + 2 * l2 * W",
            "dW = dC_dW + l2 * W",
            "the ½ of (l2/2)Σw² is there to cancel the 2",
        ),
        (
            "on-biases",
            "the penalty is on the biases as well, in {where}",
            "l2·b is added to ∂C/∂b.",
            "∂C/∂b{l}",
            "∂C/∂b{l} + l2 · b{l}",
            "db = dC_db + l2 * b",
            "db = dC_db",
            "penalties are over weights, never biases: a bias shifts, it doesn't make the function steep",
        ),
        (
            "not-scaled",
            "the penalty is not scaled in {where}",
            "λ·w stands for (λ/n)·w, n the number of examples.",
            "∂C/∂w{l} + (λ/n) · w{l}",
            "∂C/∂w{l} + λ · w{l}",
            "dW = dC_dW + lmbda * W",
            "dW = dC_dW + (lmbda / n) * W",
            "the book's λ is divided by the training set's size; C is a mean over examples, and so is its penalty",
        ),
        (
            "sign",
            "the penalty has the wrong sign in {where}",
            "l2·w is subtracted: weights are driven apart.",
            "∂C/∂w{l} + l2 · w{l}",
            "∂C/∂w{l} − l2 · w{l}",
            "dW = dC_dW - l2 * W",
            "dW = dC_dW + l2 * W",
            "the gradient of (l2/2)Σw² is +l2·w; the step's minus sign does the rest",
        ),
        (
            "unknown",
            "there is a penalty in {where} that was not told",
            "c·w is in ∂C/∂w, and c is not the l2 that was given.",
            "∂C/∂w{l} + l2 · w{l}",
            "∂C/∂w{l} + c · w{l}",
            "dW = dC_dW + c * W",
            "dW = dC_dW + l2 * W",
            "if it is meant, give l2=c to the check; if not, take it away",
        ),
    )
)

_LAYOUT = tuple(
    Mistake(
        id=name,
        about="gradient",
        title=title,
        meaning=f"{title}.".format(),
        breaks=("N1",),
        lines=Lines(right, yours, before, after),
        why="a habit, not a mistake: the numbers are the same",
    )
    for name, title, right, yours, before, after in (
        (
            "layout-w-transposed",
            "w has a column for each neuron, (n_{{l−1}}, n_l)",
            "w{l} is (n_l, n_{{l−1}})",
            "w{l} is (n_{{l−1}}, n_l)",
            "x @ W + b",
            "x @ W.T + b",
        ),
        (
            "layout-examples-in-columns",
            "examples are columns",
            "x is (m, n_0)",
            "x is (n_0, m)",
            "W @ x + b",
            "x @ W.T + b",
        ),
        (
            "layout-bias-column",
            "biases are columns, (n_l, 1), or rows, (1, n_l)",
            "b{l} is (n_l,)",
            "b{l} is (n_l, 1)",
            "b.reshape(-1, 1)",
            "b.reshape(-1)",
        ),
        (
            "layout-weights-first",
            "all weights come first, then all biases",
            "∂w¹, ∂b¹, ∂w², …",
            "∂w¹, ∂w², …, ∂b¹, …",
            "[*dW, *db]",
            "[dW1, db1, …]",
        ),
        (
            "layout-biases-first",
            "biases come before weights",
            "∂w¹, ∂b¹, …",
            "∂b¹, …, ∂w¹, …",
            "return db, dW",
            "return dW, db",
        ),
        (
            "layout-one-example",
            "the function takes one example at a time",
            "x is (m, n_0)",
            "x is (n_0,)",
            "backprop(x[i], y[i])",
            "backprop(x, y)",
        ),
        (
            "layout-labels",
            "y is given as class numbers",
            "y is one-hot, (m, n_L)",
            "y is (m,)",
            "y.argmax(axis=1)",
            "y",
        ),
    )
)

GRADIENT_MISTAKES: tuple[Mistake, ...] = (*_SLOPES, *_COSTS, *_BATCH, *_WAY, *_PRODUCTS, *_PENALTY, *_LAYOUT)
