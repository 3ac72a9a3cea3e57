"""Our rules as optax transformations, and optax's as rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, from_optax, schedules
from downslope.optimizers.requirements import requirements_of

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
jnp = jax.numpy

# auto is L-BFGS with another line search, and XLA takes seconds to compile it: once is enough
EVERY = pytest.mark.parametrize(
    "cls", [cls for cls in all_optimizers() if cls.name() != "auto"], ids=lambda c: c.name()
)
START = {"w": np.array([[0.9], [-0.4]]), "b": np.array([0.2, 0.6])}
WEIGHTS = np.array([1.0, 3.0, 0.5, 2.0])
R = ds.optimizers


def made(cls: type[Optimizer]) -> Optimizer:
    """The rule; with a short memory, for XLA's sake."""
    return cls(memory=2) if cls.name() == "lbfgs" else cls()


@pytest.fixture
def doubles() -> Any:
    with jax.enable_x64(True):
        yield


def flat(params: Any) -> Any:
    return np.concatenate([np.ravel(params["w"]), np.ravel(params["b"])])


def cost(params: Any) -> Any:
    x = jnp.concatenate([params["w"].ravel(), params["b"].ravel()])
    return jnp.sum(jnp.asarray(WEIGHTS, x.dtype) * jnp.cosh(x) + 0.1 * x)


def scanned(transformation: Any, steps: int, dtype: Any = jnp.float64) -> tuple[Any, Any, Any]:
    """Points, the last parameters and the last state, from one compiled loop."""
    params = {name: jnp.asarray(value, dtype) for name, value in START.items()}
    transformation = optax.with_extra_args_support(transformation)

    def step(carry: Any, _: Any) -> Any:
        params, state = carry
        value, gradient = jax.value_and_grad(cost)(params)
        change, state = transformation.update(gradient, state, params, value=value)
        params = optax.apply_updates(params, change)
        return (params, state), params

    @jax.jit
    def loop(params: Any) -> Any:
        return jax.lax.scan(step, (params, transformation.init(params)), length=steps)

    (params, state), points = loop(params)
    width = points["w"].shape[1] * points["w"].shape[2]
    every = np.concatenate([np.reshape(points["w"], (steps, width)), np.asarray(points["b"])], axis=1)
    return every, params, state


def bare(rule: Optimizer, steps: int) -> Any:
    x, points = flat(START), []
    with np.errstate(all="ignore"):
        state = rule.init(x)
        for _ in range(steps):
            value = float(np.sum(WEIGHTS * np.cosh(x) + 0.1 * x))
            x, state, _ = rule.update(x, value, WEIGHTS * np.sinh(x) + 0.1, state)
            points.append(x)
    return np.array(points)


# --- ours as theirs --------------------------------------------------------------------------------------


@EVERY
@pytest.mark.usefixtures("doubles")
def test_a_rule_goes_its_way_in_a_compiled_loop(cls: type[Optimizer]) -> None:
    tolerance = 1e-10
    if (
        "polyak" in cls.name()
        or "conjugate" in cls.name()
        or cls.name().startswith("adgd")
        or "barz" in cls.name()
    ):
        tolerance = 2e-5  # a first step of 1e-6, or conjugacy, makes much of the last digits
    points, params, state = scanned(made(cls).to_optax(), 12)
    np.testing.assert_allclose(points, bare(made(cls), 12), rtol=tolerance, atol=tolerance / 100)
    assert jax.tree.structure(params) == jax.tree.structure(START)
    assert all(leaf.dtype in (jnp.float64, jnp.bool_) for leaf in jax.tree.leaves(state))


@pytest.mark.parametrize(
    "name",
    ["momentum", "adam", "radam", "adgd2", "dog", "silver_steps", "prodigy", "obsf", "armijo", "rprop"],
)
def test_float32_stays_float32_in_jax(name: str) -> None:
    points, params, state = scanned(ds.optimizers.as_optimizer(name).to_optax(), 4, jnp.float32)
    assert np.all(np.isfinite(points))
    assert all(leaf.dtype in (jnp.float32, jnp.bool_) for leaf in jax.tree.leaves((params, state)))


SAME = {
    "sgd": (R.SGD(learning_rate=0.1), lambda: optax.sgd(0.1)),
    "momentum": (R.Momentum(learning_rate=0.1), lambda: optax.sgd(0.1, momentum=0.9)),
    "nesterov": (R.Nesterov(learning_rate=0.1), lambda: optax.sgd(0.1, momentum=0.9, nesterov=True)),
    "adam": (R.Adam(learning_rate=0.05), lambda: optax.adam(0.05)),
    "adamw": (R.AdamW(learning_rate=0.05), lambda: optax.adamw(0.05, weight_decay=0.01)),
    "adabelief": (R.AdaBelief(learning_rate=0.05), lambda: optax.adabelief(0.05)),
    "lion": (R.Lion(learning_rate=0.05), lambda: optax.lion(0.05, weight_decay=0.0)),
    "adamax": (R.AdaMax(learning_rate=0.05), lambda: optax.adamax(0.05)),
    "clipped": (
        R.ClipByNorm(optimizer=R.SGD(learning_rate=0.1), limit=0.5),
        lambda: optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1)),
    ),
    "scheduled": (
        R.Adam(learning_rate=0.1 * schedules.Cosine(steps=9)),
        lambda: optax.adam(optax.cosine_decay_schedule(0.1, 9)),
    ),
}


