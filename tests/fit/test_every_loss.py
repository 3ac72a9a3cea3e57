"""Every loss through every form: kernels, vector code, row formulas, pages, batches, scripts, estimators, commands.

A new loss needs its record, and its line in ``TRUTH`` here.
"""

from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest
import scipy.optimize
import symengine as se
from click.testing import CliRunner

import downslope as ds
from downslope.cli.main import cli
from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.linear_kernel import linear_kernel
from downslope.fitting.losses import BY_CODE, LOSSES, OTHER_NAMES, as_loss, linked
from downslope.language import parse
from downslope.language.text import to_text
from downslope.sklearn import DescentClassifier, DescentRegressor
from downslope.symbolic import lower
from downslope.symbolic.native import compile_native

mp = mpmath.mp.clone()
mp.dps = 40

TRUTH = {
    "mse": lambda u, y, c: (u - y) ** 2,
    "rmse": lambda u, y, c: (u - y) ** 2,
    "mae": lambda u, y, c: abs(u - y),
    "huber": lambda u, y, c: (u - y) ** 2 / 2 if abs(u - y) <= c else c * (abs(u - y) - c / 2),
    "log_cosh": lambda u, y, c: mp.log(mp.cosh(u - y)),
    "quantile": lambda u, y, c: max((1 - c) * (u - y), -c * (u - y)),
    "log_loss": lambda u, y, c: mp.log1p(mp.exp(u)) - y * u,
    "poisson": lambda u, y, c: mp.exp(u) - y * u,
}
ROWS = 300
RNG = np.random.default_rng(7)
X = RNG.normal(size=(ROWS, 2))
U = X @ [0.8, -0.5] + 0.3
ALL = pytest.mark.parametrize("name", LOSSES)
WITH_FORMULA = pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if not loss.per_class])


def targets_of(loss):
    """What the loss may be asked to meet."""
    if loss.per_class:
        return np.array(["low", "middle", "high"])[np.digitize(U + RNG.normal(size=ROWS), [-0.5, 0.8])]
    if loss.labels:
        return (RNG.random(ROWS) < 1 / (1 + np.exp(-U))).astype(float)
    if loss.lowest is not None:
        return RNG.poisson(np.exp(U)).astype(float) + loss.lowest
    return U + RNG.normal(size=ROWS)


def table_of(loss):
    return {"p": X[:, 0].tolist(), "q": X[:, 1].tolist(), "t": targets_of(loss).tolist()}


def points_of(loss):
    """(prediction, target), with residuals from 1e-6 to 40, none at a corner."""
    u = np.array([-30.0, -3.2, -0.7, 1e-6, 0.4, 2.9, 25.0])
    if loss.labels:
        return [(a, b) for a in u for b in (0.0, 1.0)]
    if loss.lowest is not None:
        return [(a, b) for a in u for b in (0.0, 3.0)]
    return [(a, b) for a in u for b in (-1.3, 0.0, 11.0)]


def exact(name, order):
    loss = LOSSES[name]
    return np.array(
        [
            float(mp.diff(lambda v, y=y: TRUTH[name](v, mp.mpf(y), mp.mpf(loss.shape)), mp.mpf(u), order))
            for u, y in points_of(loss)
        ]
    )


@WITH_FORMULA
def test_numba_kernels(name):
    loss = LOSSES[name]
    u, y = map(np.ascontiguousarray, np.array(points_of(loss)).T)
    cost, slope, curvature = np.empty_like(u), np.empty_like(u), np.empty_like(u)
    kernels.terms(loss.code, loss.shape, u, y, len(u), cost, slope)
    size = np.abs(exact(name, 0)) + np.abs(y * u)
    assert np.all(np.abs(cost - exact(name, 0)) <= 2e-15 * size)
    assert slope == pytest.approx(exact(name, 1), rel=1e-14, abs=1e-15)
    kernels.curvatures(loss.code, loss.shape, u, y, 0.0, curvature)
    if loss.bend is None:
        assert curvature == pytest.approx(exact(name, 2), rel=1e-13, abs=1e-300)
    else:  # the parabola that touches the cost lies above it: elsewhere, and where it touches with the same slope
        for k, (at, target) in enumerate(zip(u, y, strict=True)):
            moved = at + np.linspace(-3, 3, 61)
            other = np.array([float(TRUTH[name](v, target, loss.shape)) for v in moved])
            parabola = cost[k] + slope[k] * (moved - at) + curvature[k] * (moved - at) ** 2 / 2
            assert np.all(other <= parabola + 1e-12 * (1 + abs(parabola))) or loss.curved


