"""The descent of a squared loss in brief: in coordinates that begin at its minimum where they are ours to choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent import Descent, Status
from downslope.descent.evidence import Cause
from downslope.descent.norms import norm_of
from downslope.fitting.least_squares import refined, solve
from downslope.fitting.objective import CostTerms, Penalty
from downslope.fitting.outcome import FitOutcome, FitPlan, Measured, about_means, descended, in_user_units
from downslope.fitting.preconditioning import CentredParameters, Coordinates, Kind, centre_of
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import (
    NormalEquations,
    coordinates_of,
    excess_objective,
    quadratic_objective,
)
from downslope.fitting.rows import Array, LinearRows
from downslope.messages import Message, message, plural
from downslope.objectives import Parameters
from downslope.optimizers import as_optimizer

ROUND = 1.0 + 1e-9  # condition number of the standardised features up to which they are as good as orthogonal
ARRIVED = (
    1e-12  # of the gradient at zero, about the minimum of squares: where no parameter has a digit to gain
)
NO_SLOPE = 1e-40  # part of the first gradient's norm: so little is rounding, whatever the target's spread
CANCELLED = 1e6  # condition number from which predictions are sums of terms that many times as large
MOST_ROOTS = 100  # strengths of a penalty that are tried, and
SAME_ROOT = 1e-15  # relative, how near the last are
ROOT_FLOOR = (
    3e-8  # slope of a root in units of its squares' spread: a minimum that near costs less than rounding
)
FLOOR = 1e-12  # part of the cost, so little of which is rounding


def descend_square(
    problem: FitProblem, start: Array, plan: FitPlan, normal_equations: NormalEquations
) -> FitOutcome:
    """Descend the squares as planned; where nothing was, in coordinates in which that takes a step or two."""
    if plan.free and not (_root_with_penalty(problem) and plan.stopping.target is not None):
        return _from_the_minimum(problem, start, plan, normal_equations)
    penalty = problem.objective.penalty
    l2 = penalty.l2 * penalty.mask
    kind: Kind = "standardised" if plan.standardize else "user"
    rule = plan.optimizer or as_optimizer(None)
    notes: tuple[Message, ...] = ()
    stacked = np.concatenate([normal_equations.factor, np.sqrt(l2)[:, None] * normal_equations.shear])
    if plan.free:
        kind = _kind(stacked / normal_equations.spread)
        small = 1e-12 * np.sqrt(normal_equations.scale) / (2 * np.sqrt(normal_equations.rest) + 1e-300)
        plan = plan.until(max(float(small), ROOT_FLOOR), 100_000)
        rule, notes = as_optimizer("armijo", initial_step=1.0), (_words(kind, normal_equations),)
    coordinates = coordinates_of(normal_equations, kind, stacked)
    objective = quadratic_objective(
        normal_equations, coordinates, _terms_in(problem, kind), root=problem.loss.root
    )
    run = descended(objective, coordinates.from_user(start), rule, plan)
    if plan.free and kind == "orthogonal" and _at_the_floor(run, run.fun):
        run = run.judged_again(cause=Cause.COST_AT_FLOOR)
    centred = about_means(problem, coordinates, run)
    run = in_user_units(run, coordinates, problem)
    path = normal_equations.source
    return FitOutcome(run, path, kind, normal_equations, notes, unasked=plan.free, centred=centred)


def _from_the_minimum(
    problem: FitProblem, start: Array, plan: FitPlan, normal_equations: NormalEquations
) -> FitOutcome:
    """Least squares in coordinates that begin at the minimum and in which the cost is round.

    What is descended is the cost less its least, for a root the square of it. The root with a penalty is least where
    the squares are with one of another strength.
    """
    penalty, root = problem.objective.penalty, problem.loss.root
    begin = np.linalg.solve(normal_equations.shear, start)
    if _root_with_penalty(problem):
        penalty = _beside_squares(normal_equations, penalty, begin)
    found = solve(normal_equations, penalty, begin)
    plain = penalty is problem.objective.penalty
    if plain and isinstance(problem.rows, LinearRows) and problem.objective.rereadable:
        middle = centre_of(problem.rows, normal_equations.shear)
        found = refined(found, problem.objective.centred(middle), normal_equations)
    coordinates = Coordinates("orthogonal", found.matrix, found.point, normal_equations.shear)
    if found.rank == len(found.point) and found.condition <= ROUND:
        units = np.hypot(normal_equations.spread, np.sqrt(penalty.l2 * penalty.mask))
        coordinates = coordinates.with_matrix("standardised", np.diag(1 / units), found.point)
    G = found.stacked @ coordinates.matrix
    G[:, found.rank :] = 0.0
    objective, began = excess_objective(G, _terms_in(problem, coordinates.kind)), coordinates.from_user(start)
    small = ARRIVED * np.sqrt(normal_equations.scale) / found.condition
    least_slope = NO_SLOPE * norm_of(
        objective.gradient(began)
    )  # a target that is the same in all rows has no spread
    plan = plan.until(max(float(small), least_slope, 1e-300), 100_000)
    stopping, least = plan.stopping, found.least
    if stopping.target is not None:
        wanted = np.sign(stopping.target) * stopping.target**2 if root else stopping.target
        plan = replace(plan, stopping=replace(stopping, target=float(wanted) - least))
    rule = as_optimizer("armijo", initial_step=1.0)
    run = descended(objective, began, rule, plan)
    if _at_the_floor(run, run.fun + least):
        run = run.judged_again(cause=Cause.COST_AT_FLOOR)
    centred = about_means(problem, coordinates, run)
    if found.tail is not None and found.condition > CANCELLED:
        middle = centre_of(problem.objective.linear, normal_equations.shear)
        centred = CentredParameters(middle, found.point, found.tail)
    run = replace(run, stopping=stopping)
    measured = Measured(root, least, stopping.target, 0.0 if plain else penalty.l2)
    run = in_user_units(run, coordinates, problem, measured)
    notes = [_words(coordinates.kind, normal_equations)]
    if found.rank < len(found.point):
        notes = [_least_norm(len(found.point) - found.rank, bool(np.any(start)))]
    path = normal_equations.source
    return FitOutcome(
        run, path, coordinates.kind, normal_equations, tuple(notes), unasked=True, centred=centred
    )


def _root_with_penalty(problem: FitProblem) -> bool:
    return problem.loss.root and problem.objective.penalty.l2 > 0


def _beside_squares(square: NormalEquations, penalty: Penalty, start: Array) -> Penalty:
    """The penalty beside the mean square m with which it is least where sqrt(m) with ``penalty`` is.

    There grad m / (2 sqrt(m)) + grad P = 0, so its strength is 2 sqrt(m) times as large. sqrt(m) at the minimum grows
    with the strength, by less and less: where the two agree is found by regula falsi (Illinois).
    """

    def beside(root: float) -> Penalty:
        return replace(penalty, l2=2 * root * penalty.l2)

    def excess(root: float) -> float:
        found = solve(square, beside(root), start)
        left = square.factor @ (found.point - square.shift) - square.target
        return float(np.sqrt(left @ left + square.rest)) - root

    low, high = 0.0, float(np.sqrt(square.scale))
    below, above = excess(low), excess(high)
    for _ in range(MOST_ROOTS):
        if not below > 0 or not above < 0 or high - low <= SAME_ROOT * high:
            break
        middle = (low * above - high * below) / (above - below)
        here = excess(middle)
        if here > 0:
            low, below, above = middle, here, above / 2
        else:
            high, above, below = middle, here, below / 2
        if here == 0:
            low = high = middle
    return beside(high)


def _terms_in(problem: FitProblem, kind: Kind) -> CostTerms:
    """What the cost is made of, with the parameters called by the names of those coordinates."""
    terms = problem.objective.terms
    if kind == "user":
        return terms
    names = tuple(f"z{i + 1}" for i in range(terms.parameters.size))
    return terms._replace(parameters=Parameters.scalars(names, "vector"))


def _least_norm(open_: int, from_afar: bool) -> Message:
    if from_afar:
        return plural(
            "Descended in orthogonal coordinates; along {n} direction the data determine nothing, and the parameters"
            " stayed as near to the start as the data let them.",
            "Descended in orthogonal coordinates; along {n} directions the data determine nothing, and the parameters"
            " stayed as near to the start as the data let them.",
            n=open_,
        )
    return plural(
        "Descended in orthogonal coordinates; along {n} direction the data determine nothing, and of all parameters"
        " that fit equally well these are the smallest (least sum of squares).",
        "Descended in orthogonal coordinates; along {n} directions the data determine nothing, and of all parameters"
        " that fit equally well these are the smallest (least sum of squares).",
        n=open_,
    )


def _at_the_floor(run: Descent, cost: float) -> bool:
    """Whether a run stands still where rounding hides what is left of the cost: half the square of the slope, at most.

    In orthogonal coordinates the curvature is at least 1 in every direction, so the excess is no more than that.
    """
    return run.termination.status == Status.STALLED and run.gradient_norm**2 <= FLOOR * abs(cost)


def _kind(scaled: Array) -> Kind:
    values = np.linalg.svd(scaled, compute_uv=False)
    if values[-1] <= 1e-13 * values[0] or values[0] <= ROUND * values[-1]:
        return "standardised"  # round enough, or so dependent that there are no orthogonal coordinates
    return "orthogonal"


def _words(kind: Kind, normal_equations: NormalEquations) -> Message:
    κ = normal_equations.condition
    if kind != "orthogonal":
        return message("Descended with the features standardised (condition {condition:.2g}).", condition=κ)
    if normal_equations.source == "moments":
        return message(
            "Descended in orthogonal coordinates (from the Cholesky factor of the moments); the standardised"
            " features have condition {condition:.2g}.",
            condition=κ,
        )
    return message(
        "Descended in orthogonal coordinates (from a QR factorisation); the standardised features have condition"
        " {condition:.2g}.",
        condition=κ,
    )
