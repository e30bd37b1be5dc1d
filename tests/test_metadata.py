"""Metadata that isn't as it was written: every field of every kind of file, replaced by what it can't be, or taken out.

Either what is loaded can still be used, or the file is refused in a sentence that holds nothing of Python's.
"""

from __future__ import annotations

import dataclasses
import re
import signal
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network, checkpoints, files, pipeline
from backlit.cli import inspect
from backlit.data import Dataset, load
from backlit.errors import BacklitError, ModelError
from backlit.metadata import CHOICES, SETTINGS, checkpoint_fault, model_fault, shown
from backlit.pipeline.choices import Choices
from backlit.settings import Settings
from backlit.storage import pack, plain_json, unpack

GONE: Any = object()
VALUES = (GONE, None, 7, -1, "x", [], {}, [None], 10**400)
INTERNALS = re.compile(
    r"object is not|indices must be|KeyError|NoneType|unexpected keyword|has no attribute|required positional|"
    r"Traceback|unhashable|not supported between|\bNone\b|<class|literal for int"
)
ROWS = {
    "size": [1.5, None, 2.5, 4.0] * 10,
    "kind": ["u", "v", "u", None] * 10,
    "id": list(range(40)),
    "y": ["yes", "no", "no", "yes"] * 10,
}
FEW: dict[str, Any] = {"epochs": 3, "layers": (4,), "progress": False}


