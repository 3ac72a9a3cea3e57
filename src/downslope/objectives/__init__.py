"""What is descended: an ``Objective``, and one file for each way of giving it.

In flows whatever a person has (text, a SymPy or SymEngine expression, a Python function, the name of a
classic problem) and a start; out flow an ``Objective`` and a flat vector. ``recognise.as_objective`` is the one
place that looks at types. May import ``language``, ``symbolic`` and ``errors``, and nothing above.
"""

from downslope.objectives.check import GradientWarning, Mismatch, compare_gradient
from downslope.objectives.formula import FormulaObjective
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector
from downslope.objectives.problems import Problem, all_problems, problem
from downslope.objectives.recognise import as_objective
from downslope.objectives.start import Normal, Uniform, parse_start

__all__ = [
    "FormulaObjective",
    "GradientWarning",
    "Mismatch",
    "Normal",
    "Objective",
    "Parameters",
    "Problem",
    "Uniform",
    "Vector",
    "all_problems",
    "as_objective",
    "compare_gradient",
    "parse_start",
    "problem",
]
