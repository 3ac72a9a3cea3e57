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
from itertools import pairwise
from typing import ClassVar

from downslope.descent.status_words import in_words
from downslope.export import arithmetic, rule_source, schedules
from downslope.export.arithmetic import Arithmetic
from downslope.export.costs import Costs
from downslope.export.emitter import Emitter
from downslope.export.formatter import (
    WIDTH,
    at_right,
    cells,
    commented,
    docstring,
    format_lines,
    indent_lines,
    split_rows,
)
from downslope.export.formulas import Speller
from downslope.export.library import FrameworkOptimizers
from downslope.export.loops import LoopCode, loop_code_of
from downslope.export.names import Persons, ScriptNames
from downslope.export.own_classes import OwnClass
from downslope.export.python import fill, name, quoted, real, text
from downslope.export.rule_form import is_elementwise, is_simple
from downslope.export.script_model import COLUMNS, ScriptModel, joined
from downslope.export.table_templates import TableTemplates
from downslope.export.translate import Piece
from downslope.export.vocabulary import Words
from downslope.messages import NOTHING, Message, message, plural
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.wrappers.clipping import ClipByNorm, ClipByValue
from downslope.optimizers.wrappers.projected import Projected
from downslope.optimizers.wrappers.weight_decay import WeightDecay

# Names that the script uses itself; a rule's variables and a person's parameters get others.
OURS = (
    "optimizer step report value g norm finished f gradient cost rate accepted last_value last_point first_norm"
    " average next_point name number numbers titles title loss residual slope root share scores log_odds log_rate X Z"
    " rows row file LABELS centre spread ones middle in_user_units start theta"
)

_IMPORTS = {
    "csv": "import csv",
    "functools": "import functools",
    "math": "import math",
    "NamedTuple": "from typing import NamedTuple",
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "keras": "import keras",
    "np": "import numpy as np",
    "optax": "import optax",
    "sympy": "import sympy",
    "tf": "import tensorflow as tf",
    "torch": "import torch",
}
_STANDARD = ("csv", "functools", "math", "NamedTuple")
_BACKEND = 'os.environ["KERAS_BACKEND"] = "tensorflow"'

