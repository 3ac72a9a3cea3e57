"""Small systems by SciPy's LAPACK and by NumPy's: the same answers, and runs where there is no SciPy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from downslope import lapack

RANDOM = np.random.default_rng(3)


@pytest.fixture(params=["scipy", "numpy"])
def whose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "numpy":
        monkeypatch.setattr(lapack, "_scipy", lambda: None)
    return str(request.param)


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_systems_are_solved(whose: str, size: int) -> None:
    A, b = RANDOM.standard_normal((size, size)) + size * np.eye(size), RANDOM.standard_normal(size)
    factor = lapack.cholesky(A @ A.T)
    np.testing.assert_allclose(A @ A.T @ lapack.solve_by_cholesky(factor, b), b, atol=1e-10)
    for T, lower in ((np.triu(A), False), (np.tril(A), True)):
        np.testing.assert_allclose(T @ lapack.solve_triangular(T, b, lower=lower), b, atol=1e-12)
        x = lapack.solve_triangular(T, b, lower=lower, transposed=True)
        np.testing.assert_allclose(T.T @ x, b, atol=1e-12)
    np.testing.assert_allclose(np.triu(A) @ lapack.solve_if_regular(np.triu(A), b), b, atol=1e-12)
    np.testing.assert_allclose(A @ lapack.solve(A, b), b, atol=1e-12)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 3), (3, 7), (90, 70)])
def test_rows_are_factorised(whose: str, rows: int, columns: int) -> None:
    A = RANDOM.standard_normal((rows, columns))
    R = lapack.triangle(A)
    assert R.shape == (min(rows, columns), columns)
    assert np.array_equal(R, np.triu(R))
    np.testing.assert_allclose(R.T @ R, A.T @ A, atol=1e-12 * rows * columns)


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_a_matrix_has_its_singular_values(whose: str, size: int) -> None:
    A = RANDOM.standard_normal((size, size))
    left, values, right = lapack.singular_values(A)
    assert np.all(np.diff(values) <= 0)
    np.testing.assert_allclose((left * values) @ right, A, atol=1e-12)
    np.testing.assert_allclose(left.T @ left, np.eye(size), atol=1e-12)


def test_what_has_no_answer_has_none(whose: str) -> None:
    assert lapack.cholesky(np.diag([1.0, -1.0])) is None
    assert lapack.solve(np.ones((2, 2)), np.ones(2)) is None
    assert lapack.solve_if_regular(np.array([[1.0, 1.0], [0.0, 1e-9]]), np.ones(2)) is None
    assert lapack.solve_if_regular(np.array([[1.0, 1.0], [0.0, 0.0]]), np.ones(2)) is None


def test_rules_that_know_curvature_run_without_scipy() -> None:
    code = """
import sys
sys.modules["scipy"] = None
import downslope as ds
for rule in ("newton", "trust_region", "dogleg", "bfgs", "sr1", "nelder_mead"):
    run = ds.minimize("100*(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1}, optimizer=rule, tolerance=1e-6)
    assert run.success and abs(run.final - 1).max() < 1e-4, (rule, run.message, run.final)
table = {"t": [1, 2, 3, 4, 5.0], "y": [2.7, 7.4, 20.1, 54.6, 148.4]}
fit = ds.fit(table, "y ~ a*exp(b*t)")
assert abs(fit.x["b"] - 1) < 1e-2, fit.x
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
