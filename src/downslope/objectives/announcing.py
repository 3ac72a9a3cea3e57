"""What is said of a person's function before it is used: that it fails, or that it will be called very often."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from downslope.errors import DownslopeWarning, ObjectiveError
from downslope.messages import Message, message
from downslope.objectives.lines import line_of_error
from downslope.symbolic.unknown import TraceError

MANY_CALLS = 2_000  # of a function for one gradient, which are announced before they are made
TOLD_CALLS = 20  # of a function for one gradient, from which on that is told
MOST_LETTERS = 120  # of what an exception says
SHORT = (
    0.02  # seconds, of a call that is made once more to be timed: the first one may have imported something
)


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
    took = _timed(call)
    seconds = 2 * parameters * (min(took, _timed(call)) if took < SHORT else took)
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


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


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
    line = line_of_error(error)
    if line is None:
        return None
    return ObjectiveError(
        message(
            "the shapes of arrays in {name} do not fit: {error}, in line {line} of {file}: {code}",
            name=name,
            error=" ".join(str(error).split()).rstrip(". "),
            line=line.number,
            file=line.file,
            code=line.code,
        )
    )


def not_followed(error: Exception) -> Message:
    """Why a person's function could not be recorded, and in which of its lines."""
    why = error.message if isinstance(error, TraceError) else _raised(error)
    line = line_of_error(error)
    if line is None:
        return why
    return message(
        "{why}, in line {line} of {file}, '{code}'", why=why, line=line.number, file=line.file, code=line.code
    )


def _raised(error: Exception) -> Message:
    text = " ".join(str(error).split())[:MOST_LETTERS].rstrip(". ")
    return message(
        "symbols in the place of numbers raise {kind}: {text}", kind=type(error).__name__, text=text
    )


def _is_of_shapes(text: str) -> bool:
    words = ("broadcast", "mismatch", "shapes", "not aligned", "dimensions", "cannot reshape")
    return any(word in text for word in words)


def complex_step_told(calls: int) -> Message:
    """How the complex step differentiates; where it takes many calls, how many."""
    if calls < TOLD_CALLS:
        return message("gradient by the complex step, exact to rounding.")
    return message(
        "gradient by the complex step, exact to rounding; {calls} calls a step, which gradient= would spare.",
        calls=calls,
    )


def differences_told(accuracy: float, scale: float) -> Message:
    """How good differences are at the start, where their size says so."""
    if not accuracy < scale:
        return message("gradient by central differences, 0 at the start but for rounding.")
    return message(
        "gradient by central differences, good to about {relative:.0e} relative at the start;"
        " give gradient= for an exact one.",
        relative=accuracy / scale,
    )


def draws_told(differentiation: str) -> Message:
    """That what is differentiated is random."""
    if differentiation == "complex step":
        return message(
            "gradient by the complex step, of a value that draws random numbers: each derivative is of"
            " another draw. Draw outside of the function, or give gradient=."
        )
    return message(
        "gradient by the central difference, of a value that draws random numbers: each derivative is of"
        " another draw. Draw outside of the function, or give gradient=."
    )
