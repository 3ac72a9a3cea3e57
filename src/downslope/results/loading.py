"""``load``: what ``save`` of a run, a fit or a sweep wrote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from downslope.errors import DataError
from downslope.messages import message
from downslope.results.run import Run
from downslope.results.run_loading import read, run_of_file

if TYPE_CHECKING:
    from downslope.results.fit import Fit
    from downslope.results.sweep import Sweep


def load_run_or_fit(path: str | os.PathLike[str]) -> Run | Fit:
    """The same for what is one run or one fit.

    Raises:
        DataError: the file cannot be read, or holds a sweep.
    """
    found = load(path)
    if not isinstance(found, Run) and hasattr(found, "trial"):
        raise DataError(
            message(
                "{path} holds a sweep; take one of its runs: downslope.load(path).run(0).save(file).",
                path=path,
            )
        )
    return found


def load(path: str | os.PathLike[str]) -> Run | Fit | Sweep:
    """Read what ``save`` of a run, of a fit or of a sweep wrote; nothing in the file is executed.

    A run of a formula or a classic problem can be evaluated, plotted and continued; one of a Python function keeps
    its history, but its function is not in the file. A fit predicts; the table it was made on is not in the file.

    Raises:
        DataError: the file cannot be read, or holds none of them.
    """
    data = read(path)
    if data.get("command") == "fit":
        from downslope.results.fit_loading import fit_of_file  # a run need not wait for what only fits need

        return fit_of_file(data, path)
    if data.get("command") == "sweep":
        from downslope.results.sweep_loading import sweep_of_file

        return sweep_of_file(data, path)
    return run_of_file(data, path)
