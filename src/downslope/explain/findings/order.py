"""The order in which causes are looked for, and what makes a later one superfluous."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from downslope.descent import Descent
from downslope.errors import ObjectiveError
from downslope.explain.budget import TooDearError, at_most, left
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings import (
    places,
    precision,
    rates,
    rmse,
    runaway,
    settling,
    slow,
    thrown,
    told,
    unexplained,
    wrong_gradient,
)
from downslope.explain.findings.finding import Finding
from downslope.explain.sentences import CODES

# Where one of these was found, what comes after in ``_FAMILIES`` up to its own family is explained.
_EXPLAINS = {
    wrong_gradient: {"thrown", "rates", "slow", "rmse", "precision", "settling"},
    told: {"thrown", "rates", "slow", "precision", "settling"},
    runaway: {"thrown", "rates", "slow", "precision", "settling"},
    rmse: {"thrown", "rates", "slow", "places", "precision", "settling"},
    thrown: {"slow", "precision", "rates", "settling"},
    places: {"slow", "precision", "rates", "settling"},
    rates: {"slow", "precision", "settling"},
    precision: {"slow", "settling"},
    settling: {"slow"},
}
_FAMILIES = (wrong_gradient, told, runaway, rmse, thrown, places, rates, precision, settling, slow)
FLAT_MINIMA = ("flat_valley", "higher_order_minimum")


def causes(diagnosis: Diagnosis) -> list[Finding]:
    """Everything that was found, in the order of ``CODES``."""
    if diagnosis.status in unexplained.SILENT:
        return []
    found: list[Finding] = []
    explained: set[str] = set()
    for family in _FAMILIES:
        name = family.__name__.rpartition(".")[2]
        if name in explained:
            continue
        new = _found_by(family, diagnosis)
        found += new
        if any(finding.code != "zigzag" for finding in new):
            explained |= _EXPLAINS.get(family, set())
    found = found or _found_by(unexplained, diagnosis)
    return sorted(found, key=lambda finding: CODES.index(finding.code))


def _found_by(family: ModuleType, diagnosis: Diagnosis) -> list[Finding]:
    found: list[Finding] = []
    try:
        with np.errstate(all="ignore"):
            for finding in family.look(diagnosis):
                found.append(replace(finding, up=diagnosis.run.maximize))
    except (TooDearError, ObjectiveError, np.linalg.LinAlgError, OverflowError):
        pass  # what cannot be computed there cannot be said either; what was found before stands
    return found


def sound(run: Descent) -> bool:
    """Whether nothing is wrong with a run, and all of it was looked into: what is advised must not be found fault with.

    That a minimum is flat is worth knowing, and no fault of the run's.
    """
    with at_most(left()) as spent:
        found = [
            f for f in causes(Diagnosis(run)) if not (f.code == "flat" and f.evidence["kind"] in FLAT_MINIMA)
        ]
    return not found and not spent.refused
