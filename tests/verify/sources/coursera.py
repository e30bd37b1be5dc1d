# ruff: noqa: E501, F841, I001, RET504, RUF059
# fmt: off
#~ function: model_gradients
#~ net: tanh sigmoid binary_cross_entropy
#~ run: (lambda g: ([g["dW1"], g["dW2"]], [g["db1"].ravel(), g["db2"].ravel()]))(model_gradients({"W1": w[0], "b1": b[0].reshape(-1, 1), "W2": w[1], "b2": b[1].reshape(-1, 1)}, x.T, y.T))
import numpy as np

def forward_propagation(X, parameters):
    W1 = parameters['W1']
    b1 = parameters['b1']
    W2 = parameters['W2']
    b2 = parameters['b2']
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    assert(A2.shape == (W2.shape[0], X.shape[1]))
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache

def model_gradients(parameters, X, Y):
    A2, cache = forward_propagation(X, parameters)
    return backward_propagation(parameters, cache, X, Y)

def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    A1 = cache["A1"]
    A2 = cache["A2"]
    dZ2 = A2 - Y
    #~ y-minus-a: dZ2 = Y - A2
    #~ sigma-prime-kept 2: dZ2 = (A2 - Y) * A2 * (1 - A2)
    #~ batch-mean-twice: dZ2 = (A2 - Y) / m
    #~ factor-two: dZ2 = 2 * (A2 - Y)
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    #~ z-for-a 2: dW2 = (1 / m) * np.dot(dZ2, cache["Z1"].T)
    #~ batch-mean-missing 2: dW2 = np.dot(dZ2, A1.T)
    #~ gradient-transposed 2: dW2 = (1 / m) * np.dot(A1, dZ2.T)
    #~ a-of-same-layer 2 equal: dW2 = (1 / m) * np.dot(dZ2, A2.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    #~ bias-summed 2: db2 = np.sum(dZ2, axis=1, keepdims=True)
    #~ bias-not-summed 2: db2 = (1 / m) * dZ2
    #~ bias-first-example 2: db2 = dZ2[:, 0:1]
    dZ1 = np.multiply(np.dot(W2.T, dZ2), (1 - np.power(A1, 2)))
    #~ sigma-prime-missing 1: dZ1 = np.dot(W2.T, dZ2)
    #~ sigma-for-sigma-prime 1: dZ1 = np.multiply(np.dot(W2.T, dZ2), A1)
    #~ w-not-transposed 1 equal: dZ1 = np.multiply(np.dot(W2, dZ2), (1 - np.power(A1, 2)))
    #~ sigma-prime-twice 1: dZ1 = np.multiply(np.dot(W2.T, dZ2), (1 - np.power(A1, 2))) * (1 - np.power(A1, 2))
    #~ sigma-prime-of-a 1: dZ1 = np.multiply(np.dot(W2.T, dZ2), (1 - np.power(np.tanh(A1), 2)))
    #~ weights-of-wrong-layer 1 equal: dZ1 = np.multiply(np.dot(W1.T, dZ2), (1 - np.power(A1, 2)))
    #~ sign-flipped 1: dZ1 = -np.multiply(np.dot(W2.T, dZ2), (1 - np.power(A1, 2)))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    #~ a-of-same-layer 1 equal: dW1 = (1 / m) * np.dot(dZ1, A1.T)
    #~ gradient-missing 1: dW1 = np.zeros(W1.shape)
    #~ gradient-transposed 1: dW1 = ((1 / m) * np.dot(dZ1, X.T)).T
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
    #~ bias-averaged 1 none: db1 = np.mean(dZ1, axis=1, keepdims=True) / m
    #~ bias-summed 1: db1 = np.sum(dZ1, axis=1, keepdims=True)
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads
