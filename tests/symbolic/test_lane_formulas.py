"""Random formulas: several rows at once give what one row at a time gives, to the rounding that the formula allows.

How much that is, is worked out beside: every operation's error is carried on to the next (``bounded``).
"""

from functools import reduce

import numpy as np
import pytest
import scipy.special
import symengine as se
from hypothesis import given, settings
from hypothesis import strategies as st
from lanes import row_by_row

from downslope.errors import DownslopeError, ObjectiveError
from downslope.language import parse
from downslope.symbolic import compile_native, gradient, lower
from downslope.symbolic.lanes import in_lanes
from trials import SOAKING, trials

U = 2.0**-53
SMALLEST = 1e-307  # subnormal numbers have few digits
X, Y = se.symbols("x y")
AWKWARD = np.array(
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.0,
        3.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        -1e-310,
        1e-300,
        1e300,
        -1e300,
        1e6,
        710.0,
    ]
)
RNG = np.random.default_rng(5)
USUAL = RNG.normal(size=(2, 200)) * 2
POINTS = np.concatenate([np.reshape(np.meshgrid(AWKWARD, AWKWARD), (2, -1)), USUAL], axis=1)
NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh"}
NAMES |= {"atanh": "arctanh", "atan2": "arctan2"}
RELATIONS = {"StrictLessThan": np.less, "LessThan": np.less_equal, "Equality": np.equal}

leaves = st.sampled_from(["x", "y", "2", "0.5", "3", "0.1", "pi"])
FUNCTIONS = [
    *(
        "relu",
        "sigmoid",
        "softplus",
        "exp",
        "log",
        "log10",
        "log2",
        "log1p",
        "expm1",
        "sqrt",
        "cbrt",
        "sin",
        "cos",
        "tan",
        "asin",
    ),
    *("acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "abs", "sign", "erf"),
]
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(inner, st.sampled_from(["2", "3", "0.5", "-1", "-1.5", "0.3", "7"])).map(
            lambda t: f"({t[0]})^({t[1]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})^({t[1]})"),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["max", "min", "atan2", "hypot"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(inner, st.sampled_from(["<", ">=", "==", "!="]), inner, inner, inner).map(
            lambda t: f"where({t[0]} {t[1]} {t[2]} and not (x > 3), {t[3]}, {t[4]})"
        ),
    ),
    max_leaves=7,
)


def bounded(node, known, unsure):
    """(values, bounds of their errors) of a SymEngine expression; ``unsure`` collects rows with a close comparison."""
    if node in known:
        return known[node]
    parts = [bounded(part, known, unsure) for part in node.args] if not node.is_Number else []
    values, errors = [p[0] for p in parts], [p[1] for p in parts]
    kind = type(node).__name__
    if kind == "Piecewise":
        value, error = np.full(POINTS.shape[1], np.nan), np.zeros(POINTS.shape[1])
        for k in range(len(parts) - 2, -1, -2):
            chosen = values[k + 1] > 0
            value, error = np.where(chosen, values[k], value), np.where(chosen, errors[k], error)
    elif kind in RELATIONS:
        unsure |= (errors[0] + errors[1] > 0) & ~(np.abs(values[0] - values[1]) > 4 * (errors[0] + errors[1]))
        value, error = RELATIONS[kind](*values) * 1.0, 0.0
    elif kind == "Unequality":
        unsure |= (errors[0] + errors[1] > 0) & ~(np.abs(values[0] - values[1]) > 4 * (errors[0] + errors[1]))
        value, error = ((values[0] < values[1]) | (values[0] > values[1])) * 1.0, 0.0
    elif kind in ("And", "Or"):
        value, error = reduce(np.minimum if kind == "And" else np.maximum, values), 0.0
    elif kind == "Not":
        value, error = 1.0 - values[0], 0.0
    elif kind in ("BooleanTrue", "BooleanFalse"):
        value, error = float(bool(node)), 0.0
    elif kind == "Add":
        value = sum(values)
        error = sum(errors) + U * len(values) * sum(np.abs(v) for v in values)
    elif kind == "Mul":
        value = np.prod(np.broadcast_arrays(*values), axis=0)
        sizes = np.broadcast_arrays(*map(np.abs, values))
        grown = [s + e for s, e in zip(sizes, errors, strict=True)]
        error = np.prod(grown, axis=0) - np.prod(sizes, axis=0) + 2 * len(values) * U * np.abs(value)
        error = error + 1e-322 * np.prod(
            np.maximum(sizes, 1.0), axis=0
        )  # a part of the product may be subnormal
        error = np.where(np.isfinite(error), error, np.inf)
    elif not node.args:
        value = np.nan if node in (se.nan, se.zoo) else float(node)
        error = abs(value) * U
    else:
        value, error = _through(node, kind, values, errors)
    known[node] = np.broadcast_to(value, POINTS.shape[1]), np.broadcast_to(error, POINTS.shape[1])
    return known[node]


