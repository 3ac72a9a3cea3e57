"""Costs written in TensorFlow: read into a formula, else compiled with the whole descent by XLA, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.objectives.frameworks.answers import (
    flat_gradient,
    gradient_parts,
    nothing_returned,
    one_number,
    refuse_several,
)
from downslope.objectives.frameworks.compiled import CompiledObjective, Recorded, read_or_compiled
from downslope.objectives.frameworks.programs import CostReader
from downslope.objectives.frameworks.tensorflow_symbols import recorded, traced
from downslope.objectives.frameworks.tensors import IN_PLACE, TensorLibrary, Tensors
from downslope.objectives.generators import is_seeded
from downslope.objectives.loop import Carry
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.unknown import TraceError

# In the names of operations that do not give the same again; the ends of those that only hold others.
_CHANGING = (
    "Random",
    "Rng",
    "Assign",
    "StatefulUniform",
    "StatefulStandardNormal",
    "StatefulTruncatedNormal",
)
_CALLS = ("PartitionedCall", "If", "While", "Case")
_UNTRACEABLE = (tf.errors.OperatorNotAllowedInGraphError, NotImplementedError, AttributeError, TypeError)


_UNSEEDED = message(
    "TensorFlow draws them by seeds of its own, which nobody can set back; tf.random.set_seed(...) before the run lets"
    " it go on with the same numbers."
)


class TensorFlowObjective(CompiledObjective):
    """A function of TensorFlow tensors, as a graph where it can be one; descents of it are compiled by XLA."""

    autodiff = "tf.GradientTape"
    cuts = ("tf.stop_gradient", ".numpy()", "tf.constant")

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(function, tensors, gradient)
        self.device = tensors.like.device

    def settle(self, x: Vector) -> Any:
        """As ``CompiledObjective`` says; the program is a concrete function."""
        self.value_and_gradient(x)  # eagerly: its errors are the person's own
        point = self.array(x)
        try:  # as one concrete function, which TensorFlow does not warn of being traced once for each cost
            graph = tf.function(self.evaluate, autograph=False).get_concrete_function(point)
            state = _state_of(graph)
            if state is not None:
                self.notes = (
                    message(
                        "TensorFlow computes every step eagerly: {text} draws random numbers or changes a variable"
                        " ({operation}), and compiled steps are made again where a run ends among them.",
                        text=self.text,
                        operation=state,
                    ),
                    *((_UNSEEDED,) if state.startswith("Random") and not is_seeded() else ()),
                )
                return None
            graph(point)
            cost = tf.function(self._cost, autograph=False).get_concrete_function(point)
        except _UNTRACEABLE as error:
            self.notes = (
                message(
                    "TensorFlow computes every step eagerly: {text} cannot be a graph ({kind}).",
                    text=self.text,
                    kind=type(error).__name__,
                ),
            )
            return None
        self.use_compiled(graph)
        return cost

    def reader(self, program: Any) -> CostReader:
        near = "CPU" in self.device
        return CostReader(
            partial(traced, program, self.parameters), partial(recorded, program) if near else None
        )

    def array(self, x: Vector) -> Any:
        with tf.device(self.device):
            return tf.constant(np.asarray(x, self.dtype))

    def evaluate(self, x: Any) -> tuple[Any, Any]:
        if self._supplied is not None:
            result = self._tensors.call(self._supplied, self._named(x))
            parts = [
                tf.convert_to_tensor(part, self.dtype) for part in gradient_parts(result, self.parameters)
            ]
            flat_gradient(
                [np.empty(part.shape) for part in parts], self.parameters, self.dtype
            )  # their shapes
            return self._cost(x), tf.concat([tf.reshape(part, [-1]) for part in parts], 0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value = self._cost(x)
        gradient = tape.gradient(value, x)
        if gradient is None:
            raise ObjectiveError(
                message(
                    "{text} does not depend on its parameters: tf.stop_gradient, .numpy(), float(),"
                    " tf.constant(...) or a Variable other than its argument inside it cut them off.",
                    text=self.text,
                )
            )
        return value, tf.convert_to_tensor(gradient)

    def _named(self, x: Any) -> dict[str, Any]:
        parameters = self.parameters
        if len(parameters.names) == 1:
            return {parameters.names[0]: tf.reshape(x, parameters.shapes[0])}
        pieces = tf.split(x, parameters.sizes)
        return {
            name: tf.reshape(piece, shape)
            for name, shape, piece in zip(parameters.names, parameters.shapes, pieces, strict=True)
        }

    def _cost(self, x: Any) -> Any:
        try:
            result = self._tensors.call(self._function, self._named(x))
        except tf.errors.InvalidArgumentError as error:
            if "as input #" in str(error) and "but is a" in str(error):
                raise ObjectiveError(
                    message(
                        "{text} mixes precisions; give its data the precision of the start: tf.cast(data,"
                        " start.dtype).",
                        text=self.text,
                    )
                ) from error
            raise
        except AttributeError as error:
            if "has no attribute 'assign" in str(error):
                raise ObjectiveError(
                    message(
                        "{text} assigns to its parameters; it is given tensors: write x = x + 1, not"
                        " x.assign_add(1).",
                        text=self.text,
                    )
                ) from error
            raise
        if result is None:
            raise nothing_returned(self.text)
        refuse_several(result, self.text)
        value = tf.convert_to_tensor(result)
        if value.shape.rank is None or not value.shape.is_fully_defined():
            return tf.cast(tf.reshape(value, []), self.dtype)
        one_number(np.empty(value.shape, value.dtype.as_numpy_dtype), self.text)
        return tf.cast(tf.reshape(value, []), self.dtype)

    def cast(self, number: Any, shape: tuple[int, ...]) -> Any:
        return tf.reshape(tf.cast(number, self.dtype), shape)

    def row(self, x: Any, numbers: tuple[Any, ...]) -> Any:
        return tf.concat([x, tf.stack([tf.cast(number, self.dtype) for number in numbers])], 0)

    def compile_repeated(
        self, recorded: Recorded, first: Carry, most: int
    ) -> Callable[[Carry, int], tuple[Carry, Any]]:
        def body(i: Any, before: Carry, block: Any) -> Any:
            after, row = recorded(before)
            return i + 1, after, block.write(i, row)

        def repeat(count: Any, before: Carry) -> Any:
            block = tf.TensorArray(tf.as_dtype(self.dtype), most, element_shape=[first[0].shape[0] + 3])
            _, after, block = tf.while_loop(
                lambda i, *_: i < count, body, (tf.constant(0), before, block), maximum_iterations=most
            )
            return after, block.stack()

        compiled = _compiled(repeat, tf.constant(1), first)
        return lambda before, count: compiled(tf.constant(count), before)

    def compile_once(self, step: Callable[[Any], Any], carry: Carry) -> Callable[[Any], Any]:
        return _compiled(step, carry)

    def squared_length(self, x: Any) -> Any:
        return tf.tensordot(x, x, 1)


def _state_of(graph: Any) -> str | None:
    """The kind of an operation in a concrete function that changes a state, as random numbers do; None without one."""
    functions = graph.graph._functions.values() if hasattr(graph.graph, "_functions") else ()
    graphs = [graph.graph, *(f.graph for f in functions if hasattr(f, "graph"))]
    kinds = (op.type for inner in graphs for op in inner.get_operations() if op.op_def.is_stateful)
    return next(
        (kind for kind in kinds if not kind.endswith(_CALLS) and any(word in kind for word in _CHANGING)),
        None,
    )


def _compiled(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """The function, compiled by XLA for arguments like these, and tried on them."""
    try:
        compiled: Callable[..., Any] = tf.function(
            function, jit_compile=True, autograph=False
        ).get_concrete_function(*arguments)
        compiled(*arguments)
    except (*_UNTRACEABLE, ValueError, tf.errors.OpError) as error:
        raise TraceError(message("TensorFlow cannot compile it")) from error
    return compiled


class TensorFlowLibrary(TensorLibrary):
    """TensorFlow."""

    name = "TensorFlow"
    cast = ("tf.constant([1.0, 2.0])", "tf.cast(tensor, tf.float64)")
    fixed = message(
        "{option} needs a start that can be changed: Variables; leave it out and use run.x.",
        option=IN_PLACE,
    )

    def numbers(self, tensor: Any) -> NDArray[Any]:
        return np.array(tensor.numpy())

    def precision(self, tensor: Any) -> str:
        return str(tensor.dtype.name)

    def like(self, numbers: NDArray[Any], tensor: Any) -> Any:
        with tf.device(tensor.device):
            made = tf.constant(numbers, tensor.dtype)
            return tf.Variable(made, trainable=tensor.trainable) if self.can_change(tensor) else made

    def can_change(self, tensor: Any) -> bool:
        return isinstance(tensor, tf.Variable)

    def put(self, tensor: Any, numbers: NDArray[Any]) -> None:
        tensor.assign(tf.constant(numbers, tensor.dtype))

    def objective(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> tuple[Objective, Vector]:
        return read_or_compiled(TensorFlowObjective(function, tensors, gradient), tensors, gradient is None)


LIBRARY = TensorFlowLibrary()
