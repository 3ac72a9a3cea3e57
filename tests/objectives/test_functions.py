"""Python functions as objectives: how they are called, traced, differentiated, and what is refused."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import ObjectiveError, StartError
from downslope.objectives import FormulaObjective, GradientWarning, Objective, as_objective, compare_gradient


def rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def plain(v: Any) -> Any:
    return (v[0] - 1) ** 2 + 3 * v[1] ** 2


def branching(x: Any) -> Any:
    return (x - 2) ** 2 if x > 0 else (x - 2) ** 2 + x**4


def with_math(x: Any, y: Any) -> Any:
    return math.sin(x) + math.cos(y) + x * y


def pathological(v: Any) -> Any:
    """Mutates what it is given, and returns something else than it would for a copy."""
    v[0] = v[0] ** 2
    v += 1
    return v[0] + v[1]


# function, start -> traced?, answer's structure
TRACED = {
    "named numbers": (rosenbrock, {"x": -1.2, "y": 1.0}),
    "names in another order": (rosenbrock, {"y": 1.0, "x": -1.2}),
    "positions": (rosenbrock, [-1.2, 1.0]),
    "a tuple": (rosenbrock, (-1.2, 1.0)),
    "one vector": (plain, [3.0, 4.0]),
    "an array": (plain, np.array([3.0, 4.0])),
    "one number": (lambda x: x**2 + np.exp(x), 1.5),
    "a matrix": (lambda A: np.sum((A @ A.T - np.eye(2)) ** 2), [[1.0, 2.0], [3.0, 4.0]]),
    "named arrays": (lambda w, b: np.sum((w - b) ** 2) + b**2, {"w": [1.0, 2.0, 3.0], "b": 0.5}),
    "a dict": (lambda p: p["w"] @ p["w"] + p["b"] ** 2, {"w": [1.0, 2.0], "b": 3.0}),
    "keywords": (lambda **p: p["a"] ** 2 + p["b"] ** 2, {"a": 1.0, "b": 2.0}),
    "a default left alone": (lambda x, scale=3.0: scale * x**2, {"x": 2.0}),
    "a default that varies": (lambda x, scale=3.0: (scale - 1) ** 2 * x**2, {"x": 2.0, "scale": 5.0}),
    "integers": (rosenbrock, {"x": -1, "y": 1}),
    "mutates": (pathological, [3.0, 4.0]),
    "Rosenbrock of any length": (
        lambda v: np.sum(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2),
        [-1.2, 1.0, 0.5, 2.0],
    ),
}


@pytest.mark.parametrize("case", TRACED)
def test_traced_function_gives_its_value_and_exact_gradient(case: str) -> None:
    function, start = TRACED[case]
    objective, x = as_objective(function, start)
    assert isinstance(objective, FormulaObjective)
    assert objective.differentiation == "symbolic"
    value, gradient = objective.value_and_gradient(x)
    assert value == pytest.approx(value_at(function, start), rel=1e-13)
    for i in range(len(x)):
        moved = x.copy()
        moved[i] += 1e-6
        assert (objective.value(moved) - value) / 1e-6 == pytest.approx(gradient[i], rel=1e-3, abs=1e-3)


def value_at(function: Any, start: Any) -> float:
    values = {k: np.array(v, float) for k, v in start.items()} if isinstance(start, dict) else start
    ways = [lambda: function(**values)] if isinstance(start, dict) else [lambda: function(*values)]
    for way in (*ways, lambda: function(values if isinstance(start, dict) else np.array(values, float))):
        try:
            return float(way())
        except TypeError:
            continue
    raise AssertionError("the function takes this start in no way")


@pytest.mark.parametrize("case", TRACED)
def test_answer_has_the_structure_of_the_start(case: str) -> None:
    function, start = TRACED[case]
    run = ds.minimize(function, start, learning_rate=1e-6, steps=1)
    if isinstance(start, dict):
        assert list(run.x) == list(start)
        assert {k: np.shape(v) for k, v in run.x.items()} == {k: np.shape(v) for k, v in start.items()}
    elif np.ndim(start) == 0:
        assert type(run.x) is float
    else:
        assert isinstance(run.x, np.ndarray)
        assert run.x.shape == np.shape(start)


HOSTED = {
    "branches": (branching, 3.0, "complex step", 2.0),
    "math": (with_math, {"x": 0.5, "y": 0.3}, "central differences", None),
    "np.array inside": (
        lambda v: float(np.array([v[0], v[1]]) @ np.array([v[0], v[1]])),
        [1.0, 2.0],
        None,
        None,
    ),
    "np.floor": (lambda v: (v[0] - 1.5) ** 2 + 0 * np.floor(v[0]), [3.2], None, None),
    "clip inside bounds, by keyword": (
        lambda v: np.sum(np.clip(v, a_min=0.0, a_max=1.0) ** 2),
        [0.5],
        None,
        None,
    ),
    "counts": (lambda v: np.sum(v**2) + np.count_nonzero(v), [1.0, 2.0], None, None),
    "abs of a complex": (
        lambda v: abs(v[0] - 1) ** 1.5 + np.round(v[0]) * 0,
        [3.0],
        "central differences",
        None,
    ),
    "loop until": (lambda x: _newton_root(x), 2.0, "complex step", None),
    "a callable object": (type("F", (), {"__call__": lambda self, x: float(x) ** 2})(), 2.0, None, 4.0),
}


def _newton_root(x: Any) -> Any:
    """The square root, by a loop that ends when it is good enough, squared and shifted."""
    r = x
    while abs(r * r - x) > 1e-14:
        r = (r + x / r) / 2
    return (r - 1) ** 2


@pytest.mark.parametrize("case", HOSTED)
def test_what_cannot_be_traced_is_called_with_numbers(case: str) -> None:
    function, start, how, slope = HOSTED[case]
    objective, x = as_objective(function, start)
    if how is not None:
        assert not isinstance(objective, FormulaObjective)
        assert objective.differentiation == how
        assert how in str(objective.notes[0])
    value, gradient = objective.value_and_gradient(x)
    assert value == pytest.approx(value_at(function, start), rel=1e-13)
    if slope is not None:
        assert gradient == pytest.approx([slope], rel=1e-9)


def test_clip_by_keyword_is_traced_as_a_clip() -> None:
    objective, _ = as_objective(lambda v: np.sum(np.clip(v, a_min=0.0, a_max=1.0)), [0.5, 0.5])
    assert objective.value(np.array([-3.0, 7.0])) == 1.0


def test_complex_step_is_exact_and_central_differences_say_how_good_they_are() -> None:
    def opaque(v: Any) -> Any:
        v = np.array(list(v))  # cannot be traced, can be complex
        return np.exp(v[0]) * np.sin(v[1])

    exact, x = as_objective(opaque, [0.5, 0.8])
    assert exact.differentiation == "complex step"
    assert exact.gradient(x) == pytest.approx(
        [math.exp(0.5) * math.sin(0.8), math.exp(0.5) * math.cos(0.8)], rel=1e-15
    )
    rough, x = as_objective(lambda x, y: math.exp(x) * math.sin(y), [0.5, 0.8])
    assert rough.differentiation == "central differences"
    assert "relative at the start; give gradient= for an exact one" in str(rough.notes[0])
    assert rough.gradient(x) == pytest.approx(exact.gradient(x), rel=1e-8)


def test_nothing_warns_while_a_way_to_differentiate_is_chosen() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds.minimize(lambda x: math.sin(x), 1.0, learning_rate=0.1, steps=2)
        ds.minimize(lambda x: float(np.float64(x)) ** 2, 1.0, learning_rate=0.1, steps=2)


def test_noise_is_not_baked_into_a_formula() -> None:
    random = np.random.default_rng(3)
    objective, x = as_objective(lambda v: np.sum(v**2) + random.normal(), [1.0, 2.0])
    assert not isinstance(objective, FormulaObjective)
    assert objective.value(x) != objective.value(x)


def test_argument_is_a_fresh_copy_each_time() -> None:
    seen: list[Any] = []

    def keeps(v: Any) -> Any:
        if isinstance(v, np.ndarray):
            seen.append(v)
            v *= 2
        return float(v[0] ** 2)

    run = ds.minimize(keeps, [1.0], gradient=lambda v: np.array([8.0 * v[0]]), learning_rate=1 / 16, steps=2)
    assert run.history["v[0]"].tolist() == [1.0, 0.5, 0.25]
    assert len({id(v) for v in seen}) == len(seen)


REFUSED = [
    (lambda x: None, 1.0, "returned None"),
    (lambda x: 1j * x, 1.0, "complex number"),
    (lambda v: v, [1.0, 2.0], r"array of shape \(2,\)"),
    (lambda x: "text", 1.0, "'text'"),
    (lambda v: [1, [2, 3]], [1.0], "differ in length"),
    (lambda x: {}, 1.0, "one real number is needed"),
]


@pytest.mark.parametrize(("function", "start", "words"), REFUSED, ids=[r[2] for r in REFUSED])
def test_what_is_not_one_real_number_is_refused(function: Any, start: Any, words: str) -> None:
    with pytest.raises(ObjectiveError, match=words):
        ds.minimize(function, start)


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda v: None, "returned None"),
        (lambda v: 2 * v[:1], r"shape \(1,\), but 2"),
        (lambda v: np.zeros(3), r"shape \(3,\), but 2"),
        (lambda v: 5.0, r"shape \(\), but 2"),
        (lambda v: "abc", "'abc'"),
        (lambda v: v * 1j, "real numbers"),
        (lambda v: [1, [2, 3]], "differ in length"),
        (lambda v: {}, "gives nothing for v"),
        (lambda v: {"v": [1.0]}, r"shape v \(1,\)"),
    ],
)
def test_gradient_of_the_wrong_shape_or_kind_is_refused(gradient: Any, words: str) -> None:
    with pytest.raises(ObjectiveError, match=words):
        ds.minimize(plain, [1.0, 2.0], gradient=gradient)


def test_gradient_with_sizes_swapped_between_names_is_refused() -> None:
    with pytest.raises(ObjectiveError, match="gradient has shape"):
        ds.minimize(
            lambda w, b: float(np.sum(w**2) + b**2),
            {"w": [1.0, 2.0], "b": 3.0},
            gradient=lambda w, b: {"w": 1.0, "b": [1.0, 2.0]},
        )


@pytest.mark.parametrize(
    "gradient",
    [
        lambda x, y: {"x": 2 * x, "y": 6 * y},
        lambda x, y: {"y": 6 * y, "x": 2 * x},
        lambda x, y: [2 * x, 6 * y],
        lambda x, y: (2 * x, 6 * y),
        lambda x, y: np.array([2 * float(x), 6 * float(y)]),
    ],
)
def test_gradient_as_dict_list_or_array(gradient: Any) -> None:
    run = ds.minimize(
        lambda x, y: x**2 + 3 * y**2, {"x": 1.0, "y": 1.0}, gradient=gradient, learning_rate=0.1, steps=1
    )
    assert run.x == pytest.approx({"x": 0.8, "y": 0.4})
    assert not run.notes


OUTSIDE = {
    "ZeroDivisionError": lambda x: 1 / (x - 1),
    "log": lambda x: math.log(x - 1),
    "sqrt": lambda x: math.sqrt(x - 1.5),
    "OverflowError": lambda x: math.exp(1000 * x),
}


@pytest.mark.parametrize("raises", OUTSIDE.values(), ids=OUTSIDE)
def test_errors_of_arithmetic_are_the_edge_of_the_domain(raises: Any) -> None:
    def function(x: Any) -> float:
        x = float(x)  # so that dividing by zero raises
        return raises(x) if x <= 1 else x**2

    run = ds.minimize(function, 4.0, gradient=lambda x: [2.0 * x], learning_rate=0.25, steps=50)
    assert run.history["x"].tolist() == [4.0, 2.0]  # the last finite point is kept
    assert run.verdict.left_at is not None
    assert run.verdict.left_at.tolist() == [1.0]
    assert run.status == "left_domain"
    assert not run.success


def test_arithmetic_error_in_the_gradient_ends_the_run_too() -> None:
    def gradient(v: Any) -> Any:
        if float(v[0]) < 0.5:
            raise OverflowError
        return 2 * v

    run = ds.minimize(
        lambda v: float(v[0] ** 2 + v[1] ** 2), [1.0, 2.0], gradient=gradient, learning_rate=0.1
    )
    assert run.status == "left_domain"
    assert "the gradient that was supplied is not a finite number" in run.message
    assert run.x[0] >= 0.5


def test_errors_of_other_kinds_reach_the_person() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ds.minimize(broken, 1.0)
    with pytest.raises(ValueError, match="mine too"):
        ds.minimize(lambda x: (_ for _ in ()).throw(ValueError("mine too")), 1.0)


@pytest.mark.parametrize(
    ("gradient", "ratio"),
    [
        (lambda x, y: [-2 * (1 - x) - 400 * x * (y - x**2), 400 * (y - x**2)], "ratio 2"),
        (lambda x, y: [2 * (1 - x) + 400 * x * (y - x**2), -200 * (y - x**2)], "ratio -1"),
        (lambda x, y: [-2 * (1 - x) - 200 * x * (y - x**2), 200 * (y - x**2)], "for x"),
    ],
)
def test_wrong_gradient_of_rosenbrock_is_found(gradient: Any, ratio: str) -> None:
    with pytest.warns(GradientWarning, match=ratio):
        run = ds.minimize(rosenbrock, {"x": -1.2, "y": 1.0}, gradient=gradient, learning_rate=1e-4, steps=1)
    assert any(ratio in note for note in run.notes)


def test_published_wrong_gradient_of_rosenbrock() -> None:
    """PyTorch's own test has 200*x*(y - x^2) where -400*x*(y - x^2) belongs."""
    with pytest.warns(GradientWarning, match="for x"):
        ds.minimize(
            rosenbrock,
            {"x": -1.2, "y": 1.0},
            gradient=lambda x, y: [-2 * (1 - x) + 200 * x * (y - x**2), 200 * (y - x**2)],
            learning_rate=1e-4,
            steps=1,
        )


