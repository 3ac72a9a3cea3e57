"""Whether Ctrl-C was heard: who catches ``KeyboardInterrupt`` and keeps the work, says so here.

Python drops an exception that is raised while a finalizer or a library's callback runs, and some libraries catch all
exceptions where they import something. So the program, which listens to signals, repeats itself until it was heard
(``cli.signals``). As a library nobody listens, and ``caught`` does nothing.
"""

from __future__ import annotations

from collections.abc import Callable

_LISTENERS: list[Callable[[], None]] = []


def caught() -> None:
    """Say that ``KeyboardInterrupt`` was caught, and that what was done is kept."""
    for listener in _LISTENERS:
        listener()


def listen(listener: Callable[[], None]) -> None:
    """Be told of it from now on."""
    if listener not in _LISTENERS:
        _LISTENERS.append(listener)
