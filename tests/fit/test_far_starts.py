"""Losses whose curvature vanishes far out are descended from anywhere."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes

import downslope as ds
from downslope.sklearn import DescentRegressor

RNG = np.random.default_rng(21)
X = RNG.normal(size=60)
Y = 2 * X + 1 + 0.5 * RNG.standard_t(3, 60)
LABELS = (X + RNG.logistic(size=60) > 0) * 1
STARTS = ["a=0,b=0", "a=100,b=0", "a=-1000,b=500", "a=1e6,b=-1e6"]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("loss", "y"), [("log_cosh", Y), ("log_loss", LABELS)])
def test_any_start(loss, y, start):
    table = {"x": X, "y": y}
    near, far = (ds.fit(table, "y ~ a*x + b", loss=loss, start=s) for s in (STARTS[0], start))
    assert far.success
    assert far.nit < 80
    assert far.x == pytest.approx(near.x, rel=1e-6)


@pytest.mark.parametrize("start", ["a=0,b=50", "a=20,b=-30", "a=0,b=600"])
def test_counts_from_far_off_arrive_or_do_not_succeed(start):
    table = {"x": X, "y": np.random.default_rng(3).poisson(np.exp(0.5 * X + 1))}
    near, far = (ds.fit(table, "y ~ a*x + b", loss="poisson", start=s) for s in (STARTS[0], start))
    if far.success:
        assert far.x == pytest.approx(near.x, rel=1e-6)
    if "600" not in start:
        assert far.success


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4, 1e6])
@pytest.mark.parametrize("path", ["auto", "formula"])
def test_log_cosh_with_targets_far_from_zero(offset, unit, path):
    y = offset + unit * Y
    found = ds.fit({"x": X, "y": y}, "y ~ a*x + b", loss="log_cosh", path=path)

    def cost(w):
        r = np.abs(w[0] * X + w[1] + offset - y)
        return np.mean(r + np.log1p(np.exp(-2 * r)) - np.log(2))

    best = minimize(
        cost, [2 * unit, unit], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 9999}
    )
    assert found.success
    assert found.loss <= best.fun * (1 + 1e-7) + 1e-12
    assert found.r2 > 0.7


def test_log_cosh_of_scikit_learns_diabetes():
    data = load_diabetes()
    model = DescentRegressor(loss="log_cosh").fit(data.data, data.target)
    huber = DescentRegressor(loss="huber").fit(data.data, data.target)
    assert model.score(data.data, data.target) == pytest.approx(
        huber.score(data.data, data.target), abs=0.005
    )
    assert model.loss_ == pytest.approx(42.3648, rel=1e-4)


def test_a_parameter_without_effect_at_the_start_moves_when_it_has_one():
    """R's Orange from ones: the age at half size has no effect there; a start that the formula suggests has one."""
    age = np.tile([118.0, 484, 664, 1004, 1231, 1372, 1582], 5)
    size = 190 / (1 + np.exp((730 - age) / 350))
    table = {"age": age, "c": size}
    hypothesis = "c ~ A/(1 + exp((m - age)/s))"
    held = ds.fit(table, hypothesis, start="A=1,m=1,s=1", evaluations=1_000)
    assert not held.success
    assert held.x["A"] == pytest.approx(size.mean(), rel=1e-6)
    found = ds.fit(table, hypothesis, start="A=1,m=1,s=1")
    assert found.success
    assert any("From the start that was given the descent ended" in note for note in found.notes)
    assert found.x == pytest.approx({"A": 190, "m": 730, "s": 350}, rel=1e-6)
    near = ds.fit(table, "c ~ A/(1 + exp((m - age)/s))", start="A=100,m=500,s=200")
    assert near.x == pytest.approx({"A": 190, "m": 730, "s": 350}, rel=1e-6)
