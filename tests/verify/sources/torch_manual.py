# fmt: off
#~ function: manual_backward
#~ net: tanh sigmoid mean_squared_error
#~ torch
#~ run: manual_backward(w, b, x, y)
import torch


def manual_backward(weights, biases, x, y):
    w1, w2 = weights
    b1, b2 = biases
    with torch.no_grad():
        z1 = x.mm(w1.t()) + b1
        h = torch.tanh(z1)
        z2 = h.mm(w2.t()) + b2
        out = torch.sigmoid(z2)
        grad_out = 2.0 * (out - y) / y.numel()
        #~ y-minus-a: grad_out = 2.0 * (y - out) / y.numel()
        #~ factor-half: grad_out = (out - y) / y.numel()
        #~ output-sum: grad_out = 2.0 * (out - y) / y.size(0)
        grad_z2 = grad_out * out * (1 - out)
        #~ sigma-prime-missing 2: grad_z2 = grad_out
        #~ sigma-for-sigma-prime 2: grad_z2 = grad_out * out
        grad_w2 = grad_z2.t().mm(h)
        #~ gradient-transposed 2: grad_w2 = h.t().mm(grad_z2)
        #~ a-of-wrong-layer 2 equal: grad_w2 = grad_z2.t().mm(x)
        #~ z-for-a 2: grad_w2 = grad_z2.t().mm(z1)
        grad_b2 = grad_z2.sum(dim=0)
        #~ bias-averaged 2: grad_b2 = grad_z2.mean(dim=0)
        #~ bias-first-example 2: grad_b2 = grad_z2[0]
        grad_h = grad_z2.mm(w2)
        #~ w-not-transposed 1 equal: grad_h = grad_z2.mm(w2.t())
        grad_z1 = grad_h * (1 - h.pow(2))
        #~ sigma-prime-missing 1: grad_z1 = grad_h
        #~ sigma-for-sigma-prime 1: grad_z1 = grad_h * h
        #~ sigma-prime-of-a 1: grad_z1 = grad_h * (1 - torch.tanh(h).pow(2))
        grad_w1 = grad_z1.t().mm(x)
        #~ gradient-transposed 1: grad_w1 = x.t().mm(grad_z1)
        #~ gradient-missing 1: grad_w1 = torch.zeros_like(w1)
        grad_b1 = grad_z1.sum(dim=0)
        #~ bias-not-summed 1: grad_b1 = grad_z1
    return [grad_w1, grad_w2], [grad_b1, grad_b2]
