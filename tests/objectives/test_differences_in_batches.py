"""Functions that take many points at once are differentiated by few calls, and only as long as that is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.objectives import batches
from downslope.objectives.batches import Batches, batches_of

X = np.linspace(-1.0, 2.0, 12)


def resumed(*given: Any, **options: Any) -> ds.Run:
    run = ds.resume(*given, **options)
    assert isinstance(run, ds.Run)
    return run


def opaque(x: Any) -> Any:
    """x^2 that cannot be recorded."""
    return np.frompyfunc(lambda v: v * v, 1, 1)(x).astype(np.asarray(x).dtype)


def columns(x: Any) -> Any:
    return np.sum(opaque(x) * np.arange(1.0, 13.0).reshape((12,) + (1,) * (np.ndim(x) - 1)), axis=0)


def rows(x: Any) -> Any:
    return np.sum(opaque(x) * np.arange(1.0, 13.0), axis=-1)


def alone(x: Any) -> Any:
    return np.sum(opaque(x) * np.arange(1.0, 13.0))


class Counted:
    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.function(x)


@pytest.mark.parametrize("function", [columns, rows])
@pytest.mark.parametrize("most", [1_000_000, 60])
def test_gradients_are_those_of_single_calls(
    function: Callable[[Any], Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_NUMBERS", most)
    found = batches_of(function, lambda x: float(function(x)), X)
    assert isinstance(found, Batches)
    value, slopes = float(function(X)), 2 * X * np.arange(1.0, 13.0)
    np.testing.assert_allclose(found.central_differences(X, value), slopes, atol=1e-7)
    np.testing.assert_allclose(found.complex_step(X, value), slopes, rtol=1e-14)


def test_what_sums_over_everything_takes_none() -> None:
    assert batches_of(alone, lambda x: float(alone(x)), X) is None
    assert batches_of(rows, lambda x: float(rows(x)), X[:4]) is None  # too few to be worth trying


def test_a_run_makes_few_calls_and_says_so() -> None:
    many, few = Counted(alone), Counted(rows)
    first, second = (ds.minimize(f, X, steps=5, learning_rate=0.01) for f in (many, few))
    assert few.calls < many.calls / 2
    assert second.objective.gradient_calls == 2
    assert second.x == pytest.approx(first.x, rel=1e-12)
    told = "the function takes many points at once: 2 calls for each gradient."
    assert told in second.notes
    assert told not in first.notes


def test_single_calls_take_over_where_values_among_others_differ() -> None:
    def moody(x: Any) -> Any:
        total = np.sum(np.abs(opaque(x)), axis=-1)
        return total if np.max(x) > 1.9 else total + (np.ndim(x) - 1)

    run = ds.minimize(moody, X, steps=3, learning_rate=0.3)
    assert "the function takes many points at once: 2 calls for each gradient." in map(str, run.notes)
    assert run.objective.gradient_calls == 24  # by now
    assert run.x == pytest.approx(X * 0.4**3, abs=1e-7)


def cornered(x: Any) -> Any:
    """As ``columns``, but of many points it says something else between two places."""
    x = np.asarray(x)
    answer = columns(x)
    if x.ndim == 2 and 0.1 < abs(x[0, -1]) < 0.5:
        answer = answer * 1.001
    return answer


@pytest.mark.parametrize("stopped", [3, 30])
def test_where_they_were_left_is_kept(stopped: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {"learning_rate": 0.003, "explain": False}
    whole = ds.minimize(cornered, X, steps=400, **options)
    assert whole.objective.gradient_calls == 12
    said = str(whole.notes[-1])
    assert "answers many points at once otherwise than one at evaluation" in said
    part = ds.minimize(cornered, X, steps=stopped, **options)
    path = tmp_path / "run.json"
    part.save(path)
    gone_on = resumed(path, cornered, steps=400 - stopped, explain=False)
    assert gone_on.history == whole.history
    assert gone_on.notes == whole.notes
    assert str(part.resume(steps=400 - stopped, explain=False).notes[-1]) == said
    gone_on.save(path)
    again = resumed(path, cornered, steps=5, explain=False)
    assert again.notes == whole.notes
    assert again.history == ds.minimize(cornered, X, steps=405, **options).history
    assert str(again.explain()) == str(ds.minimize(cornered, X, steps=405, **options).explain())
    assert whole.at(stopped).notes == part.notes
    assert ds.load(path).notes == whole.notes  # type: ignore[union-attr]
