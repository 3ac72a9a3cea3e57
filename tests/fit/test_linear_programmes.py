"""Absolute and quantile losses end at the least of their linear programme, which HiGHS solves here."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as csv_file
from pyarrow import parquet
from scipy.optimize import linprog, lsq_linear
from scipy.sparse import csr_matrix, eye, hstack
from scipy.stats import norm

import downslope as ds
from downslope.descent.evidence import Cause
from downslope.fitting import pages, vertex_finish
from downslope.fitting.exchange import Kink, least_vertex
from trials import fresh_seed

DATA = Path(__file__).parents[1] / "data" / "engel.csv"


def least(A, y, w, part):
    """The least mean cost."""
    n, p = A.shape
    w = w / w.sum()
    found = linprog(
        np.concatenate([np.zeros(p), part * w, (1 - part) * w]),
        A_eq=hstack([csr_matrix(A), eye(n), -eye(n)]),
        b_eq=y,
        bounds=[(None, None)] * p + [(0, None)] * (2 * n),
        method="highs",
    )
    return found.fun


@pytest.mark.parametrize("seed", range(4))
def test_drawn_programmes(seed):
    """Also with ties, with columns that depend on each other, and with more rows met than there are parameters."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        n, p = int(rng.integers(3, 300)), int(rng.integers(1, 7))
        whole = rng.random() < 0.5
        X = (
            rng.integers(-3, 4, (n, p)) * 1.0
            if whole
            else rng.normal(size=(n, p)) * 10.0 ** rng.integers(-5, 6, p)
        )
        A = np.column_stack([X, np.ones(n)])
        y = A @ rng.normal(size=p + 1) + rng.standard_t(2, n)
        y = np.round(y) if rng.random() < 0.5 else y
        part = rng.choice([0.05, 0.25, 0.5, 0.9, 0.99])
        w = rng.integers(1, 4, n) * 1.0
        kink = Kink(-part, 1 - part)
        r = A @ rng.normal(size=p + 1) - y
        found = least_vertex(A, r, w, kink)
        assert found is not None
        assert found.proven
        cost = w @ kink.cost(r + A @ found.step) / w.sum()
        assert cost <= least(A, y, w, part) * (1 + 1e-9) + 1e-13 * np.mean(np.abs(y))


def test_a_vertex_that_is_not_the_least_is_not_proven():
    from downslope.fitting.exchange import _Search

    x = np.arange(8.0)
    A, y = np.column_stack([x, np.ones(8)]), np.array([0.0, 1, 2, 9, 4, 5, 6, 7])
    search = _Search(A, -y, np.ones(8), Kink(-0.5, 0.5))
    right = search.run()
    assert search.proven(right)
    search.basis = np.array([3, 0])
    wrong = np.linalg.solve(A[[3, 0]], y[[3, 0]])
    search.here = A @ wrong - y
    assert not search.proven(wrong)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"path": "formula"}])
@pytest.mark.parametrize("loss", ["mae", "quantile(0.1)", "quantile(0.75)"])
def test_fits(loss, options, weighted):
    rng = np.random.default_rng(3)
    x, z = rng.normal(size=150) + 1e4, rng.exponential(size=150)
    y = 3 * x - z + rng.standard_t(2, 150)
    w = rng.integers(0, 3, 150) * 1.0 if weighted else np.ones(150)
    found = ds.fit(
        {"x": x, "z": z, "y": y}, "y ~ a*x + c*z + b", loss=loss, weights=w if weighted else None, **options
    )
    part, factor = (0.5, 2.0) if loss == "mae" else (float(loss[9:-1]), 1.0)
    A = np.column_stack([x - 1e4, z, np.ones(150)])
    kept = w > 0
    right = factor * least(A[kept], y[kept], w[kept], part)
    assert found.success
    assert found.run.termination.evidence.cause == Cause.VERTEX
    assert found.loss <= right * (1 + 1e-9)
    assert found.loss == pytest.approx(found.run.fun, rel=1e-12)


def engel():
    with DATA.open() as file:
        return np.array(list(csv.reader(file))[1:], float).T


