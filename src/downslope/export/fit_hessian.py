"""The function ``hessian`` of a script of a fit: what is known of a row, added up over the rows."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from downslope.export.derivatives import Shared, partials, second_partials
from downslope.export.formatter import commented, indent_lines
from downslope.export.python import fill, name, text
from downslope.export.residual_rows import column
from downslope.language import tree as t
from downslope.messages import message

if TYPE_CHECKING:
    from downslope.export.costs import Costs
    from downslope.export.script import ScriptWriter


def fit_hessian(writer: ScriptWriter, costs: Costs) -> list[str]:
    """The function of a script."""
    body = _of_classes(costs) if costs.table.classes else _of_one_prediction(costs)
    if costs.table.l2:
        scale = " / spread**2" if costs.table.standardised else ""
        mask = text(
            fill(costs.words.array, ast.List([ast.Constant(float(u)) for u in costs.table.penalised]))
        )
        body.append(f"H += 2 * {costs.strength()} * np.diag({mask}{scale})")
    head, *taken = writer.opening("hessian", costs.table.as_matrix)
    return ["", "", head, *taken, *indent_lines([*body, "return H"])]


def _share(costs: Costs) -> str:
    """What a row counts."""
    if costs.table.weights is not None:
        return f"share = {costs.weights} / np.sum({costs.weights})"
    return f"share = np.full(len({costs.target}), 1 / len({costs.target}))"


def _of_one_prediction(costs: Costs) -> list[str]:
    table = costs.table
    body, _ = costs.parts()
    loss = table.loss
    assert loss.formula is not None
    seen = "r" if loss.of_residual else "u"
    first = partials(loss.formula, [seen])
    slope = _whole(first, 0)
    bend = _whole(partials(slope, [seen]), 0)
    body += [
        _share(costs),
        commented(f"slope = {_spelled(costs, slope)}", message("of a row's cost, by its prediction")),
    ]
    body.append(commented(f"bend = {_spelled(costs, bend)}", message("its second derivative")))
    more: list[str] = []
    if table.as_matrix:
        body.append(f"J = {'Z' if table.standardised else 'X'}")
    else:
        coordinates = list(costs.writer.model.coordinates)
        assert table.formula is not None
        both = second_partials(table.formula, coordinates, first=True)
        body += costs.shared_parts(both)
        many = len(coordinates)
        slopes = [column(costs, tree) for tree in both.results[:many]]
        body.append(f"J = {text(fill(costs.words.stack, ast.List(slopes)))}")
        more = _bends_of_hypothesis(costs, both.results[many:])
    body.append("H = J.T @ ((share * bend)[:, None] * J)")
    body += more
    if loss.root:
        root = text(costs.mean(fill("residual ** 2")))
        body += [f"root = np.sqrt({root})", "g = J.T @ (share * slope) / (2 * root)"]
        body.append("H = H / (2 * root) - np.outer(g, g) / root")
    return body


def _of_classes(costs: Costs) -> list[str]:
    features = "Z" if costs.table.standardised else "X"
    return [
        *costs.parts()[0],
        _share(costs),
        "chance = np.exp(scores - scores.max(axis=1, keepdims=True))",
        commented("chance /= chance.sum(axis=1, keepdims=True)", message("the probability of each class")),
        "bend = chance[:, :, None] * (np.eye(chance.shape[1]) - chance[:, None, :])",
        f'H = np.einsum("n,nk,nl,ncd->kcld", share, {features}, {features}, bend)',
        f"H = H.reshape({costs.writer.point}.size, -1)",
    ]


def _bends_of_hypothesis(costs: Costs, seconds: tuple[t.Node, ...]) -> list[str]:
    """The line that adds the hypothesis's own second derivatives; none where it has none."""
    if all(isinstance(tree, t.Number) and tree.value == 0 for tree in seconds):
        return []
    many = len(costs.writer.model.coordinates)
    sums = [_added(costs, tree) for tree in seconds]
    rows: list[ast.expr] = [ast.List(sums[i : i + many]) for i in range(0, many * many, many)]
    return [f"H += {text(fill(costs.words.array, ast.List(rows)))}"]


def _added(costs: Costs, tree: t.Node) -> ast.expr:
    if isinstance(tree, t.Number) and tree.value == 0:
        return ast.Constant(0.0)
    return fill("np.sum(share * slope * _0)", costs.writer.speller.expression(tree))


def _whole(shared: Shared, place: int) -> t.Node:
    """One of the formulas, with what was named written out."""
    formula = shared.results[place]
    for part, meant in reversed(shared.parts):
        formula = t.substituted(formula, {part: meant})
    return formula


def _spelled(costs: Costs, formula: t.Node) -> str:
    """A formula of the loss as a column, also where it is the same in every row."""
    spelled = costs.spelled(formula)
    if any(isinstance(node, t.Variable) and node.name in ("r", "u", "y") for node in t.walk(formula)):
        return text(spelled)
    return text(fill("np.full(len(_0), _1)", name(costs.target), spelled))
