# ruff: noqa: B905, I001
# fmt: off
#~ function: backprop
#~ net: tanh tanh softmax cross_entropy
#~ run: (lambda g: ([p.T for p in g[0]], g[1]))(backprop([p.T for p in w], b, x, y))
import numpy as np

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def tanh_grad(a):
    return 1 - a**2

def backprop(weights, biases, X, Y):
    N = X.shape[0]
    acts = [X]
    pre = []
    for i, (W, b) in enumerate(zip(weights, biases)):
        h = acts[-1].dot(W) + b
        pre.append(h)
        acts.append(softmax(h) if i == len(weights) - 1 else np.tanh(h))
    dWs, dbs = [], []
    delta = (acts[-1] - Y) / N
    #~ y-minus-a: delta = (Y - acts[-1]) / N
    #~ batch-mean-missing: delta = acts[-1] - Y
    #~ factor-two: delta = 2 * (acts[-1] - Y) / N
    #~ sigma-prime-kept 3: delta = (acts[-1] - Y) * acts[-1] * (1 - acts[-1]) / N
    #~ output-mean: delta = (acts[-1] - Y) / Y.size
    for i in reversed(range(len(weights))):
        dWs.insert(0, acts[i].T.dot(delta))
        #~ a-of-same-layer equal: dWs.insert(0, acts[i + 1].T.dot(delta))
        #~ gradient-transposed: dWs.insert(0, delta.T.dot(acts[i]))
        #~ batch-mean-twice none: dWs.insert(0, acts[i].T.dot(delta) / N)
        dbs.insert(0, delta.sum(axis=0))
        #~ bias-averaged: dbs.insert(0, delta.mean(axis=0))
        #~ bias-not-summed: dbs.insert(0, delta)
        #~ bias-first-example: dbs.insert(0, delta[0])
        if i > 0:
            delta = delta.dot(weights[i].T) * tanh_grad(acts[i])
            #~ sigma-prime-missing 1,2: delta = delta.dot(weights[i].T)
            #~ sigma-for-sigma-prime 1,2: delta = delta.dot(weights[i].T) * acts[i]
            #~ sigma-prime-of-wrong-layer 1,2 equal: delta = delta.dot(weights[i].T) * tanh_grad(acts[i + 1])
            #~ sigma-prime-twice 1,2: delta = delta.dot(weights[i].T) * tanh_grad(acts[i]) * tanh_grad(acts[i])
            #~ w-not-transposed 1,2 equal: delta = delta.dot(weights[i]) * tanh_grad(acts[i])
            #~ weights-of-wrong-layer 1,2 equal: delta = delta.dot(weights[i - 1].T) * tanh_grad(acts[i])
    return dWs, dbs
    #~ layers-reversed: return dWs[::-1], dbs[::-1]
