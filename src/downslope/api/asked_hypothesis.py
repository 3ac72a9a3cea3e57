"""The hypothesis that is fitted: a text, or a target and features, with categories; and why one cannot be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from downslope.errors import DataError, UsageError
from downslope.fitting.categories import Category, categories_of, is_words, with_indicators
from downslope.fitting.database import StaysInDatabase
from downslope.fitting.frame import Frame, spelt_alike
from downslope.fitting.hypothesis import Hypothesis, linear_model, partition, read_hypothesis
from downslope.fitting.pages import Pages
from downslope.language import canonical_name
from downslope.language.names import unquoted
from downslope.messages import Message, argument, listing, message, sentences

MOST_NAMED = 12  # parameters spelt out in the example of a start
MOST_LISTED = 20  # columns named in a sentence


def why_no_text(hypothesis: Any) -> Message:
    """What to say of a hypothesis that is no text."""
    if callable(hypothesis):
        return message(
            "the hypothesis is a function, and it must be a formula as text, such as 'y ~ a*x + b'; a cost that"
            " is a function of yours is descended by minimize."
        )
    what = message(
        "the hypothesis is a {kind}, and it must be a formula as text, such as 'y ~ a*x + b'.",
        kind=type(hypothesis).__name__,
    )
    if hasattr(hypothesis, "__len__"):
        return sentences(what, message("Inputs and a target go together, as one pair: fit((X, y))."))
    return what


def spelt_as_in(names: Any, frame: Frame) -> Any:
    """A name, or names, as the table spells them where it does so in another Unicode form."""
    if isinstance(names, str):
        return spelt_alike(names, frame.known)
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return [spelt_alike(name, frame.known) for name in names]
    return names


def wanted_columns(
    hypothesis: str | None, target: str | None, features: Any, weights: Any
) -> set[str] | None:
    """Every name that could be a column in use; None for all."""
    if hypothesis is None and (target is None or features is None):
        return None
    left, _, right = partition(hypothesis or "")
    names = {
        left.strip(),
        unquoted(left.strip()),
        *re.findall(r"[^\W\d]\w*", unicodedata.normalize("NFC", right)),
    }
    names |= {unquoted(name) for name in re.findall(r"`(?:[^`]|``)+`", right)}
    return names | {target or ""} | set(features or ()) | ({weights} if isinstance(weights, str) else set())


class Wish(NamedTuple):
    """What a person says is to be fitted: a hypothesis, or a target with features and categories; and from where.

    ``weights`` is the name of their column, where they are one.
    """

    hypothesis: str | None
    target: str | None
    features: Any
    categories: Any
    start: Any
    weights: str | None


def hypothesis_of(frame: Frame, wish: Wish, pages: Pages | StaysInDatabase | None) -> Hypothesis:
    """The hypothesis that was asked for, of the columns that there are.

    Raises:
        UsageError, ExpressionError, DataError: there is none, or its columns are not there or no numbers.
    """
    text, target, features, named, start, weights = wish
    if text is not None:
        if named:
            raise UsageError(
                message(
                    "{categories} goes with {target} and {features}, not with a hypothesis.",
                    categories=argument("categories"),
                    target=argument("target"),
                    features=argument("features"),
                )
            )
        if target is not None or features is not None:
            raise UsageError(
                message(
                    "give either a hypothesis or a target (with features), not both: the hypothesis"
                    " names its target."
                )
            )
        return read_hypothesis(
            text, frame, [canonical_name(str(n)) for n in start] if isinstance(start, Mapping) else ()
        )
    if target is None:
        if "y" in frame.columns and frame.bases and features is None:
            target = "y"
        else:
            raise UsageError(
                message(
                    "say what to fit: a hypothesis such as 'y ~ a*x + b', or which column is the target,"
                    " {target}. The columns are: {columns}.",
                    target=argument("target", "y"),
                    columns=listing(frame.names, most=MOST_LISTED),
                )
            )
    named = list(named or ())
    others = _others(target, weights, frame) if features is None else features
    model = linear_model(target, others, frame)
    try:
        categories = _categories(model, frame, named, pages)
    except DataError as error:
        raise error if features is not None else _advised(error, model, frame) from None
    model = linear_model(target, others, frame, categories)
    if features is None and others is not None:
        note = message("Column '{name}' weighs the rows, so it is no feature.", name=weights)
        model = replace(model, notes=(*model.notes, note))
    return _numbers_alone(model, with_indicators(frame, categories)) if features is None else model


def _others(target: str, weights: str | None, frame: Frame) -> list[str] | None:
    """The features where none are named and a column weighs the rows: all others; None where no column does."""
    if weights is None or weights == target or weights not in frame.names:
        return None
    return [name for name in frame.names if name not in (target, weights)]


def _categories(
    model: Hypothesis, frame: Frame, named: Sequence[str], pages: Pages | StaysInDatabase | None
) -> tuple[Category, ...]:
    """The features that count by their categories: those that are named, and all that hold words.

    Raises:
        UsageError: one that is named is no feature.
        DataError: one has too many, or a table that can be read once only would have to be read for them.
    """
    for name in named:
        if name not in model.columns:
            raise UsageError(
                message(
                    "{categories} names '{name}', which is no feature. The features are: {features}.",
                    categories=argument("categories"),
                    name=name,
                    features=listing(model.columns, most=MOST_LISTED),
                )
            )
    words = [name for name in model.columns if name in named or is_words(frame, name)]
    if not words or pages is None:
        return categories_of([frame], words)
    if isinstance(pages, StaysInDatabase):
        return pages.categories(words)
    if pages.once:
        raise UsageError(
            message(
                "{origin} can be read only once, and its categories ({names}) have to be known first. Save it as a"
                " file, or have it read into memory ({option}).",
                origin=pages.origin,
                names=listing(words),
                option=argument("stream", False),
            )
        )
    return categories_of(pages, words)


def _numbers_alone(model: Hypothesis, frame: Any) -> Hypothesis:
    """The model of all other columns, where they are numbers; else an error that says which are.

    Raises:
        DataError: a column is not numbers.
    """
    for name in model.columns:
        try:
            frame.numbers(name)
        except DataError as error:
            raise _advised(error, model, frame) from None
    return model


def _advised(error: DataError, model: Hypothesis, frame: Frame) -> DataError:
    """What is wrong with one column, and which others are numbers."""
    right = []
    for name in model.columns:
        try:
            frame.numbers(name)
            right.append(name)
        except DataError:
            pass
    if not right:
        return error
    few = ",".join(right[:MOST_NAMED]) + (",..." if len(right) > MOST_NAMED else "")
    return DataError(
        sentences(
            error.message,
            message("Or name the columns of numbers: {features}.", features=argument("features", few)),
        )
    )
