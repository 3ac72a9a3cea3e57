"""Numbers and arrays in LLVM's instructions, with the meaning that Python and NumPy give to operators."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir

DOUBLE, FLOAT, LONG, BOOL = ir.DoubleType(), ir.FloatType(), ir.IntType(64), ir.IntType(1)
Value: TypeAlias = Any  # an ``ir.Value``, a number of Python's, an ``Array``, a function, or a tuple of these


@dataclass(frozen=True)
class Array:
    """Numbers that lie one behind the other, the last index fastest.

    Attributes:
        pointer: to the first of them.
        shape: how many along each axis.
    """

    pointer: Any
    shape: tuple[Value, ...]

    @property
    def element(self) -> Any:
        """The kind of its numbers."""
        return self.pointer.type.pointee


class NumberWriter:
    """Writes numbers into the block where a builder stands."""

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        self.b = ir.IRBuilder(function.append_basic_block("entry"))

    # Numbers

    def number(self, value: Value, kind: Any = None) -> Any:
        """A value as a number of LLVM's, of that kind, or of its own."""
        if isinstance(value, (bool, np.bool_)):
            value = ir.Constant(BOOL, int(value))
        elif isinstance(value, (int, np.integer)):
            value = ir.Constant(DOUBLE, float(value)) if kind == DOUBLE else ir.Constant(LONG, int(value))
        elif isinstance(value, (float, np.floating)):
            value = ir.Constant(DOUBLE, float(value))
        if kind is None or value.type == kind:
            return value
        if kind == DOUBLE:
            if value.type == FLOAT:
                return self.b.fpext(value, DOUBLE)
            return (self.b.uitofp if value.type == BOOL else self.b.sitofp)(value, DOUBLE)
        if kind == FLOAT:
            return self.b.fptrunc(self.number(value, DOUBLE), FLOAT)
        if kind == LONG:
            return self.b.zext(value, LONG) if value.type == BOOL else self.b.fptosi(value, LONG)
        raise TypeError(value.type)

    def _pair(self, a: Value, b: Value) -> tuple[Any, Any]:
        """Two numbers of one kind: whole ones stay whole, and float32 stays so beside float32 alone."""
        a, b = self.number(a), self.number(b)
        if a.type == b.type and a.type != BOOL:
            return a, b
        kind = LONG if {a.type, b.type} <= {LONG, BOOL} else DOUBLE
        return self.number(a, kind), self.number(b, kind)

    def compare(self, sign: str, a: Value, b: Value) -> Any:
        """Whether they compare so; NaN is unequal to all, and nothing else."""
        a, b = self._pair(a, b)
        if a.type == LONG:
            return self.b.icmp_signed(sign, a, b)
        return (self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered)(sign, a, b)

    def compute(self, operator: ast.operator, a: Value, b: Value) -> Value:
        """a + b and the like."""
        if not isinstance(a, ir.Value) and not isinstance(b, ir.Value):
            return _FOLDED[type(operator)](a, b)
        a, b = self._pair(a, b)
        whole = a.type == LONG
        if isinstance(operator, (ast.Mod, ast.FloorDiv)):
            if not whole:
                raise TypeError(operator)  # of whole numbers alone
            rest = self.b.srem(a, b)
            negative = self.b.icmp_signed("<", self.b.xor(rest, b), LONG(0))
            other = self.b.and_(self.b.icmp_signed("!=", rest, LONG(0)), negative)  # Python rounds down
            if isinstance(operator, ast.Mod):
                return self.b.select(other, self.b.add(rest, b), rest)
            return self.b.sub(self.b.sdiv(a, b), self.b.zext(other, LONG))
        if isinstance(operator, ast.Div):
            return self.b.fdiv(self.number(a, DOUBLE), self.number(b, DOUBLE))
        name = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}[type(operator)]
        return getattr(self.b, name if whole else "f" + name)(a, b)

    def truth(self, value: Value) -> Any:
        """A condition, as LLVM or Python has it."""
        if isinstance(value, ir.Value) and value.type != BOOL:
            raise TypeError(value.type)
        return value

    def absolute(self, value: Value) -> Any:
        """|value|."""
        value = self.number(value)
        if value.type == LONG:
            return self.b.select(self.b.icmp_signed("<", value, LONG(0)), self.b.neg(value), value)
        return self.b.call(self.function.module.declare_intrinsic("llvm.fabs", [value.type]), [value])

    def root(self, value: Value) -> Any:
        """The square root, in the kind of the number."""
        value = self.number(value)
        return self.b.call(self.function.module.declare_intrinsic("llvm.sqrt", [value.type]), [value])

    def is_finite(self, value: Value) -> Any:
        """Whether it is neither NaN nor infinite."""
        return self.compare("<", self.absolute(value), np.inf)

    def smaller(self, a: Value, b: Value) -> Any:
        """min(a, b)."""
        a, b = self._pair(a, b)
        return self.b.select(self.compare("<", b, a), b, a)

    def larger(self, a: Value, b: Value) -> Any:
        """max(a, b)."""
        a, b = self._pair(a, b)
        return self.b.select(self.compare(">", b, a), b, a)

    # Arrays

    def place(self, array: Array, index: Value) -> tuple[Any, tuple[Value, ...]]:
        """A pointer to what an index, or the first of several, stands for; and the shape of that."""
        indices = index if isinstance(index, tuple) else (index,)
        rest = array.shape[len(indices) :]
        flat: Value = 0
        for i, length in zip(indices, array.shape, strict=False):
            flat = self.compute(ast.Add(), self.compute(ast.Mult(), flat, length), i)
        for length in rest:
            flat = self.compute(ast.Mult(), flat, length)
        return self.b.gep(array.pointer, [self.number(flat, LONG)]), rest

    def load(self, array: Array, index: Value) -> Value:
        """A number, or a row."""
        pointer, rest = self.place(array, index)
        return Array(pointer, rest) if rest else self.b.load(pointer)

    def store(self, value: Value, array: Array, index: Value) -> None:
        """Write a number, in the kind that the array has."""
        pointer, _ = self.place(array, index)
        self.b.store(self.number(value, array.element), pointer)


_FOLDED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Mod: lambda a, b: a % b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Div: lambda a, b: a / b,
}
