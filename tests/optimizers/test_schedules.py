"""Schedules: parity with torch and optax, closed forms, text, both engines, and what is refused."""

from __future__ import annotations

import contextlib
import math
import random

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError, HyperparameterError, UnknownNameError, UsageError
from downslope.optimizers import all_optimizers, all_schedules
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.optimizers.schedule_text import as_schedule, schedule_names
from downslope.optimizers.schedules import (
    Cosine,
    CosineRestarts,
    Custom,
    Exponential,
    InverseSquareRoot,
    InverseTime,
    MultiStep,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    SquareRootCooldown,
    StepDecay,
    Triangular,
    TriangularExponential,
    TriangularHalving,
    Warmup,
    WarmupStableDecay,
    parse_schedule,
)
from downslope.symbolic import SymbolicArray, compile_native
from downslope.symbolic.array import box

STEPS = 150
RATE = 0.37

# One of each, with numbers that make rounding likely to show.
EVERY = [
    Constant(value=0.5),
    Cosine(steps=49, final=0.05),
    CosineRestarts(steps=7, multiplier=2),
    Custom(function=lambda k: 1 / (1 + 0.1 * k)),
    Exponential(rate=0.97),
    InverseSquareRoot(),
    InverseTime(rate=0.1),
    MultiStep(milestones=(3, 49, 98), rate=0.3),
    OneCycle(steps=100),
    Polynomial(steps=49, power=0.5),
    Product(first=Warmup(steps=10), second=Cosine(steps=99)),
    ReduceOnPlateau(patience=2, rate=0.5),
    SquareRootCooldown(steps=98, decay=0.3),
    StepDecay(every=49, rate=0.3),
    Triangular(steps=7),
    TriangularExponential(steps=7, rate=0.97),
    TriangularHalving(steps=7),
    Warmup(steps=49),
    WarmupStableDecay(steps=98, warmup=0.3, decay=0.1),
]
STATELESS = [s for s in EVERY if not isinstance(s, ReduceOnPlateau)]


def named(schedule: Schedule) -> str:
    return schedule.name()


def numbers(schedule: Schedule, dtype: type = np.float64) -> np.ndarray:
    """The factors as the hosted engine computes them."""
    rule = schedule.with_scalars({path: dtype(v) for path, v in schedule.scalars().items()})
    return np.array([float(rule.factor(dtype(k))) for k in range(STEPS)])


def native(schedule: Schedule, dtype: type = np.float64) -> np.ndarray:
    """The factors as the traced engine computes them."""
    count = SymbolicArray.symbols("k")
    values = schedule.scalars()
    hyper = {path: SymbolicArray.symbols(f"#{path}") for path in values}
    factor = schedule.with_scalars(hyper).factor(count)
    inputs = [count.item(), *(h.item() for h in hyper.values())]
    function = compile_native(inputs, [box(factor).ravel()[0]], dtype)
    return np.array([float(function(np.array([k, *values.values()], dtype))[0]) for k in range(STEPS)])


def torch_rates(make):
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([parameter], lr=RATE)
    schedule = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(rates)


def cyclic(lr, optimizer, mode, **options):
    return lr.CyclicLR(optimizer, 0.3 * RATE, RATE, 7, mode=mode, cycle_momentum=False, **options)


