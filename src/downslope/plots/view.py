"""What a person may ask to see: the view, as text or as numbers. Nothing here needs Matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from downslope.errors import ExpressionError, UsageError, nearest
from downslope.language import parse_number
from downslope.messages import Message, listing, message, sentences

Pair: TypeAlias = tuple[float, float]
Window: TypeAlias = tuple[Pair, Pair]

Kind: TypeAlias = Literal["map", "curve", "progress", "slice", "explained"]
KINDS: tuple[str, ...] = get_args(Kind)
PLAIN, NAMED = "-10:10,-5:5", "x=-10:10,y=-5:5"  # examples of views


def parse_view(text: str) -> dict[str, Pair] | tuple[Pair, ...]:
    """Read a view as it is typed on the command line: ranges in the order of the parameters, or by name.

    Args:
        text: ``from:to`` for each axis, between commas; the ends may be constant expressions.

    Returns:
        Pairs in the order given, or a dict of pairs where names were given.

    Raises:
        UsageError: it cannot be read that way.

    >>> from downslope.plots import parse_view
    >>> parse_view("-10:10,-5:5")
    ((-10.0, 10.0), (-5.0, 5.0))
    >>> parse_view("x=-2*pi:2*pi")
    {'x': (-6.283185307179586, 6.283185307179586)}
    >>> parse_view("x=3:1")
    Traceback (most recent call last):
    downslope.errors.UsageError: the view "x=3:1" runs from 3 to 1; the first end must be the smaller one.
    """
    named: dict[str, Pair] = {}
    plain: list[Pair] = []
    for part in text.split(","):
        name, equals, span = part.rpartition("=")
        pair = _pair(span, part.strip(), text)
        if not equals:
            plain.append(pair)
        elif name.strip() in named:
            raise UsageError(message('the view "{text}" names {name} twice.', text=text, name=name.strip()))
        else:
            named[name.strip()] = pair
    if named and plain:
        raise UsageError(
            message(
                'the view "{text}" names some axes and not others; write it like {plain} or {named}.',
                text=text,
                plain=PLAIN,
                named=NAMED,
            )
        )
    return named or tuple(plain)


def _pair(span: str, part: str, text: str) -> Pair:
    ends = span.split(":")
    if text.strip() in KINDS:
        raise UsageError(
            message(
                'the view says what the axes show, and "{text}" is a kind of picture: kind={kind!r}.',
                text=text,
                kind=text.strip(),
            )
        )
    if len(ends) != 2:
        raise UsageError(
            message(
                'the view "{text}" cannot be read at "{part}"; write it like {plain} or {named}.',
                text=text,
                part=part,
                plain=PLAIN,
                named=NAMED,
            )
        )
    try:
        low, high = (parse_number(end) for end in ends)
    except ExpressionError as error:
        raise UsageError(
            message(
                'the view "{text}" cannot be read at "{part}": {why}; write it like {plain} or {named}.',
                text=text,
                part=part,
                why=error.message,
                plain=PLAIN,
                named=NAMED,
            )
        ) from error
    return _range(low, high, message('the view "{part}"', part=part))


def _range(low: float, high: float, view: Message) -> Pair:
    """The ends as a range, where they are one; ``view`` is what the range was given for."""
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        raise UsageError(
            message(
                "{view} runs from {low:g} to {high:g}; both ends must be finite numbers.",
                view=view,
                low=low,
                high=high,
            )
        )
    if low >= high:
        raise UsageError(
            message(
                "{view} runs from {low:g} to {high:g}; the first end must be the smaller one.",
                view=view,
                low=low,
                high=high,
            )
        )
    return low, high


def checked_view(view: Any, names: Sequence[str]) -> dict[str, Pair]:
    """Axis name -> the range asked for; axes not mentioned are missing.

    Args:
        view: None, text as for ``parse_view``, a dict of pairs by name, or pairs in the order of ``names``.
        names: the axes of the picture.

    Raises:
        UsageError: it is none of these, names an unknown axis, or has an empty or infinite range.

    >>> checked_view(((-10, 10), (-5, 5)), ("x", "y"))
    {'x': (-10.0, 10.0), 'y': (-5.0, 5.0)}
    """
    if view is None:
        return {}
    given = parse_view(view) if isinstance(view, str) else view
    if isinstance(given, Mapping):
        pairs = dict(given)
    else:
        listed = _listed(given)
        if len(listed) > len(names):
            raise UsageError(
                message(
                    "the view has {count} ranges; the axes are: {names}.",
                    count=len(listed),
                    names=listing(names),
                )
            )
        pairs = dict(zip(names, listed, strict=False))
    for name in pairs:
        if name not in names:
            hint = nearest(str(name), names)
            raise UsageError(
                sentences(
                    message(
                        "the view names '{name}'; the axes are: {names}.", name=name, names=listing(names)
                    ),
                    hint,
                )
            )
    return {name: _numbers(name, pair) for name, pair in pairs.items()}


def _listed(given: Any) -> list[Any]:
    """The ranges of a view that is a sequence; a bare pair of numbers is one range."""
    try:
        entries = list(given)
    except TypeError:
        raise UsageError(
            message("the view is {given!r}; give ranges such as ((-10, 10), (-5, 5)).", given=given)
        ) from None
    bare = len(entries) == 2 and all(isinstance(entry, (int, float)) for entry in entries)
    return [tuple(entries)] if bare else entries


def _numbers(name: str, pair: Any) -> Pair:
    try:
        low, high = (float(end) for end in pair)
    except (TypeError, ValueError):
        raise UsageError(
            message(
                "the view of {name} is {pair!r}; give two numbers, as in ((-10, 10), (-5, 5)).",
                name=name,
                pair=pair,
            )
        ) from None
    return _range(low, high, message("the view of {name}", name=name))
