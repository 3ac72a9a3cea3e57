"""Loops that are compiled say what Python says of the same text."""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from llvmlite import ir

from downslope.descent import judge as j
from downslope.descent import kernel
from downslope.descent.kernel_calls import Loop, absorbing, address_of, trace_words
from downslope.symbolic.loop_code import PythonWriter
from downslope.symbolic.loop_numbers import DOUBLE, LONG, Array
from trials import fresh_seed, trials

WHOLE = (-9, -3, -1, 0, 1, 2, 7, 2**40)
BROKEN = (0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, math.nan, 1e-320)


class Pair(NamedTuple):
    one: Any
    two: Any


def halves(n: Any) -> Any:
    """Steps of Collatz, at most 200."""
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
        if count == 200:
            break
    return count


def nested(a: Any, b: Any) -> Any:
    total = 0
    for i in range(a):
        for k in range(i):
            if k == b:
                break
            total += i * k - (b if k % 3 == 1 else 1)
        if total > 1_000_000_000:
            return -1
    return total


def places(a: Any, b: Any) -> Any:
    pair = Pair(a, abs(b))
    first, second = pair.two, pair.one
    return 1000 * (first % 7) + (second // 3) * min(a, b) + max(a, 3) - (-b)


def early(a: Any, b: Any) -> Any:
    if a > b:
        if b < 0:
            return 1
        return 2
    if a == b:
        return 3
    return places(a, b)


def written(function: Callable[..., Any], arguments: list[Any]) -> Loop:
    return Loop(arguments, lambda writer, given: writer.inline(function, list(given)))


def test_whole_numbers() -> None:
    code = written(halves, [LONG])
    assert all(code.call(n) == halves(n) for n in range(1, 300))
    for function in (places, early):
        code = written(function, [LONG, LONG])
        for a, b in itertools.product(WHOLE[:-1], repeat=2):
            assert code.call(a, b) == function(a, b), (a, b)
    code = written(nested, [LONG, LONG])
    assert all(code.call(a, b) == nested(a, b) for a, b in itertools.product(range(-1, 20), repeat=2))


def compared(x: Any, out: Any) -> Any:
    a, b = x[0], x[1]
    out[0] = a < b
    out[1] = a <= b
    out[2] = a == b
    out[3] = a != b
    out[4] = not a > b and (a >= 0 or b < 1)
    out[5] = np.isfinite(a) or np.isnan(b)
    return 0


def computed(x: Any, out: Any) -> Any:
    a, b = x[0], x[1]
    out[0] = a + 2 * b
    out[1] = a * b - 1
    out[2] = abs(a)
    out[3] = min(a, b)
    out[4] = max(a, b)
    out[5] = np.sqrt(abs(b))
    return 0


@pytest.mark.parametrize("function", [compared, computed])
def test_broken_numbers(function: Callable[..., Any]) -> None:
    def write(writer: PythonWriter, given: Any) -> Any:
        return writer.inline(function, [Array(pointer, (6,)) for pointer in given])

    code = Loop([DOUBLE.as_pointer(), DOUBLE.as_pointer()], write)
    for a, b in itertools.product(BROKEN, repeat=2):
        x, out, wanted = np.array([a, b]), np.zeros(6), np.zeros(6)
        code.call(address_of(x), address_of(out))
        with np.errstate(all="ignore"):
            function(x, wanted)
        assert out.tobytes() == wanted.tobytes() or np.array_equal(out, wanted, equal_nan=True), (a, b)


def test_what_is_no_loop_over_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a.$"):
        written(refused, [LONG])


def refused(a: Any) -> Any:
    return [a]


def limits_drawn(draw: random.Random) -> Any:
    limits = np.full(j.LIMITS, np.inf)
    tolerance, change = draw.choice([-1.0, 0.0, 0.5]), draw.choice([-1.0, 0.01])
    limits[: j.MOST_STEPS] = [tolerance, change, -1.0, draw.choice([-np.inf, -3.0]), 1e3, -1e3]
    limits[j.MOST_STEPS], limits[j.MOST_EVALUATIONS] = draw.choice([20, 1e30]), draw.choice([25, 1e30])
    limits[j.MOST_IDLE], limits[j.WATCHED] = draw.choice([4, 100]), draw.choice([0, 1])
    return limits


def test_absorbing_is_what_its_text_says() -> None:
    """Random blocks, taken over by machine code and by Python: the same counts, memory, rows and end."""
    draw = random.Random(fresh_seed())
    for _ in range(trials(200)):
        p, count = draw.choice([0, 1, 2, 33, 70]), draw.randrange(1, 40)
        numbers = np.random.default_rng(draw.randrange(2**32))
        block = numbers.normal(size=(count, p + 3)).round(1)
        block[:, -1] = numbers.random(count) < 0.8
        block[numbers.random(count) < 0.05, -3] = draw.choice(BROKEN)
        moves = (
            np.where(numbers.random(count) < 0.5, np.nan, numbers.random(count))
            if p
            else numbers.random(count)
        )
        limits, made = limits_drawn(draw), []
        stride, tail = draw.choice([1, 3]), draw.choice([5, int(j.NO_LIMIT)])
        for compiled in (True, False):
            counts, memory = np.zeros(j.COUNTS, np.int64), np.full(j.LAST_X + p, np.nan)
            counts[j.STEP], counts[j.STRIDE], counts[j.TAIL] = -1, stride, tail
            memory[[j.LEAST_VALUE, j.LEAST_NORM]] = np.inf
            rows, row_steps = np.zeros((30, p + 2)), np.zeros((30, 2), np.int64)
            arrays = (counts, limits, memory, rows, row_steps)
            if compiled:
                words = trace_words(arrays, p)
                code = absorbing().call(address_of(words), address_of(block), *block.shape, address_of(moves))
            else:
                with np.errstate(all="ignore"):
                    code = kernel.absorb(block, moves, kernel.TraceArrays(*arrays, p))
            made.append((int(code), *(array.tobytes() for array in (counts, rows, row_steps)), memory))
        assert made[0][:4] == made[1][:4]
        np.testing.assert_array_equal(made[0][4], made[1][4])


@ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double), ctypes.c_void_p
)
def halving(out: Any, given: Any, data: Any) -> None:
    """The step map of x/2 for x^2: x, then value, square of the gradient, and every fifth trial refused."""
    x, count = given[0], given[1]
    out[0], out[1] = (x / 2, count + 1)
    out[2], out[3], out[4] = x * x, 4 * x * x, 0.0 if count % 5 == 4 else 1.0


