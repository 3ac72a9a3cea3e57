"""``downslope page``."""

import json
import re

import pytest

ZIGZAG = 'page "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95'


def test_it_writes_one_file(downslope, tmp_path):
    file = tmp_path / "zigzag.html"
    answer = downslope(f"{ZIGZAG} --optimizer gradient_descent,momentum --steps 12 --output {file}")
    assert (answer.code, answer.out) == (0, "")
    assert f"wrote {file}" in answer.words
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    setting = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])["setting"]
    assert setting["start"] == {"x": -7, "y": 2}
    assert [method["rule"] for method in setting["methods"]] == ["gradient_descent", "momentum"]
    assert [method["hyperparameters"]["learning_rate"] for method in setting["methods"]] == [0.95, 0.95]
    assert setting["steps"] == 12


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (ZIGZAG, 2, "--output says where"),
        ('page "x^^2" --start x=1 --output p.html', 2, "^"),
        ('page "x + y + z" --start x=1,y=1,z=1 --output p.html', 2, "one or two variables"),
        ('page "x^2 + y^2" --output p.html', 2, "no start is given"),
        (f"{ZIGZAG} --optimizer adm --output p.html", 2, "there is no optimizer 'adm'"),
        (f"{ZIGZAG} --output no/such/folder/p.html", 3, "no/such/folder"),
    ],
)
def test_what_is_wrong_is_said(downslope, tmp_path, monkeypatch, line, code, said):
    monkeypatch.chdir(tmp_path)
    answer = downslope(line)
    assert answer.code == code
    assert said in answer.words
    assert not (tmp_path / "p.html").exists()


@pytest.mark.parametrize("rules", ["", "--optimizer momentum,gradient_descent"])
def test_a_usual_rate_that_runs_away_is_not_begun_with(downslope, tmp_path, rules):
    file = tmp_path / "page.html"
    answer = downslope(f"page rosenbrock {rules} --output {file}")
    assert answer.code == 0
    assert "runs away at its usual learning rate 0.01, so the page begins with" in answer.words
    page = file.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    for method in data["setting"]["methods"]:
        assert method["hyperparameters"]["learning_rate"] < 2 / 1506  # the largest curvature at the start
    assert {run["status"] for run in data["runs"]} == {"step_limit"}


@pytest.mark.parametrize("chosen", ["--learning-rate 0.01", '--optimizer "gradient_descent(0.01)"'])
def test_a_rate_that_was_chosen_is_kept(downslope, tmp_path, chosen):
    file = tmp_path / "page.html"
    answer = downslope(f"page rosenbrock {chosen} --output {file}")
    assert "runs away" not in answer.words
    assert '"learning_rate":0.01' in file.read_text(encoding="utf-8")
