"""``lg x`` has two readings, and is refused with both."""

import pytest

import downslope as ds
from downslope.errors import ExpressionError
from downslope.language.parser import parse


def test_who_names_it_has_a_parameter():
    assert set(parse("lg x", named=("lg", "x")).names) == {"lg", "x"}
    assert ds.minimize("(lg x - 1)^2", start={"lg": 1.0, "x": 2.0}).fun == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("typed", "first", "second"),
    [
        ("lg x", "log10(x)", "log2(x)"),
        ("2 + lg 3", "log10(3)", "log2(3)"),
        ("lg^2 x", "log10(x)^2", "log2(x)^2"),
        ("lg² x", "log10(x)²", "log2(x)²"),
        ("y*(lg x)", "log10(x)", "log2(x)"),
    ],
)
def test_lg_is_refused_with_both_readings(typed, first, second):
    with pytest.raises(ExpressionError) as caught:
        parse(typed)
    assert f"Write {first} or {second}." in str(caught.value)
    assert parse(first).tree != parse(second).tree


def test_the_readings_of_lg_before_a_bracket_are_told():
    with pytest.raises(ExpressionError, match=r"Write log10\(x\) or log2\(x\)\."):
        parse("lg(x)")


def test_lg_is_a_parameter_where_a_sign_says_so():
    assert set(parse("lg*x + lg").names) == {"lg", "x"}
