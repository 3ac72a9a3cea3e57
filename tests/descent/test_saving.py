"""Saved runs: read back equal, written whole or not at all, and refused in words where they are broken."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import downslope as ds
from downslope import optimizers
from downslope.errors import DataError, ObjectiveError
from trials import seed, trials

X = sympy.Symbol("x")

RUNS: dict[str, Any] = {
    "formula": lambda: ds.minimize("x^2/20 + y^2", "x=-7,y=2", learning_rate=0.95, steps=29),
    "uphill": lambda: ds.maximize("-(x^2+2x+3)", 1.5, learning_rate=0.01, tolerance=1e-5),
    "number": lambda: ds.minimize("x^2", 1.0, optimizer="adam", steps=3),
    "vector": lambda: ds.minimize("x^2 + y^2", [1.0, 2.0], optimizer="armijo", steps=3),
    "problem": lambda: ds.minimize("rosenbrock", learning_rate=1e-3, steps=3),
    "problem of a dimension": lambda: ds.minimize("rosenbrock(10)", learning_rate=1e-4, steps=3),
    "traced vector": lambda: ds.minimize(lambda w: np.sum(w**2), [1.0, 2.0], steps=3, learning_rate=0.1),
    "traced matrix": lambda: ds.minimize(lambda A: np.sum((A @ A.T - 1) ** 2), np.eye(2), steps=3, learning_rate=0.1),
    "traced dict": lambda: ds.minimize(
        lambda w, b: np.sum((w - b) ** 2), {"w": [1.0, 2.0], "b": 1}, steps=3, learning_rate=0.1
    ),
    "function": lambda: ds.minimize(lambda x: float(x) ** 2, 1.0, learning_rate=0.1, steps=3),
    "SymPy": lambda: ds.minimize(sympy.exp(-X) + X**2 / 3, 1.0, learning_rate=0.1, steps=3),
    "SymPy beyond our words": lambda: ds.minimize(sympy.erfc(X), 1.0, learning_rate=0.1, steps=3),
    "SymPy names": lambda: ds.minimize(sympy.Symbol("x_{1}") ** 2, 1.0, learning_rate=0.1, steps=3),
    "kinks": lambda: ds.minimize("abs(x) + max(x, y) + where(x > 0, x, y)^2", "x=1,y=2", learning_rate=0.1, steps=9),
    "huge powers": lambda: ds.minimize("(2x)^1500 + x^(2^40)", 0.4, learning_rate=0.1, steps=3),
    "float32": lambda: ds.minimize("x^2/3", 0.1, dtype="float32", learning_rate=0.1, steps=3),
    "left the domain": lambda: ds.minimize("x - 0.1*log(x)", 0.35, learning_rate=1.0, steps=9),
    "NaN at the start": lambda: ds.minimize("log(x)", -1.0),
    "infinite outside": lambda: ds.minimize("exp(x^2)", 3.0, learning_rate=1.0, steps=9),
    "infinitely far outside": lambda: ds.minimize("1e150*x", 3.0, learning_rate=1e200, steps=9),
    "supplied gradient": lambda: ds.minimize("x^2", {"x": 1.0}, gradient={"x": "2*x"}, learning_rate=0.1, steps=3),
    "every stop": lambda: ds.minimize(
        "x^2", 1.0, learning_rate=0.1, steps=9, evaluations=50, time_limit=9.5, tolerance=1e-9,
        relative_tolerance=1e-9, value_tolerance=1e-30, x_tolerance=1e-30, target=-1.0,
    ),
    "integers": lambda: ds.minimize("x^2", {"x": 3}, optimizer=optimizers.Momentum(learning_rate=1e-1), steps=2),
    "Greek": lambda: ds.minimize("θ^2 + β1^4", "θ=1,β1=2", learning_rate=0.01, steps=3),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::downslope.objectives.GradientWarning")
@pytest.mark.parametrize("name", RUNS)
def test_a_saved_run_reads_back_equal(name: str, tmp_path: Path) -> None:
    run, path = RUNS[name](), tmp_path / "run.json"
    run.save(path)
    again = ds.load(path)
    assert again == run
    assert again.history == run.history
    assert type(again.x) is type(run.x)
    np.testing.assert_equal(again.x, run.x)
    assert (again.status, again.success, again.message, again.nit, again.nfev) == (
        run.status, run.success, run.message, run.nit, run.nfev,
    )  # fmt: skip
    assert (again.optimizer, again.stopping, again.notes) == (run.optimizer, run.stopping, run.notes)
    np.testing.assert_equal(again.verdict.left_at, run.verdict.left_at)
    assert repr(again) == repr(run)
    twice = tmp_path / "again.json"
    again.save(twice)
    assert twice.read_bytes() == path.read_bytes()


def test_infinities_are_kept_with_their_sign(tmp_path: Path) -> None:
    for formula, sign in (("1e150*x", -1), ("-1e150*x", 1)):
        ds.minimize(formula, 3.0, learning_rate=1e200, steps=9).save(tmp_path / "run.json")
        left_at = ds.load(tmp_path / "run.json").verdict.left_at
        assert left_at is not None
        assert left_at.tolist() == [sign * float("inf")]


def test_the_file_is_schema_1_in_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ds.minimize("exp(x^2)", {"x": 3.0}, learning_rate=1.0, steps=9).save(path)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    data = json.loads(path.read_text("utf-8"), parse_constant=refuse)
    wanted = [
        "schema",
        "command",
        "objective",
        "optimizer",
        "x",
        "fun",
        "gradient_norm",
        "success",
        "status",
        "message",
        "nit",
        "nfev",
        "history",
    ]
    assert set(wanted) <= set(data)
    assert (data["schema"], data["command"], data["optimizer"]["name"]) == (1, "minimize", "gradient_descent")
    assert list(data["history"]) == ["step", "evaluations", "value", "gradient_norm", "parameters"]


def test_a_loaded_formula_can_be_evaluated_and_continued(tmp_path: Path) -> None:
    run = ds.minimize("x^2/20 + y^2", "x=-7,y=2", learning_rate=0.95, steps=10)
    run.save(tmp_path / "run.json")
    again = ds.load(tmp_path / "run.json")
    assert again.objective.value(again.final) == again.fun
    more = ds.minimize(again.objective, again.x, optimizer=again.optimizer, steps=19)
    whole = ds.minimize("x^2/20 + y^2", "x=-7,y=2", learning_rate=0.95, steps=29)
    assert more.x == whole.x


def test_a_loaded_function_is_known_by_its_history_only(tmp_path: Path) -> None:
    ds.minimize(lambda x: float(x) ** 2, 1.0, learning_rate=0.1, steps=3).save(tmp_path / "run.json")
    again = ds.load(tmp_path / "run.json")
    with pytest.raises(ObjectiveError, match="is not in the saved run"):
        again.objective.value(again.final)


def test_runs_that_differ_are_not_equal() -> None:
    one = ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3)
    assert one != ds.minimize("x^2", 1.0, learning_rate=0.1, steps=4)
    assert one != 5


# --- broken files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "run.json"
    ds.minimize("rosenbrock", learning_rate=1e-3, steps=4, target=-1.0).save(path)
    return path


def attempt(path: Path, text: str | bytes) -> bool:
    """Whether the file could be loaded; anything but a run or a DataError fails the test."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        run = ds.load(path)
    except DataError:
        return False
    repr(run)
    return True


