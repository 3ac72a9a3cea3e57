"""A gradient that was supplied and is not the derivative."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from downslope.errors import DownslopeError
from downslope.explain.advice import Advice, Candidate, first_to_work
from downslope.explain.budget import BudgetedObjective
from downslope.explain.data_sizes import data_sizes
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings.finding import Finding
from downslope.explain.gradient import compare, coordinates_for
from downslope.objectives import FormulaObjective

SHARE = 0.5  # of the evaluations that are left, for holding the gradient against differences


def look(diagnosis: Diagnosis) -> Iterator[Finding]:
    """Compares at the start and near it."""
    objective = diagnosis.run.objective
    if objective.differentiation != "supplied" or not len(diagnosis.run.history):
        return
    function, gradient = getattr(objective, "_function", None), getattr(objective, "_supplied", None)
    formula = objective.text if isinstance(objective, FormulaObjective) else None  # of others it is a name
    sizes = data_sizes(*(f for f in (function, gradient, formula) if f is not None))
    try:
        with np.errstate(all="ignore"):
            check = compare(
                objective, np.array(diagnosis.run.start, np.float64), sizes, _affordable(diagnosis)
            )
    except DownslopeError:
        return
    if check.correct:
        return
    yield Finding(
        "gradient_mismatch", check.evidence(), True, _without(diagnosis), f"gradient_mismatch.{check.slip}"
    )


def _affordable(diagnosis: Diagnosis) -> int:
    """How many coordinates are looked at, where evaluations are counted."""
    objective = diagnosis.run.objective
    return coordinates_for(SHARE * objective.left if isinstance(objective, BudgetedObjective) else np.inf)


def _without(diagnosis: Diagnosis) -> Advice | None:
    """The same run with the derivative itself, where that is known in symbols."""
    old = diagnosis.run.objective
    if not isinstance(old, FormulaObjective):
        return None
    objective = FormulaObjective(old.expression, old.parameters, old.text, dtype=old.dtype)
    setting = {"gradient": None}
    return first_to_work(diagnosis, [Candidate(key="advice.gradient", setting=setting, objective=objective)])
