"""A TensorFlow cost as a formula or a program: its graph, the list of operations that TensorFlow makes, followed.

What the graph reads from outside (data, Variables) enters as the numbers that stand there. What changes something,
draws random numbers, or has no counterpart in symbols raises ``TraceError``; XLA then compiles the descent.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from downslope.messages import message
from downslope.objectives.frameworks.symbols import (
    Allowance,
    Followed,
    by_name,
    cumulated,
    elements,
    equal,
    expressions_of,
    followed,
    is_followed,
    log_softmax,
    named,
    not_equal,
    of_formulas,
    one_vector,
    rearranged,
    reduced,
    same,
    symbols_of,
)
from downslope.objectives.parameters import Parameters
from downslope.programs import ProgramArray
from downslope.symbolic.unknown import TraceError


def traced(function: Any, parameters: Parameters) -> list[Any]:
    """The SymEngine expressions, flat, of a concrete function of one flat tensor of the parameters.

    Raises:
        TraceError: some of it cannot be expressed in symbols, or it is too large.
    """
    return expressions_of(_run(function, symbols_of(parameters)))


def recorded(function: Any, x: ProgramArray) -> ProgramArray:
    """The result of a concrete function of one flat tensor, recorded in the program of ``x``.

    Raises:
        TraceError: some of it is unknown there.
    """
    return one_vector(_run(function, x))


def _run(function: Any, x: Followed) -> list[Any]:
    captured = [outside for outside, _ in function.graph.captures]
    try:
        return _Reader().run(function.graph, [x, *captured])
    except TraceError:
        raise
    except Exception as error:  # an operation in a form that its counterpart here does not know
        raise TraceError(
            message("it cannot be followed in symbols ({kind})", kind=type(error).__name__)
        ) from error


class _Reader:
    """Goes through a graph, operation by operation: with symbols where parameters enter, else with numbers."""

    def __init__(self) -> None:
        self._allowance = Allowance()

    def run(self, graph: Any, arguments: list[Any]) -> list[Any]:
        """What the graph's outputs are for these inputs, which end with what it captured."""
        known = {tensor.ref(): value for tensor, value in zip(graph.inputs, arguments, strict=True)}
        for operation in graph.get_operations():
            if operation.type == "Placeholder":
                continue
            results = self._results(operation, [known[tensor.ref()] for tensor in operation.inputs])
            for tensor, result in zip(operation.outputs, results, strict=False):
                if is_followed(result):
                    self._allowance.take(result, tuple(tensor.shape))
                known[tensor.ref()] = result
        return [known[tensor.ref()] for tensor in graph.outputs]

    def _results(self, operation: Any, inputs: list[Any]) -> list[Any]:
        name = operation.type
        if name in _CALLS:
            return self.run(operation.graph._get_function(operation.get_attr("f").name).graph, inputs)
        if operation.op_def.is_stateful and name != "ReadVariableOp":
            raise TraceError(message("{name} has no counterpart in symbols", name=name))
        if not any(map(is_followed, inputs)):
            return _in_numbers(operation, inputs)
        if name in _OF_SHAPES:
            return _in_numbers(operation, [np.zeros(tensor.shape) for tensor in operation.inputs])
        if name in _REARRANGING:
            is_data = [tensor.dtype.is_floating for tensor in operation.inputs]
            return list(rearranged(inputs, is_data, lambda places: _in_numbers(operation, places)))
        if name not in OPERATIONS:
            raise TraceError(message("{name} has no counterpart in symbols", name=name))
        arrays = [entry if is_followed(entry) else np.asarray(entry) for entry in inputs]
        found = OPERATIONS[name](operation, *arrays)
        return [followed(part, *arrays) for part in (found if isinstance(found, tuple) else (found,))]


def _in_numbers(operation: Any, inputs: list[Any]) -> list[Any]:
    """TensorFlow's own results for numbers."""
    if operation.type == "Const":
        return [tf.constant(tf.make_ndarray(operation.get_attr("value")))]
    definition, rest = operation.op_def, list(inputs)
    inferred: set[str] = set()
    call = getattr(tf.raw_ops, operation.type)
    options: dict[str, Any] = {}
    names = inspect.signature(
        call
    ).parameters  # which call "axis" what the graph calls "dim", "split_dim", ...
    for argument in definition.input_arg:
        inferred |= {argument.type_attr, argument.number_attr, argument.type_list_attr}
        if argument.number_attr:
            count = operation.get_attr(argument.number_attr)
            value, rest = rest[:count], rest[count:]
        else:
            value = rest.pop(0)
        options[argument.name if argument.name in names else "axis"] = value
    for attribute in definition.attr:
        if attribute.name not in inferred and not attribute.name.startswith("_"):
            options[attribute.name if attribute.name in names else "axis"] = operation.get_attr(
                attribute.name
            )
    result = call(**options)
    return list(result) if isinstance(result, (list, tuple)) else [result]


_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})  # of one graph by another

# Their results depend on the shape of what they are given, not on its values.
_OF_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})

