"""How a fit is descended: by which path over the data, in which coordinates, with which rule; and the run of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from downslope.descent import Descent, LoopOptions, Status, Stopping, descend
from downslope.descent.descend import Callbacks
from downslope.descent.evidence import Cause
from downslope.descent.history import History
from downslope.descent.norms import norm_of
from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.gauss_newton import GaussNewton
from downslope.fitting.identifiability import separates
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates, Kind, PreconditionedObjective, shear_of
from downslope.fitting.problem import FitProblem
from downslope.fitting.proximal import ProximalGradient, SmoothGradient, shrinking, thresholds_in
from downslope.fitting.quadratic import (
    NormalEquations,
    coordinates_of,
    normal_equations_from_moments,
    normal_equations_from_qr,
    quadratic_objective,
)
from downslope.fitting.rows import USUAL_EVALUATIONS, Array, LinearRows, SoftmaxRows
from downslope.messages import Message, message
from downslope.objectives import Objective, Parameters
from downslope.optimizers import Optimizer, as_optimizer

Path = Literal["auto", "moments", "qr", "kernel", "formula"]
PATHS: tuple[Path, ...] = get_args(Path)

QR_NUMBERS = 300_000  # numbers in a table up to which a QR factorisation is done by default
ROUND = 1.0 + 1e-9  # condition number of the standardised features up to which they are as good as orthogonal
MOST_NATURAL = 500  # parameters up to which natural coordinates pay
MOST_NATURAL_SOFTMAX = 200  # whose second derivatives couple the classes
MOST_SQUARE = 1_000  # parameters up to which a squared loss is brought into brief for a method of our choice
NARROW = 60  # parameters that are few, however few the rows are
FLOOR = 1e-12  # part of the cost, so little of which is rounding
ROUNDING = 1e-9  # of the gradient at zero: where descents that are ours to choose are done


@dataclass(frozen=True)
class FitPlan:
    """What was asked about the descent.

    Attributes:
        optimizer: None where the choice is left to us.
        standardize: True, False, or None where it is left to us.
        stopping, path, every, callbacks: see ``fit``.
    """

    optimizer: Optimizer | None
    standardize: bool | None
    stopping: Stopping
    path: Path
    every: int | None
    callbacks: Callbacks

    @property
    def free(self) -> bool:
        """Whether rule and coordinates are ours to choose."""
        return self.optimizer is None and self.standardize is not False

    def until(self, tolerance: float, steps: int) -> FitPlan:
        """The plan with this tolerance where no test was asked for, and at most so many steps where none were."""
        stopping = self.stopping
        if stopping.asks_for_a_test:
            return self
        steps = steps if stopping.steps is None else stopping.steps
        return replace(self, stopping=replace(stopping, tolerance=tolerance, steps=steps))


@dataclass(frozen=True, eq=False)
class FitOutcome:
    """A finished descent.

    Attributes:
        run: in the user's parameters.
        path: "moments", "qr", "kernel", "formula" or "batches".
        coordinates: in which it was descended.
        normal_equations: the squared loss in brief, where there is one.
        notes: what was decided, and why.
        warnings: what must not be overlooked.
        unasked: whether rule and coordinates were left to downslope.
    """

    run: Descent
    path: str
    coordinates: Kind
    normal_equations: NormalEquations | None
    notes: tuple[Message, ...]
    warnings: tuple[Message, ...] = ()
    unasked: bool = False


def fit_full_batch(problem: FitProblem, start: Array, plan: FitPlan) -> FitOutcome:
    """Descend the problem from ``start`` as planned."""
    problem.objective.expect(
        min(plan.stopping.steps or USUAL_EVALUATIONS, plan.stopping.evaluations or 1 << 62)
    )
    if problem.objective.penalty.l1:
        return _proximal(problem, start, plan)
    normal_equations, notes = _square(problem, plan)
    if normal_equations is not None:
        problem.objective.expect(2)
        outcome = _on_square(problem, start, plan, normal_equations)
        return replace(outcome, notes=(*notes, *outcome.notes))
    path = "kernel" if isinstance(problem.rows, LinearRows) else "formula"
    if plan.free and _large(problem):
        run = _quasi_newton(problem, start, plan)
        notes.append(message("Descended by quasi-Newton steps with the features standardised."))
        return FitOutcome(run, path, "standardised", None, tuple(notes), unasked=True)
    if plan.free:
        run = _in_rounds(problem, start, plan)
        notes.append(
            message(
                "Descended in natural coordinates, renewed every few steps, in which the cost is nearly round."
            )
        )
        return FitOutcome(run, path, "natural", None, tuple(notes), unasked=True)
    rule = plan.optimizer or as_optimizer(None)
    if plan.standardize:
        objective, coordinates = standardised(problem.objective)
        inner = PreconditionedObjective(objective, coordinates)
        run = _descend(inner, coordinates.from_user(start), rule, plan)
        return FitOutcome(in_user_units(run, coordinates, problem), path, "standardised", None, tuple(notes))
    run = _descend(problem.objective, start, rule, plan)
    return FitOutcome(run, path, "user", None, tuple(notes))


def _descend(objective: Any, start: Array, rule: Optimizer, plan: FitPlan) -> Descent:
    loop = LoopOptions(every=plan.every, callbacks=plan.callbacks)
    return descend(objective, start, rule, plan.stopping, loop=loop)


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
    if plan.path == "qr" or (plan.path == "auto" and small):
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
    planned = plan.stopping.steps if plan.stopping.steps is not None else 1_000
    few = planned < max(3.0, rows.size / 4) and rows.count * rows.size > QR_NUMBERS
    return not few or plan.free


def _on_square(
    problem: FitProblem, start: Array, plan: FitPlan, normal_equations: NormalEquations
) -> FitOutcome:
    penalty, root = problem.objective.penalty, problem.loss.root
    l2 = penalty.l2 * penalty.mask
    kind: Kind = "standardised" if plan.standardize else "user"
    rule = plan.optimizer or as_optimizer(None)
    notes: tuple[Message, ...] = ()
    plainly = plan.free and root and not penalty.l2
    stacked = np.concatenate([normal_equations.factor, np.sqrt(l2)[:, None] * normal_equations.shear])
    if plan.free:
        kind = _kind(stacked / normal_equations.spread, penalty.l2 > 0)
        small = (
            1e-12
            * np.sqrt(normal_equations.scale)
            / (1.0 if plainly or not root else 2 * np.sqrt(normal_equations.rest) + 1e-300)
        )
        plan = plan.until(max(float(small), 1e-300), 100_000)
        rule, notes = as_optimizer("armijo", initial_step=1.0), (_words(kind, normal_equations),)
    coordinates = coordinates_of(normal_equations, kind, stacked)
    terms = problem.objective.terms
    if kind != "user":
        names = tuple(f"z{i + 1}" for i in range(len(l2)))
        terms = terms._replace(parameters=Parameters.scalars(names, "vector"))
    objective = quadratic_objective(normal_equations, coordinates, terms, root=root and not plainly)
    run = _descend(objective, coordinates.from_user(start), rule, plan)
    if plan.free and kind == "orthogonal" and _at_the_floor(run):
        run = run.judged_again(cause=Cause.COST_AT_FLOOR)
    run = in_user_units(run, coordinates, problem, root=plainly)
    return FitOutcome(run, normal_equations.source, kind, normal_equations, notes, unasked=plan.free)


def _at_the_floor(run: Descent) -> bool:
    """Whether a run stands still where rounding hides what is left of the cost: half the square of the slope, at most.

    In orthogonal coordinates the curvature is at least 1 in every direction, so the excess is no more than that.
    """
    return run.termination.status == Status.STALLED and run.gradient_norm**2 <= FLOOR * abs(run.fun)


def _kind(scaled: Array, penalised: bool) -> Kind:
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


def in_user_units(run: Descent, coordinates: Coordinates, problem: FitProblem, root: bool = False) -> Descent:
    """The run with its points in the user's parameters; ``root`` takes the root of its values."""
    if coordinates.kind == "user" and not root:
        return replace(run, objective=problem.objective)
    h = run.history
    value = np.sqrt(np.maximum(h.value, 0.0)) if root else h.value
    norm = h.gradient_norm / np.maximum(2 * value, 1e-300) if root else h.gradient_norm
    history = History(
        h.step, h.evaluations, value, norm, coordinates.to_user(h.x), problem.objective.parameters.coordinates
    )
    left, reported = run.termination.left_at, run.reported
    moved = replace(
        run,
        objective=problem.objective,
        start=coordinates.to_user(run.start),
        history=history,
        reported=None if reported is None else replace(reported, x=coordinates.to_user(reported.x)),
    )
    numbers = {"value": moved.fun, "first_value": float(value[0]) if len(value) else np.nan} if root else {}
    there = None if left is None else coordinates.to_user(left)
    return moved.judged_again(left_at=there, coordinates=coordinates.kind, **numbers)


