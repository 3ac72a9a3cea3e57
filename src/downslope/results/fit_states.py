"""Where a fit left off, as plain data and back: what was asked, a digest of its table, and its descents.

Nothing in it is executed; the arrays are bytes, as those of the state of a run are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from downslope.descent import Descent, Status, Stopping
from downslope.descent.evidence import Cause, Evidence
from downslope.descent.reported import Reported
from downslope.descent.snapshot import Pack, Snapshot, packed, unpacked
from downslope.descent.termination import Termination
from downslope.errors import DataError, DownslopeError
from downslope.fitting.proximal import ProximalGradient
from downslope.fitting.state import FitState
from downslope.messages import from_plain, message, to_plain
from downslope.objectives import Parameters
from downslope.optimizers import Optimizer, as_optimizer, optimizer_from_dict
from downslope.results.checkpoints import Checkpoint
from downslope.results.run_loading import LostObjective, counts_of
from downslope.results.saving import SCHEMA, UNDER_WAY, encoded, packed_history, unpacked_history

VERSION = 1  # of what ``state_to_dict`` writes
_RESUMED = (Cause.EVALUATION_LIMIT, Cause.TIME_LIMIT)  # of descents before the last, which may go on too


def state_to_dict(
    state: FitState, table: dict[str, Any] | None = None, pack: Pack = packed
) -> dict[str, Any]:
    """As plain data; ``table`` is the digest of its table, where that is known. ``pack`` makes it of an array."""
    last, rule = len(state.descents) - 1, state.plan.optimizer
    data: dict[str, Any] = {
        "version": VERSION,
        "asked": {**state.asked, "optimizer": None if rule is None else rule.to_dict()},
        "stopping": asdict(state.plan.stopping),
        "table": state.table if table is None else table,
        "descents": [_descent_to_dict(run, pack, whole=i == last) for i, run in enumerate(state.descents)],
        "numbers": pack(np.array(state.numbers, np.float64)),
    }
    return encoded(data)


def arguments_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``fit`` that were kept.

    Raises:
        DataError: they were saved by another version.
    """
    if data["version"] != VERSION:
        raise DataError(
            message(
                "the state in it was saved in form {found!r}, and this version reads form {known}.",
                found=data["version"],
                known=VERSION,
            )
        )
    asked = dict(data["asked"])
    rule = asked["optimizer"]
    return {**asked, "optimizer": None if rule is None else _rule(rule)}


def _rule(data: dict[str, Any]) -> Optimizer:
    return optimizer_from_dict(data, (ProximalGradient,))


def restored(state: FitState, data: Mapping[str, Any]) -> FitState:
    """A fit that has not begun, put together from the arguments that were kept, at the place where it left off."""
    plan = replace(state.plan, stopping=Stopping(**data["stopping"]), began=state.plan.stopping)
    descents = tuple(map(_descent_from_dict, data["descents"]))
    return replace(state, plan=plan, descents=descents, numbers=tuple(unpacked(data["numbers"]).tolist()))


def _descent_to_dict(run: Descent, pack: Pack, *, whole: bool) -> dict[str, Any]:
    """A descent without what it is a descent of, which is made from the table; ``whole`` where it is to go on."""
    end, looked = run.termination, run.reported
    evidence = end.evidence
    whole = whole or (evidence is not None and evidence.cause in _RESUMED)
    return {
        "start": pack(run.start),
        "history": packed_history(run.history, pack),
        "stopping": asdict(run.stopping),
        "status": end.status,
        "success": end.success,
        "said": to_plain(end.said),
        "remarks": list(map(to_plain, end.remarks)),
        "left_at": None if end.left_at is None else pack(end.left_at),
        "evidence": None if evidence is None else evidence.to_dict(),
        "nfev": run.nfev,
        "engine": run.engine,
        "seconds": run.seconds,
        "reported": None
        if looked is None
        else [pack(looked.x), pack(np.array([looked.value, looked.gradient_norm]))],
        "counts": None if run.counts is None else asdict(run.counts),
        "left_with": None if run.left_with is None or not whole else run.left_with.to_dict(pack),
    }


def _descent_from_dict(data: dict[str, Any]) -> Descent:
    """The inverse; objective and rule are put in where it is made again."""
    history = unpacked_history(data["history"])
    start, left_at, looked = unpacked(data["start"]), data["left_at"], data["reported"]
    size, left = len(history.coordinates), data["left_with"]
    if np.shape(start) != (size,):
        raise DataError(message("the state in it is not whole."))
    if looked is not None:
        value, norm = unpacked(looked[1]).tolist()
        looked = Reported(unpacked(looked[0]), value, norm)
    return Descent(
        objective=LostObjective(Parameters.scalars(history.coordinates, "vector"), ""),
        optimizer=as_optimizer(None),
        stopping=Stopping(**data["stopping"]),
        maximize=False,
        start=start,
        history=history,
        termination=Termination(
            Status(data["status"]),
            bool(data["success"]),
            from_plain(data["said"]),
            None if left_at is None else unpacked(left_at),
            None if data["evidence"] is None else Evidence.from_dict(data["evidence"]),
            tuple(map(from_plain, data["remarks"])),
        ),
        nfev=int(data["nfev"]),
        engine=str(data["engine"]),
        seconds=float(data["seconds"]),
        reported=looked,
        counts=counts_of(data["counts"]),
        left_with=None if left is None else Snapshot.from_dict(left, size),
    )


def readable(error: Exception, path: Any) -> DataError:
    """What to say where the state in a file is not what it has to be."""
    return DataError(
        message(
            "{path} is not a whole saved fit: {kind}: {why}.",
            path=path,
            kind=type(error).__name__,
            why=error.message if isinstance(error, DownslopeError) else error,
        )
    )


class FitKeeper:
    """Keeps a fit that is under way in a checkpoint.

    Args:
        checkpoint: where and how often.
        state: the fit, as it began or was gone on with.
    """

    def __init__(self, checkpoint: Checkpoint, state: FitState) -> None:
        self._checkpoint, self._state = checkpoint, state
        self._table: dict[str, Any] | None = None

    def is_due(self, now: float, numbers: int) -> bool:
        """Whether it is time, by ``time.perf_counter``, for one of so many numbers."""
        return self._checkpoint.is_due(now, numbers)

    def keep_fit(self, descents: Sequence[Descent], numbers: Sequence[float]) -> None:
        """Keep its descents, the last of them as it stands, and what was computed between them."""
        state = replace(self._state, descents=tuple(descents), numbers=tuple(numbers))
        self._table = self._table or self._state.table  # which takes a look at all rows, once
        self._checkpoint.write(lambda pack: under_way(state, self._table, pack))


def under_way(state: FitState, table: dict[str, Any] | None, pack: Pack) -> dict[str, Any]:
    """The file of a fit that is under way.

    Args:
        state: where it stands.
        table: the digest of its table.
        pack: makes plain data of an array.
    """
    return {
        "schema": SCHEMA,
        "command": "fit",
        "hypothesis": state.problem.hypothesis.text,
        "loss": str(state.problem.loss),
        UNDER_WAY: True,
        "left_with": state_to_dict(state, table, pack),
    }
