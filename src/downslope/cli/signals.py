"""What ends the program from outside: Ctrl-C, and SIGTERM, which is taken like it so that the work is kept.

A signal is a ``KeyboardInterrupt`` where the program stands, and is so again and again until somebody says that it was
caught: Python drops an exception that strikes in a finalizer or in a callback of a library's, and the signal was lost.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

from downslope import interruption

INTERRUPTED = 130
AGAIN = 0.25  # seconds until it is raised once more, which is longer than an exception is on its way
_ended_by: list[int] = []  # the signals that have come


def _hear(number: int, frame: FrameType | None) -> None:
    _ended_by.append(number)
    if sys.platform != "win32":  # which has no timer
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
    raise KeyboardInterrupt


def _repeat(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _was_heard() -> None:
    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, 0)


def came() -> bool:
    """Whether a signal has come."""
    return bool(_ended_by)


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Take Ctrl-C and SIGTERM, in a program's main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interruption.listen(_was_heard)
    handlers: dict[int, Any] = {signal.SIGTERM: _hear}
    if (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):  # not where it is ignored, as under nohup
        handlers[signal.SIGINT] = _hear
    if sys.platform != "win32":
        handlers[signal.SIGALRM] = _repeat
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        _was_heard()
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(code: int) -> NoReturn:
    """End the process with this exit code; 143 in the place of 130 where SIGTERM came first. Nothing changes it now."""
    if threading.current_thread() is threading.main_thread():
        _was_heard()
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
