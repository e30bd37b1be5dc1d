# ruff: noqa: I001
# fmt: off
#~ function: nabla
#~ net: relu relu softmax cross_entropy
#~ run: (lambda g: ([d["W"] for d in g], [d["b"] for d in g]))(nabla([{"W": p, "b": q} for p, q in zip(w, b)], x, y))
import numpy as np

def softmax(v):
    v = np.exp(v - np.max(v, axis=-1, keepdims=True))
    return v / v.sum(axis=-1, keepdims=True)

def relu(v):
    return v * (v > 0)

def d_relu(v):
    return (v > 0).astype(float)

def nabla(layers, x, y):
    outs, sums = [x], []
    for layer in layers[:-1]:
        sums.append(outs[-1] @ layer["W"].T + layer["b"])
        outs.append(relu(sums[-1]))
    last = layers[-1]
    sums.append(outs[-1] @ last["W"].T + last["b"])
    outs.append(softmax(sums[-1]))
    result = [{} for _ in layers]
    batch = len(x)
    k = len(layers) - 1
    delta = outs[-1] - y
    #~ y-minus-a: delta = y - outs[-1]
    #~ unknown-factor: delta = (outs[-1] - y) * 0.3
    #~ batch-mean-twice: delta = (outs[-1] - y) / batch
    while True:
        result[k]["W"] = delta.T @ outs[k] / batch
        #~ a-of-same-layer equal: result[k]["W"] = delta.T @ outs[k + 1] / batch
        #~ z-for-a 2,3 none: result[k]["W"] = delta.T @ sums[k - 1] / batch
        #~ gradient-transposed: result[k]["W"] = outs[k].T @ delta / batch
        result[k]["b"] = delta.sum(axis=0) / batch
        #~ bias-summed: result[k]["b"] = delta.sum(axis=0)
        #~ bias-not-summed: result[k]["b"] = delta / batch
        #~ bias-first-example: result[k]["b"] = delta[0] / 1
        if k == 0:
            break
        delta = delta @ layers[k]["W"]
        #~ w-not-transposed 1,2 equal: delta = delta @ layers[k]["W"].T
        #~ weights-of-wrong-layer 1,2 equal: delta = delta @ layers[k - 1]["W"]
        k -= 1
        delta *= d_relu(sums[k])
        #~ sigma-for-sigma-prime 1,2: delta *= relu(sums[k])
        #~ sigma-prime-of-wrong-layer 1,2 equal: delta *= d_relu(sums[k + 1])
    return result
