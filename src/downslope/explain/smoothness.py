"""Whether a formula, or a program on arrays, has nothing in it that can have a kink: read off, not tried."""

from __future__ import annotations

import math
from typing import Any

import symengine as se

from downslope import symbolic
from downslope.language.functions import FUNCTIONS
from downslope.objectives.array_program import ArrayProgram
from downslope.programs import ArrayNode, needed

ROOTS = ("sqrt", "cbrt")  # with corners at 0, as powers that are no whole numbers have


def formula_is_smooth(expression: Any) -> bool:
    """Whether a formula is made of smooth functions and whole powers."""
    seen, stack = set(), [expression]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        record = symbolic.function_of(node)
        if isinstance(node, se.Piecewise) or (record is not None and record.corner is not None):
            return False
        if isinstance(node, se.Pow) and not isinstance(node.args[1], se.Integer) and node.args[0] != se.E:
            return False
        stack.extend(node.args)
    return True


def program_is_smooth(program: ArrayProgram) -> bool:
    """The same of a program."""
    return not any(_may_be_cornered(node) for node in needed([program.value]))


def _may_be_cornered(node: ArrayNode) -> bool:
    if node.operation in ("where", "entry", "call", *ROOTS) or node.truth:
        return True
    if node.operation == "reduce":
        return node.detail[0] not in ("sum", "prod")
    if node.operation == "pow":
        exponent = node.operands[1].literal
        base = node.operands[0].literal
        whole = exponent is not None and math.fmod(exponent, 1.0) == 0
        return not (whole or (base is not None and base > 0))
    record = FUNCTIONS.get(node.operation)
    return record is not None and record.corner is not None
