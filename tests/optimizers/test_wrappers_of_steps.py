"""Wrappers that change steps: parity with optax and pytorch-optimizer, transcriptions of papers, limits, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UsageError
from downslope.optimizers import (
    SGD,
    AccumulatedGradient,
    Adam,
    Armijo,
    AveragedAnswer,
    Cautious,
    ClipByNorm,
    GradientNoise,
    Lookahead,
    Mechanize,
    Momentum,
    RMSProp,
    ScheduleFree,
    ScheduleFreeSGD,
    SharpnessAware,
    all_wrappers,
)
from downslope.optimizers.schedules import Cosine
from downslope.optimizers.wrappers.gradient_noise import GENERATORS, first_numbers
from downslope.optimizers.wrappers.gradient_noise import remainder_of as remainder

QUADRATIC, START = "x^2/2 + 3*y^2 + x*y - x", {"x": -1.2, "y": 1.0}
ROSENBROCK = "(1 - x)^2 + 100*(y - x^2)^2"
STEPS = 120
EVERY = {
    "lookahead": lambda rule: Lookahead(optimizer=rule, every=3, part=0.4),
    "cautious": lambda rule: Cautious(optimizer=rule),
    "averaged_answer": lambda rule: AveragedAnswer(optimizer=rule, decay=0.9),
    "schedule_free": lambda rule: ScheduleFree(optimizer=rule, momentum=0.8),
    "sharpness_aware": lambda rule: SharpnessAware(optimizer=rule, radius=0.03),
    "accumulated_gradient": lambda rule: AccumulatedGradient(optimizer=rule, every=2),
    "gradient_noise": lambda rule: GradientNoise(optimizer=rule, variance=0.04, seed=7),
    "mechanize": lambda rule: Mechanize(optimizer=rule, initial_scale=1e-2),
}
CHANGING = [name for name in EVERY if name != "averaged_answer"]


def gradient(p):
    return np.array([p[0] + p[1] - 1, 6 * p[1] + p[0]])


def rosenbrock_gradient(p):
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


GRADIENTS = {QUADRATIC: gradient, ROSENBROCK: rosenbrock_gradient}


def run_of(rule, formula=QUADRATIC, **options):
    return ds.minimize(formula, start=START, optimizer=rule, explain=False, **{"steps": STEPS, **options})


def optax_path(formula, transformation, steps=STEPS, report=lambda params, state: params):
    """Points, and what is reported in the end, of an optax transformation on the same gradients in float64."""
    optax = pytest.importorskip("optax")
    import jax

    with jax.enable_x64(True):
        p = jax.numpy.array(list(START.values()))
        state, path = transformation.init(p), [np.array(p)]
        step = jax.jit(transformation.update)
        for _ in range(steps):
            change, state = step(jax.numpy.array(GRADIENTS[formula](np.array(p))), state, p)
            p = optax.apply_updates(p, change)
            path.append(np.array(p))
        return np.array(path), np.array(report(p, state))


def assert_equal_paths(ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.max(np.abs(theirs)))


def x_of(run):
    return np.array(list(run.x.values()))


# --- parity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", GRADIENTS)
def test_lookahead_equals_optax(formula):
    optax = pytest.importorskip("optax")
    import jax

    theirs = optax.lookahead(optax.adam(0.02), sync_period=4, slow_step_size=0.3)
    with jax.enable_x64(True):
        p = optax.LookaheadParams.init_synced(jax.numpy.array(list(START.values())))
        state, path = theirs.init(p), [np.array(p.fast)]
        step = jax.jit(theirs.update)
        for _ in range(STEPS):
            change, state = step(jax.numpy.array(GRADIENTS[formula](np.array(p.fast))), state, p)
            p = optax.apply_updates(p, change)
            path.append(np.array(p.fast))
    run = run_of(Lookahead(optimizer=Adam(learning_rate=0.02), every=4, part=0.3), formula)
    assert_equal_paths(run.history.x, np.array(path))
    assert_equal_paths(x_of(run), np.array(p.slow))


def test_lookahead_equals_pytorch_optimizer():
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("pytorch_optimizer").Lookahead
    p = torch.tensor(list(START.values()), dtype=torch.float64, requires_grad=True)
    optimizer, path = (
        theirs(torch.optim.SGD([p], lr=0.05, momentum=0.9), k=3, alpha=0.4),
        [p.detach().numpy().copy()],
    )
    for _ in range(STEPS):
        p.grad = torch.tensor(gradient(p.detach().numpy()))
        optimizer.step()
        path.append(p.detach().numpy().copy())
    run = run_of(Lookahead(optimizer=Momentum(learning_rate=0.05, momentum=0.9), every=3, part=0.4))
    assert_equal_paths(run.history.x, np.array(path))


@pytest.mark.parametrize("formula", GRADIENTS)
def test_mechanize_equals_optax(formula):
    optax = pytest.importorskip("optax")
    theirs = optax.contrib.mechanize(optax.sgd(0.01), s_init=1e-3)
    path, _ = optax_path(formula, theirs, steps=40)
    run = run_of(Mechanize(optimizer=SGD(learning_rate=0.01), initial_scale=1e-3), formula, steps=40)
    assert np.ptp(path[:, 0]) > 0.02
    assert_equal_paths(
        run.history.x, path, 2e-5
    )  # it finds the sum of the steps again from where it led, and epsilon


def mechanic_of_the_paper(rate, s0, steps, decay=0.01, eps=1e-8):
    """Algorithm 1 of arXiv 2306.00144 around gradient descent, with the sum of the steps kept, not found again."""
    betas = 1 - 0.1 ** np.arange(1, 7)
    start = np.array(list(START.values()))
    x, total = start.copy(), np.zeros(2)
    r, m, v, s = np.zeros(6), np.zeros(6), np.zeros(6), np.full(6, s0)
    path = [x.copy()]
    for _ in range(steps):
        g = gradient(x)
        h = total @ (g + decay * s.sum() * np.linalg.norm(g) / (np.linalg.norm(x) + eps) * x)
        clipped = np.clip(h, -m, m)
        m = np.maximum(betas * m, abs(h) + eps)
        v = betas**2 * v + h * h
        r = betas * r + clipped * s
        s = (s0 / 6 * m + np.maximum(0, r)) / (np.sqrt(v) + eps)
        total = total + rate * g
        x = start - s.sum() * total
        path.append(x.copy())
    return np.array(path)


def test_mechanize_equals_the_paper():
    run = run_of(Mechanize(optimizer=SGD(learning_rate=1.0), initial_scale=1e-3))
    theirs = mechanic_of_the_paper(1.0, 1e-3, STEPS)
    assert np.linalg.norm(theirs[-1] - theirs[0]) > 1
    assert_equal_paths(run.history.x, theirs, 1e-5)
    assert_equal_paths(run.history.x[:60], theirs[:60], 1e-8)


@pytest.mark.parametrize("formula", GRADIENTS)
@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_schedule_free_equals_optax(formula, momentum):
    optax = pytest.importorskip("optax")
    rate = 0.001
    theirs = optax.contrib.schedule_free(
        optax.rmsprop(rate, decay=0.9, eps=1e-8, eps_in_sqrt=False), rate, b1=momentum
    )
    path, reported = optax_path(
        formula, theirs, report=lambda p, s: optax.contrib.schedule_free_eval_params(s, p)
    )
    rule = ScheduleFree(optimizer=RMSProp(learning_rate=rate, decay=0.9, epsilon=1e-8), momentum=momentum)
    run = run_of(rule, formula)
    assert_equal_paths(run.history.x, path, 1e-9)
    assert_equal_paths(x_of(run), reported, 1e-9)


def test_schedule_free_around_gradient_descent_is_the_rule_of_that_name():
    ours = run_of(ScheduleFree(optimizer=SGD(learning_rate=0.1), momentum=0.7))
    known = run_of(ScheduleFreeSGD(learning_rate=0.1, momentum=0.7))
    assert_equal_paths(ours.history.x, known.history.x, 1e-12)
    assert_equal_paths(x_of(ours), x_of(known), 1e-12)


@pytest.mark.parametrize("formula", GRADIENTS)
def test_sharpness_aware_equals_optax(formula):
    optax = pytest.importorskip("optax")
    up = optax.chain(optax.contrib.normalize(), optax.sgd(0.05))
    theirs = optax.contrib.sam(optax.adam(0.02), up, sync_period=2)
    path, _ = optax_path(formula, theirs, 2 * STEPS)
    run = run_of(SharpnessAware(optimizer=Adam(learning_rate=0.02), radius=0.05), formula)
    assert_equal_paths(run.history.x, path[::2])
    assert run.nfev == 2 * STEPS + 1


def test_sharpness_aware_equals_pytorch_optimizer():
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("pytorch_optimizer").SAM
    p = torch.tensor(list(START.values()), dtype=torch.float64, requires_grad=True)
    optimizer = theirs([p], torch.optim.SGD, rho=0.05, adaptive=False, lr=0.05, momentum=0.9)
    path = [p.detach().numpy().copy()]
    for _ in range(STEPS):
        for part in (
            lambda: optimizer.first_step(zero_grad=True),
            lambda: optimizer.second_step(zero_grad=True),
        ):
            p.grad = torch.tensor(gradient(p.detach().numpy()))
            part()
        path.append(p.detach().numpy().copy())
    run = run_of(SharpnessAware(optimizer=Momentum(learning_rate=0.05, momentum=0.9), radius=0.05))
    assert_equal_paths(run.history.x[:20], np.array(path)[:20], 1e-9)  # it adds 1e-12 to the length
    assert_equal_paths(run.history.x, np.array(path), 1e-4)


@pytest.mark.parametrize("formula", GRADIENTS)
def test_accumulated_gradient_equals_optax(formula):
    optax = pytest.importorskip("optax")
    import jax

    with jax.enable_x64(True):
        theirs = optax.MultiSteps(optax.adam(0.02), 3, accumulator_dtype=jax.numpy.float64)
    path, _ = optax_path(formula, theirs.gradient_transformation(), 3 * STEPS)
    run = run_of(AccumulatedGradient(optimizer=Adam(learning_rate=0.02), every=3), formula)
    assert_equal_paths(run.history.x, path[::3])
    assert run.nfev == 3 * STEPS + 1


@pytest.mark.parametrize("formula", GRADIENTS)
def test_averaged_answer_equals_optax(formula):
    optax = pytest.importorskip("optax")
    import jax

    run = run_of(AveragedAnswer(optimizer=Adam(learning_rate=0.02), decay=0.9), formula)
    assert run.history.x.tolist() == run_of(Adam(learning_rate=0.02), formula).history.x.tolist()
    with jax.enable_x64(True):
        ema = optax.ema(0.9, debias=True)
        state = ema.init(jax.numpy.zeros(2))
        for point in run.history.x:
            mean, state = ema.update(jax.numpy.array(point), state)
    assert_equal_paths(x_of(run), np.array(mean))
    weights = 0.9 ** np.arange(STEPS, -1, -1)
    assert_equal_paths(x_of(run), weights @ run.history.x / weights.sum(), 1e-12)


def cautious_momentum(rate, momentum, steps):
    """Heavy ball with the mask of arXiv 2411.16085 and the division of its authors' code."""
    x, v, path = np.array(list(START.values())), np.zeros(2), [np.array(list(START.values()))]
    for _ in range(steps):
        g = gradient(x)
        v = momentum * v + g
        mask = (v * g > 0).astype(float)
        x = x - rate * v * mask / max(mask.mean(), 1e-3)
        path.append(x.copy())
    return np.array(path)