def test_truncated_anywhere_it_is_refused(saved: Path, tmp_path: Path) -> None:
    text = saved.read_bytes()
    for cut in range(0, len(text) - 2, 7):
        assert not attempt(tmp_path / "cut.json", text[:cut])


def test_any_value_replaced_by_another_kind_is_refused_or_read(saved: Path, tmp_path: Path) -> None:
    data = json.loads(saved.read_text("utf-8"))
    others = [
        None,
        True,
        -1,
        1e999,
        10**400,
        "text",
        "",
        [],
        {},
        [[]],
        {"a": 1},
        [1, [2, 3]],
        "9^9^9^9",
        "x" * 300,
    ]
    refused = total = 0

    def places(node: Any) -> Any:
        entries = node.items() if isinstance(node, dict) else enumerate(node[:2])
        for key, value in list(entries):
            yield node, key
            if isinstance(value, (dict, list)):
                yield from places(value)

    for node, key in list(places(data)):
        original = node[key]
        for other in others:
            node[key] = other
            total += 1
            refused += not attempt(tmp_path / "other.json", json.dumps(data))
        node[key] = original
        if isinstance(node, dict):
            del node[key]
            attempt(tmp_path / "other.json", json.dumps(data))
            node[key] = original
    assert refused > total / 3
    assert attempt(tmp_path / "whole.json", json.dumps(data))


