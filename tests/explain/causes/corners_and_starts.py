"""Kinks, starts without a gradient or a value, rates at their limit, and bounds that hold a divergence."""

from __future__ import annotations

import numpy as np

from .known import Known, case

TEST = {"tolerance": 1e-8, "steps": 300}


def cases() -> list[Known]:
    """All of them."""
    return [*_kinks(), *_starts(), *_rates(), *_told()]


def _kinks() -> list[Known]:
    """The corner that is named is the one that the steps cross; one that is the minimum is no fault."""
    made = []
    for text, start, corner in (
        ("abs(x)+abs(y-1)", {"x": 0, "y": 3}, "abs(y - 1)"),
        ("abs(x)+abs(y-1)", {"x": 3, "y": 1}, "abs(x)"),
        ("max(x,-x)+max(0,y)-min(0,2*y)", {"x": 0, "y": 3}, "max(0, y)"),
    ):
        made.append(
            case(
                f"{text} from {start}: {corner}",
                text,
                start,
                {"learning_rate": 0.1, **TEST},
                "kink",
                numbers={"kink.expression": corner},
                why="the other coordinate does not move",
            )
        )
    for text, start, least in (
        ("abs(x-1)+0.5*(y-2)^2", {"x": 3, "y": 0}, 0.0),
        ("abs(x-1)+0.5*x^2", {"x": 3}, 0.5),
    ):
        for options in ({"dtype": "float32"}, {"optimizer": "conjugate_gradient", "dtype": "float32"}, {}):
            made.append(
                case(
                    f"{text} onto its kink by {options}",
                    text,
                    start,
                    options,
                    point=("kink",),
                    never=("kink",) if options or least else (),
                    unsaid=("says little",),
                    numbers={},
                    why="the kink is the minimum, and the test passed",
                )
            )
    made.append(
        case(
            "a kink that is a maximum is no minimum",
            "-abs(x)",
            {"x": 0},
            {"learning_rate": 0.1},
            "kink",
            words=("no step leads away",),
            unsaid=("rises on every side", "never settle"),
            why="it falls on both sides",
        )
    )
    return made


def _starts() -> list[Known]:
    """Nothing is said of steps, ways and last good points where there were none."""
    return [
        case(
            "on the tip of a cone",
            "(sqrt(x^2+y^2)-1)^2",
            {"x": 0, "y": 0},
            {"learning_rate": 0.1},
            "kink",
            unsaid=("never settle",),
            success=False,
            why="no step was made",
        ),
        *(
            case(
                f"{text} overflows at its start",
                text,
                {"x": start},
                {"learning_rate": 0.1, **more},
                "overflow",
                point=("edge_of_domain.nowhere",),
                numbers={"overflow.value": number},
                unsaid=("last good point",),
                why="there is no good point",
            )
            for text, start, more, number in (
                ("x^2*1e30", 3e4, {"dtype": "float32"}, 9e8),
                ("1e30*x^2", 3e4, {"dtype": "float32"}, 9e8),
                ("exp(x^2)", 30, {}, 900.0),
            )
        ),
        case(
            "far out on an asymptote",
            "x^2*exp(-x)",
            {"x": 30},
            {},
            "flat",
            unsaid=("0 so far",),
            success=False,
            why="it did not move",
        ),
        case(
            "a constant",
            "3+0*x",
            {"x": 1},
            {"learning_rate": 0.1},
            "flat",
            unsaid=("κ", "curvature is 0"),
            why="0",
        ),
    ]


def _rates() -> list[Known]:
    """A rate that is the limit of the minimum, and one whose divergence a bound holds."""
    made = [
        case(
            "a rate at the limit of the minimum",
            "x^2/(1+x^2)",
            {"x": 0.5},
            {"learning_rate": 1.0, "tolerance": 1e-3, "steps": 5_000_000},
            "zigzag",
            success=True,
            numbers={"zigzag.limit": 1.0},
            unsaid=("will not settle", "multiplies the error"),
            why="the curvature is 2 at 0 and less beside it",
        ),
        case(
            "a divergence that bounds hold",
            "(x-3)^2+10*(y-1)^2",
            {"x": 0, "y": 4},
            {"learning_rate": 0.5, "bounds": {"y": (0, 5)}, **TEST},
            "learning_rate_above_limit",
            numbers={"learning_rate_above_limit.limit": 0.1},
            words=("until a bound stops it",),
            unsaid=("multiplied by",),
            facts={"hessian": np.diag([2.0, 20.0])},
            why="y goes from bound to bound",
        ),
    ]
    return [*made, made[0].climbing()]


def _told() -> list[Known]:
    """What climbs are told of."""
    made = [
        case(
            f"Polyak's step told {least}, climbing",
            "-(x^2+10*y^2+3)",
            {"x": 1, "y": 1},
            {"optimizer": "polyak_step", "hyperparameters": {"minimum": least}, **TEST},
            "wrong_least_value",
            up=True,
            success=False,
            numbers={"wrong_least_value.value": 3.0},
            why="upside down its least value is 3",
        )
        for least in (-2.0, 2.0, 5.0)
    ]
    root = case(
        "minus a root",
        "-sqrt(x^2+2*y^2)",
        {"x": 3, "y": 1},
        {"learning_rate": 0.1, **TEST},
        "rmse_chatter",
        up=True,
        words=("minus a square root",),
        why="its maximum is the tip of a cone",
    )
    return [*made, root]
