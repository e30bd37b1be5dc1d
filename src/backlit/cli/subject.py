"""What ``diagnose`` is asked about: a function of a file or a file of numbers, and the network it is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import files, pipeline
from ..errors import DataError, UsageError
from ..network import Network
from ..verify.calling import practice
from ..verify.calling.diagnose import diagnose
from ..verify.calling.gradient_file import ENDINGS, read_gradient
from ..verify.calling.judge import Judged, judge, judge_by_practice
from ..verify.calling.runner import limits, run_file
from ..verify.editing.locate import locate
from . import chosen, parse

if TYPE_CHECKING:
    from ..verify.calling.attempt import About

Array = Any
_FIRST = 32  # examples where none are chosen
_MEANT = ("gradients", "gradient", "backprop", "backward", "backpropagation", "grad", "grads")


@dataclass(frozen=True)
class Examples:
    """The model, data and examples that were named, as on the command line."""

    model: Path
    data: str | None
    example: list[int] | None
    examples: str | None
    held_out: bool
    data_dir: Path | None
    previous: str | None

    def load(self) -> tuple[Network, Array, Array, Any]:
        """The network, X (m, n_0) and Y (m, n_L), and (X, Y) of the batch before or None."""
        net = files.load(self.model)
        if self.example and self.examples is not None:
            raise UsageError("--example and --examples both choose; give one of them")
        if self.data is None and net.example is None:
            raise UsageError("--data is missing: name the data that the examples are of, as in --data digits")
        found = pipeline.examples_of(
            net, self.data, held_out=self.held_out, data_dir=self.data_dir, need_target=True
        )
        numbers = found.numbers.tolist()
        x, y = found.encoded(net)
        rows = [*range(len(numbers))][:_FIRST]
        if self.example:
            rows = chosen.places(numbers, [range(one, one + 1) for one in self.example], self.held_out)
        elif self.examples is not None:
            rows = chosen.places(numbers, parse.numbers("--examples", self.examples), self.held_out)
        before = None
        if self.previous is not None:
            others = chosen.places(numbers, parse.numbers("--previous", self.previous), self.held_out)
            before = (_rows(x, others), _rows(y, others))
        return net, _rows(x, rows), _rows(y, rows), before


def _rows(values: Any, rows: list[int]) -> Array:
    some = values[np.array(rows, dtype=np.intp)]
    return some.toarray() if hasattr(some, "toarray") else np.asarray(some)


@dataclass(frozen=True)
class Small:
    """What was said of the small random network."""

    sizes: tuple[int, ...] | None = None
    functions: practice.Functions | None = None

    @classmethod
    def read(cls, sizes: str | None, activation: str | None, cost: str | None) -> Small:
        """Raises UsageError for what no network can be made of."""
        found = None if sizes is None else _sizes(sizes)
        if activation is None and cost is None:
            return cls(found)
        names = parse.words(activation or practice.FIRST.hidden)
        if len(names) not in (1, 2):
            raise UsageError(f"--activation takes one name, or two: hidden,output; got {activation!r}")
        functions = practice.Functions(names[0], names[-1], cost or _usual_cost(names[-1]))
        practice.practice(found or practice.SIZES[0], functions)  # says what does not go together
        return cls(found, functions)


def _usual_cost(output: str) -> str:
    return "cross_entropy" if output == "softmax" else practice.FIRST.cost


def _sizes(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(one) for one in parse.words(text))
    except ValueError:
        found = ()
    if len(found) < 2 or min(found) < 1 or max(found) > 10_000:
        raise UsageError(
            f"--sizes takes the sizes of all layers from input to output, such as 4,3,3,2; got {text!r}"
        )
    return found


@dataclass(frozen=True)
class Subject:
    """A file, and the name of the function in it; None where the file holds numbers."""

    path: Path
    name: str | None
    about: About

    @classmethod
    def read(cls, text: str | None, forward: bool, update: bool) -> Subject:
        """Raises UsageError for what is neither, and DataError for a file that is not there."""
        if forward and update:
            raise UsageError("--forward and --update contradict each other; give one of them")
        if text is None:
            raise UsageError(
                "say what to diagnose: FILE.py:FUNCTION, or a file with a gradient's numbers; --list lists the mistakes"
            )
        about: About = "forward" if forward else "update" if update else "gradient"
        path, name = _split(text)
        if name is None and path.suffix.lower() in ENDINGS:
            if about != "gradient":
                raise UsageError(f"--{about} takes a function, FILE.py:FUNCTION; got {text}")
            return cls(path, None, about)
        if path.suffix == ".ipynb":
            raise UsageError(f"{path} is a notebook; save the function's cells as a .py file, and name that")
        if not path.is_file():
            raise DataError(f"there is no file {path}")
        return cls(path, name or _only(path, text, about), about)

    def judged(
        self,
        known: tuple[Network, Array, Array, Any] | None,
        told: Mapping[str, Any],
        adapter: str | None,
        seconds: float,
        small: Small,
    ) -> Judged:
        """The report, on the network that is known or on small ones of ours."""
        if self.name is None:
            return self._numbers(known, told)
        extra = {**told, "previous": None if known is None else known[3]}
        name = self.name

        def run(net: Network, X: Array, Y: Array) -> Any:
            return run_file(
                self.path, name, net, X, Y, seconds=seconds, adapter=adapter, extra=extra, about=self.about
            )

        if known is None:
            called = adapter or name
            judged = judge_by_practice(
                run, self.path, called, self.about, extra, small.sizes, small.functions
            )
        else:
            net, X, Y, _ = known
            made, troubles = run(net, X, Y)
            judged = Judged(judge(net, X, Y, made, troubles, self.about, extra), net, X, Y)
        if self.about == "gradient":
            judged = self._located(judged)
        what = practice.described(judged.net, len(judged.X), known is None)
        hint = "; --sizes, --activation, --cost or --model choose another" if known is None else ""
        return _noted(judged, f"network: {what}{hint}", f"{adapter or name} was run {limits(seconds)}")

    def _located(self, judged: Judged) -> Judged:
        """The edits in the user's own file, where it is certain which line it is."""
        report, net = judged.report, judged.net
        found = []
        for one in report.findings:
            edit = None
            if one.kind == "mistake":
                edit = locate(self.path, self.name or "", one.mistake, one.layers, net.L, net=net)
            found.append(one if edit is None else replace(one, edit=edit))
        return replace(judged, report=replace(report, findings=tuple(found)))

    def _numbers(self, known: tuple[Network, Array, Array, Any] | None, told: Mapping[str, Any]) -> Judged:
        if known is None:
            raise UsageError(
                f"{self.path} holds numbers: say of which network and examples, with --model and --data"
            )
        net, X, Y, previous = known
        theirs = read_gradient(self.path, net, len(X))
        report = diagnose(net, X, Y, theirs, previous=previous, **told)
        return _noted(Judged(report, net, X, Y), f"network: {practice.described(net, len(X), False)}")


def _noted(judged: Judged, *notes: str) -> Judged:
    report = judged.report
    return replace(judged, report=replace(report, notes=(*report.notes, *notes)))


def _split(text: str) -> tuple[Path, str | None]:
    """FILE.py:NAME; the colon of a Windows drive is none of ours."""
    before, colon, after = text.rpartition(":")
    if colon and after and all(part.isidentifier() for part in after.split(".")) and before:
        return Path(before), after
    if colon and not after:
        return Path(before), None
    return Path(text), None


def _only(path: Path, text: str, about: str) -> str:
    """The function that is meant where none is named: the only one, or one with a usual name."""
    known = practice.functions_in(path)
    usual = [one for one in known if one.rsplit(".", 1)[-1] in (_MEANT if about == "gradient" else (about,))]
    some = usual if len(usual) == 1 else known
    if len(some) == 1:
        return some[0]
    listed = f", such as {path}:{known[0]}; it has {', '.join(known[:8])}" if known else ""
    raise UsageError(f"say which function of {text.rstrip(':')} to judge: FILE.py:FUNCTION{listed}")