def test_cautious_equals_the_authors_code():
    run = run_of(Cautious(optimizer=Momentum(learning_rate=0.05, momentum=0.9)))
    theirs = cautious_momentum(0.05, 0.9, STEPS)
    plain = run_of(Momentum(learning_rate=0.05, momentum=0.9)).history.x
    assert np.max(np.abs(plain - theirs)) > 0.1
    assert_equal_paths(run.history.x, theirs)


def test_cautious_equals_pytorch_optimizer_but_for_the_one_coordinate_more():
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("pytorch_optimizer.base.optimizer").BaseOptimizer
    draw, seen = np.random.default_rng(3), set()
    for _ in range(20):
        u, g = draw.normal(size=(2, 6))
        masked = torch.tensor(u)
        theirs.apply_cautious(masked, torch.tensor(g))
        there, _, _ = Cautious(optimizer=_Going(way=tuple(u))).update(np.zeros(6), 0.0, g, ())
        kept = int(np.sum(u * g > 0))
        seen.add(kept)
        assert -there * kept / (kept + 1) == pytest.approx(masked.numpy(), rel=1e-12)
    assert len(seen) > 2


class _Going(ds.optimizers.Optimizer):
    """A rule that always goes the same way."""

    way: tuple[float, ...]

    def update(self, x, value, gradient, state):
        return x - np.array(self.way), state, True


