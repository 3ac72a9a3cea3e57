"""``ds.compare``: each run is the one that ``minimize`` makes."""

import numpy as np
import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UnknownNameError, UsageError
from downslope.sweeping.comparison import ends_of, same_function, settings_of


def test_each_run_is_that_of_minimize():
    found = ds.compare("rosenbrock", optimizer=["adam", "sgd"], learning_rate=[1e-3, 1e-2], steps=20)
    assert [(run.optimizer.name(), run.optimizer.learning_rate) for run in found] == [
        ("adam", 1e-3),
        ("adam", 1e-2),
        ("gradient_descent", 1e-3),
        ("gradient_descent", 1e-2),
    ]
    for run in found:
        assert run.history == ds.minimize("rosenbrock", optimizer=run.optimizer, steps=20).history


def test_a_rule_with_a_rate_of_its_own_keeps_it():
    rules = ["sgd", "adam(0.3)", "adam(beta1=0.5)", ds.optimizers.Adam(learning_rate=0.7)]
    found = ds.compare("x^2", {"x": 1.0}, optimizer=rules, learning_rate=[0.1, 0.2], steps=2)
    assert [run.optimizer.learning_rate for run in found] == [0.1, 0.2, 0.3, 0.1, 0.2, 0.7]
    assert found[3].optimizer.beta1 == 0.5
    with pytest.raises(UsageError, match="a learning rate of its own already; leave learning_rate out"):
        ds.compare("x^2", {"x": 1.0}, optimizer=["adam(0.3)"], learning_rate=0.1)
    both = ds.compare(
        "x^2", {"x": 1.0}, optimizer=["adam(0.3)", "nadam"], hyperparameters={"beta1": 0.5}, steps=1
    )
    assert [run.optimizer.beta1 for run in both] == [0.5, 0.5]


def test_climbing_is_that_of_maximize():
    (run,) = ds.compare("-(x^2)", {"x": 1.0}, learning_rate=[0.1], steps=4, uphill=True)
    assert run.history == ds.maximize("-(x^2)", {"x": 1.0}, learning_rate=0.1, steps=4).history


def test_a_list_of_starts_and_python_functions():
    found = ds.compare(
        lambda x: x[0] ** 2 + x[1] ** 4, starts=[[1.0, 1.0], [2.0, 0.5]], steps=3, learning_rate=0.1
    )
    assert [run.start.tolist() for run in found] == [[1.0, 1.0], [2.0, 0.5]]


def test_saved_comparisons_come_back_equal(tmp_path):
    found = ds.compare("x^2", {"x": 1.0}, learning_rate=[0.1, 0.25], steps=3)
    found.save(tmp_path / "both.json")
    again = ds.load(tmp_path / "both.json")
    assert again.to_dict() == found.to_dict()
    assert list(again) == list(found)
    assert found.to_pandas()["steps"].tolist() == [3, 3]
    assert found.to_csv().splitlines()[0].startswith("learning_rate,status,success,steps")


def test_only_what_differs_is_told():
    runs = [
        ds.minimize("x^2", {"x": 1.0}, optimizer=rule, steps=1)
        for rule in ("adam(0.1)", "adam(0.1, beta1=0.5)")
    ]
    assert settings_of(runs) == [{"beta1": 0.9}, {"beta1": 0.5}]
    assert settings_of(runs[:1]) == [{"optimizer": "adam"}]
    other = ds.minimize("x^2", {"x": 2.0}, optimizer="lbfgs", steps=1)
    assert settings_of([runs[0], other]) == [
        {"optimizer": "adam", "learning_rate": 0.1, "start": (1.0,)},
        {"optimizer": "lbfgs", "start": (2.0,)},
    ]


