"""What a fit says of itself: its explanation, its warnings, and its standard errors, or why there are none."""

import numpy as np
import pytest

import downslope as ds
from downslope.api.table_fitting import fit
from downslope.errors import DataError
from downslope.results.fit_loading import load_fit
from downslope.results.run_loading import load_run

RNG = np.random.default_rng(4)
FOUR = {"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]}
X = RNG.standard_normal(300)
NOISY = {"x": X, "y": 3 * X + 1 + RNG.standard_normal(300)}


@pytest.mark.parametrize("loss", ["mse", "rmse"])
def test_advice_on_the_learning_rate_comes_true(loss):
    found = fit(FOUR, "y ~ a*x + b", loss=loss, learning_rate=1.0, steps=500)
    explanation = found.explain()
    finding = explanation.descent.findings[0]
    assert finding.code in ("learning_rate_above_limit", "rmse_rate")
    assert "(run and confirmed)" in explanation.brief
    rate = finding.advice.setting["learning_rate"]
    again = fit(FOUR, "y ~ a*x + b", loss=loss, learning_rate=rate, tolerance=1e-6)
    assert again.status == "converged"
    assert again.x == pytest.approx({"a": 2.3, "b": 79.0}, abs=1e-4)


def test_what_was_descended_in_other_coordinates_is_not_explained_in_the_users():
    assert fit(NOISY, "y ~ a*x + b").explain().descent is None
    assert fit(NOISY, "y ~ a*x + b", standardize=True, learning_rate=0.1, steps=9).explain().descent is None
    assert fit(NOISY, "y ~ a*x + b", batch_size=32, epochs=2).explain().descent is None
    assert fit(NOISY, "y ~ a*x + b", learning_rate=0.1, steps=9).explain().descent is not None


def test_the_explanation_survives_saving(tmp_path):
    found = fit(FOUR, "y ~ a*x + b", learning_rate=0.1)
    found.save(tmp_path / "fit.json")
    back = load_fit(tmp_path / "fit.json")
    assert back.explain().brief == found.explain().brief != ""
    assert back.explain().message == found.message
    assert back.warnings == found.warnings
    assert back.to_dict() == found.to_dict()


def test_load_reads_runs_and_fits(tmp_path):
    fit(FOUR, "y ~ a*x + b").save(tmp_path / "fit.json")
    ds.minimize("x^2", start={"x": 1.0}).save(tmp_path / "run.json")
    assert ds.load(tmp_path / "fit.json").predict({"x": [10.0]}) == pytest.approx([102.0])
    assert ds.load(tmp_path / "run.json").x == {"x": pytest.approx(0.0)}
    with pytest.raises(DataError, match="a run of 'minimize', not a fit"):
        load_fit(tmp_path / "run.json")
    with pytest.raises(DataError, match="holds a fit, not a run"):
        load_run(tmp_path / "fit.json")


def test_standard_errors_only_near_the_minimum():
    best = fit(NOISY, "y ~ a*x + b")
    near = fit(NOISY, "y ~ a*x + b", learning_rate=0.3, steps=12)
    far = fit(NOISY, "y ~ a*x + b", learning_rate=0.3, steps=1)
    assert near.standard_errors == pytest.approx(best.standard_errors, rel=1e-3)
    assert far.standard_errors is None
    curved = {"x": X, "y": 2 * np.exp(0.7 * X) + RNG.standard_normal(300)}
    assert fit(curved, "y ~ a*exp(b*x)", start="a=1,b=0", learning_rate=1e-3, steps=5).standard_errors is None
    assert fit(curved, "y ~ a*exp(b*x)", start="a=1,b=0").standard_errors is not None


def test_no_standard_errors_where_there_is_no_minimum():
    separable = fit({"x": [1.0, 2, 3, 4], "y": [0, 0, 1, 1]}, "y ~ a*x + b", loss="log_loss")
    assert separable.status == "unbounded"
    assert separable.standard_errors is None
    assert fit(FOUR, "y ~ a*x + b", learning_rate=1.0).standard_errors is None


def test_warnings_are_the_last_notes_and_say_a_thing_once():
    x = RNG.standard_normal(40)
    same = fit({"x": x, "z": x, "y": x}, "y ~ a*x + b*z + c")
    assert len(same.warnings) == 1
    assert same.notes[-1:] == same.warnings
    hidden = fit({"x": x, "z": x**2, "w": x + x**2, "y": x}, "y ~ a*x + b*z + c*w")
    assert [w for w in hidden.warnings if "do not determine" in w] == list(hidden.warnings)
    assert fit(NOISY, "y ~ a*x + b").warnings == ()


def test_a_run_begins_exactly_where_it_was_told_to():
    for options in ({}, {"standardize": True, "learning_rate": 0.1, "steps": 3}, {"loss": "huber"}):
        found = fit(NOISY, "y ~ a*x + b", start={"a": 0.1, "b": -0.3}, **options)
        assert found.history.x[0].tolist() == [0.1, -0.3]
        assert found.run.start.tolist() == [0.1, -0.3]


def test_paths_in_a_list(tmp_path):
    for name, rows in (("a", "2,81\n4,93\n"), ("b", "6,91\n8,97\n")):
        (tmp_path / f"{name}.csv").write_text("x,y\n" + rows)
    assert fit([tmp_path / "a.csv", tmp_path / "b.csv"], "y ~ a*x + b").x == pytest.approx(
        {"a": 2.3, "b": 79.0}
    )


def test_messages_count_the_steps_of_the_whole_fit():
    curved = {"x": X, "y": 2 * np.exp(0.7 * X) + RNG.standard_normal(300)}
    seen = []

    def stop(step):
        seen.append(step)
        return len(seen) > 7

    stopped = fit(curved, "y ~ a*exp(b*x)", start="a=1,b=0", callback=stop)
    assert stopped.status == "stopped_by_callback"
    assert stopped.nit > 4
    assert f"step {stopped.nit}" in stopped.message or f"{stopped.nit} steps" in stopped.message
    batches = fit(NOISY, "y ~ a*x + b", batch_size=32, epochs=3)
    assert batches.message == "Stopped at the limit of 3 epochs."


X8 = np.linspace(0.1, 8, 40)
RISING = {"x": X8, "k": 2 * X8, "y": 90 * (1 - np.exp(-0.7 * X8)) + np.random.default_rng(0).normal(size=40)}


@pytest.mark.parametrize(
    ("hypothesis", "options", "said"),
    [
        ("y ~ a*x + b", {}, "The point is the only minimum: the squared error is quadratic"),
        (
            "y ~ a*x + c*k",
            {"l2": 0.1},
            "The point is the only minimum: the penalty curves the cost upwards",
        ),
        ("y ~ a*(1-exp(-b*x))", {"start": "a=80,b=1"}, "The point is a strict minimum: steep along b"),
        ("y ~ a*x + c*k + b", {}, ""),
        ("y ~ a*x + b", {"l1": 0.1}, ""),
    ],
    ids=["line", "penalty", "curve", "undetermined", "l1"],
)
def test_the_kind_of_point_is_said_where_it_is_known(hypothesis, options, said, tmp_path):
    found = fit(RISING, hypothesis, **options)
    assert found.explain().point.startswith(said)
    assert bool(found.explain().point) == bool(said)
    assert said in str(found.explain())
    found.save(tmp_path / "fit.json")
    assert str(load_fit(tmp_path / "fit.json").explain()) == str(found.explain())
