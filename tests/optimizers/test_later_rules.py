"""What can be said by hand of the rules that torch does not have: first steps, limits, invariants, bounds, ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import PROBLEMS, QUADRATIC, Valley, difference, ours_updated

import downslope as ds
from downslope import optimizers as o

X, G = np.array([-7.0, 2.0]), np.array([-0.7, 4.0])
SIGN, LENGTH, STEEPNESS = np.sign(G), np.linalg.norm(X), np.linalg.norm(G)
VALUE = 6.45

# x_0 - x_1
FIRST_STEPS: list[tuple[o.Optimizer, Any]] = [
    (o.ADOPT(learning_rate=0.1), 0 * G),  # the first gradient only measures
    (o.AdEMAMix(learning_rate=0.1, beta3=0.5, alpha=2, epsilon=0), 0.1 * (1 + 2 * 0.5 * np.abs(G)) * SIGN),
    (o.Adan(learning_rate=0.1, epsilon=0), 0.1 * SIGN),
    (o.LAMB(learning_rate=0.1, epsilon=0), 0.1 * LENGTH * SIGN / np.sqrt(2)),
    (o.LARS(learning_rate=2.0, trust=0.05), 0.1 * LENGTH * G / STEEPNESS),
    (o.Signum(learning_rate=0.1), 0.1 * SIGN),
    (o.SignDescent(learning_rate=0.1), 0.1 * SIGN),
    (o.NovoGrad(learning_rate=0.1, epsilon=1e-300), 0.1 * G / STEEPNESS),
    (
        o.MADGRAD(learning_rate=0.1, momentum=0.5, epsilon=1e-300),
        0.5 * 0.1 ** (2 / 3) * np.cbrt(np.abs(G)) * SIGN,
    ),
    (o.MoMo(minimum=1.0, learning_rate=9.0), (VALUE - 1) / STEEPNESS**2 * G),
    (o.MoMo(minimum=1.0, learning_rate=0.01), 0.01 * G),
    (o.MoMoAdam(learning_rate=0.1, epsilon=1e-300), 0.1 * SIGN),
    (o.MoMoAdam(learning_rate=9.0, minimum=1.0, epsilon=1e-300), (VALUE - 1) / np.abs(G).sum() * SIGN),
    (o.COCOB(alpha=10), 0.1 * SIGN),
    (o.DoWG(initial_distance=0.1, epsilon=0), 0.1 * G / STEEPNESS),
    (o.ACProp(learning_rate=0.1), 0.1 * G),
]


@pytest.mark.parametrize(("rule", "step"), FIRST_STEPS, ids=lambda value: getattr(value, "name", str)())
def test_the_first_step(rule: o.Optimizer, step: Any) -> None:
    if isinstance(rule, o.AdEMAMix):  # s is a mean of gradients, m̂ of one is the gradient itself
        step = 0.1 * (G + 2 * 0.5 * G) / np.abs(G)
    after, _, accepted = rule.update(X, VALUE, G, rule.init(X))
    np.testing.assert_allclose(X - after, step, rtol=1e-13)
    assert accepted is True


@pytest.mark.parametrize("rule", [type(rule)() for rule, _ in FIRST_STEPS], ids=lambda rule: rule.name())
def test_a_stationary_point_is_left_by_none(rule: o.Optimizer) -> None:
    """No gradient, no step: not even at the start, where nothing is known yet."""
    x, state = X, rule.init(X)
    for _ in range(3):
        x, state, _ = rule.update(x, 1.0, np.zeros(2), state)
    np.testing.assert_array_equal(x, X)


# --- limits to rules that are known ----------------------------------------------------------------------

LIMITS: list[tuple[o.Optimizer, o.Optimizer]] = [
    (o.AdEMAMix(learning_rate=0.05, alpha=0), o.Adam(learning_rate=0.05)),
    (
        o.AdEMAMix(learning_rate=0.05, alpha=0, weight_decay=0.1),
        o.AdamW(learning_rate=0.05, weight_decay=0.1),
    ),
    (  # no memory of changes and no look ahead
        o.Adan(learning_rate=0.05, beta1=0.9, beta2=0, beta3=0.999),
        o.Adam(learning_rate=0.05),
    ),
    (o.Signum(learning_rate=0.01, beta=0), o.SignDescent(learning_rate=0.01)),
    (o.MoMoAdam(learning_rate=0.05, minimum=-1e9), o.Adam(learning_rate=0.05)),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
@pytest.mark.parametrize(
    ("rule", "limit"), LIMITS, ids=[f"{rule.name()}-{limit.name()}" for rule, limit in LIMITS]
)
def test_it_is_a_known_rule_where_it_should_be(
    rule: o.Optimizer, limit: o.Optimizer, problem: Valley
) -> None:
    ours, known = ours_updated(rule, problem).points, ours_updated(limit, problem).points
    assert difference(ours, known) <= 1e-9


def test_momo_far_above_a_bound_is_momentum_that_begins_as_a_mean() -> None:
    """Its step is then always η: the mean of the gradients, begun with the first instead of a tenth of it."""
    ours = ours_updated(o.MoMo(learning_rate=1e-2, minimum=-1e9), QUADRATIC).points
    x, m = ours[0], QUADRATIC.gradient(ours[0])
    for point in ours[1:]:
        x = x - 1e-2 * m
        np.testing.assert_allclose(point, x, rtol=1e-11)
        m = 0.9 * m + 0.1 * QUADRATIC.gradient(x)


def test_momo_without_momentum_is_polyaks_step() -> None:
    ours = ours_updated(o.MoMo(beta=0, learning_rate=1e9), QUADRATIC).points
    known = ours_updated(o.PolyakStep(), QUADRATIC).points
    np.testing.assert_allclose(
        ours[:30], known[:30], rtol=1e-9
    )  # it zigzags: rounding grows twofold at each turn
    np.testing.assert_allclose(ours, known, atol=1e-4)


# --- what no change of units changes ---------------------------------------------------------------------

FREE_OF_THE_SCALE_OF_THE_VALUE = [
    o.ADOPT(learning_rate=0.05, epsilon=1e-300),
    o.Adan(learning_rate=0.05, epsilon=0),
    o.LAMB(epsilon=0),
    o.LARS(learning_rate=2.0),
    o.Signum(learning_rate=0.01),
    o.SignDescent(learning_rate=0.01),
    o.NovoGrad(epsilon=1e-300),
    o.COCOB(),
    o.DoWG(epsilon=0),
    o.MoMoAdam(learning_rate=0.05, epsilon=1e-300),
]


@pytest.mark.parametrize("rule", FREE_OF_THE_SCALE_OF_THE_VALUE, ids=lambda rule: rule.name())
def test_another_unit_of_the_value_changes_nothing(rule: o.Optimizer) -> None:
    """Of a value 2^20 times as large (so that no rounding differs), the same path, bit for bit."""
    if isinstance(rule, o.COCOB):
        rule = o.COCOB(epsilon=2.0**-50)
    scale = 2.0**20
    larger = Valley(
        "scaled",
        "",
        QUADRATIC.start,
        lambda x: scale * QUADRATIC.gradient(x),
        lambda x: scale * QUADRATIC.value(x),
    )
    np.testing.assert_array_equal(
        ours_updated(rule, QUADRATIC).points[:100], ours_updated(rule, larger).points[:100]
    )


@pytest.mark.parametrize("rule", [o.LAMB(epsilon=0), o.LARS(learning_rate=2.0)], ids=lambda rule: rule.name())
def test_a_layer_moves_in_parts_of_its_own_length(rule: o.Optimizer) -> None:
    """In units of x a thousand times smaller, the path is a thousand times larger."""
    scale = 2.0**10
    larger = Valley(
        "scaled",
        "",
        (scale * QUADRATIC.start[0], scale * QUADRATIC.start[1]),
        lambda x: QUADRATIC.gradient(x / scale) / scale,
        lambda x: QUADRATIC.value(x / scale),
    )
    np.testing.assert_array_equal(
        scale * ours_updated(rule, QUADRATIC).points, ours_updated(rule, larger).points
    )


def test_lamb_steps_by_its_rate_times_the_length_of_x() -> None:
    points = ours_updated(o.LAMB(learning_rate=0.03, weight_decay=0.1), QUADRATIC).points
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(lengths, 0.03 * np.linalg.norm(points[:-1], axis=1), rtol=1e-12)


# --- bounds ----------------------------------------------------------------------------------------------


def test_adopt_never_steps_farther_than_its_clip() -> None:
    """|m| is a mean of numbers in [-k^(1/4), k^(1/4)]."""
    points = ours_updated(o.ADOPT(learning_rate=0.1, beta1=0.5), PROBLEMS[1]).points
    steps = np.abs(np.diff(points, axis=0)).max(axis=1)
    assert (steps <= 0.1 * np.arange(len(steps)) ** 0.25 * (1 + 1e-12)).all()
    assert steps[1] > 0


def test_dowg_never_steps_farther_than_it_has_come() -> None:
    """r² ‖g‖ / √v <= r, as v has r² ‖g‖² in it: equation (DoWG) of the paper."""
    points = ours_updated(o.DoWG(epsilon=0), PROBLEMS[1]).points
    far = np.maximum.accumulate(np.maximum(0.01, np.linalg.norm(points - points[0], axis=1)))
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert (steps <= far[:-1] * (1 + 1e-12)).all()
    assert steps[0] == pytest.approx(0.01)


@pytest.mark.parametrize("first", [1e-4, 0.01, 1.0, 30.0])
def test_the_weighted_points_of_dowg_keep_the_bound_of_its_paper(first: float) -> None:
    """Σ r_k² ⟨g_k, x_k - x*⟩ <= 2 r (d + r) √v, with d the largest distance from the minimum: lemma 3, from which its
    bounds for convex functions follow. It holds after every number of steps."""
    points = ours_updated(o.DoWG(initial_distance=first, epsilon=0), QUADRATIC).points
    gradients = np.array([QUADRATIC.gradient(x) for x in points])
    r = np.maximum.accumulate(np.maximum(first, np.linalg.norm(points - points[0], axis=1)))
    v = np.cumsum(r**2 * (gradients**2).sum(axis=1))
    regret = np.cumsum(r**2 * (gradients * points).sum(axis=1))[:-1]
    d = np.maximum.accumulate(np.linalg.norm(points, axis=1))
    assert (regret <= 2 * r[1:] * (d[1:] + r[1:]) * np.sqrt(v[:-1])).all()
    assert regret[-1] > 0


@pytest.mark.parametrize("rate", [1e-3, 1e3])
def test_momo_without_momentum_never_leaves_the_minimum_of_a_convex_function(rate: float) -> None:
    """Fejér: with the true least value, no step of at most Polyak's leads away from a minimum."""
    distance = np.linalg.norm(ours_updated(o.MoMo(beta=0, learning_rate=rate), QUADRATIC).points, axis=1)
    assert (np.diff(distance) <= 1e-15).all()
    assert distance[-1] < distance[0]


