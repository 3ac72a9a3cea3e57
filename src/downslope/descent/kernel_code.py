"""The loops of ``kernel`` as machine code, and how they are called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from downslope.symbolic.lanes import machine_code
from downslope.symbolic.loop_code import LoopWriter
from downslope.symbolic.loop_numbers import DOUBLE, FLOAT, LONG, Array

WIDTH = 8  # numbers that are computed with at a time, where there are many,
TOGETHER = 4  # and so many times that in one turn of a loop, as each waits for the one before
_PLACES = 8  # of what a trace's loops are told, see ``trace_words``
_BYTES = ir.IntType(8).as_pointer()


def emit_call(writer: LoopWriter, code: tuple[Any, Any], buffers: Array, places: tuple[Any, Any]) -> None:
    """Call machine code on an array, of which it reads and writes from two places on: (written, read).

    SymEngine's float64 interface is ``void *f(double *out, const double *in, void *data)``; the bare float32
    function of its object files is ``void f(const float *in, float *out)``.
    """
    b, (address, data) = writer.b, code
    written, read = (writer.place(buffers, at)[0] for at in places)
    if buffers.element == FLOAT:
        kind = ir.FunctionType(ir.VoidType(), [FLOAT.as_pointer(), FLOAT.as_pointer()])
        b.call(b.inttoptr(address, kind.as_pointer()), [read, written])
    else:
        kind = ir.FunctionType(_BYTES, [DOUBLE.as_pointer(), DOUBLE.as_pointer(), _BYTES])
        b.call(b.inttoptr(address, kind.as_pointer()), [written, read, b.inttoptr(data, _BYTES)])


def emit_copy(writer: LoopWriter, source: Any, target: Any, count: Any) -> None:
    """Copy numbers of one kind into places of another."""
    first, into = (writer.place(at.array, at.place)[0] for at in (source, target))
    _call_shared(writer, _write_copy, (first, into, writer.number(count, LONG)), ir.VoidType())


def _write_copy(writer: LoopWriter, first: Any, into: Any, count: Any) -> None:
    b, kind = writer.b, into.type.pointee

    def copied(width: int, at: Any, total: Any) -> Any:
        number = _loaded(writer, b.gep(first, [at]), width)
        if number.type != _of(kind, width):
            number = (b.fpext if kind == DOUBLE else b.fptrunc)(number, _of(kind, width))
        b.store(number, _as_vector(writer, b.gep(into, [at]), width), align=_bytes(kind))
        return total

    _in_parts(writer, count, copied, None)
    b.ret_void()


def emit_long_distance(writer: LoopWriter, x: Any, last: Any, dimension: Any) -> Any:
    """The squared distance of two points, summed up in the order that is fastest."""
    first, other = (writer.place(at.array, at.place)[0] for at in (x, last))
    return _call_shared(writer, _write_distance, (first, other, writer.number(dimension, LONG)), DOUBLE)


def _write_distance(writer: LoopWriter, first: Any, other: Any, dimension: Any) -> None:
    b = writer.b

    def added(width: int, at: Any, total: Any) -> Any:
        ends = []
        for pointer in (first, other):
            number = _loaded(writer, b.gep(pointer, [at]), width)
            wide = _of(DOUBLE, width)
            ends.append(number if number.type == wide else b.fpext(number, wide))
        change = b.fsub(*ends)
        return b.fadd(total, b.fmul(change, change))

    b.ret(_in_parts(writer, dimension, added, DOUBLE))


def _call_shared(
    writer: LoopWriter, write: Callable[..., None], arguments: tuple[Any, ...], result: Any
) -> Any:
    """Call a function of the same module, which is written where it is called first; LLVM takes its time for each."""
    module, kinds = writer.function.module, [argument.type for argument in arguments]
    name = "_".join([write.__name__, *map(str, kinds)]).replace("*", "p")
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(result, kinds), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        write(LoopWriter(function), *function.args)
    return writer.b.call(function, arguments)


def _of(kind: Any, width: int) -> Any:
    return kind if width == 1 else ir.VectorType(kind, width)


def _bytes(kind: Any) -> int:
    return 8 if kind == DOUBLE else 4


def _as_vector(writer: LoopWriter, pointer: Any, width: int) -> Any:
    kind = _of(pointer.type.pointee, width)
    return pointer if width == 1 else writer.b.bitcast(pointer, kind.as_pointer())


def _loaded(writer: LoopWriter, pointer: Any, width: int) -> Any:
    return writer.b.load(_as_vector(writer, pointer, width), align=_bytes(pointer.type.pointee))


def _in_parts(writer: LoopWriter, count: Any, body: Callable[[int, Any, Any], Any], summed: Any) -> Any:
    """Go over so many numbers, some at a time and then one by one; ``body(width, first, sum)`` gives the next sum."""
    b, zero = writer.b, LONG(0)
    whole = b.and_(count, LONG(-WIDTH * TOGETHER))

    def wide(at: Any, now: list[Any]) -> list[Any]:
        return [body(WIDTH, b.add(at, LONG(WIDTH * i)), one) for i, one in enumerate(now)]

    def single(at: Any, now: list[Any]) -> list[Any]:
        return [body(1, at, now[0])]

    # Where nothing is summed up, a 0 is handed on.
    blank = zero if summed is None else ir.Constant(_of(summed, WIDTH), [0.0] * WIDTH)
    sums = _loop(writer, _Range(zero, whole, WIDTH * TOGETHER), [blank] * TOGETHER, wide)
    total: Any = zero
    if summed is not None:
        total = ir.Constant(summed, 0.0)
        together = b.fadd(b.fadd(sums[0], sums[1]), b.fadd(sums[2], sums[3]))
        for i in range(WIDTH):
            total = b.fadd(total, b.extract_element(together, ir.IntType(32)(i)))
    return _loop(writer, _Range(whole, count, 1), [total], single)[0]


class _Range(NamedTuple):
    """From a number on, by so many, while it is below another."""

    first: Any
    end: Any
    by: int


def _loop(
    writer: LoopWriter, over: _Range, begun: list[Any], body: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """A loop; answers with the numbers that its body hands on, at last."""
    b, function, before = writer.b, writer.function, writer.b.block
    head, inner, after = (function.append_basic_block() for _ in range(3))
    b.branch(head)
    b.position_at_end(head)
    at = b.phi(LONG)
    at.add_incoming(over.first, before)
    phis = [b.phi(number.type) for number in begun]
    for phi, number in zip(phis, begun, strict=True):
        phi.add_incoming(number, before)
    b.cbranch(b.icmp_signed("<", at, over.end), inner, after)
    b.position_at_end(inner)
    handed = body(at, list(phis))
    at.add_incoming(b.add(at, LONG(over.by)), b.block)
    for phi, number in zip(phis, handed, strict=True):
        phi.add_incoming(number, b.block)
    b.branch(head)
    b.position_at_end(after)
    return list(phis)


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


def _trace_of(writer: LoopWriter, words: Any, kind: Any) -> Any:
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


def _machine_code(arguments: list[Any], write: Callable[[LoopWriter, Any], Any]) -> tuple[Any, int]:
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(LONG, arguments), "work")
    writer = LoopWriter(function)
    writer.b.ret(writer.number(write(writer, function.args), LONG))
    return machine_code(module, "work")


class Loop:
    """Machine code that is called with whole numbers and addresses, and answers with a whole number."""

    def __init__(self, arguments: list[Any], write: Callable[[LoopWriter, Any], Any]) -> None:
        self._owner, address = _machine_code(arguments, write)
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))(address)


@cache
def iterating(single: bool) -> Loop:
    """``kernel.iterate``, in float32 where ``single``: (trace words, address, data, buffers, size, begin, budget)."""
    from downslope.descent import kernel

    element = FLOAT if single else DOUBLE

    def write(writer: LoopWriter, given: Any) -> Any:
        words, address, data, buffers, size, begin, budget = given
        code = kernel.StepCode(address, data, Array(buffers, (0,)), size, begin)
        return writer.inline(kernel.iterate, [code, _trace_of(writer, words, kernel.TraceArrays), budget])

    return Loop([LONG.as_pointer(), LONG, LONG, element.as_pointer(), LONG, LONG, LONG], write)


@cache
def absorbing() -> Loop:
    """``kernel.absorb``: (trace words, block, its rows, the numbers of one, moves)."""
    from downslope.descent import kernel

    def write(writer: LoopWriter, given: Any) -> Any:
        words, block, count, width, moves = given
        arrays = _trace_of(writer, words, kernel.TraceArrays)
        return writer.inline(kernel.absorb, [Array(block, (count, width)), Array(moves, (count,)), arrays])

    return Loop([LONG.as_pointer(), DOUBLE.as_pointer(), LONG, LONG, DOUBLE.as_pointer()], write)
