"""``optimizers``, ``problems``, ``completion``, ``--help`` and ``--version``."""

import re

import pytest

import downslope as ds
from downslope.objectives import all_problems
from downslope.optimizers import all_blocks, all_curved, all_optimizers, all_wrappers

OPTIMIZERS = {cls.name(): cls for cls in (*all_optimizers(), *all_curved(), *all_blocks())}
WRAPPERS = {cls.name() for cls in all_wrappers()} - {
    "projected",
    "scheduled",
}  # bounds and schedules are options
TEXTBOOK = ["adagrad", "adam", "armijo", "gradient_descent", "momentum", "nesterov", "rmsprop"]


def test_every_optimizer_is_listed(downslope):
    answer = downslope("optimizers")
    assert answer.code == 0
    listed = {line.split()[0] for line in answer.out.splitlines()[1:] if not line.startswith(" ")}
    assert listed == set(OPTIMIZERS) | WRAPPERS
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "SGD" in answer.out


def test_the_list_of_optimizers_as_json(downslope):
    records = {record["name"]: record for record in downslope("optimizers --format json").json}
    assert set(records) == set(OPTIMIZERS) | WRAPPERS
    assert records["adam"]["hyperparameters"][1] == {
        "name": "beta1",
        "default": 0.9,
        "range": ">= 0 and < 1",
        "about": "part of the mean gradient that is kept",
    }


@pytest.mark.parametrize("name", sorted(cls.name() for cls in all_curved()))
def test_a_method_that_knows_curvature_is_explained_without_a_traced_formula(downslope, name):
    page = downslope(f"optimizers {name}")
    assert page.code == 0
    assert OPTIMIZERS[name].summary() in " ".join(page.out.split())
    assert f"the page of {name} in docs/optimizers has them" in " ".join(page.out.split())
    run = downslope(f"minimize rosenbrock --optimizer {name} --tolerance 1e-8")
    assert run.code == 0


@pytest.mark.parametrize("name", TEXTBOOK)
def test_an_optimizer_explains_itself(downslope, name):
    page, data = downslope(f"optimizers {name}"), downslope(f"optimizers {name} --format json").json
    assert page.code == 0
    assert max(map(len, page.out.splitlines())) <= 80
    assert OPTIMIZERS[name].summary() in " ".join(page.out.split())
    assert "Source: " in page.out
    assert all(field in page.out for field in OPTIMIZERS[name]().hyperparameters())
    assert any(line.startswith("x' <- ") for line in data["formula"])
    assert data["source"]


def test_an_optimizer_answers_to_its_other_names(downslope):
    assert "x' <- -eta*g + x" in downslope("optimizers SGD").out


def test_every_problem_is_listed(downslope):
    answer = downslope("problems")
    listed = [line.split()[0] for line in answer.out.splitlines()[1:]]
    assert listed == [problem.name for problem in all_problems()]
    assert max(map(len, answer.out.splitlines())) <= 80
    assert [record["name"] for record in downslope("problems --format json").json] == listed


def test_every_problem_has_a_page(downslope):
    for problem in all_problems():
        answer = downslope("problems", problem.name)
        assert answer.code == 0
        assert str(problem.title) in answer.out
        assert "Source: " in answer.out


def test_a_problem_in_another_dimension(downslope):
    record = downslope("problems rosenbrock(4) --format json").json
    assert record["dimension"] == 4
    assert record["minimisers"][0] == [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts_say_how_to_install_them(downslope, shell):
    answer = downslope(f"completion {shell}")
    assert answer.code == 0
    assert re.search(rf"^# To install: downslope completion {shell} >>? ", answer.out, re.M)
    assert "_DOWNSLOPE_COMPLETE" in answer.out
    assert answer.out.startswith("#")
    assert downslope("completion", SHELL=f"/usr/bin/{shell}").out == answer.out


def test_completion_completes(downslope):
    def complete(words):
        last = len(words.split()) - (not words.endswith(" "))
        answer = downslope("", _DOWNSLOPE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(last))
        return answer.out.split()

    assert complete("downslope min") == ["plain,minimize"]
    assert complete("downslope minimize --tol") == ["plain,--tolerance"]
    assert "plain,adam" in complete("downslope minimize x^2 --optimizer ad")
    assert complete("downslope minimize rosen") == ["plain,rosenbrock"]
    assert complete("downslope minimize x^2 --format j") == ["plain,json", "plain,jsonl"]


def test_powershell_completes(downslope):
    def complete(words, begun):
        answer = downslope("", _DOWNSLOPE_COMPLETE="powershell_complete", COMP_WORDS=words, COMP_CWORD=begun)
        assert answer.code == 0
        lines = [line.split("\t") for line in answer.out.splitlines() if line]
        assert all(told.strip() for _, told in lines)  # PowerShell takes no empty help
        return [word for word, _ in lines]

    assert complete("downslope min", "min") == ["minimize"]
    assert complete("downslope minimize --tol", "--tol") == ["--tolerance"]
    assert "adam" in complete("downslope minimize x^2 --optimizer ad", "ad")
    assert complete("downslope minimize 'x^2 + y' --format j", "j") == ["json", "jsonl"]
    assert complete(r"downslope fit C:\data\a.csv --loss rms", "rms") == ["rmse"]
    assert "minimize" in complete("downslope ", "")


def test_help_and_version(downslope):
    answer = downslope("--help")
    assert answer.code == 0
    for command in ("minimize", "maximize", "optimizers", "problems", "completion"):
        assert command in answer.out
        page = downslope(f"{command} --help")
        assert page.code == 0
        assert max(map(len, page.out.splitlines())) <= 80
    assert downslope("minimize -h").out == downslope("minimize --help").out
    assert downslope("--version").out == f"downslope {ds.__version__}\n"
    assert downslope("").code == 2
    assert "Usage" in downslope("").err
