"""Other people's parameters: found in dicts and lists, read as arrays, and written back in place where that can be.

One class for each library says how its arrays are read, how a gradient is made to fit, and how the new numbers are
written.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.optimizers.arithmetic import library


class PlainNumbers:
    """Python's and NumPy's single numbers: read as NumPy's, replaced by new ones of the type they had."""

    def read(self, leaf: Any, name: str) -> Any:
        """The leaf as something to calculate with."""
        return leaf if isinstance(leaf, np.floating) else np.float64(leaf)

    def fit(self, values: Any, part: Any) -> Any:
        """Any array or number as one of the library, precision and device of ``part``."""
        return part.dtype.type(_lone(values))

    def write(self, leaf: Any, part: Any) -> Any:
        """Put the new numbers into the leaf where it can be changed, and return what stands in its place."""
        return type(leaf)(part) if isinstance(leaf, np.floating) else float(part)

    def copied(self, part: Any) -> Any:
        """The same numbers where nobody else can change them."""
        return part

    def present(self, leaf: Any, part: Any) -> Any:
        """The numbers as something new of the kind of ``leaf``; a tensor for a variable."""
        return self.write(leaf, part)

    def plain(self, part: Any) -> Any:
        """The numbers as a float or a NumPy array."""
        return float(part)


