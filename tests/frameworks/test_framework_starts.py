"""The type of the start says which framework computes; the answer comes back as that type, and nothing else changes."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import downslope as ds
from downslope.errors import ObjectiveError, StartError, UsageError
from downslope.optimizers import Optimizer, all_optimizers

MAKE: dict[str, Any] = {
    "torch": lambda values, dtype: torch.tensor(values, dtype=getattr(torch, dtype)),
    "tensorflow": lambda values, dtype: tf.constant(values, dtype),
    "jax": lambda values, dtype: jnp.array(values, dtype),
}
KIND: dict[str, Any] = {"torch": torch.Tensor, "tensorflow": tf.Tensor, "jax": jax.Array}
BOWL = {"x": 1.0, "y": 2.0}  # where it is lowest


def bowl(x: Any, y: Any) -> Any:
    return (x - 1) ** 2 / 2 + (y - 2) ** 2 * 2


def numbers(value: Any) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.array(value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", MAKE)
class TestForms:
    OPTIONS: dict[str, Any] = {"learning_rate": 0.2, "steps": 200}  # noqa: RUF012

    def check(self, answer: Any, library: str, dtype: str, expected: Any) -> None:
        assert isinstance(answer, KIND[library])
        assert numbers(answer).dtype == dtype
        np.testing.assert_allclose(numbers(answer), expected, rtol=1e-6)

    def test_one_tensor(self, library: str, dtype: str) -> None:
        run = ds.minimize(lambda p: bowl(p[0], p[1]), MAKE[library]([0.0, 0.0], dtype), **self.OPTIONS)
        self.check(run.x, library, dtype, [1, 2])
        assert run.objective.dtype == dtype

    def test_one_argument_for_each_entry(self, library: str, dtype: str) -> None:
        self.check(
            ds.minimize(bowl, MAKE[library]([0.0, 0.0], dtype), **self.OPTIONS).x, library, dtype, [1, 2]
        )

    def test_a_single_number(self, library: str, dtype: str) -> None:
        self.check(
            ds.minimize(lambda w: (w - 3) ** 2, MAKE[library](5.0, dtype), **self.OPTIONS).x,
            library,
            dtype,
            3,
        )

    def test_a_dict_by_name(self, library: str, dtype: str) -> None:
        start = {name: MAKE[library](0.0, dtype) for name in BOWL}
        run = ds.minimize(bowl, start, **self.OPTIONS)
        assert list(run.x) == ["x", "y"]
        for name, lowest in BOWL.items():
            self.check(run.x[name], library, dtype, lowest)

    def test_a_dict_as_one_argument(self, library: str, dtype: str) -> None:
        start = {"w": MAKE[library]([[0.0, 0.0]], dtype), "b": MAKE[library](0.0, dtype)}
        run = ds.minimize(
            lambda p: bowl(p["w"][0, 0], p["w"][0, 1]) + (p["b"] + 1) ** 2, start, **self.OPTIONS
        )
        self.check(run.x["w"], library, dtype, [[1, 2]])
        self.check(run.x["b"], library, dtype, -1)
        assert run.history.coordinates == ("w[0,0]", "w[0,1]", "b")

    def test_a_list(self, library: str, dtype: str) -> None:
        start = [MAKE[library]([0.0, 0.0], dtype), MAKE[library](0.0, dtype)]
        for cost in (
            lambda p: bowl(p[0][0], p[0][1]) + (p[1] + 1) ** 2,
            lambda w, b: bowl(w[0], w[1]) + (b + 1) ** 2,
        ):
            run = ds.minimize(cost, start, **self.OPTIONS)
            assert isinstance(run.x, list)
            self.check(run.x[0], library, dtype, [1, 2])
            self.check(run.x[1], library, dtype, -1)

    def test_supplied_gradient(self, library: str, dtype: str) -> None:
        run = ds.minimize(
            lambda p: bowl(p[0], p[1]),
            MAKE[library]([0.0, 0.0], dtype),
            gradient=lambda p: [p[0] - 1, 4 * (p[1] - 2)],
            **self.OPTIONS,
        )
        self.check(run.x, library, dtype, [1, 2])
        assert run.objective.differentiation == "supplied"

    def test_climbing(self, library: str, dtype: str) -> None:
        run = ds.maximize(lambda p: 7 - bowl(p[0], p[1]), MAKE[library]([0.0, 0.0], dtype), **self.OPTIONS)
        self.check(run.x, library, dtype, [1, 2])
        assert run.fun == pytest.approx(7)

    def test_the_start_is_left_alone(self, library: str, dtype: str) -> None:
        start = MAKE[library]([0.0, 0.0], dtype)
        ds.minimize(lambda p: bowl(p[0], p[1]), start, **self.OPTIONS)
        np.testing.assert_array_equal(numbers(start), [0, 0])

    def test_a_formula(self, library: str, dtype: str) -> None:
        run = ds.minimize("(x-1)^2/2 + (y-2)^2*2", MAKE[library]([0.0, 0.0], dtype), **self.OPTIONS)
        self.check(run.x, library, dtype, [1, 2])
        assert run.engine == "traced"
        assert run.objective.dtype == dtype


def test_lists_of_numpy_arrays() -> None:
    run = ds.minimize(
        lambda w, b: np.sum((w - 1) ** 2) + (b + 1) ** 2, [np.zeros(2), np.zeros(())], learning_rate=0.2
    )
    assert isinstance(run.x, list)
    np.testing.assert_allclose(run.x[0], [1, 1], atol=1e-6)
    assert run.x[1] == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("wanted", [True, False])
def test_requires_grad_makes_no_difference(wanted: bool) -> None:
    start = torch.tensor([0.0, 0.0], dtype=torch.float64, requires_grad=wanted)
    run = ds.minimize(lambda p: bowl(p[0], p[1]), start, learning_rate=0.2, steps=50)
    reference = ds.minimize("(x-1)^2/2 + (y-2)^2*2", [0.0, 0.0], learning_rate=0.2, steps=50)
    np.testing.assert_allclose(run.history.x, reference.history.x, rtol=1e-14)
    assert start.requires_grad is wanted
    assert start.grad is None
    assert not run.x.requires_grad


def test_parameters_and_variables_stay_what_they_are() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    assert isinstance(
        ds.minimize(lambda p: bowl(p[0], p[1]), weight, learning_rate=0.2).x, torch.nn.Parameter
    )
    variable = tf.Variable([0.0, 0.0])
    assert isinstance(ds.minimize(lambda p: bowl(p[0], p[1]), variable, learning_rate=0.2).x, tf.Variable)


def test_in_place() -> None:
    leaf = torch.zeros(2, requires_grad=True)
    ds.minimize(lambda p: bowl(p[0], p[1]), leaf, learning_rate=0.2, in_place=True)
    np.testing.assert_allclose(leaf.detach(), [1, 2], rtol=1e-3)
    variables = {"x": tf.Variable(0.0), "y": tf.Variable(0.0)}
    ds.minimize(bowl, variables, learning_rate=0.2, in_place=True)
    assert variables["y"].numpy() == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (np.zeros(2), "leaf tensors"),
        (tf.constant([0.0, 0.0]), "Variables"),
        (torch.zeros(2, requires_grad=True) * 2, "leaf tensors"),
    ],
    ids=["numpy", "constant", "not a leaf"],
)
def test_in_place_refused(start: Any, says: str) -> None:
    with pytest.raises(UsageError, match=f"in_place=True needs a start that can be changed: .*{says}"):
        ds.minimize(lambda p: bowl(p[0], p[1]), start, learning_rate=0.2, in_place=True)


def test_points_that_a_cost_keeps_stay_as_they_were() -> None:
    kept: list[torch.Tensor] = []

    def cost(p: torch.Tensor) -> torch.Tensor:
        kept.append(p.detach())
        return bowl(p[0], p[1]) if bool(p[0] < 100) else p.sum()

    run = ds.minimize(cost, torch.zeros(2, dtype=torch.float64), learning_rate=0.2, steps=5, explain=False)
    assert run.engine == "hosted"
    np.testing.assert_array_equal([k.numpy() for k in kept[-6:]], run.history.x)


def test_callback_sees_tensors() -> None:
    seen: list[Any] = []
    ds.minimize(
        lambda p: bowl(p[0], p[1]),
        jnp.zeros(2),
        learning_rate=0.2,
        steps=3,
        callback=lambda s: seen.append(s.x),
    )
    assert len(seen) == 4
    assert all(isinstance(x, jax.Array) for x in seen)


# --- which way was taken ------------------------------------------------------------------------------------------

DATA = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
TARGET = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 2])
F = torch.nn.functional

TORCH_COSTS: dict[str, Any] = {
    "mse": lambda w: F.mse_loss(DATA @ w, TARGET),
    "huber": lambda w: F.huber_loss(DATA @ w, TARGET, delta=0.3),
    "smooth l1": lambda w: F.smooth_l1_loss(DATA @ w, TARGET, beta=0.3),
    "l1": lambda w: F.l1_loss(DATA @ w, TARGET),
    "bce": lambda w: F.binary_cross_entropy(torch.sigmoid(DATA @ w), TARGET),
    "bce logits": lambda w: F.binary_cross_entropy_with_logits(DATA @ w, TARGET),
    "cross entropy": lambda w: F.cross_entropy(DATA * w, LABELS),
    "softmax": lambda w: (torch.softmax(w, 0) ** 2).sum(),
    "logsumexp": lambda w: torch.logsumexp(DATA * w, 1).mean(),
    "einsum": lambda w: torch.einsum("ij,j,ik,k->", DATA, w, DATA, w),
    "linear": lambda w: (F.linear(DATA, w.reshape(1, 3), torch.ones(1, dtype=torch.float64)) ** 2).sum(),
    "variance": lambda w: torch.var(w) + torch.std(w * 2, correction=0) + w.mean(),
    "norms": lambda w: torch.linalg.norm(w) + w.norm(p=1) + (w**2).sum().sqrt(),
    "stack": lambda w: torch.stack([w[0], w[1] * w[2]]).prod() + torch.cat([w, w[:2]]).cumsum(0)[3],
    "where": lambda w: torch.where(w > 0.1, w**2, -w).sum() + w.clamp(-0.1, 0.4).sum() + w.max() - w.min(),
    "activations": lambda w: (
        F.gelu(w) + F.silu(w) + F.elu(w) + F.softplus(w) + F.leaky_relu(w) + F.relu(w) + F.logsigmoid(w)
    ).sum(),
    "functions": lambda w: (
        torch.sin(w) * torch.cosh(w)
        + torch.atan2(w, w + 2)
        + torch.log1p(w * w)
        + torch.expm1(w)
        + torch.erf(w)
        + torch.rsqrt(1 + w * w)
        + torch.tanh(w).abs()
        + torch.logaddexp(w, 2 * w)
        + torch.addcmul(w, w, w, value=0.5)
        + torch.lerp(w, w * w, 0.3)
    ).sum(),
    "shapes": lambda w: (
        w.reshape(3, 1).expand(3, 4).T.unsqueeze(0).squeeze().permute(1, 0)[1:, :2].flip(0).sum()
        + torch.trace(torch.outer(w, w))
        + torch.diagonal(torch.outer(w, w)).sum()
        + w.unbind()[2]
    ),
    "unpacking": lambda a, b, c: a * b + torch.exp(c),
}


@pytest.mark.parametrize("name", TORCH_COSTS)
def test_torch_costs_become_formulas(name: str) -> None:
    """Value and gradient away from the start agree with autograd's."""
    start = torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64)
    run = ds.minimize(TORCH_COSTS[name], start, learning_rate=0.01, steps=3, explain=False)
    assert run.engine == "traced", run.notes
    point = torch.tensor([-0.4, 0.9, 0.25], dtype=torch.float64, requires_grad=True)
    cost = TORCH_COSTS[name]
    value = cost(*point) if name == "unpacking" else cost(point)
    (gradient,) = torch.autograd.grad(value, point)
    found, slope = run.objective.value_and_gradient(point.detach().numpy())
    assert found == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(slope, gradient, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        (lambda p: (p**2).sum() if p[0] > 0 else p.sum(), "branches on a value"),
        (lambda p: (p**2 * (1 + 0 * torch.rand(3, dtype=torch.float64))).sum(), "random numbers"),
        (lambda p: torch.linalg.det(torch.outer(p, p) + torch.eye(3, dtype=torch.float64)), "no counterpart"),
        (lambda p: (p * p.detach()).sum(), "does not give the same value and gradient"),
    ],
    ids=["branch", "random", "determinant", "detached"],
)
@pytest.mark.filterwarnings("ignore:the gradient is not the slope of")
def test_torch_costs_that_stay_with_torch(cost: Any, reason: str) -> None:
    run = ds.minimize(
        cost, torch.tensor([0.5, 0.25, 0.1], dtype=torch.float64), learning_rate=0.01, steps=3, explain=False
    )
    assert run.engine == "hosted"
    assert reason in run.notes[0]


