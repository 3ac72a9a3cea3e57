"""Formulas of very many parameters: descended in seconds, each derivative right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.objectives.formula import from_text


def names(count: int) -> list[str]:
    return [f"x{i}" for i in range(count)]


CASES = {
    "largest": (300, lambda n: f"max({', '.join(n)})", lambda v: np.eye(len(v))[np.argmax(v)]),
    "product": (1000, "*".join, lambda v: np.prod(v) / v),
    "norm": (2500, lambda n: f"sqrt({' + '.join(f'{x}^2' for x in n)})", lambda v: v / np.linalg.norm(v)),
    "squares": (4500, lambda n: " + ".join(f"{x}^2" for x in n), lambda v: 2 * v),
}


@pytest.mark.parametrize("case", CASES)
def test_gradients_of_formulas_with_many_names(case: str) -> None:
    count, formula, slopes = CASES[case]
    v = 1 + 0.3 * np.sin(np.arange(count)) / count
    value, found = from_text(formula(names(count))).value_and_gradient(v)
    assert found == pytest.approx(slopes(v), rel=1e-10, abs=1e-14)
    assert np.isfinite(value)


def test_a_function_that_goes_through_many_choices_is_called_with_numbers() -> None:
    def cost(v: Any) -> Any:
        best = v[0]
        for entry in v:
            best = np.maximum(best, entry)
        return best**2 + np.sum(v**2)

    run = ds.minimize(cost, np.linspace(0.5, 1.5, 600), learning_rate=0.01, steps=2, explain=False)
    assert run.nit == 2
    assert run.fun < cost(np.linspace(0.5, 1.5, 600))
