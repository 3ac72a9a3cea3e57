"""Coordinates whose units lie far apart: what is small along one of them is measured by its own curvature."""

from __future__ import annotations

from .known import Known, case

NEVER = ("rounding_floor",)
BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return [*_roundings(), *_far_off(), *_without_end()]


def _roundings() -> list[Known]:
    """A slope that is left along a shallow way is no rounding, however great that along a steep one is."""
    made = []
    for text, rate, tolerance, dtype in [
        ("1e6*(x - 1)^2 + y^2", 4e-7, 1e-3, "float32"),
        ("1e5*(x - 1)^2 + 0.1*y^2", 4e-6, 1e-3, "float32"),
        ("1e6*(x - 1)^2 + cosh(y)", 4e-7, 1e-3, "float32"),
        ("1e12*(x - 1)^2 + 1e-4*y^2", 3e-13, 1e-8, "float64"),
        ("1e12*(x - 1)^2 + 1e-4*cosh(y)", 3e-13, 1e-8, "float64"),
    ]:
        options = {"learning_rate": rate, "tolerance": tolerance, "steps": 1000, "dtype": dtype}
        known = case(
            f"{text}, {dtype}",
            text,
            {"x": 3, "y": 1},
            options,
            never=NEVER,
            point=("not_stationary",),
            success=False,
            facts=BOUNDED,
            unsaid=("κ = 1)", "curvature 0"),
            why="x = 1 to the last digit, and y has not moved: what is left is the slope of y",
        )
        made += [known, known.climbing()]
    made.append(
        case(
            "1e6*(x - 1)^2 + y^2 of Python",
            lambda v: float(1e6 * (float(v[0]) - 1) ** 2 + float(v[1]) ** 2),
            [3.0, 1.0],
            {"learning_rate": 4e-7, "tolerance": 1e-3, "steps": 300},
            never=NEVER,
            point=("not_stationary",),
            success=False,
            facts=BOUNDED,
            unsaid=("without end",),
            why="differences of values say little of the smaller curvature, and nothing of a fall",
        )
    )
    return made


def _far_off() -> list[Known]:
    """A quadratic says how far its minimum is, however small the curvature along one coordinate."""
    made = []
    for text, start, away in [
        ("x^2 + 1e-10*(y - 5)^2", {"x": 1, "y": 0}, 5.0),
        ("x^2 + 1e-9*y^2 - 1e-9*y", {"x": 1, "y": 0}, 0.5),
        ("x^2 + x*z + z^2 + 1e-13*(y - 5)^2", {"x": 1, "y": 0, "z": 1}, 5.0),
        ("x^2 + 1e-10*(y - 5)^2 + 1e-10*y*w + 1e-10*w^2", {"x": 1, "y": 0, "w": 0}, None),
    ]:
        known = case(
            text,
            text,
            start,
            {"learning_rate": 0.1, "tolerance": 1e-8},
            "flat",
            never=NEVER,
            point=("small_by_units",),
            success=False,
            facts=BOUNDED,
            numbers={} if away is None else {"flat.distance": away},
            why="one step of Newton's method, along each coordinate by itself",
        )
        made += [known, known.climbing()]
    return made


def _without_end() -> list[Known]:
    """What falls for ever, and no slower, is not said to fade."""
    made = []
    for text, start in [
        ("x^2 - 1e-12*y^2", {"x": 1, "y": 1}),
        ("x^2 + 1e-9*y", {"x": 1, "y": 1}),
        ("x^2 - 1e-10*x*y - 1e-9*y^2", {"x": 1, "y": 1}),
        ("x^2 + 1e-9*(y + z)", {"x": 1, "y": 1, "z": 0}),
    ]:
        known = case(
            text,
            text,
            start,
            {"learning_rate": 0.1, "tolerance": 1e-8},
            never=NEVER,
            success=False,
            status=("unbounded",),
            words=("without end",),
            unsaid=("slowly", "fades"),
            why="its second derivatives are the same everywhere",
        )
        made += [known, known.climbing()]
    return made
