"""What a diagnosis says: findings, each one mistake (or convention) with its evidence, and a report of them all.

Made by diagnose.py, forward.py and update.py; printed by report.py. Plain data, no search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["mistake", "convention", "unexplained", "trouble"]


@dataclass(frozen=True)
class Edit:
    """A concrete edit: ``line`` of ``path`` (None where no source is known), ``before`` and ``after``."""

    before: str
    after: str
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}   " if self.path is not None else ""
        return f"{place}{self.before}   →   {self.after}"


@dataclass(frozen=True)
class Finding:
    """One finding. ``mistake`` is a stable id (mistakes.py); ``names`` all ids that explain these numbers as well.

    ``share`` is the part of all entries that is reproduced once it is taken into account, ``digits`` to how many
    digits; ``value`` a fitted number (η, λ, a factor), ``apart`` what would tell coinciding names apart.
    """

    mistake: str
    kind: Kind
    title: str
    layers: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    share: float = 1.0
    digits: float = 0.0
    equation: tuple[str, ...] = ()
    right: str = ""
    yours: str = ""
    evidence: str = ""
    edit: Edit | None = None
    why: str = ""
    apart: str | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        edit = self.edit
        return {
            "mistake": self.mistake,
            "kind": self.kind,
            "title": self.title,
            "layers": list(self.layers),
            "names": list(self.names or (self.mistake,)),
            "share": self.share,
            "digits": self.digits,
            "equation": list(self.equation),
            "right": self.right,
            "yours": self.yours,
            "evidence": self.evidence,
            "edit": None
            if edit is None
            else {"before": edit.before, "after": edit.after, "path": edit.path, "line": edit.line},
            "why": self.why,
            "apart": self.apart,
            "value": self.value,
        }


@dataclass(frozen=True)
class Report:
    """``findings`` are what is wrong (none when right), ``conventions`` what differs without being wrong.

    ``about`` is "gradient", "forward" or "update"; ``notes`` are sentences about what was included or measured.
    """

    about: str
    findings: tuple[Finding, ...]
    conventions: tuple[Finding, ...] = ()
    verdict: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def right(self) -> bool:
        """Whether nothing is wrong (conventions are not wrong)."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.right

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """For a terminal."""
        from .report import text

        return text(self, width=width, colour=colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.diagnosis/1."""
        return {
            "schema": "backlit.diagnosis/1",
            "about": self.about,
            "right": self.right,
            "verdict": self.verdict,
            "findings": [one.to_dict() for one in self.findings],
            "conventions": [one.to_dict() for one in self.conventions],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return self.text()
