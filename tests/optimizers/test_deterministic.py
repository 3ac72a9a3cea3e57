"""The methods without a learning rate: against transcriptions of their papers, in both engines, on the problems."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.objectives.problems import all_problems, problem
from downslope.optimizers import (
    ACFGM,
    LBFGS,
    OBSF,
    OBSG,
    OGM,
    AdaptiveBarzilaiBorwein,
    AdGD,
    AdGD2,
    AnytimeSteps,
    Auto,
    BarzilaiBorweinLong,
    BarzilaiBorweinShort,
    ConjugateGradientHZ,
    ConjugateGradientPR,
    NesterovRestart,
    PolyakStep,
    SilverSteps,
    StrongSilverSteps,
)

RULES = [
    PolyakStep(),
    AdGD(),
    AdGD2(),
    BarzilaiBorweinLong(),
    BarzilaiBorweinShort(),
    AdaptiveBarzilaiBorwein(),
    SilverSteps(learning_rate=1e-3),
    OBSF(learning_rate=1e-3, steps=31),
    OBSG(learning_rate=1e-3, steps=31),
    AnytimeSteps(learning_rate=1e-3),
    StrongSilverSteps(learning_rate=1e-3),
    NesterovRestart(learning_rate=1e-3),
    OGM(learning_rate=1e-3, steps=20),
    ACFGM(),
    ConjugateGradientPR(),
    ConjugateGradientHZ(),
    LBFGS(memory=5),
    Auto(),
]
LEARNING_RATE_FREE = [
    AdaptiveBarzilaiBorwein(),
    ConjugateGradientPR(),
    ConjugateGradientHZ(),
    LBFGS(),
    Auto(),
]
PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "problems.json").read_text("utf-8"))["problems"]


def name_of(rule: Any) -> str:
    return type(rule).__name__


def logistic() -> Callable[[Any], tuple[float, Any]]:
    """Logistic regression on 40 made-up rows with a ridge: strongly convex, so that rounding does not grow."""
    random = np.random.default_rng(11)
    A = random.standard_normal((40, 5)) * np.array([1, 0.5, 1.5, 1, 0.5])
    b = np.sign(random.standard_normal(40))

    def f(x: Any) -> tuple[float, Any]:
        z = b * (A @ x)
        return float(np.mean(np.log1p(np.exp(-z)))) + 0.2 * float(x @ x), -A.T @ (
            b / (1 + np.exp(z))
        ) / 40 + 0.4 * x

    return f


def bowl(x: Any) -> tuple[float, Any]:
    """A quadratic with curvatures 1 to 5."""
    H = np.arange(1.0, len(x) + 1)
    return float(x @ (H * x)) / 2, H * x


def points(rule: Any, f: Any, x: Any, steps: int) -> Any:
    state, out = rule.init(x), []
    while len(out) <= steps:
        next_x, state, accepted = rule.update(x, *f(x), state)
        if accepted:
            out.append(x)
        x = next_x
    return np.array(out)


def norm(v: Any) -> float:
    return math.sqrt(sum(float(a) ** 2 for a in v))


def adgd_as_published(f: Any, x: Any, λ: float, steps: int) -> Any:
    """arXiv 1910.09529, algorithm 1, line by line."""
    out, θ = [x], math.inf
    g = f(x)[1]
    x_new = x - λ * g
    for _ in range(steps):
        out.append(x_new)
        g_new = f(x_new)[1]
        if norm(g_new - g) < 1e-30:
            break
        λ_new = min(math.sqrt(1 + θ) * λ, norm(x_new - x) / (2 * norm(g_new - g)))
        x, g, x_new = x_new, g_new, x_new - λ_new * g_new
        θ, λ = λ_new / λ, λ_new
    return np.array(out)


def adgd2_as_published(f: Any, x: Any, α: float, steps: int) -> Any:
    """arXiv 2308.02261, algorithm 2, line by line."""
    out, θ = [x], 1 / 3
    g = f(x)[1]
    x_new = x - α * g
    for _ in range(steps):
        out.append(x_new)
        g_new = f(x_new)[1]
        if norm(g_new - g) < 1e-30:
            break
        L = norm(g_new - g) / norm(x_new - x)
        bracket = max(2 * α**2 * L**2 - 1, 0)
        α_new = min(math.sqrt(2 / 3 + θ) * α, α / math.sqrt(bracket) if bracket else math.inf)
        x, g, x_new = x_new, g_new, x_new - α_new * g_new
        θ, α = α_new / α, α_new
    return np.array(out)


def acfgm_as_published(f: Any, x0: Any, probe: float, steps: int) -> Any:
    """arXiv 2310.10082, algorithm 1 with the step sizes of corollary 3; L_0 from a point at the probe's distance."""
    α, β = 0.1, 1 - math.sqrt(6) / 3
    f0, g0 = f(x0)
    near = x0 - probe * (1 + norm(x0)) / norm(g0) * g0
    L0 = norm(f(near)[1] - g0) / norm(near - x0)
    η = [math.nan, 1 / (2.5 * L0)]
    τ = [math.nan, 0.0]
    x = [x0, x0 - η[1] * g0]
    y = [x0, x0]
    values, gradients = [f0], [g0]
    for t in range(2, steps + 1):
        value, g = f(x[t - 1])
        values.append(value)
        gradients.append(g)
        below = 2 * (values[t - 2] - value - float(g @ (x[t - 2] - x[t - 1])))
        bend = norm(g - gradients[t - 2]) ** 2
        L = bend / below if below > 0 else 0.0
        limit = math.inf if L == 0 else 1 / (4 * L)
        if t == 2:
            η.append(min((1 - β) * η[1], limit))
            τ.append(1.0)
        else:
            η.append(min(4 / 3 * η[t - 1], (τ[t - 2] + 1) / τ[t - 1] * η[t - 1], τ[t - 1] * limit))
            τ.append(τ[t - 1] + α / 2 + 2 * (1 - α) * η[t] * L / τ[t - 1])
        z = y[t - 1] - η[t] * g
        y.append((1 - β) * y[t - 1] + β * z)
        x.append((z + τ[t] * x[t - 1]) / (1 + τ[t]))
    return np.array(x)


