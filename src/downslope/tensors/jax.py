"""JAX's arrays."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary


class JaxArrays(ArrayLibrary):
    """JAX arrays, which cannot be changed and are replaced."""

    def call(self, name: str, values: tuple[Any, ...]) -> Any:
        return getattr(jnp, name)(*values)

    def beside(self, scalar: Any, part: Any) -> Any:
        if not isinstance(scalar, jax.Array):
            return super().beside(scalar, part)
        return scalar if scalar.dtype in (part.dtype, np.bool_) else scalar.astype(part.dtype)

    def piece(self, numbers: np.ndarray[Any, Any], part: Any) -> Any:
        shaped = numbers.reshape(tuple(part.shape))
        return jnp.asarray(shaped, dtype=None if numbers.dtype == np.bool_ else part.dtype)

    def part_dot(self, a: Any, b: Any) -> Any:
        product = jnp.vdot(a, b)
        return product if isinstance(product, jax.core.Tracer) else np.float64(product)

    def read(self, leaf: Any, name: str) -> Any:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise UsageError(
                message(
                    "{name} is an array of {dtype}; steps need floating point: {name}.astype(float).",
                    name=name,
                    dtype=leaf.dtype,
                )
            )
        return leaf

    def fit(self, values: Any, part: Any) -> Any:
        return jnp.asarray(values, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        return part

    def plain(self, part: Any) -> Any:
        return np.array(part)


JAX = JaxArrays()
