# ruff: noqa: I001
# fmt: off
#~ function: logistic_gradient
#~ net: sigmoid binary_cross_entropy
#~ run: (lambda g: ([g[0]], [g[1][:, 0]]))(logistic_gradient(w[0], b[0].reshape(-1, 1), x.T, y.T))
import numpy as np

def logistic_gradient(w1, b1, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w1, X) + b1)))
    dZ = A - Y
    #~ y-minus-a: dZ = Y - A
    #~ sigma-prime-kept 1: dZ = (A - Y) * A * (1 - A)
    #~ factor-two: dZ = 2 * (A - Y)
    dw = (1 / m) * np.dot(dZ, X.T)
    #~ batch-mean-missing 1: dw = np.dot(dZ, X.T)
    #~ gradient-transposed 1: dw = (1 / m) * np.dot(X, dZ.T)
    #~ a-of-same-layer 1 equal: dw = (1 / m) * np.dot(dZ, A.T)
    db = (1 / m) * np.sum(dZ, axis=1, keepdims=True)
    #~ bias-summed 1: db = np.sum(dZ, axis=1, keepdims=True)
    #~ bias-not-summed 1: db = (1 / m) * dZ
    return dw, db
