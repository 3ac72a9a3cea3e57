"""The vector versions of the elementary functions: within 2 units in the last place, and C's at every special value."""

import platform

import mpmath
import numpy as np
import pytest
from lanes import row_by_row

from downslope.symbolic.lanes import circular, exponential, hyperbolic, machine

RNG = np.random.default_rng(1)
ROWS = 40_000
LONG_DOUBLES = np.finfo(np.longdouble).nmant >= 63


def spread(low, high):
    """Sizes from 10^low to 10^high, of both signs."""
    return 10 ** RNG.uniform(low, high, ROWS) * RNG.choice([-1.0, 1.0], ROWS)


def uniform(low, high):
    return RNG.uniform(low, high, ROWS)


ANY = RNG.integers(0, 2**64, ROWS, dtype=np.uint64).view(np.float64)
NEAR_ONE = 1 + RNG.uniform(-1, 1, ROWS) * 10 ** RNG.uniform(-16, 0, ROWS)
QUARTERS = np.round(RNG.uniform(-60_000, 60_000, ROWS)) * (np.pi / 2)

CASES = {
    "exp": (np.exp, [uniform(-746, 710), uniform(-1, 1), spread(-20, 3), ANY]),
    "log": (np.log, [np.abs(spread(-308, 308)), NEAR_ONE, uniform(0, 10), ANY]),
    "log1p": (np.log1p, [spread(-20, 0), NEAR_ONE - 1, uniform(-1, 5), ANY]),
    "expm1": (np.expm1, [uniform(-746, 710), uniform(-1, 1), spread(-20, 3), ANY]),
    "sinh": (np.sinh, [uniform(-712, 712), uniform(-25, 25), spread(-20, 1), ANY]),
    "cosh": (np.cosh, [uniform(-712, 712), uniform(-25, 25), ANY]),
    "tanh": (np.tanh, [uniform(-25, 25), uniform(-1, 1), spread(-20, 1), ANY]),
    "asinh": (np.arcsinh, [spread(-20, 20), uniform(-3, 3), ANY]),
    "acosh": (np.arccosh, [1 + np.abs(spread(-16, 20)), uniform(1, 5), ANY]),
    "atanh": (np.arctanh, [uniform(-1, 1), spread(-20, 0), ANY]),
    "sin": (np.sin, [uniform(-1e5, 1e5), uniform(-7, 7), spread(-20, 5), QUARTERS]),
    "cos": (np.cos, [uniform(-1e5, 1e5), uniform(-7, 7), spread(-20, 5), QUARTERS]),
    "tan": (np.tan, [uniform(-1e5, 1e5), uniform(-7, 7), spread(-20, 5), QUARTERS]),
    "asin": (np.arcsin, [uniform(-1, 1), spread(-20, 0), ANY]),
    "acos": (np.arccos, [uniform(-1, 1), spread(-20, 0), 1 - np.abs(spread(-16, 0)), ANY]),
    "atan": (np.arctan, [spread(-20, 20), uniform(-3, 3), ANY]),
    "power": (
        np.power,
        [
            (np.abs(spread(-5, 5)), uniform(-50, 50)),
            (uniform(0.5, 2), uniform(-700, 700)),
            (NEAR_ONE, spread(0, 15)),
            (np.abs(spread(-308, 308)), uniform(-1, 1)),
            (spread(-3, 3), np.round(uniform(-99, 99))),
            (ANY, ANY[::-1].copy()),
        ],
    ),
    "atan2": (
        np.arctan2,
        [(spread(-5, 5), spread(-5, 5)), (uniform(-1, 1), uniform(-1, 1)), (ANY, ANY[::-1])],
    ),
}
SPECIAL = np.array(
    [
        *(
            0.0,
            -0.0,
            1,
            -1,
            0.5,
            -0.5,
            2,
            -2,
            3,
            -3,
            0.75,
            -0.75,
            22,
            6,
            np.pi,
            np.pi / 2,
            1 - 2**-53,
            1 + 2**-52,
        ),
        *(np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308),
        *(-1.7976931348623157e308, 1e300, 1e-300, 1e22, 2**52 + 1.0, -(2**52 + 1.0), 2.0**53 + 2, -(2.0**60)),
        *(
            709.782712893384,
            709.7827128933841,
            -745.1332191019411,
            -745.1332191019412,
            -708.5,
            710.475860073944,
        ),
    ]
)


