"""Gathers the nodes, constants, inputs and outputs of an ONNX graph, each tensor with a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Array = Any
_ML = "ai.onnx.ml"
OUTPUTS = ("outputs", "label", "value")


class Builder:
    """``number`` is ONNX's number type of the network, ``double`` and ``word`` are those of raw columns."""

    def __init__(self, opset: int, dtype: Any, reserved: Iterable[str] = ()) -> None:
        from onnx import TensorProto

        self.opset, self.dtype = opset, np.dtype(dtype)
        self.double, self.word, self.whole = TensorProto.DOUBLE, TensorProto.STRING, TensorProto.INT64
        self.single = TensorProto.FLOAT
        self.number = self.double if self.dtype == np.float64 else self.single
        self._names = set(reserved)
        self.outputs = {wish: self.name(wish) for wish in OUTPUTS}  # another where a column is called so
        self._nodes: list[Any] = []
        self._stored: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def name(self, wish: str) -> str:
        """The name, or one like it where that is taken."""
        found, k = wish, 1
        while found in self._names:
            found, k = f"{wish}_{k}", k + 1
        self._names.add(found)
        return found

    def node(self, op: str, *inputs: str, into: str, **attributes: Any) -> str:
        """Adds a node and returns its output's name: ``into``, or one like it; one of OUTPUTS is the graph's own."""
        from onnx import helper

        output = self.outputs.get(into) or self.name(into)
        domain, _, plain = op.rpartition(".")
        made = helper.make_node(
            plain, list(inputs), [output], name=self.name(f"{plain}:{output}"), **attributes
        )
        made.domain = domain
        self._nodes.append(made)
        return output

    def constant(self, value: Array, wish: str) -> str:
        """Adds a constant, numbers or words, and returns its name."""
        from onnx import helper, numpy_helper

        name = self.name(wish)
        value = np.asarray(value)
        if value.dtype.kind in "OU":
            words: Any = [str(one).encode() for one in value.reshape(-1).tolist()]
            self._stored.append(helper.make_tensor(name, self.word, value.shape, words))
        else:
            self._stored.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, value: float, wish: str) -> str:
        """Adds one number of the network's dtype."""
        return self.constant(np.array(value, dtype=self.dtype), wish)

    def input(self, name: str, kind: int, shape: Sequence[Any], doc: str) -> str:
        """Adds an input of the graph."""
        self._inputs.append(_value(name, kind, shape, doc))
        self._names.add(name)
        return name

    def output(self, name: str, kind: int, shape: Sequence[Any], doc: str) -> None:
        """Adds one of OUTPUTS to the graph's."""
        self._outputs.append(_value(self.outputs[name], kind, shape, doc))

    def model(self, about: Mapping[str, str]) -> Any:
        """The ModelProto."""
        from onnx import helper

        from .. import __version__

        opsets = [helper.make_opsetid("", self.opset)]
        if any(node.domain == _ML for node in self._nodes):
            opsets.append(helper.make_opsetid(_ML, 3 if self.opset >= 15 else 2))
        graph = helper.make_graph(self._nodes, "network", self._inputs, self._outputs, self._stored)
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="backlit",
            producer_version=__version__,
        )
        helper.set_model_props(model, {"backlit": __version__, "value": self.outputs["value"], **about})
        return model


def _value(name: str, kind: int, shape: Sequence[Any], doc: str) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, kind, list(shape), doc_string=doc)
