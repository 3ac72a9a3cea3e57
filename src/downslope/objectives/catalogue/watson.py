"""Watson's function: 31 residuals, and a condition number that grows tenfold and more with each variable."""

from __future__ import annotations

from downslope.messages import literal, message
from downslope.objectives.catalogue.problem_record import MGH, Family, Point, Problem, names, square, total

# The least values for n = 2, 3, ..., 31, found by Newton's method with 110 digits; those for n = 6, 9 and
# 12 are published as 2.28767e-3, 1.39976e-6 and 4.72238e-10. With 31 variables all residuals vanish.
MINIMA = (
    *(0.5466078558746469, 0.47139972252095674, 0.06958772678589437, 0.017154366269018683),
    *(0.0022876700535524363, 0.00022420710116242558, 1.8162282123290187e-05, 1.39976013809902e-06),
    *(1.0193951822515345e-07, 7.108383641856468e-09, 4.722381105891757e-10, 2.993104077601066e-11),
    *(1.8042202698607985e-12, 1.0322049992045546e-13, 5.58400194647123e-15, 2.8450945476201345e-16),
    *(1.3584262241060696e-17, 6.042601786702209e-19, 2.486616372416181e-20, 9.387388987324063e-22),
    *(3.2180823703062326e-23, 9.892068186760593e-25, 2.683348945275675e-26, 6.290797777998001e-28),
    *(1.2388656653145064e-29, 1.966912268162265e-31, 2.359592434609106e-33, 1.9006554885046597e-35),
    *(7.70761717173292e-38, 0.0),
)

MINIMISERS: dict[int, Point] = {
    2: (-0.5013670075219627, 1.0736498384595432),
    6: (
        *(-0.015725086401458456, 1.0124348693691099, -0.2329916259567377),
        *(1.2604300877996084, -1.5137289227222797, 0.9929964324311346),
    ),
    9: (
        *(-1.5307036521394342e-05, 0.9997897039319483, 0.014763963693556958, 0.14634232829936222),
        *(1.0008211030047092, -2.617731140519015, 4.104403164478857, -3.1436122785564424),
        1.0526264080101668,
    ),
    12: (
        *(-6.638060464520687e-09, 1.000001644117862, -0.0005639322103423058, 0.34782054050404243),
        *(-0.15673150409616513, 1.0528151772071777, -3.2472711534596677, 7.288434897938061),
        *(-10.271848241321724, 9.074113647075317, -4.541375466692512, 1.0120118885528104),
    ),
}


def _residual(variables: tuple[str, ...], i: int) -> str:
    """The residual at t = i/29: p'(t) - p(t)^2 - 1, where the variables are the coefficients of p."""
    powers = ["", f"*({i}/29)", *(f"*({i}/29)^{k}" for k in range(2, len(variables)))]
    value = total(f"{x}{power}" for x, power in zip(variables, powers, strict=True))
    slope = total(
        f"{j}*{x}{power}" if j > 1 else x
        for j, (x, power) in enumerate(zip(variables[1:], powers, strict=False), 1)
    )
    return f"({slope} - ({value})^2 - 1)^2"


def _watson(n: int) -> Problem:
    variables = names(n)
    first, second = variables[:2]
    ends = (f"{first}^2", f"({second} - {first}^2 - 1)^2")
    return Problem(
        name="watson",
        title=message("Watson"),
        formula=total([*(_residual(variables, i) for i in range(1, 30)), *ends]),
        variables=variables,
        start=(0.0,) * n,
        minimum=MINIMA[n - 2],
        minimisers=(MINIMISERS[n],) if n in MINIMISERS else (),
        view=square(-2.0, 2.0, n),
        about=message(
            "A polynomial fitted to the differential equation of the tangent, y' = 1 + y^2: the"
            " powers of t are nearly dependent, so a small gradient says little about the"
            " distance that remains. Its minimiser is recorded for 2, 6, 9 and 12 variables, its"
            " minimum for all."
        ),
        source=literal(MGH.format(20)),
    )


PROBLEMS: tuple[Problem, ...] = ()
FAMILIES = (Family(name="watson", build=_watson, usual=6, least=2, most=31),)
