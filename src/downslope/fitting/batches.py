"""Mini-batches: one step of the rule for every few rows, in machine code, an epoch at a time.

Rows are shuffled by blocks that fit the cache and then within each block, from a seed and the number of the epoch, so
that a run can be repeated. To the engines an epoch is one step: they see the cost of the whole table after each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping
from downslope.descent.engine import Position
from downslope.descent.snapshot import Snapshot
from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.batch_rates import BatchedRun, rate_in_batches
from downslope.fitting.batch_rule import (
    USUAL_EPOCHS,
    Whitening,
    rule_for_squares,
    usual_rule,
    whitening,
    whitens,
)
from downslope.fitting.compiled_rule import Layout, compiled_rule
from downslope.fitting.descents import Descents
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.kernels.records import ColumnPlaces, EpochTask
from downslope.fitting.objective import DataObjective, Penalty
from downslope.fitting.outcome import FitOutcome, FitPlan, about_means, in_user_units
from downslope.fitting.preconditioning import Coordinates, PreconditionedObjective, centre_of
from downslope.fitting.problem import FitProblem
from downslope.fitting.proximal import shrinking, thresholds_in
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.standardising import standardised
from downslope.messages import message
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.schedule import Schedule

BLOCK_BYTES = 262_144
BATCHES_COUNT = 4  # a pass in batches gains as much by a kernel of its own as so many passes in one

Epoch = Callable[[Any, Array, Array], None]  # order, inputs, outputs


class MiniBatches(NamedTuple):
    """What was asked about them."""

    size: int  # rows of each
    epochs: int | None = None  # by default as many as the plan has steps
    seed: int = 0


class Steps(NamedTuple):
    """The steps of an epoch."""

    coordinates: Coordinates
    layout: Layout
    batch: int  # rows for each
    white: Whitening | None = None  # how features are mixed before, if they are


class EpochState(NamedTuple):
    """How many epochs are done, and what the rule remembers."""

    epoch: int
    rule: Any  # the rule's own state as one vector


class Epochs(Optimizer):
    """A rule whose one step is a pass over the table in batches.

    Args:
        work: one pass: it reads and writes the buffer.
        layout: the buffer's build.
        order: the rows of an epoch.
        epochs: how many; later calls do nothing.
    """

    work: Any
    layout: Any
    order: Any
    epochs: int

    def init(self, x: Any) -> EpochState:
        return EpochState(0, states.flat(self.layout.rule.init(np.array(x))))

    def update(self, x: Any, value: Any, gradient: Any, state: EpochState) -> tuple[Any, EpochState, Any]:
        if state.epoch >= self.epochs:
            return x, state, True
        inputs, outputs = self.layout.buffers(x, state.rule)
        self.work(self.order(state.epoch), inputs, outputs)
        p, head = len(x), self.layout.head
        after = inputs[head : head + p + len(state.rule)].copy()
        return after[:p], EpochState(state.epoch + 1, after[p:]), True

    def answer(self, x: Any, state: EpochState) -> Any:
        return self.layout.answer(x, state.rule)


def fit_in_batches(problem: FitProblem, start: Array, plan: FitPlan, asked: MiniBatches) -> FitOutcome:
    """Descend in mini-batches."""
    batch = _checked("batch_size", asked.size, problem.objective.count)
    stopping = replace(plan.stopping, steps=_epochs(asked, plan.stopping))
    first = _epochs(asked, plan.first)  # by which the way is chosen
    objective, coordinates = problem.objective, Coordinates.user(problem.objective.parameters.size)
    white, notes = None, []
    if plan.free and whitens(problem):
        white = whitening(objective)
        coordinates = white.coordinates
        if problem.objective.linear.intercept is not None:
            objective = objective.centred(centre_of(problem.objective.linear, coordinates.shear))
        rule = rule_for_squares(objective, white, batch)
        notes.append(
            message(
                "Mini-batches were descended with the features made uncorrelated, at the learning rate {rate:.3g} that"
                " the rows allow, which falls like one over the number of batches.",
                rate=_first_rate(rule),
            )
        )
    else:
        rule = plan.optimizer or usual_rule(objective, batches_in_all(objective, batch, first))
        if plan.optimizer is None:
            notes.append(
                message(
                    "Mini-batches were descended with adam at {rate:.3g}, which falls like one over the number of"
                    " batches, as no optimizer was named.",
                    rate=_first_rate(rule),
                )
            )
        if isinstance(problem.rows, LinearRows) and (plan.standardize or plan.free):
            objective, coordinates = standardised(objective)
            notes.append(message("Descended with the features standardised."))
    objective.expect(BATCHES_COUNT * first)
    inner = objective if coordinates.kind == "user" else PreconditionedObjective(objective, coordinates)
    orders = None if objective.streamed else _orders(problem, asked.seed)

    def descended_by(rule: Optimizer, loop: LoopOptions, descents: Descents) -> Descent:
        layout = compiled_rule(with_penalty(rule, objective.penalty, coordinates), objective.parameters.size)
        steps = Steps(coordinates, layout, batch, white)
        work: Epoch
        if orders is None:
            work = _page_by_page(objective, steps, asked.seed)
        else:
            work = epoch_of(objective, steps, objective.total / objective.count)
        shuffle = Epochs(work=work, layout=layout, order=orders or int, epochs=stopping.steps or 0)
        descents.before_going_on = partial(_with_its_epoch, shuffle)
        return descents.descend(inner, coordinates.from_user(start), shuffle, stopping, loop=loop)

    run = descended_by(rule, LoopOptions(every=plan.every, callbacks=plan.callbacks), plan.descents)
    rate = None
    if not plan.free:
        done = BatchedRun(objective, coordinates, rule, run, batch, orders)
        rate = rate_in_batches(done, lambda other: descended_by(other, LoopOptions(), Descents()))
    centred = about_means(problem, coordinates, run)
    run = replace(in_user_units(run, coordinates, problem), optimizer=rule)
    return FitOutcome(
        run,
        "batches",
        coordinates.kind,
        None,
        tuple(notes),
        unasked=plan.free,
        centred=centred,
        rate=rate,
    )


def _epochs(asked: MiniBatches, stopping: Stopping) -> int:
    """How many epochs there are to be."""
    wanted = (stopping.steps, asked.epochs, USUAL_EPOCHS)
    return _checked("epochs", next(epochs for epochs in wanted if epochs is not None), None)


def _with_its_epoch(shuffle: Epochs, left: Snapshot) -> Snapshot:
    """Where a descent left off, with the epoch that the last of those asked for did not begin.

    Its point has been evaluated: the next evaluation is that after one more epoch.
    """
    assert left.position.leaves is not None
    state = EpochState(*left.position.leaves)
    if state.epoch > left.trace.step or state.epoch >= shuffle.epochs:
        return left
    x, state, _ = shuffle.update(left.position.x, np.nan, None, state)
    return replace(left, position=Position(x, (state.epoch, state.rule), left.position.last))


def batches_in_all(objective: DataObjective, batch: int, epochs: int | None) -> int:
    """How many batches a rule has before its learning rate is to have fallen."""
    return -(-objective.count // batch) * min(epochs or USUAL_EPOCHS, USUAL_EPOCHS)


def _first_rate(rule: Optimizer) -> float:
    rate = rule.hyperparameters()["learning_rate"]
    return float(rate.factor(0) if isinstance(rate, Schedule) else rate)


def with_penalty(rule: Optimizer, penalty: Penalty, coordinates: Coordinates) -> Optimizer:
    """The rule, each of its steps followed by the l1 penalty's own where there is one."""
    if not penalty.l1:
        return rule
    return shrinking(rule, thresholds_in(penalty, np.diag(coordinates.matrix)))


