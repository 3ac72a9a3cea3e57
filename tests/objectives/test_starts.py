"""Every way to say where a run begins, and every way to say it wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError, StartError, UsageError
from downslope.objectives import Normal, Parameters, Uniform, as_objective, parse_start

F = "(x - 1)^2 + (y - 2)^2"

GOOD: list[tuple[Any, list[float]]] = [
    ({"x": -7, "y": 2}, [-7.0, 2.0]),
    ({"y": 2, "x": -7}, [-7.0, 2.0]),
    ([-7, 2], [-7.0, 2.0]),
    ((-7, 2), [-7.0, 2.0]),
    (np.array([-7, 2], np.int32), [-7.0, 2.0]),
    (np.array([-7, 2], np.float32), [-7.0, 2.0]),
    ("x=-7,y=2", [-7.0, 2.0]),
    (" y = 1+1 , x = -(7) ", [-7.0, 2.0]),
    ("x=2*pi,y=1e-3", [2 * np.pi, 1e-3]),
    ({"x": np.float64(1), "y": np.array([3.0])}, [1.0, 3.0]),
    ({"x": True, "y": 0}, [1.0, 0.0]),
]


@pytest.mark.parametrize(("start", "flat"), GOOD, ids=[repr(g[0]) for g in GOOD])
def test_start_becomes_a_float64_vector(start: Any, flat: list[float]) -> None:
    _, x = as_objective(F, start)
    assert x.dtype == np.float64
    assert x.tolist() == flat


BAD: list[tuple[Any, str]] = [
    (None, "no start is given; the parameters are: x, y"),
    ({"x": 1.0}, "no value for y; the parameters are: x, y"),
    ({"x": 1.0, "y": 1.0, "z": 1.0}, "names 'z', but the parameters are: x, y"),
    ({"X": 1.0, "y": 1.0}, "Did you mean 'x'"),
    ({1: 1.0, "y": 1.0}, "names '1'"),
    ("x=1,x=2", "gives x twice: 1.0 and 2"),
    ("x=1", "no value for y"),
    ("x", "not of the form name=value"),
    ("", "not of the form name=value"),
    ("x=1,,y=2", "not of the form name=value"),
    ("x=abc,y=1", "start for x is 'abc'"),
    ("x=nan,y=1", "start for x is 'nan'"),
    ("x=inf,y=1", "start for x is 'inf'"),
    ("x=1e999,y=1", "start for x is '1e999'"),
    ("x=__import__('os'),y=1", "start for x is"),
    ("x=uniform(1),y=1", "uniform takes two numbers"),
    ("x=uniform(2,-2),y=1", "the smaller first"),
    ("x=normal(1),y=1", "normal takes two numbers"),
    ("x=normal(1,0),y=1", "a standard deviation above 0"),
    ("x=uniform(0,inf),y=1", "start for x is"),
    ({"x": float("nan"), "y": 1.0}, "for x is nan"),
    ({"x": float("inf"), "y": 1.0}, "for x is inf"),
    ([1.0, float("-inf")], "for y is -inf"),
    ({"x": "1.0", "y": 1.0}, "real number"),
    ({"x": 1j, "y": 1.0}, "complex number"),
    ({"x": None, "y": 1.0}, "real number"),
    ({"x": [1.0, 2.0], "y": 1.0}, "shape"),
    ([1.0], "2 numbers are needed, in the order x, y"),
    ([1.0, 2.0, 3.0], "2 numbers are needed, in the order x, y"),
    ([[1.0, 2.0]], "2 numbers are needed"),
    ([1.0, [2.0, 3.0]], "differ in length"),
    (5.0, "2 numbers are needed"),
    ({1.0, 2.0}, "real number"),
    pytest.param(object(), "real number", id="object"),
]


@pytest.mark.parametrize(("start", "words"), BAD, ids=[repr(b[0])[:40] for b in BAD])
def test_wrong_start_is_refused_in_words(start: Any, words: str) -> None:
    with pytest.raises(StartError) as caught:
        as_objective(F, start)
    assert words in str(caught.value)


def test_a_start_drawn_without_a_seed_tells_the_one_it_took() -> None:
    objective, x = as_objective(F, "x=uniform(-2,2),y=1")
    seed = int(str(objective.notes[-1]).removeprefix("the start was drawn with seed=").rstrip("."))
    np.testing.assert_array_equal(as_objective(F, "x=uniform(-2,2),y=1", seed=seed)[1], x)
    assert not as_objective(F, "x=1,y=1")[0].notes


def test_random_start_lies_in_its_range_and_repeats_with_its_seed() -> None:
    draws = [as_objective(F, "x=uniform(-2,2),y=uniform(5,6)", seed=s)[1] for s in range(200)]
    low, high = np.min(draws, axis=0), np.max(draws, axis=0)
    assert -2 <= low[0] < -1.8 < 1.8 < high[0] < 2
    assert 5 <= low[1] < 5.05 < 5.95 < high[1] < 6
    assert (
        as_objective(F, "x=uniform(-2,2),y=1", seed=7)[1].tolist()
        == as_objective(F, {"x": Uniform(-2, 2), "y": 1}, seed=7)[1].tolist()
    )
    assert (
        as_objective(F, [Uniform(-2, 2), Uniform(-2, 2)], seed=7)[1][0]
        != as_objective(F, [Uniform(-2, 2), Uniform(-2, 2)], seed=8)[1][0]
    )
    assert as_objective("x^2", Uniform(3, 4), seed=1)[1][0] == pytest.approx(3.5, abs=0.5)


def test_normal_start_has_its_mean_and_deviation_and_repeats_with_its_seed() -> None:
    draws = np.array([as_objective(F, "x=normal(3,0.5),y=normal(-1,2)", seed=s)[1] for s in range(2000)])
    # five standard errors of a mean and of a deviation of 2,000 draws
    np.testing.assert_allclose(draws.mean(axis=0), [3, -1], atol=5 * 2 / np.sqrt(2000))
    np.testing.assert_allclose(draws.std(axis=0) / [0.5, 2], 1, atol=5 / np.sqrt(4000))
    again = as_objective(F, {"x": Normal(3, 0.5), "y": Normal(-1, 2)}, seed=7)[1]
    assert again.tolist() == draws[7].tolist()
    objective, x = as_objective(F, "x=normal(0,1),y=1")
    seed = int(str(objective.notes[-1]).removeprefix("the start was drawn with seed=").rstrip("."))
    assert as_objective(F, "x=normal(0,1),y=1", seed=seed)[1].tolist() == x.tolist()


@pytest.mark.parametrize("seed", [-1, "a", 1.5, True])
def test_wrong_seed_is_refused(seed: Any) -> None:
    with pytest.raises(UsageError, match="seed is"):
        as_objective(F, "x=uniform(0,1),y=1", seed=seed)


@pytest.mark.parametrize("dtype", ["float16", "int", "complex", "abc", 7])
def test_wrong_dtype_is_refused(dtype: Any) -> None:
    with pytest.raises(UsageError, match="it can be 'float64' or 'float32'"):
        as_objective(F, [1.0, 2.0], dtype=dtype)


STRUCTURES: list[tuple[Any, Any, type]] = [
    ("x^2", 3, float),
    ("x^2", [3], np.ndarray),
    ("x^2", {"x": 3}, dict),
    (F, [3, 4], np.ndarray),
    (F, "x=3,y=4", dict),
    ("rosenbrock", None, dict),
    ("rosenbrock", [3, 4], np.ndarray),
    ("rosenbrock", {"x": 1, "y": 1}, dict),
]


@pytest.mark.parametrize(("function", "start", "kind"), STRUCTURES)
def test_answer_has_the_structure_of_the_start(function: Any, start: Any, kind: type) -> None:
    run = ds.minimize(function, start, learning_rate=1e-4, steps=0)
    assert type(run.x) is kind
    if kind is np.ndarray:
        assert run.x.shape == np.shape(start)


def test_start_itself_is_not_touched() -> None:
    start = np.array([3.0, 4.0])
    run = ds.minimize(lambda v: np.sum(v**2), start, learning_rate=0.1, steps=3)
    assert start.tolist() == [3.0, 4.0]
    run.x[:] = 0
    assert run.history.x[-1].tolist() != [0.0, 0.0]


def test_parameters_come_in_natural_order() -> None:
    _, x = as_objective("x10 + 2*x2 + 3*x1", {"x1": 1, "x2": 2, "x10": 10})
    assert x.tolist() == [1.0, 2.0, 10.0]


def test_flatten_and_structured_are_inverse() -> None:
    parameters = Parameters(("w", "b", "A"), ((2,), (), (2, 2)), "dict")
    values = {"w": np.array([1.0, 2.0]), "b": 3.0, "A": np.array([[4.0, 5.0], [6.0, 7.0]])}
    again = parameters.structured(parameters.flatten(values))
    assert all(np.array_equal(again[k], values[k]) for k in values)
    assert parameters.coordinates == ("w[0]", "w[1]", "b", "A[0,0]", "A[0,1]", "A[1,0]", "A[1,1]")


def test_nothing_but_our_own_errors_for_any_text() -> None:
    random = np.random.default_rng(5)
    letters = list("xy=,.()+-*/0123456789einfuniform π")
    for _ in range(2000):
        text = "".join(random.choice(letters, random.integers(0, 12)))
        try:
            values = parse_start(text)
        except DownslopeError:
            continue
        assert values