@WITH_FORMULA
def test_vector_code(name):
    loss = LOSSES[name]
    points = np.array(points_of(loss) * 8)
    u, y = np.ascontiguousarray(points[:, :1]), np.ascontiguousarray(points[:, 1])
    table, model = (u, y, np.empty(0)), (np.ones(1), 0.0, np.zeros(1))
    found = linear_kernel(1, loss.code, False)(table, model, loss.shape, range(len(y)))
    costs, slopes = exact(name, 0), exact(name, 1)
    assert found[0] == pytest.approx(8 * costs.sum(), rel=1e-14)
    assert found[1] == pytest.approx(8 * slopes.sum(), rel=1e-13)
    assert found[2] == pytest.approx(8 * (slopes * u[: len(slopes), 0]).sum(), rel=1e-13)


@WITH_FORMULA
def test_symbols(name):
    """The formula itself: as text and back, and in machine code."""
    loss = LOSSES[name]
    assert parse(to_text(loss.cost)).tree == loss.cost
    symbols = [se.Symbol(letter) for letter in ("u", "y", "c")]
    native = compile_native(symbols, [lower(loss.cost), lower(loss.slope)])
    found = np.array([native(np.array([u, y, loss.shape])) for u, y in points_of(loss)])
    assert found[:, 1] == pytest.approx(exact(name, 1), rel=1e-14, abs=1e-15)


def quietly(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ds.fit(*arguments, **options)


@ALL
def test_paths_agree(name, tmp_path):
    """In memory by matrix and by row formula, page by page, and as an oracle finds it."""
    loss = LOSSES[name]
    table = table_of(loss)
    whole = quietly(table, "t ~ a*p + b*q + d", loss=name)
    lines = ["p,q,t", *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    streamed = quietly(path, "t ~ a*p + b*q + d", loss=name, stream=True)
    assert streamed.loss == pytest.approx(whole.loss, rel=1e-6)
    if loss.per_class:
        return
    by_rows = quietly(table, "t ~ a*p + b*q + d", loss=name, path="formula", start="a=0,b=0,d=0")
    assert by_rows.loss == pytest.approx(whole.loss, rel=1e-6)
    y = np.array(table["t"])

    def mean(theta):
        u, cost, slope = X @ theta[:2] + theta[2], np.empty(ROWS), np.empty(ROWS)
        kernels.terms(loss.code, loss.shape, u, y, ROWS, cost, slope)
        return float(np.sqrt(cost.mean()) if loss.root else cost.mean())

    found = scipy.optimize.minimize(
        mean, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert whole.loss == pytest.approx(found.fun, rel=1e-6)
    assert whole.predict({"p": [0.0], "q": [0.0]})[0] == pytest.approx(
        float(np.asarray(linked(loss, np.array([found.x[2]])))[0])
        if not loss.labels
        else float(found.x[2] > 0),
        abs=2e-3,
    )


@ALL
def test_batches(name):
    loss = LOSSES[name]
    options = {
        "batch_size": 30,
        "epochs": 3,
        "seed": 1,
        "optimizer": "gradient_descent",
        "learning_rate": 0.05,
    }
    table = table_of(loss)
    found = quietly(table, "t ~ a*p + b*q + d", loss=name, **options)
    before = quietly(
        table, "t ~ a*p + b*q + d", loss=name, optimizer="gradient_descent", learning_rate=0.05, steps=0
    )
    assert found.loss < before.loss


@ALL
def test_estimators(name):
    loss = LOSSES[name]
    y = targets_of(loss)
    if loss.classifies:
        model = DescentClassifier(loss=name).fit(X, y)
        assert model.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(ROWS))
    else:
        model = DescentRegressor(loss=name).fit(X, y)
        assert model.predict(X).shape == (ROWS,)
        if loss.lowest is not None:
            with pytest.raises(UsageError, match=f"{name} takes targets >= {loss.lowest:g}"):
                DescentRegressor(loss=name).fit(X, y - 100)


@ALL
def test_commands(name, tmp_path):
    table = table_of(LOSSES[name])
    path = tmp_path / "table.csv"
    lines = ["p,q,t", *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcome = CliRunner().invoke(cli, ["fit", str(path), "t ~ a*p + b*q + d", "--loss", name])
    assert outcome.exit_code == 0, outcome.output
    assert name in outcome.output


def test_names():
    assert [loss.code for loss in LOSSES.values()] == [
        next(k for k, other in enumerate(BY_CODE) if other.formula == loss.formula)
        for loss in LOSSES.values()
    ]
    assert "quantile" in OTHER_NAMES["pinball"]
    for loss in LOSSES.values():
        assert loss.spoken
        if loss.number:
            assert as_loss(f"{loss.name}({loss.shape / 2})").shape == loss.shape / 2
