"""Hyperbolic functions, and their inverses."""

from __future__ import annotations

import math

from downslope.language.functions.record import Function, f, spelled, x
from downslope.messages import message

TABLE = (
    Function(
        name="sinh",
        meaning=message("hyperbolic sine"),
        value=math.sinh,
        derivatives=(f.cosh(x),),
        symengine="sinh",
        sympy="sinh",
        foreign={"sympy.csch": 1 / f.sinh(x)},
        latex=r"\sinh",
        spellings=spelled("sinh"),
    ),
    Function(
        name="cosh",
        meaning=message("hyperbolic cosine"),
        value=math.cosh,
        derivatives=(f.sinh(x),),
        symengine="cosh",
        sympy="cosh",
        foreign={"sympy.sech": 1 / f.cosh(x)},
        latex=r"\cosh",
        spellings=spelled("cosh"),
    ),
    Function(
        name="tanh",
        meaning=message("hyperbolic tangent"),
        value=math.tanh,
        derivatives=(1 - f.tanh(x) ** 2,),
        symengine="tanh",
        sympy="tanh",
        foreign={"sympy.coth": 1 / f.tanh(x)},
        latex=r"\tanh",
        spellings=spelled("tanh"),
    ),
    Function(
        name="asinh",
        meaning=message("inverse hyperbolic sine"),
        value=math.asinh,
        derivatives=(1 / f.sqrt(1 + x**2),),
        aliases=("arcsinh", "arsinh"),
        symengine="asinh",
        sympy="asinh",
        foreign={"sympy.acsch": f.asinh(1 / x)},
        latex=r"\operatorname{arsinh}",
        mathml="<mi>arsinh</mi>",
        spellings=spelled("asinh", "arcsinh"),
    ),
    Function(
        name="acosh",
        meaning=message("inverse hyperbolic cosine"),
        value=math.acosh,
        derivatives=(1 / f.sqrt(x**2 - 1),),
        domain=x > 1,
        aliases=("arccosh", "arcosh"),
        symengine="acosh",
        sympy="acosh",
        foreign={"sympy.asech": f.acosh(1 / x)},
        latex=r"\operatorname{arcosh}",
        mathml="<mi>arcosh</mi>",
        spellings=spelled("acosh", "arccosh"),
    ),
    Function(
        name="atanh",
        meaning=message("inverse hyperbolic tangent"),
        value=math.atanh,
        derivatives=(1 / (1 - x**2),),
        domain=f.abs(x) < 1,
        aliases=("arctanh", "artanh"),
        symengine="atanh",
        sympy="atanh",
        foreign={"sympy.acoth": f.atanh(1 / x)},
        latex=r"\operatorname{artanh}",
        mathml="<mi>artanh</mi>",
        spellings=spelled("atanh", "arctanh"),
    ),
)
