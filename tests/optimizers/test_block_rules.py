"""Rules that step whole matrices: taken by every loop that keeps shapes, refused in words by what knows numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.optimizers import Optimizer, all_blocks, all_optimizers
from downslope.optimizers.block_rules import BlockRule, InBlocks, in_blocks, why_not_numbers
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.updater import Updater
from downslope.tensors import library_of, root_of

EVERY = pytest.mark.parametrize("cls", all_blocks(), ids=lambda cls: cls.name())
RNG = np.random.default_rng(7)
TO = RNG.normal(size=(3, 2))
LEFT = np.diag([1.0, 1.5, 2.0])
STEPS = 6
GRADIENTS = [RNG.normal(size=(3, 2)) for _ in range(STEPS)]
START = RNG.normal(size=(3, 2))


def cost(W: Any) -> Any:
    return ((LEFT @ W - TO) ** 2).sum()


def small(cls: type[Optimizer]) -> Optimizer:
    return cls(learning_rate=0.05)


def run(rule: Any, steps: int = 12, **options: Any) -> ds.Run:
    return ds.minimize(cost, start={"W": np.zeros((3, 2))}, optimizer=rule, steps=steps, **options)


def walked(rule: Optimizer) -> Any:
    """Where the rule leads by given gradients, on one matrix of NumPy's."""
    x, state = ParamTree([START]), rule.init(ParamTree([START]))
    for gradient in GRADIENTS:
        x, state, _ = rule.update(x, 0.0, ParamTree([gradient]), state)
    return x.parts[0]


def by_updater(rule: Optimizer) -> Any:
    updater, x = Updater(rule), {"W": START.copy()}
    for gradient in GRADIENTS:
        x = updater.update(x, {"W": gradient})
    return x["W"]


def by_torch(rule: Optimizer) -> Any:
    torch = pytest.importorskip("torch")
    from downslope.torch import Optimizer as TorchOptimizer

    w = torch.tensor(START, requires_grad=True)
    optimizer = TorchOptimizer([w], rule)
    for gradient in GRADIENTS:
        w.grad = torch.tensor(gradient)
        optimizer.step()
    return w.detach().numpy()


def by_optax(rule: Optimizer) -> Any:
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    transformation, x = rule.to_optax(), {"W": jax.numpy.asarray(START)}
    state, update = transformation.init(x), jax.jit(transformation.update)
    for gradient in GRADIENTS:
        change, state = update({"W": jax.numpy.asarray(gradient)}, state, x)
        x = optax.apply_updates(x, change)
    return np.asarray(x["W"])


def by_keras(rule: Optimizer) -> Any:
    keras = pytest.importorskip("keras")
    from downslope.keras import Optimizer as KerasOptimizer
    from downslope.keras.variables import tensor

    w = keras.Variable(START)
    optimizer = KerasOptimizer(rule)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [w])
    held = tensor(w)
    return library_of(root_of(held)).plain(held)


def by_tensorflow(rule: Optimizer) -> Any:
    tf = pytest.importorskip("tensorflow")
    w, updater = tf.Variable(START), Updater(rule)
    for gradient in GRADIENTS:
        updater.update([w], [tf.constant(gradient)])
    return w.numpy()


LOOPS: dict[str, tuple[Callable[[Optimizer], Any], float]] = {
    "updater": (by_updater, 1e-12),
    "torch": (by_torch, 1e-12),
    "tensorflow": (by_tensorflow, 1e-12),
    "optax": (by_optax, 1e-4),
    "keras": (by_keras, 1e-4),  # both in float32
}


@EVERY
@pytest.mark.parametrize("loop", LOOPS)
def test_every_loop_that_keeps_shapes_makes_the_same_steps(cls: type[Optimizer], loop: str) -> None:
    step, tolerance = LOOPS[loop]
    np.testing.assert_allclose(step(small(cls)), walked(small(cls)), rtol=tolerance, atol=tolerance)


@EVERY
def test_minimize_makes_the_steps_of_the_rule(cls: type[Optimizer]) -> None:
    rule, x = small(cls), ParamTree([np.zeros((3, 2))])
    state, said = rule.init(x), run(small(cls))
    for k in range(12):
        np.testing.assert_allclose(said.history.x[k], x.parts[0].ravel(), rtol=1e-6, atol=1e-9)
        slope = 2 * LEFT.T @ (LEFT @ x.parts[0] - TO)
        x, state, _ = rule.update(x, 0.0, ParamTree([slope]), state)
    assert said.fun < cost(np.zeros((3, 2)))
    assert said.x["W"].shape == (3, 2)