# --- noise -------------------------------------------------------------------------------------------


def noise_by_whole_numbers(n, seed, steps):
    """The same numbers by Python's own integers: L'Ecuyer's generator for 16-bit computers, as his figure has it."""
    state = [[int(v) for v in first_numbers(n, seed, i)] for i in range(3)]
    out = []
    for _ in range(steps):
        totals = np.zeros(n)
        for _ in range(4):
            for i, (multiplier, modulus) in enumerate(((157, 32363), (146, 31727), (142, 31657))):
                state[i] = [multiplier * v % modulus for v in state[i]]
            for k, (a, b, c) in enumerate(zip(*state, strict=True)):
                z = a - b
                if z > 706:
                    z -= 32362
                z += c
                if z < 1:
                    z += 32362
                totals[k] += z
        out.append((totals - 4 * 32363 / 2) / np.sqrt(4 * (32362**2 - 1) / 12))
    return np.array(out), state


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("multiplier", "modulus"), GENERATORS)
def test_every_remainder_is_exact(multiplier, modulus, dtype):
    numbers = np.arange(1, modulus, dtype=dtype)
    exact = np.arange(1, int(modulus)) * int(multiplier) % int(modulus)
    assert np.array_equal(remainder(dtype(multiplier) * numbers, float(modulus)), exact)


