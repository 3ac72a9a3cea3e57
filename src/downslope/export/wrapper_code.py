"""What wrappers do around a rule, as lines of a script: clipping, the penalty of a weight decay, bounds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from downslope.export.python import real, text
from downslope.messages import NOTHING, message
from downslope.optimizers.wrappers.clipping import ClipByNorm, ClipByValue
from downslope.optimizers.wrappers.projected import Projected
from downslope.optimizers.wrappers.weight_decay import WeightDecay

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


def compared(writer: ScriptWriter) -> str:
    """The value that the rule compares, with the penalties that wrappers add."""
    code = writer.sight_of()
    for wrapper in writer.model.method.wrappers:
        if isinstance(wrapper, WeightDecay):
            code += f" + 0.5 * {_weight(writer, wrapper)} * {writer.square()}"
    return code


def residual(writer: ScriptWriter) -> str:
    """What vanishes at the end: the gradient, unless there are bounds or a penalty."""
    code, point = "g", writer.point + writer.element
    for wrapper in writer.model.method.layers:
        if isinstance(wrapper, WeightDecay):
            code = f"{code} + {_weight(writer, wrapper)} * {point}"
    for wrapper in writer.model.method.wrappers:
        if isinstance(wrapper, Projected):
            inner = f"{point} - ({code})" if "+" in code else f"{point} - {code}"
            low, high = (bound + writer.element for bound in bounds(writer, wrapper))
            code = f"{point} - {writer.clipped(inner, low, high)}"
    return writer.each(code) if code != "g" else writer.gradient


def gradient_lines(writer: ScriptWriter) -> list[str]:
    """The gradient as the rule sees it: clipped, or with a penalty's."""
    lines: list[str] = []

    def changed(code: str) -> str:
        return f"{writer.gradient} = {writer.each(code)}"

    for wrapper in writer.model.method.wrappers:
        if isinstance(wrapper, WeightDecay):
            point = writer.point + writer.element
            lines.append(changed(f"g + {_weight(writer, wrapper)} * {point}"))
        elif isinstance(wrapper, ClipByValue):
            limit = _limit(writer, wrapper)
            lines.append(changed(writer.clipped("g", f"-{limit}", limit)))
        elif isinstance(wrapper, ClipByNorm):
            limit, length = _limit(writer, wrapper), writer.length(writer.gradient)
            if writer.element:  # a length that each element asks for is measured once
                lines.append(f"length = {length}")
                length = "length"
            lines += [f"if {length} > {limit}:", f"    {changed(f'g * ({limit} / {length})')}"]
    return lines


def within_bounds(writer: ScriptWriter, value: ast.expr) -> ast.expr:
    """A next point brought within the bounds, where there are any."""
    for wrapper in writer.model.method.wrappers:
        if isinstance(wrapper, Projected):
            return ast.parse(writer.clipped(text(value), *bounds(writer, wrapper)), mode="eval").body
    return value


def bounds(writer: ScriptWriter, wrapper: Projected) -> tuple[str, str]:
    """The constants of the bounds."""
    made = []
    for word, side in (("LOWER", wrapper.lower), ("UPPER", wrapper.upper)):
        value = real(side[0]) if writer.alone else ast.List([real(v) for v in side])
        about = message("the parameters stay within") if word == "LOWER" else NOTHING
        made.append(writer.emitter.constant(word, word, writer.constant_vector(text(value)), about))
    return made[0], made[1]


def _weight(writer: ScriptWriter, wrapper: WeightDecay) -> str:
    """The constant of a penalty."""
    return writer.emitter.constant(
        "decay", "WEIGHT_DECAY", text(real(wrapper.rate)), message("strength of the penalty")
    )


def _limit(writer: ScriptWriter, wrapper: ClipByValue | ClipByNorm) -> str:
    """The constant to which a gradient is clipped."""
    about = message("longest gradient")
    if isinstance(wrapper, ClipByValue):
        about = message("largest part of the gradient")
    return writer.emitter.constant(str(id(wrapper)), "CLIP", text(real(wrapper.limit)), about)