TORCH = {
    "step": (StepDecay(every=7, rate=0.7), lambda lr, o: lr.StepLR(o, 7, gamma=0.7)),
    "step at 49": (StepDecay(every=49, rate=0.1), lambda lr, o: lr.StepLR(o, 49)),
    "multi-step": (
        MultiStep(milestones=(0, 30, 80, 81), rate=0.3),
        lambda lr, o: lr.MultiStepLR(o, [0, 30, 80, 81], gamma=0.3),
    ),
    "exponential": (Exponential(rate=0.97), lambda lr, o: lr.ExponentialLR(o, 0.97)),
    "polynomial": (Polynomial(steps=130, power=1.7), lambda lr, o: lr.PolynomialLR(o, 130, power=1.7)),
    "polynomial, straight": (Polynomial(steps=49), lambda lr, o: lr.PolynomialLR(o, 49)),
    # torch's schedule rises again after its end, so it ends where the test does
    "cosine": (
        Cosine(steps=STEPS, final=0.1),
        lambda lr, o: lr.CosineAnnealingLR(o, STEPS, eta_min=0.1 * RATE),
    ),
    "cosine restarts": (CosineRestarts(steps=49), lambda lr, o: lr.CosineAnnealingWarmRestarts(o, 49)),
    "cosine restarts, longer": (
        CosineRestarts(steps=3, multiplier=3, final=0.01),
        lambda lr, o: lr.CosineAnnealingWarmRestarts(o, 3, T_mult=3, eta_min=0.01 * RATE),
    ),
    "warm-up": (
        Warmup(steps=49, initial=1 / 3),
        lambda lr, o: lr.LinearLR(o, start_factor=1 / 3, total_iters=49),
    ),
    "one cycle": (
        OneCycle(steps=STEPS + 1),
        lambda lr, o: lr.OneCycleLR(o, max_lr=RATE, total_steps=STEPS + 1, cycle_momentum=False),
    ),
    "one cycle, early peak": (
        OneCycle(steps=STEPS + 1, rise=0.1, initial=0.2, final=0.002),
        lambda lr, o: lr.OneCycleLR(
            o, RATE, STEPS + 1, pct_start=0.1, div_factor=5, final_div_factor=100, cycle_momentum=False
        ),
    ),
    "triangular": (Triangular(steps=7, low=0.3), lambda lr, o: cyclic(lr, o, "triangular")),
    "triangular, halving": (
        TriangularHalving(steps=7, low=0.3),
        lambda lr, o: cyclic(lr, o, "triangular2"),
    ),
    "triangular, exponential": (
        TriangularExponential(steps=7, rate=0.97, low=0.3),
        lambda lr, o: cyclic(lr, o, "exp_range", gamma=0.97),
    ),
    "warm-up, stable, decay": (
        WarmupStableDecay(steps=120, warmup=0.25, decay=0.5, initial=0.1, final=0.2),
        lambda lr, o: lr.SequentialLR(
            o,
            [
                lr.LinearLR(o, start_factor=0.1, total_iters=30),
                lr.ConstantLR(o, factor=1.0, total_iters=1),
                lr.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=60),
            ],
            milestones=[30, 60],
        ),
    ),
    "custom": (Custom(function=lambda k: 0.95**k), lambda lr, o: lr.LambdaLR(o, lambda k: 0.95**k)),
    "product": (
        Warmup(steps=10, initial=0.25) * Exponential(rate=0.9),
        lambda lr, o: lr.ChainedScheduler(
            [lr.LinearLR(o, start_factor=0.25, total_iters=10), lr.ExponentialLR(o, 0.9)]
        ),
    ),
}


@pytest.mark.parametrize("case", TORCH)
def test_equals_torch(case):
    schedule, make = TORCH[case]
    theirs = torch_rates(make)
    for ours in (RATE * numbers(schedule), RATE * native(schedule)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("cooldown", ["linear", "1-sqrt"])
def test_a_fall_at_the_end_equals_pytorch_optimizer(cooldown):
    """Which begins at a rate of 0, as ours does not."""
    library = pytest.importorskip("pytorch_optimizer")
    ours = Warmup(steps=20, initial=1e-300) * SquareRootCooldown(steps=120, decay=0.25, final=0.0)
    if cooldown == "linear":
        ours = WarmupStableDecay(steps=120, warmup=20 / 120, decay=0.25, initial=1e-300)
    theirs = torch_rates(
        lambda _, o: library.get_wsd_schedule(o, 20, 70, 30, min_lr_ratio=0.0, cooldown_type=cooldown)
    )
    for factors in (numbers(ours), native(ours)):
        assert RATE * factors == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("steps", [1, 3, 7, 49])
def test_cycles_begin_exactly_on_time(steps):
    """At every multiple of two lengths it is as low as at the start, and in the middle as high as it gets."""
    for schedule in (Triangular(steps=steps, low=0.25), TriangularHalving(steps=steps, low=0.25)):
        factors = np.array([schedule.factor(float(k)) for k in range(6 * steps)])
        assert factors[:: 2 * steps].tolist() == [0.25] * 3
        peaks = [1.0] * 3 if isinstance(schedule, Triangular) else [1.0, 0.625, 0.4375]
        assert factors[steps :: 2 * steps].tolist() == peaks


def values_that_stop_falling() -> list[float]:
    noise = random.Random(7)
    return [3 * 0.9 ** min(k, 40) + 0.02 * noise.random() for k in range(STEPS)]


def plateau_factors(schedule: ReduceOnPlateau, values: list[float]) -> list[float]:
    state, factors = schedule.init(), []
    for k, value in enumerate(values):
        factor, state = schedule.update(float(k), np.float64(value), state)
        factors.append(float(factor))
    return factors


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 2, "rate": 0.5},
        {"patience": 0, "rate": 0.9, "threshold": 0.05},
        {"patience": 3, "rate": 0.3, "cooldown": 5},
        {"patience": 1, "rate": 0.1, "least": 0.02},
    ],
)
def test_reduce_on_plateau_equals_torch(options):
    torch = pytest.importorskip("torch")
    values = values_that_stop_falling()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=RATE)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        factor=options["rate"],
        patience=options["patience"],
        threshold=options.get("threshold", 1e-4),
        cooldown=options.get("cooldown", 0),
        min_lr=RATE * options.get("least", 0.0),
        eps=0.0,
    )
    theirs = []
    for value in values:  # judged before the step, as here
        schedule.step(value)
        theirs.append(optimizer.param_groups[0]["lr"] / RATE)
    ours = plateau_factors(ReduceOnPlateau(**options), values)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert len(set(np.round(ours, 12))) >= 3


