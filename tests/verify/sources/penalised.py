# ruff: noqa: I001
# fmt: off
#~ function: gradients
#~ net: sigmoid sigmoid half_squared_error
#~ run: (lambda g: (g[::2], g[1::2]))(gradients(w, b, x, y, l2, masks))
#~ l2
#~ masks
import numpy as np

def f(z):
    return 1 / (1 + np.exp(-z))

def df(a):
    return a * (1 - a)

def gradients(weights, biases, x, y, l2, masks):
    n = len(x)
    z1 = np.matmul(x, weights[0].T) + biases[0]
    h = f(z1)
    a1 = h * masks[1]
    z2 = np.matmul(a1, weights[1].T) + biases[1]
    a2 = f(z2)

    e2 = (a2 - y) * df(a2)
    #~ sigma-prime-missing 2: e2 = a2 - y
    #~ y-minus-a: e2 = (y - a2) * df(a2)
    dw2 = np.matmul(e2.T, a1) / n + l2 * weights[1]
    #~ penalty-missing 2: dw2 = np.matmul(e2.T, a1) / n
    #~ penalty-doubled 2: dw2 = np.matmul(e2.T, a1) / n + 2 * l2 * weights[1]
    #~ penalty-sign 2: dw2 = np.matmul(e2.T, a1) / n - l2 * weights[1]
    #~ penalty-unknown 2: dw2 = np.matmul(e2.T, a1) / n + 0.05 * weights[1]
    db2 = np.sum(e2, axis=0) / n
    #~ penalty-on-biases 2: db2 = np.sum(e2, axis=0) / n + l2 * biases[1]
    #~ bias-not-summed 2: db2 = e2 / n
    e1 = np.matmul(e2, weights[1]) * masks[1] * df(h)
    #~ dropout-mask-missing 1: e1 = np.matmul(e2, weights[1]) * df(h)
    #~ sigma-prime-missing 1: e1 = np.matmul(e2, weights[1]) * masks[1]
    #~ sigma-for-sigma-prime 1: e1 = np.matmul(e2, weights[1]) * masks[1] * h
    dw1 = np.matmul(e1.T, x) / n + l2 * weights[0]
    #~ penalty-missing 1: dw1 = np.matmul(e1.T, x) / n
    #~ penalty-doubled 1: dw1 = np.matmul(e1.T, x) / n + 2 * l2 * weights[0]
    #~ penalty-sign 1: dw1 = np.matmul(e1.T, x) / n - l2 * weights[0]
    db1 = np.sum(e1, axis=0) / n
    #~ penalty-on-biases 1: db1 = np.sum(e1, axis=0) / n + l2 * biases[0]
    return dw1, db1, dw2, db2
