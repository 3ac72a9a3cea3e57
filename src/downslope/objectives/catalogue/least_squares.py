"""Sums of squared residuals: models fitted to data and equations solved, in three variables and more."""

from __future__ import annotations

from itertools import pairwise, permutations

from downslope.messages import literal, message
from downslope.objectives.catalogue.problem_record import (
    CUTEST,
    JAMIL_YANG,
    MGH,
    Family,
    Point,
    Problem,
    cycled,
    names,
    square,
    total,
)

BARD_DATA = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)
GAUSSIAN_DATA = (0.0009, 0.0044, 0.0175, 0.054, 0.1295, 0.242, 0.3521, 0.3989)
KOWALIK_DATA = (
    (4.0, 0.1957),
    (2.0, 0.1947),
    (1.0, 0.1735),
    (0.5, 0.1600),
    (0.25, 0.0844),
    (0.167, 0.0627),
    (0.125, 0.0456),
    (0.1, 0.0342),
    (0.0833, 0.0323),
    (0.0714, 0.0235),
    (0.0625, 0.0246),
)
CHEBYQUAD_NODES = (0.10267276385411692, 0.40620376295746, 0.5937962370425399, 0.8973272361458831)
TRIGONOMETRIC_OTHER: dict[int, tuple[Point, ...]] = {
    2: ((0.24306420220156216, 0.6126761171373342),),
    4: ((0.08918060157524355, 0.09406975483676079, 0.10034903821762742, 0.3808809535377545),),
}
# Biggs EXP6 fits exp(-t) - 5 exp(-10 t) + 3 exp(-4 t) by three exponentials: (rate, amplitude) of each.
BIGGS_TERMS = ((1.0, 1.0), (10.0, -5.0), (4.0, 3.0))


def _powell_singular(n: int) -> Problem:
    v = names(n)
    blocks = (v[i : i + 4] for i in range(0, n, 4))
    return Problem(
        name="powell-singular",
        title=message("Powell, singular") if n == 4 else message("Powell, singular, extended"),
        formula=total(
            f"({a} + 10*{b})^2 + 5*({c} - {d})^2 + ({b} - 2*{c})^4 + 10*({a} - {d})^4"
            for a, b, c, d in blocks
        ),
        variables=v,
        start=cycled((3.0, -1.0, 0.0, 1.0), n),
        minimum=0.0,
        minimisers=((0.0,) * n,),
        view=None,
        about=message(
            "The Hessian is singular at the minimum, where two of four directions are quartic:"
            " every method that leans on curvature loses its speed."
        ),
        source=literal(MGH.format(13 if n == 4 else 22)),
    )


def _trigonometric(n: int) -> Problem:
    v = names(n)
    shared = str(n) + "".join(f" - cos({x})" for x in v)
    return Problem(
        name="trigonometric",
        title=message("Trigonometric"),
        formula=total(f"({shared} + {i}*(1 - cos({x})) - sin({x}))^2" for i, x in enumerate(v, 1)),
        variables=v,
        start=(1 / n,) * n,
        minimum=0.0,
        minimisers=((0.0,) * n, *TRIGONOMETRIC_OTHER.get(n, ())),
        view=square(-1.0, 1.5, n),
        about=message(
            "Periodic, so every minimiser repeats after 2 pi in each variable; besides 0 there"
            " is another nearby, recorded for 2 and 4 variables, and descent must choose."
        ),
        source=literal(MGH.format(26)),
    )


FAMILIES = (
    Family(name="powell-singular", build=_powell_singular, usual=4, least=4, multiple=4),
    Family(name="trigonometric", build=_trigonometric, usual=4, most=100),
)


def _bard() -> str:
    terms = ((y, u, 16 - u, min(u, 16 - u)) for u, y in enumerate(BARD_DATA, 1))
    return total(f"({y} - (x1 + {u}/({v}*x2 + {w}*x3)))^2" for y, u, v, w in terms)


def _gaussian() -> str:
    data = (*GAUSSIAN_DATA, *GAUSSIAN_DATA[-2::-1])
    return total(f"(x1*exp(-x2*({(8 - i) / 2} - x3)^2/2) - {y})^2" for i, y in enumerate(data, 1))


def _box() -> str:
    return total(
        f"(exp(-{i / 10}*x1) - exp(-{i / 10}*x2) - x3*(exp(-{i / 10}) - exp(-{i})))^2" for i in range(1, 11)
    )


def _biggs() -> str:
    return total(
        f"(x3*exp(-{i / 10}*x1) - x4*exp(-{i / 10}*x2) + x6*exp(-{i / 10}*x5)"
        f" - exp(-{i / 10}) + 5*exp(-{i}) - 3*exp(-{4 * i / 10}))^2"
        for i in range(1, 14)
    )


def _brown_dennis() -> str:
    times = (i / 5 for i in range(1, 21))
    return total(f"((x1 + {t}*x2 - exp({t}))^2 + (x3 + x4*sin({t}) - cos({t}))^2)^2" for t in times)


