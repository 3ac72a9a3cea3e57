"""SymEngine expressions -> SQL, as trees of SQLGlot; from the record of each function.

Where a database raises an error for what has no value, or is too large, the expression says NULL there, or infinity: so
a trial step that goes too far is refused, and ends no query.

What is needed more than once is a column of a subquery, so that it is computed once a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import symengine as se
from sqlglot import exp, parse_one

from downslope.errors import UsageError
from downslope.language.functions import FUNCTIONS, Function
from downslope.language.relations import BY_SYMBOL
from downslope.messages import message
from downslope.symbolic.lower import function_of, lower_with, rewritten, written_out

QUIET = ("duckdb", "sqlite")  # dialects whose arithmetic gives infinities or NULL, and raises nothing
HIGHEST, LOWEST = 300.0, -340.0  # logarithms between which powers are computed: their squares are in range
MOST_FACTORS = 4  # up to which a whole power is a product

_EXP, _SQRT = FUNCTIONS["exp"], FUNCTIONS["sqrt"]

Level = dict[str, exp.Expression]  # alias -> what it is, in a subquery


@dataclass(frozen=True)
class SqlSpeller:
    """Writes expressions in one dialect."""

    dialect: str

    @property
    def quiet(self) -> bool:
        """Whether nothing has to be guarded."""
        return self.dialect in QUIET

    def number(self, value: float) -> exp.Expression:
        """A number as a double, whatever the dialect makes of decimals.

        >>> SqlSpeller("duckdb").number(-0.5).sql("duckdb"), SqlSpeller("postgres").number(2).sql("postgres")
        ('(-0.5e0)', 'CAST(2.0e0 AS DOUBLE PRECISION)')
        """
        if not math.isfinite(value):
            return exp.null()
        text = repr(abs(float(value)))
        size: exp.Expression = exp.Literal.number(text if "e" in text else f"{text}e0")
        if not self.quiet:
            size = as_double(size)
        return paren(exp.Neg(this=size)) if math.copysign(1.0, value) < 0 else size

    def levels(
        self, outputs: Mapping[str, Any], atoms: Mapping[str, exp.Expression], mark: str
    ) -> list[Level]:
        """The subqueries that compute ``outputs``, expressions of the symbols ``atoms``, the innermost first.

        The last has the outputs, the others what is needed more than once, under names that begin with ``mark``. Every
        level sees what those before it have.

        Raises:
            UsageError: a function cannot be said in SQL.
        """
        memo: dict[Any, Any] = {}
        roots = {name: rewritten(expression, _replaced, memo) for name, expression in outputs.items()}
        return _Levels(self, roots, atoms, mark).made()


class _Levels:
    """What is computed at which level, and how each part is written."""

    def __init__(
        self, speller: SqlSpeller, roots: Mapping[str, Any], atoms: Mapping[str, exp.Expression], mark: str
    ) -> None:
        self.speller, self.roots, self.atoms, self.mark = speller, roots, atoms, mark
        self.shared: dict[Any, str] = {}
        self.depth: dict[Any, int] = {}

    def made(self) -> list[Level]:
        order, uses = self._used()
        levels: list[Level] = []
        for node in order:  # children before parents
            self.depth[node] = max((self._depth_for_parent(child) for child in node.args), default=0)
            if uses[node] > 1 and not _is_plain(node):
                alias = f"{self.mark}{len(self.shared)}"
                while len(levels) <= self.depth[node]:
                    levels.append({})
                levels[self.depth[node]][alias] = self.written(node)
                self.shared[node] = alias
        levels.append({name: self.written(root) for name, root in self.roots.items()})
        return levels

    def _depth_for_parent(self, node: Any) -> int:
        return self.depth.get(node, 0) + (node in self.shared)

    def _used(self) -> tuple[list[Any], dict[Any, int]]:
        """All parts, children before parents, and how often each is written."""
        order: list[Any] = []
        uses: dict[Any, int] = {}
        stack = [(root, False) for root in self.roots.values()]
        for root in self.roots.values():
            uses[root] = uses.get(root, 0) + 1
        seen: set[Any] = set()
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
                continue
            if node in seen:
                continue
            seen.add(node)
            stack.append((node, True))
            for child, times in self._written_parts(node):
                uses[child] = uses.get(child, 0) + times
                stack.append((child, False))
        for node in order:
            uses.setdefault(node, 1)
        return order, uses

    def _written_parts(self, node: Any) -> list[tuple[Any, int]]:
        """The parts of a node, and how often the text of it has them."""
        if not node.is_Boolean and _is_plain(node):
            return []
        if isinstance(node, se.Pow) and node.args[0] != se.E:
            base, exponent = node.args
            plain = exponent.is_Integer or exponent in (se.Rational(1, 2), se.Rational(-1, 2))
            often = 4 if not plain and not self.speller.quiet else 2
            return [
                (base, often if not base.is_Symbol else 1),
                *([] if exponent.is_Number else [(exponent, often)]),
            ]
        times = 1
        if isinstance(node, se.Pow):
            times = _template(_EXP, self.speller.quiet)[1]
            return [(node.args[1], times)]
        record = function_of(node)
        if record is not None and isinstance(record.sql, str):
            times = _template(record, self.speller.quiet)[1]
        return [(child, times) for child in node.args]

    def written(self, node: Any) -> exp.Expression:
        """A node as SQL, what is shared as the column that it is."""
        if node in self.shared:
            return exp.column(self.shared[node])
        if isinstance(node, se.Symbol):
            return self.atoms[node.name].copy()
        if not node.is_Boolean and not node.free_symbols:
            return self.speller.number(_value(node))
        if isinstance(node, se.Add):
            return self._sum(node.args)
        if isinstance(node, se.Mul):
            return self._product(node.args)
        if isinstance(node, se.Pow):
            return self._power(*node.args)
        if isinstance(node, se.Piecewise):
            return self._choice(node.args)
        if isinstance(node, se.UnevaluatedExpr):
            return self.written(node.args[0])
        return self._named(node)

    def _sum(self, terms: Sequence[Any]) -> exp.Expression:
        return balanced(exp.Add, [self.written(term) for term in terms])

    def _product(self, factors: Sequence[Any]) -> exp.Expression:
        above, below = [], []
        negative = factors[0] == -1
        for factor in factors[negative:]:
            if isinstance(factor, se.Pow) and factor not in self.shared and _is_negative(factor.args[1]):
                base, exponent = factor.args
                below.append(self.written(base) if exponent == -1 else self._power(base, -exponent))
            else:
                above.append(self.written(factor))
        top = balanced(exp.Mul, above) if above else self.speller.number(1.0)
        made = self._quotient(top, balanced(exp.Mul, below)) if below else top
        return paren(exp.Neg(this=made)) if negative else made

    def _quotient(self, top: exp.Expression, bottom: exp.Expression) -> exp.Expression:
        if not self.speller.quiet:
            bottom = exp.Nullif(this=bottom, expression=self.speller.number(0.0))
        return paren(exp.Div(this=top, expression=bottom, typed=False, safe=False))

    def _power(self, base: Any, exponent: Any) -> exp.Expression:
        number = self.speller.number
        if base == se.E:
            return self._filled(_EXP, [self.written(exponent)])
        if _is_negative(exponent):
            below = self.written(base) if exponent == -1 else self._power(base, -exponent)
            return self._quotient(number(1.0), below)
        if exponent == se.Rational(1, 2):
            return self._filled(_SQRT, [self.written(base)])
        if exponent.is_Integer and 0 < int(exponent) <= MOST_FACTORS:
            return balanced(exp.Mul, [self.written(base) for _ in range(int(exponent))])
        b, e = self.written(base), self.written(exponent)
        plain = exp.Pow(this=b, expression=e)
        if self.speller.quiet:
            return plain
        size = exp.Abs(this=b.copy()) if exponent.is_Integer else b.copy()
        logarithm = paren(exp.Mul(this=e.copy(), expression=exp.Ln(this=size)))
        inside = (
            SpelledChoice()
            .when(exp.GT(this=logarithm, expression=number(HIGHEST)), infinity())
            .when(exp.LT(this=logarithm.copy(), expression=number(LOWEST)), number(0.0))
            .else_(plain)
        )
        at_zero = SpelledChoice().when(exp.GT(this=e.copy(), expression=number(0.0)), number(0.0))
        at_zero.when(exp.EQ(this=e.copy(), expression=number(0.0)), number(1.0))
        whole = SpelledChoice().when(exp.EQ(this=b.copy(), expression=number(0.0)), at_zero.whole)
        sign = exp.NEQ if exponent.is_Integer else exp.GT
        return whole.when(sign(this=b.copy(), expression=number(0.0)), inside).whole

    def _choice(self, parts: Sequence[Any]) -> exp.Expression:
        made = SpelledChoice()
        for value, condition in zip(parts[:-2:2], parts[1:-2:2], strict=True):
            made.when(self.written(condition), self.written(value))
        if parts[-1] == se.true:
            return made.else_(self.written(parts[-2]))
        return made.when(self.written(parts[-1]), self.written(parts[-2])).whole

    def _named(self, node: Any) -> exp.Expression:
        kind = type(node).__name__
        if kind in BY_SYMBOL:
            sign = _COMPARISONS[BY_SYMBOL[kind].sign]
            return sign(this=self.written(node.args[0]), expression=self.written(node.args[1]))
        if kind in ("And", "Or"):
            join = exp.and_ if kind == "And" else exp.or_
            return paren(join(*map(self.written, node.args)))
        if kind == "Not":
            return exp.Not(this=paren(self.written(node.args[0])))
        record = function_of(node)
        if record is None:
            raise UsageError(message("'{kind}' cannot be said in SQL.", kind=kind))
        return self._filled(record, [self.written(part) for part in node.args])

    def _filled(self, record: Function, parts: Sequence[exp.Expression]) -> exp.Expression:
        """The template of a function with its arguments."""
        template, _ = _template(record, self.speller.quiet)
        slots = {f"_{i}": part for i, part in enumerate(parts)}

        def fill(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Column) and node.name in slots:
                return slots[node.name].copy()
            return node

        made: exp.Expression = template.copy().transform(fill)
        return made if isinstance(made, exp.Func | exp.Case) else paren(made)


_COMPARISONS = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE, "==": exp.EQ, "!=": exp.NEQ}


def infinity() -> exp.Expression:
    """What is larger than all numbers."""
    return as_double(exp.Literal.string("Infinity"))


def paren(inner: exp.Expression) -> exp.Expression:
    """In brackets."""
    return exp.Paren(this=inner)


class SpelledChoice:
    """``CASE WHEN ... END`` in the making; SQLGlot's own copies all that it is given, at every branch."""

    def __init__(self) -> None:
        self._branches: list[exp.Expression] = []

    def when(self, condition: exp.Expression, then: exp.Expression) -> SpelledChoice:
        """One more branch."""
        self._branches.append(exp.If(this=condition, true=then))
        return self

    def else_(self, then: exp.Expression) -> exp.Expression:
        """The whole, with what it is elsewhere."""
        return exp.Case(ifs=self._branches, default=then)

    @property
    def whole(self) -> exp.Expression:
        """The whole, which is NULL elsewhere."""
        return exp.Case(ifs=self._branches)


