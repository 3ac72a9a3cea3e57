"""Everything that a fit needs to go on, beside its table; and the fit, made until its end or gone on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from downslope import interruption
from downslope.descent import Descent
from downslope.descent.descend import Callbacks
from downslope.descent.snapshot import changed_versions, goes_on_otherwise
from downslope.errors import DataError
from downslope.explain.linear import without_memory
from downslope.fitting.batches import MiniBatches, fit_in_batches
from downslope.fitting.custom_gradient import fit_with_custom_gradient
from downslope.fitting.descents import Descents, KeepsFits
from downslope.fitting.holdout import SplitPages, SplitTable
from downslope.fitting.outcome import FitOutcome, FitPlan
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.fitting.strategies import fit_full_batch
from downslope.fitting.streamed import StreamedObjective
from downslope.fitting.table_digest import TableDigest
from downslope.messages import Message, message
from downslope.optimizers import as_optimizer


@dataclass(frozen=True, eq=False, kw_only=True)
class FitState:
    """Where a fit left off, or what is to be fitted where it has not begun.

    Attributes:
        problem: the table and the cost.
        plan: what was asked about the descent.
        start: as one vector.
        batches: what was asked about mini-batches, where it goes in these.
        gradient: written by a person, in the place of the true one.
        split: the rows that were held out, and the others.
        asked: the arguments of ``fit`` as plain data, by which it is put together again from the table.
        descents: those that were made, in their order; what each is a descent of is made again with it.
        numbers: what was computed between them with a look at all rows.
    """

    problem: FitProblem
    plan: FitPlan
    start: Array
    batches: MiniBatches | None = None
    gradient: str | Mapping[str, str] | None = None
    split: SplitTable | SplitPages | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    descents: tuple[Descent, ...] = ()
    numbers: tuple[float, ...] = ()

    @property
    def table(self) -> dict[str, Any] | None:
        """The digest of the table as plain data; None where its files cannot be read once more."""
        try:
            return self.digest.to_dict()
        except DataError:
            return None

    def engine_at_work(self) -> AbstractContextManager[None]:
        """Within, whoever works on the partitions of the table keeps their workers."""
        objective = self.problem.objective
        return objective.table.engine.session() if isinstance(objective, StreamedObjective) else nullcontext()

    def check_table(self, saved: Mapping[str, Any]) -> None:
        """Raise where the table is not the one of which this is the digest.

        Raises:
            DataError: it has other rows, or is written in other pieces.
        """
        digest, objective = self.digest, self.problem.objective
        if digest.partitions > 1 and "partitions" not in saved and isinstance(objective, StreamedObjective):
            digest = objective.table.plain_digest()  # of versions that knew of no partitions
        digest.check(saved, self.problem.frame.origin)

    @cached_property
    def digest(self) -> TableDigest:
        """By which the table is known again; of a table in files it takes a pass, unless one has made it.

        Raises:
            DataError: the files cannot be read.
        """
        objective = self.problem.objective
        if objective.in_database:
            raise DataError(message("a table in a database has no digest: it may change while it is read."))
        if isinstance(objective, StreamedObjective):
            return objective.table.make_digest()
        digest = TableDigest(columns_of(self))
        frames = [self.problem.frame]
        if isinstance(self.split, SplitTable):
            frames = [self.split.seen, self.split.unseen]
        for frame in frames:
            digest.add(frame)
        if self.problem.weights_column is True:
            digest.add_weights(objective.weights)
        digest.complete = True
        return digest


def columns_of(state: FitState) -> tuple[str, ...]:
    """The columns of the table that are fitted."""
    h, weights = state.problem.hypothesis, state.asked.get("weights")
    own = state.problem.frame.names if state.gradient is not None else ()
    return (h.target, *h.columns, *h.sources, *([weights] if isinstance(weights, str) else []), *own)


class Fitted(NamedTuple):
    """A fit whose descents are done.

    Attributes:
        outcome: what came of them.
        state: where it left off.
    """

    outcome: FitOutcome
    state: FitState


def descend_fit(state: FitState, keeper: KeepsFits | None = None, *, ended: bool = False) -> Fitted:
    """Make the descents of a fit, from where it left off.

    Args:
        state: where that is.
        keeper: writes checkpoints.
        ended: whether it is not to go on, but to end where it is, as if it had been interrupted.

    Raises:
        DataError: made again until there, it goes another way.
        KeyboardInterrupt: Ctrl-C came before the first descent.
    """
    descents = Descents(state.descents, list(state.numbers), ended=ended, keeper=keeper)
    told = _versions_told(state)
    try:
        outcome = _outcome(state, descents)
    except KeyboardInterrupt:  # between two descents, or while one is judged
        known = [*descents.made, *descents.known[len(descents.made) :]]
        if not known:
            raise
        interruption.caught()
        descents = Descents(known, descents.numbers, ended=True)
        outcome = _outcome(state, descents)
    rule = state.plan.optimizer
    notes = (*outcome.notes, *told, *((without_memory(rule),) if rule is not None else ()))
    outcome = replace(outcome, notes=tuple(filter(None, notes)))
    bare = [
        replace(run, objective=state.problem.objective, optimizer=as_optimizer(None)) for run in descents.made
    ]
    plan = replace(state.plan, callbacks=Callbacks())
    left = replace(state, plan=plan, descents=tuple(bare), numbers=tuple(descents.numbers))
    return Fitted(outcome, left)


def _outcome(state: FitState, descents: Descents) -> FitOutcome:
    plan, gradient = replace(state.plan, descents=descents), state.gradient
    if state.batches is not None:
        return fit_in_batches(state.problem, state.start, plan, state.batches)
    if gradient is not None:
        return fit_with_custom_gradient(state.problem, state.start, plan, gradient)
    return fit_full_batch(state.problem, state.start, plan)


def _versions_told(state: FitState) -> Sequence[Message]:
    """What to say where what computes now is not what computed the first part."""
    left = next((run.left_with for run in reversed(state.descents) if run.left_with is not None), None)
    changes = [] if left is None else changed_versions(left, tensors=False)
    if not changes:
        return ()
    return (goes_on_otherwise(changes),)
