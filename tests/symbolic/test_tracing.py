"""Calls with symbols: what they raise, and what they leave as it was."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.objectives.array_program import ArrayProgram
from downslope.optimizers import Optimizer
from downslope.optimizers.base import hyperparameter
from downslope.programs import Graph, ProgramArray
from downslope.symbolic import SymbolicArray
from downslope.symbolic.tracing import tracing
from downslope.symbolic.unknown import TraceError


@pytest.fixture(params=[True, False])
def collects(request: pytest.FixtureRequest) -> Any:
    """Whether garbage is collected when the call begins."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_garbage_waits_while_a_function_is_recorded(collects: bool) -> None:
    seen = []

    def cost(x: Any) -> Any:
        seen.append(gc.isenabled())
        return np.sum(x**2)

    ArrayProgram(cost, 40)
    assert seen == [False]
    assert gc.isenabled() is collects


def test_garbage_is_collected_again_after_a_function_that_fails(collects: bool) -> None:
    def cost(x: Any) -> Any:
        raise KeyError("no such place")

    with pytest.raises(KeyError, match="no such place"):
        ArrayProgram(cost, 40)
    assert gc.isenabled() is collects


@pytest.mark.parametrize(
    "symbol",
    [SymbolicArray.symbols("x", 2), ProgramArray(Graph().input("x", (2,)))],
    ids=lambda s: type(s).__name__,
)
def test_a_symbol_in_an_array_of_numbers_is_told_as_such(symbol: Any) -> None:
    numbers = np.zeros(2)
    with pytest.raises(ValueError, match="sequence"):
        numbers[0] = symbol
    with pytest.raises(TraceError, match="asked for its value"), tracing():
        numbers[0] = symbol


def test_other_errors_of_values_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match="could not be broadcast"), tracing():
        np.zeros(2) + np.zeros(3)


@pytest.mark.parametrize("size", [2, 40])
def test_a_rule_that_fills_arrays_of_numbers_is_called_with_numbers(size: int) -> None:
    class Filling(Optimizer):
        """Gradient descent, element by element."""

        learning_rate: float = hyperparameter(0.1, "the step")

        def init(self, x: Any) -> Any:
            return ()

        def update(self, x: Any, value: Any, gradient: Any, state: Any) -> Any:
            after = np.zeros(len(x))
            for i in range(len(x)):
                after[i] = x[i] - self.learning_rate * gradient[i]
            return after, (), True

    start = np.linspace(1, 2, size)
    run = ds.minimize(lambda x: np.sum(x**2), start, optimizer=Filling(), steps=10, explain=False)
    assert run.engine == "hosted"
    assert run.x == pytest.approx(0.8**10 * start, rel=1e-12)
