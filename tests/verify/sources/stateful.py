# ruff: noqa: B905, E501
# fmt: off
#~ function: MLP.gradients
#~ net: relu relu identity squared_error
#~ calls: 2
#~ run: (lambda n: (n.gradients(x0, y0), n.gradients(x, y))[1])(MLP(w, b))
import numpy as np


class MLP:
    def __init__(self, weights, biases):
        self.weights = weights
        self.biases = biases
        self.dw = [np.zeros_like(w) for w in weights]
        self.db = [np.zeros_like(b) for b in biases]
        self.last_x = None
        self.last_y = None

    @staticmethod
    def relu(z):
        return np.where(z > 0, z, 0)

    @staticmethod
    def relu_deriv(z):
        return np.where(z > 0, 1.0, 0.0)

    def forward(self, x):
        self.a = [x]
        self.z = []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            self.z.append(self.a[-1] @ w.T + b)
            self.a.append(self.z[-1] if i == len(self.weights) - 1 else self.relu(self.z[-1]))
        return self.a[-1]

    def gradients(self, x, y):
        if self.last_x is None:
            self.last_x, self.last_y = x, y
        inputs, targets = x, y
        #~ last-batch: inputs, targets = self.last_x, self.last_y
        out = self.forward(inputs)
        self.last_x, self.last_y = x, y
        delta = 2 * (out - targets) / len(y)
        #~ y-minus-a: delta = 2 * (targets - out) / len(y)
        #~ factor-half: delta = (out - targets) / len(y)
        for i in range(len(self.weights) - 1, -1, -1):
            self.dw[i] = delta.T @ self.a[i]
            #~ accumulated: self.dw[i] += delta.T @ self.a[i]
            #~ a-of-same-layer equal: self.dw[i] = delta.T @ self.a[i + 1]
            self.db[i] = delta.sum(axis=0)
            #~ accumulated: self.db[i] = self.db[i] + delta.sum(axis=0)
            #~ bias-averaged: self.db[i] = delta.mean(axis=0)
            if i > 0:
                delta = (delta @ self.weights[i]) * self.relu_deriv(self.z[i - 1])
                #~ sigma-prime-missing 1,2: delta = delta @ self.weights[i]
                #~ sigma-prime-of-wrong-layer 1,2 equal: delta = (delta @ self.weights[i]) * self.relu_deriv(self.z[i])
                #~ sigma-for-sigma-prime 1,2: delta = (delta @ self.weights[i]) * self.relu(self.z[i - 1])
                #~ w-not-transposed 1,2 equal: delta = (delta @ self.weights[i].T) * self.relu_deriv(self.z[i - 1])
                #~ weights-of-wrong-layer 1,2 equal: delta = (delta @ self.weights[i - 1]) * self.relu_deriv(self.z[i - 1])
        return self.dw, self.db
