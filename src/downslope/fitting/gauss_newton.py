"""Descent in natural coordinates: each round makes the cost round near the point reached, and descends a few steps.

With ``H = J' diag(c) J / n`` the second derivatives that the loss alone gives (``J`` the derivatives of the hypothesis,
``c`` those of the loss), ``z = chol(H + damping)' (theta - theta_k)`` are coordinates in which the cost has curvature
about 1 in every direction, so that steepest descent needs no learning rate and does not zig-zag. For squared losses
one step of length 1 there is the Gauss-Newton step; for log_loss and poisson, Newton's; the damping is that of
Levenberg and Marquardt, grown when trials are refused and shrunk when they are not.

Source: S. Amari, Neural Computation 10 (1998) 251-276, theorem 1 (the steepest direction in a metric); K. Levenberg,
Quarterly of Applied Mathematics 2 (1944) 164-168.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from downslope.descent import Descent, LoopOptions, Status, Stopping
from downslope.descent.descend import Callbacks
from downslope.descent.evidence import Cause, Evidence
from downslope.descent.history import History
from downslope.descent.norms import norm_of
from downslope.descent.termination import Termination, terminate
from downslope.descent.termination_messages import Places
from downslope.fitting.descents import Descents
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates, PreconditionedObjective
from downslope.fitting.rows import Array, SoftmaxRows
from downslope.fitting.softmax_metric import softmax_metric
from downslope.optimizers import as_optimizer

MOST_ROUNDS = 400
STEPS_A_ROUND = 4
TRIALS = 40
SAMPLE = 50_000
MOST_PRODUCTS = 10**9  # that go into the second derivatives of a softmax
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-14, 1e8
TRACE = 1e-20  # part of the cost at the start that is no more than rounding where a fit is exact
RELATIVE = 1e-9  # the run is done where the gradient, in units of the root of the cost, is this small
KINKED = 1e-7
FADING = (
    0.1  # of a root of a curvature that was met, in every round: a start may be steep out of all proportion
)
NO_EFFECT = 1e-8  # part of the largest effect that a parameter has, each for its size


_GOES_ON = (
    Status.STEP_LIMIT,
    Status.EVALUATION_LIMIT,
    Status.STALLED,
    Status.LEFT_DOMAIN,
    Status.DIVERGED,
)  # of a round: the next one may do better


class _Now(NamedTuple):
    """How far the descent is."""

    steps: int = 0
    evaluations: int = 0
    rounds: int = 0
    first_cost: float = np.nan


@dataclass
class NaturalRounds:
    """The state of a descent in rounds; ``reached`` is where it ended, as ``phi``.

    Args:
        objective: the cost, in centred parameters for a linear hypothesis.
        frame: the coordinates whose ``phi`` the objective takes (with matrix the identity and no shift).
        stopping: what was asked; a tolerance is judged in natural coordinates.
        callbacks: callback and progress.
        every: spacing of the history.
        most_rounds: how many there are at most.
        stop_early: called after each round with ``phi``; True ends the run, as the classes are separated.
        descents: makes the descents of the rounds.
    """

    objective: DataObjective
    frame: Coordinates
    stopping: Stopping
    callbacks: Callbacks
    every: int | None = None
    stop_early: Callable[[Array], bool] | None = None
    most_rounds: int = MOST_ROUNDS
    descents: Descents = field(default_factory=Descents)
    _first_norm: float | None = None
    _tolerated: float = 0.0  # in the last round
    _largest: Array | None = None  # of the roots of the parameters' curvatures, of late

    def descend(self, start: Array) -> Descent:
        """From ``phi = start``; the run is in the user's parameters."""
        self._began, self._start = time.perf_counter(), self.frame.to_user(start)
        phi, damping, now = start.copy(), FIRST_DAMPING, _Now()
        histories: list[History] = []
        while True:
            coordinates = self._natural(phi, damping, now.rounds)
            run = self._round(coordinates, now)
            histories.append(self._moved(run.history, coordinates, now))
            cost = run.history.value[0] if np.isnan(now.first_cost) and len(run.history) else now.first_cost
            now = _Now(now.steps + run.nit, now.evaluations + run.nfev, now.rounds + 1, cost)
            trials = (run.nfev - 1) / max(run.nit, 1)
            phi = self.reached = coordinates.matrix @ run.final + coordinates.shift
            ending = self._spent(run, now) or self._ended(run, phi, now, damping)
            if ending is not None:
                run = replace(run, termination=self._terminated(ending, run, coordinates))
                return self._whole(start, histories, run, now)
            damping = np.clip(
                damping * (10.0 if trials > 2.5 or not run.nit else 0.1 if trials <= 1.5 else 1.0),
                LEAST_DAMPING,
                MOST_DAMPING,
            )

    def _natural(self, phi: Array, damping: float, round_: int) -> Coordinates:
        H = self._metric(phi, round_, damping)
        diagonal, rows = np.diag(H), self.objective.rows
        if isinstance(rows, SoftmaxRows):  # the damping must not tell the classes apart, or their sum drifts
            diagonal = np.repeat(diagonal.reshape(rows.each, rows.classes).mean(axis=1), rows.classes)
        scale = self._scale(np.sqrt(np.maximum(diagonal, 0.0)), phi)
        with np.errstate(all="ignore"):
            C = H / np.outer(scale, scale)
        C[np.diag_indices_from(C)] += damping
        C = np.where(np.isfinite(C), C, np.eye(len(C)))
        values, vectors = np.linalg.eigh(C)
        values = np.maximum(values, 1e-15 * values[-1])
        return self.frame.with_matrix("natural", (vectors / np.sqrt(values)) / scale[:, None], phi)

    def _scale(self, now: Array, phi: Array) -> Array:
        """The unit of each parameter: one over the largest root of its curvature of late, much as in MINPACK.

        What damping adds is in these units, and the curvature of the present point alone vanishes where a parameter
        has no effect: a step along it would then be as long as it has to be to have one. Where it never had any,
        beside the others and for its size, it is held as if it had that little.
        """
        felt = np.nan_to_num(now, nan=0.0, posinf=1e150)
        self._largest = felt if self._largest is None else np.maximum(FADING * self._largest, felt)
        size = np.maximum(np.abs(phi), 1.0)
        least = NO_EFFECT * float(np.max(self._largest * size)) / size
        return np.maximum(np.maximum(self._largest, least), 1e-150)

    def _metric(self, phi: Array, round_: int, damping: float) -> Array:
        """The second derivatives; of a loss whose own vanish far out, with so much of the touching parabolas' in them.

        With damping 1 a step is that of those parabolas, which never leads up, from wherever it starts.
        """
        objective = self.objective
        loss, rows, penalty = objective.loss, objective.rows, objective.penalty
        step = -(-rows.count // SAMPLE)
        sample = np.arange(0, rows.count, step) if step > 1 else None
        if isinstance(rows, SoftmaxRows):
            step = max(step, -(-rows.count * rows.size**2 // MOST_PRODUCTS))
            sample = np.arange(0, rows.count, step)
            return softmax_metric(rows, phi, objective.weights, sample) + 2 * penalty.l2 * np.diag(
                penalty.mask
            )
        with np.errstate(all="ignore"):
            least = 0.0
            if not loss.curved:
                u = rows.jacobian(phi, slice(0, SAMPLE))[0]
                size = float(np.median(np.abs(u - objective.y[: len(u)])))
                least = max(size, 1e-300) * max(10.0 ** (-round_ / 2), 1e-10)
            H = objective.curvature(phi, sample, least, damping)
            if loss.root:
                H /= 2 * max(self.descents.number(lambda: objective.data_value(phi)), 1e-300)
        return H + 2 * penalty.l2 * np.diag(penalty.mask)

    def _round(self, c: Coordinates, now: _Now) -> Descent:
        asked = self.stopping
        limit = STEPS_A_ROUND if asked.steps is None else min(STEPS_A_ROUND, asked.steps - now.steps)
        most = TRIALS if asked.evaluations is None else min(TRIALS, asked.evaluations - now.evaluations)
        seconds = None if asked.seconds is None else max(asked.seconds - self._seconds(), 1e-3)
        cost = self.descents.number(lambda: self.objective.value(c.shift))
        decrement = self._enough(cost, now.first_cost)
        self._tolerated = self._tolerance(c, decrement)
        stopping = replace(
            asked,
            steps=max(limit, 0),
            evaluations=max(most, 1),
            seconds=seconds,
            tolerance=self._tolerated,
            relative_tolerance=None,
        )
        objective = PreconditionedObjective(self.objective, c)
        rule = as_optimizer("armijo", initial_step=1.0)
        loop = LoopOptions(every=self.every, callbacks=self.callbacks)
        return self.descents.descend(objective, np.zeros(len(c.shift)), rule, stopping, loop=loop)

    def _tolerance(self, c: Coordinates, decrement: float) -> float:
        """What was asked for, relative tolerances being to the first round's start; else the decrement."""
        asked = self.stopping
        if asked.relative_tolerance is None:
            return decrement if asked.tolerance is None else asked.tolerance
        if self._first_norm is None:
            self._first_norm = self.descents.number(lambda: self._norm(c))
        return max(asked.tolerance or 0.0, asked.relative_tolerance * self._first_norm, decrement)

    def _enough(self, cost: float, first_cost: float) -> float:
        """The gradient norm at which a round is done: it is about the root of twice the excess cost."""
        scale = abs(cost) + TRACE * self._size(cost, first_cost)
        if not np.isfinite(scale):
            return 0.0
        return max(self._relative * float(np.sqrt(scale)), self._rounding(cost, first_cost))

    def _size(self, cost: float, first_cost: float) -> float:
        """What the cost is made of, before it cancels: the start's, or that of predicting 0 where it is less."""
        return min(abs(first_cost if np.isfinite(first_cost) else cost), self._of_target)

    def _rounding(self, cost: float, first_cost: float) -> float:
        """The gradient norm that rounding leaves where the hypothesis meets every row exactly."""
        return 10 * float(np.finfo(np.float64).eps) * float(np.sqrt(self._size(cost, first_cost)))

    @property
    def _relative(self) -> float:
        return RELATIVE if self.objective.loss.curved else KINKED

    @cached_property
    def _of_target(self) -> float:
        """The cost of predicting 0, roughly: a start may cost far more, and says nothing of rounding at the end."""
        objective = self.objective
        if objective.loss.link == "exp":
            rate = max(objective.target_mean(), 0.0)
            return 1 + rate * (1 + float(np.log1p(rate)))
        if objective.loss.link != "identity":
            return 1.0
        size = float(np.hypot(objective.target_mean(), objective.target_spread()))
        return size if objective.loss.root else size * size + (not objective.loss.quadratic) * size

    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    def _moved(self, history: History, c: Coordinates, before: _Now) -> History:
        """A round's history in the user's parameters; every round but the first begins where the last ended."""
        skip = 1 if before.steps or before.evaluations else 0
        return History(
            history.step[skip:] + before.steps,
            history.evaluations[skip:] + before.evaluations,
            history.value[skip:],
            history.gradient_norm[skip:],
            c.to_user(history.x[skip:]),
            self.objective.parameters.coordinates,
        )

    def _spent(self, run: Descent, now: _Now) -> Evidence | None:
        """What ends the descent where all evaluations or all the time that was given is used up before it arrived."""
        asked = self.stopping
        if run.termination.status == Status.CONVERGED:
            return None
        if asked.evaluations is not None and now.evaluations >= asked.evaluations:
            return self._evidence(run, now, Cause.EVALUATION_LIMIT)
        if asked.seconds is not None and self._seconds() >= asked.seconds:
            return self._evidence(run, now, Cause.TIME_LIMIT)
        return None

    def _ended(self, run: Descent, phi: Array, now: _Now, damping: float) -> Evidence | None:
        """What ends the descent where this round was the last."""
        status, asked = run.termination.status, self.stopping
        stop_early = self.stop_early
        if stop_early is not None and self.descents.number(lambda: stop_early(phi)):
            return self._evidence(run, now, Cause.SEPARABLE)
        if status == Status.CONVERGED:
            return self._met(run, now)
        if status not in _GOES_ON or (
            run.termination.left_at is not None and run.nit == 0 and now.rounds == 1
        ):
            return self._evidence(run, now)
        if asked.steps is not None and now.steps >= asked.steps:
            return self._evidence(run, now, Cause.STEP_LIMIT)
        fell = len(run.history) > 1 and run.history.value[0] - run.fun > 1e-15 * abs(run.fun)
        flat = now.rounds > 3 and run.gradient_norm <= 1e-5 * np.sqrt(abs(run.fun))
        if not fell and (damping >= MOST_DAMPING or flat):
            norm = self._undamped_norm(
                phi, now.rounds - 1
            )  # of coordinates that damping has not made shorter
            rounding = self._rounding(run.fun, now.first_cost)
            near = norm <= max(1e4 * self._relative * np.sqrt(abs(run.fun)), rounding)
            arrived = Cause.COST_AT_FLOOR if self.objective.loss.curved else Cause.COST_SMOOTHED
            cause = arrived if near else Cause.COST_STUCK
            return self._evidence(run, now, cause, gradient_norm=norm)
        if now.rounds >= self.most_rounds:
            return self._evidence(run, now, Cause.ROUND_LIMIT)
        return None

    def _met(self, run: Descent, now: _Now) -> Evidence:
        """The test of the last round as the whole descent's."""
        asked = self.stopping
        own = asked.tolerance is None and asked.relative_tolerance is None
        relative_to = self._relative if own else None
        return self._evidence(run, now, tolerance=self._tolerated, relative_to=relative_to)

    def _evidence(self, run: Descent, now: _Now, cause: Cause | None = None, **numbers: Any) -> Evidence:
        """That of the last round, with the numbers of the whole descent."""
        last = run.termination.evidence
        assert last is not None  # it comes from the engine
        asked = self.stopping
        known = {
            "step": now.steps if len(run.history) or now.steps else -1,
            "evaluations": now.evaluations,
            "first_value": now.first_cost,
            "coordinates": "natural",
            "asked": asked.asks_for_a_test or asked.steps is None or cause == Cause.ROUND_LIMIT,
            "worse": bool(run.fun > now.first_cost),
            "rounds": now.rounds,
        }
        if cause is not None:  # another than that of the round, which may have left the domain
            known |= {"cause": cause, "outside": False, "failure": ""}
        return replace(last, **{**known, **numbers})

    def _terminated(self, ending: Evidence, run: Descent, c: Coordinates) -> Termination:
        """With the points in the user's parameters; in a round's own, they are all 0 at its start."""
        names, left = self.objective.parameters.coordinates, None
        if ending.outside and run.termination.left_at is not None:
            left = self._start if ending.step < 0 else c.to_user(run.termination.left_at)
        return terminate(ending, Places(names, c.to_user(run.final), left))

    def _undamped_norm(self, phi: Array, rounds: int) -> float:
        c = self._natural(phi, LEAST_DAMPING, rounds)
        with np.errstate(all="ignore"):
            norm = self.descents.number(lambda: self._norm(c))
        return norm if np.isfinite(norm) else np.inf

    def _norm(self, c: Coordinates) -> float:
        """The gradient norm where these coordinates begin, in them."""
        return norm_of(c.matrix.T @ self.objective.value_and_gradient(c.shift)[1])

    def _whole(self, start: Array, parts: list[History], last: Descent, now: _Now) -> Descent:
        """The descent that ended with ``last``."""
        history = History(
            np.concatenate([part.step for part in parts]),
            np.concatenate([part.evaluations for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.gradient_norm for part in parts]),
            np.concatenate([part.x for part in parts]),
            self.objective.parameters.coordinates,
        )
        return replace(
            last,
            objective=self.objective,
            stopping=self.stopping,
            start=self.frame.to_user(start) if self.frame.kind != "user" else start,
            history=history,
            nfev=now.evaluations,
            reported=None,
            seconds=self.descents.seconds + self._seconds(),
        )
