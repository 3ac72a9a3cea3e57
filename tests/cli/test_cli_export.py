"""``downslope export`` at the command line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import downslope as ds


@pytest.fixture
def saved(downslope: Any, tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    answer = downslope(
        "minimize x^2/20+y^2 --start x=-7,y=2 --learning-rate 0.95 --steps 29 --quiet", "--save", str(path)
    )
    assert answer.code == 0
    return path


def test_the_script_goes_to_standard_output(downslope: Any, saved: Path) -> None:
    answer = downslope("export --to torch", str(saved))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith('"""Minimise x^2/20 + y^2 by gradient descent, in PyTorch.\n')


def test_the_script_goes_to_a_file_and_runs(downslope: Any, saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "zigzag.py"
    answer = downslope("export --to numpy", str(saved), "--output", str(target))
    assert (answer.code, answer.out) == (0, "")
    assert "wrote" in answer.err
    done = subprocess.run(
        [sys.executable, "-I", str(target)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.endswith("x = -0.3871745809417897\ny = -0.09420257394492468\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["export"], 2, "the saved run is missing"),
        (["export", "--to", "torch", "a.json", "b.json"], 2, "one saved run at a time"),
        (["export", "none.json"], 2, "--to says in which dialect: numpy, numpy_class"),
        (["export", "none.json", "--to", "fortran"], 2, "there is no dialect 'fortran'"),
        (["export", "none.json", "--to", "jax"], 3, "none.json cannot be read"),
    ],
)
def test_mistakes_get_one_message(downslope: Any, words: list[str], code: int, said: str) -> None:
    answer = downslope(*words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.words


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--to", "numpy", "--output", "nowhere/script.py"], 3, "there is no folder 'nowhere'"),
        (["--to", "numpy", "--output", "."], 3, "it is a folder; give the name of a file"),
        (["--to", "numpy", "--data", "points.csv"], 2, "--data is the table of a fit"),
        (["--to", "pytorh"], 2, "Did you mean 'torch'?"),
        (["--too", "torch"], 2, "there is no option --too. Did you mean '--to'?"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    downslope: Any, saved: Path, options: list[str], code: int, said: str
) -> None:
    answer = downslope("export", str(saved), *options)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y\n1,2\n", "is not JSON, as saved runs and fits are"),
        ('{"a": 1}', "was not saved by downslope: schema 1 is needed, found None. --save FILE"),
    ],
)
def test_a_file_that_is_no_run(downslope: Any, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "other.json").write_text(text)
    answer = downslope("export --to numpy", str(tmp_path / "other.json"))
    assert (answer.code, answer.out) == (3, "")
    assert said in answer.words


def test_an_older_script_is_replaced_whole(downslope: Any, saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "script.py"
    target.write_text("older\n" * 1000)
    assert downslope("export --to sympy", str(saved), "--output", str(target)).code == 0
    assert "older" not in target.read_text()


def test_a_function_has_no_source_to_print(downslope: Any, tmp_path: Path) -> None:
    run = ds.minimize(lambda x: x**2 if x > 0 else -x, 2.0, learning_rate=0.1, steps=3)
    run.save(tmp_path / "run.json")
    answer = downslope("export --to numpy", str(tmp_path / "run.json"))
    assert (answer.code, answer.out) == (2, "")
    assert "could not be traced into a formula" in answer.words
    assert "Give it as a formula" in answer.words


@pytest.mark.parametrize(
    ("table", "code", "said"),
    [
        (None, 2, "a saved fit does not keep its table. Name the file it was made on: downslope export"),
        ("gone.csv", 3, "gone.csv cannot be read"),
        ("x,y\n2,81\n", 3, "has 1 row, and the fit was made on 4: give it the same table"),
        ("x,y\n2,81\n4,93\n6,91\n8,98\n", 3, "is not the table of this fit: its loss there is"),
        (
            "x,z\n2,81\n4,93\n6,91\n8,97\n",
            3,
            "has no column 'y', which 'y ~ a*x + b' needs. The columns are: x, z.",
        ),
    ],
)
def test_a_fit_needs_its_own_table(
    downslope: Any, tmp_path: Path, table: str | None, code: int, said: str
) -> None:
    fit = ds.fit(
        {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]},
        "y ~ a*x + b",
        optimizer="adam",
        learning_rate=0.1,
        steps=9,
    )
    fit.save(tmp_path / "fit.json")
    given = str(tmp_path / "points.csv")
    if table is not None and table.endswith(".csv"):
        given = str(tmp_path / table)
    elif table is not None:
        Path(given).write_text(table)
    answer = downslope(
        "export --to torch", str(tmp_path / "fit.json"), *(["--data", given] if table is not None else [])
    )
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.words


def test_a_fit_with_rows_left_out_is_exported_from_the_same_file(downslope: Any, tmp_path: Path) -> None:
    """Sixty rows, of which the script leaves out the three that the fit left out; other columns may lack values."""
    lines = [f"{k / 10},{k * k / 50 + 1},{'Bern' if k % 2 else ''}" for k in range(60)]
    for row, line in ((7, "0.7,,Bern"), (20, "NA,9,Bern"), (41, "4.1,null,")):
        lines[row] = line
    data, saved, script = (tmp_path / name for name in ("my.csv", "fit.json", "script.py"))
    data.write_text("\n".join(["t,y,city", *lines, ""]))
    fitted = downslope(
        "fit --drop-missing --learning-rate 0.05 --steps 20", str(data), "y ~ a*t + b", "--save", str(saved)
    )
    assert fitted.code == 0, fitted.err
    needs = downslope("export --to torch", str(saved))
    assert f"downslope export {saved} --to torch --data points.csv" in needs.words
    answer = downslope("export --to numpy", str(saved), "--data", str(data), "--output", str(script))
    assert answer.code == 0, answer.err
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    x = ds.load(saved).x
    printed = dict(line.split(" = ") for line in done.stdout.splitlines()[-2:])
    assert {name: float(number) for name, number in printed.items()} == pytest.approx(x, rel=1e-12)
    data.write_text("\n".join(["t,y,city", *lines[:-1], ""]))
    answer = downslope("export --to numpy", str(saved), "--data", str(data))
    assert (answer.code, answer.out) == (3, "")
    assert "has 56 rows without missing values, and the fit was made on 57" in answer.words


def test_what_is_read_is_not_overwritten(downslope: Any, saved: Path) -> None:
    before = saved.read_bytes()
    answer = downslope("export --to numpy", str(saved), "--output", str(saved))
    assert answer.code == 2
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--loss softmax --standardize --optimizer adam --learning-rate 0.1 --steps 5",
            "Fit it without --standardize, and export that fit.",
        ),
        (
            "--loss softmax",
            "Name a method when fitting, such as --optimizer adam with --learning-rate 0.1, and export that fit.",
        ),
    ],
)
def test_a_fit_that_no_script_tells_is_refused_before_its_table_is_asked_for(
    downslope: Any, tmp_path: Path, options: str, said: str
) -> None:
    data, saved = tmp_path / "points.csv", tmp_path / "fit.json"
    data.write_text("x,c\n" + "".join(f"{k / 7},{'abc'[k * k % 3]}\n" for k in range(30)))
    fitted = downslope(f"fit {options}", str(data), "c ~ a*x + b", "--save", str(saved))
    assert fitted.code == 0, fitted.err
    for more in ([], ["--data", str(data)]):
        answer = downslope("export --to numpy", str(saved), *more)
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.words
        assert "=" not in answer.words