# How methods are called in a sentence, where that is not the name of their class.
_SPOKEN = {
    "GradientDescent": message("gradient descent", context="method"),
    "Momentum": message("gradient descent with momentum", context="method"),
    "Nesterov": message("Nesterov's accelerated gradient", context="method"),
    "Auto": message("quasi-Newton steps (downslope's auto)", context="method"),
    "ConjugateGradientPR": message("conjugate gradients (Polak-Ribière)", context="method"),
    "ConjugateGradientHZ": message("conjugate gradients (Hager-Zhang)", context="method"),
    "Armijo": message("steepest descent with Armijo's line search", context="method"),
}

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
        inline: whether a simple rule is written into the loop; else it is always functions.
        hasty: whether a step changes the point before it is known if the old one is accepted.
        columns_end: what the names of columns end with, where the bare names are needed for something else.
        library: the framework's optimizers, where they are to be used.
        own, transformed: what writes the method as one of them, where it is none; whether it became one otherwise.
        made_by: the template of the call that makes the optimizer of the library; nothing where it has none.
        alone: whether the point is a single number, called like the parameter.
        point, called: what the point, and each coordinate of it, is called.
        sight: what the value is called that the rule compares.
        costs: writes the cost of a fit; None for a formula.
        f: what the function is called.
    """

    title: ClassVar[Message | str]
    words: ClassVar[Words]
    table_templates: ClassVar[TableTemplates]
    inline: ClassVar[bool] = True
    hasty: ClassVar[bool] = False
    columns_end: ClassVar[str] = ""

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        self.model, self.library = model, library
        rule = model.method.rule
        self.made_by = library.call(rule, model.method.schedule, model.single) if library else ""
        self.own = (
            self.own_class() if library is not None and not self.made_by and is_elementwise(rule) else None
        )
        self.names = ScriptNames(OURS.split())
        self.simple, self.searches = is_simple(rule), requirements_of(rule).searches
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
    def objective(self) -> list[str]:
        """The function, and its gradient where it is written out."""

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
        point = self.within_bounds(name(self.point))
        return [] if text(point) == self.point else self.stepped(self.moved(point))

    # The parts of the script.

    def write(self) -> str:
        """The whole script."""
        objective = self.objective()
        self._prepare_table()
        self.sight = "value" if self.compared() == "value" else "cost"
        loop = self.loop()
        numbers: list[ast.expr] = [real(v) for v in self.model.start]
        body = [
            *self.preamble(),
            *self._constants(),
            *self._helpers(),
            *([""] if self.speller.helpers and self.costs is not None else []),
            *objective,
            *self._functions(),
            *self._reporting(),
            *("", ""),
            *self.emitter.prepared,
            *self._first(numbers[0] if self.alone else ast.List(numbers)),
            *loop.state,
            "",
            *loop.lines,
            *self._answer(loop.average),
        ]
        code = re.sub(r"\n{4,}", "\n\n\n", format_lines(body))
        return format_lines(self._docstring()) + "\n" + self._imports(code) + code.lstrip("\n")

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
            return [*self.costs.data(), *self.costs.units(), *self.costs.loss()]
        value = self.speller.expression(self.model.formula)
        taken = [] if self.alone else indent_lines(self.unpacking())
        return ["", "", f"def f({self.point}):", *taken, f"    return {text(value)}"]

    def written_gradient(self, made: str, about: Message = NOTHING) -> list[str]:
        """The gradient as a function; ``made`` is the template of a vector from a list."""
        if self.costs is not None:
            body, slopes = self.costs.slopes()
            return self._gradient_of(body, slopes, made, about)
        shared = self.model.derivatives()
        self.speller.called = {**self.called, **{part: part for part, _ in shared.parts}}
        results = [self.speller.lifted(result) for result in shared.results]
        taken = [] if self.alone else indent_lines(self.unpacking())
        parts = [f"    {part} = {text(self.speller.expression(tree))}" for part, tree in shared.parts]
        value = results[0] if self.alone else fill(made, ast.List(results))
        head = ["", "", f"def gradient({self.point}):", *(docstring([about], 4) if about else [])]
        return [*head, *taken, *parts, f"    return {text(value)}"]

    def supplied(self, made: str) -> list[str]:
        """The gradient that the run was given, where it was given one."""
        given = message("As it was given, in place of the derivative of {function}.", function=self.f)
        if not self.given:
            return []
        if self.costs is not None:
            return self._gradient_of([], self.costs.supplied(), made, given)
        return self.written_gradient(made, given)

    def _gradient_of(self, body: list[str], slopes: list[str], made: str, about: Message) -> list[str]:
        """The gradient of a cost as a function."""
        assert self.costs is not None
        head, *taken = self.opening("gradient", self.costs.table.as_matrix)
        codes = [ast.parse(slope, mode="eval").body for slope in slopes]
        whole = self.costs.table.as_matrix and not self.given
        value = codes[0] if self.alone or whole else fill(made, ast.List(codes))
        lines = [f"    {line}" for line in body]
        return [
            "",
            "",
            head,
            *(docstring([about], 4) if about else []),
            *taken,
            *lines,
            f"    return {text(value)}",
        ]

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

    def _docstring(self) -> list[str]:
        model, rule = self.model, self.model.method.rule
        summary, source = rule_source.summary_and_source(type(rule))
        absence: Message = NOTHING
        if self.library is not None and not self.made_by:
            absence = self.library.absence(rule, model.single, bool(self.own) or self.transformed)
        paper = message("Source: {source}", source=source) if source else NOTHING
        return docstring([self._aim(), summary, paper, absence, self._course()])

    def _aim(self) -> Message:
        """What the script does, how and with what."""
        model, kind = self.model, type(self.model.method.rule).__name__
        method: Message | str = _SPOKEN.get(kind, kind)
        if model.unasked:
            method = message("{method} (auto's choice)", method=method)
        where = self.title
        if self.library is not None and (self.made_by or self.own or self.transformed):
            where = message("{framework}, with {library}", framework=where, library=self.library.title)
        if self.costs is not None:
            return message(
                "Fit {hypothesis}: minimise {cost} by {method}, in {place}.",
                hypothesis=model.fitted,
                cost=self.costs.about(),
                method=method,
                place=where,
            )
        if model.uphill:
            return message(
                "Maximise {function} by {method}, in {place}.",
                function=model.function,
                method=method,
                place=where,
            )
        return message(
            "Minimise {function} by {method}, in {place}.",
            function=model.function,
            method=method,
            place=where,
        )

    def _course(self) -> Message:
        """From where to where it goes, and in how many steps."""
        run, names = self.model.run, self.model.coordinates
        start, point = joined(names, self.model.start), joined(names, run.final.tolist())
        value = f"{self.f} = {run.fun:.10g}"
        if run.status != "step_limit":
            return plural(
                "From {start} it takes {n:,} step to {value} at {point} ({ending}).",
                "From {start} it takes {n:,} steps to {value} at {point} ({ending}).",
                n=run.nit,
                start=start,
                value=value,
                point=point,
                ending=in_words(run.status),
            )
        if point.endswith("..."):
            return plural(
                "From {start} it takes {n:,} step to {value} at {point}",
                "From {start} it takes {n:,} steps to {value} at {point}",
                n=run.nit,
                start=start,
                value=value,
                point=point,
            )
        return plural(
            "From {start} it takes {n:,} step to {value} at {point}.",
            "From {start} it takes {n:,} steps to {value} at {point}.",
            n=run.nit,
            start=start,
            value=value,
            point=point,
        )

    def _imports(self, code: str) -> str:
        bare = re.sub(r"#[^\n]*|\"\"\".*?\"\"\"", "", code, flags=re.S)
        used = [word for word in _IMPORTS if re.search(rf"(?<![\w.\"]){word}\b(?!\")", bare)]
        keras = "keras" in used
        standard = [_IMPORTS[w] for w in used if w in _STANDARD]
        standard = [*standard, "import os"] if keras else standard
        others = [_IMPORTS[w] for w in used if w not in _STANDARD]
        backend = [commented(_BACKEND, message("before Keras is imported"))] if keras else []
        blocks = ["\n".join(block) for block in (standard, backend, others) if block]
        return "\n\n".join(blocks) + "\n\n" if blocks else ""

    def _constants(self) -> list[str]:
        ends, run = self.model.ends, self.model.run
        made = list(self.emitter.constants.values())
        fields = [f.upper() for f in self.model.method.rule.hyperparameters()]
        made.sort(key=lambda c: fields.index(c.name) if c.name in fields else len(fields))
        about: Message = NOTHING if ends.steps == run.nit else message("at most")
        if ends.steps == run.nit and run.status not in ("step_limit", "converged", "target_reached"):
            about = message("after which the run ended: {ending}", ending=in_words(run.status))
        lines = [*(c.line for c in made), commented(f"STEPS = {_grouped(ends.steps)}", about)]
        asked = {
            "TOLERANCE": (ends.tolerance, message("of the gradient's norm")),
            "RELATIVE_TOLERANCE": (
                ends.relative_tolerance,
                message("of the gradient's norm, relative to the first one"),
            ),
            "VALUE_TOLERANCE": (ends.value_tolerance, message("of the change of the value in a step")),
            "POINT_TOLERANCE": (ends.x_tolerance, message("of the length of a step")),
            "TARGET": (ends.target, message("the value that is enough")),
        }
        lines += [
            commented(f"{c} = {text(real(v))}", said) for c, (v, said) in asked.items() if v is not None
        ]
        if self.model.every > 1:
            spacing = message("steps from one printed row to the next")
            lines.append(commented(f"EVERY = {_grouped(self.model.every)}", spacing))
        return lines

    def _helpers(self) -> list[str]:
        sources = self.speller.helpers.values()
        return [line for source in sources for line in ["", "", *rule_source.helper_lines(source)]]

    def _functions(self) -> list[str]:
        made = (*self.emitter.records.values(), *self.emitter.functions.values())
        return [line for lines in made for line in ("", "", *lines)]

    def _columns(self) -> list[tuple[str, int]]:
        width = self.model.digits + 8
        shown = self.model.coordinates if len(self.model.coordinates) <= COLUMNS else ()
        names = [c if len(c) < width else c[: width - 3] + ".." for c in shown]
        titles = (message("value", context="axis"), message("gradient norm", context="axis"))
        step = str(message("step", context="axis"))
        return [(step, self._step_width()), *((h, width) for h in (*map(str, titles), *names))]

    def header(self) -> list[str]:
        """The lines that print the header of the table."""
        (first, room), *others = self._columns()
        whole = "".join(at_right(title, width) for title, width in ((first, room), *others))
        if cells(whole) <= WIDTH - 9:
            return [f"print({text(ast.Constant(whole))})"]
        titles = text(ast.List([ast.Constant(title) for title, _ in others]))
        return [
            f"titles = {titles}",
            f'print({quoted(at_right(first, room))} + "".join(f"{{title:>{others[0][1]}}}" for title in titles))',
        ]

    def _reporting(self) -> list[str]:
        width, digits = self.model.digits + 8, self.model.digits
        return [
            *("", "", "def report(step, *numbers):"),
            *docstring([message("Print a row of the table.")], 4),
            f'    print(f"{{step:{self._step_width()}}}"'
            f' + "".join(f"{{number:{width}.{digits}g}}" for number in numbers))',
        ]

    def _step_width(self) -> int:
        return max(6, len(str(self.model.run.nit)))

    def row(self) -> str:
        """The line that prints a row."""
        if self.alone:
            return f"report(step, value, norm, {self.shown()})"
        if len(self.model.coordinates) > COLUMNS:
            return "report(step, value, norm)"
        if self.costs is not None and self.costs.table.standardised:
            return f"report(step, value, norm, *{self.listed(f'in_user_units({self.point})')})"
        return f"report(step, value, norm, {self.spread()})"

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

    # What is around the rule.

    def compared(self) -> str:
        """The value that the rule compares, with the penalties that wrappers add."""
        code = self.sight_of()
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, WeightDecay):
                code += f" + 0.5 * {self.weight(wrapper)} * {self.square()}"
        return code

    def square(self) -> str:
        """The squared length of the point."""
        x = name(self.point)
        code = text(self.emitter.arithmetic.call("dot", [x, x], [arithmetic.VECTOR, arithmetic.VECTOR])[0])
        return f"({code})" if " " in code and not code.endswith(")") else code

    def residual(self) -> str:
        """What vanishes at the end: the gradient, unless there are bounds or a penalty."""
        code = "g"
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, WeightDecay):
                code = f"{code} + {self.weight(wrapper)} * {self.point}"
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, Projected):
                inner = f"{self.point} - ({code})" if "+" in code else f"{self.point} - {code}"
                code = f"{self.point} - {self.clipped(inner, *self.bounds(wrapper))}"
        return code

    def gradient_lines(self) -> list[str]:
        """The gradient as the rule sees it: clipped, or with a penalty's."""
        lines: list[str] = []
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, WeightDecay):
                lines.append(f"g = g + {self.weight(wrapper)} * {self.point}")
            elif isinstance(wrapper, (ClipByValue, ClipByNorm)):
                limit, length = self.limit(wrapper), self.length("g")
                if isinstance(wrapper, ClipByValue):
                    lines.append(f"g = {self.clipped('g', f'-{limit}', limit)}")
                else:
                    lines += [f"if {length} > {limit}:", f"    g = g * ({limit} / {length})"]
        return lines

    def limit(self, wrapper: ClipByValue | ClipByNorm) -> str:
        """The constant to which a gradient is clipped."""
        by_value = isinstance(wrapper, ClipByValue)
        about = message("longest gradient")
        if by_value:
            about = message("largest part of the gradient")
        return self.emitter.constant(str(id(wrapper)), "CLIP", text(real(wrapper.limit)), about)

    def weight(self, wrapper: WeightDecay) -> str:
        """The constant of a penalty."""
        return self.emitter.constant(
            "decay", "WEIGHT_DECAY", text(real(wrapper.rate)), message("strength of the penalty")
        )

    def bounds(self, wrapper: Projected) -> tuple[str, str]:
        """The constants of the bounds."""
        made = []
        for word, side in (("LOWER", wrapper.lower), ("UPPER", wrapper.upper)):
            value = real(side[0]) if self.alone else ast.List([real(v) for v in side])
            about = message("the parameters stay within") if word == "LOWER" else NOTHING
            made.append(self.emitter.constant(word, word, self.constant_vector(text(value)), about))
        return made[0], made[1]

    def within_bounds(self, value: ast.expr) -> ast.expr:
        """A next point brought within the bounds, where there are any."""
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, Projected):
                return ast.parse(self.clipped(text(value), *self.bounds(wrapper)), mode="eval").body
        return value


def _grouped(count: int) -> str:
    """A whole number as Python groups its digits."""
    return f"{count:_}" if count >= 10_000 else str(count)


def unpacked(called: list[str], source: str) -> list[str]:
    """``x, y = params``, or ``(x,) = params``; where these are more than a line of names, a slice for each line."""
    rows = split_rows(called, WIDTH - len(f"    (,) = {source}[{len(called)}:{len(called)}]"))
    if len(rows) == 1:
        return [f"{_tupled(called)} = {source}"]
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    places = [f"{begin or ''}:{end if end < len(called) else ''}" for begin, end in pairwise(ends)]
    return [f"{_tupled(row)} = {source}[{place}]" for row, place in zip(rows, places, strict=True)]


def _tupled(names: list[str]) -> str:
    return text(ast.Tuple([name(n) for n in names]))
