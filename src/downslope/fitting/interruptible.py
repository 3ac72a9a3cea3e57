"""Work of libraries that do not look for Ctrl-C, or do so and then hang, done so that Ctrl-C ends the waiting for it.

PyArrow takes signals itself while it reads text in the main thread, and waits for a thread of its own at the end of
that: about once in 500 times that Ctrl-C strikes then, for ever. In any other thread it leaves signals alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import TypeVar

T = TypeVar("T")


def interruptibly(work: Callable[[], T]) -> T:
    """What ``work`` gives, or raises. Ctrl-C leaves it to end by itself, and nobody waits for it.

    >>> interruptibly(lambda: 6 * 7)
    42
    """
    if current_thread() is not main_thread():
        return work()
    done: SimpleQueue[tuple[list[T], BaseException | None]] = SimpleQueue()
    context = copy_context()

    def run() -> None:
        try:
            done.put(([context.run(work)], None))
        except BaseException as error:
            done.put(([], error))

    Thread(target=run, name="downslope-reader", daemon=True).start()
    found, error = done.get()
    if error is not None:
        raise error
    return found[0]
