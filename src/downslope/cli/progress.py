"""A progress bar on standard error: only on a terminal, only for work that takes a while."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from downslope.messages import message

if TYPE_CHECKING:
    from downslope import Progress

PATIENCE = 0.5  # seconds without a bar


def on_terminal() -> bool:
    """Whether somebody would see a bar."""
    return sys.stderr.isatty()


class _LiveBar:
    """A bar of Rich's on standard error, which is drawn from when it is begun."""

    def __init__(self) -> None:
        self._live: Any = None
        self._task: Any = None

    @classmethod
    @contextlib.contextmanager
    def for_terminal(cls, quiet: bool) -> Iterator[Self | None]:
        """A bar for the time of a ``with``, or None where nobody would see it."""
        if quiet or not on_terminal():
            yield None
            return
        bar = cls()
        try:
            yield bar
        finally:
            if bar._live is not None:
                bar._live.stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._live = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._live.add_task("")
        self._live.start()


class Bar(_LiveBar):
    """Called with ``Progress`` while a run is on its way; draws nothing in the first half second.

    A fit may descend in rounds, each of which counts its steps anew; the bar goes on counting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None
        self._last = self._before = 0

    def __call__(self, progress: Progress) -> None:
        if progress.step < self._last:
            self._before += self._last
        self._last = progress.step
        if self._began is None:
            self._began = time.perf_counter() - progress.seconds
        if time.perf_counter() - self._began < PATIENCE:
            return
        if self._live is None:
            self._begin()
        fraction = None if self._before else progress.fraction
        self._live.update(
            self._task,
            total=None if fraction is None else 1.0,
            completed=fraction or 0.0,
            description=str(
                message(
                    "step {step:,}  value {value:.6g}  |grad| {norm:.3g}",
                    step=self._before + progress.step,
                    value=progress.value,
                    norm=progress.gradient_norm,
                )
            ),
        )


class CountingBar(_LiveBar):
    """Called with (runs done, all runs) while a sweep is on its way; draws nothing in the first half second."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.perf_counter()

    def __call__(self, done: int, runs: int) -> None:
        if time.perf_counter() - self._began < PATIENCE:
            return
        if self._live is None:
            self._begin()
        told = message("{done:,} of {runs:,} runs", done=done, runs=runs)
        self._live.update(self._task, total=runs, completed=done, description=str(told))
