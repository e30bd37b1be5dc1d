# ruff: noqa: B905, E501, F401, I001, NPY002, RUF007, UP004
# fmt: off
#~ function: Network.backprop
#~ net: sigmoid sigmoid sigmoid half_squared_error
#~ one
#~ run: (lambda n: (setattr(n, "weights", w), setattr(n, "biases", [c.reshape(-1, 1) for c in b]), n.backprop(x[0].reshape(-1, 1), y[0].reshape(-1, 1)))[2][::-1])(Network([2, 2, 2, 2]))
"""network.py: a module to implement the stochastic gradient descent learning algorithm."""
import random
import numpy as np


class Network(object):

    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        """Return the output of the network if ``a`` is input."""
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def update_mini_batch(self, mini_batch, eta):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        self.weights = [w - (eta / len(mini_batch)) * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (eta / len(mini_batch)) * nb for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        # feedforward
        activation = x
        activations = [x]  # list to store all the activations, layer by layer
        zs = []  # list to store all the z vectors, layer by layer
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        # backward pass
        delta = self.cost_derivative(activations[-1], y) * \
            sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        #~ a-of-same-layer 3 equal: nabla_w[-1] = np.dot(delta, activations[-1].transpose())
        #~ z-for-a 3: nabla_w[-1] = np.dot(delta, zs[-2].transpose())
        #~ gradient-transposed 3: nabla_w[-1] = np.dot(activations[-2], delta.transpose())
        for l in range(2, self.num_layers):
            #~ gradient-missing 1: for l in range(2, self.num_layers - 1):
            z = zs[-l]
            #~ sigma-prime-of-wrong-layer 1,2 equal: z = zs[-l+1]
            sp = sigmoid_prime(z)
            #~ sigma-for-sigma-prime 1,2: sp = sigmoid(z)
            #~ sigma-prime-of-a 1,2: sp = sigmoid_prime(activations[-l])
            delta = np.dot(self.weights[-l+1].transpose(), delta) * sp
            #~ sigma-prime-missing 1,2: delta = np.dot(self.weights[-l+1].transpose(), delta)
            #~ sigma-prime-twice 1,2: delta = np.dot(self.weights[-l+1].transpose(), delta) * sp * sp
            #~ w-not-transposed 1,2 equal: delta = np.dot(self.weights[-l+1], delta) * sp
            #~ weights-of-wrong-layer 1,2 equal: delta = np.dot(self.weights[-l].transpose(), delta) * sp
            #~ sign-flipped 2: delta = -np.dot(self.weights[-l+1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l-1].transpose())
            #~ a-of-same-layer 1,2 equal: nabla_w[-l] = np.dot(delta, activations[-l].transpose())
            #~ a-of-wrong-layer 1,2 equal: nabla_w[-l] = np.dot(delta, activations[-l+1].transpose())
            #~ gradient-transposed 1,2: nabla_w[-l] = np.dot(activations[-l-1], delta.transpose())
        return (nabla_b, nabla_w)
        #~ layers-reversed: return (nabla_b[::-1], nabla_w[::-1])

    def cost_derivative(self, output_activations, y):
        """Return the vector of partial derivatives."""
        return (output_activations - y)
        #~ y-minus-a: return (y - output_activations)
        #~ factor-two: return 2 * (output_activations - y)
        #~ factor-half: return (output_activations - y) / 2


def sigmoid(z):
    """The sigmoid function."""
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    """Derivative of the sigmoid function."""
    return sigmoid(z) * (1 - sigmoid(z))
