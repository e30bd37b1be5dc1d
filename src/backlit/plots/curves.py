"""Curves of training: the history of a run, cost and accuracy, and the learning-rate finder.

``plot_history`` and ``plot_eta_range`` are what ``history.plot`` and ``finder.plot`` lead to: they return the figure.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from ..errors import DataError, unknown
from ..finder import EtaRange
from ..history import TITLES, History
from ..spelling import spelt
from .canvas import BLUE, INK, ORANGE, QUIET, Display, new_figure, open_frame, save

_COLUMNS = {
    "cost": {"cost": QUIET, "training_cost": BLUE, "validation_cost": ORANGE},
    "accuracy": {"training_accuracy": BLUE, "validation_accuracy": ORANGE},
}
_DASHED = ("validation_cost", "validation_accuracy")  # told apart without colour


class CurvesDisplay(Display):
    """Costs, or accuracies in per cent, over epochs, with the best epoch. ``lines_`` are the curves by column."""

    size = (5.5, 3.6)
    lines_: dict[str, Any]

    def __init__(self, history: History, of: Literal["cost", "accuracy"] = "cost") -> None:
        if of not in _COLUMNS:
            raise unknown("curve", of, _COLUMNS)
        if not len(history):
            raise DataError("the history has no epochs to draw")
        self.history, self.of = history, of
        self._styles = {name: ink for name, ink in _COLUMNS[of].items() if name in history.columns}
        if not self._styles:
            raise DataError(
                f"the history has no accuracies: train a classifier with {spelt('validation', 0.1)}, or with the "
                "monitor training_accuracy"
            )

    @classmethod
    def from_history(
        cls, history: History, *, of: Literal["cost", "accuracy"] = "cost", ax: Any = None
    ) -> Self:
        """The curves that ``fit``'s history has; raises DataError where it has none of this kind."""
        return cls(history, of).plot(ax)

    def _draw(self, ax: Any) -> None:
        history, scale = self.history, 100 if self.of == "accuracy" else 1
        marker = "." if len(history) < 3 else ""
        self.lines_ = {}
        for name, colour in self._styles.items():
            (self.lines_[name],) = ax.plot(
                history["epoch"],
                history[name] * scale,
                "--" if name in _DASHED else "-",
                color=colour,
                linewidth=1.6,
                label="cost in the epoch's steps" if name == "cost" else TITLES[name],
                marker=marker,
            )
        if history.best_epoch is not None:
            ax.axvline(history.best_epoch, color=INK, linewidth=0.7, linestyle=":", label="best epoch")
        ax.set_xlabel("epoch")
        ax.set_ylabel("accuracy, %" if self.of == "accuracy" else "cost C")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False)
        open_frame(ax)


def plot_history(history: History, path: Any = None) -> Any:
    """Costs, and accuracies where there are any, over epochs; the best epoch is marked. Returns the Figure."""
    displays = [CurvesDisplay(history)]
    if any(name in history.columns for name in _COLUMNS["accuracy"]):
        displays.append(CurvesDisplay(history, "accuracy"))
    figure = new_figure(10 if len(displays) > 1 else 5.5, 3.6)
    for display, ax in zip(displays, figure.subplots(1, len(displays), squeeze=False)[0], strict=True):
        display.plot(ax)
    if path is not None:
        save(figure, path)
    return figure


def plot_eta_range(found: EtaRange, path: Any = None) -> Any:
    """Cost over η on a logarithmic axis, with the suggestion and the limit. Returns the matplotlib Figure."""
    figure = new_figure(6.5, 3.8)
    ax = figure.subplots()
    ax.plot(found.etas, found.costs, color=QUIET, linewidth=0.8, label="cost of each step")
    ax.plot(found.etas, found.smooth, color=BLUE, linewidth=1.8, label="smoothed")
    falls, stops = f"falls fastest: η = {found.suggestion:.3g}", f"stops falling: η = {found.limit:.3g}"
    ax.axvline(found.suggestion, color=ORANGE, linewidth=1.2, label=falls)
    ax.axvline(found.limit, color=INK, linewidth=0.8, linestyle=":", label=stops)
    ax.set_xscale("log")
    ax.set_xlabel("learning rate η")
    ax.set_ylabel("cost C")
    early = found.costs[: max(5, len(found.costs) // 2)]
    ax.set_ylim(min(0.0, float(found.smooth.min())), 1.15 * float(early.max()) or None)
    ax.legend(frameon=False)
    open_frame(ax)
    if path is not None:
        save(figure, path)
    return figure
