"""Hilly country: many minima, of which descent finds the one that its start leads to."""

from __future__ import annotations

from math import pi

from downslope.messages import literal, message
from downslope.objectives.catalogue.problem_record import (
    CUTEST,
    JAMIL_YANG,
    LIBRARY,
    PLANE,
    Family,
    Problem,
    cycled,
    names,
    square,
    total,
)

HARTMANN_WEIGHTS = ("1.0", "1.2", "3.0", "3.2")
HARTMANN_SHARPNESS = (
    (10.0, 3.0, 17.0, 3.5, 1.7, 8.0),
    (0.05, 10.0, 17.0, 0.1, 8.0, 14.0),
    (3.0, 3.5, 1.7, 10.0, 17.0, 8.0),
    (17.0, 8.0, 0.05, 10.0, 0.1, 14.0),
)
HARTMANN_CENTRES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def _rastrigin(n: int) -> Problem:
    variables = names(n)
    return Problem(
        name="rastrigin",
        title=message("Rastrigin"),
        formula=f"{10 * n} + " + total(f"{x}^2 - 10*cos(2*pi*{x})" for x in variables),
        variables=variables,
        start=cycled((2.2, -1.8), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-5.12, 5.12, n),
        about=message(
            "A bowl under an egg box: a local minimum near every integer point of the window,"
            " and descent ends in the one it starts above."
        ),
        source=literal(LIBRARY.format("Rastrigin function")),
    )


def _ackley(n: int) -> Problem:
    variables = names(n)
    squares, waves = total(f"{x}^2" for x in variables), total(f"cos(2*pi*{x})" for x in variables)
    return Problem(
        name="ackley",
        title=message("Ackley"),
        formula=f"20 - 20*exp(-0.2*sqrt(({squares})/{n})) + exp(1) - exp(({waves})/{n})",
        variables=variables,
        start=cycled((2.3, -1.4), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-5.0, 5.0, n),
        about=message(
            "A funnel under waves. The square root makes the minimum the tip of a cone: the"
            " slope there does not vanish but has no direction, so no fixed rate settles on it."
        ),
        source=literal(LIBRARY.format("Ackley function")),
    )


def _styblinski_tang(n: int) -> Problem:
    variables = names(n)
    return Problem(
        name="styblinski-tang",
        title=message("Styblinski–Tang"),
        formula=f"({total(f'{x}^4 - 16*{x}^2 + 5*{x}' for x in variables)})/2",
        variables=variables,
        start=cycled((1.0, -1.0), n),
        minimum=-39.16616570377141 * n,
        minimisers=((-2.9035340277711771,) * n,),
        view=square(-5.0, 5.0, n),
        about=message(
            "Each variable has two wells, one a little deeper: 2^n minima, and the signs of the"
            " start decide which is found."
        ),
        source=literal(LIBRARY.format("Styblinski–Tang function")),
    )


def _griewank(n: int) -> Problem:
    variables = names(n)
    waves = [f"cos({x}/sqrt({i}))" if i > 1 else f"cos({x})" for i, x in enumerate(variables, 1)]
    return Problem(
        name="griewank",
        title=message("Griewank"),
        formula=f"1 + ({total(f'{x}^2' for x in variables)})/4000 - {'*'.join(waves)}",
        variables=variables,
        start=cycled((2.0, -2.0), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-10.0, 10.0, n),
        about=message(
            "Waves on a bowl so wide that near the origin only the waves are seen; in more"
            " dimensions the product of the waves fades, and the problem grows easier."
        ),
        source=literal(LIBRARY.format("Griewank function")),
    )


