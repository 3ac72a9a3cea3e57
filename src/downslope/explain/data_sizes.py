"""How many data a cost is made of, read off the function or the formula: it names the slip in a wrong gradient."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.language import parse
from downslope.language import tree as t


def data_sizes(*sources: Any) -> list[int]:
    """Lengths of the arrays that functions close over, default to or read as globals; of a formula, its terms.

    >>> import numpy as np
    >>> x = np.arange(3.0)
    >>> def cost(w, x=x):
    ...     return np.mean((w * x) ** 2)
    >>> data_sizes(cost)
    [3]
    """
    found: list[int] = []
    for source in sources:
        values: list[Any] = []
        if isinstance(source, str):
            found += _terms(source)
        elif callable(source):
            values = _reachable(source)
        for value in values:
            shape = np.shape(value) if isinstance(value, (list, tuple)) else getattr(value, "shape", ())
            if isinstance(shape, tuple):
                found += [int(n) for n in shape[:1] if int(n) > 1]
    return list(dict.fromkeys(found))


def _reachable(function: Callable[..., Any]) -> list[Any]:
    """What a function can see without being given it."""
    values: list[Any] = []
    if isinstance(function, functools.partial):
        values += [*function.args, *function.keywords.values()]
        function = function.func
    owner = getattr(function, "__self__", None)
    values += list(getattr(owner, "__dict__", {}).values())
    try:
        seen = inspect.getclosurevars(inspect.unwrap(function))
        values += [*seen.nonlocals.values(), *seen.globals.values()]
        parameters = inspect.signature(function).parameters.values()
        values += [p.default for p in parameters if p.default is not p.empty]
    except (TypeError, ValueError):
        pass
    return values


def _terms(formula: str) -> list[int]:
    """Of ``((...)^2 + (...)^2 + (...)^2) / 3`` the 3: a sum of as many terms as it is divided by."""
    found = []
    for node in t.walk(parse(formula, e_is_a_number=True).tree):
        if isinstance(node, t.Quotient) and isinstance(node.numerator, t.Sum):
            n = len(node.numerator.terms)
            if isinstance(node.denominator, t.Number) and node.denominator.value in (n, 2 * n):
                found.append(n)
    return found
