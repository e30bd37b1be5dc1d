"""The mistakes that are made in a forward pass: the table. How each changes the numbers stands in ways.py.

An example is a row in code, so the note's w a + b reads ``a @ W.T + b``. In the lines, σ is the layer's own activation
and τ the one that was found; a finding writes their names.
"""

from __future__ import annotations

from ..mistake import Lines, Mistake

_Z = "z{l} = w{l} a{prev} + b{l}"
_NUMPY_Z = "z{i_l} = a{i_prev} @ W{i_l}.T + b{i_l}"
_A = "a{l} = σ(z{l})"
_NUMPY_A = "a{i_l} = sigma(z{i_l})"


def _row(
    name: str,
    title: str,
    meaning: str,
    yours: str,
    before: str,
    why: str,
    *,
    right: str = _Z,
    after: str = _NUMPY_Z,
    breaks: tuple[str, ...] = ("N3", "N4"),
) -> Mistake:
    return Mistake(
        id=f"forward-{name}",
        about="forward",
        title=title,
        meaning=meaning,
        breaks=breaks,
        lines=Lines(right, yours, before, after),
        why=why,
    )


_OF_Z = (
    _row(
        "bias-missing", "the bias is forgotten in {where}", "z^l is made without b^l.",
        "z{l} = w{l} a{prev}", "z{i_l} = a{i_prev} @ W{i_l}.T",
        "without b every neuron's boundary goes through the origin, and b never takes part",
    ),
    _row(
        "bias-twice", "the bias is added twice in {where}", "b^l is added a second time.",
        "z{l} = w{l} a{prev} + 2 b{l}", "z{i_l} = a{i_prev} @ W{i_l}.T + b{i_l} + b{i_l}",
        "b is one term of the sum; where a has a column of ones for it, it must not be added again",
    ),
    _row(
        "bias-subtracted", "the bias is subtracted in {where}", "z^l = w a − b: b taken for a threshold.",
        "z{l} = w{l} a{prev} − b{l}", "z{i_l} = a{i_prev} @ W{i_l}.T - b{i_l}",
        "a bias is minus the threshold, so it is added",
    ),
    _row(
        "bias-of-wrong-layer", "the bias of another layer is added in {where}",
        "A b of the same length, but of another layer.",
        "z{l} = w{l} a{prev} + (b of another layer)", "z{i_l} = a{i_prev} @ W{i_l}.T + b[wrong]",
        "w and b of a layer belong together: both enter the same neuron",
    ),
    _row(
        "bias-wrong-axis", "the bias is added along the wrong axis in {where}",
        "Each example gets one bias, instead of each neuron: with m = n_l the shapes don't tell.",
        "z{l}ₓⱼ = Σₖ w{l}ⱼₖ a{prev}ₓₖ + b{l}ₓ", "z{i_l} = a{i_prev} @ W{i_l}.T + b{i_l}[:, None]",
        "b has an entry for each neuron, the same for all examples; only a batch of m = n_l lets this pass",
    ),
    _row(
        "w-transposed", "w is transposed in {where}", "wᵀ stands for w, which only a square w lets pass.",
        "z{l} = (w{l})ᵀ a{prev} + b{l}", "z{i_l} = a{i_prev} @ W{i_l} + b{i_l}",
        "row j of w holds what enters neuron j: z_j sums over its second index",
    ),
    _row(
        "w-reshaped", "w is reshaped where it should be transposed, in {where}",
        "w.reshape(n_{l−1}, n_l) has the shape of wᵀ and other entries.",
        "z{l}ⱼ = Σₖ (w{l} read on in row order)ₖⱼ a{prev}ₖ + b{l}ⱼ",
        "z{i_l} = a{i_prev} @ W{i_l}.reshape(a{i_prev}.shape[1], -1) + b{i_l}",
        "reshape keeps the order in memory, and so mixes up which weight belongs to which pair of neurons",
    ),
    _row(
        "weights-of-wrong-layer", "the weights of another layer are used in {where}",
        "z^l is made with another layer's w (and perhaps its b) that happens to fit.",
        "z{l} = (w of another layer) a{prev} + b{l}", "z{i_l} = a{i_prev} @ W[wrong].T + b{i_l}",
        "the weights that enter layer l are those of layer l",
    ),
    _row(
        "z-for-a", "z stands for a of the layer before, in {where}",
        "z^l is made from z^{l−1} instead of a^{l−1}.",
        "z{l} = w{l} z{prev} + b{l}", "z{i_l} = z{i_prev} @ W{i_l}.T + b{i_l}",
        "what a neuron hands on is its activation σ(z); without σ, two layers are one linear one",
    ),
    _row(
        "input-of-wrong-layer", "the input of {where} is that of a wrong layer",
        "z^l is made from an a or z that is not a^{l−1} but happens to fit.",
        "z{l} = w{l} (a of another layer) + b{l}", "z{i_l} = a[wrong] @ W{i_l}.T + b{i_l}",
        "the weights that enter layer l multiply the activations of layer l−1",
    ),
    _row(
        "factor", "there is a factor that does not belong in {where}",
        "The sum of z^l, or all of z^l or a^l, is multiplied by one number.",
        "z{l} = c · w{l} a{prev} + b{l}", "z{i_l} = c * (a{i_prev} @ W{i_l}.T) + b{i_l}",
        "N4 has no such factor: a mean in place of a sum, or a scale from the weights' initialisation, leaves one",
    ),
)  # fmt: skip

