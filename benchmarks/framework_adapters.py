"""Our rules as the frameworks' own optimizers, beside theirs, in their loops. The ratio is ours to theirs.

"step" is the optimizer alone, "loop" is forward, backward and step, as people run it. Part of ``frameworks.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import downslope as ds
from turns import TURNS, Measure, compare, repeated, seconds

R = ds.optimizers
ALLOWED = 1.05


def line(name: str, ours: Measure, theirs: Measure, turns: int = TURNS) -> None:
    """Measure and print."""
    found = compare(ours, theirs, turns)
    mark = f"   over {ALLOWED}" if found.slower_than(ALLOWED) else ""
    times = f"ours {seconds(found.ours)}   theirs {seconds(found.theirs)}"
    print(
        f"  {name:<16} {times}   ratio {found.middle:5.2f} ({found.low:.2f} to {found.high:.2f}){mark}",
        flush=True,
    )


# --- torch -----------------------------------------------------------------------------------------------

SHAPES = (784, 1024, 256, 10)  # of the network: 1,068,810 parameters


def torch_pairs(torch: Any) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    T = torch.optim
    return {
        "SGD": (R.SGD(learning_rate=1e-3), lambda p: T.SGD(p, lr=1e-3)),
        "SGD, momentum": (R.Momentum(learning_rate=1e-3), lambda p: T.SGD(p, lr=1e-3, momentum=0.9)),
        "Adam": (R.Adam(), lambda p: T.Adam(p)),
        "AdamW": (R.AdamW(), lambda p: T.AdamW(p)),
        "RMSprop": (R.RMSProp(), lambda p: T.RMSprop(p)),
        "Adagrad": (R.AdaGrad(), lambda p: T.Adagrad(p)),
        "Adadelta": (R.AdaDelta(), lambda p: T.Adadelta(p)),
        "Adamax": (R.AdaMax(), lambda p: T.Adamax(p)),
        "NAdam": (R.NAdam(), lambda p: T.NAdam(p)),
        "RAdam": (R.RAdam(), lambda p: T.RAdam(p)),
        "Rprop": (R.Rprop(), lambda p: T.Rprop(p)),
    }


def torch_network(torch: Any) -> Any:
    torch.manual_seed(0)
    layers: list[Any] = []
    for a, b in pairwise(SHAPES):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def torch_optimizers() -> None:
    import torch

    from downslope.torch import TorchOptimizer

    torch.set_num_threads(
        1
    )  # where others compute, too, its threads wait for each other: tenfold times by chance

    def small() -> tuple[list[Any], Callable[[], Any]]:
        w = torch.tensor([-7.0, 2.0], requires_grad=True)
        return [w], lambda: w[0] ** 2 / 20 + w[1] ** 2

    def large() -> tuple[list[Any], Callable[[], Any]]:
        model, X = torch_network(torch), torch.randn(64, SHAPES[0])
        y = torch.randint(0, SHAPES[-1], (64,))
        return list(model.parameters()), lambda: torch.nn.functional.cross_entropy(model(X), y)

    def loop(make: Callable[[Any], Any], problem: Callable[[], Any], step_only: bool) -> Callable[[], Any]:
        params, cost = problem()
        optimizer = make(params)
        cost().backward()
        if step_only:
            return optimizer.step

        def run() -> None:
            optimizer.zero_grad()
            cost().backward()
            optimizer.step()

        return run

    for words, problem in (("2 parameters", small), ("1,068,810 parameters, batches of 64", large)):
        for part in ("step", "loop"):
            print(f"\ntorch, {words}: {part}")
            for name, (rule, theirs) in torch_pairs(torch).items():
                if part == "loop" and name not in ("SGD", "SGD, momentum", "Adam"):
                    continue
                mine = loop(lambda p, rule=rule: TorchOptimizer(p, rule), problem, part == "step")
                line(name, repeated(mine), repeated(loop(theirs, problem, part == "step")))


# --- optax -----------------------------------------------------------------------------------------------


def optax_transformations() -> None:
    import jax
    import jax.numpy as jnp
    import optax

    pairs = {
        "sgd": (R.SGD(learning_rate=1e-3), optax.sgd(1e-3)),
        "sgd, momentum": (R.Momentum(learning_rate=1e-3), optax.sgd(1e-3, momentum=0.9)),
        "adam": (R.Adam(), optax.adam(1e-3)),
        "adamw": (R.AdamW(), optax.adamw(1e-3, weight_decay=0.01)),
        "rmsprop": (R.RMSProp(), optax.rmsprop(1e-2, decay=0.99)),
        "lion": (R.Lion(), optax.lion(1e-4)),
    }

    def small_cost(p: Any) -> Any:
        return p["x"] ** 2 / 20 + p["y"] ** 2

    small = {"x": jnp.array(-7.0), "y": jnp.array(2.0)}
    keys = jax.random.split(jax.random.key(0), 5)
    sizes = list(pairwise(SHAPES))
    large = [
        (jax.random.normal(k, s) / s[0] ** 0.5, jnp.zeros(s[1])) for k, s in zip(keys, sizes, strict=False)
    ]
    X, y = jax.random.normal(keys[3], (64, SHAPES[0])), jax.random.randint(keys[4], (64,), 0, SHAPES[-1])

    def large_cost(p: Any) -> Any:
        out = X
        for i, (w, b) in enumerate(p):
            out = out @ w + b
            out = jax.nn.relu(out) if i < len(p) - 1 else out
        return optax.softmax_cross_entropy_with_integer_labels(out, y).mean()

    def loop(transformation: Any, cost: Any, params: Any, steps: int) -> Callable[[], Any]:
        def step(carry: Any, _: Any) -> Any:
            params, state = carry
            change, state = transformation.update(jax.grad(cost)(params), state, params)
            return (optax.apply_updates(params, change), state), None

        run = jax.jit(lambda p: jax.lax.scan(step, (p, transformation.init(p)), length=steps)[0][0])
        return lambda: jax.block_until_ready(run(params))

    for words, cost, params, steps in (
        ("2 parameters", small_cost, small, 20_000),
        ("1,068,810 parameters, batches of 64", large_cost, large, 20),
    ):
        print(f"\noptax in a compiled loop, {words}: loop")
        for name, (rule, theirs) in pairs.items():
            loops = (
                loop(transformation, cost, params, steps) for transformation in (rule.to_optax(), theirs)
            )
            line(name, *(repeated(one, steps) for one in loops))


# --- Keras -----------------------------------------------------------------------------------------------


def keras_optimizers(backend: str) -> None:
    """One backend, in this process."""
    os.environ["KERAS_BACKEND"] = backend
    import keras

    if backend == "torch":
        import torch

        torch.set_num_threads(1)

    from downslope.keras import KerasOptimizer

    K = keras.optimizers
    pairs = {
        "SGD": (R.SGD(learning_rate=1e-3), lambda: K.SGD(1e-3)),
        "SGD, momentum": (R.Momentum(learning_rate=1e-3), lambda: K.SGD(1e-3, momentum=0.9)),
        "Adam": (R.Adam(epsilon=1e-7), lambda: K.Adam(1e-3)),
        "RMSprop": (R.RMSProp(decay=0.9), lambda: K.RMSprop(1e-2)),
    }

    def network(sizes: tuple[int, ...]) -> Any:
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(n, activation="relu") for n in sizes[1:-1]]
        return keras.Sequential([keras.Input((sizes[0],)), *layers, keras.layers.Dense(sizes[-1])])

    rng = np.random.default_rng(0)
    for words, sizes, batches in (("2 parameters", (1, 1), 100), ("1,068,810 parameters", SHAPES, 5)):
        X = rng.normal(size=(64 * batches, sizes[0])).astype("float32")
        Y = rng.normal(size=(64 * batches, sizes[-1])).astype("float32")

        def fit(optimizer: Any, sizes: Any = sizes, X: Any = X, Y: Any = Y) -> Callable[[], Any]:
            model = network(sizes)
            model.compile(optimizer=optimizer, loss="mse")
            return lambda: model.fit(X, Y, batch_size=64, epochs=1, verbose=0, shuffle=False)

        print(f"\nKeras with {backend}, {words}, batches of 64: fit, compiled where the backend compiles")
        for name, (rule, theirs) in pairs.items():
            line(
                name, repeated(fit(KerasOptimizer(rule)), batches), repeated(fit(theirs()), batches), turns=21
            )
        if backend == "tensorflow":
            tensorflow_loops(KerasOptimizer, pairs, network(sizes), (sizes[0], sizes[-1]), words=words)


def tensorflow_loops(Optimizer: Any, pairs: Any, model: Any, ends: tuple[int, int], *, words: str) -> None:
    import tensorflow as tf

    X, Y = tf.random.normal((64, ends[0])), tf.random.normal((64, ends[1]))

    def loop(optimizer: Any, compiled: bool) -> Callable[[], Any]:
        optimizer.build(model.trainable_variables)

        def step() -> None:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(X) - Y) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)

        return tf.function(step) if compiled else step

    for compiled, kind in ((False, "eager"), (True, "tf.function")):
        print(f"\nKeras with tensorflow, {words}, batches of 64: GradientTape, {kind}")
        for name, (rule, theirs) in pairs.items():
            line(
                name,
                *(repeated(loop(optimizer, compiled)) for optimizer in (Optimizer(rule), theirs())),
                turns=21,
            )