def test_tutorial_3_gradient_is_one_and_a_half_times_the_derivative() -> None:
    x = np.array([1.0, 2.0, 3.0])
    with pytest.warns(GradientWarning, match=r"supplied for W .* \(ratio 1\.5\)"):
        ds.minimize(
            lambda W: float(np.mean((W * x - x) ** 2)),
            {"W": 0.0},
            gradient=lambda W: {"W": float(np.sum((W * x - x) * x))},
            learning_rate=0.1,
            steps=10,
        )


def test_right_gradients_pass_the_check_on_every_smooth_problem() -> None:
    for problem in ds.objectives.all_problems():
        objective, x = as_objective(problem)
        if objective.parameters.size <= 20 and problem.name != "ackley":
            assert compare_gradient(objective, x) == [], problem.name


def test_gradient_of_a_formula_as_formulas() -> None:
    run = ds.minimize(
        "x^2/20 + y^2", "x=-7, y=2", gradient={"x": "x/10", "y": "2*y"}, learning_rate=0.95, steps=2
    )
    assert run.x == pytest.approx({"x": -5.733175, "y": 1.62})
    with pytest.warns(GradientWarning, match="ratio 3"):
        ds.minimize("x^2", 1.0, gradient={"x": "6*x"}, learning_rate=0.1, steps=1)


