"""Points that are no minimum though hardly anything slopes there: plateaus, asymptotes, tiny units, loose tests."""

from __future__ import annotations

import math

from .arithmetic import bowl, spread
from .known import About, Known, case

FLAT, LOOSE = "flat", "loose_tolerance"
NEVER = ("unbounded_below", "rounding_floor", "learning_rate_above_limit", "saddle", "too_few_steps")
BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return [
        *_plateaus(),
        *_asymptotes(),
        *_valleys(),
        *_by_units(),
        *_loose(),
        *_curved_after_all(),
        *_rings(),
    ]


def _plateaus() -> list[Known]:
    """The gradient is below the tolerance, and the minimum is far away and lower."""
    made = []
    for text, start, options in [
        ("tanh(x)^2", {"x": 15}, {"learning_rate": 0.1}),
        ("tanh(x)^2", {"x": -18}, {"learning_rate": 0.1}),
        ("1-exp(-x^2)", {"x": 5}, {"learning_rate": 0.1}),
        ("1-exp(-x^2)", {"x": 10}, {"learning_rate": 0.1}),
        ("(max(w,0)-1)^2", {"w": -1}, {"learning_rate": 0.1}),
        ("(max(w,0)-1)^2", {"w": -1}, {}),
        ("x^2/(1+x^2)", {"x": 3000}, {"learning_rate": 0.1}),
        ("(1/(1+exp(-x))-0.5)^2", {"x": 40}, {"learning_rate": 0.5}),
        ("atan(x)^2", {"x": 1e5}, {"learning_rate": 0.1}),
        ("-exp(-(x-20)^2)", {"x": 0}, {"learning_rate": 0.1}),
        ("tanh(x)^2+y^2", {"x": 15, "y": 1}, {"learning_rate": 0.1}),
        ("1-exp(-x^2-y^2)", {"x": 5, "y": 4}, {"learning_rate": 0.1}),
        ("(max(u,0)-1)^2+(max(v,0)-2)^2+w^2", {"u": -1, "v": -2, "w": 1}, {"learning_rate": 0.1}),
        ("tanh(x)^2", {"x": 15}, {"optimizer": "momentum", "learning_rate": 0.1}),
        ("tanh(x)^2", {"x": 15}, {"optimizer": "lbfgs"}),
        ("1-exp(-x^2)", {"x": 6}, {"optimizer": "adgd"}),
        ("tanh((x+y)/1.5)^2", {"x": 15, "y": 8}, {"learning_rate": 0.1}),
    ]:
        rule = options.get("optimizer", "auto" if not options else "")
        made.append(
            case(
                f"plateau of {text} from {next(iter(start.values()))} {rule}".strip(),
                text,
                start,
                options,
                FLAT,
                facts=BOUNDED,
                never=NEVER,
                success=False,
                point=("degenerate.plateau",),
                numbers={f"{FLAT}.kind": "plateau"},
                why="the least value is 0 (or -1) elsewhere; here the slope has died out",
            )
        )
    made += [made[i].climbing() for i in (0, 2, 4, 10)]
    made += [
        case(
            f"a plateau in {n}",
            " + ".join(f"tanh(x{i})^2" for i in range(n)),
            {f"x{i}": 15.0 + i / n for i in range(n)},
            {"learning_rate": 0.1},
            FLAT,
            facts=BOUNDED,
            never=NEVER,
            success=False,
            point=("degenerate.plateau",),
            why="0 at the origin, n here",
        )
        for n in (3, 10, 80)
    ]
    made += [
        case(
            f"{text} in float32",
            text,
            {"x": start},
            {"learning_rate": 0.1, "dtype": "float32"},
            FLAT,
            facts=BOUNDED,
            never=NEVER,
            success=False,
            why="the slope is 2e-6 and less, below the tolerance of 1e-4",
        )
        for text, start in (("tanh(x)^2", 8.0), ("1-exp(-x^2)", 5.0), ("(max(x,0)-1)^2", -1.0))
    ]
    return made