_OF_A = (
    _row(
        "softmax-axis", "softmax is taken over the wrong axis in {where}",
        "The exponentials are divided by their sum over the examples, or over everything, not over the neurons.",
        "a{l}ₓⱼ = exp(z{l}ₓⱼ) / Σ (over the examples) exp(z{l})", "np.exp(z) / np.exp(z).sum(axis=0)",
        "the outputs of one example are what sums to 1",
        right="a{l}ₓⱼ = exp(z{l}ₓⱼ) / Σᵢ exp(z{l}ₓᵢ)",
        after="np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)",
    ),
    _row(
        "softmax-not-normalised", "softmax is not divided by its sum in {where}",
        "exp(z) stands for softmax(z).",
        "a{l}ⱼ = exp(z{l}ⱼ)", "np.exp(z)", "without the sum, the outputs are no probabilities",
        right="a{l}ⱼ = exp(z{l}ⱼ) / Σᵢ exp(z{l}ᵢ)", after="np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)",
    ),
    _row(
        "softmax-overflow", "softmax overflows in {where}: the largest z is not subtracted",
        "exp(z) is infinite for large z, and ∞/∞ is NaN.",
        "a{l}ⱼ = exp(z{l}ⱼ) / Σᵢ exp(z{l}ᵢ), with exp(z) = ∞",
        "np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)",
        "softmax does not change when one number is subtracted from all z, and then no exponential is above 1",
        right="a{l}ⱼ = exp(z{l}ⱼ − max z) / Σᵢ exp(z{l}ᵢ − max z)",
        after="u = np.exp(z - z.max(axis=1, keepdims=True)); u / u.sum(axis=1, keepdims=True)",
    ),
    _row(
        "activation-missing", "the activation is missing in {where}", "a^l = z^l: σ is not applied.",
        "a{l} = z{l}", "a{i_l} = z{i_l}", "without σ the layer is linear", right=_A, after=_NUMPY_A,
    ),
    _row(
        "activation-twice", "the activation is applied twice in {where}", "a^l = σ(σ(z^l)).",
        "a{l} = σ(σ(z{l}))", "a{i_l} = sigma(sigma(z{i_l}))",
        "σ is applied once; a loss or a layer that applies it itself must be given z",
        right=_A, after=_NUMPY_A,
    ),
    _row(
        "z-sign", "z enters the activation with the wrong sign in {where}",
        "a^l = σ(−z^l), as from 1/(1 + exp(z)).",
        "a{l} = σ(−z{l})", "a{i_l} = sigma(-z{i_l})", "sigmoid is 1/(1 + exp(−z)), with the minus",
        right=_A, after=_NUMPY_A,
    ),
    _row(
        "slope-for-activation", "σ′ stands for σ in {where}",
        "a^l = σ′(z^l): the derivative in place of the function.",
        "a{l} = σ′(z{l})", "a{i_l} = sigma_prime(z{i_l})", "the slope belongs to the way back",
        right=_A, after=_NUMPY_A,
    ),
    _row(
        "bias-after-activation", "the bias is added after the activation in {where}", "a^l = σ(w a) + b.",
        "a{l} = σ(w{l} a{prev}) + b{l}", "a{i_l} = sigma(a{i_prev} @ W{i_l}.T) + b{i_l}",
        "b shifts z, so it goes in before σ", right="a{l} = σ(w{l} a{prev} + b{l})",
        after="a{i_l} = sigma(a{i_prev} @ W{i_l}.T + b{i_l})",
    ),
    _row(
        "wrong-activation", "the activation of {where} is another one",
        "Another function of the table (or of its options) was applied.",
        "a{l} = τ(z{l})", "a{i_l} = tau(z{i_l})",
        "the network's own function is what its gradient is made for",
        right=_A, after=_NUMPY_A,
    ),
)  # fmt: skip

