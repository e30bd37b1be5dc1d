# ruff: noqa: B905, E731
# fmt: off
#~ function: grads
#~ net: sigmoid sigmoid sigmoid squared_error
#~ run: (lambda g: ([p for p, q in g], [q for p, q in g]))(grads(w, b, x, y))
import numpy as np

sigma = lambda z: 1 / (1 + np.exp(-z))
d_sigma = lambda z: sigma(z) * (1 - sigma(z))

def grads(ws, bs, x, y):
    a, zs, activations = x, [], [x]
    for w, b in zip(ws, bs):
        zs.append(a @ w.T + b)
        a = sigma(zs[-1])
        activations.append(a)
    out = []
    err = 2 * (a - y) / x.shape[0]
    #~ y-minus-a: err = 2 * (y - a) / x.shape[0]
    #~ factor-half: err = (a - y) / x.shape[0]
    #~ batch-mean-missing: err = 2 * (a - y)
    #~ output-mean: err = 2 * (a - y) / x.shape[0] / y.shape[1]
    delta = err * d_sigma(zs[-1])
    #~ sigma-prime-missing 3: delta = err
    #~ sigma-for-sigma-prime 3: delta = err * sigma(zs[-1])
    #~ sigma-prime-of-a 3: delta = err * d_sigma(activations[-1])
    for l in range(len(ws) - 1, -1, -1):
        out.append((delta.T @ activations[l], delta.sum(0)))
        #~ z-for-a none: out.append((delta.T @ zs[l - 1], delta.sum(0)))
        #~ a-of-same-layer equal: out.append((delta.T @ activations[l+1], delta.sum(0)))
        #~ gradient-transposed: out.append((activations[l].T @ delta, delta.sum(0)))
        #~ bias-averaged: out.append((delta.T @ activations[l], delta.mean(0)))
        #~ bias-first-example: out.append((delta.T @ activations[l], delta[0]))
        if l:
            delta = (delta @ ws[l]) * d_sigma(zs[l-1])
            #~ sigma-prime-missing 1,2: delta = delta @ ws[l]
            #~ sigma-prime-of-a 1,2: delta = (delta @ ws[l]) * d_sigma(activations[l])
            #~ sigma-prime-of-wrong-layer 1,2 equal: delta = (delta @ ws[l]) * d_sigma(zs[l])
            #~ w-not-transposed 1,2 equal: delta = (delta @ ws[l].T) * d_sigma(zs[l-1])
            #~ weights-of-wrong-layer 1,2 equal: delta = (delta @ ws[l-1]) * d_sigma(zs[l-1])
    return out[::-1]
    #~ layers-reversed either: return out
