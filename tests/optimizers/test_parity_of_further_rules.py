"""Rules that torch has not, or not alone: the path of another library, and that of the paper written out, 200 steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from oracles import (
    PROBLEMS,
    QUADRATIC,
    STEPS,
    Oracle,
    Path,
    Valley,
    difference,
    keras,
    optax,
    ours_traced,
    ours_updated,
    torch,
)

from downslope import optimizers as o

TOLERANCE = 1e-10
Moves = Iterator[Any]  # yields a point, is sent its gradient


def pytorch_optimizer(name: str, **options: Any) -> Oracle:
    """``pytorch_optimizer.NAME(..., **options)``, all in float64, and without what it adds to mean squares."""

    def path(problem: Valley) -> Path:
        library, framework = pytest.importorskip("pytorch_optimizer"), pytest.importorskip("torch")
        x = framework.tensor(problem.start, dtype=framework.float64, requires_grad=True)
        optimizer = getattr(library, name)([x], foreach=False, **options)
        optimizer.apply_ams_bound = functools.partial(optimizer.apply_ams_bound, exp_avg_sq_eps=0.0)
        x.grad, points = framework.zeros_like(x), [np.array(problem.start)]
        optimizer.init_group(optimizer.param_groups[0])
        for key, value in optimizer.state[x].items():  # QHAdam keeps its weights in float32
            if framework.is_tensor(value):
                optimizer.state[x][key] = value.double()
        for _ in range(STEPS):
            x.grad = framework.tensor(problem.gradient(points[-1]))
            optimizer.step()
            points.append(x.detach().numpy().copy())
        return Path(np.array(points), points[-1])

    return path


def published(moves: Callable[[Any], Moves]) -> Oracle:
    """A transcription of a paper: a generator that yields points and is sent gradients."""

    def path(problem: Valley) -> Path:
        walk = moves(np.array(problem.start))
        points = [next(walk)]
        for _ in range(STEPS):
            points.append(walk.send(problem.gradient(points[-1])))
        return Path(np.array(points), points[-1])

    return path


def qhm(x: Any) -> Moves:
    """arXiv 1810.06801, equations (3) and (4), with its names."""
    α, β, ν, g = 2e-3, 0.99, 0.7, 0.0
    while True:
        gradient = yield x
        g = β * g + (1 - β) * gradient
        x = x - α * ((1 - ν) * gradient + ν * g)


def qhadam(x: Any) -> Moves:
    """arXiv 1810.06801, section 4."""
    α, β1, β2, ν1, ν2, g, s, t = 0.05, 0.9, 0.99, 0.7, 0.8, 0.0, 0.0, 0
    while True:
        gradient = yield x
        t += 1
        g = β1 * g + (1 - β1) * gradient
        s = β2 * s + (1 - β2) * gradient**2
        unbiased, square = g / (1 - β1**t), s / (1 - β2**t)
        x = x - α * ((1 - ν1) * gradient + ν1 * unbiased) / (
            np.sqrt((1 - ν2) * gradient**2 + ν2 * square) + 1e-8
        )


def aggmo(x: Any) -> Moves:
    """arXiv 1804.00325, equation (3), whose velocities point downhill."""
    γ, β, v = 1e-4, np.array([0, 0.9, 0.99]), np.zeros((3, 2))
    while True:
        gradient = yield x
        v = β[:, None] * v - gradient
        x = x + γ / 3 * v.sum(axis=0)


def laprop(x: Any) -> Moves:
    """arXiv 2002.04839, algorithm 1."""
    λ, μ, ν, ε, n, m, t = 0.05, 0.9, 0.99, 1e-3, 0.0, 0.0, 0
    while True:
        g = yield x
        t += 1
        n = ν * n + (1 - ν) * g**2
        m = μ * m + (1 - μ) * g / (np.sqrt(n / (1 - ν**t)) + ε)
        x = x - λ * m / (1 - μ**t)


def optimistic_mirror_descent(x: Any) -> Moves:
    """arXiv 1311.1869, section 3: points played and those between; the guess is the last gradient, and 0 at first."""
    η, between, guess = 5e-4, x, 0.0
    while True:
        guess = yield between - η * guess
        between = between - η * guess


def tiger(x: Any) -> Moves:
    """As its author writes it."""
    α, β, λ, m = 0.013, 0.965, 0.01, 0.0
    while True:
        g = yield x
        m = β * m + (1 - β) * g
        x = x - α * (np.sign(m) + λ * x)


def grams(x: Any) -> Moves:
    """arXiv 2412.17107, algorithm 1."""
    η, β1, β2, λ, m, v, t = 0.05, 0.9, 0.99, 0.01, 0.0, 0.0, 0
    while True:
        g = yield x
        t += 1
        m, v = β1 * m + (1 - β1) * g, β2 * v + (1 - β2) * g**2
        u = m / (1 - β1**t) / (np.sqrt(v / (1 - β2**t)) + 1e-6)
        x = x - η * np.sign(g) * np.abs(u) - η * λ * x


def mars(x: Any) -> Moves:
    """arXiv 2411.10438, algorithm 2, with the gradient of the last step for that of its point on the new rows."""
    η, β1, β2, γ, λ, last, m, v, t = 0.01, 0.95, 0.99, 0.025, 0.01, 0.0, 0.0, 0.0, 0
    while True:
        g = yield x
        t += 1
        c = g + γ * β1 / (1 - β1) * (g - last)
        if np.linalg.norm(c) > 1:
            c = c / np.linalg.norm(c)
        m, v, last = β1 * m + (1 - β1) * c, β2 * v + (1 - β2) * c**2, g
        x = x - η * (m / (1 - β1**t) / (np.sqrt(v / (1 - β2**t)) + 1e-3) + λ * x)


def sm3(x: Any) -> Moves:
    """arXiv 1901.11150, algorithm SM3-II, for the cover by single coordinates, with the momentum of section 5."""
    η, sets, μ, m = 0.1, [[0], [1]], np.zeros(2), np.zeros(2)
    while True:
        g = yield x
        ν = np.array([min(μ[r] for r, s in enumerate(sets) if i in s) + g[i] ** 2 for i in range(2)])
        μ = np.array([max(ν[i] for i in s) for s in sets])
        m = 0.9 * m + 0.1 * g / np.sqrt(ν)
        x = x - η * m


def fromage(x: Any) -> Moves:
    """arXiv 2002.03432, algorithm 1, for one layer."""
    η = 0.01
    while True:
        g = yield x
        x = (x - η * np.linalg.norm(x) / np.linalg.norm(g) * g) / np.sqrt(1 + η**2)


def ftrl(x: Any) -> Moves:
    """McMahan and others 2013, algorithm 1, whose z starts where the point that it gives is x."""
    α, β, λ1, λ2, n, z = 0.3, 0.0, 0.05, 0.1, np.zeros(2), np.zeros(2)
    while True:
        g = yield x
        σ = (np.sqrt(n + g**2) - np.sqrt(n)) / α
        z, n = z + g - σ * x, n + g**2
        x = np.where(
            np.abs(z) <= λ1, 0.0, -(z - np.sign(z) * λ1) / ((β + np.sqrt(n)) / α + 2 * λ2)
        )  # the penalty is λ2 x^2, as in Keras


BETAS: dict[str, Any] = {"beta1": 0.9, "beta2": 0.99}
QH: dict[str, Any] = {"nu1": 0.7, "nu2": 0.8, **BETAS}
CASES: list[tuple[str, o.Optimizer, Oracle]] = [
    ("paper qhm", o.QHM(learning_rate=2e-3, momentum=0.99), published(qhm)),
    (
        "pytorch-optimizer QHM",
        o.QHM(learning_rate=2e-3, momentum=0.99),
        pytorch_optimizer("QHM", lr=2e-3, momentum=0.99, nu=0.7),
    ),
    ("paper qhadam", o.QHAdam(learning_rate=0.05, **QH), published(qhadam)),
    (
        "pytorch-optimizer QHAdam",
        o.QHAdam(learning_rate=0.05, **QH),
        pytorch_optimizer("QHAdam", lr=0.05, betas=(0.9, 0.99), nus=(0.7, 0.8)),
    ),
    ("paper aggmo", o.AggMo(learning_rate=1e-4), published(aggmo)),
    ("pytorch-optimizer AggMo", o.AggMo(learning_rate=1e-4), pytorch_optimizer("AggMo", lr=1e-4)),
    ("paper laprop", o.LaProp(learning_rate=0.05, epsilon=1e-3, **BETAS), published(laprop)),
    (
        "pytorch-optimizer LaProp",
        o.LaProp(learning_rate=0.05, epsilon=0, **BETAS),
        pytorch_optimizer("LaProp", lr=0.05, betas=(0.9, 0.99), eps=0.0),
    ),
    ("paper optimistic", o.OptimisticGradient(learning_rate=5e-4), published(optimistic_mirror_descent)),
    (
        "optax optimistic_gradient_descent",
        o.OptimisticGradient(learning_rate=5e-4, optimism=0.5),
        optax(
            "optimistic_gradient_descent",
            prepare=lambda state: (state[0]._replace(is_initial_step=False), *state[1:]),
            learning_rate=5e-4,
            beta=0.5,
        ),
    ),
    ("author tiger", o.Tiger(learning_rate=0.013, weight_decay=0.01), published(tiger)),
    (
        "pytorch-optimizer Tiger",
        o.Tiger(learning_rate=0.013, weight_decay=0.01),
        pytorch_optimizer("Tiger", lr=0.013),
    ),
    (
        "optax lion as tiger",
        o.Tiger(learning_rate=0.013, weight_decay=0.01),
        optax("lion", learning_rate=0.013, b1=0.965, b2=0.965, weight_decay=0.01),
    ),
    ("paper grams", o.Grams(learning_rate=0.05, weight_decay=0.01, **BETAS), published(grams)),
    (
        "pytorch-optimizer Grams",
        o.Grams(learning_rate=0.05, weight_decay=0.01, **BETAS),
        pytorch_optimizer("Grams", lr=0.05, betas=(0.9, 0.99), weight_decay=0.01),
    ),
    ("paper mars", o.MARS(learning_rate=0.01, epsilon=1e-3, weight_decay=0.01), published(mars)),
    (
        "pytorch-optimizer MARS",
        o.MARS(learning_rate=0.01, epsilon=0, weight_decay=0.01),
        pytorch_optimizer("MARS", lr=0.01, optimize_1d=True, weight_decay=0.01, eps=0.0),
    ),
    ("paper sm3", o.SM3(learning_rate=0.1, epsilon=0), published(sm3)),
    ("optax sm3", o.SM3(learning_rate=0.1, epsilon=1e-8), optax("sm3", learning_rate=0.1)),
    ("pytorch-optimizer SM3", o.SM3(learning_rate=0.1), pytorch_optimizer("SM3", lr=0.1, momentum=0.9)),
    ("paper fromage", o.Fromage(learning_rate=0.01), published(fromage)),
    ("optax fromage", o.Fromage(learning_rate=0.01), optax("fromage", learning_rate=0.01)),
    ("pytorch-optimizer Fromage", o.Fromage(learning_rate=0.01), pytorch_optimizer("Fromage", lr=0.01)),
    (
        "torch ASGD",
        o.ASGD(learning_rate=5e-4, weight_decay=1e-4),
        torch("ASGD", lr=5e-4),
    ),
    (
        "torch ASGD falling",
        o.ASGD(learning_rate=5e-4, weight_decay=3.0, power=0.6),
        torch("ASGD", lr=5e-4, lambd=3.0, alpha=0.6),
    ),
    ("paper ftrl", o.FTRL(learning_rate=0.3, l1=0.05, l2=0.1), published(ftrl)),
    (
        "keras Ftrl",
        o.FTRL(learning_rate=0.3, beta=0.5, l1=0.05, l2=0.1),
        keras(
            "Ftrl",
            learning_rate=0.3,
            initial_accumulator_value=0.0,
            beta=0.5,
            l1_regularization_strength=0.05,
            l2_regularization_strength=0.1,
        ),
    ),
]


@functools.cache
def theirs(name: str, problem: Valley) -> Path:
    return next(oracle for case, _, oracle in CASES if case == name)(problem)


@pytest.mark.parametrize("ours", [ours_traced, ours_updated])
@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_the_same_path(case: Any, problem: Valley, ours: Any) -> None:
    name, rule, _ = case
    points = theirs(name, problem).points
    assert difference(ours(rule, problem).points, points) <= TOLERANCE
    assert abs(points[-1] - points[0]).max() > 1e-3  # it is worth comparing
    assert abs(points).max() < 1e3


@pytest.mark.parametrize("begin", [0.0, 50.0])
def test_the_average_of_asgd_is_that_of_torch(begin: float) -> None:
    framework = pytest.importorskip("torch")
    x = framework.tensor(QUADRATIC.start, dtype=framework.float64, requires_grad=True)
    optimizer = framework.optim.ASGD([x], lr=0.3, t0=begin, lambd=0.01, foreach=False)
    before = framework.get_default_dtype()
    framework.set_default_dtype(framework.float64)
    try:
        for _ in range(STEPS):
            x.grad = framework.tensor(QUADRATIC.gradient(x.detach().numpy()))
            optimizer.step()
    finally:
        framework.set_default_dtype(before)
    ours = ours_updated(o.ASGD(learning_rate=0.3, weight_decay=0.01, begin=begin), QUADRATIC)
    average = optimizer.state[x]["ax"].numpy()
    np.testing.assert_allclose(ours.answer, average, rtol=1e-10)
    assert not np.allclose(ours.answer, ours.points[-1], rtol=1e-3)


# where a trusted implementation goes another way


def test_optax_takes_the_first_gradient_for_the_one_before_it() -> None:
    ours = ours_updated(o.OptimisticGradient(learning_rate=0.1), QUADRATIC).points
    theirs = optax("optimistic_gradient_descent", learning_rate=0.1)(QUADRATIC).points
    g = QUADRATIC.gradient(ours[0])
    np.testing.assert_allclose(ours[0] - ours[1], 0.2 * g, rtol=1e-12)
    np.testing.assert_allclose(theirs[0] - theirs[1], 0.1 * g, rtol=1e-12)


def test_pytorch_optimizer_adds_epsilon_before_the_correction() -> None:
    g, ε = QUADRATIC.gradient(np.array(QUADRATIC.start)), 0.5
    for rule, name in ((o.LaProp(learning_rate=0.1, epsilon=ε), "LaProp"),):
        ours = ours_updated(rule, QUADRATIC).points
        theirs = pytorch_optimizer(name, lr=0.1, eps=ε)(QUADRATIC).points
        np.testing.assert_allclose(ours[0] - ours[1], 0.1 * g / (np.abs(g) + ε), rtol=1e-12)
        later = ε / np.sqrt(1 - 0.999)
        np.testing.assert_allclose(theirs[0] - theirs[1], 0.1 * g / (np.abs(g) + later), rtol=1e-12)


def test_keras_pulls_the_start_of_ftrl_towards_zero() -> None:
    """By the part of the initial accumulator: the point that its z of 0 stands for is 0."""
    x = np.array(QUADRATIC.start)
    g, n = QUADRATIC.gradient(x), 0.1
    theirs = keras("Ftrl", learning_rate=0.1)(QUADRATIC).points
    root = np.sqrt(n + g * g)
    np.testing.assert_allclose(theirs[1], x * (1 - np.sqrt(n) / root) - 0.1 * g / root, rtol=1e-12)
    ours = ours_updated(o.FTRL(learning_rate=0.1), QUADRATIC).points
    np.testing.assert_allclose(ours[1], x - 0.1 * g / np.abs(g), rtol=1e-12)


# limits to rules that are known, to the last digits


def same(a: o.Optimizer, b: o.Optimizer, tolerance: float = 1e-11) -> bool:
    return all(
        difference(ours_updated(a, problem).points, ours_updated(b, problem).points) <= tolerance
        for problem in PROBLEMS
    )


LIMITS: list[tuple[o.Optimizer, o.Optimizer]] = [
    (o.QHM(learning_rate=1e-3, nu=0), o.GradientDescent(learning_rate=1e-3)),
    (o.QHM(learning_rate=1e-3, momentum=0.9, nu=1), o.Momentum(learning_rate=1e-4, momentum=0.9)),
    (o.QHM(learning_rate=1e-3, momentum=0.9, nu=0.9), o.Nesterov(learning_rate=1e-4, momentum=0.9)),
    (o.QHAdam(learning_rate=0.05, nu1=1, nu2=1), o.Adam(learning_rate=0.05, beta1=0.995)),
    (o.AggMo(learning_rate=1e-3, velocities=1), o.GradientDescent(learning_rate=1e-3)),
    (o.OptimisticGradient(learning_rate=1e-3, optimism=0), o.GradientDescent(learning_rate=1e-3)),
    (o.Tiger(learning_rate=0.013, beta=0.9), o.Lion(learning_rate=0.013, beta2=0.9)),
    (o.SM3(learning_rate=0.1, momentum=0), o.AdaGrad(learning_rate=0.1, epsilon=0)),
    (o.FTRL(learning_rate=0.1), o.AdaGrad(learning_rate=0.1, epsilon=0)),
    (o.LaProp(learning_rate=0.05, beta1=0), o.Adam(learning_rate=0.05, beta1=0, epsilon=0)),
    (o.Grams(learning_rate=0.05, beta1=0), o.Adam(learning_rate=0.05, beta1=0, epsilon=1e-6)),
    (o.ASGD(learning_rate=5e-4), o.GradientDescent(learning_rate=5e-4)),
]


@pytest.mark.parametrize(("rule", "known"), LIMITS, ids=lambda rule: rule.name())
def test_the_limit_to_a_known_rule(rule: o.Optimizer, known: o.Optimizer) -> None:
    assert same(rule, known)