def interrupt(event: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def made(kind: str, folder: Path) -> Path:
    """A file of that kind, as the program writes it."""
    path = folder / "model"
    if kind == "of Python":
        net = Network([2, 3, 2], activations=["tanh", "softmax"], cost="cross_entropy")
        net.classes = ("u", 3)
        net.fit(np.eye(2), ["u", 3], epochs=1, progress=False)
        return net.save(path)
    if kind == "of a table":
        pipeline.train(ROWS, target="y", out=path, exclude=("id",), held_out=0.2, **FEW)
    elif kind == "of values":
        pipeline.train("diabetes", out=path, limit=60, l2=0.1, **FEW)
    elif kind == "of pixels":
        pipeline.train("digits", out=path, limit=200, **FEW)
    else:
        given = {"callbacks": [interrupt], "dropout": 0.1, "class_weight": "balanced"}
        done = pipeline.train("iris", out=path, early_stopping=2, **FEW, **given)
        assert done.checkpoint is not None
        return done.checkpoint
    return path


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field; of a list the first entry stands for the others."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, one in inner:
        yield (*before, key)
        yield from places(one, (*before, key))


def changed(about: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    whole = deepcopy(about)
    part: Any = whole
    for key in place[:-1]:
        part = part[key]
    if value is GONE:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return whole


def use(kind: str, path: Path, data: Dataset | None) -> None:
    """Everything that a user does with such a file."""
    if kind == "checkpoint":
        checkpoints.load(path)
        pipeline.train(resume=path, progress=False)
        return
    net = backlit.load(path)
    assert model_fault(plain_json(files.metadata(net))) is None
    inspect.run(path)
    if data is None:
        net.predict_labels(np.eye(2))
        return
    examples = pipeline.examples_of(net, data)
    assert len(pipeline.predict(net, examples).answers) == len(data)
    pipeline.evaluate(net, examples)


def refusal(kind: str, path: Path, data: Dataset | None) -> str | None:
    """What is said of the file, or None where it can be used; any other exception goes through."""
    try:
        use(kind, path, data)
    except BacklitError as reason:
        return str(reason)
    return None


@pytest.mark.filterwarnings("ignore::backlit.BacklitWarning")
@pytest.mark.parametrize("kind", ["of Python", "of a table", "of values", "of pixels", "checkpoint"])
def test_every_field_replaced_is_used_or_refused_in_plain_words(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a run that goes on may write its model
    path = made(kind, tmp_path)
    tensors, about = unpack(path, "a file")
    source: Any = {"of a table": ROWS, "of values": "diabetes", "of pixels": "digits"}.get(kind)
    data = None if source is None else load(source, target="y" if kind == "of a table" else None, limit=40)
    use(kind, path, data)
    refused = []
    for place in places(about):
        if place[0] == "model" and len(place) > 2:
            continue  # as in a model's file
        for value in VALUES:
            path.write_bytes(pack(tensors, changed(about, place, value)))
            said = refusal(kind, path, data)
            refused += [] if said is None else [said]
            plain = said is None or not INTERNALS.search(said)
            assert plain, (place, value, said)
    assert len(refused) > 150
    assert max(map(len, refused)) < 600
    assert not any("\n" in said for said in refused)


AGREE: dict[str, tuple[str, dict[str, Any], str]] = {
    "a layer more": ("of pixels", {"sizes": [64, 4, 10, 10]}, "activations: there are 2, and 3 layers"),
    "no class names": ("of a table", {"classes": None}, 'classes: null, and its recipe has ["no", "yes"]'),
    "no task": ("of a table", {"task": None}, 'task: null, and its recipe has "classes"'),
    "too many names": (
        "of Python",
        {"classes": ["a", "b", "c"]},
        'classes: ["a", "b", "c"] are not the 2 that the outputs have',
    ),
    "a name twice": ("of Python", {"classes": ["a", "a"]}, 'classes: ["a", "a"] has a name twice'),
    "one name": ("of Python", {"classes": ["a"]}, 'classes: ["a"] has fewer than 2 entries'),
    "no version": ("of Python", {"version": 7}, "version: 7 is no name"),
    "other inputs": (
        "of pixels",
        {"sizes": [65, 4, 10]},
        "recipe: it makes 64 inputs, and the sizes begin with 65",
    ),
    "a long value": (
        "of Python",
        {"dtype": "x" * 90},
        f'dtype: "{"x" * 58}… is no float32 or float64',
    ),
    "too large": ("of Python", {"sizes": [2**70, 3, 2]}, f"sizes[0]: {2**70} is too large"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The metadata of each kind of model."""
    kinds = {kind for kind, _, _ in AGREE.values()}
    return {kind: unpack(made(kind, tmp_path_factory.mktemp("made")), "a model")[1] for kind in kinds}


@pytest.mark.parametrize("name", AGREE)
def test_what_does_not_agree_is_said(whole: dict[str, dict[str, Any]], name: str) -> None:
    kind, change, said = AGREE[name]
    assert model_fault(whole[kind]) is None
    assert model_fault(whole[kind] | change) == said


RECIPE: dict[str, tuple[dict[str, Any], str]] = {
    "no columns": ({"columns": []}, "recipe.columns: there are 0, and no block"),
    "places": ({"places": [0, 0]}, "recipe.places: [0, 0] are not 2 different ones of 3"),
    "places beyond": ({"places": [0, 3]}, "recipe.places: [0, 3] are not 2 different ones of 3"),
    "kind of column": (
        {"columns": [{"kind": "dates"}]},
        'recipe.columns[0]: {"kind": "dates"} is of no known kind (numbers, words)',
    ),
}


@pytest.mark.parametrize("name", RECIPE)
def test_a_recipe_agrees_with_itself(whole: dict[str, dict[str, Any]], name: str) -> None:
    about, (change, said) = whole["of a table"], RECIPE[name]
    assert model_fault(about | {"recipe": about["recipe"] | change}) == said


def test_a_block_agrees_with_itself(whole: dict[str, dict[str, Any]]) -> None:
    about = whole["of pixels"]
    for change, said in (
        ({"image": [8, 9]}, "recipe.block: its image is [8, 9], and its width 64"),
        (
            {"image": None, "mean": [0.0] * 64, "deviation": [1.0] * 63},
            "recipe.block: mean and deviation are not one number for each of 64 columns",
        ),
    ):
        recipe = about["recipe"] | {"block": about["recipe"]["block"] | change}
        assert model_fault(about | {"recipe": recipe}) == said
    recipe = about["recipe"] | {"target": about["recipe"]["target"] | {"task": "values"}}
    assert str(model_fault(about | {"recipe": recipe})).startswith(
        "recipe.target: its task is values, and its classes"
    )


def test_a_checkpoint_agrees_with_itself(tmp_path: Path) -> None:
    about = unpack(made("checkpoint", tmp_path), "a checkpoint")[1]
    run, history = about["run"], about["run"]["history"]
    assert checkpoint_fault(about) is None
    for change, said in (
        ({"best_epoch": 9}, "run.history.best_epoch: there is no epoch 9"),
        ({"watched": "f1"}, 'run.history.watched: "f1" is not in every record'),
    ):
        assert checkpoint_fault(about | {"run": run | {"history": history | change}}) == said
    without = about | {"model": about["model"] | {"recipe": None}}
    assert checkpoint_fault(without) == "model.recipe: null, and the run was on raw data"


def test_every_setting_and_choice_has_its_kind() -> None:
    """Who adds one says here, too, what it may be; else a checkpoint could hold anything in its place."""
    assert list(SETTINGS) == [field.name for field in dataclasses.fields(Settings)]
    assert list(CHOICES) == [field.name for field in dataclasses.fields(Choices)]


def test_what_a_user_keeps_in_training_comes_back(tmp_path: Path) -> None:
    net = Network([2, 1])
    net.training = {"notes": ["of May", {"by": "me"}], "epochs": 3}
    path = net.save(tmp_path / "m")
    assert backlit.load(path).training == net.training
    inspect.run(path)
    net.training["data"] = "mine"
    with pytest.raises(
        BacklitError, match=r"can't be kept in a file \(training.data: \"mine\" is no object\)"
    ):
        net.save(path)


def test_a_newer_file_says_so_whatever_it_holds(tmp_path: Path) -> None:
    path = made("of Python", tmp_path)
    tensors = unpack(path, "a model")[0]
    path.write_bytes(pack(tensors, {"kind": "model", "format": 99}))
    with pytest.raises(
        ModelError, match=r"by Backlit \? in format 99, and this version reads up to 1; install a newer"
    ):
        backlit.load(path)


def test_a_value_is_shown_in_a_line() -> None:
    assert shown([None, True, "ü"]) == '[null, true, "ü"]'
    assert len(shown({"a": "x" * 1000})) == 60