def test_float32_function_is_called_with_float32_and_stays_there() -> None:
    kinds: set[Any] = set()

    def f(v: Any) -> float:
        kinds.add(v.dtype)
        return float(math.sin(v[0]) ** 2)

    run = ds.minimize(f, [1.0], dtype="float32", gradient=lambda v: np.sin(2 * v), learning_rate=0.1, steps=5)
    assert np.dtype("float32") in kinds
    rounded = ds.minimize(lambda x: math.sin(x) ** 2, 1.0, dtype="float32", learning_rate=0.1, steps=5)
    for history in (run.history, rounded.history):
        assert history.x.tolist() == history.x.astype(np.float32).astype(float).tolist()


def test_signatures_that_do_not_fit_the_start() -> None:
    for start, words in [
        ({"x": 1.0}, "no value for y"),
        ({"x": 1.0, "y": 2.0, "z": 3.0}, "names 'z'"),
        ([1.0, 2.0, 3.0], "takes 2 numbers: x, y"),
        (None, "parameters are: x, y"),
    ]:
        with pytest.raises(StartError, match=words):
            ds.minimize(rosenbrock, start)
    with pytest.raises(StartError, match="no start is given"):
        ds.minimize(math.hypot)


def test_an_objective_of_ones_own() -> None:
    class Bowl(Objective):
        def value_and_gradient(self, x: Any) -> Any:
            return float(x @ x), 2 * x

    bowl = Bowl(ds.objectives.Parameters.scalars(["a", "b"]), "bowl")
    assert ds.minimize(bowl, {"a": 1.0, "b": 2.0}, learning_rate=0.25, steps=1).x == {"a": 0.5, "b": 1.0}
    assert ds.minimize(bowl, [1.0, 2.0], learning_rate=0.25, steps=1).x.tolist() == [0.5, 1.0]
    with pytest.raises(ds.errors.UsageError, match="brings its own gradient"):
        ds.minimize(bowl, [1.0, 2.0], gradient=lambda v: v)
    with pytest.raises(ds.errors.UsageError, match="float32"):
        ds.minimize(bowl, [1.0, 2.0], dtype="float32")