def as_double(value: exp.Expression) -> exp.Expression:
    """A value as float64."""
    return exp.Cast(this=value, to=exp.DataType.build("double"))


def balanced(kind: Any, parts: Sequence[exp.Expression]) -> exp.Expression:
    """A sum or product in brackets that are no deeper than the logarithm of the number of its parts."""
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + 1) // 2
    return paren(kind(this=balanced(kind, parts[:middle]), expression=balanced(kind, parts[middle:])))


def _replaced(node: Any, parts: Sequence[Any]) -> Any:
    """A function as the formula that SQL has for it, or by its definition; None for what has a word."""
    record = function_of(node)
    if record is None or (isinstance(record.sql, str) and record.sql):
        return None
    if not isinstance(record.sql, str):
        made = lower_with(record.sql, dict(zip(record.arguments, parts, strict=True)))
    elif record.definition is not None:
        made = written_out(record, parts)
    else:
        return None
    return rewritten(made, _replaced, {})


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[exp.Expression, int]:
    """A template, and how often its arguments stand in it, at most."""
    tree = parse_one(text)
    names = [column.name for column in tree.find_all(exp.Column)]
    return tree, max((names.count(name) for name in set(names)), default=1)


def _template(record: Function, quiet: bool) -> tuple[exp.Expression, int]:
    assert isinstance(record.sql, str)
    if not record.sql:
        raise UsageError(message("the function {name} cannot be said in SQL.", name=record.name))
    return _parsed(record.sql if quiet or not record.sql_guarded else record.sql_guarded)


def _is_plain(node: Any) -> bool:
    """Whether it is written as shortly as the name of a column: then it is no column of its own."""
    return bool(node.is_Symbol or node.is_Boolean or node.is_Number or not node.free_symbols)


def _is_negative(exponent: Any) -> bool:
    return bool(exponent.is_Number and float(exponent) < 0)


def _value(node: Any) -> float:
    """What has no symbols, as a number; NaN where it has no real value."""
    try:
        return float(node.n(53, real=True)) if not node.is_Number else float(node)
    except (RuntimeError, TypeError, ValueError, OverflowError):
        return math.nan
