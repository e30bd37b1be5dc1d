"""What ``predict`` does and says: the answers as a table, beside drawings, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import files, pipeline
from ..errors import UsageError
from ..metrics import class_names
from ..network import Network
from ..spelling import counted
from ..storage import check_writable, write_safely
from . import show
from .gallery import gallery
from .messages import refuse_own_input

Array = Any
_ROWS = 20  # shown unless --limit says otherwise


@dataclass(frozen=True)
class Asked:
    """The command line of ``predict``."""

    model: Path
    data: str | None
    held_out: bool
    limit: int | None
    data_dir: Path | None
    top: int
    draw: bool
    out: Path | None
    as_json: bool


@dataclass(frozen=True)
class Answers:
    """``found`` for the rows called ``names``; ``images`` (n, height, width) are from 0 to 1, where there are any."""

    net: Network
    found: pipeline.Prediction
    names: list[Any]
    images: Array | None
    what: str  # what a row is called: "example" or "picture"

    def __len__(self) -> int:
        return len(self.names)


def show_answers(asked: Asked) -> None:
    """Everything that the command does."""
    refuse_own_input("--out", asked.out, *filter(None, (asked.model, asked.data)))
    net = files.load(asked.model)
    if asked.out is not None:
        check_writable(asked.out, "the answers")
    if asked.draw and (net.recipe is None or net.recipe.image is None):
        raise UsageError("--draw is for models on images, and this model's inputs are columns; leave it out")
    answers = (
        _of_pictures(net, asked)
        if asked.data and pipeline.is_pictures(net, asked.data)
        else _of_rows(net, asked)
    )
    if asked.out is not None:
        write_safely(asked.out, as_csv(answers).encode(), "the answers")
    if asked.as_json:
        show.emit("predict/1", as_dict(answers, asked))
        return
    draws = asked.draw or answers.what == "picture"
    shown = min(len(answers), asked.limit or _ROWS)
    show.out("\n".join(_drawn(answers, shown) if draws else _table(answers, shown, asked.top)))
    if draws and asked.top > 1:
        show.out("\n".join(["", *_table(answers, shown, asked.top)]))
    _say_rest(answers, shown, asked)


def _of_rows(net: Network, asked: Asked) -> Answers:
    examples = pipeline.examples_of(
        net, asked.data, held_out=asked.held_out, limit=asked.limit, data_dir=asked.data_dir
    )
    images = None
    shape = net.recipe.image
    if asked.draw and examples.dataset is not None:
        encoded = net.recipe.encode(examples.dataset.inputs, dtype=net.dtype)
        images = np.asarray(encoded, dtype=net.dtype).reshape(-1, *shape)
    return Answers(net, pipeline.predict(net, examples), examples.numbers.tolist(), images, "example")


def _of_pictures(net: Network, asked: Asked) -> Answers:
    if asked.held_out:
        raise UsageError(
            "--held-out is for the data that the model was trained on, and pictures are others; leave it out"
        )
    paths, x = pipeline.pictures(net, Path(str(asked.data)))
    paths, x = paths[: asked.limit], x[: asked.limit]
    found = pipeline.prediction(net, net.predict(x))
    return Answers(net, found, [path.name for path in paths], x.reshape(-1, *net.recipe.image), "picture")


def _classes(answers: Answers) -> list[str]:
    return [str(name) for name in class_names(answers.net, max(2, answers.net.sizes[-1]))]


def _score(answers: Answers, value: float) -> str:
    return show.percent(value) if answers.found.probabilities else show.number(value)


def _wrong(answers: Answers, row: int) -> bool:
    found = answers.found
    return (
        found.known is not None and found.scores is not None and bool(found.known[row] != found.answers[row])
    )


def _said(answers: Answers, row: int) -> tuple[str, str | None]:
    """The answer for a row, and how sure it is; a value has no such number."""
    found = answers.found
    if found.scores is None:
        return _value(found.answers[row]), None
    return str(found.answers[row]), _score(answers, float(found.scores[row].max()))


def _value(value: Any) -> str:
    return show.number(value) if np.ndim(value) == 0 else ", ".join(show.number(one) for one in value)


def _then(answers: Answers, row: int, top: int) -> str:
    """The next classes in the order of their scores."""
    scores = answers.found.scores
    if scores is None or scores.shape[1] == 1:
        return ""
    names, order = _classes(answers), np.argsort(-scores[row], kind="stable")[1:top]
    return ", ".join(f"{names[k]} {_score(answers, float(scores[row, k]))}" for k in order)


def _table(answers: Answers, shown: int, top: int) -> list[str]:
    """A row an example: the answer, how sure, and what is right where that is known; ✗ where it is wrong."""
    found = answers.found
    heads, rows = [answers.what, "answer"], []
    if found.scores is not None:
        heads.append("probability" if found.probabilities else "output")
    if found.known is not None:
        heads += ["known", ""]
    for row in range(shown):
        answer, sure = _said(answers, row)
        cells = [str(answers.names[row]), answer] + ([] if sure is None else [sure])
        if found.known is not None:
            known = found.known[row]
            cells += [str(known) if sure is not None else _value(known), "✗" if _wrong(answers, row) else ""]
        rows.append(cells)
    lines = show.table(heads, rows)
    if top > 1 and found.scores is not None and found.scores.shape[1] > 1:
        width = max(len(line) for line in lines) + 2
        rest = ["then", *(_then(answers, row, top) for row in range(shown))]
        lines = [line.ljust(width) + then for line, then in zip(lines, rest, strict=True)]
    return lines


def _drawn(answers: Answers, shown: int) -> list[str]:
    """The pictures as the network was fed them, each with its answer."""
    assert answers.images is not None
    captions = []
    for row in range(shown):
        answer, sure = _said(answers, row)
        said = f'"{answer}" {sure}' if sure is not None else answer
        if _wrong(answers, row):
            assert answers.found.known is not None
            said += f' ✗ is "{answers.found.known[row]}"'
        name = str(answers.names[row]) if answers.what == "picture" else f"example {answers.names[row]}"
        captions.append([said, name])
    return gallery(answers.images[:shown], captions)


def _say_rest(answers: Answers, shown: int, asked: Asked) -> None:
    n, found = len(answers), answers.found
    show.out()
    if n > shown:
        where = "all are in the file" if asked.out is not None else "--limit, --out and --json show more"
        show.out(f"{counted(n - shown, 'more row')}; {where}.")
    if found.known is None:
        show.out(f"{counted(n, answers.what)}.")
        return
    if found.scores is not None:
        right = int((found.known == found.answers).sum())
        verb = "is" if right == 1 else "are"
        show.out(f"{right:,} of {n:,} {verb} right ({show.percent(right / n)}).")
        return
    off = np.abs(found.known.astype(np.float64) - found.answers).mean()
    show.out(f"Off by {show.number(off)} on average, over {counted(n, 'example')}.")


def as_csv(answers: Answers) -> str:
    """All answers: the row's name, the answer, what is right where that is known, and a number for each class."""
    found = answers.found
    heads = [answers.what, "answer"] + (["known"] if found.known is not None else [])
    wide = found.scores is not None and found.scores.shape[1] > 1
    if found.scores is not None:
        kind = "probability" if found.probabilities else "output"
        heads += [f"{kind} {name}" for name in _classes(answers)] if wide else [kind]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in range(len(answers)):
        cells = [answers.names[row], found.answers[row]]
        cells += [found.known[row]] if found.known is not None else []
        cells += [f"{float(score):.7g}" for score in found.scores[row]] if found.scores is not None else []
        writer.writerow(cells)
    return text.getvalue()


def as_dict(answers: Answers, asked: Asked) -> dict[str, Any]:
    """The answers as the JSON schema backlit.predict/1 has them."""
    found = answers.found
    kind = "probabilities" if found.probabilities else "outputs"
    names = _classes(answers) if found.scores is not None else []
    rows = []
    for row in range(len(answers)):
        one: dict[str, Any] = {answers.what: answers.names[row], "answer": found.answers[row]}
        if found.known is not None:
            one["known"] = found.known[row]
        if found.scores is not None:
            wide = found.scores.shape[1] > 1
            one[kind] = (
                dict(zip(names, found.scores[row].tolist(), strict=True))
                if wide
                else found.scores[row].tolist()
            )
        if asked.draw and answers.images is not None:
            one["image"] = answers.images[row].tolist()
        rows.append(one)
    return {
        "model": str(asked.model),
        "data": asked.data,
        "task": answers.net.task,
        "n": len(answers),
        "answers": rows,
    }
