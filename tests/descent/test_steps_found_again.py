"""A step that was compiled for one function serves others of the same shape, with their own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent import step_map
from downslope.objectives.array_program import ArrayProgram
from downslope.programs.compiled import Recipes

START = np.linspace(-1.0, 1.0, 40)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_map, "_STEPS", Recipes(step_map.KEPT_MAPS))
        yield


def bowl(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    weights, centre, places = rng.uniform(1.0, 2.0, 40), rng.normal(size=40), rng.permutation(40)
    return lambda x: np.sum(weights * (x[places] - centre) ** 2) / 2


RULES = [
    None,
    ds.optimizers.Adam(learning_rate=0.1),
    ds.optimizers.SilverSteps(learning_rate=0.2),
    ds.optimizers.Momentum(learning_rate=0.1, momentum=0.5),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_others_of_its_shape_compute_what_they_would_have_computed(
    rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    record = step_map._recorded
    monkeypatch.setattr(step_map, "_recorded", lambda *step: written.append(step) or record(*step))
    ds.minimize(bowl(1), START, optimizer=rule, steps=30)
    found = ds.minimize(bowl(2), START, optimizer=rule, steps=30)
    assert len(written) == 1
    monkeypatch.setattr(step_map, "_STEPS", Recipes(1))
    alone = ds.minimize(bowl(2), START, optimizer=rule, steps=30)
    assert len(written) == 2
    assert found.history.x.tobytes() == alone.history.x.tobytes()


def test_another_rule_or_shape_is_another_step() -> None:
    first = ds.minimize(bowl(1), START, learning_rate=0.1, steps=5)
    other = ds.minimize(lambda x: bowl(1)(x) + np.sum(x), START, learning_rate=0.1, steps=5)
    climbed = ds.maximize(lambda x: -bowl(1)(x), START, learning_rate=0.1, steps=5)
    assert len(step_map._STEPS) == 3
    assert climbed.x == pytest.approx(first.x, rel=1e-12)
    assert np.max(np.abs(other.x - first.x)) > 0.1


def test_what_machine_code_cannot_be_trusted_with_is_written_down_after_all() -> None:
    def waves(scale: float) -> Any:
        factors = np.full(40, scale)
        return lambda x: np.sum(np.sin(factors * x)) + np.sum(x**2)

    ds.minimize(waves(1.0), START, learning_rate=1e-20, steps=2)
    run = ds.minimize(waves(1e9), START, learning_rate=1e-20, steps=2)
    assert len(step_map._STEPS) == 1
    assert run.fun == pytest.approx(waves(1e9)(run.x), rel=1e-12)
    slope = 1e9 * np.cos(1e9 * run.x) + 2 * run.x
    assert run.gradient_norm == pytest.approx(np.linalg.norm(slope), rel=1e-9)


def test_sorted_numbers_are_left_to_numpy_each_time() -> None:
    def middle(centre: float) -> Any:
        return lambda x: np.sum((np.sort(x)[5:35] - centre) ** 2) + np.sum(x**2)

    runs = [ds.minimize(middle(c), START, learning_rate=0.05, steps=20) for c in (0.0, 3.0)]
    assert runs[1].fun == pytest.approx(middle(3.0)(runs[1].x), rel=1e-12)
    assert runs[0].fun < 0.5 * runs[1].fun


def test_products_with_the_hessian_are_those_of_each_functions_own_numbers() -> None:
    rng = np.random.default_rng(5)
    direction = rng.normal(size=40)
    for _ in range(3):
        table, weights = rng.normal(size=(60, 40)), rng.uniform(1.0, 2.0, 60)
        program = ArrayProgram(lambda x, t=table, w=weights: np.sum(w * (t @ x) ** 2) / 2, 40)
        wanted = table.T @ (weights * (table @ direction))
        np.testing.assert_allclose(program.curvature_along(START, direction), wanted, rtol=1e-11)