def noises(rule, n, steps, dtype=np.float64):
    """What a rule that is flat makes of noise alone: its steps."""
    x = np.zeros(n, dtype)
    state, out = rule.init(x), []
    for _ in range(steps):
        x_next, state, _ = rule.update(np.zeros(n, dtype), 0.0, np.zeros(n, dtype), state)
        out.append(-x_next)
    return np.array(out), state


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_noise_is_drawn_by_whole_numbers_in_either_precision(dtype):
    rule = GradientNoise(optimizer=SGD(learning_rate=1.0), variance=1.0, decay=0.0, seed=5)
    seen, state = noises(rule, 7, 3000, dtype)
    exact, whole = noise_by_whole_numbers(7, 5, 3000)
    assert seen.dtype == dtype
    np.testing.assert_allclose(seen, exact, atol=1e-13 if dtype == np.float64 else 3e-6)
    assert [list(map(int, part)) for part in state[:3]] == whole  # to the last one, also in single precision


def test_noise_has_the_moments_of_independent_normal_numbers():
    rule = GradientNoise(optimizer=SGD(learning_rate=1.0), variance=1.0, decay=0.0)
    z, _ = noises(rule, 40, 5000)
    n = z.size
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(1.7 / n)  # the fourth moment of four uniform numbers is 2.7
    assert abs((z**3).mean()) < 4 * np.sqrt(15 / n)
    assert (z**4).mean() == pytest.approx(2.7, abs=0.05)
    of_pairs = np.corrcoef(z.T) - np.eye(40)
    assert np.max(np.abs(of_pairs)) < 5 / np.sqrt(5000)
    assert np.all(np.abs([np.mean(z[lag:] * z[:-lag]) for lag in range(1, 9)]) < 4 / np.sqrt(n))
    other, _ = noises(rule.changed(seed=1), 40, 5000)
    assert abs(np.mean(z * other)) < 4 / np.sqrt(n)


def test_noise_falls_as_the_paper_says():
    rule = GradientNoise(optimizer=SGD(learning_rate=1.0), variance=0.3, decay=0.55, seed=2)
    exact, _ = noise_by_whole_numbers(3, 2, 50)
    seen, _ = noises(rule, 3, 50)
    np.testing.assert_allclose(seen, np.sqrt(0.3 / (1 + np.arange(50)) ** 0.55)[:, None] * exact, rtol=1e-12)


