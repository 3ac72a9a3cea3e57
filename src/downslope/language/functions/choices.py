"""Functions with a corner or a jump, and the choice itself.

At a corner the derivative is

==================  ==========================================================
``abs(u)``          0 at u = 0
``max(a, b)``       the mean of both derivatives where a = b (so is ``min``)
``relu(u)``         0 at u = 0
``sign(u)``         0 everywhere (so are ``heaviside``, ``floor`` and ``ceil``)
``where(c, ...)``   that of the branch which is taken
==================  ==========================================================

The last branch of each definition is what a NaN falls into, and it hands the NaN on.
"""

from __future__ import annotations

import math

from downslope.language.functions.record import Function, a, b, equal, f, spelled, x, y
from downslope.language.tree import Number, Variable
from downslope.messages import message

_ZERO = Number(0.0)
_PART = x / y - f.floor(x / y)
_h = Variable("h")

_TIE = """
def {name}(a, b):
    \"\"\"The {word} one; where they are equal, the mean of their derivatives counts.\"\"\"
    return tf.where(a == b, (a + b) / 2, tf.{name}(a, b))
"""
_ABSOLUTE = """
def absolute(u):
    \"\"\"|u|, with derivative 0 at 0; that of jnp.abs is 1 there.\"\"\"
    return u * jnp.sign(u)
"""
_WHOLE = """
class {name}(sympy.{base}):
    \"\"\"The {word} whole number; its derivative is 0.\"\"\"

    def fdiff(self, argindex=1):
        return sympy.Integer(0)
"""


def _heaviside(x: float, h: float) -> float:
    return 1.0 if x > 0 else 0.0 if x < 0 else h