@pytest.mark.parametrize(
    ("rule", "published"),
    [
        (AdGD(initial_step=1e-4), lambda f, x, n: adgd_as_published(f, x, 1e-4, n)),
        (AdGD2(initial_step=0.1), lambda f, x, n: adgd2_as_published(f, x, 0.1, n)),
        (ACFGM(probe=1e-3), lambda f, x, n: acfgm_as_published(f, x, 1e-3, n)),
    ],
    ids=["AdGD", "AdGD2", "ACFGM"],
)
@pytest.mark.parametrize(("f", "steps"), [(bowl, 200), (logistic(), 40)], ids=["quadratic", "logistic"])
def test_the_paths_are_those_of_the_papers(rule: Any, published: Any, f: Any, steps: int) -> None:
    # the measured curvatures feed rounding back, so that a path is the same for so long only
    x = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    ours, theirs = points(rule, f, x, steps), published(f, x, steps)
    both = min(len(ours), len(theirs))  # a transcription ends where it cannot move any more
    assert both > 30
    assert np.max(np.abs(ours[:both] - theirs[:both])) <= 1e-10 * norm(x)


def test_silver_steps_count_how_often_two_divides_the_step() -> None:
    rule, x = SilverSteps(learning_rate=1.0), np.zeros(1)
    state = rule.init(x)
    for k in range(1, 600):
        x, state, _ = rule.update(np.zeros(1), 0.0, np.array([-1.0]), state)
        valuation = (k & -k).bit_length() - 1
        assert x[0] == pytest.approx(1 + (1 + math.sqrt(2)) ** (valuation - 1), rel=1e-14)


@pytest.mark.parametrize("rule", [BarzilaiBorweinLong(), BarzilaiBorweinShort()], ids=name_of)
def test_barzilai_borwein_fits_the_secant(rule: Any) -> None:
    f = logistic()
    path = points(rule, f, np.ones(5), 20)
    g = np.array([f(x)[1] for x in path])
    for k in range(1, 20):
        s, y = path[k] - path[k - 1], g[k] - g[k - 1]
        α = s @ s / (s @ y) if isinstance(rule, BarzilaiBorweinLong) else s @ y / (y @ y)
        assert path[k + 1] == pytest.approx(path[k] - α * g[k], rel=1e-12)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
