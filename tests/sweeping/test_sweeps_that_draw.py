"""Sweeps of functions that draw random numbers go on with those that came next."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from trials import fresh_seed

STARTS = [[3.0, -2.0], [1.0, 0.5], [0.2, 0.1], [2.0, 2.0]]
ASKED: dict[str, Any] = {"learning_rate": 0.05, "steps": 20}


def drawing(rng: Any, interrupt_at: float = np.inf) -> Any:
    calls = [0]

    def cost(x: Any) -> float:
        calls[0] += 1
        if calls[0] == interrupt_at:
            raise KeyboardInterrupt
        return float(
            np.sum((np.asarray(x) - 1.0) ** 2) + 0.1 * rng.normal() * float(x[0]) + 0.1 * random.random()
        )

    return cost


def rng_of(seed: int) -> Any:
    random.seed(seed)
    return np.random.default_rng(seed)


@pytest.mark.parametrize("checkpointed", [True, False])
def test_a_sweep_that_was_interrupted_goes_on(checkpointed: bool, tmp_path: Path) -> None:
    seed = fresh_seed() % 2**31
    whole = ds.sweep(drawing(rng_of(seed)), STARTS, **ASKED)
    path = tmp_path / "sweep.json"
    options = {"checkpoint": path, "checkpoint_seconds": 0} if checkpointed else {}
    part = ds.sweep(drawing(rng_of(seed), 250), STARTS, **ASKED, **options)
    assert not part.complete
    if not checkpointed:
        part.save(path)
    random.random()
    gone_on = ds.resume(path, drawing(rng_of(seed + 1)))
    assert isinstance(gone_on, ds.Sweep)
    assert gone_on.complete
    assert gone_on.ends.same(whole.ends)
    gone_on.save(path)
    function = drawing(rng_of(seed + 2))
    before = random.getstate()
    assert ds.verify(path, function).identical
    assert random.getstate() == before
