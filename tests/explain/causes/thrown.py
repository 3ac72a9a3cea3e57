"""Runs that fell into a pole, that one step threw onto flat ground, or that fall where an exponential underflows."""

from __future__ import annotations

import numpy as np

from .known import Known, case

NEVER = ("rounding_floor", "saddle", "too_few_steps", "learning_rate_too_small", "unexplained")
TEST = {"tolerance": 1e-8, "steps": 200}


def cases() -> list[Known]:
    """All of them."""
    return [*_into_poles(), *_over_poles(), *_thrown(), *_underflowing()]


def _into_poles() -> list[Known]:
    """The value falls without limit towards where a divisor vanishes: no floor, no asymptote."""
    made = []
    for text, start, place in [
        ("1/(x-2)+(x-2)^2", {"x": 1}, 2.0),
        ("-1/(x-1)^2", {"x": 3}, 1.0),
        ("tan(x)", {"x": 0.3}, -1.5707963267948966),
        ("y^2-1/(x-1)^4", {"x": 3, "y": 1}, 1.0),
        ("-1/sqrt(abs(x))", {"x": 1}, 0.0),
    ]:
        made.append(
            case(
                f"into the pole of {text}",
                text,
                start,
                {},
                "pole",
                never=(*NEVER, "flat", "stalled"),
                success=False,
                numbers={"pole.*": place},
                unsaid=("flat valley", "ever more slowly", "fades"),
                why="the divisor is 0 there, and the value minus infinity beside it",
            )
        )
    made.append(
        case(
            "into the pole of a function that has to be called",
            lambda x: float(1 / (x[0] - 2) + (x[0] - 2) ** 2 + x[1] ** 2),
            np.array([1.0, 1.0]),
            {},
            "pole",
            never=(*NEVER, "flat", "stalled", "kink"),
            success=False,
            why="towards 2 it falls without limit",
        )
    )
    made.append(
        case(
            "into the pole of a product",
            "1/(x*y)+x^2+y^2",
            {"x": -1, "y": 2},
            {},
            "pole",
            never=(*NEVER, "flat", "stalled"),
            success=False,
            unsaid=("Near the minimum",),
            why="where x is 0",
        )
    )
    return [*made, made[0].climbing(), made[1].climbing(), made[2].climbing()]


def _over_poles() -> list[Known]:
    """What falls into a pole on the side where it began has no advice: no rate keeps it there."""
    made = []
    for text, start, rate in (("1/(x-2)+(x-2)^2", 1, 0.01), ("1/(x-5)+(x-5)^2/4", 4, 0.02)):
        made.append(
            case(
                f"over the pole of {text}, untested",
                text,
                {"x": start},
                {"learning_rate": rate, "steps": 200},
                "pole",
                never=(*NEVER, "flat"),
                words=("falls towards it without limit",),
                advised=False,
                why="left of the pole it falls without limit, and every step small or large ends on the other side",
            )
        )
    for start in (0.01, 0.005):
        made.append(
            case(
                f"x+4/x thrown out from {start}",
                "x+4/x",
                {"x": start},
                {"learning_rate": 0.1, **TEST},
                "learning_rate_above_limit",
                never=(*NEVER, "unbounded_below", "pole"),
                numbers={"learning_rate_above_limit.learning_rate": 0.1, "learning_rate_above_limit.step": 1},
                unsaid=("no minimum",),
                advised=True,
                why="4/x^2 is 40,000 at the start, and 1 where that step ends; the minimum is at 2",
            )
        )
    return [*made, made[-1].climbing()]


def _thrown() -> list[Known]:
    """One step onto a plateau: the rate is the cause, and a smaller one arrives."""
    made = []
    for text, start, options in [
        ("tanh(x)^2", {"x": 0.9}, {"learning_rate": 8.0}),
        ("x^2/(1+x^2)", {"x": 0.5}, {"learning_rate": 20.0}),
        ("x^2/(1+x^2)", {"x": 0.5}, {"learning_rate": 20.0, "optimizer": "adam"}),
        ("1-exp(-x^2)", {"x": 0.7}, {"learning_rate": 6.0}),
        ("tanh(x)^2+y^2", {"x": 0.9, "y": 1}, {"learning_rate": 8.0, "optimizer": "schedule_free_adamw"}),
    ]:
        made.append(
            case(
                f"{text} by {options}",
                text,
                start,
                {**options, **TEST},
                "learning_rate_above_limit",
                facts={"bounded": True},
                never=NEVER,
                success=False,
                numbers={"learning_rate_above_limit.learning_rate": options["learning_rate"]},
                advised=True,
                why="the minimum is at 0, where the curvature is 2",
            )
        )
    for start, rate, steps in ((-1.2, 200.0, 1), (-1.2, 200.0, 40), (-1.5, 150.0, 40)):
        made.append(
            case(
                f"over a dip to lower ground from {start} in {steps}",
                "1-exp(-x^2)-0.3*tanh(x/5)",
                {"x": start},
                {"learning_rate": rate, "tolerance": 1e-9, "steps": steps},
                "learning_rate_above_limit",
                facts={"bounded": True},
                never=NEVER,
                success=False,
                words=("over ground as", "There the run ended"),
                unsaid=("moved 0 since",),
                advised=True,
                why="the end is lower than the start, and higher than the minimum near 0, which the step passed over",
            )
        )
    made.append(
        case(
            "thrown in the last step",
            "1-exp(-x^2)",
            {"x": 1.0},
            {"learning_rate": 30.0, "steps": 1},
            "learning_rate_above_limit",
            facts={"bounded": True},
            never=NEVER,
            success=False,
            words=("There the run ended",),
            unsaid=("moved 0 since",),
            why="the minimum is at 0, and the run has made one step only",
        )
    )
    made.append(
        case(
            "past a pole that is no kink",
            "-1/sqrt(x^2+y^2)",
            {"x": 1, "y": 1.3},
            {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 500},
            "learning_rate_above_limit",
            never=("unexplained", "kink"),
            success=False,
            why="the value falls without limit towards 0, which the steps lead past",
        )
    )
    return [*made, made[0].climbing(), made[1].climbing(), made[5].climbing()]


def _underflowing() -> list[Known]:
    """A straight fall of which double precision makes log(0) far out."""
    made = []
    for options in (
        {"learning_rate": 0.5, "tolerance": 1e-8, "steps": 300},
        {"learning_rate": 0.5, "steps": 300},
    ):
        for text in ("log(exp(x)+exp(2*x))", "sqrt(1+x^2)+2*x", "log(1e-300*exp(x)+exp(3*x))"):
            made.append(
                case(
                    f"{text} without end, {'tested' if 'tolerance' in options else 'untested'}",
                    text,
                    {"x": 3},
                    options,
                    "unbounded_below",
                    never=NEVER,
                    why="its slope tends to 1",
                )
            )
    made.append(
        case(
            "log(exp(x)+exp(2*x)) to log(0)",
            "log(exp(x)+exp(2*x))",
            {"x": 3},
            {},
            "unbounded_below",
            success=False,
            words=("the value computed at",),
            why="the value is finite there, and what is computed is not",
        )
    )
    return [*made, made[0].climbing()]
