"""The loop of a rule that asks for more than a value and a gradient: NumPy's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.export.curved_form import CurvedForm, curved_form
from downslope.export.formatter import commented, indent_lines
from downslope.export.loops import LoopCode, head, remembered, report
from downslope.export.python import fill, name, real, text
from downslope.export.wrapper_code import compared
from downslope.messages import message
from downslope.optimizers import marquardt

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


def curved_loop(writer: ScriptWriter) -> LoopCode:
    """The loop around the rule's own functions."""
    assert writer.curved is not None
    made, point, single = curved_form(writer.curved, writer.emitter), writer.point, writer.model.single
    wide = f"{point}.astype(float)" if single else point
    lines = [*_evaluated(writer, made, wide), f"move = {made.step}(at, state)"]
    ended = [*(_elsewhere(writer) if made.elsewhere else _here(writer)), "step += 1"]
    following = "move.point.astype(np.float32)" if single else "move.point"
    stuck = f"elif np.array_equal(move.point, {point}):"
    lines += ["if move.accepted:", *indent_lines(ended)]
    lines += [commented(stuck, message("as near as rounding lets it come")), "    break"]
    lines.append(f"{point}, state = {following}, move.state")
    state = [f"state = {made.init}({wide})", *remembered(writer)]
    return LoopCode([*head(writer, True), *indent_lines(lines)], state)


def _evaluated(writer: ScriptWriter, made: CurvedForm, wide: str) -> list[str]:
    """The lines that make ``at``, what is known of the point."""
    sees, sign, single = writer.sight, "-" if writer.model.uphill else "", writer.model.single
    if made.brief:
        lines = [
            f"value, told = {made.brief}({writer.rows_at.replace('_x', wide)})",
            "g = 2 * told.root.T @ told.along",
        ]
        return [*lines, f"at = {made.evaluation}({wide}, value, g, told)", *_level(writer)]
    values = writer.model.asks_for("values")
    slope = "None" if values else "g.astype(float)" if single else "g"
    lines = [f"value = {writer.value_at(writer.point)}"] if values else writer.evaluate()
    if sees != "value":
        lines.append(f"{sees} = {compared(writer)}")
    seen = f"float({sees})" if single else sees
    lines.append(f"at = {made.evaluation}({wide}, {seen}, {slope})")
    if writer.model.asks_for("hessian"):
        wanted = f" and {made.wants}(at, state)" if made.wants else ""
        lines += [
            f"if np.isfinite(value){wanted}:",
            f"    at = at._replace(curvature={sign}{writer.bends.replace('_x', wide)})",
        ]
    return lines


def _level(writer: ScriptWriter) -> list[str]:
    """The line that says how much of the cost of a fit may be rounding, where its own loop knew that."""
    costs, emitter = writer.costs, writer.emitter
    if costs is None or costs.table.trace is None:
        return []
    level = emitter.constants[f"{marquardt.__name__}.LEVEL"].name
    about = message("part of the target's size below which all is rounding")
    trace = emitter.constant("trace", "TRACE", text(real(costs.table.trace)), about)
    size = writer.names.new("size")
    emitter.prepared.append(f"{size} = {text(costs.mean(fill('_0 ** 2', name(costs.target))))}")
    ratio = f"math.sqrt({size} / max(value, {trace} * {size}))"
    return [commented(f"state = state._replace(level={level} * max(1.0, {ratio}))", message("of rounding"))]


def _here(writer: ScriptWriter) -> list[str]:
    """The end of a step at the point that was evaluated."""
    costs = writer.costs
    if costs is None or costs.table.trace is None:
        return report(writer)
    root = ["value = math.sqrt(value)"] if costs.table.loss.root else []
    norm = "norm = math.sqrt(2) * move.state.slope" + (" / (2 * value)" if root else "")
    about = message("of the gradient in coordinates in which the cost is round")
    return [*root, commented(norm, about), *report(writer, True)]


def _elsewhere(writer: ScriptWriter) -> list[str]:
    """The end of a step at a point that was evaluated before, or whose slope the rule knows better."""
    back = f"{writer.point}, {writer.sight} = move.at"
    sign = [f"value = -{writer.sight}"] if writer.model.uphill else []
    return [back, *sign, "norm = move.norm", *report(writer, True)]