@pytest.mark.parametrize(
    ("part", "slope", "intercept"),
    [(0.05, 0.3433611, 124.8800408), (0.5, 0.5601806, 81.4822474), (0.75, 0.6440141, 62.3965855)],
)
def test_engel(part, slope, intercept):
    """The coefficients of R's quantreg, and of Stata; the errors as statsmodels' QuantReg has them by default."""
    found = ds.fit(DATA, "foodexp ~ a*income + b", loss=f"quantile({part})")
    assert found.x == pytest.approx({"a": slope, "b": intercept}, rel=1e-6)
    income, food = engel()
    A, n = np.column_stack([income, np.ones(len(food))]), len(food)
    e = food - A @ [found.x["a"], found.x["b"]]
    z = norm.ppf(part)
    wide = n ** (-1 / 3) * norm.ppf(0.975) ** (2 / 3) * (1.5 * norm.pdf(z) ** 2 / (2 * z**2 + 1)) ** (1 / 3)
    if part == 0.75:
        assert wide == pytest.approx(0.1090401129546568, rel=1e-9)  # Stata
    if part - wide <= 0:
        assert found.standard_errors is None
        assert "quantile" in found.no_standard_errors
        return
    h = min(np.std(food), np.subtract(*np.percentile(e, [75, 25])) / 1.34)
    h *= norm.ppf(part + wide) - norm.ppf(part - wide)
    density = np.sum(0.75 * np.maximum(1 - (e / h) ** 2, 0)) / (n * h)
    if part == 0.75:
        assert 1 / density == pytest.approx(223.784434936344, rel=2e-3)  # Stata, with a bandwidth of its own
    d = np.where(e > 1e-9 * h, (part / density) ** 2, ((1 - part) / density) ** 2)
    bread = np.linalg.inv(A.T @ A)
    errors = np.sqrt(np.diag(bread @ (A.T * d) @ A @ bread))
    assert list(found.standard_errors.values()) == pytest.approx(errors.tolist(), rel=1e-6)


def least_cost(X, y, theta, part, penalties):
    """A lower bound of all costs: the dual quadratic programme at multipliers that lsq_linear finds for ``theta``.

    Penalties are those of ``sum of |theta|`` and of its squares; the last column is the constant term, which has none.
    """
    l1, l2 = penalties
    residual = y - X @ theta
    met = np.flatnonzero(np.abs(residual) <= 1e-9 * np.mean(np.abs(y)))
    d = np.where(residual > 0, part, part - 1.0)
    d[met] = 0.0
    none = np.flatnonzero(np.abs(theta[:-1]) <= 1e-12)  # of which the slope of |theta| is what it has to be
    pull = len(y) * np.append(2 * l2 * theta[:-1] + l1 * np.sign(theta[:-1]), 0.0)
    pull[none] = 0.0
    ways = np.hstack([X[met].T, len(y) * l1 * np.eye(len(theta))[:, none]])
    if ways.size:
        low, high = (
            np.repeat([part - 1.0, -1.0], [len(met), len(none)]),
            np.repeat([part, 1.0], [len(met), len(none)]),
        )
        d[met] = lsq_linear(ways, pull - X.T @ d, bounds=(low, high), tol=1e-15).x[: len(met)]
    v = X.T @ d / len(y)
    assert abs(v[-1]) <= 1e-9  # it has a bound only where the multipliers are balanced
    return y @ d / len(y) - np.sum(np.maximum(np.abs(v[:-1]) - l1, 0) ** 2) / (4 * l2)


