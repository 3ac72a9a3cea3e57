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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from downslope.descent import Descent, Status, Stopping, descend
from downslope.descent.descend import Callbacks
from downslope.descent.history import History
from downslope.descent.termination import Termination, spelt
from downslope.fitting.objective import DataObjective
from downslope.fitting.preconditioning import Coordinates, PreconditionedObjective
from downslope.fitting.rows import CHUNK_ROWS, Array, SoftmaxRows
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


@dataclass
class GaussNewton:
    """The state of a descent in rounds.

    Args:
        objective: the cost, in centred parameters for a linear hypothesis.
        frame: the coordinates whose ``phi`` the objective takes (with matrix the identity and no shift).
        stopping: what was asked; a tolerance is judged in natural coordinates.
        callbacks: callback and progress.
        every: spacing of the history.
        stop_early: called after each round with ``phi``; a sentence ends the run.
    """

    objective: DataObjective
    frame: Coordinates
    stopping: Stopping
    callbacks: Callbacks
    every: int | None = None
    stop_early: Callable[[Array], str] | None = None
    _first_norm: float | None = None
    _tolerated: float = 0.0  # in the last round

    def descend(self, start: Array) -> Descent:
        """From ``phi = start``; the run is in the user's parameters."""
        began = time.perf_counter()
        phi, damping = start.copy(), FIRST_DAMPING
        self._start = self.frame.to_user(start)
        histories: list[History] = []
        steps = evaluations = 0
        first_cost = np.nan
        while True:
            coordinates = self._natural(phi, damping, len(histories))
            run = self._round(coordinates, steps, evaluations, first_cost, began)
            histories.append(self._moved(run.history, coordinates, steps, evaluations))
            first_cost = run.history.value[0] if np.isnan(first_cost) and len(run.history) else first_cost
            trials = (run.nfev - 1) / max(run.nit, 1)
            steps, evaluations = steps + run.nit, evaluations + run.nfev
            phi = coordinates.matrix @ run.final + coordinates.shift
            termination = self._spent(run, steps, evaluations, began)
            termination = termination or self._ended(run, phi, steps, damping, len(histories), first_cost)
            if termination is not None:
                return self._whole(start, histories, termination, evaluations, began, run)
            damping = np.clip(
                damping * (10.0 if trials > 2.5 or not run.nit else 0.1 if trials <= 1.5 else 1.0),
                LEAST_DAMPING,
                MOST_DAMPING,
            )

    def _natural(self, phi: Array, damping: float, round_: int) -> Coordinates:
        H = self._metric(phi, round_)
        diagonal, rows = np.diag(H), self.objective.rows
        if isinstance(rows, SoftmaxRows):  # the damping must not tell the classes apart, or their sum drifts
            diagonal = np.repeat(diagonal.reshape(rows.each, rows.classes).mean(axis=1), rows.classes)
        scale = np.sqrt(np.maximum(diagonal, 1e-300))
        scale[scale < 1e-100 * scale.max()] = max(scale.max(), 1e-150)
        with np.errstate(all="ignore"):
            C = H / np.outer(scale, scale)
        C[np.diag_indices_from(C)] += damping
        C = np.where(np.isfinite(C), C, np.eye(len(C)))
        values, vectors = np.linalg.eigh(C)
        values = np.maximum(values, 1e-15 * values[-1])
        return self.frame.with_matrix("natural", (vectors / np.sqrt(values)) / scale[:, None], phi)

    def _metric(self, phi: Array, round_: int) -> Array:
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
            H = objective.curvature(phi, sample, least)
            if loss.root:
                H /= 2 * max(objective.data_value(phi), 1e-300)
        return H + 2 * penalty.l2 * np.diag(penalty.mask)

    def _round(
        self, c: Coordinates, steps: int, evaluations: int, first_cost: float, began: float
    ) -> Descent:
        asked = self.stopping
        limit = STEPS_A_ROUND if asked.steps is None else min(STEPS_A_ROUND, asked.steps - steps)
        most = TRIALS if asked.evaluations is None else min(TRIALS, asked.evaluations - evaluations)
        seconds = None if asked.seconds is None else max(asked.seconds - (time.perf_counter() - began), 1e-3)
        decrement = self._enough(self.objective.value(c.shift), first_cost)
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
        return descend(
            objective, np.zeros(len(c.shift)), rule, stopping, every=self.every, callbacks=self.callbacks
        )

    def _tolerance(self, c: Coordinates, decrement: float) -> float:
        """What was asked for, relative tolerances being to the first round's start; else the decrement."""
        asked = self.stopping
        if asked.relative_tolerance is None:
            return decrement if asked.tolerance is None else asked.tolerance
        if self._first_norm is None:
            self._first_norm = float(
                np.linalg.norm(c.matrix.T @ self.objective.value_and_gradient(c.shift)[1])
            )
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
        if objective.loss.link != "identity":
            return np.inf
        size = float(np.hypot(objective.target_mean(), objective.target_spread()))
        return size if objective.loss.root else size * size + (not objective.loss.quadratic) * size

    def _moved(self, history: History, c: Coordinates, steps: int, evaluations: int) -> History:
        """A round's history in the user's parameters; every round but the first begins where the last ended."""
        skip = 1 if steps or evaluations else 0
        return History(
            history.step[skip:] + steps,
            history.evaluations[skip:] + evaluations,
            history.value[skip:],
            history.gradient_norm[skip:],
            c.to_user(history.x[skip:]),
            self.objective.parameters.coordinates,
        )

    def _spent(self, run: Descent, steps: int, evaluations: int, began: float) -> Termination | None:
        """Whether all evaluations or all the time that was given is used up, and the round did not arrive."""
        asked = self.stopping
        if run.termination.status == Status.CONVERGED:
            return None
        if asked.evaluations is not None and evaluations >= asked.evaluations:
            return Termination(
                Status.EVALUATION_LIMIT, False, f"Stopped at the limit of {evaluations} evaluations."
            )
        if asked.seconds is not None and time.perf_counter() - began >= asked.seconds:
            return Termination(
                Status.TIME_LIMIT, False, f"Stopped at the time limit, after {_counted(steps)}."
            )
        return None

    def _ended(
        self, run: Descent, phi: Array, steps: int, damping: float, rounds: int, first_cost: float
    ) -> Termination | None:
        """Whether this round was the last, and why."""
        status, asked = run.termination.status, self.stopping
        if self.stop_early is not None and (sentence := self.stop_early(phi)):
            return Termination(Status.UNBOUNDED, False, sentence)
        if status == Status.CONVERGED:
            own = asked.tolerance is None and asked.relative_tolerance is None
            root = f", {self._relative:g} of the root of the cost" if own else ""
            message = (
                f"The gradient norm {run.gradient_norm:.3g} is within the tolerance {self._tolerated:.3g}{root}, after"
                f" {_counted(steps)} in natural coordinates."
            )
            return Termination(Status.CONVERGED, True, message)
        if status == Status.LEFT_DOMAIN and run.nit == 0 and rounds == 1:
            return self._at_the_start(run.termination)
        if status not in (
            Status.STEP_LIMIT,
            Status.EVALUATION_LIMIT,
            Status.STALLED,
            Status.LEFT_DOMAIN,
            Status.DIVERGED,
        ):
            return run.termination
        if asked.steps is not None and steps >= asked.steps:
            done = not asked.asks_for_a_test
            return Termination(Status.STEP_LIMIT, done, f"Stopped at the limit of {_counted(steps)}.")
        fell = len(run.history) > 1 and run.history.value[0] - run.fun > 1e-15 * abs(run.fun)
        if not fell and (
            damping >= MOST_DAMPING or (rounds > 3 and run.gradient_norm <= 1e-5 * np.sqrt(abs(run.fun)))
        ):
            norm = self._undamped_norm(phi, rounds - 1)  # of coordinates that damping has not made shorter
            near = norm <= max(
                1e4 * self._relative * np.sqrt(abs(run.fun)), self._rounding(run.fun, first_cost)
            )
            words = "to rounding" if near else "and no step along the gradient lowers the cost"
            return Termination(
                Status.CONVERGED if near else Status.STALLED,
                bool(near),
                f"The cost no longer falls {words}, after {_counted(steps)}; the gradient norm in natural coordinates"
                f" is {norm:.3g}.",
            )
        if rounds >= MOST_ROUNDS:
            return Termination(
                Status.STEP_LIMIT,
                False,
                f"Stopped after {_counted(steps)} in {rounds} rounds, the gradient norm still {run.gradient_norm:.3g}.",
            )
        return None

    def _at_the_start(self, termination: Termination) -> Termination:
        """The verdict on a start without a cost, in the user's parameters; in a round's they are all 0 there."""
        ours = spelt(np.zeros(len(self._start)), PreconditionedObjective(self.objective, self.frame))
        theirs = spelt(self._start, self.objective)
        return replace(termination, message=termination.message.replace(ours, theirs), left_at=self._start)

    def _undamped_norm(self, phi: Array, rounds: int) -> float:
        c = self._natural(phi, LEAST_DAMPING, rounds)
        with np.errstate(all="ignore"):
            norm = float(np.linalg.norm(c.matrix.T @ self.objective.value_and_gradient(phi)[1]))
        return norm if np.isfinite(norm) else np.inf

    def _whole(
        self,
        start: Array,
        parts: list[History],
        termination: Termination,
        evaluations: int,
        began: float,
        last: Descent,
    ) -> Descent:
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
            termination=termination,
            nfev=evaluations,
            reported=None,
            seconds=time.perf_counter() - began,
        )


def _counted(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'}"


def softmax_metric(rows: SoftmaxRows, phi: Array, weights: Array, picked: Any) -> Array:
    """The second derivatives of the mean loss at ``phi`` over the rows ``picked``.

    A number added to a parameter of every class changes nothing; along that direction 1/classes stands for the
    vanishing curvature, so that nothing moves there.
    """
    w, classes = (weights[picked] if weights.size else np.ones(len(picked))), rows.classes
    H = np.zeros((rows.each, classes, rows.each, classes))
    for begin in range(0, len(picked), CHUNK_ROWS):
        part, v = picked[begin : begin + CHUNK_ROWS], w[begin : begin + CHUNK_ROWS] / w.sum()
        F, p = rows.features(part), rows.chances(phi, part)
        for k in range(classes):
            for m in range(k + 1):
                c = v * ((k == m) * p[:, k] - p[:, k] * p[:, m] + 1.0 / classes**2)
                H[:, k, :, m] += (F * c[:, None]).T @ F
                H[:, m, :, k] = H[:, k, :, m]
    return H.reshape(rows.size, rows.size)
