"""The loop of a script: evaluate, print a row, step. Three kinds, one for each way in which a rule is written.

*Stepwise*: the rule's statements stand in the loop. *Functional*: ``update`` is called. *Library*: the framework's
own optimizer is. A rule that searches along a line may refuse a point; then a row is printed, and a step counted,
only where it does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from downslope.export.arithmetic import NUMBER
from downslope.export.formatter import commented, docstring, indent_lines
from downslope.export.functional_form import FunctionalForm
from downslope.export.inline_form import PointNames, inline_form
from downslope.export.layered_form import form_of
from downslope.export.library import filled
from downslope.export.printed_rows import header, row
from downslope.export.python import name, text
from downslope.export.statements import statement_lines
from downslope.export.translate import Piece
from downslope.export.wrapper_code import compared, gradient_lines, residual, within_bounds
from downslope.messages import message

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


@dataclass
class LoopCode:
    """A loop, and what stands before and after it.

    Attributes:
        lines: the loop itself.
        state: lines that make the rule's variables before it.
        average: the point that an averaging method reports, or nothing.
    """

    lines: list[str]
    state: list[str]
    average: str = ""


def loop_code_of(writer: ScriptWriter) -> LoopCode:
    """The loop for the rule that the writer tells of."""
    kind: Callable[[ScriptWriter], LoopCode] = _stepwise if writer.simple and writer.inline else _functional
    loop = (_library if writer.made_by or writer.own else kind)(writer)
    before = writer.table.before if writer.table else []
    return LoopCode(loop.lines, [*before, *loop.state, *remembered(writer)], loop.average)


def remembered(writer: ScriptWriter) -> list[str]:
    """What the tests remember of the step before; infinitely far away, before the first one."""
    ends = writer.model.ends
    which = message("of the step before")
    lines = [commented("last_value = math.inf", which)] if ends.value_tolerance is not None else []
    nowhere = commented(f"last_point = {writer.nowhere()}", which)
    return [*lines, nowhere] if ends.x_tolerance is not None else lines


def head(writer: ScriptWriter, searches: bool) -> list[str]:
    """The header of the table and the first line of the loop."""
    lines = header(writer)
    return [*lines, "step = 0", "while True:"] if searches else [*lines, "for step in range(STEPS + 1):"]


def norm(writer: ScriptWriter) -> str:
    """The line that measures how far there is to go."""
    return f"norm = {writer.length(residual(writer))}"


def report(writer: ScriptWriter, early: bool = False) -> list[str]:
    """Print the row, and leave the loop after the last one; ``early`` where the norm is known already."""
    ends = writer.model.ends
    lines = [] if early else [norm(writer)]
    if ends.relative_tolerance is not None:
        lines += ["if step == 0:", "    first_norm = norm"]
    last = " or ".join([*_tests(writer), "step == STEPS"])
    if writer.model.every > 1:
        lines += [
            f"finished = {last}",
            "if step % EVERY == 0 or finished:",
            f"    {row(writer)}",
            "if finished:",
        ]
    else:
        lines += [row(writer), f"if {last}:"]
    lines.append("    break")
    if ends.value_tolerance is not None:
        lines.append("last_value = value")
    if ends.x_tolerance is not None:
        lines.append(f"last_point = {writer.copied()}")
    return lines


def _tests(writer: ScriptWriter) -> list[str]:
    """The conditions that end the run, in the order in which they are judged."""
    ends, tests = writer.model.ends, []
    if ends.relative_tolerance is not None:
        least = "RELATIVE_TOLERANCE * first_norm"
        tests.append(f"norm <= {least if ends.tolerance is None else f'max(TOLERANCE, {least})'}")
    elif ends.tolerance is not None:
        tests.append("norm <= TOLERANCE")
    if ends.target is not None:
        tests.append(f"value {'>=' if writer.model.uphill else '<='} TARGET")
    if ends.value_tolerance is not None:
        tests.append("abs(value - last_value) <= VALUE_TOLERANCE")
    if ends.x_tolerance is not None:
        tests.append(f"{writer.length(writer.difference('last_point'))} <= POINT_TOLERANCE")
    return tests


def searching(writer: ScriptWriter, before: list[str], accepted: str, after: list[str]) -> list[str]:
    """The loop of a rule that may refuse a point: what comes before that is known, the condition, and the rest."""
    early = writer.hasty or bool(gradient_lines(writer))  # g or the point change before a row can be printed
    reported = [f"if {accepted}:", *indent_lines([*report(writer, early), "step += 1"])]
    first = [*writer.evaluate(), *([norm(writer)] if early else []), *before]
    return [*head(writer, True), *indent_lines([*first, *_merged(reported, after)])]


def plainly(writer: ScriptWriter, steps: list[str]) -> list[str]:
    """The loop of a rule that accepts every point."""
    return [*head(writer, False), *indent_lines([*writer.evaluate(), *report(writer), *steps])]


def beforehand(writer: ScriptWriter, compares: bool) -> list[str]:
    """The lines before the rule's own: the value it compares, the gradient as it sees it, the learning rate."""
    lines = gradient_lines(writer)
    if writer.sight != "value" and (compares or (writer.table is not None and writer.table.sees)):
        lines = [f"{writer.sight} = {compared(writer)}", *lines]
    return [*lines, *(writer.table.lines(writer.sight) if writer.table else [])]


