"""Exponentials, logarithms, roots and lengths."""

from __future__ import annotations

import math

from downslope.language.functions.record import Function, equal, f, spelled, x, y
from downslope.language.tree import Number
from downslope.messages import message

_THIRD = Number(1.0) / 3
# infinite from where its square would be, and 0 where that would be so small that some databases raise an error
_SQL_EXP = "CASE WHEN _0 > 300 THEN CAST('Infinity' AS DOUBLE) WHEN _0 < -340 THEN 0 ELSE EXP(_0) END"
# W. Kahan's: what 1 + x loses of x by rounding, the quotient has as well
_SQL_LOG1P = "CASE WHEN 1E0 + _0 = 1E0 THEN _0 ELSE LN(1E0 + _0) * _0 / ((1E0 + _0) - 1E0) END"
_POSITIVE = message("Logarithms take positive numbers.")

TABLE = (
    Function(
        name="exp",
        meaning=message("e to the power x"),
        value=math.exp,
        derivatives=(f.exp(x),),
        outside=message("The largest float64 is about 1.8e308."),
        symengine="exp",
        sympy="exp",
        latex="e^{_0}",
        mathml="<msup><mi>e</mi>_0</msup>",
        spellings=spelled("exp"),
        sql="EXP(_0)",
        sql_guarded=_SQL_EXP,
    ),
    Function(
        name="expm1",
        meaning=message("exp(x) - 1, with all digits also near 0"),
        value=math.expm1,
        definition=f.tanh(x / 2) * (f.exp(x) + 1),
        derivatives=(f.exp(x),),
        soft=True,
        outside=message("The largest float64 is about 1.8e308."),
        own_symbol=True,
        sympy=f.exp(x) - 1,
        spellings=spelled("expm1", tensorflow="tf.math.expm1(_0)", sympy="sympy.exp(_0) - 1"),
    ),
    Function(
        name="log",
        meaning=message("natural logarithm"),
        value=math.log,
        derivatives=(1 / x,),
        domain=x > 0,
        aliases=("ln",),
        outside=_POSITIVE,
        symengine="log",
        sympy="log",
        latex=r"\log",
        spellings=spelled("log", tensorflow="tf.math.log(_0)"),
        sql="LN(_0)",
        sql_guarded="CASE WHEN _0 > 0 THEN LN(_0) END",
    ),
    Function(
        name="log1p",
        meaning=message("log(1 + x), with all digits also near 0"),
        value=math.log1p,
        definition=f.where(f.abs(x) < 0.5, 2 * f.atanh(x / (2 + x)), f.log(1 + x)),
        derivatives=(1 / (1 + x),),
        domain=x > -1,
        soft=True,
        outside=message("log1p takes numbers above -1."),
        own_symbol=True,
        sympy=f.log(1 + x),
        spellings=spelled("log1p", tensorflow="tf.math.log1p(_0)", sympy="sympy.log(1 + _0)"),
        sql=_SQL_LOG1P,
        sql_guarded=f"CASE WHEN _0 > -1 THEN {_SQL_LOG1P} END",
    ),
    Function(
        name="log10",
        meaning=message("logarithm to base 10"),
        value=math.log10,
        definition=f.log(x) / f.log(10),
        domain=x > 0,
        outside=_POSITIVE,
        sympy=f.log(x) / f.log(10),
        latex=r"\log_{10}",
        mathml="<msub><mi>log</mi><mn>10</mn></msub>",
        spellings=spelled("log10", tensorflow="tf.math.log(_0) / math.log(10)", sympy="sympy.log(_0, 10)"),
    ),
    Function(
        name="log2",
        meaning=message("logarithm to base 2"),
        value=math.log2,
        definition=f.log(x) / f.log(2),
        domain=x > 0,
        outside=_POSITIVE,
        sympy=f.log(x) / f.log(2),
        latex=r"\log_{2}",
        mathml="<msub><mi>log</mi><mn>2</mn></msub>",
        spellings=spelled("log2", tensorflow="tf.math.log(_0) / math.log(2)", sympy="sympy.log(_0, 2)"),
    ),
    Function(
        name="sqrt",
        meaning=message("square root"),
        value=math.sqrt,
        derivatives=(1 / (2 * f.sqrt(x)),),
        domain=x > 0,
        outside=message("The square root of a negative number is not real."),
        corner=f.sqrt(f.abs(x)),
        symengine="sqrt",
        sympy="sqrt",
        latex=r"\sqrt{_0}",
        mathml="<msqrt>_0</msqrt>",
        enclosed=True,
        spellings=spelled("sqrt"),
        sql="SQRT(_0)",
        sql_guarded="CASE WHEN _0 >= 0 THEN SQRT(_0) END",
    ),
    Function(
        name="cbrt",
        meaning=message("real cube root"),
        value=math.cbrt,
        definition=f.where(x >= 0, x ** (_THIRD), -((-x) ** (_THIRD))),
        derivatives=(1 / (3 * f.cbrt(x) ** 2),),
        domain=f.abs(x) > 0,
        sympy=f.sign(x) * f.abs(x) ** (_THIRD),
        latex=r"\sqrt[3]{_0}",
        mathml="<mroot>_0<mn>3</mn></mroot>",
        enclosed=True,
        spellings=spelled(
            "cbrt",
            torch="torch.sign(_0) * torch.abs(_0) ** (1 / 3)",
            tensorflow="tf.sign(_0) * tf.abs(_0) ** (1 / 3)",
            sympy="sympy.Piecewise((_0 ** sympy.Rational(1, 3), _0 >= 0), (-(-_0) ** sympy.Rational(1, 3), True))",
        ),
    ),
    Function(
        name="hypot",
        arguments=("x", "y"),
        meaning=message("length of the vector (x, y), which neither overflows nor underflows on the way"),
        value=math.hypot,
        definition=f.where(
            f.abs(x) > f.abs(y),
            f.abs(x) * f.sqrt(1 + (y / x) ** 2),
            f.where(equal(y, 0), f.abs(x), f.abs(y) * f.sqrt(1 + (x / y) ** 2)),
        ),
        derivatives=(x / f.hypot(x, y), y / f.hypot(x, y)),
        domain=f.abs(x) + f.abs(y) > 0,
        soft=True,
        own_symbol=True,
        sympy=f.sqrt(x**2 + y**2),
        spellings={
            "math": "math.hypot(_0, _1)",
            "numpy": "np.hypot(_0, _1)",
            "torch": "torch.hypot(_0, _1)",
            "tensorflow": "tf.abs(tf.complex(_0, _1))",
            "jax": "jnp.hypot(_0, _1)",
            "sympy": "sympy.sqrt(_0**2 + _1**2)",
        },
    ),
)