@pytest.mark.parametrize("rows", [1000, 20_000])
def test_data_are_not_written_out_as_a_formula(rows: int) -> None:
    """Compiling thousands of terms takes seconds; NumPy computes them in microseconds."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, 5))
    y = X @ np.arange(5.0) + 1

    objective, x = as_objective(lambda w: np.mean((X @ w - y) ** 2), np.zeros(5))
    assert objective.differentiation == "reverse sweep"
    assert objective.gradient(x) == pytest.approx(-2 * X.T @ y / rows, rel=1e-12)
    few, x = as_objective(lambda w: np.mean((X[:50] @ w - y[:50]) ** 2), np.zeros(5))
    assert few.differentiation == "symbolic"
    assert few.gradient(x) == pytest.approx(-2 * X[:50].T @ y[:50] / 50, rel=1e-12)


@pytest.mark.parametrize("size", [21, 60, 300])
@pytest.mark.parametrize("factor", [-1.0, 1.5, 100.0])
def test_a_wrong_gradient_of_many_parameters_is_found(size: int, factor: float) -> None:
    rng = np.random.default_rng(size)
    A, y = rng.normal(size=(100, size)), rng.normal(size=100)

    def cost(w: Any) -> Any:
        return np.mean((A @ w - y) ** 2)

    def gradient(w: Any, factor: float = 1.0) -> Any:
        return factor * 2 * A.T @ (A @ w - y) / 100

    options: dict[str, Any] = {"learning_rate": 1e-4, "steps": 1, "explain": False}
    with pytest.warns(
        GradientWarning, match=f"a direction across all {size} parameters .*ratio {factor:.4g}"
    ):
        ds.minimize(cost, np.zeros(size), gradient=lambda w: gradient(w, factor), **options)
    run = ds.minimize(cost, np.zeros(size), gradient=gradient, **options)
    assert run.notes == ()
    check = ds.check_gradient(cost, lambda w: gradient(w, -1.0), at=np.zeros(size))
    assert not check
    assert check.slip == "sign"
    assert (check.of is None) == (size < 200)
    assert ds.check_gradient(cost, gradient, at=np.ones(size))
    if size > 200:
        assert str(check).endswith("(Seen at 200 of 300 coordinates, chosen at random.)")


@pytest.mark.parametrize("seed", range(8))
def test_random_batches_do_not_diverge_by_luck(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 3))
    y = X @ [0.1, 0.2, 0.0] + rng.standard_t(3, size=200)

    def batch(w: Any) -> Any:
        rows = rng.integers(0, 200, 16)
        return np.mean((X[rows] @ w - y[rows]) ** 2)

    run = ds.minimize(batch, np.zeros(3), learning_rate=0.05, steps=60)
    assert run.status == "step_limit"
    assert "of a value that draws random numbers" in run.notes[0]
    away = ds.minimize(batch, np.zeros(3), learning_rate=1.5, steps=60)
    assert away.status == "diverged"


def test_numbers_of_sympy_are_numbers() -> None:
    import sympy

    x = sympy.Symbol("x")
    run = ds.minimize(lambda v: (x**2 - 3 * x + 1).subs({x: v}), 1.0, learning_rate=0.1, steps=50)
    assert run.x == pytest.approx(1.5, abs=1e-3)


def test_many_calls_a_step_are_told() -> None:
    def cost(w: Any) -> Any:
        return np.sum(np.log(1 + np.exp(w))) if w[0] == w[0] else 0.0

    assert "25 calls a step" in ds.minimize(cost, np.zeros(25), learning_rate=0.1, steps=1).notes[0]
