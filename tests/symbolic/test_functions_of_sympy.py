"""SymPy's functions: read, written by others that are, or refused in a sentence."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp
import sympy.functions

import downslope as ds
from downslope.errors import ObjectiveError
from downslope.objectives import as_objective

x, y = sp.symbols("x y")
WRITTEN = {
    "beta": (sp.beta(x, y), lambda a, b: mpmath.beta(a, b)),
    "binomial": (sp.binomial(x, y), lambda a, b: mpmath.binomial(a, b)),
    "rising": (sp.RisingFactorial(x, y), lambda a, b: mpmath.rf(a, b)),
    "falling": (sp.FallingFactorial(x, y), lambda a, b: mpmath.ff(a, b)),
    "catalan": (sp.catalan(x) + y, lambda a, b: mpmath.binomial(2 * a, a) / (a + 1) + b),
    "erf2": (sp.erf2(x, y), lambda a, b: mpmath.erf(b) - mpmath.erf(a)),
    "spherical": (sp.jn(1, x) * y, lambda a, b: (mpmath.sin(a) / a**2 - mpmath.cos(a) / a) * b),
    "inner": (sp.exp(sp.beta(x, 2 * y)), lambda a, b: mpmath.exp(mpmath.beta(a, 2 * b))),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_sympy_can_write_by_known_functions_is_read(name: str) -> None:
    expression, oracle = WRITTEN[name]
    point = np.array([1.7, 0.6])
    objective, _ = as_objective(expression, {"x": 1.7, "y": 0.6})
    value, gradient = objective.value_and_gradient(point)
    assert value == pytest.approx(float(oracle(*point)), rel=1e-12)
    slopes = [mpmath.diff(oracle, tuple(point), tuple(np.eye(2, dtype=int)[i])) for i in (0, 1)]
    assert gradient == pytest.approx([float(slope) for slope in slopes], rel=1e-9)


CLASSES = [
    kind
    for name, kind in sorted(vars(sympy.functions).items())
    if isinstance(kind, type) and issubclass(kind, sp.Function) and kind.__name__ == name
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_function_is_read_or_refused_by_its_name(kind: type[sp.Function]) -> None:
    for arguments in ((x,), (x, y), (2, x), (3, 2, x), (2, 3, 1, x)):
        try:
            expression = kind(*arguments)
        except Exception:
            continue
        if not expression.has(x):
            continue
        start = {"x": 0.6, "y": 0.7} if expression.has(y) else {"x": 0.6}
        try:
            run = ds.minimize(expression + (x - 1) ** 2, start=start, learning_rate=1e-3, steps=1)
        except ObjectiveError as error:
            said = str(error)
            assert "Give a Python function" in said or "number" in said
            assert "bug" not in said
        else:
            assert np.isfinite(run.fun) or run.status == "left_domain"
        return
    pytest.skip("takes other arguments")


def test_an_undefined_function_is_refused_likewise() -> None:
    with pytest.raises(ObjectiveError, match=r"'f\(x\)': f is none of the functions that are read here"):
        ds.minimize(sp.Function("f")(x), start={"x": 1})
