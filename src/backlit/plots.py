"""matplotlib displays: the history of a run, and the learning-rate finder.

Each returns the figure, and saves it on request; nothing of matplotlib's global state is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError, UsageError, missing
from .storage import check_writable

if TYPE_CHECKING:
    from .finder import EtaRange
    from .history import History

INK, BLUE, ORANGE, QUIET = "#222222", "#1f5fa8", "#c8641b", "#b8b8b8"
_LINES = {"cost": (QUIET, "-"), "training_cost": (BLUE, "-"), "validation_cost": (ORANGE, "-")}
_ACCURACIES = {"training_accuracy": (BLUE, "-"), "validation_accuracy": (ORANGE, "-")}


def plot_history(history: History, path: Any = None) -> Any:
    """Costs, and accuracies where there are any, over epochs; the best epoch is marked. Returns the Figure."""
    if not len(history):
        raise DataError("the history has no epochs to draw")
    accuracies = [name for name in _ACCURACIES if name in history.columns]
    figure = _figure(10 if accuracies else 5.5, 3.6)
    axes = figure.subplots(1, 2 if accuracies else 1, squeeze=False)[0]
    _draw(axes[0], history, {n: style for n, style in _LINES.items() if n in history.columns})
    if accuracies:
        _draw(axes[1], history, {name: _ACCURACIES[name] for name in accuracies})
    axes[0].set_ylabel("cost C")
    if accuracies:
        axes[1].set_ylabel("accuracy, %")
    return _done(figure, path)


def _draw(axis: Any, history: History, styles: dict[str, tuple[str, str]]) -> None:
    """The named columns over epochs, in their colours, with the best epoch and a legend."""
    from .history import TITLES

    for name, (colour, line) in styles.items():
        label = "cost in the epoch's steps" if name == "cost" else TITLES[name]
        numbers = history[name] * (100 if name in _ACCURACIES else 1)
        marker = "." if len(history) < 3 else ""
        axis.plot(history["epoch"], numbers, line, color=colour, linewidth=1.6, label=label, marker=marker)
    if history.best_epoch is not None:
        axis.axvline(history.best_epoch, color=INK, linewidth=0.7, linestyle=":", label="best epoch")
    axis.set_xlabel("epoch")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(frameon=False)


def plot_eta_range(found: EtaRange, path: Any = None) -> Any:
    """Cost over η on a logarithmic axis, with the suggestion and the limit. Returns the matplotlib Figure."""
    figure = _figure(6.5, 3.8)
    axis = figure.subplots()
    axis.plot(found.etas, found.costs, color=QUIET, linewidth=0.8, label="cost of each step")
    axis.plot(found.etas, found.smooth, color=BLUE, linewidth=1.8, label="smoothed")
    axis.axvline(
        found.suggestion, color=ORANGE, linewidth=1.2, label=f"falls fastest: η = {found.suggestion:.3g}"
    )
    axis.axvline(
        found.limit, color=INK, linewidth=0.8, linestyle=":", label=f"stops falling: η = {found.limit:.3g}"
    )
    axis.set_xscale("log")
    axis.set_xlabel("learning rate η")
    axis.set_ylabel("cost C")
    early = found.costs[: max(5, len(found.costs) // 2)]
    axis.set_ylim(min(0.0, float(found.smooth.min())), 1.15 * float(early.max()) or None)
    axis.legend(frameon=False)
    return _done(figure, path)


def check_picture(path: str | Path) -> None:
    """Raises now, before any work, what would keep a picture from being written: its ending, its folder, matplotlib."""
    endings = _figure(1, 1).canvas.get_supported_filetypes()
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in endings:
        raise UsageError(f"{path}: a picture's name ends in one of {', '.join(sorted(endings))}; take .png")
    check_writable(path, "the picture")


def _figure(width: float, height: float) -> Any:
    """A figure of its own, outside pyplot, so that nothing global changes and no window opens."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as reason:
        raise missing("matplotlib", "plots", "drawing") from reason
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _done(figure: Any, path: Any) -> Any:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    if path is not None:
        try:
            figure.savefig(Path(path), dpi=150)
        except (OSError, ValueError) as reason:
            raise DataError(f"the picture could not be written to {path}: {reason}") from reason
    return figure
