"""Bounds of schedules of steps on quadratics, Huber losses and sums of both; limits and factors of linear rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from test_rates import SLACK, Huber, Quadratic, cases, path

import downslope as ds
from downslope import optimizers as o
from downslope.explain.linear import LinearRule
from downslope.optimizers.rules.obsf import schedule

SILVER = 1 + math.sqrt(2)
RATE = 2 * math.log2(SILVER) / (1 + math.log2(SILVER))  # 1.119...


def steps_of(rule: o.Optimizer, n: int) -> list[float]:
    """The first n of h, as the rule goes along a line with slope -1."""
    state, found = rule.init(np.zeros(1)), []
    for _ in range(n):
        x, state, _ = rule.update(np.zeros(1), 0.0, np.array([-1.0]), state)
        found.append(float(x[0]))
    return found


# any time


def joined(s: list[float], r: list[float]) -> list[float]:
    """arXiv 2411.17668, equations (10) and (11)."""
    x, y = math.fsum(s), math.fsum(r)
    return [*s, (-(x + y) + math.sqrt((x + y + 2) ** 2 + 4 * (x + 1) * (y + 1))) / 2, *r]


def anytime(n: int) -> tuple[list[float], list[int]]:
    """Section 3.1 there: the schedule, and where its patterns end."""
    s: list[float] = []
    ends = []
    for level in itertools.count(1):
        pattern: list[float] = []
        for _ in range(level):
            pattern = joined(pattern, pattern)
        for _ in range(math.floor(2 * SILVER**level)):
            s = joined(s, pattern)
            ends.append(len(s))
            if len(s) >= n:
                return s, ends
    raise AssertionError


def test_anytime_steps_are_those_of_the_paper() -> None:
    theirs, ends = anytime(2500)  # in the fifth pattern
    assert steps_of(o.AnytimeSteps(learning_rate=1.0), len(theirs)) == pytest.approx(theirs, rel=1e-11)
    assert ends[:6] == [2, 4, 6, 8, 12, 16]


@pytest.mark.parametrize(("f", "start"), cases())
def test_anytime_steps_keep_their_bounds(f: Any, start: Any) -> None:
    """At the end of each pattern L R²/(2 + 4 Σh); between them the order n^-1.119, here with a number that was seen."""
    h, ends = anytime(600)
    sums, R2 = np.cumsum(h), start @ start
    walk = path(o.AnytimeSteps(learning_rate=1 / f.L), f, start)
    for n, (_, value, _) in zip(range(len(h) + 1), walk, strict=False):
        if n:
            assert value <= 0.35 * f.L * R2 / n**RATE * SLACK
        if n in ends:
            assert value <= f.L * R2 / (2 + 4 * sums[n - 1]) * SLACK


@pytest.mark.parametrize("count", [1, 4, 9, 20, 43])
def test_the_bound_of_anytime_steps_is_tight_on_a_huber_loss(count: int) -> None:
    h, ends = anytime(600)
    n = ends[count - 1]
    total = sum(h[:n])
    f = Huber(1 / (2 * total + 1))
    value = next(itertools.islice(path(o.AnytimeSteps(learning_rate=1.0), f, np.array([1.0])), n, None))[1]
    assert value == pytest.approx(1 / (2 + 4 * total), rel=1e-10)


# the gradient after a number of steps that is known


def gradient_after(rule: o.Optimizer, f: Any, x: Any, n: int) -> float:
    point = next(itertools.islice(path(rule, f, x), n, None))[0]
    return float(np.linalg.norm(f(point)[1]))


@pytest.mark.parametrize(("f", "start"), cases())
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 16, 31, 100])
def test_obsg_keeps_its_bound(f: Any, start: Any, n: int) -> None:
    square, height = gradient_after(o.OBSG(learning_rate=1 / f.L, steps=n), f, start, n) ** 2, f(start)[0]
    assert square <= 2 * f.L * height / (1 + 2 * sum(schedule(n))) * SLACK
    assert square <= 0.8463 * f.L * height / n**1.2716


@pytest.mark.parametrize("n", range(1, 32))
def test_the_bound_of_obsg_is_tight_on_a_huber_loss(n: int) -> None:
    """On its straight part all the way: the value there is w (x - w/2), and the step to its end is w Σh."""
    total = sum(schedule(n))
    f, start = Huber(1.0), np.array([1 + total])
    square = gradient_after(o.OBSG(learning_rate=1.0, steps=n), f, start, n) ** 2
    assert square == pytest.approx(2 * f(start)[0] / (1 + 2 * total), rel=1e-11)


def test_a_mirror_image_has_the_other_bound() -> None:
    """For the value OBSF is better than its image, and the image for the gradient."""
    n, parabola = 4, Quadratic((1.0,))
    forth, back = o.OBSF(learning_rate=1.0, steps=n), o.OBSG(learning_rate=1.0, steps=n)
    assert steps_of(back, n) == pytest.approx(steps_of(forth, n)[::-1], rel=1e-14)
    assert steps_of(back, n) != pytest.approx(steps_of(forth, n), rel=1e-2)
    assert steps_of(back, n + 3)[n:] == [1.0, 1.0, 1.0]
    assert gradient_after(back, parabola, np.ones(1), n) == pytest.approx(
        gradient_after(forth, parabola, np.ones(1), n), rel=1e-10
    )


# strong convexity


def silver_number(condition: float, levels: int) -> float:
    """z_m of arXiv 2309.07879, in its own words: z_n = z_{n/2} (ξ + √(1 + ξ²)), ξ = 1 - z_{n/2}."""
    z = 1 / condition
    for _ in range(levels):
        z *= (1 - z) + math.sqrt(1 + (1 - z) ** 2)
    return z


def strong(condition: float, n: int) -> list[float]:
    """Its schedule of n = 2^m steps, by halves: h, a, h, b."""
    y = z = 1 / condition
    h: list[float] = []
    while 2 * (len(h) + 1) <= n:
        ξ = 1 - z
        y, z = z / (ξ + math.sqrt(1 + ξ * ξ)), z * (ξ + math.sqrt(1 + ξ * ξ))
        h = [*h, (1 + condition * y) / (1 + y), *h]
    return [*h, (1 + condition * z) / (1 + z)]


class Bent:
    """A Huber loss of a coordinate plus a parabola: curvatures from μ to 1, the first far out."""

    def __init__(self, width: float, least: float) -> None:
        self.huber, self.least = Huber(width, 1 - least), least

    def __call__(self, x: Any) -> tuple[float, Any]:
        value, gradient = self.huber(x)
        return value + self.least * float(x @ x) / 2, gradient + self.least * x


def strongly_convex(condition: float) -> Iterator[tuple[Any, Any]]:
    random = np.random.default_rng(5)
    for spectrum in (
        (1 / condition, 1.0),
        (1 / condition, condition**-0.3, 1.0),
        tuple(np.geomspace(1 / condition, 1, 9)),
    ):
        yield Quadratic(spectrum, 7), random.standard_normal(len(spectrum))
    for width in np.geomspace(1e-4, 1, 30):
        yield Bent(float(width), 1 / condition), np.ones(1)


@pytest.mark.parametrize("condition", [1.0, 4.0, 100.0, 3000.0])
@pytest.mark.parametrize("levels", [0, 1, 2, 5, 8])
def test_strong_silver_steps_keep_their_bound_after_every_pattern(condition: float, levels: int) -> None:
    rule, n = o.StrongSilverSteps(learning_rate=1.0, condition=condition, levels=levels), 2**levels
    z = silver_number(condition, levels)
    assert steps_of(rule, 2 * n) == pytest.approx(strong(condition, n) * 2, rel=1e-12)
    for f, start in strongly_convex(condition):
        for k, (x, _, _) in zip(range(2 * n + 1), path(rule, f, start), strict=False):
            if k % n == 0:
                factor = ((1 - z) / (1 + z)) ** (k // n)
                assert np.linalg.norm(x) <= factor * np.linalg.norm(start) * SLACK + 1e-14


@pytest.mark.parametrize("condition", [4.0, 100.0, 3000.0])
@pytest.mark.parametrize("levels", [0, 1, 3, 6])
@pytest.mark.parametrize("end", ["least", "largest"])
def test_their_bound_is_tight_at_both_ends_of_the_curvature(condition: float, levels: int, end: str) -> None:
    curvature = 1 / condition if end == "least" else 1.0
    rule = o.StrongSilverSteps(learning_rate=1.0, condition=condition, levels=levels)
    walk = path(rule, Quadratic((curvature,)), np.ones(1))
    x = next(itertools.islice(walk, 2**levels, None))[0]
    z = silver_number(condition, levels)
    assert abs(x[0]) == pytest.approx((1 - z) / (1 + z), rel=1e-8, abs=1e-15)


def test_without_strong_convexity_they_are_the_silver_steps() -> None:
    strong_ones = steps_of(o.StrongSilverSteps(learning_rate=1.0, condition=1e12, levels=5), 31)
    assert strong_ones == pytest.approx(steps_of(o.SilverSteps(learning_rate=1.0), 31), rel=1e-9)


# linear theory


def critical(rule: o.Optimizer) -> float:
    linear = LinearRule.of(rule)
    assert linear is not None
    return linear.critical


@pytest.mark.parametrize("β", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("ν", [0.0, 0.3, 1.0])
def test_quasi_hyperbolic_momentum_is_stable_up_to_its_limit(β: float, ν: float) -> None:
    expected = 2 * (1 + β) / (1 + β - 2 * ν * β)
    assert critical(o.QHM(learning_rate=0.1, momentum=β, nu=ν)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("β", [0.0, 0.5, 1.0, 2.0])
def test_an_optimistic_gradient_is_stable_up_to_its_limit(β: float) -> None:
    rule = o.OptimisticGradient(learning_rate=0.1, optimism=β)
    assert critical(rule) == pytest.approx(2 / (1 + 2 * β), rel=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        o.QHM(learning_rate=0.3, momentum=0.9),
        o.AggMo(learning_rate=0.05),
        o.OptimisticGradient(learning_rate=0.2),
    ],
    ids=lambda rule: rule.name(),
)
def test_the_factor_of_linear_theory_is_that_of_the_run(rule: o.Optimizer) -> None:
    linear = LinearRule.of(rule)
    assert linear is not None
    run = ds.minimize("0.35*x^2", start={"x": 1.0}, optimizer=rule, steps=600, explain=False)
    x = np.abs(run.history["x"])
    seen = (x[400:600].max() / x[200:400].max()) ** (1 / 200)
    assert seen == pytest.approx(abs(linear.factor(0.7)), rel=2e-3)


def test_an_optimistic_gradient_settles_where_two_chase_each_other() -> None:
    """x y, of which one player goes down and the other up: gradient descent circles outwards, this one inwards."""

    def distance(rule: o.Optimizer) -> float:
        z = np.array([1.0, 1.0])
        state = rule.init(z)
        for _ in range(300):
            z, state, _ = rule.update(z, 0.0, np.array([z[1], -z[0]]), state)
        return float(np.linalg.norm(z))

    assert distance(o.GradientDescent(learning_rate=0.3)) > 1e4
    assert distance(o.OptimisticGradient(learning_rate=0.3)) < 1e-4


# steps and ends that can be said by hand

X, G = np.array([-7.0, 2.0]), np.array([-0.7, 4.0])


def first_step(rule: o.Optimizer) -> Any:
    return X - rule.update(X, 0.0, G, rule.init(X))[0]


@pytest.mark.parametrize(
    "rule",
    [
        o.QHAdam(learning_rate=0.1, epsilon=0),
        o.LaProp(learning_rate=0.1, epsilon=0),
        o.Tiger(learning_rate=0.1),
        o.Grams(learning_rate=0.1, epsilon=0),
        o.MARS(learning_rate=0.1, epsilon=0),
        o.SM3(learning_rate=0.1, momentum=0, epsilon=0),
        o.FTRL(learning_rate=0.1),
    ],
    ids=lambda rule: rule.name(),
)
def test_the_first_step_is_the_rate_in_each_coordinate(rule: o.Optimizer) -> None:
    np.testing.assert_allclose(first_step(rule), 0.1 * np.sign(G), rtol=1e-12)


def test_a_step_of_fromage_is_a_part_of_the_length() -> None:
    """Across x it keeps the length; and it takes plain steps from 0."""
    rule, x, across = o.Fromage(learning_rate=0.2), np.array([3.0, 4.0]), np.array([-40.0, 30.0])
    after = rule.update(x, 0.0, across, ())[0]
    assert np.linalg.norm(after) == pytest.approx(5.0, rel=1e-14)
    assert np.linalg.norm(after * math.sqrt(1.04) - x) == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(
        rule.update(np.zeros(2), 0.0, G, ())[0], -0.2 * G / math.sqrt(1.04), rtol=1e-14
    )
    np.testing.assert_array_equal(rule.update(X, 0.0, np.zeros(2), ())[0], X)


@pytest.mark.parametrize(
    "rule",
    [cls() for cls in (o.QHM, o.QHAdam, o.AggMo, o.LaProp, o.OptimisticGradient, o.Tiger, o.Grams)]
    + [
        cls()
        for cls in (o.MARS, o.SM3, o.Fromage, o.ASGD, o.FTRL, o.OBSG, o.AnytimeSteps, o.StrongSilverSteps)
    ],
    ids=lambda rule: rule.name(),
)
def test_a_stationary_point_is_left_by_none(rule: o.Optimizer) -> None:
    x, state = X, rule.init(X)
    for _ in range(3):
        x, state, _ = rule.update(x, 1.0, np.zeros(2), state)
    np.testing.assert_array_equal(x, X)


# Steps on x²/20 + y² from (-7, 2), and the distance from the minimum that is left at most.
MINIMA: list[tuple[o.Optimizer, int, float]] = [
    (o.QHM(learning_rate=0.9, momentum=0.9), 1000, 1e-12),
    (o.QHAdam(learning_rate=0.1, beta1=0.9), 1000, 1e-12),
    (o.AggMo(learning_rate=0.3), 4000, 1e-8),
    (o.LaProp(learning_rate=0.003), 10_000, 0.01),
    (o.OptimisticGradient(learning_rate=0.3), 1000, 1e-11),
    (o.Tiger(learning_rate=0.0013), 20_000, 0.05),
    (o.Grams(learning_rate=0.1), 1000, 1e-6),
    (o.MARS(learning_rate=0.05), 2000, 1e-6),
    (o.SM3(learning_rate=1.0), 1000, 1e-12),
    (o.Fromage(learning_rate=0.02), 2000, 1e-9),
    (o.ASGD(learning_rate=0.9, begin=500), 1000, 1e-12),
    (o.FTRL(learning_rate=2.0), 1000, 1e-12),
    (o.OBSG(learning_rate=0.5, steps=255), 255, 0.05),
    (o.AnytimeSteps(learning_rate=0.5), 256, 0.01),
    (o.StrongSilverSteps(learning_rate=0.5, condition=20, levels=3), 64, 1e-3),
]


@pytest.mark.parametrize(("rule", "steps", "accuracy"), MINIMA, ids=[r.name() for r, _, _ in MINIMA])
def test_a_quadratic_is_minimised(rule: o.Optimizer, steps: int, accuracy: float) -> None:
    run = ds.minimize("x^2/20 + y^2", start={"x": -7.0, "y": 2.0}, optimizer=rule, steps=steps, explain=False)
    assert run.engine == "traced"
    assert np.linalg.norm(run.final) <= accuracy


@pytest.mark.parametrize("l1", [0.35, 2.05, 7.15])
def test_ftrl_leaves_zero_when_the_gradients_sum_to_more_than_the_penalty(l1: float) -> None:
    """Gradients of -0.1 at 0: nothing until the sum is above l1, and then a step by what is above it."""
    rule = o.FTRL(learning_rate=0.5, l1=l1)
    x, g = np.zeros(1), np.array([-0.1])
    state, k = rule.init(x), 0
    while x[0] == 0.0:
        x, state, _ = rule.update(x, 0.0, g, state)
        k += 1
    assert k == math.floor(l1 / 0.1) + 1
    assert x[0] == pytest.approx(0.5 * (0.1 * k - l1) / (0.1 * math.sqrt(k)), rel=1e-9)


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 0.0), (0.0, 0.25), (0.5, 0.25)])
def test_each_point_of_ftrl_is_the_best_for_all_gradients_so_far(l1: float, l2: float) -> None:
    """Of the sum of gradients, the penalty, and how far it is from the earlier points, a subgradient is 0 there."""
    η, random = 0.3, np.random.default_rng(8)
    rule, x = o.FTRL(learning_rate=η, l1=l1, l2=l2), random.standard_normal(6)
    state, total, pulls, roots, s = rule.init(x), np.zeros(6), np.zeros(6), np.zeros(6), np.zeros(6)
    for _ in range(50):
        g = random.standard_normal(6)
        σ = (np.sqrt(s + g * g) - np.sqrt(s)) / η
        s, total, pulls, roots = s + g * g, total + g, pulls + σ * x, roots + σ
        x, state, _ = rule.update(x, 0.0, g, state)
        slope = total + roots * x - pulls + 2 * l2 * x
        np.testing.assert_allclose(slope[x != 0], -l1 * np.sign(x[x != 0]), atol=1e-10)
        assert np.all(np.abs(slope[x == 0]) <= l1 + 1e-10)


def test_the_average_of_asgd_takes_out_noise() -> None:
    """The mean of the points of a noisy walk; its variance falls like 1/k, that of the points does not."""
    rule, random = o.ASGD(learning_rate=0.5, begin=50), np.random.default_rng(3)
    x = np.full(2000, 5.0)
    state, points = rule.init(x), []
    for _ in range(1050):
        x, state, _ = rule.update(x, 0.0, x + random.standard_normal(2000), state)
        points.append(x)
    np.testing.assert_allclose(rule.answer(x, state), np.mean(points[51:], axis=0), rtol=1e-9, atol=1e-12)
    assert np.std(x) == pytest.approx(math.sqrt(0.25 / 0.75), rel=0.1)
    assert np.std(rule.answer(x, state)) == pytest.approx(1 / math.sqrt(1000), rel=0.1)
