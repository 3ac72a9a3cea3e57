"""Mini-batches."""

import numpy as np
import pytest

from downslope.api.table_fitting import fit
from downslope.fitting import compiled_rule, kernels
from downslope.optimizers import Adam, ClipByValue, GradientDescent, Momentum, ScheduleFreeSGD
from downslope.optimizers.schedules.cosine import Cosine

RNG = np.random.default_rng(3)
N = 5_003
X = RNG.standard_normal((N, 3))
Y = X @ [1.0, 2.0, -3.0] + 0.5 + 0.1 * RNG.standard_normal(N)
H = "y ~ a*x1 + b*x2 + c*x3 + d"


def test_a_batch_of_all_rows_is_the_full_gradient():
    batches = fit((X, Y), H, batch_size=N, epochs=6, learning_rate=0.1)
    whole = fit((X, Y), H, steps=6, learning_rate=0.1)
    assert np.allclose(batches.history.x, whole.history.x, rtol=1e-11)
    assert batches.path == "batches"


def test_the_root_is_taken_of_each_batch():
    for options in ({}, {"path": "formula"}):
        batches = fit((X, Y), H, loss="rmse", batch_size=N, epochs=6, learning_rate=0.3, l2=0.1, **options)
        whole = fit((X, Y), H, loss="rmse", steps=6, learning_rate=0.3, l2=0.1)
        assert np.allclose(batches.history.x, whole.history.x, rtol=1e-10)
    exact = fit(
        (np.ones((3, 1)), np.zeros(3)), "y ~ a*x1", loss="rmse", batch_size=2, epochs=2, learning_rate=0.3
    )
    assert exact.x["a"] == 0.0


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam"])
def test_kernel_and_formula_agree_and_runs_repeat(optimizer):
    options = {"batch_size": 32, "epochs": 3, "optimizer": optimizer, "learning_rate": 0.01, "l2": 0.01}
    first, again, formula = (fit((X, Y), H, **options, **more) for more in ({}, {}, {"path": "formula"}))
    assert np.array_equal(first.history.x, again.history.x)
    assert np.allclose(first.history.x, formula.history.x, rtol=1e-9)
    other = fit((X, Y), H, **options, seed=1)
    assert not np.array_equal(first.run.final, other.run.final)


def test_the_last_short_batch_counts_for_its_rows():
    """Two rows in a batch of four: half the step of a full batch of such rows."""
    x, y = np.ones((6, 1)), np.ones(6)
    found = fit((x, y), "y ~ a*x1", batch_size=4, epochs=1, learning_rate=0.1)
    a = 0.0
    for share in (1.0, 0.5):
        a -= 0.1 * share * 2 * (a - 1)
    assert found.x["a"] == pytest.approx(a, rel=1e-14)


def test_one_epoch_against_a_plain_loop():
    found = fit((X, Y), H, batch_size=7, epochs=1, learning_rate=0.02, weights=np.arange(1.0, N + 1), seed=4)
    from downslope.fitting.batches import _orders

    order, _ = _orders(found.problem, 4)(0)
    assert np.array_equal(np.sort(order), np.arange(N))
    w = np.arange(1.0, N + 1)
    design, theta = np.column_stack([X, np.ones(N)]), np.zeros(4)
    for begin in range(0, N, 7):
        rows = order[begin : begin + 7]
        r = design[rows] @ theta - Y[rows]
        theta = theta - 0.02 * design[rows].T @ (2 * w[rows] * r) / (7 * w.mean())
    assert np.allclose(found.run.final, theta, rtol=1e-10)


def test_rows_are_shuffled_by_blocks_then_rows():
    order, coming = kernels.shuffled(np.array([2, 0, 1]), 4, 10, 7)
    assert sorted(order[:2]) == [8, 9]
    assert sorted(order[2:6]) == [0, 1, 2, 3]
    assert sorted(order[6:]) == [4, 5, 6, 7]
    assert coming[0] == 2 or coming[2] == 4


def test_labels_and_l1():
    found = fit((X, (Y > 0) * 1), H, loss="log_loss", batch_size=64, epochs=3, learning_rate=0.1)
    assert found.accuracy > 0.95
    sparse = fit((X, X[:, 0]), H, batch_size=64, epochs=5, learning_rate=0.05, l1=0.2)
    assert sparse.x["b"] == 0.0


def test_line_searches_are_refused():
    with pytest.raises(ValueError, match="mini-batches"):
        fit((X, Y), H, batch_size=32, optimizer="armijo")


