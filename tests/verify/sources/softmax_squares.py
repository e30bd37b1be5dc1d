# ruff: noqa: I001
# fmt: off
#~ function: gradients
#~ net: sigmoid softmax half_squared_error
#~ run: gradients(w[0], b[0], w[1], b[1], x, y)
import numpy as np

def gradients(w1, b1, w2, b2, x, y):
    z1 = np.dot(x, w1.T) + b1
    a1 = 1 / (1 + np.exp(-z1))
    z2 = np.dot(a1, w2.T) + b2
    e = np.exp(z2)
    a2 = e / np.sum(e, axis=1, keepdims=True)
    dC_da = a2 - y
    #~ y-minus-a: dC_da = y - a2
    #~ factor-two: dC_da = 2 * (a2 - y)
    dz2 = a2 * (dC_da - np.sum(dC_da * a2, axis=1, keepdims=True))
    #~ softmax-diagonal-only 2: dz2 = dC_da * a2 * (1 - a2)
    da1 = np.dot(dz2, w2)
    #~ w-not-transposed 1 equal: da1 = np.dot(dz2, w2.T)
    #~ weights-of-wrong-layer 1 equal: da1 = np.dot(dz2, w1)
    dz1 = da1 * a1 * (1 - a1)
    #~ sigma-prime-missing 1: dz1 = da1
    #~ sigma-for-sigma-prime 1: dz1 = da1 * a1
    #~ sign-flipped 1: dz1 = -da1 * a1 * (1 - a1)
    dw2 = np.mean(dz2[:, :, None] * a1[:, None, :], axis=0)
    #~ z-for-a 2: dw2 = np.mean(dz2[:, :, None] * z1[:, None, :], axis=0)
    #~ gradient-transposed 2: dw2 = np.mean(dz2[:, None, :] * a1[:, :, None], axis=0)
    #~ batch-mean-missing 2: dw2 = np.sum(dz2[:, :, None] * a1[:, None, :], axis=0)
    dw1 = np.mean(dz1[:, :, None] * x[:, None, :], axis=0)
    #~ index-clash 1 equal: dw1 = np.mean(da1[:, None, :] * (a1 * (1 - a1))[:, :, None] * x[:, None, :], axis=0)
    #~ batch-mean-missing 1: dw1 = np.sum(dz1[:, :, None] * x[:, None, :], axis=0)
    db1 = np.mean(dz1, axis=0)
    #~ bias-summed 1: db1 = np.sum(dz1, axis=0)
    #~ bias-first-example 1: db1 = dz1[0]
    db2 = np.mean(dz2, axis=0)
    #~ bias-summed 2: db2 = np.sum(dz2, axis=0)
    #~ bias-not-summed 2: db2 = dz2
    return (dw1, dw2), (db1, db2)
