"""What was asked of a fit's descent, and what came of it: in the user's parameters, whatever it was descended in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping
from downslope.descent.descend import Callbacks
from downslope.descent.evidence import Cause
from downslope.descent.history import History
from downslope.explain.findings.finding import Finding
from downslope.fitting.descents import Descents
from downslope.fitting.preconditioning import CentredParameters, Coordinates, Kind, centre_of
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import NormalEquations
from downslope.fitting.rows import Array, LinearRows
from downslope.messages import Message
from downslope.optimizers import Optimizer

Path = Literal["auto", "moments", "qr", "kernel", "formula"]
PATHS: tuple[Path, ...] = get_args(Path)


@dataclass(frozen=True)
class FitPlan:
    """What was asked about the descent.

    Attributes:
        optimizer: None where the choice is left to us.
        standardize: True, False, or None where it is left to us.
        stopping, path, every, callbacks: see ``fit``.
        suggested: whether no start was given, and the formula suggested one.
        began: the stopping that a fit which goes on began with; None for one that begins.
        descents: makes the descents.
    """

    optimizer: Optimizer | None
    standardize: bool | None
    stopping: Stopping
    path: Path
    every: int | None
    callbacks: Callbacks
    suggested: bool = False
    began: Stopping | None = None
    descents: Descents = field(default_factory=Descents)

    @property
    def free(self) -> bool:
        """Whether rule and coordinates are ours to choose."""
        return self.optimizer is None and self.standardize is not False

    @property
    def first(self) -> Stopping:
        """The stopping by which the way is chosen: a fit that goes on keeps the way that it began with."""
        return self.began or self.stopping

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
        rate: of a descent in batches that ended above its start, what its learning rate has to do with it.
        centred: the parameters reached, of features measured from their means; None where they are measured from zero.
        begun: where the run began, if not at the start that was given.
        looked: whether a lower minimum was looked for.
    """

    run: Descent
    path: str
    coordinates: Kind
    normal_equations: NormalEquations | None
    notes: tuple[Message, ...]
    warnings: tuple[Message, ...] = ()
    unasked: bool = False
    centred: CentredParameters | None = None
    rate: Finding | None = None
    begun: Array | None = None
    looked: bool = False


def descended(objective: Any, start: Array, rule: Optimizer, plan: FitPlan) -> Descent:
    """The descent of a cost as planned."""
    loop = LoopOptions(every=plan.every, callbacks=plan.callbacks)
    return plan.descents.descend(objective, start, rule, plan.stopping, loop=loop)


def about_means(problem: FitProblem, coordinates: Coordinates, run: Descent) -> CentredParameters | None:
    """The parameters reached, of features measured from their centre; None where they are measured from zero."""
    rows = problem.rows
    if coordinates.kind == "user" or not isinstance(rows, LinearRows) or rows.intercept is None:
        return None
    return CentredParameters(
        centre_of(rows, coordinates.shear), coordinates.matrix @ run.final + coordinates.shift
    )


class LastRow(NamedTuple):
    """A step that was made after a descent, in its coordinates."""

    x: Array
    value: float
    gradient_norm: float
    evaluations: int


def with_last_row(run: Descent, last: LastRow, cause: Cause) -> Descent:
    """The run with a step after its last, at which it ended for another reason."""
    h, before = run.history, run.fun
    history = History(
        np.append(h.step, h.step[-1] + 1),
        np.append(h.evaluations, last.evaluations),
        np.append(h.value, last.value),
        np.append(h.gradient_norm, last.gradient_norm),
        np.concatenate([h.x, last.x[None]]),
        h.coordinates,
    )
    run = replace(run, history=history, nfev=last.evaluations)
    return run.judged_again(
        cause=cause,
        worse=False,
        outside=False,
        value=last.value,
        change=before - last.value,
        gradient_norm=last.gradient_norm,
        step=run.nit,
        evaluations=last.evaluations,
    )


class Measured(NamedTuple):
    """How the values of a run are made those of the cost."""

    root: bool = False  # the root is taken
    least: float = 0.0  # of what was added before
    target: float | None = None  # of the cost, where one was asked for
    beside: float = (
        0.0  # strength of the l2 penalty beside the squares, where it is not that beside their root
    )


def in_user_units(
    run: Descent, coordinates: Coordinates, problem: FitProblem, measured: Measured | None = None
) -> Descent:
    """The run with its points in the user's parameters, and its values those of the cost."""
    if coordinates.kind == "user" and measured is None:
        return replace(run, objective=problem.objective)
    root, least, target, beside = measured or Measured()
    h, penalty = run.history, problem.objective.penalty
    value, added = h.value + least, np.zeros(len(h.value))
    if root and penalty.l2:
        added = np.sum(np.square(coordinates.to_user(h.x) * penalty.mask), axis=1)
        value, added = value - beside * added, penalty.l2 * added
    value = np.sqrt(np.maximum(value, 0.0)) if root else value
    norm = h.gradient_norm / np.maximum(2 * value, 1e-300) if root else h.gradient_norm
    value = value + added
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
    numbers: dict[str, Any] = {}
    if measured is not None:
        first = float(value[0]) if len(value) else np.nan
        numbers = {"value": moved.fun, "first_value": first, "target": target}
    there = None if left is None else coordinates.to_user(left)
    return moved.judged_again(left_at=there, coordinates=coordinates.kind, **numbers)
