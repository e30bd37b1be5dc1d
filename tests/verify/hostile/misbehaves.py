"""A learner's file whose functions misbehave, each in its own way; ``right`` is the gradient that they start from."""
# ruff: noqa: NPY002, PLW2901, SIM105 (written as learners write)

import ctypes
import os
import subprocess
import sys
import time
import warnings

import numpy as np

KEPT = []
BEFORE = []


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def right(weights, biases, x, y):
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        a.append(sigmoid(a[-1] @ w.T + b))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    dw, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dw.insert(0, delta.T @ a[l] / len(x))
        db.insert(0, delta.mean(axis=0))
        delta = (delta @ weights[l]) * a[l] * (1 - a[l])
    return dw, db


def raises(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    return dw @ db  # here


def raises_a_name(weights, biases, x, y):
    return right(weights, biases, x, y) + missing_name  # noqa: F821


def raises_in_str(weights, biases, x, y):
    class Rude(Exception):
        def __str__(self):
            raise ValueError

    raise Rude


def raises_colours(weights, biases, x, y):
    raise ValueError("\x1b[31mred\x1b[0m \udcff")


def hangs(weights, biases, x, y):
    while True:
        pass


def hangs_and_catches(weights, biases, x, y):
    while True:
        try:
            time.sleep(0.001)
        except:  # noqa: E722
            pass


def prints(weights, biases, x, y):
    print("epoch 1 ...")
    return right(weights, biases, x, y)


def prints_much(weights, biases, x, y):
    for _ in range(2000):
        sys.stdout.buffer.write(b"x" * 1000)
    return right(weights, biases, x, y)


def asks(weights, biases, x, y):
    input("which layer? ")
    return right(weights, biases, x, y)


def weights_only(weights, biases, x, y):
    return right(weights, biases, x, y)[0]


def one_number(weights, biases, x, y):
    return 3.0


def returns_none(weights, biases, x, y):
    right(weights, biases, x, y)


def returns_text(weights, biases, x, y):
    return "the gradients"


def returns_itself(weights, biases, x, y):
    found = []
    found.append(found)
    return found


def returns_nan(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    dw[1][0, 2] = np.log(-1.0)
    return dw, db


def returns_infinity(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    db[0][1] = -np.inf
    return dw, db


def returns_integers(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    return [(1e6 * w).astype(int) for w in dw], [(1e6 * b).astype(int) for b in db]


def returns_complex(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    return [w + 0j for w in dw], db


def generates(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    yield from dw
    yield from db


def generates_without_end(weights, biases, x, y):
    while True:
        yield 1.0


def changes_weights(weights, biases, x, y):
    found = right(weights, biases, x, y)
    weights[0] -= 0.1 * found[0][0]
    return found


def changes_x(weights, biases, x, y):
    x *= 2
    return right(weights, biases, x, y)


def warns(weights, biases, x, y):
    warnings.warn("overflow encountered in exp", RuntimeWarning, stacklevel=1)
    return right(weights, biases, x, y)


def recurses(weights, biases, x, y):
    return recurses(weights, biases, x, y)


def exits(weights, biases, x, y):
    sys.exit(1)


async def awaits(weights, biases, x, y):
    return right(weights, biases, x, y)


def accumulates(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    if not KEPT:
        KEPT.extend([*dw, *db])
    else:
        for kept, new in zip(KEPT, [*dw, *db], strict=True):
            kept += new
    return KEPT


def lags(weights, biases, x, y):
    BEFORE.append((x, y))
    return right(weights, biases, *BEFORE[-2:][0])


def rolls_dice(weights, biases, x, y):
    dw, db = right(weights, biases, x, y)
    return [w * np.random.rand() for w in dw], db


def sets_state(weights, biases, x, y):
    np.seterr(all="raise")
    np.random.seed(7)
    sys.setrecursionlimit(5000)
    return right(weights, biases, x, y)


def ends_the_process(weights, biases, x, y):
    os._exit(3)


def crashes(weights, biases, x, y):
    ctypes.string_at(0)  # here


def takes_memory(weights, biases, x, y):
    return np.ones((60_000, 60_000))


def leaves_a_process(weights, biases, x, y):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(f"child {child.pid}")
    return right(weights, biases, x, y)


def cannot_be_interrupted(weights, biases, x, y):
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    while True:
        pass


NOT_A_FUNCTION = [1, 2]
