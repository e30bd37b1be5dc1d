"""A right gradient by hand in PyTorch, which takes nothing but tensors."""

import torch


def gradients(weights, biases, x, y):
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        a.append(torch.sigmoid(a[-1].mm(w.t()) + b))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    dw, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dw.insert(0, delta.t().mm(a[l]) / len(x))
        db.insert(0, delta.mean(dim=0))
        delta = delta.mm(weights[l]) * a[l] * (1 - a[l])
    return dw, db
