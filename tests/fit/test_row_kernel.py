"""Sums of any hypothesis over the rows: several rows at once agree with one row at a time."""

import copy
import pickle

import numpy as np
import pytest

from downslope.api.table_fitting import fit
from downslope.fitting import as_loss, row_kernel
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.frames_in_memory import from_columns
from downslope.fitting.hypothesis import read_hypothesis
from downslope.fitting.problem import Specification, make_problem
from downslope.fitting.rows import NOTHING

RNG = np.random.default_rng(21)
N = 10_007  # no multiple of a block
TABLE = {"x": RNG.random(N) * 3, "z": RNG.standard_normal(N), "y": (RNG.random(N) > 0.5) * 1.0}
WEIGHTS = RNG.random(N)
CURVES = {
    "y ~ a*(1 - exp(-b*x)) + c": [1.1, 0.7, 0.2],
    "y ~ a*tanh(b*x + c*z) + log(1 + d^2)": [0.4, 1.2, -0.3, 0.8],
    "y ~ a*x^b + where(z > c, z, sin(z))": [0.5, 0.3, 0.1],
    "y ~ a": [0.3],
}


def task_of(text, loss, table=TABLE, weights=None):
    frame = from_columns(table)
    asked = Specification(read_hypothesis(text, frame), as_loss(loss), weights, as_formula=True)
    return make_problem(frame, asked)


def both(problem, theta):
    """(sums at once, sums one by one, sums of the sizes of what is added)."""
    o, rows = problem.objective, problem.rows
    assert isinstance(rows, FormulaRows)
    rows.expect(10**9)
    at_once = rows.sums(np.array(theta), o.y, o.weights, o.loss)
    rows.expect(0)
    one_by_one = rows.sums(np.array(theta), o.y, o.weights, o.loss)
    u, J = rows.jacobian(np.array(theta), slice(None))
    with np.errstate(all="ignore"):
        sizes = np.append(np.abs(one_by_one[0]), np.abs(J).T @ (1 + np.abs(u)))
    return at_once, one_by_one, sizes


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "loss", ["mse", "rmse", "mae", "huber(0.4)", "log_cosh", "quantile(0.8)", "log_loss", "poisson"]
)
@pytest.mark.parametrize("text", CURVES)
def test_every_loss(text, loss, weights):
    at_once, one_by_one, sizes = both(task_of(text, loss, weights=weights), CURVES[text])
    assert np.all(np.abs(at_once - one_by_one) <= 1e-14 * sizes + 1e-13 * np.abs(one_by_one))
    assert not np.array_equal(at_once, 0 * at_once)


@pytest.mark.parametrize("wild", [1e7, -1e300, np.inf, np.nan])
def test_rows_out_of_range_are_done_one_by_one(wild):
    table = {**TABLE, "x": TABLE["x"].copy()}
    table["x"][[3, 4_000, 4_300, N - 1]] = wild
    problem = task_of("y ~ a*sin(b*x) + c", "mse")
    problem.rows.X[:, 0] = table["x"]
    at_once, one_by_one, sizes = both(problem, [1.0, 2.0, 0.5])
    if abs(wild) < np.inf:
        assert np.all(np.abs(at_once - one_by_one) <= 1e-13 * sizes)
        assert np.all(np.isfinite(at_once))
    else:
        assert np.isnan(at_once[0])
        assert np.array_equal(np.isnan(at_once), np.isnan(one_by_one))


def test_an_overflow_is_an_overflow():
    at_once, one_by_one, _ = both(task_of("y ~ a*exp(b*x)", "mse"), [1.0, 400.0])
    assert at_once[0] == one_by_one[0] == np.inf


@pytest.mark.parametrize("rows", [1_024, 1_025, 1_279, 33_000])
def test_what_is_left_over_counts(rows):
    table = {"x": np.ones(rows), "y": np.zeros(rows)}
    at_once, one_by_one, _ = both(task_of("y ~ a*x", "mse", table), [1.0])
    assert at_once.tolist() == one_by_one.tolist() == [rows, 2 * rows]


