"""The sums of a linear hypothesis over the rows, as machine code made for one number of features and one loss.

Eight rows at a time are read, their predictions made side by side, their costs and slopes computed in vectors, and
the rows, by then in the cache, added to the gradient. Memory is the limit, not arithmetic: rows are read in pairs and
in order, which the processor's own prefetching likes best (measured: 85 to 90 % of what one core can read).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from downslope.fitting.kernels.records import Linear, MadeToMeasure, Order, Table
from downslope.fitting.linear_code import EightRows, LinearModel, RowLoop, starts_of
from downslope.fitting.row_kernel import row_of
from downslope.symbolic.lanes import BITS, DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes, machine_code

Array = NDArray[np.floating[Any]]

WIDEST = 64  # features whose gradient stays in registers

_POINTER = DOUBLE.as_pointer()
_SIGNATURE = ctypes.CFUNCTYPE(
    None, *[ctypes.c_void_p] * 5, *[ctypes.c_double] * 2, *[ctypes.c_int64] * 2, ctypes.c_void_p
)


class LinearKernel:
    """Sums over rows that follow one another.

    Args:
        features: how many, at most ``WIDEST``.
        code: the number of the loss.
        weighted: whether rows have weights.
    """

    def __init__(self, features: int, code: int, weighted: bool) -> None:
        self.places = places(features)
        self._owner, address = machine_code(_consecutive(features, code, weighted), "sums")
        self._call = _SIGNATURE(address)

    def __call__(self, table: Table, model: Linear, shape: float, rows: range) -> Array:
        """[sum of costs, its derivative in b, its derivatives in w] of ``rows``, whose number is a multiple of 8."""
        w, b, centre = model
        out = np.zeros(self.places[-1] + 1)
        if len(rows):
            addresses = (array.ctypes.data for array in (*table, w, centre))
            self._call(*addresses, b, shape, rows.start, rows.stop, out.ctypes.data)
        return out[self.places]


class OrderedKernel:
    """The same over rows in any order, for machine code to call: ``f(out, [w | b], address of a call sheet)``.

    Attributes:
        address: of the machine code; valid as long as this object lives.
        places: where in ``out`` the sums stand.
    """

    def __init__(self, features: int, code: int, weighted: bool) -> None:
        self.places = places(features)
        self._owner, self.address = machine_code(_ordered(features, code, weighted), "sums")

    def made(self, table: Table, centre: Array, order: Order, shape: float) -> MadeToMeasure:
        """The machine code with the sheet that it reads beside the parameters; the arrays must outlive it.

        The sheet's last two entries are the first place in the order and the end.
        """
        addresses = [array.ctypes.data for array in (*table, centre, *order)]
        sheet = np.array([*addresses, np.float64(shape).view(np.int64), 0, len(order[0])], np.int64)
        return self.address, self.places, sheet


@lru_cache(maxsize=64)
def linear_kernel(features: int, code: int, weighted: bool) -> LinearKernel:
    """The kernel for these; compiled once, in some 20 ms."""
    return LinearKernel(features, code, weighted)


@lru_cache(maxsize=64)
def ordered_kernel(features: int, code: int, weighted: bool) -> OrderedKernel:
    """The kernel for these; compiled once, in some 20 ms."""
    return OrderedKernel(features, code, weighted)


def places(features: int) -> NDArray[np.intp]:
    """Where the sums stand: of costs, slopes, then of each feature; between them may be what counts nothing."""
    whole = features if features < WIDTH else features // WIDTH * WIDTH
    rest = range(2 + whole + WIDTH - (features - whole), 2 + whole + WIDTH) if features > whole else ()
    return np.array([*range(2 + whole), *rest], np.intp)


def _consecutive(features: int, code: int, weighted: bool) -> ir.Module:
    """``sums(X, y, weights, w, centre, b, shape, begin, end, out)``."""
    kinds = [*[_POINTER] * 5, *[DOUBLE] * 2, *[LONG] * 2, _POINTER]
    loop = RowLoop(kinds, starts_of(features) or range(features))
    X, y, weights, w, centre, b, shape, begin, end, out = loop.function.args
    first, inside = loop.begun(begin, end), loop.inside
    pointers = [inside.gep(X, [inside.mul(first, LONG(features))])]
    pointers += [inside.gep(pointers[0], [LONG(i * features)]) for i in range(1, WIDTH)]
    target = row_of(loop.writer, y, first)
    weight = row_of(loop.writer, weights, first) if weighted else None
    loop.body(EightRows(pointers, target, weight), LinearModel(features, w, centre, b), (code, shape))
    return loop.ended(out)


def _ordered(features: int, code: int, weighted: bool) -> ir.Module:
    """``sums(out, [w | b], sheet)``."""
    loop = RowLoop([_POINTER, _POINTER, LONG.as_pointer()], starts_of(features) or range(features))
    out, w, sheet = loop.function.args
    before, inside, writer = loop.before, loop.inside, loop.writer
    entries = [before.load(before.gep(sheet, [LONG(k)])) for k in range(9)]
    X, y, weights, centre = (before.inttoptr(entry, _POINTER) for entry in entries[:4])
    order, coming = (before.inttoptr(entry, LONG.as_pointer()) for entry in entries[4:6])
    shape, (begin, end) = before.bitcast(entries[6], DOUBLE), entries[7:]
    b = before.load(before.gep(w, [LONG(features)]))
    first = loop.begun(begin, end)
    last = before.sub(end, LONG(1))
    places, rows, pointers = [], [], []
    for i in range(WIDTH):  # places after the end hold the last row again, which then counts nothing
        place = inside.add(first, LONG(i))
        place = inside.select(inside.icmp_signed("<", place, end), place, last)
        rows.append(inside.load(inside.gep(order, [place])))
        pointers.append(inside.gep(X, [inside.mul(rows[-1], LONG(features))]))
        ahead = inside.load(inside.gep(coming, [place]))
        loop.ask_for(inside.gep(X, [inside.mul(ahead, LONG(features))]), features)
        places.append(place)
    target, weight = (
        _picked(writer, y, rows),
        _picked(writer, weights, rows) if weighted else writer.number(1.0),
    )
    counts = ir.Constant(BITS, ir.Undefined)
    for i in range(WIDTH):
        here = inside.icmp_signed("<", inside.add(first, LONG(i)), end)
        counts = inside.insert_element(counts, here, LONG(i))
    weight = writer.select(Lanes(writer, counts, False), weight, 0.0)
    loop.body(EightRows(pointers, target, weight), LinearModel(features, w, centre, b), (code, shape))
    return loop.ended(out)


def _picked(writer: LaneBuilder, array: Any, rows: Sequence[Any]) -> Lanes:
    """The numbers of these rows."""
    inside = writer.inside
    lanes = ir.Constant(DOUBLES, ir.Undefined)
    for i, row in enumerate(rows):
        lanes = inside.insert_element(lanes, inside.load(inside.gep(array, [row])), LONG(i))
    return Lanes(writer, lanes, False)
