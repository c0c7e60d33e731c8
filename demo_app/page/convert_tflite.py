"""TensorFlow Lite models as ONNX files: the operators that MediaPipe's Face Landmarker needs.

Tensors keep their layout (batch, row, column, channel); convolutions turn it for themselves, and
ONNX Runtime takes out the turns that meet.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fer_core.errors import missing_package
from fer_core.io.onnx_session import ExportError, require

OPSET = 18
TO_PLANES, TO_PIXELS = (0, 3, 1, 2), (0, 2, 3, 1)  # (B, H, W, C) -> (B, C, H, W), and back
PADDINGS = ("SAME_UPPER", "VALID")  # by TensorFlow Lite's number
NO_ACTIVATION, RELU = 0, 1  # numbers of TensorFlow Lite


def convert(content: bytes, outputs: Sequence[str]) -> bytes:
    """An ONNX file that computes the same.

    Args:
        content: TensorFlow Lite model with one input and fixed shapes.
        outputs: names for the first of its outputs, which are in the order of their own names; the
            others are left out.

    Returns:
        A file with the input ``values`` and these outputs.

    Raises:
        ExportError: when a package is missing, or the model needs what is not converted here.
    """
    return _Conversion(content).run(outputs)


def _schema() -> Any:  # noqa: ANN401 - LiteRT is not always installed
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        sentence = missing_package(error, "reading TensorFlow Lite models")
        raise ExportError(sentence or str(error)) from error
    return schema_py_generated


def _names(numbers: type) -> dict[int, str]:
    return {number: name for name, number in vars(numbers).items() if isinstance(number, int)}


class _Step(NamedTuple):
    """One operator: the numbers of its inputs, its options, shape and name of its output."""

    inputs: list[int]
    options: Any
    shape: list[int]
    result: str


class _Conversion:
    """One model on its way: ONNX's nodes so far, and the values that are known already."""

    def __init__(self, content: bytes) -> None:
        schema, self.onnx = _schema(), require("onnx")
        self.model = schema.ModelT.InitFromPackedBuf(content, 0)
        if len(self.model.subgraphs) != 1:
            raise ExportError("a TensorFlow Lite model with several graphs is not converted")
        (self.graph,) = self.model.subgraphs
        self.operators = _names(schema.BuiltinOperator)
        self.types = _names(schema.TensorType)
        self.nodes: list[Any] = []
        self.weights: dict[str, np.ndarray] = {}
        self.known = {
            index: values
            for index in range(len(self.graph.tensors))
            if (values := self._stored(index)) is not None
        }

    def run(self, outputs: Sequence[str]) -> bytes:
        for operator in self.graph.operators:
            self._convert(operator)
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        (start,) = self.graph.inputs
        ends = sorted(self.graph.outputs, key=lambda index: self.graph.tensors[index].name)
        ends = ends[: len(outputs)]
        for index, name in zip(ends, outputs, strict=True):
            self._add("Identity", [self._name(index)], name)
        shapes = [self._shape(index) for index in (start, *ends)]
        names = [self._name(start), *outputs]
        first, *last = map(helper.make_tensor_value_info, names, [kind] * len(names), shapes)
        stored = [self.onnx.numpy_helper.from_array(v, name) for name, v in self.weights.items()]
        graph = helper.make_graph(self.nodes, "converted", [first], last, stored)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        self.onnx.checker.check_model(model)
        return model.SerializeToString()

    def _convert(self, operator: Any) -> None:  # noqa: ANN401 - LiteRT has no types
        code = self.model.operatorCodes[operator.opcodeIndex]
        kind = self.operators[max(code.builtinCode, code.deprecatedBuiltinCode)]
        inputs, (end,) = list(operator.inputs), operator.outputs
        if kind == "DEQUANTIZE" and inputs[0] in self.known:  # float16 weights
            self.known[end] = self.known[inputs[0]].astype(np.float32)
            return
        if kind not in _OPERATORS:
            raise ExportError(f"the operator {kind} of TensorFlow Lite is not converted")
        active = getattr(operator.builtinOptions, "fusedActivationFunction", NO_ACTIVATION)
        if active not in (NO_ACTIVATION, RELU):
            raise ExportError(f"the activation {active} of TensorFlow Lite is not converted")
        result = f"{self._name(end)}.before" if active == RELU else self._name(end)
        step = _Step(inputs, operator.builtinOptions, self._shape(end), result)
        one = _OPERATORS[kind]
        if isinstance(one, str):
            self._add(one, [self._name(index) for index in inputs], result)
        else:
            one(self, step)
        if active == RELU:
            self._add("Relu", [result], self._name(end))

    def _stored(self, index: int) -> np.ndarray | None:
        """The values that a tensor has in the file; None where they are computed."""
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or not len(data):
            return None
        kind = np.dtype(self.types[tensor.type].lower())
        return np.frombuffer(bytes(data), kind).reshape(self._shape(index))

    def _shape(self, index: int) -> list[int]:
        shape = self.graph.tensors[index].shape
        return [] if shape is None else [int(length) for length in shape]

    def _name(self, index: int) -> str:
        """ONNX's name of a tensor; known values are stored when they are asked for by it."""
        if index == self.graph.inputs[0]:
            return "values"
        name = f"t{index}"
        if index in self.known:
            self.weights[name] = np.ascontiguousarray(self.known[index])
        return name

    def _weight(self, name: str, values: np.ndarray) -> str:
        self.weights[name] = np.ascontiguousarray(values)
        return name

    def _add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:  # noqa: ANN401
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], **attributes))

    def _integers(self, index: int) -> np.ndarray:
        return self.known[index].astype(np.int64)

    def conv(self, step: _Step) -> None:
        self._convolve(step, (0, 3, 1, 2))

    def depthwise(self, step: _Step) -> None:
        self._convolve(step, (3, 0, 1, 2), groups=self._shape(step.inputs[1])[3])

    def _convolve(self, step: _Step, turn: tuple[int, ...], groups: int = 1) -> None:
        values, weight, bias = step.inputs
        kernel = self._weight(f"{step.result}.kernel", self.known[weight].transpose(turn))
        dilations = [step.options.dilationHFactor, step.options.dilationWFactor]
        more = [kernel, self._name(bias)]
        self._slide("Conv", step, values, *more, dilations=dilations, group=groups)

    def max_pool(self, step: _Step) -> None:
        shape = [step.options.filterHeight, step.options.filterWidth]
        self._slide("MaxPool", step, step.inputs[0], kernel_shape=shape)

    def _slide(self, kind: str, step: _Step, values: int, *weights: str, **attributes: Any) -> None:  # noqa: ANN401
        """What goes over planes, turned before and after."""
        turned, planes = f"{step.result}.turned", f"{step.result}.planes"
        self._add("Transpose", [self._name(values)], turned, perm=TO_PLANES)
        attributes["strides"] = [step.options.strideH, step.options.strideW]
        attributes["auto_pad"] = PADDINGS[step.options.padding]
        self._add(kind, [turned, *weights], planes, **attributes)
        self._add("Transpose", [planes], step.result, perm=TO_PIXELS)

    def pad(self, step: _Step) -> None:
        values, edges = step.inputs
        sides = self._weight(f"{step.result}.edges", self._integers(edges).T.ravel())
        self._add("Pad", [self._name(values), sides], step.result)

    def mean(self, step: _Step) -> None:
        self._reduce("ReduceMean", step)

    def sum(self, step: _Step) -> None:
        self._reduce("ReduceSum", step)

    def _reduce(self, kind: str, step: _Step) -> None:
        values, axes = step.inputs
        along = self._weight(f"{step.result}.axes", np.atleast_1d(self._integers(axes)))
        keep = int(step.options.keepDims)
        self._add(kind, [self._name(values), along], step.result, keepdims=keep)

    def squared_difference(self, step: _Step) -> None:
        names = [self._name(index) for index in step.inputs]
        self._add("Sub", names, f"{step.result}.difference")
        self._add("Mul", [f"{step.result}.difference"] * 2, step.result)

    def rsqrt(self, step: _Step) -> None:
        self._add("Sqrt", [self._name(step.inputs[0])], f"{step.result}.root")
        self._add("Reciprocal", [f"{step.result}.root"], step.result)

    def transpose(self, step: _Step) -> None:
        values, order = step.inputs
        turn = self._integers(order).tolist()
        self._add("Transpose", [self._name(values)], step.result, perm=turn)

    def reshape(self, step: _Step) -> None:
        self._shaped(self._name(step.inputs[0]), step)

    def concatenate(self, step: _Step) -> None:
        names = [self._name(index) for index in step.inputs]
        self._add("Concat", names, step.result, axis=step.options.axis)

    def slice(self, step: _Step) -> None:
        values, *limits = step.inputs
        starts, ends, steps = (self._integers(index) for index in limits)
        shape = np.array(self._shape(values))
        axes = np.arange(len(shape))
        starts = np.where(step.options.beginMask >> axes & 1, 0, starts)
        ends = np.where(step.options.endMask >> axes & 1, shape, ends)
        parts = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
        names = [self._weight(f"{step.result}.{name}", one) for name, one in parts.items()]
        self._add("Slice", [self._name(values), *names], f"{step.result}.part")
        self._shaped(f"{step.result}.part", step)  # without the axes that it drops

    def _shaped(self, values: str, step: _Step) -> None:
        shape = self._weight(f"{step.result}.shape", np.array(step.shape, np.int64))
        self._add("Reshape", [values, shape], step.result)


_OPERATORS: dict[str, str | Callable[[_Conversion, _Step], None]] = {
    "ADD": "Add",
    "SUB": "Sub",
    "MUL": "Mul",
    "DIV": "Div",
    "NEG": "Neg",
    "SQRT": "Sqrt",
    "LOGISTIC": "Sigmoid",
    "PRELU": "PRelu",
    "CONV_2D": _Conversion.conv,
    "DEPTHWISE_CONV_2D": _Conversion.depthwise,
    "MAX_POOL_2D": _Conversion.max_pool,
    "PAD": _Conversion.pad,
    "MEAN": _Conversion.mean,
    "SUM": _Conversion.sum,
    "SQUARED_DIFFERENCE": _Conversion.squared_difference,
    "RSQRT": _Conversion.rsqrt,
    "TRANSPOSE": _Conversion.transpose,
    "RESHAPE": _Conversion.reshape,
    "CONCATENATION": _Conversion.concatenate,
    "STRIDED_SLICE": _Conversion.slice,
}
