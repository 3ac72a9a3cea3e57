"""The loops that people write with optax, each beside optax's own transformation in the same loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, schedules
from downslope.optimizers.requirements import requirements_of

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
jnp = jax.numpy
R = ds.optimizers
PLAIN = [cls for cls in all_optimizers() if not requirements_of(cls()).needs_value]
PLAINLY = pytest.mark.parametrize("cls", PLAIN, ids=lambda c: c.name())
RATED = [cls for cls in PLAIN if "learning_rate" in cls.__dataclass_fields__]


@pytest.fixture(autouse=True)
def doubles() -> Any:
    with jax.enable_x64(True):
        yield


SAME: dict[str, tuple[Callable[..., Optimizer], Callable[..., Any]]] = {
    "sgd": (R.SGD, optax.sgd),
    "momentum": (R.Momentum, lambda learning_rate: optax.sgd(learning_rate, momentum=0.9)),
    "nesterov": (R.Nesterov, lambda learning_rate: optax.sgd(learning_rate, momentum=0.9, nesterov=True)),
    "adam": (R.Adam, optax.adam),
    "adamw": (R.AdamW, lambda learning_rate: optax.adamw(learning_rate, weight_decay=0.01)),
    "adabelief": (R.AdaBelief, optax.adabelief),
    "lion": (R.Lion, lambda learning_rate: optax.lion(learning_rate, weight_decay=0.0)),
    "adamax": (R.AdaMax, optax.adamax),
}
PAIRS = pytest.mark.parametrize("name", list(SAME))
START = {"words": np.linspace(-1, 1, 14).reshape(7, 2), "mix": {"w": np.eye(2), "b": np.array([0.1, -0.2])}}
ROWS = np.random.default_rng(0).integers(0, 7, size=(20, 4))  # with words twice


def params() -> Any:
    return jax.tree.map(jnp.asarray, START)


def loss(p: Any, rows: Any) -> Any:
    """Guesses the last word from the others; the words' vectors are the weights of the end, too."""
    mean = p["words"][rows[:, :-1]].mean(axis=1)
    logits = jnp.tanh(mean @ p["mix"]["w"] + p["mix"]["b"]) @ p["words"].T
    return optax.softmax_cross_entropy_with_integer_labels(logits, rows[:, -1]).mean()


def walked(transformation: Any, steps: int = 15) -> Any:
    """All parameters behind each other after a compiled loop over mini-batches."""
    transformation = optax.with_extra_args_support(transformation)
    rows = jnp.asarray(ROWS)

    def step(carry: Any, k: Any) -> Any:
        p, state = carry
        batch = jax.lax.dynamic_slice_in_dim(rows, 4 * (k % 5), 4)
        value, slope = jax.value_and_grad(loss)(p, batch)
        change, state = transformation.update(slope, state, p, value=value)
        return (optax.apply_updates(p, change), state), None

    @jax.jit
    def loop(p: Any) -> Any:
        return jax.lax.scan(step, (p, transformation.init(p)), jnp.arange(steps))[0][0]

    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(loop(params()))])


def labels(p: Any) -> Any:
    return {"words": "slow", "mix": jax.tree.map(lambda _: "fast", p["mix"])}


# loops around a way to make a transformation of a learning rate
Make = Callable[[Any], Any]
LOOPS: dict[str, Callable[[Make], Any]] = {
    "alone": lambda make: make(0.05),
    "chain": lambda make: optax.chain(
        optax.clip_by_global_norm(0.1), optax.add_decayed_weights(0.1), make(0.05), optax.scale(0.5)
    ),
    "multi_transform": lambda make: optax.multi_transform({"slow": make(0.01), "fast": make(0.05)}, labels),
    "masked": lambda make: optax.chain(
        optax.masked(make(0.05), {"words": True, "mix": False}),
        optax.masked(optax.set_to_zero(), {"words": False, "mix": True}),
    ),
    "MultiSteps": lambda make: optax.MultiSteps(make(0.05), every_k_schedule=3).gradient_transformation(),
    "apply_if_finite": lambda make: optax.apply_if_finite(make(0.05), 3),
    "inject_hyperparams": lambda make: optax.inject_hyperparams(lambda learning_rate: make(learning_rate))(
        learning_rate=0.05
    ),
    "inject a schedule": lambda make: optax.inject_hyperparams(lambda learning_rate: make(learning_rate))(
        learning_rate=optax.cosine_decay_schedule(0.1, 12)
    ),
    "partition": lambda make: optax.partition({"slow": make(0.01), "fast": optax.set_to_zero()}, labels),
}