PROCESSORS = {"here": None, "AVX2": "haswell", "SSE2": "x86-64"}
INTEL = platform.machine().lower() in ("x86_64", "amd64") and machine.has("avx2")


@pytest.fixture(params=PROCESSORS)
def processor(request, monkeypatch):
    """Code for this processor, and for what older ones of its kind can do."""
    name = PROCESSORS[request.param]
    if name is not None:
        if not INTEL:
            pytest.skip("older processors of another kind have other instructions")
        monkeypatch.setattr(machine, "processor", lambda: (name, ""))
    return request.param


def function(name):
    return next(getattr(m, name) for m in (exponential, hyperbolic, circular) if hasattr(m, name))


def units(found, wanted):
    """The distance in units in the last place of what is wanted."""
    rounded = wanted.astype(np.float64)
    unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1.0)))
    distance = np.abs(found - wanted) / unit
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    return np.where(same, 0.0, distance).astype(np.float64)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_within_two_units_in_the_last_place(name, processor):
    oracle, points = CASES[name]
    arguments = 2 if name in ("power", "atan2") else 1
    code = row_by_row(function(name), arguments)
    for columns in points:
        columns = [c if LONG_DOUBLES else c[:300] for c in (columns if arguments == 2 else (columns,))]
        if LONG_DOUBLES:
            wanted = oracle(*(c.astype(np.longdouble) for c in columns))
        else:
            wanted = np.array([_exact(name, *map(float, row)) for row in zip(*columns, strict=True)])
        found, refused = code(*columns)
        assert not refused.any()
        assert np.max(units(found[0], wanted)) <= 1.9


def _exact(name, *arguments):
    try:
        return float(getattr(mpmath, name)(*map(mpmath.mpf, arguments)).real)
    except (ValueError, OverflowError, ZeroDivisionError):
        return np.nan


@pytest.mark.parametrize("name", [*CASES, "erf"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values_are_those_of_c(name, processor):
    import scipy.special

    oracle = scipy.special.erf if name == "erf" else CASES[name][0]
    arguments = 2 if name in ("power", "atan2") else 1
    columns = [c.ravel() for c in np.meshgrid(*[SPECIAL] * arguments)]
    wanted = oracle(*columns)
    found, refused = row_by_row(function(name), arguments)(*columns)
    if name in ("sin", "cos", "tan"):
        assert np.array_equal(refused, np.abs(SPECIAL) > circular.FARTHEST)
        found, wanted = found[:, ~refused], wanted[~refused]
    near = np.abs(found[0] - wanted) <= 2 * np.spacing(np.abs(wanted))
    same = (found[0] == wanted) | near | (np.isnan(found[0]) & np.isnan(wanted))
    signed = (np.signbit(found[0]) == np.signbit(wanted)) | np.isnan(wanted) | (name == "log1p")
    wrong = np.flatnonzero(~(same & signed))
    assert not len(wrong), [(tuple(float(c[k]) for c in columns), found[0][k], wanted[k]) for k in wrong[:5]]


def test_the_error_function(processor):
    x = np.concatenate(
        [c[:1500] for c in (uniform(-6.5, 6.5), uniform(-1.2, 1.2), spread(-20, 0), uniform(0.9, 1.3))]
    )
    with mpmath.workdps(30):
        wanted = np.array([np.longdouble(mpmath.nstr(mpmath.erf(mpmath.mpf(float(v))), 25)) for v in x])
    found, _ = row_by_row(hyperbolic.erf, 1)(x)
    assert np.max(units(found[0], wanted)) <= 1.9
