"""``--format jsonl``: each step as it is made, then the result; and JSON lines piped in as a table."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

VALLEY = 'minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95'


@pytest.mark.parametrize("every", [1, 2, 4])
def test_the_lines_are_the_rows_and_the_last_is_the_result(downslope, every):
    asked = f"{VALLEY} --steps 5 --every {every} --format"
    told = [json.loads(line) for line in downslope(f"{asked} jsonl").out.splitlines()]
    whole = json.loads(downslope(f"{asked} json").out)
    *rows, result = told
    history = whole.pop("history")
    assert [row["step"] for row in rows] == history["step"]
    assert [row["value"] for row in rows] == history["value"]
    assert [row["gradient_norm"] for row in rows] == history["gradient_norm"]
    assert {name: [row[name] for row in rows] for name in ("x", "y")} == history["parameters"]
    for key in ("x", "fun", "status", "message", "nit", "explanation"):
        assert result[key] == whole[key]


def test_a_line_is_written_while_the_run_is_on_its_way():
    command = [
        sys.executable,
        "-m",
        "downslope",
        "minimize",
        "x^4",
        "--start",
        "x=3",
        "--learning-rate",
        "1e-9",
    ]
    with subprocess.Popen(
        [*command, "--steps", "100000000", "--format", "jsonl", "--quiet"], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["step"] == 0
        assert json.loads(running.stdout.readline())["step"] == 1
        assert running.poll() is None
        running.kill()


def test_single_precision_has_its_own_digits(downslope):
    lines = downslope(f"{VALLEY} --steps 1 --dtype float32 --format jsonl").out.splitlines()
    assert json.loads(lines[1])["x"] == -6.335


def test_what_is_infinite_is_text(downslope):
    lines = downslope('minimize "exp(x^2)" --start x=5 --learning-rate 10 --format jsonl').out.splitlines()
    for line in lines:
        json.loads(line, parse_constant=pytest.fail)


def test_errors_are_json_too_and_several_runs_are_refused(downslope):
    for words in ('"x^"', '"x^2" --start x=1 --optimizer adam,sgd'):
        answer = downslope(f"minimize {words} --format jsonl")
        assert answer.code == 2
        assert json.loads(answer.err)["error"]["exit_code"] == 2


def test_json_lines_are_piped_into_a_fit(downslope):
    rows = "".join(json.dumps({"x": x, "y": 2 * x + 1}) + "\n" for x in range(5))
    answer = downslope('fit - "y ~ a*x + b" --format json', stdin=rows.encode())
    assert json.loads(answer.out)["parameters"] == pytest.approx({"a": 2, "b": 1})
