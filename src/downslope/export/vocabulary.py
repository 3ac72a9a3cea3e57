"""How each dialect spells the functions of formulas, of numbers and of arrays of them.

A template says how a call is written, ``_0`` and ``_1`` being its arguments. Where a framework's own function has
another derivative at a kink than downslope has, or another number of right digits, the template says it otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SAME = ["exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt"]
_ARCS = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh"}
_ARCS |= {"acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2"}


def _calls(module: str, renamed: Mapping[str, str], *names: str) -> dict[str, str]:
    """``{"sin": "np.sin(_0)", ...}``."""
    return {
        name: f"{module}.{renamed.get(name, name)}({'_0, _1' if name == 'atan2' else '_0'})" for name in names
    }


@dataclass(frozen=True)
class Words:
    """One dialect's spelling.

    Attributes:
        functions: template of each function of formulas; ``max`` and ``min`` of two arguments.
        arrays: those that are spelled otherwise for arrays of numbers.
        constants: pi and e.
        plain: functions of numbers that contain no parameter; None where ``functions`` will do.
        conditional: template of ``where`` for numbers that computes only the branch it takes.
        select: one that computes both, where that is safe and usual; None where ``conditional`` is always better.
        connectives: templates of and, or, not for numbers; None for Python's own words.
        lifted: template that makes a plain number one of the dialect's; None where nothing needs that.
        helpers: functions of our own that a template calls, by name: their source.
    """

    functions: Mapping[str, str]
    arrays: Mapping[str, str]
    constants: Mapping[str, str]
    plain: Mapping[str, str] | None = None
    conditional: str = "_1 if _0 else _2"
    select: str | None = None
    connectives: Mapping[str, str] | None = None
    lifted: str | None = None
    helpers: Mapping[str, str] = field(default_factory=dict)


_BITS = {"and": "_0 & _1", "or": "_0 | _1", "not": "~_0"}

_MATH = {
    **_calls("math", {}, *_SAME, *_ARCS, "log", "log10", "log2", "cbrt", "erf"),
    "abs": "abs(_0)",
    "sign": "math.copysign(1, _0)",
    "max": "max(_0, _1)",
    "min": "min(_0, _1)",
    "relu": "max(_0, 0)",
    "sigmoid": "1 / (1 + math.exp(-_0))",
    "softplus": "math.log1p(math.exp(_0))",
}

_SIGMOID = """
def sigmoid(u):
    \"\"\"1 / (1 + exp(-u)), without overflow.\"\"\"
    return np.exp(-np.logaddexp(0, -u))
"""

NUMPY = Words(
    functions={
        **_calls("np", _ARCS, *_SAME, *_ARCS, "log", "log10", "log2", "cbrt", "sign"),
        "abs": "abs(_0)",
        "max": "max(_0, _1)",
        "min": "min(_0, _1)",
        "erf": "math.erf(_0)",
        "relu": "max(_0, 0)",
        "sigmoid": "sigmoid(_0)",
        "softplus": "np.logaddexp(0, _0)",
        "heaviside": "np.heaviside(_0, _1)",
    },
    arrays={
        "abs": "np.abs(_0)",
        "max": "np.maximum(_0, _1)",
        "min": "np.minimum(_0, _1)",
        "relu": "np.maximum(_0, 0)",
        "erf": "erf(_0)",
        "where": "np.where(_0, _1, _2)",
        "and": "_0 & _1",
        "or": "_0 | _1",
        "not": "~_0",
    },
    constants={"pi": "np.pi", "e": "np.e"},
    helpers={"sigmoid": _SIGMOID, "erf": "\nerf = np.vectorize(math.erf)  # of every element\n"},
)

TORCH = Words(
    functions={
        **_calls(
            "torch", {}, *_SAME, *_ARCS, "log", "log10", "log2", "sign", "abs", "erf", "relu", "sigmoid"
        ),
        "cbrt": "torch.sign(_0) * torch.abs(_0) ** (1 / 3)",
        "max": "torch.maximum(_0, _1)",
        "min": "torch.minimum(_0, _1)",
        "softplus": "torch.logaddexp(_0, torch.zeros_like(_0))",
    },
    arrays={"where": "torch.where(_0, _1, _2)"},
    connectives=_BITS,
    constants={"pi": "math.pi", "e": "math.e"},
    plain=_MATH,
    select="torch.where(_0, _1, _2)",
    lifted="torch.tensor(_0)",
)

_TIE = """
def {name}(a, b):
    \"\"\"The {word} one; where they are equal, the mean of their derivatives counts.\"\"\"
    return tf.where(a == b, (a + b) / 2, tf.{name}(a, b))
