"""The sums of any hypothesis over the rows, as machine code that works on several rows at once.

The row formula, its derivatives and the loss become one loop of vector instructions, which adds up blocks of rows. A
block in which a number left the range that is computed here, or is not finite, has NaN for its sum, and is done again
row by row (``kernels.formula_pass``); so special values mean what they mean there.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import symengine as se
from llvmlite import ir
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.fitting.kernels.records import Table
from downslope.fitting.losses import BY_CODE
from downslope.messages import message
from downslope.parallel import CHUNK_ROWS, cores, over_chunks
from downslope.symbolic import lower
from downslope.symbolic.lanes import DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes, in_lanes, machine_code
from downslope.symbolic.size import size

Array = NDArray[np.floating[Any]]
OneByOne = Callable[[int, int], Any]

BLOCK = 256  # rows whose sums are made before they are added to the whole
SHARE = 64  # blocks that a core takes at once, at least
LONGEST = 1_000  # parts of a formula; compiling takes about a millisecond for every ten

_POINTER = DOUBLE.as_pointer()
_SIGNATURE = ctypes.CFUNCTYPE(
    None, *[ctypes.c_void_p] * 4, ctypes.c_double, *[ctypes.c_int64] * 3, ctypes.c_void_p
)


class RowKernel:
    """Sums over blocks of rows.

    Args:
        symbols: the parameters, then the columns.
        outputs: the row formula and its derivatives in the parameters.
        code: the number of the loss.
        weighted: whether rows have weights.

    Raises:
        ObjectiveError: the formula holds a function that has no vector form.
    """

    def __init__(self, symbols: Sequence[Any], outputs: Sequence[Any], code: int, weighted: bool) -> None:
        self.size = len(outputs)
        module = _module(symbols, outputs, code, weighted)
        self._owner, address = machine_code(module, "sums")
        self._call = _SIGNATURE(address)
        self._kept = (
            threading.local()
        )  # each thread's sums of the blocks: new memory would cost as much as many rows

    def sums(self, theta: Array, table: Table, shape: float, one_by_one: OneByOne) -> Array:
        """[sum of the rows' costs, its derivatives in the parameters]; the same for any number of cores.

        Args:
            theta: (parameters,), contiguous float64.
            table: the rows.
            shape: the number of the loss.
            one_by_one: the same sums of the rows from the first to the second argument, done another way.
        """
        count = len(table[1])
        blocks = count // BLOCK
        out = self._memory(blocks)
        addresses = [array.ctypes.data for array in (theta, *table)]
        target = out.ctypes.data

        def work(first: int, last: int) -> None:
            self._call(*addresses, shape, first, last, blocks, target)

        over_chunks(blocks, work, max(SHARE, -(-blocks // (8 * cores()))))
        total = out.sum(axis=1)
        again = [(blocks * BLOCK, count)] if blocks * BLOCK < count else []
        if not np.isfinite(out).all():
            good = np.isfinite(out).all(axis=0)
            total, again = out[:, good].sum(axis=1), _runs(good, count)
        if again:
            parts = over_chunks(len(again), lambda i, _: one_by_one(*again[i]), 1)
            total += np.sum(parts, axis=0)
        return np.asarray(total)

    def _memory(self, blocks: int) -> Array:
        out: Array | None = getattr(self._kept, "out", None)
        if out is None or out.shape[1] != blocks:
            out = self._kept.out = np.empty((self.size, blocks))
        return out


def _runs(good: Any, rows: int) -> list[tuple[int, int]]:
    """The rows that are not in good blocks, as ranges of at most ``CHUNK_ROWS``."""
    whole = np.append(good, rows == len(good) * BLOCK)  # what is left over counts as a last block
    edges = np.flatnonzero(np.diff(whole, prepend=True, append=True))
    bounds = np.minimum(edges * BLOCK, rows).reshape(-1, 2).tolist()
    return [
        (begin, min(begin + CHUNK_ROWS, end))
        for first, end in bounds
        for begin in range(first, end, CHUNK_ROWS)
    ]


@lru_cache(maxsize=64)
def row_kernel(symbols: Sequence[Any], outputs: Sequence[Any], code: int, weighted: bool) -> RowKernel | None:
    """The kernel for these, compiled once; None where the formula is too long or has a function with no vector form."""
    if size(outputs, LONGEST) >= LONGEST:
        return None
    try:
        return RowKernel(symbols, outputs, code, weighted)
    except ObjectiveError:
        return None


def terms(code: int, shape: Lanes, u: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """The cost of a row and its derivative in the prediction ``u``, as ``kernels.terms`` has them."""
    loss = BY_CODE[code]
    if loss.formula is None:
        raise ObjectiveError(message("this loss has no form for several rows at once."))
    known = {se.Symbol("u"): u, se.Symbol("y"): y, se.Symbol("c"): shape}
    cost, slope = in_lanes(u.writer, [lower(loss.cost), lower(loss.slope)], known)
    return cost, slope


def _module(symbols: Sequence[Any], outputs: Sequence[Any], code: int, weighted: bool) -> ir.Module:
    """``sums(theta, X, y, weights, shape, first, last, blocks, out)``; X has a column for each symbol left."""
    module = ir.Module()
    kinds = [*[_POINTER] * 4, DOUBLE, *[LONG] * 3, _POINTER]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "sums")
    theta, X, y, weights, shape, first, last, blocks, out = function.args
    entry, outer, inner, after, end = (
        function.append_basic_block(name) for name in ("entry", "outer", "inner", "after", "end")
    )
    before, inside = ir.IRBuilder(entry), ir.IRBuilder(inner)
    w = LaneBuilder(before, inside)

    builder = ir.IRBuilder(outer)
    block = builder.phi(LONG)
    begin = builder.mul(block, LONG(BLOCK))
    builder.branch(inner)

    step = inside.phi(LONG)
    totals = [inside.phi(DOUBLES) for _ in outputs]
    row = inside.add(begin, step)
    parameters, columns = len(outputs) - 1, len(symbols) - len(outputs) + 1
    values = [everywhere(w, before.load(before.gep(theta, [LONG(j)]))) for j in range(parameters)]
    values += _columns(w, X, row, columns)
    target = row_of(w, y, row)
    found = in_lanes(w, outputs, dict(zip(symbols, values, strict=True)))
    cost, slope = terms(code, everywhere(w, shape), found[0], target)
    cost = w.select(w.bad, math.nan, cost)
    if weighted:
        weight = row_of(w, weights, row)
        cost, slope = weight * cost, weight * slope
    sums = [inside.fadd(totals[0], cost.code)]
    sums += [w.fused(slope, d, Lanes(w, t, False)).code for d, t in zip(found[1:], totals[1:], strict=True)]
    following = inside.add(step, LONG(WIDTH))
    inside.cbranch(inside.icmp_signed("<", following, LONG(BLOCK)), inner, after)

    builder = ir.IRBuilder(after)
    for k, total in enumerate(sums):
        place = builder.gep(out, [builder.add(builder.mul(LONG(k), blocks), block)])
        builder.store(added(builder, total), place)
    following_block = builder.add(block, LONG(1))
    builder.cbranch(builder.icmp_signed("<", following_block, last), outer, end)
    ir.IRBuilder(end).ret_void()
    before.cbranch(before.icmp_signed("<", first, last), outer, end)

    block.add_incoming(first, entry)
    block.add_incoming(following_block, after)
    step.add_incoming(LONG(0), outer)
    step.add_incoming(following, inner)
    for phi, total in zip(totals, sums, strict=True):
        phi.add_incoming(w.number(0.0).code, outer)
        phi.add_incoming(total, inner)
    return module


def everywhere(w: LaneBuilder, value: Any) -> Lanes:
    """One number in all lanes, before the loop."""
    lanes = ir.Constant(DOUBLES, ir.Undefined)
    for k in range(WIDTH):
        lanes = w.before.insert_element(lanes, value, LONG(k))
    return Lanes(w, lanes, True)


def row_of(w: LaneBuilder, array: Any, row: Any) -> Lanes:
    """Consecutive numbers from ``row``."""
    place = w.inside.bitcast(w.inside.gep(array, [row]), DOUBLES.as_pointer())
    return Lanes(w, w.inside.load(place, align=8), False)


def _columns(w: LaneBuilder, X: Any, row: Any, columns: int) -> list[Lanes]:
    """The numbers of these rows, column by column."""
    if columns == 1:
        return [row_of(w, X, row)]
    place = w.inside.gep(X, [w.inside.mul(row, LONG(columns))])
    found = []
    for j in range(columns):
        lanes = ir.Constant(DOUBLES, ir.Undefined)
        for k in range(WIDTH):
            number = w.inside.load(w.inside.gep(place, [LONG(k * columns + j)]))
            lanes = w.inside.insert_element(lanes, number, LONG(k))
        found.append(Lanes(w, lanes, False))
    return found


def added(builder: ir.IRBuilder, lanes: Any) -> Any:
    """The sum over the lanes, pairwise."""
    parts = [builder.extract_element(lanes, LONG(k)) for k in range(WIDTH)]
    while len(parts) > 1:
        parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]
