"""Judges the point that a run reached, on the coordinates that no bound holds there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope import interruption
from downslope.descent import Descent, Status
from downslope.descent.bounds import free_part, projection_of
from downslope.descent.evidence import ABOVE_START, Cause
from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.arrival import still_to_go
from downslope.explain.asked import (
    HARDLY,
    by_default_tolerance,
    by_gradient,
    by_test,
    doubt_of_differences_at_end,
    has_come_down,
    has_hardly_fallen,
    is_above_its_start,
    is_own_tolerance,
)
from downslope.explain.budget import (
    BudgetedObjective,
    SafetyClockError,
    TooDearError,
    at_most,
    calls_left,
    random_values,
    too_coarse,
    with_budget,
)
from downslope.explain.classifying import MOST_PARAMETERS, at_bound, classify
from downslope.explain.directions import BEYOND, CENTRE, Differences, along_axes, look_around
from downslope.explain.far_ground import far_fall
from downslope.explain.krylov import is_bowl_along_slope, look_along
from downslope.explain.point import Detail, Point
from downslope.explain.setup import Setup
from downslope.objectives import Objective, Vector
from downslope.objectives.differences import central_differences, doubt_of_differences, scale_for

ANOTHER = 100.0  # times the gradient that was to be reached: a slope so large is another function's
HAIR = 1e-12  # relative distance from a bound that is none
JUDGED_BY = 8  # gradients for each parameter, of a function that has to be called for them (measured)
HESSIANS = 4  # matrices of second differences, where they are made of values alone (measured)
BESIDE_THEM = 40  # values, likewise
FEW_PARAMETERS = 24  # of so many the whole Hessian is no dearer than a few products of it
LOST = 1e-3  # part of the first gradient's norm: a doubt as large makes a test on the gradient worthless
MOSTLY = 0.8  # part of the budget for the whole Hessian of more
CHECKING = 6  # evaluations for each parameter, for holding a gradient against differences


def judged(run: Descent) -> Descent:
    """``judge_run``; who interrupts it has interrupted the run, which is kept."""
    try:
        return judge_run(run)
    except KeyboardInterrupt:
        interruption.caught()
        return run.judged_again(cause=Cause.INTERRUPTED)


def judge_run(run: Descent) -> Descent:
    """The run, no longer called a success where the point it reached is known not to be what was asked for."""
    if not is_to_be_judged(run):
        return run
    if run.termination.status == Status.ERROR:
        return run
    try:
        point = ended_at(run)
    except SafetyClockError:
        return run  # the run itself is done, and is not to be lost
    if run.termination.status == Status.STALLED and not run.stopping.asks_for_a_test:
        return run.judged_again(settled=point.is_wanted)
    asked_so = run.termination.success and (not by_gradient(run) or is_own_tolerance(run))
    if not point.disappoints or (asked_so and point.kind == "small_by_units"):
        above = run.termination.status == Status.CONVERGED and is_above_its_start(run) and not point.is_wanted
        known = point.detail not in ("random", "coarse")
        return run.judged_again(ground=ABOVE_START) if above and known else run
    small = point.kind == "small_by_units"
    return run.judged_again(point.message, ground=point.kind if small else point.detail or point.kind)


@dataclass(frozen=True)
class _Judged:
    """A judgement of where a run ended, and what it took.

    Attributes:
        of: what it depends on, beside the history.
        point: the judgement.
        calls, operations: of the function, and counted.
    """

    of: tuple[Any, ...]
    point: Point
    calls: int
    operations: float


def ended_at(run: Descent) -> Point:
    """The judgement of the point at which a run stands; by the same budget for its end and for its explanation.

    Of a function whose calls count it is kept: whoever asks again pays for it again, and nothing is called.

    Raises:
        SafetyClockError: it takes far longer than was counted.
    """
    outer = run.objective if isinstance(run.objective, BudgetedObjective) else None
    if outer is not None:
        run = dataclasses.replace(run, objective=outer.whole)
    calls = int(min(budget.JUDGED * budget.allowed_calls(run), np.inf if outer is None else outer.calls))
    of = (run.optimizer, run.stopping, run.maximize, run.nfev, calls, budget.JUDGING)
    judged: _Judged | None = run.history.__dict__.get("_judged")
    if outer is not None and judged is not None and any(paid is run.history for paid in outer.judged):
        return judged.point
    if judged is None or judged.of != of:
        judged = _judged_now(run, of, calls)
        if run.objective.expression is None:
            run.history.__dict__["_judged"] = judged
    elif judged.operations > budget.left():
        return Point("unknown", "too_dear", maximize=run.maximize)
    else:
        budget.spend(judged.operations)
    if outer is not None:
        outer.take(judged.calls)
        outer.judged.append(run.history)
        if judged.point.detail == "too_dear":
            outer.refuse()
    return judged.point


def _judged_now(run: Descent, of: tuple[Any, ...], calls: int) -> _Judged:
    """The judgement, and what it takes."""
    rationed = with_budget(run, calls)
    with at_most(max(budget.JUDGING, budget.spent_by(run)), budget.safety(run)) as spent:
        operations = spent.left
        try:
            point = point_of(rationed)
        except TooDearError:
            point = Point("unknown", "too_dear", maximize=run.maximize)
        if by_default_tolerance(run):
            point = still_to_go(rationed, point) or point
        left = calls_left(rationed.objective)
    return _Judged(of, point, int(calls - left) if np.isfinite(left) else 0, operations - spent.left)


def is_to_be_judged(run: Descent) -> bool:
    """Whether a run ended where the kind of point matters to whether it succeeded."""
    ended = run.termination.status in (Status.CONVERGED, Status.STALLED) or not run.gradient_norm > 0
    return ended and len(run.history) > 0


def point_of(run: Descent) -> Point:
    """The judgement of the point that a run reached, on the coordinates that no bound holds there."""
    with np.errstate(all="ignore"):
        setup = Setup.of(run.optimizer)
        if not isinstance(run.objective, BudgetedObjective):
            run = with_budget(run, budget.allowed_calls(run))
        try:
            objective, x = free_of(run)
        except TooDearError:
            return Point("unknown", "too_dear", maximize=run.maximize)
        if not len(x):
            return Point("maximum" if run.maximize else "minimum", maximize=run.maximize)
        doubt = doubt_of_differences_at_end(run)
        if by_gradient(run) and doubt > max(by_test(run), LOST * float(run.history.gradient_norm[0])):
            return Point("unknown", "lost_in_rounding", distance=doubt, maximize=run.maximize)
        view, start = _view_of(run, objective, setup.ridge)
        axes = _looked_first(run, view, x, start)
        if axes is not None and axes.is_level:
            plateau = far_fall(view, x, (start,), axes.slope)
            if plateau is not None:
                return plateau
        hidden = why_not(run, len(x))
        if hidden:
            unseen = Point("unknown", hidden, maximize=run.maximize)
            return _seen_otherwise(run, (view, x, start, axes)) or unseen
        if is_by_wrong_gradient(run):
            return Point("not_stationary", "wrong_gradient", maximize=run.maximize)
        free = run.objective.parameters.places(objective.parameters.coordinates)
        best = run.history.x[int(np.argmin(run.history.value * (-1 if run.maximize else 1)))][free]
        seen = (run.start[free], best)
        part = (
            MOSTLY if len(x) > FEW_PARAMETERS else 1.0
        )  # the rest is for a few products, should it not be enough
        with at_most(part * budget.left()), _all_but(run.objective, CENTRE + 2 * len(x)):
            point = classify(objective, x, maximize=run.maximize, seen=seen, ridge=setup.ridge)
        if point.detail == "too_dear":
            return _seen_otherwise(run, (view, x, start, axes)) or point
        if point.detail in ("undecided", "unfinished"):
            point = at_bound(run, objective, x, point)
        loose = not by_default_tolerance(run) and has_hardly_fallen(run)
        large = run.termination.status == Status.STALLED and run.gradient_norm > by_test(run)
        if point.kind == "small_by_units" and (loose or large):
            return dataclasses.replace(point, kind="not_stationary")  # whatever the units
        return point


def _looked_first(run: Descent, view: AnalysisView, x: Vector, start: Vector) -> Differences | None:
    """Second differences along the coordinates, of a function called by its values that has not come down.

    Where nothing curves near by, it may be on a plateau, and values far off are all there is to see.
    """
    if run.objective.gradient_calls == 1 or has_come_down(run) or too_coarse(run) or random_values(run):
        return None
    try:
        return along_axes(view, x, start, BEYOND)
    except (TooDearError, ObjectiveError):
        return None


def _seen_otherwise(
    run: Descent, look: tuple[AnalysisView, Vector, Vector, Differences | None]
) -> Point | None:
    """What a few directions, or values far off, show of a point whose second derivatives are too dear."""
    enough = calls_left(run.objective) > 2 * (CHECKING * len(run.final) + CENTRE)
    try:
        if too_coarse(run) or random_values(run):
            return None
        if enough and is_by_wrong_gradient(run):
            return Point("not_stationary", "wrong_gradient", maximize=run.maximize)
    except TooDearError:
        return None
    view, x, start, axes = look
    if run.objective.gradient_calls > 1:
        return look_around(view, x, start, axes)
    counted = run.objective.expression is None and run.objective.program is None
    far = not has_come_down(run) if counted else not is_bowl_along_slope(view, x, start)
    if far:  # of a bowl that was come down into, what lies far off says nothing
        plateau = far_fall(view, x, (start,))
        if plateau is not None:
            return plateau
    return look_along(view, x, start)


def _view_of(run: Descent, objective: Objective, ridge: float) -> tuple[AnalysisView, Vector]:
    """The function of the free coordinates as descent sees it, and the start in these."""
    free = run.objective.parameters.places(objective.parameters.coordinates)
    return AnalysisView.of(objective, -1.0 if run.maximize else 1.0, ridge), run.start[free]


def is_by_wrong_gradient(run: Descent) -> bool:
    """Whether the gradient that a person supplied vanishes where the derivative of the objective does not.

    Only along coordinates that no bound holds: on its bound a coordinate may well have a slope left.
    """
    objective, x = run.objective, run.final
    if objective.differentiation != "supplied" or not run.gradient_norm <= HARDLY * max(1.0, abs(run.fun)):
        return False
    if objective.expression is not None:
        slope, doubt = AnalysisView.of(objective).gradient(x), 0.0
    else:
        slope = central_differences(objective.value, x, scale_for(objective.dtype))
        doubt = doubt_of_differences(objective.value, x, objective.dtype)
    slope = slope[objective.parameters.places(free_of(run)[0].parameters.coordinates)]
    allowed = max(by_test(run), run.gradient_norm)
    return norm_of(slope) > ANOTHER * (allowed + doubt * len(x))


def why_not(run: Descent, dimension: int) -> Detail:
    """Why the point of a run is not to be judged; empty where it is."""
    if dimension > MOST_PARAMETERS:
        return "too_many"
    if too_coarse(run):
        return "coarse"
    if calls_left(run.objective) < _calls_for_all(run.objective, dimension):
        return "too_dear"
    return "random" if random_values(run) else ""


def _calls_for_all(objective: Objective, dimension: int) -> int:
    """Calls of a function that judging by all second derivatives takes."""
    if objective.by_values:
        return HESSIANS * (dimension * (dimension + 1) + 1) + BESIDE_THEM
    return JUDGED_BY * dimension * objective.gradient_calls


@contextmanager
def _all_but(objective: Objective, calls: int) -> Iterator[None]:
    """Everything within may use all calls but so many, which are there again after it."""
    if not isinstance(objective, BudgetedObjective):
        yield
        return
    kept = min(calls, objective.calls)
    objective.calls -= kept
    try:
        yield
    finally:
        objective.calls += kept


def free_of(run: Descent) -> tuple[Objective, Vector]:
    """The objective of the coordinates that no bound holds at the end; a hair's breadth from a bound is on it."""
    x = run.final
    projected = projection_of(run.optimizer)
    if projected is not None:
        for bound in (np.array(projected.lower), np.array(projected.upper)):
            near = np.isfinite(bound) & (np.abs(x - bound) <= HAIR * np.maximum(1.0, np.abs(x)))
            x = np.where(near, bound, x)
    return free_part(run.optimizer, run.objective, x, run.maximize)
