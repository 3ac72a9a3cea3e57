"""What is written through one array is seen through the others that share its memory, as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from functions_of_arrays import computed, recorded, worked_out

from downslope.programs.array import ProgramArray
from downslope.programs.node import Graph
from downslope.symbolic.unknown import TraceError
from trials import fresh_seed, trials

VIEWS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda a: a[1:],
    "steps": lambda a: a[::2],
    "backwards": lambda a: a[::-1],
    "T": lambda a: a.T,
    "reshape": lambda a: a.reshape(-1),
    "reshape in two": lambda a: a.reshape(2, -1) if a.size % 2 == 0 else a,
    "ravel": lambda a: np.ravel(a),
    "new axis": lambda a: a[None],
    "one": lambda a: a[0],
    "whole": lambda a: a[...],
    "expand": lambda a: np.expand_dims(a, -1),
    "swap": lambda a: np.swapaxes(a, 0, -1),
    "flip": lambda a: np.flip(a, 0),
    "copy": lambda a: a.copy(),
    "doubled": lambda a: a * 2,
    "same": lambda a: a,
    "split": lambda a: np.array_split(a, 2)[0],
    "by numbers": lambda a: a[[0, 0]],
}
WRITES: dict[str, Callable[[Any, Any], None]] = {
    "one": lambda a, v: a.__setitem__(0, v),
    "last": lambda a, v: a.__setitem__((Ellipsis, -1), v),
    "part": lambda a, v: a.__setitem__(slice(0, 2), v * 2),
    "steps": lambda a, v: a.__setitem__(slice(None, None, -2), v + 1),
    "whole": lambda a, v: a.__setitem__(Ellipsis, v),
    "by numbers": lambda a, v: a.__setitem__([0, -1], v),
    "numbers": lambda a, v: a.__setitem__(0, 3.5),
    "itself": lambda a, v: a.__setitem__(slice(None), a[::-1] * 1.0),
    "more": lambda a, v: a.__iadd__(v),
    "times": lambda a, v: a.__imul__(a),
    "by truth": lambda a, v: a.__setitem__(a > 0, v),
    "by known truth": lambda a, v: a.__setitem__(np.arange(a.shape[0]) % 2 == 0, v),
    "out": lambda a, v: np.multiply(a, v, out=a),
    "fill": lambda a, v: a.fill(1.25),
    "copyto": lambda a, v: np.copyto(a, a + v),
}


def drawn_writes(seed: list[int]) -> Callable[[Any], Any]:
    """A function that makes views of views, and writes through some of them."""
    rng = np.random.default_rng(seed)
    plan = [(int(rng.integers(3)), rng.random(4)) for _ in range(int(rng.integers(4, 14)))]

    def function(x: Any) -> Any:
        arrays = [x.reshape(4, 3) if seed[-1] % 2 else x, x * 1.5]
        for kind, chance in plan:
            array = arrays[int(chance[0] * len(arrays))]
            if kind < 2 and array.ndim and array.size:
                arrays.append(list(VIEWS.values())[int(chance[1] * len(VIEWS))](array))
            elif array.ndim and array.size:
                other = arrays[int(chance[2] * len(arrays))]
                value = other[(0,) * other.ndim] if other.size else 2.0
                list(WRITES.values())[int(chance[3] * len(WRITES))](array, value)
        return [*arrays, x]

    return function


@pytest.mark.parametrize("part", range(4))
def test_drawn_writes_are_seen_where_numpy_sees_them(part: int) -> None:
    seed = fresh_seed()
    for k in range(trials(60)):
        function = drawn_writes([seed, part, k])
        point = np.linspace(-1.1, 2.0, 12)
        found, wanted = worked_out(function, point), computed(function, point)
        for mine, theirs in zip(found, wanted, strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(mine, theirs, rtol=1e-13, err_msg=f"{[seed, part, k]}")


def test_an_array_filled_element_by_element_is_one_assembled_array() -> None:
    n = 40

    def function(x: Any) -> Any:
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, n):
            y[i] = 0.5 * y[i - 1] + x[i]
        return y

    x, (node,) = recorded(function, (n,))
    assert node.operation == "assemble"
    assert len(node.operands) == n
    assert sum(other.shape == (n,) for other in x.graph.nodes) < 4
    point = np.linspace(-1, 1, n)
    np.testing.assert_allclose(worked_out(function, point)[0], computed(function, point)[0], rtol=1e-14)


def test_a_number_that_is_added_to_is_another_number() -> None:
    def function(x: Any) -> Any:
        total = x[0]
        before = total
        total += x[1]
        return [before, total, x]

    np.testing.assert_array_equal(worked_out(function, np.array([1.0, 2.0]))[0], 1.0)
    np.testing.assert_array_equal(worked_out(function, np.array([1.0, 2.0]))[1], 3.0)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: np.broadcast_to(x, (2, 4)),
        lambda x: np.diagonal(x[None] * x[:, None]),
        lambda x: np.diag(x * x[:, None]),
    ],
)
def test_what_numpy_does_not_let_be_changed_is_refused(view: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        view(np.ones(4))[0] = 1.0
    with pytest.raises(TraceError):
        view(ProgramArray(Graph().input("x", (4,))))[0] = 1.0


def test_the_last_of_several_values_for_one_place_stays() -> None:
    def function(x: Any) -> Any:
        y = x.copy()
        y[[0, 2, 0]] = x[:3] * 10
        np.add.at(y, [1, 1, 2], x[0])
        return y

    point = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(worked_out(function, point)[0], computed(function, point)[0])
