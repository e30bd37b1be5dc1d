# ruff: noqa: B905, I001
# fmt: off
#~ function: batch_gradient
#~ net: tanh tanh half_squared_error
#~ run: batch_gradient(w, b, x, y)
import numpy as np

def dtanh(z):
    return 1.0 - np.tanh(z) ** 2

def batch_gradient(weights, biases, x, y):
    total_w = [np.zeros(w.shape) for w in weights]
    total_b = [np.zeros(b.shape) for b in biases]
    for xi, yi in zip(x, y):
        dw, db = single(weights, biases, xi, yi)
        for l in range(len(weights)):
            total_w[l] += dw[l]
            total_b[l] += db[l]
            #~ bias-first-example none: total_b[l] = db[l]
    n = x.shape[0]
    return [t / n for t in total_w], [t / n for t in total_b]
    #~ batch-mean-missing none: return total_w, total_b
    #~ bias-summed: return [t / n for t in total_w], [t for t in total_b]
    #~ bias-averaged sums: return [t for t in total_w], [t / n for t in total_b]
    #~ sign-flipped none: return [-t / n for t in total_w], [-t / n for t in total_b]

def single(weights, biases, xi, yi):
    z1 = weights[0].dot(xi) + biases[0]
    a1 = np.tanh(z1)
    z2 = weights[1].dot(a1) + biases[1]
    a2 = np.tanh(z2)
    delta2 = (a2 - yi) * dtanh(z2)
    #~ sigma-prime-missing 2: delta2 = a2 - yi
    #~ sigma-prime-of-a 2: delta2 = (a2 - yi) * dtanh(a2)
    #~ sigma-for-sigma-prime 2: delta2 = (a2 - yi) * np.tanh(z2)
    #~ y-minus-a: delta2 = (yi - a2) * dtanh(z2)
    #~ factor-two: delta2 = 2 * (a2 - yi) * dtanh(z2)
    #~ output-not-cost net: delta2 = dtanh(z2)
    delta1 = weights[1].T.dot(delta2) * dtanh(z1)
    #~ sigma-prime-missing 1: delta1 = weights[1].T.dot(delta2)
    #~ sigma-prime-of-a 1: delta1 = weights[1].T.dot(delta2) * dtanh(a1)
    #~ sigma-prime-twice 1: delta1 = weights[1].T.dot(delta2) * dtanh(z1) * dtanh(z1)
    #~ w-not-transposed 1 equal: delta1 = weights[1].dot(delta2) * dtanh(z1)
    #~ weights-of-wrong-layer 1 equal: delta1 = weights[0].T.dot(delta2) * dtanh(z1)
    #~ max-over-paths 1: delta1 = (weights[1].T * delta2).max(axis=1) * dtanh(z1)
    dw2 = np.outer(delta2, a1)
    #~ gradient-transposed 2: dw2 = np.outer(a1, delta2)
    #~ z-for-a 2: dw2 = np.outer(delta2, z1)
    #~ a-of-same-layer 2 equal: dw2 = np.outer(delta2, a2)
    #~ a-of-wrong-layer 2 equal: dw2 = np.outer(delta2, xi)
    dw1 = np.outer(delta1, xi)
    #~ gradient-transposed 1: dw1 = np.outer(xi, delta1)
    #~ a-of-same-layer 1 equal: dw1 = np.outer(delta1, a1)
    #~ gradient-missing 1: dw1 = np.zeros_like(weights[0])
    return [dw1, dw2], [delta1, delta2]