def test_momo_moves_to_the_zero_of_its_model() -> None:
    """Where η allows, the mean of the tangents is f* at the next point, along a line of any slope: at once there."""
    run = ds.minimize("3*x + 5", start={"x": 10.0}, optimizer=o.MoMo(learning_rate=1e6, minimum=2.0), steps=4)
    np.testing.assert_allclose(run.history["x"], [10.0, -1.0, -1.0, -1.0, -1.0], atol=1e-12)


@pytest.mark.parametrize("α", [2.0, 10.0, 100.0])
def test_cocob_bets_less_than_all_it_has(α: float) -> None:
    """A coordinate is at most (L + R)/L from its start, with R what it has won: |s| <= G, L max(G + L, αL) > LG."""
    rule = o.COCOB(alpha=α)
    x, state = X, rule.init(X)
    for _ in range(100):
        x, state, _ = rule.update(x, 0.0, QUADRATIC.gradient(x), state)
        assert (np.abs(x - X) < (state.L + state.R) / state.L).all()


@pytest.mark.parametrize("n", [10, 40])
def test_sign_descent_goes_straight_and_then_to_and_fro(n: int) -> None:
    """Closed form on x²: |x_k| = |x_0| - kη until it is within η, then both sides in turn."""
    rate = 1 / 16
    run = ds.minimize(
        "x^2", start={"x": n * rate + rate / 4}, optimizer=o.SignDescent(learning_rate=rate), steps=n + 9
    )
    x = run.history["x"].to_numpy() if hasattr(run.history["x"], "to_numpy") else np.asarray(run.history["x"])
    np.testing.assert_array_equal(x[: n + 1], rate / 4 + rate * np.arange(n, -1, -1))
    np.testing.assert_array_equal(x[n + 1 :], np.resize([rate / 4 - rate, rate / 4], 9))