def test_random_bytes_in_it_are_refused_or_read(saved: Path, tmp_path: Path) -> None:
    source, chance = saved.read_bytes(), random.Random(seed(7))
    for _ in range(trials(300)):
        text = bytearray(source)
        for _ in range(chance.randint(1, 3)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        assert is_json(bytes(text)) or not attempt(tmp_path / "random.json", bytes(text))


def is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "schema 1 is needed, found 'list'"),
        ('{"schema": 2}', "found 2"),
        ('{"schema": 1}', "not a whole saved run"),
        ("null", "found 'NoneType'"),
        (b"\xff\xfe\x00", "not UTF-8 text (byte 0)"),
        (b"\x80\x04\x95pickle", "not UTF-8"),
    ],
)
def test_foreign_files_are_refused_in_words(text: str | bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        ds.load(path)
    assert words in str(caught.value)
    assert "foreign.json" in str(caught.value)


def test_shapes_that_would_fill_the_memory_are_refused(saved: Path, tmp_path: Path) -> None:
    data = json.loads(saved.read_text("utf-8"))
    data["parameters"]["shapes"] = [[10**9, 10**9], []]
    assert not attempt(tmp_path / "bomb.json", json.dumps(data))


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        ds.load(tmp_path / "nothing.json")
    with pytest.raises(DataError, match="directory"):
        ds.load(tmp_path)


# --- atomicity --------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
import downslope as ds
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
short = ds.minimize("x^2", 1.0, learning_rate=0.1, steps=2)
long = ds.minimize("x^2", 1.0, learning_rate=1e-4, steps=5000)
short.save(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    long.save(sys.argv[1])
except ds.errors.DataError as error:
    print(error)
print(ds.load(sys.argv[1]) == short)
"""
    path = tmp_path / "run.json"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines() == [f"{path} cannot be written: File too large.", "True"], done.stderr
    assert os.listdir(tmp_path) == ["run.json"]


def test_killed_at_any_moment_it_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    script = """
import sys
import downslope as ds
runs = [ds.minimize("x^2", 1.0, learning_rate=0.1, steps=n) for n in (3, 4000)]
print("ready", flush=True)
while True:
    for run in runs:
        run.save(sys.argv[1])
        print("saved", flush=True)
"""
    path = tmp_path / "run.json"
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(25):  # while it is being rewritten, whoever looks sees a whole run
        assert process.stdout.readline() == "saved\n"
        assert ds.load(path).nit in (3, 4000)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert ds.load(path).nit in (3, 4000)


@pytest.mark.filterwarnings("ignore:.*gradient")
def test_a_wrong_gradient_is_saved_and_explained_as_it_was(tmp_path: Path) -> None:
    calls: dict[str, Any] = {
        "formula": ("(x-1)^2 + y^2", {"x": 3.0, "y": 2.0}, {"x": "2*x", "y": "2*y"}),
        "traced": (lambda w: np.sum((w - 1) ** 2), [3.0, 2.0], lambda w: 2 * w),
    }
    for function, start, gradient in calls.values():
        run = ds.minimize(function, start, gradient=gradient, learning_rate=0.1, tolerance=1e-6)
        run.save(tmp_path / "run.json")
        again = ds.load(tmp_path / "run.json")
        assert run.explain().codes == ("gradient_mismatch",)
        if again.objective.evaluable:
            assert str(again.explain()) == str(run.explain())
        else:
            assert again.explain().point.kind == "unseen"


@pytest.mark.filterwarnings("ignore:.*gradient")
def test_a_file_that_has_not_kept_the_gradient_supplied_has_only_the_history(tmp_path: Path) -> None:
    run = ds.minimize("(x-1)^2", {"x": 3.0}, gradient={"x": "2*x"}, learning_rate=0.1, tolerance=1e-6)
    data = run.to_dict()
    del data["gradient"]  # as the first releases wrote it
    (tmp_path / "run.json").write_text(json.dumps(data))
    again = ds.load(tmp_path / "run.json")
    assert not again.objective.evaluable
    assert again.explain().point.kind == "unseen"
    assert "learning_rate_too_small" not in again.explain().codes
