"""Text such as ``warmup(steps=10) * cosine(steps=990)`` -> a schedule. Nothing in it is ever executed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from downslope.errors import ExpressionError, HyperparameterError, UnknownNameError, nearest
from downslope.language import parse_number
from downslope.messages import Message, listing, message, sentences
from downslope.optimizers.schedule import Constant, Product, Schedule

EXAMPLE = "warmup(steps=10) * cosine(steps=990)"
MOST_FACTORS = 20
_CALL = re.compile(r"([^\W\d]\w*)\s*(?:\((.*)\))?", re.DOTALL)
_OPEN, _CLOSE = "([", ")]"


def parse_schedule(text: str) -> Schedule:
    """The schedule that a text describes: schedules by name and numbers, multiplied.

    Numbers may be constant expressions, as everywhere: ``exponential(rate=1/2)``. A list of whole numbers is
    written in brackets: ``multi_step(milestones=[30, 80])``.

    Raises:
        UnknownNameError: there is no schedule of that name; the nearest are suggested.
        HyperparameterError: it is not of this form, or a number is wrong, missing or unknown.

    >>> parse_schedule("0.5 * exponential(rate=0.99)")
    Product(first=Constant(value=0.5), second=Exponential(rate=0.99))
    """
    pieces = list(_split(text, "*"))
    if len(pieces) > MOST_FACTORS:
        raise HyperparameterError(
            message(
                "the schedule has {count} factors; at most {most} are allowed.",
                count=len(pieces),
                most=MOST_FACTORS,
            )
        )
    whole = _factor(pieces[0], text)
    for piece in pieces[1:]:
        whole = whole * _factor(piece, text)
    return whole


def spelled(schedule: Schedule) -> str:
    """The text of a schedule, as ``parse_schedule`` reads it, without what is so by default.

    >>> spelled(parse_schedule("0.05*warmup(steps=10)*cosine(steps=990, final=0.125)"))
    '0.05 * warmup(steps=10) * cosine(steps=990, final=0.125)'
    """
    if isinstance(schedule, Product):
        return f"{spelled(schedule.first)} * {spelled(schedule.second)}"
    if isinstance(schedule, Constant):
        return f"{schedule.value:g}"
    usual = {field.name: field.default for field in dataclasses.fields(schedule)}
    told = []
    for name, value in schedule.hyperparameters().items():
        if isinstance(value, (tuple, list)):
            value = f"[{', '.join(f'{v:g}' for v in value)}]"
        elif callable(value):
            value = getattr(value, "__name__", "function")
        if value != usual[name]:
            told.append(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}")
    return f"{schedule.name()}({', '.join(told)})" if told else schedule.name()


def as_schedule(given: Any) -> Schedule:
    """A schedule from a schedule, a text or a Python function of the step.

    Raises:
        UsageError: it is none of these, or the text cannot be read.

    >>> as_schedule("cosine(steps=3)")
    Cosine(steps=3, final=0.0)
    """
    if isinstance(given, Schedule):
        return given
    if isinstance(given, str):
        return parse_schedule(given)
    if callable(given) and not isinstance(given, type):
        from downslope.optimizers.schedules.custom import Custom

        return Custom(function=given)
    raise HyperparameterError(
        message(
            "schedule is {given!r:.60}; give a Schedule, or text such as '{example}'.",
            given=given,
            example=EXAMPLE,
        )
    )


def _factor(piece: str, text: str) -> Schedule:
    """One number or one schedule with its arguments."""
    piece = piece.strip()
    if not piece:
        raise HyperparameterError(
            sentences(message("the schedule '{text:.80}' lacks something to multiply.", text=text), _looks())
        )
    match = _CALL.fullmatch(piece)
    if match is not None and match[1].lower() not in ("pi", "e"):
        cls = _schedule_class(match[1])
        return _made(cls, dict(_arguments(cls, match[2] or "")))
    try:
        return Constant(value=parse_number(piece))
    except ExpressionError as error:
        raise HyperparameterError(
            sentences(
                message(
                    "'{piece:.80}' in the schedule is neither a number nor a schedule with its numbers: {why}.",
                    piece=piece,
                    why=error.message,
                ),
                _looks(),
            )
        ) from error


def _made(cls: type[Schedule], values: dict[str, Any]) -> Schedule:
    try:
        return cls(**values)
    except HyperparameterError as error:
        raise HyperparameterError(sentences(error.message, _for_example(_example(cls)))) from None


def _arguments(cls: type[Schedule], inside: str) -> Iterator[tuple[str, Any]]:
    """(name, number or tuple) for each ``name=value``; a name that comes twice is refused."""
    seen: set[str] = set()
    for piece in _split(inside, ",") if inside.strip() else ():
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not equals or not name or not value:
            raise HyperparameterError(
                sentences(
                    message(
                        "'{piece:.80}' in {schedule}(...) is not of the form name=value.",
                        piece=piece.strip(),
                        schedule=cls.name(),
                    ),
                    _for_example(_example(cls)),
                )
            )
        if name in seen:
            raise HyperparameterError(
                message("{schedule}(...) gives {name} twice.", schedule=cls.name(), name=name)
            )
        seen.add(name)
        yield name, _value(cls, name, value)


def _value(cls: type[Schedule], name: str, text: str) -> Any:
    try:
        if text[0] in _OPEN and text[-1] in _CLOSE:
            inside = text[1:-1].strip().rstrip(",")
            return tuple(parse_number(part.strip()) for part in _split(inside, ","))
        return parse_number(text)
    except ExpressionError as error:
        raise HyperparameterError(
            sentences(
                message(
                    "{schedule}: {name} is '{text:.80}', which is not a number: {why}.",
                    schedule=cls.name(),
                    name=name,
                    text=text,
                    why=error.message,
                ),
                _for_example(_example(cls)),
            )
        ) from error


def _split(text: str, separator: str) -> Iterator[str]:
    """The pieces of a text between separators that stand outside all brackets."""
    depth, begin = 0, 0
    for i, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth < 0:
            break
        if character == separator and depth == 0:
            yield text[begin:i]
            begin = i + 1
    if depth != 0:
        unpaired = (
            message("a bracket in '{text:.80}' is never closed.", text=text)
            if depth > 0
            else message("a bracket in '{text:.80}' is never opened.", text=text)
        )
        raise HyperparameterError(sentences(unpaired, _looks()))
    yield text[begin:]


def schedule_names() -> dict[str, type[Schedule]]:
    """Name -> class of every schedule that can be written as text."""
    from downslope.optimizers.registry import all_schedules

    every: tuple[type[Schedule], ...] = (Constant, *all_schedules())
    return {cls.name(): cls for cls in every if not any(map(_is_function, dataclasses.fields(cls)))}


def _is_function(field: dataclasses.Field[Any]) -> bool:
    return "Callable" in str(field.type)


def _schedule_class(name: str) -> type[Schedule]:
    """The schedule of that name; case, hyphens and underscores do not matter."""
    names = schedule_names()
    plain = {_plain(n): cls for cls in names.values() for n in (cls.name(), *cls.aliases)}
    cls = plain.get(_plain(name))
    if cls is None:
        hint = nearest(name, [*names, *(a for c in names.values() for a in c.aliases)])
        raise UnknownNameError(
            sentences(
                message("there is no schedule '{name:.60}'.", name=name),
                hint,
                message("There are: {names}.", names=listing(sorted(names))),
                _for_example(EXAMPLE),
            )
        )
    return cls


def _looks() -> Message:
    return message("A schedule looks like this: {example}.", example=EXAMPLE)


def _for_example(text: str) -> Message:
    return message("For example: {example}.", example=text)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _example(cls: type[Schedule]) -> str:
    """How that schedule is written, with what it needs: ``cosine(steps=100)``."""
    needed = [f for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING]
    shown = needed or list(dataclasses.fields(cls))[:1]
    samples = {"int": "100", "tuple[int, ...]": "[30, 80]"}
    values = [
        f"{f.name}={samples.get(str(f.type), '0.5' if f in needed else f'{f.default!r}')}" for f in shown
    ]
    return f"{cls.name()}({', '.join(values)})"