@PAIRS
@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_ends_where_it_ends_with_optaxs_own(name: str, loop: str) -> None:
    rule, theirs = SAME[name]
    found = walked(LOOPS[loop](lambda rate: rule(learning_rate=rate).to_optax()))
    np.testing.assert_allclose(found, walked(LOOPS[loop](theirs)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cls", RATED, ids=lambda c: c.name())
def test_a_loop_ends_at_numbers_with_every_rule(cls: type[Optimizer]) -> None:
    found = walked(LOOPS["inject a schedule"](lambda rate: cls(learning_rate=rate).to_optax()), 8)
    assert np.isfinite(found).all()
    assert not np.array_equal(found, walked(optax.set_to_zero(), 1))


@PAIRS
def test_rates_may_be_mapped_and_derived_through(name: str) -> None:
    """A curve of losses over rates at once, and its slope, as with optax's own."""
    rule, theirs = SAME[name]
    rows = jnp.asarray(ROWS)

    def after(make: Make) -> Callable[[Any], Any]:
        def last(rate: Any) -> Any:
            transformation = make(rate)
            p = params()
            state = transformation.init(p)
            for _ in range(3):
                change, state = transformation.update(jax.grad(loss)(p, rows), state, p)
                p = optax.apply_updates(p, change)
            return loss(p, rows)

        return last

    rates = jnp.array([0.01, 0.03, 0.1])
    mine, other = after(lambda rate: rule(learning_rate=rate).to_optax()), after(theirs)
    np.testing.assert_allclose(jax.vmap(mine)(rates), jax.vmap(other)(rates), rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(mine)(rates), [mine(rate) for rate in rates], rtol=1e-12)
    slope, theirs_slope = jax.grad(mine)(0.03), jax.grad(other)(0.03)
    np.testing.assert_allclose(slope, theirs_slope, rtol=1e-9)
    h = 1e-6
    np.testing.assert_allclose(slope, (mine(0.03 + h) - mine(0.03 - h)) / (2 * h), rtol=1e-5)


def test_derivatives_with_respect_to_the_start_go_through_the_steps() -> None:
    def last(x: Any, transformation: Any) -> Any:
        state = transformation.init(x)
        for _ in range(4):
            change, state = transformation.update(jax.grad(lambda v: jnp.sum(jnp.cosh(v)))(x), state, x)
            x = x + change
        return jnp.sum(x**2)

    x = jnp.array([0.4, -0.3])
    mine = jax.grad(last)(x, R.Momentum(learning_rate=0.1).to_optax())
    np.testing.assert_allclose(mine, jax.grad(last)(x, optax.sgd(0.1, momentum=0.9)), rtol=1e-12)


def test_other_hyperparameters_and_those_inside_wrappers_may_be_traced() -> None:
    @jax.jit
    def first(rate: Any, beta: Any, limit: Any) -> Any:
        rule = R.ClipByNorm(optimizer=R.Adam(learning_rate=rate, beta1=beta), limit=limit)
        transformation, x = rule.to_optax(), jnp.array([3.0, 4.0])
        change, _ = transformation.update(x, transformation.init(x), x)
        return change

    np.testing.assert_allclose(first(0.1, 0.9, 1.0), [-0.1, -0.1], rtol=1e-6)
    traced = jax.jit(lambda start: schedules.Cosine(steps=4).factor(start))(2)
    np.testing.assert_allclose(traced, 0.5, rtol=1e-12)
    with pytest.raises(HyperparameterError, match=r"learning_rate is Array\(-0\.1"):
        R.Adam(learning_rate=jnp.array(-0.1))
    with pytest.raises(HyperparameterError, match="learning_rate is"):
        jax.jit(lambda rates: R.Adam(learning_rate=rates).to_optax().init(jnp.ones(2)))(jnp.ones(2))


@PLAINLY
def test_leaves_that_are_none_are_left_alone(cls: type[Optimizer]) -> None:
    """Parameters that are None, as of a filtered model, and gradients that are None, as of a frozen one."""
    transformation = cls().to_optax()
    p = {"w": jnp.array([0.5, -1.0]), "none": None, "frozen": jnp.array([2.0])}
    alone = {"w": p["w"]}
    state, its = transformation.init(p), transformation.init(alone)
    for k in range(4):
        slope = jnp.sinh(p["w"]) * (1 + k)
        change, state = transformation.update({"w": slope, "none": None, "frozen": None}, state, p)
        assert change["none"] is None
        assert change["frozen"].tolist() == [0.0]
        p = optax.apply_updates(p, change)
        change, its = transformation.update({"w": slope}, its, alone)
        alone = optax.apply_updates(alone, change)
        if cls.name() not in ("dog", "prodigy"):  # whose first step depends on where all parameters begin
            np.testing.assert_allclose(p["w"], alone["w"], rtol=1e-12)
    assert p["frozen"].tolist() == [2.0]
    assert np.isfinite(p["w"]).all()
    assert jax.tree.structure(state) == jax.tree.structure(transformation.init(p))


def test_the_state_of_another_rule_is_refused_by_name() -> None:
    x = jnp.ones(3)
    rules = [*(cls() for cls in all_optimizers()), R.ClipByNorm(optimizer=R.Adam(), limit=1.0)]
    states = {rule.kind(): rule.to_optax().init(x) for rule in rules}
    for rule in (R.Adam(), R.AdamW(), R.AMSGrad(), R.LBFGS(), R.SGD()):
        transformation = optax.with_extra_args_support(rule.to_optax())
        for kind, state in states.items():
            if kind == rule.kind():
                transformation.update(x, state, x, value=1.0)
                continue
            with pytest.raises(UsageError) as caught:
                transformation.update(x, state, x, value=1.0)
            assert (
                str(caught.value) == f"this is the state of {kind}; this optimizer's rule is {rule.kind()}."
            )
    with pytest.raises(UsageError, match="this is the state of tuple"):
        R.Adam().to_optax().update(x, optax.adam(0.1).init(x), x)


@PLAINLY
def test_a_state_of_plain_data_goes_on(cls: type[Optimizer]) -> None:
    """Leaves saved as NumPy arrays and put into the build of a new state, as checkpoint libraries do."""
    transformation, x = cls().to_optax(), jnp.array([0.5, -1.0])
    state = transformation.init(x)

    def go_on(x: Any, state: Any, steps: int) -> Any:
        for _ in range(steps):
            change, state = transformation.update(jnp.sinh(x), state, x)
            x = optax.apply_updates(x, change)
        return x, state

    x, state = go_on(x, state, 3)
    leaves = [np.array(leaf) for leaf in jax.tree.leaves(state)]
    again = jax.tree.unflatten(jax.tree.structure(transformation.init(x)), map(jnp.asarray, leaves))
    np.testing.assert_array_equal(go_on(x, state, 3)[0], go_on(x, again, 3)[0])
