"""Valleys, cliffs and flats in two variables: one minimum (or a few alike) that is hard to walk to."""

from __future__ import annotations

from itertools import pairwise

from downslope.messages import literal, message
from downslope.objectives.catalogue.problem_record import (
    CUTEST,
    JAMIL_YANG,
    LIBRARY,
    MGH,
    PLANE,
    Family,
    Problem,
    cycled,
    names,
    square,
    total,
)


def _rosenbrock(n: int) -> Problem:
    variables = names(n)
    pairs = pairwise(variables)
    return Problem(
        name="rosenbrock",
        title=message("Rosenbrock's banana") if n == 2 else message("Rosenbrock's banana, chained"),
        formula=total(f"(1 - {a})^2 + 100*({b} - {a}^2)^2" for a, b in pairs),
        variables=variables,
        start=cycled((-1.2, 1.0), n),
        minimum=0.0,
        minimisers=((1.0,) * n,),
        view=((-2.0, 2.0), (-1.0, 3.0)) if n == 2 else None,
        about=message(
            "A curved valley with steep walls and a floor that hardly falls: finding it is"
            " quick, following it is slow. Beyond two variables each is chained to the next, and"
            " from four on there is a second, local minimum near (-1, 1, ..., 1)."
        ),
        source=literal(MGH.format(1) if n == 2 else JAMIL_YANG.format("Rosenbrock")),
    )


def _extended_rosenbrock(n: int) -> Problem:
    variables = names(n)
    pairs = zip(variables[::2], variables[1::2], strict=True)
    return Problem(
        name="extended-rosenbrock",
        title=message("Extended Rosenbrock"),
        formula=total(f"100*({b} - {a}^2)^2 + (1 - {a})^2" for a, b in pairs),
        variables=variables,
        start=cycled((-1.2, 1.0), n),
        minimum=0.0,
        minimisers=((1.0,) * n,),
        view=((-2.0, 2.0), (-1.0, 3.0)) if n == 2 else None,
        about=message(
            "Separate copies of Rosenbrock's valley side by side: no harder than one, which"
            " shows what does and what does not depend on the dimension."
        ),
        source=literal(MGH.format(21)),
    )


def _dixon_price(n: int) -> Problem:
    variables = names(n)
    links = [f"{i}*(2*{b}^2 - {a})^2" for i, (a, b) in enumerate(pairwise(variables), 2)]
    head = tuple(2.0 ** (2.0 ** (1 - i) - 1) for i in range(1, n))
    last = 2.0 ** (2.0 ** (1 - n) - 1)
    return Problem(
        name="dixon-price",
        title=message("Dixon–Price"),
        formula=total([f"({variables[0]} - 1)^2", *links]),
        variables=variables,
        start=(1.0,) * n,
        minimum=0.0,
        minimisers=((*head, last), (*head, -last)),
        view=((-1.0, 3.0), (-2.0, 2.0)) if n == 2 else None,
        about=message(
            "A chain of parabolas, each steeper than the one before. The last variable enters"
            " only squared, so there are two minimisers."
        ),
        source=literal(LIBRARY.format("Dixon–Price function")),
    )


FAMILIES = (
    Family(name="rosenbrock", build=_rosenbrock, least=2),
    Family(name="extended-rosenbrock", build=_extended_rosenbrock, usual=4, least=2, multiple=2),
    Family(name="dixon-price", build=_dixon_price, least=2),
)

