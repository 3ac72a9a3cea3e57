"""Bowls and saddles: quadratics and their nearest relatives, where the theory can be checked by hand."""

from __future__ import annotations

from itertools import pairwise
from math import inf

from downslope.messages import literal, message
from downslope.objectives.catalogue.problem_record import (
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


def _sphere(n: int) -> Problem:
    variables = names(n)
    return Problem(
        name="sphere",
        title=message("Sphere"),
        formula=total(f"{x}^2" for x in variables),
        variables=variables,
        start=cycled((4.0, -3.0), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-5.0, 5.0, n),
        about=message(
            "The roundest bowl: the gradient points away from the minimum, so rate 1/2 arrives"
            " in one step and rate 1 never does."
        ),
        source=literal(JAMIL_YANG.format("sphere")),
    )


def _sum_squares(n: int) -> Problem:
    variables = names(n)
    return Problem(
        name="sum-squares",
        title=message("Sum of weighted squares"),
        formula=total([f"{variables[0]}^2", *(f"{i}*{x}^2" for i, x in enumerate(variables[1:], 2))]),
        variables=variables,
        start=cycled((4.0, -3.0), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-5.0, 5.0, n),
        about=message(
            "Along the axes the curvatures are 2, 4, ..., 2n: the condition number is the"
            " dimension, so one rate for all variables serves the last and starves the first."
        ),
        source=literal(LIBRARY.format("sum squares function")),
    )


def _trid(n: int) -> Problem:
    variables = names(n)
    squares = total(f"({x} - 1)^2" for x in variables)
    return Problem(
        name="trid",
        title=message("Trid"),
        formula=squares + "".join(f" - {a}*{b}" for a, b in pairwise(variables)),
        variables=variables,
        start=(0.0,) * n,
        minimum=-n * (n + 4) * (n - 1) / 6,
        minimisers=(tuple(float(i * (n + 1 - i)) for i in range(1, n + 1)),),
        view=((-4.0, 8.0), (-4.0, 8.0)) if n == 2 else None,
        about=message(
            "A quadratic whose Hessian is tridiagonal: neighbours are coupled, and the condition"
            " number grows with the square of the dimension."
        ),
        source=literal(LIBRARY.format("trid function")),
    )


def _zakharov(n: int) -> Problem:
    variables = names(n)
    line = total(f"{i / 2:g}*{x}" for i, x in enumerate(variables, 1))
    return Problem(
        name="zakharov",
        title=message("Zakharov"),
        formula=f"{total(f'{x}^2' for x in variables)} + ({line})^2 + ({line})^4",
        variables=variables,
        start=cycled((3.0, 2.0), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=square(-5.0, 5.0, n),
        about=message(
            "Convex, yet its fourth power makes the curvature at the start some forty times that"
            " at the minimum: a rate that is safe at first is timid later."
        ),
        source=literal(LIBRARY.format("Zakharov function")),
    )


def _variably_dimensioned(n: int) -> Problem:
    variables = names(n)
    line = total(f"{j}*({x} - 1)" for j, x in enumerate(variables, 1))
    return Problem(
        name="variably-dimensioned",
        title=message("Variably dimensioned"),
        formula=f"{total(f'({x} - 1)^2' for x in variables)} + ({line})^2 + ({line})^4",
        variables=variables,
        start=tuple(1 - j / n for j in range(1, n + 1)),
        minimum=0.0,
        minimisers=((1.0,) * n,),
        view=((-1.0, 3.0), (-1.0, 3.0)) if n == 2 else None,
        about=message(
            "One direction is far steeper than all others together, and steeper still away from the minimum."
        ),
        source=literal(MGH.format(25)),
    )


def _linear_full_rank(n: int) -> Problem:
    variables = names(n)
    mean = f"2*({total(variables)})/{2 * n}"
    residuals = [f"({x} - {mean} - 1)^2" for x in variables] + [f"(-{mean} - 1)^2"] * n
    return Problem(
        name="linear-full-rank",
        title=message("Linear function, full rank"),
        formula=total(residuals),
        variables=variables,
        start=(1.0,) * n,
        minimum=float(n),
        minimisers=((-1.0,) * n,),
        view=square(-4.0, 2.0, n),
        about=message(
            "A linear least-squares problem with 2n residuals whose Hessian is twice the"
            " identity: a sphere in disguise, with a minimum that is not zero."
        ),
        source=literal(MGH.format("32, with m = 2n")),
    )


FAMILIES = (
    Family(name="sphere", build=_sphere),
    Family(name="sum-squares", build=_sum_squares),
    Family(name="trid", build=_trid, least=2),
    Family(name="zakharov", build=_zakharov),
    Family(name="variably-dimensioned", build=_variably_dimensioned),
    Family(name="linear-full-rank", build=_linear_full_rank, usual=3, most=100),
)

PROBLEMS = (
    Problem(
        name="shifted-parabola",
        title=message("Shifted parabola"),
        formula="x^2 + 2*x + 3",
        variables=("x",),
        start=(1.5,),
        minimum=2.0,
        minimisers=((-1.0,),),
        view=None,
        about=message(
            "One variable and a constant curvature: every step multiplies the distance to -1 by"
            " the same factor, so the number of steps can be foretold."
        ),
        source=message("A school parabola; the vertex follows from completing the square"),
    ),
    Problem(
        name="elongated-bowl",
        title=message("Elongated bowl"),
        formula="x^2/20 + y^2",
        variables=PLANE,
        start=(-7.0, 2.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=((-10.0, 10.0), (-5.0, 5.0)),
        about=message(
            "Twenty times steeper across than along: near the largest safe rate the path"
            " zig-zags over the valley. The picture that momentum is explained with."
        ),
        source=literal("Saito, Deep Learning from Scratch, O'Reilly Japan 2016, chapter 6"),
    ),
    Problem(
        name="rotated-ellipse",
        title=message("Rotated ellipse"),
        formula="7*x^2 - 6*sqrt(3)*x*y + 13*y^2",
        variables=PLANE,
        start=(4.0, -3.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-5.0, 5.0),
        about=message(
            "Curvatures 8 and 32 exactly, along axes turned by 30 degrees: a rate per variable"
            " does not help, and the best single rate is 2/(8 + 32) = 0.05."
        ),
        source=literal(JAMIL_YANG.format("rotated ellipse 1")),
    ),
    Problem(
        name="booth",
        title=message("Booth"),
        formula="(x + 2*y - 7)^2 + (2*x + y - 5)^2",
        variables=PLANE,
        start=(-5.0, -5.0),
        minimum=0.0,
        minimisers=((1.0, 3.0),),
        view=square(-10.0, 10.0),
        about=message(
            "Two linear equations solved by least squares: curvatures 2 and 18 along the diagonals."
        ),
        source=literal(LIBRARY.format("Booth function")),
    ),
    Problem(
        name="matyas",
        title=message("Matyas"),
        formula="0.26*(x^2 + y^2) - 0.48*x*y",
        variables=PLANE,
        start=(8.0, -3.0),
        minimum=0.0,
        minimisers=((0.0, 0.0),),
        view=square(-10.0, 10.0),
        about=message(
            "A shallow trough along x = y, twenty-five times flatter than across it: fast into"
            " the trough, slow along it."
        ),
        source=literal(LIBRARY.format("Matyas function")),
    ),
    Problem(
        name="parabola",
        title=message("Parabola"),
        formula="(1 - x1)^2 + (2 - x2)^2 + (3 - x3)^2 + (5 - x4)^2 + (8 - x5)^2",
        variables=names(5),
        start=(0.0,) * 5,
        minimum=0.0,
        minimisers=((1.0, 2.0, 3.0, 5.0, 8.0),),
        view=None,
        about=message(
            "A sphere in five dimensions with its minimum elsewhere: every method must be quick here."
        ),
        source=literal("JuliaNLSolvers, OptimTestProblems.jl: Parabola"),
    ),
    Problem(
        name="saddle",
        title=message("Saddle"),
        formula="x^2 - y^2",
        variables=PLANE,
        start=(2.0, 1e-3),
        minimum=-inf,
        minimisers=(),
        view=square(-3.0, 3.0),
        about=message(
            "Down in y, up in x: descent is drawn to the saddle point first, lingers, and then"
            " falls for ever. There is no minimum."
        ),
        source=message("The hyperbolic paraboloid of every calculus book"),
    ),
    Problem(
        name="monkey-saddle",
        title=message("Monkey saddle"),
        formula="x^3 - 3*x*y^2",
        variables=PLANE,
        start=(1.0, 0.1),
        minimum=-inf,
        minimisers=(),
        view=square(-2.0, 2.0),
        about=message(
            "Three valleys meet at a point where gradient and Hessian both vanish: the second"
            " derivatives cannot tell what it is. There is no minimum."
        ),
        source=literal("Hilbert & Cohn-Vossen, Geometry and the Imagination, chapter IV"),
    ),
    Problem(
        name="cubic-slide",
        title=message("Cubic slide"),
        formula="x^2 + 2*y^3",
        variables=PLANE,
        start=(1.0, 1.0),
        minimum=-inf,
        minimisers=(),
        view=square(-2.0, 2.0),
        about=message(
            "From y > 0 descent creeps to (0, 0), where the gradient vanishes and which is no"
            " minimum; from y < 0 it runs away. There is no minimum."
        ),
        source=message("A textbook counterexample: a stationary point that is an inflection along y"),
    ),
)
