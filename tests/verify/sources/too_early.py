# ruff: noqa: F841, I001
# fmt: off
#~ function: train_step
#~ net: sigmoid sigmoid half_squared_error
#~ run: train_step(*[p.copy() for p in w], *[c.copy() for c in b], x, y)
import numpy as np

def sig(z):
    return 1 / (1 + np.exp(-z))

def train_step(W1, W2, b1, b2, X, Y, lr=0.5):
    m = X.shape[0]
    Z1 = X @ W1.T + b1
    A1 = sig(Z1)
    Z2 = A1 @ W2.T + b2
    A2 = sig(Z2)
    dZ2 = (A2 - Y) * A2 * (1 - A2)
    dW2 = dZ2.T @ A1 / m
    db2 = dZ2.sum(axis=0) / m
    #~ bias-summed 2: db2 = dZ2.sum(axis=0)
    W2_old = W2
    dA1 = dZ2 @ W2
    #~ post-update-weights 1 swap: W2 = W2 - lr * dW2
    W2 = W2 - lr * dW2
    dZ1 = dA1 * A1 * (1 - A1)
    #~ sigma-prime-missing 1: dZ1 = dA1
    #~ sigma-for-sigma-prime 1: dZ1 = dA1 * A1
    dW1 = dZ1.T @ X / m
    db1 = dZ1.sum(axis=0) / m
    W1 -= lr * dW1
    b1 -= lr * db1
    b2 -= lr * db2
    return [dW1, dW2], [db1, db2]