def _kowalik_osborne() -> str:
    return total(f"({y} - x1*({u}^2 + {u}*x2)/({u}^2 + {u}*x3 + x4))^2" for u, y in KOWALIK_DATA)


def _penalty_ii() -> str:
    v = names(4)
    links = [
        f"(exp({b}/10) + exp({a}/10) - (exp({i}/10) + exp({i - 1}/10)))^2/100000"
        for i, (a, b) in enumerate(pairwise(v), 2)
    ]
    pulls = [f"(exp({x}/10) - exp(-1/10))^2/100000" for x in v[1:]]
    return total(["(x1 - 0.2)^2", *links, *pulls, "(4*x1^2 + 3*x2^2 + 2*x3^2 + x4^2 - 1)^2"])


def _discrete_boundary_value() -> str:
    ends = ("0", *names(4), "0")
    return total(
        f"(2*{ends[i]} - {ends[i - 1]} - {ends[i + 1]} + ({ends[i]} + {i}/5 + 1)^3/50)^2" for i in range(1, 5)
    )


def _chebyquad() -> str:
    v = names(4)
    shifted = (
        "2*{0} - 1",
        "{0}*(8*{0} - 8) + 1",
        "{0}*({0}*(32*{0} - 48) + 18) - 1",
        "{0}*({0}*({0}*(128*{0} - 256) + 160) - 32) + 1",
    )
    sums = [total(f"({polynomial.format(x)})" for x in v) for polynomial in shifted]
    integrals = ("", " + 1/3", "", " + 1/15")
    return total(f"(({s})/4{integral})^2" for s, integral in zip(sums, integrals, strict=True))