def _asymptotes() -> list[Known]:
    """It falls for ever, ever more slowly, towards a value that it never has."""
    made = []
    for text, start, options in [
        ("exp(-x)", {"x": 0}, {}),
        ("exp(-x)", {"x": 0}, {"learning_rate": 1}),
        ("1/x", {"x": 1}, {}),
        ("1/x", {"x": 1}, {"learning_rate": 1, "tolerance": 1e-4}),
        ("1/(1+exp(-x))", {"x": 0}, {}),
        ("1/(1+exp(-x))", {"x": 0}, {"learning_rate": 5, "tolerance": 1e-4}),
        ("log(1+exp(x))", {"x": 1}, {"learning_rate": 2, "tolerance": 1e-5}),
        ("1/(1+x^2)", {"x": 1}, {"learning_rate": 5, "tolerance": 1e-4}),
        ("atan(x)", {"x": 0}, {"learning_rate": 100, "tolerance": 1e-4}),
        ("exp(-x)+y^2", {"x": 0, "y": 1}, {"learning_rate": 0.4, "tolerance": 1e-4}),
        ("exp(-x-y)+(x-y)^2", {"x": 0, "y": 1}, {"learning_rate": 0.1, "tolerance": 1e-4}),
        ("exp(-x)", {"x": 0}, {"optimizer": "momentum", "learning_rate": 0.5, "tolerance": 1e-5}),
        ("exp(-x)", {"x": 0}, {"optimizer": "lbfgs"}),
    ]:
        rule = options.get("optimizer", "" if options else "auto")
        made.append(
            case(
                f"asymptote of {text}, {rule or options['learning_rate']}",
                text,
                start,
                options,
                FLAT,
                facts=BOUNDED if text != "1/x" else {},
                never=NEVER,
                success=False,
                point=("degenerate.asymptote",),
                numbers={f"{FLAT}.kind": "asymptote"},
                why="monotone along the way it goes, and bounded below there: the infimum is not taken",
            )
        )
    made += [made[i].climbing() for i in (0, 1, 2, 5)]
    made += [
        case(
            f"an asymptote in {n}",
            " + ".join(f"exp(-x{i})" for i in range(n)),
            {f"x{i}": i / n for i in range(n)},
            {"learning_rate": 1.0, "tolerance": 1e-3},
            FLAT,
            facts=BOUNDED,
            never=NEVER,
            success=False,
            why="a sum of falling exponentials",
        )
        for n in (3, 10, 80)
    ]
    made.append(
        case(
            "T17 tanh climbed",
            "tanh(x)",
            {"x": 2},
            {"learning_rate": 1.0, "tolerance": 1e-6},
            FLAT,
            up=True,
            facts=BOUNDED,
            never=NEVER,
            success=False,
            unsaid=("falling", "no minimum"),
            why="it rises towards 1",
        )
    )
    return made


def _valleys() -> list[Known]:
    """Minima without curvature along some direction: a success, with a word on it."""
    made = []
    for text, start, rate, kind in [
        ("(x*y)^2", {"x": 1, "y": 0.5}, 0.1, "flat_valley"),
        ("(a+b-2)^2+(2*a+2*b-3)^2", {"a": 0, "b": 5}, 0.05, "flat_valley"),
        ("(x+y+z-1)^2", {"x": 1, "y": 2, "z": 3}, 0.1, "flat_valley"),
        ("(x-y)^2+(y-z)^2", {"x": 1, "y": 2, "z": 5}, 0.1, "flat_valley"),
        ("(y-x^2)^2", {"x": 1, "y": 0.5}, 0.1, "flat_valley"),
        ("x^4+y^4", {"x": 1, "y": 1}, 0.1, "higher_order_minimum"),
        ("x^4+y^2", {"x": 1, "y": 1}, 0.1, "higher_order_minimum"),
        ("(x-2)^4", {"x": 3}, 0.2, "higher_order_minimum"),
        ("(x+y)^4+(x-y)^2", {"x": 1, "y": 0}, 0.05, "higher_order_minimum"),
    ]:
        made.append(
            case(
                f"{kind} of {text}",
                text,
                start,
                {"learning_rate": rate, "tolerance": 1e-5},
                FLAT,
                facts=BOUNDED,
                never=NEVER,
                success=True,
                status=("converged",),
                point=(f"degenerate.{kind}",),
                numbers={f"{FLAT}.kind": kind},
                why="the value is 0, the least that a sum of even powers has, and the Hessian is singular there",
            )
        )
    return [*made, made[0].climbing(), made[5].climbing()]


