"""TensorFlow's tensors and variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary, precision_of_plain_numbers

_IN_MATH = ("logical_and", "logical_or", "logical_not", "log")


class TensorFlowTensors(ArrayLibrary):
    """TensorFlow's variables, changed in place, and tensors, which are replaced."""

    def call(self, name: str, values: tuple[Any, ...]) -> Any:
        module = tf.math if name in _IN_MATH else tf
        return getattr(module, "abs" if name == "absolute" else name)(*_as_tensors(values))

    def dot(self, a: Any, b: Any) -> Any:
        return tf.reduce_sum(a * b)

    def own_dot(self, a: Any, b: Any) -> Any:
        return tf.reduce_sum(a * b)

    def entry(self, table: Sequence[float], k: Any) -> Any:
        place = tf.cast(self.call("minimum", (k, float(len(table) - 1))), tf.int32)
        return tf.gather(tf.constant(table, k.dtype), place)

    def beside(self, scalar: Any, part: Any) -> Any:
        if not isinstance(scalar, (tf.Tensor, tf.Variable)):
            return super().beside(scalar, part)
        return scalar if scalar.dtype in (part.dtype, tf.bool) else tf.cast(scalar, part.dtype)

    def piece(self, numbers: np.ndarray[Any, Any], part: Any) -> Any:
        shaped = numbers.reshape(tuple(part.shape))
        return tf.constant(shaped, dtype=None if numbers.dtype == np.bool_ else part.dtype)

    def part_dot(self, a: Any, b: Any) -> Any:
        product = tf.reduce_sum(a * b)
        if not tf.is_symbolic_tensor(product):
            return np.float64(product.numpy())
        return tf.cast(product, precision_of_plain_numbers())

    def read(self, leaf: Any, name: str) -> Any:
        if not leaf.dtype.is_floating:
            raise UsageError(
                message(
                    "{name} is of {dtype}; steps need floating point: tf.cast({name}, tf.float64).",
                    name=name,
                    dtype=leaf.dtype.name,
                )
            )
        return tf.convert_to_tensor(leaf)

    def fit(self, values: Any, part: Any) -> Any:
        tensor = tf.convert_to_tensor(values)
        return tensor if tensor.dtype == part.dtype else tf.cast(tensor, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        if not hasattr(leaf, "assign"):
            return part
        leaf.assign(part)
        return leaf

    def plain(self, part: Any) -> Any:
        return np.array(part.numpy())


def _as_tensors(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Plain numbers with the precision of the tensors beside them, which TensorFlow would not give them itself."""
    kinds = [v.dtype for v in values if isinstance(v, (tf.Tensor, tf.Variable)) and v.dtype.is_floating]
    precision = kinds[0] if kinds else precision_of_plain_numbers()
    return tuple(
        v
        if isinstance(v, (tf.Tensor, tf.Variable, bool, np.bool_))
        else tf.convert_to_tensor(np.asarray(v), precision)
        for v in values
    )


TENSORFLOW = TensorFlowTensors()
