"""Ctrl-C and SIGTERM at any moment of commands that work on saved files, and of those that take several runs."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_cli_signals import LIMIT, begun, hold, pytestmark, table  # noqa: F401 - the mark and the fixture are used by pytest

import downslope as ds
from downslope.results.run_loading import read
from trials import fresh_seed, trials

COMMANDS = {
    "resume": ["resume", "RUN", "--steps", "10000000000"],
    "resume fit": ["resume", "FIT", "TABLE", "--steps", "100000"],
    "verify": ["verify", "RUN"],
    "verify fit": ["verify", "FIT", "TABLE"],
    "look": ["look", "TABLE"],
    "compare": ["compare", "rosenbrock", "--optimizer", "adam(1e-7),sgd(1e-9)", "--steps", "300000000"],
    "race": ["race", "rosenbrock", "beale", "--optimizer", "adam,momentum,lbfgs", "--seed", "1"],
}


@pytest.fixture(scope="module")
def files(table: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:  # noqa: F811
    """A run that takes seconds to be made again, and a fit of the table in mini-batches."""
    folder = tmp_path_factory.mktemp("saved")
    run, fit = str(folder / "run.json"), str(folder / "fit.json")
    ds.minimize("rosenbrock", optimizer="adam", learning_rate=1e-7, steps=30_000_000).save(run)
    words = ["fit", table, "y ~ a*x + b*z + c", "--loss", "huber", "--batch-size", "8", "--epochs", "20"]
    command = [sys.executable, "-m", "downslope", *words, "--save", fit]
    subprocess.run(command, check=False, capture_output=True, timeout=LIMIT)
    return {"RUN": run, "FIT": fit, "TABLE": table}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", COMMANDS)
def test_any_command_ends_at_any_moment(number: signal.Signals, command: str, files: dict[str, str]) -> None:
    draw = random.Random(fresh_seed())
    words = [files.get(word, word) for word in COMMANDS[command]]
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "downslope", "minimize", "x^2", "--start", "x=1"], capture_output=True
    )
    starting = time.monotonic() - began
    for _ in range(trials(2)):
        hold(words, number, starting * (0.05 + 2.5 * draw.random()))


CHECKPOINTED = {
    "race": COMMANDS["race"],
    "sweep": [
        "sweep",
        "himmelblau",
        "--start",
        "x=grid(-6,6,700),y=grid(-6,6,700)",
        "--learning-rate",
        "1e-9",
        "--steps",
        "1000000",
    ],
    "resume": COMMANDS["resume"],
}
SAVED = {
    "race": "race",
    "sweep": "sweep",
    "resume": "minimize",
}  # the command by which a checkpoint was begun


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", CHECKPOINTED)
def test_what_was_done_is_kept_at_any_moment(
    number: signal.Signals, code: int, command: str, files: dict[str, str], tmp_path: Path
) -> None:
    draw = random.Random(fresh_seed())
    words = [files.get(word, word) for word in CHECKPOINTED[command]]
    for i in range(trials(1)):
        kept = tmp_path / f"{i}.ckpt"
        process = begun(*words, "--checkpoint", str(kept), "--checkpoint-seconds", "0.01")
        try:
            until = time.monotonic() + LIMIT
            while not kept.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.5 * draw.random())
            process.send_signal(number)
            out, err = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        assert process.returncode == code, (out[-300:], err)
        assert read(kept)["command"] == SAVED[command]  # whole: its digest is right
        assert not list(tmp_path.glob("*.part"))
