"""The few functions that update rules are written with, for whatever the numbers are made of.

``sqrt(v)`` is NumPy's for floats, NumPy arrays and ``SymbolicArray`` (which answers to NumPy's functions), SymPy's
for SymPy symbols (so that a rule can print its own formula), the framework's own for torch,
TensorFlow and JAX arrays, and part by part for a ``ParamTree`` of them. Operators (``+ - * / < <=``) every one of them
brings along.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from downslope.optimizers.own_numbers import FUNCTIONS_OF

_FRAMEWORKS = {"torch": "torch", "tensorflow": "tensorflow", "jax": "jax.numpy", "jaxlib": "jax.numpy"}

_plain_precision: ContextVar[str] = ContextVar("plain_precision", default="float32")


@contextmanager
def plain_precision(name: str) -> Iterator[None]:
    """What TensorFlow is to make of plain numbers where no tensor beside them says it: "float32" or "float64"."""
    token = _plain_precision.set(name)
    try:
        yield
    finally:
        _plain_precision.reset(token)


def precision_of_plain_numbers() -> str:
    """What ``plain_precision`` said."""
    return _plain_precision.get()


def library(*values: Any) -> str:
    """Whose numbers these are: the first value that is not plain Python or NumPy decides; a tree of them before all."""
    found = "numpy"
    for value in values:
        module = type(value).__module__
        if module in FUNCTIONS_OF:
            return module
        root = module.partition(".")[0]
        if found == "numpy" and (root in _FRAMEWORKS or root == "sympy"):
            found = root
    return found


def _own(home: str) -> Mapping[str, Any] | None:
    """The functions of one of our own kinds of numbers; None for those of a library."""
    if home == "sympy":
        from downslope.optimizers import notation  # with SymPy, which takes a while

        return notation.FUNCTIONS
    return FUNCTIONS_OF.get(home)


def _call(name: str, *values: Any) -> Any:
    home = library(*values)
    if home == "numpy":
        result = getattr(np, name)(*values)
        # plain numbers stay plain: a NumPy float64 would widen the float32 vectors it meets
        plain = all(
            isinstance(v, (bool, int, float, np.bool_)) and not isinstance(v, np.number) for v in values
        )
        return result.item() if plain else result
    own = _own(home)
    if own is not None:
        return own[name](*values)
    module = importlib.import_module(_FRAMEWORKS[home])
    if home == "torch":
        like = next((v for v in values if isinstance(v, module.Tensor) and v.is_floating_point()), None)
        values = tuple(v if isinstance(v, module.Tensor) else _tensor(module, v, like) for v in values)
    elif home == "tensorflow":
        values = _as_tensors(module, values)
        module = module.math if name in ("logical_and", "logical_or", "logical_not", "log") else module
    return getattr(module, {"absolute": "abs"}.get(name, name))(*values)


def _tensor(torch: Any, number: Any, like: Any) -> Any:
    """A plain number as a tensor of the precision and on the device of ``like``; a condition stays one."""
    if like is None or isinstance(number, (bool, np.bool_)):
        return torch.as_tensor(number)
    return torch.as_tensor(number, dtype=like.dtype, device=like.device)


def _as_tensors(tf: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Plain numbers with the precision of the tensors beside them, which TensorFlow would not give them itself."""
    kinds = [v.dtype for v in values if isinstance(v, (tf.Tensor, tf.Variable)) and v.dtype.is_floating]
    precision = kinds[0] if kinds else _plain_precision.get()
    return tuple(
        v
        if isinstance(v, (tf.Tensor, tf.Variable, bool, np.bool_))
        else tf.convert_to_tensor(np.asarray(v), precision)
        for v in values
    )


def sqrt(a: Any) -> Any:
    """The square root of each element."""
    return _call("sqrt", a)


def absolute(a: Any) -> Any:
    """The absolute value of each element."""
    return _call("absolute", a)


def sign(a: Any) -> Any:
    """-1, 0 or 1 for each element."""
    return _call("sign", a)


def floor(a: Any) -> Any:
    """The largest whole number not above each element."""
    return _call("floor", a)


def cos(a: Any) -> Any:
    """The cosine of each element."""
    return _call("cos", a)


def log(a: Any) -> Any:
    """The natural logarithm of each element."""
    return _call("log", a)


def maximum(a: Any, b: Any) -> Any:
    """The larger of both, element by element."""
    return _call("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of both, element by element."""
    return _call("minimum", a, b)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds and ``no`` elsewhere; both are computed."""
    return _call("where", condition, yes, no)


def both(a: Any, b: Any) -> Any:
    """Whether both conditions hold."""
    return _call("logical_and", a, b)


def either(a: Any, b: Any) -> Any:
    """Whether at least one of the conditions holds."""
    return _call("logical_or", a, b)


def dot(a: Any, b: Any) -> Any:
    """The inner product of two vectors, a scalar."""
    if library(a, b) == "tensorflow":
        return importlib.import_module("tensorflow").reduce_sum(a * b)
    return _call("dot", a, b)


def norm(a: Any) -> Any:
    """The Euclidean length of a vector, a scalar."""
    return sqrt(dot(a, a))


def zeros_like(x: Any) -> Any:
    """A vector of zeros like ``x``."""
    return _call("zeros_like", x)


def entry(table: Sequence[float], k: Any) -> Any:
    """The k-th number of a table of fixed numbers, counted from 0; the last one beyond its end."""
    home = library(k)
    own = _own(home)
    if own is not None and "entry" in own:
        return own["entry"](table, k)
    last = float(len(table) - 1)
    if home == "numpy" and not hasattr(k, "__array_function__"):
        return table[int(min(k, last))]
    if home == "torch":
        torch = importlib.import_module("torch")
        return torch.as_tensor(table, dtype=k.dtype, device=k.device)[minimum(k, last).long()]
    if home == "tensorflow":
        tensorflow = importlib.import_module("tensorflow")
        return tensorflow.gather(
            tensorflow.constant(table, k.dtype), tensorflow.cast(minimum(k, last), tensorflow.int32)
        )
    places = np.arange(len(table), dtype=float)
    return dot(np.array(table), where(absolute(places - minimum(k, last)) < 0.5, 1.0, 0.0))
