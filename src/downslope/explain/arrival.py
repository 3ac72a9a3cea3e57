"""Whether a run whose gradient is within the tolerance has arrived: of a small function every gradient is small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent.descend import EngineName
from downslope.descent.engine import EvaluationsLeft
from downslope.descent.norms import norm_of
from downslope.errors import DownslopeError
from downslope.explain import budget
from downslope.explain.asked import ROUNDINGS
from downslope.explain.far_ground import LEAST_DISTANCE
from downslope.explain.point import NEAR, Point
from downslope.explain.point_classification import FAR
from downslope.explain.setup import Setup
from downslope.optimizers import as_optimizer

REDUCED = 1e-4  # part of the greatest gradient's norm: less of it left is no doing of the units
GOING_ON = 1e-6  # part of the gradient's norm that is left, to which the descent goes on
MOST_STEPS = 300
SHARE = 0.5  # of the operations and calls that are left
FEWEST = 20  # evaluations: with fewer it would not come far
UNSEEN = ("random", "coarse", "lost_in_rounding", "wrong_gradient")  # where going on would show nothing


def still_to_go(run: Descent, point: Point) -> Point | None:
    """What a point is from which a descent shows that the objective still falls far; None where it has arrived.

    No curvature need tell this: the valley of 1e-12*rosenbrock bends, and (x - 1)^4 has none. Asked only where the
    gradient has not been seen to fall much, which it has where numbers are of the usual sizes.

    Args:
        run: the run, whose gradient passed a tolerance that nobody chose.
        point: what is known of where it ended.
    """
    arrived = point.kind in ("minimum", "maximum", "edge_of_domain") and point.detail not in (
        "corner",
        "cusp",
    )
    if arrived or point.disappoints or point.detail in UNSEEN or not run.gradient_norm > 0:
        return None
    if run.gradient_norm <= REDUCED * float(np.max(run.history.gradient_norm)):
        return None
    further = _gone_on(run)
    if further is None:
        return None
    sign = -1.0 if run.maximize else 1.0
    doubt = ROUNDINGS * float(np.finfo(run.objective.dtype).eps) * max(abs(run.fun), abs(further.fun))
    distance, way = norm_of(further.final - run.final), norm_of(further.final - run.start)
    least = LEAST_DISTANCE if run.nit > 0 else NEAR  # who starts where another run ended is where it said
    near = distance <= max(
        FAR * way if run.nit > 0 else 0.0, least * max(1.0, float(np.max(np.abs(run.final))))
    )
    if near or not sign * (run.fun - further.fun) > doubt:
        return None
    part = distance / way if way > 0 else 1.0
    return replace(point, kind="small_by_units", detail="further", order=None, distance=distance, part=part)


def _gone_on(run: Descent) -> Descent | None:
    """A descent from where the run ended, by a method that sizes its steps; None where it cannot be afforded."""
    setup = Setup.of(run.optimizer)
    price = budget.HOSTED_STEP + budget.operations_of(run.objective)
    calls = budget.calls_left(run.objective) / budget.calls_of(run.objective)
    evaluations = int(min(SHARE * budget.left() / price, SHARE * calls, 10 * MOST_STEPS))
    if evaluations < FEWEST:
        return None
    rule = setup.with_rule(as_optimizer("spg" if setup.bounded else "auto"))
    stopping = Stopping(relative_tolerance=GOING_ON, steps=MOST_STEPS, evaluations=evaluations)
    engine: EngineName = "auto" if run.objective.loop is None else "hosted"
    dear = EvaluationsLeft(evaluations)
    loop = LoopOptions(maximize=run.maximize, engine=engine, exact_norms=dear)
    try:
        done = descend(run.objective, run.final, rule, stopping, loop=loop)
        budget.spend(done.nfev * price)
    except DownslopeError:
        return None
    return done