DATA_J, TARGET_J, LABELS_J = DATA.numpy(), TARGET.numpy(), LABELS.numpy()

JAX_COSTS: dict[str, Any] = {
    "index": lambda w: w[0] ** 2 / 20 + jnp.abs(w[-1]) ** 2.5 + w[jnp.array([0, 2])].sum() + w[1:].sum(),
    "mse": lambda w: jnp.mean((DATA_J @ w - TARGET_J) ** 2),
    "moments": lambda w: jnp.linalg.norm(w) + jnp.var(w) + jnp.std(w) + w.mean(),
    "softmax": lambda w: jax.nn.logsumexp(w) + jax.nn.softmax(w)[0] + jax.nn.softplus(w).sum(),
    "cross entropy": lambda w: (
        -jnp.take_along_axis(jax.nn.log_softmax(DATA_J * w), LABELS_J[:, None], 1).mean()
    ),
    "activations": lambda w: (
        jax.nn.relu(w) + jax.nn.sigmoid(w) + jax.nn.gelu(w) + jax.nn.leaky_relu(w)
    ).sum(),
    "shapes": lambda w: (
        jnp.stack([w[0], w[1]]).prod()
        + jnp.outer(w, w).trace()
        + jnp.concatenate([w, w[::-1]]).reshape(2, 3).T.sum(1)[0]
        + jnp.cumsum(w)[1]
        + jnp.flip(w)[0]
        + jnp.expand_dims(w, 0)[0, 2]
    ),
    "choices": lambda w: (
        jnp.where(w > 0, w, 2 * w).sum()
        + jnp.max(w)
        - jnp.min(w)
        + jnp.clip(w, 0, 1).sum()
        + jnp.abs(w).sum()
    ),
    "functions": lambda w: (
        jnp.sin(w) * jnp.cosh(w)
        + jnp.arctan2(w, w + 2)
        + jnp.log1p(w * w)
        + jnp.expm1(w)
        + jax.scipy.special.erf(w)
        + 1 / jnp.sqrt(1 + w * w)
        + jnp.logaddexp(w, 2 * w)
        + 2.0**w
        + jnp.tanh(w)
    ).sum(),
    "determinant": lambda w: jnp.linalg.det(jnp.outer(w, w) + jnp.eye(3)),
    "unpacking": lambda a, b, c: a * b + jnp.exp(c),
    "jitted": jax.jit(lambda w: jnp.sum(jnp.einsum("ij,j->i", DATA_J, w) ** 2)),
}


