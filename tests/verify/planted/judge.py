"""Asks the detector, and says whether what it answers is what was planted."""

from __future__ import annotations

from dataclasses import dataclass

from backlit.verify import diagnose
from backlit.verify.finding import Finding, Report

from .cases import Case

# What no one is wrong to choose, as long as it is the same everywhere: told as conventions, and then nothing is wrong.
HABITS = {"factor-two", "factor-half", "output-mean", "output-sum", "batch-mean-missing"}


@dataclass(frozen=True)
class Answer:
    """What was planted, and what was said of it."""

    case: Case
    report: Report

    def names(self, name: str) -> bool:
        """Whether this id is (one of the names of) the first finding; or where there is none, of a habit."""
        findings = self.report.findings
        return name in _names(findings[0]) if findings else self.habitual(name)

    def names_all(self) -> bool:
        found = {name for one in self.report.findings for name in _names(one)}
        return all(name in found or self.habitual(name) for name in self.case.ids)

    def habitual(self, name: str) -> bool:
        """Whether this id is among the names of a convention that is a habit: itself, or by the same numbers."""
        told = [_names(one) for one in self.report.conventions]
        return any(name in names and names & HABITS for names in told)

    def tells(self, name: str) -> bool:
        """Whether this id is told as a convention."""
        return any(name in _names(one) for one in self.report.conventions)

    def at(self, name: str) -> bool:
        """Whether it is named in just the layers where it was planted: those of all findings of that name."""
        L = self.case.problem.L
        said = (*self.report.findings, *(self.report.conventions if self.habitual(name) else ()))
        told = [one.layers or range(1, L + 1) for one in said if name in _names(one)]
        return {l for layers in told for l in layers} == set(self.case.layers(name))

    def instead(self) -> str:
        """What was named first."""
        return next((one.mistake for one in self.report.findings), "right")

    def __str__(self) -> str:
        found = "; ".join(map(_short, self.report.findings)) or "right"
        meant = "; ".join(map(_short, self.report.conventions))
        told = f"   [conventions: {meant}]" if meant else ""
        return f"{self.case}\n      answered: {found}{told}"


def ask(case: Case) -> Answer:
    p = case.problem
    try:
        report = diagnose(case.net, p.x, p.y, case.theirs, **case.options)
    except Exception as error:  # noqa: BLE001  (an answer like any other, and a wrong one)
        report = Report("gradient", (Finding(f"raised-{type(error).__name__}", "trouble", str(error)),))
    return Answer(case, report)


def _names(one: Finding) -> set[str]:
    return {one.mistake, *one.names}


def _short(one: Finding) -> str:
    more = [name for name in one.names if name != one.mistake]
    return one.mistake + (f" (= {', '.join(more)})" if more else "") + f" in {list(one.layers)}"
