"""Races of functions that draw random numbers go on with those that came next."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from trials import fresh_seed

RULES = ["gradient_descent(0.05)", "adam(0.1)"]
ASKED: dict[str, Any] = {
    "start": {"x": ds.Uniform(-2, 2), "y": ds.Uniform(-2, 2)}, "starts": 15, "seed": 3, "rounds": 0, "evaluations": 40,
}  # fmt: skip


def drawing(rng: Any, interrupt_at: float = np.inf) -> Any:
    calls = [0]

    def cost(x: Any, y: Any) -> float:
        calls[0] += 1
        if calls[0] == interrupt_at:
            raise KeyboardInterrupt
        return float((x - 1.0) ** 2 + y**2 + 1e-3 * x * rng.normal() + 1e-3 * random.random())

    return cost


def rng_of(seed: int) -> Any:
    random.seed(seed)
    return np.random.default_rng(seed)


def same(one: ds.Race, other: ds.Race) -> bool:
    return (
        np.array_equal(one.evaluations, other.evaluations)
        and np.array_equal(one.spent, other.spent)
        and np.array_equal(one.statuses, other.statuses)
        and all(np.array_equal(a.values, b.values) for a, b in zip(one.problems, other.problems, strict=True))
    )


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_a_race_that_was_interrupted_goes_on(part: float, tmp_path: Path) -> None:
    seed = fresh_seed() % 2**31
    counted = [0]

    def counting(x: Any, y: Any) -> float:
        counted[0] += 1
        return float(inner(x, y))

    inner = drawing(rng_of(seed))
    whole = ds.race(counting, RULES, **ASKED)
    path = tmp_path / "race.ckpt"
    with contextlib.suppress(KeyboardInterrupt):
        function = drawing(rng_of(seed), int(part * counted[0]))
        ds.race(function, RULES, **ASKED, checkpoint=path, checkpoint_seconds=0)
    random.random()
    gone_on = ds.resume(path, drawing(rng_of(seed + 1)))
    assert isinstance(gone_on, ds.Race)
    assert same(gone_on, whole)
    gone_on.save(path)
    function = drawing(rng_of(seed + 2))
    before = random.getstate()
    assert ds.verify(path, function).identical
    assert random.getstate() == before
