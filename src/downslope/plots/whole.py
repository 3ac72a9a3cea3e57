"""The whole path of a run whose history keeps only some of its rows: made again, where that is cheap and the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.errors import DownslopeError
from downslope.messages import NOTHING, Message, message
from downslope.objectives import FormulaObjective
from downslope.optimizers.external import ExternalOptimizer

MOST_STEPS = 1_000_000  # made again for a picture, which takes milliseconds to tenths of a second


def spacing(run: Descent) -> int:
    """The widest gap between two rows of the history, in steps: 1 where all of them are there."""
    return int(np.diff(run.history.step).max(initial=1))


def whole(run: Descent) -> Descent:
    """The run with every row, where they can be made again; else as it is.

    That is so for a formula. A run that was gone on with by another rule goes another way, which is seen at the rows
    that are there.
    """
    again = (
        spacing(run) > 1
        and run.nit <= MOST_STEPS
        and isinstance(run.objective, FormulaObjective)
        and not isinstance(run.optimizer, ExternalOptimizer)
    )
    if not again:
        return run
    loop = LoopOptions(maximize=run.maximize)
    try:
        made = descend(run.objective, run.start, run.optimizer, Stopping(steps=run.nit), loop=loop).history
    except DownslopeError:
        return run
    _, kept, anew = np.intersect1d(run.history.step, made.step, return_indices=True)
    same = len(kept) == len(run.history) and np.array_equal(run.history.x, made.x[anew], equal_nan=True)
    return replace(run, history=made) if same else run


def gaps_said(run: Descent, *, path: bool = True) -> Message:
    """What a picture says of rows that are not there: their points are no path."""
    every = spacing(run)
    if every == 1:
        return NOTHING
    if path:
        return message("one step in {n:,} was kept: points, no path between them", n=every)
    return message("one step in {n:,} was kept", n=every)
