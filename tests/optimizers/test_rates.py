"""Published rates and closed forms, on quadratics and on a Huber loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from downslope.optimizers import (
    OBSF,
    OGM,
    GradientDescent,
    Momentum,
    NesterovRestart,
    PolyakStep,
    SilverSteps,
)
from downslope.optimizers.rules.obsf import schedule
from trials import trials

SPECTRA = [
    (1.0,),
    (1.0, 1.0),
    (0.5, 4.0),
    (1e-3, 1.0),
    (1e-4, 0.1, 10.0),
    (0.0, 1.0, 3.0),
    tuple(np.logspace(-4, 2, 9)),
]
SILVER = 1 + math.sqrt(2)


class Quadratic:
    """1/2 <x, H x> with these eigenvalues, in a random basis."""

    def __init__(self, spectrum: tuple[float, ...], seed: int = 0) -> None:
        self.values = np.array(spectrum)
        self.basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(spectrum),) * 2))[0]
        self.H = self.basis * self.values @ self.basis.T
        self.L = max(spectrum)

    def __call__(self, x: Any) -> tuple[float, Any]:
        return float(x @ self.H @ x) / 2, self.H @ x


class Huber:
    """L/2 x^2 for |x| <= width, a straight line beyond."""

    def __init__(self, width: float, L: float = 1.0) -> None:
        self.width, self.L = width, L

    def __call__(self, x: Any) -> tuple[float, Any]:
        a, w = abs(x[0]), self.width
        inside = a <= w
        value = a * a / 2 if inside else w * (a - w / 2)
        return self.L * value, self.L * np.clip(x, -w, w)


Function = Callable[[Any], tuple[float, Any]]


def path(rule: Any, f: Function, x: Any) -> Iterator[tuple[Any, float, Any]]:
    """(point, value, state before) at every step, without end."""
    state = rule.init(x)
    while True:
        value, gradient = f(x)
        next_x, after, accepted = rule.update(x, value, gradient, state)
        if accepted:
            yield x, value, state
        x, state = next_x, after


def gap_after(rule: Any, f: Function, x: Any, n: int) -> float:
    for k, (_, value, _) in enumerate(path(rule, f, x)):
        if k == n:
            return value
    raise AssertionError


def cases() -> list[Any]:
    out = []
    for number, spectrum in enumerate(SPECTRA):
        f = Quadratic(spectrum, number)
        start = np.random.default_rng(number).standard_normal(len(spectrum))
        out.append(pytest.param(f, start, id=f"quadratic {spectrum[:3]}"))
    for width in (1e-3, 0.01, 0.1, 0.5):
        out.append(pytest.param(Huber(width, 2.5), np.array([1.5]), id=f"huber {width}"))
    return out


SLACK = 1 + 1e-12


@pytest.mark.parametrize(("f", "start"), cases())
def test_constant_steps_keep_their_bound_at_every_step(f: Any, start: Any) -> None:
    R2 = start @ start
    for k, (_, value, _) in zip(
        range(200), path(GradientDescent(learning_rate=1 / f.L), f, start), strict=False
    ):
        assert value <= f.L * R2 / (4 * k + 2) * SLACK


@pytest.mark.parametrize(("f", "start"), cases())
def test_silver_steps_keep_their_bound_after_every_whole_pattern(f: Any, start: Any) -> None:
    R2 = start @ start
    ends = {2**m - 1: m for m in range(1, 9)}
    for k, (_, value, _) in zip(range(256), path(SilverSteps(learning_rate=1 / f.L), f, start), strict=False):
        if k in ends:
            assert value <= f.L * R2 / (1 + math.sqrt(4 * SILVER ** (2 * ends[k]) - 3)) * SLACK


@pytest.mark.parametrize(("f", "start"), cases())
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 16, 31, 100])
def test_obsf_keeps_its_bound(f: Any, start: Any, n: int) -> None:
    gap = gap_after(OBSF(learning_rate=1 / f.L, steps=n), f, start, n)
    assert gap <= f.L * (start @ start) / (2 + 4 * sum(schedule(n))) * SLACK
    assert gap <= 0.2116 * f.L * (start @ start) / n**1.2716


@pytest.mark.parametrize("n", range(1, 32))
def test_the_bound_of_obsf_is_tight_on_a_huber_loss(n: int) -> None:
    total = sum(schedule(n))
    f = Huber(1 / (2 * total + 1))
    gap = gap_after(OBSF(learning_rate=1.0, steps=n), f, np.array([1.0]), n)
    assert gap == pytest.approx(1 / (2 + 4 * total), rel=1e-11)


def test_published_values_for_31_steps() -> None:
    assert round(1 / (2 + 4 * sum(schedule(31))), 5) == 0.00263
    total = 31.0  # a constant step has the same worst case with 31 times 1
    f = Huber(1 / (2 * total + 1))
    gap = gap_after(GradientDescent(learning_rate=1.0), f, np.array([1.0]), 31)
    assert round(gap, 5) == 0.00794


@pytest.mark.parametrize(("f", "start"), cases())
def test_accelerated_gradients_keep_their_bound_until_the_first_restart(f: Any, start: Any) -> None:
    R2 = start @ start
    for k, (_, _, state) in zip(
        range(200), path(NesterovRestart(learning_rate=1 / f.L), f, start), strict=False
    ):
        if k and state.t == 1.0:
            break
        assert f(state.x0)[0] <= 2 * f.L * R2 / (k + 1) ** 2 * SLACK


def test_restarts_make_accelerated_gradients_linear() -> None:
    f = Quadratic((1e-4, 0.01, 1.0))
    gap = gap_after(NesterovRestart(learning_rate=1.0), f, np.ones(3), 2000)
    assert gap < 1e-25
    assert gap_after(GradientDescent(learning_rate=1.0), f, np.ones(3), 2000) > 1e-6


@pytest.mark.parametrize(("f", "start"), cases())
@pytest.mark.parametrize("n", [1, 2, 5, 20, 100])
def test_ogm_keeps_its_bound(f: Any, start: Any, n: int) -> None:
    gap = gap_after(OGM(learning_rate=1 / f.L, steps=n), f, start, n)
    assert gap <= f.L * (start @ start) / (2 * theta(n) ** 2) * SLACK
    assert gap <= f.L * (start @ start) / n**2


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_the_bound_of_ogm_is_tight_on_a_huber_loss_and_on_a_parabola(n: int) -> None:
    bound = 1 / (2 * theta(n) ** 2)
    huber = gap_after(OGM(learning_rate=1.0, steps=n), Huber(1 / theta(n) ** 2), np.array([1.0]), n)
    parabola = gap_after(OGM(learning_rate=1.0, steps=n), Quadratic((1.0,)), np.array([1.0]), n)
    assert huber == pytest.approx(bound, rel=1e-10)
    assert parabola == pytest.approx(bound, rel=1e-10)


def theta(n: int) -> float:
    θ = 1.0
    for i in range(1, n + 1):
        θ = (1 + math.sqrt(1 + (8 if i == n else 4) * θ * θ)) / 2
    return θ


@pytest.mark.parametrize(("f", "start"), cases())
def test_polyak_steps_come_nearer_and_keep_their_bound(f: Any, start: Any) -> None:
    best, distance = math.inf, math.inf
    for k, (x, value, _) in zip(range(200), path(PolyakStep(), f, start), strict=False):
        best = min(best, value)
        assert best <= 2 * f.L * (start @ start) / (k + 1) * SLACK
        assert np.linalg.norm(x) <= distance * SLACK
        distance = float(np.linalg.norm(x))


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_gradient_descent_is_its_closed_form(spectrum: tuple[float, ...], share: float) -> None:
    f, start = Quadratic(spectrum, 3), np.arange(1.0, len(spectrum) + 1)
    η = share * 2 / f.L
    for k, (x, _, _) in zip(range(100), path(GradientDescent(learning_rate=η), f, start), strict=False):
        expected = f.basis @ ((1 - η * f.values) ** k * (f.basis.T @ start))
        assert np.linalg.norm(x - expected) <= 1e-12 * np.linalg.norm(start)


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("β", [0.3, 0.9])
def test_heavy_ball_is_its_closed_form(spectrum: tuple[float, ...], β: float) -> None:
    f, start = Quadratic(spectrum, 4), np.arange(1.0, len(spectrum) + 1)
    η = 0.9 / f.L
    first = f.basis.T @ start
    sums = 1 + β - η * f.values
    root = np.sqrt(sums.astype(complex) ** 2 - 4 * β)
    r, q = (sums + root) / 2, (sums - root) / 2
    for k, (x, _, _) in zip(range(100), path(Momentum(learning_rate=η, momentum=β), f, start), strict=False):
        second = (1 - η * f.values) * first
        c = (second - q * first) / (r - q)
        expected = f.basis @ (c * r**k + (first - c) * q**k).real
        assert np.linalg.norm(x - expected) <= 1e-12 * np.linalg.norm(start)


@settings(deadline=None, max_examples=trials(40))
@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=5),
    st.integers(0, 2**31),
    st.sampled_from([1e-9, 1e-7, 1e-3]),
)
def test_gradient_descent_diverges_exactly_above_its_limit(
    values: list[float], seed: int, off: float
) -> None:
    f = Quadratic(tuple(values), seed)
    top = int(np.argmax(f.values))
    start = f.basis @ np.ones(len(values))
    for sign in (-1, 1):
        rule, x = GradientDescent(learning_rate=2 / f.L * (1 + sign * off)), start
        for _ in range(1000):
            x = rule.update(x, *f(x), ())[0]
        grown = abs(float(f.basis[:, top] @ x)) - 1
        # the component along the largest curvature is multiplied by -(1 + 2 off sign) a thousand times
        assert grown == pytest.approx((1 + 2 * sign * off) ** 1000 - 1, rel=1e-3)


def test_the_rotated_ellipse_of_the_tutorials() -> None:
    H = np.array([[14.0, -6 * math.sqrt(3)], [-6 * math.sqrt(3), 26.0]])
    assert np.linalg.eigvalsh(H) == pytest.approx([8.0, 32.0])
    x = np.array([4.0, -3.0])
    rule = GradientDescent(learning_rate=0.05)
    for _ in range(50):
        x = rule.update(x, 0.0, H @ x, ())[0]
    assert np.linalg.norm(x) == pytest.approx(0.6**50 * 5, rel=1e-9)