def test_the_number_of_cores_changes_nothing(monkeypatch):
    problem = task_of("y ~ a*(1 - exp(-b*x)) + c", "mse")
    found = []
    for cores in (1, 2, 3, 7):
        monkeypatch.setattr(row_kernel, "cores", lambda n=cores: n)
        found.append(both(problem, [1.0, 0.7, 0.1])[0].tolist())
    assert found[1:] == found[:-1]


def test_rows_that_are_to_be_done_again():
    size = row_kernel.BLOCK
    good = np.array([True, False, False, True, False])
    assert row_kernel._runs(good, 5 * size) == [(size, 3 * size), (4 * size, 5 * size)]
    assert row_kernel._runs(good, 5 * size + 9) == [(size, 3 * size), (4 * size, 5 * size + 9)]
    assert row_kernel._runs(np.array([True]), size + 1) == [(size, size + 1)]
    assert row_kernel._runs(np.array([True]), size) == []
    assert row_kernel._runs(np.zeros(0, bool), 9) == [(0, 9)]
    many = row_kernel._runs(np.zeros(300, bool), 300 * size)
    assert many[0][1] - many[0][0] == row_kernel.CHUNK_ROWS
    assert [b for b, _ in many[1:]] == [e for _, e in many[:-1]]


def test_kernels_are_compiled_once_and_where_that_pays():
    rows = task_of("y ~ a*x + b", "mse").rows
    assert not rows.often
    rows.expect(1_000)
    assert rows.often
    assert row_kernel.row_kernel(rows.hypothesis.symbols, rows.outputs, 0, False) is row_kernel.row_kernel(
        rows.hypothesis.symbols, rows.outputs, 0, False
    )
    small = task_of("y ~ a*x", "mse", {"x": np.ones(500), "y": np.ones(500)}).rows
    small.expect(10**9)
    assert not small.often


def test_long_formulas_are_done_one_by_one():
    text = "y ~ a*x" + "".join(f" + sin({i}*b*x)*cos({i}*z)" for i in range(200))
    at_once, one_by_one, _ = both(task_of(text, "mse"), [1.0, 0.1])
    assert np.array_equal(at_once, one_by_one)


def test_fits_agree_whichever_way_the_rows_are_added(monkeypatch):
    table = {"x": TABLE["x"], "y": 2 * np.exp(-0.7 * TABLE["x"]) + 0.3 + 0.1 * TABLE["z"]}
    found = {}
    for worth in (1, 10**12):
        monkeypatch.setattr("downslope.fitting.formula_rows.WORTH_COMPILING", worth)
        found[worth] = fit(table, "y ~ a*exp(-b*x) + c", start="a=1,b=1,c=0")
        assert found[worth].success
        assert found[worth].problem.rows.often == (worth == 1)
    assert np.allclose(found[1].run.final, found[10**12].run.final, rtol=1e-8)
    assert np.allclose(found[1].run.final, [2.0, 0.7, 0.3], atol=0.02)


def test_missing_weights_are_no_weights():
    problem = task_of("y ~ a*x + b", "mse")
    ones = task_of("y ~ a*x + b", "mse", weights=np.ones(N))
    assert problem.objective.weights is NOTHING
    assert both(problem, [0.3, 0.1])[0] == pytest.approx(both(ones, [0.3, 0.1])[0], rel=1e-15)


def test_a_fit_with_a_kernel_can_be_copied_and_pickled():
    x = np.linspace(0, 3, 50_000)
    found = fit({"x": x, "y": 2 * np.exp(-0.7 * x)}, "y ~ a*exp(-b*x)", start={"a": 1, "b": 1})
    assert found.problem.objective.rows._kernels
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert again.x == found.x
        assert again.problem.objective.value(found.run.final) == found.problem.objective.value(
            found.run.final
        )
