"""docs/estimators.md and docs/from-scikit-learn.md: their Python runs, and every parameter has its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from backlit.estimators import BacklitClassifier, BacklitRegressor

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["estimators.md", "from-scikit-learn.md"])
def test_the_python_in_it_runs(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert blocks
    known: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, name, "exec"), known)


def test_every_parameter_of_backlits_own_is_in_the_table() -> None:
    page = (DOCS / "estimators.md").read_text(encoding="utf-8")
    ours = set(BacklitClassifier().get_params()) | set(BacklitRegressor().get_params())
    own = ours - set(MLPClassifier().get_params()) - set(MLPRegressor().get_params()) - {"loss"}
    rows = re.findall(r"^\| (`.*?`) \|", page, flags=re.MULTILINE)
    assert own | {"activation", "warm_start"} == set(re.findall(r"`(\w+)`", " ".join(rows)))
