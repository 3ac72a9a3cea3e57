"""Places where a slope or a curvature jumps, and places where that only seems so."""

from __future__ import annotations

from typing import Any

import numpy as np

import downslope as ds

from .known import Known, case

BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return [*_curvatures(), *_kinks()]


def _curvatures() -> list[Known]:
    """The gradient vanishes and the curvature is not one number: none is told, and no limit made of it."""
    made = []
    texts: list[tuple[Any, Any, tuple[str, ...]]] = [
        ("max(0, 1 - x)^2", {"x": -3}, ("from 0 to 2 with",)),
        ("max(x, 0)^2 + 5*max(-x, 0)^2", {"x": 3}, ("from 2 to 10 with",)),
        ("max(0, 1 - x)^2 + (y - 1)^2", {"x": -3, "y": 2}, ("from 0 to 2 with",)),
        ("where(x > 0, x^2, 4*x^2)", {"x": 3}, ("from 2 to 8 with",)),
        ("max(x^2, y^2)", {"x": 3, "y": 2}, ("from 1 to 2 with",)),
    ]
    for text, start, words in texts:
        for dtype in ("float64", "float32"):
            known = case(
                f"corner of {text}, {dtype}",
                text,
                start,
                {"learning_rate": 0.1, "tolerance": 1e-8 if dtype == "float64" else 1e-6, "dtype": dtype},
                quiet=True,
                point=("minimum.corner",),
                success=True,
                facts=BOUNDED,
                words=words,
                unsaid=("strict", "allow"),
                why="its curvature on either side, by hand",
            )
            made.append(known)
            if dtype == "float64":
                made.append(Known(**{**known.climbing().__dict__, "point": ("maximum.corner",), "words": ()}))
    made.append(
        case(
            "largest square of a vector",
            lambda x: np.max(x**2),
            [3.0, 2.0],
            {"learning_rate": 0.1, "tolerance": 1e-8},
            quiet=True,
            point=("minimum.corner",),
            success=True,
            unsaid=("strict", "allow"),
            why="along (1, 1) it curves half as much as along the axes",
        )
    )
    for power in ("1.5", "1.2", "1.8"):
        made.append(
            case(
                f"abs(x)^{power} in a cycle",
                f"abs(x)^{power}",
                {"x": 3},
                {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 3000},
                never=("kink", "learning_rate_above_limit"),
                success=False,
                facts=BOUNDED,
                unsaid=("limit 8", "e-16", "kink"),
                why="its curvature grows without bound towards 0, and its slope fades there",
            )
        )
    for power in ("1.5", "1.2", "1.1"):
        made.append(
            case(
                f"abs(x)^{power}, its minimum reached",
                f"abs(x)^{power}",
                {"x": 0.0},
                {"learning_rate": 0.1, "tolerance": 1e-8},
                quiet=True,
                success=True,
                facts=BOUNDED,
                unsaid=("kink", "strict", "limit"),
                why="its slope is 0 there and continuous",
            )
        )
    made.append(
        case(
            "abs(x)^1.2 of Python",
            lambda v: abs(float(v[0])) ** 1.2,
            [0.0],
            {"learning_rate": 0.1, "tolerance": 1e-8},
            quiet=True,
            success=True,
            unsaid=("kink",),
            why="its slope is 0 there and continuous",
        )
    )
    return made


def _kinks() -> list[Known]:
    """A kink is stood on or stepped over, and a constant learning rate is blamed where there is one."""
    made = []
    for optimizer in ("lbfgs", "conjugate_gradient", "adgd2", "auto"):
        made.append(
            case(
                f"a kink and {optimizer}",
                "abs(x) + abs(y - 1)",
                {"x": 3, "y": 2.2},
                {"optimizer": optimizer, "tolerance": 1e-8, "steps": 3000},
                *(["kink"] if optimizer != "conjugate_gradient" else []),
                point=("kink",),
                never=() if optimizer != "conjugate_gradient" else ("kink",),
                success=optimizer == "conjugate_gradient",  # it meets the corner, a minimum, to the last bit
                facts=BOUNDED,
                unsaid=("constant learning rate",),
                why="these find their own steps",
            )
        )
    made.append(
        Known(
            name="a mean absolute error in a wide cycle",
            make=lambda: ds.fit(
                {"x": [1, 2, 3, 4, 5], "y": [1, 2.1, 2.9, 4.2, 5]},
                "y ~ a*x + b",
                loss="mae",
                learning_rate=0.1,
            ),
            named=("kink",),
            point=("not_stationary",),
            success=False,
            unsaid=("is on a kink",),
            why="it goes to and fro between two points far from where the gradient jumps",
        )
    )
    return made
