"""A step of each method beside its counterpart in torch.optim (or pytorch-optimizer), and in optax inside JAX's loop.

The problem is a chain of wells in 2 and 20 variables. Ratios are printed from one run; above 1, downslope is faster.

    python benchmarks/methods.py            # every method that has a counterpart
    python benchmarks/methods.py adam lion  # some
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import downslope as ds
from downslope.optimizers import Optimizer

RATE = 1e-3
TORCH: dict[str, tuple[str, dict[str, Any]]] = {
    "gradient_descent": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "rmsprop": ("RMSprop", {}),
    "centred_rmsprop": ("RMSprop", {"centered": True}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
    "rprop": ("Rprop", {}),
    "asgd": ("ASGD", {}),
}
OPTAX: dict[str, Callable[[Any], Any]] = {
    "gradient_descent": lambda optax: optax.sgd(RATE),
    "momentum": lambda optax: optax.sgd(RATE, momentum=0.9),
    "adagrad": lambda optax: optax.adagrad(RATE),
    "rmsprop": lambda optax: optax.rmsprop(RATE),
    "adam": lambda optax: optax.adam(RATE),
    "adamw": lambda optax: optax.adamw(RATE),
    "nadam": lambda optax: optax.nadam(RATE),
    "radam": lambda optax: optax.radam(RATE),
    "adabelief": lambda optax: optax.adabelief(RATE),
    "yogi": lambda optax: optax.yogi(RATE),
    "lion": lambda optax: optax.lion(RATE),
    "dog": lambda optax: optax.contrib.dog(1.0),
    "prodigy": lambda optax: optax.contrib.prodigy(1.0),
    "sm3": lambda optax: optax.sm3(RATE),
    "fromage": lambda optax: optax.fromage(RATE),
    "optimistic_gradient": lambda optax: optax.optimistic_gradient_descent(RATE),
}
FURTHER: dict[str, str] = {  # by the name that each has in pytorch-optimizer
    "qhm": "QHM",
    "qhadam": "QHAdam",
    "aggmo": "AggMo",
    "laprop": "LaProp",
    "tiger": "Tiger",
    "grams": "Grams",
    "mars": "MARS",
    "sm3": "SM3",
    "fromage": "Fromage",
}


def best(run: Callable[[], Any], steps: int, repetitions: int = 3) -> float:
    """Seconds a step, the best of some repetitions after one to warm up."""
    run()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times) / steps


def ours(optimizer: Optimizer, d: int, steps: int = 300_000) -> float:
    terms = " + ".join(f"(x{i}^2 - 1)^2/4 + (x{i} - x{i % d + 1})^2/8" for i in range(1, d + 1))
    start = {f"x{i}": 0.3 + 0.01 * i for i in range(1, d + 1)}
    return best(
        lambda: ds.minimize(terms, start, optimizer=optimizer, steps=steps, every=steps, explain=False), steps
    )


def theirs_in_torch(name: str, d: int, steps: int = 300) -> float:
    import torch

    x = (0.3 + 0.01 * torch.arange(1, d + 1, dtype=torch.float64)).requires_grad_()
    if name in TORCH:
        kind, options = TORCH[name]
        optimizer = getattr(torch.optim, kind)([x], lr=RATE, **options)
    else:
        import pytorch_optimizer

        optimizer = getattr(pytorch_optimizer, FURTHER[name])([x], lr=RATE)

    def run() -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            cost = ((x * x - 1) ** 2).sum() / 4 + ((x - torch.roll(x, -1)) ** 2).sum() / 8
            cost.backward()
            optimizer.step()

    return best(run, steps)


def theirs_in_optax(name: str, d: int, steps: int = 20_000) -> float:
    import jax
    import jax.numpy as jnp
    import optax
    import optax.contrib  # noqa: F401 - so that optax has it

    jax.config.update("jax_enable_x64", True)
    rule = OPTAX[name](optax)
    gradient = jax.grad(lambda x: ((x * x - 1) ** 2).sum() / 4 + ((x - jnp.roll(x, -1)) ** 2).sum() / 8)

    def step(_: int, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        x, state = carry
        updates, state = rule.update(gradient(x), state, x)
        return optax.apply_updates(x, updates), state

    x = 0.3 + 0.01 * jnp.arange(1.0, d + 1)
    loop = jax.jit(lambda x, state: jax.lax.fori_loop(0, steps, step, (x, state))[0])
    state = rule.init(x)
    return best(lambda: loop(x, state).block_until_ready(), steps)


def ratio(measure: Callable[[], float], mine: float) -> str:
    try:
        return f"{measure() / mine:10.1f}"
    except ImportError:
        return "   not here"


def main(names: list[str]) -> None:
    print(
        f"{'method':22s} {'variables':>9s} {'ns a step':>10s} {'torch':>12s} {'optax in JAX':>13s}   times ours"
    )
    for name in names or sorted({*TORCH, *OPTAX, *FURTHER}):
        cls = ds.optimizers.optimizer_class(name)
        fields = cls().hyperparameters()
        optimizer = cls(learning_rate=RATE) if "learning_rate" in fields and name != "prodigy" else cls()
        for d in (2, 20):
            mine = ours(optimizer, d)
            torch_ratio = (
                ratio(lambda name=name, d=d: theirs_in_torch(name, d), mine)
                if name in TORCH or name in FURTHER
                else "-"
            )
            optax_ratio = (
                ratio(lambda name=name, d=d: theirs_in_optax(name, d), mine) if name in OPTAX else "-"
            )
            print(f"{name:22s} {d:9d} {mine * 1e9:10.1f} {torch_ratio:>12s} {optax_ratio:>13s}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
