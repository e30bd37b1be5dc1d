# ruff: noqa: B905, I001
# fmt: off
#~ function: step
#~ net: sigmoid sigmoid sigmoid half_squared_error
#~ run: step([p.copy() for p in w], [c.copy() for c in b], x, y, 0.5)
import numpy as np

def logistic(z):
    return 1 / (1 + np.exp(-z))

def step(weights, biases, x, y, eta):
    """One step of descent; returns the gradients that it used."""
    m = len(x)
    a = [x]
    for w, b in zip(weights, biases):
        a.append(logistic(a[-1] @ w.T + b))
    grads_w, grads_b = [], []
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    #~ sigma-prime-missing 3: delta = a[-1] - y
    #~ y-minus-a: delta = (y - a[-1]) * a[-1] * (1 - a[-1])
    for l in range(len(weights) - 1, -1, -1):
        dw, db = delta.T @ a[l] / m, delta.mean(axis=0)
        grads_w.insert(0, dw)
        grads_b.insert(0, db)
        if l > 0:
            delta = delta @ weights[l] * a[l] * (1 - a[l])
            #~ sigma-prime-missing 1,2: delta = delta @ weights[l]
            #~ sigma-for-sigma-prime 1,2: delta = delta @ weights[l] * a[l]
            #~ sigma-prime-twice 1,2: delta = delta @ weights[l] * a[l] * (1 - a[l]) * a[l] * (1 - a[l])
            #~ w-not-transposed 1,2 equal: delta = delta @ weights[l].T * a[l] * (1 - a[l])
        weights[l] -= eta * dw
        biases[l] -= eta * db
    return grads_w, grads_b
    #~ unknown-factor: return [eta * g for g in grads_w], [eta * g for g in grads_b]