def standardised(objective: DataObjective) -> tuple[DataObjective, Coordinates]:
    """The cost with the features of a linear hypothesis measured from their means in units of their spread."""
    rows = objective.rows
    if not isinstance(rows, LinearRows):
        raise UsageError(
            message(
                "standardising needs a hypothesis that is linear in its parameters; scale the"
                " columns in the table, or leave optimizer and learning rate out."
            )
        )
    centre, spread = objective.feature_spreads()
    if rows.intercept is None:  # nothing absorbs a mean, so it is measured from zero
        spread, centre = np.hypot(spread, centre), np.zeros_like(centre)
    scale = np.ones(rows.each if isinstance(rows, SoftmaxRows) else rows.size)
    scale[rows.at] = np.where(spread > 1e-12 * (np.abs(centre) + 1e-300), spread, 1.0)
    shear = shear_of(rows, centre)
    if isinstance(rows, SoftmaxRows):
        scale, shear = np.repeat(scale, rows.classes), np.kron(shear, np.eye(rows.classes))
    coordinates = Coordinates("standardised", np.diag(1 / scale), np.zeros(len(scale)), shear)
    return objective.centred(centre), coordinates


def _in_rounds(problem: FitProblem, start: Array, plan: FitPlan) -> Descent:
    size = problem.objective.parameters.size
    objective, frame = problem.objective, Coordinates.user(size)
    if isinstance(problem.rows, LinearRows) and problem.rows.intercept is not None:
        objective, base = standardised(problem.objective)
        frame = base.with_matrix("standardised", np.eye(size), np.zeros(size))
    callbacks = (
        partial(separates, objective) if problem.loss.classifies and not objective.penalty.l2 else None
    )
    rounds = GaussNewton(objective, frame, plan.stopping, plan.callbacks, plan.every, callbacks)
    run = rounds.descend(frame.from_user(start))
    return replace(run, objective=problem.objective)