def test_the_rate_of_sign_descent_is_that_of_its_paper() -> None:
    """Theorem 1 of arXiv 1802.04434 without noise: with η = √((f_0 - f*)/(‖L‖₁ n)) the mean of ‖g‖₁ over n steps is at
    most √(‖L‖₁ (f_0 - f*)/n) (1 + 1/2)."""
    curvatures, n = np.array([0.1, 2.0]), 400
    gap = QUADRATIC.value(X)
    rate = np.sqrt(gap / (curvatures.sum() * n))
    run = ds.minimize(
        QUADRATIC.text,
        start={"x": -7.0, "y": 2.0},
        optimizer=o.SignDescent(learning_rate=float(rate)),
        steps=n,
    )
    mean = np.mean([np.abs(QUADRATIC.gradient(x)).sum() for x in run.history.x[:n]])
    assert mean <= 1.5 * np.sqrt(curvatures.sum() * gap / n)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_madgrad_on_a_line_is_a_power_of_the_steps(momentum: float) -> None:
    """A constant gradient g: s and v are w g and w g² with w = η Σ √k, so z = x_0 - w^(2/3) g^(1/3)."""
    rule = o.MADGRAD(learning_rate=0.2, momentum=momentum, epsilon=1e-300)
    run = ds.minimize("8*x", start={"x": 1.0}, optimizer=rule, steps=50)
    z = 1 - (0.2 * np.cumsum(np.sqrt(np.arange(1, 51)))) ** (2 / 3) * 2
    x = 1.0
    for k in range(50):
        x = momentum * x + (1 - momentum) * z[k]
        assert run.history.x[k + 1, 0] == pytest.approx(x, rel=1e-12)


