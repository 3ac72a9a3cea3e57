"""What a run was asked to reach, and how far it has come."""

from __future__ import annotations

import numpy as np

from downslope.descent import Descent
from downslope.descent.stopping import DEFAULT_TOLERANCE, SINGLE_TOLERANCE

HARDLY = 1e-2  # part of the first gradient's norm: so much of it left is not the units' doing
ROUNDINGS = 64  # of the larger value, by which one must be above the other


def is_above_its_start(run: Descent) -> bool:
    """Whether the value is worse than at the start, by more than rounding."""
    here, first = (-v if run.maximize else v for v in (run.fun, float(run.history.value[0])))
    return here - first > ROUNDINGS * float(np.finfo(run.objective.dtype).eps) * max(abs(here), abs(first))


def is_own_tolerance(run: Descent) -> bool:
    """Whether a run moved until it met a tolerance that a person chose: it did as it was asked, whatever the units."""
    return run.nit > 0 and _has_chosen(run)


def by_default_tolerance(run: Descent) -> bool:
    """Whether a run passed the test on the gradient, by a tolerance that nobody chose for this function."""
    return by_gradient(run) and not _has_chosen(run)


def _has_chosen(run: Descent) -> bool:
    defaults = (DEFAULT_TOLERANCE, SINGLE_TOLERANCE, None)
    return run.stopping.tolerance not in defaults or run.stopping.relative_tolerance is not None


def by_gradient(run: Descent) -> bool:
    """Whether it was the test on the gradient that a run passed, and no other that was asked for."""
    asked = run.stopping.tolerance is not None or run.stopping.relative_tolerance is not None
    return asked and run.gradient_norm <= by_test(run)


def has_come_down(run: Descent) -> bool:
    """Whether it made steps, and to no higher ground."""
    return run.nit > 0 and not is_above_its_start(run)


def doubt_of_differences_at_end(run: Descent) -> float:
    """How large rounding of values makes a gradient of central differences; 0 of any other."""
    return float(np.finfo(np.float64).eps ** (2 / 3)) * abs(run.fun) if run.objective.by_values else 0.0


def by_test(run: Descent) -> float:
    """The gradient norm that a run was to reach; 0 where it was given none."""
    first = run.history.gradient_norm
    relative = run.stopping.relative_tolerance
    asked = 0.0 if relative is None or not len(first) else relative * float(first[0])
    return max(run.stopping.tolerance or 0.0, asked)


def has_hardly_fallen(run: Descent) -> bool:
    """Whether much of the first gradient is still there after some steps."""
    first = float(run.history.gradient_norm[0]) if len(run.history) else 0.0
    return run.nit > 0 and run.gradient_norm > HARDLY * first
