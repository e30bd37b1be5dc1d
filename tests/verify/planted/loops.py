"""Style 1: an example at a time, a neuron at a time, in the note's letters: N3, N10 and N11 as sums over indices.

Plain Python numbers and lists; ∂C/∂a^l_j is kept, and σ′ ∂C/∂a is written out where it is used. Returns
[w1, b1, …] as nested lists, as arrays, or one flat list in ∇C's order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .problem import RIGHT, Plan, Problem

Array = Any
Numbers = list[float]
LAYOUTS = ("nested lists", "arrays", "flat")
UNSUPPORTED = {"post-update-weights", "bias-not-summed"}  # each example has its own pass: nothing to do it in


def phi(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2


F = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    "gelu": lambda z: z * phi(z),
    "identity": lambda z: z,
}
F_PRIME = {
    "sigmoid": lambda z: F["sigmoid"](z) * (1 - F["sigmoid"](z)),
    "tanh": lambda z: 1 - math.tanh(z) ** 2,
    "relu": lambda z: 1.0 if z > 0 else 0.0,
    "leaky_relu": lambda z: 1.0 if z > 0 else 0.01,
    "softplus": lambda z: 1 / (1 + math.exp(-z)),
    "gelu": lambda z: phi(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    "identity": lambda z: 1.0,
}


class Example:
    """One example's pass: z[l], a[l], dC_da[l] and dC_dz[l], from layer 1 (a from 0)."""

    def __init__(self, given: Problem, plan: Plan, w: Any, b: Any, row: int) -> None:
        self.given, self.plan, self.w, self.b, self.row = given, plan, w, b, row
        self.L, self.n = given.L, given.sizes
        self.y = given.y[row].tolist()
        self.forward(given.x[row].tolist())
        self.dC_da: list[Any] = [None] * (self.L + 1)
        self.dC_dz: list[Any] = [None] * (self.L + 1)
        for l in range(self.L, 0, -1):
            if l == self.L:
                self.dC_da[l] = [self.cost_slope(j) for j in range(self.n[l])]
            else:
                self.dC_da[l] = [self.over_paths(l, j) * self.mask_back(l, j) for j in range(self.n[l])]
            self.dC_dz[l] = [self.through(l, j) for j in range(self.n[l])]

    def forward(self, x: Numbers) -> None:
        self.z, self.a = [x], [x]
        for l in range(1, self.L + 1):
            z = []
            for j in range(self.n[l]):
                total = self.b[l][j]
                for k in range(self.n[l - 1]):
                    total += self.w[l][j][k] * self.a[l - 1][k]
                z.append(total)
            name = self.given.activations[l - 1]
            if name == "softmax":
                powers = [math.exp(one - max(z)) for one in z]
                a = [power / sum(powers) for power in powers]
            else:
                a = [F[name](one) for one in z]
            self.z.append(z)
            self.a.append([one * self.mask(l, j) for j, one in enumerate(a)])

    def mask(self, l: int, j: int) -> float:
        masks = self.given.masks
        return 1.0 if masks is None or masks[l] is None else float(masks[l][self.row, j])

    def mask_back(self, l: int, j: int) -> float:
        return 1.0 if self.plan.at("dropout-mask-missing", l) else self.mask(l, j)

    def cost_slope(self, j: int) -> float:
        """∂C_x/∂a^L_j."""
        a, y, cost = self.a[self.L][j], self.y[j], self.given.cost
        if self.plan.has("output-not-cost"):
            return 1.0 if self.plan.how["output"] == "sum" or j == 0 else 0.0
        error = y - a if self.plan.has("y-minus-a") else a - y
        slope = {
            "squared_error": 2 * error,
            "half_squared_error": error,
            "mean_squared_error": 2 * error / self.n[self.L],
            "absolute_error": float(np.sign(error)),
            "log_cosh": math.tanh(error),
        }.get(cost)
        if slope is None:
            slope = error / (a * (1 - a)) if cost == "binary_cross_entropy" else -y / a
            if cost == "cross_entropy" and self.plan.has("y-minus-a"):
                slope = -slope
        if self.plan.has("output-mean"):
            slope /= self.n[self.L]
        if self.plan.has("output-sum"):
            slope *= self.n[self.L]
        return slope

    def slope(self, l: int, j: int) -> float:
        """σ′(z^l_j)."""
        name, plan, z = self.given.activations[l - 1], self.plan, self.z[l][j]
        if name == "softmax":
            return self.a[l][j] * (1 - self.a[l][j])
        if plan.at("sigma-prime-missing", l):
            return 1.0
        if plan.at("sigma-prime-of-a", l):
            return F_PRIME[name](F[name](z))
        if plan.at("sigma-for-sigma-prime", l):
            return F[name](z)
        if plan.at("sigma-prime-of-wrong-layer", l):
            return F_PRIME[name](self.z[plan.how["other z"]][j])
        return F_PRIME[name](z)

    def through(self, l: int, j: int) -> float:
        """∂C_x/∂z^l_j; of a softmax the sum over i stays."""
        plan, a, g = self.plan, self.a[l], self.dC_da[l]
        if plan.at("sigma-prime-kept", l):
            if plan.how["kept"] == "jacobian":
                mean = sum((a[i] - self.y[i]) * a[i] for i in range(self.n[l]))
                return a[j] * ((a[j] - self.y[j]) - mean)
            return (a[j] - self.y[j]) * a[j] * (1 - a[j])
        if self.given.activations[l - 1] == "softmax":
            if plan.at("sigma-prime-missing", l):
                return g[j]
            if not plan.at("softmax-diagonal-only", l):
                return sum(g[i] * a[i] * ((1.0 if i == j else 0.0) - a[j]) for i in range(self.n[l]))
        delta = self.slope(l, j) * g[j]
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "delta":
            delta *= self.slope(l, j)
        return delta

    def over_paths(self, l: int, j: int) -> float:
        """∂C_x/∂a^l_j: a sum over the neurons i of layer l + 1."""
        plan = self.plan
        w = self.w[plan.how["other w"] if plan.at("weights-of-wrong-layer", l) else l + 1]
        terms = []
        for i in range(self.n[l + 1]):
            w_ij = w[j][i] if plan.at("w-not-transposed", l) else w[i][j]
            terms.append(w_ij * self.dC_dz[l + 1][i])
        if plan.at("max-over-paths", l):
            largest = max(terms, key=abs)
            return abs(largest) if plan.how["largest"] == "absolute" else largest
        return sum(terms)

    def dC_dw(self, l: int, j: int, k: int) -> float:
        plan, a = self.plan, self.a[l - 1]
        if plan.at("a-of-same-layer", l):
            a = self.a[l]
        if plan.at("a-of-wrong-layer", l):
            a = self.a[plan.how["other a"]]
        if plan.at("z-for-a", l):
            a = self.z[l - 1]
        if plan.at("index-clash", l):
            return a[k] * self.slope(l, j) * self.dC_da[l][k]
        again = plan.at("sigma-prime-twice", l) and plan.how["twice"] != "delta"
        return a[k] * self.dC_dz[l][j] * (self.slope(l, j) if again else 1.0)

    def dC_db(self, l: int, j: int) -> float:
        again = self.plan.at("sigma-prime-twice", l) and self.plan.how["twice"] == "gradient"
        return self.dC_dz[l][j] * (self.slope(l, j) if again else 1.0)


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "arrays") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    L, n, m = given.L, given.sizes, len(given.x)
    w = [None, *(one.tolist() for one in given.weights)]
    b = [None, *(one.tolist() for one in given.biases)]
    examples = [Example(given, plan, w, b, row) for row in range(m)]
    if plan.has("one-example"):  # dw = … where dw += … belongs: the last is what stays
        examples = examples[-1:]
    grads: list[Any] = []
    for l in range(1, L + 1):
        dw = [[0.0] * n[l - 1] for _ in range(n[l])]
        db = [0.0] * n[l]
        for place, one in enumerate(examples):
            for j in range(n[l]):
                if place == 0 or not plan.at("bias-first-example", l):
                    db[j] += one.dC_db(l, j)
                for k in range(n[l - 1]):
                    if plan.at("gradient-transposed", l):
                        dw[k][j] += one.dC_dw(l, j, k)
                    else:
                        dw[j][k] += one.dC_dw(l, j, k)
        grads += finish(given, plan, l, dw, db)
    if plan.has("accumulated"):
        before = gradients(given.of_earlier(), plan.without("accumulated"), "arrays")
        grads = [(np.array(g) + np.array(e)).tolist() for g, e in zip(grads, before, strict=True)]
    if plan.has("layers-reversed"):
        grads = [g for l in range(L, 0, -1) for g in grads[2 * l - 2 : 2 * l]]
    if layout == "nested lists":
        return grads
    arrays = [np.array(g) for g in grads]
    return arrays if layout == "arrays" else np.concatenate([g.reshape(-1) for g in arrays])


