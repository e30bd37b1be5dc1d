"""The pipeline as a function: no leak between the parts, the same split again, resuming, tables from Python."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import pipeline
from backlit.callbacks import Event
from backlit.data import Dataset, load
from backlit.errors import DataError, ModelError, UsageError
from backlit.pipeline.choices import (
    OUTPUT_FOR_CLASSES,
    OUTPUT_FOR_VALUES,
    Choices,
    functions_of,
    sort_options,
)
from backlit.pipeline.parts import hold_out, load_whole, split

QUIET: dict[str, Any] = {"progress": False, "layers": (6,), "epochs": 3}


def prepared(data: Any, **options: Any) -> pipeline.Prepared:
    return pipeline.prepare(sort_options(data, options)[0])


# ------------------------------------------------------------------------------------------------------------ the parts


@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_the_parts_are_disjoint_and_whole(name: str) -> None:
    whole = load(name)
    marked = dataclasses.replace(whole, inputs=backlit.data.Table.from_any({"row": list(range(len(whole)))}))
    choices = sort_options(marked, {"held_out": 0.2, "validation": 0.1})[0]
    parts = split(choices, load_whole(choices))
    assert parts.validation is not None
    assert parts.held_out is not None
    rows = [
        set(part.inputs.column("row").tolist()) for part in (parts.training, parts.validation, parts.held_out)
    ]
    assert [len(one) for one in rows] == [len(parts.training), len(parts.validation), len(parts.held_out)]
    assert rows[0] | rows[1] | rows[2] == set(range(len(whole)))
    assert sum(map(len, rows)) == len(whole)
    assert len(rows[2]) == pytest.approx(0.2 * len(whole), abs=6)
    assert len(rows[1]) == pytest.approx(0.1 * (len(whole) - len(rows[2])), abs=6)


def test_of_every_class_the_same_part_is_held_out() -> None:
    whole = load("digits")
    apart = whole.take(hold_out(whole, 0.2, 0)[1])
    counts, all_counts = (np.bincount(part.labels().astype(int)) for part in (apart, whole))
    assert np.abs(counts - 0.2 * all_counts).max() <= 0.5


def test_the_recipe_is_learnt_on_the_training_part_alone() -> None:
    whole = load("wine")
    kept, apart = hold_out(whole, 0.25, 0)
    found = prepared("wine", held_out=0.25, validation=None, dtype="float64")
    assert np.allclose(found.x.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(found.x.std(axis=0), 1)
    block = whole.inputs.block.copy()
    block[apart] += 1e6  # what is held out may be anything: nothing of it is learnt
    spoilt = Dataset(whole.name, backlit.data.Table(block=block, names=whole.inputs.names), whole.wanted, whole.target,
                     whole.task, whole.classes)  # fmt: skip
    again = prepared(spoilt, held_out=0.25, validation=None, dtype="float64")
    assert np.array_equal(found.x, again.x)
    assert json.dumps(found.net.recipe.to_json()) == json.dumps(again.net.recipe.to_json())
    assert len(kept) == len(found.x)


def test_validation_is_not_learnt_from_either() -> None:
    first = prepared("wine", validation=0.2, dtype="float64")
    assert first.validation is not None
    assert np.allclose(first.x.mean(axis=0), 0, atol=1e-12)
    assert not np.allclose(first.validation[0].mean(axis=0), 0, atol=1e-3)


def test_images_stay_bytes(mnist: Path) -> None:
    import tracemalloc

    tracemalloc.start()
    found = prepared("mnist", data_dir=str(mnist), limit=20_000, validation=None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found.x, backlit.data.Pixels)
    assert (found.x.shape, found.x.white) == ((20_000, 784), 255.0)
    assert (found.x.levels.min(), found.x.levels.max()) == (0, 255)
    assert peak < 250 * 2**20


def test_a_model_on_bytes_is_the_model_on_floats() -> None:
    """From the command line's road and from Python's, to the same bits; what is asked of it afterwards too."""
    how: dict[str, Any] = {
        "held_out": 0.2,
        "validation": 0.1,
        "epochs": 2,
        "progress": False,
        "dtype": "float64",
    }
    outcome = pipeline.train("digits", **how)
    net, plain = outcome.net, outcome.net.copy()
    digits = backlit.data.load("digits")
    x, y = digits.arrays()
    levels, labels = digits.arrays(np.uint8)
    assert isinstance(net.recipe.encode(digits), backlit.data.Pixels)
    for given in (levels, digits, digits.inputs, digits.inputs.block):
        rows = net.recipe.encode(given) if given is not levels else given
        assert net.predict(rows).tobytes() == plain.predict(x).tobytes()
    assert labels.tolist() == y.tolist()
    assert net.evaluate(levels, y).to_dict() == plain.evaluate(x, y).to_dict()
    found = pipeline.evaluate(net, pipeline.examples_of(net, "digits", held_out=True))
    assert outcome.evaluation is not None
    assert found.to_dict() == outcome.evaluation.to_dict()
    net.fit(levels, y, epochs=1, progress=False)
    plain.fit(x, y, epochs=1, progress=False)
    assert net.theta.tobytes() == plain.theta.tobytes()


# ------------------------------------------------------------------------------------------------------------- the net


@pytest.mark.parametrize(("task", "table"), [("classes", OUTPUT_FOR_CLASSES), ("values", OUTPUT_FOR_VALUES)])
def test_every_cost_of_the_tables_builds_a_network(task: str, table: dict[str, str]) -> None:
    from backlit.functions import COSTS

    for cost, output in table.items():
        assert functions_of(Choices("x", cost=cost), task) == (output, cost)
        backlit.Network([2, 3, 2], activations=["relu", output], cost=cost)
    assert set(OUTPUT_FOR_CLASSES) | set(OUTPUT_FOR_VALUES) == set(COSTS)


def test_two_classes_with_one_output() -> None:
    one = pipeline.train("breast_cancer", cost="binary_cross_entropy", held_out=0.3, **QUIET | {"epochs": 20})
    assert one.net.sizes[-1] == 1
    assert one.evaluation is not None
    assert one.evaluation.metrics["accuracy"] > 0.9
    found = pipeline.predict(one.net, pipeline.examples_of(one.net, "breast_cancer", held_out=True, limit=20))
    assert found.probabilities
    assert found.scores is not None
    assert found.scores.shape == (20, 2)
    assert np.allclose(found.scores.sum(axis=1), 1)
    names = np.asarray(one.net.classes)
    assert (found.answers == names[found.scores.argmax(axis=1)]).all()


def test_signs_are_converted_without_a_warning() -> None:
    many, one = prepared("iris", cost="hinge"), prepared("breast_cancer", cost="squared_hinge")
    assert set(np.unique(many.y)) == {-1, 1}
    assert (many.y.sum(axis=1) == -1).all()
    assert one.y.shape[1] == 1
    assert set(np.unique(one.y)) == {-1, 1}


def test_values_are_standardised_only_where_the_output_reaches_them() -> None:
    free, bound = prepared("diabetes", validation=None), prepared("diabetes", validation=None, cost="poisson")
    assert abs(float(free.y.mean())) < 1e-6
    assert bound.y.min() >= 25  # the least in the data
    for found in (free, bound):
        values = found.net.recipe.decode_values(found.y)
        assert values.mean() == pytest.approx(load("diabetes").labels().mean(), rel=1e-5)


def test_the_weights_of_examples_reach_the_cost() -> None:
    table = {"x": [0.0, 1.0, 2.0, 3.0] * 10, "w": [1, 1, 0, 0] * 10, "y": ["a", "b", "a", "b"] * 10}
    found = prepared(table, target="y", weight_column="w", validation=None)
    assert found.net.recipe.inputs == ("x",)
    assert found.sample_weight is not None
    assert found.sample_weight.tolist() == [1, 1, 0, 0] * 10
    for bad, said in ((-1.0, "-1 is no weight"), (np.inf, "inf is no weight"), (np.nan, "nan is no weight")):
        with pytest.raises(DataError, match=said):
            prepared(table | {"w": [bad, *[1.0] * 39]}, target="y", weight_column="w", validation=None)


# ------------------------------------------------------------------------------------------------------- tables, models


def test_a_frame_goes_in_and_the_model_takes_another(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": np.linspace(-1, 1, 60), "colour": ["red", "blue"] * 30})
    frame["y"] = np.where(frame.x > 0, "up", "down")
    done = pipeline.train(
        frame, target="y", out=tmp_path / "m.safetensors", **QUIET | {"epochs": 60, "eta": 0.05}
    )
    net = backlit.load(tmp_path / "m.safetensors")
    new = pandas.DataFrame({"colour": ["blue", "red"], "x": [0.9, -0.9]})
    assert net.predict_labels(new).tolist() == ["up", "down"]
    assert done.judged_on == "validation"
    assert net.training["data"]["held_out"] is None


def test_limit_and_seed_find_the_same_rows_again() -> None:
    done = pipeline.train("spiral", held_out=0.5, limit=80, seed=4, **QUIET)
    examples = pipeline.examples_of(done.net, "spiral", held_out=True)
    whole = load("spiral", limit=80, seed=4)
    assert len(examples.numbers) == 40
    assert np.array_equal(examples.dataset.inputs.block, whole.inputs.block[examples.numbers])
    assert done.evaluation is not None
    assert pipeline.evaluate(done.net, examples).metrics == done.evaluation.metrics


def test_held_out_of_other_data_is_refused(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    done = pipeline.train(tmp_path / "d.csv", target="y", held_out=0.5, **QUIET)
    (tmp_path / "d.csv").write_text(text.replace("7,b", "7,a"), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"d\.csv is not the data that this model was trained on \(d\.csv, 40 examples\)"
    ):
        pipeline.examples_of(done.net, tmp_path / "d.csv", held_out=True)


def test_unknown_options_are_named() -> None:
    with pytest.raises(UsageError, match=r"unknown option of train 'epoch'\. Did you mean 'epochs'"):
        pipeline.train("iris", epoch=3)
    with pytest.raises(UsageError, match="say which data to train on"):
        pipeline.train(None)


def test_a_dataset_is_taken_as_it_is() -> None:
    found = prepared(load("iris").take(np.arange(100)), validation=None)
    assert len(found.y) == 100
    assert found.net.classes == ("setosa", "versicolor", "virginica")  # those of the whole set


# Twenty of each class in turn, and one of the class "rare" (or 7), which is where it is asked for.
TURNS = {
    "words": lambda place: ["rare" if row == place else "ab"[row % 2] for row in range(41)],
    "numbers": lambda place: [7 if row == place else row % 2 for row in range(41)],
    "fractions": lambda place: [7.5 if row == place else row % 2 + 0.5 for row in range(41)],
}


@pytest.mark.parametrize("kind", TURNS)
@pytest.mark.parametrize(
    "told",
    [{"validation": 5}, {"validation": 0.2}, {"validation": 0.2, "held_out": 0.3}, {"validation": None}],
)
def test_classes_are_those_of_the_whole_set(kind: str, told: dict[str, Any]) -> None:
    """Wherever the only example of a class stands: to train on, to validate on, or held out."""
    sizes = set()
    for place in (0, 20, 40):
        labels = TURNS[kind](place)
        done = pipeline.train(
            {"x": [float(row) for row in range(41)], "y": labels}, target="y", task="classes", **QUIET, **told
        )
        assert done.net.classes == tuple(sorted(set(labels)))
        sizes.add(done.net.sizes[-1])
    assert sizes == {3}


def test_classes_that_a_test_set_alone_has(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "d.npz",
        x_train=rng.normal(size=(60, 3)), y_train=np.arange(60) % 3 * 2,
        x_test=rng.normal(size=(8, 3)), y_test=np.arange(8) % 4,
    )  # fmt: skip
    done = pipeline.train(tmp_path / "d.npz", **QUIET)
    assert done.net.classes == (0, 1, 2, 3, 4)
    assert done.judged_on == "held-out"
    assert pipeline.train("iris", **QUIET).net.classes == ("setosa", "versicolor", "virginica")


def test_what_validation_can_be_is_said() -> None:
    for wrong in (-3, 1.5, 0):
        with pytest.raises(UsageError) as caught:
            pipeline.train("iris", validation=wrong)
        assert str(caught.value) == (
            "validation is a part of the examples between 0 and 1, the number of the last ones, a file, 'test' or "
            f"None; got {wrong!r}"
        )
    with pytest.raises(UsageError, match=r"validation=150 takes the last 150 examples, and there are 150"):
        pipeline.train("iris", validation=150)
    with pytest.raises(
        UsageError, match=r"'class' is the target, and can't be left out too; take it out of exclude"
    ):
        pipeline.train("iris", exclude="class")


def test_labels_that_are_alike_are_right_answers() -> None:
    """Numbers in one file and the same numbers as words in the other are one class."""
    x = [float(row % 2) for row in range(40)]
    done = pipeline.train(
        {"x": x, "y": [str(row % 2) for row in range(40)]}, target="y", **QUIET | {"epochs": 60}
    )
    found = pipeline.predict(
        done.net, pipeline.examples_of(done.net, load({"x": x, "y": [row % 2 for row in range(40)]}))
    )
    assert found.known is not None
    assert found.known.tolist() == [str(row % 2) for row in range(40)]
    assert found.answers.tolist() == found.known.tolist()


# ------------------------------------------------------------------------------------------------------------- resuming


def interrupt_after(epochs: int) -> Any:
    """A callback that does as Ctrl-C does, in the middle of a run."""
    import signal

    def callback(event: Event) -> None:
        if event.epoch == epochs:
            signal.raise_signal(signal.SIGINT)

    return callback


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    told = {
        "layers": (8,),
        "epochs": 9,
        "dropout": 0.1,
        "held_out": 0.2,
        "schedule": "cosine",
        "progress": False,
    }
    whole = pipeline.train("wine", out=tmp_path / "whole.safetensors", **told)
    part = pipeline.train("wine", out=tmp_path / "part.safetensors", callbacks=[interrupt_after(4)], **told)
    assert part.interrupted
    assert part.checkpoint == (tmp_path / "part.safetensors.checkpoint").resolve()
    assert part.checkpoint.exists()
    assert len(part.history) == 4
    with pytest.raises(UsageError, match="a resumed run keeps its own settings; leave out epochs"):
        pipeline.train(resume=part.checkpoint, epochs=20)
    done = pipeline.train(resume=part.checkpoint, progress=False)
    assert not done.interrupted
    assert done.out == (tmp_path / "part.safetensors").resolve()
    assert done.net.theta.tobytes() == whole.net.theta.tobytes()
    assert done.net.training["data"] == whole.net.training["data"]
    assert done.evaluation is not None
    assert whole.evaluation is not None
    assert done.evaluation.to_dict() == whole.evaluation.to_dict()
    assert not part.checkpoint.exists()


def test_resuming_on_changed_data_is_refused(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    told = {"target": "y", "out": tmp_path / "m.safetensors", "callbacks": [interrupt_after(1)]}
    part = pipeline.train(tmp_path / "d.csv", **told, **QUIET)
    assert part.checkpoint is not None
    (tmp_path / "d.csv").write_text(text.replace("\n7,b", "\n7.5,b"), encoding="utf-8")
    with pytest.raises(ModelError, match="other data"):
        pipeline.train(resume=part.checkpoint, progress=False)
    assert part.checkpoint.exists()


def test_a_run_on_data_from_python_needs_them_again(tmp_path: Path) -> None:
    table = {"x": np.linspace(0, 1, 40), "y": ["a", "b"] * 20}
    out = tmp_path / "m.safetensors"
    part = pipeline.train(table, target="y", out=out, callbacks=[interrupt_after(1)], **QUIET)
    with pytest.raises(UsageError, match="was on data from Python; give the data again"):
        pipeline.train(resume=part.checkpoint)
    done = pipeline.train(table, resume=part.checkpoint, progress=False)
    assert len(done.history) == 3


def test_a_checkpoint_of_fit_alone_says_so(tmp_path: Path) -> None:
    net = backlit.Network([4, 3, 3], seed=0)
    x, y = load("iris").arrays()
    net.fit(x, y, epochs=5, checkpoint=tmp_path / "c", callbacks=[interrupt_after(1)], progress=False)
    with pytest.raises(ModelError, match=r"was not written by 'backlit train'; go on from Python"):
        pipeline.train(resume=tmp_path / "c")
