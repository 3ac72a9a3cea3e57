"""``downslope resume``: the program goes on with what --save wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import downslope as ds

ROSENBROCK = "minimize rosenbrock --optimizer adam --learning-rate 0.05 --quiet"


def test_a_saved_run_goes_on(downslope: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "run.json")
    assert downslope(f"{ROSENBROCK} --steps 40", "--save", path).code == 0
    answer = downslope("resume", path, "--steps", "60", "--format", "json", "--quiet", "--save", path)
    whole = downslope(f"{ROSENBROCK} --steps 100 --format json")
    assert answer.code == 0
    assert answer.json["history"] == whole.json["history"]
    assert (answer.json["nit"], answer.json["nfev"]) == (100, 101)
    saved = ds.load(path)
    assert isinstance(saved, ds.Run)
    assert saved.nit == 100


def test_what_does_not_go_on_is_said(downslope: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "run.json")
    ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3).save(path)
    answer = downslope("resume", path)
    assert answer.code == 2
    assert "all the steps that it was to make, 3; --steps 100 asks for more" in answer.words
    ds.minimize(lambda x: float(x) ** 2, 1.0, learning_rate=0.1, steps=3).save(path)
    answer = downslope("resume", path, "--steps", "3")
    assert answer.code == 2
    assert "is not in the saved run" in answer.words
    assert downslope("resume", str(tmp_path / "none.json")).code == 3
    fit = tmp_path / "fit.json"
    ds.fit({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.5]}, "y ~ a*x + b").save(fit)
    answer = downslope("resume", str(fit), "--steps", "3")
    assert answer.code == 2
    assert "a fit, which is made from its table: give that too, after it" in answer.words


FIT = "fit --batch-size 2 --optimizer adam --learning-rate 0.1 --quiet --format json"


def test_a_saved_fit_goes_on_from_its_table(downslope: Any, tmp_path: Path) -> None:
    table, other, path = (str(tmp_path / name) for name in ("table.csv", "other.csv", "fit.json"))
    rows = [f"{i / 7},{(i * i) % 5}" for i in range(1, 12)]
    Path(table).write_text("\n".join(["x,y", *rows]) + "\n")
    Path(other).write_text("\n".join(["x,y", *rows[:-1], "2,2"]) + "\n")
    fit = (table, "y ~ a*x + b")
    assert downslope(f"{FIT} --epochs 4", *fit, "--checkpoint", path).code == 0
    answer = downslope("resume", path, table, "--steps", "5", "--format", "json", "--quiet")
    whole = downslope(f"{FIT} --epochs 9", *fit)
    assert answer.code == 0
    assert answer.json["history"] == whole.json["history"]
    assert answer.json["loss"] == whole.json["loss"]
    answer = downslope("resume", path, other, "--steps", "5")
    assert answer.code == 3
    assert "is another table than that of the fit: y, x held something else" in answer.words
    assert downslope("verify", path, table).out.startswith("Identical: run again, all 5 rows")
    assert downslope("verify", path, other).code == 3
    assert downslope("verify", path).code == 2
    assert downslope("resume", path, table, "--checkpoint", table).code == 2  # it is read
