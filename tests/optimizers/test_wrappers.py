"""Wrappers and bounds: parity with torch, optax and SciPy, nesting, both engines, saving, and what is refused."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import downslope as ds
from downslope.descent.bounds import projection_of, read_bounds
from downslope.errors import DataError, HyperparameterError, UsageError
from downslope.objectives import Parameters
from downslope.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    ClipByNorm,
    ClipByValue,
    Momentum,
    Projected,
    RMSProp,
    WeightDecay,
    all_optimizers,
    all_wrappers,
)
from downslope.optimizers.schedules import Cosine, Custom, ReduceOnPlateau, Warmup

ROSENBROCK = "(1 - x)^2 + 100*(y - x^2)^2"
QUADRATIC = "x^2/2 + 3*y^2 + x*y - x"
START = {"x": -1.2, "y": 1.0}
STEPS = 200


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def quadratic(p):
    return p[0] ** 2 / 2 + 3 * p[1] ** 2 + p[0] * p[1] - p[0]


FUNCTIONS = {ROSENBROCK: rosenbrock, QUADRATIC: quadratic}


def torch_path(formula, make, clip=None, schedule=None):
    """STEPS + 1 points of torch.optim on the same formula, in float64."""
    torch = pytest.importorskip("torch")
    p = torch.tensor(list(START.values()), dtype=torch.float64, requires_grad=True)
    optimizer = make(torch.optim, [p])
    scheduler = schedule(torch.optim.lr_scheduler, optimizer) if schedule else None
    path = [p.detach().numpy().copy()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        FUNCTIONS[formula](p).backward()
        if clip:
            clip(torch.nn.utils, [p])
        optimizer.step()
        if scheduler:
            scheduler.step()
        path.append(p.detach().numpy().copy())
    return np.array(path)


def our_path(formula, rule, engine="traced"):
    run = ds.minimize(formula, start=START, optimizer=rule, steps=STEPS, engine=engine)
    return run.history.x


def assert_equal_paths(ours, theirs, tolerance=1e-10):
    assert ours.shape == theirs.shape
    scale = np.max(np.abs(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("formula", FUNCTIONS)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_clip_by_value_equals_torch(formula, engine):
    rule = ClipByValue(optimizer=SGD(learning_rate=0.002), limit=3.0)
    theirs = torch_path(
        formula, lambda o, p: o.SGD(p, lr=0.002), clip=lambda u, p: u.clip_grad_value_(p, 3.0)
    )
    assert_equal_paths(our_path(formula, rule, engine), theirs)


@pytest.mark.parametrize("formula", FUNCTIONS)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_clip_by_norm_equals_torch_but_for_its_1e_6(formula, engine):
    """torch divides by |g| + 1e-6, which shortens each clipped step by that part; so the paths differ by as much."""
    rule = ClipByNorm(optimizer=SGD(learning_rate=0.002), limit=3.0)
    theirs = torch_path(formula, lambda o, p: o.SGD(p, lr=0.002), clip=lambda u, p: u.clip_grad_norm_(p, 3.0))
    assert_equal_paths(our_path(formula, rule, engine), theirs, 1e-6)


@pytest.mark.parametrize("formula", FUNCTIONS)
def test_clipping_equals_optax(formula):
    optax = pytest.importorskip("optax")
    import jax

    cases = [
        (ClipByNorm(optimizer=SGD(learning_rate=0.002), limit=3.0), optax.clip_by_global_norm(3.0)),
        (ClipByValue(optimizer=SGD(learning_rate=0.002), limit=3.0), optax.clip(3.0)),
    ]
    with jax.enable_x64(True):
        for rule, clip in cases:
            chain = optax.chain(clip, optax.sgd(0.002))
            p = jax.numpy.array(list(START.values()))
            state, path = chain.init(p), [np.array(p)]
            gradient = jax.jit(jax.grad(FUNCTIONS[formula]))
            for _ in range(STEPS):
                change, state = chain.update(gradient(p), state, p)
                p = optax.apply_updates(p, change)
                path.append(np.array(p))
            assert_equal_paths(our_path(formula, rule), np.array(path))


DECAYING = {
    "sgd": (SGD(learning_rate=0.002), lambda o, p: o.SGD(p, lr=0.002, weight_decay=0.1)),
    "momentum": (
        Momentum(learning_rate=0.0005, momentum=0.9),
        lambda o, p: o.SGD(p, lr=0.0005, momentum=0.9, weight_decay=0.1),
    ),
    "adam": (Adam(learning_rate=0.02), lambda o, p: o.Adam(p, lr=0.02, weight_decay=0.1)),
    "rmsprop": (RMSProp(learning_rate=0.01), lambda o, p: o.RMSprop(p, lr=0.01, weight_decay=0.1)),
    "adagrad": (AdaGrad(learning_rate=0.1), lambda o, p: o.Adagrad(p, lr=0.1, weight_decay=0.1)),
}


@pytest.mark.parametrize("formula", FUNCTIONS)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize("method", DECAYING)
def test_weight_decay_equals_torch(formula, engine, method):
    rule, make = DECAYING[method]
    ours = our_path(formula, WeightDecay(optimizer=rule, rate=0.1), engine)
    assert_equal_paths(ours, torch_path(formula, make))


def test_a_schedule_inside_wrappers_equals_torch():
    rule = ClipByValue(
        optimizer=WeightDecay(
            optimizer=Momentum(learning_rate=0.001 * Warmup(steps=20) * Cosine(steps=STEPS)), rate=0.1
        ),
        limit=3.0,
    )

    def schedules(lr, optimizer):
        return lr.ChainedScheduler(
            [
                lr.LinearLR(optimizer, start_factor=0.1, total_iters=20),
                lr.CosineAnnealingLR(optimizer, STEPS),
            ]
        )

    theirs = torch_path(
        ROSENBROCK,
        lambda o, p: o.SGD(p, lr=0.001, momentum=0.9, weight_decay=0.1),
        clip=lambda u, p: u.clip_grad_value_(p, 3.0),
        schedule=schedules,
    )
    for engine in ("traced", "hosted"):
        assert_equal_paths(our_path(ROSENBROCK, rule, engine), theirs)


# --- nesting -----------------------------------------------------------------------------------------

AROUND = {
    "clip_by_value": lambda rule: ClipByValue(optimizer=rule, limit=2.0),
    "clip_by_norm": lambda rule: ClipByNorm(optimizer=rule, limit=2.5),
    "weight_decay": lambda rule: WeightDecay(optimizer=rule, rate=0.05),
    "projected": lambda rule: Projected(optimizer=rule, lower=(-2.0, -np.inf), upper=(0.5, np.inf)),
}


def by_hand(order, x, rate, steps):
    """Gradient descent with the wrappers named, outermost first, written out."""
    x = np.array(list(x))
    path = [x.copy()]
    for _ in range(steps):
        g = np.array([x[0] + x[1] - 1, 6 * x[1] + x[0]])
        for name in order:
            if name == "clip_by_value":
                g = np.clip(g, -2.0, 2.0)
            elif name == "clip_by_norm":
                g = g * min(1.0, 2.5 / np.linalg.norm(g))
            elif name == "weight_decay":
                g = g + 0.05 * x
        x = x - rate * g
        if "projected" in order:
            x = np.clip(x, [-2.0, -np.inf], [0.5, np.inf])
        path.append(x.copy())
    return np.array(path)


@pytest.mark.parametrize("order", list(itertools.permutations(AROUND)), ids=", ".join)
def test_wrappers_nest_in_any_order(order):
    rule = SGD(learning_rate=0.1)
    for name in reversed(order):
        rule = AROUND[name](rule)
    expected = by_hand(order, START.values(), 0.1, 60)
    for engine in ("traced", "hosted"):
        run = ds.minimize(QUADRATIC, start=START, optimizer=rule, steps=60, engine=engine)
        np.testing.assert_allclose(run.history.x, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("order", list(itertools.permutations(AROUND, 2)), ids=", ".join)
@pytest.mark.parametrize(
    "rule",
    [
        Adam(learning_rate=0.3 * Cosine(steps=80, final=0.1)),
        Momentum(learning_rate=0.05 * ReduceOnPlateau(patience=3, rate=0.5)),
        ds.optimizers.Armijo(),
    ],
    ids=lambda rule: rule.name(),
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_traced_equals_hosted(order, rule, dtype):
    for name in reversed(order):
        rule = AROUND[name](rule)
    traced, hosted = (
        ds.minimize(QUADRATIC, start=START, optimizer=rule, evaluations=40, engine=engine, dtype=dtype)
        for engine in ("traced", "hosted")
    )
    tolerance = 1e-11 if dtype == "float64" else 1e-3
    rows = min(len(traced.history), len(hosted.history))
    assert dtype == "float32" or rows == len(traced.history) == len(hosted.history)
    np.testing.assert_allclose(
        traced.history.x[:rows], hosted.history.x[:rows], rtol=tolerance, atol=tolerance
    )
    if dtype == "float32" and rule.projects is False and "armijo" not in str(rule).lower():
        assert np.array_equal(hosted.history.x, hosted.history.x.astype(np.float32))


def test_wrappers_are_found_and_refuse_what_is_no_optimizer():
    names = {cls.name() for cls in all_wrappers()}
    assert {"clip_by_norm", "clip_by_value", "weight_decay", "projected"} <= names
    with pytest.raises(HyperparameterError, match="must be an Optimizer, such as Adam"):
        ClipByNorm(optimizer="adam")
    with pytest.raises(HyperparameterError, match="ClipByNorm: limit is 0"):
        ClipByNorm(optimizer=Adam(), limit=0)
    with pytest.raises(HyperparameterError, match="at most its upper bound"):
        Projected(optimizer=Adam(), lower=(1.0,), upper=(0.0,))


def test_the_history_shows_the_objective_without_the_penalty_and_the_gradient_with_it():
    rule = WeightDecay(optimizer=SGD(learning_rate=0.25), rate=2.0)
    run = ds.minimize("(x - 1)^2", start={"x": 0.0}, optimizer=rule, tolerance=1e-9)
    assert run.success
    assert run.x["x"] == pytest.approx(0.5)
    assert run.fun == pytest.approx(0.25)
    assert run.gradient_norm <= 1e-9


# --- saving ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adam", "learning_rate": 0.1, "schedule": "warmup(steps=5) * cosine(steps=50)"},
        {"learning_rate": 0.01, "schedule": "multi_step(milestones=[3, 8]) * reduce_on_plateau(patience=1)"},
        {"learning_rate": 0.01, "bounds": {"x": (None, 0.5), "y": (-1, None)}},
        {"bounds": "x=0:0.5", "start": {"x": 0.3, "y": 0.0}},
        {
            "optimizer": ClipByNorm(optimizer=WeightDecay(optimizer=RMSProp(learning_rate=0.1), rate=0.2)),
            "schedule": "0.5 * one_cycle(steps=20)",
            "bounds": [(0, 0.5), (None, None)],
        },
        {"learning_rate": 0.01, "schedule": lambda k: 0.5**k},
    ],
    ids=["schedule", "plateau", "bounds", "spg", "all", "function"],
)
def test_a_saved_run_is_equal(options, tmp_path):
    run = ds.minimize(ROSENBROCK, **{"start": START, **options}, steps=20)
    run.save(tmp_path / "run.json")
    loaded = ds.load(tmp_path / "run.json")
    assert loaded == run
    assert loaded.optimizer.to_dict() == run.optimizer.to_dict()
    if "schedule" not in options or not callable(options["schedule"]):
        assert loaded.optimizer == run.optimizer
        again = ds.minimize(ROSENBROCK, start=run.start, optimizer=loaded.optimizer, steps=20)
        assert again.history.x.tolist() == run.history.x.tolist()


def test_the_function_of_a_saved_schedule_is_only_known_by_name(tmp_path):
    def slowly(k):
        return 1 / (k + 1)

    run = ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule=slowly, steps=3)
    run.save(tmp_path / "run.json")
    loaded = ds.load(tmp_path / "run.json")
    assert loaded.optimizer.learning_rate.second.function.__name__ == "slowly"
    with pytest.raises(UsageError, match="'slowly' of this schedule is only known by name"):
        ds.minimize("x^2", start=1.0, optimizer=loaded.optimizer, steps=3)


def test_a_saved_schedule_out_of_range_is_refused(tmp_path):
    path = tmp_path / "run.json"
    ds.minimize("x^2", start=1.0, learning_rate=0.1, schedule="cosine(steps=44)", steps=3).save(path)
    data = json.loads(path.read_text().replace('"steps": 44', '"steps": -44'))
    del data["sha256"], data["digest"]
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match="Cosine: steps is -44"):
        ds.load(path)


# --- bounds ------------------------------------------------------------------------------------------

BOXES = {  # formula, bounds, start
    "corner": ("x1^2 + 2*x2^2", [(1, 3), (0.5, None)], [3.0, 4.0]),
    "edge": ("(x1 - 3)^2 + (x2 - 2)^2 + x1*x2", [(None, 1), (-5, 5)], [-1.0, -1.0]),
    "inside": ("(x1 - 0.3)^2 + 4*(x2 + 0.2)^2 + x1*x2/2", [(-1, 1), (-1, 1)], [1.0, 1.0]),
    "rosenbrock": ("(1 - x1)^2 + 100*(x2 - x1^2)^2", [(-1.5, 0.5), (None, None)], [-1.2, 1.0]),
    "hs5": ("sin(x1 + x2) + (x1 - x2)^2 - 1.5*x1 + 2.5*x2 + 1", [(-1.5, 4), (-3, 3)], [0.0, 0.0]),
    "three": (
        "(x1 - 1)^2 + (x2 - x1)^2 + 2*(x3 - x2)^2 + exp(x3)",
        [(0, 0.25), (None, None), (0.1, 9)],
        [0.0, 1.0, 1.0],
    ),
    "held": ("(x1 - 2)^2 + (x2 - x1)^2", [(0.3, 0.3), (None, None)], [0.3, 2.0]),
}


def scipy_minimiser(formula, bounds, start):
    optimize = pytest.importorskip("scipy.optimize")
    from downslope.objectives.formula import from_text

    objective = from_text(formula)
    found = optimize.minimize(
        objective.value_and_gradient,
        start,
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-11, "maxiter": 1000},
    )
    return found.x, float(found.fun)


@pytest.mark.parametrize("problem", BOXES)
@pytest.mark.parametrize(
    ("method", "learning_rate"), [("gradient_descent", 1.9e-3), ("spg", None), (None, None)]
)
def test_the_same_minimiser_as_scipy(problem, method, learning_rate):
    formula, bounds, start = BOXES[problem]
    x, fun = scipy_minimiser(formula, bounds, start)
    run = ds.minimize(
        formula, start, optimizer=method, learning_rate=learning_rate, bounds=bounds, tolerance=1e-9
    )
    assert run.success, run.message
    assert run.status == "converged"
    np.testing.assert_allclose(run.x, x, rtol=2e-6, atol=2e-6)
    assert run.fun <= fun + 1e-9 * max(1, abs(fun))
    lower, upper = read_bounds(bounds, run.objective.parameters)
    assert np.all((run.history.x >= lower) & (run.history.x <= upper))


def projecting():
    """Every method that says it can be kept within bounds."""
    return sorted(cls.name() for cls in all_optimizers() if cls.projects)


@pytest.mark.parametrize("method", projecting())
@pytest.mark.parametrize("problem", ["corner", "edge", "inside", "hs5", "three", "held"])
def test_every_method_that_projects_finds_it(method, problem):
    formula, bounds, start = BOXES[problem]
    x, fun = scipy_minimiser(formula, bounds, start)
    cls = next(c for c in all_optimizers() if c.name() == method)
    rated = "learning_rate" in cls.__dataclass_fields__
    known = {"minimum": fun} if "minimum" in cls.__dataclass_fields__ else {}
    run = ds.minimize(
        formula,
        start,
        optimizer=method,
        **({"learning_rate": 0.2, "schedule": "polynomial(steps=3000)"} if rated else {}),
        hyperparameters=known,
        bounds=bounds,
        steps=3000,
    )
    # The gradient does not vanish on a bound, so Polyak's steps shrink with the gap: it is right, and slow there.
    np.testing.assert_allclose(run.x, x, atol=0.05 if known else 2e-3)


def test_uphill():
    run = ds.maximize("x - y^2", start={"x": 0, "y": 1}, learning_rate=0.2, bounds="x=:2")
    assert run.success
    assert run.x["x"] == 2
    assert run.x["y"] == pytest.approx(0, abs=1e-8)


def test_a_start_outside_is_moved_and_said():
    run = ds.minimize("x^2 + y^2", start={"x": 5, "y": 1}, learning_rate=0.1, bounds="x=1:2")
    assert any("moved onto them: x from 5 to 2" in note for note in run.notes)
    assert run.start.tolist() == [2, 1]
    assert run.history.x[0].tolist() == [2, 1]
    inside = ds.minimize("x^2 + y^2", start={"x": 1.5, "y": 1}, learning_rate=0.1, bounds="x=1:2")
    assert not any("bounds" in note for note in inside.notes)


def test_the_start_is_moved_before_a_function_is_evaluated():
    seen = []

    def f(v):
        seen.append(float(v[0]))
        return float((v[0] + 1) ** 2)

    run = ds.minimize(
        f,
        np.array([-3.0]),
        gradient=lambda v: 2 * (v + 1),
        bounds=[(0, None)],
        learning_rate=0.1,
        engine="hosted",
    )
    assert run.x.tolist() == [0.0]
    assert run.success


def test_the_norm_in_the_history_is_that_of_the_projected_gradient():
    run = ds.minimize("(x - 3)^2 + (y - 1)^2", start=[0.5, 0.5], learning_rate=0.1, bounds=[(0, 1), None])
    x = run.history.x
    g = np.stack([2 * (x[:, 0] - 3), 2 * (x[:, 1] - 1)], axis=1)
    moved = x - g
    moved[:, 0] = np.clip(moved[:, 0], 0, 1)
    np.testing.assert_allclose(run.history.gradient_norm, np.linalg.norm(x - moved, axis=1), rtol=1e-12)
    assert run.status == "converged"


@pytest.mark.parametrize(
    ("formula", "start", "bounds", "success"),
    [
        ("x^2 - y^2", {"x": 0.5, "y": 0.5}, "y=-1:1", True),  # a saddle, but for the bound
        ("x^2 - y^2", {"x": 0.5, "y": 0.0}, "y=-1:1", False),  # on the ridge, with room on both sides
        ("x^2 - y^2", {"x": 0.5, "y": 0.0}, "y=0:1", False),  # at a bound with no slope, and room on one side
        ("x*y", {"x": 0.0, "y": 0.0}, "x=0:1,y=0:1", True),  # downhill only leads out of the box
        ("x*y", {"x": 0.0, "y": 0.0}, "x=-1:1,y=0:1", False),
        ("-x^2", {"x": 0.5}, "x=-1:2", True),
        ("x^2 - y^2 - z^2", {"x": 0.5, "y": 0.0, "z": 1.0}, "y=0:1,z=:1", False),
        ("x^3", {"x": 0.5}, "x=0:", True),  # the minimum over the box is where the slope is 0
    ],
)
def test_only_what_is_free_is_judged(formula, start, bounds, success):
    run = ds.minimize(formula, start=start, learning_rate=0.1, bounds=bounds, tolerance=1e-5)
    assert run.status == "converged"
    assert run.success is success, run


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_no_point_shown_lies_outside(dtype, engine):
    """0.1 and 0.3 are not float32 numbers; the bounds are rounded inwards."""
    run = ds.minimize(
        "x + y^2 - z",
        start={"x": 9, "y": 9, "z": 0.2},
        learning_rate=0.3,
        bounds="x=0.1:0.9,y=0.3:,z=0.7:0.7",
        dtype=dtype,
        engine=engine,
    )
    assert run.success
    assert np.all(run.history["x"] >= 0.1)
    assert np.all(run.history["y"] >= 0.3)
    assert run.x["x"] == pytest.approx(0.1)
    assert np.all(run.history["z"] == np.dtype(dtype).type(0.7))


@pytest.mark.parametrize("cls", [c for c in all_optimizers() if not c.projects], ids=lambda c: c.name())
def test_the_others_refuse_and_list_those_that_do(cls):
    rule = ClipByNorm(optimizer=WeightDecay(optimizer=cls()))
    says = rf"{cls.__name__} cannot be kept within bounds.*adam.*gradient_descent.*spg"
    with pytest.raises(UsageError, match=says):
        ds.minimize("x^2", start=1.0, optimizer=rule, bounds="x=0:1")
    none = {"x": (None, np.inf)}
    ds.minimize("x^2", start=1.0, optimizer=rule, bounds=none, steps=1, engine="hosted")


def test_bounds_are_read():
    p = Parameters(("w", "b"), ((2,), ()), "dict")
    inf = np.inf

    def read(bounds):
        return [side.tolist() for side in read_bounds(bounds, p)]

    assert read("w=0:1") == [[0, 0, -inf], [1, 1, inf]]
    assert read("w[1]=-1:1, b=:2*pi") == [[-inf, -1, -inf], [inf, 1, 2 * np.pi]]
    assert read("b=-inf:inf") == [[-inf] * 3, [inf] * 3]
    assert read({"w": ([0, 1], None)}) == [[0, 1, -inf], [inf] * 3]
    assert read({"w": (np.array([0, 1]), 2)}) == [[0, 1, -inf], [2, 2, inf]]
    assert read({"b": None, "w": (-inf, 0)}) == [[-inf] * 3, [0, 0, inf]]
    assert read([(0, 1), None, (None, 2)]) == [[0, -inf, -inf], [1, inf, 2]]
    assert read(np.array([[0, 1], [0, 1], [0, 1]])) == [[0, 0, 0], [1, 1, 1]]
    assert read({}) == [[-inf] * 3, [inf] * 3]
    one = Parameters(("x",), ((),), "number")
    assert [side.tolist() for side in read_bounds((0, 1), one)] == [[0], [1]]
    matrix = Parameters(("A",), ((2, 2),), "dict")
    assert read_bounds("A[0,1]=0:1,A[1,1]=2:3", matrix)[0].tolist() == [-inf, 0, -inf, 2]


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"wieght": (0, 1)}, "Did you mean 'weight'"),
        ("q=0:1", "the parameters are: weight, b"),
        ("weight[7]=0:1", "the bounds name 'weight\\[7\\]'"),
        ("b=1:0", "leave nothing between them: 1 to 0"),
        ({"b": (np.inf, None)}, "leave nothing between them"),
        ("b=zero:1", "which is not a number"),
        ("b=0", "not of the form name=low:high"),
        ("b", "not of the form name=low:high"),
        ("", "not of the form name=low:high"),
        ("b=0:1,b=0:2", "give b twice"),
        ("b=0:1:2", "which is not a number"),
        ({"b": 3}, "must be a pair"),
        ({"b": (1, 2, 3)}, "must be a pair"),
        ({"b": "01"}, "must be a number"),
        ({"b": (np.nan, 1)}, "must be a number"),
        ({"b": (1j, 1)}, "must be a number"),
        ({"weight": ([0, 1, 2], 1)}, "must be a number"),
        ([(0, 1)], "1 bound is given, but the parameters are weight"),
        (3, "3 is given"),
    ],
)
def test_wrong_bounds(bounds, says):
    parameters = Parameters(("weight", "b"), ((2,), ()), "dict")
    with pytest.raises(UsageError, match=says):
        read_bounds(bounds, parameters)


def test_bounds_given_twice_are_refused():
    rule = Projected(optimizer=SGD(), lower=(0.0,), upper=(1.0,))
    assert projection_of(ClipByNorm(optimizer=rule)) == rule
    with pytest.raises(UsageError, match="twice over"):
        ds.minimize("x^2", start=1.0, optimizer=rule, bounds="x=0:1")


def test_a_schedule_and_a_function_within_bounds_together():
    run = ds.minimize(
        "(x - 3)^2 + y^2",
        start={"x": 0, "y": 2},
        optimizer=ClipByValue(optimizer=Adam(learning_rate=0.5)),
        schedule=Custom(function=lambda k: 1 / (1 + k / 10)),
        bounds={"x": (None, 1)},
        steps=300,
    )
    assert run.engine == "traced"
    assert run.x["x"] == 1
    assert run.x["y"] == pytest.approx(0, abs=1e-3)
