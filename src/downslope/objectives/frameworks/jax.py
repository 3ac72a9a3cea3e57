"""Costs written in JAX: traced into a formula, else compiled with the whole descent by JAX, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
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
from downslope.objectives.frameworks.jax_symbols import traced
from downslope.objectives.frameworks.tensors import (
    TensorLibrary,
    Tensors,
)
from downslope.objectives.loop import Advance, Carry, Step, capacity, written
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.array import TraceError

_UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,  # a branch on a value, float(), a size that depends on a value
    jax.errors.TracerArrayConversionError,  # NumPy's functions, .tolist()
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)
_CUTS = (".item()", "float()", "jax.lax.stop_gradient")


class JaxObjective(Objective):
    """A function of JAX arrays, compiled where it can be; ``loop`` then compiles whole descents of it."""

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(tensors.parameters, name_of(function), tensors.precision)
        self._function, self._tensors, self._supplied = function, tensors, gradient
        self._device = next(iter(tensors.like.devices()))
        self.differentiation = "jax.grad" if gradient is None else "supplied"
        self._evaluate: Callable[[Any], tuple[Any, Any]] = self.evaluate

    def settle(self, x: Vector) -> Any:
        """Try the cost at the start: compile what can be compiled, refuse what cannot be descended.

        Returns the cost as a closed jaxpr; None where it cannot be compiled.
        """
        point = self.array(x)
        try:
            program = jax.make_jaxpr(self._cost)(point)
            self._refuse_constant(program.jaxpr)
            jax.eval_shape(self.evaluate, point)
        except _UNTRACEABLE as error:
            try:
                self.evaluate(point)
            except jax.errors.TracerArrayConversionError as conversion:
                raise ObjectiveError(
                    message(
                        "{text} gives its parameters to NumPy, which cuts the gradient; use jax.numpy's"
                        " functions.",
                        text=self.text,
                    )
                ) from conversion
            except jax.errors.ConcretizationTypeError as conversion:
                raise ObjectiveError(
                    message(
                        "{text} turns its parameters into plain numbers (float() or .item()), which cuts the"
                        " gradient; leave them arrays.",
                        text=self.text,
                    )
                ) from conversion
            self.notes = (
                message("JAX computes every step, uncompiled: {text} has NumPy's functions.", text=self.text)
                if isinstance(error, jax.errors.TracerArrayConversionError)
                else message(
                    "JAX computes every step, uncompiled: {text} has a branch on a value, or float().",
                    text=self.text,
                ),
            )
            return None
        self._evaluate = jax.jit(self.evaluate)
        self.loop, self.remote = JaxLoop(self), JaxRemote(self)
        return program

    def _refuse_constant(self, program: Any) -> None:
        """Raise ObjectiveError where the result is computed without the parameters: JAX says zero, without a word."""
        reached = set(program.invars)
        for equation in program.eqns:
            if any(v in reached for v in equation.invars if not hasattr(v, "val")):
                reached.update(equation.outvars)
        if not any(v in reached for v in program.outvars if not hasattr(v, "val")):
            raise ObjectiveError(
                message(
                    "{text} does not depend on its parameters; use the arrays that it is given, uncopied.",
                    text=self.text,
                )
            )

    def array(self, x: Vector) -> Any:
        """A flat vector as a JAX array of the start's precision and device."""
        return jax.device_put(np.asarray(x, self.dtype), self._device)

    def evaluate(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat JAX array."""
        if self._supplied is None:
            value, slope = jax.value_and_grad(self._cost)(x)
            return value, slope
        result = self._tensors.call(self._supplied, self._tensors.parameters.named(x))
        parts = [jnp.asarray(part) for part in gradient_parts(result, self.parameters)]
        flat_gradient([np.empty(part.shape) for part in parts], self.parameters, self.dtype)  # their shapes
        return self._cost(x), jnp.concatenate([part.reshape(-1) for part in parts]).astype(self.dtype)

    def _cost(self, x: Any) -> Any:
        result = self._tensors.call(self._function, self._tensors.parameters.named(x))
        if result is None:
            raise nothing_returned(self.text)
        refuse_several(result, self.text)
        value = jnp.asarray(result)
        one_number(np.empty(value.shape, value.dtype), self.text)
        return value.reshape(()).astype(self.dtype)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, gradient = self._evaluate(self.array(x))
        return float(value), np.array(gradient)

    def value(self, x: Vector) -> float:
        return float(self._evaluate(self.array(x))[0])


class JaxLoop:
    """Compiles a step and repeats it inside one XLA loop."""

    def __init__(self, objective: JaxObjective) -> None:
        self._objective = objective

    def value_and_gradient(self, x: Any) -> tuple[Any, Any]:
        """Value and flat gradient at a flat JAX array."""
        return self._objective.evaluate(x)

    def compile(self, step: Step, carry: tuple[Vector, ...]) -> tuple[Carry, Advance]:
        """``step`` as compiled code that repeats it, and the first carry."""
        first = tuple(self._objective.array(part) for part in carry)
        dtype, dimension = self._objective.dtype, carry[0].size
        most = capacity(dimension)

        def body(i: Any, loop: tuple[Carry, Any]) -> tuple[Carry, Any]:
            before, block = loop
            after, record = step(before)
            row = jnp.concatenate([before[0], jnp.stack([jnp.asarray(part, dtype) for part in record])])
            kept = tuple(
                jnp.asarray(new, dtype).reshape(old.shape) for new, old in zip(after, before, strict=True)
            )
            return kept, block.at[i].set(row)

        def repeat(count: Any, before: Carry) -> Any:
            return jax.lax.fori_loop(0, count, body, (before, jnp.zeros((most, dimension + 3), dtype)))

        try:
            compiled = jax.jit(repeat).lower(np.int32(1), first).compile()
        except _UNTRACEABLE as error:
            raise TraceError(message("JAX cannot compile it")) from error

        def advance(before: Carry, count: int) -> tuple[Carry, NDArray[np.float64]]:
            count = min(count, most)
            after, block = compiled(np.int32(count), before)
            return after, np.asarray(block)[:count].astype(np.float64)

        return first, advance


class JaxRemote:
    """Flat JAX arrays that stay on their device; a step is compiled."""

    engine = "compiled"
    least = 20_000

    def __init__(self, objective: JaxObjective) -> None:
        self._objective = objective
        self.array = objective.array
        self.leaf = objective.array
        self.value_and_gradient = objective.evaluate

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """The numbers of a flat JAX array."""
        return written(np.asarray(x), out)

    def squared_length(self, parts: Any) -> float:
        """The squared Euclidean length of a flat array."""
        return float(jnp.vdot(parts, parts))

    def prepare_step(self, step: Callable[[Any], Any], carry: Any) -> Callable[[Any], Any]:
        """The step, compiled."""
        dtype = self._objective.dtype

        def cast(carry: Any) -> Any:
            after, record = step(carry)
            return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), after), record

        try:
            compiled: Callable[[Any], Any] = jax.jit(cast).lower(carry).compile()
        except _UNTRACEABLE as error:
            raise TraceError(message("JAX cannot compile it")) from error
        return compiled


class JaxLibrary(TensorLibrary):
    """JAX."""

    name = "JAX"
    cast = ("jnp.array([1.0, 2.0])", "array.astype(float)")

    def numbers(self, tensor: Any) -> NDArray[Any]:
        return np.array(tensor)

    def precision(self, tensor: Any) -> str:
        return str(tensor.dtype)

    def like(self, numbers: NDArray[Any], tensor: Any) -> Any:
        return jax.device_put(np.array(numbers, tensor.dtype), next(iter(tensor.devices())))

    def objective(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> tuple[Objective, Vector]:
        objective = JaxObjective(function, tensors, gradient)
        program = objective.settle(tensors.x)
        if gradient is not None:
            return objective, tensors.x
        if program is None:
            look_at_slope(objective, tensors.x, _CUTS)
            return objective, tensors.x
        try:
            expressions = traced(program, tensors.parameters)
            formula = agreeing_formula(expressions, None, objective, tensors)
        except TraceError:
            look_at_slope(objective, tensors.x, _CUTS)
            return objective, tensors.x
        formula.loop, formula.remote = objective.loop, objective.remote  # for engine="compiled"
        return formula, tensors.x


LIBRARY = JaxLibrary()
