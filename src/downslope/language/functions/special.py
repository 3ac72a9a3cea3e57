"""Sigmoids, and functions of statistics and mathematical physics."""

from __future__ import annotations

import math
from fractions import Fraction

from downslope.language.functions.record import Function, equal, f, spelled, x
from downslope.language.tree import NamedConstant, Node, Number
from downslope.messages import message

_PI = NamedConstant("pi")
_SHIFT = 10  # from here on Stirling's series of gamma, below, is right to a float64

# Bernoulli's numbers B2, B4, ..., of the series of log gamma, digamma (M. Abramowitz, I. Stegun, 6.1.41 and 6.3.18)
_BERNOULLI = [Fraction(1, 6), Fraction(-1, 30), Fraction(1, 42), Fraction(-1, 30), Fraction(5, 66)]
_BERNOULLI += [Fraction(-691, 2730), Fraction(7, 6), Fraction(-3617, 510)]

# erf(x)/x - 1 in x^2, for |x| <= 1
ERF = (
    -4.230945824295338e-12,
    8.709045129053106e-11,
    -1.216456005728345e-09,
    1.4792401209404813e-08,
    -1.6364642158167616e-07,
    1.6462045441468418e-06,
    -1.4925647567519332e-05,
    0.00012055332902888736,
    -0.000854832702193483,
    0.0052239776254232985,
    -0.02686617064512984,
    0.1128379167095512,
    -0.37612638903183754,
    0.1283791670955126,
)
# exp(x^2) erfc(x) in (x - 3)/(x + 3), for 1 <= x <= 6
ERFC = (
    1.2801900862962662e-06,
    2.023603179641757e-06,
    -8.008021319412685e-06,
    -1.284889451252353e-05,
    6.406182073530546e-05,
    4.525472635483354e-05,
    -0.0005970623517093284,
    0.0007077464443901538,
    0.004269136347508256,
    -0.024392499318273194,
    0.07166583719774874,
    -0.15011593650078744,
    0.24560380171233195,
    -0.32623356004303716,
    0.17900115118138996,
)

_SIGMOID = """
def sigmoid(u):
    \"\"\"1 / (1 + exp(-u)), without overflow.\"\"\"
    return np.exp(-np.logaddexp(0, -u))
"""
_VECTORISED = "\n{name} = np.vectorize(math.{name})  # of every element\n"
_GAMMA = """
def gamma(x):
    \"\"\"The gamma function; negative between -1 and 0, between -3 and -2, and so on.\"\"\"
    odd = torch.remainder(torch.floor(x), 2)
    return torch.where(x < 0, 1 - 2 * odd, torch.ones_like(x)) * torch.exp(torch.lgamma(x))
"""
_SINC = """
def sinc(x):
    \"\"\"sin(x)/x, and 1 at 0, where the series has the derivative.\"\"\"
    near = tf.abs(x) < 0.02
    far = tf.where(near, tf.ones_like(x), x)
    return tf.where(near, 1 - x**2 / 6 + x**4 / 120 - x**6 / 5040, tf.sin(far) / far)
"""


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    small = math.exp(x)
    return small / (1.0 + small)


def _logcosh(x: float) -> float:
    size = abs(x)
    if size < 1:
        return math.log1p(2 * math.sinh(size / 2) ** 2)
    return size + math.log1p(math.exp(-2 * size)) - math.log(2)


def _digamma(x: float) -> float:
    if x <= 0:
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x - round(x)))
    shifted = sum(1 / (x + k) for k in range(_SHIFT)) if x < _SHIFT else 0.0
    y = x + _SHIFT if x < _SHIFT else x
    series = sum(float(number) / (2 * n * y ** (2 * n)) for n, number in enumerate(_BERNOULLI, 1))
    return math.log(y) - 0.5 / y - series - shifted


