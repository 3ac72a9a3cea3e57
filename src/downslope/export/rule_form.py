"""How a rule is written in its own source, which decides how a script writes it."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from downslope.export import rule_source
from downslope.export.rule_source import RuleSource
from downslope.optimizers import Optimizer
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.tape import tape_of


def is_simple(optimizer: Optimizer) -> bool:
    """Whether the rule is assignments only, with numbers and vectors to remember."""
    source = rule_source.source_of_class(type(optimizer))
    node = source.method(type(optimizer).__name__, "update")
    if node is None:
        return False
    plain = all(isinstance(s, (ast.Assign, ast.Return, ast.Expr)) for s in node.body)
    state = optimizer.init(np.zeros(2))
    nested = any(hasattr(part, "_fields") for part in state)
    return plain and not nested and not _calls_helpers(node, source)


def is_separate(optimizer: Optimizer) -> bool:
    """Whether the rule can be written for one parameter after the other, from its numbers and the gradient alone."""
    asks = requirements_of(optimizer)
    if asks.searches or asks.needs_value or not is_simple(optimizer):
        return False
    tape = tape_of(optimizer)
    return tape is not None and not tape.mixes and not tape.looks_up


def _calls_helpers(node: ast.FunctionDef, source: RuleSource) -> bool:
    """Whether it calls functions or methods that work on vectors (those that make tables of numbers do not count)."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            if isinstance(part.func, ast.Attribute) and isinstance(part.func.value, ast.Name):
                if part.func.value.id == "self":
                    return True
            elif isinstance(part.func, ast.Name) and part.func.id in source.functions:
                function: Any = getattr(source.module, part.func.id)
                if not hasattr(function, "__wrapped__"):
                    return True
    return False
