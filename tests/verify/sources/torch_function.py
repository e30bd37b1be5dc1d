# ruff: noqa: B905
# fmt: off
#~ function: gradients
#~ net: sigmoid sigmoid half_squared_error
#~ torch
#~ run: gradients(w, b, x, y)
import torch


class Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        out = torch.sigmoid(x @ weight.t() + bias)
        ctx.save_for_backward(x, weight, out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        x, weight, out = ctx.saved_tensors
        delta = grad_output * out * (1 - out)
        #~ sigma-prime-missing: delta = grad_output
        #~ sigma-for-sigma-prime: delta = grad_output * out
        #~ sign-flipped none: delta = -grad_output * out * (1 - out)
        return delta @ weight, delta.t() @ x, delta.sum(0)
        #~ w-not-transposed 1 equal: return delta @ weight.t(), delta.t() @ x, delta.sum(0)
        #~ gradient-transposed none: return delta @ weight, x.t() @ delta, delta.sum(0)
        #~ bias-averaged: return delta @ weight, delta.t() @ x, delta.mean(0)


class HalfSquares(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, y):
        ctx.save_for_backward(a, y)
        return ((a - y) ** 2).sum() / (2 * len(a))

    @staticmethod
    def backward(ctx, grad_output):
        a, y = ctx.saved_tensors
        return grad_output * (a - y) / len(a), None
        #~ y-minus-a: return grad_output * (y - a) / len(a), None
        #~ factor-two: return grad_output * 2 * (a - y) / len(a), None
        #~ batch-mean-missing: return grad_output * (a - y), None


def gradients(weights, biases, x, y):
    ws = [w.clone().requires_grad_() for w in weights]
    bs = [b.clone().requires_grad_() for b in biases]
    a = x
    for w, b in zip(ws, bs):
        a = Layer.apply(a, w, b)
    HalfSquares.apply(a, y).backward()
    return [w.grad for w in ws], [b.grad for b in bs]
