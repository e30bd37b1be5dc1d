"""Style 6: PyTorch, a layer being a torch.autograd.Function with a hand-written backward; gradients are in .grad.

w is PyTorch's (n_l, n_{l−1}); the cost is a mean over the examples, so what comes back carries 1/m. Returns
[p.grad for p in parameters], as tensors or as arrays.
"""

from __future__ import annotations

from typing import Any

import torch

from .problem import RIGHT, Plan, Problem

Array = Any
Tensor = Any
LAYOUTS = ("tensors", "arrays", "flat")
# PyTorch refuses a gradient of another shape than its parameter's; and where δ has 1/m in it, the bias's sum is right.
UNSUPPORTED = {"bias-not-summed", "bias-summed"}

SIGMA = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.01),
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
    "identity": lambda z: z,
    "softmax": lambda z: torch.softmax(z, 1),
}


def sigma_prime(name: str, z: Tensor) -> Tensor:
    if name == "sigmoid":
        return torch.sigmoid(z) * torch.sigmoid(-z)
    if name == "tanh":
        return 1 - torch.tanh(z).square()
    if name == "relu":
        return (z > 0).to(z.dtype)
    if name == "leaky_relu":
        return torch.where(z > 0, torch.ones_like(z), torch.full_like(z, 0.01))
    if name == "softplus":
        return torch.sigmoid(z)
    if name == "gelu":
        return (1 + torch.erf(z * 0.5**0.5)) / 2 + z * torch.exp(-z.square() / 2) / (2 * torch.pi) ** 0.5
    return torch.ones_like(z)


class Net:
    """Parameters, and what the layers' backward looks at."""

    def __init__(self, given: Problem, plan: Plan) -> None:
        self.given, self.plan = given, plan
        self.w = [torch.tensor(w, requires_grad=True) for w in given.weights]
        self.b = [torch.tensor(b, requires_grad=True) for b in given.biases]
        self.fused = (given.activations[-1], given.cost) in {
            ("sigmoid", "binary_cross_entropy"),
            ("softmax", "cross_entropy"),
        } and not (plan.slope_at(given.L) or plan.has("output-not-cost"))

    def backward(self, x: Tensor, y: Tensor) -> None:
        """Adds to .grad, as PyTorch does."""
        self.m, self.z, self.a = len(x), [x], [x]
        out = x
        for l in range(1, self.given.L + 1):
            out = Layer.apply(out, self.w[l - 1], self.b[l - 1], self, l)
        CostFunction.apply(out, y, self).backward()

    def mask(self, l: int) -> Tensor | None:
        masks = self.given.masks
        return None if masks is None or masks[l] is None else torch.tensor(masks[l])


class Layer(torch.autograd.Function):
    """a^l from a^{l−1}."""

    @staticmethod
    def forward(ctx: Any, a_prev: Tensor, w: Tensor, b: Tensor, net: Net, l: int) -> Tensor:
        z = torch.nn.functional.linear(a_prev, w, b)
        a = SIGMA[net.given.activations[l - 1]](z)
        mask = net.mask(l)
        out = a if mask is None else a * mask
        net.z.append(z)
        net.a.append(out)
        ctx.net, ctx.l, ctx.a = net, l, a
        ctx.inputs, ctx.w = a_prev.detach(), w
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        net, l, plan = ctx.net, ctx.l, ctx.net.plan
        mask = net.mask(l)
        if mask is not None and not plan.at("dropout-mask-missing", l):
            grad = grad * mask
        delta = to_z(ctx, grad)
        shown = for_w = delta
        if plan.at("sigma-prime-twice", l) and plan.how["twice"] != "delta":
            for_w = delta * slope(ctx)
            shown = for_w if plan.how["twice"] == "gradient" else delta
        grad_w = of_weights(ctx, for_w, grad)
        grad_b = shown.sum(0)
        if plan.at("bias-first-example", l):
            grad_b = shown[0]
        if plan.at("bias-averaged", l):
            grad_b = shown.mean(0)
        if plan.has("post-update-weights"):
            ctx.w.data -= net.given.eta * grad_w
        grad_in = to_inputs(ctx, delta) if l > 1 else None
        return grad_in, *scaled(net, l, grad_w, grad_b), None, None


def slope(ctx: Any) -> Tensor:
    net, l, plan = ctx.net, ctx.l, ctx.net.plan
    name, z = net.given.activations[l - 1], net.z[l]
    if name == "softmax":
        return ctx.a * (1 - ctx.a)
    if plan.at("sigma-for-sigma-prime", l):
        return ctx.a
    if plan.at("sigma-prime-of-a", l):
        return sigma_prime(name, ctx.a)
    if plan.at("sigma-prime-of-wrong-layer", l):
        return sigma_prime(name, net.z[plan.how["other z"]])
    return sigma_prime(name, z)


def to_z(ctx: Any, grad: Tensor) -> Tensor:
    net, l, plan, a = ctx.net, ctx.l, ctx.net.plan, ctx.a
    if l == net.given.L and net.fused:
        if not plan.at("sigma-prime-kept", l):
            return grad
        if plan.how["kept"] == "jacobian":
            return a * (grad - (grad * a).sum(1, keepdim=True))
        return grad * a * (1 - a)
    if plan.at("sigma-prime-missing", l):
        return grad
    if net.given.activations[l - 1] == "softmax" and not plan.at("softmax-diagonal-only", l):
        return a * (grad - (grad * a).sum(1, keepdim=True))
    delta = grad * slope(ctx)
    if plan.at("sigma-prime-twice", l) and plan.how["twice"] == "delta":
        delta = delta * slope(ctx)
    return delta


