"""Loops that symbols follow: what is shared in them would be written out again and again, and never ends."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import downslope as ds
from downslope import symbolic
from downslope.errors import ObjectiveError
from downslope.symbolic.size import MOST_SPELT, spelt_size


def turned(turns: int, sin=np.sin, cos=np.cos):
    def f(x):
        for _ in range(turns):
            x = x - 0.1 * (sin(x) * cos(x / 2) + x / (1 + x * x))
        return x * x

    return f


@pytest.mark.parametrize("turns", [1, 3, 4, 5, 9, 30])
def test_a_loop_of_any_length_is_descended(turns: int) -> None:
    run = ds.minimize(turned(turns), 2.0, optimizer="gradient_descent", learning_rate=0.1, steps=20)
    beside = ds.minimize(
        lambda x: turned(turns, np.sin, np.cos)(float(x) if isinstance(x, float) else x),
        2.0, optimizer="gradient_descent", learning_rate=0.1, steps=20, engine="hosted",
    )  # fmt: skip
    assert run.nit == beside.nit == 20
    assert run.x == pytest.approx(beside.x, rel=1e-6)
    assert run.fun < 4.0


def test_the_parts_written_out_are_counted_without_writing_them_out() -> None:
    x = sp.Symbol("x")
    expression = x
    for _ in range(200):
        expression = sp.Add(expression, sp.sin(expression), evaluate=False)
    assert spelt_size(expression, MOST_SPELT) == MOST_SPELT
    assert spelt_size(symbolic.from_sympy(sp.sin(x) + 1), 100) == 4
    with pytest.raises(ObjectiveError, match="more than 1,000,000 parts"):
        ds.minimize(expression, 1.0, steps=1)


def test_powers_of_long_sums_are_not_multiplied_out() -> None:
    names = "abcdghjklm"
    run = ds.minimize(f"({'+'.join(names)}+1)^40", dict.fromkeys(names, 0.001), steps=5)
    assert run.nit == 5
