# fmt: off
#~ function: Net.grad
#~ net: tanh tanh identity squared_error
#~ run: (lambda n: (n.grad(x, y), (n.gw, n.gb))[0])(Net(w, b))
import numpy as np


class Net:
    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def act(self, z):
        return np.tanh(z)

    def act_prime(self, z):
        return 1 / np.cosh(z) ** 2

    def grad(self, x, y):
        self.gw = [0] * len(self.weights)
        self.gb = [0] * len(self.weights)
        self._down(0, x, y)
        return self.gw, self.gb

    def _down(self, level, a, y):
        """Go up to the output, come back with dC/da of this level's input."""
        z = a @ self.weights[level].T + self.biases[level]
        if level == len(self.weights) - 1:
            back = 2 * (z - y) / len(y)
            #~ y-minus-a: back = 2 * (y - z) / len(y)
            #~ factor-half: back = (z - y) / len(y)
            #~ batch-mean-missing: back = 2 * (z - y)
            #~ output-mean: back = 2 * (z - y) / z.size
        else:
            back = self._down(level + 1, self.act(z), y) * self.act_prime(z)
            #~ sigma-prime-missing 1,2: back = self._down(level + 1, self.act(z), y)
            #~ sigma-prime-of-a 1,2: back = self._down(level + 1, self.act(z), y) * self.act_prime(self.act(z))
            #~ sigma-for-sigma-prime 1,2: back = self._down(level + 1, self.act(z), y) * self.act(z)
            #~ sigma-prime-twice 1,2: back = self._down(level + 1, self.act(z), y) * self.act_prime(z) ** 2
        self.gw[level] = back.T @ a
        #~ a-of-same-layer equal: self.gw[level] = back.T @ self.act(z)
        #~ gradient-transposed: self.gw[level] = a.T @ back
        self.gb[level] = back.sum(axis=0)
        #~ bias-averaged: self.gb[level] = back.mean(axis=0)
        #~ bias-not-summed: self.gb[level] = back
        return back @ self.weights[level]
        #~ w-not-transposed 1,2 equal: return back @ self.weights[level].T
