"""What a Korean reader gets of every command: no English sentence, and no line beyond the width."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Answer
from downslope.cli.main import cli
from downslope.objectives import all_problems
from downslope.optimizers import all_curved, all_optimizers
from downslope.results.text_columns import cells, wrap
from korean_text import english_in


def test_english_is_found_where_there_is_some() -> None:
    assert english_in("오류: there is no such file.")
    assert not english_in("학습률 0.95에서는 x 방향으로 GradientDescent(learning_rate=0.95)")


@pytest.fixture
def korean(downslope: Callable[..., Answer]) -> Callable[..., Answer]:
    """Calls a command under ``--lang ko``, and looks at all that it says."""

    def call(line: str, *more: str, **options: Any) -> Answer:
        answer = downslope(line, *more, "--lang", "ko", **options)
        assert english_in(answer.out + answer.err) == [], line
        return answer

    return call


def drops(text: str) -> list[str]:
    """Lines that are wider than a terminal of 80 columns, but for those that cannot be broken."""
    return [line for line in text.splitlines() if cells(line) > 80 and len(wrap(line, 80)) > 1]


@pytest.mark.parametrize("name", [None, *cli.commands])
def test_help_is_korean_and_fits(korean: Callable[..., Answer], name: str | None) -> None:
    answer = korean(f"{name or ''} --help")
    examples = ("downslope", "사용법")
    assert answer.code == 0
    assert not [line for line in drops(answer.out) if not line.strip().startswith(examples)]
    assert re.search("[가-힣]", answer.out)


LINES = (
    "minimize 'x^2/20 + y^2' --start x=-7,y=2 --learning-rate 0.95 --explain",
    "minimize x^2 --start 3 --learning-rate 1.1",
    "minimize x^2 --start 3 --learning-rate 0",
    "minimize x^3-3*x --start -3 --learning-rate 0.1 --explain",
    "minimize log(x) --start 1 --learning-rate 0.1 --explain",
    "minimize tanh(x)^2 --start 15 --explain",
    "minimize 'x^2 - y^2' --start x=1,y=0 --explain",
    "minimize 'abs(x)' --start 1 --learning-rate 0.3 --explain",
    "minimize rosenbrock --optimizer adam --steps 100 --explain",
    "minimize rosenbrock --optimizer momentum --learning-rate 0.01 --explain",
    "minimize 'x^2 +* y'",
    "minimize x^2",
    "minimise x^2",
    "minimize x^2 --strat 3",
    "minimize x^2 --start 3 --optimizer adma",
    "maximize '-(x-2)^2 + 3' --start 0 --learning-rate 0.1 --explain",
    "compare 'x^2/20 + y^2' --start x=-7,y=2 --optimizer 'sgd(0.95),adam(0.3)' --explain",
    "race x^2+y^4 --start x=1,y=1 --optimizer adam,lbfgs --starts 15 --seed 1",
    "sweep x^2 --start 1 --learning-rate 0.1,0.5,1.2",
    "find-rate x^2/20+y^2 --start x=-7,y=2",
    "find-rate 0*x --start 1",
    "explain x^2/20+y^2 --start x=-7,y=2 --learning-rate 1.05",
    "explain --words",
    "check-gradient x^2 2*x+1 --at 3",
    "check-gradient x^2 2*x --at 3",
    "optimizers",
    "problems",
    "resume none.json",
    "page 'x^2 + 1/' --output p.html",
)


@pytest.mark.parametrize("line", LINES)
def test_reports_are_korean_and_fit(
    korean: Callable[..., Answer], tmp_path: Path, line: str, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = korean(line)
    assert drops(answer.out + answer.err) == []
    assert re.search("[가-힣]", answer.out + answer.err)


def test_work_with_files_is_korean(korean: Callable[..., Answer], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{x},{0.9 * x - 90 + x % 7 * 1.5},{'남여'[x % 2]}\n" for x in range(150, 190))
    Path("표.csv").write_text("키,몸무게,성별\n" + rows, encoding="utf-8")
    for line in (
        "minimize x^2/20+y^2 --start x=-7,y=2 --learning-rate 0.9 --save run.json",
        "fit 표.csv '몸무게 ~ a*키 + b' --save fit.json",
        "fit 표.csv --target 몸무게 --features 키,성별 --holdout 0.2",
        "fit 표.csv '몸무게 ~ a*exp(b*키)'",
        "fit 표.csv --target 성별 --features 키 --loss logistic",
        "fit 없음.csv 'y ~ a*x'",
        "fit . 'y ~ a*x'",
        "fit 표.csv '몸무게 ~ 키 + 성별'",
        "fit 표.csv '몸무게 ~ a*킈 + b'",
        "predict fit.json 표.csv",
        "predict run.json 표.csv",
        "look 표.csv",
        "explain fit.json",
        "explain run.json",
        "verify run.json",
        "verify fit.json",
        "resume run.json --steps 5",
        "resume run.json --steps 5 --tolerance 0",
        "export run.json --to nonsense",
    ):
        korean(line)


@pytest.mark.parametrize("cls", [*all_optimizers(), *all_curved()], ids=lambda cls: cls.name())
def test_a_page_of_a_rule_is_korean(korean: Callable[..., Answer], cls: Any) -> None:
    assert korean(f"optimizers {cls.name()}").code == 0


@pytest.mark.parametrize("problem", all_problems(), ids=lambda problem: problem.name)
def test_a_page_of_a_problem_is_korean(korean: Callable[..., Answer], problem: Any) -> None:
    assert korean(f"problems {problem.name}").code == 0
