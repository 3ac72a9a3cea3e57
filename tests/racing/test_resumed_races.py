"""Races that are broken off at any moment and resumed say what the race says that nobody broke off."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DataError, ObjectiveError, UsageError
from downslope.optimizers import Adam, from_optax
from downslope.results.checkpoints import Checkpoint
from trials import fresh_seed, trials


def valley(x: float, y: float) -> float:
    return (x - 1) ** 2 + 3 * abs(y) ** 1.5 if x > 0 else 1 + (x - 1) ** 2 + y * y


def another(x: float, y: float) -> float:
    return valley(x, y) * (1 + 2e-16)


# what is raced, by whom, from where, with which settings, and what is given where it is resumed
KINDS: dict[str, tuple[Any, list[Any], Any, dict[str, Any], Any]] = {
    "formula": (
        "x^4/4 - x^2/2 + x/5",
        ["adam", "lbfgs"],
        {"x": 0.5},
        {"rates": [0.01, 0.1], "seed": 1},
        None,
    ),
    "several": (
        ["booth", "beale"],
        ["sgd(0.01)", Adam(learning_rate=0.1), "scipy:BFGS", "torch:Adam"],
        None,
        {"rates": [0.01, 0.3], "seed": 2},
        None,
    ),
    "function": (valley, ["adam"], [2.0, 1.0], {"rates": [0.01, 0.1], "seed": 3, "minimum": 0.0}, valley),
    "listed": (
        "x^2/20 + y^2",
        ["momentum"],
        None,
        {"starts": [[float(k), 1.0] for k in range(1, 17)], "rates": [], "seed": 4},
        None,
    ),
}


def asked_for(kind: str) -> tuple[tuple[Any, Any, Any], dict[str, Any]]:
    function, rules, start, options, _ = KINDS[kind]
    return (function, rules, start), {"starts": 15, "rounds": 1, "evaluations": 120, **options}


def told(race: ds.Race) -> dict[str, Any]:
    """All that a race says but for the times."""
    data = race.to_dict()
    data["columns"] = {name: column for name, column in data["columns"].items() if "seconds" not in name}
    for method in data["methods"]:
        assert method.pop("seconds") is not None
        method.pop("compiling_seconds")
    return data


def broken_off(kind: str, path: Path, after: int, monkeypatch: pytest.MonkeyPatch, last: bool) -> None:
    """A race that is interrupted at its ``after``-th checkpoint; killed there, unless the ``last`` one is written."""
    write, written = Checkpoint.write, [0]

    def interrupting(self: Checkpoint, content: Any) -> None:
        written[0] += 1
        write(self, content)
        if written[0] == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "is_due", lambda *given: True)
        patched.setattr(Checkpoint, "write", interrupting)
        if not last:
            patched.setattr(Checkpoint, "end", lambda *given: None)
        given, options = asked_for(kind)
        try:
            ds.race(*given, **options, checkpoint=path)
        except KeyboardInterrupt:  # before a start was raced by all
            return


@pytest.mark.parametrize("kind", KINDS)
def test_resumed_is_uninterrupted(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, draw = tmp_path / "race.ckpt", random.Random(fresh_seed())
    given, options = asked_for(kind)
    whole = ds.race(*given, **options)
    for after in [1, *(draw.randint(2, 40) for _ in range(trials(3)))]:
        broken_off(kind, path, after, monkeypatch, last=draw.random() < 0.5)
        resumed = ds.resume(path, KINDS[kind][4], checkpoint=path)
        assert isinstance(resumed, ds.Race)
        assert told(resumed) == told(whole)
        again = ds.load(path)
        assert isinstance(again, ds.Race)
        assert str(again) == str(resumed)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, calls = tmp_path / "race.ckpt", [0]

    def counted(x: float, y: float) -> float:
        calls[0] += 1
        return valley(x, y)

    given, options = asked_for("function")
    ds.race(counted, *given[1:], **options)
    whole, calls[0] = calls[0], 0
    broken_off("function", path, 30, monkeypatch, last=False)
    ds.resume(path, counted)
    assert calls[0] < 0.6 * whole


def test_an_interrupted_race_is_loaded_and_goes_on(tmp_path: Path) -> None:
    path, stop = tmp_path / "race.json", [False]

    def stopping(at: Any) -> None:
        if at.phase == "race" and at.done >= 10:
            stop[0] = True
            raise KeyboardInterrupt

    given, options = asked_for("formula")
    part = ds.race(*given, **options, progress=stopping)
    assert part.interrupted
    assert part.timing is None  # nobody waits for the clock who has asked to end
    part.save(path)
    loaded = ds.load(path)
    assert isinstance(loaded, ds.Race)
    assert str(loaded) == str(part)
    assert told(ds.resume(path)) == told(ds.race(*given, **options))  # type: ignore[arg-type]


def test_what_cannot_go_on_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "race.ckpt"
    broken_off("function", path, 2, monkeypatch, last=False)
    with pytest.raises(DataError, match="no start yet that all have run from"):
        ds.load(path)
    with pytest.raises(ObjectiveError, match="is not in the saved run"):
        ds.resume(path)
    with pytest.raises(DataError, match="where the first run begins its value is"):
        ds.resume(path, another)
    with pytest.raises(UsageError, match="1 functions were raced, and 2 are given"):
        ds.resume(path, [valley, valley])
    with pytest.raises(UsageError, match="'tolerance' is for a single run"):
        ds.resume(path, valley, tolerance=0.1)
    optax = pytest.importorskip("optax")
    with pytest.raises(UsageError, match="is made of functions, which a file cannot hold"):
        ds.race("x^2", [from_optax(optax.adam(0.1))], {"x": 1.0}, checkpoint=path)
    race = ds.race("x^2", [from_optax(optax.adam(0.1))], {"x": 1.0}, starts=15, rounds=0)
    race.save(path)
    with pytest.raises(DataError, match="plain JSON"):
        ds.load(path)


def test_damaged_races_are_refused(tmp_path: Path) -> None:
    path, draw = tmp_path / "race.ckpt", random.Random(fresh_seed())
    given, options = asked_for("formula")
    ds.race(*given, **options, checkpoint=path)
    source = path.read_bytes()
    for _ in range(trials(50)):
        damaged = bytearray(source)
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError):
            ds.load(path)


def test_a_function_that_raises_ends_that_descent_alone(tmp_path: Path) -> None:
    path, armed = tmp_path / "race.ckpt", [False]

    def failing(x: float, y: float) -> float:
        if armed[0]:
            armed[0] = False
            raise np.linalg.LinAlgError("singular")
        return valley(x, y)

    def arm(at: Any) -> None:
        armed[0] = at.phase == "race" and at.done == 10

    given, options = asked_for("function")
    ds.race(failing, *given[1:], **options, checkpoint=path, progress=arm)
    race = ds.load(path)
    assert isinstance(race, ds.Race)
    assert not race.interrupted
    assert (race.statuses == "error").sum() == 1
