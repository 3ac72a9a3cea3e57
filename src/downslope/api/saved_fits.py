"""Saved fits put together again with their tables: to go on, and to be held against what comes out anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from downslope.api.fit_request import put_together
from downslope.descent import Descent, Stopping
from downslope.descent.evidence import FROM_OUTSIDE, Cause
from downslope.errors import DataError, DownslopeError, UsageError
from downslope.fitting.finalize import fit_of
from downslope.fitting.partitions.choosing import EngineOptions, engine_of
from downslope.fitting.partitions.engine import PartitionEngine
from downslope.fitting.state import FitState
from downslope.messages import message
from downslope.results.checkpoints import checkpoint_of
from downslope.results.continuing import ResumeOptions
from downslope.results.fit import Fit, as_fit, gone_on
from downslope.results.fit_loading import fit_of_file
from downslope.results.fit_states import arguments_of, readable, restored
from downslope.results.saving import UNDER_WAY


def resume_fit(data: dict[str, Any], path: Any, rows: tuple[Any, Any], options: ResumeOptions) -> Fit:
    """The fit in the plain data that was read from ``path``, gone on with; ``rows`` are its table and its weights.

    Raises:
        DataError: the state in it is not whole, or the table is another.
        UsageError: there is no table, or as for ``Fit.resume``.
    """
    engine = _engine(data)
    with engine.session():
        return _gone_on(data, path, _state(data, path, rows, engine), options)


def _gone_on(data: dict[str, Any], path: Any, state: FitState, options: ResumeOptions) -> Fit:
    if not data.get(UNDER_WAY):
        return gone_on(fit_of_file(data, path).run, state, options)
    last = state.descents[-1].termination.evidence if state.descents else None
    if last is not None and last.cause != Cause.INTERRUPTED:  # only the last look at all rows was missing
        done, checkpoint = as_fit(fit_of(state)), checkpoint_of(options)
        if Stopping.from_options(options) != Stopping():
            return gone_on(done.run, state, options)
        if checkpoint is not None:
            checkpoint.end(lambda _: done.to_dict())
        return done
    return gone_on(fit_of(state, ended=True).run, state, options)


def fit_made_again(data: dict[str, Any], path: Any, rows: tuple[Any, Any]) -> tuple[Descent, Descent]:
    """The run of a saved fit, and that of the fit made anew; one that somebody ended, as far as it came.

    Raises:
        DataError, UsageError: as for ``resume_fit``.
    """
    engine = _engine(data)
    with engine.session():
        return _made_again(data, path, _state(data, path, rows, engine))


def _made_again(data: dict[str, Any], path: Any, state: FitState) -> tuple[Descent, Descent]:
    saved = fit_of(state, ended=True).run if data.get(UNDER_WAY) else fit_of_file(data, path).run
    evidence, stopping = saved.termination.evidence, replace(state.plan.stopping, seconds=None)
    if evidence is not None and evidence.cause in FROM_OUTSIDE and saved.nfev > 0:
        stopping = replace(stopping, evaluations=saved.nfev)
    plan = replace(state.plan, stopping=stopping)
    return saved, fit_of(replace(state, plan=plan, descents=(), numbers=())).run


def _engine(data: dict[str, Any]) -> PartitionEngine:
    """That which the fit had."""
    left = data.get("left_with")
    asked = left.get("asked") if isinstance(left, dict) else None
    return engine_of(cast(EngineOptions, asked if isinstance(asked, dict) else {}))


def _state(data: dict[str, Any], path: Any, rows: tuple[Any, Any], engine: PartitionEngine) -> FitState:
    """Where the fit left off, with its table."""
    table, weights = rows
    left = data.get("left_with")
    if left is None:
        raise DataError(
            message(
                "{path} was saved by a version that did not keep what a fit needs to go on; fit the table again.",
                path=path,
            )
        )
    if table is None:
        raise UsageError(
            message("{path} holds a fit, which is made from its table: give that too, after it.", path=path)
        )
    try:
        arguments = arguments_of(left)
        if arguments.get("weights") is True:
            arguments["weights"] = _given(weights, path)
        if left["table"] is not None:
            arguments["checkpoint"] = path  # so that the first pass over files makes their digest
        begun = put_together(table, arguments, engine)  # type: ignore[arg-type]
    except DownslopeError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise readable(error, path) from error
    if left["table"] is not None:
        begun.check_table(left["table"])
    try:
        return restored(begun, left)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise readable(error, path) from error


def _given(weights: Any, path: Any) -> Any:
    if weights is None:
        raise UsageError(
            message("the fit in {path} has weights that are no column: give them too, weights=...", path=path)
        )
    return weights
