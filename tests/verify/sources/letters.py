# fmt: off
#~ function: gradient
#~ net: sigmoid sigmoid squared_error
#~ run: (lambda g: ([np.array(p) for p in g[0]], [np.array(p) for p in g[1]]))(gradient(w, b, x, y))
import math


def s(t):
    return 1 / (1 + math.exp(-t))


def ds(t):
    return s(t) * (1 - s(t))


def gradient(w, b, x, y):
    m = len(x)
    L = len(w)
    dw = [[[0.0 for k in range(len(w[l][0]))] for j in range(len(w[l]))] for l in range(L)]
    db = [[0.0 for j in range(len(w[l]))] for l in range(L)]
    for e in range(m):
        a = [list(x[e])]
        z = []
        for l in range(L):
            row = []
            for j in range(len(w[l])):
                t = b[l][j]
                for k in range(len(w[l][j])):
                    t += w[l][j][k] * a[l][k]
                row.append(t)
            z.append(row)
            a.append([s(t) for t in row])
        dC_da = [2 * (a[L][j] - y[e][j]) for j in range(len(a[L]))]
        #~ y-minus-a: dC_da = [2 * (y[e][j] - a[L][j]) for j in range(len(a[L]))]
        #~ factor-half: dC_da = [(a[L][j] - y[e][j]) for j in range(len(a[L]))]
        #~ sign-flipped: dC_da = [-2 * (a[L][j] - y[e][j]) for j in range(len(a[L]))]
        for l in range(L - 1, -1, -1):
            #~ gradient-missing 1: for l in range(L - 1, 0, -1):
            delta = [0.0] * len(z[l])
            for j in range(len(z[l])):
                delta[j] = dC_da[j] * ds(z[l][j])
                #~ sigma-prime-missing: delta[j] = dC_da[j]
                #~ sigma-prime-of-a: delta[j] = dC_da[j] * ds(a[l + 1][j])
                #~ sigma-for-sigma-prime: delta[j] = dC_da[j] * s(z[l][j])
                #~ sigma-prime-twice: delta[j] = dC_da[j] * ds(z[l][j]) * ds(z[l][j])
                db[l][j] += delta[j] / m
                #~ bias-summed: db[l][j] += delta[j]
                #~ bias-first-example none: db[l][j] = delta[j]
                for k in range(len(a[l])):
                    dw[l][j][k] += a[l][k] * delta[j] / m
                    #~ a-of-same-layer equal: dw[l][j][k] += a[l + 1][k] * delta[j] / m
                    #~ gradient-transposed equal: dw[l][k][j] += a[l][k] * delta[j] / m
                    #~ index-clash equal: dw[l][j][k] += a[l][k] * delta[k] / m
            if l > 0:
                dC_da = []
                for j in range(len(a[l])):
                    total = 0.0
                    for i in range(len(z[l])):
                        total += w[l][i][j] * delta[i]
                        #~ w-not-transposed 1 equal: total += w[l][j][i] * delta[i]
                        #~ weights-of-wrong-layer 1 equal: total += w[l - 1][i][j] * delta[i]
                    dC_da.append(total)
    return dw, db
