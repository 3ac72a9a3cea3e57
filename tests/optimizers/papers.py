"""Rules written out from their papers in plain NumPy, line by line and without any of our code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from oracles import STEPS, Oracle, Path, Valley

Walk = Callable[[Valley], Iterator[Any]]  # gives the points from the start on, for ever


def paper(walk: Walk) -> Oracle:
    """The points of a walk; the last is its answer."""

    def path(problem: Valley) -> Path:
        points = [x.copy() for x, _ in zip(walk(problem), range(STEPS + 1), strict=False)]
        return Path(np.array(points), points[-1])

    return path


def adopt(η: float, β1: float, β2: float, ε: float) -> Walk:
    """arXiv 2411.02853, algorithm 2, with c_t = t^(1/4)."""

    def walk(problem: Valley) -> Iterator[Any]:
        x = np.array(problem.start)
        yield x
        v, m, t = problem.gradient(x) ** 2, np.zeros(2), 0
        yield x  # the first gradient only measures
        while True:
            t += 1
            g = problem.gradient(x)
            m = β1 * m + (1 - β1) * np.clip(g / np.maximum(np.sqrt(v), ε), -(t**0.25), t**0.25)
            x = x - η * m
            v = β2 * v + (1 - β2) * g**2
            yield x

    return walk


def ademamix(η: float, betas: tuple[float, float, float], α: float, T: int, λ: float) -> Walk:
    """arXiv 2409.03137, algorithm 1, with the schedules of its section 3."""

    def walk(problem: Valley) -> Iterator[Any]:
        β1, β2, β3 = betas
        x, m1, m2, v, t = np.array(problem.start), np.zeros(2), np.zeros(2), np.zeros(2), 0
        while True:
            yield x
            t += 1
            αt = min(t * α / T, α)
            bend = (1 - t / T) * np.log(β3) + t / T * np.log(β1)
            β3t = min(np.exp(np.log(β1) * np.log(β3) / bend), β3) if t < T else β3
            g = problem.gradient(x)
            m1, m2 = β1 * m1 + (1 - β1) * g, β3t * m2 + (1 - β3t) * g
            v = β2 * v + (1 - β2) * g**2
            x = x - η * ((m1 / (1 - β1**t) + αt * m2) / (np.sqrt(v / (1 - β2**t)) + 1e-8) + λ * x)

    return walk


def adan(η: float, λ: float, looks: Callable[[float], float] = lambda β2: β2, prox: bool = True) -> Walk:
    """arXiv 2208.06677, algorithm 1, corrected as in the authors' code; ``looks`` is the weight of the look ahead."""

    def walk(problem: Valley) -> Iterator[Any]:
        β1, β2, β3 = 0.98, 0.92, 0.99
        x, m, v, n, t = np.array(problem.start), np.zeros(2), np.zeros(2), np.zeros(2), 0
        last = problem.gradient(x)
        while True:
            yield x
            t += 1
            g = problem.gradient(x)
            m, v = β1 * m + (1 - β1) * g, β2 * v + (1 - β2) * (g - last)
            n = β3 * n + (1 - β3) * (g + looks(β2) * (g - last)) ** 2
            last = g
            step = (m / (1 - β1**t) + looks(β2) * v / (1 - β2**t)) / (np.sqrt(n / (1 - β3**t)) + 1e-8)
            x = (x - η * step) / (1 + η * λ) if prox else x - η * (step + λ * x)

    return walk


def lars(η: float, μ: float, c: float, λ: float) -> Walk:
    """arXiv 1708.03888, algorithm 1."""

    def walk(problem: Valley) -> Iterator[Any]:
        x, v = np.array(problem.start), np.zeros(2)
        while True:
            yield x
            g = problem.gradient(x)
            local = c * np.linalg.norm(x) / (np.linalg.norm(g) + λ * np.linalg.norm(x))
            v = μ * v + η * local * (g + λ * x)
            x = x - v

    return walk


def lamb(η: float, λ: float) -> Walk:
    """arXiv 1904.00962, algorithm 2."""

    def walk(problem: Valley) -> Iterator[Any]:
        x, m, v, t = np.array(problem.start), np.zeros(2), np.zeros(2), 0
        while True:
            yield x
            t += 1
            g = problem.gradient(x)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            r = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6) + λ * x
            x = x - η * np.linalg.norm(x) / np.linalg.norm(r) * r

    return walk


