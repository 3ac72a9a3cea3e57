"""A schedule of the learning rate as a function of the step, from its own source."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from downslope.errors import ObjectiveError
from downslope.export import arithmetic, rulebook
from downslope.export.arithmetic import NUMBER, Arithmetic
from downslope.export.formulas import Speller
from downslope.export.layout import docstring
from downslope.export.python import name, number, text
from downslope.export.statements import written
from downslope.export.stepwise import HERE, OLD, Point, Reader, fields_returned
from downslope.export.translate import Piece
from downslope.export.vocabulary import JAX, NUMPY, Words
from downslope.export.workshop import Workshop
from downslope.optimizers import Optimizer
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.optimizers.schedules.custom import Custom
from downslope.optimizers.schedules.plateau import ReduceOnPlateau
from downslope.symbolic import SymbolicArray, lift

NUMBERS = replace(arithmetic.NUMPY_ONE, copy="_0")


@dataclass
class Table:
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


def table(schedule: Schedule, rule: Optimizer, shop: Workshop, numbers: Arithmetic = NUMBERS) -> Table:
    """Write the schedule in the workshop: a function ``learning_rate(step)``, and what it needs; with these numbers."""
    about = type(rule).__dataclass_fields__["learning_rate"].metadata.get("about", "")
    parts = _parts(schedule)
    constant = 1.0
    for part in parts:
        constant *= part.value if isinstance(part, Constant) else 1.0
    rest = [part for part in parts if not isinstance(part, Constant)]
    factor: ast.expr = name(shop.constant("rate", "LEARNING_RATE", text(ast.Constant(constant)), about))
    made = Table(Piece(name("rate"), NUMBER), factor)
    looking = [part for part in rest if isinstance(part, ReduceOnPlateau)]
    steady = [part for part in rest if not isinstance(part, ReduceOnPlateau)]
    if steady:
        for part in steady:
            factor = ast.BinOp(
                factor, ast.Mult(), ast.Call(name(_function(part, shop, numbers)), [name("step")], [])
            )
        called = shop.names.new("learning_rate")
        exact = ["    step = step.astype(float)  # whole numbers would make float32 of it"] * numbers.compiled
        shop.functions[called] = [f"def {called}(step):", *exact, f"    return {text(factor)}"]
        factor = ast.Call(name(called), [name("step")], [])
        made.first = ast.Call(name(called), [number(0)], [])
        made.function = "" if looking else called
    for part in looking:
        factor = ast.BinOp(factor, ast.Mult(), name(_plateau(part, shop, made)))
    made.within.append(f"rate = {text(factor)}")
    return made


def _parts(schedule: Schedule) -> list[Schedule]:
    """What it is the product of."""
    if isinstance(schedule, Product):
        return [*_parts(schedule.first), *_parts(schedule.second)]
    return [schedule]


def _function(schedule: Schedule, shop: Workshop, numbers: Arithmetic) -> str:
    """The name of the function of the step that this schedule is."""
    if isinstance(schedule, Custom):
        return _custom(schedule, shop, JAX if numbers.compiled else NUMPY)
    cls = type(schedule)
    source = rulebook.source_of_class(cls)
    node = source.method(cls.__name__, "factor")
    assert node is not None
    around = shop.around(schedule, prefix=f"{cls.name()}_")
    key = (cls.__name__, schedule)
    before = shop.arithmetic
    shop.arithmetic = numbers
    try:
        called, _ = shop.function(
            key, cls.name(), node, source, around, {"count": NUMBER}, arithmetic=numbers
        )
    finally:
        shop.arithmetic = before
    summary, _ = rulebook.summary_and_source(cls)
    text = "\n".join(shop.functions[called])
    for own in cls.__dataclass_fields__:  # by the names that they have in the script
        constant = f"{cls.name()}_{own}".upper()
        summary = summary.replace(f"``{own}``", constant if constant in text else own)
    shop.functions[called][1:1] = docstring([summary.replace("``", "`")], 4)
    return called


def _custom(schedule: Custom, shop: Workshop, words: Words) -> str:
    """A person's own function of the step, as the formula it was traced into."""
    try:
        expression = schedule.factor(SymbolicArray.symbols("k")).item()
    except Exception as error:  # whatever a person's function raises
        raise ObjectiveError(
            "the schedule's own function cannot be written out: it is not arithmetic of the step (or only its name was"
            " saved). Use a schedule of optimizers.schedules instead."
        ) from error
    called = shop.names.new("factor")
    code = Speller(words, {"k": "step"}).expression(lift(expression))
    shop.functions[called] = [f"def {called}(step):", f"    return {text(code)}"]
    return called


def _plateau(schedule: ReduceOnPlateau, shop: Workshop, made: Table) -> str:
    """Statements that watch the value; the name of the factor."""
    cls = type(schedule)
    source = rulebook.source_of_class(cls)
    around = shop.around(schedule, prefix="plateau_")
    node = source.method(cls.__name__, "update")
    assert node is not None
    state = schedule.init()
    before = shop.arithmetic
    shop.arithmetic = NUMBERS
    try:
        reader = Reader(source, shop, around, state, Point(x="step", g="g", value="@value"))
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
        found = reader.finished(fields_returned(reader, reader.result.elts[1], state))
    finally:
        shop.arithmetic = before
    comments = dict(source.fields(type(state).__name__))
    for wanted, value in zip(state._fields, state, strict=True):
        called = text(reader.called[OLD + wanted])
        made.before.append(f"{called} = {text(number(value)) if value == 0 else value}  # {comments[wanted]}")
    made.within += written([*found.statements, *found.last[:-1]])
    made.sees = True
    factor = found.last[-1].value
    return text(factor)
