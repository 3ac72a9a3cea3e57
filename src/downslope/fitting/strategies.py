"""How a fit is descended: by which path over the data, in which coordinates, with which rule; and the run of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from downslope.descent import Descent
from downslope.descent.evidence import Cause
from downslope.descent.norms import norm_of
from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.gauss_newton import MOST_ROUNDS, NaturalRounds
from downslope.fitting.identifiability import separates
from downslope.fitting.levenberg_marquardt import takes
from downslope.fitting.newton_finish import at_the_zero_of_the_gradient
from downslope.fitting.objective import DataObjective
from downslope.fitting.outcome import FitOutcome, FitPlan, about_means, descended, in_user_units
from downslope.fitting.preconditioning import (
    CentredParameters,
    Coordinates,
    PreconditionedObjective,
    centre_of,
)
from downslope.fitting.problem import FitProblem
from downslope.fitting.proximal import ProximalGradient, SmoothGradient, shrinking, thresholds_in
from downslope.fitting.quadratic import (
    NormalEquations,
    normal_equations_from_moments,
    normal_equations_from_qr,
)
from downslope.fitting.restarts import fit_squares
from downslope.fitting.rows import USUAL_EVALUATIONS, Array, LinearRows, SoftmaxRows
from downslope.fitting.square_descent import descend_square
from downslope.fitting.standardising import standardised
from downslope.fitting.support_finish import on_the_support
from downslope.fitting.vertex_finish import at_the_vertex, has_a_vertex
from downslope.messages import Message, message
from downslope.objectives import Objective
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.curved.coordinate_descent import CoordinateDescent

QR_NUMBERS = 300_000  # numbers in a table up to which a QR factorisation is done by default
MOST_NATURAL = 500  # parameters up to which natural coordinates pay
MOST_NATURAL_SOFTMAX = 200  # whose second derivatives couple the classes
MOST_SQUARE = 1_000  # parameters up to which a squared loss is brought into brief for a method of our choice
ROUNDS_TO_VERTEX = 12  # that bring a piecewise linear cost near enough to the vertex at which it is least
PROXIMAL_STEPS = 20_000  # at most where none were asked for
STEPS_TO_VERTEX = 1_000  # the same by proximal steps
NARROW = 60  # parameters that are few, however few the rows are
ROUNDING = 1e-9  # of the gradient at zero: where descents that are ours to choose are done


def fit_full_batch(problem: FitProblem, start: Array, plan: FitPlan) -> FitOutcome:
    """Descend the problem from ``start`` as planned."""
    problem.objective.expect(min(plan.first.steps or USUAL_EVALUATIONS, plan.first.evaluations or 1 << 62))
    if problem.objective.penalty.l1:
        return _proximal(problem, start, plan)
    normal_equations, notes = _square(problem, plan)
    if normal_equations is not None:
        problem.objective.expect(2)
        outcome = descend_square(problem, start, plan, normal_equations)
        return replace(outcome, notes=(*notes, *outcome.notes))
    path = "kernel" if isinstance(problem.rows, LinearRows) else "formula"
    if plan.free and _large(problem):
        run, centred = _quasi_newton(problem, start, plan)
        notes.append(message("Descended by quasi-Newton steps with the features standardised."))
        return FitOutcome(run, path, "standardised", None, tuple(notes), unasked=True, centred=centred)
    if plan.free and not isinstance(problem.rows, LinearRows) and takes(problem):
        return fit_squares(problem, start, plan)
    if plan.free:
        run, centred = _in_rounds(problem, start, plan)
        notes.append(
            message(
                "Descended in natural coordinates, renewed every few steps, in which the cost is nearly round."
            )
        )
        return FitOutcome(run, path, "natural", None, tuple(notes), unasked=True, centred=centred)
    rule = plan.optimizer or as_optimizer(None)
    if plan.standardize:
        objective, coordinates = standardised(problem.objective)
        inner = PreconditionedObjective(objective, coordinates)
        run = descended(inner, coordinates.from_user(start), rule, plan)
        centred = about_means(problem, coordinates, run)
        run = in_user_units(run, coordinates, problem)
        return FitOutcome(run, path, "standardised", None, tuple(notes), centred=centred)
    run = descended(problem.objective, start, rule, plan)
    return FitOutcome(run, path, "user", None, tuple(notes))


def _square(problem: FitProblem, plan: FitPlan) -> tuple[NormalEquations | None, list[Message]]:
    """The squared loss in brief, where the cost is quadratic and it pays."""
    if not problem.quadratic:
        if plan.path in ("moments", "qr"):
            raise UsageError(
                message(
                    "path='{path}' needs a squared loss, a hypothesis linear in its parameters and no"
                    " l1; this is {objective}.",
                    path=plan.path,
                    objective=problem.objective.text,
                )
            )
        return None, []
    objective = problem.objective
    if plan.path in ("kernel", "formula") or (plan.path == "auto" and not _pays(problem, plan)):
        return None, []
    numbers = objective.count * objective.rows.size
    small = numbers <= QR_NUMBERS and not objective.streamed
    by_queries = (
        objective.in_database and objective.rereadable
    )  # two more of these say what the moments have lost
    if plan.path == "qr" or (plan.path == "auto" and (small or by_queries)):
        return normal_equations_from_qr(objective), []
    try:
        return normal_equations_from_moments(objective), []
    except UsageError as error:
        if plan.path == "moments":
            raise
        note = message("The rows themselves were worked on: {why}", why=error.message)
        return normal_equations_from_qr(objective), [note]


def _pays(problem: FitProblem, plan: FitPlan) -> bool:
    """Whether the squared loss in brief costs less than the steps that it spares."""
    rows, objective = problem.rows, problem.objective
    assert isinstance(rows, LinearRows)
    if objective.streamed:
        return objective.summed
    if not problem.loss.root and (_wide(rows) or (plan.free and rows.size > MOST_SQUARE)):
        return False
    planned = plan.first.steps if plan.first.steps is not None else 1_000
    few = planned < max(3.0, rows.size / 4) and rows.count * rows.size > QR_NUMBERS
    return not few or plan.free


def _in_rounds(problem: FitProblem, start: Array, plan: FitPlan) -> tuple[Descent, CentredParameters | None]:
    size = problem.objective.parameters.size
    objective, frame = problem.objective, Coordinates.user(size)
    if isinstance(problem.rows, LinearRows) and problem.rows.intercept is not None:
        objective, base = standardised(problem.objective)
        frame = base.with_matrix("standardised", np.eye(size), np.zeros(size))
    callbacks = (
        partial(separates, objective) if problem.loss.classifies and not objective.penalty.l2 else None
    )
    rounds = NaturalRounds(
        objective, frame, plan.stopping, plan.callbacks, plan.every, callbacks, descents=plan.descents
    )
    vertex = has_a_vertex(problem)
    if vertex:
        rounds.most_rounds = ROUNDS_TO_VERTEX
    run = rounds.descend(frame.from_user(start))
    reached: Array = rounds.reached
    if vertex:
        run, reached = at_the_vertex(run, objective, frame, reached)
        if _ended_by(run, Cause.ROUND_LIMIT):  # no vertex was proven to be the least
            rounds = replace(rounds, most_rounds=MOST_ROUNDS)
            run, reached = rounds.descend(frame.from_user(start)), rounds.reached
    run, reached = at_the_zero_of_the_gradient(run, objective, frame, reached)
    centred = None
    if frame.kind != "user" and isinstance(problem.rows, LinearRows):
        centred = CentredParameters(centre_of(problem.rows, frame.shear), reached)
    return replace(run, objective=problem.objective), centred


def _ended_by(run: Descent, *causes: Cause) -> bool:
    """Whether one of these is what ended a run."""
    return run.termination.evidence is not None and run.termination.evidence.cause in causes


def _large(problem: FitProblem) -> bool:
    """Whether there are so many parameters that natural coordinates would cost more than they save."""
    rows = problem.rows
    most = MOST_NATURAL_SOFTMAX if isinstance(rows, SoftmaxRows) else MOST_NATURAL
    return isinstance(rows, LinearRows) and (rows.size > most or _wide(rows)) and problem.loss.curved


def _wide(rows: LinearRows) -> bool:
    """Whether the table is wider than it is long, so that products of its columns say less at a greater cost."""
    return rows.size > max(rows.count, NARROW)


def _quasi_newton(
    problem: FitProblem, start: Array, plan: FitPlan
) -> tuple[Descent, CentredParameters | None]:
    """Descent that learns the curvature on the way, for many parameters."""
    objective, coordinates = standardised(problem.objective)
    coordinates = _rounded(objective, coordinates, start)
    if not plan.stopping.asks_for_a_test:
        plan = plan.until(ROUNDING * _gradient_scale(objective, coordinates), 20_000)
    inner = PreconditionedObjective(objective, coordinates)
    run = descended(inner, coordinates.from_user(start), as_optimizer("auto"), plan)
    free = problem.loss.classifies and not objective.penalty.l2
    if free and separates(objective, coordinates.matrix @ run.final + coordinates.shift):
        run = run.judged_again(cause=Cause.SEPARABLE, outside=False)
    return in_user_units(run, coordinates, problem), about_means(problem, coordinates, run)


def _rounded(objective: DataObjective, c: Coordinates, start: Array) -> Coordinates:
    """The coordinates with a unit for each parameter in which loss and l2 penalty together bend alike.

    Features of little spread would else meet a penalty that bends far more than the loss does.
    """
    rows, penalty = objective.rows, objective.penalty
    if not penalty.l2:
        return c
    if isinstance(rows, SoftmaxRows):
        bend = (rows.classes - 1) / rows.classes**2
    else:
        u, bends = rows.predictions(c.matrix @ c.from_user(start) + c.shift), np.empty(rows.count)
        kernels.curvatures(objective.loss.code, objective.loss.shape, u, objective.y, 0.0, bends)
        bend = max(float(np.mean(bends)), 1e-100)
    units = 1 / np.sqrt(1 / np.diag(c.matrix) ** 2 + 2 * penalty.l2 * penalty.mask / bend)
    return c.with_matrix(c.kind, np.diag(units), c.shift)


def _proximal(problem: FitProblem, start: Array, plan: FitPlan) -> FitOutcome:
    """Descent with the l1 penalty taken exactly, by proximal steps."""
    objective, coordinates = problem.objective, Coordinates.user(problem.objective.parameters.size)
    if isinstance(problem.rows, LinearRows) and (plan.free or plan.standardize):
        objective, coordinates = standardised(problem.objective)
    thresholds = thresholds_in(objective.penalty, np.diag(coordinates.matrix))
    rule: Optimizer = ProximalGradient(thresholds=tuple(thresholds.tolist()))
    if plan.optimizer is not None:
        rule = shrinking(plan.optimizer, thresholds)
    own = plan.free and not plan.stopping.asks_for_a_test
    vertex = own and plan.first.steps is None and has_a_vertex(problem)
    tolerance = ROUNDING * _gradient_scale(objective, coordinates) if own else 0.0
    inner: Objective = SmoothGradient(objective)
    if coordinates.kind != "user":
        inner = PreconditionedObjective(SmoothGradient(objective), coordinates)

    def descended_in(most: int) -> Descent:
        until = plan.until(tolerance, most) if own else plan
        return descended(inner, coordinates.from_user(start), rule, until)

    run = descended_in(STEPS_TO_VERTEX if vertex else PROXIMAL_STEPS)
    path = "kernel" if isinstance(problem.rows, LinearRows) else "formula"
    notes = (message("The l1 penalty is taken exactly, by proximal steps."),)
    if vertex:
        reached = coordinates.matrix @ run.final + coordinates.shift
        frame = coordinates.with_matrix(coordinates.kind, np.eye(len(reached)), np.zeros(len(reached)))
        moved, centred = in_user_units(run, coordinates, problem), about_means(problem, coordinates, run)
        moved, there = at_the_vertex(moved, objective, frame, reached, unasked_limit=True)
        if _ended_by(moved, Cause.VERTEX):
            centred = None if centred is None else CentredParameters(centred.centre, there)
            moved = replace(moved, objective=problem.objective, optimizer=rule)
            return FitOutcome(moved, path, coordinates.kind, None, notes, unasked=True, centred=centred)
        if not _ended_by(run, Cause.INTERRUPTED, Cause.CALLBACK):
            run = descended_in(PROXIMAL_STEPS)
    if own and plan.first.steps is None:
        run = on_the_support(run, objective, coordinates)
    if isinstance(plan.optimizer, CoordinateDescent):
        notes = (message("The l1 penalty is taken exactly, coordinate by coordinate."),)
    centred = about_means(problem, coordinates, run)
    run = replace(in_user_units(run, coordinates, problem), optimizer=plan.optimizer or rule)
    return FitOutcome(run, path, coordinates.kind, None, notes, unasked=plan.free, centred=centred)


def _gradient_scale(objective: DataObjective, coordinates: Coordinates) -> float:
    zero = np.zeros(len(coordinates.shift))
    gradient = coordinates.matrix.T @ objective.value_and_gradient(zero)[1]
    return max(norm_of(gradient), 1e-290)
