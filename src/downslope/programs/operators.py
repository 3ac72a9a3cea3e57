"""The operators and methods of arrays of programs that are functions of NumPy's under another name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.programs.elementwise import ON_NODES
from downslope.programs.recorded import ProgramArray, node_of

_METHODS = (
    *("sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "cumprod", "any", "all", "dot", "clip"),
    *("trace", "diagonal", "squeeze", "swapaxes", "repeat", "take", "round", "argmax", "argmin"),
)
_OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "mod": np.remainder,
}


def _binary(ufunc: np.ufunc, turned: bool) -> Callable[[ProgramArray, Any], Any]:
    """An operator; asking NumPy's function, as the mixin does, would take as long again."""
    made = ON_NODES[ufunc]

    def operator(self: ProgramArray, other: Any) -> Any:
        mine = self.node
        kind = type(other)
        if kind is ProgramArray:
            theirs = other.node
        elif kind is float or kind is int:
            theirs = node_of(mine.graph, other)
        elif getattr(other, "__array_ufunc__", self) is None:  # it wants to do the operation itself
            return NotImplemented
        else:
            theirs = node_of(mine.graph, other)
        return ProgramArray(made(theirs, mine) if turned else made(mine, theirs))

    return operator


def _in_place(ufunc: np.ufunc) -> Callable[[ProgramArray, Any], ProgramArray]:
    """``x += y``: a number is another one after it, an array has other elements."""
    made = ON_NODES[ufunc]

    def operator(self: ProgramArray, other: Any) -> ProgramArray:
        result = ProgramArray(made(self.node, node_of(self._node.graph, other)))
        if not self.shape and self._memory is None:
            return result
        self[...] = result
        return self

    return operator


def _method(function: Any) -> Callable[..., Any]:
    """A method that is a function of NumPy's."""
    return lambda self, *args, **kwargs: function(self, *args, **kwargs)


def add_operators() -> None:
    """Give the arrays their operators and methods."""
    for name in _METHODS:
        setattr(ProgramArray, name, _method(getattr(np, name)))
    for name, ufunc in _OPERATORS.items():
        setattr(ProgramArray, f"__{name}__", _binary(ufunc, False))
        setattr(ProgramArray, f"__r{name}__", _binary(ufunc, True))
        setattr(ProgramArray, f"__i{name}__", _in_place(ufunc))
