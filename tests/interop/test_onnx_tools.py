"""ONNX in: models that PyTorch and scikit-learn's exporter write, made here by them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.errors import ModelError
from backlit.network import Network

pytest.importorskip("onnx", reason="onnx is not installed")
from backlit.interop.onnx import read

RNG = np.random.default_rng(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.onnx"


def test_models_that_pytorch_exports(path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    torch.manual_seed(0)

    class Viewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Linear(12, 4), nn.BatchNorm1d(4), nn.SiLU(), nn.Linear(4, 2, bias=False)
            )
            self.body[1].running_mean += 1
            self.body[1].running_var *= 3

        def forward(self, x: Any) -> Any:
            return self.body(x.view(x.size(0), -1))

    plain = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 4), nn.GELU(), nn.Dropout(), nn.Linear(4, 3), nn.Softmax(-1)
    )
    tail = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.GELU("tanh"), nn.Linear(3, 2), nn.Hardsigmoid())
    for module, opset in ((Viewed(), 9), (Viewed(), 12), (Viewed(), 20), (plain, 17), (tail.double(), 14)):
        module.eval()
        x = torch.randn(5, 3, 4).to(next(module.parameters()).dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own
            torch.onnx.export(
                module, (x,), str(path), dynamo=False, opset_version=opset, input_names=["x"],
                dynamic_axes={"x": {0: "n"}},
            )  # fmt: skip
        with torch.no_grad():
            expected = module(x).numpy()
        net = read(path)
        np.testing.assert_allclose(net.predict(x.numpy().reshape(5, -1)), expected, rtol=1e-5, atol=1e-6)


def test_models_that_scikit_learns_exporter_writes(path: Path) -> None:
    pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer, OneHotEncoder, StandardScaler

    rows = RNG.normal(5, 2, (60, 4)).astype(np.float32)
    words = np.array(["a", "b", "c"])[RNG.integers(0, 3, 60)]
    frame = pd.DataFrame({"n": rows[:, 0], "m": rows[:, 1], "s": words, "k": RNG.integers(0, 3, 60)})

    def mlp(kind: Any = MLPClassifier, **options: Any) -> Any:
        return kind(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **options)

    def imported(model: Any, asked: Any, types: Any = None) -> Network:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own
            made = to_onnx(model, rows[:1]) if types is None else to_onnx(model, initial_types=types)
        path.write_bytes(made.SerializeToString())
        net = read(path)
        outputs = net.predict(asked)
        if hasattr(model, "predict_proba"):
            expected = model.predict_proba(asked)
            np.testing.assert_allclose(outputs, expected[:, -outputs.shape[1] :], atol=1e-5)
        else:
            np.testing.assert_allclose(outputs, model.predict(asked).reshape(60, -1), rtol=1e-4, atol=1e-4)
        if net.task == "classes":
            assert net.predict_labels(asked).tolist() == model.predict(asked).tolist()
        return net

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs
        assert imported(mlp().fit(rows, words), rows).classes == ("a", "b", "c")
        two = make_pipeline(StandardScaler(), mlp(activation="logistic")).fit(rows, (rows[:, 0] > 5) + 3)
        assert imported(two, rows).classes == (3, 4)
        several = imported(mlp().fit(rows, (rows[:, :2] > 5).astype(int)), rows)
        assert (several.classes, several.task) == (None, None)
        imported(
            make_pipeline(MinMaxScaler(), mlp(MLPRegressor, activation="tanh")).fit(rows, rows[:, :2]), rows
        )

        columns = ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["n", "m"]),
                ("words", OneHotEncoder(handle_unknown="ignore"), ["s"]),
                ("dropped", OneHotEncoder(drop="first"), ["k"]),
            ]
        )
        number, word = FloatTensorType([None, 1]), StringTensorType([None, 1])
        types = [("n", number), ("m", number), ("s", word), ("k", Int64TensorType([None, 1]))]
        net = imported(make_pipeline(columns, mlp()).fit(frame, words), frame, types)
        assert net.recipe.inputs == ("n", "m", "s = a", "s = b", "s = c", "k = 1", "k = 2")
        assert dict(net.recipe.describe())["n"].startswith("standardised: mean")
        gap = frame.assign(n=np.nan)
        assert np.isfinite(net.predict(gap)).all()

        made = to_onnx(make_pipeline(Normalizer(), mlp(MLPRegressor)).fit(rows, rows[:, 0]), rows[:1])
    path.write_bytes(made.SerializeToString())
    with pytest.raises(
        ModelError, match=r"Normalizer\): .*divides each row by its own length.*normalise the data before"
    ):
        read(path)