@pytest.mark.parametrize("name", ["rosenbrock", "rotated-ellipse", "wood"])
def test_both_engines_go_the_same_way(rule: Any, name: str) -> None:
    p = problem(name)
    start = dict(zip(p.variables, p.start, strict=True))
    runs = [ds.minimize(p.formula, start, optimizer=rule, engine=e, steps=12) for e in ("traced", "hosted")]
    assert [run.engine for run in runs] == ["traced", "hosted"]
    a, b = (run.history for run in runs)
    assert np.array_equal(a["evaluations"], b["evaluations"])
    assert np.asarray(a.value) == pytest.approx(np.asarray(b.value), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_arguments_are_not_changed_and_shapes_are_kept(rule: Any) -> None:
    x = np.array([1.0, -2.0, 3.0])
    state = rule.init(x)
    for _ in range(4):
        g = x.copy()
        kept = x.copy(), g.copy()
        after = rule.update(x, x @ x / 2, g, state)
        again = rule.update(x, x @ x / 2, g, state)
        assert np.array_equal(after[0], again[0])
        assert after[0].shape == (3,)
        assert np.array_equal(x, kept[0])
        assert np.array_equal(g, kept[1])
        x, state = after[0], after[1]


@pytest.mark.parametrize("rule", LEARNING_RATE_FREE, ids=name_of)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_float32_is_descended_as_far_as_it_goes(rule: Any, engine: Any) -> None:
    start = {"x": 1.2, "y": -0.7}
    run = ds.minimize(
        "x^2 + 3*y^2 + cos(x)", start, optimizer=rule, engine=engine, dtype="float32", tolerance=1e-5
    )
    assert run.status == "converged"


def test_rules_too_large_to_trace_are_hosted() -> None:
    p = problem("rosenbrock", dimension=20)
    start = dict(zip(p.variables, p.start, strict=True))
    assert ds.minimize(p.formula, start, optimizer=LBFGS(), steps=1).engine == "hosted"
    assert (
        ds.minimize(p.formula, start, optimizer=OBSF(learning_rate=1e-3, steps=501), steps=1).engine
        == "hosted"
    )
    assert (
        ds.minimize(p.formula, start, optimizer=SilverSteps(learning_rate=1e-3), steps=1).engine == "traced"
    )


def test_rules_of_any_size_are_traced_on_whole_arrays() -> None:
    p = problem("rosenbrock", dimension=30)
    start = dict(zip(p.variables, p.start, strict=True))
    for rule in (LBFGS(), OBSF(learning_rate=1e-3, steps=501), SilverSteps(learning_rate=1e-3)):
        assert ds.minimize(p.formula, start, optimizer=rule, steps=1).engine == "traced"


@pytest.mark.parametrize("rule", LEARNING_RATE_FREE, ids=name_of)
@pytest.mark.parametrize(
    "data", [d for d in PUBLISHED if (d["condition_number"] or math.inf) < 1e4], ids=lambda d: d["name"]
)
def test_well_conditioned_problems_are_descended_to_a_small_gradient(rule: Any, data: Any) -> None:
    start = dict(zip(data["variables"], data["start"], strict=True))
    run = ds.minimize(
        data["formula"].replace("**", "^"), start, optimizer=rule, tolerance=1e-6, evaluations=20_000
    )
    assert run.status == "converged"


@pytest.mark.parametrize("p", [p for p in all_problems() if math.isfinite(p.minimum)], ids=lambda p: p.name)
def test_auto_converges_on_every_problem(p: Any) -> None:
    run = ds.minimize(
        p.formula, dict(zip(p.variables, p.start, strict=True)), optimizer="auto", tolerance=1e-8
    )
    if p.name == "ackley":  # its minimum is the tip of a cone, where no gradient is small
        assert run.fun < 1e-8
    else:
        assert run.status == "converged"
    assert run.fun < run.history.value[0]
    assert run.nfev < 2000


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_auto_is_safe_at_any_scale(scale: float, unit: float) -> None:
    formula = f"{scale!r}*((1 - x/{unit!r})^2 + 10*(y/{unit!r} - (x/{unit!r})^2)^2)"
    start = {"x": -1.2 * unit, "y": unit}
    run = ds.minimize(formula, start, optimizer="auto", relative_tolerance=1e-8)
    assert run.status == "converged"
    assert run.nfev < 100
    assert run.x["x"] / unit == pytest.approx(1.0, abs=1e-5)


def test_auto_gets_over_kinks() -> None:
    run = ds.minimize("abs(x - 1) + 10*abs(y + x)", start={"x": 3.0, "y": 2.0}, optimizer="auto", target=1e-9)
    assert run.status == "target_reached"
