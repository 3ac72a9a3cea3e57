"""What holds while something is called with symbols in the place of numbers."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from downslope.symbolic.unknown import TraceError


@contextmanager
def tracing() -> Iterator[None]:
    """A function is called with symbols: garbage waits, and a ``TraceError`` that NumPy wrapped comes out as itself.

    Whatever is recorded is kept, and looking through it for garbage again and again takes longer than recording it.
    NumPy makes a ``ValueError`` of what is raised where a symbol is put into an array of numbers.

    >>> import numpy as np
    >>> from downslope.symbolic import SymbolicArray
    >>> with tracing():
    ...     np.zeros(2)[0] = SymbolicArray.symbols("x", 2)
    Traceback (most recent call last):
        ...
    downslope.symbolic.unknown.TraceError: a symbol was asked for its value
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    except ValueError as error:
        if isinstance(error.__cause__, TraceError):
            raise TraceError(error.__cause__.message) from error
        raise
    finally:
        if collects:
            gc.enable()