def finish(given: Problem, plan: Plan, l: int, dw: Any, db: Any) -> tuple[Any, Any]:
    """Divides by m, and adds the penalty."""
    m, c = len(given.x), 1.0
    of_w, of_b = divisors(plan, l, m)
    for name, factor in (
        ("factor-two", 2.0),
        ("factor-half", 0.5),
        ("sign-flipped", -1.0),
        ("gradient-missing", 0.0),
        ("unknown-factor", plan.how.get("factor", 1.0)),
    ):
        if plan.at(name, l):
            c *= factor
    rate = given.l2
    for name, factor in (("missing", 0.0), ("doubled", 2.0), ("not-scaled", float(m)), ("sign", -1.0)):
        if plan.at(f"penalty-{name}", l):
            rate = factor * given.l2
    if plan.at("penalty-unknown", l):
        rate = plan.how["penalty"]
    on_b = given.l2 if plan.at("penalty-on-biases", l) else 0.0
    w, b = given.weights[l - 1].tolist(), given.biases[l - 1].tolist()
    dw = [[c * g / of_w + rate * w[j][k] for k, g in enumerate(row)] for j, row in enumerate(dw)]
    return dw, [c * g / of_b + on_b * b[j] for j, g in enumerate(db)]


def divisors(plan: Plan, l: int, m: int) -> tuple[int, int]:
    """What the sums for w and for b are divided by."""
    if plan.at("batch-mean-missing", l):
        return 1, 1
    if plan.at("batch-mean-twice", l):
        return m * m, m * m
    if plan.at("bias-summed", l) or plan.at("bias-first-example", l):
        return m, 1
    if plan.has("bias-averaged"):
        return 1, m if plan.at("bias-averaged", l) else 1
    return m, m


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    if layout == "flat":
        shapes = [s for w, b in zip(given.weights, given.biases, strict=True) for s in (w.shape, b.shape)]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        theirs = [part.reshape(s) for part, s in zip(np.split(theirs, ends), shapes, strict=True)]
    arrays = [np.array(g) for g in theirs]
    return arrays[::2], arrays[1::2]
