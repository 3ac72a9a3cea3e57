"""Linear models end at the exact answer: held against rational arithmetic on the same doubles."""

import json
import secrets
from typing import NamedTuple

import numpy as np
import pytest
from rational import predictions

import downslope as ds
from downslope.errors import DataError
from trials import fresh_seed, trials

TABLES = 80
RNG = np.random.default_rng(8)


class Drawn(NamedTuple):
    columns: list
    y: np.ndarray
    weights: np.ndarray | None
    intercept: bool
    l2: float
    dependent: int


def drawn(rng):
    """Columns far from zero, in units of any size, some of which depend on others exactly."""
    n, p = int(rng.integers(4, 13)), int(rng.integers(1, 4))
    columns = []
    for _ in range(p):
        numbers = rng.integers(-999, 1000, n).astype(float)
        offset = float(np.round(10 ** rng.uniform(0, 12.7))) if rng.random() < 0.6 else 0.0
        columns.append((numbers + offset) * 2.0 ** float(rng.integers(-40, 41)))
    dependent = 0
    kind = rng.integers(0, 5)
    if kind == 1:
        columns.append(columns[0] * 2.0 ** float(rng.integers(-30, 31)))
        dependent = 1
    elif kind == 2:
        columns.append(np.full(n, float(rng.integers(1, 1000)) / 8))
    elif kind == 3:  # all categories of one
        which = rng.integers(0, 3, n)
        columns += [(which == k) * 1.0 for k in range(3)]
    noise = 10 ** rng.uniform(-6, 6)
    y = np.round(rng.normal(size=n) * 1000) / 1000 * noise
    if rng.random() < 0.6:
        y = y + noise * 10 ** rng.uniform(0, 10)
    y = y * 10.0 ** float(rng.integers(-12, 13))
    weights = rng.integers(0, 4, n).astype(float) if rng.random() < 0.3 else None
    if weights is not None and np.count_nonzero(weights) < 3:
        weights = None
    l2 = float(10 ** rng.uniform(-6, 1)) if rng.random() < 0.2 else 0.0
    return Drawn(columns, y, weights, bool(rng.random() < 0.8), l2, dependent)


def test_drawn_tables_against_rational_arithmetic():
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for number in range(TABLES):
        table = drawn(rng)
        names = [f"x{j}" for j in range(len(table.columns))]
        data = dict(zip(names, table.columns, strict=True)) | {"y": table.y}
        text = "y ~ " + " + ".join(f"p{name}*{name}" for name in names) + (" + b" if table.intercept else "")
        l2 = table.l2 if table.intercept else 0.0
        found = ds.fit(data, text, weights=table.weights, l2=l2)
        about = f"table {number} of seed {seed}"
        assert found.success, f"{about}: {found.message}"
        assert found.status == "converged", about
        columns = [*table.columns, np.full(len(table.y), 1.0 if table.intercept else 0.0)]
        right = predictions(columns, table.y, table.weights, l2)
        w = np.ones(len(table.y)) if table.weights is None else table.weights
        mean = np.average(table.y, weights=w) if table.intercept else 0.0
        spread = np.sqrt(np.average((table.y - mean) ** 2, weights=w))
        slack = 1e-8 * spread + 4 * np.spacing(np.max(np.abs(table.y)))
        counted = w > 0
        off = np.max(np.abs(found.predict(data) - right)[counted])
        assert off <= slack, f"{about}: {off:.3g} beyond {slack:.3g}"


PRESSURE = {"hour": [0, 1, 2, 3, 4, 5], "p": [101321, 101324, 101319, 101322, 101326, 101325]}
PAY = {
    "employees": [1, 1, 1, 1, 1, 1],
    "age": [25, 32, 41, 38, 55, 47],
    "service": [1, 5, 16, 12, 30, 21],
    "salary": [30, 38, 50, 45, 70, 62],
}