@pytest.mark.parametrize("name", list(SAME))
@pytest.mark.usefixtures("doubles")
def test_it_is_optaxs_own_where_the_method_is_the_same(name: str) -> None:
    rule, theirs = SAME[name]
    wanted, _, _ = scanned(theirs(), 12)
    points, _, _ = scanned(rule.to_optax(), 12)
    np.testing.assert_allclose(points, wanted, rtol=1e-9, atol=1e-12)
    x, twin, back = flat(START), flat(START), from_optax(theirs())
    state = back.init(twin)
    for row in wanted:  # and on the way back
        gradient = WEIGHTS * np.sinh(twin) + 0.1
        twin, state, _ = back.update(twin, 0.0, gradient, state)
        np.testing.assert_allclose(twin, row, rtol=1e-9, atol=1e-12)
    assert x.tolist() == flat(START).tolist()


@pytest.mark.usefixtures("doubles")
def test_it_chains_with_optaxs_own() -> None:
    rule = R.Adam(learning_rate=0.05).to_optax()
    chained, _, _ = scanned(optax.chain(optax.add_decayed_weights(0.3), rule), 8)
    alone, _, _ = scanned(R.WeightDecay(optimizer=R.Adam(learning_rate=0.05), rate=0.3).to_optax(), 8)
    np.testing.assert_allclose(chained, alone, rtol=1e-12)


@pytest.mark.usefixtures("doubles")
def test_a_searching_rule_says_which_points_it_accepted() -> None:
    rule = R.Armijo()
    transformation = rule.to_optax()
    assert isinstance(transformation, optax.GradientTransformationExtraArgs)
    params = {"x": jnp.array(-1.2), "y": jnp.array(1.0)}

    def rosenbrock(p: Any) -> Any:
        return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2

    state = transformation.init(params)
    update, steps = jax.jit(transformation.update), 0
    evaluate = jax.jit(jax.value_and_grad(rosenbrock))
    for _ in range(30):
        value, gradient = evaluate(params)
        change, state = update(gradient, state, params, value=value)
        params = optax.apply_updates(params, change)
        steps += bool(state.accepted)
    run = ds.minimize("rosenbrock", optimizer=rule, evaluations=30)
    assert steps == run.nit + 1


@pytest.mark.usefixtures("doubles")
def test_the_state_is_named_as_the_rule_names_it() -> None:
    transformation = R.Adam().to_optax()
    state = transformation.init({"w": jnp.ones(2)})
    assert set(state.vectors) == {"m", "v"}
    assert set(state.scalars) == {"p1", "p2"}
    assert state.vectors["m"]["w"].shape == (2,)


# --- theirs as ours --------------------------------------------------------------------------------------


def test_optaxs_run_in_minimize_and_are_saved(tmp_path: Any) -> None:
    rule = from_optax(optax.adam(0.1))
    run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer=rule, steps=50)
    ours = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer="adam", learning_rate=0.1, steps=50)
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-9)
    assert run.history.x.dtype == np.float64
    run.save(tmp_path / "run.json")
    again = ds.load(tmp_path / "run.json")
    assert again.history == run.history
    assert repr(again.optimizer) == "optax's a GradientTransformation()"


def test_in_float32_too() -> None:
    rule = from_optax(optax.sgd(0.1, momentum=0.9))
    run = ds.minimize("x^2 + y^2", start={"x": 1, "y": 2}, optimizer=rule, steps=20, dtype="float32")
    ours = ds.minimize(
        "x^2 + y^2",
        start={"x": 1, "y": 2},
        optimizer="momentum",
        learning_rate=0.1,
        steps=20,
        dtype="float32",
    )
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-5, atol=1e-6)


def test_with_a_jax_cost_it_is_in_the_compiled_loop() -> None:
    run = ds.minimize(
        lambda x: jnp.sum(x**2), start=jnp.array([1.0, 2.0]), optimizer=from_optax(optax.adam(0.1)), steps=9
    )
    ours = ds.minimize(
        lambda x: jnp.sum(x**2), start=jnp.array([1.0, 2.0]), optimizer="adam", learning_rate=0.1, steps=9
    )
    assert (run.engine, ours.engine) == ("compiled", "traced")
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-4)


