"""Coordinates whose units lie far apart: what is small along one of them is measured by its own curvature."""

from __future__ import annotations

from .known import Known, case

NEVER = ("rounding_floor",)
BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return _roundings()


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
    return made
