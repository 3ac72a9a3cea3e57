"""Where a script's parts are made: constants, records and functions that a rule turns out to need."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from downslope.errors import UsageError
from downslope.export import rule_source
from downslope.export.arithmetic import NUMBER, UNKNOWN, VECTOR, Arithmetic, Fields, Kind, Several
from downslope.export.formatter import commented, docstring
from downslope.export.function_translator import FunctionTranslator, VerbatimTranslator
from downslope.export.names import ScriptNames, in_ascii
from downslope.export.python import name, number, real, text
from downslope.export.rule_source import RuleSource
from downslope.export.translate import Piece, Translator
from downslope.messages import Message, documented, message
from downslope.optimizers.hyperparameters import HyperparameterRecord


@dataclass(frozen=True)
class ScriptConstant:
    """A named number at the top of the script."""

    name: str
    value: str
    comment: Message | str = ""

    @property
    def line(self) -> str:
        """The line that defines it."""
        return commented(f"{self.name} = {self.value}", self.comment)


@dataclass
class Emitter:
    """Makes the parts of one rule and collects them.

    Attributes:
        arithmetic: the dialect's, for vectors of this script.
        names: of the whole script.
        constants, records, functions: what was made, in the order in which it was needed.
        beginning: the same before the first step.
        prepared: lines that compute something once, before the loop.
        instead: what stands for a hyperparameter, where it is no constant (a scheduled learning rate).
        vector_of: writes fixed numbers, one for each of ``count`` parameters, as a vector.
    """

    arithmetic: Arithmetic
    names: ScriptNames
    constants: dict[str, ScriptConstant] = field(default_factory=dict)
    records: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, list[str]] = field(default_factory=dict)
    instead: dict[str, Piece] = field(default_factory=dict)
    beginning: dict[str, Piece] = field(default_factory=dict)
    prepared: list[str] = field(default_factory=list)
    vector_of: Callable[[list[float]], str] = str
    count: int = 0
    _called: dict[Any, tuple[str, Kind]] = field(default_factory=dict)
    _kinds: dict[str, Fields] = field(default_factory=dict)

    def around(self, record: HyperparameterRecord, prefix: str = "") -> Around:
        """The surroundings of a record's methods; its hyperparameters' constants begin with ``prefix``."""
        return Around(self, record, prefix)

    def constant(self, key: str, wanted: str, value: str, comment: Message | str = "") -> str:
        """The name of a constant, made at the first call with that key."""
        if key not in self.constants:
            self.constants[key] = ScriptConstant(self.names.new(wanted), value, comment)
        return self.constants[key].name

    def state_kinds(self, cls_name: str, state: Any) -> Fields:
        """The kinds of a state's fields, told from a state for two parameters; the record's class is made."""
        kinds = tuple((f, self._kind_of(getattr(state, f))) for f in state._fields)
        return Fields(cls_name, kinds)

    def _kind_of(self, value: Any) -> Kind:
        if hasattr(value, "_fields"):
            kind = self._kinds[type(value).__name__] = self.state_kinds(type(value).__name__, value)
            return kind
        if isinstance(value, tuple):
            return Several((self._kind_of(value[0]) if value else NUMBER,), many=True)
        return VECTOR if np.ndim(value) else NUMBER

    def register_state(self, state: Any) -> Fields:
        """Know the class of a state, and of the states in it."""
        kind = self._kind_of(state)
        assert isinstance(kind, Fields)
        return kind

    def record(self, source: RuleSource, identifier: str) -> Fields | None:
        """See ``Surroundings``; a state's class is known from the state itself."""
        if identifier not in self._kinds:
            return None
        self._write_record(source, identifier)
        return self._kinds[identifier]

    def _write_record(self, source: RuleSource, identifier: str) -> None:
        if identifier in self.records:
            return
        kind, home = self._kinds[identifier], source
        if identifier not in source.classes:
            module = inspect.getmodule(getattr(source.module, identifier))
            assert module is not None
            home = rule_source.source_of(module)
        self.names.taken.add(identifier)  # a state's class keeps its name
        self.records[identifier] = []
        for _, part in kind.fields:
            if isinstance(part, Fields):
                self._write_record(home, part.name)
        node = home.classes[identifier]
        lines = [f"class {identifier}(NamedTuple):"]
        about = rule_source.docstring(node)
        if about:
            lines += [*docstring(rule_source.about_in(about), 4), ""]
        for wanted, comment in home.fields(identifier):
            lines.append(commented(f"    {in_ascii(wanted)}: {self._type(kind.of(wanted))}", comment))
        self.records[identifier] = self.records.pop(identifier) + lines

    def _type(self, kind: Kind) -> str:
        if isinstance(kind, Fields):
            return kind.name
        if isinstance(kind, Several):
            return "tuple"
        return self.arithmetic.vector_type if kind == VECTOR or self.arithmetic.compiled else "float"

    def function(self, key: Any, wanted: str, definition: Definition) -> tuple[str, Kind]:
        """A function of the script made from a function or method of a rule; (its name, what it returns)."""
        if key in self._called:
            return self._called[key]
        called = self.names.new(wanted)
        node, source, around, arguments = definition
        scope = {a: Piece(name(in_ascii(a)), kind) for a, kind in arguments.items()}
        body = FunctionTranslator(source, self.arithmetic, around, scope)
        lines = body.function(node, called, list(arguments))
        self._called[key] = called, body.returns
        self.functions[called] = lines
        return self._called[key]

    def verbatim(self, function: Any, source: RuleSource) -> str:
        """A function in plain Python and NumPy, as it stands, with the functions it calls."""
        node = source.functions[function.__name__]
        key = ("verbatim", node.name)
        if key in self._called:
            return self._called[key][0]
        self._called[key] = node.name, UNKNOWN
        self.names.taken.add(node.name)
        for other in sorted(
            {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & set(source.functions) - {node.name}
        ):
            self.verbatim(inspect.unwrap(getattr(source.module, other)), source)
        body = VerbatimTranslator(source, self.arithmetic, Around(self, None, ""), {})
        self.functions[node.name] = body.plainly(node)
        return node.name


@dataclass
class Around:
    """The surroundings of one record's methods: what ``Translator`` asks; ``inner`` where it is around a rule."""

    emitter: Emitter
    owner: HyperparameterRecord | None
    prefix: str
    inner: Inside | None = None

    def hyperparameter(self, field_name: str) -> Piece:
        """The constant for a field, which is made when it is first asked for."""
        assert self.owner is not None
        key = f"{type(self.owner).__name__}.{self.prefix}{field_name}"
        if field_name in self.emitter.instead and not self.prefix:
            return self.emitter.instead[field_name]
        value = self.owner.hyperparameters()[field_name]
        if isinstance(value, tuple):
            items = ", ".join(text(number(v)) for v in value)
            written = f"({items}{',' * (len(value) == 1)})"
            made = self.emitter.constant(key, f"{self.prefix}{field_name}".upper(), written)
            return Piece(name(made), Several((NUMBER,), many=True))
        about = documented(self.owner.__dataclass_fields__[field_name].metadata.get("about", ""))
        written = text(real(value)) if isinstance(value, float) else repr(value)
        wanted = f"{self.prefix}{field_name}".upper()
        wanted = "PLANNED_STEPS" if wanted == "STEPS" else wanted
        return Piece(name(self.emitter.constant(key, wanted, written, about)), NUMBER)

    def constant(self, source: RuleSource, identifier: str) -> Piece:
        """A constant of the module, with the expression and comment it has there."""
        if identifier not in source.constants:
            home = source.imported.get(identifier, "")
            if not home.startswith("downslope.optimizers."):
                raise UsageError(
                    message("a rule uses '{name}', which scripts do not know yet.", name=identifier)
                )
            return self.constant(rule_source.source_of(sys.modules[home]), identifier)
        key = f"{source.module.__name__}.{identifier}"
        value = Translator(source, self.emitter.arithmetic, self, {}).piece(source.constants[identifier])
        comment = source.comment_in(source.lines[identifier])
        made = self.emitter.constant(key, in_ascii(identifier), text(value.code), comment)
        return Piece(name(made), value.kind)

    def function(self, source: RuleSource, identifier: str, arguments: Sequence[Kind]) -> tuple[str, Kind]:
        """A function of the module, one imported from a neighbour, or a method of the owner."""
        if identifier.startswith("self."):
            assert self.owner is not None
            method = identifier.removeprefix("self.")
            node = source.method(type(self.owner).__name__, method)
            assert node is not None
            taken = [a.arg for a in node.args.args if a.arg != "self"]
        else:
            function = getattr(source.module, identifier, None)
            home = rule_source.home_of(function)
            if home is None:
                raise UsageError(
                    message("a rule calls {name}, which scripts do not know yet.", name=identifier)
                )
            source, node = home, home.functions[inspect.unwrap(function).__name__]  # type: ignore[arg-type]
            if function is not inspect.unwrap(function):  # type: ignore[arg-type]
                return self.emitter.verbatim(inspect.unwrap(function), source), Several((NUMBER,), many=True)  # type: ignore[arg-type]
            taken = [a.arg for a in node.args.args]
        kinds = dict(zip(taken, arguments, strict=True))
        key = (source.module.__name__, identifier, tuple(arguments), self.prefix)
        wanted = identifier.removeprefix("self.")
        if wanted.lstrip("_") not in source.locals | self.emitter.names.taken:
            wanted = wanted.lstrip("_")
        return self.emitter.function(key, wanted, Definition(node, source, self, kinds))

    def prepared(self, wanted: str, code: ast.expr) -> ast.expr:
        """See ``Surroundings``."""
        called = self.emitter.names.new(wanted)
        self.emitter.prepared.append(f"{called} = {text(code)}")
        return name(called)

    def record(self, source: RuleSource, identifier: str) -> Fields | None:
        """A state's class."""
        return self.emitter.record(source, identifier)

    def inside(self, method: str, arguments: Sequence[Piece]) -> Piece:
        """A call of one of the functions of the rule inside."""
        assert self.inner is not None
        return self.inner.call(method, arguments)

    def made_like(self, source: RuleSource, make: ast.expr) -> Piece:
        """The numbers themselves, computed now by ``partial(function, name=value, ...)`` and written down."""
        assert isinstance(make, ast.Call)
        assert isinstance(make.args[0], ast.Name)
        given: dict[str, Any] = {}
        for keyword in make.keywords:
            match keyword.value:
                case ast.Constant(value):
                    given[keyword.arg or ""] = value
                case ast.Attribute(ast.Name("self"), own):
                    given[keyword.arg or ""] = getattr(self.owner, own)
        numbers = getattr(source.module, make.args[0].id)(self.emitter.count, **given)
        code = ast.parse(self.emitter.vector_of(numbers.tolist()), mode="eval").body
        return Piece(self.prepared("fixed", code), VECTOR)


class Inside(Protocol):
    """The functions of the rule inside another."""

    def call(self, method: str, arguments: Sequence[Piece]) -> Piece:
        """A call of one of them."""


class Definition(NamedTuple):
    """A function or method of a rule, where it stands, and the kinds of its arguments by name."""

    node: ast.FunctionDef
    source: RuleSource
    around: Around
    arguments: Mapping[str, Kind]
