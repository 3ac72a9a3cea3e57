"""A schedule of the learning rate as a function of the step, from its own source."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from downslope.errors import ObjectiveError
from downslope.export import arithmetic, rule_source
from downslope.export.arithmetic import NUMBER, Arithmetic
from downslope.export.emitter import Definition, Emitter
from downslope.export.formatter import commented, docstring
from downslope.export.formulas import Speller
from downslope.export.inline_form import HERE, OLD, PointNames, Reader, fields_returned
from downslope.export.python import name, number, text
from downslope.export.statements import statement_lines
from downslope.export.translate import Piece
from downslope.export.vocabulary import JAX, NUMPY, Words
from downslope.messages import documented, message
from downslope.optimizers import Optimizer
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.optimizers.schedules.custom import Custom
from downslope.optimizers.schedules.plateau import ReduceOnPlateau
from downslope.symbolic import SymbolicArray, lift

NUMBERS = replace(arithmetic.NUMPY_ONE, copy="_0")


@dataclass
class ScheduleLines:
    """What the loop has to know: the rate's name, the lines that compute it, and what is set before the loop.

    Attributes:
        piece: the learning rate in the rule's statements.
        first: the learning rate before the first step.
        function: the name of a function of the step that it is; nothing where it looks at values.
        before: lines before the loop.
        within: lines at the beginning of a step.
        sees: whether it looks at the values of the objective.
    """

    piece: Piece
    first: ast.expr
    function: str = ""
    before: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)
    sees: bool = False

    def lines(self, sight: str) -> list[str]:
        """The lines of a step."""
        return [line.replace("@value", sight) for line in self.within]


def schedule_lines(
    schedule: Schedule, rule: Optimizer, emitter: Emitter, numbers: Arithmetic = NUMBERS
) -> ScheduleLines:
    """Write the schedule: a function ``learning_rate(step)``, and what it needs; with these numbers."""
    about = documented(type(rule).__dataclass_fields__["learning_rate"].metadata.get("about", ""))
    parts = _parts(schedule)
    constant = 1.0
    for part in parts:
        constant *= part.value if isinstance(part, Constant) else 1.0
    rest = [part for part in parts if not isinstance(part, Constant)]
    factor: ast.expr = name(emitter.constant("rate", "LEARNING_RATE", text(ast.Constant(constant)), about))
    made = ScheduleLines(Piece(name("rate"), NUMBER), factor)
    looking = [part for part in rest if isinstance(part, ReduceOnPlateau)]
    steady = [part for part in rest if not isinstance(part, ReduceOnPlateau)]
    if steady:
        for part in steady:
            factor = ast.BinOp(
                factor, ast.Mult(), ast.Call(name(_function(part, emitter, numbers)), [name("step")], [])
            )
        called = emitter.names.new("learning_rate")
        why = message("whole numbers would make float32 of it")
        exact = [commented("    step = step.astype(float)", why)] * numbers.compiled
        emitter.functions[called] = [f"def {called}(step):", *exact, f"    return {text(factor)}"]
        factor = ast.Call(name(called), [name("step")], [])
        made.first = ast.Call(name(called), [number(0)], [])
        made.function = "" if looking else called
    for part in looking:
        factor = ast.BinOp(factor, ast.Mult(), name(_plateau(part, emitter, made)))
    made.within.append(f"rate = {text(factor)}")
    return made


def _parts(schedule: Schedule) -> list[Schedule]:
    """What it is the product of."""
    if isinstance(schedule, Product):
        return [*_parts(schedule.first), *_parts(schedule.second)]
    return [schedule]


def _function(schedule: Schedule, emitter: Emitter, numbers: Arithmetic) -> str:
    """The name of the function of the step that this schedule is."""
    if isinstance(schedule, Custom):
        return _custom(schedule, emitter, JAX if numbers.compiled else NUMPY)
    cls = type(schedule)
    source = rule_source.source_of_class(cls)
    node = source.method(cls.__name__, "factor")
    assert node is not None
    around = emitter.around(schedule, prefix=f"{cls.name()}_")
    key = (cls.__name__, schedule)
    before = emitter.arithmetic
    emitter.arithmetic = numbers
    try:
        called, _ = emitter.function(key, cls.name(), Definition(node, source, around, {"count": NUMBER}))
    finally:
        emitter.arithmetic = before
    summary = str(rule_source.summary_and_source(cls)[0])
    text = "\n".join(emitter.functions[called])
    for own in cls.__dataclass_fields__:  # by the names that they have in the script
        constant = f"{cls.name()}_{own}".upper()
        summary = summary.replace(f"``{own}``", constant if constant in text else own)
    emitter.functions[called][1:1] = docstring([summary.replace("``", "`")], 4)
    return called


def _custom(schedule: Custom, emitter: Emitter, words: Words) -> str:
    """A person's own function of the step, as the formula it was traced into."""
    try:
        expression = schedule.factor(SymbolicArray.symbols("k")).item()
    except Exception as error:  # whatever a person's function raises
        raise ObjectiveError(
            message(
                "the schedule's own function cannot be written out: it is not arithmetic of the step"
                " (or only its name was saved). Use a schedule of optimizers.schedules instead."
            )
        ) from error
    called = emitter.names.new("factor")
    code = Speller(words, {"k": "step"}).expression(lift(expression))
    emitter.functions[called] = [f"def {called}(step):", f"    return {text(code)}"]
    return called


def _plateau(schedule: ReduceOnPlateau, emitter: Emitter, made: ScheduleLines) -> str:
    """Statements that watch the value; the name of the factor."""
    cls = type(schedule)
    source = rule_source.source_of_class(cls)
    node = source.method(cls.__name__, "update")
    assert node is not None
    state = schedule.init()
    before = emitter.arithmetic
    emitter.arithmetic = NUMBERS
    try:
        around = emitter.around(schedule, prefix="plateau_")
        reader = Reader(around, state, PointNames(x="step", g="g", value="@value"))
        reader.scope |= {
            "count": Piece(name(HERE + "step"), NUMBER),
            "value": Piece(name(HERE + "@value"), NUMBER),
            "state": Piece(name("state"), reader.kinds),
        }
        for statement in node.body:
            reader_body = ast.FunctionDef("update", node.args, [statement], [])
            if not isinstance(statement, ast.Return):
                reader.read(reader_body)
            else:
                assert isinstance(statement.value, ast.Tuple)
                reader.result = ast.Tuple(
                    [statement.value.elts[0], statement.value.elts[1], ast.Constant(True)]
                )
        found = reader.finish(fields_returned(reader, reader.result.elts[1], state))
    finally:
        emitter.arithmetic = before
    comments = dict(source.fields(type(state).__name__))
    for wanted, value in zip(state._fields, state, strict=True):
        called = text(reader.called[OLD + wanted])
        first = text(number(value)) if value == 0 else value
        made.before.append(commented(f"{called} = {first}", comments[wanted]))
    made.within += statement_lines([*found.statements, *found.last[:-1]])
    made.sees = True
    factor = found.last[-1].value
    return text(factor)
