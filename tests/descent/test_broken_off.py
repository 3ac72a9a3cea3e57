"""An exception in a person's code ends the run, with what it has done; before the first step it is raised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds


def failing(error: BaseException, at: int) -> Callable[..., float]:
    calls: list[int] = []

    def cost(x: float) -> float:
        calls.append(1)
        if len(calls) == at:
            raise error
        return float(x) ** 4

    return cost


ERRORS = [
    KeyError("speed"),
    np.linalg.LinAlgError("Singular matrix"),
    MemoryError(),
    RuntimeError("CUDA error"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_run_is_kept_with_the_cause_and_goes_on(error: Exception, tmp_path: Path) -> None:
    options: dict[str, Any] = {"gradient": lambda x: 4 * x**3, "optimizer": "adam", "steps": 40}
    whole = ds.minimize(failing(error, -1), 2.0, **options)
    run = ds.minimize(failing(error, 20), 2.0, **options)
    assert (run.status, run.success) == ("error", False)
    assert f"with {type(error).__name__}" in run.message
    assert str(error) in run.message
    assert "test_broken_off.py:" in run.message
    assert 0 < run.nit < 40
    assert run.history.x.tolist() == whole.history.x[: run.nit + 1].tolist()
    assert run.resume().history == whole.history
    run.save(tmp_path / "run.json")
    assert ds.load(tmp_path / "run.json") == run
    assert run.explain().sentences


def test_before_the_first_step_it_is_raised() -> None:
    with pytest.raises(KeyError, match="speed"):
        ds.minimize(failing(KeyError("speed"), 1), 2.0, gradient=lambda x: 4 * x**3, steps=40)


def test_an_answer_that_is_no_number() -> None:
    calls: list[int] = []

    def lost(x: Any) -> Any:
        calls.append(1)
        return None if len(calls) > 20 else float(x) ** 2

    run = ds.minimize(lost, 1.0, gradient=lambda x: 2 * x, learning_rate=0.1, steps=40)
    assert run.status == "error"
    assert "ObjectiveError" in run.message


def test_an_interruption_before_the_first_step_says_so() -> None:
    def interrupt(x: float) -> float:
        calls.append(1)
        if len(calls) > first:
            raise KeyboardInterrupt
        return float(x) ** 2

    calls: list[int] = []
    first = 10**9
    ds.minimize(interrupt, 1.0, gradient=lambda x: 2 * x, steps=0, learning_rate=0.1, explain=False)
    first = len(calls) - 1
    calls.clear()
    run = ds.minimize(interrupt, 1.0, gradient=lambda x: 2 * x, steps=5, learning_rate=0.1, explain=False)
    assert (run.status, run.message) == ("interrupted", "Interrupted before the first step.")
    first = 10**9
    again = run.resume(explain=False)
    assert again.history.x.ravel() == pytest.approx([0.8**k for k in range(6)])
