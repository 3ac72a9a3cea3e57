"""The function ``rows_of`` of a script: the derivatives of the residuals, and beside them the residuals, row by row.

The squares of the last column add up to what is made small; of a fit every row is taken times the root of its share.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from downslope.export.derivatives import partials
from downslope.export.formatter import commented, docstring, indent_lines
from downslope.export.python import fill, name, number, text
from downslope.language import tree as t
from downslope.messages import NOTHING, message

if TYPE_CHECKING:
    from downslope.export.costs import Costs
    from downslope.export.script import ScriptWriter

ABOUT_ROWS = message(
    "Derivatives of the residuals, and beside them the residuals: of these the squares add up."
)


def residual_rows(writer: ScriptWriter) -> list[str]:
    """The function of a script."""
    costs = writer.costs
    if costs is not None:
        head, *taken = writer.opening("rows_of", costs.table.as_matrix)
        body = _of_fit(costs)
    else:
        head, *taken = writer.opening("rows_of")
        body = _of_formula(writer)
    return ["", "", head, *docstring([ABOUT_ROWS], 4), *taken, *indent_lines(body)]


def _of_formula(writer: ScriptWriter) -> list[str]:
    shared, wide = writer.model.residual_rows(), len(writer.model.coordinates) + 1
    speller = writer.speller
    speller.called = {**writer.called, **{part: part for part, _ in shared.parts}}
    body = [f"{part} = {text(speller.expression(tree))}" for part, tree in shared.parts]
    entries = [speller.lifted(result) for result in shared.results]
    rows: list[ast.expr] = [ast.List(entries[i : i + wide]) for i in range(0, len(entries), wide)]
    return [*body, f"return {text(fill(writer.vector, ast.List(rows)))}"]


def _of_fit(costs: Costs) -> list[str]:
    table, words = costs.table, costs.words
    body, _ = costs.parts()
    residual = name("residual")
    if table.as_matrix:
        columns = name("Z" if table.standardised else "X")
        body.append(f"rows = {text(fill(words.stack, ast.List([columns, residual])))}")
    else:
        shared = partials(table.formula or t.Number(0.0), costs.writer.model.coordinates)
        body += costs.shared_parts(shared)
        slopes = [column(costs, tree) for tree in shared.results]
        body.append(f"rows = {text(fill(words.stack, ast.List([*slopes, residual])))}")
    share = f"1 / len({costs.target})"
    if table.weights is not None:
        share = f"({costs.weights} / np.sum({costs.weights}))[:, None]"
    body.append(commented(f"rows = rows * np.sqrt({share})", message("the mean of the squares")))
    if table.l2:
        under = ast.List([ast.Constant(float(under)) for under in table.penalised])
        scale = " / spread" if table.standardised else ""
        body.append(f"penalised = np.sqrt({costs.strength()}) * {text(fill(words.array, under))}{scale}")
        point = costs.writer.point
        more = f"np.column_stack([np.diag(penalised), penalised * {point}])"
        body.append(commented(f"rows = np.vstack([rows, {more}])", NOTHING))
    return [*body, "return rows"]


def column(costs: Costs, tree: t.Node) -> ast.expr:
    """A derivative as a column, also where it is the same in every row."""
    spelled = costs.writer.speller.expression(tree) if not isinstance(tree, t.Number) else number(tree.value)
    if costs.varies(tree, costs.writer.speller.arrays):
        return spelled
    return fill("np.full(len(_0), _1)", name(costs.target), spelled)


def residuals(writer: ScriptWriter, joined: str) -> list[str]:
    """The residuals alone as a function ``residuals``, for a framework that differentiates them.

    ``joined`` is its template of two vectors one after the other.
    """
    costs = writer.costs
    if costs is None:
        shared = writer.model.residual_rows(slopes=False)
        writer.speller.called = {**writer.called, **{part: part for part, _ in shared.parts}}
        body = [f"{part} = {text(writer.speller.expression(tree))}" for part, tree in shared.parts]
        entries = ast.List([writer.speller.lifted(result) for result in shared.results])
        lines = [
            *writer.opening("residuals"),
            *indent_lines([*body, f"return {text(fill(writer.vector, entries))}"]),
        ]
        return ["", "", *lines]
    table, words = costs.table, costs.words
    body, _ = costs.parts()
    share = f"len({costs.target}) ** 0.5"
    if table.weights is None:
        whole = f"residual / {share}"
    else:
        total = costs.sum(costs.weights)
        whole = text(
            fill("residual * _0", fill(words.root, ast.parse(f"{costs.weights} / {total}", mode="eval").body))
        )
    if table.l2:
        under = text(fill(words.array, ast.List([ast.Constant(float(under)) for under in table.penalised])))
        more = ast.parse(f"{costs.strength()} ** 0.5 * {under} * {writer.point}", mode="eval").body
        whole = text(fill(joined, ast.parse(whole, mode="eval").body, more))
    why = message("of these the squares add up to the cost")
    body.append(commented(f"return {whole}", why))
    return ["", "", *writer.opening("residuals", table.as_matrix), *indent_lines(body)]
