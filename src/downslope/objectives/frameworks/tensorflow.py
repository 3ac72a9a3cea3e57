"""Costs written in TensorFlow: read into a formula, else compiled with the whole descent by XLA, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.objectives.frameworks.agreement import agreeing_formula, look_at_slope
from downslope.objectives.frameworks.answers import (
    flat_gradient,
    gradient_parts,
    name_of,
    nothing_returned,
    one_number,
    refuse_several,
)
from downslope.objectives.frameworks.tensorflow_symbols import traced
from downslope.objectives.frameworks.tensors import (
    IN_PLACE,
    TensorLibrary,
    Tensors,
)
from downslope.objectives.loop import Advance, Carry, Step, capacity, written
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.array import TraceError

_CUTS = ("tf.stop_gradient", ".numpy()", "tf.constant")
_UNTRACEABLE = (tf.errors.OperatorNotAllowedInGraphError, NotImplementedError, AttributeError, TypeError)


class TensorFlowObjective(Objective):
    """A function of TensorFlow tensors, as a graph where it can be one; ``loop`` then compiles whole descents of it."""

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(tensors.parameters, name_of(function), tensors.precision)
        self._function, self._tensors, self._supplied = function, tensors, gradient
        self.device = tensors.like.device
        self.differentiation = "tf.GradientTape" if gradient is None else "supplied"
        self._evaluate: Callable[[Any], tuple[Any, Any]] = self.evaluate

    def settle(self, x: Vector) -> Any:
        """Try the cost at the start: compile what can be compiled, refuse what cannot be descended.

        Returns the cost as a concrete function; None where it cannot be a graph.
        """
        self.value_and_gradient(x)  # eagerly: its errors are the person's own
        point = self.array(x)
        try:  # as one concrete function, which TensorFlow does not warn of being traced once for each cost
            graph = tf.function(self.evaluate, autograph=False).get_concrete_function(point)
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
        self._evaluate = graph
        self.loop, self.remote = TensorFlowLoop(self), TensorFlowRemote(self)
        return cost

    def array(self, x: Vector) -> Any:
        """A flat vector as a tensor of the start's precision, on its device."""
        with tf.device(self.device):
            return tf.constant(np.asarray(x, self.dtype))

    def evaluate(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat tensor."""
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

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self._evaluate(self.array(x))
        return float(value), np.array(gradient)


class TensorFlowLoop:
    """Compiles a step with XLA and repeats it inside one loop."""

    def __init__(self, objective: TensorFlowObjective) -> None:
        self._objective = objective

    def value_and_gradient(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat tensor."""
        return self._objective.evaluate(x)

    def compile(self, step: Step, carry: tuple[Vector, ...]) -> tuple[Carry, Advance]:
        """``step`` as compiled code that repeats it, and the first carry."""
        first = tuple(self._objective.array(part) for part in carry)
        shapes = [np.shape(part) for part in carry]
        dtype, dimension = tf.as_dtype(self._objective.dtype), carry[0].size
        most = capacity(dimension)

        def body(i: Any, before: Carry, block: Any) -> Any:
            after, record = step(before)
            row = tf.concat([before[0], tf.stack([tf.cast(part, dtype) for part in record])], 0)
            kept = [tf.reshape(tf.cast(new, dtype), shape) for new, shape in zip(after, shapes, strict=True)]
            return i + 1, tuple(kept), block.write(i, row)

        def repeat(count: Any, *before: Any) -> Any:
            block = tf.TensorArray(dtype, most, element_shape=[dimension + 3])
            _, after, block = tf.while_loop(
                lambda i, *_: i < count, body, (tf.constant(0), before, block), maximum_iterations=most
            )
            return after, block.stack()

        function = tf.function(repeat, jit_compile=True, autograph=False)
        try:
            compiled = function.get_concrete_function(tf.constant(1), *first)
            compiled(tf.constant(1), *first)
        except (*_UNTRACEABLE, ValueError, tf.errors.OpError) as error:
            raise TraceError(message("TensorFlow cannot compile it")) from error

        def advance(before: Carry, count: int) -> tuple[Carry, NDArray[np.float64]]:
            count = min(count, most)
            after, block = compiled(tf.constant(count), *before)
            return after, block.numpy()[:count].astype(np.float64)

        return first, advance


class TensorFlowRemote:
    """Flat tensors that stay on their device; a step is compiled."""

    engine = "compiled"
    least = 20_000

    def __init__(self, objective: TensorFlowObjective) -> None:
        self._objective = objective
        self.array = objective.array
        self.leaf = objective.array
        self.value_and_gradient = objective.evaluate

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """The numbers of a flat tensor."""
        return written(x.numpy(), out)

    def squared_length(self, parts: Any) -> float:
        """The squared Euclidean length of a flat array."""
        return float(tf.tensordot(parts, parts, 1))

    def prepare_step(self, step: Callable[[Any], Any], carry: Any) -> Callable[[Any], Any]:
        """The step, compiled."""
        dtype = tf.as_dtype(self._objective.dtype)

        def cast(carry: Any) -> Any:
            after, record = step(carry)
            return tuple(tf.cast(leaf, dtype) for leaf in after), record

        function = tf.function(cast, jit_compile=True, autograph=False)
        try:
            compiled: Callable[[Any], Any] = function.get_concrete_function(carry)
            compiled(carry)
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
        objective = TensorFlowObjective(function, tensors, gradient)
        cost = objective.settle(tensors.x)
        if gradient is not None:
            return objective, tensors.x
        try:
            if cost is None:
                raise TraceError(message("it is no graph"))
            formula = agreeing_formula(traced(cost, tensors.parameters), None, objective, tensors)
        except TraceError:
            look_at_slope(objective, tensors.x, _CUTS)
            return objective, tensors.x
        formula.loop, formula.remote = objective.loop, objective.remote  # for engine="compiled"
        return formula, tensors.x


LIBRARY = TensorFlowLibrary()
