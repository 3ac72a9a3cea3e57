"""``Sweep``: many runs with what people do with them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from downslope.attachments import attached
from downslope.descent.function_state import NOTHING_REMEMBERED
from downslope.explain.judgement import judged
from downslope.messages import message, plural
from downslope.objectives.generators import generators_kept, generators_of
from downslope.plots.sweeps import plot_sweep
from downslope.results import saving, sweep_saving
from downslope.results.run import Run, as_run
from downslope.sweeping.record import SweepRecord
from downslope.sweeping.runs import RunEnds
from downslope.sweeping.trial_runs import Made, Onlookers, run_trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.results.checkpoints import Checkpoint
    from downslope.sweeping.cores import Watch
    from downslope.sweeping.trial import Trial


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Sweep(SweepRecord):
    """Many runs of one function: what varied, how each ended, and where; a row a run.

    ``columns`` has all of it by name, and ``to_pandas``, ``to_arrow``, ``to_csv`` and ``to_numpy`` give it to others;
    polars and DuckDB read a sweep directly. Attributes: those of a ``SweepRecord``.

    >>> import downslope as ds
    >>> basins = ds.sweep("(x^2 - 1)^2", start={"x": ds.grid(-2, 2, 5)}, learning_rate=0.02, tolerance=1e-6)
    >>> basins.which.tolist(), [point.kind for point in basins.minima]
    ([0, 0, 2, 1, 1], ['minimum', 'minimum', 'maximum'])
    """

    @property
    def best(self) -> dict[str, Any]:
        """The run with the best value, among those that did not fail where there are any: see ``row``.

        Raises:
            UsageError: no run has a value.
        """
        return self.row(self.best_place)

    def run(self, place: int | None = None) -> Run:
        """A run of the sweep as ``minimize`` makes it: with its whole history, to be plotted and explained.

        Args:
            place: which one; the best by default.

        Raises:
            UsageError: there is no such run.
            ObjectiveError: the sweep was loaded, and its function is not in the file.

        >>> import downslope as ds
        >>> rates = ds.sweep("x^2", start={"x": 3.0}, learning_rate=[0.1, 0.5], tolerance=1e-8)
        >>> rates.run().nit, rates.run(0).nit
        (1, 91)
        """
        place = self.best_place if place is None else self.checked_place(place)
        return as_run(judged(self.trial.run(place)))

    def resume(self) -> Sweep:
        """The sweep with the runs made that are missing, where it was interrupted: the same as if it had never been.

        >>> import downslope as ds
        >>> swept = ds.sweep("x^2", start={"x": 3.0}, learning_rate=[0.1, 0.5], steps=9)
        >>> swept.complete, swept.resume() is swept
        (True, True)
        """
        return self if self.complete else make_sweep(self.trial, before=self)

    def zoom(self, **ranges: tuple[float, float]) -> Sweep:
        """The same over parts of its axes, with as many runs along each: made anew, and nothing interpolated.

        Args:
            ranges: (from, to) by the name of an axis of numbers: ``x=(-1, 1), learning_rate=(0.9, 1.1)``.

        Raises:
            UsageError: there is no such axis, or a range is none.

        >>> import downslope as ds
        >>> swept = ds.sweep("x^2", start={"x": 1.0}, learning_rate=ds.grid(0.1, 1.5, 5), steps=50)
        >>> swept.zoom(learning_rate=(0.9, 1.1)).column("learning_rate").round(2).tolist()
        [0.9, 0.95, 1.0, 1.05, 1.1]
        """
        return make_sweep(replace(self.trial, design=self.trial.design.zoomed(ranges)))

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the sweep: a phase map or basins (two axes), or the final value against one; see ``plot_sweep``.

        Args:
            path: where to write PNG, SVG or PDF, by its ending; None only draws.
            options: as for ``downslope.plots.sweeps.plot_sweep``.
        """
        return plot_sweep(self, path, **options)

    def to_dict(self) -> dict[str, Any]:
        """The sweep as plain data: schema 1, as ``save`` writes it."""
        return sweep_saving.sweep_to_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sweep as JSON, atomically; ``downslope.load`` reads it back equal.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        saving.save(self.to_dict(), path)

    def summary(self) -> list[str]:
        """Lines that say what was run and how it ended."""
        counts = ", ".join(f"{count:,} {status}" for status, count in self.counts().items())
        shape = " x ".join(f"{len(axis):,} {axis.name}" for axis in self.trial.design.axes)
        lines = [
            str(plural("{n:,} run", "{n:,} runs", n=len(self))) + (f" ({shape})" if shape else ""),
            f"  {counts}",
        ]
        if len(self.failed) < len(self):
            best = self.best
            settings = ", ".join(
                f"{name}={_short(value)}" for name, value in self.settings(best["run"]).items()
            )
            lines.append(
                str(
                    message(
                        "  best: f = {value:.10g} in run {run}, with {settings}",
                        value=best["value"],
                        run=best["run"],
                        settings=settings or "-",
                    )
                )
            )
        return lines

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def __repr__(self) -> str:
        return "\n".join(
            [f"Sweep of {self.trial.objective.headline[:70]}: {self.summary()[0]}", *self.summary()[1:]]
        )


def make_sweep(
    trial: Trial,
    watch: Watch | None = None,
    *,
    checkpoint: Checkpoint | None = None,
    before: Sweep | None = None,
) -> Sweep:
    """Make the runs of a trial that are not in ``before``.

    Args:
        trial: what is to be run.
        watch: is told how many runs are done.
        checkpoint: keeps the sweep in a file meanwhile, and at its end.
        before: the same, when it was interrupted.

    Raises:
        HyperparameterError, UnknownNameError, UsageError: a setting is wrong, or there are too many; before any runs.
        DataError: the first checkpoint cannot be written.
    """
    began = time.perf_counter() - (0.0 if before is None else before.seconds)

    def so_far(made: Made) -> Sweep:
        return Sweep(
            trial=trial,
            ends=made.ends,
            engine=made.engine,
            why_single=made.why_single,
            traces=made.rows,
            seconds=time.perf_counter() - began,
            complete=made.complete,
            function=made.function,
        )

    keep = None
    if checkpoint is not None:
        with generators_kept(generators_of(trial.objective.called)):
            trial = trial.with_witness(NOTHING_REMEMBERED if before is None else before.function.at_begin())

        def keep(made: Made) -> None:
            numbers = made.ends.points.size + len(fields(made.ends)) * len(made.ends.status) + made.rows.size
            if checkpoint.is_due(time.perf_counter(), numbers):
                checkpoint.write(lambda pack: sweep_saving.sweep_to_dict(so_far(made), pack))

    made_before = None
    if before is not None:
        ends = RunEnds(**{field.name: getattr(before.ends, field.name).copy() for field in fields(RunEnds)})
        made_before = Made(
            ends, before.engine, before.why_single, before.traces.copy(), False, before.function
        )
    done = so_far(run_trial(trial, Onlookers(watch, keep), made_before))
    trial.objective.end_run()
    if checkpoint is not None:
        checkpoint.end(lambda pack: sweep_saving.sweep_to_dict(done, pack))
    return done


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
