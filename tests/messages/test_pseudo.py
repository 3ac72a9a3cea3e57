"""In the pseudo-language every text of a template stands in ⟦ ⟧; what stands outside was forgotten."""

import json

import pytest
from click.testing import CliRunner
from prose import BUDGET
from pseudo import leftovers

import downslope as ds
from downslope.cli.fit_options import VIEWS
from downslope.cli.main import cli
from downslope.export import DIALECTS
from downslope.messages import reading
from downslope.optimizers import all_optimizers

COMMANDS = ["", *cli.commands]
USAGE = [
    "--nothing",
    "minimise x^2",
    "x^2+1",
    "minimize",
    "minimize x^2",
    "minimize x^2 + 1",
    "minimize x^2 --start",
    "minimize x^2 --strt x=1",
    "minimize x^2 --quiet=3",
    "minimize x^2 --dtype float16",
    "minimize x^2 --set a",
    "minimize x^2 --lang tlh",
    "minimize x^2 --start x=1 --view 0:1",
    "minimize x^2 --start x=1 --save no/such/folder/run.json",
    "fit",
    "fit no.csv y~x y~z",
    "fit no.csv y = a * x",
    "predict",
    "predict a.csv b.json",
    "export",
    "export a b",
    "export a",
    "check-gradient x^2",
    "completion tcsh",
    "optimizers adam more",
    "optimizers --form json",
]
# What is shown of the code itself: formulas, names and numbers are no prose.
SHOWN = [f"optimizers {rule.name()}" for rule in all_optimizers()]
# Everything else that is said: how much of it is no message yet is in the budget, which only falls.
SAID = [
    "minimize x^2 --start x=1 --learning-rate 0.1 --steps 30 --explain",
    "minimize x^2 --start x=1 --learning-rate 1.05 --steps 30",
    "minimize x^2+ --start x=1",
    "minimize foo(x) --start x=1",
    "minimize x^2 --start y=1 --learning-rate 0.1",
    "minimize x^2 --start x=1 --optimizer adm",
    "minimize x^2 --start x=1 --optimizer adam --set beta1=2",
    "maximize x^2 --start x=1",
    "explain x^2/20+y^2 --start x=-7,y=2 --learning-rate 0.95",
    "check-gradient x^2 --gradient x=x --at x=1",
    "problems rosenbrok",
    "minimize x^2 --start x=1,y",
    "minimize x^2 --steps many",
    "minimize x^2 --set a=1,a=2",
    "optimizers adm",
]


def said_by(line: str) -> str:
    result = CliRunner().invoke(cli, line.split(), env={"DOWNSLOPE_LANG": "xx-pseudo"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.stdout + result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    said = said_by(f"{command} --help")
    assert "⟦Usage:⟧" in said
    assert leftovers(said, *DIALECTS, *VIEWS, *cli.commands) == []


@pytest.mark.parametrize("line", USAGE)
def test_what_is_said_of_a_command_line(line):
    said = said_by(line)
    assert "⟦" in said
    assert leftovers(said, *line.split(), *DIALECTS, *cli.commands) == []


@pytest.mark.parametrize("line", SHOWN)
def test_what_is_shown_of_the_code(line):
    record = json.loads(said_by(f"{line} --format json"))
    texts = [record["summary"], *record["remarks"], record["source"]]
    texts += [h["about"] for h in record["hyperparameters"]]
    assert [text for text in texts if text and not (text[0] == "⟦" and text[-1] == "⟧")] == []


def test_how_much_is_said_without_a_message():
    most = json.loads(BUDGET.read_text(encoding="utf-8"))["words"]
    found = {line: leftovers(said_by(line), *line.split()) for line in SAID}
    with reading("xx-pseudo"):
        run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
        found["run"] = leftovers("\n".join([str(run.message), *map(str, run.explain().sentences)]))
    assert sum(map(len, found.values())) <= most, found


def test_what_is_found():
    assert (
        leftovers("⟦error⟧: ⟦there is no ⟧adam⟦ here⟧ x = 3.5e-1 --start x=1 FILE 'a b' learning_rate") == []
    )
    assert leftovers("⟦error⟧: something went wrong") == ["something", "went", "wrong"]
