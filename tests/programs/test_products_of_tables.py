"""Products with matrices that never change: what is the same product is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.objectives.array_program import ArrayProgram
from downslope.programs import needed

SIZE = 90


def _matrix(symmetric: bool) -> Any:
    a = np.random.default_rng(0).normal(size=(SIZE, SIZE))
    whole = a @ a.T if symmetric else a
    return (whole + whole.T) / 2 if symmetric else whole


FORMS = {
    "from the left": lambda q, x: x @ q @ x / 2,
    "from the right": lambda q, x: 0.5 * (x @ (q @ x)),
    "transposed": lambda q, x: 0.25 * np.sum(x * (q.T @ x)) - 2 * x[0],
}


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_a_quadratic_reads_a_symmetric_matrix_once(form: str, symmetric: bool) -> None:
    q = _matrix(symmetric)
    program = ArrayProgram(lambda x: FORMS[form](q, x), SIZE)
    products = sum(node.operation == "matmul" for node in needed([program.value, program.gradient]))
    assert products == 1 if symmetric else products >= 1
    x = np.random.default_rng(1).normal(size=SIZE)
    value, slopes = program.value_and_gradient(x)
    assert value == pytest.approx(FORMS[form](q, x), rel=1e-11)
    for k in (0, 7, SIZE - 1):  # a complex step
        moved = x.astype(complex)
        moved[k] += 1e-30j
        slope = np.imag(FORMS[form](q, moved)) / 1e-30
        assert slopes[k] == pytest.approx(slope, rel=1e-10, abs=1e-9)


def test_a_matrix_that_is_all_but_symmetric_is_not_taken_for_one() -> None:
    q = _matrix(True)
    q[-1, 70] += 1e-9
    x = np.random.default_rng(1).normal(size=SIZE)
    program = ArrayProgram(lambda x: np.sum(np.cos(q.T @ x)), SIZE)
    assert program.value_at(x) == pytest.approx(np.sum(np.cos(q.T @ x)), rel=1e-13)
    (product,) = (node for node in needed([program.value]) if node.operation == "matmul")
    read = product.operands[0]
    held = read.detail.array if read.operation == "table" else read.operands[0].detail.array.T
    assert np.array_equal(held, q.T)
