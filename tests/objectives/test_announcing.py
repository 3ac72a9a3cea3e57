"""What is said of a function before it is called thousands of times, and of one whose arrays do not fit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import ObjectiveError
from downslope.objectives.announcing import SlowGradientWarning
from downslope.objectives.array_program import MOST_RECORDED, ArrayProgram
from downslope.objectives.differences import central_differences, rounding_of_differences
from downslope.symbolic.array import TraceError


def opaque(x: Any) -> float:
    return float(sum(float(v) ** 2 for v in x))


def test_gradients_of_thousands_of_calls_are_announced_before_they_are_made() -> None:
    calls = []

    def counted(x: Any) -> float:
        calls.append(1)
        return opaque(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error", SlowGradientWarning)
        with pytest.raises(SlowGradientWarning) as told:
            ds.minimize(counted, np.ones(1000), steps=1)
    assert "1,000 to 2,000 calls" in str(told.value)
    assert "a symbol was asked for its value" in str(told.value)
    assert len(calls) < 15


@pytest.mark.parametrize(
    ("function", "size"), [(opaque, 999), (lambda x: np.sum(x**2), 5000)], ids=["few calls", "a program"]
)
def test_others_are_not_announced(function: Any, size: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", SlowGradientWarning)
        ds.minimize(function, np.ones(size), steps=1, learning_rate=0.1)


def apart(x: Any) -> Any:
    shorter = x[1:]
    return np.sum(shorter * x)


def of_matrix(x: Any) -> Any:
    return np.sum(np.ones((3, 4)) @ x)


def joined(x: Any) -> Any:
    return np.sum(x.reshape(7, 3))


@pytest.mark.parametrize("size", [6, 60])
@pytest.mark.parametrize(
    ("function", "code"),
    [
        (apart, "return np.sum(shorter * x)"),
        (of_matrix, "return np.sum(np.ones((3, 4)) @ x)"),
        (joined, "return np.sum(x.reshape(7, 3))"),
    ],
)
def test_shapes_that_do_not_fit_are_told_with_the_line(function: Any, code: str, size: int) -> None:
    with pytest.raises(ObjectiveError) as told:
        ds.minimize(function, np.ones(size), steps=1)
    line = function.__code__.co_firstlineno + (2 if function is apart else 1)
    text = str(told.value)
    assert text.startswith(f"the shapes of arrays in {function.__name__} do not fit: ")
    assert text.endswith(f"in line {line} of test_announcing.py: {code}")
    assert "\n" not in text
    assert isinstance(told.value.__cause__, ValueError)


def first_three(x: Any) -> Any:
    squares = x**2
    return squares[:3]


def one_of_two(x: Any) -> Any:
    if x.sum() > 1e9:
        return np.sum(x)
    return np.stack([x.sum(), x.max()])


class Doubling:
    def __call__(self, x: Any) -> Any:
        return 2 * x


@pytest.mark.parametrize("size", [4, 60])
@pytest.mark.parametrize(
    ("function", "told"),
    [
        (
            first_three,
            "an array of shape (3,) in line {} of test_announcing.py, 'return squares[:3]'; one number",
        ),
        (
            one_of_two,
            "of shape (2,) in line {} of test_announcing.py, 'return np.stack([x.sum(), x.max()])'; one",
        ),
        (Doubling(), "in line {} of test_announcing.py, 'return 2 * x'; one number is needed."),
    ],
)
def test_a_cost_that_is_no_number_is_told_with_the_line(function: Any, told: str, size: int) -> None:
    with pytest.raises(ObjectiveError) as error:
        ds.minimize(function, np.ones(size), steps=1)
    code = getattr(function, "__code__", None) or type(function).__call__.__code__
    line = code.co_firstlineno + {"first_three": 2, "one_of_two": 3}.get(code.co_name, 1)
    assert told.format(line) in str(error.value)


def of_waves(x: Any) -> Any:
    waves = np.fft.fft(x)
    return np.sum(np.abs(waves) ** 2)


def of_a_word(x: Any) -> Any:
    return np.sum(x**2) * len(x.flags.__class__.__name__)


@pytest.mark.parametrize("size", [3, 60])
@pytest.mark.parametrize(
    ("function", "why", "line"),
    [
        (of_waves, "np.fft.fft is not known for symbols, in line {} of", 1),
        (opaque, "a symbol was asked for its value, in line {} of", 1),
        (of_a_word, "raise AttributeError", 1),
    ],
)
def test_what_is_not_known_is_named_with_its_line_in_a_note(
    function: Any, why: str, line: int, size: int
) -> None:
    run = ds.minimize(function, np.ones(size), steps=1)
    (note,) = [note for note in run.notes if note.startswith("Python computes every value: ")]
    assert why.format(function.__code__.co_firstlineno + line) in note
    assert "test_announcing.py, '" in note


def test_other_exceptions_of_a_function_are_its_own() -> None:
    def broken(x: Any) -> Any:
        raise ValueError("no such table")

    with pytest.raises(ValueError, match=r"^no such table$"):
        ds.minimize(broken, np.ones(3), steps=1)


def test_a_function_of_too_many_operations_is_left_while_it_is_recorded() -> None:
    seen = []

    def long(x: Any) -> Any:
        total = 0.0
        for k in range(10 * MOST_RECORDED):
            seen.append(k)
            total = total + np.sin(x[k % 50] * k)
        return total

    with pytest.raises(TraceError, match="too many operations"):
        ArrayProgram(long, 50)
    assert len(seen) <= MOST_RECORDED


def test_differences_leave_the_point_as_it_was_and_are_taken_once() -> None:
    x, calls = np.array([1.0, -3.0, 0.0]), []

    def function(point: Any) -> float:
        calls.append(point.copy())
        return float(np.sum(point**2))

    found = central_differences(function, x)
    assert x.tolist() == [1.0, -3.0, 0.0]
    assert found == pytest.approx(2 * x, abs=1e-9)
    for k, (ahead, behind) in enumerate(zip(calls[::2], calls[1::2], strict=True)):
        assert np.flatnonzero(ahead - behind).tolist() == [k]
    again = rounding_of_differences(function, x)
    calls.clear()
    assert rounding_of_differences(function, x, known=(found, central_differences(function, x, 2.0))) == again
    assert len(calls) == 7
