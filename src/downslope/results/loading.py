"""``load``: what ``save`` of a run, a fit, a sweep, a race or a comparison wrote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from downslope.results.run import Run
from downslope.results.run_loading import read, run_of_file

if TYPE_CHECKING:
    from downslope.results.comparison import RunComparison
    from downslope.results.fit import Fit
    from downslope.results.race import Race
    from downslope.results.sweep import Sweep


def load(path: str | os.PathLike[str]) -> Run | Fit | Sweep | Race | RunComparison:
    """Read what ``save`` of a run, a fit, a sweep, a race or a comparison wrote; nothing in the file is executed.

    A run of a formula or a classic problem can be evaluated, plotted and continued; one of a Python function keeps
    its history, but its function is not in the file. A fit predicts; the table it was made on is not in the file.

    Raises:
        DataError: the file cannot be read, or holds none of these.
    """
    data = read(path)
    if data.get("command") == "compare":
        from downslope.results.comparison import comparison_of_file

        return comparison_of_file(data, path)
    if data.get("command") == "sweep":
        from downslope.results.sweep_loading import sweep_of_file

        return sweep_of_file(data, path)
    if data.get("command") == "race":
        from downslope.results.race import race_of_file

        return race_of_file(data, path)
    return _single(data, path)


def load_run_or_fit(path: str | os.PathLike[str]) -> Run | Fit:
    """What ``load`` reads, where it is one run or fit.

    Raises:
        DataError: as ``load``; or the file holds several runs.
    """
    return _single(read(path), path)


def _single(data: dict[str, Any], path: str | os.PathLike[str]) -> Run | Fit:
    if data.get("command") == "fit":
        from downslope.results.fit_loading import fit_of_file  # a run need not wait for what only fits need

        return fit_of_file(data, path)
    return run_of_file(data, path)