@pytest.mark.parametrize("loss", ["mse", "rmse"])
@pytest.mark.parametrize("path", ["auto", "qr", "moments", "kernel"])
def test_a_mean_far_from_zero(loss, path):
    found = ds.fit(PRESSURE, "p ~ a*hour + b", loss=loss, path=path)
    assert found.success
    assert found.nit <= 30
    assert found.x["a"] == pytest.approx(29 / 35, rel=1e-9)
    assert found.standard_errors["a"] == pytest.approx(np.sqrt(22.819047619047617 / 4 / 17.5), rel=1e-9)


def test_a_column_that_is_constant_is_named_and_gets_nothing():
    found = ds.fit(PAY, target="salary")
    assert found.success
    assert found.nit == 1
    A = np.column_stack([PAY["age"], PAY["service"], np.ones(6)])
    right = np.linalg.lstsq(A, np.array(PAY["salary"], float), rcond=None)[0]
    assert found.x["employees"] == 0.0
    assert [found.x[k] for k in ("age", "service", "intercept")] == pytest.approx(right.tolist(), rel=1e-10)
    assert any("employees" in warning for warning in found.warnings)


def test_all_categories_get_the_shortest_parameters_and_are_named():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(4)
    which = rng.integers(0, 3, 20)
    X = np.column_stack([*((which == k) * 1.0 for k in range(3)), rng.normal(size=20) * 100])
    y = rng.normal(size=20) + which
    found = ds.fit((X, y), target="y")
    right = LinearRegression().fit(X, y)
    assert found.success
    assert list(found.x.values())[:4] == pytest.approx(right.coef_.tolist(), rel=1e-9)
    assert found.x["intercept"] == pytest.approx(right.intercept_, rel=1e-9)
    assert any("x1, x2 and x3" in warning for warning in found.warnings)
    assert any("smallest" in note for note in found.notes)


def test_from_a_start_what_the_data_leave_open_stays_where_it_was():
    table = {"u": [1.0, 2, 3, 4], "v": [2.0, 4, 6, 8], "y": [1.0, 2, 2, 5]}
    found = ds.fit(table, "y ~ a*u + c*v + b", start="a=10,c=-3,b=0")
    assert found.success
    slope = np.polyfit(table["u"], table["y"], 1)[0]
    off = np.array([found.x["a"] - 10, found.x["c"] + 3])
    assert found.x["a"] + 2 * found.x["c"] == pytest.approx(slope, rel=1e-12)
    assert off @ [2.0, -1.0] == pytest.approx(0.0, abs=1e-12)


def test_many_rows_far_from_zero_by_their_moments():
    rng = np.random.default_rng(5)
    X = rng.integers(-9999, 9999, (60_000, 5)) / 8 + 1e10
    y = rng.normal(size=len(X)) * 5 + X[:, 0] - 1e10
    found = ds.fit((X, y), target="y")
    A = np.column_stack([X - 1e10, np.ones(len(X))])
    right = A @ np.linalg.lstsq(A, y, rcond=None)[0]
    assert found.path == "moments"
    assert found.success
    assert np.max(np.abs(found.predict((X, y)) - right)) <= 1e-8 * y.std()


def test_a_constant_alone_of_many_rows():
    y = 1e10 + RNG.integers(0, 9, 400_000)
    found = ds.fit({"y": y}, "y ~ b")
    assert (found.path, found.success) == ("moments", True)
    assert found.x["b"] == pytest.approx(y.mean(), rel=1e-15)
    assert found.standard_errors["b"] == pytest.approx(y.std(ddof=1) / np.sqrt(len(y)), rel=1e-9)


def test_a_saved_fit_predicts_far_from_zero_as_before(tmp_path):
    rng = np.random.default_rng(6)
    table = {"x": 1e10 + rng.integers(0, 100, 30).astype(float), "y": rng.normal(size=30)}
    found = ds.fit(table, "y ~ a*x + b")
    found.save(tmp_path / "fit.json")
    again = ds.load(tmp_path / "fit.json")
    assert np.array_equal(again.predict(table), found.predict(table))
    data = json.loads((tmp_path / "fit.json").read_text())
    data["parameters"]["a"] += 1.0
    del data["sha256"], data["digest"]
    (tmp_path / "other.json").write_text(json.dumps(data))
    with pytest.raises(DataError, match="predicts by other parameters"):
        ds.load(tmp_path / "other.json")


