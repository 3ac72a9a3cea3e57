"""What NumPy says of an array, a program says of it; what it cannot say it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from functions_of_arrays import CASES, Function, W, computed, worked_out

from downslope.programs.array import ProgramArray
from downslope.programs.node import Graph
from downslope.symbolic.unknown import TraceError


def vector(n: int = 5) -> ProgramArray:
    return ProgramArray(Graph().input("x", (n,)))


@pytest.mark.parametrize(("name", "function", "point"), CASES, ids=[c[0] for c in CASES])
def test_agrees_with_numpy(name: str, function: Function, point: Any) -> None:
    found, wanted = worked_out(function, point), computed(function, point)
    assert [part.shape for part in found] == [part.shape for part in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-13)


REFUSED: dict[str, Function] = {
    "branch": lambda x: x if x[0] > 0 else -x,
    "while": lambda x: [x := x / 2 for _ in iter(lambda: bool(x[0] > 1), False)],
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "math.sin": lambda x: math.sin(x[0]),
    "index": lambda x: W[x[0]],
    "index of itself": lambda x: x[x[0]],
    "builtin max": lambda x: max(x[0], x[1]),
    "np.array": lambda x: np.array([x[0], x[1]]),
    "np.asarray": lambda x: np.asarray(x),
    "added into an array": lambda x: np.zeros(5).__iadd__(x),
    "put into an array": lambda x: np.zeros(5).__setitem__(slice(None), x),
    "trunc": lambda x: np.trunc(x),
    "floor division": lambda x: x // 2,
    "round": lambda x: np.round(x),
    "argmax": lambda x: np.argmax(x),
    "argsort": lambda x: np.argsort(x),
    "count_nonzero": lambda x: np.count_nonzero(x),
    "array_equal": lambda x: np.array_equal(x, W),
    "allclose": lambda x: np.allclose(x, W),
    "any": lambda x: bool(np.any(x > 0)),
    "mask": lambda x: x[x > 0],
    "astype int": lambda x: x.astype(int),
    "complex": lambda x: x * 1j,
    "text": lambda x: x + "a",
    "spectral norm": lambda x: np.linalg.norm(np.outer(x, x), 2),
    "sum where": lambda x: np.mean(x, where=np.array([True, False, True, False, True])),
    "max initial": lambda x: np.max(x, initial=5.0),
    "reduce initial": lambda x: np.add.reduce(x, initial=5.0),
    "unpack a number": lambda x: list(x[0]),
    "compare": lambda x: bool(x == x),
    "bits of numbers": lambda x: x & x,
    "eigenvalues": lambda x: np.linalg.eigvalsh(np.outer(x, x)),
    "spectrum": lambda x: np.fft.fft(x),
    "a function of a list of numbers": lambda x: np.sum([x[0], x[1]]),
    "interp between symbols": lambda x: np.interp(0.5, x, W),
    "a number too large": lambda x: x * 10**400,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_numbers_can_answer_is_refused(name: str) -> None:
    with pytest.raises(TraceError):
        REFUSED[name](vector())


DO_NOT_FIT: dict[str, tuple[Function, str]] = {
    "add": (lambda x: x + np.ones(3), "'add' of arrays of shapes (5,) and (3,) does not fit"),
    "where": (lambda x: np.where(x > 0, x, np.ones(4)), "'where' of arrays of shapes (5,), (5,) and (4,)"),
    "matmul": (lambda x: np.ones((2, 3)) @ x, "arrays of shapes (2, 3) and (5,) does not fit"),
    "dot": (lambda x: x @ np.ones(4), "arrays of shapes (5,) and (4,) does not fit"),
    "concatenate": (lambda x: np.concatenate([x[None], np.ones((2, 3))]), "(1, 5) and (2, 3) does not fit"),
    "einsum": (lambda x: np.einsum("i,i", x, np.ones(3)), "'einsum' of arrays of shapes (5,) and (3,)"),
    "reshape": (lambda x: np.reshape(x, (2, 3)), "np.reshape is not known for symbols: cannot reshape"),
    "solve": (lambda x: np.linalg.solve(np.eye(4), x), "'solve' of arrays of shapes (4, 4) and (5,)"),
    "square": (lambda x: np.linalg.det(x[None]), "a matrix of shape (1, 5) is not square"),
    "axis": (lambda x: np.sum(x, axis=1), "axis 1 is out of bounds"),
    "put": (lambda x: x.copy().__setitem__(slice(2), np.ones(3)), "(3,) and (2,) do not fit"),
}


@pytest.mark.parametrize("name", DO_NOT_FIT)
def test_shapes_that_do_not_fit_are_named(name: str) -> None:
    function, told = DO_NOT_FIT[name]
    with pytest.raises(TraceError) as caught:
        function(vector())
    assert told in str(caught.value)


def test_an_index_out_of_bounds_is_numpys_error() -> None:
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 5"):
        vector()[5]


def test_it_says_what_it_is() -> None:
    x = vector(3)
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((3,), 1, 3, 3, np.dtype(float))
    assert (x > 0).dtype == np.dtype(bool)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((3,), 1, 3)
    assert not np.iscomplexobj(x)
    assert np.result_type(x, 1) == np.dtype(float)
    assert repr(x) == "ProgramArray(%0 = input() of shape (3,))"


def test_what_is_computed_twice_is_written_once() -> None:
    x = vector()
    table = np.arange(5.0)
    assert (np.sin(x) * table).node is (np.sin(x) * table.copy()).node
    assert (x[1:] * 2.0).node is (x[1:] * 2.0).node
    assert (x * np.array(-0.0)).node is not (x * 0.0).node


def test_nothing_is_written_for_what_changes_nothing() -> None:
    x = vector()
    for same in (
        x + 0,
        0 + x,
        x - 0,
        x * 1,
        1 * x,
        x / 1,
        np.negative(-x),
        x**1,
        x[:],
        x[...],
        x.reshape(5),
        +x,
    ):
        assert same.node is x.node


def test_a_table_is_not_changed_with_the_array_that_it_is_of() -> None:
    table = np.ones(5)

    def function(x: Any) -> Any:
        y = x * table
        table[0] = 7.0
        return y + x * table

    found = worked_out(function, np.full(5, 2.0))
    np.testing.assert_array_equal(found[0], [16.0, 4.0, 4.0, 4.0, 4.0])