def _checked(name: str, value: Any, most: int | None) -> int:
    least = 0 if most is None else 1
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise UsageError(
            message(
                "{name} is {value!r}; it must be a whole number, at least {least}.",
                name=name,
                value=value,
                least=least,
            )
        )
    return int(value) if most is None else min(int(value), most)


def _orders(problem: FitProblem, seed: int) -> Callable[[int], Any]:
    return lambda epoch: _shuffled(problem.rows, (seed, epoch))


def _shuffled(rows: Any, seed: tuple[int, ...]) -> Any:
    """The rows by blocks, then within each, at random; and the row that memory is asked for at each place."""
    count, width = rows.X.shape
    size = max(32, BLOCK_BYTES // max(width * 8, 1))
    random = np.random.default_rng(seed)
    return kernels.shuffled(random.permutation(-(-count // size)), size, count, int(random.integers(2**62)))


def _page_by_page(objective: DataObjective, steps: Steps, seed: int) -> Epoch:
    """An epoch of a table in files: its pages in order, the rows of each shuffled, no batch across two pages."""
    o, batch = objective, steps.batch

    def whole_epoch(epoch: int, inputs: Array, outputs: Array) -> None:
        for page, part in enumerate(o.parts()):
            if batch > part.rows.count and page == 0 and part.rows.count < o.count:
                raise UsageError(
                    message(
                        "batch_size is {batch:,}, and this table is read in pages of {count:,} rows: give at"
                        " most that many.",
                        batch=batch,
                        count=part.rows.count,
                    )
                )
            work = epoch_of(DataObjective(part, o.terms), steps, o.total / o.count)
            work(_shuffled(part.rows, (seed, epoch, page)), inputs, outputs)

    return whole_epoch


def epoch_of(objective: DataObjective, steps: Steps, mean_weight: float) -> Epoch:
    """The pass over the table for this kind of hypothesis; ``mean_weight`` is that of a row that counts once."""
    if steps.white is not None:
        objective = DataObjective(steps.white.of(objective.block), objective.terms)
        steps = steps._replace(white=None, coordinates=Coordinates.user(objective.rows.size))
    o, rows = objective, objective.rows
    diagonal = np.diag(steps.coordinates.matrix).copy()
    l2 = o.penalty.l2 * o.penalty.mask * diagonal**2 if o.penalty.l2 else np.empty(0)

    def task(y: Any, model: Any) -> EpochTask:
        rule = steps.layout.call(l2, o.loss.root)
        loss = (o.loss.code, o.loss.shape)
        return EpochTask((rows.X, y, o.weights), model, loss, steps.batch, mean_weight, rule)

    if isinstance(rows, FormulaRows):
        native = rows.native

        def formula(order: Any, inputs: Array, outputs: Array) -> None:
            kernels.formula_epoch(task(o.y, (native.address, native.data)), order, inputs, outputs)

        return formula
    assert isinstance(rows, LinearRows)
    intercept = -1 if rows.intercept is None else rows.intercept
    if isinstance(rows, SoftmaxRows):
        places = ColumnPlaces(rows.at, intercept, rows.centre, diagonal[:: rows.classes][rows.at])
        return partial(kernels.softmax_epoch, task(rows.labels(o.y), places))
    linear = task(o.y, ColumnPlaces(rows.at, intercept, rows.centre, diagonal[rows.at]))
    kernel = rows.ordered_kernel(o.loss, o.y, o.weights)
    if kernel is None:
        return partial(kernels.linear_epoch, linear)

    def at_once(order: Any, inputs: Array, outputs: Array) -> None:
        made = kernel.made(linear.table, rows.centre, order, o.loss.shape)
        kernels.kernel_epoch(linear, made, inputs, outputs)

    return at_once