def _horner(coefficients: list[Fraction], square: Node) -> Node:
    """A power series in ``square``, from its lowest term."""
    total: Node = Number(float(coefficients[-1]))
    for coefficient in coefficients[-2::-1]:
        total = float(coefficient) + square * total
    return total


def _stirling(y: Node) -> Node:
    """What log gamma has beyond (y - 1/2) log(y) - y + log(2 pi)/2, for y from 10 on."""
    series = [number / (2 * n * (2 * n - 1)) for n, number in enumerate(_BERNOULLI, 1)]
    return _horner(series, 1 / y**2) / y


def _sine_of_pi(x: Node) -> Node:
    """sin(pi*x) with its digits near whole numbers."""
    whole = f.floor(x + 0.5)
    return (1 - 2 * (whole - 2 * f.floor(whole / 2))) * f.sin(_PI * (x - whole))


def _rising(y: Node) -> Node:
    product = y
    for k in range(1, _SHIFT):
        product = product * (y + k)
    return product


# The argument mirrored to positive numbers, and shifted to where Stirling's series is good
_MIRRORED = f.where(x > 0, x, 1 - x)
_SHIFTED = f.where(_MIRRORED < _SHIFT, _MIRRORED + _SHIFT, _MIRRORED)


def _gamma_formula() -> Node:
    half_power = _SHIFTED ** (
        _SHIFTED / 2 - 0.25
    )  # whose square may overflow before the exponential is in it
    far = half_power * (f.exp(_stirling(_SHIFTED) - _SHIFTED) * math.sqrt(2 * math.pi)) * half_power
    positive = far / f.where(_MIRRORED < _SHIFT, _rising(_MIRRORED), 1)
    return f.where(x > 0, positive, _PI / (_sine_of_pi(x) * positive))


def _lgamma_formula() -> Node:
    far = (_SHIFTED - 0.5) * f.log(_SHIFTED) - _SHIFTED + 0.5 * math.log(2 * math.pi) + _stirling(_SHIFTED)
    positive = far - f.where(_MIRRORED < _SHIFT, f.log(_rising(_MIRRORED)), 0)
    return f.where(x > 0, positive, f.log(_PI / f.abs(_sine_of_pi(x))) - positive)


def _digamma_formula() -> Node:
    series = [number / (2 * n) for n, number in enumerate(_BERNOULLI, 1)]
    far = f.log(_SHIFTED) - 0.5 / _SHIFTED - _horner(series, 1 / _SHIFTED**2) / _SHIFTED**2
    shifts = 1 / _MIRRORED
    for k in range(1, _SHIFT):
        shifts = shifts + 1 / (_MIRRORED + k)
    positive = far - f.where(_MIRRORED < _SHIFT, shifts, 0)
    return positive - f.where(x > 0, 0, _PI / f.tan(_PI * (x - f.floor(x + 0.5))))


def _sinc_derivative() -> Node:
    series = [Fraction((-1) ** n * 2 * n, math.factorial(2 * n + 1)) for n in range(1, 8)]
    return f.where(f.abs(x) < 0.5, x * _horner(series, x**2), (f.cos(x) - f.sinc(x)) / x)


def _polynomial(coefficients: tuple[float, ...], t: Node) -> Node:
    """From the highest power."""
    total: Node = Number(coefficients[0])
    for coefficient in coefficients[1:]:
        total = coefficient + t * total
    return total


def _erf_formula() -> Node:
    far = f.where(f.abs(x) > 6, 6, f.abs(x))
    complement = f.exp(-(far**2)) * _polynomial(ERFC, (far - 3) / (far + 3))
    beyond = f.where(x > 0, 1 - complement, complement - 1)
    return f.where(f.abs(x) <= 1, x + x * _polynomial(ERF, x**2), beyond)


_FALLEN = f.exp(-f.abs(x))  # which sigmoid and softplus share
_NO_POLE = f.where(x > 0, 1, x - f.floor(x)) > 0