@pytest.mark.parametrize("penalties", [(0.0, 1e-4), (0.0, 0.1), (0.0, 3.0), (0.01, 0.02)], ids=str)
@pytest.mark.parametrize("part", [0.5, 0.1, 0.77])
def test_an_l2_penalty_ends_at_the_least_cost(part, penalties, tmp_path):
    rng = np.random.default_rng(fresh_seed())
    n, size = int(rng.integers(30, 300)), int(rng.integers(1, 6))
    X = rng.normal(size=(n, size)) * 10.0 ** rng.integers(-1, 2, size)
    y = X @ rng.normal(size=size) + rng.standard_t(2, size=n) + 3
    if rng.random() < 0.5:  # many rows are met at once
        X, y = np.round(X), np.round(y)
    table = {f"x{i}": X[:, i] for i in range(size)} | {"y": y}
    l1, l2 = (2 * p if part == 0.5 else p for p in penalties)
    loss = "mae" if part == 0.5 else f"quantile:{part}"
    found = ds.fit(table, target="y", loss=loss, l2=l2, l1=l1)
    assert found.run.termination.evidence.cause == Cause.VERTEX
    theta = np.array(list(found.x.values()))
    X = np.column_stack([X, np.ones(n)])
    r = y - X @ theta
    cost = np.mean(np.where(r > 0, part * r, (part - 1) * r))
    cost += penalties[0] * np.sum(np.abs(theta[:-1])) + penalties[1] * np.sum(theta[:-1] ** 2)
    assert cost <= least_cost(X, y, theta, part, penalties) + 1e-8 * cost  # the bound is right to some 1e-9
    path = tmp_path / "t.csv"
    csv_file.write_csv(pa.table(table), path)
    if not l1:
        pages = ds.fit(str(path), target="y", loss=loss, l2=l2, stream=True)
        assert pages.loss == pytest.approx(found.loss, rel=1e-8)
        assert pages.run.termination.evidence.cause == Cause.VERTEX


def test_ridge_of_what_depends_on_each_other_is_shared():
    rng = np.random.default_rng(8)
    x = rng.normal(size=60)
    table = {"x": x, "twice": 2 * x, "y": 3 * x + rng.standard_t(2, size=60)}
    found = ds.fit(table, "y ~ a*x + b*twice + c", loss="mae", l2=0.1)
    assert found.x["b"] == pytest.approx(2 * found.x["a"], rel=1e-9)


def test_as_many_steps_as_were_asked_for():
    rng = np.random.default_rng(9)
    table = {"x": rng.normal(size=50), "y": rng.normal(size=50)}
    assert ds.fit(table, "y ~ a*x + b", loss="mae", steps=5).nit == 5


@pytest.mark.parametrize("near", [60, 10**6])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1", [0.0, 0.3])
@pytest.mark.parametrize("loss", ["mae", "quantile(0.1)"])
def test_fits_with_a_penalty_and_of_files_read_page_by_page(tmp_path, monkeypatch, loss, l1, weighted, near):
    """With rows that are far added up, too few near ones at first, and coefficients that the penalty keeps at 0."""
    monkeypatch.setattr(pages, "PAGE_NUMBERS", 1_024)
    monkeypatch.setattr(vertex_finish, "MOST_NEAR", near)
    rng = np.random.default_rng(5)
    x, z, v = rng.normal(size=(3, 3_000)) + np.array([[1e3], [0], [0]])
    y = 2 * x - z + rng.standard_t(2, 3_000)
    w = rng.integers(0, 3, 3_000) * 1.0 if weighted else np.ones(3_000)
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"x": x, "z": z, "v": v, "y": y, "w": w}), path)
    part = 0.5 if loss == "mae" else 0.1
    A = np.column_stack([x, z, v, np.ones(3_000)])
    scale = 2.0 if loss == "mae" else 1.0
    rows = np.concatenate([A, np.eye(4)[:3], -np.eye(4)[:3]])
    targets = np.concatenate([y, np.zeros(6)])
    weights = np.concatenate([w / w.sum(), np.full(6, l1 / scale)])
    best = scale * least(rows, targets, weights, part) * weights.sum()
    formula, kind = "y ~ a*x + b*z + c*v + d", {"weights": "w"} if weighted else {}
    for stream in (True, False):
        fit = ds.fit(path, formula, loss=loss, l1=l1, stream=stream, **kind)
        assert fit.run.fun == pytest.approx(best, rel=1e-10)
        assert fit.success
        assert fit.run.termination.evidence.cause == Cause.VERTEX
        assert fit.predict({"x": x[:3], "z": z[:3], "v": v[:3]}) == pytest.approx(
            A[:3] @ list(fit.x.values()), rel=1e-11
        )
        if l1:
            assert fit.x["c"] == 0.0
