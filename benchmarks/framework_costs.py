"""A cost written in a framework: downslope's run beside that framework's own loop, to the same point.

A step's cost is that of the steps beyond the first, so that reading and compiling a cost, done once, are left out.
Small costs can be compiled whole; costs that branch on a value cannot, and are computed step by step by their own
framework; so is the network, whose hundreds of thousands of parameters are too many for formulas. Where millions of
steps are made the learning rate is so small that the last one still descends: behind the end of a descent, Adam's
means fade into numbers below 1e-308, with which processors are slow and which JAX takes for zero. A part of
``frameworks.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import downslope as ds
from turns import beyond_the_first, compare, seconds

TURNS = 9
START = [-7.0, 4.0]
SMALL = 1e-6  # a learning rate with which two million steps do not arrive


@dataclass
class Case:
    """The same descent twice: by the framework's own loop and by downslope."""

    name: str
    theirs: Callable[[int], Any]  # so many steps from the start; where it ended
    ours: Callable[[int], ds.Run]
    their_steps: int
    our_steps: int
    limit: float  # the least ratio theirs/ours that is asked for
    start: Any


def numbers(point: Any) -> np.ndarray:
    parts = point if isinstance(point, (list, tuple)) else [point]
    return np.concatenate(
        [np.ravel(p.detach().numpy() if hasattr(p, "detach") else np.asarray(p)) for p in parts]
    )


def run(case: Case) -> None:
    check = min(case.their_steps, case.our_steps, 50)
    start, ours, theirs = map(numbers, (case.start, case.ours(check).x, case.theirs(check)))
    assert np.linalg.norm(ours - theirs) < 1e-3 * np.linalg.norm(theirs - start) > 0, case.name
    found = compare(
        beyond_the_first(case.ours, case.our_steps), beyond_the_first(case.theirs, case.their_steps), TURNS
    )
    low, middle, high = 1 / found.high, 1 / found.middle, 1 / found.low
    verdict = "" if high >= case.limit else f"   below {case.limit:g}"
    times = f"theirs {seconds(found.theirs)}   ours {seconds(found.ours)} {case.ours(2).engine:<9}"
    print(
        f"  {case.name:<50} {times} {middle:>8.2f} times faster ({low:.2f} to {high:.2f}){verdict}",
        flush=True,
    )