def _by_units() -> list[Known]:
    """The gradient is below the tolerance only because values are measured in tiny units."""
    made = []
    for text, start, options, away in [
        ("1e-12*x^2", {"x": 1}, {"learning_rate": 1, "tolerance": 1e-9}, 1.0),
        ("1e-12*(x-3)^2", {"x": 1}, {"learning_rate": 1, "tolerance": 1e-9}, 2.0),
        ("1e-10*(x^2+3*y^2)", {"x": 3, "y": 4}, {"learning_rate": 1}, 5.0),
        ("1e-170*(x-1)^2", {"x": 5}, {"learning_rate": 1}, 4.0),
        ("1e-13*(x^2+2*y^2+3*z^2)", {"x": 2, "y": 3, "z": 6}, {"learning_rate": 10}, 7.0),
        ("1e-12*x^2", {"x": 1}, {}, 1.0),
    ]:
        made.append(
            case(
                f"by units: {text}{'' if options else ', auto'}",
                text,
                start,
                options,
                FLAT,
                facts=BOUNDED,
                never=NEVER,
                success=False,
                numbers={f"{FLAT}.kind": "small_by_units", f"{FLAT}.distance": About(away, 1e-3)},
                why="the distance of the start from the minimum",
            )
        )
    return [*made, made[0].climbing(), made[2].climbing()]


def _loose() -> list[Known]:
    """A test that passes at once, or far from the stationary point: success as asked, and a word on it."""
    made = []
    for name, n, options in [
        ("T21 the value", 1, {"learning_rate": 1e-7, "value_tolerance": 1e-5}),
        ("the value, two", 2, {"learning_rate": 1e-6, "value_tolerance": 1e-3}),
        ("the value, ten", 10, {"learning_rate": 1e-5, "value_tolerance": 1e-1}),
        ("the value, eighty", 80, {"learning_rate": 1e-7, "value_tolerance": 1e-2}),
        ("the step", 1, {"learning_rate": 1e-6, "x_tolerance": 1e-4}),
        ("the step, three", 3, {"learning_rate": 1e-4, "x_tolerance": 1e-2}),
        ("the gradient", 1, {"learning_rate": 0.1, "tolerance": 5.5}),
        ("the gradient, three", 3, {"learning_rate": 0.01, "tolerance": 6.0}),
        ("relative", 2, {"learning_rate": 0.01, "relative_tolerance": 0.9}),
        ("the value, Adam", 2, {"optimizer": "adam", "learning_rate": 1e-5, "value_tolerance": 1e-3}),
    ]:
        text, start, facts = bowl(spread(3, n, 2.0))
        made.append(
            case(
                f"loose: {name}",
                text,
                dict.fromkeys(start, 3.0),
                options,
                LOOSE,
                facts=facts,
                never=("flat", "rounding_floor", "learning_rate_above_limit", "saddle"),
                success=True,
                status=("converged",),
                unsaid=("strict minimum",),
                why="from 3 in every coordinate the test passes within a few steps, and the minimum is at 0",
            )
        )
    made += [made[0].climbing(), made[4].climbing(), made[0].in_float32()]
    made.append(
        case(
            "loose on a curve",
            "log(cosh(x))+y^2/2",
            {"x": 4, "y": 3},
            {"learning_rate": 1e-6, "value_tolerance": 1e-4},
            LOOSE,
            facts=BOUNDED,
            success=True,
            why="the first step changes the value by η|g|² = 1e-5",
        )
    )
    return made


def _curved_after_all() -> list[Known]:
    """Minima at 0/0, where differences of rounded values see no curvature: their own is known from the series."""
    made = []
    for text, start, curvature in [
        ("1-sin(x)/x", 1.0, 1 / 3),
        ("-sin(x)/x", 0.7, 1 / 3),
        ("sinh(x)/x", 1.0, 1 / 3),
        ("tan(x)/x", 0.5, 2 / 3),
        ("x/sin(x)", 1.0, 1 / 3),
        ("2-sin(2*x)/(2*x)", 0.5, 4 / 3),
    ]:
        made.append(
            case(
                f"T22 {text}",
                text,
                {"x": start},
                {"learning_rate": 0.7, "tolerance": 1e-6},
                quiet=True,
                success=True,
                point=("minimum",),
                numbers={"point.curvatures.0": About(curvature, 1e-2)},
                why="the second term of the power series at 0",
            )
        )
    made.append(
        case(
            "T22 in two",
            "1-sin(x)/x+y^2",
            {"x": 1, "y": 1},
            {"learning_rate": 0.4, "tolerance": 1e-6},
            quiet=True,
            success=True,
            point=("minimum",),
            numbers={"point.curvatures.0": About(1 / 3, 1e-2), "point.curvatures.1": About(2.0, 1e-6)},
            why="the second terms of the power series at 0",
        )
    )
    made.append(
        case(
            "T22 climbing",
            "x/tan(x)",
            {"x": 0.8},
            {"learning_rate": 0.5, "tolerance": 1e-6},
            quiet=True,
            up=True,
            success=True,
            point=("maximum",),
            why="x/tan(x) = 1 - x²/3 + ...",
        )
    )
    return made


