"""A rule as functions: ``init`` and ``update`` over a record of its state, as the rule itself is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from downslope.export import rule_source
from downslope.export.arithmetic import NUMBER, UNKNOWN, VECTOR, Fields
from downslope.export.emitter import Emitter
from downslope.export.function_translator import FunctionTranslator
from downslope.export.python import name
from downslope.export.translate import Piece
from downslope.optimizers import Optimizer


@dataclass
class FunctionalForm:
    """What the loop has to know of the functions that were written.

    Attributes:
        update, init: their names; no ``init`` where there is nothing to remember.
        takes: which of ``value`` and ``rate`` are handed to ``update`` too.
        searches: whether it says if the point was accepted.
        point: what they call the point.
        answer: the expression of the point that an averaging method reports, of ``state`` and, as ``{point}``,
            the point; or nothing.
    """

    update: str
    init: str
    takes: tuple[str, ...]
    searches: bool
    answer: str = ""
    point: str = "x"


def functional_form(rule: Optimizer, emitter: Emitter, point: str = "x") -> FunctionalForm:
    """Write the rule's functions of ``point`` with the emitter; a changing learning rate is handed over as ``rate``."""
    cls = type(rule)
    source = rule_source.source_of_class(cls)
    state = rule.init(np.zeros(2))
    remembers = hasattr(state, "_fields")
    around = emitter.around(rule)
    point = "x" if point in source.locals else point
    x = Piece(name(point), VECTOR)
    made, kind = "", Fields("", ())
    if remembers:
        kind = emitter.register_state(state)
        node = source.method(cls.__name__, "init")
        assert node is not None
        within = dict(emitter.instead)
        emitter.instead |= emitter.beginning
        made = emitter.names.new("init")
        emitter.functions[made] = FunctionTranslator(source, emitter.arithmetic, around, {"x": x}).function(
            node, made, [point]
        )
        emitter.instead = within
    node = source.method(cls.__name__, "update")
    assert node is not None
    scope = {
        "x": x,
        "value": Piece(name("value"), NUMBER),
        "gradient": Piece(name("g"), VECTOR),
        "state": Piece(name("state"), kind if remembers else UNKNOWN),
    }
    body = FunctionTranslator(source, emitter.arithmetic, around, scope)
    body.without_accepted, body.stateless = True, not remembers
    called = emitter.names.new("update")
    lines = body.function(node, called, [])
    code = "\n".join(line.partition("#")[0] for line in lines)
    takes = tuple(word for word in ("value", "rate") if _reads(code, word))
    arguments = [point, *(["value"] if "value" in takes else []), "g", *(["state"] if remembers else [])]
    lines[0] = f"def {called}({', '.join([*arguments, *(['rate'] if 'rate' in takes else [])])}):"
    emitter.functions[called] = ["@jax.jit", *lines] if emitter.arithmetic.compiled else lines
    averages = source.method(cls.__name__, "answer") is not None
    return FunctionalForm(called, made, takes, body.searches, "state.a" if averages else "", point)


def _reads(code: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){word}\b(?!=)", code) is not None
