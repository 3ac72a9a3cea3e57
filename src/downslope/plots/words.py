"""What is written around a picture: titles, labels and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from matplotlib.mathtext import MathTextParser

from downslope.descent import Descent
from downslope.descent.status_words import in_words
from downslope.errors import DownslopeError
from downslope.language import parse
from downslope.messages import Message, message, plural
from downslope.objectives import Objective
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedule_text import spelled
from downslope.plots.fonts import characters

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LONGEST_FORMULA = 90  # characters; longer ones are cut, and not set as mathematics
BEYOND_LATIN = 0x250  # the first letter that the fonts of mathematics, which look nowhere else, may lack


def heading(run: Descent, notes: Iterable[Message | None] = (), step: str = "step") -> list[tuple[str, bool]]:
    """The lines above a picture, and whether each is to be read as mathematics."""
    lines = [title(run.objective), (readable(f"{rule(run)} · {outcome(run, step)}"), False)]
    told = said_of(notes)
    return [*lines, (told, False)] if told else lines


def titled(lines: Sequence[tuple[str, bool]], title: str) -> list[tuple[str, bool]]:
    """The lines above a picture below a title of a person's own, where there is one."""
    return [(readable(title), False), *lines] if title else list(lines)


def said_of(notes: Iterable[Message | None]) -> str:
    """The notes in one line, which may be broken between them."""
    return readable("; ".join(str(note) for note in notes if note))


def title(objective: Objective) -> tuple[str, bool]:
    """The objective, as mathematics where it is a short formula."""
    written = (
        objective.expression is not None and objective.headline == objective.text
    )  # and not a loop's name
    formula = mathematics(objective.text) if written else ""
    name = str(objective.problem.title) if objective.problem else ""
    if formula and all(ord(character) < BEYOND_LATIN for character in name):
        return f"{escaped(name)}:  {formula}" if name else formula, True
    text = f"{name}:  {objective.text}" if formula else name or objective.headline
    if len(text) > LONGEST_FORMULA:
        text = text[: LONGEST_FORMULA - 4] + " ..."
    return readable(text), False


def rule(run: Descent) -> str:
    """The optimizer and its hyperparameters."""
    if isinstance(run.optimizer, ExternalOptimizer):
        return repr(run.optimizer)
    name = run.optimizer.name().replace("_", " ")
    settings = [
        f"{key.replace('_', ' ')} {setting(value)}" for key, value in run.optimizer.hyperparameters().items()
    ]
    return ", ".join([name[:1].upper() + name[1:], *settings])


def setting(value: Any) -> str:
    """A hyperparameter's value: a number as in a book, a schedule as it is typed, a rule within a rule by its name.

    >>> setting(0.9999), setting(0.123456)
    ('0.9999', '0.123')
    """
    if isinstance(value, Schedule):
        return spelled(value).replace(" * ", " × ")
    if isinstance(value, Optimizer):
        inner = ", ".join(f"{k.replace('_', ' ')} {setting(v)}" for k, v in value.hyperparameters().items())
        return f"{value.name().replace('_', ' ')} ({inner})" if inner else value.name().replace("_", " ")
    if (
        isinstance(value, float) and 0.99 < value < 1
    ):  # a part that is kept: what is told is its distance from 1
        return number(value, max(3, math.ceil(-math.log10(1 - value))))
    return number(value) if isinstance(value, float) else str(value)


def outcome(run: Descent, step: str = "step") -> Message:
    """How many steps, and how it ended."""
    if step == "epoch":
        return plural(
            "{n:,} epoch, {ending}", "{n:,} epochs, {ending}", n=run.nit, ending=in_words(run.status)
        )
    return plural("{n:,} step, {ending}", "{n:,} steps, {ending}", n=run.nit, ending=in_words(run.status))


def steps_name(step: str) -> Message:
    """What the axis of the steps is called."""
    return message("epoch", context="axis") if step == "epoch" else message("step", context="axis")


def value_name(value: str) -> Message:
    """What the axis of the value is called."""
    return message("cost", context="axis") if value == "cost" else message("value", context="axis")


def number(value: float, digits: int = 3) -> str:
    """A number to so many digits, as it is printed in a book.

    >>> number(-0.387175), number(12345.0), number(1.01e-6)
    ('−0.387', '12300', '1.01×10⁻⁶')
    """
    rounded = float(f"{value + 0.0:.{digits}g}")
    if rounded == 0 or 1e-4 <= abs(rounded) < 1e5 or not math.isfinite(rounded):
        return f"{rounded:.15g}".replace("-", "−")
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return power if mantissa == "1" else f"{mantissa}×{power}".replace("-", "−")


def point(values: Sequence[float]) -> str:
    """A point to three digits.

    >>> point([-7.0, 2.0])
    '(−7, 2)'
    """
    return f"({', '.join(map(number, values))})"


def mathematics(text: str) -> str:
    """A formula between dollar signs for Matplotlib to set, or nothing where that is not possible."""
    if len(text) > LONGEST_FORMULA:
        return ""
    try:
        found = f"${parse(text).latex()}$"
    except (DownslopeError, RecursionError):
        return ""
    return found if found.isascii() and _settable(found) else ""


@cache
def _settable(formula: str) -> bool:
    try:
        MathTextParser("path").parse(formula)
    except (ValueError, RuntimeError):
        return False
    return True


def label(name: str) -> tuple[str, bool]:
    """The name of a parameter on an axis, as mathematics where it is one."""
    formula = mathematics(name) if name.isidentifier() else ""
    return (formula, True) if formula else (readable(name), False)


def escaped(text: str) -> str:
    """Plain text for a line that also holds mathematics."""
    return readable(text).replace("$", r"\$")


def readable(said: Message | str) -> str:
    """The text with a box for every character that the fonts lack, and on one line; messages as they read now."""
    words, known = " ".join(str(said).split()), characters()
    return "".join(c if ord(c) in known and c.isprintable() else "□" for c in words)
