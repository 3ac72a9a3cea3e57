"""The second derivatives of costs, from symbols, beside central differences of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.fitting import as_loss
from downslope.fitting.frames_in_memory import from_columns
from downslope.fitting.hypothesis import read_hypothesis
from downslope.fitting.losses import LOSSES
from downslope.fitting.objective import DataObjective
from downslope.fitting.problem import Specification, make_problem
from downslope.objectives import Objective

RANDOM = np.random.default_rng(0)
N = 60
X, Z = RANDOM.normal(1, 0.7, N), RANDOM.normal(size=N)
Y = 2 * X - Z + RANDOM.normal(0, 0.3, N)
TABLE: dict[str, Any] = {
    "x": X,
    "z": Z,
    "y": Y,
    "above": (Y > 1).astype(float),
    "count": RANDOM.poisson(np.exp(0.2 * X)).astype(float),
    "w": RANDOM.uniform(0.5, 2, N),
    "class": np.where(Y > 2, "high", np.where(Y > 0, "mid", "low")).astype(object),
}
ONE_EACH = [loss for loss in LOSSES.values() if not loss.per_class]


def cost(right: str, loss: Any, **options: Any) -> DataObjective:
    """The cost of a hypothesis on the table."""
    target = "above" if loss.labels else "y" if loss.lowest is None else "count"
    frame = from_columns(TABLE)
    asked = Specification(read_hypothesis(f"{target} ~ {right}", frame), as_loss(loss.name), **options)
    return make_problem(frame, asked).objective


def beside_differences(objective: DataObjective, at: Any) -> float:
    """How far the matrix is from one of differences, in parts of its largest number."""
    wanted = Objective.hessian(objective, at)
    return float(np.max(np.abs(objective.hessian(at) - wanted)) / np.max(np.abs(wanted)))


@pytest.mark.parametrize("options", [{}, {"weights": "w", "l2": 0.1}], ids=["plain", "weights and a penalty"])
@pytest.mark.parametrize("right", ["a*x + b + c*z", "a*exp(-b*x) + c*z"])
@pytest.mark.parametrize("loss", ONE_EACH, ids=[loss.name for loss in ONE_EACH])
def test_every_loss(loss: Any, right: str, options: dict[str, Any]) -> None:
    kinked = loss.name in ("mae", "quantile") and not options
    objective, at = cost(right, loss, **options), np.array([0.4, 0.3, 0.2])
    if kinked and right.startswith("a*x"):
        assert not objective.hessian(at).any()
        return
    assert beside_differences(objective, at) < 1e-9


def test_of_several_classes() -> None:
    fit = ds.fit(TABLE, target="class", features="x,z", loss="softmax", l2=0.1, weights="w")
    assert fit.problem is not None
    at = RANDOM.normal(size=fit.problem.objective.rows.size)
    assert beside_differences(fit.problem.objective, at) < 1e-9


def test_a_formula_whose_columns_are_called_like_the_loss_s_own() -> None:
    table = {"u": X, "y": Y, "c": Z}
    frame = from_columns(table)
    asked = Specification(read_hypothesis("y ~ a*exp(b*u) + c*a", frame), as_loss("huber"))
    assert beside_differences(make_problem(frame, asked).objective, np.array([0.4, 0.3])) < 1e-9


def test_a_given_gradient_is_differentiated_as_it_was_given() -> None:
    with pytest.warns(ds.objectives.GradientWarning):
        fit = ds.fit(TABLE, "y ~ a*x", gradient={"a": "mean(3*a + 0*x)"}, learning_rate=0.1, steps=1)
    assert fit.run.objective.hessian(np.array([0.5])) == pytest.approx(np.array([[3.0]]), rel=1e-8)


def test_long_formulas_have_differences() -> None:
    names = [f"p{i}" for i in range(31)]
    objective = cost(" + ".join(f"{n}^2*x^{i % 3}" for i, n in enumerate(names)), LOSSES["mse"])
    at = RANDOM.normal(size=31)
    assert np.array_equal(objective.hessian(at), Objective.hessian(objective, at))