@pytest.mark.parametrize(
    "make",
    [optax.adam, optax.rmsprop, lambda r: optax.lbfgs(r, linesearch=None), optax.adafactor],
    ids=range(4),
)
def test_it_steps_other_peoples_arrays(make: Any) -> None:
    """Lists of arrays go through it as one vector; its state is saved with the rest."""
    rule = from_optax(make(0.1))
    x, state = flat(START), rule.init(flat(START))
    params = {"w": START["w"].copy(), "b": START["b"].copy()}
    updater = ds.Updater(rule)
    for k in range(6):
        gradient = np.cos(k + x)
        x, state, _ = rule.update(x, 0.0, gradient, state)
        if k == 3:
            saved = updater.state_dict()
            updater = ds.Updater(rule)
            updater.load_state_dict(saved)
        updater.update(params, {"w": gradient[:2].reshape(2, 1), "b": gradient[2:]})
        np.testing.assert_allclose(flat(params), x, rtol=1e-9)


def test_values_reach_those_that_ask() -> None:
    rule = from_optax(optax.polyak_sgd(max_learning_rate=10.0))
    run = ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3)
    np.testing.assert_allclose(run.history["x"], [1, 0.5, 0.25, 0.125], rtol=1e-6)
    assert requirements_of(rule).needs_value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: from_optax(3), "3 is no optax transformation; give one such as optax.adam(0.1)"),
        (
            lambda: ds.minimize("x^2", start={"x": 1.0}, optimizer=from_optax(optax.lbfgs()), steps=3),
            "evaluates the objective itself (value_fn), which would not be counted",
        ),
        (
            lambda: step(R.SGD(), None),
            "GradientDescent steps from a point: update(gradients, state, params).",
        ),
        (
            lambda: step(R.PolyakStep(), 1.0),
            "PolyakStep looks at the objective's value too: update(gradients, state",
        ),
    ],
    ids=["kind", "search", "params", "value"],
)
def test_a_mistake_with_optax_is_one_sentence(call: Any, words: str) -> None:
    with pytest.raises(DownslopeError) as caught:
        call()
    assert words in str(caught.value)


def step(rule: Optimizer, params: Any) -> Any:
    transformation = rule.to_optax()
    return transformation.update(jnp.ones(()), transformation.init(jnp.ones(())), params)


def test_a_transformation_where_a_rule_belongs_is_told_the_way() -> None:
    with pytest.raises(
        UsageError, match=r"from_optax\(\.\.\.\) makes one of ours; else give a name such as 'adam'"
    ):
        ds.minimize("x^2", 3.0, optimizer=optax.adam(0.1))


def test_without_optax_it_names_the_command() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['optax'] = None\nimport downslope as ds\n"
        "for ask in (lambda: ds.optimizers.Adam().to_optax(), ):\n"
        "    try:\n        ask()\n    except ImportError as error:\n        print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip()
        == "MissingExtraError JAX and optax are needed for this: pip install 'downslope[jax]'"
    )


@pytest.mark.parametrize(
    "rule", [R.Adam(learning_rate=0.1), R.NAdam(learning_rate=0.1), R.AdaBelief(learning_rate=0.1)]
)
def test_narrow_parameters_are_trained(rule: Any) -> None:
    """1 less a power of 0.999 is 0 in bfloat16; scalars of the state are wider."""
    transformation = rule.to_optax()

    def trained(dtype: Any) -> Any:
        params = {"w": jnp.ones(3, dtype)}
        state = transformation.init(params)
        for _ in range(5):
            change, state = transformation.update(params, state, params)
            params = optax.apply_updates(params, change)
        return np.asarray(params["w"].astype(jnp.float32))

    np.testing.assert_allclose(trained(jnp.bfloat16), trained(jnp.float32), atol=0.02)


def test_no_parameters_are_no_reason_to_fail() -> None:
    params = {"w": jnp.ones(2)}
    for transformation in (
        optax.multi_transform({"a": optax.sgd(0.1), "c": R.Adam().to_optax()}, {"w": "a"}),
        optax.masked(R.Adam().to_optax(), {"w": False}),
    ):
        change, _ = transformation.update(params, transformation.init(params), params)
        assert change["w"].shape == (2,)


@pytest.mark.parametrize(
    "make", [lambda: optax.adam(0.1), lambda: optax.sgd(0.1, momentum=0.9)], ids=["adam", "sgd"]
)
def test_there_and_back_in_a_compiled_loop(make: Any) -> None:
    start = {"w": jnp.ones((2, 2)), "b": jnp.array(3.0)}

    def loop(transformation: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            params, state = carry
            slope = jax.grad(lambda p: (p["w"] ** 2).sum() + p["b"] ** 2)(params)
            change, state = transformation.update(slope, state, params)
            return (optax.apply_updates(params, change), state), None

        return jax.jit(lambda p: jax.lax.scan(step, (p, transformation.init(p)), length=20)[0][0])(start)

    ours, theirs = loop(from_optax(make()).to_optax()), loop(make())
    for key in start:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Specifying a key")
def test_random_keys_in_a_state_are_refused() -> None:
    with pytest.raises(UsageError, match="keeps a random key in its state"):
        ds.minimize("x^2", 1.0, optimizer=from_optax(optax.noisy_sgd(0.01)), steps=2)
