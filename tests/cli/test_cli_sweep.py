"""``downslope sweep`` and ``downslope find-rate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import downslope as ds


def _called(downslope: Any, *more: str) -> Any:
    return downslope("sweep", "x^2/20 + y^2", "--steps", "100", "--tolerance", "1e-8", *more)


def test_a_sweep_is_printed_saved_and_drawn(downslope: Any, tmp_path: Path) -> None:
    saved, drawn = tmp_path / "sweep.json", tmp_path / "phase.png"
    answer = _called(
        downslope,
        "--start",
        "x=grid(-7,7,5),y=2",
        "--learning-rate",
        "grid(0.1,1.2,4)",
        "--save",
        str(saved),
        "--plot",
        str(drawn),
    )
    assert answer.code == 0
    assert "20 runs (4 learning_rate x 5 x)" in answer.out
    assert "start.x" in answer.out
    assert drawn.read_bytes().startswith(b"\x89PNG")
    again = ds.load(saved)
    assert isinstance(again, ds.Sweep)
    assert len(again) == 20


def test_other_formats_have_every_run(downslope: Any) -> None:
    more = (
        "--start",
        "x=[-7,0],y=2",
        "--optimizer",
        "adam,momentum",
        "--learning-rate",
        "0.1,0.2,0.3",
        "--quiet",
    )
    data = _called(downslope, *more, "--format", "json").json
    assert (data["runs"], data["complete"]) == (12, True)
    assert data["columns"]["optimizer"] == ["adam"] * 6 + ["momentum"] * 6
    rows = _called(downslope, *more, "--format", "csv").out.splitlines()
    assert len(rows) == 13
    assert rows[0].startswith("optimizer,")


def test_random_starts_tell_their_seed(downslope: Any) -> None:
    more = (
        "--start",
        "x=uniform(-7,7),y=normal(0,1)",
        "--draws",
        "4",
        "--learning-rate",
        "0.5",
        "--format",
        "csv",
    )
    first = _called(downslope, *more)
    assert "drawn with --seed " in first.words
    seed = first.words.rpartition("--seed ")[2]
    assert _called(downslope, *more, "--seed", seed).out == first.out


def test_the_exit_code_says_whether_any_run_ended_as_asked(downslope: Any) -> None:
    start = ("--start", "x=1,y=1", "--learning-rate")
    assert downslope("sweep", "x^2 + y^2", *start, "0.5,1.5", "--tolerance", "1e-8").code == 0
    assert downslope("sweep", "x^2 + y^2", *start, "1.2,1.5", "--tolerance", "1e-8").code == 1


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--start", "x=1,y=1", "--learning-rate", "0.1,0"), 2, "It is one of 2 values of learning_rate"),
        (
            ("--start", "x=1,y=1", "--optimizer", "adam,adm", "--learning-rate", "0.1"),
            2,
            "there is no optimizer 'adm'",
        ),
        (("--start", "x=grid(0,1),y=1", "--learning-rate", "0.1"), 2, "grid takes 3 numbers"),
        (("--learning-rate", "0.1"), 2, "no start is given"),
        (("--start", "x=1,y=1", "--learning-rate", "0.1", "--view", "phase"), 2, "give --plot FILE too"),
        (
            ("--start", "x=1,y=1", "--learning-rate", "0.1", "--plot", "/no/such/folder/a.png"),
            3,
            "there is no folder",
        ),
        (
            ("--start", "x=grid(0,1,1000000),y=grid(0,1,1000000)", "--learning-rate", "0.1"),
            2,
            "these are 1,000,000,000,000 runs",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    downslope: Any, more: tuple[str, ...], code: int, said: str
) -> None:
    answer = _called(downslope, *more)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.words


def test_a_saved_sweep_is_neither_explained_nor_exported(downslope: Any, tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    ds.sweep("x^2", {"x": [1.0, 2.0]}, learning_rate=0.1, steps=3).save(path)
    for command in (("explain", str(path)), ("export", str(path), "--to", "numpy")):
        answer = downslope(*command)
        assert answer.code == 3
        assert "holds a sweep" in answer.words


def test_a_rate_is_found(downslope: Any, tmp_path: Path) -> None:
    drawn = tmp_path / "rates.svg"
    answer = downslope("find-rate", "x^2/20 + y^2", "--start", "x=-7,y=2", "--plot", str(drawn))
    assert answer.code == 0
    assert "use 0.7" in answer.out
    assert "The limit is 1" in " ".join(answer.out.split())
    assert drawn.read_text().startswith("<?xml")
    data = downslope("find-rate rosenbrock --optimizer adam --format json").json
    assert data["cause"] == "divergence"
    assert 0 < data["learning_rate"] < data["limit"]


def test_no_rate_is_said_in_words(downslope: Any) -> None:
    answer = downslope("find-rate", "0*x + 1", "--start", "x=1")
    assert answer.code == 1
    assert "no answer" in answer.out
    assert downslope("find-rate", "x^2", "--start", "x=1", "--optimizer", "lbfgs").code == 2
    assert downslope("find-rate", "x^2").code == 2


TABLE = "x,y\n1,2\n2,4.1\n3,6.2\n4,7.9\n"


def test_rates_over_a_table(downslope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(TABLE)
    answer = downslope(
        "sweep 'y ~ a*x + b' --table data.csv --learning-rate logspace(1e-3,1,6) --steps 500 --format json"
    )
    assert answer.code == 0, answer.err
    assert answer.json["counts"] == {"step_limit": 4, "diverged": 2}
    assert min(v for v in answer.json["columns"]["value"]) == pytest.approx(0.012)
    found = downslope("find-rate 'y ~ a*x + b' --table data.csv --format json").json
    assert 0 < found["learning_rate"] < found["limit"] == pytest.approx(0.119756, rel=1e-4)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "sweep 'y ~ a*x + b' --learning-rate 0.1",
            "With the table: downslope sweep 'y ~ a*x + b' --table DATA",
        ),
        ("sweep data.csv 'y ~ a*x' --learning-rate 0.1", "downslope sweep 'y ~ a*x' --table data.csv"),
        (
            "sweep x^2 --start x=1 --loss mae --learning-rate 0.1",
            "--loss goes with a hypothesis and its table",
        ),
        ("find-rate 'y ~ a*x'", "downslope find-rate 'y ~ a*x' --table DATA"),
        ("minimize 'y ~ a*x + b'", "downslope fit DATA 'y ~ a*x + b'"),
    ],
)
def test_a_table_goes_with_a_hypothesis(
    downslope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(TABLE)
    answer = downslope(line)
    assert answer.code == 2
    assert words in answer.words
