"""How much the output changes when a single tensor of weights is rounded to fp16: the ground for `precision`."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from . import agreement, registry


def effects(entry: dict, photographs: list[Path]) -> list[tuple[str, int, float, float]]:
    """Name, size, and the root-mean-square and maximum change of the output when that tensor alone is rounded.

    The costliest for its size comes first.
    """
    model = onnx.load_from_string(registry.convert(entry, rounded=False)[0])
    weights = {}
    for tensor in list(model.graph.initializer):
        if tensor.name.endswith(".weight"):
            # As an input it can be changed without loading the network again.
            weights[tensor.name] = numpy_helper.to_array(tensor)
            model.graph.input.append(helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims))
            model.graph.initializer.remove(tensor)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pictures = [agreement.picture(path, entry["input"]) for path in photographs]

    def run(values):
        return np.concatenate([session.run(["output"], {**values, "picture": one})[0] for one in pictures])

    wanted = run(weights)
    found = []
    for name, value in weights.items():
        change = run({**weights, name: value.astype(np.float16).astype(np.float32)}) - wanted
        found.append((name, value.size, float(np.sqrt(np.mean(change**2))), float(np.abs(change).max())))
    return sorted(found, key=lambda one: -(one[2] ** 2) / one[1])
