"""A rule that knows curvature as functions of a script: the very code that runs, with all that it calls.

Such rules are written for NumPy's vectors, so their code is that of a script already, but for what it takes from
elsewhere: hyperparameters and constants get names at the top, the functions of ``optimizers.arithmetic`` are said in
Python, and LAPACK is NumPy's.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.export import rule_source
from downslope.export.arithmetic import FUNCTIONS, NUMBER, VECTOR
from downslope.export.arithmetic import NUMPY as ARITHMETIC
from downslope.export.emitter import Emitter
from downslope.export.formatter import commented, docstring
from downslope.export.names import in_ascii
from downslope.export.plain_statements import statements_of
from downslope.export.python import name, real, text
from downslope.export.rule_source import RuleSource
from downslope.messages import message
from downslope.objectives.residuals import Residuals, residuals_from_rows
from downslope.optimizers import arithmetic
from downslope.optimizers.curvature import CurvedEvaluation, CurvedRule, Move

_OF_VECTORS = frozenset(
    {"sign", "zeros_like", "dot"}
)  # of the functions of rules, those that are given vectors
_HINTS = {"value": "float", "norm": "float", "accepted": "bool", "at": "tuple", "state": "tuple"}

_ABOUT = {
    CurvedEvaluation.__name__: message("What is known of a point."),
    Move.__name__: message("What follows from an evaluation."),
    Residuals.__name__: message("Residuals r and their derivatives J at a point, in brief."),
}


@dataclass(frozen=True)
class CurvedForm:
    """What the loop has to know of what was written.

    Attributes:
        evaluation: the record of what is known of a point.
        init, step: functions: the state before the first evaluation, and what follows from one.
        wants: whether the second derivatives are looked at, where that is asked; else nothing.
        brief: of rows of derivatives and residuals the cost and these in brief, where that is asked; else nothing.
        elsewhere: whether a step may end at another point than the one that was evaluated.
    """

    evaluation: str
    init: str
    step: str
    wants: str
    brief: str
    elsewhere: bool


def curved_form(rule: CurvedRule, emitter: Emitter) -> CurvedForm:
    """Write the rule's functions with the emitter."""
    source = rule_source.source_of_class(type(rule))
    printer = _Printer(rule, emitter, source)
    state = rule.init(np.zeros(2))
    printer.record(type(state), state)
    evaluation = printer.record(CurvedEvaluation)
    printer.record(Move)
    init, step = printer.method("init"), printer.method("step", "following")
    asks = source.method(type(rule).__name__, "wants_curvature") is not None
    wants = printer.method("wants_curvature") if asks else ""
    brief = printer.function(residuals_from_rows) if rule.asks_for == "residuals" else ""
    return CurvedForm(
        evaluation, init, step, wants, brief, _ends_elsewhere(source.classes[type(rule).__name__])
    )


def _ends_elsewhere(rule: ast.ClassDef) -> bool:
    """Whether a move of the rule says at which point it ended."""
    calls = (node for node in ast.walk(rule) if isinstance(node, ast.Call) and len(node.args) > 3)
    return any(isinstance(call.func, ast.Name) and call.func.id == Move.__name__ for call in calls)


@dataclass
class _Printer:
    """Writes functions, records and constants, each once, what is called before what calls it."""

    rule: CurvedRule
    emitter: Emitter
    own: RuleSource
    called: dict[Any, str] = field(default_factory=dict)

    def method(self, wanted: str, called: str = "") -> str:
        """The name of a function made of one of the rule's methods."""
        node = self.own.method(type(self.rule).__name__, wanted)
        assert node is not None, wanted
        return self._function(("self", wanted), called or wanted, node, self.own)

    def function(self, function: Any) -> str:
        """The name of one of our functions, written out."""
        source = rule_source.home_of(function)
        assert source is not None, function
        made = inspect.unwrap(function).__name__
        return self._function((source.module.__name__, made), made, source.functions[made], source)

    def _function(self, key: Any, wanted: str, node: ast.FunctionDef, source: RuleSource) -> str:
        if key not in self.called:
            bare = wanted.lstrip("_")
            free = bare not in source.locals | self.emitter.names.taken
            self.called[key] = self.emitter.names.new(bare if free else wanted)
            lines = self._lines(node, self.called[key], source)
            self.emitter.functions[self.called[key]] = lines
        return self.called[key]

    def _lines(self, node: ast.FunctionDef, called: str, source: RuleSource) -> list[str]:
        about = rule_source.docstring(node)
        taken = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        resolving = _Resolving(self, source, taken | bound)
        body = [resolving.visit(copy.deepcopy(part)) for part in node.body if not _asks_for_scipy(part)]
        return [
            f"def {called}({_arguments(node.args)}):",
            *(docstring(rule_source.about_in(about), 4) if about else []),
            *statements_of(body, source, 4),
        ]

    def record(self, cls: type, state: Any = None) -> str:
        """The name of a record's class; of a state, with the kinds of what is in it."""
        called = cls.__name__
        if called in self.emitter.records:
            return called
        self.emitter.names.taken.add(called)
        source = rule_source.source_of_class(cls)
        inner = [] if state is None else [part for part in state if hasattr(part, "_fields")]
        for part in inner:
            self.record(type(part), part)
        defaults = getattr(cls, "_field_defaults", {})
        about = [*docstring([_ABOUT[called]], 4), ""] if called in _ABOUT else []
        lines = [f"class {called}(NamedTuple):", *about]
        for wanted, comment in source.fields(called):
            kind = _HINTS.get(wanted, "np.ndarray") if state is None else _hint(getattr(state, wanted))
            default = f" = {defaults[wanted]}" if wanted in defaults else ""
            lines.append(commented(f"    {in_ascii(wanted)}: {kind}{default}", comment))
        self.emitter.records[called] = lines
        return called

    def constant(self, source: RuleSource, identifier: str) -> ast.expr:
        """A number that a module has a name for."""
        value = getattr(source.module, identifier)
        home = next((s for s in _homes(source) if identifier in s.lines), source)
        comment = home.comment_in(home.lines[identifier]) if identifier in home.lines else ""
        written = text(real(value)) if isinstance(value, float) else repr(value)
        key = f"{home.module.__name__}.{identifier}"
        return name(self.emitter.constant(key, in_ascii(identifier), written, comment))

    def hyperparameter(self, wanted: str) -> ast.expr:
        """One of the rule's own numbers, or several of them."""
        value = self.rule.hyperparameters()[wanted]
        if isinstance(value, tuple):
            return name(self.emitter.constant(wanted, in_ascii(wanted.upper()), repr(value)))
        return self.emitter.around(self.rule).hyperparameter(wanted).code