PROBLEMS = (
    Problem(
        name="beale",
        title=message("Beale"),
        formula="(1.5 - x*(1 - y))^2 + (2.25 - x*(1 - y^2))^2 + (2.625 - x*(1 - y^3))^2",
        variables=PLANE,
        start=(1.0, 1.0),
        minimum=0.0,
        minimisers=((3.0, 0.5),),
        view=square(-4.5, 4.5),
        about=message(
            "A flat, bent valley that follows y = 1 outward, with walls that grow like the sixth power of y."
        ),
        source=literal(MGH.format(5)),
    ),
    Problem(
        name="freudenstein-roth",
        title=message("Freudenstein & Roth"),
        formula="(-13 + x + ((5 - y)*y - 2)*y)^2 + (-29 + x + ((y + 1)*y - 14)*y)^2",
        variables=PLANE,
        start=(0.5, -2.0),
        minimum=0.0,
        minimisers=((5.0, 4.0),),
        view=((-2.0, 16.0), (-3.0, 5.0)),
        about=message(
            "Two equations whose least-squares form has a false minimum of 48.98 near (11.41,"
            " -0.90); from the usual start descent ends there."
        ),
        source=literal(MGH.format(2)),
    ),
    Problem(
        name="jennrich-sampson",
        title=message("Jennrich & Sampson"),
        formula=total(f"({2 + 2 * i} - (exp({i}*x) + exp({i}*y)))^2" for i in range(1, 11)),
        variables=PLANE,
        start=(0.3, 0.4),
        minimum=124.36218235561485,
        minimisers=((0.2578252136703641, 0.2578252136703641),),
        view=square(0.0, 0.45),
        about=message(
            "Ten residuals that cannot all vanish, with exponentials up to exp(10 x): a sharp"
            " wall on one side and a long slope on the other."
        ),
        source=literal(MGH.format("6, with m = 10")),
    ),
    Problem(
        name="powell-badly-scaled",
        title=message("Powell, badly scaled"),
        formula="(10000*x*y - 1)^2 + (exp(-x) + exp(-y) - 1.0001)^2",
        variables=PLANE,
        start=(0.0, 1.0),
        minimum=0.0,
        minimisers=((1.0981593296998053e-05, 9.106146739866624), (9.106146739866624, 1.0981593296998053e-05)),
        view=((-1.0, 10.0), (-1.0, 10.0)),
        about=message(
            "The minimisers' coordinates differ by six orders of magnitude and the condition"
            " number is 7e17: no single rate is of any use."
        ),
        source=literal(MGH.format(3)),
    ),
    Problem(
        name="brown-badly-scaled",
        title=message("Brown, badly scaled"),
        formula="(x - 1000000)^2 + (y - 0.000002)^2 + (x*y - 2)^2",
        variables=PLANE,
        start=(1.0, 1.0),
        minimum=0.0,
        minimisers=((1e6, 2e-6),),
        view=((-100000.0, 1100000.0), (-1.0, 1.5)),
        about=message(
            "The minimum lies at (1000000, 0.000002), where the curvature in y is 2e12 and that"
            " along x is 2: scale the variables first."
        ),
        source=literal(MGH.format(4)),
    ),
    Problem(
        name="cliff",
        title=message("Cliff"),
        formula="((x - 3)/100)^2 - x + y + exp(20*(x - y))",
        variables=PLANE,
        start=(0.0, -1.0),
        minimum=0.19978661367769954,
        minimisers=((3.0, 3.1497866136776995),),
        view=((-1.0, 5.0), (-1.5, 5.0)),
        about=message(
            "It begins on an exponential cliff, at 485165194 with a slope above 1e10, and the"
            " minimum lies in an almost level valley below."
        ),
        source=literal(CUTEST.format("CLIFF (Buckley 1989, problem 206)")),
    ),
    Problem(
        name="sisser",
        title=message("Sisser"),
        formula="3*x^4 - 2*x^2*y^2 + 3*y^4",
        variables=PLANE,
        start=(1.0, 0.1),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-1.2, 1.2),
        about=message(
            "A quartic bowl whose Hessian vanishes at the minimum: descent slows to a crawl, the"
            " distance falling like one over the square root of the steps."
        ),
        source=literal(CUTEST.format("SISSER2 (Buckley 1989, problem 216)")),
    ),
    Problem(
        name="mexhat",
        title=message("Mexican hat"),
        formula="-2*(x - 1)^2 + 100000*(10000*(y - x^2)^2 + (x - 1)^2 - 0.02)^2",
        variables=PLANE,
        start=(0.86, 0.72),
        minimum=-0.04001,
        minimisers=((0.8585432928419441, 0.737096585683888), (1.1414567071580559, 1.302923414316112)),
        view=((0.8, 1.2), (0.6, 1.45)),
        about=message(
            "A penalty on a thin, bent ring; the two minimisers sit at its ends, 1 -"
            " sqrt(0.02001) and 1 + sqrt(0.02001)."
        ),
        source=literal(CUTEST.format("MEXHAT (Brown & Bartholomew-Biggs 1987)")),
    ),
    Problem(
        name="cube",
        title=message("Cube"),
        formula="(x - 1)^2 + 100*(y - x^3)^2",
        variables=PLANE,
        start=(-1.2, 1.0),
        minimum=0.0,
        minimisers=((1.0, 1.0),),
        view=((-1.5, 1.5), (-2.0, 2.0)),
        about=message(
            "Rosenbrock's valley along a cubic: it is bent both ways, and flat where it crosses the origin."
        ),
        source=literal(CUTEST.format("CUBE (Buckley 1989, problem 5)")),
    ),
    Problem(
        name="denschna",
        title=message("Dennis & Schnabel A"),
        formula="x^4 + (x + y)^2 + (exp(y) - 1)^2",
        variables=PLANE,
        start=(1.0, 1.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-1.5, 1.5),
        about=message("Convex near the minimum and tame: a first exercise that is not a quadratic."),
        source=literal(CUTEST.format("DENSCHNA (Dennis & Schnabel 1983, p. 206)")),
    ),
    Problem(
        name="denschnc",
        title=message("Dennis & Schnabel C"),
        formula="(x^2 + y^2 - 2)^2 + (exp(x - 1) + y^3 - 2)^2",
        variables=PLANE,
        start=(2.0, 3.0),
        minimum=0.0,
        minimisers=((1.0, 1.0), (-0.7137474114864426, 1.220886822189675)),
        view=((-2.5, 2.5), (-2.0, 3.2)),
        about=message(
            "A circle and a curve meet in two points, so there are two minimisers; the slope at"
            " the start is above 1,600."
        ),
        source=literal(CUTEST.format("DENSCHNC (Dennis & Schnabel 1983, p. 98)")),
    ),
    Problem(
        name="himmelbb",
        title=message("Himmelblau BB"),
        formula="(x*y*(1 - x)*(1 - y - x*(1 - x)^5))^2",
        variables=PLANE,
        start=(-1.2, 1.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=((-1.5, 1.5), (-1.0, 2.0)),
        about=message(
            "Zero along four curves, two of which cross at (0, 0): the minimisers are not"
            " points, and the Hessian is singular on all of them."
        ),
        source=literal(CUTEST.format("HIMMELBB (Himmelblau 1972, problem 27; Buckley 1989, problem 77)")),
    ),
    Problem(
        name="himmelbg",
        title=message("Himmelblau BG"),
        formula="exp(-x - y)*(2*x^2 + 3*y^2)",
        variables=PLANE,
        start=(0.5, 0.5),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=((-1.0, 4.0), (-1.0, 4.0)),
        about=message(
            "It also tends to its minimum 0 as x + y grows: a step too long crosses the ridge"
            " and slides toward infinity, with a vanishing gradient."
        ),
        source=literal(CUTEST.format("HIMMELBG (Himmelblau 1972, problem 33; Buckley 1989, problem 87)")),
    ),
    Problem(
        name="schittkowski-308",
        title=message("Schittkowski 308"),
        formula="(x^2 + x*y + y^2)^2 + sin(x)^2 + cos(y)^2",
        variables=PLANE,
        start=(3.0, 0.1),
        minimum=0.7731990564929238,
        minimisers=((-0.15543723585956104, 0.6945637753029045), (0.15543723585956104, -0.6945637753029045)),
        view=square(-3.2, 3.2),
        about=message(
            "Three residuals that cannot all vanish; the function is even, so the two minimisers"
            " are each other's mirror image with a saddle between them."
        ),
        source=literal(CUTEST.format("S308 (Schittkowski 1987, problem 308)")),
    ),
    Problem(
        name="deckkers-aarts",
        title=message("Deckkers & Aarts"),
        formula="100000*x^2 + y^2 - (x^2 + y^2)^2 + (x^2 + y^2)^4/100000",
        variables=PLANE,
        start=(0.0, 10.0),
        minimum=-24776.51834231769,
        minimisers=((0.0, 14.945112151891959), (0.0, -14.945112151891959)),
        view=((-20.0, 20.0), (-20.0, 20.0)),
        about=message(
            "Two minima on the y axis with a shallow pit between them at the origin; across the"
            " axis the curvature is fifty-six times that along it."
        ),
        source=literal(JAMIL_YANG.format("Deckkers–Aarts")),
    ),
    Problem(
        name="zettl",
        title=message("Zettl"),
        formula="(x^2 + y^2 - 2*x)^2 + x/4",
        variables=PLANE,
        start=(0.5, 0.5),
        minimum=-0.003791237220468898,
        minimisers=((-0.029895985050660382, 0.0),),
        view=((-0.6, 2.6), (-1.6, 1.6)),
        about=message(
            "A circular valley tilted a little: the floor leads round the circle to the minimum,"
            " which lies just outside it."
        ),
        source=literal(JAMIL_YANG.format("Zettl")),
    ),
    Problem(
        name="wayburn-seader-1",
        title=message("Wayburn & Seader 1"),
        formula="(x^6 + y^4 - 17)^2 + (2*x + y - 4)^2",
        variables=PLANE,
        start=(0.5, 1.5),
        minimum=0.0,
        minimisers=((1.0, 2.0), (1.596804153876933, 0.806391692246133)),
        view=((-0.5, 2.5), (-0.5, 3.0)),
        about=message(
            "Two equations with two solutions, joined by a curved valley: the condition number"
            " is 335 at (1, 2) and 4480 at the other."
        ),
        source=literal(JAMIL_YANG.format("Wayburn–Seader 1")),
    ),
)
