"""How far a converted network is from the original, run by LiteRT, on photographs.

Two differences are taken: of the network's output as it leaves the file, and of the probabilities
that the library makes of it (the registry says how).
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import flatbuffers
import numpy as np
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

from . import registry, source, tflite
from .operators import CUSTOM_TRANSPOSE_CONV


@dataclass
class Difference:
    max_abs: float
    mean_abs: float

    @staticmethod
    def between(got: np.ndarray, wanted: np.ndarray) -> "Difference":
        distance = np.abs(got.astype(np.float64) - wanted)
        return Difference(float(distance.max()), float(distance.mean()))


def picture(path: Path, contract: dict) -> np.ndarray:
    """A photograph as a network takes it: upright, RGB, stretched, in the contract's range."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    size = (contract["width"], contract["height"])
    pixels = np.asarray(upright.resize(size, Image.Resampling.BILINEAR), np.float32)
    black, white = contract["range"]
    return (black + (white - black) * pixels / 255)[np.newaxis].astype(np.float32)


def probabilities(output: np.ndarray, contract: dict) -> np.ndarray:
    if contract["activation"] == "none":
        return output
    if contract["activation"] != "softmax":
        raise ValueError(f"activation is {contract['activation']}, want none or softmax")
    scaled = output.astype(np.float64) * contract["temperature"]
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def with_builtins_only(file: bytes) -> bytes:
    """The same network with MediaPipe's own operator rewritten as LiteRT's `TRANSPOSE_CONV`.

    LiteRT's Python package does not have that operator. The builtin computes the same, takes the
    output's shape as an additional first input, and the inputs in another order.
    """
    model = tflite.parse(file)
    (graph,) = model.subgraphs
    for operator in graph.operators:
        if tflite.kind_of(model.operatorCodes[operator.opcodeIndex]) != CUSTOM_TRANSPOSE_CONV:
            continue
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
        code.version = 3  # the first that takes a bias
        model.operatorCodes.append(code)
        shape, data = schema.TensorT(), schema.BufferT()
        values = np.array(graph.tensors[operator.outputs[0]].shape, np.int32)
        data.data = np.frombuffer(values.tobytes(), np.uint8)
        model.buffers.append(data)
        shape.shape, shape.type = np.array([4], np.int32), schema.TensorType.INT32
        shape.name, shape.buffer = b"output_shape", len(model.buffers) - 1
        graph.tensors.append(shape)
        padding, stride_w, stride_h = np.frombuffer(bytes(operator.customOptions), "<i4")
        options = schema.TransposeConvOptionsT()
        options.padding = schema.Padding.SAME if padding == 1 else schema.Padding.VALID
        options.strideW, options.strideH = int(stride_w), int(stride_h)
        source, weights, bias = operator.inputs
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.inputs = [len(graph.tensors) - 1, weights, source, bias]
        operator.builtinOptionsType = schema.BuiltinOptions.TransposeConvOptions
        operator.builtinOptions, operator.customOptions = options, None
    builder = flatbuffers.Builder(len(file))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class Reference:
    """The original network, run by LiteRT."""

    NAME = f"ai-edge-litert {version('ai-edge-litert')}"

    def __init__(self, file: bytes):
        self.interpreter = Interpreter(model_content=with_builtins_only(file))
        self.interpreter.allocate_tensors()
        (self.input,), (self.output,) = self.interpreter.get_input_details(), self.interpreter.get_output_details()

    def run(self, picture: np.ndarray) -> np.ndarray:
        self.interpreter.set_tensor(self.input["index"], picture)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output["index"])


class Converted:
    """A converted network, run by ONNX Runtime."""

    NAME = f"onnxruntime {version('onnxruntime')}"

    def __init__(self, file: bytes):
        self.session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def run(self, picture: np.ndarray) -> np.ndarray:
        (output,) = self.session.run(["output"], {"picture": picture})
        return output


def differences(entry: dict, converted: bytes, photographs: list[Path]) -> list[dict[str, Difference]]:
    """For each photograph how far the output and the probabilities are from the original's."""
    reference, network = Reference(source.fetch(entry["source"])), Converted(converted)
    found = []
    for path in photographs:
        pixels = picture(path, entry["input"])
        got, wanted = network.run(pixels), reference.run(pixels)
        if got.shape != wanted.shape:
            raise ValueError(f"{entry['id']} gives {got.shape}, the original {wanted.shape}")
        likely = [probabilities(output, entry["output"]) for output in (got, wanted)]
        found.append({"output": Difference.between(got, wanted), "probabilities": Difference.between(*likely)})
    return found


def measure(entry: dict, photographs: list[str]) -> dict:
    """What the registry says of a model's agreement.

    `translation` is the output's difference with all weights left at fp32: what the other operators
    and layout do. The others are of the file that ships, so they add the rounding of its weights.
    """
    paths = [registry.photograph(name) for name in photographs]
    shipped = differences(entry, (registry.MODELS / entry["file"]).read_bytes(), paths)
    precise = differences(entry, registry.convert(entry, rounded=False)[0], paths)
    return {
        "reference": Reference.NAME,
        "runtime": Converted.NAME,
        "photographs": photographs,
        "translation": _summary([one["output"] for one in precise]),
        "output": _summary([one["output"] for one in shipped]),
        "probabilities": _summary([one["probabilities"] for one in shipped]),
        "bounds": entry["agreement"]["bounds"],
    }


def _summary(found: list[Difference]) -> dict:
    # Two digits: the rest differs from one processor to the next.
    return {
        "maxAbs": float(f"{max(one.max_abs for one in found):.1e}"),
        "meanAbs": float(f"{np.mean([one.mean_abs for one in found]):.1e}"),
    }


def above_bounds(entry: dict) -> list[str]:
    """What is wrong with a measured entry, in words."""
    found = entry["agreement"]
    return [
        f"{entry['id']}: {part} differs by up to {found[part]['maxAbs']}, want less than {bound}"
        for part, bound in found["bounds"].items()
        if found[part]["maxAbs"] >= bound
    ]
