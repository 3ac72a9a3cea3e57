"""Runs drawn at random: no two lines contradict, advice succeeds, explanations repeat, and numbers are right.

The seed is new each time and printed; ``DOWNSLOPE_SEED`` sets it, ``DOWNSLOPE_DRAWS`` how many are drawn. What fails is
kept as text in ``found``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import Call, Ran
from causes.arithmetic import dense, spread, turned
from consistency import contradictions
from drawn import called, draw, draw_opaque, keep
from drawn_fits import draw_fit, fit_faults
from replays import advice_faults, plain, repetition_faults
from theory import number_faults

SEED = int(os.environ.get("DOWNSLOPE_SEED") or random.SystemRandom().randrange(2**31))
DRAWS = int(os.environ.get("DOWNSLOPE_DRAWS") or 240)
PARTS = 12
MOST_KEPT = 3  # failures of one part that are written as files


def faults_of(drawn: dict[str, Any]) -> list[str]:
    """Everything that is wrong with what is said of one draw."""
    if "table" in drawn:
        return fit_faults(drawn)
    with np.errstate(all="ignore"):
        ran = Ran.of(called(drawn))
        numbers = (
            [] if "opaque" in drawn else number_faults(ran)
        )  # those of differences are only nearly right
        return [*contradictions(ran), *numbers, *repetition_faults(ran), *advice_faults(ran)]


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_said_of_runs_drawn_at_random_holds_together(part: int) -> None:
    _hold_together(part, -(-DRAWS // PARTS), draw)


@pytest.mark.parametrize("part", range(2 * PARTS + 1, 2 * PARTS + 5))
def test_what_is_said_of_functions_drawn_at_random_that_are_called_holds_together(part: int) -> None:
    _hold_together(part, -(-DRAWS // PARTS), draw_opaque)


@pytest.mark.parametrize("part", range(PARTS, PARTS + 3))
def test_what_is_said_of_fits_drawn_at_random_holds_together(part: int) -> None:
    _hold_together(part, -(-DRAWS // 12), draw_fit)


def _hold_together(part: int, draws: int, make: Callable[[np.random.Generator], dict[str, Any]]) -> None:
    print(f"DOWNSLOPE_SEED={SEED}")
    rng, failures = np.random.default_rng([SEED, part]), []
    for i in range(draws):
        drawn = make(rng)
        faults = faults_of(drawn)
        if faults:
            if len(failures) < MOST_KEPT:
                keep(drawn, f"{SEED}-{part}-{i}", faults)
            failures.append(json.dumps({**drawn, "faults": faults}))
    assert not failures, "\n".join([f"DOWNSLOPE_SEED={SEED}, {len(failures)} draws:", *failures])


def test_ten_explanations_of_one_call_are_one() -> None:
    """Dense, six variables, κ = 3,000: advice must not depend on how busy the machine is."""
    for seed in range(3):
        text, start, facts = dense(turned(spread(3000, 6, 2.0), seed))
        call = Call(text, start, {"learning_rate": 0.5, "steps": 300, "tolerance": 1e-8}, facts=facts)
        told = {plain(call.run().explain()) for _ in range(10)}
        assert len(told) == 1


def test_a_fresh_process_says_the_same() -> None:
    """Cold, where nothing is compiled or remembered, as here, where everything is."""
    rng = np.random.default_rng([SEED, 2 * PARTS])
    draws = [draw(rng) for _ in range(12)]
    here = [plain(called(drawn).run().explain()) for drawn in draws]
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1]);"
        "from replays import plain; from drawn import called;"
        "print(json.dumps([plain(called(d).run().explain()) for d in json.load(sys.stdin)]))"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(Path(__file__).parent)],
        input=json.dumps(draws),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for drawn, one, other in zip(draws, here, json.loads(told), strict=True):
        assert one == other, f"DOWNSLOPE_SEED={SEED}: {json.dumps(drawn)}"
