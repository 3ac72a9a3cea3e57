"""Products of matrices in tiles and streams, alone and with helping threads."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest

from downslope.programs import compiled, helping, product_writer, tasks
from downslope.programs.compiled import CompiledProgram
from downslope.programs.node import Graph

SHAPES = [
    (1, 40, 1),
    (9, 1, 9),
    (8, 16, 8),
    (7, 33, 5),
    (17, 8, 99),
    (99, 8, 17),
    (3, 50, 41),
    (41, 50, 3),
    (64, 21, 1),
    (1, 21, 64),
    (43, 19, 27),
]


@pytest.mark.parametrize("rows", [4, 8])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cached", [1 << 20, 30])  # numbers that caches hold
def test_products_are_those_of_numpy_whoever_makes_their_tiles(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], turned: str, rows: int, cached: int
) -> None:
    m, k, n = shape
    monkeypatch.setattr(product_writer, "tile_rows", lambda: rows)
    monkeypatch.setattr(product_writer, "MOST_TILED", cached)
    monkeypatch.setattr(product_writer, "FEWEST_OF_A_BLOCK", 100)
    graph = Graph()
    a = graph.input("a", (k, m) if "a" in turned else (m, k))
    b = graph.input("b", (n, k) if "b" in turned else (k, n))
    left = graph.transposed(a, (1, 0)) if "a" in turned else a
    right = graph.transposed(b, (1, 0)) if "b" in turned else b
    outputs = [graph.element("add", graph.matmul(left, right), graph.number(0.5))]
    point = np.random.default_rng(0).normal(size=a.size + b.size)
    x, y = point[: a.size].reshape(a.shape), point[a.size :].reshape(b.shape)
    wanted = (x.T if "a" in turned else x) @ (y.T if "b" in turned else y) + 0.5
    monkeypatch.setattr(compiled, "_CODES", OrderedDict())
    np.testing.assert_allclose(
        CompiledProgram([a, b], outputs)(point), wanted.ravel(), rtol=1e-12, atol=1e-12
    )
    monkeypatch.setattr(compiled, "_CODES", OrderedDict())
    monkeypatch.setattr(tasks, "FEWEST_MULTIPLIED", 1)
    monkeypatch.setattr(helping, "cores", lambda: 3)
    monkeypatch.setattr(helping.HelpingThreads, "_wants_help", lambda _: True)
    program = CompiledProgram([a, b], outputs)
    alone = program(point)
    np.testing.assert_allclose(alone, wanted.ravel(), rtol=1e-12, atol=1e-12)
    with program.helped(5):
        assert all(program(point).tobytes() == alone.tobytes() for _ in range(5))