def _large(problem: FitProblem) -> bool:
    """Whether there are so many parameters that natural coordinates would cost more than they save."""
    rows = problem.rows
    most = MOST_NATURAL_SOFTMAX if isinstance(rows, SoftmaxRows) else MOST_NATURAL
    return isinstance(rows, LinearRows) and (rows.size > most or _wide(rows)) and problem.loss.curved


def _wide(rows: LinearRows) -> bool:
    """Whether the table is wider than it is long, so that products of its columns say less at a greater cost."""
    return rows.size > max(rows.count, NARROW)


def _quasi_newton(problem: FitProblem, start: Array, plan: FitPlan) -> Descent:
    """Descent that learns the curvature on the way, for many parameters."""
    objective, coordinates = standardised(problem.objective)
    coordinates = _rounded(objective, coordinates, start)
    if not plan.stopping.asks_for_a_test:
        plan = plan.until(ROUNDING * _gradient_scale(objective, coordinates), 20_000)
    inner = PreconditionedObjective(objective, coordinates)
    run = _descend(inner, coordinates.from_user(start), as_optimizer("auto"), plan)
    free = problem.loss.classifies and not objective.penalty.l2
    if free and separates(objective, coordinates.matrix @ run.final + coordinates.shift):
        run = run.judged_again(cause=Cause.SEPARABLE, outside=False)
    return in_user_units(run, coordinates, problem)


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
    if plan.free and not plan.stopping.asks_for_a_test:
        plan = plan.until(ROUNDING * _gradient_scale(objective, coordinates), 20_000)
    inner: Objective = SmoothGradient(objective)
    if coordinates.kind != "user":
        inner = PreconditionedObjective(SmoothGradient(objective), coordinates)
    run = _descend(inner, coordinates.from_user(start), rule, plan)
    path = "kernel" if isinstance(problem.rows, LinearRows) else "formula"
    notes = (message("The l1 penalty is taken exactly, by proximal steps."),)
    run = replace(in_user_units(run, coordinates, problem), optimizer=plan.optimizer or rule)
    return FitOutcome(run, path, coordinates.kind, None, notes, unasked=plan.free)


def _gradient_scale(objective: DataObjective, coordinates: Coordinates) -> float:
    zero = np.zeros(len(coordinates.shift))
    gradient = coordinates.matrix.T @ objective.value_and_gradient(zero)[1]
    return max(norm_of(gradient), 1e-290)
