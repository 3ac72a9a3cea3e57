"""The array of a program, with all the functions of NumPy that it knows.

A function written for NumPy arrays is recorded by calling it with one of these; the node of its result is the program.
What cannot be written so (a branch on a value, a loop until convergence, a call into compiled code) raises
``TraceError``, and the caller falls back to calling the function with numbers.
"""

from __future__ import annotations

from downslope.programs import choosing, linear_algebra, operators, recorded, reducing, shaping
from downslope.programs.recorded import ProgramArray

__all__ = ["ProgramArray"]

for _functions in (choosing, linear_algebra, reducing, shaping):
    recorded.KNOWN.update(_functions.FUNCTIONS)
recorded.REDUCTIONS.update(reducing.REDUCTIONS)
operators.add_operators()
