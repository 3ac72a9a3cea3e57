"""The order in which causes are looked for, and what makes a later one superfluous."""

from __future__ import annotations

import numpy as np

from downslope.descent import Status
from downslope.errors import DownslopeError
from downslope.explain.diagnosis import Diagnosis
from downslope.explain.findings import places, precision, rates, rmse, runaway, slow, wrong_gradient
from downslope.explain.findings.finding import CODES, Finding

# Where one of these was found, what comes after in ``_FAMILIES`` up to its own family is explained.
_EXPLAINS = {
    wrong_gradient: {"rates", "slow", "rmse", "precision"},
    runaway: {"slow", "precision"},
    rmse: {"rates", "slow", "places", "precision"},
    rates: {"slow", "precision", "kink"},
    places: {"slow", "precision", "rates"},
    precision: {"slow"},
}
_FAMILIES = (wrong_gradient, runaway, rmse, places, rates, precision, slow)
_SILENT = (Status.INTERRUPTED, Status.STOPPED_BY_CALLBACK)


def causes(diagnosis: Diagnosis) -> list[Finding]:
    """Everything that was found, in the order of ``CODES``."""
    if diagnosis.status in _SILENT:
        return []
    found: list[Finding] = []
    explained: set[str] = set()
    for family in _FAMILIES:
        name = family.__name__.rpartition(".")[2]
        if name in explained:
            continue
        try:
            with np.errstate(all="ignore"):
                new = list(family.look(diagnosis))
        except (DownslopeError, np.linalg.LinAlgError, OverflowError):
            new = []  # what cannot be computed there cannot be said either
        found += new
        if any(finding.code != "zigzag" for finding in new):
            explained |= _EXPLAINS.get(family, set())
    return sorted(found, key=lambda finding: CODES.index(finding.code))
