"""The triangle that rows of a hypothesis are turned into, block by block."""

from __future__ import annotations

import numpy as np
import pytest

import downslope as ds
from downslope.fitting import as_loss, kernels
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.frames_in_memory import from_columns
from downslope.fitting.hypothesis import read_hypothesis
from downslope.fitting.problem import Specification, make_problem


def rows_of(right: str, table: dict[str, np.ndarray]) -> FormulaRows:
    hypothesis = read_hypothesis(f"y ~ {right}", from_columns(table))
    return FormulaRows(hypothesis, np.column_stack([table[name] for name in hypothesis.columns]))


@pytest.mark.parametrize("count", [1, 3, 63, 64, 65, 1000])
@pytest.mark.parametrize("weighted", [False, True])
def test_its_square_is_that_of_the_rows(count: int, weighted: bool) -> None:
    rng = np.random.default_rng(count)
    x, y = rng.uniform(0.5, 4, count), rng.standard_normal(count)
    weights = rng.integers(0, 3, count).astype(float) if weighted else np.empty(0)
    theta, total = np.array([2.0, -0.3, 0.5]), float(weights.sum() or count)
    rows = rows_of("a*exp(b*x) + c*x", {"x": x, "y": y})
    e = np.exp(theta[1] * x)
    A = np.column_stack([e, theta[0] * x * e, x, theta[0] * e + theta[2] * x - y]) / np.sqrt(total)
    A *= np.sqrt(weights)[:, None] if weighted else 1.0
    formula = rows.native.address, rows.native.data, theta
    R, finite = kernels.formula_triangle((rows.X, y, weights), formula, total)
    assert finite == np.isfinite(R).all()
    whole = np.nan_to_num(R)  # the diagonal of so few rows may be 0, which it says
    assert np.array_equal(whole, np.triu(whole))
    if count >= 63:
        assert np.allclose(R.T @ R, A.T @ A, rtol=1e-13, atol=1e-13)
        assert np.allclose(np.abs(R), np.abs(np.linalg.qr(A, mode="r")), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1e-170, 1e-150, 1e160])
def test_columns_whose_squares_have_no_digits_are_left_to_another(size: float) -> None:
    x = np.linspace(1, 2, 50)
    rows = rows_of(f"a*{size}*x + b", {"x": x, "y": x})
    assert rows.triangle(np.array([1.0, 1.0]), x, np.empty(0), 50.0) is None
    found = ds.fit({"x": x, "y": 3 * x + 1}, "y ~ a*b*1e-170*x + c", start="a=1,b=2,c=0", steps=3)
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_the_rows_of_a_penalty_are_added(l2: float) -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 3, 200)
    table = {"x": x, "y": 2 * np.exp(-0.7 * x) + 0.1 * rng.standard_normal(200)}
    found = ds.fit(table, "y ~ a*exp(b*x)", start="a=1,b=-0.1", l2=l2)
    frame = from_columns(table)
    hypothesis = read_hypothesis("y ~ a*exp(b*x)", frame)
    objective = make_problem(frame, Specification(hypothesis, as_loss("mse"), l2=l2)).objective
    assert found.success
    assert np.linalg.norm(objective.gradient(found.run.final)) < 1e-8
    cost, told = objective.residuals(found.run.final)
    assert cost == pytest.approx(objective.value(found.run.final), rel=1e-12)
    assert np.allclose(2 * told.root.T @ told.along, objective.gradient(found.run.final), atol=1e-12)