def descent(cost: Callable[..., Any], start: Any, rule: ds.optimizers.Optimizer) -> Callable[[int], ds.Run]:
    return lambda steps: ds.minimize(
        cost, start, optimizer=rule, steps=steps, every=max(1, steps // 4), explain=False
    )


def torch_cases() -> list[Case]:
    import torch

    torch.set_num_threads(
        1
    )  # where others compute too, its threads wait for each other: tenfold times by chance
    torch.manual_seed(0)
    sizes = ((32, 60), (700, 200))  # so many steps that what is done once, a tenth of a second, drowns
    return [*torch_bowls(), *(case for width, steps in sizes for case in torch_networks(width, steps))]


def torch_rules() -> dict[str, tuple[ds.optimizers.Optimizer, Callable[..., Any]]]:
    """Our rule and what makes torch's optimizer, by its name there."""
    import torch

    return {
        "SGD": (ds.optimizers.GradientDescent(learning_rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        "Adam": (ds.optimizers.Adam(learning_rate=0.001), lambda p: torch.optim.Adam(p, lr=0.001)),
    }


def torch_loop(
    cost: Callable[..., Any], start: list[Any], make: Callable[..., Any]
) -> Callable[[int], list[Any]]:
    def steps(count: int) -> list[Any]:
        params = [s.clone().requires_grad_() for s in start]
        optimizer = make(params)
        for _ in range(count):
            optimizer.zero_grad()
            cost(*params).backward()
            optimizer.step()
        return params

    return steps


def torch_bowls() -> list[Case]:
    """A cost of two parameters, as it is and with a branch that keeps it from being compiled."""
    import torch

    def bowl(p: Any) -> Any:
        return (p[0] - 1) ** 2 / 20 + (p[1] - 2) ** 2

    def branching(p: Any) -> Any:
        return bowl(p) if p[0] < 1e9 else p.sum()

    start = torch.tensor(START, dtype=torch.float64)
    return [
        Case(
            f"torch.optim.{name}, {what}",
            torch_loop(cost, [start], make),
            descent(cost, start, rule),
            their_steps=1000,
            our_steps=steps,
            limit=limit,
            start=start,
        )
        for name, (rule, make) in torch_rules().items()
        for what, cost, steps, limit in (
            ("a small cost", bowl, 200_000, 100),
            ("one that branches", branching, 1000, 0.95),
        )
    ]


def torch_networks(width: int, steps: int) -> list[Case]:
    """Two hidden layers of that width."""
    import torch

    x, y = torch.randn(256, 64), torch.randn(256, 1)
    shapes = [(64, width), (width,), (width, width), (width,), (width, 1)]
    weights = [torch.randn(s) / s[0] ** 0.5 for s in shapes]

    def network(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:  # noqa: PLR0917 - a weight each
        return ((torch.tanh(torch.tanh(x @ a + b) @ c + d) @ e - y) ** 2).mean()

    size = sum(w.numel() for w in weights)
    names = dict(zip("abcde", weights, strict=True))

    def listed(rule: ds.optimizers.Optimizer) -> Callable[[int], Any]:
        ours = descent(network, names, rule)
        return lambda count: Listed(ours(count))

    return [
        Case(
            f"torch.optim.{name}, a network of {size:,}",
            torch_loop(network, weights, make),
            listed(rule),
            their_steps=steps,
            our_steps=steps,
            limit=0.95,
            start=weights,
        )
        for name, (rule, make) in torch_rules().items()
    ]


class Listed:
    """A run whose answer is a list."""

    def __init__(self, run: ds.Run) -> None:
        self.x, self.engine = list(run.x.values()), run.engine


def jax_cases() -> list[Case]:
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", True)

    def bowl(p: Any) -> Any:
        return (p[0] - 1) ** 2 / 20 + (p[1] - 2) ** 2

    def jitted_loop(make: Any) -> Callable[[int], Any]:
        optimizer = make()

        @jax.jit
        def loop(count: Any, p: Any) -> Any:
            def body(_: Any, carry: Any) -> Any:
                p, state = carry
                updates, state = optimizer.update(jax.grad(bowl)(p), state, p)
                return optax.apply_updates(p, updates), state

            return jax.lax.fori_loop(0, count, body, (p, optimizer.init(p)))[0]

        return lambda count: jax.block_until_ready(loop(count, jnp.array(START)))

    def jitted_step(make: Any) -> Callable[[int], Any]:
        optimizer = make()

        @jax.jit
        def step(p: Any, state: Any) -> Any:
            updates, state = optimizer.update(jax.grad(bowl)(p), state, p)
            return optax.apply_updates(p, updates), state

        def loop(count: int) -> Any:
            p = jnp.array(START)
            state = optimizer.init(p)
            for _ in range(count):
                p, state = step(p, state)
            return jax.block_until_ready(p)

        return loop

    cases = []
    for name, rule, make in (
        ("sgd", ds.optimizers.GradientDescent(learning_rate=SMALL), lambda: optax.sgd(SMALL)),
        ("adam", ds.optimizers.Adam(learning_rate=SMALL), lambda: optax.adam(SMALL)),
    ):
        ours = descent(bowl, jnp.array(START), rule)
        cases += [
            Case(f"optax.{name}, jitted step", jitted_step(make), ours, 2000, 2_000_000, 100, START),
            Case(
                f"optax.{name}, the whole loop jitted, no history",
                jitted_loop(make),
                ours,
                2_000_000,
                2_000_000,
                0.95,
                START,
            ),
        ]
    return cases


def tensorflow_cases() -> list[Case]:
    import keras
    import tensorflow as tf

    def bowl(p: Any) -> Any:
        return (p[0] - 1) ** 2 / 20 + (p[1] - 2) ** 2

    def loop(make: Any, compiled: bool) -> Callable[[int], Any]:
        def steps(count: int) -> Any:
            p = tf.Variable(START, dtype=tf.float64)
            return advance(p, make(), count)

        def advance(p: Any, optimizer: Any, count: int) -> Any:
            def step() -> None:
                with tf.GradientTape() as tape:
                    value = bowl(p)
                optimizer.apply_gradients([(tape.gradient(value, p), p)])

            optimizer.build([p])
            step = tf.function(step) if compiled else step
            for _ in range(count):
                step()
            return p

        return steps

    cases = []
    for name, rule, make in (
        ("SGD", ds.optimizers.GradientDescent(learning_rate=SMALL), lambda: keras.optimizers.SGD(SMALL)),
        ("Adam", ds.optimizers.Adam(learning_rate=SMALL, epsilon=1e-7), lambda: keras.optimizers.Adam(SMALL)),
    ):
        ours = descent(bowl, tf.constant(START, tf.float64), rule)
        cases += [
            Case(f"keras.optimizers.{name}, eager", loop(make, False), ours, 200, 2_000_000, 100, START),
            Case(
                f"keras.optimizers.{name}, tf.function", loop(make, True), ours, 1000, 2_000_000, 100, START
            ),
        ]
    return cases


def whole_descents() -> None:
    """Every case of the frameworks that are installed."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    print("\nwhole descents of a framework's cost: a step")
    for cases in (torch_cases, jax_cases, tensorflow_cases):
        try:
            for case in cases():
                run(case)
        except ModuleNotFoundError as error:
            print(f"  left out, for {error.name} is not installed: {cases.__name__}")
