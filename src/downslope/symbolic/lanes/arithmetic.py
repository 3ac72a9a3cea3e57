"""Arithmetic on the numbers of several rows at once, as LLVM instructions.

A ``Lanes`` holds one number for each of ``WIDTH`` rows. Operators on it write instructions through its ``LaneBuilder``:
the same operation on the same operands is written once only, and what does not depend on the rows comes before the
loop over them. Nothing here reorders or fuses what a formula says; ``Writer.fused`` is for our own polynomials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from llvmlite import ir

from downslope.symbolic.lanes.machine import any_vector, has, vector_of

WIDTH = 8  # one AVX-512 register, two of AVX2: enough independent work for both

ROUND = (
    6755399441055744.0  # 1.5 * 2^52: a number added to it is rounded to a whole one, which its last bits hold
)
ROUND_BITS = 0x4338000000000000

DOUBLE, LONG, BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(1)
DOUBLES, LONGS, BITS = (ir.VectorType(kind, WIDTH) for kind in (DOUBLE, LONG, BIT))


@dataclass(frozen=True, eq=False, slots=True)
class Lanes:
    """A float64, an int64 or a truth value in each lane.

    Attributes:
        writer: where operations on it are written.
        code: the LLVM value.
        fixed: whether it is the same for all rows, and computed before the loop.
        literal: the number it stands for, where that is known.
    """

    writer: LaneBuilder
    code: Any
    fixed: bool
    literal: float | None = None

    def __add__(self, other: Operand) -> Lanes:
        return self.writer.binary("fadd", self, other)

    def __radd__(self, other: Operand) -> Lanes:
        return self.writer.binary("fadd", other, self)

    def __sub__(self, other: Operand) -> Lanes:
        return self.writer.binary("fsub", self, other)

    def __rsub__(self, other: Operand) -> Lanes:
        return self.writer.binary("fsub", other, self)

    def __mul__(self, other: Operand) -> Lanes:
        return self.writer.binary("fmul", self, other)

    def __rmul__(self, other: Operand) -> Lanes:
        return self.writer.binary("fmul", other, self)

    def __truediv__(self, other: Operand) -> Lanes:
        return self.writer.binary("fdiv", self, other)

    def __rtruediv__(self, other: Operand) -> Lanes:
        return self.writer.binary("fdiv", other, self)

    def __neg__(self) -> Lanes:
        return self.writer.operation("fneg", self)

    def __abs__(self) -> Lanes:
        return self.writer.intrinsic("fabs", self)

    def __lt__(self, other: Operand) -> Lanes:
        return self.writer.compared("<", self, other)

    def __le__(self, other: Operand) -> Lanes:
        return self.writer.compared("<=", self, other)

    def __gt__(self, other: Operand) -> Lanes:
        return self.writer.compared(">", self, other)

    def __ge__(self, other: Operand) -> Lanes:
        return self.writer.compared(">=", self, other)

    def __and__(self, other: Lanes) -> Lanes:
        return self.writer.operation("and_", self, other)

    def __or__(self, other: Lanes) -> Lanes:
        return self.writer.operation("or_", self, other)

    def __invert__(self) -> Lanes:
        return self.writer.operation("xor", self, self.writer.truth(True))


Operand: TypeAlias = Lanes | float


class LaneBuilder:
    """Writes instructions into two places: ``before`` the loop over rows, and ``inside`` it.

    Comparisons are false where an operand is NaN, also ``!=``, as in SymEngine's machine code.
    """

    def __init__(self, before: ir.IRBuilder, inside: ir.IRBuilder) -> None:
        self.before, self.inside = before, inside
        self.module = before.module
        self.known: dict[Any, Lanes] = {}
        self.bad = self.truth(False)  # where a number is outside the range that is computed rightly here

    def _constant(self, element: Any, value: Any) -> Lanes:
        key = (str(element), value.hex() if isinstance(value, float) else value)
        if key not in self.known:
            code = vector_of(ir.Constant(element, value), WIDTH)
            self.known[key] = Lanes(self, code, True, float(value))
        return self.known[key]

    def number(self, value: float) -> Lanes:
        """The same number in every lane."""
        return self._constant(DOUBLE, float(value))

    def truth(self, value: bool) -> Lanes:
        """Yes, or no, in every lane."""
        return self._constant(BIT, int(value))

    def integer(self, value: int) -> Lanes:
        """The same whole number in every lane."""
        return self._constant(LONG, value)

    def lanes(self, value: Operand) -> Lanes:
        """A plain number as lanes; lanes as they are."""
        return value if isinstance(value, Lanes) else self.number(value)

    def written(
        self, key: tuple[Any, ...], operands: Sequence[Lanes], make: Callable[[ir.IRBuilder], Any]
    ) -> Lanes:
        """What ``make`` writes for these operands, unless it is there already."""
        key = (*key, *(id(operand.code) for operand in operands))
        if key not in self.known:
            fixed = all(operand.fixed for operand in operands)
            self.known[key] = Lanes(self, make(self.before if fixed else self.inside), fixed)
        return self.known[key]

    def operation(self, name: str, *operands: Lanes, kind: Any = None) -> Lanes:
        """The instruction of that name; ``kind`` is the type it converts to."""
        extra = () if kind is None else (kind,)
        return self.written(
            (name, str(kind)),
            operands,
            lambda builder: getattr(builder, name)(*(operand.code for operand in operands), *extra),
        )

    def binary(self, name: str, a: Operand, b: Operand) -> Lanes:
        """A sum, difference, product or quotient."""
        a, b = self.lanes(a), self.lanes(b)
        if name in ("fadd", "fmul") and (name, "None", id(b.code), id(a.code)) in self.known:
            a, b = b, a
        return self.operation(name, a, b)

    def intrinsic(self, name: str, *operands: Operand) -> Lanes:
        """LLVM's function of that name, lane by lane."""
        lanes = [self.lanes(operand) for operand in operands]
        full = f"llvm.{name}.v{WIDTH}f64"
        return self.written(
            (name,), lanes, lambda builder: self._called(builder, full, [operand.code for operand in lanes])
        )

    def call_of_c(self, name: str, *operands: Lanes) -> Lanes:
        """A function of C's library, called for one lane after the other."""
        return self.written(
            ("C", name), operands, lambda builder: self._called_in_turn(builder, name, operands)
        )

    def _called_in_turn(self, builder: ir.IRBuilder, name: str, operands: Sequence[Lanes]) -> Any:
        function = self.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(DOUBLE, [DOUBLE] * len(operands))
            function = ir.Function(self.module, kind, name)
        out = any_vector(DOUBLE, WIDTH)
        for lane in range(WIDTH):
            place = ir.Constant(ir.IntType(32), lane)
            numbers = [builder.extract_element(operand.code, place) for operand in operands]
            out = builder.insert_element(out, builder.call(function, numbers), place)
        return out

    def _called(self, builder: ir.IRBuilder, name: str, values: Sequence[Any]) -> Any:
        function = self.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(DOUBLES, [value.type for value in values])
            function = ir.Function(self.module, kind, name)
        return builder.call(function, values)

    def compared(self, relation: str, a: Operand, b: Operand) -> Lanes:
        """``a < b`` and so on; false where either is NaN."""
        a, b = self.lanes(a), self.lanes(b)
        return self.written(
            ("fcmp", relation), (a, b), lambda builder: builder.fcmp_ordered(relation, a.code, b.code)
        )

    def select(self, condition: Lanes, yes: Operand, no: Operand) -> Lanes:
        """``yes`` where the condition holds, else ``no``; both are computed."""
        return self.operation("select", condition, self.lanes(yes), self.lanes(no))

    def fused(self, a: Operand, b: Operand, c: Operand) -> Lanes:
        """``a*b + c``, rounded once where the processor can, else twice."""
        return self.intrinsic("fmuladd", a, b, c)

    def exactly(self, a: Operand, b: Operand, c: Operand) -> Lanes:
        """``a*b + c``, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def polynomial(self, x: Lanes, coefficients: Sequence[float]) -> Lanes:
        """By Horner's rule, the highest power first."""
        total = self.number(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.fused(total, x, coefficient)
        return total

    def root(self, x: Lanes) -> Lanes:
        """The square root."""
        return self.intrinsic("sqrt", x)

    def scaled(self, x: Lanes, k: Lanes) -> Lanes:
        """``x * 2^k`` for a whole number ``k`` between -2000 and 2000, rounded once."""
        if has("avx512f"):  # has an instruction for that
            name, all_lanes = "llvm.x86.avx512.mask.scalef.pd.512", ir.IntType(8)(-1)
            as_usual = ir.IntType(32)(4)  # rounding
            return self.written(
                ("scalef",),
                (x, k),
                lambda builder: self._called(builder, name, [x.code, k.code, x.code, all_lanes, as_usual]),
            )
        whole = self.operation("sub", self.bits(k + ROUND), self.integer(ROUND_BITS))
        half = self.operation("ashr", whole, self.integer(1))  # in two factors, so that neither overflows
        return x * self.power_of_two(half) * self.power_of_two(self.operation("sub", whole, half))

    def power_of_two(self, k: Lanes) -> Lanes:
        """2^k for an int64 between -1022 and 1023."""
        return self.from_bits(
            self.operation("shl", self.operation("add", k, self.integer(1023)), self.integer(52))
        )

    def bits(self, x: Lanes) -> Lanes:
        """The bits of a float64 as an int64."""
        return self.operation("bitcast", x, kind=LONGS)

    def from_bits(self, i: Lanes) -> Lanes:
        """The float64 that has these bits."""
        return self.operation("bitcast", i, kind=DOUBLES)

    def with_sign(self, size: Lanes, sign: Lanes) -> Lanes:
        """``size >= 0`` with the sign of ``sign``, which a zero has too."""
        minus = self.integer(-(2**63))
        return self.from_bits(self.bits(size) | (self.bits(sign) & minus))

    def negative(self, x: Lanes) -> Lanes:
        """Whether its sign is minus, which that of a zero can be."""
        return self._compared_whole("<", self.bits(x), 0)

    def same(self, i: Lanes, value: int) -> Lanes:
        """Whether a whole number has this value."""
        return self._compared_whole("==", i, value)

    def _compared_whole(self, relation: str, i: Lanes, value: int) -> Lanes:
        other = self.integer(value)
        return self.written(
            ("icmp", relation),
            (i, other),
            lambda builder: builder.icmp_signed(relation, i.code, other.code),
        )

    def isnan(self, x: Lanes) -> Lanes:
        """Whether it is not a number."""
        return self.written(("isnan",), (x,), lambda builder: builder.fcmp_unordered("uno", x.code, x.code))

    def refuse(self, where: Lanes) -> None:
        """Say that the numbers in these lanes cannot be trusted: their rows are to be computed another way."""
        self.bad = self.bad | where


# Functions of formulas that are one instruction


def abs(x: Lanes) -> Lanes:
    """Absolute value."""
    return x.writer.intrinsic("fabs", x)


def floor(x: Lanes) -> Lanes:
    """The greatest whole number not above."""
    return x.writer.intrinsic("floor", x)


def ceil(x: Lanes) -> Lanes:
    """The smallest whole number not below."""
    return x.writer.intrinsic("ceil", x)
