"""What people type, and the one canonical text it is understood as."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import downslope as ds
from downslope.errors import ExpressionError, StartError
from downslope.language import FUNCTIONS, Expression, canonical_name, parse, parse_number
from downslope.language.tree import (
    Call,
    Multiplication,
    Negative,
    Number,
    Power,
    Quotient,
    Sum,
    Variable,
    children,
)
from downslope.language.values import evaluate

PROBLEMS = Path(__file__).parent.parent / "data" / "problems.json"

EXAMPLES = [
    ("x^2/20 + y^2", "x^2/20 + y^2"),
    ("x**2", "x^2"),
    ("2x", "2*x"),
    ("2(x+1)", "2*(x + 1)"),
    ("(x+1)(x-1)", "(x + 1)*(x - 1)"),
    ("2 x y", "2*x*y"),
    ("x sin(x)", "x*sin(x)"),
    ("x^2 y", "x^2*y"),
    ("|x|", "abs(x)"),
    ("|x||y|", "abs(x)*abs(y)"),
    ("2|x|", "2*abs(x)"),
    ("||x|-1|", "abs(abs(x) - 1)"),
    ("|x + |y||", "abs(x + abs(y))"),
    ("(2|x|)", "2*abs(x)"),
    ("|-x|^2", "abs(-x)^2"),
    ("x²", "x^2"),
    ("x⁻¹", "x^-1"),
    ("x¹⁰", "x^10"),
    ("2^x²", "2^x^2"),
    ("2πr²", "2*pi*r^2"),
    ("2·x×y − z÷3", "2*x*y - z/3"),
    ("√x", "sqrt(x)"),
    ("√(x+1)", "sqrt(x + 1)"),
    ("∛x", "cbrt(x)"),
    ("e^x", "e^x"),
    ("1e-3", "0.001"),
    (".5", "0.5"),
    ("2.", "2"),
    ("2exp(1)", "2*exp(1)"),
    ("2e^-x", "2*e^-x"),
    ("½x² + 2½", "1/2*x^2 + 5/2"),
    ("x^½ + ⅔", "x^(1/2) + 2/3"),
    ("mod(x, 2) + mod", "mod(x, 2) + mod"),
    ("2e3", "2000"),
    ("ln(x)", "log(x)"),
    ("arcsin(x) + arctan2(y, x)", "asin(x) + atan2(y, x)"),
    ("sgn(x) + Abs(x)", "sign(x) + abs(x)"),
    ("pow(x, y)", "x^y"),
    ("max(x, y, 1)", "max(x, y, 1)"),
    ("where(x ≤ 2 and y ≠ 3, x, -y)", "where(x <= 2 and y != 3, x, -y)"),
    ("where(0 < x < 1, 1, 0)", "where(0 < x and x < 1, 1, 0)"),
    ("where(not (x > 1 or y > 1), 1, 0)", "where(not (x > 1 or y > 1), 1, 0)"),
    ("-x^2", "-x^2"),
    ("(-x)^2", "(-x)^2"),
    ("x^y^z", "x^y^z"),
    ("(x^y)^z", "(x^y)^z"),
    ("2^-x", "2^-x"),
    ("2^-x^2", "2^(-x^2)"),
    ("1/2x", "1/2*x"),
    ("a/b/c", "a/b/c"),
    ("a/(b/c)", "a/(b/c)"),
    ("a - (b - c)", "a - (b - c)"),
    ("a*-b", "a*(-b)"),
    ("--x", "-(-x)"),
    ("+x", "x"),
    ("x - -3", "x - (-3)"),
    ("((x))", "x"),
    ("x₁ + x_1", "x1 + x_1"),
    ("µ + μ", "μ + μ"),
    ("λ*α", "λ*α"),
    ("ｘ＋１", "x + 1"),
    ("w[0]*w[ 01 ] + A[1, 2]", "w[0]*w[1] + A[1,2]"),
    ("w[0]x", "w[0]*x"),
    ("x\n + y\t", "x + y"),
    ("- 1.0*exp(x)", "-1*exp(x)"),
]

NOTES = [
    ("1/2x", 'read "1/2x" as (1/2)*x; write 1/(2x) for the other reading'),
    ("x/2(y+1)", 'read "x/2(y+1)" as (x/2)*(y+1); write x/(2(y+1)) for the other reading'),
    ("e^2x", 'read "e^2x" as e^2*x; write e^(2x) for the other reading'),
    ("x^y^2z", 'read "x^y^2z" as x^y^2*z; write x^y^(2z) for the other reading'),
    ("x(y+1)", 'read "x(y+1)" as x*(y+1), since x is not a known function'),
    ("√2x", 'read "√2x" as √2*x; write √(2x) for the other reading'),
    ("x + xy + y", 'read "xy" as one name; write x*y for the product'),
]


# Functions without brackets, where there is one reading: typed, the formula, how the note begins.
BARE = [
    ("sin x", "sin(x)", 'read "sin x" as sin(x)'),
    ("ln x", "log(x)", 'read "ln x" as ln(x)'),
    ("2sin x + 1", "2*sin(x) + 1", 'read "sin x" as sin(x)'),
    ("sin 2x", "sin(2*x)", 'read "sin 2x" as sin(2x)'),
    ("cos πx", "cos(pi*x)", 'read "cos πx" as cos(πx)'),
    ("cos 2π x - x", "cos(2*pi*x) - x", 'read "cos 2π x" as cos(2π x)'),
    ("sin ½x", "sin(1/2*x)", 'read "sin ½x" as sin(½x)'),
    ("sin x^2", "sin(x^2)", 'read "sin x^2" as sin(x^2)'),
    ("sin^2 x", "sin(x)^2", 'read "sin^2 x" as sin(x)^2'),
    ("sqrt cos^2 x", "sqrt(cos(x)^2)", 'read "sqrt cos^2 x" as sqrt(cos^2 x)'),
    ("sin cos^2 x", "sin(cos(x)^2)", 'read "sin cos^2 x" as sin(cos^2 x)'),
    ("cbrt ln²sqrt x", "cbrt(log(sqrt(x))^2)", 'read "cbrt ln²sqrt x" as cbrt(ln²sqrt x)'),
    ("tan²2x", "tan(2*x)^2", 'read "tan²2x" as tan(2x)^2'),
    ("sin^2(x)/2", "sin(x)^2/2", 'read "sin^2(x)" as sin(x)^2'),
    ("sin^n x", "sin(x)^n", 'read "sin^n x" as sin(x)^n'),
    ("sin⁻² x", "sin(x)^-2", 'read "sin⁻² x" as sin(x)^-2'),
    ("sin x cos x", "sin(x)*cos(x)", 'read "sin x" as sin(x)'),
    ("sin x / cos x", "sin(x)/cos(x)", 'read "sin x" as sin(x)'),
    ("ln sin x", "log(sin(x))", 'read "ln sin x" as ln(sin x)'),
    ("ln|x|", "log(abs(x))", 'read "ln|x|" as ln(|x|)'),
    ("|sin x||y|", "abs(sin(x))*abs(y)", 'read "sin x" as sin(x)'),
    ("sqrt x + exp -x", "sqrt(x) + exp(-x)", 'read "sqrt x" as sqrt(x)'),
    ("sin √x", "sin(sqrt(x))", 'read "sin √x" as sin(√x)'),
    ("sqrt cos^2 x + 1", "sqrt(cos(x)^2) + 1", 'read "sqrt cos^2 x" as sqrt(cos^2 x)'),
    ("ln³ sin²2x", "log(sin(2*x)^2)^3", 'read "ln³ sin²2x" as ln(sin²2x)^3'),
    ("√tan^2 (x) y", "sqrt(tan(x)^2)*y", 'read "tan^2 (x)" as tan(x)^2'),
    ("2^sin² x", "2^sin(x)^2", 'read "sin² x" as sin(x)^2'),
    ("x√sin^2 |x|", "x*sqrt(sin(abs(x))^2)", 'read "sin^2 |x|" as sin(|x|)^2'),
    ("max(sin x, x^cos y)", "max(sin(x), x^cos(y))", 'read "sin x" as sin(x)'),
]


@pytest.mark.parametrize(("typed", "text", "note"), BARE)
def test_functions_without_brackets(typed: str, text: str, note: str) -> None:
    expression = parse(typed)
    assert str(expression) == text
    assert str(expression.notes[0]) == note
    assert parse(text).tree == expression.tree


# What the names of the parameters decide: typed, the names, the formula, the notes.
NAMED = [
    ("xy", "xy", "x*y", ['read "xy" as x*y']),
    ("2xy^2 + x", "xy", "2*x*y^2 + x", ['read "xy" as x*y']),
    ("xy", ("x", "y", "xy"), "xy", []),
    ("xyz", "xy", "xyz", []),
    ("x1x2", ("x1", "x2"), "x1*x2", ['read "x1x2" as x1*x2']),
    ("cosx", "x", "cos(x)", ['read "cosx" as cos(x)']),
    ("sin 2xy", "xy", "sin(2*x*y)", ['read "xy" as x*y', 'read "sin 2xy" as sin(2xy)']),
    ("pix", "x", "pi*x", ['read "pix" as pi*x']),
    ("e*x + e^2", "ex", "e*x + e^2", []),
    ("e^x", "x", "e^x", []),
    ("pi*x + π", ("x", "pi"), "pi*x + pi", []),
]


@pytest.mark.parametrize(("typed", "named", "text", "notes"), NAMED)
def test_known_parameters_decide(typed: str, named: str, text: str, notes: list[str]) -> None:
    expression = parse(typed, named)
    assert str(expression) == text
    assert list(map(str, expression.notes)) == notes
    assert set(expression.names) <= {*named, "xyz"}


def test_constants_are_parameters_where_they_are_named() -> None:
    assert parse("e*pi", ("e", "pi")).names == ("e", "pi")
    assert parse("e^x + pi").names == ("x",)
    assert parse("e*x", e_is_a_number=True).names == ("x",)  # as former versions saved it


def test_names_that_look_alike_are_told_apart() -> None:
    (note,) = parse("a + а").notes
    assert str(note).startswith("'a' and 'а' are two names that look alike: U+0430 (cyrillic small letter a)")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("µ", "μ"), ("x₁", "x1"), ("w[ 01 ]", "w[1]"), ("cafe\u0301", "caf\u00e9"), ("x y", "x y")],
)
def test_names_are_read_as_formulas_read_them(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


@pytest.mark.parametrize(("typed", "text"), EXAMPLES)
def test_examples(typed: str, text: str) -> None:
    expression = parse(typed)
    assert str(expression) == text
    assert parse(text).tree == expression.tree
    assert expression.source == typed


@pytest.mark.parametrize(("typed", "note"), NOTES)
def test_notes_say_how_it_was_read(typed: str, note: str) -> None:
    assert list(map(str, parse(typed).notes)) == [note]


@pytest.mark.parametrize("typed", ["x^2 y", "2x", "2(x+1)", "(x+1)(x-1)", "x²y", "1/(2x)", "(1/2)*x", "2πr"])
def test_no_note_where_nobody_disagrees(typed: str) -> None:
    assert parse(typed).notes == ()


def test_many_notes_are_summed_up() -> None:
    notes = parse(" + ".join(f"1/{k}x" for k in range(2, 50))).notes
    assert len(notes) == 6
    assert str(notes[-1]) == "and 43 more like these"


def test_another_reading_that_is_too_long_to_copy_is_not_written() -> None:
    (note,) = parse(f"1/2{'x' * 60}").notes
    assert str(note) == f'read "1/2{"x" * 15}...{"x" * 18}" as (1/2)*{"x" * 18}...{"x" * 18}'


def test_the_tree_is_as_typed() -> None:
    x, y = Variable("x"), Variable("y")
    assert parse("x^2/20 + y^2").tree == Sum(
        (Quotient(Power(x, Number(2.0)), Number(20.0)), Power(y, Number(2.0)))
    )
    assert parse("-2*x").tree == Negative(Multiplication((Number(2.0), x)))
    assert parse("1/2x").tree == Multiplication((Quotient(Number(1.0), Number(2.0)), x))
    assert parse("|x|").tree == Call("abs", (x,))


def test_names_in_order_of_first_appearance() -> None:
    assert parse("z + w[1]*a + z + pi*e^a").names == ("z", "w[1]", "a")
    assert Expression.from_tree(parse("b + a").tree).names == ("b", "a")
    assert parse("1 + 1").names == ()


def test_expressions_compare_by_what_was_typed() -> None:
    assert parse("x + 1") == parse("x + 1")
    assert hash(parse("x + 1")) == hash(parse("x + 1"))
    assert parse("x + 1") != parse("x+1")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("-1e-3", -1e-3),
        ("2*pi", 2 * math.pi),
        (" 7 ", 7.0),
        ("pi/2", math.pi / 2),
        ("2^-3", 0.125),
        ("1e99", 1e99),
    ],
)
def test_parse_number(typed: str, value: float) -> None:
    assert parse_number(typed) == value


@pytest.mark.parametrize("typed", ["x", "2*a", "1e400", "nan", "inf", "1/0", "", "1,5", "3 > 2"])
def test_parse_number_refuses(typed: str) -> None:
    with pytest.raises(ExpressionError):
        parse_number(typed)


def test_parse_number_points_at_the_name() -> None:
    with pytest.raises(ExpressionError, match="a number is needed") as caught:
        parse_number("2*pi + a")
    assert caught.value.position == 7


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_parses_under_every_name(name: str) -> None:
    function = FUNCTIONS[name]
    arguments = ["x > 0", "a", "b"] if name == "where" else ["x", "y"][: function.minimum]
    for spelling in (name, *function.aliases):
        tree = parse(f"{spelling}({', '.join(arguments)})").tree
        assert isinstance(tree, Call)
        assert tree.function == name
        assert len(children(tree)) == len(function.arguments)


def test_functions_have_the_values_they_name() -> None:
    assert parse_number("relu(-2) + relu(3)") == 3.0
    assert parse_number("softplus(0)") == pytest.approx(math.log(2))
    assert parse_number("softplus(1000)") == 1000.0
    assert parse_number("sigmoid(0) + sigmoid(-1000) + sigmoid(1000)") == 1.5
    assert parse_number("sign(-3) + sign(0)") == -1.0
    assert parse_number("cbrt(-8)") == pytest.approx(-2)
    assert parse_number("where(1 < 2 and not 2 < 1, 5, 6)") == 5.0
    assert parse_number("min(3, 1, 2) + max(3, 1, 2)") == 4.0


with PROBLEMS.open(encoding="utf-8") as _file:
    _PROBLEMS = json.load(_file)["problems"]


@pytest.mark.parametrize("problem", _PROBLEMS, ids=[problem["name"] for problem in _PROBLEMS])
def test_published_problems(problem: dict) -> None:
    expression = parse(problem["formula"])
    assert set(expression.names) <= set(problem["variables"])
    value = evaluate(expression.tree, dict(zip(problem["variables"], problem["start"], strict=True)))
    assert value == pytest.approx(problem["f_start"], rel=1e-12)


def test_threads_may_read_side_by_side() -> None:
    with ThreadPoolExecutor(4) as pool:
        texts = [f"x^{k} + 1/{k}y" for k in range(1, 60)]
        assert [str(e) for e in pool.map(parse, texts)] == [f"x^{k} + 1/{k}*y" for k in range(1, 60)]


def test_importing_the_language_is_light() -> None:
    code = (
        "import sys, downslope.language; print([m for m in ('lark', 'sympy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_text_is_read() -> None:
    with pytest.raises(TypeError, match="a formula is text"):
        parse(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "named", "notes"),
    [
        ("sec x + x^2", (), ['read "sec x" as sec*x; write sec(x) for the function']),
        ("2 gamma x", (), ['read "gamma x" as gamma*x; write gamma(x) for the function']),
        ("2 gamma x", ("gamma", "x"), []),
        ("gamma*x + gamma(x)", (), []),
    ],
)
def test_a_name_that_could_be_a_function_is_told(
    typed: str, named: tuple[str, ...], notes: list[str]
) -> None:
    assert list(map(str, parse(typed, named).notes)) == notes


def test_a_start_that_does_not_fit_is_told_how_the_formula_was_read() -> None:
    with pytest.raises(StartError, match=r"no value for sec; .*write sec\(x\) for the function"):
        ds.minimize("sec x + x^2", {"x": 0.5})