@pytest.mark.parametrize("name", JAX_COSTS)
def test_jax_costs_become_formulas(name: str) -> None:
    """Value and gradient away from the start agree with jax.grad's."""
    cost = JAX_COSTS[name]
    run = ds.minimize(cost, jnp.array([0.3, -0.2, 0.7]), learning_rate=0.01, steps=3, explain=False)
    assert run.engine == "traced"
    point = jnp.array([-0.4, 0.9, 0.25])
    value, gradient = jax.value_and_grad(lambda p: cost(*p) if name == "unpacking" else cost(p))(point)
    found, slope = run.objective.value_and_gradient(np.asarray(point))
    assert found == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(slope, gradient, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "cost",
    [
        lambda p: jax.lax.fori_loop(0, 3, lambda _, v: v * p[0], p[1] ** 2),
        lambda p: jax.lax.stop_gradient(p[0]) * p[1] ** 2 + p[0] ** 2,
        lambda p: jnp.sort(p)[0] ** 2,
    ],
    ids=["loop", "stopped gradient", "sorted"],
)
def test_jax_costs_that_jax_compiles(cost: Any) -> None:
    run = ds.minimize(cost, jnp.array([0.5, 0.25]), learning_rate=0.01, steps=3, explain=False)
    assert run.engine == "compiled"
    value, gradient = jax.value_and_grad(cost)(jnp.array([0.5, 0.25]))
    assert run.history.value[0] == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(run.history.x[1], [0.5, 0.25] - 0.01 * np.asarray(gradient), rtol=1e-12)


