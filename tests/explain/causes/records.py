"""Loops of other people, of which only the record is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds

from .known import About, Known

R = ds.optimizers
Cost = Callable[[Any], tuple[float, Any]]


def quadratic(*curvatures: float) -> Cost:
    """Half the sum of h_i x_i², with its gradient."""
    h = np.array(curvatures)
    return lambda x: (float(h @ (x * x)) / 2, h * x)


def loop(rule: Any, cost: Cost, start: Any, steps: int, **more: Any) -> Callable[[], Any]:
    """A plain loop with an ``Updater``, recorded; ``noise`` is added to its gradients."""
    noise, options = more.pop("noise", 0.0), more

    def run() -> Any:
        rng = np.random.default_rng(1)
        updater, params = ds.Updater(rule), {"x": np.array(start, np.float64)}
        with np.errstate(all="ignore"), ds.record(updater, **options) as record:
            for _ in range(steps):
                value, gradient = cost(params["x"])
                jolt = noise * rng.standard_normal(len(params["x"]))
                updater.update(params, {"x": gradient + jolt}, value + float(jolt @ params["x"]))
        return record

    return run


def _root(x: Any) -> tuple[float, Any]:
    return float(np.sqrt(x[0])), 0.5 / np.sqrt(x)


def _uphill(x: Any) -> tuple[float, Any]:
    return float(x @ x), -2 * x


def _summit(x: Any) -> tuple[float, Any]:
    return -float(x @ x), -2 * x


def cases() -> list[Known]:
    """All of them."""
    made = []
    above: dict[str, Any] = {"never": ("diverging", "unfinished", "plateau", "noisy", "not_moving")}
    for name, rule, h, limit in [
        ("gradient descent", R.SGD(learning_rate=1.05), (0.1, 2.0), 1.0),
        ("gradient descent, three", R.SGD(learning_rate=0.3), (1.0, 2.0, 8.0), 0.25),
        ("gradient descent, one", R.SGD(learning_rate=3.0), (1.0,), 2.0),
        ("heavy ball", R.Momentum(learning_rate=2.0, momentum=0.5), (2.0,), 1.5),
        ("heavy ball, two", R.Momentum(learning_rate=0.5, momentum=0.9), (0.5, 10.0), 0.38),
        ("Nesterov", R.Nesterov(learning_rate=0.9, momentum=0.5), (2.0,), 0.75),
    ]:
        made.append(
            Known(
                name=f"a loop above the limit: {name}",
                make=loop(rule, quadratic(*h), np.linspace(1, 2, len(h)), 40),
                named=("learning_rate_above_limit",),
                numbers={"learning_rate_above_limit.limit": About(limit, 1e-3)},
                why="2/L, 2(1+β)/L, 2(1+β)/((1+2β)L)",
                **above,
            )
        )
    for name, make, code in [
        ("overflow", loop(R.SGD(learning_rate=1e3), quadratic(2.0), [1.0], 200), "not_finite"),
        ("a root of a negative number", loop(R.SGD(learning_rate=0.5), _root, [0.5], 30), "not_finite"),
        ("the wrong sign", loop(R.SGD(learning_rate=0.1), _uphill, [1.0, 2.0], 30), "diverging"),
        ("the wrong sign, Adam", loop(R.Adam(learning_rate=0.5), _uphill, [1.0], 30), "diverging"),
        ("minus a bowl", loop(R.SGD(learning_rate=0.1), _summit, [1.0, 2.0], 60), "unbounded_below"),
        ("minus a bowl, to 1e60", loop(R.SGD(learning_rate=4.0), _summit, [1.0, 3.0], 30), "unbounded_below"),
        ("no gradient", loop(R.SGD(learning_rate=0.1), lambda x: (3.0, 0 * x), [1.0, 2], 9), "not_moving"),
        ("steps of nothing", loop(R.SGD(learning_rate=1e-300), quadratic(1.0), [5.0], 9), "not_moving"),
        ("to and fro", loop(R.SGD(learning_rate=0.97), quadratic(0.3, 2.0), [-7.0, 2], 30), "zigzag"),
        ("to and fro, one", loop(R.SGD(learning_rate=1.9), quadratic(1.0), [3.0], 40), "zigzag"),
        ("noise", loop(R.SGD(learning_rate=0.1), quadratic(1.0, 3.0), [5.0, 5], 400, noise=1.0), "noisy"),
        (
            "noise, Adam",
            loop(R.Adam(learning_rate=0.5), quadratic(1.0, 3.0), [5.0, 5], 400, noise=2.0),
            "noisy",
        ),
        (
            "a rate that dies",
            loop(R.SGD(learning_rate=0.3 * R.schedules.Exponential(rate=0.6)), quadratic(1.0), [5.0], 60),
            "plateau",
        ),
        ("stopped early", loop(R.SGD(learning_rate=0.005), quadratic(1.0), [5.0], 100), "unfinished"),
        ("stopped early, Adam", loop(R.Adam(learning_rate=0.01), quadratic(1.0), [5.0], 100), "unfinished"),
        (
            "stopped early, norms",
            loop(R.SGD(learning_rate=0.005), quadratic(1.0), [5.0], 99, parameters="norms"),
            "unfinished",
        ),
    ]:
        made.append(
            Known(
                name=f"a loop: {name}",
                make=make,
                named=(f"{code}|too_few_steps|schedule_too_fast",)
                if code in ("unfinished", "plateau")
                else (code,),
                never=("learning_rate_above_limit",) if code not in ("not_finite",) else (),
                why="the loop was made to be so",
            )
        )
    return made


def healthy() -> list[Known]:
    """Loops in which nothing is wrong."""
    bowls = {"κ 3": (1.0, 3.0), "κ 1": (2.0, 2.0), "κ 10": (0.5, 5.0), "one": (1.5,)}
    rules = {
        "gradient descent": (lambda L, small: R.SGD(learning_rate=1 / L), 150),
        "the best rate": (lambda L, small: R.SGD(learning_rate=2 / (L + small)), 150),
        "momentum": (lambda L, small: R.Momentum(learning_rate=0.2 / L, momentum=0.9), 500),
        "nesterov": (lambda L, small: R.Nesterov(learning_rate=0.5 / L, momentum=0.7), 200),
        "adam": (lambda L, small: R.Adam(learning_rate=0.1), 1200),
        "l-bfgs": (lambda L, small: R.LBFGS(), 25),
        "adgd": (lambda L, small: R.AdGD(), 200),
    }
    return [
        Known(
            name=f"a healthy loop: {name} on {bowl}",
            make=loop(rule(max(h), min(h)), quadratic(*h), [5.0, -4.0][: len(h)], steps),
            quiet=True,
            why="it arrives: the last gradient is a millionth of the first",
        )
        for name, (rule, steps) in rules.items()
        for bowl, h in bowls.items()
    ]
