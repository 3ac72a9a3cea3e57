"""``resume``: a saved run or fit that goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Unpack

from downslope.objectives import as_objective
from downslope.results.continuing import ResumeOptions
from downslope.results.known_again import Given, with_function
from downslope.results.run import Run, as_run
from downslope.results.run_loading import read, run_of_file

if TYPE_CHECKING:
    from downslope.results.fit import Fit
    from downslope.results.race import Race
    from downslope.results.sweep import Sweep


def resume(
    path: str | os.PathLike[str],
    function: Any = None,
    start: Any = None,
    *,
    gradient: Any = None,
    weights: Any = None,
    **options: Unpack[ResumeOptions],
) -> Run | Fit | Sweep | Race:
    """Go on with a saved run or fit, with the whole memory of its rule: the same bits as if it had never ended.

    Of a sweep the runs that are done are kept, and those that are missing are made; of a race likewise the starts.

    Args:
        path: what ``save``, ``--save`` or a checkpoint wrote.
        function: of a run of a Python function, that function, as it is not in the file. It is taken only if its
            value and gradient where the run left off (of a sweep or a race where its first run begins) are the same,
            bit for bit; of a race of several, their list. Of a fit, or a sweep over a table, that table: a path, or
            what ``fit`` takes; no other is taken.
        start: with tensors or arrays of a framework in it, where the start had them; what is in them does not matter.
        gradient: the function's own, as for ``minimize``.
        weights: of a fit whose weights are no column, these.
        options: see ``Run.resume``; of a sweep or a race ``progress``, ``checkpoint`` and ``checkpoint_seconds`` alone.

    Raises:
        DataError: the file cannot be read, was changed, or is of another function or table.
        UsageError: as for ``Run.resume``.
        ObjectiveError: the function is not in the file, and is not given.

    >>> import downslope as ds, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.json")
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer="adam", steps=30).save(path)
    >>> ds.resume(path, steps=20).nit
    50
    """
    return resume_data(read(path), path, Given(function, start, gradient, weights), options)


def resume_data(
    data: dict[str, Any], path: str | os.PathLike[str], given: Given, options: ResumeOptions
) -> Run | Fit | Sweep | Race:
    """``resume`` of the plain data that was read from ``path``."""
    command, (function, start, gradient, weights) = data.get("command"), given
    if command == "sweep":
        from downslope.api.saved_sweeps import resume_sweep

        return resume_sweep(data, path, given, options)
    if command == "race":
        from downslope.api.saved_races import resume_race

        return resume_race(data, path, given, options)
    if command == "fit":
        from downslope.api.saved_fits import resume_fit  # a run need not wait for what only fits need

        return resume_fit(data, path, (function, weights), options)
    run = run_of_file(data, path)
    if function is not None:
        begin = run.objective.present(run.start) if start is None else start
        objective, _ = as_objective(function, begin, gradient=gradient, dtype=run.objective.dtype)
        run = as_run(with_function(run, objective))
    return run.resume(**options)
