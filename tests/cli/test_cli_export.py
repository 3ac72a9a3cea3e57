"""``downslope export`` at the command line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


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


def test_what_is_read_is_not_overwritten(downslope: Any, saved: Path) -> None:
    before = saved.read_bytes()
    answer = downslope("export --to numpy", str(saved), "--output", str(saved))
    assert answer.code == 2
    assert saved.read_bytes() == before