def of_weights(ctx: Any, delta: Tensor, grad: Tensor) -> Tensor:
    net, l, plan = ctx.net, ctx.l, ctx.net.plan
    inputs = ctx.inputs
    if plan.at("a-of-same-layer", l):
        inputs = net.a[l]
    if plan.at("a-of-wrong-layer", l):
        inputs = net.a[plan.how["other a"]]
    if plan.at("z-for-a", l):
        inputs = net.z[l - 1]
    if plan.at("index-clash", l):
        return slope(ctx).T @ (inputs * grad[:, : inputs.shape[1]])
    if plan.at("gradient-transposed", l):
        return inputs.T @ delta
    return delta.T @ inputs


def to_inputs(ctx: Any, delta: Tensor) -> Tensor:
    net, before, plan = ctx.net, ctx.l - 1, ctx.net.plan
    w = ctx.w.detach()
    if plan.at("weights-of-wrong-layer", before):
        w = net.w[plan.how["other w"] - 1].detach()
    if plan.at("w-not-transposed", before):
        return delta @ w.T
    if plan.at("max-over-paths", before):
        paths = delta.unsqueeze(2) * w
        if plan.how["largest"] == "absolute":
            return paths.abs().amax(1)
        return paths.gather(1, paths.abs().argmax(1, keepdim=True)).squeeze(1)
    return delta @ w


def scaled(net: Net, l: int, grad_w: Tensor, grad_b: Tensor) -> tuple[Tensor, Tensor]:
    plan, c = net.plan, 1.0
    for name, factor in (
        ("batch-mean-missing", net.m),
        ("batch-mean-twice", 1 / net.m),
        ("factor-two", 2),
        ("factor-half", 0.5),
        ("sign-flipped", -1),
        ("gradient-missing", 0),
        ("unknown-factor", plan.how.get("factor", 1)),
    ):
        if plan.at(name, l):
            c *= factor
    rate = net.given.l2
    for name, factor in (("missing", 0), ("doubled", 2), ("not-scaled", net.m), ("sign", -1)):
        if plan.at(f"penalty-{name}", l):
            rate *= factor
    if plan.at("penalty-unknown", l):
        rate = plan.how["penalty"]
    grad_w, grad_b = c * grad_w + rate * net.w[l - 1].detach(), c * grad_b
    if plan.at("penalty-on-biases", l):
        grad_b = grad_b + net.given.l2 * net.b[l - 1].detach()
    return grad_w, grad_b


class CostFunction(torch.autograd.Function):
    """The mean cost of a batch. With a fused pair, what comes back is that of z: (a − y)/m."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, y: Tensor, net: Net) -> Tensor:
        ctx.net, ctx.a, ctx.y = net, a.detach(), y
        return a.sum() * 0  # nobody asks for its value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        net, a, y, plan = ctx.net, ctx.a, ctx.y, ctx.net.plan
        if plan.has("output-not-cost"):
            of_a = torch.zeros_like(a)
            of_a[:, : 1 if plan.how["output"] == "first" else None] = 1
        elif net.fused:
            of_a = a - y
        elif net.given.cost == "binary_cross_entropy":
            of_a = (a - y) / (a * (1 - a))
        elif net.given.cost == "cross_entropy":
            of_a = -y / a
        elif net.given.cost in ("absolute_error", "log_cosh"):
            of_a = torch.sign(a - y) if net.given.cost == "absolute_error" else torch.tanh(a - y)
        else:
            of_a = a - y if net.given.cost == "half_squared_error" else 2 * (a - y)
            if net.given.cost == "mean_squared_error" and not plan.has("output-sum"):
                of_a = of_a / a.shape[1]
        if plan.has("output-mean"):
            of_a = of_a / a.shape[1]
        if plan.has("y-minus-a"):
            of_a = -of_a
        if not (plan.has("bias-averaged") and plan.how["averaged"] == "sum"):
            of_a = of_a / net.m
        return of_a, None, None


def gradients(given: Problem, plan: Plan = RIGHT, layout: str = "tensors") -> Any:
    if plan.has("last-batch"):
        given = given.of_earlier()
    if plan.has("one-example"):
        given = given.of_last()
    net = Net(given, plan)
    if plan.has("accumulated"):
        before = given.of_earlier()
        net.backward(torch.tensor(before.x), torch.tensor(before.y))  # and no zero_grad()
    net.backward(torch.tensor(given.x), torch.tensor(given.y))
    pairs = [(w.grad, b.grad) for w, b in zip(net.w, net.b, strict=True)]
    if plan.has("layers-reversed"):
        pairs.reverse()
    grads = [g for pair in pairs for g in pair]
    if layout == "flat":
        return torch.cat([g.flatten() for g in grads])
    return grads if layout == "tensors" else [g.numpy() for g in grads]


def unpack(theirs: Any, given: Problem, layout: str) -> tuple[list[Array], list[Array]]:
    if layout == "flat":
        sizes = [n for w, b in zip(given.weights, given.biases, strict=True) for n in (w.size, b.size)]
        shapes = [s for w, b in zip(given.weights, given.biases, strict=True) for s in (w.shape, b.shape)]
        theirs = [part.reshape(s) for part, s in zip(torch.split(theirs, sizes), shapes, strict=True)]
    arrays = [g.numpy() if isinstance(g, torch.Tensor) else g for g in theirs]
    return arrays[::2], arrays[1::2]