RULES = {
    "gradient_descent": GradientDescent(learning_rate=0.02),
    "scheduled": Momentum(learning_rate=0.02 * Cosine(steps=400)),
    "adam": Adam(learning_rate=0.05),
    "averaging": ScheduleFreeSGD(learning_rate=0.02),
    "clipped": ClipByValue(optimizer=Adam(learning_rate=0.05), limit=0.5),
}


@pytest.mark.parametrize("l1", [0.0, 0.05])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_compiled_for_one_coordinate_takes_the_same_steps(name, l1, monkeypatch):
    options = {"optimizer": RULES[name], "batch_size": 16, "epochs": 2, "l2": 0.01, "l1": l1}
    if l1 and name not in ("gradient_descent", "scheduled", "adam"):
        with pytest.raises(ValueError, match="proximal"):
            fit((X, Y), H, **options)
        return
    whole = fit((X, Y), H, **options)
    monkeypatch.setattr(compiled_rule, "AT_ONCE", 0)
    one = fit((X, Y), H, **options)
    assert len(compiled_rule.compiled_rule(RULES[name], 4).read) > 0
    assert np.allclose(one.history.x, whole.history.x, rtol=1e-12)


def test_hundreds_of_parameters():
    x = RNG.standard_normal((700, 600))
    y = x @ np.sin(np.arange(600)) + 1
    found = fit((x, y), target="y", batch_size=50, epochs=60, optimizer="adam", learning_rate=0.02)
    assert found.r2 > 0.99
    with pytest.raises(ValueError, match="dog looks at all parameters together"):
        fit((x, y), target="y", batch_size=50, optimizer="dog")


def test_a_method_that_averages_reports_its_average():
    options = {"optimizer": RULES["averaging"], "epochs": 4}
    whole = fit((X, Y), H, optimizer=RULES["averaging"], steps=4)
    batches = fit((X, Y), H, batch_size=N, **options)
    assert whole.run.reported is not None
    assert np.allclose(batches.run.final, whole.run.final, rtol=1e-10)


def gems(n=20_000):
    """Prices of stones whose sizes say the same four times over, but for a few slips of the pen."""
    rng = np.random.default_rng(1)
    carat = np.exp(rng.normal(-0.38, 0.58, n)).clip(0.2, 5)
    depth, table = 61.75 + 1.43 * rng.normal(size=n), 57.5 + 2.2 * rng.normal(size=n)
    x = 6.43 * carat ** (1 / 3) * np.exp(0.01 * rng.normal(size=n))
    y = x * np.exp(0.004 * rng.normal(size=n))
    z = (x + y) / 2 * depth / 100
    x[:8], y[8:10], z[10:12] = 0.0, [58.9, 31.8], 0.0
    price = np.exp(8.2 + 1.7 * np.log(carat) + 0.25 * rng.normal(size=n)).clip(300, 19000)
    return np.column_stack([carat, depth, table, x, y, z]), price


def illness(scaled=True):
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=scaled)
    return data.data, data.target


SETS = {"gems": gems, "diabetes": illness, "diabetes in its units": lambda: illness(False)}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_nothing_set_is_as_good_as_sgd_on_standardised_columns(name, offset):
    from sklearn.linear_model import SGDRegressor
    from sklearn.preprocessing import StandardScaler

    x, y = SETS[name]()
    scaled = StandardScaler().fit_transform(x)
    other = SGDRegressor(random_state=0).fit(scaled, y).score(scaled, y)
    for options in ({"epochs": 20}, {}):
        found = fit((x, y + offset), target="y", batch_size=32, **options)
        assert found.r2 >= other - 1e-3
        assert found.status == "step_limit"


@pytest.mark.parametrize("loss", ["rmse", "huber", "mae", "log_cosh"])
def test_other_losses_with_nothing_set(loss):
    x, y = illness()
    whole = fit((x, y), target="y", loss=loss)
    found = fit((x, y), target="y", loss=loss, batch_size=32)
    assert found.r2 >= whole.r2 - 0.01
    assert found.loss <= whole.loss * 1.01


def test_batches_of_columns_that_depend_on_each_other_and_of_files(tmp_path):
    x, y = illness()
    x = np.column_stack([x, 2 * x[:, 0], np.ones(len(x))])
    found = fit((x, y), target="y", batch_size=32)
    assert found.r2 > 0.516
    names = [f"x{j}" for j in range(x.shape[1])]
    np.savetxt(
        tmp_path / "t.csv",
        np.column_stack([x, y]),
        delimiter=",",
        header=",".join([*names, "y"]),
        comments="",
    )
    pages = fit(str(tmp_path / "t.csv"), target="y", batch_size=32, stream=True)
    assert pages.r2 > 0.516
    weighted = fit((x, y), target="y", batch_size=32, weights=RNG.integers(0, 3, len(y)) * 1.0)
    assert weighted.r2 > 0.4


