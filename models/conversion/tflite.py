"""Reads a TFLite file into plain Python: operators in order, shapes, constants.

A constant that is stored as fp16 and dequantized in the graph becomes an fp16 array, so that
nothing downstream needs to know of `DEQUANTIZE`.
"""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
}
_KINDS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


@dataclass
class Operator:
    """One step. `kind` is the builtin's name, or the custom operator's own name."""

    index: int
    kind: str
    inputs: list[int]
    outputs: list[int]
    options: object
    custom_options: bytes


@dataclass
class Network:
    """A network of one input and one output; tensors are known by number."""

    operators: list[Operator]
    shapes: list[tuple[int, ...]]
    constants: dict[int, np.ndarray]
    input: int
    output: int


def kind_of(code: schema.OperatorCodeT) -> str:
    # Older files put the code in the deprecated byte-sized field only.
    kind = _KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return code.customCode.decode() if kind == "CUSTOM" else kind


def parse(file: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromPackedBuf(file, 0)


def read(file: bytes) -> Network:
    model = parse(file)
    (graph,) = model.subgraphs
    shapes = [() if tensor.shape is None else tuple(map(int, tensor.shape)) for tensor in graph.tensors]
    constants = {}
    for number, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            constants[number] = np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(shapes[number])
    operators = []
    for index, operator in enumerate(graph.operators):
        kind = kind_of(model.operatorCodes[operator.opcodeIndex])
        inputs, outputs = [int(i) for i in operator.inputs], [int(i) for i in operator.outputs]
        if kind == "DEQUANTIZE" and inputs[0] in constants:
            constants[outputs[0]] = constants[inputs[0]]
            continue
        custom = b"" if operator.customOptions is None else bytes(operator.customOptions)
        operators.append(Operator(index, kind, inputs, outputs, operator.builtinOptions, custom))
    (source,), (result,) = graph.inputs, graph.outputs
    return Network(operators, shapes, constants, int(source), int(result))


def option(operator: Operator, name: str):
    """A field of the operator's options; absent options hold each field's default, 0."""
    return getattr(operator.options, name, 0)
