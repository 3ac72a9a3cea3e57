"""``downslope race``."""

import os
import signal
import subprocess
import sys
import time

import pytest

LINE = 'race "x^2/20 + y^2" --start x=-7,y=2 --seed 1 --rounds 0'


def test_it_reports_and_writes_its_files(downslope, tmp_path):
    names = {name: tmp_path / f"race.{name}" for name in ("png", "html", "json")}
    answer = downslope(
        f"{LINE} --optimizer adam,lbfgs --plot {names['png']} --html {names['html']} --save {names['json']}"
    )
    assert answer.code == 0
    words = " ".join(answer.out.split())
    assert "starts uniform in x -14..0" in words
    assert "(--seed 1)" in words
    assert "lbfgs needs fewer evaluations than adam (tuned to" in words
    header = next(line for line in answer.out.splitlines() if line.startswith("method"))
    assert header.split() == ["method", "reached", "25", "%", "median", "75", "%", "tuning", "expected"]
    assert names["png"].read_bytes()[:4] == b"\x89PNG"
    assert names["html"].read_text().startswith("<!doctype html>")
    assert names["json"].stat().st_size > 1000


def test_json_is_one_document(downslope):
    answer = downslope(f"{LINE} --optimizer lbfgs,auto --no-tune --format json")
    assert answer.json["command"] == "race"
    assert [method["way"] for method in answer.json["methods"]] == ["none", "none"]


def test_several_problems(downslope):
    answer = downslope("race booth beale --optimizer lbfgs --seed 1 --rounds 0")
    assert answer.code == 0
    assert "booth, beale" in " ".join(answer.out.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--optimizer adam,adm", "there is no optimizer 'adm'"),
        ('--optimizer "sgd(0),adam"', "learning_rate is 0"),
        ("--starts 1e12", "at most 1,000,000 are made"),
        ("--starts 3", "at least 15 starts"),
        ("--rates 0.1,0", "a learning rate is a finite number > 0"),
        ("--targets 2", "between 0 and 1"),
        ("--evaluations 0", "--evaluations is 0"),
        ("--plot race.gif", "is no picture of a race"),
        ("--save a.x --html a.x", "two outputs are the same file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(downslope, options, said):
    answer = downslope(f"race rosenbrock {options}")
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.words


def test_a_missing_start_or_expression(downslope):
    assert "the parameters are: x, y" in downslope('race "x^2+y^2"').words
    assert "what is to be raced on?" in downslope("race").words


def test_ctrl_c_keeps_what_is_done_and_ends_with_130(tmp_path):
    command = [
        sys.executable,
        "-m",
        "downslope",
        "race",
        "rosenbrock",
        "--optimizer",
        "sgd(1e-4)",
        "--starts",
        "100000",
    ]
    command += ["--seed", "1", "--rounds", "0", "--evaluations", "3000", "--format", "json"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env={**os.environ}, text=True
    )
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    if out:  # it had begun
        import json

        data = json.loads(out)
        assert data["interrupted"]
        finished = sum(data["problems"][0]["finished"])
        assert 0 < finished < 100_000
