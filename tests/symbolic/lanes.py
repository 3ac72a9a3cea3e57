"""A loop around vector code, for the tests: every output of a function of lanes, row by row."""

import ctypes

import numpy as np
from llvmlite import ir

from downslope.symbolic.lanes import DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes, machine_code

_POINTER = DOUBLE.as_pointer()


def row_by_row(function, inputs, outputs=1):
    """A NumPy function (inputs, rows) -> ((outputs, rows), rows that are refused)."""
    module = ir.Module()
    kinds = [_POINTER] * (inputs + outputs + 1) + [LONG]
    f = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "rows")
    entry, loop, end = (f.append_basic_block(name) for name in ("entry", "loop", "end"))
    before, inside = ir.IRBuilder(entry), ir.IRBuilder(loop)
    row = inside.phi(LONG)

    def place(k):
        return inside.bitcast(inside.gep(f.args[k], [row]), DOUBLES.as_pointer())

    w = LaneBuilder(before, inside)
    found = function(*(Lanes(w, inside.load(place(k), align=8), False) for k in range(inputs)))
    found = [found] if isinstance(found, Lanes) else found
    for k, lanes in enumerate([*found, w.select(w.bad, 1.0, 0.0)]):
        inside.store(lanes.code, place(inputs + k), align=8)
    following = inside.add(row, LONG(WIDTH))
    inside.cbranch(inside.icmp_signed("<", following, f.args[-1]), loop, end)
    row.add_incoming(LONG(0), entry)
    row.add_incoming(following, loop)
    before.branch(loop)
    ir.IRBuilder(end).ret_void()
    owner, address = machine_code(module, "rows")
    native = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(kinds) - 1), ctypes.c_int64)(address)

    def call(*columns):
        rows = len(columns[0])
        full = -(-rows // WIDTH) * WIDTH
        table = np.ones((inputs + outputs + 1, full))
        table[:inputs, :rows] = columns
        native(*(line.ctypes.data for line in table), full)
        return table[inputs:-1, :rows], table[-1, :rows] > 0

    call.owner = owner
    return call