def _stepwise(writer: ScriptWriter) -> LoopCode:
    found = inline_form(writer.model.method.rule, writer.emitter, PointNames(writer.point, "g", writer.sight))
    before = beforehand(writer, found.reads(writer.sight))
    at = next(i for i, s in enumerate(found.last) if s.target == writer.point)
    earlier, later = found.statements[: found.decided], found.statements[found.decided :]
    rest = [
        *statement_lines([*later, *found.last[:at]]),
        *writer.moved(within_bounds(writer, found.last[at].value)),
        *statement_lines(found.last[at + 1 :]),
    ]
    state = found.state_lines
    average = text(found.answer) if found.answer is not None else ""
    if found.accepted is None:
        return LoopCode(plainly(writer, writer.stepped([*before, *rest])), state, average)
    first = writer.stepped([*before, *statement_lines(earlier)])
    return LoopCode(searching(writer, first, text(found.accepted), writer.stepped(rest)), state, average)


def _functional(writer: ScriptWriter) -> LoopCode:
    # A single coordinate, as the point of its own name, could be called as one of the rule's variables.
    made = form_of(writer.model.method, writer.emitter, "x" if writer.alone else writer.point)
    before = beforehand(writer, "value" in made.takes)
    given = [writer.kept_point(), *([writer.sight] if "value" in made.takes else []), "g"]
    given += [*(["state"] if made.init else []), *(["rate"] if "rate" in made.takes else [])]
    call = f"{made.update}({', '.join(given)})"
    state = [f"state = {made.init}({writer.kept_point()})"] if made.init else []
    answer = made.answer.replace("{point}", writer.kept_point())
    next_point = writer.replaced(within_bounds(writer, name("next_point")))
    if made.searches:
        reported = [f"reported = {answer}"] if answer else []  # before the state goes on
        first = writer.stepped([*before, *reported, f"next_point, state, accepted = {call}"])
        loop = searching(writer, first, "accepted", writer.stepped(next_point))
        return LoopCode(loop, state, "reported" if answer else "")
    transforms = writer.library is not None and writer.library.compiled  # optax: pure functions of a state
    if transforms and made.init and not {"value", "rate"} & set(made.takes):
        return _transformation(writer, made, before)
    if made.init and next_point == [f"{writer.point} = next_point"]:
        steps = [f"{writer.point}, state = {call}"]
    elif made.init:
        steps = [f"next_point, state = {call}", *next_point]
    else:
        steps = writer.replaced(within_bounds(writer, ast.parse(call, mode="eval").body))
    return LoopCode(plainly(writer, writer.stepped([*before, *steps])), state, answer)


def _transformation(writer: ScriptWriter, made: FunctionalForm, before: list[str]) -> LoopCode:
    """The rule's functions as one of optax's transformations, and the loop around that."""
    writer.transformed = True
    change, point = writer.emitter.names.new("change"), made.point
    writer.emitter.functions[change] = [
        f"def {change}(g, state, {point}):",
        *docstring([message("What optax adds to the parameters.")], 4),
        f"    next_{point}, state = {made.update}({point}, g, state)",
        f"    return next_{point} - {point}, state",
    ]
    point = writer.point
    state = [
        f"optimizer = optax.GradientTransformation({made.init}, {change})",
        f"state = optimizer.init({point})",
    ]
    steps = [
        f"updates, state = optimizer.update(g, state, {point})",
        f"{point} = optax.apply_updates({point}, updates)",
        *writer.bounded(),
    ]
    return LoopCode(plainly(writer, [*before, *steps]), state, made.answer)


def _rate(writer: ScriptWriter) -> list[str]:
    """The lines that compute the learning rate of a step, from the value as the rule compares it where it looks."""
    if writer.table is None:
        return []
    lines = writer.table.lines(writer.sight)
    if writer.table.sees and writer.sight != "value":
        return [f"{writer.sight} = {compared(writer)}", *lines]
    return lines


def _library(writer: ScriptWriter) -> LoopCode:
    """The loop around an optimizer of the framework."""
    library, rule = writer.library, writer.model.method.rule
    assert library is not None
    if writer.own is not None:
        own = writer.own(writer)
        writer.emitter.functions[type(rule).__name__] = own.lines
        steps = [*writer.used(_rate(writer), gradient_lines(writer)), *writer.bounded()]
        return LoopCode(plainly(writer, steps), writer.created(own.call), own.average)
    if writer.table is not None:
        writer.emitter.instead["learning_rate"] = Piece(writer.first_rate(writer.table), NUMBER)
    around = writer.emitter.around(rule)
    used = [f for f in rule.hyperparameters() if re.search(rf"[(, =]{f}\b(?!=)", writer.made_by)]
    constants = {field: around.hyperparameter(field).code for field in used}
    call = filled(writer.made_by, {"_x": name(writer.point), **constants})
    average = library.averages.get(type(rule).__name__, "").replace("_x", writer.point)
    steps = [*writer.used(_rate(writer), gradient_lines(writer)), *writer.bounded()]
    return LoopCode(plainly(writer, steps), writer.created(call), average)


def _merged(report: list[str], rest: list[str]) -> list[str]:
    """Two blocks under one condition as one."""
    if not rest or rest[0] != report[0]:
        return [*report, *rest]
    return [*report, *rest[1:]]
