# ruff: noqa: I001
# fmt: off
#~ function: gradient
#~ net: softplus sigmoid squared_error
#~ run: gradient(w, b, x, y)
import numpy as np

def gradient(w, b, x, y):
    m = x.shape[0]
    z1 = np.einsum("mk,jk->mj", x, w[0]) + b[0]
    a1 = np.log1p(np.exp(z1))
    z2 = np.einsum("mk,jk->mj", a1, w[1]) + b[1]
    a2 = 1 / (1 + np.exp(-z2))
    s1 = 1 / (1 + np.exp(-z1))
    s2 = a2 * (1 - a2)
    #~ sigma-for-sigma-prime 2: s2 = a2
    d2 = 2 * (a2 - y) * s2
    #~ sigma-prime-missing 2: d2 = 2 * (a2 - y)
    #~ sigma-prime-twice 2: d2 = 2 * (a2 - y) * s2 * s2
    #~ y-minus-a: d2 = 2 * (y - a2) * s2
    #~ factor-half: d2 = (a2 - y) * s2
    u1 = np.einsum("mi,ij->mj", d2, w[1])
    #~ w-not-transposed 1 equal: u1 = np.einsum("mi,ji->mj", d2, w[1])
    #~ weights-of-wrong-layer 1 equal: u1 = np.einsum("mi,ij->mj", d2, w[0])
    #~ max-over-paths 1: u1 = np.max(d2[:, :, None] * w[1][None, :, :], axis=1)
    d1 = u1 * s1
    g2 = np.einsum("mj,mk->jk", d2, a1) / m
    #~ z-for-a 2: g2 = np.einsum("mj,mk->jk", d2, z1) / m
    #~ gradient-transposed 2: g2 = np.einsum("mj,mk->kj", d2, a1) / m
    #~ batch-mean-missing 2: g2 = np.einsum("mj,mk->jk", d2, a1)
    g1 = np.einsum("mj,mj,mk->jk", u1, s1, x) / m
    #~ gradient-transposed 1: g1 = np.einsum("mj,mj,mk->kj", u1, s1, x) / m
    #~ a-of-same-layer 1 equal: g1 = np.einsum("mj,mj,mk->jk", u1, s1, a1) / m
    #~ index-clash 1 equal: g1 = np.einsum("mk,mj,mk->jk", u1, s1, x) / m
    return [g1, g2], [d1.mean(0), d2.mean(0)]
    #~ bias-summed 1: return [g1, g2], [d1.sum(0), d2.mean(0)]
    #~ bias-summed 2: return [g1, g2], [d1.mean(0), d2.sum(0)]
    #~ bias-first-example 2: return [g1, g2], [d1.mean(0), d2[0]]
    #~ layers-reversed none: return [g2, g1], [d2.mean(0), d1.mean(0)]
