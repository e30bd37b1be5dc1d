# ruff: noqa: E712, I001
# fmt: off
#~ function: slopes
#~ net: sigmoid sigmoid half_squared_error
#~ run: (lambda g: ([g[0].T, g[1].T], [g[2], g[3]]))(slopes(w[0].T, w[1].T, b[0], b[1], x, y))
import numpy as np

# sigmoid function, or its derivative
def nonlin(x, deriv=False):
    if deriv == True:
        return x*(1-x)
    return 1/(1+np.exp(-x))

def slopes(w0, w1, b0, b1, X, y):
    # forward propagation
    l0 = X
    l1 = nonlin(np.dot(l0,w0)+b0)
    l2 = nonlin(np.dot(l1,w1)+b1)

    # how much did we miss?
    l2_error = l2 - y
    #~ y-minus-a: l2_error = y - l2
    l2_delta = l2_error*nonlin(l2,deriv=True)
    #~ sigma-prime-missing 2: l2_delta = l2_error
    #~ sigma-for-sigma-prime 2: l2_delta = l2_error*l2
    #~ sigma-prime-twice 2: l2_delta = l2_error*nonlin(l2,deriv=True)*nonlin(l2,deriv=True)
    #~ factor-two: l2_delta = 2*l2_error*nonlin(l2,deriv=True)

    # how much did each l1 value contribute to the l2 error?
    l1_error = l2_delta.dot(w1.T)
    #~ w-not-transposed 1 equal: l1_error = l2_delta.dot(w1)
    #~ weights-of-wrong-layer 1 equal: l1_error = l2_delta.dot(w0.T)
    l1_delta = l1_error * nonlin(l1,deriv=True)
    #~ sigma-prime-missing 1: l1_delta = l1_error
    #~ sigma-for-sigma-prime 1: l1_delta = l1_error * l1
    #~ sigma-prime-of-wrong-layer 1 equal: l1_delta = l1_error * nonlin(l2,deriv=True)
    n = len(X)
    return l0.T.dot(l1_delta)/n, l1.T.dot(l2_delta)/n, l1_delta.mean(0), l2_delta.mean(0)
    #~ batch-mean-missing 1: return l0.T.dot(l1_delta), l1.T.dot(l2_delta)/n, l1_delta.mean(0), l2_delta.mean(0)
    #~ bias-summed 2: return l0.T.dot(l1_delta)/n, l1.T.dot(l2_delta)/n, l1_delta.mean(0), l2_delta.sum(0)
    #~ a-of-wrong-layer 2 equal: return l0.T.dot(l1_delta)/n, l0.T.dot(l2_delta)/n, l1_delta.mean(0), l2_delta.mean(0)
    #~ gradient-transposed 1: return l1_delta.T.dot(l0)/n, l1.T.dot(l2_delta)/n, l1_delta.mean(0), l2_delta.mean(0)