def _levy(n: int) -> Problem:
    variables = names(n)
    w = [f"(1 + ({x} - 1)/4)" for x in variables]
    inner = [f"(({x} - 1)/4)^2*(1 + 10*sin(pi*{v} + 1)^2)" for x, v in zip(variables[:-1], w, strict=False)]
    last = f"(({variables[-1]} - 1)/4)^2*(1 + sin(2*pi*{w[-1]})^2)"
    return Problem(
        name="levy",
        title=message("Lévy"),
        formula=total([f"sin(pi*{w[0]})^2", *inner, last]),
        variables=variables,
        start=cycled((-4.0, 5.0), n),
        minimum=0.0,
        minimisers=((1.0,) * n,),
        view=square(-10.0, 10.0, n),
        about=message(
            "A washboard in the first variable over a wide bowl: the ripples hold whoever walks"
            " with short steps."
        ),
        source=literal(LIBRARY.format("Levy function")),
    )


FAMILIES = (
    Family(name="rastrigin", build=_rastrigin),
    Family(name="ackley", build=_ackley),
    Family(name="styblinski-tang", build=_styblinski_tang),
    Family(name="griewank", build=_griewank),
    Family(name="levy", build=_levy),
)

PROBLEMS = (
    Problem(
        name="himmelblau",
        title=message("Himmelblau"),
        formula="(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        variables=PLANE,
        start=(0.0, 0.0),
        minimum=0.0,
        minimisers=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.2831859912861696),
            (3.5844283403304917, -1.8481265269644036),
        ),
        view=square(-5.0, 5.0),
        about=message(
            "Four minima of equal depth round a hill: which one is found depends on the start"
            " alone, and the basins have curved borders."
        ),
        source=literal("Himmelblau, Applied Nonlinear Programming, McGraw-Hill 1972"),
    ),
    Problem(
        name="three-hump-camel",
        title=message("Three-hump camel"),
        formula="2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2",
        variables=PLANE,
        start=(-2.0, 2.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-3.0, 3.0),
        about=message("Three minima in a row, the middle one the deepest."),
        source=literal(LIBRARY.format("three-hump camel function")),
    ),
    Problem(
        name="six-hump-camel",
        title=message("Six-hump camel"),
        formula="(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2",
        variables=PLANE,
        start=(0.5, -0.5),
        minimum=-1.0316284534898774,
        minimisers=((0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)),
        view=((-2.0, 2.0), (-1.2, 1.2)),
        about=message(
            "Six minima in three pairs, each the mirror image of its twin through the origin; two are global."
        ),
        source=literal(LIBRARY.format("six-hump camel function")),
    ),
    Problem(
        name="goldstein-price",
        title=message("Goldstein–Price"),
        formula="(1 + (x + y + 1)^2*(19 - 14*x + 3*x^2 - 14*y + 6*x*y + 3*y^2))"
        "*(30 + (2*x - 3*y)^2*(18 - 32*x + 12*x^2 + 48*y - 36*x*y + 27*y^2))",
        variables=PLANE,
        start=(0.5, -0.5),
        minimum=3.0,
        minimisers=((0.0, -1.0),),
        view=((-2.0, 2.0), (-3.0, 1.0)),
        about=message(
            "Values from 3 to a million within four units: on a linear scale nothing is seen,"
            " and the gradient at the start of most paths is enormous."
        ),
        source=literal(LIBRARY.format("Goldstein–Price function")),
    ),
    Problem(
        name="easom",
        title=message("Easom"),
        formula="-cos(x)*cos(y)*exp(-(x - pi)^2 - (y - pi)^2)",
        variables=PLANE,
        start=(2.2, 2.5),
        minimum=-1.0,
        minimisers=((pi, pi),),
        view=((0.0, 6.0), (0.0, 6.0)),
        about=message(
            "A hole in a plain: six units from (pi, pi) the slope is below 1e-14, and descent"
            " cannot know which way to go."
        ),
        source=literal(LIBRARY.format("Easom function")),
    ),
    Problem(
        name="mccormick",
        title=message("McCormick"),
        formula="sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1",
        variables=PLANE,
        start=(0.0, 0.0),
        minimum=-1.9132229549810364,
        minimisers=((-0.5471975511965977, -1.5471975511965976),),
        view=((-1.5, 4.0), (-3.0, 4.0)),
        about=message(
            "The least value in the window x from -1.5 to 4, y from -3 to 4, at (1/2 - pi/3,"
            " -1/2 - pi/3); along x = y the function has a minimum in every period and falls"
            " without bound."
        ),
        source=literal(LIBRARY.format("McCormick function")),
    ),
    Problem(
        name="branin",
        title=message("Branin"),
        formula="(y - 5.1*x^2/(4*pi^2) + 5*x/pi - 6)^2 + 10*(1 - 1/(8*pi))*cos(x) + 10",
        variables=PLANE,
        start=(2.5, 2.5),
        minimum=0.3978873577297383,
        minimisers=((-pi, 12.275), (pi, 2.275), (3 * pi, 2.475)),
        view=((-5.0, 10.0), (0.0, 15.0)),
        about=message(
            "Three equal minima in the window x from -5 to 10, y from 0 to 15, along one"
            " parabolic valley that goes on for ever in both directions with a minimum in every"
            " period."
        ),
        source=literal(LIBRARY.format("Branin function")),
    ),
    Problem(
        name="bohachevsky",
        title=message("Bohachevsky 1"),
        formula="x^2 + 2*y^2 - 0.3*cos(3*pi*x) - 0.4*cos(4*pi*y) + 0.7",
        variables=PLANE,
        start=(0.1, -0.1),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-1.0, 1.0),
        about=message(
            "A bowl with ripples that make local minima near its middle; from a hundred units"
            " away it looks smooth."
        ),
        source=literal(LIBRARY.format("Bohachevsky functions, the first")),
    ),
    Problem(
        name="hosaki",
        title=message("Hosaki"),
        formula="(1 - 8*x + 7*x^2 - 7*x^3/3 + x^4/4)*y^2*exp(-y)",
        variables=PLANE,
        start=(3.6, 1.9),
        minimum=-2.3458115761012865,
        minimisers=((4.0, 2.0),),
        view=((0.0, 5.0), (0.0, 6.0)),
        about=message(
            "Two minima, at x = 1 and x = 4, in the window x from 0 to 5, y from 0 to 6, and a"
            " plain beyond y = 6; for y below 0 the function falls without bound."
        ),
        source=literal("JuliaNLSolvers, OptimTestProblems.jl: Hosaki; " + JAMIL_YANG.format("Hosaki")),
    ),
    Problem(
        name="hairy",
        title=message("Hairy"),
        formula="30*sin(7*x)^2*cos(7*y)^2 + 100*sqrt(0.01 + (x - y)^2) + 100*sqrt(0.01 + x^2)",
        variables=PLANE,
        start=(-5.0, -7.0),
        minimum=20.0,
        minimisers=((0.0, 0.0),),
        view=((-8.0, 2.0), (-8.0, 2.0)),
        about=message(
            "Two rounded creases, sqrt(0.01 + u^2), with hair on them: bumps everywhere, and a"
            " minimum whose curvature is in the thousands though far away the slope is nearly"
            " constant."
        ),
        source=literal(CUTEST.format("HAIRY (Toint 1989)")),
    ),
    Problem(
        name="hartmann-6",
        title=message("Hartmann 6"),
        formula="".join(
            f" - {weight}*exp(-({total(f'{a}*({x} - {p})^2' for a, x, p in zip(*row, strict=True))}))"
            for weight, *row in zip(
                HARTMANN_WEIGHTS, HARTMANN_SHARPNESS, [names(6)] * 4, HARTMANN_CENTRES, strict=True
            )
        ).lstrip(),
        variables=names(6),
        start=(0.2, 0.2, 0.5, 0.3, 0.3, 0.6),
        minimum=-3.3223680114155147,
        minimisers=(
            (
                0.20168951100670543,
                0.15001069182345797,
                0.47687397422189703,
                0.2753324304940561,
                0.3116516166001133,
                0.6573005340656204,
            ),
        ),
        view=None,
        about=message(
            "Four Gaussian pits of different depths and widths in six dimensions; far from them"
            " it is flat, and the lesser ones are local minima."
        ),
        source=literal(LIBRARY.format("Hartmann 6-D function")),
    ),
)
