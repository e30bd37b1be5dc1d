# fmt: off
#~ function: compute
#~ net: leaky_relu identity mean_squared_error
#~ run: (lambda g: (g["weights"], g["biases"]))(compute(w, b, x, y))
import numpy as np

ALPHA = 0.01

def leaky(u):
    return np.where(u > 0, u, ALPHA * u)

def leaky_slope(u):
    return np.where(u > 0, 1, ALPHA)

def compute(weights, biases, inputs, targets):
    hidden_in = inputs @ weights[0].T + biases[0]
    hidden = leaky(hidden_in)
    outputs = hidden @ weights[1].T + biases[1]
    error = outputs - targets
    #~ y-minus-a: error = targets - outputs
    d_out = 2 * error / error.size
    #~ output-sum: d_out = 2 * error / len(error)
    #~ factor-half: d_out = error / error.size
    #~ factor-two: d_out = 4 * error / error.size
    d_hidden = d_out @ weights[1] * leaky_slope(hidden_in)
    #~ sigma-prime-missing 1: d_hidden = d_out @ weights[1]
    #~ sigma-for-sigma-prime 1: d_hidden = d_out @ weights[1] * leaky(hidden_in)
    #~ w-not-transposed 1 equal: d_hidden = d_out @ weights[1].T * leaky_slope(hidden_in)
    #~ sigma-prime-twice 1: d_hidden = d_out @ weights[1] * leaky_slope(hidden_in) * leaky_slope(hidden_in)
    return {
        "weights": [d_hidden.T @ inputs, d_out.T @ hidden],
        #~ a-of-same-layer 1 equal: "weights": [d_hidden.T @ hidden, d_out.T @ hidden],
        #~ gradient-transposed 1: "weights": [inputs.T @ d_hidden, d_out.T @ hidden],
        #~ z-for-a 2: "weights": [d_hidden.T @ inputs, d_out.T @ hidden_in],
        "biases": [d_hidden.sum(axis=0), d_out.sum(axis=0)],
        #~ bias-averaged 1: "biases": [d_hidden.mean(axis=0), d_out.sum(axis=0)],
        #~ bias-not-summed 1: "biases": [d_hidden, d_out.sum(axis=0)],
        #~ bias-first-example 2: "biases": [d_hidden.sum(axis=0), d_out[0]],
    }