def novograd(η: float, β1: float, β2: float, λ: float) -> Walk:
    """arXiv 1905.11286, algorithm 1."""

    def walk(problem: Valley) -> Iterator[Any]:
        x = np.array(problem.start)
        yield x
        g = problem.gradient(x)
        v = g @ g
        m = g / (np.sqrt(v) + 1e-6) + λ * x
        while True:
            x = x - η * m
            yield x
            g = problem.gradient(x)
            v = β2 * v + (1 - β2) * (g @ g)
            m = β1 * m + (g / (np.sqrt(v) + 1e-6) + λ * x)

    return walk


def madgrad(γ: float, c: float, ε: float) -> Walk:
    """arXiv 2101.11075, algorithm 1."""

    def walk(problem: Valley) -> Iterator[Any]:
        x0 = x = np.array(problem.start)
        s, v, k = np.zeros(2), np.zeros(2), 0
        while True:
            yield x
            λ = γ * np.sqrt(k + 1)
            g = problem.gradient(x)
            s, v, k = s + λ * g, v + λ * g * g, k + 1
            x = (1 - c) * x + c * (x0 - s / (np.cbrt(v) + ε))

    return walk


def momo(α: float, β: float, least: float) -> Walk:
    """arXiv 2305.07583, algorithm 1: the model max over the mean of the tangents, minimised near x."""

    def walk(problem: Valley) -> Iterator[Any]:
        x = np.array(problem.start)
        tangents: list[tuple[float, float, Any]] = []  # weight, value at zero, slope
        while True:
            yield x
            g, f = problem.gradient(x), problem.value(x)
            tangents = [(β * w, at_zero, slope) for w, at_zero, slope in tangents]
            tangents.append((1 - β if tangents else 1.0, f - g @ x, g))
            d = sum(w * slope for w, _, slope in tangents)
            model = sum(w * (at_zero + slope @ x) for w, at_zero, slope in tangents)
            x = x - min(α, max(model - least, 0.0) / (d @ d)) * d

    return walk


def momo_adam(α: float, β1: float, β2: float, least: float) -> Walk:
    """arXiv 2305.07583, algorithm 3, in the same form."""

    def walk(problem: Valley) -> Iterator[Any]:
        x, v, k = np.array(problem.start), np.zeros(2), 0
        tangents: list[tuple[float, float, Any]] = []
        while True:
            yield x
            k += 1
            g, f = problem.gradient(x), problem.value(x)
            tangents = [(β1 * w, at_zero, slope) for w, at_zero, slope in tangents]
            tangents.append((1 - β1, f - g @ x, g))
            v = β2 * v + (1 - β2) * g * g
            D = 1e-8 + np.sqrt(v / (1 - β2**k))
            d = sum(w * slope for w, _, slope in tangents)
            model = sum(w * (at_zero + slope @ x) for w, at_zero, slope in tangents)
            share = 1 - β1**k
            x = x - min(α / share, max(model - share * least, 0.0) / (d @ (d / D))) * d / D

    return walk


def cocob(α: float, ε: float) -> Walk:
    """arXiv 1705.07795, algorithm 2, whose g is the negative gradient."""

    def walk(problem: Valley) -> Iterator[Any]:
        first = x = np.array(problem.start)
        L, G, reward, θ = np.full(2, ε), np.zeros(2), np.zeros(2), np.zeros(2)
        while True:
            yield x
            g = -problem.gradient(x)
            L, G = np.maximum(L, np.abs(g)), G + np.abs(g)
            reward, θ = np.maximum(reward + (x - first) * g, 0), θ + g
            x = first + θ / (L * np.maximum(G + L, α * L)) * (L + reward)

    return walk


def dowg(r: float, ε: float) -> Walk:
    """arXiv 2305.16284, algorithm 1, with a guard against division by zero."""

    def walk(problem: Valley) -> Iterator[Any]:
        start = x = np.array(problem.start)
        v, far = 0.0, r
        while True:
            yield x
            g = problem.gradient(x)
            far = max(far, float(np.linalg.norm(x - start)))
            v += far**2 * (g @ g)
            x = x - far**2 / (np.sqrt(v) + ε) * g

    return walk


def acprop(η: float, β1: float, β2: float, ε: float, before: bool = False) -> Walk:
    """arXiv 2110.05454, algorithm 2, with the zero start corrected; ``before``: distances from the mean before."""

    def walk(problem: Valley) -> Iterator[Any]:
        x, m, s, t = np.array(problem.start), np.zeros(2), np.zeros(2), 0
        while True:
            yield x
            g = problem.gradient(x)
            x = x - η * g / (np.sqrt(s / (1 - β2**t) if t else np.ones(2)) + ε)
            old, m = m, β1 * m + (1 - β1) * g
            s = β2 * s + (1 - β2) * (g - (old if before else m)) ** 2 + ε
            t += 1

    return walk