def _through(node, kind, values, errors):
    """A function's values, and what errors in its arguments do to them."""
    name = node.get_name() if kind == "FunctionSymbol" else kind.lower()
    own = {"erf": scipy.special.erf, "sigmoid": scipy.special.expit, "softplus": lambda u: np.logaddexp(0, u)}
    f = own.get(name) or getattr(np, NAMES.get(name, name), None)
    slack = 4 * U
    if kind == "Pow":
        if node.args[0] == se.E:
            f, values, errors = np.exp, values[1:], errors[1:]
        else:
            f = np.power
            slack *= 1 + (abs(float(node.args[1])) if isinstance(node.args[1], se.Integer) else 0)
    if name == "unevaluatedexpr":
        return values[0], errors[0]
    value = f(*values)
    if name == "atan2":  # the sign of a zero decides
        errors = [np.where(values[0] == 0, np.inf, errors[0]), errors[1]]
    error = slack * np.abs(value) + SMALLEST
    for k, bound in enumerate(errors):
        for sign in (1, -1):
            moved = [v + sign * bound if j == k else v for j, v in enumerate(values)]
            change = np.abs(f(*moved) - value)
            error = error + np.where(bound > 0, np.where(np.isnan(change), np.inf, change), 0.0)
    return value, error


@settings(derandomize=not SOAKING, deadline=None, max_examples=trials(250))
@given(formula=formulas)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_random_formulas_and_their_derivatives(formula):
    try:
        expression = lower(parse(f"{formula} + 0*x + 0*y").tree)
        outputs = [expression, *gradient(expression, [X, Y])]
        native = compile_native([X, Y], outputs)
        code = row_by_row(lambda x, y: in_lanes(x.writer, outputs, {X: x, Y: y}), 2, len(outputs))
    except DownslopeError:  # a part is no number (1/0), or atan2(x, x), which SymEngine turns into sign(x)
        return
    one_by_one = np.array([native(np.ascontiguousarray(point)) for point in POINTS.T]).T
    at_once, refused = code(*POINTS)
    for k, output in enumerate(outputs):
        unsure = refused.copy()
        value, error = bounded(
            output, {X: (POINTS[0], 0.0 * POINTS[0]), Y: (POINTS[1], 0.0 * POINTS[1])}, unsure
        )
        unsure |= ~(error <= 1e-3 * np.abs(value) + 1e-290) | ~np.isfinite(error)
        compared = np.isfinite(at_once[k]) & ~unsure
        distance = np.abs(at_once[k] - one_by_one[k])
        wrong = np.flatnonzero(compared & ~(distance <= 4 * error + SMALLEST))
        assert not len(wrong), [
            (output, POINTS[:, i].tolist(), at_once[k, i], one_by_one[k, i], error[i]) for i in wrong[:3]
        ]
        lost = np.isfinite(one_by_one[k]) & ~np.isfinite(at_once[k]) & ~unsure
        assert not lost[-USUAL.shape[1] :].any(), (output, POINTS[:, lost][:, -1])


def test_the_same_operation_is_written_once():
    seen = []

    def write(x, y):
        before = len(x.writer.known)
        found = in_lanes(x.writer, [se.exp(X * Y) + se.exp(X * Y) ** 2, se.exp(X * Y)], {X: x, Y: y})
        middle = len(x.writer.known)
        in_lanes(x.writer, [se.exp(X * Y) * 1], {X: x, Y: y})
        seen.append((before, middle, len(x.writer.known)))
        return found

    found, _ = row_by_row(write, 2, 2)(np.array([0.5]), np.array([2.0]))
    assert found[0, 0] == pytest.approx(np.e + np.e**2, rel=1e-15)
    assert seen[0][1] == seen[0][2] > seen[0][0]


def test_functions_without_a_vector_form_are_refused():
    with pytest.raises(ObjectiveError, match="gamma"):
        row_by_row(lambda x: in_lanes(x.writer, [se.gamma(X)], {X: x}), 1)
