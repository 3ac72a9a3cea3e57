"""What is said of a person's function before it is used: that it fails, or that it will be called very often."""

from __future__ import annotations

import linecache
import os
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.errors import DownslopeWarning, ObjectiveError
from downslope.messages import Message, message

MANY_CALLS = 2_000  # of a function for one gradient, which are announced before they are made
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARY = os.path.dirname(os.path.abspath(np.__file__))


class SlowGradientWarning(DownslopeWarning):
    """Each gradient will take thousands of calls of a function."""


def announce_calls(name: str, parameters: int, call: Callable[[], Any], why: Message | None) -> None:
    """Warn that each gradient takes thousands of calls, and how long that is, by one of them.

    Args:
        name: of the function.
        parameters: how many there are; each takes two calls, or one with complex numbers.
        call: calls the function once.
        why: it could not be recorded; None where that is not known.
    """
    if 2 * parameters < MANY_CALLS:
        return
    began = time.perf_counter()
    call()
    seconds = 2 * parameters * (time.perf_counter() - began)
    text = message(
        "every gradient of {name} takes {fewest:,} to {most:,} calls of it, some {seconds:.2g} seconds, as it is"
        " not made of operations on arrays that can be followed{why}; gradient= would spare them.",
        name=name,
        fewest=parameters,
        most=2 * parameters,
        seconds=seconds,
        why="" if why is None else message(" ({why})", why=why),
    )
    warnings.warn(SlowGradientWarning(text), stacklevel=2)


def refused(name: str, error: Exception) -> ObjectiveError | None:
    """What to raise for an exception of NumPy's about the shapes of arrays: in which line, and what is done there.

    None where it is another exception, or does not come from a person's file.
    """
    if (
        not isinstance(error, ValueError)
        or isinstance(error, ObjectiveError)
        or not _is_of_shapes(str(error))
    ):
        return None
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        f for f in frames if not os.path.abspath(f.filename).startswith((_HERE + os.sep, _LIBRARY + os.sep))
    ]
    if not own or own[-1].lineno is None:
        return None
    line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno).strip()
    return ObjectiveError(
        message(
            "the shapes of arrays in {name} do not fit: {error}, in line {line} of {file}: {code}",
            name=name,
            error=" ".join(str(error).split()).rstrip(". "),
            line=own[-1].lineno,
            file=os.path.basename(own[-1].filename),
            code=line,
        )
    )


def _is_of_shapes(text: str) -> bool:
    words = ("broadcast", "mismatch", "shapes", "not aligned", "dimensions", "cannot reshape")
    return any(word in text for word in words)
