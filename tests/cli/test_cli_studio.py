"""``downslope studio``: what it opens, what it takes from a file, what it refuses."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("starlette", reason="Starlette is not installed (pip install 'downslope[studio]')")
pytest.importorskip("uvicorn", reason="uvicorn is not installed (pip install 'downslope[studio]')")

from downslope.serving.server import PageServer

COSTS = """
import math
import numpy as np

def bowl(x, y):
    return np.sin(x) ** 2 + y ** 2

def distances(p):
    return np.sum((p - 1) ** 2) + np.linalg.norm(p)

def branches(x):
    return x if float(x) > 0 else math.floor(x)

def breaks(x, y):
    return undefined_name * x

def _hidden(x):
    return x ** 2

if __name__ == "__main__":
    raise SystemExit("not run")
"""


@pytest.fixture
def setting(downslope, monkeypatch, tmp_path):
    """The setting that the command opens a page with; the server itself is not begun."""
    seen = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "costs.py").write_text(COSTS, encoding="utf-8")
    (tmp_path / "one.py").write_text("def only(x):\n    return (x - 2) ** 2\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = 1\nraise KeyError('gone')\n", encoding="utf-8")

    class Standing(PageServer):
        def __init__(self, html, policy, answer):
            seen.append(json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1])["setting"])
            self.address = "http://127.0.0.1:1/token/"

        def serve(self):
            """Ends at once."""

        def close(self):
            """Nothing was begun."""

    monkeypatch.setattr("downslope.api.studio.PageServer", Standing)

    def opened(line):
        answer = downslope(f"studio {line} --no-browser")
        return answer, seen.pop() if seen else None

    return opened


def test_it_says_its_address_on_standard_output(setting):
    answer, shown = setting("--quiet")
    assert (answer.code, answer.out, answer.err) == (0, "http://127.0.0.1:1/token/\n", "")
    assert shown["formula"]


def test_it_opens_a_formula_with_its_rules(setting):
    answer, shown = setting('"x^2 + y^4" --start x=1,y=2 --optimizer "adam(0.1),momentum" --steps 7')
    assert answer.code == 0
    assert (shown["formula"], shown["start"], shown["steps"]) == ("x^2 + y^4", {"x": 1, "y": 2}, 7)
    assert [method["rule"] for method in shown["methods"]] == ["adam", "momentum"]


@pytest.mark.parametrize(
    ("line", "names", "has"),
    [
        ("--function costs.py:bowl --start x=1,y=2", {"x": 1, "y": 2}, "sin(x)^2"),
        ("--function costs.py:distances --start 3,2", {"p1": 3, "p2": 2}, "sqrt("),
        ("--function one.py --start x=5", {"x": 5}, "x"),
    ],
)
def test_a_function_in_a_file_is_the_formula_that_it_computes(setting, line, names, has):
    answer, shown = setting(line)
    assert answer.code == 0, answer.err
    assert shown["start"] == names
    assert has in shown["formula"]


def test_a_function_that_is_no_formula_is_asked_for(setting):
    answer, shown = setting("--function costs.py:branches --start x=1.5 --optimizer adam --steps 9")
    assert answer.code == 0, answer.err
    assert (shown["formula"], shown["start"], shown["steps"]) == ("branches(x)", {"x": 1.5}, 9)
    assert [method["rule"] for method in shown["methods"]] == ["adam"]


def test_a_function_of_torch_is_too(setting, tmp_path):
    pytest.importorskip("torch")
    text = "import torch\ndef loss(x, y):\n    return torch.sin(x) ** 2 + torch.relu(y) + y ** 2\n"
    (tmp_path / "net.py").write_text(text, encoding="utf-8")
    answer, shown = setting("--function net.py --start x=1,y=2")
    assert answer.code == 0, answer.err
    assert "relu(y)" in shown["formula"]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("--function costs.py --start x=1,y=2", 2, "several functions: bowl, distances, branches, breaks"),
        ("--function costs.py:_hidden --start x=1", 2, "no function _hidden"),
        ("--function costs.py:bowls --start x=1,y=2", 2, "bowl"),
        ("--function costs.py:breaks --start x=1,y=2", 2, "NameError"),
        ("--function costs.py:bowl", 2, "--function needs --start"),
        ("--function none.py --start x=1", 2, "there is no file none.py"),
        ("--function broken.py --start x=1", 2, "broke off at line 2 with KeyError"),
        ("x^2 --function one.py --start x=1", 2, "not both"),
        ('"x + y + z" --start x=1,y=1,z=1', 2, "one or two variables"),
        ('"x^^2" --start x=1', 2, "^"),
    ],
)
def test_what_is_wrong_is_said(setting, line, code, said):
    answer, shown = setting(line)
    assert (answer.code, shown) == (code, None)
    assert said in answer.words
