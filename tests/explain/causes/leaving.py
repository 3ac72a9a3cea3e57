"""Runs that leave: the domain, over a pole, into an overflow, or down (up) without end."""

from __future__ import annotations

from .known import Known, case

NEVER = ("rounding_floor", "saddle", "too_few_steps", "learning_rate_too_small")
POLE, OVERFLOW, LEFT, UNBOUNDED = "pole", "overflow", "left_domain", "unbounded_below"


def cases() -> list[Known]:
    """All of them."""
    return [*_poles(), *_domains(), *_overflows(), *_unbounded()]


def _poles() -> list[Known]:
    """A division by zero lies between two points of the run."""
    made = []
    for text, start, rate, pole in [
        ("x+1/x", {"x": 5}, 20.0, 0.0),
        ("x+1/x", {"x": 2}, 10.0, 0.0),
        ("-1/x", {"x": 1}, 0.1, 0.0),
        ("1/x", {"x": -1}, 0.1, 0.0),
        ("x^2+1/x", {"x": 3}, 0.6, 0.0),
        ("1/(x-2)+x", {"x": 6}, 10.0, 2.0),
        ("x+4/x+y^2/100", {"x": 10, "y": 1}, 15.0, 0.0),
        ("9/(x+1)+x", {"x": 9}, 12.0, -1.0),
        ("x/2+1/(2*x)+y^2/50+z^2/60", {"x": 4, "y": 1, "z": 1}, 20.0, 0.0),
    ]:
        made.append(
            case(
                f"pole of {text} from {start['x']}",
                text,
                start,
                {"learning_rate": rate, "steps": 200, "tolerance": 1e-8},
                POLE,
                never=(*NEVER, "flat"),
                success=False,
                numbers={f"{POLE}.*": pole},
                why="the step crosses the zero of the denominator",
            )
        )
    made += [made[0].climbing(), made[2].climbing()]
    for start in (5.0, 2.0, 0.2):
        made.append(
            case(
                f"F8 x+1/x from {start}, auto",
                "x+1/x",
                {"x": start},
                {},
                POLE,
                never=(*NEVER, "flat"),
                instead=(1.0,),
                why="1 is the minimum of the branch that it begins on",
            )
        )
    n = 10
    made.append(
        case(
            "ten poles",
            " + ".join(f"x{i}+1/x{i}" for i in range(n)),
            {f"x{i}": 5.0 for i in range(n)},
            {"learning_rate": 20.0, "steps": 200, "tolerance": 1e-8},
            POLE,
            never=NEVER,
            success=False,
            why="every coordinate crosses 0 in the first step",
        )
    )
    return made


def _domains() -> list[Known]:
    made = []
    for text, start, rate, numbers in [
        ("x-log(x)", {"x": 3}, 5.0, {"expression": "log(x)", "value": -1 / 3}),
        ("y^2+x-2*sqrt(x+1)", {"x": 4, "y": 1}, 20.0, {"expression": "sqrt(x + 1)"}),
        ("asin(x)+x^2", {"x": 0.9}, 3.0, {"expression": "asin(x)"}),
        ("-log(1-x^2)+x", {"x": 0.9}, 0.5, {}),
        ("x-2*log(x)+y-log(y)", {"x": 9, "y": 5}, 15.0, {}),
        ("x*log(x)", {"x": 5}, 4.0, {"expression": "log(x)"}),
        ("-sqrt(9-x^2)", {"x": 2.9}, 3.0, {}),
    ]:
        made.append(
            case(
                f"domain of {text}",
                text,
                start,
                {"learning_rate": rate, "tolerance": 1e-6, "steps": 500},
                LEFT,
                never=(*NEVER, "flat", UNBOUNDED),
                success=False,
                status=("left_domain",),
                numbers={f"{LEFT}.{key}": value for key, value in {**numbers, "step": 1}.items()},
                advised=True,
                why="the first step by hand lands outside; a smaller rate stays in, as the function is convex",
            )
        )
    made += [made[0].climbing(), made[4].climbing()]
    for text, start, value in [("log(x-2)", 1.0, -1.0), ("sqrt(x)+x", -4.0, -4.0), ("1/x+x", 0.0, 0.0)]:
        made.append(
            case(
                f"{text} outside from the start",
                text,
                {"x": start},
                {"learning_rate": 0.1},
                f"{LEFT}|{POLE}",
                never=NEVER,
                success=False,
                status=("left_domain",),
                numbers={f"{LEFT}.value": value} if "1/x" not in text else {},
                advised=False,
                why="no value at the start",
            )
        )
    for steps in (10, 50, 51, 100):
        made.append(
            case(
                f"T11 nowhere near the edge after {steps}",
                "x-log(x)",
                {"x": 3},
                {"learning_rate": 0.01, "steps": steps},
                "learning_rate_too_small|too_few_steps",
                never=(LEFT, "rounding_floor", "flat"),
                success=True,
                point=("not_stationary",),
                unsaid=("edge of the domain",),
                why="x is between 2.3 and 3; the edge is at 0",
            )
        )
    for text, start, rate in [("x-log(x)", {"x": 1e3}, 1.0), ("y-sqrt(y)+x^2", {"x": 1, "y": 400}, 0.1)]:
        made.append(
            case(
                f"T11 {text} far from the edge",
                text,
                start,
                {"learning_rate": rate, "steps": 20, "tolerance": 1e-8},
                "learning_rate_too_small|too_few_steps|ill_conditioned",
                never=(LEFT, "rounding_floor", "flat"),
                success=False,
                point=("not_stationary",),
                unsaid=("edge of the domain",),
                why="the edge is at 0, hundreds away",
            )
        )
    return made


