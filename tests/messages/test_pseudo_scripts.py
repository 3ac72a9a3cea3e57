"""In the pseudo-language a script says nothing outside ⟦ ⟧ but formulas, names and numbers; and it is no other code."""

import ast
import io
import tokenize
import unicodedata

import numpy as np
import pytest
from pseudo import leftovers

import downslope as ds
from downslope import optimizers as o
from downslope.api.table_fitting import fit
from downslope.errors import ObjectiveError, UnknownNameError
from downslope.export import DIALECTS, formatter
from downslope.export.formatter import WIDTH, break_line, cells, commented, docstring
from downslope.messages import literal, reading

BOWL, START = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + |x|*sigmoid(y)", {"x": -1.2, "y": 1.0}
RNG = np.random.default_rng(5)
X = RNG.standard_normal(30)
TABLE = {
    "x": X,
    "z": RNG.standard_normal(30),
    "y": 2 * X + 0.1 * RNG.standard_normal(30),
    "w": RNG.random(30),
    "kind": np.array(["ash", "oak", "elm"])[RNG.integers(0, 3, 30)].astype(object),
}
GIVEN = {"optimizer": "adam", "learning_rate": 0.1, "steps": 5}
QUOTES = '"'
SCHEDULES = ("cosine_restarts(steps=3, multiplier=2)", "one_cycle(steps=9) * reduce_on_plateau(patience=1)")


@pytest.fixture(scope="module")
def told():
    """What is exported: every rule, every stop, and fits of several kinds."""
    quick = {"steps": 3, "explain": False}
    adam = {"optimizer": "adam", "learning_rate": 0.1, **quick}
    runs = {cls.name(): ds.minimize(BOWL, START, optimizer=cls(), **quick) for cls in o.all_optimizers()}
    runs |= {text: ds.minimize(BOWL, START, **adam, schedule=text) for text in SCHEDULES}
    runs["bounds"] = ds.minimize(BOWL, START, optimizer="spg", bounds={"x": (-2, 0.2)}, **quick)
    runs["clipped"] = ds.minimize(BOWL, START, optimizer=o.ClipByNorm(optimizer=o.Adam(), limit=1.0), **quick)
    runs["stops"] = ds.minimize(BOWL, START, learning_rate=0.1, value_tolerance=1e-6, x_tolerance=1e-6)
    runs["diverges"] = ds.minimize("x^4", {"x": 9.0}, learning_rate=1.0, steps=50)
    runs["given"] = ds.minimize("x^2", 3.0, gradient={"x": "2*x"}, learning_rate=0.1, steps=3)
    runs["up"] = ds.maximize("-(x - 1)^2 - max(x, 0)", {"x": 0.25}, **adam)
    runs["many"] = ds.minimize("rosenbrock(12)", **adam)
    runs["line"] = fit(TABLE, "y ~ a*x + b", **GIVEN)
    runs["rmse"] = fit(TABLE, "y ~ a*x + b*z^2 + c", loss="rmse", **GIVEN)
    runs["huber"] = fit(TABLE, "y ~ a*x + b", loss="huber(0.7)", weights="w", **GIVEN)
    runs["penalty"] = fit(TABLE, "y ~ a*x + b", l2=0.1, **GIVEN)
    runs["units"] = fit(TABLE, target="y", features="x,z", standardize=True, **GIVEN)
    runs["kinds"] = fit(TABLE, target="kind", features="x,z", loss="softmax", **GIVEN)
    return runs


def said(script: str) -> str:
    """The comments, docstrings and printed texts of a script."""
    found = [
        token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(script).readline)
        if token.type == tokenize.COMMENT
    ]
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
            found.append(ast.get_docstring(node) or "")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found += [
                a.value for a in ast.walk(node) if isinstance(a, ast.Constant) and isinstance(a.value, str)
            ]
    return " ".join(found)


def code(script: str) -> str:
    """What of it is no word to a person: comments and docstrings left out, strings alike."""
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_scripts_say(told, dialect):
    names = [
        *TABLE,
        "ash",
        "oak",
        "elm",
        "NumPy",
        "PyTorch",
        "TensorFlow",
        "Keras",
        "SymPy",
        "fmt",
        "off",
        "on",
    ]
    names += ["Rosenbrock", "rosenbrock", "params", "huber", "intercept", "loss", "gradient", "optax"]
    for name, run in told.items():
        try:
            plain = run.export(dialect)
        except ObjectiveError:
            assert dialect == "sympy"
            continue
        with reading("xx-pseudo"):
            script = run.export(dialect)
        assert leftovers(said(script), *names) == [], name
        assert code(script) == code(plain), name
        assert max(map(cells, script.splitlines())) <= WIDTH


def test_refusals(told):
    penalised = fit(TABLE, "y ~ a*x + b", l1=0.1)
    for run, dialect, kind in [
        (told["line"], "tensorfow", UnknownNameError),
        (penalised, "numpy", ObjectiveError),
        (fit(TABLE, "y ~ a*x + b", batch_size=8, epochs=2), "numpy", ObjectiveError),
        (told["kinds"], "sympy", ObjectiveError),
        (
            ds.minimize(lambda x: x**2 if x > 0 else -x, 2.0, learning_rate=0.1, steps=3),
            "numpy",
            ObjectiveError,
        ),
    ]:
        with pytest.raises(kind) as caught:
            run.export(dialect)
        with reading("xx-pseudo"):
            assert leftovers(str(caught.value), *DIALECTS, "tensorfow") == []


def test_wide_letters_take_two_cells():
    words = "값을 잰다 " * 40
    lines = [
        *(line[1:] for line in docstring([literal(words), words], 4)),
        *break_line(commented(f"    {'x' * 30} = 1", words)),
    ]
    assert max(map(cells, lines)) <= WIDTH
    assert min(map(cells, lines[1:3])) > WIDTH - 12  # and no line is broken early
    assert [
        part
        for line in lines
        for part in line.strip().lstrip(QUOTES).split()
        if unicodedata.category(part[0]) == "Lo"
    ] == (words.split() * 3)
    assert cells("값") == 2
    assert formatter.at_right("값", 5) == "   값"