def _rings() -> list[Known]:
    """A valley that closes: minima all around, whatever a straight line that leaves it shows."""
    made = []
    for text, start in [
        ("(x^2 + y^2 - 1)^2", {"x": 3, "y": 4}),
        ("(x^2 + y^2 - 1)^2", {"x": 1, "y": 0.5}),
        ("(x^2 + 4*y^2 - 1)^2", {"x": 3, "y": 4}),
        ("(x^2 + y^2 + z^2 - 1)^2", {"x": 3, "y": 4, "z": 2}),
        ("(sqrt(x^2 + y^2) - 1)^2", {"x": 3, "y": 4}),
        ("(x^2 + y^2 - 1)^2 + z^2 + 1", {"x": 3, "y": 4, "z": 1}),
    ]:
        for optimizer in ({}, {"optimizer": "adam", "learning_rate": 0.1}):
            known = case(
                f"{text} from {start}, {optimizer.get('optimizer', 'auto')}",
                text,
                start,
                {"tolerance": 1e-8, **optimizer},
                FLAT,
                point=("degenerate.flat_valley",),
                success=True,
                facts=BOUNDED,
                unsaid=("more slowly than a square", "without curvature"),
                why="the value depends on the distance from 0 only",
            )
            made += [known, known.climbing()]
    return made


def _dead_level() -> list[Known]:
    """Ground that is level to the last digit is no minimum for that: a dip may be narrower than what is looked at."""
    made = []
    for text, start in [
        ("tanh((x - 1)*30)^2", {"x": -400}),
        ("1 - exp(-(x - 1)^2*1e4)", {"x": -400}),
        ("y^2 + tanh((x - 1)*30)^2", {"x": -400, "y": 1}),
    ]:
        known = case(
            f"dead level {text}",
            text,
            start,
            {"learning_rate": 0.1, "tolerance": 1e-8},
            point=("degenerate.undecided", "degenerate.plateau"),
            facts=BOUNDED,
            unsaid=("so it is a m", "nothing changes"),
            why="it is lower at x = 1",
        )
        made += [known, known.climbing()]
    made.append(
        case(
            "dead level, of Python",
            lambda x: float(math.tanh((x[0] - 1) * 30)) ** 2,
            [-400.0],
            {"learning_rate": 0.1, "tolerance": 1e-8},
            point=("degenerate.undecided",),
            unsaid=("so it is a m", "nothing changes"),
            why="it is lower at x = 1",
        )
    )
    made.append(
        case(
            "level by its symbols",
            "(x*y)^2",
            {"x": 1, "y": 0},
            {"learning_rate": 0.1, "tolerance": 1e-8},
            FLAT,
            point=("degenerate.flat_valley",),
            success=True,
            why="it is 0 wherever y is",
        )
    )
    return made


def _on_bounds() -> list[Known]:
    """An inflection that lies on a bound is a minimum there: beyond it nothing is allowed."""
    made = []
    for text, start, bounds in [
        ("x^3", {"x": 0.5}, {"x": (0, 1)}),
        ("(x - 2)^5", {"x": 2.9}, {"x": (2, 3)}),
        ("x^3 + (y - 1)^2", {"x": 0.5, "y": 0}, {"x": (0, 1)}),
        ("x^3 + y^3", {"x": 0.5, "y": 0.4}, {"x": (0, 1), "y": (0, 1)}),
    ]:
        known = case(
            f"{text} within bounds",
            text,
            start,
            {"learning_rate": 0.1, "tolerance": 1e-6 if "5" not in text else 1e-9, "bounds": bounds},
            quiet=True,
            point=("minimum.at_bound",),
            success=True,
            facts=BOUNDED,
            unsaid=("rounding", "decide"),
            why="its least value within the bounds is on the bound",
        )
        made.append(known)
        made.append(Known(**{**known.climbing().__dict__, "point": ("maximum.at_bound",)}))
    return made
