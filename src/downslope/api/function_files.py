"""A Python function in a file, as the formula that it computes."""

from __future__ import annotations

import inspect
import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from downslope.errors import DownslopeError, ObjectiveError, UsageError, nearest
from downslope.messages import listing, message, sentences
from downslope.objectives import as_objective

MODULE = "downslope_function_file"  # what the file runs under, so that it does not take itself for a script


class TracedFunction(NamedTuple):
    """What a function computes: its formula, and the start by the names of its parameters."""

    formula: str
    start: dict[str, float]


def trace_file(place: str, start: Any) -> TracedFunction:
    """The formula of a function of NumPy or PyTorch, found by running it once on symbols or on recorded tensors.

    Args:
        place: the file, and behind a colon the function's name where there are several: ``cost.py:loss``.
        start: where it begins: a dict by its parameters, or a list for a function of one vector, whose entries are then
            called ``p1``, ``p2``.

    Raises:
        UsageError: there is no such file or function, or the file breaks off.
        ObjectiveError: what it computes is no formula.
    """
    function = _function_of(place)
    objective, x = _understood(function, start)
    if objective.formula is None:
        raise ObjectiveError(
            message(
                "{name} is no formula: it branches on its values, or computes with other things than NumPy and torch.",
                name=function.__name__,
            )
        )
    text, names = objective.formula.text, list(objective.parameters.coordinates)
    for k, name in reversed(list(enumerate(names))):
        if not name.isidentifier():  # p[0], of a vector
            names[k] = f"{name.partition('[')[0]}{k + 1}"
            text = text.replace(name, names[k])
    return TracedFunction(text, dict(zip(names, map(float, x), strict=True)))


def _understood(function: Callable[..., Any], start: Any) -> Any:
    """The objective and its start; with tensors of torch where it does not take numbers."""
    try:
        return as_objective(function, start)
    except DownslopeError:
        raise
    except Exception as error:  # whatever a person's function raises
        torch = sys.modules.get("torch")
        if torch is None:
            raise UsageError(_broken_off(Path(inspect.getfile(function)), error)) from error
    tensors = (
        {name: torch.tensor(float(value), dtype=torch.float64) for name, value in start.items()}
        if isinstance(start, dict)
        else torch.tensor(start, dtype=torch.float64)
    )
    try:
        return as_objective(function, tensors)
    except DownslopeError:
        raise
    except Exception as error:
        raise UsageError(_broken_off(Path(inspect.getfile(function)), error)) from error


def _function_of(place: str) -> Callable[..., Any]:
    file, colon, name = place.rpartition(":")
    if not colon or not name.isidentifier():
        file, name = place, ""
    path = Path(file)
    if not path.is_file():
        raise UsageError(message("there is no file {file}.", file=file))
    sys.path.insert(0, str(path.parent))
    try:
        names = runpy.run_path(str(path), run_name=MODULE)
    except DownslopeError:
        raise
    except Exception as error:  # whatever a person's file raises
        raise UsageError(_broken_off(path, error)) from error
    finally:
        sys.path.remove(str(path.parent))
    found = {
        known: value
        for known, value in names.items()
        if inspect.isfunction(value) and value.__module__ == MODULE and not known.startswith("_")
    }
    if name in found:
        return found[name]
    if name or not found:
        said = message("{file} has no function {name}.", file=file, name=name or "...")
        raise UsageError(sentences(said, nearest(name, found)))
    if len(found) > 1:
        raise UsageError(
            message(
                "{file} has several functions: {names}. Say which: {example}",
                file=file,
                names=listing(found),
                example=f"{file}:{next(iter(found))}",
            )
        )
    return next(iter(found.values()))


def _broken_off(path: Path, error: Exception) -> Any:
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return message(
        "{file} broke off at line {line} with {kind}: {error}.",
        file=str(path),
        line=lines[-1] if lines else "?",
        kind=type(error).__name__,
        error=str(error).strip().rstrip("."),
    )
