"""The instructions of a pass over rows for a linear hypothesis: loops, predictions, gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir

from downslope.fitting.row_kernel import BLOCK, added, everywhere, terms
from downslope.symbolic.lanes import BITS, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes


class EightRows(NamedTuple):
    """What is read of them."""

    pointers: Sequence[Any]  # to each row's features, float64
    target: Lanes
    weight: Lanes | None


class LinearModel(NamedTuple):
    """Where the machine code finds the hypothesis."""

    features: int
    w: Any  # pointer to (features,) float64
    centre: Any  # likewise, subtracted from the features
    b: Any  # the intercept, a number


class RowLoop:
    """A function of a loop over blocks of rows around a loop over eight rows.

    Args:
        kinds: of the function's arguments.
        vectors: one for each sum that is made beside those of costs and slopes.
    """

    def __init__(self, kinds: Sequence[Any], vectors: Sequence[int]) -> None:
        self.module = ir.Module()
        self.function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), "sums")
        self.blocks = [
            self.function.append_basic_block(name) for name in ("entry", "outer", "inner", "after", "done")
        ]
        self.before, self.outer, self.inside, self.after, self.done = map(ir.IRBuilder, self.blocks)
        self.writer = LaneBuilder(self.before, self.inside)
        self.block, self.row = self.outer.phi(LONG), self.inside.phi(LONG)
        self.totals = [self.inside.phi(DOUBLES) for _ in range(2 + len(vectors))]

    def begun(self, begin: Any, end: Any) -> Any:
        """The first of eight rows, of those from ``begin`` to ``end``."""
        self.begin, self.end = begin, end
        self.last = self.outer.add(self.block, LONG(BLOCK))
        self.limit = self.outer.select(self.outer.icmp_signed("<", self.last, end), self.last, end)
        self.outer.branch(self.blocks[2])
        return self.row

    def body(self, rows: EightRows, model: LinearModel, loss: tuple[int, Any]) -> None:
        """Costs, slopes and gradient; ``loss`` is its code and its number."""
        writer, (code, shape) = self.writer, loss
        make = _Wide if model.features >= WIDTH else _Narrow
        table = make(writer, rows.pointers, model)
        u = table.predictions() + everywhere(writer, model.b)
        cost, slope = terms(code, everywhere(writer, shape), u, rows.target)
        if rows.weight is not None:
            cost, slope = rows.weight * cost, rows.weight * slope
        old = [Lanes(writer, total, False) for total in self.totals]
        self.sums = [old[0] + cost, old[1] + slope, *table.gradient(slope, old[2:])]
        self.kept_apart = model.features >= WIDTH  # the lanes of a gradient are features, not rows

    def ended(self, out: Any) -> ir.Module:
        """The whole module; the sums are added to ``out``."""
        inside, after, (entry, outer, inner, behind, done) = self.inside, self.after, self.blocks
        following = inside.add(self.row, LONG(WIDTH))
        inside.cbranch(inside.icmp_signed("<", following, self.limit), inner, behind)
        for k, total in enumerate(self.sums):
            apart = k > 1 and self.kept_apart
            place = after.gep(out, [LONG(2 + WIDTH * (k - 2) if apart else k)])
            if apart:
                place = after.bitcast(place, DOUBLES.as_pointer())
            new = total.code if apart else added(after, total.code)
            after.store(after.fadd(after.load(place, align=8), new), place, align=8)
        after.cbranch(after.icmp_signed("<", self.last, self.end), outer, done)
        self.done.ret_void()
        self.before.branch(outer)
        self.block.add_incoming(self.begin, entry)
        self.block.add_incoming(self.last, behind)
        self.row.add_incoming(self.block, outer)
        self.row.add_incoming(following, inner)
        for phi, total in zip(self.totals, self.sums, strict=True):
            phi.add_incoming(self.writer.number(0.0).code, outer)
            phi.add_incoming(total.code, inner)
        return self.module

    def ask_for(self, row: Any, features: int) -> None:
        """Ask the memory for a row that is wanted soon."""
        byte, small = ir.IntType(8).as_pointer(), ir.IntType(32)
        name = "llvm.prefetch.p0" if llvm.llvm_version_info[0] > 14 else "llvm.prefetch.p0i8"
        function = self.module.globals.get(name)
        if function is None:
            function = ir.Function(
                self.module, ir.FunctionType(ir.VoidType(), [byte, small, small, small]), name
            )
        for start in range(0, features, 8):
            place = self.inside.bitcast(self.inside.gep(row, [LONG(start)]), byte)
            self.inside.call(function, [place, small(0), small(2), small(1)])  # into the second cache


def starts_of(features: int) -> list[int]:
    """Where the vectors of features begin; the last one overlaps the one before, so that it ends with the row."""
    starts = list(range(0, features - WIDTH + 1, WIDTH))
    return [*starts, features - WIDTH] if features % WIDTH and starts else starts


class _Narrow:
    """Fewer features than lanes: a vector holds one feature of eight rows."""

    def __init__(self, writer: LaneBuilder, pointers: Sequence[Any], model: LinearModel) -> None:
        before, inside = writer.before, writer.inside
        self.writer = writer
        self.w, self.x = [], []
        for j in range(model.features):
            lanes = ir.Constant(DOUBLES, ir.Undefined)
            for k in range(WIDTH):
                number = inside.load(inside.gep(pointers[k], [LONG(j)]))
                lanes = inside.insert_element(lanes, number, LONG(k))
            middle = everywhere(writer, before.load(before.gep(model.centre, [LONG(j)])))
            self.x.append(Lanes(writer, lanes, False) - middle)
            self.w.append(everywhere(writer, before.load(before.gep(model.w, [LONG(j)]))))

    def predictions(self) -> Lanes:
        total = self.w[0] * self.x[0]
        for w, x in zip(self.w[1:], self.x[1:], strict=True):
            total = self.writer.fused(w, x, total)
        return total

    def gradient(self, slope: Lanes, old: Sequence[Lanes]) -> list[Lanes]:
        return [self.writer.fused(slope, x, total) for x, total in zip(self.x, old, strict=True)]


class _Wide:
    """A vector holds eight features of one row."""

    def __init__(self, writer: LaneBuilder, pointers: Sequence[Any], model: LinearModel) -> None:
        features = model.features
        self.writer, self.pointers, self.starts = writer, pointers, starts_of(features)
        self.w = [self._vector(writer.before, model.w, start, True) for start in self.starts]
        self.centre = [self._vector(writer.before, model.centre, start, True) for start in self.starts]
        if features % WIDTH:  # features that the vector before has too count nothing here
            new = [int(k >= WIDTH - features % WIDTH) for k in range(WIDTH)]
            mask = Lanes(writer, ir.Constant(BITS, new), True)
            self.w[-1] = writer.select(mask, self.w[-1], 0.0)

    def _vector(self, builder: ir.IRBuilder, array: Any, start: int, fixed: bool) -> Lanes:
        place = builder.bitcast(builder.gep(array, [LONG(start)]), DOUBLES.as_pointer())
        return Lanes(self.writer, builder.load(place, align=8), fixed)

    def _x(self, i: int, q: int) -> Lanes:
        return self._vector(self.writer.inside, self.pointers[i], self.starts[q], False) - self.centre[q]

    def predictions(self) -> Lanes:
        products: list[Lanes] = []
        for pair in range(0, WIDTH, 2):
            two = [self.w[0] * self._x(pair + i, 0) for i in range(2)]
            for q in range(1, len(self.starts)):
                two = [self.writer.fused(self.w[q], self._x(pair + i, q), two[i]) for i in range(2)]
            products += two
        return self._sums_of_each(products)

    def _sums_of_each(self, vectors: list[Lanes]) -> Lanes:
        """Lane i is the sum over the lanes of vector i."""
        size = 1
        while len(vectors) > 1:
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self._mixed(a, b, size, 0) + self._mixed(a, b, size, size) for a, b in pairs]
            size *= 2
        return vectors[0]

    def _mixed(self, a: Lanes, b: Lanes, size: int, shift: int) -> Lanes:
        """Groups of ``size`` lanes, from ``a`` and ``b`` in turn, every second group of each."""
        groups = range(shift, WIDTH, 2 * size)
        picked = [lane for g in groups for lane in (*range(g, g + size), *range(WIDTH + g, WIDTH + g + size))]
        return self._shuffled(a, b, picked)

    def _shuffled(self, a: Lanes, b: Lanes, picked: Sequence[int]) -> Lanes:
        kind = ir.VectorType(ir.IntType(32), WIDTH)
        return Lanes(
            self.writer, self.writer.inside.shuffle_vector(a.code, b.code, ir.Constant(kind, picked)), False
        )

    def gradient(self, slope: Lanes, old: Sequence[Lanes]) -> list[Lanes]:
        slopes = [self._shuffled(slope, slope, [i] * WIDTH) for i in range(WIDTH)]
        sums = []
        for q, total in enumerate(old):
            for i in range(WIDTH):
                total = self.writer.fused(slopes[i], self._x(i, q), total)
            sums.append(total)
        return sums