def test_estimators_converge_only_where_little_is_left():
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    from downslope.sklearn import DescentRegressor

    x, y = illness()
    best = DescentRegressor().fit(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = DescentRegressor(batch_size=32).fit(x, y)
    assert model.status_ == "converged"
    assert model.score(x, y) >= best.score(x, y) - 2e-3
    with pytest.warns(ConvergenceWarning, match="still changing"):
        slow = DescentRegressor(
            batch_size=32, optimizer="gradient_descent", learning_rate=1e-4, tol=5e-3
        ).fit(x, y)
    assert slow.status_ == "step_limit"
    assert slow.score(x, y) < best.score(x, y) - 0.02


FOUR = {"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]}
ROWS = np.arange(20.0)
LINE = {"x": ROWS, "y": 2 * ROWS + 1 + ROWS % 3, "label": ROWS % 2}


@pytest.mark.parametrize(
    ("table", "formula", "options"),
    [
        (FOUR, "y ~ a*x + b", {"learning_rate": 0.04}),
        (LINE, "y ~ a*x + b", {"learning_rate": 1.0, "optimizer": "momentum", "standardize": True}),
        (FOUR, "y ~ a*x + b", {"learning_rate": 100.0, "loss": "rmse"}),
        (FOUR, "y ~ a*x + b", {"learning_rate": 100.0, "loss": "huber:50"}),
        (FOUR, "y ~ a*x + b", {"learning_rate": 5.0, "loss": "log_cosh"}),
        (FOUR, "y ~ a*x + b", {"learning_rate": 5.0, "loss": "mae"}),
        (FOUR, "y ~ a*x + b", {"learning_rate": 100.0, "loss": "quantile:0.2"}),
        (LINE, "label ~ a*x + b", {"learning_rate": 5.0, "loss": "log_loss"}),
        (LINE, "label ~ a*x + b", {"learning_rate": 5.0, "loss": "softmax"}),
        (LINE, "y ~ a*x + b", {"learning_rate": 1.0, "loss": "poisson"}),
        (LINE, "y ~ a*x + b", {"learning_rate": 100.0, "optimizer": "adam", "l1": 0.1}),
        (LINE, "y ~ a*x^b", {"learning_rate": 1.0, "start": "a=1,b=1"}),
    ],
    ids=str,
)
def test_a_run_that_ends_above_its_start_has_a_rate_that_is_too_large(table, formula, options):
    """And the rate that is advised ends where it is said to."""
    found = fit(table, formula, batch_size=2, epochs=20, **options)
    assert not found.success
    rate = next(f for f in found.findings if f.code == "learning_rate_above_limit")
    assert str(rate.message) in [str(w) for w in found.warned]
    better = fit(
        table, formula, batch_size=2, epochs=20, **{**options, "learning_rate": rate.evidence["better"]}
    )
    assert better.run.fun == pytest.approx(rate.evidence["cost"], rel=1e-12)
    assert better.run.fun < found.run.history.value[0]
    assert better.success


def test_the_limit_of_all_rows_is_that_of_the_steepest_curvature():
    found = fit(FOUR, "y ~ a*x + b", learning_rate=0.04, batch_size=2, epochs=20)
    A = np.column_stack([FOUR["x"], np.ones(4)])
    limit = 2 / np.linalg.eigvalsh(2 * A.T @ A / 4)[-1]
    rate = found.findings[0]
    assert rate.exact
    assert rate.evidence["limit"] == pytest.approx(limit, rel=1e-9)
    assert f"above the limit {limit:.4g}" in str(rate.message)


def test_the_limit_of_the_steepest_batch():
    """Of two rows at a time, below that of all rows: here of rows that are far from the others."""
    x = np.array([1.0, 1, 1, 1, 1, 1, 10, 10])
    found = fit({"x": x, "y": x * 2}, "y ~ a*x", learning_rate=0.035, batch_size=1, epochs=5)
    rate = next((f for f in found.findings if f.code == "learning_rate_above_limit"), None)
    assert 2 / (2 * np.mean(x**2)) > 0.035
    assert rate.evidence["limit"] == pytest.approx(2 / (2 * 100))
    assert not rate.exact
