"""``verify`` runs a saved run again, and says what holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.cli.main import cli
from downslope.errors import ObjectiveError, UsageError

MADE: dict[str, Any] = {
    "steps": lambda: ds.minimize("rosenbrock", optimizer="adam", steps=50),
    "converged": lambda: ds.minimize("rosenbrock", optimizer="lbfgs"),
    "averaged": lambda: ds.minimize("rosenbrock", optimizer="schedule_free_adamw", steps=50),
    "uphill": lambda: ds.maximize("-(x^2+2x+3)", 1.5, learning_rate=0.01, tolerance=1e-5),
    "float32": lambda: ds.minimize("x^2/3", 0.1, dtype="float32", learning_rate=0.1, steps=30),
    "diverged": lambda: ds.minimize("x^2", 1.0, learning_rate=2.0, steps=3000),
    "outside": lambda: ds.minimize("x - 0.1*log(x)", 0.35, learning_rate=1.0, steps=9),
    "gone on with": lambda: ds.minimize("rosenbrock", optimizer="lbfgs", steps=5).resume(steps=7),
    "stopped": lambda: ds.minimize("x^2", 1.0, learning_rate=0.1, callback=lambda step: step.step == 4),
    "spaced": lambda: ds.minimize("rosenbrock", optimizer="adam", steps=50, every=7),
}


@pytest.mark.parametrize("name", MADE)
def test_a_run_is_identical(name: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "run.json"
    MADE[name]().save(path)
    found = ds.verify(path)
    assert (found.identical, found.holds) == (True, True), str(found)
    assert cli.main(["verify", str(path)], standalone_mode=False) == 0
    assert capsys.readouterr().out.startswith("Identical: ")


def changed(path: Path, change: Any) -> Path:
    data = json.loads(path.read_text("utf-8"))
    del data["sha256"], data["digest"]
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_other_roundings_are_told_from_another_way(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "run.json"
    run = MADE["steps"]()

    def last_digit(data: Any) -> None:
        data["history"]["parameters"]["x"][40] *= 1 + 3e-12

    run.save(path)
    found = ds.verify(changed(path, last_digit))
    assert (found.identical, found.holds, found.digits, found.until) == (False, True, 11, 50)
    assert "agree to 11 digits at all steps" in str(found)

    def another_way(data: Any) -> None:
        data["history"]["parameters"]["x"][30:] = [0.5] * 21

    run.save(path)
    found = ds.verify(changed(path, another_way))
    assert (found.holds, found.until) == (False, 29)
    assert cli.main(["verify", str(path)], standalone_mode=False) == 1
    assert "until step 29, and less from there on" in " ".join(capsys.readouterr().out.split())

    def rate(data: Any) -> None:
        data["optimizer"]["learning_rate"] = 0.5

    run.save(path)
    found = ds.verify(changed(path, rate))
    assert (found.holds, found.until) == (False, 0)

    def start(data: Any) -> None:
        data["start"]["x"] = 7.0

    run.save(path)
    assert "does not hold: run again, it goes another way from step 0 on" in str(
        ds.verify(changed(path, start))
    )


def test_another_end_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    MADE["converged"]().save(path)

    def tolerance(data: Any) -> None:
        data["stopping"]["tolerance"] = 1e-3

    found = ds.verify(changed(path, tolerance))
    assert not found.holds
    assert "It ends otherwise: converged after" in str(found)


def test_functions_and_versions(tmp_path: Path) -> None:
    path = tmp_path / "run.json"

    def cost(x: float) -> float:
        return float(x) ** 4

    ds.minimize(cost, 1.0, optimizer="adam", steps=9).save(path)
    assert ds.verify(path, cost).identical
    assert not ds.verify(path, lambda x: float(x) ** 6).holds
    with pytest.raises(ObjectiveError, match="not in the saved run"):
        ds.verify(path)

    def version(data: Any) -> None:
        data["left_with"]["versions"]["numpy"] = "1.0"
        data["history"]["parameters"]["x"][3] *= 1 + 1e-12

    assert "other versions: numpy 1.0 -> " in str(ds.verify(changed(path, version), cost))


def test_fits_and_changed_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    ds.fit({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.5]}, "y ~ a*x + b").save(path)
    with pytest.raises(UsageError, match="made from its table"):
        ds.verify(path)