@EVERY
def test_two_matrices_are_stepped_each_by_itself(cls: type[Optimizer]) -> None:
    rule = in_blocks(small(cls), ((3, 2), (2, 2)))
    x = np.concatenate([START.ravel(), np.ones(4)])
    state = rule.init(x)
    for gradient in GRADIENTS:
        x, state, _ = rule.update(x, 0.0, np.concatenate([gradient.ravel(), np.ones(4)]), state)
    np.testing.assert_allclose(x[:6].reshape(3, 2), walked(small(cls)), rtol=1e-13)


@EVERY
@pytest.mark.parametrize("first", [1, 5])
def test_it_goes_on_bit_for_bit(cls: type[Optimizer], first: int, tmp_path: Path) -> None:
    whole, part = run(small(cls)), run(small(cls), first)
    part.save(tmp_path / "part.json")
    for gone_on in (part.resume(steps=12 - first), ds.resume(tmp_path / "part.json", cost, steps=12 - first)):
        np.testing.assert_array_equal(gone_on.history.x, whole.history.x)


@EVERY
def test_wrappers_and_ascent_go_with_it(cls: type[Optimizer]) -> None:
    plain = run(small(cls))
    climbed = ds.maximize(lambda W: -cost(W), start={"W": np.zeros((3, 2))}, optimizer=small(cls), steps=12)
    np.testing.assert_allclose(climbed.history.x, plain.history.x, rtol=1e-9, atol=1e-12)
    clipped = run(f"clip_by_norm({cls.name()}(0.05), limit=1e9)")
    np.testing.assert_array_equal(clipped.history.x, plain.history.x)


@EVERY
def test_a_schedule_is_its_learning_rate_at_each_step(cls: type[Optimizer]) -> None:
    schedule = ds.optimizers.schedules.Cosine(steps=12)
    said = run(cls(learning_rate=0.05 * schedule))
    x, state = ParamTree([np.zeros((3, 2))]), cls().init(ParamTree([np.zeros((3, 2))]))
    for k in range(12):
        np.testing.assert_allclose(said.history.x[k], x.parts[0].ravel(), rtol=1e-6, atol=1e-9)
        slope = ParamTree([2 * LEFT.T @ (LEFT @ x.parts[0] - TO)])
        x, state, _ = cls().with_values(learning_rate=0.05 * schedule.factor(k)).update(x, 0.0, slope, state)


@EVERY
def test_it_is_listed_apart_and_asks_for_gradients_alone(cls: type[Optimizer]) -> None:
    assert cls not in all_optimizers()
    asks = requirements_of(cls())
    assert (asks.needs_value, asks.searches, asks.averages) == (False, False, False)
    assert isinstance(in_blocks(cls(), ((2, 2),)), InBlocks)


NUMBERS: dict[str, Callable[[Optimizer], Any]] = {
    "a formula": lambda rule: ds.minimize("x^2 + y^2", {"x": 1.0, "y": 2.0}, optimizer=rule, steps=2),
    "a sweep": lambda rule: ds.sweep("x^2 + y^2", {"x": [1.0, 2.0], "y": 2.0}, optimizer=rule, steps=2),
    "a fit": lambda rule: ds.fit({"x": [1, 2, 3], "y": [2, 4, 7]}, "y ~ a*x + b", optimizer=rule, steps=2),
    "a fit in batches": lambda rule: ds.fit(
        {"x": [1, 2, 3, 4], "y": [2, 4, 7, 9]}, "y ~ a*x + b", optimizer=rule, batch_size=2, epochs=2
    ),
    "a script": lambda rule: run(rule).export("numpy"),
}


@EVERY
@pytest.mark.parametrize("face", NUMBERS)
def test_what_knows_numbers_alone_says_why_not(cls: type[Optimizer], face: str) -> None:
    with pytest.raises(UsageError) as caught:
        NUMBERS[face](small(cls))
    assert str(why_not_numbers(cls())) in str(caught.value)


@EVERY
@pytest.mark.parametrize("engine", ["traced", "compiled"])
def test_other_engines_are_refused(cls: type[Optimizer], engine: Any) -> None:
    with pytest.raises(UsageError):
        run(cls(), engine=engine)


@EVERY
def test_bounds_are_refused(cls: type[Optimizer]) -> None:
    with pytest.raises(UsageError, match="cannot be kept within bounds"):
        run(cls(), bounds={"W": (-1, 1)})


@EVERY
def test_a_run_is_explained_without_linear_theory(cls: type[Optimizer]) -> None:
    said = run(cls(learning_rate=1e-4)).explain()
    assert "step_limit_reached" in said.codes or "learning_rate_too_small" in said.codes, said.codes
    assert not any(finding.exact for finding in said.findings)


def test_a_rule_of_blocks_is_found_by_its_name() -> None:
    for cls in all_blocks():
        assert issubclass(cls, BlockRule)
        assert ds.optimizers.optimizer_class(cls.name()) is cls
        assert getattr(ds.optimizers, cls.__name__) is cls
