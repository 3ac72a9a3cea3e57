"""The variables of a rule before its first step, from its ``init``."""

from __future__ import annotations

import ast

import numpy as np

from downslope.errors import UsageError
from downslope.export.arithmetic import VECTOR, Fields, Kind
from downslope.export.emitter import Emitter
from downslope.export.python import fill, name, text
from downslope.export.rule_source import source_of_class
from downslope.export.translate import Piece, Translator
from downslope.messages import message
from downslope.optimizers import Optimizer


def first_values(
    rule: Optimizer, emitter: Emitter, point: str, kinds: Fields
) -> list[tuple[str, ast.expr, str, Kind]]:
    """(name, first value, comment, kind) for each field of the state."""
    source = source_of_class(type(rule))
    state = rule.init(np.zeros(2))
    node = source.method(type(rule).__name__, "init")
    if node is None or not kinds.fields:
        return []
    translator = Translator(
        source, emitter.arithmetic, emitter.around(rule), {"x": Piece(name(point), VECTOR)}
    )
    made = _returned(node, translator)
    fields = [field for field, _ in kinds.fields]
    known = {field: translator.code(a) for field, a in zip(fields, made.args, strict=False)}
    known |= {k.arg: translator.code(k.value) for k in made.keywords if k.arg is not None}
    comments = dict(source.fields(type(state).__name__))
    out = []
    for field, kind in kinds.fields:
        value = known[field]
        if text(value) == point:
            value = fill(emitter.arithmetic.copy, value)
        out.append((field, _without_zero(value), comments.get(field, ""), kind))
    return out


def _returned(node: ast.FunctionDef, translator: Translator) -> ast.Call:
    """The call that ``init`` returns; what it names before is known to the translator."""
    for statement in node.body:
        match statement:
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                pairs = list(zip(targets, values, strict=True))
            case ast.Assign([target], value):
                pairs = [(target, value)]
            case ast.Return(ast.Call() as made):
                return made
            case _:
                continue
        for target, value in pairs:
            assert isinstance(target, ast.Name)
            translator.scope[target.id] = translator.piece(value)
    raise UsageError(message("a rule's first state is made in a way that scripts are not written with yet."))


def _without_zero(value: ast.expr) -> ast.expr:
    """``0.0 + a`` as ``a``."""
    match value:
        case ast.BinOp(ast.Constant(0.0), ast.Add(), right):
            return right
    return value
