"""Functions of arrays as programs: recorded, differentiated, and compiled to loops.

``array`` records what a function does with an array into the nodes of ``node``, ``rolling`` what a long formula says;
``derivatives`` writes the derivatives of a program as nodes beside it; ``plan`` arranges a program in loops,
``plan_writer`` writes these as machine code, and ``evaluate`` says in NumPy what they mean.
"""

from downslope.programs.array import ProgramArray
from downslope.programs.compiled import CompiledProgram
from downslope.programs.derivatives import along, gradient
from downslope.programs.node import ArrayNode, Graph, needed
from downslope.programs.recorded import node_of

__all__ = ["ArrayNode", "CompiledProgram", "Graph", "ProgramArray", "along", "gradient", "needed", "node_of"]
