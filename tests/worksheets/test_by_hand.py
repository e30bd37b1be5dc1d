"""The numbers that a sheet prints suffice: it is worked out from its plain data alone, as a hand would."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from backlit.worksheets import Sheet, make, mark

from .sheets import Plain, model, plain, rounded

SLOPES = {
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z, a: a * (1 - a)),
    "relu": (lambda z: max(0.0, z), lambda z, a: float(z > 0)),
    "identity": (lambda z: z, lambda z, a: 1.0),
    "tanh": (math.tanh, lambda z, a: 1 - a * a),
}


class ByHand:
    """A sheet's numbers worked out from its plain data, rounded on the way; no code is shared."""

    def __init__(self, exercise: Plain, decimals: int) -> None:
        net = exercise["network"]
        self.net, self.decimals = net, decimals
        self.z: list[list[float]] = [[]]
        self.a: list[list[float]] = [net["x"]]
        for w, b, name in zip(net["w"], net["b"], net["activations"], strict=True):
            before = self.a[-1]
            z = [
                self.short(sum(v * a for v, a in zip(row, before, strict=True)) + c)
                for row, c in zip(w, b, strict=True)
            ]
            self.z.append(z)
            self.a.append([self.short(SLOPES[name][0](one)) for one in z])
        L = len(net["w"])
        a, y = self.a[L], net["y"]
        factor = {"squared_error": 2.0, "half_squared_error": 1.0, "binary_cross_entropy": 1.0}[net["cost"]]
        self.of_a: list[list[float]] = [[]] * L + [[factor * (p - q) for p, q in zip(a, y, strict=True)]]
        self.delta: list[list[float]] = [[]] * (L + 1)
        for l in range(L, 0, -1):
            if l < L:
                self.of_a[l] = self.summed(l)
            cancels = l == L and net["cost"] == "binary_cross_entropy"
            slopes = [1.0 if cancels else self.slope(l, j) for j in range(len(self.a[l]))]
            self.delta[l] = [self.short(s * g) for s, g in zip(slopes, self.of_a[l], strict=True)]
        self.of_a[0] = self.summed(0)

    def short(self, value: float) -> float:
        return round(value, self.decimals)

    def slope(self, l: int, j: int) -> float:
        return self.short(SLOPES[self.net["activations"][l - 1]][1](self.z[l][j], self.a[l][j]))

    def summed(self, l: int) -> list[float]:
        rest = (self.net["rest"] or [[0.0] * len(self.a[k]) for k in range(len(self.a) - 1)])[l]
        w, delta = self.net["w"][l], self.delta[l + 1]
        return [
            self.short(sum(w[i][k] * delta[i] for i in range(len(delta))) + rest[k])
            for k in range(len(self.a[l]))
        ]

    def cost(self) -> float:
        pairs = list(zip(self.a[-1], self.net["y"], strict=True))
        if self.net["cost"] == "binary_cross_entropy":
            return -sum(math.log(a if y else 1 - a) for a, y in pairs)
        return sum((a - y) ** 2 for a, y in pairs) / (2 if self.net["cost"] == "half_squared_error" else 1)

    def read(self, name: str, kind: str) -> Any:
        """What a name asks for, its neurons under their numbers in the whole network."""
        if name == "C":
            return self.cost()
        if name.startswith("terms of "):
            l, k = self.numbers(name, "a")
            return [self.net["w"][l][i][k] * one for i, one in enumerate(self.delta[l + 1])]
        if name.startswith("dC/dw"):
            l, j, k = self.numbers(name, "w")
            return self.a[l - 1][k] * self.delta[l][j]
        if name.startswith("dC/dz"):
            found = self.numbers(name, "z")
            return self.delta[found[0]][found[1]] if len(found) > 1 else self.delta[found[0]]
        if name.startswith("dC/da"):
            l, j = self.numbers(name, "a")
            return self.of_a[l][j]
        if name.startswith("da"):
            l, j = self.numbers(name.partition("/")[2], "z")
            return self.slope(l, j)
        letter, found = name[0], self.numbers(name, name[0])
        if letter in "za":
            array = (self.z if letter == "z" else self.a)[found[0]]
            return array[found[1]] if len(found) > 1 else array
        l = found[0]
        if letter == "w":
            return (
                self.net["w"][l - 1][found[1]][found[2]]
                - self.net["eta"] * self.a[l - 1][found[2]] * self.delta[l][found[1]]
            )
        return self.net["b"][l - 1][found[1]] - self.net["eta"] * self.delta[l][found[1]]

    def numbers(self, name: str, letter: str) -> list[int]:
        """The layer, and the places of the neurons: of dC/dw[2][19,3], 2 and where 19 and 3 stand."""
        text = name.rpartition(letter + "[")[2].replace("][", ",").rstrip("]")
        l, *neurons = map(int, text.split(","))
        of = [self.net["neurons"][layer] for layer in ([l, l - 1] if letter == "w" else [l])]
        return [l, *(some.index(one) for some, one in zip(of, neurons, strict=False))]


def solvable() -> Iterator[Sheet]:
    for depth in (1, 2, 4):
        yield from make(6, seed=depth, depth=depth)
        yield from make(
            6, seed=depth, depth=depth, activation=("relu", "identity"), cost="half_squared_error"
        )
        yield from make(
            6, seed=depth, depth=depth, activation=("tanh", "sigmoid"), cost="binary_cross_entropy"
        )
    yield from make(4, **model())


def test_the_printed_numbers_suffice_when_two_more_decimals_are_carried() -> None:
    checked = 0
    for sheet in solvable():
        whole = plain(sheet)
        key = {question["id"]: question for question in whole["questions"]}
        for exercise in json.loads(json.dumps(sheet.to_dict()))["exercises"]:
            for question in exercise["questions"]:
                most = max(one["decimals"] for one in question["asked"])
                hand = ByHand(exercise, most + 2)
                given = {
                    one["name"]: rounded(hand.read(one["name"], question["kind"]), one["decimals"])
                    for one in question["asked"]
                    if one["name"] != "line"
                }
                if question["kind"] == "mistake":
                    given["line"] = key[question["id"]]["asked"][0]["value"]
                marks = mark({"answers": {question["id"]: given}}, whole)
                of_this = [one for one in marks.marks if one.question == question["id"]]
                assert [one.verdict for one in of_this] == ["right"] * len(given), (given, of_this)
                checked += len(given)
    assert checked > 500


def test_the_numbers_are_on_the_page_as_they_are_in_the_data() -> None:
    for sheet in [*make(3), *make(2, **model())]:
        page, tex = sheet.html(), sheet.latex()
        net = sheet.to_dict()["exercises"][0]["network"]
        rest = [one for l, layer in enumerate(net["rest"] or []) if l for one in layer]
        for value in [
            *np.ravel(net["w"][0]),
            *np.ravel(net["w"][1]),
            *net["b"][0],
            *net["x"],
            *net["y"],
            *rest,
        ]:
            assert f"<mn>{shortest(value)}</mn>" in page
            assert f"{'-' if value < 0 else ''}{shortest(value)}" in tex


def shortest(value: float) -> str:
    return f"{abs(value):.10f}".rstrip("0").rstrip(".")
