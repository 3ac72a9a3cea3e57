"""A script, from its docstring to its last line: what all dialects have in common.

The parts come in the order in which a person reads: what it does, imports, constants, the function (and its gradient),
the functions of the rule, the start, the loop that evaluates, prints and steps, and the answer.
"""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from downslope.export import arithmetic, rule_source, schedules
from downslope.export.arithmetic import Arithmetic
from downslope.export.costs import Costs
from downslope.export.emitter import Emitter
from downslope.export.formatter import (
    commented,
    docstring,
    format_lines,
    indent_lines,
)
from downslope.export.formulas import Speller
from downslope.export.library import FrameworkOptimizers
from downslope.export.loops import LoopCode, loop_code_of
from downslope.export.names import Persons, ScriptNames
from downslope.export.own_classes import OwnClass
from downslope.export.printed_rows import reporting
from downslope.export.python import fill, name, real, text
from downslope.export.rule_form import is_separate, is_simple
from downslope.export.script_constants import constants_of
from downslope.export.script_docstring import docstring_of
from downslope.export.script_imports import imports_of
from downslope.export.script_model import ScriptModel
from downslope.export.statements import unpacked
from downslope.export.table_templates import TableTemplates
from downslope.export.translate import Piece
from downslope.export.vocabulary import Words
from downslope.export.wrapper_code import compared, within_bounds
from downslope.messages import Message, message
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.requirements import requirements_of

# Names that the script uses itself; a rule's variables and a person's parameters get others.
OURS = (
    "optimizer step report value g norm finished f gradient cost rate accepted last_value last_point first_norm"
    " average next_point name number numbers titles title loss residual slope root share scores log_odds log_rate X Z"
    " rows row file LABELS centre spread ones middle in_user_units start theta hessian at move rows_of told reported"
)

CLIMBING = message("climbing f is descending -f")
OVERFLOWING = message("a trial step may overflow; the search refuses it")


def script_of(writer: Callable[[ScriptModel], ScriptWriter], model: ScriptModel) -> str:
    """The script, a person's names kept apart from those that a draft of it uses."""
    draft = writer(replace(model, names=Persons(draft=True)))
    names = Persons.apart_from(draft.write(), draft.names.given)
    return writer(replace(model, names=names)).write()


