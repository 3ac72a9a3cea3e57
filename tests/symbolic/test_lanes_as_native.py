"""``in_lanes_as_native`` gives the bits of SymEngine's machine code."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
import symengine as se
from llvmlite import ir

from downslope.language import parse
from downslope.symbolic import compile_native, gradient, lower
from downslope.symbolic.lanes import (
    DOUBLE,
    DOUBLES,
    WIDTH,
    LaneBuilder,
    Lanes,
    in_lanes_as_native,
    machine_code,
)

FORMULAS = (
    "x^2/20 + y^2",
    "(1-x)^2 + 100*(y-x^2)^2",
    "x/y + 3*x*y^-2 - 1/(x^3)",
    "sin(x)*cos(y) + exp(-x^2)/7",
    "sqrt(x^2 + y^2) + (x^2+1)^(-1/2) + abs(x)^1.7",
    "max(x, y) + min(x*y, 0.1) + where(x > y, x, y^2)",
    "log(x^2 + 1)/3 + tanh(y) + atan(x)",
    "exp(1)/exp(x) + 2/exp(2) * y + 1/(exp(1) + pi)",
)


def _in_lanes(expressions: list[Any], symbols: list[Any], points: Any) -> Any:
    module = ir.Module()
    pointer = DOUBLE.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer, pointer]), "evaluate")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    inside = ir.IRBuilder(function.append_basic_block("inside"))
    source, target = function.args

    def place(array: Any, row: int, at: Any) -> Any:
        offset = ir.Constant(ir.IntType(64), row * WIDTH)
        return at.bitcast(at.gep(array, [offset]), DOUBLES.as_pointer())

    writer = LaneBuilder(builder, inside)
    known = {
        symbol: Lanes(writer, builder.load(place(source, row, builder), align=8), False)
        for row, symbol in enumerate(symbols)
    }
    for row, value in enumerate(in_lanes_as_native(writer, expressions, known)):
        inside.store(value.code, place(target, row, inside), align=8)
    inside.ret_void()
    builder.branch(inside.block)
    owner, address = machine_code(module, "evaluate")
    out = np.empty((len(expressions), WIDTH))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)(points.ctypes.data, out.ctypes.data)
    assert owner is not None
    return out


@pytest.mark.parametrize("formula", FORMULAS)
def test_lanes_have_the_bits_of_native_code(formula: str) -> None:
    symbols = [se.Symbol("x"), se.Symbol("y")]
    value = lower(parse(formula).tree)
    expressions = [value, *gradient(value, symbols)]
    points = np.random.default_rng(1).normal(size=(2, WIDTH)) * 3
    native = compile_native(symbols, expressions)
    expected = np.array([native(np.ascontiguousarray(point)) for point in points.T]).T
    assert np.array_equal(_in_lanes(expressions, symbols, points), expected, equal_nan=True)
