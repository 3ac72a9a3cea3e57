"""A method that a framework lacks, written as one of its own optimizers: a class that trains anything there.

Only methods in which each parameter goes its own way are written so, as frameworks step one tensor after the other.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from downslope.export import rule_source
from downslope.export.arithmetic import NUMBER, VECTOR, Kind
from downslope.export.formatter import commented, docstring, indent_lines
from downslope.export.inline_form import InlineForm, PointNames, inline_form
from downslope.export.python import fill, name, names_in, real, text
from downslope.export.statements import Statement, statement_lines
from downslope.export.translate import Piece
from downslope.messages import Message, documented, message

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


@dataclass
class OwnClass:
    """The lines of the class, and the call that makes an optimizer of it.

    Attributes:
        lines: the class.
        call: with the constants of the script.
        average: of the point that an averaging method reports, or nothing.
    """

    lines: list[str]
    call: str
    average: str = ""


def _fields(writer: ScriptWriter) -> list[tuple[str, float | int, Message]]:
    """(hyperparameter, its default, what it is) of the rule."""
    rule = writer.model.method.rule
    records = rule.__dataclass_fields__
    return [
        (f, records[f].default, documented(records[f].metadata.get("about", "")))
        for f in rule.hyperparameters()
    ]


def _has_rate(writer: ScriptWriter) -> bool:
    return any(f == "learning_rate" for f, _, _ in _fields(writer))


def _call(writer: ScriptWriter, first: str) -> str:
    """The call with the script's constants."""
    rule = writer.model.method.rule
    around = writer.emitter.around(rule)
    if writer.table is not None:
        writer.emitter.instead["learning_rate"] = Piece(writer.table.first, NUMBER)
    given = [f"{f}={text(around.hyperparameter(f).code)}" for f, _, _ in _fields(writer)]
    return f"{type(rule).__name__}({', '.join([*([first] if first else []), *given])})"


def _head(writer: ScriptWriter, base: str, *first: str) -> list[str]:
    rule = writer.model.method.rule
    arguments = ["self", *first]
    for f, default, _ in _fields(writer):
        value = real(default) if isinstance(default, float) else ast.Constant(default)
        arguments.append(f"{f}={text(value)}")
    about = docstring([rule_source.summary_and_source(type(rule))[0]], 4)
    return [f"class {type(rule).__name__}({base}):", *about, "", f"    def __init__({', '.join(arguments)}):"]


def _attribute(field: str) -> str:
    """What a hyperparameter is called as an attribute: Keras does something of its own with a weight_decay."""
    return "pull" if field == "weight_decay" else field


def _kept(writer: ScriptWriter, *otherwise: str) -> list[str]:
    """The lines that keep the hyperparameters, but for those that the framework keeps."""
    return [
        commented(f"        self.{_attribute(f)} = {f}", about)
        for f, _, about in _fields(writer)
        if f not in otherwise
    ]


def _rule(
    writer: ScriptWriter, point: PointNames, *, rate: str, state: str, first_rate: str = ""
) -> InlineForm:
    """The statements, hyperparameters being attributes and ``state`` the template of a variable of the state."""
    emitter, first_rate = writer.emitter, first_rate or rate
    before, beginning = emitter.instead, emitter.beginning
    emitter.instead = {f: Piece(name(f"self.{_attribute(f)}"), NUMBER) for f, _, _ in _fields(writer)}
    emitter.instead["learning_rate"] = Piece(ast.parse(rate, mode="eval").body, NUMBER)
    emitter.beginning = {"learning_rate": Piece(ast.parse(first_rate, mode="eval").body, NUMBER)}

    def naming(field: str, kind: Kind) -> str:
        return state.replace("FIELD", field)

    found = inline_form(writer.model.method.rule, emitter, point, naming)
    emitter.instead, emitter.beginning = before, beginning
    return found


