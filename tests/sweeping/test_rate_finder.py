"""``find_learning_rate``: the limit, its cause, a rate that works; and no answer where there is none."""

from __future__ import annotations

import random as pythons
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from trials import fresh_seed, trials


def _quadratic(random: np.random.Generator) -> tuple[str, float]:
    """A quadratic of two variables, rotated; and 2/L."""
    small, large = np.sort(10 ** random.uniform(-2, 2, 2))
    angle = random.uniform(0, np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    a, b, c = (rotation @ np.diag([small, large]) @ rotation.T)[[0, 0, 1], [0, 1, 1]]
    return f"({a!r})*x^2/2 + ({b!r})*x*y + ({c!r})*y^2/2".replace("np.float64", ""), 2 / large


def test_the_limit_of_quadratics_is_two_over_the_largest_curvature() -> None:
    random = np.random.default_rng(fresh_seed())
    for _ in range(trials(10)):
        formula, limit = _quadratic(random)
        start = dict(zip("xy", random.uniform(-5, 5, 2), strict=True))
        found = ds.find_learning_rate(formula, start)
        assert found.cause == "curvature"
        assert found.limit == pytest.approx(limit, rel=1e-6)
        falls = found.values < found.first
        first = int(np.argmin(falls[int(np.argmax(falls)) :])) + int(
            np.argmax(falls)
        )  # as the runs themselves show
        assert limit / found.cell**2 <= found.rates[first] <= limit * found.cell**2
        assert found.rate is not None
        assert found.rate < limit
        assert ds.minimize(formula, start, learning_rate=float(found), steps=500).fun < found.first


FORMULAS = (
    "(x^2 - {a})^2 + y^2",
    "exp(x/{a}) + exp(-x) + y^2",
    "x^4 + {a}*y^4",
    "log(1 + {a}*x^2) + y^2/4",
    "cos(x)*{a} + x^2/2 + y^2",
    "(1-x)^2 + {a}*(y-x^2)^2",
)


def test_the_limit_of_other_functions_is_where_a_dense_scan_has_it() -> None:
    random, told = np.random.default_rng(fresh_seed()), 0
    for _ in range(trials(12)):
        formula = FORMULAS[random.integers(len(FORMULAS))].format(a=round(float(random.uniform(0.5, 5)), 3))
        start = dict(zip("xy", random.uniform(0.5, 2, 2).round(3).tolist(), strict=True))
        found = ds.find_learning_rate(formula, start)
        assert found.limit is not None
        near = (found.rates > found.limit / 1.5) & (found.rates < found.limit * 1.5)
        scan = np.unique(
            np.concatenate([ds.logspace(found.limit / 1.5, found.limit * 1.5, 161), found.rates[near]])
        )
        ends = ds.sweep(formula, start, learning_rate=scan, steps=500)
        fell = (ends.column("value") < found.first) & (ends.column("status") == "step_limit")
        first = int(np.argmin(fell))
        if (
            fell[0] and not fell[first:].any()
        ):  # elsewhere good and bad rates alternate: there is no one limit
            assert scan[first - 1] / found.cell <= found.limit <= scan[first] * found.cell, (formula, start)
            told += 1
    assert told >= trials(12) // 3


def test_other_rules_have_limits_too() -> None:
    found = ds.find_learning_rate("rosenbrock", optimizer="adam")
    assert found.cause == "divergence"
    assert found.fastest is not None
    assert found.rate == min(found.fastest, 0.7 * found.limit)
    assert found.run.fun < 1e-3
    assert found.run.optimizer == ds.optimizers.Adam(learning_rate=found.rate)
    climbing = ds.find_learning_rate("-(x-1)^2", {"x": 3.0}, maximize=True)
    assert climbing.limit == pytest.approx(1.0)
    assert climbing.run.fun > climbing.first


@pytest.mark.parametrize("scale", ["1e20", "1e-20"])
def test_rates_are_found_at_any_scale(scale: str) -> None:
    assert ds.find_learning_rate(f"{scale}*x^2", {"x": 1.0}).limit == pytest.approx(1 / float(scale))


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("0*x + 1", "flat"),
        ("1e13 + 1e-9*cos(x)", "flat"),
        (lambda x: float(np.random.default_rng().normal()) + 0.0 * float(x), "noisy"),
        ("x^2", "flat"),
    ],
)
def test_where_nothing_can_be_told_there_is_no_answer(function: Any, why: str) -> None:
    found = ds.find_learning_rate(
        function, {"x": 0.0} if function == "x^2" else 1.0 if callable(function) else {"x": 1.0}, steps=20
    )
    assert (found.rate, found.no_answer) == (None, why)
    assert found.message.startswith("no answer")
    with pytest.raises(UsageError, match="no answer"):
        float(found)


