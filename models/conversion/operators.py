"""Translates a TFLite network to ONNX, one operator at a time.

Every tensor of the source is four-dimensional NHWC. Here it is a `View` of an NCHW tensor, so
convolutions and sums run in ONNX's own layout and a Transpose stands only at the two ends and
where pixels are really regrouped. A node is named after its kind and its number in the source.
"""

import struct

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

from . import precision
from .graph import Graph
from .tflite import Network, Operator, option
from .views import View

NCHW = [0, 3, 1, 2]
NHWC = [0, 2, 3, 1]


class Unsupported(Exception):
    """The source holds something that has no translation here."""


class Translation:
    """`rounded` names the weights of convolutions that may lose bits, each with the means of its input's channels."""

    def __init__(self, network: Network, rounded: dict[str, np.ndarray]):
        self.network = network
        self.rounded = rounded
        self.graph = Graph()
        self.views: dict[int, View] = {}
        self.multiply_adds = 0

    def run(self, name: str) -> onnx.ModelProto:
        network = self.network
        source = View.of("picture", network.shapes[network.input])
        self.views[network.input] = source
        for operator in network.operators:
            translate = TRANSLATIONS.get(operator.kind)
            if translate is None:
                raise Unsupported(f"operator {operator.index} is a {operator.kind}, which has no translation")
            translate(self, operator, f"{NAMES.get(operator.kind, operator.kind.lower())}_{operator.index}")
        output = self.views[network.output]
        result = self.graph.tensor(output, "output")
        return self.graph.model(name, source, View.of(result, output.shape))

    def nchw(self, number: int, name: str = "") -> str:
        """The name of a tensor as NCHW; a constant is added as `name`."""
        if number in self.network.constants:
            value = self.network.constants[number]
            value = value.reshape((1,) * (4 - value.ndim) + value.shape).transpose(NCHW)
            return self.graph.constant(name, value.astype(np.float32))
        return self.graph.tensor(self.views[number].transpose(NCHW))

    def shape(self, number: int) -> tuple[int, ...]:
        return self.network.shapes[number]

    def constant(self, number: int) -> np.ndarray:
        if number not in self.network.constants:
            raise Unsupported(f"tensor {number} is computed, want a constant")
        return self.network.constants[number]

    def weights(self, weights: int, bias: int, name: str, order: list[int]) -> list[str]:
        """Adds a convolution's weights and bias."""
        value = self.constant(weights).astype(np.float32).transpose(order)
        offset = self.constant(bias).astype(np.float32)
        means = self.rounded.get(name + ".weight")
        if means is None:
            return [self.graph.weight(name + ".weight", value), self.graph.weight(name + ".bias", offset)]
        values, scales = precision.fixed(value)
        offset = precision.settled(offset, value, values * scales, means)
        return [self.graph.fixed(name + ".weight", values, scales), self.graph.weight(name + ".bias", offset)]

    def finish(self, operator: Operator, name: str):
        """Adds the fused activation and records the NCHW tensor `name` as the operator's output."""
        activation = option(operator, "fusedActivationFunction")
        kinds = schema.ActivationFunctionType
        if activation == kinds.RELU:
            name = self.graph.node("Relu", [name], name + ".relu")
        elif activation != kinds.NONE:
            raise Unsupported(f"operator {operator.index} has the fused activation {activation}")
        (output,) = operator.outputs
        shape = self.shape(output)
        self.views[output] = View.of(name, tuple(shape[axis] for axis in NCHW)).transpose(NHWC)


def _padding(same: bool, size: int, out: int, window: int, stride: int) -> tuple[int, int]:
    """Padding before and after, as TFLite divides it: the odd one goes after."""
    total = max((out - 1) * stride + window - size, 0) if same else 0
    return total // 2, total - total // 2


