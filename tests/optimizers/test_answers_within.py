"""What a wrapper reports around a rule that reports an average: that of the rule, of its own memory."""

from __future__ import annotations

import pytest

import downslope as ds
from downslope import optimizers as o

AVERAGING = (
    o.ScheduleFreeSGD(learning_rate=0.1),
    o.AveragedAnswer(optimizer=o.GradientDescent(learning_rate=0.1), decay=0.5),
)


@pytest.mark.parametrize("rule", AVERAGING, ids=["schedule_free_sgd", "averaged_answer"])
@pytest.mark.parametrize(
    ("kind", "nothing"), [(o.GradientNoise, {"variance": 0.0}), (o.AccumulatedGradient, {"every": 1.0})]
)
def test_a_wrapper_that_changes_nothing_reports_what_the_rule_does(
    rule: o.Optimizer, kind: type[o.Optimizer], nothing: dict[str, float]
) -> None:
    bare = ds.minimize("x^2 + 3*y^2", {"x": 1.0, "y": 2.0}, optimizer=rule, steps=7, explain=False)
    around = ds.minimize(
        "x^2 + 3*y^2", {"x": 1.0, "y": 2.0}, optimizer=kind(optimizer=rule, **nothing), steps=7, explain=False
    )
    assert around.x == pytest.approx(bare.x, rel=1e-13)
    assert around.x["y"] != around.history["y"][-1]
