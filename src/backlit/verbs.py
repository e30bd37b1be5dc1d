"""What can be done with a network, as its methods: each one line that leads to the room where the matter stands.

The only file that points to later rooms, and it does so when called, never when imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explain import Derivation, Paths
    from .explain.examples import PerExample
    from .explain.health import Health
    from .explain.moved import Update
    from .explain.nudges import Nudges
    from .explain.prediction import StepPrediction
    from .explain.ranking import Ranking
    from .history import History
    from .metrics import Evaluation
    from .network import Network
    from .passes import Gradient, Trace, Value
    from .recorder import Moment

Array = Any


class Verbs:
    """The verbs of a Network."""

    def predict(self: Network, x: Any, *, engine: str = "auto") -> Array:  # type: ignore[misc]
        """a^L, (n, n_L), of a numeric array (n, n_0) taken as a^0, or of raw rows by the recipe. Raises DataError."""
        from .use import predict

        return predict(self, x, engine=engine)

    def predict_labels(self: Network, x: Any, *, engine: str = "auto") -> Array:  # type: ignore[misc]
        """Class names (or numbers), (n,), or values in the target's own unit. Raises DataError."""
        from .use import predict_labels

        return predict_labels(self, x, engine=engine)

    def value(self: Network, x: Any, y: Any, **options: Any) -> Value:  # type: ignore[misc]
        """C (B5), a float; options as ``gradient`` takes them, and ``included`` says what took part."""
        from .use import value

        return value(self, x, y, **options)

    def gradient(self: Network, x: Any, y: Any, **options: Any) -> Gradient:  # type: ignore[misc]
        """The mean ∇C: ``.w[l]``, ``.b[l]``, ``.theta``; options l1, l2, sample_weight, dropout_masks, engine."""
        from .use import gradient

        return gradient(self, x, y, **options)

    def backprop(self: Network, x: Any, y: Any, *, dropout_masks: Any = None) -> Trace:  # type: ignore[misc]
        """One pass forward and back: ``.z[l] .a[l] .delta[l] .dC_da[l]``, a row an example, nothing averaged."""
        from .use import backprop

        return backprop(self, x, y, dropout_masks=dropout_masks)

    def explain(self: Network, name: str, x: Any, y: Any = None, **options: Any) -> Derivation:  # type: ignore[misc]
        """Any derivative, as the chain rule with its numbers; options notation, depth, example, and ``gradient``'s."""
        from .explain import explain

        return explain(self, name, x, y, **options)

    def paths(self: Network, name: str, x: Any, y: Any = None, *, top: int = 20, **options: Any) -> Paths:  # type: ignore[misc]
        """The ``top`` paths of largest |contribution| of a derivative, and what all come to; options as ``explain``."""
        from .explain import paths

        return paths(self, name, x, y, top=top, **options)

    def nudges(self: Network, x: Any, y: Any, **options: Any) -> Nudges:  # type: ignore[misc]
        """−∂C_x/∂· for chosen examples and ``of=["w[2][3,5]", "a[1][4]"]``, and their average."""
        from .explain.nudges import nudges

        return nudges(self, x, y, **options)

    def per_example(self: Network, x: Any, y: Any, *, sample_weight: Any = None) -> PerExample:  # type: ignore[misc]
        """Each example's gradient norm, cosine with the mean, cost and margin; each parameter's variance."""
        from .explain.examples import per_example

        return per_example(self, x, y, sample_weight=sample_weight)

    def rank_examples(self: Network, x: Any, y: Any, **options: Any) -> Ranking:  # type: ignore[misc]
        """Examples by="gradient-norm", "cost", "cosine" or "margin": ``.indices``, ``.values``."""
        from .explain.ranking import rank_examples

        return rank_examples(self, x, y, **options)

    def evaluate(self: Network, x: Any, y: Any, **options: Any) -> Evaluation:  # type: ignore[misc]
        """Cost and metrics on a set: for classes a confusion matrix and a table by class, for values MAE, RMSE, R²."""
        from .metrics import evaluate

        return evaluate(self, x, y, **options)

    def fit(self: Network, x: Any, y: Any, **options: Any) -> History:  # type: ignore[misc]
        """Trains on x, y and returns the history; options as ``backlit.training.fit`` names them."""
        from .training import fit

        return fit(self, x, y, **options)

    def find_eta(self: Network, x: Any, y: Any, **options: Any) -> Any:  # type: ignore[misc]
        """A learning-rate range test on a copy; the result suggests an η and plots itself."""
        from .finder import find_eta

        return find_eta(self, x, y, **options)

    def health(self: Network, x: Any, y: Any, *, eta: float | None = None) -> Health:  # type: ignore[misc]
        """How the gradient fares, layer by layer, and which factor shrinks it (B2): docs/health.md."""
        from .explain.health import health

        return health(self, x, y, eta=eta)

    def predict_step(  # type: ignore[misc]
        self: Network, name: str, x: Any, y: Any, *, delta: float = 0.01
    ) -> StepPrediction:
        """ΔC for a step on ``"w[1][5,30]"``: predicted, measured, and how far they agree to 1%."""
        from .explain.prediction import predict_step

        return predict_step(self, name, x, y, delta=delta)

    def explain_update(self: Network, name: str, before: Moment, after: Moment) -> Update:  # type: ignore[misc]
        """Why ``"w[1][5,30]"`` moved in a step that ``backlit.Steps`` recorded: its parts add up to the move."""
        from .explain.update import explain_update

        return explain_update(self, name, before, after)

    def save(self: Network, path: str | Path) -> Path:  # type: ignore[misc]
        """Writes the model file (safetensors with JSON metadata), crash-safe; returns its path."""
        from .files import save

        return save(self, path)

    def to_torch(self: Network, *, logits: bool = False) -> Any:  # type: ignore[misc]
        """A PyTorch nn.Sequential that computes the same; with ``logits``, without the last activation."""
        from .interop.torch import to_torch

        return to_torch(self, logits=logits)

    def to_onnx(self: Network, path: str | Path, **options: Any) -> Path:  # type: ignore[misc]
        """Writes an ONNX model with the column recipe in it: raw columns in, labels out; options as docs/onnx.md."""
        from .interop.onnx_write import write

        return write(self, path, **options)

    def to_sklearn(self: Network) -> Any:  # type: ignore[misc]
        """A fitted MLPClassifier or MLPRegressor with the same weights; raises UsageError for what they can't be."""
        from .interop.sklearn import to_sklearn

        return to_sklearn(self)

    def to_tree(self: Network, style: Any = "flax") -> Any:  # type: ignore[misc]
        """θ as a tree of arrays, as "flax", "haiku", "equinox" or "pairs" have it."""
        from .interop.trees import to_tree

        return to_tree(self, style)

    def to_c(self: Network, name: str = "network") -> str:  # type: ignore[misc]
        """A C header: the weights, and a forward pass in plain C99."""
        from .interop.csource import to_c

        return to_c(self, name)
