"""A cost of 1e200 or 1e-200 is descended to its minimum, or the end says why it was not: never a success elsewhere."""

from __future__ import annotations

import math

import pytest

import downslope as ds

RULES = (
    *("auto", "lbfgs", "bfgs", "sr1", "newton", "trust_region", "dogleg", "nelder_mead"),
    *("conjugate_gradient_pr", "conjugate_gradient_hz", "armijo", "spg", "adaptive_barzilai_borwein"),
    *("barzilai_borwein_long", "barzilai_borwein_short", "acfgm", "adgd", "adgd2", "obsf"),
    *("polyak_step", "dog", "prodigy", "dadapt_adam", "adam"),
    *("gauss_newton", "levenberg_marquardt", "coordinate_descent"),
)
ARRIVES_AT_HUGE = {
    *("auto", "lbfgs", "bfgs", "newton", "trust_region", "conjugate_gradient_pr", "conjugate_gradient_hz"),
    *("spg", "acfgm", "nelder_mead", "gauss_newton", "levenberg_marquardt", "coordinate_descent"),
}


def cost(scale: str) -> str:
    return f"{scale}*(x - 3)^2 + {scale}*10*(y + 1)^2"


@pytest.mark.parametrize("rule", RULES)
def test_a_huge_cost(rule: str) -> None:
    run = ds.minimize(cost("1e200"), {"x": 1.0, "y": 2.0}, optimizer=rule)
    if rule in ARRIVES_AT_HUGE:
        assert run.success
        assert run.x == pytest.approx({"x": 3.0, "y": -1.0}, abs=1e-6)
        return
    assert not run.success
    assert "small only because of the units" not in str(run.message)
    assert set(run.explain().codes) & {"stalled", "overflow"}


@pytest.mark.parametrize("rule", RULES)
def test_a_tiny_cost(rule: str) -> None:
    run = ds.minimize(cost("1e-200"), {"x": 1.0, "y": 2.0}, optimizer=rule)
    assert not run.success
    assert "small only because of the units" in str(run.message)
    assert run.gradient_norm == pytest.approx(math.hypot(4, 60) * 1e-200, rel=0.05)


def test_a_stall_names_the_square_that_overflows() -> None:
    run = ds.minimize("1e200*(x - 3)^2", {"x": 1.0}, optimizer="armijo")
    sentence = str(run.explain().findings[0].sentence)
    assert "its square, which the method works with, is beyond the largest number" in sentence
