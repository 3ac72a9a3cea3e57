"""Sweeps that are broken off at any moment and resumed are, bit for bit, the sweep that nobody broke off."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DataError, ObjectiveError, UsageError
from downslope.results.checkpoints import Checkpoint
from downslope.sweeping import pool, trial_runs
from downslope.sweeping.runs import RunEnds
from trials import fresh_seed, trials

ACROSS = ds.grid(-3, 3, 25)
TABLE = {"x": [0.5, 1.0, 2.0, 3.5], "c": [0, 0, 1, 1], "y": [1.0, 2.5, 3.0, 5.0]}


def valley(x: float, y: float) -> float:
    return (x - 1) ** 2 + 3 * abs(y) ** 1.5 if x > 0 else 1 + (x - 1) ** 2 + y * y


def another(x: float, y: float) -> float:
    return valley(x, y) * (1 + 2e-16)


# what is swept, with which settings, and what is given where it is resumed
KINDS: dict[str, tuple[Any, dict[str, Any], tuple[Any, ...]]] = {
    "formula": (
        "himmelblau",
        {"start": {"x": ACROSS, "y": [-1.0, 2.0]}, "optimizer": ["gradient_descent", "adam", "armijo"],
         "learning_rate": None, "steps": [20, 60]},
        (),
    ),
    "rates": (
        "rosenbrock",
        {"learning_rate": ds.logspace(1e-5, 1e-2, 90), "optimizer": ["adam", "rmsprop"], "steps": 80,
         "schedule": "cosine(steps=60)", "bounds": {"x": (-1, 0.5)}, "every": 20},
        (),
    ),
    "drawn": (
        "x^4/4 - x^2 + y^2",
        {"start": {"x": ds.Uniform(-2, 2), "y": ds.Normal(0, 1)}, "draws": 70, "learning_rate": 0.1, "steps": 30,
         "maximize": True},
        (),
    ),
    "float32": (
        "booth",
        {"start": {"x": ACROSS, "y": 1.0}, "learning_rate": 0.02, "steps": 30, "dtype": "float32"},
        (),
    ),
    "curved": (
        "rosenbrock",
        {"start": {"x": ACROSS, "y": 1.0}, "optimizer": ["newton", "lbfgs"], "tolerance": 1e-8},
        (),
    ),
    "function": (valley, {"start": [2.0, 1.0], "learning_rate": ds.logspace(0.001, 0.3, 40), "steps": 25}, (valley,)),
    "table": (
        "c ~ a*x + b",
        {"table": TABLE, "loss": "log_loss", "learning_rate": ds.grid(0.1, 1, 30), "steps": 20},
        (TABLE,),
    ),
    "squares": ("y ~ a*x + b", {"table": TABLE, "learning_rate": ds.grid(0.01, 0.1, 90), "steps": 20}, (TABLE,)),
}  # fmt: skip


def asked_for(kind: str) -> dict[str, Any]:
    options = {name: value for name, value in KINDS[kind][1].items() if value is not None}
    return options | ({"seed": 3} if kind == "drawn" else {})


def same(one: ds.Sweep, other: ds.Sweep) -> bool:
    ends = all(
        getattr(one.ends, field.name).tobytes() == getattr(other.ends, field.name).tobytes()
        for field in fields(RunEnds)
    )
    about = [(s.engine, str(s.why_single), s.complete, s.traces.tobytes()) for s in (one, other)]
    return ends and about[0] == about[1]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_runs, "FIRST_BATCH", 7)
    monkeypatch.setattr(trial_runs, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(pool, "LOOK_SECONDS", 0.0)


def broken_off(kind: str, path: Path, after: int, patch: pytest.MonkeyPatch, last: bool) -> ds.Sweep | None:
    """A sweep that is interrupted at its ``after``-th checkpoint; killed there, unless the ``last`` one is written."""
    write, written = Checkpoint.write, [0]

    def interrupting(self: Checkpoint, content: Any) -> None:
        written[0] += 1
        write(self, content)
        if written[0] == after:
            raise KeyboardInterrupt

    with patch.context() as patched:
        patched.setattr(Checkpoint, "is_due", lambda *given: True)
        patched.setattr(Checkpoint, "write", interrupting)
        if not last:
            patched.setattr(Checkpoint, "end", lambda *given: None)
        try:
            return ds.sweep(KINDS[kind][0], **asked_for(kind), checkpoint=path)
        except KeyboardInterrupt:  # at the last checkpoint of all, when everything is done
            return None


@pytest.mark.parametrize("kind", KINDS)
def test_resumed_is_uninterrupted(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, draw = tmp_path / "sweep.ckpt", random.Random(fresh_seed())
    whole = ds.sweep(KINDS[kind][0], **asked_for(kind))
    for after in [1, *(draw.randint(2, 12) for _ in range(trials(2)))]:
        made = broken_off(kind, path, after, monkeypatch, last=draw.random() < 0.5)
        left = ds.load(path)
        assert isinstance(left, ds.Sweep)
        if made is not None and made.complete:  # the moment drawn lay behind the end
            assert after > 1
            continue
        done = left.ends.is_status(*(s for s in ds.Status if s != "interrupted"))
        assert done.any()
        assert np.array_equal(left.ends.points[done], whole.ends.points[done])
        if after == 1:
            assert not done.all()
        resumed = ds.resume(path, *KINDS[kind][2], checkpoint=path)
        assert isinstance(resumed, ds.Sweep)
        assert same(resumed, whole)
        again = ds.load(path)
        assert isinstance(again, ds.Sweep)
        assert same(again, whole)
        assert isinstance(ds.resume(path), ds.Sweep)  # nothing is missing


def test_a_sweep_in_memory_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, runs: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    swept = ds.sweep(valley, [2.0, 1.0], learning_rate=ds.grid(0.01, 0.1, 30), steps=9, progress=stop)
    before = swept.ends.status.copy()
    assert swept.counts()["interrupted"] == 20
    assert same(swept.resume(), ds.sweep(valley, [2.0, 1.0], learning_rate=ds.grid(0.01, 0.1, 30), steps=9))
    assert np.array_equal(swept.ends.status, before)


def test_ctrl_c_within_a_run_ends_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [0]

    def counted(x: float) -> float:
        calls[0] += 1
        if calls[0] == 50:
            raise KeyboardInterrupt
        return float(x) ** 2 if x > 0 else 0.0

    swept = ds.sweep(counted, 1.0, learning_rate=ds.grid(0.01, 0.1, 30), steps=9)
    assert not swept.complete
    assert calls[0] < 60
    assert swept.counts()["interrupted"] > 20


def test_a_function_that_raises_at_a_start_ends_that_run_alone() -> None:
    def partial(x: float) -> float:
        return x**2 if x > 0 else {}["no such key"]

    swept = ds.sweep(partial, {"x": [1.5, -1.0, 0.5]}, learning_rate=0.1, steps=3)
    assert swept.column("status").tolist() == ["step_limit", "error", "step_limit"]
    with pytest.raises(KeyError, match="no such key"):
        swept.run(1)
    with pytest.raises(KeyError, match="no such key"):
        ds.sweep(partial, {"x": [-1.0, 0.5]}, learning_rate=0.1, steps=3)


def test_another_function_or_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sweep.ckpt"
    broken_off("function", path, 2, monkeypatch, last=False)
    with pytest.raises(ObjectiveError, match="is not in the saved run"):
        ds.resume(path)
    with pytest.raises(DataError, match="where the first run begins its value is"):
        ds.resume(path, another)
    with pytest.raises(DataError, match="its parameters are"):
        ds.resume(path, lambda x: float(x[0]), [1.0, 2.0, 3.0])
    with pytest.raises(UsageError, match="'steps' is for a single run"):
        ds.resume(path, valley, steps=3)
    broken_off("table", path, 2, monkeypatch, last=False)
    with pytest.raises(UsageError, match="holds a sweep over a table"):
        ds.resume(path)
    with pytest.raises(DataError, match="this is another function or table"):
        ds.resume(path, {**TABLE, "x": [0.5, 1.0, 2.0, 3.6]})


def test_a_sweep_of_another_version_or_damaged_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.ckpt"
    broken_off("rates", path, 2, monkeypatch, last=False)
    source = path.read_bytes()
    draw = random.Random(fresh_seed())
    for _ in range(trials(50)):
        damaged = bytearray(source)
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError):
            ds.resume(path)
    path.write_bytes(source)
    monkeypatch.setattr("downslope.api.saved_sweeps.versions", lambda *given: {"numpy": "9.9"})
    with pytest.warns(UserWarning, match="goes on with other versions than it began with"):
        ds.resume(path)
