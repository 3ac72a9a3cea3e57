"""``load``: what ``save`` of a run or a fit wrote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from downslope.results.run import Run
from downslope.results.run_loading import read, run_of_file

if TYPE_CHECKING:
    from downslope.results.fit import Fit


def load(path: str | os.PathLike[str]) -> Run | Fit:
    """Read what ``save`` of a run or of a fit wrote; nothing in the file is executed.

    A run of a formula or a classic problem can be evaluated, plotted and continued; one of a Python function keeps
    its history, but its function is not in the file. A fit predicts; the table it was made on is not in the file.

    Raises:
        DataError: the file cannot be read, or holds neither.
    """
    data = read(path)
    if data.get("command") == "fit":
        from downslope.results.fit_loading import fit_of_file  # a run need not wait for what only fits need

        return fit_of_file(data, path)
    return run_of_file(data, path)
