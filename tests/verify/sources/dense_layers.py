# ruff: noqa: B905, E501
# fmt: off
#~ function: gradients
#~ net: sigmoid sigmoid sigmoid half_squared_error
#~ run: (lambda g: ([p.T for p in g[0]], [np.ravel(q) for q in g[1]]))(gradients([p.T for p in w], [c.reshape(1, -1) for c in b], x, y))
import numpy as np


class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, inputs):
        self.inputs = inputs
        self.z = np.dot(inputs, self.W) + self.b
        self.out = 1 / (1 + np.exp(-self.z))
        return self.out

    def backward(self, grad):
        dz = grad * self.out * (1 - self.out)
        #~ sigma-prime-missing: dz = grad
        #~ sigma-for-sigma-prime: dz = grad * self.out
        #~ sigma-prime-twice: dz = grad * (self.out * (1 - self.out)) ** 2
        self.dW = np.dot(self.inputs.T, dz)
        #~ a-of-same-layer equal: self.dW = np.dot(self.out.T, dz)
        #~ gradient-transposed: self.dW = np.dot(dz.T, self.inputs)
        self.db = np.sum(dz, axis=0, keepdims=True)
        #~ bias-not-summed: self.db = dz
        #~ bias-averaged: self.db = np.mean(dz, axis=0, keepdims=True)
        return np.dot(dz, self.W.T)
        #~ w-not-transposed 1,2 equal: return np.dot(dz, self.W)


def gradients(weights, biases, x, y):
    layers = [Dense(W, b) for W, b in zip(weights, biases)]
    out = x
    for layer in layers:
        out = layer.forward(out)
    grad = (out - y) / len(x)
    #~ y-minus-a: grad = (y - out) / len(x)
    #~ factor-two: grad = 2 * (out - y) / len(x)
    #~ batch-mean-missing: grad = out - y
    for layer in reversed(layers):
        grad = layer.backward(grad)
    return [layer.dW for layer in layers], [layer.db for layer in layers]