def test_a_wrapper_for_schedules_wants_one() -> None:
    with pytest.raises(UsageError, match="whose learning_rate is a schedule"):
        ds.minimize("x^2", 1.0, optimizer=ds.optimizers.Scheduled(optimizer=ds.optimizers.Adam()))


def test_reduce_on_plateau_judges_negative_values_by_their_size():
    """A value a little worse than a best one below 0 is no improvement; torch's relative mode says it is."""
    factors = plateau_factors(
        ReduceOnPlateau(patience=0, rate=0.5, threshold=0.1), [-1.0, -0.95, -1.05, -1.2]
    )
    assert factors == [1.0, 0.5, 0.25, 0.25]


def test_equals_optax():
    pytest.importorskip("optax")
    import jax
    import optax

    cases = [
        (Polynomial(steps=49, power=2.0, final=0.1), optax.polynomial_schedule(1.0, 0.1, 2.0, 49)),
        (Cosine(steps=49, final=0.2), optax.cosine_decay_schedule(1.0, 49, alpha=0.2)),
        (Warmup(steps=49, initial=0.2), optax.linear_schedule(0.2, 1.0, 49)),
    ]
    with jax.enable_x64(True):
        for ours, theirs in cases:
            expected = [float(theirs(jax.numpy.asarray(k))) for k in range(STEPS)]
            np.testing.assert_allclose(numbers(ours), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (InverseTime(rate=0.03), lambda k: 1 / (1 + 0.03 * k)),
        (InverseSquareRoot(), lambda k: 1 / math.sqrt(k + 1)),
        (InverseSquareRoot(rate=0.2), lambda k: 1 / math.sqrt(1 + 0.2 * k)),
        (Constant(value=0.3), lambda k: 0.3),
        (Polynomial(steps=49, power=3.0, final=0.5), lambda k: 0.5 + 0.5 * (1 - min(k, 49) / 49) ** 3),
        (StepDecay(every=13, rate=0.7), lambda k: 0.7 ** (k // 13)),
        (MultiStep(milestones=(5, 6, 99), rate=0.7), lambda k: 0.7 ** ((k >= 5) + (k >= 6) + (k >= 99))),
    ],
    ids=lambda value: value.name() if isinstance(value, Schedule) else "",
)
def test_closed_form(schedule, formula):
    expected = [formula(k) for k in range(STEPS)]
    for ours in (numbers(schedule), native(schedule)):
        np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("every", range(1, 100))
def test_steps_fall_exactly_on_time(every):
    """In both precisions, though k/n is computed as k * (1/n) in symbols, and 49 * (1/49) is below 1."""
    expected = np.array([0.5 ** (k // every) for k in range(STEPS)])
    for dtype in (np.float64, np.float32):
        seen = numbers(StepDecay(every=every, rate=0.5), dtype)
        np.testing.assert_allclose(seen, expected, rtol=1e-6)
        np.testing.assert_allclose(native(StepDecay(every=every, rate=0.5), dtype), expected, rtol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 7, 10, 49])
@pytest.mark.parametrize("multiplier", [1, 2, 3, 5, 10])
def test_restarts_come_exactly_on_time(steps, multiplier):
    begins, at, length = [], 0, steps
    while at < STEPS:
        begins.append(at)
        at, length = at + length, length * multiplier
    for dtype in (np.float64, np.float32):
        for factors in (
            numbers(CosineRestarts(steps=steps, multiplier=multiplier), dtype),
            native(CosineRestarts(steps=steps, multiplier=multiplier), dtype),
        ):
            assert np.flatnonzero(factors > 1 - 1e-6).tolist() == begins
            assert np.all((factors >= -1e-6) & (factors <= 1 + 1e-6))


@pytest.mark.parametrize("schedule", STATELESS, ids=named)
def test_native_factors_equal_numbers(schedule):
    np.testing.assert_allclose(native(schedule), numbers(schedule), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(native(schedule, np.float32), numbers(schedule), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("schedule", [Cosine(steps=7), Polynomial(steps=7), OneCycle(steps=7, final=0.0)])
def test_it_stays_at_its_end(schedule):
    assert np.all(np.abs(numbers(schedule)[7:]) <= 1e-16)
    assert np.all(np.abs(native(schedule)[7:]) <= 1e-16)


def test_one_cycle_of_few_steps_begins_at_its_peak():
    assert numbers(OneCycle(steps=2))[:3] == pytest.approx([1.0, 4e-6, 4e-6])


# --- in a run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", EVERY, ids=named)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_traced_equals_hosted(schedule, dtype):
    def run(engine):
        return ds.minimize(
            "x^2/2 + 3*y^2 + x*y",
            start={"x": 4, "y": -3},
            learning_rate=0.1,
            schedule=schedule,
            steps=120,
            dtype=dtype,
            engine=engine,
        )

    traced, hosted = run("traced"), run("hosted")
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(traced.history.x, hosted.history.x, rtol=tolerance, atol=tolerance)
    if dtype == "float32":  # every number of the hosted run is a float32: nothing drifted to float64
        assert np.array_equal(hosted.history.x, hosted.history.x.astype(np.float32))


@pytest.mark.parametrize(
    "name", sorted(c.name() for c in all_optimizers() if "learning_rate" in c.__dataclass_fields__)
)
def test_every_method_with_a_learning_rate_takes_a_schedule(name):
    options = {"start": {"x": 4, "y": -3}, "optimizer": name, "learning_rate": 0.01, "steps": 20}
    constant = ds.minimize("x^2/2 + 3*y^2", **options, engine="hosted")
    scheduled = ds.minimize("x^2/2 + 3*y^2", **options, schedule=Constant(value=1.0), engine="hosted")
    np.testing.assert_allclose(scheduled.history.x, constant.history.x, rtol=1e-9)


def test_it_counts_accepted_steps_only():
    """A method that rejects every other trial sees each factor twice."""
    from downslope.optimizers import Optimizer
    from downslope.optimizers.base import hyperparameter
    from downslope.optimizers.wrappers.scheduled import resolve_schedule

    seen = []

    class Hesitant(Optimizer):
        learning_rate: float = hyperparameter(1.0, "recorded")

        def init(self, x):
            return (0.0,)

        def update(self, x, value, gradient, state):
            seen.append(float(self.learning_rate))
            return x, (1 - state[0],), np.bool_(state[0] == 1)

    rule = resolve_schedule(
        Hesitant(learning_rate=Exponential(rate=0.5) * ReduceOnPlateau(patience=1, rate=0.5))
    )
    x = np.ones(1)
    state = rule.init(x)
    for _ in range(8):
        _, state, _ = rule.update(x, np.float64(1.0), x, state)
    # the first value is no plateau, the second step is bad, the third too: then it is halved
    assert seen == [1.0, 1.0, 0.5, 0.5, 0.125, 0.125, 0.0625, 0.0625]


def test_the_rate_of_the_optimizer_is_what_is_multiplied():
    rule = ds.optimizers.Adam(learning_rate=0.2)
    one = ds.minimize("x^2", start=1.0, optimizer=rule, schedule="cosine(steps=9)", steps=12)
    two = ds.minimize(
        "x^2", start=1.0, optimizer="adam", learning_rate=0.2, schedule=Cosine(steps=9), steps=12
    )
    three = ds.minimize(
        "x^2", start=1.0, optimizer=ds.optimizers.Adam(learning_rate=0.2 * Cosine(steps=9)), steps=12
    )
    assert one.history.x.tolist() == two.history.x.tolist() == three.history.x.tolist()
    default = ds.minimize("x^2", start=1.0, optimizer="adam", schedule="0.5 * cosine(steps=9)", steps=1)
    assert default.x == pytest.approx(1 - 0.0005)


def test_a_method_without_a_learning_rate_refuses():
    with pytest.raises(UsageError, match=r"Armijo has no learning rate.*adam.*gradient_descent"):
        ds.minimize("x^2", start=1.0, optimizer="armijo", schedule="cosine(steps=9)")
    with pytest.raises(UsageError, match="has no learning rate"):
        ds.minimize("x^2", start=1.0, schedule="cosine(steps=9)")


# --- a Python function ------------------------------------------------------------------------------


TABLE = [1.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize(
    ("function", "engine"),
    [
        (lambda k: 0.9**k, "traced"),
        (lambda k: np.exp(-0.1 * k), "traced"),
        (lambda k: np.where(k < 3, 1.0, 0.1), "traced"),
        (lambda k: 0.5, "traced"),
        (lambda k: 1.0 if k < 3 else 0.1, "hosted"),
        (lambda k: TABLE[min(k, 3)], "hosted"),
        (lambda k: {0: 1.0}.get(k, 0.5), "hosted"),
        (lambda k: math.cos(k) ** 2, "hosted"),
        (lambda k: 0.5 ** (k // 2), "hosted"),
        (lambda k: 1.0 if k.bit_length() < 3 else 0.5, "hosted"),
    ],
)
def test_a_function_is_traced_or_called(function, engine):
    run = ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=function, steps=6)
    assert run.engine == engine
    x = [1.0]
    for k in range(6):
        x.append(x[-1] - 0.1 * float(function(k)) * 2 * x[-1])
    np.testing.assert_allclose(run.history["x"], x, rtol=1e-14)
    if engine == "hosted":
        with pytest.raises(UsageError, match="cannot be traced"):
            ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=function, steps=6, engine="traced")


def test_what_a_traced_function_reads_from_outside_is_read_anew():
    decay = 0.5

    def fall(k):
        return decay**k

    one = ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=fall, steps=4)
    decay = 0.25
    two = ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=fall, steps=4)
    assert one.engine == two.engine == "traced"
    assert one.x != two.x


@pytest.mark.parametrize("result", [None, "half", math.nan, math.inf, 1j, "0.5"])
def test_a_function_that_returns_no_number_is_refused(result):
    with pytest.raises(HyperparameterError, match="a finite number is needed"):
        ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=lambda k: result, steps=3, engine="hosted")


@pytest.mark.parametrize("given", [3, None.__class__, [0.1, 0.2], {"name": "cosine"}])
def test_what_is_no_schedule_is_refused(given):
    with pytest.raises(HyperparameterError, match="give a Schedule, or text such as"):
        ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=given)
    with pytest.raises(HyperparameterError, match="must be a function"):
        Custom(function=3)


# --- text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("cosine(steps=1000)", Cosine(steps=1000)),
        ("  Cosine( steps = 1000 , final = 1/4 ) ", Cosine(steps=1000, final=0.25)),
        ("warmup(steps=10) * cosine(steps=990)", Warmup(steps=10) * Cosine(steps=990)),
        ("0.5 * exponential(rate=0.99)", 0.5 * Exponential(rate=0.99)),
        ("exponential(rate=0.99)*0.5", Exponential(rate=0.99) * 0.5),
        ("multi_step(milestones=[30,80], rate=0.5)", MultiStep(milestones=(30, 80), rate=0.5)),
        ("multi-step(milestones=(30, 80,))".replace("-", "_"), MultiStep(milestones=(30, 80))),
        ("StepLR(every=1e3)", StepDecay(every=1000)),
        ("reduce_on_plateau", ReduceOnPlateau()),
        ("reduce_on_plateau()", ReduceOnPlateau()),
        ("inverse_square_root", InverseSquareRoot()),
        ("2 * 3", Constant(value=2.0) * 3.0),
        ("constant(value=2*pi)", Constant(value=2 * math.pi)),
        ("one_cycle(steps=100, rise=(1+1)/10)", OneCycle(steps=100, rise=0.2)),
    ],
)
def test_text(text, schedule):
    assert parse_schedule(text) == as_schedule(text) == schedule


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", HyperparameterError, "A schedule looks like this"),
        ("   ", HyperparameterError, "A schedule looks like this"),
        ("cosin(steps=3)", UnknownNameError, "Did you mean 'cosine'"),
        ("custom(function=3)", UnknownNameError, "no schedule 'custom'"),
        ("adam", UnknownNameError, "There are: constant, cosine"),
        ("__import__('os').system('true')", UnknownNameError, "no schedule '__import__'"),
        ("cosine", HyperparameterError, r"needs steps. For example: cosine\(steps=100\)"),
        (
            "cosine(1000)",
            HyperparameterError,
            r"not of the form name=value. For example: cosine\(steps=100\)",
        ),
        ("cosine(steps=)", HyperparameterError, "not of the form name=value"),
        ("cosine(steps=0)", HyperparameterError, "steps is 0.0; it must be a whole number"),
        ("cosine(steps=2.5)", HyperparameterError, "steps is 2.5; it must be a whole number"),
        ("cosine(stps=3)", HyperparameterError, "Did you mean 'steps'"),
        ("cosine(steps=x)", HyperparameterError, '"x" is a name'),
        ("cosine(steps=1e400)", HyperparameterError, "too large"),
        ("cosine(steps=[1, 2])", HyperparameterError, "whole number"),
        ("cosine(steps=3, steps=4)", HyperparameterError, "gives steps twice"),
        ("cosine(steps=3", HyperparameterError, "never closed"),
        ("cosine(steps=3))", HyperparameterError, "never opened"),
        ("cosine(steps=3) *", HyperparameterError, "lacks something to multiply"),
        ("cosine(steps=3) ** 2", HyperparameterError, "lacks something to multiply"),
        ("cosine(steps=3)/2", HyperparameterError, "neither a number nor a schedule"),
        ("-1 * cosine(steps=3)", HyperparameterError, "must be a finite number > 0"),
        ("multi_step(milestones=[80, 30])", HyperparameterError, "ascending order"),
        ("multi_step(milestones=[])", HyperparameterError, "milestones is"),
        ("exponential(rate=1.5)", HyperparameterError, r"rate is 1.5.*For example: exponential\(rate=0.99\)"),
        (" * ".join(["1"] * 21), HyperparameterError, "at most 20"),
    ],
)
def test_wrong_text(text, error, says):
    with pytest.raises(error, match=says):
        parse_schedule(text)


