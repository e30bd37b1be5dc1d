# ruff: noqa: I001
# fmt: off
#~ function: gradients
#~ net: sigmoid sigmoid half_squared_error
#~ run: gradients(w, b, x, y)
import numpy as np

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))

def gradients(weights, biases, x, y):
    W1, W2 = weights
    b1, b2 = biases
    z1 = x @ W1.T + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2.T + b2
    a2 = sigmoid(z2)
    delta2 = (a2 - y) * sigmoid_prime(z2)
    #~ sigma-prime-missing 2: delta2 = a2 - y
    #~ sigma-prime-of-a 2: delta2 = (a2 - y) * sigmoid_prime(a2)
    #~ sigma-for-sigma-prime 2: delta2 = (a2 - y) * sigmoid(z2)
    #~ sigma-prime-twice 2: delta2 = (a2 - y) * sigmoid_prime(z2) * sigmoid_prime(z2)
    #~ sigma-prime-of-wrong-layer 2 equal: delta2 = (a2 - y) * sigmoid_prime(z1)
    #~ y-minus-a: delta2 = (y - a2) * sigmoid_prime(z2)
    #~ sign-flipped: delta2 = -(a2 - y) * sigmoid_prime(z2)
    #~ factor-two: delta2 = 2 * (a2 - y) * sigmoid_prime(z2)
    #~ factor-half: delta2 = 0.5 * (a2 - y) * sigmoid_prime(z2)
    #~ output-not-cost net: delta2 = sigmoid_prime(z2)
    #~ output-mean: delta2 = (a2 - y) / y.shape[1] * sigmoid_prime(z2)
    #~ unknown-factor: delta2 = 0.01 * (a2 - y) * sigmoid_prime(z2)
    #~ batch-mean-twice: delta2 = (a2 - y) / len(x) * sigmoid_prime(z2)
    dW2 = delta2.T @ a1 / len(x)
    #~ a-of-same-layer 2 equal: dW2 = delta2.T @ a2 / len(x)
    #~ a-of-wrong-layer 2 equal: dW2 = delta2.T @ x / len(x)
    #~ z-for-a 2: dW2 = delta2.T @ z1 / len(x)
    #~ gradient-transposed 2: dW2 = a1.T @ delta2 / len(x)
    #~ gradient-missing 2: dW2 = np.zeros_like(W2)
    db2 = delta2.mean(axis=0)
    #~ bias-summed 2: db2 = delta2.sum(axis=0)
    #~ bias-not-summed 2: db2 = delta2 / len(x)
    #~ bias-first-example 2: db2 = delta2[0]
    delta1 = (delta2 @ W2) * sigmoid_prime(z1)
    #~ sigma-prime-missing 1: delta1 = delta2 @ W2
    #~ sigma-prime-of-a 1: delta1 = (delta2 @ W2) * sigmoid_prime(a1)
    #~ sigma-for-sigma-prime 1: delta1 = (delta2 @ W2) * a1
    #~ sigma-prime-twice 1: delta1 = (delta2 @ W2) * sigmoid_prime(z1) ** 2
    #~ sigma-prime-of-wrong-layer 1 equal: delta1 = (delta2 @ W2) * sigmoid_prime(z2)
    #~ w-not-transposed 1 equal: delta1 = (delta2 @ W2.T) * sigmoid_prime(z1)
    #~ weights-of-wrong-layer 1 equal: delta1 = (delta2 @ W1) * sigmoid_prime(z1)
    #~ max-over-paths 1: delta1 = np.max(np.abs(delta2[:, :, None] * W2[None]), axis=1) * sigmoid_prime(z1)
    #~ sign-flipped 1: delta1 = -(delta2 @ W2) * sigmoid_prime(z1)
    #~ factor-two 1: delta1 = 2 * (delta2 @ W2) * sigmoid_prime(z1)
    dW1 = delta1.T @ x / len(x)
    #~ a-of-same-layer 1 equal: dW1 = delta1.T @ a1 / len(x)
    #~ batch-mean-missing 1: dW1 = delta1.T @ x
    #~ gradient-transposed 1: dW1 = (delta1.T @ x / len(x)).T
    #~ gradient-missing 1: dW1 = np.zeros_like(W1)
    db1 = delta1.mean(axis=0)
    #~ bias-summed 1: db1 = delta1.sum(axis=0)
    #~ bias-not-summed 1: db1 = delta1
    #~ bias-first-example 1: db1 = delta1[0]
    return [dW1, dW2], [db1, db2]
    #~ layers-reversed: return [dW2, dW1], [db2, db1]