class _Resolving(ast.NodeTransformer):
    """Replaces what a function takes from elsewhere by what the script calls it; writes that where it must."""

    def __init__(self, printer: _Printer, source: RuleSource, local: set[str]) -> None:
        self.printer, self.source, self.local = printer, source, local

    def visit_Name(self, node: ast.Name) -> ast.expr:
        word = node.id
        if word in self.local:
            return ast.Name(in_ascii(word), node.ctx)
        found = getattr(self.source.module, word, None)
        if inspect.ismodule(found) or (found is None and hasattr(builtins, word)):
            return node
        if isinstance(found, type):
            return name(self.printer.record(found))
        if isinstance(found, (bool, int, float)):
            return self.printer.constant(self.source, word)
        return name(self.printer.function(found))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return node
        value, target = self.visit(node.value), self.visit(node.target)
        return ast.copy_location(ast.Assign([target], value), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            if node.attr in self.printer.rule.hyperparameters():
                return self.printer.hyperparameter(node.attr)
            return name(self.printer.method(node.attr))
        self.generic_visit(node)
        return ast.Attribute(node.value, in_ascii(node.attr), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit_arguments(node)
        if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and node.func.id not in self.local:
            word = node.func.id
            if getattr(self.source.module, word, None) is getattr(arithmetic, word):
                kind = VECTOR if word not in ("where", "both", "either") else NUMBER
                return ARITHMETIC.call(word, node.args, [kind] * len(node.args))[0]
        node.func = self.visit(node.func)
        return node

    def generic_visit_arguments(self, node: ast.Call) -> None:
        """What is handed over; the function itself comes after."""
        node.args = [self.visit(a) for a in node.args]
        node.keywords = [ast.keyword(in_ascii(k.arg or ""), self.visit(k.value)) for k in node.keywords]


def _arguments(taken: ast.arguments) -> str:
    """The arguments without hints."""
    defaults = [None] * (len(taken.args) - len(taken.defaults)) + list(taken.defaults)
    named = [_argument(a, d) for a, d in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)]
    plain = [_argument(a, d) for a, d in zip(taken.args, defaults, strict=True) if a.arg != "self"]
    return ", ".join([*plain, *(["*", *named] if named else [])])


def _argument(taken: ast.arg, default: ast.expr | None) -> str:
    return in_ascii(taken.arg) + (f"={text(default)}" if default is not None else "")


def _asks_for_scipy(node: ast.stmt) -> bool:
    """Whether it is what a function does where SciPy is there: a script has NumPy alone."""
    return isinstance(node, ast.If) and any(isinstance(part, ast.NamedExpr) for part in ast.walk(node.test))


def _hint(value: Any) -> str:
    if hasattr(value, "_fields"):
        return type(value).__name__
    return "np.ndarray" if np.ndim(value) else type(value).__name__


def _homes(source: RuleSource) -> list[RuleSource]:
    """The module, and those of the package that it has functions and classes of."""
    modules = [inspect.getmodule(v) for v in vars(source.module).values() if callable(v)]
    ours = {m.__name__: m for m in modules if m is not None and m.__name__.startswith("downslope.")}
    return [source, *(rule_source.source_of(m) for m in ours.values())]
