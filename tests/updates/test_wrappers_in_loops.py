"""Wrappers of steps in the loops of PyTorch, Keras, optax and SciPy, and in loops of one's own, as in ours."""

from __future__ import annotations

import numpy as np
import pytest

import downslope as ds
from downslope.optimizers import (
    SGD,
    AccumulatedGradient,
    Adam,
    AveragedAnswer,
    Cautious,
    GradientNoise,
    Lookahead,
    Mechanize,
    Momentum,
    ScheduleFree,
    SharpnessAware,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras's variables
EVERY = {
    "lookahead": Lookahead(optimizer=Adam(learning_rate=0.05), every=3, part=0.4),
    "cautious": Cautious(optimizer=Momentum(learning_rate=0.05, momentum=0.9)),
    "averaged_answer": AveragedAnswer(optimizer=Adam(learning_rate=0.05), decay=0.8),
    "schedule_free": ScheduleFree(optimizer=Adam(learning_rate=0.05), momentum=0.8),
    "sharpness_aware": SharpnessAware(optimizer=Momentum(learning_rate=0.02, momentum=0.5), radius=0.1),
    "accumulated_gradient": AccumulatedGradient(optimizer=Adam(learning_rate=0.05), every=2),
    "gradient_noise": GradientNoise(optimizer=SGD(learning_rate=0.05), variance=0.1, seed=3),
    "mechanize": Mechanize(optimizer=SGD(learning_rate=0.1), initial_scale=1e-2),
}
CURVATURES, START = np.array([0.5, 1.0, 2.0, 4.0, 1.5]), np.array([2.0, -1.0, 1.5, 0.5, -2.0])
CALLS = 13


def bowl(w):
    return (CURVATURES * w**2).sum() / 2 + (w[0] * w[3] - 1) ** 2 / 4


def slopes(w):
    g = CURVATURES * w
    g[0] += (w[0] * w[3] - 1) * w[3] / 2
    g[3] += (w[0] * w[3] - 1) * w[0] / 2
    return g


def by_hand(rule, calls=CALLS):
    """The points where the rule asks for gradients, and what it reports at the last."""
    x, state = START.copy(), rule.init(START.copy())
    path = [x]
    for _ in range(calls):
        x, state, _ = rule.update(x, bowl(x), slopes(x), state)
        path.append(x)
    return np.array(path), rule.answer(x, state)


@pytest.mark.parametrize("name", EVERY)
def test_torch_steps_and_reports_alike(name):
    torch = pytest.importorskip("torch")
    from downslope.torch import TorchOptimizer

    a, b = (torch.tensor(part, requires_grad=True) for part in (START[:2], START[2:].reshape(3, 1)))
    optimizer, path = TorchOptimizer([a, b], EVERY[name]), [START]

    def point():
        return np.concatenate([p.detach().numpy().ravel() for p in (a, b)])

    saved = None
    for k in range(CALLS):
        g = slopes(point())
        a.grad, b.grad = torch.tensor(g[:2]), torch.tensor(g[2:].reshape(3, 1))
        optimizer.step()
        path.append(point())
        if k == 6:  # goes on from what was saved
            saved = optimizer.state_dict()
            optimizer = TorchOptimizer([a, b], EVERY[name])
            optimizer.load_state_dict(saved)
    ours, reported = by_hand(EVERY[name])
    np.testing.assert_allclose(np.array(path), ours, rtol=1e-9, atol=1e-11)
    with optimizer.averaged():
        np.testing.assert_allclose(point(), reported, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["sharpness_aware", "accumulated_gradient"])
def test_a_step_of_torch_with_a_closure_makes_all_its_evaluations(name):
    torch = pytest.importorskip("torch")
    from downslope.torch import TorchOptimizer

    w = torch.tensor(START, requires_grad=True)
    optimizer, path = TorchOptimizer([w], EVERY[name]), []

    def closure():
        optimizer.zero_grad()
        loss = (torch.tensor(CURVATURES) * w**2).sum() / 2 + (w[0] * w[3] - 1) ** 2 / 4
        loss.backward()
        return loss

    for _ in range(8):
        optimizer.step(closure)
        path.append(w.detach().numpy().copy())
    run = ds.minimize(bowl, start=START, optimizer=EVERY[name], steps=8, explain=False)
    np.testing.assert_allclose(np.array(path), run.history.x[1:], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", EVERY)
def test_optax_steps_and_reports_alike(name):
    optax = pytest.importorskip("optax")
    import jax

    import downslope.optax

    with jax.enable_x64(True):
        transformation = EVERY[name].to_optax()
        params = {"a": jax.numpy.array(START[:2]), "b": jax.numpy.array(START[2:].reshape(3, 1))}
        state, path = transformation.init(params), [START]
        step = jax.jit(lambda g, s, p: transformation.update(g, s, p))

        def point(tree):
            return np.concatenate([np.ravel(tree[key]) for key in "ab"])

        for _ in range(CALLS):
            g = slopes(point(params))
            change, state = step(
                {"a": jax.numpy.array(g[:2]), "b": jax.numpy.array(g[2:].reshape(3, 1))}, state, params
            )
            params = optax.apply_updates(params, change)
            path.append(point(params))
        answered = point(downslope.optax.answer(EVERY[name], state, params))
    ours, reported = by_hand(EVERY[name])
    np.testing.assert_allclose(np.array(path), ours, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(answered, reported, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", EVERY)
def test_keras_steps_alike(name):
    keras = pytest.importorskip("keras")
    from downslope.keras import KerasOptimizer

    optimizer = KerasOptimizer(EVERY[name])
    a, b = (
        keras.Variable(START[:2], dtype="float32"),
        keras.Variable(START[2:].reshape(3, 1), dtype="float32"),
    )
    path = [START]
    for _ in range(CALLS):
        point = np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in (a, b)]).astype(float)
        g = slopes(point)
        optimizer.apply(
            [keras.ops.array(g[:2], "float32"), keras.ops.array(g[2:].reshape(3, 1), "float32")], [a, b]
        )
        path.append(np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in (a, b)]))
    ours, _ = by_hand(EVERY[name])
    np.testing.assert_allclose(np.array(path), ours, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_a_loop_of_ones_own_steps_and_reports_alike(name):
    updater, params, path = ds.Updater(EVERY[name]), {"a": START[:2].copy(), "b": START[2:].copy()}, [START]
    for _ in range(CALLS):
        g = slopes(np.concatenate([params["a"], params["b"]]))
        params = updater.update(params, {"a": g[:2], "b": g[2:]})
        path.append(np.concatenate([params["a"], params["b"]]))
    ours, reported = by_hand(EVERY[name])
    np.testing.assert_allclose(np.array(path), ours, rtol=1e-12, atol=1e-13)
    if not updater.traits.searches:
        answer = updater.answer(params)
        np.testing.assert_allclose(
            np.concatenate([answer["a"], answer["b"]]), reported, rtol=1e-12, atol=1e-13
        )


@pytest.mark.parametrize("name", EVERY)
def test_scipy_minimises_with_them(name):
    from scipy import optimize

    from downslope.scipy import method

    found = optimize.minimize(bowl, START, jac=slopes, method=method(EVERY[name]), options={"maxiter": 20})
    run = ds.minimize(bowl, start=START, gradient=slopes, optimizer=EVERY[name], steps=20, explain=False)
    np.testing.assert_allclose(found.x, run.x, rtol=1e-9)


def test_a_fit_in_batches_takes_them():
    draw = np.random.default_rng(0)
    x = draw.normal(size=400)
    table = {"x": x, "y": 3 * x - 1 + 0.1 * draw.normal(size=400)}
    for name, rule in EVERY.items():
        quicker = rule.changed(optimizer=rule.optimizer.changed(learning_rate=0.1))
        fit = ds.fit(table, "y ~ a*x + b", optimizer=quicker, batch_size=20, steps=30)
        assert fit.parameters["a"] == pytest.approx(3, abs=0.5), name
