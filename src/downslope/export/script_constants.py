"""The constants at the top of a script: those of the rule, and what ends the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.descent.status_words import in_words
from downslope.export.formatter import commented
from downslope.export.python import real, text
from downslope.messages import NOTHING, Message, message

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter


def constants_of(writer: ScriptWriter) -> list[str]:
    """The lines of all constants: the rule's, and when the loop ends."""
    ends, run = writer.model.ends, writer.model.run
    made = list(writer.emitter.constants.values())
    fields = [f.upper() for f in writer.model.method.rule.hyperparameters()]
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
    lines += [commented(f"{c} = {text(real(v))}", said) for c, (v, said) in asked.items() if v is not None]
    if writer.model.every > 1:
        spacing = message("steps from one printed row to the next")
        lines.append(commented(f"EVERY = {_grouped(writer.model.every)}", spacing))
    return lines


def _grouped(count: int) -> str:
    """A whole number as Python groups its digits."""
    return f"{count:_}" if count >= 10_000 else str(count)
