"""A step of each method beside its counterpart in torch.optim or pytorch-optimizer, and beside optax inside JAX's loop.

The problem is a chain of wells in 2 and 20 variables. Ratios are printed from one run; above 1, downslope is faster.
A step of ours is one of `minimize`, with its tests for the end; the loop in JAX has none. Methods without a rate (dog,
prodigy, cocob, dowg) arrive, and numbers below 1e-308 are slow from then on.

Methods that step whole matrices follow: given gradients of square matrices in float32, our rule as torch's optimizer
beside torch's own (Muon computes in bfloat16 there), and as optax's transformation, compiled, beside optax's own.

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

RATE = 1e-6  # so small that no method arrives: means that fade to numbers below 1e-308 would be timed, which are slow
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
PYTORCH_OPTIMIZER: dict[str, tuple[str, dict[str, Any]]] = {  # which torch.optim does not have
    "adopt": ("ADOPT", {}),
    "ademamix": ("AdEMAMix", {}),
    "adan": ("Adan", {}),
    "lars": ("LARS", {}),
    "signum": ("SignSGD", {"momentum": 0.9}),
    "sign_descent": ("SignSGD", {"momentum": 0.0}),
    "novograd": ("NovoGrad", {}),
    "madgrad": ("MADGRAD", {}),
    "qhm": ("QHM", {}),
    "qhadam": ("QHAdam", {}),
    "aggmo": ("AggMo", {}),
    "laprop": ("LaProp", {}),
    "tiger": ("Tiger", {}),
    "grams": ("Grams", {}),
    "mars": ("MARS", {}),
    "sm3": ("SM3", {}),
    "fromage": ("Fromage", {}),
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
    "adopt": lambda optax: optax.contrib.adopt(RATE),
    "ademamix": lambda optax: optax.contrib.ademamix(RATE),
    "adan": lambda optax: optax.adan(RATE),
    "lamb": lambda optax: optax.lamb(RATE),
    "lars": lambda optax: optax.lars(RATE),
    "signum": lambda optax: optax.signum(RATE),
    "sign_descent": lambda optax: optax.sign_sgd(RATE),
    "novograd": lambda optax: optax.novograd(RATE),
    "madgrad": lambda optax: optax.contrib.madgrad(RATE),
    "momo": lambda optax: optax.contrib.momo(RATE),
    "momo_adam": lambda optax: optax.contrib.momo_adam(RATE),
    "cocob": lambda optax: optax.contrib.cocob(),
    "dowg": lambda optax: optax.contrib.dowg(),
    "acprop": lambda optax: optax.contrib.acprop(RATE),
    "sm3": lambda optax: optax.sm3(RATE),
    "fromage": lambda optax: optax.fromage(RATE),
    "optimistic_gradient": lambda optax: optax.optimistic_gradient_descent(RATE),
}

MATRICES: dict[str, tuple[str, Callable[[Any], Any]]] = {  # in torch.optim, and in optax
    "muon": ("Muon", lambda optax: optax.contrib.muon(RATE)),
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

    if name in TORCH:
        module, (kind, options) = torch.optim, TORCH[name]
    else:
        import pytorch_optimizer as module

        kind, options = PYTORCH_OPTIMIZER[name]
    x = (0.3 + 0.01 * torch.arange(1, d + 1, dtype=torch.float64)).requires_grad_()
    optimizer = getattr(module, kind)([x], lr=RATE, **options)

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
    rule = optax.with_extra_args_support(OPTAX[name](optax))
    gradient = jax.value_and_grad(
        lambda x: ((x * x - 1) ** 2).sum() / 4 + ((x - jnp.roll(x, -1)) ** 2).sum() / 8
    )

    def step(_: int, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        x, state = carry
        value, slope = gradient(x)  # of which XLA leaves out the value where no rule looks at it
        updates, state = rule.update(slope, state, x, value=value)
        return optax.apply_updates(x, updates), state

    x = 0.3 + 0.01 * jnp.arange(1.0, d + 1)
    loop = jax.jit(lambda x, state: jax.lax.fori_loop(0, steps, step, (x, state))[0])
    state = rule.init(x)
    return best(lambda: loop(x, state).block_until_ready(), steps)


def matrix_in_torch(name: str, d: int, mine: bool, steps: int = 50) -> float:
    import torch

    from downslope.torch import Optimizer as TorchOptimizer

    torch.manual_seed(0)
    w = torch.randn(d, d, requires_grad=True)
    w.grad = torch.randn(d, d)
    optimizer: Any = (
        TorchOptimizer([w], name, lr=RATE) if mine else getattr(torch.optim, MATRICES[name][0])([w], lr=RATE)
    )

    def run() -> None:
        for _ in range(steps):
            optimizer.step()

    return best(run, steps)


def matrix_in_optax(name: str, d: int, mine: bool, steps: int = 50) -> float:
    import jax
    import optax
    import optax.contrib  # noqa: F401 - so that optax has it

    own = ds.optimizers.as_optimizer(name, RATE).to_optax()
    rule = own if mine else MATRICES[name][1](optax)
    x, slope = (jax.random.normal(jax.random.key(k), (d, d), "float32") for k in (0, 1))

    def step(_: int, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        updates, state = rule.update(slope, carry[1], carry[0])
        return optax.apply_updates(carry[0], updates), state

    loop = jax.jit(lambda x, state: jax.lax.fori_loop(0, steps, step, (x, state))[0])
    state = rule.init(x)
    return best(lambda: loop(x, state).block_until_ready(), steps)


def matrices(names: list[str]) -> None:
    """The steps of those that step whole matrices."""
    for name in names:
        for d in (16, 128):
            for where, measure in (("torch", matrix_in_torch), ("optax in JAX", matrix_in_optax)):
                own = measure(name, d, True)
                print(
                    f"{name:22s} {d:5d}x{d:<5d} {own * 1e6:10.1f} us in {where}, whose own takes"
                    f" {ratio(lambda measure=measure, name=name, d=d: measure(name, d, False), own).strip()} times ours"
                )


def ratio(measure: Callable[[], float], mine: float) -> str:
    try:
        return f"{measure() / mine:10.1f}"
    except ImportError:
        return "   not here"


def main(names: list[str]) -> None:
    print(
        f"{'method':22s} {'variables':>9s} {'ns a step':>10s} {'PyTorch':>12s} {'optax in JAX':>13s}   times ours"
    )
    for name in [n for n in names if n not in MATRICES] or (
        [] if names else sorted({*TORCH, *OPTAX, *PYTORCH_OPTIMIZER})
    ):
        cls = ds.optimizers.optimizer_class(name)
        fields = cls().hyperparameters()
        optimizer = cls(learning_rate=RATE) if "learning_rate" in fields and name != "prodigy" else cls()
        for d in (2, 20):
            mine = ours(optimizer, d)
            torch_ratio = (
                ratio(lambda name=name, d=d: theirs_in_torch(name, d), mine)
                if name in TORCH or name in PYTORCH_OPTIMIZER
                else "-"
            )
            optax_ratio = (
                ratio(lambda name=name, d=d: theirs_in_optax(name, d), mine) if name in OPTAX else "-"
            )
            print(f"{name:22s} {d:9d} {mine * 1e9:10.1f} {torch_ratio:>12s} {optax_ratio:>13s}", flush=True)
    matrices([n for n in names if n in MATRICES] if names else sorted(MATRICES))


if __name__ == "__main__":
    main(sys.argv[1:])