@pytest.mark.parametrize("watched", [0.0, 1.0])
def test_iterating_is_what_its_text_says(watched: float, monkeypatch: pytest.MonkeyPatch) -> None:
    from downslope.descent.kernel_calls import iterating

    compiled_code = iterating(False)  # before its text is changed for Python
    address = ctypes.cast(halving, ctypes.c_void_p).value

    def call(code: Any, buffers: Any, places: Any) -> None:
        x, count = buffers[places[1]], buffers[places[1] + 1]
        at = places[0]
        buffers[at : at + 5] = [x / 2, count + 1, x * x, 4 * x * x, 0.0 if count % 5 == 4 else 1.0]

    monkeypatch.setattr(kernel, "_call", call)
    made = []
    for compiled in (True, False):
        counts, memory, limits = (
            np.zeros(j.COUNTS, np.int64),
            np.full(j.LAST_X + 1, np.nan),
            np.full(j.LIMITS, np.inf),
        )
        counts[j.STEP], counts[j.STRIDE], counts[j.TAIL] = -1, 2, 2**53
        limits[: j.MOST_STEPS] = [1e-6, -1, 1e-3 if watched else -1, -np.inf, 1e3, -1e3]
        limits[j.WATCHED] = watched
        limits[[j.SUSPECT, j.ASK_BELOW]] = watched, 0.0
        memory[[j.LEAST_VALUE, j.LEAST_NORM]] = np.inf
        rows, row_steps, buffers = np.zeros((30, 3)), np.zeros((30, 2), np.int64), np.zeros(15)
        buffers[:2] = 3.0, 0.0
        arrays, ends = (counts, limits, memory, rows, row_steps), []
        for budget in (1, 3, 100):
            if compiled:
                words = trace_words(arrays, 1)
                ends.append(
                    compiled_code.call(address_of(words), address, 0, address_of(buffers), 5, 0, budget)
                )
            else:
                step = kernel.StepCode(0, 0, buffers, 5, 0)
                ends.append(kernel.iterate(step, kernel.TraceArrays(*arrays, 1), budget))
        made.append((list(map(int, ends)), *(array.tobytes() for array in (counts, memory, rows, row_steps))))
    assert made[0] == made[1]
    assert made[0][0][-1] == (j.POINT_STEADY if watched else j.GRADIENT_SMALL)


def test_a_formula_is_descended_without_numba() -> None:
    """Which takes as long to be imported as all the rest."""
    asked = "import sys, downslope as ds; ds.minimize('x^2', 3.0); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_code_of_a_module_is_written_once() -> None:
    """What is called at several places is one function there."""
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer(), LONG]), "work")
    writer = PythonWriter(function)
    array = kernel.NumbersAt(Array(function.args[0], (0,)), function.args[1])
    for _ in range(3):
        writer.inline(kernel._free_third, [array.array, function.args[1], function.args[1], function.args[1]])
    writer.b.ret_void()
    assert len(module.functions) == 2
