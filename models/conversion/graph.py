"""An ONNX graph under construction: nodes, weights, and views made into tensors."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .views import View, sizes

# The oldest pair that has every operator used here, for the widest choice of runtimes.
OPSET = 17
IR_VERSION = 8


class Graph:
    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names: set[str] = set()
        self._moved: dict[tuple, str] = {}

    def node(self, kind: str, inputs: list[str], name: str, **attributes) -> str:
        """Adds a node with one output, called like the node."""
        self._claim(name)
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        """Adds an initializer as it is."""
        self._claim(name)
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str, value: np.ndarray) -> str:
        """Adds fp32 weights, stored as fp16 where that loses nothing."""
        half = value.astype(np.float16)
        if np.array_equal(half.astype(np.float32), value):
            return self.node("Cast", [self.constant(name + ".f16", half)], name, to=TensorProto.FLOAT)
        return self.constant(name, value.astype(np.float32))

    def fixed(self, name: str, values: np.ndarray, scales: np.ndarray) -> str:
        """Adds fp32 weights, stored as whole numbers and what to multiply them by."""
        whole = self.node("Cast", [self.constant(name + ".i16", values)], name + ".whole", to=TensorProto.FLOAT)
        return self.node("Mul", [whole, self.constant(name + ".scale", scales)], name)

    def tensor(self, view: View, name: str | None = None) -> str:
        """The view as a tensor; `name` is given only if it must be called so."""
        split, order, shape = view.steps()
        moves = order != sorted(order)
        key = (view.name, split, tuple(order) if moves else None, shape)
        if name is None and key in self._moved:
            return self._moved[key]
        stored = sizes(view.stored)
        steps = []
        if split != stored and moves:
            steps.append(("split", "Reshape", split))
        if moves:
            steps.append(("moved", "Transpose", order))
            stored = tuple(split[axis] for axis in order)
        if stored != shape:
            steps.append(("joined", "Reshape", shape))
        result = view.name
        for step, (suffix, kind, value) in enumerate(steps):
            last = step == len(steps) - 1
            called = name if last and name else self._free(f"{view.name}.{suffix}")
            if kind == "Transpose":
                result = self.node(kind, [result], called, perm=value)
            else:
                result = self.node(kind, [result, self.constant(called + ".shape", np.array(value, np.int64))], called)
        if name and result != name:
            result = self.node("Identity", [result], name)
        self._moved[key] = result
        return result

    def _claim(self, name: str):
        if name in self._names:
            raise ValueError(f"two tensors are called {name}")
        self._names.add(name)

    def _free(self, name: str) -> str:
        count = 2
        free = name
        while free in self._names:
            free, count = f"{name}{count}", count + 1
        return free

    def model(self, name: str, source: View, result: View) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(source.name, TensorProto.FLOAT, source.shape)],
            [helper.make_tensor_value_info(result.name, TensorProto.FLOAT, result.shape)],
            self.weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="featheredge"
        )
        onnx.checker.check_model(model, full_check=True)
        return model
