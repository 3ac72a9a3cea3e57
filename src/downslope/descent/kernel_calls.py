"""The loops of ``kernel`` as machine code, and how they are called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from downslope.descent import kernel
from downslope.symbolic.lanes import machine_code
from downslope.symbolic.loop_code import PythonWriter
from downslope.symbolic.loop_numbers import DOUBLE, FLOAT, LONG, Array

_PLACES = 8  # of what a trace's loops are told, see ``trace_words``


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Where its first number lies; valid as long as it lives."""
    return int(array.__array_interface__["data"][0])


def trace_words(arrays: Any, dimension: int) -> np.ndarray[Any, Any]:
    """What a trace's loops are told, shape (_PLACES,), int64: where its arrays lie, and how large they are.

    The arrays have to live as long as this is used.
    """
    counts, limits, memory, rows, row_steps = arrays[:5]
    lie = [address_of(array) for array in (counts, limits, memory, rows, row_steps)]
    return np.array([*lie, len(rows), rows.shape[1], dimension], np.int64)


def _trace_of(writer: PythonWriter, words: Any, kind: Any) -> Any:
    """The arrays of a trace, as the loops have them."""
    b = writer.b
    found = [b.load(b.gep(words, [LONG(i)])) for i in range(_PLACES)]
    doubles, longs = DOUBLE.as_pointer(), LONG.as_pointer()
    counts, limits, memory, rows, row_steps = (
        b.inttoptr(found[i], pointer) for i, pointer in enumerate((longs, doubles, doubles, doubles, longs))
    )
    count, width, dimension = found[5:]
    return kind(
        Array(counts, (0,)),
        Array(limits, (0,)),
        Array(memory, (0,)),
        Array(rows, (count, width)),
        Array(row_steps, (count, 2)),
        dimension,
    )


def _machine_code(arguments: list[Any], write: Callable[[PythonWriter, Any], Any]) -> tuple[Any, int]:
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(LONG, arguments), "work")
    writer = PythonWriter(function)
    writer.b.ret(writer.number(write(writer, function.args), LONG))
    return machine_code(module, "work")


class Loop:
    """Machine code that is called with whole numbers and addresses, and answers with a whole number."""

    def __init__(self, arguments: list[Any], write: Callable[[PythonWriter, Any], Any]) -> None:
        self._owner, address = _machine_code(arguments, write)
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))(address)


@cache
def iterating(single: bool) -> Loop:
    """``kernel.iterate``, in float32 where ``single``: (trace words, address, data, buffers, size, begin, budget)."""
    element = FLOAT if single else DOUBLE

    def write(writer: PythonWriter, given: Any) -> Any:
        words, address, data, buffers, size, begin, budget = given
        code = kernel.StepCode(address, data, Array(buffers, (0,)), size, begin)
        return writer.inline(kernel.iterate, [code, _trace_of(writer, words, kernel.TraceArrays), budget])

    return Loop([LONG.as_pointer(), LONG, LONG, element.as_pointer(), LONG, LONG, LONG], write)


@cache
def absorbing() -> Loop:
    """``kernel.absorb``: (trace words, block, its rows, the numbers of one, moves)."""

    def write(writer: PythonWriter, given: Any) -> Any:
        words, block, count, width, moves = given
        arrays = _trace_of(writer, words, kernel.TraceArrays)
        return writer.inline(kernel.absorb, [Array(block, (count, width)), Array(moves, (count,)), arrays])

    return Loop([LONG.as_pointer(), DOUBLE.as_pointer(), LONG, LONG, DOUBLE.as_pointer()], write)
