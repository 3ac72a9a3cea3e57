"""A search for a lower value that cannot go on at a kink ends as stalled, soon, and the kink is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent.judge import IN_VAIN, REFUSED
from downslope.descent.snapshot import Snapshot, packed, unpacked

SEARCHES = (
    "auto",
    "lbfgs",
    "bfgs",
    "sr1",
    "conjugate_gradient_pr",
    "conjugate_gradient_hz",
    "trust_region",
    "dogleg",
    "armijo",
    "spg",
)
MOST = 50_000  # evaluations, and most take some hundred; by last digits it were 30 times as many as steps


def bent(v: Any) -> Any:
    return np.interp(v[0], [-3, 0, 1, 4], [6, 1, 0, 5]) + v[1] ** 2


def hinged(v: Any) -> Any:
    return np.maximum(v[0] - 1, 0) + 3 * np.maximum(1 - v[0], 0) + (v[1] - v[0]) ** 2 + 5


KINKED: dict[str, tuple[Any, Any]] = {
    "max": ("max(x, -2*x) + y^2", {"x": 3, "y": 1}),
    "abs": ("abs(x) + 2*abs(y - 1)", {"x": 3, "y": 2.3}),
    "aslant": ("abs(x - 2*y) + (x + y)^2", {"x": 3, "y": 1}),
    "two parabolas": ("max((x - 1)^2, (x + 1)^2) + y^2", {"x": 3, "y": 1}),
    "far above 0": ("1000 + abs(x - 1) + 3*abs(y - 2) + (x*y - 2)^2", {"x": 3, "y": 1}),
    "np.interp": (bent, [3.3, 1.0]),
    "np.maximum": (hinged, [3.3, -1.0]),
}


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("rule", SEARCHES)
def test_searches_end_at_kinks_and_name_them(rule: str, name: str) -> None:
    function, start = KINKED[name]
    run = ds.minimize(function, start, optimizer=rule)
    assert run.nfev <= MOST
    if run.status == "converged":
        assert run.gradient_norm <= 1e-8
    else:
        assert run.status == "stalled"
        assert [finding.code for finding in run.explain().findings] == ["kink"]


def test_steps_of_last_digits_are_no_progress() -> None:
    """From where searches along the kink find one last digit after the other, lower by rounding each time."""
    run = ds.minimize(bent, [1.0, -0.0969788], optimizer="lbfgs")
    assert run.status == "stalled"
    assert run.nfev < 1000
    assert "trials were refused without progress" in str(run.message)


def test_a_ball_too_small_for_digits_grows_again() -> None:
    """max(a, b) is even at x = 0, where only y is left to go: by balls of 1e-15 it took 100,000 steps to 0.25."""
    run = ds.minimize("max((x - 1)^2, (x + 1)^2) + y^2", {"x": 3, "y": 1}, optimizer="trust_region")
    assert run.status == "converged"
    assert run.fun == 1.0


def test_a_ball_smaller_than_squares_of_it_are_numbers() -> None:
    run = ds.minimize("abs(x) + 2*abs(y - 1)", {"x": 3, "y": 2.3}, optimizer="sr1")
    assert run.status == "stalled"
    assert run.fun < 1e-100


@pytest.mark.parametrize("rule", ["lbfgs", "armijo", "conjugate_gradient_pr"])
def test_lanes_of_sweeps_end_at_kinks_as_runs_do(rule: str) -> None:
    starts = [3.0, -2.0, 0.7, 1e-9]
    sweep = ds.sweep("max(x, -2*x) + y^2", start={"x": starts, "y": 1.0}, optimizer=rule)
    alone = [ds.minimize("max(x, -2*x) + y^2", {"x": x, "y": 1.0}, optimizer=rule) for x in starts]
    assert list(sweep.column("status")) == [run.status for run in alone]
    assert list(sweep.column("evaluations")) == [run.nfev for run in alone]


def test_a_run_that_goes_on_counts_on() -> None:
    """Trials in vain are remembered where a run is cut: both halves together end where the whole does."""
    whole = ds.minimize(bent, [3.3, 1.0], optimizer="bfgs")
    cut = ds.minimize(bent, [3.3, 1.0], optimizer="bfgs", steps=10)
    assert cut.resume(steps=1000).nfev == whole.nfev


def test_a_state_saved_before_all_trials_were_counted_is_read() -> None:
    state = ds.minimize(bent, [3.3, 1.0], optimizer="bfgs", steps=10).left_with
    assert state is not None
    data = state.to_dict()
    data["counts"] = packed(unpacked(data["counts"])[:-1])
    read = Snapshot.from_dict(data, 2)
    assert read.trace.fits(2)
    assert read.trace.counts[IN_VAIN] == state.trace.counts[REFUSED]