# --- where they end --------------------------------------------------------------------------------------

# Steps on x²/20 + y² from (-7, 2), and the distance from the minimum that is left at most.
MINIMA: list[tuple[o.Optimizer, int, float]] = [
    (o.ADOPT(learning_rate=0.05), 3000, 1e-6),
    (o.AdEMAMix(learning_rate=0.05, beta3=0.99), 5000, 1e-6),
    (o.Adan(learning_rate=0.05), 2000, 1e-6),
    (o.LAMB(learning_rate=0.01), 3000, 1e-6),
    (o.LARS(learning_rate=2.0), 20_000, 1e-6),
    (o.Signum(learning_rate=0.0013), 20_000, 0.03),
    (o.SignDescent(learning_rate=0.0013), 20_000, 0.002),
    (o.NovoGrad(learning_rate=0.001), 20_000, 0.02),
    (o.MADGRAD(), 3000, 1e-6),
    (o.MoMo(), 1000, 1e-6),
    (o.MoMoAdam(learning_rate=0.5), 1000, 1e-6),
    (o.COCOB(), 1000, 1e-6),
    (o.DoWG(), 3000, 1e-6),
    (o.ACProp(learning_rate=0.05, beta2=0.99), 3000, 1e-6),
]


@pytest.mark.parametrize(("rule", "steps", "accuracy"), MINIMA, ids=[rule.name() for rule, _, _ in MINIMA])
def test_a_quadratic_is_minimised(rule: o.Optimizer, steps: int, accuracy: float) -> None:
    run = ds.minimize(QUADRATIC.text, start={"x": -7.0, "y": 2.0}, optimizer=rule, steps=steps)
    assert run.engine == "traced"
    assert np.linalg.norm(run.final) <= accuracy


# --- layers ----------------------------------------------------------------------------------------------

LAYERED = [
    (o.LAMB(learning_rate=0.05), "lamb", {"learning_rate": 0.05}),
    (o.LARS(learning_rate=2.0), "lars", {"learning_rate": 2.0}),
    (o.NovoGrad(learning_rate=0.05), "novograd", {"learning_rate": 0.05}),
]


@pytest.mark.parametrize(("rule", "name", "options"), LAYERED, ids=[name for _, name, _ in LAYERED])
def test_a_group_for_each_tensor_makes_each_a_layer(rule: o.Optimizer, name: str, options: Any) -> None:
    """Ours with a parameter group a tensor beside optax's, whose layers are tensors; in one group it goes elsewhere."""
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    starts = [np.array([[3.0, -1.0], [0.5, 2.0]]), np.array([0.1, 0.2])]

    def slopes(parts: list[Any]) -> list[Any]:
        return [np.sinh(parts[0] - 1), 5 * np.sinh(parts[1] + 1)]

    def by_torch(grouped: bool) -> list[Any]:
        params = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
        made = ds.torch.Optimizer([{"params": [p]} for p in params] if grouped else params, rule)
        for _ in range(20):
            for p, slope in zip(params, slopes([p.detach().numpy() for p in params]), strict=True):
                p.grad = torch.tensor(slope)
            made.step()
        return [p.detach().numpy() for p in params]

    with jax.enable_x64(True):
        theirs = getattr(optax, name)(**options)
        x = [jax.numpy.array(start) for start in starts]
        state = theirs.init(x)
        for _ in range(20):
            change, state = theirs.update(
                [jax.numpy.array(s) for s in slopes([np.array(p) for p in x])], state, x
            )
            x = optax.apply_updates(x, change)
    for ours, other, together in zip(by_torch(True), x, by_torch(False), strict=True):
        np.testing.assert_allclose(ours, np.array(other), rtol=1e-11)
        assert np.abs(ours - together).max() > 1e-3
