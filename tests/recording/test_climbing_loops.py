"""Loops that go up: their records are judged and told of as climbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import downslope as ds
from downslope.torch import Optimizer


def hill(p: Any) -> Any:
    return -((p[0] - 1) ** 2) - 3 * (p[1] + 2) ** 2


def climbed(make: Any, steps: int) -> ds.Run:
    p = torch.tensor([3.0, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([p])
    with ds.record(optimizer) as loop:
        for _ in range(steps):
            optimizer.zero_grad()
            value = hill(p)
            value.backward()
            loop.log(value)
            optimizer.step()
    return loop.run


MAKERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1, maximize=True),
    "SGD, momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.5, maximize=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.1, maximize=True),
    "ours": lambda p: Optimizer(p, "adam", lr=0.1, maximize=True),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("steps", [20, 60])
def test_a_climb_is_no_divergence(make: Any, steps: int, tmp_path: Path) -> None:
    run = climbed(make, steps)
    assert run.maximize
    assert run.status != "diverged"
    told = run.explain()
    assert set(told.codes) <= {"unfinished"}
    assert "falling" not in str(told)
    run.save(tmp_path / "run.json")
    assert str(ds.load(tmp_path / "run.json").explain()) == str(told)


def test_a_climb_that_runs_down_is_told_its_limit() -> None:
    run = climbed(lambda p: torch.optim.SGD(p, lr=0.4, maximize=True), 20)
    assert run.status == "diverged"
    (found,) = run.explain().findings
    assert (found.code, found.evidence["limit"]) == ("learning_rate_above_limit", pytest.approx(1 / 3))
    assert "The value fell" in found.sentence


def test_groups_that_go_both_ways_are_no_climb() -> None:
    p, q = (torch.tensor([1.0], dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": [p], "maximize": True}, {"params": [q]}], lr=0.1)
    with ds.record(optimizer) as loop:
        (q**2 - p**2).sum().backward()
        optimizer.step()
    assert not loop.run.maximize


@pytest.mark.parametrize("maximize", [False, True])
def test_a_loop_that_nobody_watches_says_which_way_it_goes(maximize: bool) -> None:
    x = 3.0
    with ds.record(maximize=maximize) as loop:
        for _ in range(20):
            loop.log(-(x**2), params=x, gradients=-2 * x)
            x = x + 0.1 * (-2 * x)
    assert (loop.run.status == "diverged") is not maximize
