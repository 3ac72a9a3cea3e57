"""The judge's conditions as records, and as JavaScript that decides alike."""

from __future__ import annotations

import json
import math
import shutil
import subprocess

import numpy as np
import pytest

from downslope.descent import conditions
from downslope.descent import judge as j

NUMBERS = (0.0, -0.0, 1e-300, 1.0, -1.0, 2.0, 1e30, -1e30, math.inf, -math.inf, math.nan)
DRAWN = 10_000


def evidences(count: int) -> list[dict[str, float | bool]]:
    rng = np.random.default_rng(20260731)
    drawn: list[dict[str, float | bool]] = []
    for _ in range(count):
        numbers: dict[str, float | bool] = {}
        for name in conditions.names():
            pick = rng.integers(3)
            numbers[name] = NUMBERS[rng.integers(len(NUMBERS))] if pick else float(np.round(rng.normal(), 1))
        numbers["accepted"] = bool(rng.integers(4))
        drawn.append(numbers)
    return drawn


def judged(numbers: dict[str, float | bool]) -> int:
    evaluation = j.Evaluation(**{name: numbers[name] for name in j.Evaluation._fields})
    return int(j.judge(evaluation, j.Limits(**{name: numbers[name] for name in j.Limits._fields})))


def test_every_code_of_the_judge_is_a_line_and_the_last_one_always_holds() -> None:
    lines = conditions.conditions()
    assert [line.code for line in lines] == [
        "VALUE_LOW",
        "VALUE_INFINITE",
        "VALUE_NAN",
        "GRADIENT_NOT_FINITE",
        "GRADIENT_SMALL",
        "TARGET_REACHED",
        "VALUE_STEADY",
        "POINT_STEADY",
        "VALUE_HIGH",
        "VALUE_LOW",
        "STEP_LIMIT",
        "STALLED",
        "EVALUATION_LIMIT",
        "RUNNING",
    ]
    assert lines[-1].all_of == ()
    assert lines[6].all_of == ("accepted", "step > 0", "change <= value_tolerance")


def test_the_records_decide_as_the_judge() -> None:
    """The first line whose parts all hold has the judge's code."""
    codes = set()
    for numbers in evidences(2000):
        scope = {"np": np, **numbers}
        first = next(
            line for line in conditions.conditions() if all(eval(part, scope) for part in line.all_of)
        )
        assert getattr(j, first.code) == judged(numbers)
        codes.add(first.code)
    assert codes == {line.code for line in conditions.conditions()}


@pytest.mark.skipif(shutil.which("node") is None, reason="JavaScript is run by node")
def test_javascript_decides_as_the_judge() -> None:
    drawn = evidences(DRAWN)
    sent = [
        {name: value if isinstance(value, bool) else str(value) for name, value in numbers.items()}
        for numbers in drawn
    ]
    script = conditions.to_javascript() + (
        "const sent = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
        "const read = v => v === 'inf' ? Infinity : v === '-inf' ? -Infinity : v === 'nan' ? NaN : Number(v);\n"
        "const codes = sent.map(e => judge(Object.fromEntries(Object.entries(e).map(\n"
        "  ([k, v]) => [k, typeof v === 'boolean' ? v : read(v)]))));\n"
        "console.log(JSON.stringify(codes));\n"
    )
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(sent), capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == [judged(numbers) for numbers in drawn]


@pytest.mark.parametrize(
    "source",
    [
        "def judge(a):\n    if a:\n        return RUNNING\n    else:\n        return STALLED\n",
        "def judge(a):\n    a = 1\n",
    ],
    ids=["else", "assignment"],
)
def test_what_could_not_be_printed_is_refused(source: str) -> None:
    import ast

    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    with pytest.raises(TypeError, match="made of ifs and returns"):
        conditions._returns(function.body, ())
