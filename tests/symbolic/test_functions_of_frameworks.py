"""Functions of NumPy, PyTorch, JAX, TensorFlow and SymPy that are functions of formulas: read as such, digits kept."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy

import downslope as ds
from downslope.errors import ObjectiveError
from downslope.language import FUNCTIONS
from downslope.language.values import evaluate
from downslope.objectives.formula import from_symbolic as objective_of
from downslope.symbolic import SymbolicArray, from_sympy, lift

AT = {"x": 0.7, "y": 1.9, "z": 0.4}
MANY = ("x", "y", "z")


def followed(operations, framework, find, number):
    """How many functions of a framework are in formulas; each has the framework's own value."""
    count = 0
    for record in FUNCTIONS.values():
        if record.condition:
            continue
        names = [*record.traced.get(framework, (record.name,))]
        names += [n.partition(".")[2] for n in record.foreign if n.startswith(f"{framework}.")]
        for name in names:
            theirs = find(name)
            if theirs is None:
                continue
            letters = MANY[: len(record.arguments)]
            offset = 1.0 if name == "acosh" else 0.0
            made = operations(name)(*(SymbolicArray.symbols(letter) for letter in letters))
            known = {letter: AT[letter] + offset for letter in letters}
            found = evaluate(lift(SymbolicArray(np.asarray(made.elements)).item()), known)
            assert found == pytest.approx(float(theirs(*map(number, known.values()))), rel=1e-13), name
            count += 1
    return count


def test_torch():
    torch = pytest.importorskip("torch")
    from downslope.objectives.frameworks.torch_symbols import OPERATIONS

    def number(value):
        return torch.tensor(value, dtype=torch.float64)

    assert followed(OPERATIONS.__getitem__, "torch", lambda name: getattr(torch, name, None), number) > 30


def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    from downslope.objectives.frameworks.tensorflow_symbols import _PLAIN

    def find(name):
        return getattr(tf.math, name, None) or getattr(tf.nn, name, None)

    def number(value):
        return tf.constant(value, tf.float64)

    def operation(name):
        return _PLAIN[name if name[0].isupper() else name.capitalize()]

    assert followed(operation, "tensorflow", find, number) > 25


def test_jax():
    jax = pytest.importorskip("jax")
    from downslope.objectives.frameworks.jax_symbols import OPERATIONS

    def find(name):
        return getattr(jax.lax, f"{name}_p", None) and getattr(jax.lax, name)

    with jax.enable_x64(True):
        assert followed(OPERATIONS.__getitem__, "jax", find, jax.numpy.float64) > 22


def test_digits_of_traced_functions():
    tiny = 1e-12
    options = {"learning_rate": 0.1, "steps": 0, "explain": False}
    for function, truth in ((np.log1p, mpmath.log1p), (np.expm1, mpmath.expm1)):
        run = ds.minimize(lambda u, function=function: function(u) ** 2, tiny, **options)
        assert run.objective.expression is not None
        assert run.fun == pytest.approx(float(truth(tiny)) ** 2, rel=1e-15)
    run = ds.minimize(lambda u: np.hypot(u, 3e200) / 1e200, 4e200, **options)
    assert run.fun == pytest.approx(5.0, rel=1e-15)


X, Y, K = sympy.symbols("x y k")
TAKEN = [
    (sympy.Heaviside(X), {"x": 0.0}, 0.5),
    (sympy.Heaviside(X, 0), {"x": 0.0}, 0.0),
    (sympy.sec(X) + sympy.csc(X) + sympy.cot(X), {"x": 0.7}, None),
    (sympy.sinc(X), {"x": 0.0}, 1.0),
    (sympy.gamma(X) + sympy.loggamma(X) + sympy.digamma(X), {"x": 2.5}, None),
    (sympy.factorial(X), {"x": 2.5}, None),
    (sympy.floor(X) + sympy.ceiling(X), {"x": 2.5}, 5.0),
    (sympy.Sum((X - K) ** 2, (K, 1, 4)), {"x": 0.5}, None),
    (sympy.Product(X + K, (K, 0, 3)) + sympy.Sum(K * Y, (K, 1, 2)), {"x": 0.5, "y": 2.0}, None),
    (sympy.Dummy("x") ** 2 + Y, {"x": 0.5, "y": 2.0}, 2.25),
    (sympy.real_root(X, 3), {"x": -8.0}, -2.0),
    (sympy.re(X) + sympy.im(X), {"x": 1.5}, 1.5),
    (sympy.Sum(sympy.Sum(X * K + Y, (K, 1, 2)), (Y, 1, 3)), {"x": 0.5}, None),
]


@pytest.mark.parametrize(("expression", "at", "value"), TAKEN, ids=[str(t[0]) for t in TAKEN])
def test_sympy_is_taken(expression, at, value):
    objective = objective_of(expression)
    point = np.array([at[name] for name in objective.parameters.coordinates])
    found, slope = objective.value_and_gradient(point)
    wanted = float(expression.doit().subs(at)) if value is None else value
    assert found == pytest.approx(wanted, rel=1e-14)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (sympy.Sum(X**K, (K, 0, sympy.oo)), "no definite number of terms"),
        (sympy.Sum(X * K, (K, 1, 10**6)), "1,000,000 terms"),
        (sympy.Function("f")(X), "f(x)"),
        (sympy.Dummy("x") + X, "two symbols of this expression are called x"),
    ],
    ids=["endless", "long", "unknown", "two of a name"],
)
def test_what_sympy_says_without_numbers_is_refused_in_a_sentence(expression, words):
    with pytest.raises(ObjectiveError) as caught:
        objective_of(expression).value_and_gradient(np.array([0.5]))
    assert words in str(caught.value)


def test_functions_of_sympy_come_back_under_their_names():
    for expression in (sympy.Heaviside(X, 0), sympy.sinc(X), sympy.gamma(X), sympy.floor(X), sympy.Max(X, Y)):
        assert str(lift(from_sympy(expression)).function).lower() in str(expression).lower()
