"""The check, too, catches each mistake that the namer knows: whole implementations with it planted never pass."""

from __future__ import annotations

import pytest

from backlit.errors import DataError, UsageError
from backlit.verify import check

from .planted import cases
from .planted.places import PLACES

OPTIONS = ("l2", "dropout_masks")  # of a case's, those that a check takes


@pytest.mark.parametrize("mistake", sorted(PLACES))
def test_a_planted_mistake_never_passes(mistake: str) -> None:
    """Caught: entries differ, or what was returned is refused as no gradient of this network."""
    for number in range(3):
        case = cases.case(mistake, 50, number)
        told = {name: value for name, value in case.options.items() if name in OPTIONS}
        try:
            report = check(case.net, case.problem.x, case.problem.y, gradient=case.theirs, **told)
        except (UsageError, DataError):
            continue
        assert not report.passed, str(case)
        assert report.differ, str(case)


def test_the_same_implementations_pass_where_they_are_right() -> None:
    for number in range(40):
        case = cases.right(50, number)
        told = {name: value for name, value in case.options.items() if name in OPTIONS}
        report = check(case.net, case.problem.x, case.problem.y, gradient=case.theirs, **told)
        assert not report.differ, f"{case}\n{report}"
