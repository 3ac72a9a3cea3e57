"""A Python function in a file, as the formula that it computes where it is one."""

from __future__ import annotations

import inspect
import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from downslope.api.settled import PythonFunction, plain_name
from downslope.errors import DownslopeError, UsageError, nearest
from downslope.messages import listing, message, sentences
from downslope.objectives import as_objective

MODULE = "downslope_function_file"  # what the file runs under, so that it does not take itself for a script


class FileFunction(NamedTuple):
    """A function from a file.

    Attributes:
        formula: what it computes, where that is a formula.
        function: what it is for a page, where it is none.
        start: by the names of its parameters.
    """

    formula: str | None
    function: PythonFunction | None
    start: dict[str, float]


def open_function(place: str, start: Any) -> FileFunction:
    """A function of NumPy or PyTorch: its formula, found by running it on symbols or recorded tensors, or itself.

    Args:
        place: the file, and behind a colon the function's name where there are several: ``cost.py:loss``.
        start: where it begins: a dict by its parameters, or a list for a function of one vector, whose entries are then
            called ``p1``, ``p2``.

    Raises:
        UsageError: there is no such file or function, or the file breaks off.
    """
    called = _function_of(place)
    objective, x = _understood(called, start)
    coordinates = list(objective.parameters.coordinates)
    names = [plain_name(name, k) for k, name in enumerate(coordinates)]
    begin = dict(zip(names, map(float, x), strict=True))
    if objective.formula is None:
        text = f"{called.__name__}({', '.join(names)})"
        return FileFunction(None, PythonFunction(text, objective), begin)
    formula = objective.formula.text
    for name, plain in zip(coordinates, names, strict=True):
        formula = formula.replace(name, plain) if name != plain else formula  # p[0], of a vector
    return FileFunction(formula, None, begin)


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