def test_coordinates_and_seeds_begin_apart():
    begun = {
        tuple(first_numbers(2000, seed, i)[k] for i in range(3)) for seed in range(5) for k in range(2000)
    }
    assert len(begun) == 10_000


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        lambda inner: Lookahead(optimizer=inner, every=1, part=1.0),
        lambda inner: AccumulatedGradient(optimizer=inner, every=1),
        lambda inner: SharpnessAware(optimizer=inner, radius=0.0),
        lambda inner: GradientNoise(optimizer=inner, variance=0.0),
        lambda inner: AveragedAnswer(optimizer=inner, decay=0.0),
        lambda inner: AccumulatedGradient(optimizer=inner, every=3),
    ],
)
def test_with_numbers_that_change_nothing_it_is_the_rule_inside(rule):
    inner = Adam(learning_rate=0.1)
    run, alone = run_of(rule(inner)), run_of(inner)
    assert_equal_paths(run.history.x, alone.history.x, 1e-13)
    assert_equal_paths(x_of(run), x_of(alone), 1e-13)


def test_schedule_free_without_momentum_steps_as_the_rule_and_answers_with_the_mean():
    run, alone = (
        run_of(ScheduleFree(optimizer=SGD(learning_rate=0.1), momentum=0.0)),
        run_of(SGD(learning_rate=0.1)),
    )
    assert_equal_paths(run.history.x, alone.history.x, 1e-13)
    assert_equal_paths(x_of(run), alone.history.x[1:].mean(axis=0), 1e-13)


def test_cautious_changes_nothing_where_every_step_goes_down():
    run, alone = run_of(Cautious(optimizer=RMSProp(learning_rate=0.01))), run_of(RMSProp(learning_rate=0.01))
    assert_equal_paths(run.history.x, alone.history.x, 1e-12)


def test_lookahead_on_a_line_is_a_factor():
    """Of x^2/2: k steps by 1 - η and back by 1 - α make 1 - α + α(1 - η)^k."""
    rule = Lookahead(optimizer=SGD(learning_rate=0.1), every=5, part=0.5)
    run = ds.minimize("x^2/2", start={"x": 1.0}, optimizer=rule, steps=50)
    assert run.history["x"][::5] == pytest.approx((0.5 + 0.5 * 0.9**5) ** np.arange(11), rel=1e-13)


def test_sharpness_aware_on_a_line_is_thrown_about_the_minimum_by_the_radius():
    """Of x^2/2 a step is x - η(x + ρ sign x), so the least it comes back to is ηρ/(2 - η) away."""
    rule = SharpnessAware(optimizer=SGD(learning_rate=0.5), radius=0.3)
    run = ds.minimize("x^2/2", start={"x": 5.0}, optimizer=rule, steps=200)
    assert np.abs(run.history["x"][-20:]) == pytest.approx(np.full(20, 0.5 * 0.3 / 1.5), rel=1e-9)


def test_an_average_settles_where_points_scatter():
    noisy = GradientNoise(optimizer=SGD(learning_rate=0.2), variance=1.0, decay=0.0, seed=3)
    run = run_of(AveragedAnswer(optimizer=noisy, decay=0.98), steps=2000)
    least = np.linalg.solve([[1, 1], [1, 6]], [1, 0])
    scattered = np.sqrt(np.mean(np.sum((run.history.x[500:] - least) ** 2, axis=1)))
    assert np.linalg.norm(x_of(run) - least) < scattered / 2


def test_the_variance_of_a_mean_of_k_is_one_over_k():
    inside = GradientNoise(
        optimizer=AccumulatedGradient(optimizer=SGD(learning_rate=1.0), every=4), variance=1.0, decay=0
    )
    x, state, seen = np.zeros(50), None, []
    state = inside.init(x)
    for k in range(4000):
        there, state, _ = inside.update(np.zeros(50), 0.0, np.zeros(50), state)
        if k % 4 == 3:
            seen.append(there)
    assert np.var(seen) == pytest.approx(0.25, rel=0.02)


