# ruff: noqa: I001
# fmt: off
#~ function: compute_gradients
#~ net: tanh sigmoid binary_cross_entropy
#~ run: (lambda g: (g["w"], g["b"]))(compute_gradients(w, b, x, y, l2 * len(x)))
#~ l2
import numpy as np

def compute_gradients(weights, biases, x, y, lmbda=0.1):
    m = x.shape[0]
    a = [x]
    for i in range(len(weights)):
        t = a[i] @ weights[i].T + biases[i]
        a.append(np.tanh(t) if i < len(weights) - 1 else 1 / (1 + np.exp(-t)))
    g = {"w": [None] * len(weights), "b": [None] * len(biases)}
    d = (a[-1] - y) / m
    #~ y-minus-a: d = (y - a[-1]) / m
    #~ batch-mean-missing none: d = a[-1] - y
    for i in reversed(range(len(weights))):
        g["w"][i] = d.T @ a[i] + lmbda / m * weights[i]
        #~ penalty-not-scaled: g["w"][i] = d.T @ a[i] + lmbda * weights[i]
        #~ penalty-doubled: g["w"][i] = d.T @ a[i] + 2 * lmbda / m * weights[i]
        #~ penalty-sign: g["w"][i] = d.T @ a[i] - lmbda / m * weights[i]
        g["b"][i] = d.sum(axis=0)
        #~ penalty-on-biases: g["b"][i] = d.sum(axis=0) + lmbda / m * biases[i]
        #~ bias-not-summed: g["b"][i] = d
        if i > 0:
            d = d @ weights[i] * (1 - a[i] * a[i])
            #~ sigma-prime-missing 1: d = d @ weights[i]
            #~ w-not-transposed 1 equal: d = d @ weights[i].T * (1 - a[i] * a[i])
    return g
