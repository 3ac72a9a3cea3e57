"""Checkpoints: a run under way, kept in a file now and then as if it had been interrupted."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

from downslope.descent import Descent
from downslope.descent.snapshot import Pack
from downslope.errors import DataError, UsageError
from downslope.messages import message
from downslope.results.checkpoint_file import write_checkpoint
from downslope.results.saving import run_to_dict

SECONDS = 10.0  # between two, unless others are asked for
FIRST = 1.0  # seconds until the first
SHARE = 0.02  # of the time, at most, is spent on them
PER_NUMBER = 5e-8  # seconds to write a number of the history (measured: 3e-8), before it is known better


class Checkpoint:
    """Keeps a run in a file, at most so often, and at its end. The file is loaded like a saved run.

    Args:
        path: the file, which is replaced as a whole each time.
        seconds: at least so many between two; more where writing one takes longer than a fiftieth of that.

    Raises:
        UsageError: the number of seconds is none.
    """

    def __init__(self, path: str | os.PathLike[str], seconds: Any = None) -> None:
        seconds = SECONDS if seconds is None else seconds
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not number or not math.isfinite(seconds) or seconds < 0:
            raise UsageError(
                message(
                    "checkpoint_seconds is {seconds!r}; it must be a number of seconds, at least 0.",
                    seconds=seconds,
                )
            )
        self._path, self._seconds = path, float(seconds)
        self._last, self._took, self._written = time.perf_counter(), 0.0, False

    def is_due(self, now: float, numbers: int) -> bool:
        """Whether it is time, by ``time.perf_counter``, for one of so many numbers."""
        wait = self._seconds if self._written else min(FIRST, self._seconds)
        return now - self._last >= max(wait, max(self._took, PER_NUMBER * numbers) / SHARE)

    def keep(self, descent: Descent) -> None:
        """Keep it, as it stands."""
        self.write(lambda pack: run_to_dict(descent, pack))

    def write(self, content: Callable[[Pack], dict[str, Any]]) -> None:
        """Keep what is under way: plain data, with its arrays packed by what ``content`` is handed.

        Raises:
            DataError: the first one cannot be written. That a later one cannot is a warning: the run is worth more.
        """
        began = time.perf_counter()
        try:
            write_checkpoint(self._path, content)
        except DataError as error:
            if not self._written:
                raise
            warnings.warn(str(error), stacklevel=2)
        self._last = time.perf_counter()
        self._took, self._written = self._last - began, True

    def end(self, content: Callable[[Pack], dict[str, Any]]) -> None:
        """Keep what is done, as ``write`` does. That it cannot be written is a warning."""
        self._written = True
        self.write(content)

    def end_run(self, descent: Descent) -> None:
        """Keep a whole run."""
        self.end(lambda pack: run_to_dict(descent, pack))


def checkpoint_of(options: Any) -> Checkpoint | None:
    """What ``checkpoint`` and ``checkpoint_seconds`` ask for."""
    path, seconds = options.get("checkpoint"), options.get("checkpoint_seconds")
    if path is not None:
        return Checkpoint(path, seconds)
    if seconds is not None:
        raise UsageError(message("checkpoint_seconds says how often; checkpoint= says in which file."))
    return None
