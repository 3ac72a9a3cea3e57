"""Fits whose terms have become one, from starts that hold them equal or on the way: they part again."""

from __future__ import annotations

import numpy as np
import pytest
from nonlinear_problems import PROBLEMS

import downslope as ds
from downslope.fitting.merged_terms import beside_merged_terms

X = np.linspace(0, 5, 40)
TABLE = {"x": X, "y": 3 * np.exp(-0.5 * X) + 2 * np.exp(-2 * X) + 0.01 * np.sin(11 * X)}
SUM = "y ~ a*exp(-b*x) + c*exp(-d*x)"
DECAYS = next(p for p in PROBLEMS if p.name == "decays")


def test_equal_starts_do_not_stay_equal() -> None:
    fit = ds.fit(TABLE, SUM, start={"a": 1, "b": 1, "c": 1, "d": 1})
    assert fit.success
    assert sorted([fit.x["b"], fit.x["d"]]) == pytest.approx([0.5, 2.0], rel=0.02)


@pytest.mark.parametrize("seed", [35, 36])
def test_three_decays_from_anywhere_near(seed: int) -> None:
    rng, best, table = np.random.default_rng([seed, 645]), DECAYS.best(), DECAYS.table()
    least = float(np.sum(DECAYS.residuals(np.array(best)) ** 2))
    for _ in range(6):
        start = dict(
            zip([f"b{i}" for i in range(1, 7)], np.array(best) * np.exp(rng.normal(0, 0.7, 6)), strict=True)
        )
        fit = ds.fit(table, f"y ~ {DECAYS.right}", start=start)
        assert fit.success, (start, fit.message)
        found = DECAYS.residuals(np.array(list(fit.x.values())))
        assert float(found @ found) == pytest.approx(least, rel=1e-9)


def test_where_nothing_is_level_there_is_nothing_beside() -> None:
    fit = ds.fit(TABLE, SUM, start={"a": 3, "b": 0.4, "c": 1, "d": 3})
    assert fit.problem is not None
    assert beside_merged_terms(fit.problem.objective, fit.run.final) is None


def test_the_way_out_is_lower() -> None:
    fit = ds.fit(
        TABLE, SUM, start={"a": 1, "b": 1, "c": 1, "d": 1}, evaluations=30
    )  # keeps to the start given
    assert fit.x["b"] == pytest.approx(fit.x["d"], rel=1e-6)
    assert fit.problem is not None
    objective = fit.problem.objective
    apart = beside_merged_terms(objective, fit.run.final)
    assert apart is not None
    assert objective.value(apart) < objective.value(fit.run.final)
