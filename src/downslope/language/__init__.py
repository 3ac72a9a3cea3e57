"""Formulas: text in, tree out, and back again as text, LaTeX, MathML or SymPy.

Here lives everything that knows how people write mathematics: the characters and tokens (``characters``,
``tokens``, ``bare_calls``, ``arrange``), the grammar (``grammar.lark``, ``reader``), the tree (``tree``), its meaning
(``functions``, ``values``), its printers (``text``, ``mathematics``, ``sympy_form``) and the messages for
what cannot be read (``mistakes``) or is easily mistaken (``look_alikes``).

In flows text; out flows an ``Expression`` or an ``ExpressionError`` with a place. Text is never run as
code. Nothing here knows of objectives, optimizers or arrays: this folder imports the standard library,
``downslope.errors``, ``downslope.messages``, Lark (at the first formula) and SymPy (at the first call of
``sympy()``), no more.
"""

import sys
import types

from downslope.language.expression import Expression
from downslope.language.functions import FUNCTIONS
from downslope.language.look_alikes import look_alike
from downslope.language.parser import parse, parse_number
from downslope.language.tokens import canonical_name


class _Package(types.ModuleType):
    """This package, which ``downslope.language(...)`` calls as well: an attribute has one name, whoever sets it."""

    def __call__(self, code: str | None = None) -> str:
        from downslope.preferences import language

        return language(code)


sys.modules[__name__].__class__ = _Package

__all__ = ["FUNCTIONS", "Expression", "canonical_name", "look_alike", "parse", "parse_number"]