def test_uncompilable_jax_cost_is_hosted() -> None:
    run = ds.minimize(lambda p: (p**2).sum() if p[0] > -9 else p.sum(), jnp.ones(2), learning_rate=0.2)
    assert run.engine == "hosted"
    assert run.success
    assert "a branch on a value" in run.notes[0]


def test_uncompilable_tensorflow_cost_is_hosted() -> None:
    run = ds.minimize(
        lambda p: tf.reduce_sum(p**2) if p[0] > -9 else tf.reduce_sum(p),
        tf.ones(2, tf.float64),
        learning_rate=0.2,
    )
    assert run.engine == "hosted"
    assert run.success


@pytest.mark.parametrize("engine", ["traced", "compiled"])
def test_an_engine_that_cannot_be(engine: str) -> None:
    with pytest.raises(UsageError, match=r"(could not be traced|no framework that compiles)"):
        ds.minimize(lambda p: p.det(), torch.eye(2), learning_rate=0.1, steps=1, engine=engine)  # type: ignore[call-overload]


# --- every rule, compiled ------------------------------------------------------------------------------------------


def instance(cls: type[Optimizer]) -> Optimizer:
    known = {"learning_rate": 0.05, "minimum": 0.0, "smoothness": 4.0, "steps": 30, "curvature": 4.0}
    fields = {f.name: f for f in dataclasses.fields(cls)}
    return cls(**{n: known[n] for n, f in fields.items() if f.default is dataclasses.MISSING})