TABLE = (
    Function(
        name="abs",
        meaning=message("absolute value, also written |x|"),
        value=abs,
        definition=f.where(x > 0, x, f.where(x < 0, -x, f.where(equal(x, 0), 0, x))),
        derivatives=(f.sign(x),),
        aliases=("Abs", "fabs"),
        corner=x,
        symengine="Abs",
        sympy="Abs",
        foreign={"sympy.re": x, "sympy.conjugate": x, "sympy.im": 0 * x},  # of real numbers
        latex=r"\left|_0\right|",
        mathml="<mrow><mo>|</mo>_0<mo>|</mo></mrow>",
        enclosed=True,
        spellings={
            **spelled("abs", jax="absolute(_0)", sympy="sympy.Abs(_0)"),
            **dict.fromkeys(("math", "numpy"), "abs(_0)"),
            "numpy_arrays": "np.abs(_0)",
        },
        helpers={"jax": _ABSOLUTE},
        sql="ABS(_0)",
    ),
    Function(
        name="sign",
        meaning=message("-1, 0 or 1"),
        value=lambda x: float((x > 0) - (x < 0)),
        definition=f.where(x > 0, 1, f.where(x < 0, -1, f.where(equal(x, 0), 0, x))),
        derivatives=(_ZERO,),
        aliases=("sgn",),
        corner=x,
        sympy="sign",
        traced={"torch": ("sign", "sgn")},
        spellings=spelled(
            "sign",
            math="math.copysign(1, _0)",
            sympy="sympy.Piecewise((1, _0 > 0), (-1, _0 < 0), (0, True))",
        ),
    ),
    Function(
        name="heaviside",
        arguments=("x", "h"),
        meaning=message("1 where x > 0, 0 where x < 0, h (1/2 where it is left out) at 0"),
        value=_heaviside,
        definition=f.where(x > 0, 1, f.where(x < 0, 0, f.where(equal(x, 0), _h, x))),
        derivatives=(_ZERO, f.where(equal(x, 0), 1, 0)),
        defaults=(0.5,),
        soft=True,
        corner=x,
        sympy="Heaviside",
        spellings={
            "numpy": "np.heaviside(_0, _1)",
            "jax": "jnp.heaviside(_0, _1)",
            "sympy": "sympy.Piecewise((1, _0 > 0), (0, _0 < 0), (_1, True))",
        },
    ),
    Function(
        name="floor",
        meaning=message("greatest whole number not above x"),
        value=lambda x: float(math.floor(x)),
        derivatives=(_ZERO,),
        soft=True,
        corner=f.min(x - f.floor(x), f.floor(x) + 1 - x),
        symengine="floor",
        sympy="floor",
        foreign={"sympy.frac": x - f.floor(x)},
        latex=r"\left\lfloor _0\right\rfloor",
        mathml="<mrow><mo>⌊</mo>_0<mo>⌋</mo></mrow>",
        enclosed=True,
        spellings=spelled("floor", tensorflow="tf.floor(_0) + 0 * _0", sympy="floor(_0)"),
        helpers={"sympy": _WHOLE.format(name="floor", base="floor", word="greatest smaller or equal")},
        sql="FLOOR(_0)",
    ),
    Function(
        name="ceil",
        meaning=message("smallest whole number not below x"),
        value=lambda x: float(math.ceil(x)),
        derivatives=(_ZERO,),
        aliases=("ceiling",),
        soft=True,
        corner=f.min(f.ceil(x) - x, x + 1 - f.ceil(x)),
        symengine="ceiling",
        sympy="ceiling",
        latex=r"\left\lceil _0\right\rceil",
        mathml="<mrow><mo>⌈</mo>_0<mo>⌉</mo></mrow>",
        enclosed=True,
        spellings=spelled("ceil", tensorflow="tf.math.ceil(_0) + 0 * _0", sympy="ceiling(_0)"),
        helpers={"sympy": _WHOLE.format(name="ceiling", base="ceiling", word="smallest greater or equal")},
        sql="CEIL(_0)",
    ),
    Function(
        name="mod",
        arguments=("x", "y"),
        meaning=message("remainder of x/y, of the sign of y"),
        value=lambda x, y: x - y * math.floor(x / y),
        definition=x - y * f.floor(x / y),
        domain=f.abs(y) > 0,
        soft=True,
        corner=f.min(_PART, 1 - _PART) / f.max(1, f.abs(x / y)),  # relative: a large x has few digits of it
        sympy="Mod",
    ),
    Function(
        name="min",
        arguments=("a", "b"),
        meaning=message("the smallest argument"),
        value=min,
        definition=f.where(a < b, a, f.where(b < a, b, (a + b) / 2)),
        derivatives=(f.heaviside(b - a, 0.5), f.heaviside(a - b, 0.5)),
        aliases=("Min",),
        variadic=True,
        corner=a - b,
        sympy="Min",
        numpy=("minimum", "fmin"),
        traced={"tensorflow": ("Minimum",), "torch": ("minimum",)},
        latex=r"\min",
        spellings={
            **dict.fromkeys(("math", "numpy"), "min(_0, _1)"),
            "numpy_arrays": "np.minimum(_0, _1)",
            "torch": "torch.minimum(_0, _1)",
            "tensorflow": "minimum(_0, _1)",
            "jax": "jnp.minimum(_0, _1)",
            "sympy": "sympy.Min(_0, _1)",
        },
        helpers={"tensorflow": _TIE.format(name="minimum", word="smaller")},
    ),
    Function(
        name="max",
        arguments=("a", "b"),
        meaning=message("the largest argument"),
        value=max,
        definition=f.where(a > b, a, f.where(b > a, b, (a + b) / 2)),
        derivatives=(f.heaviside(a - b, 0.5), f.heaviside(b - a, 0.5)),
        aliases=("Max",),
        variadic=True,
        corner=a - b,
        sympy="Max",
        numpy=("maximum", "fmax"),
        traced={"tensorflow": ("Maximum",), "torch": ("maximum",)},
        latex=r"\max",
        spellings={
            **dict.fromkeys(("math", "numpy"), "max(_0, _1)"),
            "numpy_arrays": "np.maximum(_0, _1)",
            "torch": "torch.maximum(_0, _1)",
            "tensorflow": "maximum(_0, _1)",
            "jax": "jnp.maximum(_0, _1)",
            "sympy": "sympy.Max(_0, _1)",
        },
        helpers={"tensorflow": _TIE.format(name="maximum", word="larger")},
    ),
    Function(
        name="relu",
        meaning=message("x where positive, otherwise 0"),
        value=lambda x: max(x, 0.0),
        definition=f.where(x > 0, x, f.where(x <= 0, 0, x)),
        derivatives=(f.heaviside(x, 0),),
        corner=x,
        sympy=f.max(0, x),
        spellings={
            **dict.fromkeys(("math", "numpy"), "max(_0, 0)"),
            "numpy_arrays": "np.maximum(_0, 0)",
            "torch": "torch.relu(_0)",
            "tensorflow": "tf.nn.relu(_0)",
            "jax": "jax.nn.relu(_0)",
            "sympy": "sympy.Piecewise((_0, _0 > 0), (0, True))",
        },
    ),
    Function(
        name="where",
        arguments=("condition", "a", "b"),
        meaning=message("a where the condition holds, otherwise b"),
        value=lambda condition, a, b: a if condition else b,
        condition=True,
        latex=r"\begin{cases} _1 & \text{if } _0 \\ _2 & \text{otherwise} \end{cases}",
        mathml=(
            "<mrow><mo>{</mo><mtable>"
            "<mtr><mtd>_1</mtd><mtd><mrow><mtext>if\u00a0</mtext>_0</mrow></mtd></mtr>"
            "<mtr><mtd>_2</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"
            "</mtable></mrow>"
        ),
        spellings={"sympy": "sympy.Piecewise((_1, _0), (_2, True))"},
    ),
)
