"""Functions that can only be called: what their differences hide is not called a success, nor paid for without end."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import budget, judgement


def hidden(x: Any) -> Any:
    """The same number, where no symbol can follow."""
    return np.array([float(v) for v in x])


PLATEAUS = {
    "tanh^2 of 15": (lambda x: float(np.tanh(hidden(x)[0]) ** 2), [15.0]),
    "tanh^2 of 13": (lambda x: float(np.tanh(hidden(x)[0]) ** 2), [13.0]),
    "1 - exp(-x^2) in 3": (lambda x: float(1 - np.exp(-np.sum(hidden(x) ** 2))), [6.0] * 3),
    "1 - exp(-x^2) in 8": (lambda x: float(1 - np.exp(-np.sum(hidden(x) ** 2))), [10.0] * 8),
    "tanh^2 in 50": (lambda x: float(np.sum(np.tanh(hidden(x)) ** 2)), [16.0] * 50),
    "mean of tanh^2 in 300": (lambda x: float(np.mean(np.tanh(hidden(x)) ** 2)), [16.0] * 300),
    "rounded": (lambda x: float(np.sum(np.round(hidden(x), 2) ** 2)), [0.777] * 2),
    "whole numbers": (lambda x: float(int(x[0] * 10) ** 2), [1.234]),
}


@pytest.mark.parametrize("name", PLATEAUS)
@pytest.mark.parametrize("options", [{"learning_rate": 0.1, "tolerance": 1e-6}, {}], ids=["rate", "auto"])
def test_a_plateau_is_no_success(name: str, options: dict[str, Any]) -> None:
    function, start = PLATEAUS[name]
    run = ds.minimize(function, np.array(start), **options)
    told = run.explain()
    assert (run.success, told.point.kind, told.point.detail) == (False, "degenerate", "plateau")
    assert "e+" not in " ".join(run.notes)  # "good to about 4e+289"


@pytest.mark.parametrize(("offset", "start"), [(1e10, [1.3, 1.0]), (1e8, [0.0, 0.0]), (-1e9, [3.0, 1.0])])
def test_a_gradient_that_is_rounding_of_differences_is_no_success(offset: float, start: list[float]) -> None:
    run = ds.minimize(
        lambda x: offset + float(np.sum((hidden(x) - 1) ** 2)),
        np.array(start),
        learning_rate=0.1,
        tolerance=1e-6,
    )
    told = run.explain()
    assert (run.success, told.point.detail) == (False, "lost_in_rounding")
    assert told.codes == ("rounding_floor",)


def test_a_test_that_rounding_passes_in_many_parameters_is_told_as_such() -> None:
    run = ds.minimize(lambda x: float(np.sum(np.tanh(hidden(x)) ** 2)), np.array([16.0] * 300))
    assert (run.success, run.explain().point.detail) == (False, "lost_in_rounding")


def test_a_minimum_with_an_offset_is_one_still() -> None:
    run = ds.minimize(
        lambda x: 1e3 + float(np.sum((hidden(x) - 1) ** 2)), np.zeros(2), learning_rate=0.1, tolerance=1e-6
    )
    assert run.success
    assert run.explain().point.kind == "minimum"


def test_the_safety_clock_does_not_lose_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "safety", lambda run: -1.0)
    run = ds.minimize("x^4 + y^2", {"x": 1, "y": 1}, tolerance=1e-6)
    assert run.status == "converged"
    assert judgement.judge_run(dataclasses.replace(run)).fun == run.fun


@pytest.mark.parametrize("test", ["x_tolerance", "value_tolerance"])
@pytest.mark.parametrize(
    ("function", "start", "kind", "detail"),
    [
        ("x^2-y^2+y^4", {"x": 3, "y": 0}, "saddle", ""),
        ("1-exp(-x^2)", {"x": 5}, "degenerate", "plateau"),
        ("tanh(x-3)^2", {"x": 15}, "degenerate", "plateau"),
    ],
)
def test_the_ending_and_the_explanation_say_one_thing(
    test: str, function: str, start: dict[str, float], kind: str, detail: str
) -> None:
    run = ds.minimize(function, start, learning_rate=0.1, **{test: 1e-6})
    told = run.explain()
    assert not run.success
    assert (told.point.kind, told.point.detail) == (kind, detail)
    assert told.point.sentence in run.message
    assert "unexplained" not in told.codes


def test_what_is_advised_is_looked_at_step_by_step() -> None:
    """Of a run by calls, whose steps cannot be made again, also where they would be thinned."""

    def cost(v: Any) -> float:
        x, y = hidden(v)
        return float(0.73 * (x + 2.29) ** 4 - 1.92 * x**2 + 2.3 * (y - 0.08) ** 4 + 0.55 * y**2)

    def slope(v: Any) -> Any:
        x, y = hidden(v)
        return np.array([2.92 * (x + 2.29) ** 3 - 3.84 * x, 9.2 * (y - 0.08) ** 3 + 1.1 * y])

    options: dict[str, Any] = {
        "gradient": slope,
        "optimizer": "gradient_descent",
        "tolerance": 0.0501,
        "steps": 100,
    }
    start = np.array([-0.766, -0.485])
    told = ds.minimize(cost, start, learning_rate=0.509, **options).explain()
    for finding in told.findings:
        if finding.advice is not None and set(finding.advice.setting) == {"learning_rate"}:
            again = ds.minimize(cost, start, **{**options, **finding.advice.setting}).explain()
            assert not {found.code for found in again.findings} - {"conditioning"}, finding.advice.setting
    zigzag = ds.minimize(cost, start, learning_rate=0.0831, **options).explain()
    assert "zigzag" in {found.code for found in zigzag.findings}
