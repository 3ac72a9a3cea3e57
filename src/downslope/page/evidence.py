"""What a page has of the runs that it was written from: their points, their arithmetic, what was found of them."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import numpy as np

from downslope.descent.result import Descent
from downslope.errors import DownslopeError
from downslope.explain.kept import explanation_of
from downslope.export import DIALECTS, export
from downslope.fitting.result import FitResult
from downslope.objectives import FormulaObjective
from downslope.page.printed import StepMapRequest, step_map

MOST_POINTS = 560  # of all runs that are compared; of a longer run each second, third, ... and the last


class PageEvidence(NamedTuple):
    """Of one run: ``record`` is data for the page, ``step_map`` script with the bits of the run, or ``null``."""

    record: dict[str, Any]
    step_map: str


def evidence_of(run: Descent, most: int = MOST_POINTS) -> PageEvidence:
    """How the run went, with at most so many of its points, and how the page can make it again."""
    history = run.history
    record = {
        "steps": run.nit,
        "status": run.status,
        "value": float(history.value[-1]) if len(history) else None,
        "x": [float(value) for value in run.final],
        "sentences": [str(sentence) for sentence in explanation_of(run).sentences],
        **_points(run, most),
    }
    return PageEvidence(record, _printed(run))


def _points(run: Descent, most: int) -> dict[str, Any]:
    """Points as float64, one behind the other; none where the history leaves steps out."""
    steps = np.asarray(run.history.step)
    if not len(steps) or not np.array_equal(steps, np.arange(len(steps))):
        return {}
    every = -(-len(steps) // most)
    rows = np.unique(np.append(np.arange(0, len(steps), every), len(steps) - 1))
    x = np.ascontiguousarray(run.history.x[rows], "<f8")
    return {"every": every, "rows": len(rows), "points": base64.b64encode(x.tobytes()).decode()}


def _printed(run: Descent) -> str:
    """The joint step map of a rule whose numbers stay as they are, on a formula."""
    objective, numbers = run.objective, run.optimizer.hyperparameters().values()
    if not isinstance(objective, FormulaObjective) or not all(isinstance(n, (int, float)) for n in numbers):
        return "null"
    start = np.asarray(run.start, np.float64)
    return step_map(StepMapRequest(objective, run.optimizer, start, -1.0 if run.maximize else 1.0))


def scripts_of(run: Descent | FitResult) -> dict[str, str]:
    """The run or fit as a script in every dialect that can tell it."""
    found = {}
    for dialect in DIALECTS:
        try:
            found[dialect] = export(run, dialect)
        except DownslopeError:  # which dialects a run has no script in, is said by ``run.export``
            continue
    return found
