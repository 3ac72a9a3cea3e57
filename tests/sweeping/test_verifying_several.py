"""``verify`` of sweeps and races makes again what is done of them, and says what holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.cli.main import cli
from downslope.descent.snapshot import packed, unpacked
from downslope.errors import DataError, ObjectiveError, UsageError


def bowl(x: Any) -> float:
    return float(np.sum(np.abs(x) ** 2.5))


STARTS = [[3.0, -2.0], [1.0, 0.5], [0.2, 0.1]]
RATES = [0.001, 0.01, 0.02]
SWEPT: dict[str, Callable[[], ds.Sweep]] = {
    "lanes": lambda: ds.sweep("rosenbrock", learning_rate=RATES, steps=40),
    "rows": lambda: ds.sweep("rosenbrock", learning_rate=RATES, steps=40, every=7),
    "rules": lambda: ds.sweep("himmelblau", optimizer=["adam(0.1)", "lbfgs"], steps=40),
    "diverged": lambda: ds.sweep("x^2", {"x": 1.0}, learning_rate=[0.1, 3.0], steps=3000),
    "bounds": lambda: ds.sweep(
        "x^2 + y^2", {"x": 2.0, "y": 1.0}, learning_rate=RATES, bounds="x=1:", steps=40
    ),
}


@pytest.mark.parametrize("name", SWEPT)
def test_a_sweep_is_identical(name: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "sweep.json"
    SWEPT[name]().save(path)
    found = ds.verify(path)
    assert (found.identical, found.holds, found.until) == (True, True, None), str(found)
    assert cli.main(["verify", str(path)], standalone_mode=False) == 0
    assert capsys.readouterr().out.startswith("Identical: made again, ")


def test_a_sweep_of_a_function_or_a_table_is_made_with_that(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    ds.sweep(bowl, STARTS, learning_rate=0.01, steps=20).save(path)
    assert ds.verify(path, bowl).identical
    with pytest.raises(ObjectiveError, match="not in the saved"):
        ds.verify(path)
    with pytest.raises(DataError, match="another function"):
        ds.verify(path, lambda x: bowl(x) + 1.0)
    table = {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 3.5, 6.5, 8.0]}
    ds.sweep("y ~ a*x + b", table=table, learning_rate=RATES, steps=20).save(path)
    assert ds.verify(path, table).identical
    with pytest.raises(UsageError, match="give that too"):
        ds.verify(path)


def changed(path: Path, change: Callable[[Any], Any]) -> Path:
    data = json.loads(path.read_text("utf-8"))
    del data["sha256"], data["digest"]
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_what_does_not_hold_of_a_sweep_is_said(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "sweep.json"

    def multiplied(factor: float) -> Callable[[Any], None]:
        def change(data: Any) -> None:
            points = unpacked(data["ends"]["points"])
            points[1] *= factor
            data["ends"]["points"] = packed(points)

        return change

    SWEPT["lanes"]().save(path)
    found = ds.verify(changed(path, multiplied(1 + 3e-10)))
    assert (found.identical, found.holds, found.digits) == (False, True, 9)
    assert "all 3 runs end alike, at points that agree to 9 digits" in str(found)
    SWEPT["lanes"]().save(path)
    found = ds.verify(changed(path, multiplied(1.1)))
    assert not found.holds
    assert "1 of 3 runs end otherwise; the first is run 1" in str(found)
    assert cli.main(["verify", str(path)], standalone_mode=False) == 1
    capsys.readouterr()

    def longer(data: Any) -> None:
        steps = unpacked(data["ends"]["steps"])
        steps[2] += 1
        data["ends"]["steps"] = packed(steps)
        data["versions"]["numpy"] = "0.1"

    SWEPT["lanes"]().save(path)
    found = ds.verify(changed(path, longer))
    assert not found.identical
    assert "numpy 0.1 -> " in str(found)


def test_only_what_is_done_of_a_sweep_is_made_again(tmp_path: Path) -> None:
    path, calls = tmp_path / "sweep.ckpt", []

    def interrupting(x: Any) -> float:
        calls.append(1)
        if len(calls) == 200:
            raise KeyboardInterrupt
        return bowl(x)

    swept = ds.sweep(interrupting, STARTS, learning_rate=0.01, steps=30, checkpoint=path)
    assert not swept.complete
    calls.clear()
    calls.extend([1] * 1000)
    found = ds.verify(path, interrupting)
    assert found.identical
    assert 0 < int(str(found).split()[3]) < len(STARTS)


def test_a_verification_that_is_interrupted_says_nothing(tmp_path: Path) -> None:
    path, calls = tmp_path / "saved.json", [-10_000]

    def interrupting(x: Any) -> float:
        calls[0] += 1
        if calls[0] == 60:
            raise KeyboardInterrupt
        return bowl(x)

    for make in (
        lambda: ds.sweep(interrupting, STARTS, learning_rate=0.01, steps=30).save(path),
        lambda: ds.minimize(interrupting, STARTS[0], learning_rate=0.01, steps=100).save(path),
        lambda: ds.race(
            interrupting, ["sgd(0.01)", "sgd(0.02)"], STARTS[0], seed=1, rounds=0, minimum=0.0
        ).save(path),
    ):
        calls[0] = -1_000_000
        make()
        calls[0] = 0
        with pytest.raises(KeyboardInterrupt):
            ds.verify(path, interrupting)


def raced(**options: Any) -> ds.Race:
    return ds.race(
        ["rosenbrock", "beale"], ["adam", "sgd(0.001)"], seed=3, rounds=1, evaluations=200, **options
    )


def test_a_race_is_identical(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "race.json"
    raced().save(path)
    found = ds.verify(path)
    assert (found.identical, found.holds) == (True, True), str(found)
    assert cli.main(["verify", str(path)], standalone_mode=False) == 0
    assert "everybody needs as many evaluations and ends alike from all 50 starts" in " ".join(
        capsys.readouterr().out.split()
    )


def test_only_what_is_done_of_a_race_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "race.ckpt"

    def stop(at: Any) -> None:
        if at.phase == "race" and at.done >= 40:
            raise KeyboardInterrupt

    assert raced(checkpoint=path, progress=stop).interrupted
    found = ds.verify(path)
    assert found.identical
    assert "from all 14 starts" in str(found)  # 40 descents, of three in turn


def test_what_does_not_hold_of_a_race_is_said(tmp_path: Path) -> None:
    path = tmp_path / "race.json"
    raced().save(path)

    def one_more(data: Any) -> None:
        course = data["left_with"]["course"]
        spent = unpacked(course["spent"])
        spent[1, 0, 4] += 1
        course["spent"] = packed(spent)

    found = ds.verify(changed(path, one_more))
    assert not found.holds
    assert "1 of " in str(found)
    assert "from start 4 on" in str(found)
    raced().save(path)

    def other_rate(data: Any) -> None:
        for one in data["left_with"]["course"]["contestants"]:
            one["rates"] = [2 * rate for rate in one["rates"]]

    assert "is tuned to another learning rate" in str(ds.verify(changed(path, other_rate)))
    raced().save(path)

    def other_target(data: Any) -> None:
        data["left_with"]["targets"][1]["least"] = packed(1e-9)

    assert "the targets are others; the least value" in str(ds.verify(changed(path, other_target)))
