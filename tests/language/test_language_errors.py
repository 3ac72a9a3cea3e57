"""What cannot be read: the message, the place, and what to try."""

from __future__ import annotations

import random
import re

import pytest

from downslope.errors import ExpressionError
from downslope.language import parse
from trials import fresh_seed, trials

# typed, where the caret stands, a piece of the message, a piece of the hint
ERRORS = [
    ("", 0, "empty", "x^2 + y^2"),
    ("   ", 0, "empty", ""),
    ("x +", 3, 'ends after "+"', ""),
    ("x^2 +  ", 5, 'ends after "+"', ""),
    ("x ^ ", 3, 'ends after "^"', ""),
    ("* x", 0, 'cannot begin with "*"', ""),
    ("x * / y", 4, 'should follow "*", not "/"', ""),
    ("x // y", 2, 'no sign "//"', "x/y"),
    ("x <> 3", 2, 'no sign "<>"', "!="),
    ("x => 3", 2, 'no sign "=>"', ">="),
    ("x % 2", 2, "a percent sign has no meaning", "Write mod(a, b)"),
    ("5!", 1, "factorials", ""),
    ("x = 3", 2, '"=" sets something equal', "=="),
    ('"text"', 0, "quotation marks", ""),
    ("x.y", 1, '"x.y" is not a name', "x_y"),
    ("np.sin(x)", 0, '"np." is not needed', "Write sin(x)."),
    ("2*math.arctan(x)", 2, '"math." is not needed', "Write atan(x)."),
    ("np.foo(x)", 3, 'unknown function "foo"', ""),
    ("x' + 1", 1, "a prime cannot be part of a name", "x_1"),
    ("np.linalg.norm(x)", 3, 'unknown function "norm"', "The functions are"),
    ("x > 1 and and y > 1", 10, 'a condition should follow "and"', ""),
    ("softmax(x)", 0, 'unknown function "softmax"', ""),
    ("x[", 1, 'needs whole numbers and a closing "]"', "x[0]"),
    ("w[-1]", 1, "needs whole numbers", "w[0]"),
    ("[x+1]", 0, "square brackets do not group", "( )"),
    ("{x}", 0, "curly brackets", "( )"),
    ("sin[0]", 3, "stand in round brackets", "sin( )"),
    ("e[0]", 1, "no entries", ""),
    ("sin^-1(x)", 3, "the inverse function and as one over sin", "asin(x) or 1/sin(x)"),
    ("cos⁻¹ 2x", 3, "the inverse function and as one over cos", "acos(2x) or 1/cos(2x)"),
    ("log^-1 x", 3, "the inverse function", "1/log(x)"),
    ("sin x/2", 0, "two ways", "sin(x)/2 or sin(x/2)"),
    ("1 + sin x y", 4, "two ways", "sin(x)*y or sin(x*y)"),
    ("cos 2(x+1)", 0, "two ways", "cos(2)*(x+1) or cos(2*(x+1))"),
    ("sqrt 2x", 0, "two ways", "sqrt(2)*x or sqrt(2*x)"),
    ("sqrt x^2", 0, "two ways", "sqrt(x)^2 or sqrt(x^2)"),
    ("sin^2(x)^2", 0, "two ways", "(sin(x)^2)^2 or sin((x)^2)^2"),
    ("sin |x", 4, "never closed", ""),
    ("sin", 0, "cannot be the name of a parameter", ""),
    ("sin^2", 3, "brackets before a power", "sin(x)^2"),
    ("e*x", 0, '"e" may be the number 2.718... or a parameter', "exp(1)"),
    ("x + 2e", 5, '"e" may be', "e=1"),
    ("e(x+1)", 0, '"e" may be', "e^x"),
    ("x½", 1, "a sign is missing", "x*(1/2)"),
    ("1.5½", 3, "a fraction follows a whole number", ""),
    ("x mod 2", 2, 'there is no sign "mod"', "mod(a, b)"),
    ("x mod y", 2, 'there is no sign "mod"', "mod(a, b)"),
    ("2 mod x", 2, 'there is no sign "mod"', "mod(a, b)"),
    ("x² mod |y|", 3, 'there is no sign "mod"', "mod(a, b)"),
    ("(x+1) mod (y)", 6, 'there is no sign "mod"', "mod(a, b)"),
    ("n div sqrt(x)", 2, 'there is no sign "div"', "floor(a/b)"),
    ("max + 1", 0, '"max" is a function', "max(a, b, ...)"),
    ("max(1)", 0, "max takes at least 2 arguments, not 1", ""),
    ("sin()", 0, "sin takes 1 argument, not 0", "sin(x)"),
    ("sin(x, y)", 0, "sin takes 1 argument, not 2", ""),
    ("log(x, 2)", 0, "log takes 1 argument", "log2(x)"),
    ("pow(x)", 0, "pow takes 2 arguments", "x^y"),
    ("where(x, 1, 2)", 6, "a condition is needed here", "compare"),
    ("where(x>0, 1)", 0, "where takes 3 arguments", "where(condition, a, b)"),
    ("where(x>0, y>0, 1)", 12, '">" makes a condition', "where("),
    ("x < 3", 2, '"<" makes a condition', "where("),
    ("1 + (x < 2)", 7, '"<" makes a condition', ""),
    ("x and y", 0, "a condition is needed", ""),
    ("where(x>0 && y>0, 1, 2)", 10, '"&" has no meaning', "write and"),
    ("sine(x)", 0, 'unknown function "sine"', "Did you mean 'sin'"),
    ("2 + Sin(x)", 4, 'unknown function "Sin"', "Write sin(x)."),
    ("qqqq(x, y)", 0, 'unknown function "qqqq"', "The functions are exp, expm1, log"),
    ("f(x, y)", 0, 'unknown function "f"', ""),
    ("factorial(x)", 0, 'unknown function "factorial"', "gamma(x + 1)"),
    ("lambda*2", 0, '"lambda" is a word of Python', "λ or lambda_"),
    ("1 + class", 4, '"class" is a word of Python', "class_"),
    ("x if x > 0 else 1", 2, '"if" is a word of Python', "where("),
    ("1,5", 1, "not a decimal point", "Write 1.5."),
    ("(x, y)", 2, "no function is open", ""),
    ("(x + 1", 0, 'the bracket "(" opened here is never closed', ""),
    ("2*((x+1)", 2, 'the bracket "(" opened here is never closed', ""),
    ("sin(x", 3, 'the bracket "(" opened here is never closed', ""),
    ("x + 1)", 5, 'this ")" closes no bracket', ""),
    ("(|x)", 1, 'the bar "|" opened here is not closed', ""),
    ("|x", 0, 'the bar "|" opened here is never closed', "abs(x)"),
    ("()", 0, "nothing between these brackets", ""),
    ("sin(x,)", 6, 'missing between "," and ")"', ""),
    ("2 3", 2, "two numbers side by side", "2*3"),
    ("1.2.3", 3, "one decimal point", ""),
    ("x 2", 2, 'a sign is missing before "2"', "x*2"),
    ("(x+1)2", 5, 'a sign is missing before "2"', "^2"),
    ("x + 1e400", 4, "1e400 is too large", ""),
    ("1e-400", 0, "1e-400 is too small", ""),
    ("1/0", 0, "not a finite real number", "Division by zero"),
    ("x + log(-1)", 4, "not a finite real number", "positive"),
    ("x + sqrt(-2)", 4, "not a finite real number", "square root"),
    ("(-8)^(1/3)", 0, "not a finite real number", "cbrt"),
    ("x + 9^9^9^9 - 2", 6, "not a finite real number", ""),
    ("0x10", 0, '"0x10" is not a decimal number', "Write 16."),
    ("1_000", 1, "not grouped with _", "Write 1000."),
    ("x + inf", 4, '"inf" is not a number', ""),
    ("∞", 0, "infinity is not a number", ""),
    ("xⁿ", 1, '"ⁿ" is raised', "^n"),
    ("2₁", 0, "a subscript belongs to a name", ""),
    ("x\u200b+1", 1, "cannot be seen (U+200B)", ""),
    ("x\x00", 1, "cannot be seen (U+0000)", ""),
    ("\udc80", 0, "cannot be seen (U+DC80)", ""),
    ("\\frac{x}{2}", 0, "LaTeX", "sqrt(x)"),
    ("__import__('os').system('ls')", 11, "quotation marks", ""),
    ("𝑥² + ψ₁ + ?", 10, '"?" has no meaning', ""),
    ("x > 0 and", 9, 'ends after "and", where a condition should follow', ""),
    ("max^2", 3, "max needs its brackets before a power", "max(a, b, ...)^2"),
    ("max x", 0, "max needs brackets around its arguments", "max(a, b, ...)"),
    ("x⁾", 1, '"⁾" is raised', ""),
]


