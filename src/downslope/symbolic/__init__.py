"""Formulas as symbols: SymEngine's corner of the house.

In flows an expression tree (from ``language``), a SymPy or SymEngine expression, or symbols that a
person's own Python function is called with; out flow SymEngine expressions, their derivatives, and
machine code. Only ``language`` and ``errors`` may be imported from here; SymPy only inside functions.
"""

from downslope.symbolic.array import SymbolicArray
from downslope.symbolic.derivatives import gradient, hessian
from downslope.symbolic.lift import lift
from downslope.symbolic.lower import call, expanded, from_sympy, function_of, lower
from downslope.symbolic.native import NativeFunction, NativePieces, compile_native, interpreted

__all__ = [
    "NativeFunction",
    "NativePieces",
    "SymbolicArray",
    "call",
    "compile_native",
    "expanded",
    "from_sympy",
    "function_of",
    "gradient",
    "hessian",
    "interpreted",
    "lift",
    "lower",
]
