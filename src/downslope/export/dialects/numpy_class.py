"""The method as a class with ``update(params, gradients)`` over dicts, which changes the parameters in place.

Where each parameter goes its own way, so does the class, key by key. Where lengths and inner products tie them
together, or the method searches along a line, the class packs the dict into a vector for the method's functions.
"""

from __future__ import annotations

import ast

from downslope.export import rule_source
from downslope.export.arithmetic import MASK, NUMBER, VECTOR, Kind
from downslope.export.dialects.numpy import NumPy
from downslope.export.formatter import commented, docstring, indent_lines
from downslope.export.functional_form import FunctionalForm
from downslope.export.inline_form import InlineForm, PointNames, inline_form
from downslope.export.layered_form import form_of
from downslope.export.library import FrameworkOptimizers
from downslope.export.loops import LoopCode, beforehand, plainly, remembered, searching
from downslope.export.python import fill, name, real, text
from downslope.export.rule_form import is_separate
from downslope.export.script import CLIMBING
from downslope.export.script_model import ScriptModel
from downslope.export.statements import numbers_first, statement_lines
from downslope.export.translate import Piece
from downslope.export.wrapper_code import bounds
from downslope.messages import NOTHING, documented, message, sentences
from downslope.optimizers.hyperparameters import is_hyperparameter
from downslope.optimizers.wrappers.projected import Projected

_IN_PLACE = message("Change the parameters in place.")


