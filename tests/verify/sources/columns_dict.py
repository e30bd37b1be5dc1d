# ruff: noqa: E501, I001
# fmt: off
#~ function: backward_propagation
#~ net: relu relu sigmoid binary_cross_entropy
#~ run: (lambda g: ([g["dW%d" % l] for l in (1, 2, 3)], [g["db%d" % l] for l in (1, 2, 3)]))(backward_propagation(dict([("W%d" % (l + 1), w[l]) for l in range(3)] + [("b%d" % (l + 1), b[l].reshape(-1, 1)) for l in range(3)]), x.T, y.T))
import numpy as np

def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))

def relu(Z):
    return np.maximum(0, Z)

def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ

def forward_propagation(parameters, X):
    L = len(parameters) // 2
    cache = {"A0": X}
    for l in range(1, L + 1):
        cache["Z" + str(l)] = np.dot(parameters["W" + str(l)], cache["A" + str(l - 1)]) + parameters["b" + str(l)]
        if l < L:
            cache["A" + str(l)] = relu(cache["Z" + str(l)])
        else:
            cache["A" + str(l)] = sigmoid(cache["Z" + str(l)])
    return cache

def backward_propagation(parameters, X, Y):
    L = len(parameters) // 2
    m = X.shape[1]
    cache = forward_propagation(parameters, X)
    grads = {}
    dZ = cache["A" + str(L)] - Y
    #~ y-minus-a: dZ = Y - cache["A" + str(L)]
    #~ sign-flipped: dZ = -(cache["A" + str(L)] - Y)
    #~ factor-two: dZ = 2 * (cache["A" + str(L)] - Y)
    #~ sigma-prime-kept 3: dZ = (cache["A" + str(L)] - Y) * cache["A" + str(L)] * (1 - cache["A" + str(L)])
    #~ batch-mean-twice: dZ = (cache["A" + str(L)] - Y) / m
    #~ unknown-factor: dZ = 0.1 * (cache["A" + str(L)] - Y)
    for l in range(L, 0, -1):
        #~ gradient-missing none: for l in range(L, 1, -1):
        grads["dW" + str(l)] = 1 / m * np.dot(dZ, cache["A" + str(l - 1)].T)
        #~ a-of-same-layer 1,2,3 equal: grads["dW" + str(l)] = 1 / m * np.dot(dZ, cache["A" + str(l)].T)
        #~ gradient-transposed 1,2,3: grads["dW" + str(l)] = 1 / m * np.dot(cache["A" + str(l - 1)], dZ.T)
        grads["db" + str(l)] = 1 / m * np.sum(dZ, axis=1, keepdims=True)
        #~ bias-summed 1,2,3: grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True)
        #~ bias-not-summed 1,2,3: grads["db" + str(l)] = 1 / m * dZ
        #~ bias-first-example 1,2,3: grads["db" + str(l)] = dZ[:, :1]
        if l > 1:
            dA = np.dot(parameters["W" + str(l)].T, dZ)
            #~ w-not-transposed 1,2 equal: dA = np.dot(parameters["W" + str(l)], dZ)
            #~ weights-of-wrong-layer 1,2 equal: dA = np.dot(parameters["W" + str(l - 1)].T, dZ)
            dZ = dA * (cache["Z" + str(l - 1)] > 0)
            #~ sigma-prime-missing 1,2: dZ = dA
            #~ sigma-prime-of-wrong-layer 1,2 equal: dZ = dA * (cache["Z" + str(l)] > 0)
            #~ sigma-for-sigma-prime 1,2: dZ = dA * cache["A" + str(l - 1)]
            #~ factor-half none: dZ = 0.5 * dA * (cache["Z" + str(l - 1)] > 0)
    return grads