@pytest.mark.parametrize("cls", all_optimizers(), ids=lambda cls: cls.name())
def test_every_rule_compiles_in_jax(cls: type[Optimizer]) -> None:
    compare(instance(cls), jnp.array([-3.0, 1.0]))


@pytest.mark.parametrize(
    "name", ["adam", "armijo", "auto", "ogm", "silver_steps", "schedule_free_sgd", "prodigy"]
)
def test_rules_compile_in_tensorflow(name: str) -> None:
    (cls,) = (c for c in all_optimizers() if c.name() == name)
    compare(instance(cls), tf.constant([-3.0, 1.0], tf.float64))


def compare(optimizer: Optimizer, start: Any) -> None:
    options: dict[str, Any] = {"optimizer": optimizer, "steps": 20, "explain": False}
    run = ds.minimize(bowl, start, engine="compiled", **options)
    reference = ds.minimize("(x - 1)^2/2 + (y - 2)^2*2", [-3.0, 1.0], **options)
    assert run.engine == "compiled"
    rows = min(len(run.history), len(reference.history))
    assert rows > 3
    np.testing.assert_allclose(run.history.x[:rows], reference.history.x[:rows], rtol=1e-9, atol=1e-9)
    assert run.status == reference.status


@pytest.mark.parametrize("steps", [1, 40, 8191, 8192, 8193, 20_000])
def test_blocks_leave_no_seams(steps: int) -> None:
    """An averaging method's answer needs the state at the very step that ended the run, in the middle of a block."""
    options: dict[str, Any] = {
        "optimizer": ds.optimizers.ScheduleFreeSGD(learning_rate=0.05),
        "steps": steps,
        "explain": False,
    }
    run = ds.minimize(bowl, jnp.array([-3.0, 1.0]), engine="compiled", **options)
    reference = ds.minimize("(x - 1)^2/2 + (y - 2)^2*2", [-3.0, 1.0], **options)
    assert run.nit == steps
    np.testing.assert_allclose(numbers(run.x), reference.x, rtol=1e-12)
    np.testing.assert_array_equal(run.history.step, reference.history.step)


@pytest.mark.parametrize(
    "stop", [{"tolerance": 1e-3}, {"evaluations": 777}, {"target": 1e-4}, {"x_tolerance": 1e-9}, {"every": 7}]
)
def test_every_way_to_stop(stop: dict[str, Any]) -> None:
    options: dict[str, Any] = {"learning_rate": 0.01, "steps": 3000, "explain": False, **stop}
    run = ds.minimize(bowl, jnp.array([-3.0, 1.0]), engine="compiled", **options)
    reference = ds.minimize("(x - 1)^2/2 + (y - 2)^2*2", [-3.0, 1.0], **options)
    assert (run.status, run.nit, run.nfev) == (reference.status, reference.nit, reference.nfev)
    np.testing.assert_array_equal(run.history.step, reference.history.step)


def test_divergence_is_named() -> None:
    run = ds.minimize(lambda p: (p**4).sum(), jnp.array([2.0]), learning_rate=1.0, steps=100)
    assert run.status == "diverged"
    assert np.isfinite(run.fun)


# --- what people do wrong ------------------------------------------------------------------------------------------


def in_place_change(p: Any) -> Any:
    p += 1
    return (p**2).sum()


