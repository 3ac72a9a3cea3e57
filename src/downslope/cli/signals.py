"""What ends the program from outside: Ctrl-C, and SIGTERM, which is taken like it so that the work is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_ended_by: list[int] = []  # the signals that have come


def _hear(number: int, frame: FrameType | None) -> None:
    _ended_by.append(number)
    raise KeyboardInterrupt


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Take SIGTERM like Ctrl-C, in a program's main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def leave(code: int) -> NoReturn:
    """End the process with this exit code; 143 in the place of 130 where SIGTERM came first. Nothing changes it now."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    if code != INTERRUPTED:
        sys.exit(code)
    # Python ends itself by SIGINT at its exit where Ctrl-C came while it ran a text, as the making of a dataclass does,
    # although it was caught since (``unhandled_keyboard_interrupt`` in pythonrun.c). So it is not asked to exit.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(128 + int(signal.SIGTERM) if _ended_by[:1] == [signal.SIGTERM] else code)