def for_torch(writer: ScriptWriter) -> OwnClass:
    """A subclass of ``torch.optim.Optimizer``."""
    found = _rule(writer, PointNames("x", "g", "value"), rate='group["lr"]', state='state["FIELD"]')
    lines = _head(writer, "torch.optim.Optimizer", "params")
    kept = '{"lr": learning_rate}' if _has_rate(writer) else "{}"
    lines += [f"        super().__init__(params, {kept})", *_kept(writer, "learning_rate"), ""]
    at = next(i for i, s in enumerate(found.last) if s.target == "x")
    steps = [
        *statement_lines([*found.statements, *found.last[:at]]),
        _in_place(found.last[at].value),
        *statement_lines(found.last[at + 1 :]),
    ]
    lines += [
        "    @torch.no_grad()",
        "    def step(self):",
        *docstring([message("Change every parameter that has a gradient.")], 8),
        "        for group in self.param_groups:",
        '            for x in (x for x in group["params"] if x.grad is not None):',
        "                g, state = x.grad, self.state[x]" if found.state else "                g = x.grad",
    ]
    if found.state:
        lines += ["                if not state:", *indent_lines(found.state_lines, 5)]
    lines += indent_lines(steps, 4)
    average = ""
    if found.answer is not None:
        average = text(found.answer).replace("state[", f"optimizer.state[{writer.point}][")
    return OwnClass(lines, _call(writer, f"[{writer.point}]"), average)


def _in_place(value: ast.expr) -> str:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and text(value.left) == "x":
        return f"x -= {text(value.right)}"
    return f"x.copy_({text(value)})"


def for_keras(writer: ScriptWriter) -> OwnClass:
    """A subclass of ``keras.optimizers.Optimizer``."""
    found = _rule(
        writer,
        PointNames("variable", "gradient", "value"),
        rate="learning_rate",
        state="FIELD",
        first_rate="self.learning_rate",
    )
    rule = writer.model.method.rule
    lines = _head(writer, "keras.optimizers.Optimizer")
    rate = "learning_rate" if _has_rate(writer) else "1.0"  # Keras wants one
    lines += [f'        super().__init__(learning_rate={rate}, name="{rule.name()}")']
    lines += [*_kept(writer, "learning_rate"), ""]
    state = [called for called, _, _, _ in found.state]
    if state:
        lines += ["    def build(self, variables):", "        if self.built:", "            return"]
        lines.append("        super().build(variables)")
        for called, value, comment, kind in found.state:
            made = _keras_state(called, value, kind)
            lines.append(commented(f"        self.{called} = [{made} for variable in variables]", comment))
        lines.append("")
    lines.append("    def update_step(self, gradient, variable, learning_rate):")
    lines += docstring([message("Change one variable.")], 8)
    if state:
        lines.append("        i = self._get_variable_index(variable)")
        pairs = [f"self.{called}[i]" for called in state]
        lines.append(f"        {', '.join(state)} = {', '.join(pairs)}")
    everything = [_by_python(s) for s in (*found.statements, *found.last)]
    lines += indent_lines([_assigned(s, {*state, "variable"}) for s in everything], 2)
    average = f"optimizer.{text(found.answer)}[0]" if found.answer is not None else ""
    return OwnClass(lines, _call(writer, ""), average)


class _OfPlainNumbers(ast.NodeTransformer):
    """Functions of hyperparameters alone, which are Python's numbers, by Python: Keras's own give float32."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        word = text(node.func).rpartition(".")[2]
        names = [part for value in node.args for part in ast.walk(value) if isinstance(part, ast.Attribute)]
        plain = all(text(part.value) in ("self", "math") for part in names)
        bare = {n for value in node.args for n in names_in(value)} <= {"self", "math"}
        if text(node.func).startswith("keras.ops.") and word in ("sqrt", "log", "cos") and plain and bare:
            return fill(f"math.{word}(_0)", *node.args)
        return node


def _by_python(statement: Statement) -> Statement:
    value = _OfPlainNumbers().visit(copy.deepcopy(statement.value))
    return Statement(statement.target, value, statement.kind, statement.comment)


def _keras_state(called: str, value: ast.expr, kind: Kind) -> str:
    if kind == VECTOR and text(value) == "keras.ops.zeros_like(variable)":
        return f'self.add_variable_from_reference(variable, name="{called}")'
    return f"keras.Variable({text(value)}, dtype=variable.dtype, trainable=False)"


def _assigned(statement: Statement, variables: set[str]) -> str:
    """A statement, variables of the framework being assigned to by its own means."""
    if statement.target not in variables:
        return commented(f"{statement.target} = {text(statement.value)}", statement.comment)
    value = statement.value
    if (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Sub)
        and text(value.left) == statement.target
    ):
        return commented(f"self.assign_sub({statement.target}, {text(value.right)})", statement.comment)
    return commented(f"self.assign({statement.target}, {text(value)})", statement.comment)