class NumPyClass(NumPy):
    """A dict of parameters and an optimizer object."""

    title = message("NumPy, as a class")
    hasty = True
    gradient = "gradients"
    element = "[key]"

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        super().__init__(model, library)
        self.alone = False
        self.names = self.names.__class__([*self.names.taken, "params", "gradients", "key", "tried"])
        self.point = "params"
        scope = self.names.inner()
        self.called = {c: model.names.new(scope, c) for c in model.coordinates}
        self.separate = not model.method.around and is_separate(model.method.rule)
        self.class_name = model.method.called.replace("(", "").replace(")", "")
        self.emitter.names, self.emitter.arithmetic = self.names, self.arithmetic(self.separate)
        self.speller.called = self.called

    def opening(self, function: str, whole: bool = False) -> list[str]:
        if whole:
            return [f"def {function}(*params):", "    params = np.array(params)"]
        return [f"def {function}({', '.join(self.called.values())}):"]

    def gathered(self, slopes: list[ast.expr]) -> ast.expr:
        return ast.Dict([ast.Constant(c) for c in self.model.coordinates], slopes)

    def returned(self, slopes: ast.expr) -> list[str]:
        return [f"slopes = {text(slopes)}", f"return {self._zipped('slopes.tolist()')}"]

    def _zipped(self, numbers: str) -> str:
        return f"dict(zip({text(ast.List([ast.Constant(c) for c in self.model.coordinates]))}, {numbers}))"

    def begin_at(self, code: str) -> str:
        return f"params = {self._zipped(f'({code}).tolist()')}"

    def begin(self, numbers: ast.expr) -> list[str]:
        assert isinstance(numbers, ast.List)
        values = [fill("np.float32(_0)", n) for n in numbers.elts] if self.model.single else numbers.elts
        keys: list[ast.expr | None] = [ast.Constant(c) for c in self.model.coordinates]
        rule = self.model.method.rule
        given = [
            ast.keyword(field, real(value) if is_hyperparameter(value) else ast.Constant(value))
            for field, value in rule.hyperparameters().items()
            if isinstance(value, (int, float)) and (field != "learning_rate" or self.table is None)
        ]
        made = ast.Call(name(self.class_name), [], given if self.separate else [])
        return [f"params = {text(ast.Dict(keys, list(values)))}", f"optimizer = {text(made)}"]

    def evaluate(self) -> list[str]:
        lines = [f"value, gradients = {self.f}(*params.values()), gradient(*params.values())"]
        if self.model.uphill:
            lines.append(commented("", CLIMBING))
            lines.append(f"gradients = {self.each('-g')}")
        return lines

    def length(self, vector: str) -> str:
        return f"math.hypot(*{vector}.values())"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"min(max({vector}, {low}), {high})"

    def moved(self, value: ast.expr) -> list[str]:
        return [f"params[key] = {text(value)}"]

    def listed(self, point: str) -> str:
        if point.startswith("in_user_units("):
            inner = point.removeprefix("in_user_units(").removesuffix(")")
            here = self.here if inner == "params" else inner
            return f"in_user_units(np.array(list({here}.values()))).tolist()"
        return f"map(float, {self.here if point == 'params' else point}.values())"

    def pairs(self, point: str) -> str:
        if point.startswith("in_user_units("):
            return super().pairs(point)
        return f"{self.here if point == 'params' else point}.items()"

    def spread(self) -> str:
        return f"*{self.here}.values()"

    def value_at(self, point: str) -> str:
        return f"{self.f}(*{point}.values())"

    def fixed_vector(self, numbers: list[float]) -> str:
        return f"np.array({text(ast.List([real(v) for v in numbers]))})"

    def constant_vector(self, code: str) -> str:
        values = ast.parse(code, mode="eval").body
        assert isinstance(values, ast.List)
        return text(ast.Dict([ast.Constant(c) for c in self.model.coordinates], values.elts))

    def each(self, code: str) -> str:
        return f"{{key: {code} for key, g in gradients.items()}}"

    def _projection_lines(self) -> list[str]:
        for wrapper in self.model.method.wrappers:
            if isinstance(wrapper, Projected):
                low, high = bounds(self, wrapper)
                return [
                    "for key, number in params.items():",
                    f"    params[key] = min(max(number, {low}[key]), {high}[key])",
                ]
        return []

    # The class and the loop around it.

    def loop(self) -> LoopCode:
        """Evaluate, print, update."""
        self.emitter.instead.pop("learning_rate", None)
        if self.separate:
            made = None
            average = self._separate_class()
        else:
            if self.table is not None:
                self.emitter.instead["learning_rate"] = self.table.piece
            made = form_of(self.model.method, self.emitter)
            average = self._vector_class(made)
        compares = made is not None and "value" in made.takes
        before = [
            line.replace("rate = ", "optimizer.learning_rate = ") for line in beforehand(self, compares)
        ]
        call = f"optimizer.update(params, gradients{', ' + self.sight if compares else ''})"
        state = [*(self.table.before if self.table else []), *remembered(self)]
        if not self.searches:
            return LoopCode(plainly(self, [*before, call, *self._projection_lines()]), state, average)
        first = [*before, "tried = dict(params)", f"accepted = {call}", *self._projection_lines()]
        return LoopCode(searching(self, first, "accepted", []), state, average)

    def _heading(self) -> list[str]:
        rule = self.model.method.rule
        return [
            f"class {self.class_name}:",
            *docstring([rule_source.summary_and_source(type(rule))[0]], 4),
            "",
        ]

    def _separate_class(self) -> str:
        rule, fields = self.model.method.rule, []
        for field, value in rule.hyperparameters().items():
            about = documented(rule.__dataclass_fields__[field].metadata.get("about", ""))
            scheduled = field == "learning_rate" and self.table is not None
            default = type(rule).__dataclass_fields__[field].default
            default = value if not isinstance(default, (int, float)) else default
            fields.append((field, None if scheduled else default, about))
            self.emitter.instead[field] = Piece(name(f"self.{field}"), NUMBER)

        def naming(field: str, kind: Kind) -> str:
            return f"self.{field}[key]" if kind == VECTOR else f"self.{field}"

        found = inline_form(rule, self.emitter, PointNames("params[key]", "g", "value"), naming)
        arguments = ", ".join(["self", *(f"{f}={text(ast.Constant(v))}" for f, v, _ in fields)])
        lines = [*self._heading(), f"    def __init__({arguments}):"]
        lines += [commented(f"        self.{f} = {f}", about) for f, _, about in fields]
        lines += [
            commented(
                f"        {called.removesuffix('[key]')} = {'{}' if kind == VECTOR else text(value)}", comment
            )
            for called, value, comment, kind in found.state
        ]
        self.emitter.functions[type(rule).__name__] = [*lines, "", *indent_lines(self._update(found))]
        if found.answer is None:
            return ""
        return f"optimizer.{text(found.answer).removeprefix('self.').removesuffix('[key]')}"

    def _update(self, found: InlineForm) -> list[str]:
        lines = ["def update(self, params, gradients):", *docstring([_IN_PLACE], 4)]
        vectors = [(c, v) for c, v, _, kind in found.state if kind == VECTOR]
        if vectors:
            lines.append(f"    if not {vectors[0][0].removesuffix('[key]')}:")
            lines.append("        for key in params:")
            lines += [f"            {called} = {text(value)}" for called, value in vectors]
        numbers, each = numbers_first(found.statements, self.names.new)
        each += [s for s in found.last if s.kind in (VECTOR, MASK)]
        lines += indent_lines(statement_lines(numbers))
        lines += ["    for key, g in gradients.items():", *indent_lines([_in_place(s.line) for s in each], 2)]
        return [
            *lines,
            *indent_lines(statement_lines([s for s in found.last if s.kind not in (VECTOR, MASK)])),
        ]

    def _vector_class(self, made: FunctionalForm) -> str:
        takes = made.takes
        arguments = ["self", "params", "gradients", *(["value"] if "value" in takes else [])]
        given = ["x", *(["value"] if "value" in takes else []), "g", *(["self.state"] if made.init else [])]
        given += ["self.learning_rate"] if "rate" in takes else []
        call = f"{made.update}({', '.join(given)})"
        results = ["x", *(["self.state"] if made.init else []), *(["accepted"] if made.searches else [])]
        accepting = message("It says whether the point it was at is accepted.")
        about = sentences(_IN_PLACE, accepting if made.searches else NOTHING)
        lines = self._heading()
        if made.init:
            lines += ["    def __init__(self):", "        self.state = None", ""]
        lines += [
            f"    def update({', '.join(arguments)}):",
            *docstring([about], 8),
            "        x = np.array(list(params.values()))",
            "        g = np.array([gradients[key] for key in params])",
        ]
        if made.init:
            lines += ["        if self.state is None:", f"            self.state = {made.init}(x)"]
        answer = made.answer.replace("{point}", "x")
        if answer and made.searches:  # before the state goes on
            lines.append(f"        self.reported = {answer.replace('state', 'self.state')}")
        lines += [f"        {', '.join(results)} = {call}", "        params.update(zip(params, x.tolist()))"]
        if made.searches:
            lines.append("        return accepted")
        self.emitter.functions[self.class_name] = lines
        if not answer:
            return ""
        point = "np.array(list(params.values()))"
        said = made.answer.replace("{point}", point).replace("state", "optimizer.state")
        return f"dict(zip(params, {'optimizer.reported' if made.searches else said}.tolist()))"

    def square(self) -> str:
        return "sum(p * p for p in params.values())"

    def difference(self, other: str) -> str:
        return f"{{key: {self.here}[key] - {other}[key] for key in params}}"

    def nowhere(self) -> str:
        return "dict.fromkeys(params, math.inf)"

    def copied(self) -> str:
        return f"dict({self.here})"

    @property
    def here(self) -> str:
        """The point of a row: where a step may be refused, it is no longer in ``params``."""
        return "tried" if self.searches else "params"


def _in_place(line: str) -> str:
    """``params[key] -= ...`` where that says the same."""
    return line.replace("params[key] = params[key] - ", "params[key] -= ", 1) if _one_term(line) else line


def _one_term(line: str) -> bool:
    """Whether what is subtracted is the whole rest of the line."""
    head = "params[key] = params[key] - "
    if not line.startswith(head):
        return False
    value = ast.parse(line.removeprefix("params[key] = "), mode="eval").body
    return isinstance(value, ast.BinOp) and text(value.left) == "params[key]"
