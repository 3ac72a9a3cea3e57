"""``sweep``: what comes out, what is known, what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DataError, DownslopeError, UsageError
from downslope.sweeping import pool, trial, trial_runs

QUADRATIC = "x^2/20 + y^2"


def same(run: ds.Run, other: ds.Run) -> bool:
    """Whether two runs are one, but for the time that they took."""
    ended = (run.status, run.message, run.nfev, run.success, run.command)
    return run.history == other.history and ended == (
        other.status,
        other.message,
        other.nfev,
        other.success,
        other.command,
    )


def test_a_row_is_the_run_that_minimize_makes() -> None:
    made = ds.sweep(
        "rosenbrock",
        start={"x": [-1.2, 0.5], "y": 1.0},
        optimizer=["gradient_descent", "adam"],
        learning_rate=[1e-4, 1e-3],
        steps=[50, 80],
    )
    assert len(made) == 16
    for place in range(16):
        row, run = made.row(place), made.run(place)
        alone = ds.minimize(
            "rosenbrock",
            {"x": row["start.x"], "y": 1.0},
            optimizer=row["optimizer"],
            learning_rate=row["learning_rate"],
            steps=row["most_steps"],
        )
        assert same(run, alone)
        assert (row["status"], row["steps"], row["evaluations"]) == (alone.status, alone.nit, alone.nfev)
        assert (row["x"], row["y"], row["value"]) == pytest.approx(
            (alone.x["x"], alone.x["y"], alone.fun), rel=1e-12
        )


@pytest.mark.parametrize("name", ["momentum", "beta1"])
def test_numbers_of_a_rule_vary(name: str) -> None:
    rule = {"momentum": "momentum", "beta1": "adam"}[name]
    made = ds.sweep(
        QUADRATIC,
        {"x": -7, "y": 2},
        optimizer=rule,
        learning_rate=0.1,
        hyperparameters={name: [0.5, 0.8]},
        steps=30,
    )
    alone = ds.minimize(
        QUADRATIC, {"x": -7, "y": 2}, optimizer=rule, learning_rate=0.1, hyperparameters={name: 0.8}, steps=30
    )
    assert made.column(name).tolist() == [0.5, 0.8]
    assert made.column("x")[1] == pytest.approx(alone.x["x"], rel=1e-12)


def test_rules_schedules_and_bounds_are_those_of_minimize() -> None:
    options: dict[str, Any] = {"schedule": "cosine(steps=50)", "bounds": {"x": (-8, -1)}, "steps": 50}
    made = ds.sweep(QUADRATIC, {"x": -7, "y": 2}, learning_rate=[0.3, 0.9], **options)
    alone = ds.minimize(QUADRATIC, {"x": -7, "y": 2}, learning_rate=0.9, **options)
    assert made.engine == "lanes"
    assert same(made.run(1), alone)
    assert made.column("y")[1] == pytest.approx(alone.x["y"], rel=1e-12)
    wrapped = ds.optimizers.ClipByNorm(optimizer=ds.optimizers.Adam(learning_rate=0.5), limit=0.5)
    clipped = ds.sweep(QUADRATIC, {"x": -7, "y": 2}, optimizer=wrapped, learning_rate=[0.1, 0.2], steps=20)
    again = wrapped.changed(optimizer=ds.optimizers.Adam(learning_rate=0.2))
    assert same(clipped.run(1), ds.minimize(QUADRATIC, {"x": -7, "y": 2}, optimizer=again, steps=20))


def test_whole_numbers_of_a_rule_vary() -> None:
    made = ds.sweep("rosenbrock", optimizer="lbfgs", hyperparameters={"memory": [1, 5]}, tolerance=1e-8)
    assert made.column("steps").tolist() == [
        ds.minimize("rosenbrock", optimizer="lbfgs", hyperparameters={"memory": m}, tolerance=1e-8).nit
        for m in (1, 5)
    ]


def test_climbing_is_descending_upside_down() -> None:
    up = ds.sweep("-(x^2) + 3", {"x": [1.0, 2.0]}, learning_rate=0.1, tolerance=1e-8, maximize=True)
    alone = ds.maximize("-(x^2) + 3", {"x": 2.0}, learning_rate=0.1, tolerance=1e-8)
    assert (up.column("steps")[1], up.column("value")[1]) == (alone.nit, alone.fun)
    assert up.minima[0].kind == "maximum"
    assert same(up.run(1), alone)


def test_functions_without_lanes_run_one_by_one() -> None:
    def kinked(x: float) -> float:
        return (x - 3) ** 2 if x > 3 else 2 * abs(x - 3)

    made = ds.sweep(kinked, start=8.0, learning_rate=[0.1, 0.3], steps=20)
    assert made.engine == "single"
    assert "not a formula" in str(made.why_single)
    alone = ds.minimize(kinked, 8.0, learning_rate=0.3, steps=20, explain=False)
    assert (made.column("status")[1], made.column("value")[1]) == (alone.status, alone.fun)
    both = ds.sweep("x^2", {"x": 1.0}, optimizer=["adam", "schedule_free_adamw"], learning_rate=0.1, steps=20)
    assert both.engine == "both"
    averaged = ds.minimize("x^2", {"x": 1.0}, optimizer="schedule_free_adamw", learning_rate=0.1, steps=20)
    assert both.column("x")[1] == averaged.x["x"]


def test_processes_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {
        "start": {"x": ds.grid(-2, 2, 20), "y": 1.0},
        "learning_rate": 0.02,
        "steps": 40,
        "dtype": "float32",
    }
    alone = ds.sweep("booth", **asked)  # whose sums round otherwise in another order
    monkeypatch.setattr(pool, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(pool, "WORTH_SECONDS", 0.0)
    sent: list[int] = []
    whole = pool._in_processes
    monkeypatch.setattr(pool, "_in_processes", lambda *given: sent.append(1) or whole(*given))
    monkeypatch.setattr(pool, "cores", lambda: 2)
    made = ds.sweep("booth", **asked)
    for name, column in alone.columns.items():
        assert np.array_equal(made.column(name), column), name
    assert sent == [1]


class Drifting:
    """A function that remembers how often it was called, and so comes out otherwise in another process."""

    calls = 0

    def __call__(self, x: float) -> float:
        type(self).calls += 1
        return (x - 3) ** 2 + type(self).calls


def test_what_comes_out_otherwise_in_processes_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {
        "start": 1.0,
        "learning_rate": ds.grid(0.1, 0.2, 6),
        "steps": 3,
        "gradient": slope,
    }
    whole, answers = pool._in_processes, []
    alone = ds.sweep(Drifting(), **asked)
    monkeypatch.setattr(pool, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(pool, "WORTH_SECONDS", 0.0)
    monkeypatch.setattr(pool, "_in_processes", lambda *given: answers.append(whole(*given)) or answers[-1])
    monkeypatch.setattr(pool, "cores", lambda: 2)
    Drifting.calls = 0
    made = ds.sweep(Drifting(), **asked)
    assert answers == [None]
    assert np.array_equal(made.column("value"), alone.column("value"))


def slope(x: float) -> float:
    return 2 * (x - 3)


def test_the_limit_of_a_quadratic_is_at_the_pixel() -> None:
    rates = ds.grid(0.5, 1.5, 401)  # 2/L = 1 is one of them
    made = ds.sweep(QUADRATIC, {"x": ds.grid(-7, 7, 8), "y": 2.0}, learning_rate=rates, steps=4000)
    diverged = (made.column("status") == "diverged").reshape(401, 8)
    first = np.argmax(diverged, axis=0)
    assert np.all(diverged.any(axis=0))
    assert np.all(np.abs(rates[first] - 1.0) <= rates[1] - rates[0])
    assert not diverged[rates < 1.0].any()


def test_basins_of_himmelblau_are_its_four_minima() -> None:
    across = ds.grid(-6, 6, 61)
    made = ds.sweep("himmelblau", {"x": across, "y": across}, learning_rate=0.01, steps=5000, tolerance=1e-9)
    known = sorted(ds.problem("himmelblau").minimisers)
    found = sorted(tuple(point.x) for point in made.minima if point.kind == "minimum")
    assert np.allclose(found, known, atol=1e-6)
    assert np.array_equal(made.which >= 0, made.column("status") == "converged")
    nearest = np.argmin(
        [np.hypot(made.column("x") - point.x[0], made.column("y") - point.x[1]) for point in made.minima],
        axis=0,
    )
    assert np.array_equal(nearest, made.which)


def test_basins_of_two_wells_are_mirror_images() -> None:
    across = ds.grid(-2, 2, 81)
    made = ds.sweep("(x^2 - 1)^2 + y^2", {"x": across, "y": across}, learning_rate=0.05, tolerance=1e-8)
    which = made.which.reshape(81, 81)
    ends = np.array([point.x[0] for point in made.minima])
    kinds = {round(float(point.x[0])): point.kind for point in made.minima}
    assert kinds == {-1: "minimum", 0: "saddle", 1: "minimum"}
    assert np.array_equal(np.round(ends[which]), -np.round(ends[which[::-1]]))
    assert np.array_equal(which, which[:, ::-1])
    assert np.all(np.round(ends[which[40]]) == 0)  # on the axis between them: the saddle


def test_best_and_failed() -> None:
    made = ds.sweep("x^2", {"x": 3.0}, learning_rate=[0.1, 0.5, 1.5], steps=60, tolerance=1e-8)
    assert made.failed.tolist() == [0, 2]
    assert (made.best["run"], made.best["learning_rate"]) == (1, 0.5)
    assert made.run().nit == 1
    assert made.row(-1)["run"] == 2
    assert made.counts() == {"converged": 1, "step_limit": 1, "diverged": 1}
    with pytest.raises(UsageError, match=r"0 to 2"):
        made.run(3)
    with pytest.raises(UsageError, match="Did you mean 'status'"):
        made.column("statsu")
    assert "3 runs" in repr(made)


def test_columns_go_to_other_libraries(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    made = ds.sweep("x^2", {"x": [1.0, 2.0]}, optimizer=["adam", "momentum"], learning_rate=0.1, steps=5)
    frame = made.to_pandas()
    assert list(frame.columns) == list(made.names)
    assert frame["optimizer"].tolist() == ["adam", "adam", "momentum", "momentum"]
    assert made.to_arrow().column("steps").to_pylist() == [5, 5, 5, 5]
    path = tmp_path / "sweep.csv"
    made.to_csv(path)
    assert np.array_equal(pandas.read_csv(path)["value"], made.column("value"))


def test_a_saved_sweep_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    wrapped = ds.optimizers.ClipByNorm(optimizer=ds.optimizers.Adam(learning_rate=0.5), limit=0.5)
    made = ds.sweep(
        QUADRATIC,
        {"x": ds.Uniform(-7, 7), "y": 2},
        optimizer=["momentum", wrapped],
        learning_rate=[0.1, 0.2],
        steps=9,
        draws=3,
        every=4,
    )
    made.save(path)
    again = ds.load(path)
    assert isinstance(again, ds.Sweep)
    assert again.to_dict() == made.to_dict()
    assert np.array_equal(again.traces, made.traces)
    assert same(again.run(7), made.run(7))
    assert again.trial.design.seed == made.trial.design.seed
    text = path.read_text()
    path.write_text(text.replace('"maximize": false', '"maximize": true'))
    with pytest.raises(DataError, match="changed after it was saved"):
        ds.load(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"learning_rate": []}, "learning_rate is an empty list"),
        ({"start": {"x": [], "y": 1.0}, "learning_rate": 0.1}, "x is an empty list"),
        ({"start": [], "learning_rate": 0.1}, "start is an empty list"),
        ({"learning_rate": [0.1, 0.0]}, "It is one of 2 values of learning_rate"),
        ({"learning_rate": 0.0}, "must be a finite number > 0"),
        ({"learning_rate": [0.1, float("nan")]}, "learning_rate is nan"),
        ({"optimizer": ["adam", "adm"], "learning_rate": 0.1}, "there is no optimizer 'adm'"),
        (
            {"optimizer": ["adam", "adm"], "learning_rate": 0.1},
            "This is at optimizer 'adm', of 2 such settings.",
        ),
        ({"optimizer": "adam", "learning_rate": 0.1, "hyperparameters": {"bta1": [0.1, 0.2]}}, "bta1"),
        (
            {"optimizer": "adam", "learning_rate": 0.1, "hyperparameters": {"beta1": [0.5, 1.5]}},
            "beta1 is 1.5",
        ),
        ({"optimizer": "lbfgs", "learning_rate": [0.1, 0.2]}, "learning_rate"),
        ({"learning_rate": 0.1, "steps": [10, -1]}, "steps is -1"),
        ({"learning_rate": 0.1, "stps": 3}, "there is no option 'stps'"),
        ({"learning_rate": 0.1, "every": 0}, "every is 0"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_runs(
    options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_runs, "run_in_lanes", lambda *given: pytest.fail("something ran"))
    with pytest.raises(DownslopeError) as caught:
        ds.sweep(QUADRATIC, **{"start": {"x": 1.0, "y": 1.0}, **options})
    assert said in str(caught.value)


def test_too_many_runs_are_refused_with_their_number_and_size() -> None:
    lots = ds.grid(-1, 1, 1_000_000)
    with pytest.raises(UsageError) as caught:
        ds.sweep(QUADRATIC, {"x": lots, "y": lots}, learning_rate=0.1, steps=5)
    assert "these are 1,000,000,000,000 runs" in str(caught.value)
    assert "GB" in str(caught.value)
    with pytest.raises(UsageError, match="GB"):
        ds.sweep(QUADRATIC, {"x": ds.grid(-1, 1, 100_000), "y": 1}, learning_rate=0.1, steps=100_000, every=1)


def test_ctrl_c_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = trial.Trial.run, []

    def interrupted(self: Any, place: int) -> Any:
        calls.append(place)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(self, place)

    monkeypatch.setattr(trial.Trial, "run", interrupted)
    made = ds.sweep("x^2", {"x": [1.0, 2.0, 3.0, 4.0]}, learning_rate=0.1, steps=5, dtype="float32")
    assert not made.complete
    assert made.column("status").tolist() == ["step_limit", "step_limit", "interrupted", "interrupted"]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    rates = ds.grid(0.01, 0.1, 60)
    made = ds.sweep(
        lambda x: float(x) ** 2 if x > 0 else 0.0,
        1.0,
        learning_rate=rates,
        steps=2000,
        progress=lambda done, runs: told.append((done, runs)),
    )
    assert made.engine == "single"
    assert told
    assert all(runs == 60 and 0 <= done <= 60 for done, runs in told)


def test_a_zoom_is_made_anew() -> None:
    made = ds.sweep(
        QUADRATIC, {"x": ds.grid(-7, 7, 5), "y": 2.0}, learning_rate=ds.logspace(0.01, 1, 4), steps=20
    )
    near = made.zoom(x=(-1, 1), learning_rate=(0.1, 0.8))
    assert np.allclose(near.column("learning_rate")[::5], [0.1, 0.2, 0.4, 0.8])
    whole = ds.sweep(
        QUADRATIC, {"x": ds.grid(-1, 1, 5), "y": 2.0}, learning_rate=ds.logspace(0.1, 0.8, 4), steps=20
    )
    assert np.array_equal(near.column("value"), whole.column("value"))
    with pytest.raises(UsageError, match="no axis of numbers 'y'"):
        made.zoom(y=(0, 1))


def test_fits_are_swept_with_one_reading_for_squared_losses() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=300)
    table = {
        "x": x,
        "y": 3 * x + 1 + 0.1 * random.normal(size=300),
        "c": (x + random.normal(size=300) > 0).astype(int),
    }
    made = ds.sweep(
        "y ~ a*x + b", table=table, learning_rate=[0.1, 0.5], optimizer=["gradient_descent", "adam"], steps=30
    )
    assert made.engine == "lanes"
    for place in range(4):
        row = made.row(place)
        fitted = ds.fit(
            table, "y ~ a*x + b", learning_rate=row["learning_rate"], optimizer=row["optimizer"], steps=30
        )
        assert (row["a"], row["b"]) == pytest.approx((fitted.x["a"], fitted.x["b"]), rel=1e-9)
        assert row["value"] == pytest.approx(fitted.loss, rel=1e-9)
    rough = ds.sweep("c ~ a*x + b", table=table, loss="log_loss", learning_rate=[0.5, 1.0], steps=20)
    fitted = ds.fit(table, "c ~ a*x + b", loss="log_loss", learning_rate=1.0, steps=20)
    assert rough.engine == "single"
    assert rough.column("a")[1] == pytest.approx(fitted.x["a"], rel=1e-9)
    found = ds.find_learning_rate("y ~ a*x + b", table=table)
    curvatures = np.linalg.eigvalsh(
        2 * np.cov(np.stack([x, np.ones(300)]), bias=True) + 2 * np.outer([x.mean(), 1], [x.mean(), 1])
    )
    assert found.limit == pytest.approx(2 / curvatures.max(), rel=1e-9)
