"""From where final values are measured on a logarithmic axis, and what it is called."""

from __future__ import annotations

import numpy as np

from downslope.messages import Message, message
from downslope.objectives import Objective


def level_of(objective: Objective, best: float, sign: float) -> tuple[float, Message]:
    """What is subtracted from values, and the title of the axis of what is left.

    Nothing is, where all values are above 0 and no minimum is known: the best run would have no place otherwise.

    Args:
        objective: the function.
        best: the least value found, times ``sign``.
        sign: -1 where it was climbed, else 1.
    """
    least, problem = best, objective.problem
    if sign > 0:
        if problem is not None and np.isfinite(problem.minimum):
            least = min(best, problem.minimum)
        elif best > 0:
            return 0.0, message("final value")
    return least, message("final value above {least:.6g}", least=sign * least)
