"""A rule in wrappers as functions: each layer's own source, calling the functions of the layer inside."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from downslope.export import rule_source
from downslope.export.arithmetic import CONDITION, NUMBER, VECTOR, Kind, Several
from downslope.export.emitter import Around, Emitter
from downslope.export.function_translator import FunctionTranslator
from downslope.export.functional_form import FunctionalForm, functional_form
from downslope.export.python import name
from downslope.export.script_model import LayeredRule
from downslope.export.translate import Piece
from downslope.optimizers import Optimizer
from downslope.optimizers.requirements import requirements_of


@dataclass
class Layer:
    """The functions of a rule, or of a wrapper with all inside it.

    Attributes:
        state: the kind of its state; an empty tuple where there is nothing to remember.
        update, init, answer: the names of its functions; no ``init`` for an empty state, no ``answer`` where it
            reports the point.
        rated: whether ``update`` is handed the learning rate.
    """

    state: Kind
    update: str = ""
    init: str = ""
    answer: str = ""
    rated: bool = False

    def call(self, method: str, arguments: Sequence[Piece]) -> Piece:
        """A call of one of the functions."""
        codes = [a.code for a in arguments]
        if method == "init":
            nothing: ast.expr = ast.Tuple([])
            return Piece(ast.Call(name(self.init), codes, []) if self.init else nothing, self.state)
        if method == "answer":
            return Piece(ast.Call(name(self.answer), codes, []) if self.answer else codes[0], VECTOR)
        if self.rated:
            codes.append(name("rate"))
        return Piece(ast.Call(name(self.update), codes, []), Several((VECTOR, self.state, CONDITION)))


def form_of(method: LayeredRule, emitter: Emitter, point: str = "x") -> FunctionalForm:
    """The functions of a rule, with what is around it."""
    if not method.around:
        return functional_form(method.rule, emitter, point)
    whole = method.rule
    layer = _written(whole, None, emitter, "")
    for at, wrapper in reversed(list(enumerate(method.around))):
        whole = wrapper.with_values(optimizer=whole)
        outermost = at == 0
        others = {type(other) for other in method.around[at + 1 :]}
        prefix = f"{wrapper.name()}_{at + 1 if type(wrapper) in others else ''}".rstrip("_") + "_"
        layer = _written(whole, layer, emitter, prefix, outermost=outermost)
    if not layer.init:  # the loop asks for a first state
        layer.init = emitter.names.new("init")
        emitter.functions[layer.init] = [f"def {layer.init}(x):", "    return ()"]
    takes = ("value", "rate") if layer.rated else ("value",)
    answer = f"{layer.answer}({{point}}, state)" if layer.answer else ""
    searches = requirements_of(method.whole).searches
    return FunctionalForm(layer.update, layer.init, takes, searches, answer)


def _written(
    rule: Optimizer, inner: Layer | None, emitter: Emitter, prefix: str, *, outermost: bool = False
) -> Layer:
    """The functions of one layer, around those of ``inner``."""
    cls = type(rule)
    source = rule_source.source_of_class(cls)
    around = Around(emitter, rule, prefix, inner)
    first = rule.init(np.zeros(max(emitter.count, 2)))
    own = hasattr(first, "_fields")
    layer = Layer(emitter.register_state(first) if own else Several(()))
    x = Piece(name("x"), VECTOR)
    called = f"{cls.name()}_"
    node = source.method(cls.__name__, "init")
    if own and node is not None:
        layer.init = emitter.names.new(f"{called}init")
        within = dict(emitter.instead)
        emitter.instead |= emitter.beginning
        body = FunctionTranslator(source, emitter.arithmetic, around, {"x": x})
        emitter.functions[layer.init] = body.function(node, layer.init, ["x"])
        emitter.instead = within
    elif inner is not None:
        layer.init = inner.init
    state = Piece(name("state"), layer.state)
    scope = {
        "x": x,
        "value": Piece(name("value"), NUMBER),
        "gradient": Piece(name("g"), VECTOR),
        "state": state,
    }
    node = source.method(cls.__name__, "update")
    assert node is not None
    body = FunctionTranslator(source, emitter.arithmetic, around, dict(scope))
    if outermost:
        body.without_accepted = True
        body.accepts_all = not requirements_of(rule).searches
    layer.update = emitter.names.new(f"{called}update")
    lines = body.function(node, layer.update, [])
    code = "\n".join(line.partition("#")[0] for line in lines)
    layer.rated = re.search(r"(?<![\w.])rate\b(?!=)", code) is not None
    lines[0] = f"def {layer.update}(x, value, g, state{', rate' if layer.rated else ''}):"
    emitter.functions[layer.update] = lines
    node = source.method(cls.__name__, "answer")
    if node is not None:
        layer.answer = emitter.names.new(f"{called}answer")
        body = FunctionTranslator(source, emitter.arithmetic, around, {"x": x, "state": state})
        emitter.functions[layer.answer] = body.function(node, layer.answer, ["x", "state"])
    elif inner is not None and inner.answer:
        layer.answer = _handed_on(layer, inner, emitter, called)
    return layer


def _handed_on(layer: Layer, inner: Layer, emitter: Emitter, called: str) -> str:
    """The function of what the rule inside reports, of the state around it."""
    if layer.state == inner.state:
        return inner.answer
    made = emitter.names.new(f"{called}answer")
    emitter.functions[made] = [f"def {made}(x, state):", f"    return {inner.answer}(x, state.inner)"]
    return made
