"""The few functions that update rules are written with, for whatever the numbers are made of.

``sqrt(v)`` is NumPy's for floats, NumPy arrays and ``SymbolicArray`` (which answers to NumPy's functions), SymPy's
for SymPy symbols (so that a rule can print its own formula), the framework's own for torch,
TensorFlow and JAX arrays, and part by part for a ``ParamTree`` of them. Operators (``+ - * / < <=``) every one of them
brings along.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.optimizers.own_numbers import FUNCTIONS_OF
from downslope.tensors.lookup import ROOTS, library_of


def home_of(*values: Any) -> str:
    """Whose numbers these are: the first value that is not plain Python or NumPy decides; a tree of them before all."""
    found = "numpy"
    for value in values:
        module = type(value).__module__
        if module in FUNCTIONS_OF:
            return module
        root = module.partition(".")[0]
        if found == "numpy" and (root in ROOTS or root == "sympy"):
            found = root
    return found


def _own(home: str) -> Mapping[str, Any] | None:
    """The functions of one of our own kinds of numbers; None for those of a library."""
    if home == "sympy":
        from downslope.optimizers import notation  # with SymPy, which takes a while

        return notation.FUNCTIONS
    return FUNCTIONS_OF.get(home)


_NUMPYS = frozenset({float, int, bool, np.ndarray, np.float64, np.float32, np.bool_})  # kinds of values


def _call(name: str, *values: Any) -> Any:
    if _NUMPYS.issuperset(
        map(type, values)
    ):  # asked first, as a rule that is called from Python asks so often
        return library_of("numpy").call(name, values)
    home = home_of(*values)
    own = _own(home)
    return library_of(home).call(name, values) if own is None else own[name](*values)


# Python's own numbers, of which a rule that is called asks thirty times a step, are answered at once, as by NumPy.


def sqrt(a: Any) -> Any:
    """The square root of each element."""
    if type(a) is float:
        return math.sqrt(a) if a >= 0 else math.nan
    return _call("sqrt", a)


def absolute(a: Any) -> Any:
    """The absolute value of each element."""
    if type(a) is float:
        return abs(a)
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
    if type(a) is float and type(b) is float:
        return a if a >= b or a != a else b  # NaN comes through
    return _call("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of both, element by element."""
    if type(a) is float and type(b) is float:
        return a if a <= b or a != a else b
    return _call("minimum", a, b)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds and ``no`` elsewhere; both are computed."""
    if type(condition) is bool and type(yes) is type(no) and type(yes) in (float, bool):
        return yes if condition else no
    return _call("where", condition, yes, no)


def both(a: Any, b: Any) -> Any:
    """Whether both conditions hold."""
    if type(a) is bool and type(b) is bool:
        return a and b
    return _call("logical_and", a, b)


def either(a: Any, b: Any) -> Any:
    """Whether at least one of the conditions holds."""
    if type(a) is bool and type(b) is bool:
        return a or b
    return _call("logical_or", a, b)


def dot(a: Any, b: Any) -> Any:
    """The inner product of two vectors, a scalar."""
    home = "numpy" if type(a) is type(b) is np.ndarray else home_of(a, b)
    own = _own(home)
    return library_of(home).dot(a, b) if own is None else own["dot"](a, b)


def norm(a: Any) -> Any:
    """The Euclidean length of a vector, a scalar."""
    return sqrt(dot(a, a))


def zeros_like(x: Any) -> Any:
    """A vector of zeros like ``x``."""
    return _call("zeros_like", x)


def made_like(x: Any, make: Callable[[int], Any]) -> Any:
    """A vector like ``x`` of fixed numbers: ``make(n)`` says them, in order, as a NumPy array of n."""
    home = home_of(x)
    own = _own(home)
    if own is not None and "made_like" in own:
        return own["made_like"](x, make)
    if home == "numpy" and not np.ndim(x):
        return type(x)(make(1)[0])
    return library_of(home).piece(make(math.prod(map(int, x.shape))), x)


def entry(table: Sequence[float], k: Any) -> Any:
    """The k-th number of a table of fixed numbers, counted from 0; the last one beyond its end."""
    home = home_of(k)
    own = _own(home)
    if own is not None and "entry" in own:
        return own["entry"](table, k)
    return library_of(home).entry(table, k)