"""

TENSORFLOW = Words(
    functions={
        **_calls("tf", {}, *_SAME, *_ARCS, "sign", "abs", "sigmoid"),
        "log": "tf.math.log(_0)",
        "log10": "tf.math.log(_0) / math.log(10)",
        "log2": "tf.math.log(_0) / math.log(2)",
        "cbrt": "tf.sign(_0) * tf.abs(_0) ** (1 / 3)",
        "max": "maximum(_0, _1)",
        "min": "minimum(_0, _1)",
        "erf": "tf.math.erf(_0)",
        "relu": "tf.nn.relu(_0)",
        "softplus": "tf.math.softplus(_0)",
    },
    arrays={"where": "tf.where(_0, _1, _2)"},
    connectives=_BITS,
    constants={"pi": "math.pi", "e": "math.e"},
    plain=_MATH,
    select="tf.where(_0, _1, _2)",
    lifted="tf.constant(_0, DTYPE)",
    helpers={
        "maximum": _TIE.format(name="maximum", word="larger"),
        "minimum": _TIE.format(name="minimum", word="smaller"),
    },
)

_ABSOLUTE = """
def absolute(u):
    \"\"\"|u|, with derivative 0 at 0; that of jnp.abs is 1 there.\"\"\"
    return u * jnp.sign(u)
"""

JAX = Words(
    functions={
        **_calls("jnp", _ARCS, *_SAME, *_ARCS, "log", "log10", "log2", "cbrt", "sign"),
        "abs": "absolute(_0)",
        "max": "jnp.maximum(_0, _1)",
        "min": "jnp.minimum(_0, _1)",
        "erf": "jax.scipy.special.erf(_0)",
        "relu": "jax.nn.relu(_0)",
        "sigmoid": "jax.nn.sigmoid(_0)",
        "softplus": "jnp.logaddexp(_0, 0)",
    },
    arrays={"where": "jnp.where(_0, _1, _2)"},
    constants={"pi": "jnp.pi", "e": "jnp.e"},
    conditional="jax.lax.cond(_0, lambda: _1, lambda: _2)",
    select="jnp.where(_0, _1, _2)",
    connectives=_BITS,
    helpers={"absolute": _ABSOLUTE},
)

_STEP = "sympy.Piecewise((_1, _0), (_2, True))"

SYMPY = Words(
    functions={
        **_calls("sympy", {}, *_SAME, *_ARCS, "log", "erf"),
        "log10": "sympy.log(_0, 10)",
        "log2": "sympy.log(_0, 2)",
        "cbrt": "sympy.Piecewise((_0 ** sympy.Rational(1, 3), _0 >= 0), (-(-_0) ** sympy.Rational(1, 3), True))",
        "abs": "sympy.Abs(_0)",
        "sign": "sympy.Piecewise((1, _0 > 0), (-1, _0 < 0), (0, True))",
        "max": "sympy.Max(_0, _1)",
        "min": "sympy.Min(_0, _1)",
        "relu": "sympy.Piecewise((_0, _0 > 0), (0, True))",
        "sigmoid": "1 / (1 + sympy.exp(-_0))",
        "softplus": "sympy.log(1 + sympy.exp(_0))",
        "where": _STEP,
    },
    arrays={},
    constants={"pi": "sympy.pi", "e": "sympy.E"},
    conditional=_STEP,
    connectives={"and": "sympy.And(_0, _1)", "or": "sympy.Or(_0, _1)", "not": "sympy.Not(_0)"},
)