@pytest.mark.parametrize("l2", [1e-8, 1e-3, 0.1, 100.0])
def test_a_penalty_beside_columns_that_depend_on_each_other(l2):
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(7)
    u = rng.normal(size=25) * 1e3 + 1e6
    X = np.column_stack([u, 2 * u, rng.normal(size=25)])
    y = X[:, 2] + u / 1e3 + rng.normal(size=25)
    found = ds.fit((X, y), target="y", l2=l2)
    assert found.success
    centred = X - X.mean(axis=0)
    assert found.x["x2"] == pytest.approx(2 * found.x["x1"], rel=1e-9)
    if l2 < 1e-6:
        return  # the sum of squares that Ridge descends has no digits left for so little
    right = Ridge(alpha=l2 * 25, solver="svd").fit(centred, y).coef_
    assert [found.x[k] for k in ("x1", "x2", "x3")] == pytest.approx(right.tolist(), rel=1e-6)


def test_terms_that_cancel_without_an_intercept(tmp_path):
    """Categories without an intercept beside a column far from zero: the terms are 1e9 times what they add up to."""
    rng = np.random.default_rng(9)
    n = 12
    which = np.arange(n) % 3
    table = {f"k{k}": (which == k) * 1.0 for k in range(3)}
    table["x"] = 1e10 + rng.integers(0, 9, n).astype(float)
    table["y"] = rng.normal(size=n)
    found = ds.fit(table, "y ~ a*k0 + c*k1 + d*k2 + s*x")
    right = predictions([*(table[name] for name in ("k0", "k1", "k2", "x")), np.zeros(n)], table["y"])
    assert found.success
    assert np.max(np.abs(found.predict(table) - right)) <= 1e-8 * table["y"].std()
    found.save(tmp_path / "fit.json")
    assert np.array_equal(ds.load(tmp_path / "fit.json").predict(table), found.predict(table))


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("l2", [1e-6, 0.1, 10.0])
def test_a_root_with_a_penalty_is_least_where_its_slope_vanishes(l2, scale, noise):
    """Also where the penalty rules, or the squares alone would leave nothing: sqrt(m) + l2*|a|^2 is strictly convex."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1, 100, 0.01]
    y = (X @ [1, 2, 3] + 5 + noise * rng.normal(size=50)) * scale
    fit = ds.fit((X, y), target="y", loss="rmse", l2=l2)
    a, b = np.array(list(fit.x.values()))[:3], fit.x["intercept"]
    left = X @ a + b - y
    root = np.sqrt(np.mean(left**2))
    slope, against = left @ X / len(y), 2 * l2 * root * a
    if root > 1e-4 * scale:  # else the cone's point is near, where slopes are all but free
        assert np.all(
            np.abs(slope + against) <= 1e-11 * (np.abs(left) @ np.abs(X) / len(y) + np.abs(against))
        )
    assert fit.run.fun == pytest.approx(root + l2 * a @ a, rel=1e-7)
    assert fit.success
    assert fit.nit <= 3


@pytest.mark.parametrize("options", [{}, {"l2": 0.01}, {"loss": "rmse"}, {"weights": "w"}], ids=str)
def test_a_target_that_rounding_has_made_constant(options):
    """It has no spread by which to know when to stop."""
    rng = np.random.default_rng(fresh_seed())
    for _ in range(trials(20)):
        n = int(rng.integers(4, 20))
        x = rng.normal(size=(n, 2)) * 10.0 ** rng.uniform(-9, 9, size=2)
        y = 10.0 ** rng.uniform(2, 9) + 1e-13 * rng.normal(size=n)
        table = {"x0": x[:, 0], "x1": x[:, 1], "y": y, "w": 1.0 + rng.integers(0, 3, n)}
        found = ds.fit(table, target="y", features="x0,x1", **options)
        assert found.success, found.message
        assert found.nit < 100
        assert np.allclose(found.predict(table), y, rtol=1e-14, atol=0)
