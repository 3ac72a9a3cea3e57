"""Machine code of programs gives what NumPy gives."""

from __future__ import annotations

import os
import random
from collections import OrderedDict
from functools import partial
from typing import Any

import numpy as np
import pytest
from drawn_functions import drawn
from drawn_programs import Draw, sorting
from functions_of_arrays import CASES, Function, recorded

from downslope.programs import alike
from downslope.programs import compiled as compiled_module
from downslope.programs.compiled import CompiledProgram
from downslope.programs.derivatives import gradient
from downslope.programs.node import Axis, Graph, LibraryCall

SEED = int(os.environ.get("DOWNSLOPE_SEED") or random.SystemRandom().randrange(2**31))
DRAWS = int(os.environ.get("DOWNSLOPE_DRAWS") or 40)


@pytest.mark.parametrize("part", range(4))
def test_drawn_programs_give_what_numpy_gives(part: int) -> None:
    for k in range(DRAWS):
        seed = [SEED, part, k]
        drawn = Draw(np.random.default_rng(seed))
        for _ in range(int(drawn.rng.integers(3, 30))):
            drawn.add()
        outputs = drawn.outputs()
        if not outputs:
            continue
        compiled = CompiledProgram(drawn.inputs, outputs)
        point = drawn.point()
        found, wanted = compiled(point), compiled.evaluate(point)
        begin = 0
        for node in outputs:
            mine, theirs = (array[begin : begin + node.size] for array in (found, wanted))
            scale = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=1.0)
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12 * scale, err_msg=f"{seed}: {node}")
            begin += node.size


def test_what_numpy_computes_is_called_and_its_errors_come_through() -> None:
    graph = Graph()
    x = graph.input("x", (9,))
    ordered = graph.called(sorting(), (graph.element("mul", x, x),), (9,))
    compiled = CompiledProgram([x], [graph.element("add", ordered, graph.number(1.0))])
    point = np.linspace(-2, 3, 9)
    np.testing.assert_allclose(compiled(point), np.sort(point**2) + 1, rtol=1e-15)


def test_what_is_called_of_single_numbers_reads_them_where_they_are() -> None:
    graph = Graph()
    x, rate = graph.input("x", (9,)), graph.input("rate", ())
    cube = LibraryCall("cube", lambda a, b, c, d: a**3 + b + 10 * c + d)
    total = graph.reduced("sum", x)
    second = graph.view(x, [Axis(1, 0, None)], ())
    parts = (total, graph.element("mul", rate, second), second, graph.number(0.25))
    made = graph.called(cube, parts, ())
    compiled = CompiledProgram([x, rate], [graph.element("add", made, total), total])
    point = np.append(np.linspace(-2, 3, 9), 0.5)
    np.testing.assert_allclose(compiled(point), compiled.evaluate(point), rtol=1e-14)


def test_a_large_product_of_matrices_is_the_librarys() -> None:
    graph = Graph()
    a, b = graph.input("a", (70, 80)), graph.input("b", (90, 80))
    product = graph.matmul(a, graph.transposed(b, (1, 0)))
    compiled = CompiledProgram([a, b], [graph.reduced("sum", product), product])
    point = np.random.default_rng(0).normal(size=70 * 80 + 90 * 80)
    wanted = point[:5600].reshape(70, 80) @ point[5600:].reshape(90, 80).T
    found = compiled(point)
    np.testing.assert_allclose(found[1:].reshape(70, 90), wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[0], wanted.sum(), rtol=1e-11)


def test_an_argument_beyond_what_vector_instructions_reduce_is_worked_out_otherwise() -> None:
    graph = Graph()
    x = graph.input("x", (11,))
    compiled = CompiledProgram([x], [graph.reduced("sum", graph.element("sin", x))])
    point = np.linspace(1e7, 2e7, 11)
    np.testing.assert_allclose(compiled(point), [np.sin(point).sum()], rtol=1e-12)


@pytest.mark.parametrize(("name", "function", "point"), CASES, ids=[case[0] for case in CASES])
def test_functions_of_arrays_and_their_slopes_give_what_numpy_gives(
    name: str, function: Function, point: Any
) -> None:
    x, results = recorded(function, np.shape(point))
    graph = x.graph
    one, none = graph.number(1.0), graph.number(0.0)
    numbers = [graph.element("where", node, one, none) if node.truth else node for node in results]
    outputs = [*numbers[:1], *numbers]
    for node in numbers:
        total = graph.reduced("sum", graph.element("mul", node, node))
        outputs += [total, *gradient(total, [x])]
    compiled, inputs = CompiledProgram([x], outputs), np.ravel(np.asarray(point, float))
    np.testing.assert_allclose(compiled(inputs), compiled.evaluate(inputs), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("part", range(2))
def test_drawn_functions_and_their_slopes_give_what_numpy_gives(part: int) -> None:
    for k in range(DRAWS // 2):
        seed = [SEED, part, k, 7]
        function, point = drawn(seed, corners=bool(part))
        x, (value,) = recorded(partial(function, np), point.shape)
        if value.truth or value.size != 1:
            continue
        value = x.graph.reshaped(value, ())
        compiled = CompiledProgram([x], [value, *gradient(value, [x])])
        inputs = np.ravel(point)
        wanted = compiled.evaluate(inputs)
        scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1.0)
        np.testing.assert_allclose(compiled(inputs), wanted, rtol=1e-8, atol=1e-11 * scale, err_msg=str(seed))


def test_loops_that_are_alike_are_written_once_and_compute_the_same() -> None:
    graph = Graph()
    vectors = [graph.input(f"v{k}", (37,)) for k in range(6)]
    total, made = vectors[0], []
    for vector in vectors[1:]:  # each needs the sum that the loop before it made
        share = graph.element(
            "div", graph.reduced("sum", graph.element("mul", total, vector)), graph.number(37.0)
        )
        total = graph.element("sub", vector, graph.element("mul", share, total))
        made.append(total)
    outputs = [*made, graph.reduced("max", total)]
    compiled = CompiledProgram(vectors, outputs)
    point = np.random.default_rng(1).normal(size=6 * 37)
    np.testing.assert_allclose(compiled(point), compiled.evaluate(point), rtol=1e-13)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "FEWEST_ALIKE", 100)
        patch.setattr(compiled_module, "_CODES", OrderedDict())
        assert CompiledProgram(vectors, outputs)(point).tobytes() == compiled(point).tobytes()


def test_a_part_of_a_matrix_is_multiplied_transposed() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(150, 400))

    def cost(x: Any) -> Any:
        matrix = x.reshape(300, 200)
        return np.sum((matrix[:150, :180].T @ table) ** 2)

    start = rng.normal(size=60_000)
    x, outputs = recorded(cost, start.shape)
    assert CompiledProgram([x], outputs)(start)[0] == pytest.approx(cost(start), rel=1e-12)