_MASKS = (
    _row(
        "dropout-missing", "dropout's mask is missing in {where}",
        "A mask was given for this layer, and a^l is made without it.",
        "a{l} = σ(z{l})", "a{i_l} = sigma(z{i_l})",
        "with a mask, the layer after sees the masked activations",
        right="a{l} = σ(z{l}) ⊙ mask{l}", after="a{i_l} = sigma(z{i_l}) * mask{i_l}",
    ),
    _row(
        "dropout-not-scaled", "what dropout keeps is not scaled by 1/keep in {where}",
        "The mask is taken as 0 and 1.",
        "a{l} = σ(z{l}) ⊙ [mask{l} > 0]", "a{i_l} = sigma(z{i_l}) * (mask{i_l} > 0)",
        "what is kept is divided by the part that is kept, so that sums keep their size when nothing is dropped",
        right="a{l} = σ(z{l}) ⊙ mask{l}", after="a{i_l} = sigma(z{i_l}) * mask{i_l}",
    ),
    _row(
        "dropout-scaled-wrong", "what dropout keeps is multiplied by keep instead of divided, in {where}",
        "The mask is taken as 0 and keep.",
        "a{l} = σ(z{l}) ⊙ [mask{l} > 0] · keep", "a{i_l} = sigma(z{i_l}) * (mask{i_l} > 0) * keep",
        "what is kept is divided by the part that is kept", right="a{l} = σ(z{l}) ⊙ mask{l}",
        after="a{i_l} = sigma(z{i_l}) * mask{i_l}",
    ),
    _row(
        "dropout-before-activation", "dropout's mask is applied before the activation in {where}",
        "a^l = σ(mask ⊙ z).",
        "a{l} = σ(z{l} ⊙ mask{l})", "a{i_l} = sigma(z{i_l} * mask{i_l})",
        "a dropped neuron is silent, and σ(0) need not be 0", right="a{l} = σ(z{l}) ⊙ mask{l}",
        after="a{i_l} = sigma(z{i_l}) * mask{i_l}",
    ),
    _row(
        "dropout-applied", "there is dropout in {where} that was not told",
        "Some a^l are 0, and the others are the right ones times one number: a mask that was not given.",
        "a{l} = σ(z{l}) ⊙ (a mask)", "a{i_l} = sigma(z{i_l}) * mask{i_l}",
        "a mask belongs to training only; if this is training, give dropout_masks", right=_A, after=_NUMPY_A,
    ),
)  # fmt: skip

_INPUTS = (
    _row(
        "inputs-not-scaled", "the inputs are not scaled as this network takes them",
        "a^0 is raw, or scaled in another way than x.",
        "a⁰ = another scale of x", "a0 = x_raw",
        "weights are made for one scale of the inputs, and z grows with it",
        right="a⁰ = x", after="a0 = x", breaks=("N1", "N4"),
    ),
    _row(
        "shape", "an array does not have the shape of its layer",
        "z^l and a^l have a row for each example and a column for each neuron (or the other way round).",
        "", "", "an array of another shape belongs to another layer or another batch",
        right="z{l}, a{l} are (m, n_l)", after="", breaks=("N1",),
    ),
)  # fmt: skip

FORWARD_MISTAKES: tuple[Mistake, ...] = (*_OF_Z, *_OF_A, *_MASKS, *_INPUTS)
