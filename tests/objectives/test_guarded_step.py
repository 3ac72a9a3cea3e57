"""A function that branches is differentiated rightly wherever a run goes."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import downslope as ds


def kinked(x: float) -> float:
    e = x - 3
    return e**2 if e > 0 else 5 * abs(e)


@pytest.mark.parametrize(("start", "rate"), [(8.0, 0.6), (5.0, 0.9), (4.0, 0.55), (9.0, 0.7)])
def test_a_branch_that_the_complex_step_is_blind_to_is_seen(start: float, rate: float) -> None:
    run = ds.minimize(kinked, start, learning_rate=rate, steps=60)
    for x, norm in zip(run.history.x[:, 0], run.history.gradient_norm, strict=True):
        assert norm == pytest.approx(2 * (x - 3) if x > 3 else 5.0, rel=1e-4)
    assert any("central differences" in note for note in run.notes)


def test_a_penalty_by_abs_is_seen() -> None:
    def cost(v: Any) -> Any:
        bend = v[0] ** 2 + v[1] ** 2
        return bend if v[0] > 1 else bend + 10 * abs(v[0] - 1)

    run = ds.minimize(cost, [3.0, 1.0], learning_rate=0.05, steps=200)
    assert (
        abs(run.final[0] - 1) < 0.5
    )  # the corner at 1, and not the 0 that lies beyond it without the penalty


@pytest.mark.parametrize("other", [math.floor, lambda x: x % 1.0, math.lgamma])
def test_a_branch_that_takes_no_complex_numbers_does_not_end_the_run(other: Any) -> None:
    run = ds.minimize(
        lambda x: x**2 if x > 2 else x**2 + 0 * other(abs(float(x.real)) + 1),
        5.0,
        learning_rate=0.3,
        steps=40,
    )
    assert abs(run.final[0]) < 1e-6


def test_where_it_holds_it_stays() -> None:
    def smooth(v: Any) -> Any:
        return (v[0] - 1) ** 2 + v[1] ** 4 + np.exp(v[0])

    run = ds.minimize(lambda v: smooth(v) if v[0] < 1e9 else 0.0, [2.0, 1.0], learning_rate=0.05, steps=300)
    assert run.objective.differentiation == "complex step"
    assert not any("fails" in note for note in run.notes)


def test_gradients_of_drawn_functions_with_branches_are_right_all_the_way() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(25):
        cut, a, b = draw.uniform(-1, 1), draw.uniform(0.5, 2), draw.uniform(0.5, 3)

        def branching(x: Any, cut: float = cut, a: float = a, b: float = b) -> Any:
            return a * (x - cut) ** 2 if x > cut else b * abs(x - cut)

        run = ds.minimize(
            branching, cut + draw.uniform(1, 4), learning_rate=draw.uniform(0.3, 0.9) / a, steps=30
        )
        for x, norm in zip(run.history.x[:, 0], run.history.gradient_norm, strict=True):
            if abs(x - cut) < 2e-5:
                continue  # so near the corner a difference reaches across it
            right = 2 * a * (x - cut) if x > cut else b
            assert norm == pytest.approx(right, rel=1e-3, abs=1e-5), (seed, cut, a, b, x)