def test_rules_without_a_rate_and_starts_that_vary_are_refused() -> None:
    with pytest.raises(UsageError, match="no hyperparameter 'learning_rate'"):
        ds.find_learning_rate("x^2", {"x": 1.0}, optimizer="lbfgs")
    with pytest.raises(UsageError, match="one start and one rule are needed"):
        ds.find_learning_rate("x^2", {"x": [1.0, 2.0]})
    with pytest.raises(UsageError, match="there is no option 'stpes'"):
        ds.find_learning_rate("x^2", {"x": 1.0}, stpes=3)  # type: ignore[call-arg]


def test_random_generators_are_left_as_they_were() -> None:
    def noisy(x: float) -> float:
        return float(x) ** 2 + 1e-3 * np.random.normal() + 1e-3 * pythons.random()

    pythons.seed(1)
    np.random.seed(1)
    before = pythons.getstate(), np.random.get_state()[1].tolist()
    found = ds.find_learning_rate(noisy, 3.0, steps=10)
    assert (pythons.getstate(), np.random.get_state()[1].tolist()) == before
    assert found.rate is None or found.cause == "noise"


def test_tensors_are_left_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    (w**2).sum().backward()
    optimizer.step()
    kept = (
        w.detach().clone(),
        w.grad.clone(),
        optimizer.state[w]["momentum_buffer"].clone(),
        torch.get_rng_state(),
    )

    def cost(w: Any) -> Any:
        return (torch.tensor([1.0, 4.0], dtype=torch.float64) * w**2).sum() + 0.0 * torch.rand(())

    found = ds.find_learning_rate(cost, w)
    now = (w.detach(), w.grad, optimizer.state[w]["momentum_buffer"], torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(kept, now, strict=True))
    assert found.limit == pytest.approx(0.25, rel=0.15)


def test_modules_are_left_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 1, dtype=torch.float64), torch.nn.BatchNorm1d(1, dtype=torch.float64)
    )
    inputs = torch.randn(40, 2, dtype=torch.float64)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    (model(inputs) ** 2).sum().backward()
    optimizer.step()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    states = [{name: value.clone() for name, value in state.items()} for state in optimizer.state.values()]
    gradients, generator = [p.grad.clone() for p in model.parameters()], torch.get_rng_state()

    def cost(model: Any) -> Any:
        return ((model(inputs) - inputs.sum(1, keepdim=True) - 0.01 * torch.rand(())) ** 2).mean()

    found = ds.find_learning_rate(cost, model, steps=10)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, kept) for p, kept in zip(model.parameters(), gradients, strict=True))
    for state, kept in zip(optimizer.state.values(), states, strict=True):
        assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert torch.equal(torch.get_rng_state(), generator)
    assert found.rate is not None
    assert found.run.fun < found.first


def test_the_answer_as_data_and_as_a_picture(tmp_path: Path) -> None:
    found = ds.find_learning_rate("rosenbrock")
    data = found.to_dict()
    assert data["learning_rate"] == found.rate
    assert len(data["rates"]) == len(data["values"])
    assert data["values"][-1] == "inf"
    path = tmp_path / "rates.png"
    figure = found.plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figure.axes[0].get_xlabel() == "learning rate"