TABLE = (
    Function(
        name="sigmoid",
        meaning=message("1/(1 + exp(-x))"),
        value=_sigmoid,
        definition=f.where(x > 0, 1 / (1 + f.exp(-x)), f.exp(x) / (1 + f.exp(x))),
        derivatives=(f.sigmoid(x) * f.sigmoid(-x),),
        own_symbol=True,
        sympy=(1 + f.exp(-x)) ** -1,
        traced={"jax": ("logistic",)},
        spellings={
            "math": "1 / (1 + math.exp(-_0))",
            "numpy": "sigmoid(_0)",
            "torch": "torch.sigmoid(_0)",
            "tensorflow": "tf.sigmoid(_0)",
            "jax": "jax.nn.sigmoid(_0)",
            "sympy": "1 / (1 + sympy.exp(-_0))",
        },
        helpers={"numpy": _SIGMOID},
        sql=f.where(x > 0, 1, _FALLEN) / (1 + _FALLEN),
    ),
    Function(
        name="softplus",
        meaning=message("log(1 + exp(x))"),
        value=lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        definition=f.where(x > 0, x + f.log1p(f.exp(-x)), f.log1p(f.exp(x))),
        derivatives=(f.sigmoid(x),),
        own_symbol=True,
        sympy=f.log(1 + f.exp(x)),
        spellings={
            "math": "math.log1p(math.exp(_0))",
            "numpy": "np.logaddexp(0, _0)",
            "torch": "torch.logaddexp(_0, torch.zeros_like(_0))",
            "tensorflow": "tf.math.softplus(_0)",
            "jax": "jnp.logaddexp(_0, 0)",
            "sympy": "sympy.log(1 + sympy.exp(_0))",
        },
        sql=f.where(x > 0, x, 0) + f.log1p(_FALLEN),
    ),
    Function(
        name="logcosh",
        meaning=message("log(cosh(x)), with all digits also near 0 and without overflow"),
        value=_logcosh,
        definition=f.where(
            f.abs(x) < 1,
            f.log1p(2 * f.sinh(x / 2) ** 2),
            f.abs(x) + f.log1p(f.exp(-(2 * f.abs(x)))) - math.log(2),
        ),
        derivatives=(f.tanh(x),),
        soft=True,
        own_symbol=True,
        sympy=f.log(f.cosh(x)),
        spellings={
            "numpy": "np.logaddexp(_0, -_0) - np.log(2)",
            "torch": "torch.logaddexp(_0, -_0) - math.log(2)",
            "tensorflow": "_0 + tf.math.softplus(-2 * _0) - math.log(2)",
            "jax": "jnp.logaddexp(_0, -_0) - jnp.log(2)",
            "sympy": "sympy.log(sympy.cosh(_0))",
        },
    ),
    Function(
        name="sinc",
        meaning=message("sin(x)/x, and 1 at 0, x in radians (np.sinc(x) is sinc(pi*x) here)"),
        value=lambda x: math.sin(x) / x if x else 1.0,
        definition=f.where(equal(x, 0), 1, f.sin(x) / x),
        derivatives=(_sinc_derivative(),),
        soft=True,
        own_symbol=True,
        sympy="sinc",
        traced={"torch": (), "tensorflow": (), "jax": ()},
        foreign={"numpy.sinc": f.sinc(_PI * x), "torch.sinc": f.sinc(_PI * x)},
        spellings={
            "math": "math.sin(_0) / _0 if _0 else 1.0",
            "numpy": "np.sinc(_0 / np.pi)",
            "torch": "torch.sinc(_0 / math.pi)",
            "tensorflow": "sinc(_0)",
            "jax": "jnp.sinc(_0 / jnp.pi)",
            "sympy": "sympy.sinc(_0)",
        },
        helpers={"tensorflow": _SINC},
    ),
    Function(
        name="erf",
        meaning=message("error function"),
        value=math.erf,
        derivatives=(2 / f.sqrt(_PI) * f.exp(-(x**2)),),
        symengine="erf",
        sympy="erf",
        spellings=spelled(
            "erf",
            numpy_arrays="erf(_0)",
            tensorflow="tf.math.erf(_0)",
            **{"jax": "jax.scipy.special.erf(_0)"},
        )
        | {"numpy": "math.erf(_0)"},
        helpers={"numpy": _VECTORISED.format(name="erf")},
        sql=_erf_formula(),
    ),
    Function(
        name="erfc",
        meaning=message("1 - erf(x), with all digits also where it is small"),
        value=math.erfc,
        definition=1 - f.erf(x),
        derivatives=(-(2 / f.sqrt(_PI) * f.exp(-(x**2))),),
        soft=True,
        symengine="erfc",
        sympy="erfc",
        spellings=spelled(
            "erfc",
            numpy_arrays="erfc(_0)",
            tensorflow="tf.math.erfc(_0)",
            **{"jax": "jax.scipy.special.erfc(_0)"},
        )
        | {"numpy": "math.erfc(_0)"},
        helpers={"numpy": _VECTORISED.format(name="erfc")},
    ),
    Function(
        name="gamma",
        meaning=message("gamma function, (x - 1)! at whole numbers"),
        value=math.gamma,
        definition=_gamma_formula(),
        derivatives=(f.gamma(x) * f.digamma(x),),
        domain=_NO_POLE,
        soft=True,
        outside=message(
            "The gamma function has no value at 0, -1, -2, ..., and is above 1.8e308 from 172 on."
        ),
        own_symbol=True,
        symengine="gamma",
        sympy="gamma",
        foreign={"sympy.factorial": f.gamma(x + 1)},
        latex=r"\Gamma",
        mathml="<mi>Γ</mi>",
        spellings={
            "math": "math.gamma(_0)",
            "numpy": "math.gamma(_0)",
            "numpy_arrays": "gamma(_0)",
            "torch": "gamma(_0)",
            "tensorflow": "gamma(_0)",
            "jax": "jax.scipy.special.gamma(_0)",
            "sympy": "sympy.gamma(_0)",
        },
        helpers={
            "numpy": _VECTORISED.format(name="gamma"),
            "torch": _GAMMA,
            "tensorflow": _GAMMA.replace("torch.remainder", "tf.math.floormod")
            .replace("torch.lgamma", "tf.math.lgamma")
            .replace("torch.", "tf."),
        },
    ),
    Function(
        name="lgamma",
        meaning=message("logarithm of the size of gamma(x)"),
        value=math.lgamma,
        definition=_lgamma_formula(),
        derivatives=(f.digamma(x),),
        domain=_NO_POLE,
        aliases=("loggamma", "gammaln"),
        soft=True,
        outside=message("The gamma function has no value at 0, -1, -2, ..."),
        own_symbol=True,
        symengine="loggamma",
        sympy=f.log(f.abs(f.gamma(x))),
        spellings={
            "math": "math.lgamma(_0)",
            "numpy": "math.lgamma(_0)",
            "numpy_arrays": "lgamma(_0)",
            "torch": "torch.lgamma(_0)",
            "tensorflow": "tf.math.lgamma(_0)",
            "jax": "jax.scipy.special.gammaln(_0)",
            "sympy": "sympy.loggamma(_0)",
        },
        helpers={"numpy": _VECTORISED.format(name="lgamma")},
    ),
    Function(
        name="digamma",
        meaning=message("derivative of lgamma(x)"),
        value=_digamma,
        definition=_digamma_formula(),
        domain=_NO_POLE,
        soft=True,
        outside=message("The digamma function has no value at 0, -1, -2, ..."),
        own_symbol=True,
        sympy="polygamma(0)",
        latex=r"\psi",
        mathml="<mi>ψ</mi>",
        spellings={
            "torch": "torch.digamma(_0)",
            "tensorflow": "tf.math.digamma(_0)",
            "sympy": "sympy.digamma(_0)",  # JAX's own has a wrong derivative at negative numbers
        },
    ),
)
