"""Where there is no minimum it is said, with no standard errors; where there is one, it is not denied."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from downslope.api.table_fitting import fit
from downslope.optimizers import Adam
from downslope.sklearn import DescentRegressor

X = np.linspace(-3, 3, 21)
APART = {"x": X, "y": (X > 0.1) * 1.0}
MIXED = {"x": X, "y": np.where(np.arange(21) % 5 == 0, X < 0.1, X > 0.1) * 1.0}
SAYING = "The classes can be separated perfectly"


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 300},
        {"steps": 300, "tolerance": 1e-9},
        {"tolerance": 1e-2},
        {"optimizer": "adam", "steps": 300},
        {"standardize": True, "steps": 300},
        {"epochs": 100, "batch_size": 7},
    ],
)
def test_separable_classes_are_named_with_any_rule_and_have_no_standard_errors(options):
    found = fit(APART, "y ~ a*x + b", loss="log_loss", learning_rate=1.0, **options)
    assert sum(SAYING in note for note in found.warnings) == 1
    assert found.standard_errors is None


def test_by_default_it_is_said_once():
    found = fit(APART, "y ~ a*x + b", loss="log_loss")
    assert SAYING[4:] in found.message
    assert not any(SAYING in note for note in found.notes)


@pytest.mark.parametrize("case", [(APART, {"l2": 0.01}), (MIXED, {})], ids=["penalised", "mixed"])
def test_it_is_not_said_where_there_is_a_minimum(case):
    table, options = case
    found = fit(table, "y ~ a*x + b", loss="log_loss", learning_rate=0.5, **options)
    assert found.success
    assert not any(SAYING in note for note in found.notes)
    assert (found.standard_errors is None) == ("l2" in options)


def test_a_descent_under_way_has_no_standard_errors():
    found = fit(MIXED, "y ~ a*x + b", loss="log_loss", learning_rate=0.1, steps=20, tolerance=1e-9)
    assert not found.success
    assert found.standard_errors is None


def test_a_minimum_far_away_is_not_denied():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 3)) * [1.0, 10.0, 0.1]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        DescentRegressor(optimizer=Adam(learning_rate=100.0)).fit(inputs, inputs @ [1e6, 2e4, 5e6] + 3)
    told = [str(w.message) for w in said if w.category is ConvergenceWarning]
    assert told
    assert not any("without bound" in message for message in told)


TIMES = np.linspace(0.1, 8, 40)
SATURATING = {
    "t": TIMES,
    "y": 90 * (1 - np.exp(-0.7 * TIMES)) + np.random.default_rng(0).normal(size=40),
}


@pytest.mark.parametrize("start", ["a=80,b=-5", "a=80,b=-10", "a=80,b=-20"])
def test_a_start_that_overflows_is_no_scale_for_the_gradient(start):
    """The cost at the start is up to 1e140, and a gradient small beside that is not small."""
    found = fit(SATURATING, "y ~ a*(1-exp(-b*t))", start=start, evaluations=1_000)
    assert not found.success
    assert found.r2 < 0
    told = next(f for f in found.findings if f.code == "worse_than_mean")
    assert f"from the start {told.evidence['start']} it converges" in " ".join(found.warnings)
    elsewhere = fit(SATURATING, "y ~ a*(1-exp(-b*t))", start=told.evidence["start"])
    assert elsewhere.success
    assert elsewhere.r2 == pytest.approx(told.evidence["better"], rel=1e-9)
    assert found.standard_errors is None
    assert found.no_standard_errors == "the descent did not arrive at a minimum"


def test_a_start_where_the_cost_is_flat_is_stalled():
    """Every prediction underflows, and no step along the gradient that is left changes the cost."""
    found = fit(SATURATING, "y ~ a*exp(-b*t)", start="a=1,b=1000", evaluations=1_000)
    assert (found.status, found.success) == ("stalled", False)
    assert any("worse than the mean of y" in w for w in found.warnings)


def test_a_start_without_a_gradient_is_named_by_its_parameters():
    found = fit(SATURATING, "y ~ a/(1+exp(-b*(t-c)))", start="a=1,b=50,c=1000")
    assert (
        found.message
        == "The objective has no finite gradient at the start, a = 1, b = 50, c = 1000. Start elsewhere."
    )


def test_the_tolerance_is_in_the_message():
    found = fit(SATURATING, "y ~ a*(1-exp(-b*t))", start="a=80,b=1")
    tolerance = 1e-9 * np.sqrt(found.loss)
    assert f"within the tolerance {tolerance:.3g}, 1e-09 of the root of the cost" in found.message
    assert not found.warnings
    assert found.no_standard_errors == ""


def test_a_line_through_the_origin_may_be_worse_than_the_mean():
    found = fit({"x": TIMES, "y": 100 - TIMES}, "y ~ W*x")
    assert found.success
    assert [w for w in found.warnings if "worse than the mean of y" in w and "no constant term" in w]
    assert not fit({"x": TIMES, "y": 100 - TIMES}, "y ~ W*x + b").warnings


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"l2": 0.1}, "a penalty draws"),
        ({"learning_rate": 1.0}, "the descent did not arrive"),
        ({"loss": "mae"}, ""),
        ({}, ""),
    ],
    ids=["penalty", "diverged", "mae", "none"],
)
def test_standard_errors_that_are_not_there_say_why(options, why, tmp_path):
    from downslope.results.fit_loading import load_fit

    found = fit(SATURATING, "y ~ a*t + b", **options)
    assert found.no_standard_errors.startswith(why)
    assert bool(found.no_standard_errors) == bool(why)
    assert ("no standard errors:" in repr(found)) == bool(why)
    found.save(tmp_path / "fit.json")
    assert load_fit(tmp_path / "fit.json").no_standard_errors == found.no_standard_errors


def test_rows_that_are_met_exactly_are_met():
    rng = np.random.default_rng(5)
    x = np.linspace(0, 5, 200)
    for _ in range(4):
        a, b = rng.uniform(1, 5), rng.uniform(0.2, 1)
        found = fit({"x": x, "y": a * np.exp(-b * x)}, "y ~ a*exp(-b*x)", start={"a": 1, "b": 1})
        assert found.success
        assert found.x["a"] == pytest.approx(a, rel=1e-12)
        line = fit({"x": x, "y": a * x + b}, "y ~ a*x + b", loss="huber:1.35")
        assert line.success
        assert line.x["b"] == pytest.approx(b, rel=1e-10)


def test_least_absolute_deviations_arrive():
    for seed in (1, 2, 31):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=5000), rng.normal(size=5000) * 10 + 50
        y = 2 * x - 0.5 * z + 3 + rng.normal(size=5000)
        assert fit({"x": x, "z": z, "y": y}, "y ~ a*x + b*z + c", loss="mae").success


@pytest.mark.parametrize("most", [1, 3, 10])
def test_a_limit_of_evaluations_is_kept(most):
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    found = fit({"x": x, "y": 3 + rng.normal(size=200)}, "y ~ a*x + b", loss="huber:1.0", evaluations=most)
    assert (found.status, found.success) == ("evaluation_limit", False)
    assert found.nfev == most


def test_a_time_limit_is_kept():
    x = np.linspace(0, 5, 400)
    curve = {"x": x, "y": 3 * np.exp(-0.7 * x) + 0.1 * np.sin(9 * x)}
    found = fit(curve, "y ~ a*exp(-b*x)", start={"a": 1, "b": 9}, time_limit=1e-9)
    assert (found.status, found.success) == ("time_limit", False)