class NumPyArrays(PlainNumbers):
    """NumPy arrays, changed in place."""

    def read(self, leaf: Any, name: str) -> Any:
        if leaf.dtype.kind != "f":
            raise UsageError(
                message(
                    "{name} is an array of {dtype}; steps need floating point: {name}.astype('float64').",
                    name=name,
                    dtype=leaf.dtype,
                )
            )
        if not leaf.flags.writeable:
            raise UsageError(
                message("{name} is a read-only array and cannot be changed in place: give a copy.", name=name)
            )
        return leaf

    def fit(self, values: Any, part: Any) -> Any:
        return np.asarray(values, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        leaf[...] = part
        return leaf

    def copied(self, part: Any) -> Any:
        return np.array(part)

    def present(self, leaf: Any, part: Any) -> Any:
        return np.array(part)

    def plain(self, part: Any) -> Any:
        return np.array(part)


class TorchTensors(PlainNumbers):
    """torch tensors, changed in place and out of sight of autograd."""

    def read(self, leaf: Any, name: str) -> Any:
        if leaf.is_complex():
            raise UsageError(
                message(
                    "{name} is a complex tensor; descend its real and imaginary parts:"
                    " torch.view_as_real({name}).",
                    name=name,
                )
            )
        if not leaf.is_floating_point():
            raise UsageError(
                message(
                    "{name} is a tensor of {dtype}; steps need floating point: {name}.double().",
                    name=name,
                    dtype=leaf.dtype,
                )
            )
        return leaf.detach()

    def fit(self, values: Any, part: Any) -> Any:
        if getattr(values, "is_sparse", False):
            values = values.to_dense()
        if hasattr(values, "detach"):
            values = values.detach()
        return importlib.import_module("torch").as_tensor(values, dtype=part.dtype, device=part.device)

    def write(self, leaf: Any, part: Any) -> Any:
        with importlib.import_module("torch").no_grad():
            leaf.copy_(part)
        return leaf

    def copied(self, part: Any) -> Any:
        return part.clone()

    def present(self, leaf: Any, part: Any) -> Any:
        return part.clone()

    def plain(self, part: Any) -> Any:
        part = part.detach().cpu()
        narrow = "bfloat16" in str(part.dtype)  # which NumPy lacks
        return np.array((part.float() if narrow else part).numpy())


class TensorFlowTensors(PlainNumbers):
    """TensorFlow's variables, changed in place, and tensors, which are replaced."""

    def read(self, leaf: Any, name: str) -> Any:
        if not leaf.dtype.is_floating:
            raise UsageError(
                message(
                    "{name} is of {dtype}; steps need floating point: tf.cast({name}, tf.float64).",
                    name=name,
                    dtype=leaf.dtype.name,
                )
            )
        return importlib.import_module("tensorflow").convert_to_tensor(leaf)

    def fit(self, values: Any, part: Any) -> Any:
        tensorflow = importlib.import_module("tensorflow")
        tensor = tensorflow.convert_to_tensor(values)
        return tensor if tensor.dtype == part.dtype else tensorflow.cast(tensor, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        if not hasattr(leaf, "assign"):
            return part
        leaf.assign(part)
        return leaf

    def present(self, leaf: Any, part: Any) -> Any:
        return part

    def plain(self, part: Any) -> Any:
        return np.array(part.numpy())


class JaxArrays(PlainNumbers):
    """JAX arrays, which cannot be changed and are replaced."""

    def read(self, leaf: Any, name: str) -> Any:
        jnp = importlib.import_module("jax.numpy")
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
        return importlib.import_module("jax.numpy").asarray(values, part.dtype)

    def write(self, leaf: Any, part: Any) -> Any:
        return part

    def plain(self, part: Any) -> Any:
        return np.array(part)


NUMBERS, NUMPY = PlainNumbers(), NumPyArrays()
_FOREIGN: dict[str, PlainNumbers] = {
    "torch": TorchTensors(),
    "tensorflow": TensorFlowTensors(),
    "jax": JaxArrays(),
    "jaxlib": JaxArrays(),
}


def kind_of(leaf: Any, name: str) -> PlainNumbers:
    """Which library a parameter is of.

    Raises:
        UsageError: of none that is known.
    """
    if isinstance(leaf, np.ndarray):
        return NUMPY
    if isinstance(leaf, (int, float, np.floating)) and not isinstance(leaf, bool):
        return NUMBERS
    found = _FOREIGN.get(library(leaf)) if hasattr(leaf, "dtype") else None
    if found is None:
        raise UsageError(
            message(
                "{name} is {leaf!r:.60}; parameters can be floats, NumPy arrays, torch tensors, TensorFlow"
                " variables or tensors, and JAX arrays, in dicts and lists.",
                name=name,
                leaf=leaf,
            )
        )
    return found


def fitted_gradient(gradient: Any, part: Any, kind: PlainNumbers, name: str) -> Any:
    """The gradient of one parameter, in the parameter's own type.

    Raises:
        UsageError: it is missing, of another shape, or no numbers.
    """
    if gradient is None:
        raise UsageError(
            message(
                "the gradient of {name} is None: the cost does not depend on it. Leave it out of the"
                " parameters, or give zeros.",
                name=name,
            )
        )
    try:
        made = kind.fit(gradient, part)
        shape = tuple(np.shape(made))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            message(
                "the gradient of {name} is {gradient!r:.60}, which is no array of numbers.",
                name=name,
                gradient=gradient,
            )
        ) from error
    if shape != tuple(np.shape(part)):
        raise UsageError(
            message(
                "the gradient of {name} has shape {shape}, but {name} has shape {needed}.",
                name=name,
                shape=shape,
                needed=tuple(np.shape(part)),
            )
        )
    return made


def as_number(value: Any) -> float:
    """A value as a plain number: torch warns where it must do that to a tensor that has a gradient.

    >>> as_number(np.array([2.5]))
    2.5
    """
    if hasattr(value, "detach"):
        value = value.detach()
    try:
        return float(_lone(value))
    except (TypeError, ValueError, RuntimeError) as error:
        shape = tuple(np.shape(value)) if hasattr(value, "shape") else ()
        if shape:
            what = message(
                "the value is of shape {shape}; it must be one real number, such as the mean of the losses.",
                shape=shape,
            )
        else:
            what = message(
                "the value is {value!r:.60}; it must be one real number, such as the mean of the losses.",
                value=value,
            )
        raise UsageError(what) from error


def _lone(values: Any) -> Any:
    """The one number that an array of one holds; anything else as it is."""
    return values.item() if hasattr(values, "item") and np.size(values) == 1 else values
