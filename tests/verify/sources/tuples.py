# ruff: noqa: E501, I001, ICN001
# fmt: off
#~ function: loss_and_grad
#~ net: sigmoid relu identity half_squared_error
#~ run: (lambda g: ([p.T for p, q in g[1]], [q for p, q in g[1]]))(loss_and_grad([(p.T, q) for p, q in zip(w, b)], x, y))
import numpy as jnp

def sigmoid(h):
    return 1.0 / (1.0 + jnp.exp(-h))

def loss_and_grad(params, inputs, targets):
    (W1, b1), (W2, b2), (W3, b3) = params
    n = inputs.shape[0]
    h1 = inputs @ W1 + b1
    s1 = sigmoid(h1)
    h2 = s1 @ W2 + b2
    s2 = jnp.maximum(h2, 0.0)
    pred = s2 @ W3 + b3
    residual = pred - targets
    #~ y-minus-a: residual = targets - pred
    loss = 0.5 * jnp.sum(residual ** 2) / n
    g3 = residual / n
    #~ batch-mean-missing: g3 = residual
    #~ factor-two: g3 = 2.0 * residual / n
    #~ sign-flipped: g3 = -residual / n
    #~ output-mean: g3 = residual / n / pred.shape[1]
    gW3 = s2.T @ g3
    #~ z-for-a 3: gW3 = h2.T @ g3
    #~ a-of-wrong-layer 3 equal: gW3 = s1.T @ g3
    #~ gradient-transposed 3: gW3 = g3.T @ s2
    g2 = (g3 @ W3.T) * (h2 > 0)
    #~ sigma-prime-missing 2: g2 = g3 @ W3.T
    #~ sigma-for-sigma-prime 2: g2 = (g3 @ W3.T) * s2
    #~ w-not-transposed 2 equal: g2 = (g3 @ W3) * (h2 > 0)
    #~ weights-of-wrong-layer 2 equal: g2 = (g3 @ W2.T) * (h2 > 0)
    #~ sigma-prime-of-wrong-layer 2 equal: g2 = (g3 @ W3.T) * (h1 > 0)
    gW2 = s1.T @ g2
    #~ a-of-same-layer 2 equal: gW2 = s2.T @ g2
    #~ gradient-missing 2: gW2 = jnp.zeros_like(W2)
    g1 = (g2 @ W2.T) * s1 * (1 - s1)
    #~ sigma-prime-missing 1: g1 = g2 @ W2.T
    #~ sigma-for-sigma-prime 1: g1 = (g2 @ W2.T) * s1
    #~ sigma-prime-of-a 1: g1 = (g2 @ W2.T) * sigmoid(s1) * (1 - sigmoid(s1))
    #~ sigma-prime-twice 1: g1 = (g2 @ W2.T) * s1 * (1 - s1) * s1 * (1 - s1)
    #~ max-over-paths 1: g1 = jnp.max(g2[:, None, :] * W2[None, :, :], axis=2) * s1 * (1 - s1)
    gW1 = inputs.T @ g1
    #~ gradient-transposed 1: gW1 = g1.T @ inputs
    #~ batch-mean-twice 1: gW1 = inputs.T @ g1 / n
    gb1, gb2, gb3 = g1.sum(axis=0), g2.sum(axis=0), g3.sum(axis=0)
    #~ bias-averaged 2: gb1, gb2, gb3 = g1.sum(axis=0), g2.mean(axis=0), g3.sum(axis=0)
    #~ bias-first-example 3: gb1, gb2, gb3 = g1.sum(axis=0), g2.sum(axis=0), g3[0]
    #~ bias-not-summed 1: gb1, gb2, gb3 = g1, g2.sum(axis=0), g3.sum(axis=0)
    return loss, [(gW1, gb1), (gW2, gb2), (gW3, gb3)]
