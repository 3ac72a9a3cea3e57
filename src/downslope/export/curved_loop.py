"""The loop of a rule that asks for more than a value and a gradient: NumPy's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.export.curved_form import curved_form
from downslope.export.formatter import commented, indent_lines
from downslope.export.loops import LoopCode, head, remembered, report
from downslope.export.wrapper_code import compared
from downslope.messages import message

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


def curved_loop(writer: ScriptWriter) -> LoopCode:
    """The loop around the rule's own functions."""
    assert writer.curved is not None
    made = curved_form(writer.curved, writer.emitter)
    values, point, single = writer.model.asks_for("values"), writer.point, writer.model.single
    sees, sign = writer.sight, "-" if writer.model.uphill else ""
    wide = f"{point}.astype(float)" if single else point
    slope = "None" if values else "g.astype(float)" if single else "g"
    lines = [f"value = {writer.f}({point})"] if values else writer.evaluate()
    if sees != "value":
        lines.append(f"{sees} = {compared(writer)}")
    seen = f"float({sees})" if single else sees
    lines.append(f"at = {made.evaluation}({wide}, {seen}, {slope})")
    if writer.model.asks_for("hessian"):
        wanted = f" and {made.wants}(at, state)" if made.wants else ""
        lines += [f"if np.isfinite(value){wanted}:", f"    at = at._replace(curvature={sign}hessian({wide}))"]
    lines.append(f"move = {made.step}(at, state)")
    ended = [*report(writer), "step += 1"]
    if values:  # the step ends at the best corner, which was evaluated before
        back = f"{point}, {sees} = move.at"
        ended = [
            back,
            *([f"value = -{sees}"] if sign else []),
            "norm = move.norm",
            *report(writer, True),
            "step += 1",
        ]
    following = "move.point.astype(np.float32)" if single else "move.point"
    stuck = f"elif np.array_equal(move.point, {point}):"
    lines += ["if move.accepted:", *indent_lines(ended)]
    lines += [commented(stuck, message("as near as rounding lets it come")), "    break"]
    lines.append(f"{point}, state = {following}, move.state")
    state = [f"state = {made.init}({wide})", *remembered(writer)]
    return LoopCode([*head(writer, True), *indent_lines(lines)], state)