def _window(window, strides, vertical, horizontal, group=1) -> dict:
    """The attributes of a convolution; those at their default are left out."""
    attributes = {"kernel_shape": window}
    if strides != [1, 1]:
        attributes["strides"] = strides
    pads = [vertical[0], horizontal[0], vertical[1], horizontal[1]]
    if any(pads):
        attributes["pads"] = pads
    if group != 1:
        attributes["group"] = group
    return attributes


def conv(t: Translation, operator: Operator, name: str):
    """Weights come as [out, h, w, in], or as [1, h, w, channels] for a depthwise convolution."""
    source, weights, bias = operator.inputs
    _, height, width, channels = t.shape(source)
    _, out_height, out_width, out_channels = t.shape(operator.outputs[0])
    depthwise = operator.kind == "DEPTHWISE_CONV_2D"
    if (option(operator, "dilationHFactor"), option(operator, "dilationWFactor")) != (1, 1):
        raise Unsupported(f"operator {operator.index} is dilated")
    same = option(operator, "padding") == schema.Padding.SAME
    strides = [option(operator, "strideH"), option(operator, "strideW")]
    window = list(t.shape(weights)[1:3])
    inputs = [t.nchw(source), *t.weights(weights, bias, name, [3, 0, 1, 2] if depthwise else NCHW)]
    vertical = _padding(same, height, out_height, window[0], strides[0])
    horizontal = _padding(same, width, out_width, window[1], strides[1])
    group = channels if depthwise else 1
    t.graph.node("Conv", inputs, name, **_window(window, strides, vertical, horizontal, group))
    t.multiply_adds += out_height * out_width * out_channels * window[0] * window[1] * (channels // group)
    t.finish(operator, name)


def _conv_transpose(t: Translation, operator: Operator, name: str, tensors, same: bool, strides: list[int]):
    source, weights, bias = tensors
    _, height, width, channels = t.shape(source)
    _, out_height, out_width, out_channels = t.shape(operator.outputs[0])
    window = list(t.shape(weights)[1:3])
    inputs = [t.nchw(source), *t.weights(weights, bias, name, [3, 0, 1, 2])]
    # A transposed convolution crops what the convolution the other way round would pad.
    vertical = _padding(same, out_height, height, window[0], strides[0])
    horizontal = _padding(same, out_width, width, window[1], strides[1])
    t.graph.node("ConvTranspose", inputs, name, **_window(window, strides, vertical, horizontal))
    t.multiply_adds += height * width * channels * window[0] * window[1] * out_channels
    t.finish(operator, name)


def transpose_conv(t: Translation, operator: Operator, name: str):
    """The builtin; its first input repeats the output's shape."""
    _, weights, source, bias = operator.inputs
    same = option(operator, "padding") == schema.Padding.SAME
    strides = [option(operator, "strideH"), option(operator, "strideW")]
    _conv_transpose(t, operator, name, (source, weights, bias), same, strides)


def custom_transpose_conv(t: Translation, operator: Operator, name: str):
    """MediaPipe's own; its options are three integers: padding (1 is SAME), stride across, stride down."""
    padding, stride_w, stride_h = struct.unpack("<3i", operator.custom_options)
    _conv_transpose(t, operator, name, operator.inputs, padding == 1, [stride_h, stride_w])


def unary(kind: str):
    """Works on each number by itself, so on the stored tensor in whatever layout."""

    def translate(t: Translation, operator: Operator, name: str):
        view = t.views[operator.inputs[0]]
        t.views[operator.outputs[0]] = view.renamed(t.graph.node(kind, [view.name], name))

    return translate


def binary(kind: str):
    def translate(t: Translation, operator: Operator, name: str):
        t.graph.node(kind, [t.nchw(number, name + ".constant") for number in operator.inputs], name)
        t.finish(operator, name)

    return translate


def global_mean(t: Translation, operator: Operator, name: str):
    """The mean over all pixels, which one source says as a pool and the other as a mean over two axes."""
    if operator.kind == "MEAN":
        axes = sorted(int(axis) % 4 for axis in t.constant(operator.inputs[1]).ravel())
        whole = axes == [1, 2] and option(operator, "keepDims")
    else:
        window = (option(operator, "filterHeight"), option(operator, "filterWidth"))
        whole = window == t.shape(operator.inputs[0])[1:3] and option(operator, "padding") == schema.Padding.VALID
    if not whole:
        raise Unsupported(f"operator {operator.index} does not average over the whole map")
    t.graph.node("GlobalAveragePool", [t.nchw(operator.inputs[0])], name)
    t.finish(operator, name)


def resize(mode: str):
    def translate(t: Translation, operator: Operator, name: str):
        _, height, width, _ = t.shape(operator.inputs[0])
        _, out_height, out_width, _ = t.shape(operator.outputs[0])
        # For whole factors the nearest pixel is the same with and without half-pixel centres.
        whole = out_height % height == 0 and out_width % width == 0
        usual = option(operator, "halfPixelCenters") if mode == "linear" else whole
        if option(operator, "alignCorners") or not usual:
            raise Unsupported(f"operator {operator.index} samples at unusual places")
        scales = t.graph.constant(
            name + ".scales", np.array([1, 1, out_height / height, out_width / width], np.float32)
        )
        places = {"coordinate_transformation_mode": "half_pixel"}
        if mode == "nearest":
            places = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        t.graph.node("Resize", [t.nchw(operator.inputs[0]), "", scales], name, mode=mode, **places)
        t.finish(operator, name)

    return translate


def softmax(t: Translation, operator: Operator, name: str):
    if option(operator, "beta") != 1.0:
        raise Unsupported(f"operator {operator.index} has beta {option(operator, 'beta')}, want 1")
    view = t.views[operator.inputs[0]]
    axis = view.stored_axis(len(view.shape) - 1)
    t.views[operator.outputs[0]] = view.renamed(t.graph.node("Softmax", [view.name], name, axis=axis))


def reduce_sum(t: Translation, operator: Operator, name: str):
    if not option(operator, "keepDims"):
        raise Unsupported(f"operator {operator.index} drops axes")
    axes = [NCHW.index(int(axis) % 4) for axis in t.constant(operator.inputs[1]).ravel()]
    axes = t.graph.constant(name + ".axes", np.array(sorted(axes), np.int64))
    t.graph.node("ReduceSum", [t.nchw(operator.inputs[0]), axes], name, keepdims=1)
    t.finish(operator, name)


def reshape(t: Translation, operator: Operator, name: str):
    t.views[operator.outputs[0]] = t.views[operator.inputs[0]].reshape(t.shape(operator.outputs[0]))


def transpose(t: Translation, operator: Operator, name: str):
    order = [int(axis) for axis in t.constant(operator.inputs[1])]
    t.views[operator.outputs[0]] = t.views[operator.inputs[0]].transpose(order)


CUSTOM_TRANSPOSE_CONV = "Convolution2DTransposeBias"

TRANSLATIONS = {
    "ADD": binary("Add"),
    "AVERAGE_POOL_2D": global_mean,
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": conv,
    "HARD_SWISH": unary("HardSwish"),
    "LOGISTIC": unary("Sigmoid"),
    "MEAN": global_mean,
    "MUL": binary("Mul"),
    "RELU": unary("Relu"),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize("linear"),
    "RESIZE_NEAREST_NEIGHBOR": resize("nearest"),
    "SOFTMAX": softmax,
    "SUM": reduce_sum,
    "TRANSPOSE": transpose,
    "TRANSPOSE_CONV": transpose_conv,
    CUSTOM_TRANSPOSE_CONV: custom_transpose_conv,
}

# Short names for nodes; other kinds are called as in TFLite, in lower case.
NAMES = {
    "AVERAGE_POOL_2D": "mean",
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise",
    "LOGISTIC": "sigmoid",
    "RESIZE_BILINEAR": "upsample",
    "RESIZE_NEAREST_NEIGHBOR": "enlarge",
    "TRANSPOSE_CONV": "conv_transpose",
    CUSTOM_TRANSPOSE_CONV: "conv_transpose",
}