WRONG: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "in place": (
        in_place_change,
        torch.ones(2),
        ObjectiveError,
        "changes its argument in place.*x = x \\+ 1",
    ),
    "no parameter": (
        lambda p: torch.ones(2).sum(),
        torch.ones(2),
        ObjectiveError,
        "does not depend on its parameters",
    ),
    "item": (lambda p: p[0].item() ** 2, torch.ones(2), ObjectiveError, "not a tensor.*item"),
    "numpy": (lambda p: np.sin(p).sum(), torch.ones(2), ObjectiveError, "calls numpy\\(\\).*torch.sin"),
    "no scalar": (
        lambda p: p**2,
        torch.ones(2),
        ObjectiveError,
        r"shape \(2,\); one number .* sum or a mean",
    ),
    "None": (lambda p: None, torch.ones(2), ObjectiveError, "Does it end with 'return'"),
    "integers": (lambda p: (p**2).sum(), torch.tensor([1, 2]), StartError, "whole numbers.*torch.tensor"),
    "half": (lambda p: (p**2).sum(), torch.ones(2, dtype=torch.float16), StartError, "float16 numbers"),
    "complex": (lambda p: p.sum(), torch.ones(2, dtype=torch.complex64), StartError, "complex64 numbers"),
    "precisions": (
        lambda p: (p @ torch.ones(2)).sum(),
        torch.ones(2, dtype=torch.float64),
        ObjectiveError,
        "mixes precisions",
    ),
    "two precisions": (
        lambda a, b: a + b,
        {"a": torch.tensor(1.0), "b": torch.tensor(1.0, dtype=torch.float64)},
        StartError,
        "mixes precisions .a float32, b float64.",
    ),
    "two libraries": (
        lambda a, b: a,
        {"a": torch.tensor(1.0), "b": tf.constant(1.0)},
        StartError,
        "mixes tensorflow",
    ),
    "tf integers": (lambda p: p, tf.constant([1, 2]), StartError, "whole numbers.*tf.constant"),
    "tf no parameter": (
        lambda p: tf.constant(1.0),
        tf.ones(2),
        ObjectiveError,
        "does not depend on its parameters",
    ),
    "tf no scalar": (lambda p: p**2, tf.ones(2), ObjectiveError, "one number is needed"),
    "tf precisions": (
        lambda p: tf.reduce_sum(p * tf.ones(2, tf.float64)),
        tf.ones(2),
        ObjectiveError,
        "mixes precisions.*tf.cast",
    ),
    "jax integers": (lambda p: p.sum(), jnp.array([1, 2]), StartError, "whole numbers.*jnp.array"),
    "jax no scalar": (lambda p: p**2, jnp.ones(2), ObjectiveError, "one number is needed"),
    "jax numpy": (
        lambda p: np.sin(np.asarray(p)).sum(),
        jnp.ones(2),
        ObjectiveError,
        "gives its parameters to NumPy",
    ),
    "jax float": (lambda p: float(p[0]) ** 2, jnp.ones(2), ObjectiveError, "plain numbers"),
    "jax None": (lambda p: None, jnp.ones(2), ObjectiveError, "Does it end with 'return'"),
    "jax no parameter": (lambda p: jnp.sum(jnp.ones(2)), jnp.ones(2), ObjectiveError, "does not depend"),
    "names": (lambda a, b: a, {"a": torch.tensor(1.0), "c": torch.tensor(1.0)}, StartError, "names 'c'"),
    "infinite": (lambda p: p.sum(), torch.tensor([1.0, float("inf")]), StartError, "give a finite number"),
}


def test_a_used_up_graph_does_no_harm() -> None:
    """Differentiated to the parameters only, a graph that was freed before is not entered."""
    stale = torch.ones(2, requires_grad=True) * 2
    (stale * 3 * stale).sum().backward()
    run = ds.minimize(lambda p: ((p - stale) ** 2).sum(), torch.zeros(2), learning_rate=0.25)
    np.testing.assert_allclose(numbers(run.x), [2, 2], rtol=1e-3)


@pytest.mark.parametrize("name", WRONG)
def test_one_sentence_with_the_cure(name: str) -> None:
    cost, start, error, says = WRONG[name]
    with pytest.raises(error, match=says) as caught:
        ds.minimize(cost, start, learning_rate=0.1, steps=3)
    assert "\n" not in str(caught.value)


def test_another_precision_than_the_tensors() -> None:
    with pytest.raises(UsageError, match="the start is float32, but dtype is float64"):
        ds.minimize(lambda p: (p**2).sum(), torch.ones(2), dtype="float64")


# --- many parameters, as a program and in the framework --------------------------------------------------------------

MANY = 20_000
WEIGHTS = np.linspace(0.5, 2, MANY)


def many(p: Any, weights: Any) -> Any:
    return (weights * (p - 1) ** 2).sum() / 2


LARGE_COSTS: dict[str, tuple[Any, Any]] = {
    "torch": (lambda p: many(p, torch.tensor(WEIGHTS)), torch.zeros(MANY, dtype=torch.float64)),
    "tensorflow": (
        lambda p: tf.reduce_sum(tf.constant(WEIGHTS) * (p - 1) ** 2) / 2,
        tf.zeros(MANY, tf.float64),
    ),
    "jax": (lambda p: many(p, jnp.asarray(WEIGHTS)), np.zeros(MANY)),
}


