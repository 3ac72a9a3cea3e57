"""``downslope sweep`` and ``race --checkpoint``, ended from outside, and ``downslope resume``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

WORDS = ["sweep", "rosenbrock", "--optimizer", "adam,momentum", "--learning-rate", "logspace(1e-5,1e-3,3000)",
         "--steps", "100000", "--format", "csv", "--quiet"]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize(("number", "expected"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGKILL", -9)])
def test_the_program_ended_from_outside_goes_on(
    number: str, expected: int, tmp_path: Path, downslope: Any
) -> None:
    path, saved = str(tmp_path / "sweep.ckpt"), str(tmp_path / "sweep.json")
    program = [sys.executable, "-m", "downslope", *WORDS, "--checkpoint", path, "--checkpoint-seconds", "0"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not os.path.exists(path) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(getattr(signal, number))
        code = process.wait(timeout=120)
    assert code in (0, expected)
    gone_on = downslope("resume", path, "--format", "csv", "--quiet", "--checkpoint", path)
    assert gone_on.code == 0
    assert gone_on.out == downslope(*WORDS, "--save", saved).out
    assert sorted(os.listdir(tmp_path)) == ["sweep.ckpt", "sweep.json"]
    assert "is for runs and fits" in downslope("resume", path, "--every", "3").words
    assert "is for a single run" in downslope("resume", path, "--steps", "3").words
    assert "is for races" in downslope("resume", path, "--html", str(tmp_path / "page.html")).words
    for words in (["export", path, "--to", "numpy"], ["compare", saved, saved]):
        answer = downslope(*words)
        assert (answer.code, "holds a sweep; take one of its runs" in answer.words) == (3, True)


RACE = [
    "race",
    "rosenbrock",
    "beale",
    "--optimizer",
    "adam,momentum,lbfgs",
    "--seed",
    "1",
    "--rounds",
    "0",
    "--quiet",
]


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_race_ended_from_outside_goes_on(number: str, tmp_path: Path, downslope: Any) -> None:
    path = str(tmp_path / "race.ckpt")
    program = [sys.executable, "-m", "downslope", *RACE, "--checkpoint", path, "--checkpoint-seconds", "0"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not os.path.exists(path) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(getattr(signal, number))
        code = process.wait(timeout=120)
    assert code in (0, {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}[number])
    gone_on = downslope("resume", path, "--quiet", "--checkpoint", path)
    assert gone_on.code == 0
    assert gone_on.out == downslope(*RACE).out
    assert os.listdir(tmp_path) == ["race.ckpt"]
    page = tmp_path / "page.html"
    assert downslope("resume", path, "--quiet", "--html", str(page)).code == 0
    assert "<svg" in page.read_text("utf-8")
    assert downslope("verify", path).out.startswith("Identical: raced again")
    page.unlink()
    assert "reported as a table or as JSON" in downslope("resume", path, "--format", "csv").words
    assert "holds a race; this takes a single run" in downslope("export", path, "--to", "numpy").words
