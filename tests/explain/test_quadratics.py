"""On random quadratics with random rates: divergence, zig-zag, factor and number of steps, rightly every time."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import downslope as ds
from downslope.explain.curvature import Curvature
from downslope.explain.linear import LinearRule, best_momentum
from downslope.optimizers import GradientDescent, Momentum, Nesterov, Optimizer, all_optimizers
from trials import trials

CRITICAL = {
    "gradient_descent": lambda β: 2.0,
    "momentum": lambda β: 2 * (1 + β),
    "nesterov": lambda β: 2 * (1 + β) / (1 + 2 * β),
}


def quadratic(seed: int, dimension: int) -> tuple[str, Any, Any, Any, Any]:
    """A formula, its Hessian's eigenvalues and vectors, its minimum and a start."""
    random = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(random.normal(size=(dimension, dimension)))
    values = np.sort(10 ** random.uniform(-1, 1, dimension))
    hessian = vectors @ np.diag(values) @ vectors.T
    centre = 2 * random.normal(size=dimension)
    names = [f"x{i + 1}" for i in range(dimension)]
    text = " + ".join(
        f"({float(hessian[i, j] / 2)!r})*({names[i]} - ({float(centre[i])!r}))*({names[j]} - ({float(centre[j])!r}))"
        for i in range(dimension)
        for j in range(dimension)
    )
    return (
        text,
        values,
        vectors,
        centre,
        dict(zip(names, centre + 3 * random.normal(size=dimension), strict=True)),
    )


@settings(max_examples=trials(60), deadline=None)
@given(
    seed=st.integers(0, 2**31),
    dimension=st.integers(1, 6),
    method=st.sampled_from(sorted(CRITICAL)),
    momentum=st.floats(0.0, 0.95),
    part=st.one_of(st.floats(0.05, 0.95), st.floats(1.02, 1.5)),
    digits=st.floats(2, 7),
)
def test_everything_about_a_quadratic_is_predicted(
    seed: int, dimension: int, method: str, momentum: float, part: float, digits: float
) -> None:
    text, values, vectors, centre, start = quadratic(seed, dimension)
    critical = CRITICAL[method](momentum)
    rate = part * critical / values[-1]
    more = {} if method == "gradient_descent" else {"hyperparameters": {"momentum": momentum}}
    run = ds.minimize(
        text, start, optimizer=method, learning_rate=rate, tolerance=10**-digits, steps=3000, **more
    )
    assume(run.nit > 0)  # else the start meets the tolerance, and nothing is to be explained
    explanation = run.explain()
    promised = explanation.forecast
    assert promised is not None
    assert promised.exact
    assert promised.limit == pytest.approx(critical / values[-1], rel=1e-7)
    assert promised.diverges == (part > 1)
    if part > 1:
        assert run.status in ("diverged", "step_limit")
        finding = explanation.findings[0]
        assert finding.code == "learning_rate_above_limit"
        assert finding.advice is not None
        direction = np.array(list(finding.evidence["direction"].values()))
        along = (run.history.x - centre) @ direction
        k = min(len(along) - 2, 60)
        assert along[k + 1] / along[k] == pytest.approx(finding.evidence["factor"], rel=1e-3)
        return
    if run.status == "converged":
        assert promised.steps == pytest.approx(run.nit, abs=1)
    else:
        assert promised.steps is None or promised.steps >= run.nit
    if method == "gradient_descent":
        check_zigzag(run, values, vectors, rate, np.array(list(start.values())) - centre)


def check_zigzag(run: ds.Run, values: Any, vectors: Any, rate: float, error: Any) -> None:
    parts = np.abs(values * (vectors.T @ error))
    worst = -0.85 if rate <= 2 / (values[0] + values[-1]) * (1 + 1e-6) else -0.75
    seen = parts > 0.05 * np.linalg.norm(parts)
    factors = 1 - rate * values
    if np.any(np.abs(factors - worst) < 1e-6):
        return  # on the border
    expected = bool(np.any((factors <= worst) & seen)) and run.nit >= 3
    assert ("zigzag" in run.explain().codes) == expected
    if expected:
        finding = next(f for f in run.explain().findings if f.code == "zigzag")
        assert finding.evidence["factor"] == pytest.approx(min(factors[seen]), rel=1e-6)


@pytest.mark.parametrize("β", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("λ", [0.1, 1.0, 7.0])
def test_rules_are_read_off_their_own_code(β: float, λ: float) -> None:
    η = 0.17
    heavy, ahead, plain = (
        LinearRule.of(rule)
        for rule in (
            Momentum(learning_rate=η, momentum=β),
            Nesterov(learning_rate=η, momentum=β),
            GradientDescent(learning_rate=η),
        )
    )
    assert heavy is not None
    assert ahead is not None
    assert plain is not None
    # characteristic polynomials: METHODS' closed form, and Nesterov's with β(1 - ηλ)
    np.testing.assert_allclose(
        np.sort(np.roots([1, -(1 + β - η * λ), β])), np.sort(heavy.roots(λ)), atol=1e-7
    )
    np.testing.assert_allclose(
        np.sort(np.roots([1, -(1 + β) * (1 - η * λ), β * (1 - η * λ)])), np.sort(ahead.roots(λ)), atol=1e-7
    )
    assert plain.factor(λ) == pytest.approx(1 - η * λ)
    for rule in (heavy, ahead, plain):
        just_below, just_above = (rule.at_rate(part * rule.critical / λ) for part in (0.999, 1.001))
        assert abs(just_below.factor(λ)) < 1 < abs(just_above.factor(λ))


def test_only_rules_that_are_linear_are_called_so() -> None:
    linear = {cls.name() for cls in all_optimizers() if _made(cls) and LinearRule.of(_made(cls))}  # type: ignore[arg-type]
    assert {"gradient_descent", "momentum", "nesterov"} <= linear
    assert not linear & {"adam", "adagrad", "rmsprop", "armijo", "lion", "adgd", "adaptive_barzilai_borwein"}


def _made(cls: type[Optimizer]) -> Optimizer | None:
    try:
        return cls()
    except ds.DownslopeError:
        return None


def test_best_momentum_is_polyaks() -> None:
    β, scaled = best_momentum(16.0)
    assert β == pytest.approx((3 / 5) ** 2)
    assert scaled == pytest.approx((2 / (1 + 1 / 4)) ** 2)


def test_directions_are_named() -> None:
    curvature = Curvature.of(np.array([[14, -6 * np.sqrt(3)], [-6 * np.sqrt(3), 26]]), ("x", "y"))
    np.testing.assert_allclose(curvature.values, [8, 32])
    assert curvature.along(0) == "(x, y) = (0.866, 0.5)"
    assert curvature.best_rate == pytest.approx(0.05)
    promised = ds.forecast("7x^2 - 6*sqrt(3)*x*y + 13y^2", {"x": 3, "y": 2})
    assert (promised.limit, promised.best_rate) == (pytest.approx(0.0625), pytest.approx(0.05))
    assert [abs(d["factor"]) for d in promised.directions] == pytest.approx([0.6, 0.6])