@pytest.mark.parametrize("engine", ["the framework's", "traced"])
@pytest.mark.parametrize("library", LARGE_COSTS)
@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "gradient_descent", "learning_rate": 0.5, "steps": 30},
        {"optimizer": "adam", "learning_rate": 0.1, "steps": 90},
        {"optimizer": "auto", "tolerance": 1e-6},
        {"optimizer": "schedule_free_sgd", "learning_rate": 0.5, "steps": 20, "every": 7},
        {"optimizer": "armijo", "x_tolerance": 20.0},
        {"optimizer": "dog", "steps": 25},
    ],
    ids=lambda options: options["optimizer"],
)
def test_many_parameters(library: str, options: dict[str, Any], engine: Any) -> None:
    cost, start = LARGE_COSTS[library]
    own = "hosted" if library == "torch" else "compiled"
    run = ds.minimize(
        cost,
        jnp.asarray(start) if library == "jax" else start,
        engine="auto" if engine == "traced" else own,
        explain=False,
        **options,
    )
    reference = ds.minimize(
        lambda p: many(p, WEIGHTS),
        np.zeros(MANY),
        gradient=lambda p: WEIGHTS * (p - 1),
        engine="hosted",
        explain=False,
        **options,
    )
    assert run.engine == ("traced" if engine == "traced" else own)
    assert (run.status, run.nit, run.nfev) == (reference.status, reference.nit, reference.nfev)
    np.testing.assert_array_equal(run.history.step, reference.history.step)
    np.testing.assert_allclose(run.history.x, reference.history.x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.history.value, reference.history.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(numbers(run.x), reference.x, rtol=1e-9, atol=1e-9)


def test_a_network_of_many_tensors() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(64, 20, generator=generator), torch.randn(64, 1, generator=generator)
    weights = {
        name: torch.randn(shape, generator=generator) / 5
        for name, shape in {"a": (20, 100), "b": (100,), "c": (100, 1)}.items()
    }

    def network(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return ((torch.tanh(x @ a + b) @ c - y) ** 2).mean()

    run = ds.minimize(network, weights, optimizer="adam", learning_rate=0.01, steps=40)
    theirs = [w.clone().requires_grad_() for w in weights.values()]
    optimizer = torch.optim.Adam(theirs, lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        network(*theirs).backward()
        optimizer.step()
    assert run.engine == "hosted"
    for ours, their in zip(run.x.values(), theirs, strict=True):
        np.testing.assert_allclose(numbers(ours), numbers(their), rtol=1e-3, atol=1e-4)
    assert run.fun < run.history.value[0] / 2


# --- containers in containers, and gradients that were cut -------------------------------------------------

NESTS = {
    "torch": lambda numbers: torch.tensor(numbers, dtype=torch.float64),
    "tensorflow": lambda numbers: tf.constant(numbers, tf.float64),
    "jax": lambda numbers: jnp.array(numbers, jnp.float64),
}


@pytest.mark.parametrize("library", NESTS)
def test_containers_in_containers(library: str) -> None:
    make = NESTS[library]
    start = {"layers": [{"w": make([1.0, 2.0])}, {"w": make([3.0])}], "b": make(0.5)}

    def cost(p: Any) -> Any:
        first, second = p["layers"][0]["w"], p["layers"][1]["w"]
        return (first[0] - 1.5) ** 2 + first[1] ** 2 * 2 + (second[0] - p["b"]) ** 2 + p["b"] ** 4

    run = ds.minimize(cost, start, learning_rate=0.1, steps=25)
    reference = ds.minimize(
        "(a-1.5)^2 + 2*b^2 + (c-d)^2 + d^4", {"a": 1, "b": 2, "c": 3, "d": 0.5}, learning_rate=0.1, steps=25
    )
    np.testing.assert_allclose(run.history.x, reference.history.x, rtol=1e-12, atol=1e-12)
    assert type(run.x["layers"][1]["w"]) is type(start["layers"][1]["w"])
    np.testing.assert_allclose(
        numbers(run.x["layers"][0]["w"]), [reference.x["a"], reference.x["b"]], rtol=1e-12
    )


def test_containers_in_containers_are_changed_in_place_where_asked() -> None:
    w = torch.zeros(2, dtype=torch.float64)
    ds.minimize(lambda p: ((p["a"][0] - 1) ** 2).sum(), {"a": [w]}, learning_rate=0.5, steps=3, in_place=True)
    np.testing.assert_allclose(w.numpy(), 1)


POINT = np.array([0.3, -0.4, 0.5])


def square(w: Any) -> Any:
    return ((w - 1) ** 2).sum()


CUTS: dict[str, Any] = {
    "torch": (torch.tensor(POINT), square, lambda w: w.detach()),
    "jax": (jnp.array(POINT), square, jax.lax.stop_gradient),
    "tensorflow": (
        tf.constant(POINT),
        lambda w: tf.reduce_sum((w - 1) ** 2),
        tf.stop_gradient,
    ),
}


@pytest.mark.parametrize("library", CUTS)
def test_a_gradient_that_was_cut_off_is_refused(library: str) -> None:
    start, cost, cut = CUTS[library]
    with pytest.raises(ObjectiveError, match=r"is zero although its value changes|does not depend on its"):
        ds.minimize(lambda w: cost(cut(w)), start, learning_rate=0.1, steps=5)
    with pytest.raises(ObjectiveError, match="is zero although its value changes"):
        ds.minimize(lambda w: cost(cut(w)) + 0 * cost(w), start, learning_rate=0.1, steps=5)


@pytest.mark.parametrize("library", CUTS)
def test_a_gradient_that_was_cut_in_part_is_told(library: str) -> None:
    start, cost, cut = CUTS[library]
    with pytest.warns(ds.GradientWarning, match="is not the slope of"):
        run = ds.minimize(lambda w: cost(cut(w)) + 0.01 * cost(w), start, learning_rate=0.1, steps=5)
    assert any("is not the slope of" in note for note in run.notes)


@pytest.mark.parametrize(
    "cost", [lambda w: w.relu().sum(), lambda w: w.abs().max(), lambda w: w.clamp(0).prod()]
)
def test_kinks_are_not_taken_for_cuts(cost: Any) -> None:
    def branching(w: torch.Tensor) -> torch.Tensor:
        return cost(w) if float(w.detach().sum()) < 1e9 else w.sum()

    for start in (torch.zeros(3), torch.tensor([1.0, -1.0, 0.0]), torch.tensor([1e-4, 2.0, -1e-4])):
        assert ds.minimize(branching, start, learning_rate=0.01, steps=2).engine == "hosted"


def test_item_in_a_jax_cost_is_refused() -> None:
    with pytest.raises(ObjectiveError, match="is zero although its value changes"):
        ds.minimize(lambda w: square(w).item(), jnp.array(POINT), learning_rate=0.1, steps=5)


def quietly(w: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        w.mul_(2)
    return square(w)


@pytest.mark.parametrize(
    "cost", [quietly, lambda w: w.data.clamp_(0, 1).sum() + square(w)], ids=["no_grad", "data"]
)
def test_changes_that_torch_does_not_see_are_refused(cost: Any) -> None:
    with pytest.raises(ObjectiveError, match="changes its parameters in place"):
        ds.minimize(cost, torch.tensor(POINT), learning_rate=0.1, steps=5)


def test_a_model_s_own_parameters_are_told_from_those_given() -> None:
    model = torch.nn.Linear(3, 1)
    for start in (list(model.parameters()), dict(model.named_parameters())):
        with pytest.raises(ObjectiveError, match=r"such as a model's own.*functional_call"):
            ds.minimize(lambda *a, **k: model(torch.ones(2, 3)).sum(), start, learning_rate=0.1, steps=5)
    with pytest.raises(StartError, match="can be read only once"):
        ds.minimize(square, model.parameters(), learning_rate=0.1, steps=5)


@pytest.mark.parametrize("library", CUTS)
def test_several_answers_are_refused(library: str) -> None:
    start, cost, _ = CUTS[library]
    with pytest.raises(ObjectiveError, match=r"returned a tuple of 2; .* return the cost alone"):
        ds.minimize(lambda w: (cost(w), w), start, learning_rate=0.1, steps=5)


def test_assigning_to_a_tensor_is_refused() -> None:
    def assigning(w: Any) -> Any:
        w.assign_add([1.0, 1.0, 1.0])
        return tf.reduce_sum(w)

    with pytest.raises(ObjectiveError, match=r"write x = x \+ 1"):
        ds.minimize(assigning, tf.Variable(POINT), learning_rate=0.1, steps=5)


def test_what_a_step_leaves_behind_is_not_taken_for_a_cut() -> None:
    lines = torch.linspace(6540, 6590, 20_001)
    seen = torch.exp(-(((lines - 6565.0) / 3) ** 2) / 2)

    def spectral(w: torch.Tensor) -> torch.Tensor:
        return ((torch.exp(-(((lines - w) / 3) ** 2) / 2) - seen) ** 2).mean()

    assert ds.minimize(spectral, torch.tensor(6563.0), steps=2, explain=False).engine == "hosted"
    flat = ds.minimize(
        lambda w: ((w > 0.15).float() * 1.0).sum() + 0 * w.sum(),
        torch.tensor([0.1, 0.2]),
        learning_rate=0.1,
        steps=1,
    )
    assert flat.gradient_norm == 0
