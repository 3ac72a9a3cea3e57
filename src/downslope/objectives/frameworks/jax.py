"""Costs written in JAX: traced into a formula, else compiled with the whole descent by JAX, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
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
from downslope.objectives.frameworks.jax_symbols import recorded, traced
from downslope.objectives.frameworks.programs import CostReader
from downslope.objectives.frameworks.tensors import TensorLibrary, Tensors
from downslope.objectives.loop import Carry
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.unknown import TraceError

_UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,  # a branch on a value, float(), a size that depends on a value
    jax.errors.TracerArrayConversionError,  # NumPy's functions, .tolist()
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)


class JaxObjective(CompiledObjective):
    """A function of JAX arrays, compiled by XLA where it can be."""

    autodiff = "jax.grad"
    cuts = (".item()", "float()", "jax.lax.stop_gradient")

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(function, tensors, gradient)
        self._device = next(iter(tensors.like.devices()))

    def settle(self, x: Vector) -> Any:
        """As ``CompiledObjective`` says; the program is a closed jaxpr."""
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
        self.use_compiled(jax.jit(self.evaluate))
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

    def reader(self, program: Any) -> CostReader:
        near = self._device.platform == "cpu"
        return CostReader(
            partial(traced, program, self.parameters), partial(recorded, program) if near else None
        )

    def array(self, x: Vector) -> Any:
        return jax.device_put(np.asarray(x, self.dtype), self._device)

    def evaluate(self, x: Any) -> tuple[Any, Any]:
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

    def cast(self, number: Any, shape: tuple[int, ...]) -> Any:
        return jnp.asarray(number, self.dtype).reshape(shape)

    def row(self, x: Any, numbers: tuple[Any, ...]) -> Any:
        return jnp.concatenate([x, jnp.stack([jnp.asarray(number, self.dtype) for number in numbers])])

    def compile_repeated(
        self, recorded: Recorded, first: Carry, most: int
    ) -> Callable[[Carry, int], tuple[Carry, Any]]:
        def body(i: Any, loop: tuple[Carry, Any]) -> tuple[Carry, Any]:
            after, row = recorded(loop[0])
            return after, loop[1].at[i].set(row)

        def repeat(count: Any, before: Carry) -> Any:
            block = jnp.zeros((most, first[0].size + 3), self.dtype)
            return jax.lax.fori_loop(0, count, body, (before, block))

        compiled = _compiled(repeat, np.int32(1), first)
        return lambda before, count: compiled(np.int32(count), before)

    def compile_once(self, step: Callable[[Any], Any], carry: Carry) -> Callable[[Any], Any]:
        return _compiled(step, carry)

    def squared_length(self, x: Any) -> Any:
        return jnp.vdot(x, x)


def _compiled(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """The function, compiled for arguments like these."""
    try:
        compiled: Callable[..., Any] = jax.jit(function).lower(*arguments).compile()
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
        return read_or_compiled(JaxObjective(function, tensors, gradient), tensors, gradient is None)


LIBRARY = JaxLibrary()