def _overflows() -> list[Known]:
    made = []
    for text, start, options, named in [
        ("exp(x^2)", {"x": 40}, {"learning_rate": 0.1}, OVERFLOW),
        (
            "exp(x)+exp(-x)",
            {"x": 5},
            {"learning_rate": 20, "steps": 50},
            f"{OVERFLOW}|learning_rate_above_limit",
        ),
        ("exp(x^2)", {"x": 20}, {"learning_rate": 0.1}, f"{OVERFLOW}|learning_rate_above_limit"),
        ("exp(x^2)+y^2", {"x": 18, "y": 1}, {"learning_rate": 1e-3}, f"{OVERFLOW}|learning_rate_above_limit"),
        ("exp(exp(x))", {"x": 8}, {"learning_rate": 0.1}, OVERFLOW),
        ("x^2*exp(x)", {"x": 800}, {"learning_rate": 0.1}, OVERFLOW),
    ]:
        made.append(
            case(
                f"overflow of {text} from {start['x']}",
                text,
                start,
                options,
                named,
                facts={"bounded": True},
                never=(*NEVER, UNBOUNDED, "flat"),
                success=False,
                unsaid=("gradient's norm overflows",),
                why="e^710 is above the largest number",
            )
        )
    return [*made, made[1].climbing()]


def _unbounded() -> list[Known]:
    made = []
    for text, start, options in [
        ("3*x+y^2", {"x": 0, "y": 1}, {"learning_rate": 0.1}),
        ("x^2-y^2", {"x": 1, "y": 0.1}, {"learning_rate": 0.1, "steps": 200}),
        ("x^3", {"x": -1}, {"learning_rate": 0.1}),
        ("x^2+2*y^3", {"x": 1, "y": -0.5}, {"learning_rate": 0.01}),
        ("-log(x)", {"x": 1}, {"learning_rate": 1, "tolerance": 1e-12, "steps": 1000}),
        ("x*y", {"x": 1, "y": -2}, {"learning_rate": 0.2, "steps": 300}),
        ("-sqrt(x)", {"x": 1}, {"learning_rate": 5, "steps": 500, "tolerance": 1e-9}),
        ("-x^4", {"x": 1}, {"learning_rate": 0.1}),
        ("x^2-3*y+z^2", {"x": 1, "y": 1, "z": 1}, {"learning_rate": 0.1, "tolerance": 1e-6}),
        ("-x", {"x": 0}, {}),
        ("x^2-y^2", {"x": 1, "y": 0.1}, {}),
        ("-exp(x)", {"x": 0}, {"learning_rate": 0.5}),
        (
            "x^2-y^2",
            {"x": 1, "y": 0.1},
            {"optimizer": "adam", "learning_rate": 0.5, "steps": 400, "tolerance": 1e-6},
        ),
    ]:
        made.append(
            case(
                f"without end: {text}, {options.get('optimizer', options.get('learning_rate', 'auto'))}",
                text,
                start,
                options,
                UNBOUNDED,
                never=(*NEVER, "learning_rate_above_limit", "flat", "zigzag"),
                success=None if options.get("steps") and "tolerance" not in options else False,
                advised=False,
                why="a line, an odd power, a negative square, or a logarithm: there is no least value",
            )
        )
    made += [made[i].climbing() for i in (0, 1, 2, 4)]
    for text, start, options in [
        ("x^2", {"x": 1}, {"learning_rate": 0.1, "steps": 1000}),
        ("x^2", {"x": 1}, {}),
        ("x^2+3*y^2", {"x": 1, "y": 2}, {"learning_rate": 0.1, "tolerance": 1e-6}),
        ("cosh(x)", {"x": 0.5}, {"learning_rate": 0.1}),
        ("exp(x)", {"x": 0}, {"learning_rate": 0.1, "tolerance": 1e-6}),
        ("(x-1)^4", {"x": 2}, {"learning_rate": 0.1, "tolerance": 1e-6}),
    ]:
        made.append(
            case(
                f"T17 climbing {text}, {options.get('learning_rate', 'auto')}",
                text,
                start,
                options,
                UNBOUNDED,
                up=True,
                never=(*NEVER, "flat", "learning_rate_above_limit"),
                success=None if options.get("steps") else False,
                unsaid=("falls", "no minimum"),
                why="convex functions have no maximum",
            )
        )
    n = 10
    made.append(
        case(
            "without end in ten",
            " + ".join(f"x{i}^2" for i in range(n - 1)) + f" - x{n - 1}",
            {f"x{i}": 1.0 for i in range(n)},
            {"learning_rate": 0.1, "steps": 300, "tolerance": 1e-6},
            UNBOUNDED,
            never=NEVER,
            success=False,
            why="a line along the last coordinate",
        )
    )
    return made