# --- engines, saving, going on ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_traced_equals_hosted(name, dtype):
    for inner in (
        Momentum(learning_rate=0.02 * Cosine(steps=90)),
        ClipByNorm(optimizer=Adam(learning_rate=0.1)),
    ):
        runs = [
            run_of(EVERY[name](inner), dtype=dtype, engine=engine, steps=60)
            for engine in ("traced", "hosted")
        ]
        assert [run.engine for run in runs] == ["traced", "hosted"]
        tolerance = 1e-10 if dtype == "float64" else 2e-3
        np.testing.assert_allclose(runs[0].history.x, runs[1].history.x, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(x_of(runs[0]), x_of(runs[1]), rtol=tolerance, atol=tolerance)
        assert runs[0].nfev == runs[1].nfev


@pytest.mark.parametrize("name", EVERY)
def test_many_parameters_are_stepped_as_few(name):
    """From 30 on, programs on whole arrays."""
    weights = np.linspace(0.5, 3.0, 40)

    def bowl(w):
        return np.sum(weights * w**2) / 2

    rule = EVERY[name](Momentum(learning_rate=0.1, momentum=0.5))
    start = np.linspace(-1, 1, 40)
    runs = [ds.minimize(bowl, start=start, optimizer=rule, steps=40, engine=e) for e in ("traced", "hosted")]
    np.testing.assert_allclose(runs[0].history.x, runs[1].history.x, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_run_is_equal_and_goes_on_as_if_it_had_not_stopped(name, tmp_path):
    rule = EVERY[name](Adam(learning_rate=0.05))
    whole, part = run_of(rule, steps=61), run_of(rule, steps=30)
    part.save(tmp_path / "run.json")
    loaded = ds.load(tmp_path / "run.json")
    assert loaded == part
    assert loaded.optimizer == rule
    for before in (part, loaded):
        on = before.resume(steps=31)
        assert on.history.x.tolist() == whole.history.x.tolist()
        assert list(on.x.values()) == list(whole.x.values())
    data = json.loads(json.dumps(rule.to_dict()))
    assert ds.optimizers.optimizer_from_dict(data) == rule


# --- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGING)
def test_a_line_search_is_refused(name):
    with pytest.raises(HyperparameterError, match="Armijo does not step from each point"):
        EVERY[name](ClipByNorm(optimizer=Armijo()).optimizer)


def test_an_average_of_any_rule_is_taken():
    run = run_of(AveragedAnswer(optimizer=Armijo(), decay=0.5))
    weights = 0.5 ** np.arange(len(run.history) - 1, -1, -1)
    assert_equal_paths(x_of(run), weights @ run.history.x / weights.sum(), 1e-12)


@pytest.mark.parametrize(
    "name", [n for n in CHANGING if n not in ("cautious", "gradient_noise", "accumulated_gradient")]
)
def test_what_keeps_points_takes_no_rule_that_does_and_no_bounds(name):
    with pytest.raises(HyperparameterError, match="ScheduleFreeSGD does too"):
        EVERY[name](ScheduleFreeSGD(learning_rate=0.1))
    with pytest.raises(UsageError, match="keeps points of its own, which would leave them"):
        run_of(EVERY[name](SGD(learning_rate=0.1)), bounds="x=0:1")


@pytest.mark.parametrize("name", ["cautious", "gradient_noise", "averaged_answer", "accumulated_gradient"])
def test_the_others_stay_within_bounds(name):
    run = run_of(EVERY[name](SGD(learning_rate=0.1)), bounds="y=0.2:1", steps=300)
    assert np.all(run.history["y"] >= 0.2)
    assert run.x["y"] == pytest.approx(0.2, abs=1e-2)


@pytest.mark.parametrize("seed", [-1, 0.5, 2**31, "1", True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(HyperparameterError, match=r"seed is .* whole number from 0 to 2147483647"):
        GradientNoise(optimizer=SGD(), seed=seed)


def test_every_wrapper_of_steps_is_tested_here():
    from downslope.optimizers.wrappers.wrapper import StepWrapper

    assert {cls.name() for cls in all_wrappers() if issubclass(cls, StepWrapper)} == set(CHANGING)


def test_steps_of_a_wrapper_are_not_laid_to_the_rule():
    """Lookahead goes back every few steps, which is no going round a minimum."""
    rule = Lookahead(optimizer=Adam(learning_rate=0.1), every=4)
    run = ds.minimize("x^2+y^2", {"x": 3.0, "y": 1.0}, optimizer=rule, steps=20)
    assert "chatter" not in [finding.code for finding in run.explain().findings]
