"""What rounding weights to 16 bits does to the output: the ground for `precision`, and the means that it needs."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from . import agreement, precision, registry


def _exact(entry: dict) -> tuple[onnx.ModelProto, dict[str, onnx.NodeProto]]:
    """A network without rounding, and its large convolutions by the name of their weights."""
    model = onnx.load_from_string(registry.convert(entry, rounded=False)[0])
    sizes = {tensor.name: np.prod(tensor.dims) for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    large = [node for node in convolutions if sizes.get(node.input[1], 0) > precision.FEW]
    return model, {node.input[1]: node for node in large}


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def input_means(entry: dict, photographs: list[Path]) -> dict[str, list[float]]:
    """The mean over all photographs and pixels of each channel that large weights read, to three digits."""
    model, convolutions = _exact(entry)
    sources = sorted({node.input[0] for node in convolutions.values()})
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in sources)
    session = _session(model)
    sums = dict.fromkeys(sources, 0)
    for path in photographs:
        seen = session.run(sources, {"picture": agreement.picture(path, entry["input"])})
        for name, value in zip(sources, seen, strict=True):
            sums[name] = sums[name] + value.astype(np.float64).mean(axis=(0, 2, 3))
    return {
        name: [float(f"{total / len(photographs):.2e}") for total in sums[node.input[0]]]
        for name, node in convolutions.items()
    }


def effects(entry: dict, photographs: list[Path]) -> list[tuple[str, int, float, float]]:
    """Name, size, and the root-mean-square and maximum change of the output when that tensor alone is rounded.

    The costliest for its size comes first.
    """
    model, convolutions = _exact(entry)
    means = precision.load().get(entry["id"], {"means": {}})["means"]
    changed = {name for node in convolutions.values() for name in node.input[1:3]}
    values = {}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name in changed]:
        # As an input it can be changed without loading the network again.
        values[tensor.name] = numpy_helper.to_array(tensor)
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims))
        model.graph.initializer.remove(tensor)
    session = _session(model)
    pictures = [agreement.picture(path, entry["input"]) for path in photographs]

    def run(values):
        return np.concatenate([session.run(["output"], {**values, "picture": one})[0] for one in pictures])

    wanted = run(values)
    found = []
    for name, node in convolutions.items():
        weights, bias = values[name], values[node.input[2]]
        whole, scales = precision.fixed(weights)
        settled = precision.settled(bias, weights, whole * scales, np.array(means[name]))
        change = run({**values, name: whole * scales, node.input[2]: settled}) - wanted
        found.append((name, weights.size, float(np.sqrt(np.mean(change**2))), float(np.abs(change).max())))
    return sorted(found, key=lambda one: -(one[2] ** 2) / one[1])