def test_runs_are_grouped_by_where_they_end():
    runs = [ds.minimize("x^4/4 - x^2/2", {"x": x}, learning_rate=0.1) for x in (-2.0, 1.5, 0.5, -0.1)]
    runs.append(ds.minimize("x^4/4 - x^2/2", {"x": 3.0}, learning_rate=1.0))
    ends = ends_of(runs)
    assert [(end.status, end.members) for end in ends] == [
        ("converged", (0, 3)),
        ("converged", (1, 2)),
        (runs[4].status, (4,)),
    ]
    assert not same_function([runs[0], ds.minimize("x^2", {"x": 1.0}, learning_rate=0.1)])


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"optimizer": []}, UsageError, "optimizer is an empty list"),
        ({"learning_rate": []}, UsageError, "learning_rate is an empty list"),
        ({"starts": []}, UsageError, "starts is an empty list"),
        ({"optimizer": ["adam"] * 5 + ["lbgfs"]}, UnknownNameError, "'lbgfs'"),
        ({"learning_rate": [0.1, 0.2, 0]}, HyperparameterError, "learning_rate is 0"),
        ({"starts": 10**12}, UsageError, "1,000,000,000,000 runs"),
        ({"optimizer": ["sgd"] * 1000, "learning_rate": [0.1] * 1000}, UsageError, "1,000,000 runs"),
        (
            {"learning_rate": [0.1] * 500, "steps": 10**9},
            UsageError,
            r"would take 15\.6 GB; every=8 keeps less",
        ),
    ],
)
def test_bad_settings_are_refused_before_anything_runs(options, kind, said):
    calls = []

    def function(x):
        calls.append(x)
        return x * x

    with pytest.raises(kind, match=said):
        ds.compare(function if "steps" not in options else "x^2", {"x": 1.0}, **options)
    assert calls == []


def test_settings_are_not_for_runs():
    run = ds.minimize("x^2", {"x": 1.0}, learning_rate=0.1, steps=1)
    with pytest.raises(UsageError, match="steps is for a function"):
        ds.compare([run], steps=3)
    with pytest.raises(UsageError, match="empty"):
        ds.compare([])


def test_ctrl_c_keeps_the_runs_that_are_done():
    asked = []

    def stop(step):
        asked.append(step)
        if len(asked) == 8:
            raise KeyboardInterrupt

    found = ds.compare("x^2", {"x": 1.0}, learning_rate=[0.1, 0.2, 0.3], steps=5, callback=stop)
    assert len(found) == 2
    assert found.interrupted
    assert not found.success
    assert found.asked == 3
    assert found[0].history == ds.minimize("x^2", {"x": 1.0}, learning_rate=0.1, steps=5).history


def test_a_comparison_is_drawn_as_its_runs_and_shown_as_a_table():
    found = ds.compare("x^2 + y^2", {"x": 1.0, "y": 2.0}, learning_rate=[0.1, 0.2], steps=3)
    axes = [axes.get_xlabel() for axes in ds.plot(found).axes if axes.get_xlabel()]
    assert axes == ["$x$", "evaluations"]
    assert found._repr_mimebundle_()["text/html"].count("<tr>") == 3
    shown = found._repr_mimebundle_()["text/html"]
    found.columns["optimizer"] = ["<b>", "&"]
    assert "<b>" not in found._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;" in found._repr_mimebundle_()["text/html"]
    assert "<td>0.1</td>" in shown


def test_normal_starts_are_drawn_one_after_another() -> None:
    made = ds.compare("(x-1)^2 + y^2", "x=normal(5,0.1),y=2", starts=40, seed=3, steps=1, learning_rate=0.1)
    starts = np.array([run.start for run in made.runs])
    expected = np.random.default_rng(3).normal(5, 0.1, 40)
    np.testing.assert_array_equal(starts[:, 0], expected)
    np.testing.assert_array_equal(starts[:, 1], 2.0)


def test_a_race_draws_no_normal_starts() -> None:
    with pytest.raises(UsageError, match="give uniform"):
        ds.race("(x-1)^2", ["adam", "momentum"], start="x=normal(0,1)", seed=1)
