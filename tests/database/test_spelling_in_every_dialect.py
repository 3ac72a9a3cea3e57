"""Every function of formulas in SQL, computed by each database, against its own value at 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import symengine as se

import downslope as ds
from downslope import symbolic
from downslope.fitting.database.connection import Connection
from downslope.fitting.database.spelling import SqlSpeller, exp
from downslope.language import parse
from downslope.language.functions import FUNCTIONS

POINTS = [(0.3, -0.7), (1.7, 2.5), (-2.2, 0.4), (8.1, -1.5), (-0.6, -0.6), (0.0, 1.0), (1e-9, 3.0)]
PRINTED_ONLY = ("bigquery", "snowflake", "spark", "databricks", "mysql", "tsql", "trino")
NAMES = ("p", "q", "r")


def computed(connection: Any, expression: Any, numbers: dict[str, float]) -> Any:
    """What a database makes of an expression of numbers."""
    own = Connection(connection)
    speller = SqlSpeller(own.dialect)
    query = exp.select(*[exp.alias_(speller.number(v), name) for name, v in numbers.items()])
    for level in speller.levels({"answer": expression}, {name: exp.column(name) for name in numbers}, "s"):
        query = exp.select(exp.Star(), *[exp.alias_(e, n) for n, e in level.items()]).from_(
            query.subquery("q")
        )
    answer = own.answer(query, "numbers")
    return answer.rows[0][answer.names.index("answer")]


@pytest.mark.parametrize("name", [name for name, record in FUNCTIONS.items() if not record.condition])
def test_a_function_has_its_value(name: str, database: Callable[..., Any]) -> None:
    record, connection = FUNCTIONS[name], database({"x": [1.0]})
    width = len(record.arguments)
    expression = symbolic.call(name, *map(se.Symbol, NAMES[:width]))
    told = 0
    for point in POINTS:
        numbers = dict(zip(NAMES, point[:width], strict=False))
        answer = computed(connection, expression, numbers)
        try:
            value = float(record.value(*numbers.values()))
        except (ValueError, ArithmeticError):
            assert answer is None or not math.isfinite(answer)
            continue
        told += 1
        assert float(answer) == pytest.approx(value, rel=3e-14, abs=1e-15), point
    assert told >= 2


def test_the_error_function_is_that_of_mpmath(database: Callable[..., Any]) -> None:
    connection, x = database({"x": [1.0]}), se.Symbol("p")
    for k in range(-60, 61, 7):
        answer = computed(connection, symbolic.call("erf", x), {"p": k / 10})
        assert float(answer) == pytest.approx(float(mpmath.erf(mpmath.mpf(k) / 10)), rel=1e-15, abs=1e-16)


@pytest.mark.parametrize("size", [1e3, 1e5, 1e200])
@pytest.mark.parametrize(
    "formula",
    ["exp(p)", "exp(-p)", "sigmoid(p)", "softplus(-p)", "1/(1 + exp(p))", "cosh(p)", "p^q", "p^(-q)"],
)
def test_what_is_too_large_or_too_small_raises_nothing(
    formula: str, size: float, database: Callable[..., Any]
) -> None:
    expression = symbolic.lower(parse(formula).tree)
    answer = computed(database({"x": [1.0]}), expression, {"p": size, "q": 300.0})
    value = math.nan if answer is None else float(answer)
    known = {"sigmoid(p)": 1.0, "exp(-p)": 0.0, "softplus(-p)": 0.0, "1/(1 + exp(p))": 0.0, "p^(-q)": 0.0}
    if formula in known:
        assert value == pytest.approx(known[formula], abs=1e-100)
    else:
        assert not value < 1e100


@pytest.mark.parametrize(
    "formula", ["log(p)", "sqrt(p)", "p^0.5", "asin(3 - p)", "1/(p + 2)", "atanh(p - 1)", "acosh(p)"]
)
def test_what_has_no_value_raises_nothing(formula: str, database: Callable[..., Any]) -> None:
    answer = computed(database({"x": [1.0]}), symbolic.lower(parse(formula).tree), {"p": -2.0})
    assert answer is None or not math.isfinite(answer)


def test_a_steep_trial_step_ends_no_query(database: Callable[..., Any]) -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [2.7, 7.1, 20.3, 54.0, 149.0]}
    own, there = (
        ds.fit(t, "y ~ exp(a*x + b)", start="a=400,b=3", optimizer="armijo", steps=3)
        for t in (columns, ds.sql(database(columns), "seen"))
    )
    assert there.status == own.status


@pytest.mark.parametrize("dialect", PRINTED_ONLY)
def test_other_dialects_are_printed_and_no_more(dialect: str) -> None:
    speller = SqlSpeller(dialect)
    for name, record in FUNCTIONS.items():
        if record.condition:
            continue
        names = NAMES[: len(record.arguments)]
        expression = symbolic.call(name, *map(se.Symbol, names))
        levels = speller.levels({"answer": expression}, {n: exp.column(n) for n in names}, "s")
        text = levels[-1]["answer"].sql(dialect=dialect)
        parsed = exp.maybe_parse(text, dialect=dialect)
        assert parsed.sql(dialect=dialect) == text
