"""Command lines of words drawn at random: whatever they say, the answer is a result or an error in words."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import click
import pytest

from downslope.cli.main import cli
from trials import seed, trials

COMMANDS = [
    *(
        "minimize",
        "maximize",
        "fit",
        "predict",
        "look",
        "explain",
        "export",
        "check-gradient",
        "resume",
        "verify",
    ),
    *("optimizers", "problems", "completion", "minimise", "-x^2", ""),
]
FORMULAS = [
    "x^2/20 + y^2",
    "rosenbrock",
    "y ~ a*x + b",
    "-(x-1)^2",
    "log(x",
    "1/0",
    "y ~",
    "exp(exp(x))",
    "a*",
    "θ²",
]
FILES = ["table.csv", "run.json", "fit.json", "none.json", "empty", ".", "-", "/dev/null"]
OPTIONS = [
    *(
        "--start",
        "--optimizer",
        "--learning-rate",
        "--steps",
        "--tolerance",
        "--target",
        "--target-loss",
        "--every",
    ),
    *(
        "--format",
        "--batch-size",
        "--epochs",
        "--loss",
        "--features",
        "--l1",
        "--l2",
        "--seed",
        "--bounds",
        "--to",
    ),
    *(
        "--schedule",
        "--gradient",
        "--path",
        "--weights",
        "--holdout",
        "--checkpoint-seconds",
        "--engine",
        "--view",
    ),
    *(
        "--quiet",
        "--explain",
        "--stream",
        "--standardize",
        "--drop-missing",
        "--help",
        "--no-explain",
        "--nothing",
    ),
]
VALUES = [
    *(
        "0",
        "1",
        "-1",
        "0.1",
        "1e-8",
        "1e400",
        "nan",
        "inf",
        "1e9999999",
        "x=1,y=2",
        "x=1",
        "a=1,b=1",
        "=",
        "x=:,y",
    ),
    *(
        "adam",
        "lbfgs",
        "newton",
        "gradient_descent",
        "adagard",
        "csv",
        "json",
        "table",
        "numpy",
        "torch",
        "sympy",
    ),
    *(
        "mse",
        "log_loss",
        "softmax",
        "huber:0",
        "cosine(steps=10)",
        "cosine(",
        "x",
        "y",
        "x,y",
        "kernel",
        "auto",
    ),
    *("9" * 400, "x" * 300, "\x1b[31m", "é", "\u202e", " ", "--", "{0.__class__}", "%s"),
]


WRITES = ("save", "plot", "output", "checkpoint", "view", "help")  # files, and what only pictures have


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are."""
    import downslope as ds

    path = tmp_path_factory.mktemp("lines")
    (path / "table.csv").write_text("x,y\n1,2\n2,3.5\n3,4\n4,6.5\n")
    (path / "empty").write_text("")
    ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3).save(path / "run.json")
    ds.fit(str(path / "table.csv"), "y ~ a*x + b").save(path / "fit.json")
    return path


NUMBERS = ["0", "0.1", "1", "2", "3", "1e-8"]
LIKELY = {
    "--start": ["x=1,y=2", "x=1", "a=1,b=1"], "--optimizer": ["adam", "lbfgs", "newton", "gradient_descent"],
    "--learning-rate": ["0.1", "1e-8", "1e300"], "--steps": ["0", "1", "7"], "--format": ["csv", "json", "table"],
    "--loss": ["mse", "mae", "huber", "poisson", "log_loss", "softmax"], "--features": ["x"], "--target": ["y", "0"],
    "--to": ["numpy", "torch", "sympy", "jax"], "--schedule": ["cosine(steps=10)"], "--path": ["kernel", "qr", "auto"],
    "--weights": ["x", "y"], "--bounds": ["x=0:2", "x=:1,y=0:"], "--batch-size": ["1", "2", "99"],
    "--gradient": ["x=2*x,y=y", "a=sum(x),b=sum(y)"], "--holdout": ["0.5"], "--engine": ["traced", "hosted"],
}  # fmt: skip
WORDS = {
    "minimize": FORMULAS[:4], "maximize": FORMULAS[:4], "explain": [*FORMULAS[:4], "run.json", "fit.json"],
    "fit": ["table.csv"], "predict": ["fit.json"], "look": FILES, "export": ["run.json", "fit.json", FORMULAS[0]],
    "resume": ["run.json", "fit.json"], "verify": ["run.json", "fit.json"], "check-gradient": FORMULAS[:4],
}  # fmt: skip
TABLES = ("fit.json", "predict", "resume")  # after which a table may come


def drawn(draw: random.Random) -> list[str]:
    """A command line that makes sense more often than not."""
    if draw.random() < 0.1:
        return [draw.choice([*COMMANDS, *VALUES]) for _ in range(draw.randrange(4))]
    name = draw.choice([command for command in COMMANDS if command in cli.commands])
    line = [name, *([draw.choice(WORDS[name])] if name in WORDS else [])]
    if draw.random() < 0.1:
        line[-1] = draw.choice([*FORMULAS, *FILES, *VALUES])
    if name == "fit" and draw.random() < 0.8:
        line.append("y ~ a*x + b")
    elif line[-1] in TABLES and draw.random() < 0.8:
        line.append("table.csv")
    options = [o for o in cli.commands[name].params if isinstance(o, click.Option) and o.name not in WRITES]
    for option in draw.sample(options, min(len(options), draw.randrange(5))):
        words = option.opts if draw.random() < 0.95 else OPTIONS
        line.append(draw.choice(words))
        if not option.is_flag:
            line.append(draw.choice(VALUES if draw.random() < 0.1 else LIKELY.get(option.opts[0], NUMBERS)))
    if name in ("minimize", "maximize", "fit", "resume"):
        line += ["--time-limit", "0.2"]
    return line


def test_drawn_lines_are_answered_in_words(
    downslope: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    begun = seed(9)
    print(f"DOWNSLOPE_SEED={begun - 9}")
    draw = random.Random(begun)
    for _ in range(trials(75)):
        line = drawn(draw)
        print(line)
        answer = downslope("", *line, stdin=b"x,y\n1,2\n2,3\n")
        print(answer.code)
        assert answer.code in (0, 1, 2, 3)
        assert "bug in downslope" not in answer.err
        assert "Traceback" not in answer.err + answer.out
        assert "\x1b[31m" not in answer.out