PROBLEMS = (
    Problem(
        name="helical-valley",
        title=message("Helical valley"),
        formula="100*((x3 - 5*atan2(x2, x1)/pi)^2 + (sqrt(x1^2 + x2^2) - 1)^2) + x3^2",
        variables=names(3),
        start=(-1.0, 0.0, 0.0),
        minimum=0.0,
        minimisers=((1.0, 0.0, 0.0),),
        view=None,
        about=message(
            "The valley floor winds round the x3 axis like a spiral stair. The angle jumps where"
            " x2 = 0 and x1 < 0, and the start stands on that cut; on the axis itself there is"
            " no gradient."
        ),
        source=literal(MGH.format(7)),
    ),
    Problem(
        name="bard",
        title=message("Bard"),
        formula=_bard(),
        variables=names(3),
        start=(1.0, 1.0, 1.0),
        minimum=0.00821487730657898,
        minimisers=((0.08241055974978899, 1.1330360920297224, 2.3436951786425366),),
        view=None,
        about=message(
            "A rational model fitted to fifteen values; far out it tends to a false minimum of"
            " 17.4287 where two parameters run to infinity."
        ),
        source=literal(MGH.format(8)),
    ),
    Problem(
        name="gaussian",
        title=message("Gaussian"),
        formula=_gaussian(),
        variables=names(3),
        start=(0.4, 1.0, 0.0),
        minimum=1.1279327696190113e-08,
        minimisers=((0.39895613783875666, 1.0000190844878056, 0.0),),
        view=None,
        about=message(
            "A bell curve fitted to fifteen rounded values of one. The start is so close, and"
            " the value so small, that loose tolerances stop at once."
        ),
        source=literal(MGH.format(9)),
    ),
    Problem(
        name="box-three-dimensional",
        title=message("Box, three-dimensional"),
        formula=_box(),
        variables=names(3),
        start=(0.0, 10.0, 20.0),
        minimum=0.0,
        minimisers=((1.0, 10.0, 1.0), (10.0, 1.0, -1.0)),
        view=None,
        about=message(
            "A difference of exponentials fitted exactly at two points, and also all along the"
            " line x1 = x2, x3 = 0, where everything cancels."
        ),
        source=literal(MGH.format("12, with m = 10")),
    ),
    Problem(
        name="wood",
        title=message("Wood"),
        formula="100*(x2 - x1^2)^2 + (1 - x1)^2 + 90*(x4 - x3^2)^2 + (1 - x3)^2"
        " + 10*(x2 + x4 - 2)^2 + (x2 - x4)^2/10",
        variables=names(4),
        start=(-3.0, -1.0, -3.0, -1.0),
        minimum=0.0,
        minimisers=((1.0, 1.0, 1.0, 1.0),),
        view=None,
        about=message(
            "Two of Rosenbrock's valleys coupled, with a saddle near f = 7.88 on the usual path"
            " where a small gradient is easily taken for the end."
        ),
        source=literal(MGH.format(14)),
    ),
    Problem(
        name="kowalik-osborne",
        title=message("Kowalik & Osborne"),
        formula=_kowalik_osborne(),
        variables=names(4),
        start=(0.25, 0.39, 0.415, 0.39),
        minimum=0.0003075056038492378,
        minimisers=((0.1928069345790379, 0.19128232873436676, 0.12305650692632074, 0.13606233068379475),),
        view=None,
        about=message(
            "An enzyme's reaction rates fitted to eleven values by a rational model: small"
            " residuals, nearly dependent parameters, and poles in the model."
        ),
        source=literal(MGH.format(15)),
    ),
    Problem(
        name="brown-dennis",
        title=message("Brown & Dennis"),
        formula=_brown_dennis(),
        variables=names(4),
        start=(25.0, 5.0, -5.0, -1.0),
        minimum=85822.20162635634,
        minimisers=((-11.594439904762163, 13.203630051207202, -0.40343948817685954, 0.23677877445573625),),
        view=None,
        about=message(
            "Convex, with twenty large residuals: the minimum is 85822 and the start near 7.9"
            " million, so rates chosen for values near 1 diverge at once."
        ),
        source=literal(MGH.format("16, with m = 20")),
    ),
    Problem(
        name="biggs-exp6",
        title=message("Biggs EXP6"),
        formula=_biggs(),
        variables=names(6),
        start=(1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        minimum=0.0,
        minimisers=tuple((a[0], b[0], a[1], -b[1], c[0], c[1]) for a, b, c in permutations(BIGGS_TERMS)),
        view=None,
        about=message(
            "Three exponentials fitted to three: six minimisers, one for each order of the"
            " terms, a false minimum of 5.65565e-3, and a condition number above a million."
        ),
        source=literal(MGH.format("18, with m = 13")),
    ),
    Problem(
        name="penalty-ii",
        title=message("Penalty II"),
        formula=_penalty_ii(),
        variables=names(4),
        start=(0.5, 0.5, 0.5, 0.5),
        minimum=9.376293007355442e-06,
        minimisers=((0.1999993333503804, 0.19131670099277245, 0.4801014853326232, 0.5188454043902005),),
        view=None,
        about=message(
            "A stiff shell and, a hundred thousand times weaker, what decides where on the"
            " shell: the condition number is six million."
        ),
        source=literal(MGH.format("24, with n = 4")),
    ),
    Problem(
        name="discrete-boundary-value",
        title=message("Discrete boundary value"),
        formula=_discrete_boundary_value(),
        variables=names(4),
        start=tuple(i / 5 * (i / 5 - 1) for i in range(1, 5)),
        minimum=0.0,
        minimisers=((-0.08764857853130446, -0.14777033737550266, -0.16862019227230712, -0.130816449635239),),
        view=None,
        about=message(
            "A differential equation on four inner points as least squares; squaring squares the"
            " condition number of the equations."
        ),
        source=literal(MGH.format("28, with n = 4")),
    ),
    Problem(
        name="chebyquad",
        title=message("Chebyquad"),
        formula=_chebyquad(),
        variables=names(4),
        start=(0.2, 0.4, 0.6, 0.8),
        minimum=0.0,
        minimisers=tuple(permutations(CHEBYQUAD_NODES)),
        view=None,
        about=message(
            "The nodes of Chebyshev's quadrature: their order does not matter, so there are"
            " twenty-four minimisers, all alike."
        ),
        source=literal(MGH.format("35, with m = n = 4")),
    ),
    Problem(
        name="denschne",
        title=message("Dennis & Schnabel E"),
        formula="x1^2 + (x2 + x2^2)^2 + (exp(x3) - 1)^2",
        variables=names(3),
        start=(2.0, 3.0, -8.0),
        minimum=0.0,
        minimisers=((0.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
        view=None,
        about=message(
            "A plateau: at the start the slope in x3 is 2*exp(-8), so that variable waits for a"
            " very long time while the others arrive."
        ),
        source=literal(CUTEST.format("DENSCHNE (Dennis & Schnabel 1983, p. 107)")),
    ),
    Problem(
        name="engval2",
        title=message("ENGVAL2"),
        formula="(x1^2 + x2^2 + x3^2 - 1)^2 + (x1^2 + x2^2 + (x3 - 2)^2 - 1)^2 + (x1 + x2 + x3 - 1)^2"
        " + (x1 + x2 - x3 + 1)^2 + (3*x2^2 + x1^3 + (5*x3 - x1 + 1)^2 - 36)^2",
        variables=names(3),
        start=(1.0, 2.0, 0.0),
        minimum=0.0,
        minimisers=((0.0, 0.0, 1.0),),
        view=None,
        about=message("Five equations of which one is far steeper than the rest: condition number 20,000."),
        source=literal(CUTEST.format("ENGVAL2 (Buckley 1989, problem 15)")),
    ),
    Problem(
        name="miele-cantrell",
        title=message("Miele & Cantrell"),
        formula="(exp(-x1) - x2)^4 + 100*(x2 - x3)^6 + tan(x3 - x4)^4 + x1^8",
        variables=names(4),
        start=(1.0, 2.0, 2.0, 2.0),
        minimum=0.0,
        minimisers=((0.0, 1.0, 1.0, 1.0),),
        view=None,
        about=message(
            "Fourth, sixth and eighth powers: near the minimum it is flatter than any quadratic."
            " The tangent repeats it whenever x4 changes by pi, with poles between."
        ),
        source=literal(JAMIL_YANG.format("Miele–Cantrell")),
    ),
)