def test_random_text_raises_nothing_but_our_own_errors():
    noise = random.Random(0)
    pieces = [
        "cosine",
        "warmup",
        "(",
        ")",
        "[",
        "]",
        "=",
        ",",
        "*",
        "steps",
        "3",
        "0.5",
        " ",
        "-",
        "é",
        "\0",
        "'",
    ]
    for _ in range(3000):
        text = "".join(noise.choice(pieces) for _ in range(noise.randrange(12)))
        with contextlib.suppress(DownslopeError):
            assert isinstance(parse_schedule(text), Schedule)


def test_every_schedule_has_a_name_and_can_be_written():
    names = schedule_names()
    assert {c.name() for c in all_schedules()} - set(names) == {"custom"}
    assert {type(s).name() for s in EVERY} == {*(c.name() for c in all_schedules()), "constant", "product"}
    for name, cls in names.items():
        with pytest.raises(HyperparameterError, match=rf"For example: {name}\("):
            parse_schedule(f"{name}(nonsense=1)")
        assert cls.summary().endswith(".")


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [*STATELESS, ReduceOnPlateau()], ids=named)
@pytest.mark.parametrize("bad", [-1, math.nan, math.inf, "x", None, True, 1j])
def test_numbers_out_of_range_are_refused_by_name(schedule, bad):
    for field, value in schedule.hyperparameters().items():
        if isinstance(value, Schedule):
            continue
        if isinstance(schedule, Custom) and isinstance(bad, str):
            continue  # a function's name is how a saved run spells it; it is refused when it is called
        with pytest.raises(HyperparameterError, match=field):
            type(schedule)(**{**schedule.hyperparameters(), field: bad})


def test_the_names_of_the_module():
    from downslope.optimizers import schedules

    assert schedules.SGDR is CosineRestarts
    assert "Cosine" in dir(schedules)
    assert "parse_schedule" in dir(schedules)
    with pytest.raises(AttributeError, match="no schedule 'Cosinus'"):
        schedules.Cosinus  # noqa: B018