@pytest.mark.parametrize(("typed", "position", "message", "hint"), ERRORS)
def test_errors(typed: str, position: int, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(typed)
    error = caught.value
    assert message in str(error.message)
    assert hint in str(error.hint)
    assert error.position == position
    assert error.source == typed


# typed, and what the hint says to write in its place
TO_COPY = [
    ("x.b.c + 1", "x_b_c"),
    ("x.b.c + 1", "x*b*c"),
    ("w[0].y", "w_0_y"),
    ("w[0]'", "w_0_1"),
    ("tan^-1(x)", "atan(x)"),
    ("tan^-1 2x", "1/tan(2x)"),
    ("cos πx/2", "cos(πx/2)"),
    ("cos πx/2", "cos(πx)/2"),
    ("ln x y", "ln(x*y)"),
    ("e*x", "exp(1)"),
    ("x ½", "x^(1/2)"),
    ("pow^2", "pow(x, y)^2"),
    ("1.5 2.5", "1.5*2.5"),
    ("2 3", "23"),
    ("x 2", "x^2"),
    ("1,5", "1.5"),
    ("lg(x)", "log10(x)"),
    ("clip(x, 0, 1)", "min(max(x, low), high)"),
    ("sum(x)", "x1 + x2 + x3"),
    ("lambda", "lambda_"),
    ("0x10", "16"),
    ("True", "1"),
]


@pytest.mark.parametrize(("typed", "written"), TO_COPY)
def test_what_a_hint_says_to_write_can_be_read(typed: str, written: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(typed)
    assert written in str(caught.value.hint)
    parse(written)


def test_a_hint_makes_no_number_of_two_points() -> None:
    for typed in ("1.5 2.5", "1.5,2.5", "1. .5"):
        with pytest.raises(ExpressionError) as caught:
            parse(typed)
        assert "one number" not in str(caught.value.hint)
        assert "1.5.2" not in str(caught.value.hint)


LIMITS = {
    "length": ("x+" * 600_000, "characters"),
    "tokens": ("x+" * 450_000 + "x", "numbers, names and signs"),
    "name": ("x" * 900_000, "a name has 900,000 characters"),
    "digits": ("1" * 500_000, "too large"),
    "minus": ("-" * 100_000 + "1", "nested"),
    "brackets": ("(" * 5000 + "x" + ")" * 5000, "nested"),
    "bars": ("|" * 5000 + "x" + "|" * 5000, "nested"),
    "functions": ("sin(" * 5000 + "x" + ")" * 5000, "nested"),
    "powers": ("^".join("x" * 5000), "nested"),
    "divisions": ("/".join("x" * 5000), "nested"),
    "functions of functions": ("sin " * 100_000 + "x", "nested"),
    "roots": ("√" * 5000 + "x", "nested"),
    "not": ("where(" + "not " * 5000 + "x > 0, 1, 2)", "nested"),
    "superscripts": ("x" + "² " * 5000, "nested"),
    "9^9^9^9": ("9^9^9^9", "not a finite real number"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limits_answer_with_one_message(case: str) -> None:
    typed, message = LIMITS[case]
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(typed)
    assert len(str(caught.value)) < 500


def test_long_is_legitimate() -> None:
    total = " + ".join(f"x{k}^2" for k in range(20_000))
    assert str(parse(total)) == total
    assert len(parse("*".join(f"x{k}" for k in range(5000))).names) == 5000
    assert len(parse(" ".join(f"x{k}^2" for k in range(1000))).names) == 1000


def test_the_deepest_that_is_read_can_also_be_shown() -> None:
    expression = parse("(2*-x + 1/" * 60 + "x" + ")" * 60)
    assert parse(str(expression)).names == ("x",)
    assert expression.latex().count("frac") == 60
    assert expression.mathml().count("mfrac") == 120
    assert expression.sympy().free_symbols


PIECES = ["sin", "cos^2", "ln", "sqrt", "tan²", *"xy2π½ /*+()|^e²"]


def test_drawn_formulas_are_read_or_refused_and_the_readings_of_a_hint_can_be_read() -> None:
    draw = random.Random(fresh_seed())
    offered = 0
    for _ in range(trials(3000)):
        typed = "".join(draw.choice(PIECES) for _ in range(draw.randrange(2, 9)))
        try:
            expression = parse(typed)
        except ExpressionError as error:
            if "two ways" in str(error.message):
                offered += 1
                for reading in re.fullmatch(r"Write (.+) or (.+)\.", str(error.hint)).groups():
                    assert "two ways" not in _refusal(reading), (typed, reading)
            continue
        assert str(parse(str(expression), expression.names)) == str(expression), typed
    assert offered


def _refusal(formula: str) -> str:
    try:
        parse(formula)
    except ExpressionError as error:
        return str(error.message)
    return ""
