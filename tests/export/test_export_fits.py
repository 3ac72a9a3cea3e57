"""Every dialect's script of a fit, executed: the table and the last point are the fit's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_cases import CASES, DESCENT, PLANE, TABLE, asked, fit_of, fitted, linear, plane
from scripts import DIALECTS, agree, execute

import downslope as ds

PAIRS = [(d, n) for d in DIALECTS for n in CASES if asked(d, n)]


@pytest.mark.parametrize(("dialect", "name"), PAIRS, ids=[f"{d}: {n}" for d, n in PAIRS])
def test_the_script_goes_the_way_of_the_fit(dialect: str, name: str, printed: Any) -> None:
    agree(fit_of(name).run, printed(dialect)["fit", name], 1e-11)


def test_a_long_table_is_read_from_its_file(tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 300)
    lines = [f"{a!r};{3 * a + 1!r};{'up' if a > 0.1 else 'down'}" for a in x.tolist()]
    path = tmp_path / "points.csv"
    path.write_text("a column;y;way\n" + "\n".join(lines), encoding="utf-8")
    numbers = ds.fit(path, target="y", features="a column", learning_rate=0.1, steps=4)
    labels = ds.fit(path, target="way", features="a column", loss="softmax", learning_rate=0.1, steps=4)
    scripts = {"numbers": numbers.export("numpy"), "labels": labels.export("numpy")}
    assert all("csv.DictReader" in script and len(script) < 4000 for script in scripts.values())
    found = execute((), scripts, tmp_path)
    for name, fit in (("numbers", numbers), ("labels", labels)):
        assert found[name].rows[-1, 1] == pytest.approx(fit.run.fun, rel=1e-9)


def test_a_long_table_in_memory_needs_a_file(tmp_path: Path) -> None:
    table = {"x": np.linspace(-1, 1, 300), "y": np.linspace(0, 1, 300)}
    fit = ds.fit(table, "y ~ a*x + b", learning_rate=0.1, steps=3)
    with pytest.raises(ds.errors.DataError, match=r"300 rows, too many.*data='points.csv'"):
        fit.export("numpy")
    assert 'open("points.csv"' in fit.export("numpy", data="points.csv")
    with pytest.raises(ds.errors.DataError, match=r"points.parquet is none"):
        fit.export("numpy", data="points.parquet")


def test_a_saved_fit_says_the_same_with_its_table(tmp_path: Path) -> None:
    for number, name in enumerate(
        ("rule adam", "loss rmse", "weights", "penalty", "standardised", "classes")
    ):
        fit = fit_of(name)
        fit.save(tmp_path / f"{number}.json")
        loaded = ds.load(tmp_path / f"{number}.json")
        assert isinstance(loaded, ds.Fit)
        with pytest.raises(ds.errors.DataError, match=r"the table is not in the saved fit"):
            loaded.export("numpy")
        assert loaded.export("numpy", table=TABLE) == fit.export("numpy")
        with pytest.raises(ds.errors.DataError, match=r"39 rows, and the fit was made on 40"):
            loaded.export("numpy", table={column: values[:39] for column, values in TABLE.items()})


def test_another_table_of_as_many_rows_is_told_from_the_fit_s_own(tmp_path: Path) -> None:
    fit_of("rule adam").save(tmp_path / "fit.json")
    loaded = ds.load(tmp_path / "fit.json")
    with pytest.raises(
        ds.errors.DataError, match=r"is not the table of this fit: its loss there is .* and was"
    ):
        loaded.export("numpy", table={**TABLE, "y": TABLE["y"] + 1})


@pytest.mark.parametrize("name", [n for n in CASES if not asked("sympy", n)])
def test_what_sympy_does_not_write_is_refused_with_who_does(name: str) -> None:
    with pytest.raises(ds.errors.ObjectiveError, match=r"not exported to sympy: .*numpy writes it"):
        fit_of(name).export("sympy")


def test_what_a_saved_fit_does_not_keep(tmp_path: Path) -> None:
    for number, name in enumerate(("weights that are no column", "supplied gradient")):
        fit_of(name).save(tmp_path / f"{number}.json")
        loaded = ds.load(tmp_path / f"{number}.json")
        with pytest.raises(ds.errors.DownslopeError, match=r"not in the saved fit|does not keep"):
            loaded.export("numpy", table=TABLE)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (fitted(TABLE, PLANE), "orthogonal coordinates, chosen by downslope.* Name a method"),
        (fitted(TABLE, "y ~ a*x + b", loss="rmse"), "chosen by downslope.* Name a method"),
        (plane(l1=0.1, **DESCENT), "an l1 penalty is taken by proximal steps"),
        (plane(batch_size=8, epochs=2, optimizer="adam"), "mini-batches"),
        (
            linear(target="class", loss="softmax", standardize=True),
            "standardise the features of a fit of several classes",
        ),
    ],
)
def test_ways_that_no_plain_script_goes_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ds.errors.ObjectiveError, match=said):
        make().export("numpy")


def test_the_run_within_a_fit_names_the_fit() -> None:
    with pytest.raises(ds.errors.ObjectiveError, match=r"export the fit itself"):
        fit_of("rule adam").run.export("numpy")


def test_strange_names_of_columns_are_words_not_code(tmp_path: Path) -> None:
    evil = '"); print(1)  # \n"""'
    table = {evil: [1.0, 2.0, 4.0], "import os": [2.0, 3.0, 5.0]}
    fit = ds.fit(table, target="import os", learning_rate=0.01, steps=3)
    for dialect in DIALECTS:
        script = fit.export(dialect)
        compile(script, dialect, "exec")
    found = execute((), {"script": fit.export("numpy")}, tmp_path)["script"]
    assert found.rows[-1, 1] == pytest.approx(fit.run.fun, rel=1e-9)