# They only move elements about.
_REARRANGING = frozenset(
    {
        *("Reshape", "Transpose", "ExpandDims", "Squeeze", "BroadcastTo", "Tile", "Roll", "ReverseV2"),
        *("StridedSlice", "Slice", "GatherV2", "GatherNd", "Unpack", "Split", "SplitV"),
        *("MatrixDiagPartV3", "EnsureShape"),
    }
)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that has no options of its own."""
    return lambda _, *arrays: function(*arrays)


def _reduction(name: str, mean: bool = False) -> Callable[..., Any]:
    def reduce(operation: Any, a: Any, axes: Any) -> Any:
        over = [int(axis) for axis in np.ravel(axes)]
        found = reduced(name, a, over, operation.get_attr("keep_dims"))
        return found / (a.size // max(1, found.size)) if mean else found

    return reduce


def _product(operation: Any, a: Any, b: Any) -> Any:
    """Of matrices; either may be transposed."""
    turned = []
    for letter, entry, other in (("a", a, b), ("b", b, a)):
        is_batched = operation.type.startswith("Batch")
        name = f"adj_{'x' if letter == 'a' else 'y'}" if is_batched else f"transpose_{letter}"
        matrix = elements(entry, other)
        turned.append(np.swapaxes(matrix, -1, -2) if operation.get_attr(name) else matrix)
    return np.matmul(*turned)


def _joined(_: Any, *given: Any) -> Any:
    """Arrays one after the other, along the axis that is given last."""
    *arrays, axis = given
    return np.concatenate([elements(a, *arrays) for a in arrays], int(axis))


def _cumulated(operation: Any, a: Any, axis: Any) -> Any:
    if operation.get_attr("exclusive"):
        raise TraceError(message("an exclusive running sum has no counterpart in symbols"))
    return cumulated(a, int(axis), operation.get_attr("reverse"))


def _converted(operation: Any, a: Any) -> Any:
    kind = operation.get_attr("DstT")
    if not kind.is_floating:
        raise TraceError(message("a conversion to {kind} has no derivative", kind=kind.name))
    return np.where(a, 1.0, 0.0) if operation.inputs[0].dtype == tf.bool else a.astype(float)


def _entropy_of_labels(_: Any, logits: Any, labels: Any) -> Any:
    logs = log_softmax(logits)
    return -followed(elements(logs)[np.arange(len(labels)), labels], logs)


def _bias_added(operation: Any, a: Any, bias: Any) -> Any:
    if operation.get_attr("data_format") != b"NHWC":
        raise TraceError(message("a bias of channels that come first has no counterpart in symbols"))
    return a + bias


# Operations that have no options of their own.
_PLAIN: dict[str, Callable[..., Any]] = {
    **of_formulas("tensorflow"),
    **by_name(
        {
            **{"Add": "add", "AddV2": "add", "Sub": "subtract", "Mul": "multiply"},
            **{"RealDiv": "true_divide", "Div": "true_divide", "Pow": "power", "Neg": "negative"},
            **{"Less": "less", "LessEqual": "less_equal", "Greater": "greater"},
            **{"GreaterEqual": "greater_equal", "LogicalAnd": "logical_and"},
            **{"LogicalOr": "logical_or", "LogicalNot": "logical_not"},
            "Square": "square",
        }
    ),
    "Equal": equal,
    "NotEqual": not_equal,
    "AddN": lambda *arrays: sum(arrays[1:], arrays[0]),
    "SquaredDifference": lambda a, b: (a - b) ** 2,
    "DivNoNan": lambda a, b: np.where(equal(b, 0.0), 0.0, a / b),
    "Reciprocal": lambda a: 1 / a,
    "Inv": lambda a: 1 / a,
    "Rsqrt": lambda a: 1 / np.sqrt(a),
    "Xlogy": lambda a, b: a * np.log(b),
    "IsFinite": lambda a: np.ones(a.shape, bool),  # where a symbol stands for a finite number
    "Softsign": lambda a: a / (1 + np.abs(a)),
    "Relu6": lambda a: np.minimum(named("relu")(a), 6.0),
    "Elu": lambda a: np.where(a > 0, a, np.exp(a) - 1),
    "Select": lambda c, a, b: np.where(c, a, b),
    "SelectV2": lambda c, a, b: np.where(c, a, b),
    "ClipByValue": lambda a, low, high: np.minimum(np.maximum(a, low), high),
    "L2Loss": lambda a: np.sum(a * a) / 2,
    "LogSoftmax": log_softmax,
    "Softmax": lambda a: np.exp(log_softmax(a)),
    "SoftmaxCrossEntropyWithLogits": lambda a, labels: -np.sum(labels * log_softmax(a), axis=-1),
    **dict.fromkeys(("Identity", "StopGradient", "PreventGradient", "Snapshot", "CheckNumerics"), same),
}

OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: _plain(function) for name, function in _PLAIN.items()},
    "ConcatV2": _joined,
    "Pack": lambda operation, *arrays: np.stack(
        [elements(a, *arrays) for a in arrays], operation.get_attr("axis")
    ),
    "IdentityN": lambda _, *arrays: tuple(arrays),
    "LeakyRelu": lambda operation, a: np.where(a > 0, a, operation.get_attr("alpha") * a),
    "Sum": _reduction("sum"),
    "Mean": _reduction("sum", mean=True),
    "Prod": _reduction("prod"),
    "Max": _reduction("max"),
    "Min": _reduction("min"),
    "Cumsum": _cumulated,
    "MatMul": _product,
    "BatchMatMulV2": _product,
    "BiasAdd": _bias_added,
    "Einsum": lambda operation, *arrays: np.einsum(
        operation.get_attr("equation").decode(), *(elements(a, *arrays) for a in arrays)
    ),
    "Cast": _converted,
    "SparseSoftmaxCrossEntropyWithLogits": _entropy_of_labels,
}
