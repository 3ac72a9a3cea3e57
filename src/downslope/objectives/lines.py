"""Which line of a person's function something comes from: an exception, or what it returned."""

from __future__ import annotations

import dis
import functools
import linecache
import os
import site
import sys
import sysconfig
import traceback
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

_LIBRARIES = tuple(
    os.path.join(os.path.abspath(folder), "")
    for folder in {
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        os.path.dirname(os.path.abspath(np.__file__)),
        *site.getsitepackages(),
        sysconfig.get_path("stdlib"),
    }
)


class Line(NamedTuple):
    """A line of a file: its number, from 1, the file's name without folders, and what stands there."""

    number: int
    file: str
    code: str


def line_of_error(error: BaseException) -> Line | None:
    """The last line of a person's own that an exception passed; None where it passed none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not os.path.abspath(f.filename).startswith(_LIBRARIES)]
    if not own or own[-1].lineno is None:
        return None
    return _line(own[-1].filename, own[-1].lineno)


def line_of_answer(function: Callable[..., Any], again: Callable[[], Any]) -> Line | None:
    """The line in which a person's function returned; None where it has none.

    Args:
        again: calls it once more, which is only done where it returns in several places.
    """
    code = _code_of(function)
    if code is None:
        return None
    lines = _returns(code)
    if len(lines) == 1:
        return _line(code.co_filename, lines.pop())
    seen: list[int] = []

    def watch(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code is not code:
            return None
        if event == "return":
            seen.append(frame.f_lineno)
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        again()
    except Exception:  # it did not raise before; whatever it is, the line stays unknown
        return None
    finally:
        sys.settrace(before)
    return _line(code.co_filename, seen[-1]) if seen else None


def _code_of(function: Any) -> CodeType | None:
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__wrapped__", function)
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        found = (vars(kind).get("__call__") for kind in type(function).__mro__)
        function = next((method for method in found if method is not None), None)
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _returns(code: CodeType) -> set[int]:
    """The lines with ``return``; that of the end, where it is reached without, is the last line that is run."""
    found: set[int] = set()
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        positions = instruction.positions
        line = positions.lineno if positions is not None and positions.lineno is not None else line
        if instruction.opname in ("RETURN_VALUE", "RETURN_CONST"):
            found.add(line)
    return found


def _line(file: str, number: int) -> Line | None:
    code = linecache.getline(file, number).strip()
    return Line(number, os.path.basename(file), code) if code else None
