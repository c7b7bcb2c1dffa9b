"""Merges linear steps that follow each other with nothing between, so that every runtime is spared them.

Three merges, each exact but for fp32 rounding:
- a scale or an offset per channel goes into the pointwise convolutions that read it;
- so does a 1 x 1 depthwise convolution, which is a scale and an offset;
- a convolution goes into the one pointwise convolution that reads it, if that leaves fewer weights.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .tflite import Network, Operator, option

# Where a convolution keeps its input, its weights and its bias.
_PLACES = {"CONV_2D": (0, 1, 2), "DEPTHWISE_CONV_2D": (0, 1, 2), "TRANSPOSE_CONV": (2, 1, 3)}


def fold(network: Network):
    """Merges in place until nothing is left to merge."""
    while any(_fold_affine(network, step) or _fold_convolution(network, step) for step in list(network.operators)):
        pass


def _weights(network: Network, step: Operator) -> np.ndarray:
    return network.constants[step.inputs[_PLACES[step.kind][1]]].astype(np.float64)


def _bias(network: Network, step: Operator) -> np.ndarray:
    return network.constants[step.inputs[_PLACES[step.kind][2]]].astype(np.float64)


def _set(network: Network, step: Operator, source: int, weights: np.ndarray, bias: np.ndarray):
    """Gives a convolution another input, weights and bias. Constants may be shared, so new ones are added."""
    numbers = [source]
    for value in (weights, bias):
        numbers.append(len(network.shapes))
        network.constants[numbers[-1]] = value.astype(np.float32)
        network.shapes.append(value.shape)
    for place, number in zip(_PLACES[step.kind], numbers, strict=True):
        step.inputs[place] = number


def _readers(network: Network, step: Operator) -> list[Operator]:
    return [other for other in network.operators if step.outputs[0] in other.inputs]


def _linear(step: Operator) -> bool:
    return option(step, "fusedActivationFunction") == schema.ActivationFunctionType.NONE


def _pointwise(network: Network, step: Operator) -> bool:
    if step.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return False
    strides = (option(step, "strideH"), option(step, "strideW"))
    return _weights(network, step).shape[1:3] == (1, 1) and strides == (1, 1)


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """`left @ right`, summed in one order on every machine, so that the files come out alike."""
    total = np.zeros((left.shape[0], right.shape[1]))
    for middle in range(left.shape[1]):
        total += left[:, middle, None] * right[middle]
    return total


def _affine(network: Network, step: Operator) -> tuple[int, np.ndarray, np.ndarray] | None:
    """The input, scale and offset per channel, if that is all the step is."""
    if not _linear(step):
        return None
    channels = network.shapes[step.outputs[0]][-1]
    if step.kind == "DEPTHWISE_CONV_2D" and _pointwise(network, step):
        return step.inputs[0], _weights(network, step).ravel(), _bias(network, step)
    if step.kind in ("MUL", "ADD"):
        constants = [number for number in step.inputs if number in network.constants]
        if len(constants) == 1 and network.shapes[constants[0]] == (channels,):
            (source,) = (number for number in step.inputs if number not in constants)
            value = network.constants[constants[0]].astype(np.float64)
            scale, offset = (value, np.zeros(channels)) if step.kind == "MUL" else (np.ones(channels), value)
            return source, scale, offset
    return None


def _fold_affine(network: Network, step: Operator) -> bool:
    readers = _readers(network, step)
    affine = _affine(network, step)
    if affine is None or not readers or step.outputs[0] == network.output:
        return False
    if not all(reader.kind == "CONV_2D" and _pointwise(network, reader) for reader in readers):
        return False
    source, scale, offset = affine
    for reader in readers:
        weights = _weights(network, reader)
        bias = _bias(network, reader) + product(weights[:, 0, 0, :], offset[:, None])[:, 0]
        _set(network, reader, source, weights * scale, bias)
    network.operators.remove(step)
    return True


def _fold_convolution(network: Network, step: Operator) -> bool:
    readers = _readers(network, step)
    if step.kind not in ("CONV_2D", "TRANSPOSE_CONV") or not _linear(step) or len(readers) != 1:
        return False
    (reader,) = readers
    if reader.kind != "CONV_2D" or not _pointwise(network, reader) or step.outputs[0] == network.output:
        return False
    first, second = _weights(network, step), _weights(network, reader)[:, 0, 0, :]
    shape = (len(second), *first.shape[1:])
    if np.prod(shape) >= first.size + second.size:
        return False
    weights = product(second, first.reshape(len(first), -1)).reshape(shape)
    bias = _bias(network, reader) + product(second, _bias(network, step)[:, None])[:, 0]
    _set(network, step, step.inputs[_PLACES[step.kind][0]], weights, bias)
    step.outputs = reader.outputs
    step.options.fusedActivationFunction = option(reader, "fusedActivationFunction")
    network.operators.remove(reader)
    return True