class ScriptWriter(ABC):
    """Writes one story in one dialect.

    Attributes:
        title: the dialect's name for people.
        words: its spelling of formulas.
        vector: template of a vector made from a list of numbers.
        differentiates: whether the framework differentiates the function; else its gradient is written out.
        inline: whether a simple rule is written into the loop; else it is always functions.
        bends, rows_at: templates of the second derivatives, and of the residuals with theirs, at a point ``_x``.
        overflows, searches: whether the rule searches along a line; whether a point may be no step.
        hasty: whether a step changes the point before it is known if the old one is accepted.
        columns_end: what the names of columns end with, where the bare names are needed for something else.
        gradient: what the script calls the gradient.
        element: what is put behind the name of a vector in an expression of its elements.
        library: the framework's optimizers, where they are to be used.
        own, transformed: what writes the method as one of them, where it is none; whether it became one otherwise.
        made_by: the template of the call that makes the optimizer of the library; nothing where it has none.
        curved: the rule, where it asks for more than a value and a gradient.
        alone: whether the point is a single number, called like the parameter.
        point, called: what the point, and each coordinate of it, is called.
        sight: what the value is called that the rule compares.
        costs: writes the cost of a fit; None for a formula.
        f: what the function is called.
    """

    title: ClassVar[Message | str]
    words: ClassVar[Words]
    table_templates: ClassVar[TableTemplates]
    vector: ClassVar[str]
    differentiates: ClassVar[bool] = True
    inline: ClassVar[bool] = True
    bends: ClassVar[str] = "hessian(_x)"
    rows_at: ClassVar[str] = "rows_of(_x)"
    hasty: ClassVar[bool] = False
    columns_end: ClassVar[str] = ""
    gradient: ClassVar[str] = "g"
    element: ClassVar[str] = ""

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        self.model, self.library = model, library
        rule = model.method.rule
        self.curved = rule if isinstance(rule, CurvedRule) else None
        plain = not model.method.around
        self.made_by = library.call(rule, model.method.schedule, model.single) if library and plain else ""
        self.own = (
            self.own_class()
            if library is not None and plain and not self.made_by and is_separate(rule)
            else None
        )
        self.names = ScriptNames([*OURS.split(), *self.words.imports])
        self.simple = plain and is_simple(rule)
        self.overflows = self.curved is not None or requirements_of(rule).searches
        self.searches = self.overflows or (not plain and requirements_of(model.method.whole).searches)
        matrix = model.table is not None and model.table.as_matrix
        self.alone = len(model.coordinates) == 1 and (self.simple or bool(self.made_by)) and not matrix
        if self.alone:
            self.point = model.names.new(self.names, model.coordinates[0])
            self.called = {model.coordinates[0]: self.point}
        else:
            self.point = self.names.new("params")
            scope = self.names.inner()
            self.called = {c: model.names.new(scope, c) for c in model.coordinates}
        self.emitter = Emitter(self.arithmetic(self.alone), self.names)
        self.emitter.vector_of, self.emitter.count = self.fixed_vector, len(model.coordinates)
        self.speller = Speller(self.words, self.called)
        self.table: schedules.ScheduleLines | None = None
        self.transformed = False
        self.costs = Costs(self, model.table, self.table_templates) if model.table is not None else None
        self.f = "f" if model.table is None else "loss"

    # What a dialect says.

    @abstractmethod
    def arithmetic(self, alone: bool) -> Arithmetic:
        """Its arithmetic, for a single number or for vectors."""

    @abstractmethod
    def preamble(self) -> list[str]:
        """Lines after the imports."""

    @abstractmethod
    def begin(self, numbers: ast.expr) -> list[str]:
        """The start."""

    @abstractmethod
    def evaluate(self) -> list[str]:
        """Value and gradient at the point; the gradient is that of what is descended."""

    @abstractmethod
    def length(self, vector: str) -> str:
        """The Euclidean norm of a vector."""

    @abstractmethod
    def clipped(self, vector: str, low: str, high: str) -> str:
        """A vector with every element brought between two bounds."""

    @abstractmethod
    def sight_of(self) -> str:
        """The value that the rule compares, as a plain number: of what is descended."""

    @abstractmethod
    def moved(self, value: ast.expr) -> list[str]:
        """The point becomes that value."""

    @abstractmethod
    def plain(self, number: str) -> str:
        """A number of the dialect as one of Python's."""

    @abstractmethod
    def listed(self, point: str) -> str:
        """The point as a list of plain numbers."""

    # What a dialect may say otherwise.

    def objective(self) -> list[str]:
        """The function, and its gradient where it is written out."""
        written = self.given or not self.differentiates
        return [*self.function(), *(self.written_gradient() if written else [])]

    def gathered(self, slopes: list[ast.expr]) -> ast.expr:
        """The gradient, from the derivatives."""
        return slopes[0] if self.alone else fill(self.vector, ast.List(slopes))

    def returned(self, slopes: ast.expr) -> list[str]:
        """The lines that return a gradient that is computed as one vector."""
        return [f"return {text(slopes)}"]

    def own_class(self) -> Callable[[ScriptWriter], OwnClass] | None:
        """What writes a method that the framework lacks as one of its optimizers."""
        return None

    def stepped(self, lines: list[str]) -> list[str]:
        """The lines of a step, put where the dialect wants them."""
        return lines

    def spread(self) -> str:
        """The coordinates of the point as arguments."""
        return f"*{self.point}"

    def shown(self) -> str:
        """A point of one number as something that can be formatted."""
        return self.point

    def kept_point(self) -> str:
        """The point as functions of the rule may keep it: something that never changes."""
        return self.point

    def replaced(self, value: ast.expr) -> list[str]:
        """The point becomes another, and what was kept of the old one stays as it is."""
        return self.moved(value)

    def unpacking(self) -> list[str]:
        """The lines that give the coordinates of the point their names."""
        return unpacked(list(self.called.values()), self.point)

    def value_at(self, point: str) -> str:
        """The value at some other point."""
        return f"{self.f}({point})"

    def square(self) -> str:
        """The squared length of the point."""
        x = name(self.point)
        code = text(self.emitter.arithmetic.call("dot", [x, x], [arithmetic.VECTOR, arithmetic.VECTOR])[0])
        return f"({code})" if " " in code and not code.endswith(")") else code

    def each(self, code: str) -> str:
        """A vector, from an expression of its elements."""
        return code

    def copied(self) -> str:
        """The point, kept while it changes."""
        return text(fill(self.emitter.arithmetic.copy, name(self.point)))

    def nowhere(self) -> str:
        """What is infinitely far from every point."""
        return "math.inf"

    def difference(self, other: str) -> str:
        """The vector from another point to this one."""
        return f"{self.point} - {other}"

    def constant_vector(self, code: str) -> str:
        """A list of numbers as one of the dialect's vectors; a number stays as it is."""
        return code

    def fixed_vector(self, numbers: list[float]) -> str:
        """Numbers that a rule begins with, as one of the dialect's vectors."""
        return self.constant_vector(text(ast.List([real(v) for v in numbers])))

    def loop(self) -> LoopCode:
        """The loop, with what stands before and after it."""
        return loop_code_of(self)

    def first_rate(self, table: schedules.ScheduleLines) -> ast.expr:
        """What the optimizer of the framework is told of a learning rate that changes."""
        return table.first

    def created(self, call: str) -> list[str]:
        """The lines that make the optimizer of the framework."""
        return [f"optimizer = {call}"]

    def used(self, rate: list[str], before: list[str]) -> list[str]:
        """The lines that step with it: at this rate, where it changes, the gradient changed before."""
        raise NotImplementedError  # only for dialects that have a library

    @staticmethod
    def given_rate(rate: list[str], place: str) -> list[str]:
        """The lines that put the learning rate of this step in its place."""
        if len(rate) == 1:
            return [f"{place} = {rate[0].removeprefix('rate = ')}"]
        return [*rate, f"{place} = rate"] if rate else []

    def bounded(self) -> list[str]:
        """The lines that bring the point back within its bounds."""
        point = within_bounds(self, name(self.point))
        return [] if text(point) == self.point else self.stepped(self.moved(point))

    # The parts of the script.

    def write(self) -> str:
        """The whole script."""
        objective = self.objective()
        self._prepare_table()
        self.sight = "value" if compared(self) == "value" else "cost"
        loop = self.loop()
        numbers: list[ast.expr] = [real(v) for v in self.model.start]
        body = [
            *self.preamble(),
            *constants_of(self),
            *self._helpers(),
            *([""] if self.speller.helpers and self.costs is not None else []),
            *objective,
            *self._functions(),
            *reporting(self),
            *("", ""),
            *self.emitter.prepared,
            *self._first(numbers[0] if self.alone else ast.List(numbers)),
            *loop.state,
            "",
            *loop.lines,
            *self._answer(loop.average),
        ]
        code = re.sub(r"\n{4,}", "\n\n\n", format_lines(body))
        return (
            format_lines(docstring_of(self)) + "\n" + imports_of(code, self.words.imports) + code.lstrip("\n")
        )

    @property
    def given(self) -> bool:
        """Whether the gradient was given, in place of the true one."""
        return self.model.supplied is not None or (
            self.model.table is not None and bool(self.model.table.supplied)
        )

    def opening(self, function: str, whole: bool = False) -> list[str]:
        """The first lines of a function of the point; ``whole`` where it does not need the coordinates by name."""
        return [
            f"def {function}({self.point}):",
            *([] if self.alone or whole else indent_lines(self.unpacking())),
        ]

    def _first(self, numbers: ast.expr) -> list[str]:
        """The start, in the units of the descent."""
        lines = self.begin(numbers)
        if self.costs is None or not self.costs.table.standardised:
            return [*self.ready(), *lines]
        start = text(fill(self.costs.words.array, numbers))
        begun = self.begin_at(f"start * spread{self.costs.into_units()}")
        units = message("in the columns' own units")
        return [*self.ready(), commented(f"start = {start}", units), begun, *lines[1:]]

    def ready(self) -> list[str]:
        """Lines before the start."""
        return []

    def begin_at(self, code: str) -> str:
        """The line that makes the start of an expression."""
        return f"{self.point} = {code}"

    def function(self) -> list[str]:
        """The function itself."""
        if self.costs is not None:
            return [*self.costs.given(), *self.costs.loss()]
        value = self.speller.expression(self.model.formula)
        return ["", "", *self.opening("f"), f"    return {text(value)}"]

    def written_gradient(self) -> list[str]:
        """The gradient as a function."""
        whole = False
        if self.costs is not None:
            body, slopes = ([], self.costs.supplied()) if self.given else self.costs.slopes()
            results = [ast.parse(slope, mode="eval").body for slope in slopes]
            whole = self.costs.table.as_matrix
        else:
            shared = self.model.derivatives()
            self.speller.called = {**self.called, **{part: part for part, _ in shared.parts}}
            results = [self.speller.lifted(result) for result in shared.results]
            body = [f"{part} = {text(self.speller.expression(tree))}" for part, tree in shared.parts]
        if not whole or self.given:
            body.append(f"return {text(self.gathered(results))}")
        else:
            body += self.returned(results[0])
        given = message("As it was given, in place of the derivative of {function}.", function=self.f)
        head, *taken = self.opening("gradient", whole)
        return ["", "", head, *(docstring([given], 4) if self.given else []), *taken, *indent_lines(body)]

    def _prepare_table(self) -> None:
        """The learning rate's schedule, where it has one."""
        method = self.model.method
        if method.schedule is None:
            return
        inside = self.made_by and self.library is not None and self.library.compiled
        numbers = arithmetic.JAX_ONE if inside else schedules.NUMBERS
        self.table = schedules.schedule_lines(method.schedule, method.rule, self.emitter, numbers)
        self.emitter.instead["learning_rate"] = self.table.piece
        self.emitter.beginning["learning_rate"] = Piece(self.table.first, arithmetic.NUMBER)

    def _helpers(self) -> list[str]:
        sources = self.speller.helpers.values()
        return [line for source in sources for line in ["", "", *rule_source.helper_lines(source)]]

    def _functions(self) -> list[str]:
        made = (*self.emitter.records.values(), *self.emitter.functions.values())
        return [line for lines in made for line in ("", "", *lines)]

    def _answer(self, average: str) -> list[str]:
        names, lines, value = self.model.coordinates, [""], "value"
        if average:
            why = message("this method reports an average of its points")
            lines.append(commented(f"average = {average}", why))
            value = self.value_at("average")
        point = "average" if average else self.point
        if self.costs is not None and self.costs.table.standardised:
            point = f"in_user_units({point})"
        lines.append(f'print("\\n{self.f} =", {self.plain(value)})')
        if self.alone:
            return [*lines, f"print({text(ast.Constant(f'{names[0]} ='))}, {self.plain(point)})"]
        return [*lines, f"for name, number in {self.pairs(point)}:", '    print(name, "=", number)']

    def pairs(self, point: str) -> str:
        """The names of the coordinates with their numbers."""
        shown = text(ast.List([ast.Constant(c) for c in self.model.coordinates]))
        return f"zip({shown}, {self.listed(point)})"
