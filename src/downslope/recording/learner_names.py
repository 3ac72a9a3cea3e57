"""What learners call things: which names are those of a learning rate, and which of a gradient."""

from __future__ import annotations

import ast
import re

RATES = re.compile(r"(?i)^(lr|lr_?rate|learning_?rate|eta|alpha|step_?size|rate|gamma|h|epsilon|eps|lr_?\w)$")
GRADIENTS = re.compile(
    r"(?i)^(g|gs|grads?|gradients?|slope|derivatives?|deriv|f_?prime|df|dydx)(_?[a-z0-9]{1,3})?$"
    r"|^_?(d|g|grad|gradient|df|dl|dj|dcost|dloss)_?[a-z]{1,2}\d?(_?d_?[a-z]{1,2}\d?)?$|grad|derivative|diff$"
)


def is_a_rate(factor: ast.expr) -> bool:
    """Whether a factor is a name or attribute that is called a learning rate."""
    if isinstance(factor, ast.Attribute):
        return bool(RATES.match(factor.attr))
    return isinstance(factor, ast.Name) and bool(RATES.match(factor.id)) and not GRADIENTS.match(factor.id)


def says_gradient(node: ast.AST) -> bool:
    """Whether a node is a name, attribute or call that is called a gradient."""
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in ("subs", "evalf", "item", "numpy"):
            return says_gradient(called.value)
        if isinstance(called, ast.Name) and called.id == "float" and node.args:
            return says_gradient(node.args[0])
        return says_gradient(called)
    if isinstance(node, ast.Subscript):
        return says_gradient(node.value)
    word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(word) and GRADIENTS.search(word) is not None and RATES.match(word) is None
