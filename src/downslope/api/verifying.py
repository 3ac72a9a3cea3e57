"""``verify``: a saved run, fit, sweep or race is made again, and what comes out is held against what the file says."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.api.verification import AGREES, Verification, other_versions
from downslope.descent import Descent, LoopOptions, descend
from downslope.descent.evidence import FROM_OUTSIDE, Cause
from downslope.descent.function_state import NOTHING_REMEMBERED, as_left
from downslope.descent.history import History
from downslope.messages import NOTHING, Message, message, sentences
from downslope.objectives import as_objective
from downslope.objectives.generators import generators_kept, generators_of
from downslope.results.continuing import first_difference, refuse_records
from downslope.results.known_again import Given
from downslope.results.run_loading import read, run_of_file


def verify(
    path: str | os.PathLike[str],
    function: Any = None,
    start: Any = None,
    *,
    gradient: Any = None,
    weights: Any = None,
) -> Verification:
    """Make a saved run, fit, sweep or race again, and say whether it is what the file says.

    Args:
        path: what ``save`` or ``--save`` wrote, or a checkpoint: of a sweep or a race the runs and starts are made
            again that are done.
        function: of a run of a Python function, that function, as it is not in the file; of a race of several, their
            list; of a fit, or a sweep over a table, that table.
        start: with tensors or arrays of a framework in it, where the start had them.
        gradient: the function's own, as for ``minimize``.
        weights: of a fit whose weights are no column, these.

    Raises:
        DataError: the file cannot be read, was changed, or is of another table.
        ObjectiveError: the function is not in the file, and is not given.

    >>> import downslope as ds, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.json")
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer="adam", steps=30).save(path)
    >>> print(ds.verify(path))
    Identical: run again, all 31 rows and the end are the same, bit for bit.
    """
    drawing = generators_of([function] if callable(function) else ())
    with generators_kept(drawing):  # what is drawn to verify it is nobody's loss
        return _verified(read(path), path, Given(function, start, gradient, weights))


def _verified(data: dict[str, Any], path: str | os.PathLike[str], given: Given) -> Verification:
    function, start, gradient, weights = given
    if data.get("command") == "fit":
        from downslope.api.saved_fits import fit_made_again  # a run need not wait for what only fits need

        saved_fit, made = fit_made_again(data, path, (function, weights))
        return _compared(saved_fit, made)
    if data.get("command") in ("sweep", "race"):
        from downslope.api.verifying_several import verify_race, verify_sweep

        several = verify_race if data["command"] == "race" else verify_sweep
        return several(data, path, given)
    run = run_of_file(data, path)
    saved: Descent = run
    if function is not None:
        begin = run.objective.present(run.start) if start is None else start
        objective, _ = as_objective(function, begin, gradient=gradient, dtype=run.objective.dtype)
        saved = replace(run, objective=objective)
    refuse_records(saved)
    return _compared(saved, _again(saved))


def _again(run: Descent) -> Descent:
    """The run made again; one that somebody ended from outside, as far as it came."""
    evidence, stopping = run.termination.evidence, replace(run.stopping, seconds=None)
    if evidence is not None and evidence.cause in FROM_OUTSIDE and run.nfev > 0:
        stopping = replace(stopping, evaluations=run.nfev)
    every = None if run.left_with is None else run.left_with.every
    drew = NOTHING_REMEMBERED if run.left_with is None else run.left_with.function
    loop = LoopOptions(maximize=run.maximize, every=every, engine=run.engine, again=drew)  # type: ignore[arg-type]
    with as_left(run.objective, drew):
        return descend(run.objective.afresh(), run.start, run.optimizer, stopping, loop=loop)


def _compared(run: Descent, again: Descent) -> Verification:
    evidence, other = run.termination.evidence, again.termination.evidence
    if other is not None and other.cause == Cause.INTERRUPTED:
        raise KeyboardInterrupt  # what was made until then says nothing of the rest
    outside = evidence is None or other is None or evidence.cause in FROM_OUTSIDE
    ends_alike = outside or (evidence.cause == other.cause and run.nfev == again.nfev)  # type: ignore[union-attr]
    apart, agreed = first_difference(run.history, again.history), _agreement(run.history, again.history)
    if apart is None and ends_alike and run.history == again.history:
        same = message(
            "Identical: run again, all {rows} rows and the end are the same, bit for bit.",
            rows=len(run.history),
        )
        return Verification(True, 17, run.nit, True, same)
    steps = run.history.step
    enough = np.flatnonzero(agreed >= AGREES)
    until = int(steps[enough[-1]]) if len(enough) else None
    digits = int(agreed[enough[-1]]) if len(enough) else 0
    everywhere = len(enough) == len(steps)
    if until is None:
        said = message(
            "It does not hold: run again, it goes another way from step {step} on.", step=apart or 0
        )
    elif everywhere:
        said = message("Run again, the points agree to {digits} digits at all steps.", digits=digits)
    else:
        said = message(
            "Run again, the points agree to {digits} digits until step {step}, and less from there on.",
            digits=digits,
            step=until,
        )
    end: Message = NOTHING
    if not ends_alike:
        end = message(
            "It ends otherwise: {now} after {nfev} evaluations, and in the file {before} after {saved}.",
            now=again.status,
            nfev=again.nfev,
            before=evidence.cause.name.lower() if evidence is not None else run.status,
            saved=run.nfev,
        )
    return Verification(
        False, digits, until, everywhere and ends_alike, sentences(said, end, _other_versions(run))
    )


def _agreement(history: History, again: History) -> NDArray[np.float64]:
    """To how many decimal digits the points of every row agree, and of those before it; -1 where there is none."""
    _, mine, theirs = np.intersect1d(history.step, again.step, return_indices=True)
    x, other = history.x[mine], again.x[theirs]
    with np.errstate(all="ignore"):
        size = np.maximum(np.max(np.abs(x), axis=1, initial=0.0), np.finfo(np.float64).tiny)
        apart = np.max(np.abs(x - other), axis=1, initial=0.0) / size
        digits = np.floor(-np.log10(np.maximum(np.where(np.isnan(apart), math.inf, apart), 1e-17)))
    out = np.full(len(history), -1.0)
    out[mine] = digits
    return np.minimum.accumulate(out)


def _other_versions(run: Descent) -> Message:
    left = run.left_with
    if left is None:
        return NOTHING
    return other_versions(left.versions, left.engine, run.objective.tensors is not None)
