"""What the loops of ``kernel`` call in LLVM's own instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir

from downslope.symbolic.loop_code import PythonWriter
from downslope.symbolic.loop_numbers import DOUBLE, FLOAT, LONG, Array

WIDTH = 8  # numbers that are computed with at a time, where there are many,
TOGETHER = 4  # and so many times that in one turn of a loop, as each waits for the one before
_BYTES = ir.IntType(8).as_pointer()


def emit_call(writer: PythonWriter, code: tuple[Any, Any], buffers: Array, places: tuple[Any, Any]) -> None:
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


def emit_copy(writer: PythonWriter, source: Any, target: Any, count: Any) -> None:
    """Copy numbers of one kind into places of another."""
    first, into = (writer.place(at.array, at.place)[0] for at in (source, target))
    _call_shared(writer, _write_copy, (first, into, writer.number(count, LONG)), ir.VoidType())


def _write_copy(writer: PythonWriter, first: Any, into: Any, count: Any) -> None:
    b, kind = writer.b, into.type.pointee

    def copied(width: int, at: Any, total: Any) -> Any:
        number = _loaded(writer, b.gep(first, [at]), width)
        if number.type != _of(kind, width):
            number = (b.fpext if kind == DOUBLE else b.fptrunc)(number, _of(kind, width))
        b.store(number, _as_vector(writer, b.gep(into, [at]), width), align=_bytes(kind))
        return total

    _in_parts(writer, count, copied, None)
    b.ret_void()


def emit_long_distance(writer: PythonWriter, x: Any, last: Any, dimension: Any) -> Any:
    """The squared distance of two points, summed up in the order that is fastest."""
    first, other = (writer.place(at.array, at.place)[0] for at in (x, last))
    return _call_shared(writer, _write_distance, (first, other, writer.number(dimension, LONG)), DOUBLE)


def _write_distance(writer: PythonWriter, first: Any, other: Any, dimension: Any) -> None:
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
    writer: PythonWriter, write: Callable[..., None], arguments: tuple[Any, ...], result: Any
) -> Any:
    """Call a function of the same module, which is written where it is called first; LLVM takes its time for each."""
    module, kinds = writer.function.module, [argument.type for argument in arguments]
    name = "_".join([write.__name__, *map(str, kinds)]).replace("*", "p")
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(result, kinds), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        write(PythonWriter(function), *function.args)
    return writer.b.call(function, arguments)


def _of(kind: Any, width: int) -> Any:
    return kind if width == 1 else ir.VectorType(kind, width)


def _bytes(kind: Any) -> int:
    return 8 if kind == DOUBLE else 4


def _as_vector(writer: PythonWriter, pointer: Any, width: int) -> Any:
    kind = _of(pointer.type.pointee, width)
    return pointer if width == 1 else writer.b.bitcast(pointer, kind.as_pointer())


def _loaded(writer: PythonWriter, pointer: Any, width: int) -> Any:
    return writer.b.load(_as_vector(writer, pointer, width), align=_bytes(pointer.type.pointee))


def _in_parts(writer: PythonWriter, count: Any, body: Callable[[int, Any, Any], Any], summed: Any) -> Any:
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
    writer: PythonWriter, over: _Range, begun: list[Any], body: Callable[[Any, list[Any]], list[Any]]
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
