"""What earlier versions saved loads with today's code, means the same, and is saved and loaded again as it is."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
FILES = sorted(
    path.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*.json") if path.name != "expected.json"
)

DIGITS = {"float32": 1e-6, "float64": 1e-12}


@cache
def expected(version: str) -> dict[str, Any]:
    """What the version that wrote the files said of them."""
    stated: dict[str, Any] = json.loads((GOLDEN / version / "expected.json").read_text("utf-8"))
    return stated


def stated_of(file: str) -> dict[str, Any]:
    path = GOLDEN / file
    found: dict[str, Any] = expected(path.parent.name)[path.stem]
    return found


def test_every_version_has_its_files_and_every_file_its_values() -> None:
    versions = {path.parent.name for path in GOLDEN.glob("*/*.json")}
    assert "0.1.0" in versions
    for version in versions:
        files = {Path(file).stem for file in FILES if file.startswith(f"{version}/")}
        assert files == set(expected(version))


@pytest.mark.parametrize("file", FILES)
def test_it_has_the_values_that_it_was_saved_with(file: str) -> None:
    loaded, stated = ds.load(GOLDEN / file), stated_of(file)
    assert (str(loaded.status), loaded.success, loaded.nit, loaded.nfev, len(loaded.history)) == tuple(
        stated[name] for name in ("status", "success", "nit", "nfev", "rows")
    )
    value = loaded.loss if isinstance(loaded, ds.Fit) else loaded.fun
    assert repr(float(value)) == stated["value"]
    if isinstance(loaded, ds.Fit):
        for name, parameter in loaded.x.items():
            assert repr(np.asarray(parameter).tolist()) == stated["parameters"][name]
    else:
        assert [repr(float(v)) for v in loaded.final] == stated["final"]


@pytest.mark.parametrize("file", FILES)
def test_it_speaks(file: str) -> None:
    loaded, stated = ds.load(GOLDEN / file), stated_of(file)
    assert str(loaded.message) == stated["message"]  # a file keeps the sentence that it was written with
    explanation = loaded.explain()
    assert str(explanation).strip()
    if not isinstance(loaded, ds.Fit):  # which has what was said when it was saved
        assert explanation.to_dict()["point"] or not loaded.objective.evaluable
        assert all(str(finding).strip() for finding in explanation.findings)


@pytest.mark.parametrize("file", [file for file in FILES if "/fit_" in file])
def test_a_fit_predicts_as_it_did(file: str) -> None:
    fit, stated = ds.load(GOLDEN / file), stated_of(file)
    assert isinstance(fit, ds.Fit)
    for found, wanted in zip(fit.predict(stated["new"]).tolist(), stated["predictions"], strict=True):
        if isinstance(found, str):
            assert found == wanted
        else:  # the arithmetic of a prediction may be compiled otherwise, so its last digits may differ
            assert math.isclose(found, float(wanted), rel_tol=1e-13, abs_tol=1e-300)


@pytest.mark.parametrize("file", FILES)
def test_what_is_saved_again_loads_equal(file: str, tmp_path: Path) -> None:
    loaded = ds.load(GOLDEN / file)
    loaded.save(tmp_path / "again.json")
    again = ds.load(tmp_path / "again.json")
    assert again.to_dict() == loaded.to_dict()
    assert again.history == loaded.history
    again.save(tmp_path / "twice.json")
    assert (tmp_path / "twice.json").read_bytes() == (tmp_path / "again.json").read_bytes()


@pytest.mark.parametrize("file", [file for file in FILES if "/run_" in file])
def test_a_run_of_a_formula_has_its_value_where_it_ended(file: str) -> None:
    run = ds.load(GOLDEN / file)
    assert isinstance(run, ds.Run)
    if run.objective.evaluable:
        assert math.isclose(run.objective.value(run.final), run.fun, rel_tol=DIGITS[run.objective.dtype.name])
