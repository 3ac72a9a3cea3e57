"""Checkpoints: whatever ends a run, its file is whole and goes on as if nothing had been."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DataError, UsageError
from downslope.results.checkpoint_file import SEAL
from downslope.results.checkpoints import Checkpoint
from trials import fresh_seed, trials


@pytest.mark.parametrize("rule", ["adam", "armijo", "schedule_free_adamw"])
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_a_checkpoint_on_the_way_goes_on_and_the_run_does_not_notice(
    rule: str, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    path, write = tmp_path / "run.ckpt", Checkpoint.write

    def seen(self: Checkpoint, content: Any) -> None:
        write(self, content)
        kept.append(path.read_bytes())

    monkeypatch.setattr(Checkpoint, "is_due", lambda *_: True)
    monkeypatch.setattr(Checkpoint, "write", seen)
    options: dict[str, Any] = {"optimizer": rule, "engine": engine, "steps": 300, "every": 7}
    run = ds.minimize("rosenbrock", checkpoint=path, **options)
    monkeypatch.undo()
    whole = ds.minimize("rosenbrock", **options)
    assert run.history == whole.history
    assert run.message == whole.message
    assert len(kept) > 3
    assert ds.load(path) == run
    for content in kept[:-1]:
        path.write_bytes(content)
        part = ds.load(path)
        assert isinstance(part, ds.Run)
        assert part.status == "interrupted"
        again = part.resume()
        assert again.history == whole.history
        assert (again.nfev, again.message, again.fun) == (whole.nfev, whole.message, whole.fun)


LONG = """
import sys, downslope as ds
ds.minimize("rosenbrock", optimizer="adam", learning_rate=1e-7, steps=10**10, checkpoint=sys.argv[1],
            checkpoint_seconds=0)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")
def test_a_run_that_is_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    draw = random.Random(fresh_seed())
    for _ in range(trials(2)):
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", LONG, str(path)])
        until = time.monotonic() + 60
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(draw.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        part = ds.load(path)
        assert isinstance(part, ds.Run)
        assert part.status == "interrupted"
        whole = ds.minimize(
            "rosenbrock", optimizer="adam", learning_rate=1e-7, steps=part.nit + 50, explain=False
        )
        again = ds.resume(path, steps=50, explain=False)
        assert again.final.tolist() == whole.final.tolist()
        assert again.nfev == whole.nfev


def test_a_checkpoint_that_cannot_be_written_is_said_at_once_and_later_only_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "is_due", lambda *_: True)
    with pytest.raises(DataError, match="cannot be written"):
        ds.minimize("x^2", 1.0, optimizer="adam", steps=50, checkpoint=tmp_path / "nowhere" / "run.ckpt")
    folder = tmp_path / "there"
    folder.mkdir()

    def vanish(step: Any) -> None:
        if step.step == 20:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()

    with pytest.warns(UserWarning, match="cannot be written"):
        run = ds.minimize(
            "x^2", 1.0, optimizer="adam", steps=50, checkpoint=folder / "run.ckpt", callback=vanish
        )
    assert run.nit == 50


@pytest.mark.parametrize("seconds", [-1, "often", float("nan"), True])
def test_how_often_is_a_number(seconds: Any) -> None:
    with pytest.raises(UsageError, match="checkpoint_seconds is"):
        ds.minimize("x^2", 1.0, checkpoint="run.ckpt", checkpoint_seconds=seconds)
    with pytest.raises(UsageError, match="in which file"):
        ds.minimize("x^2", 1.0, checkpoint_seconds=1.0)


def test_they_take_at_most_a_fiftieth_of_the_time() -> None:
    checkpoint = Checkpoint("run.ckpt", 1.0)
    began = checkpoint._last
    assert not checkpoint.is_due(began + 0.9, 10)
    assert checkpoint.is_due(began + 1.1, 10)
    assert not checkpoint.is_due(began + 9.9, 4_000_000)  # four million numbers take 0.2 s
    assert checkpoint.is_due(began + 10.1, 4_000_000)
    checkpoint._written, checkpoint._took = True, 0.1
    assert not checkpoint.is_due(began + 4.9, 10)
    assert checkpoint.is_due(began + 5.1, 10)


def test_a_checkpoint_of_many_parameters_is_the_run(tmp_path: Path) -> None:
    path, saved = tmp_path / "run.ckpt", tmp_path / "run.json"
    run = ds.minimize(
        lambda w: (float(w @ w), 2 * w), np.linspace(-1, 1, 3_000), gradient=True, optimizer="lbfgs", steps=3
    )
    Checkpoint(path).keep(run)
    run.save(saved)
    head, _, behind = path.read_bytes().partition(b"\n")
    begin, size = json.loads(head)["x"]["at"]
    assert behind[begin : begin + size] == run.x.tobytes()
    loaded = ds.load(path)
    assert loaded == ds.load(saved)
    assert isinstance(loaded, ds.Run)
    assert np.array_equal(loaded.final, run.final)
    assert loaded.history == run.history


def test_a_checkpoint_before_the_first_step_is_one(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    run = ds.minimize("log(x)", {"x": -1.0}, learning_rate=0.1, steps=3)
    assert not len(run.history)
    Checkpoint(path).keep(run)
    assert ds.load(path) == run


def test_a_number_of_parameters_that_nobody_saved_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    Checkpoint(path).keep(ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3))
    whole = path.read_bytes()
    forge(path, whole, b'"shapes": [[]]', b'"shapes": [[1000000000000]]')
    with pytest.raises(DataError, match="other parameters"):
        ds.load(path)


def forge(path: Path, whole: bytes, old: bytes, new: bytes) -> None:
    """Write a checkpoint that says something else, and has the digest of it."""
    assert whole.count(old) >= 1
    body = whole[:-SEAL].replace(old, new, 1)
    path.write_bytes(body + f"\n{hashlib.sha256(body).hexdigest()}\n".encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"at": [0,', b'"at": [-8,'),
        (b'"at": [0,', b'"at": [100000,'),
        (b'"at": [0, ', b'"at": [0, 1'),
        (b'"at": [0,', b'"at": ["a",'),
        (b'"at": [0, ', b'"at": [[0], '),
        (b'"behind": ', b'"behind": 1'),
        (b'"counts": {"dtype": "int64"', b'"counts": {"dtype": "object"'),
        (b'"shape": [', b'"shape": [-1, '),
        (b'"at": [0, ', b'"base64": ["", '),
    ],
)
def test_places_of_arrays_that_are_none_are_refused(old: bytes, new: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    Checkpoint(path).keep(ds.minimize("x^2 + y^2", [1.0, 2.0], learning_rate=0.1, steps=3))
    forge(path, path.read_bytes(), old, new)
    with pytest.raises(DataError):
        ds.load(path)


@pytest.mark.parametrize("length", [0, 1, 10, 100, -1, -66, -67, -200])
def test_a_part_of_a_checkpoint_is_none(length: int, tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    Checkpoint(path).keep(ds.minimize("x^2 + y^2", [1.0, 2.0], learning_rate=0.1, steps=3))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError):
        ds.load(path)
