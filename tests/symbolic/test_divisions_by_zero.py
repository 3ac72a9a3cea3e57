"""Formulas that divide by what is always zero are refused with the reason, not with a compiler's words."""

import pytest

import downslope as ds
from downslope.errors import DownslopeError


@pytest.mark.parametrize(
    "formula", ["x^2 + abs(x - 1)/0", "x/(1 - 1) + x^2", "abs(x)/0", "x^2 + 0^(-1)", "x^2 + 5/(2 - 2)"]
)
def test_a_division_by_a_number_that_is_zero_is_pointed_at(formula: str) -> None:
    with pytest.raises(DownslopeError, match=r"not a finite real number(?s:.*)Division by zero has no value"):
        ds.minimize(formula, start={"x": 1})


@pytest.mark.parametrize("formula", ["x^2 + 1/(x - x)", "x + tan(pi/2)", "abs(x)/(x - x)"])
def test_a_division_by_what_simplifies_to_zero_is_named(formula: str) -> None:
    with pytest.raises(DownslopeError, match="divides by what is always zero"):
        ds.minimize(formula, start={"x": 1})
