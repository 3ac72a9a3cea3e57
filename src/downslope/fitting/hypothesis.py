"""``y ~ a*x + b``: which names are columns, which are parameters, and whether it is linear in these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import symengine as se

from downslope import symbolic
from downslope.errors import ExpressionError, UsageError
from downslope.fitting.categories import Category
from downslope.fitting.frame import Frame, listed, spelt_alike
from downslope.fitting.hypothesis_names import (
    PIECES,
    backquoted,
    canonical,
    check_names,
    doubts_of,
    refuse_constants,
    suspicions,
)
from downslope.language import parse
from downslope.language.names import quoted, unquoted
from downslope.language.tree import Node
from downslope.messages import Message, as_message, message
from downslope.objectives.parameters import natural_order
from downslope.symbolic.multiplying import freed_of

INTERCEPT = "intercept"


@dataclass(frozen=True)
class Linear:
    """A hypothesis as ``sum of parameter * feature + offset``.

    Attributes:
        features: for each parameter the name of a column, or an expression in the columns; None marks the
            intercept, whose feature is 1 everywhere.
        offset: what is added without a parameter, an expression in the columns, or None.
    """

    features: tuple[Any, ...]
    offset: Any = None

    @property
    def intercept(self) -> int | None:
        """Which parameter is the intercept."""
        return self.features.index(None) if None in self.features else None


@dataclass(frozen=True)
class Hypothesis:
    """The right-hand side of ``target ~ ...``.

    Attributes:
        text: as a person would write it, with the target.
        target: the column that is to be predicted.
        columns: the columns it uses, in the order of the table.
        parameters: what is to be found, in natural order.
        expression: the row formula in symbols, or None where it is linear in very many columns.
        linear: how it is linear in its parameters, or None.
        notes: how it was understood, where that could surprise.
        doubts: what in it is probably not meant.
        categories: columns of the table that count by their categories, whose features are among ``columns``.
    """

    text: str
    target: str
    columns: tuple[str, ...]
    parameters: tuple[str, ...]
    expression: Any
    linear: Linear | None
    notes: tuple[Message, ...] = ()
    doubts: tuple[Message, ...] = ()
    categories: tuple[Category, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the table that it is made of: of categories the column, not its features."""
        made = {name: category.column for category in self.categories for name in category.names}
        return tuple(dict.fromkeys(made.get(name, name) for name in self.columns))

    @property
    def tree(self) -> Node:
        """The right-hand side as it was typed."""
        right = self.text.partition("~")[2].strip()
        return parse(right, (*self.parameters, *self.columns), e_is_a_number=True).tree

    @property
    def symbols(self) -> tuple[Any, ...]:
        """The parameters, then the columns, as symbols of ``expression``."""
        return tuple(map(se.Symbol, (*self.parameters, *self.columns)))

    @property
    def unpenalised(self) -> frozenset[int]:
        """Parameters that only shift the prediction: penalties leave them alone."""
        if self.linear is not None:
            return frozenset(i for i, feature in enumerate(self.linear.features) if feature is None)
        partials = symbolic.gradient(self.expression, self.symbols[: len(self.parameters)])
        return frozenset(i for i, partial in enumerate(partials) if partial == 1)


def read_hypothesis(
    text: str, frame: Frame, named: Collection[str] = (), *, e_is_a_number: bool = False
) -> Hypothesis:
    """The hypothesis that ``text`` says over the columns of ``frame``.

    Args:
        text: ``target ~ formula``.
        frame: the table.
        named: all the parameters, where they are known from a start; so ``e`` may be one, and ``ax`` is a*x.
        e_is_a_number: that ``e`` is one where it is not among these, as in fits that were saved.

    Raises:
        ExpressionError: it cannot be read.
        UsageError: there is no ``~``, the target is no column, or no parameter is left to find.
    """
    left, tilde, right = partition(text)
    target = target_of(left, frame)
    if not tilde or not target or not right.strip() or "~" in right:
        raise UsageError(
            message(
                "the hypothesis is '{text}'; it must be of the form 'target ~ formula', as in 'y ~ a*x + b'.",
                text=text,
            )
        )
    _ = frame[target]
    refuse_constants(right, frame)
    try:
        known = {*named, *frame.names} if named else ()
        read = parse(canonical(right.strip(), frame), known, e_is_a_number=e_is_a_number)
    except ExpressionError as error:
        shift = text.index(right.strip(), len(left))
        hint = backquoted(text[: len(left) + 1], right, frame) or error.hint
        raise ExpressionError(error.message, text, error.position + shift, hint) from None
    columns = tuple(name for name in frame.names if name in read.names)
    parameters = tuple(natural_order(name for name in read.names if name not in frame.columns))
    check_names(target, columns, parameters, frame)
    expression = symbolic.lower(read.tree)
    notes = (*map(as_message, read.notes), *suspicions(parameters, frame, columns))
    linear, doubts = _linear(expression, parameters), doubts_of(parameters, frame, (target, *columns))
    return Hypothesis(
        f"{quoted(target)} ~ {read}", target, columns, parameters, expression, linear, notes, doubts
    )


def partition(text: str) -> tuple[str, str, str]:
    """``text.partition("~")``, in which a name in backquotes may hold anything."""
    at = 0
    for piece in PIECES.findall(text):
        if not (piece.startswith("`") and len(piece) > 1) and "~" in piece:
            at += piece.index("~")
            return text[:at], "~", text[at + 1 :]
        at += len(piece)
    return text, "", ""


def target_of(left: str, frame: Frame) -> str:
    """The column that the left-hand side names, with backquotes or without."""
    name = left.strip()
    if name in frame.columns:
        return name
    return spelt_alike(unquoted(name), frame.names)


# Letters of other scripts that look like Latin ones.


def _linear(expression: Any, parameters: Sequence[str]) -> Linear | None:
    """The features, where the derivative in every parameter is free of parameters."""
    symbols = [se.Symbol(name) for name in parameters]
    own = set(symbols)
    features: list[Any] = []
    for partial in symbolic.gradient(expression, symbols):
        partial = freed_of(partial, own)
        if partial is None:
            return None
        features.append(None if partial == 1 else partial.name if isinstance(partial, se.Symbol) else partial)
    if features.count(None) > 1:
        features = [
            se.Integer(1) if f is None and i != features.index(None) else f for i, f in enumerate(features)
        ]
    zero = dict.fromkeys(symbols, 0)
    offset = expression.subs(zero)
    if not offset.free_symbols:
        offset = symbolic.expanded([offset])[0]  # functions of numbers alone
    return Linear(tuple(features), None if offset == 0 else offset)


def within_link(expression: Any, link: str) -> Any:
    """``u`` where the expression is ``sigmoid(u)``, ``1/(1 + exp(-u))`` or ``exp(u)``, as ``link`` says; else None.

    >>> within_link(symbolic.lower(parse("1/(1 + exp(-a*x - b))").tree), "sigmoid")
    b + a*x
    >>> within_link(symbolic.lower(parse("c/(1 + exp(-a*x - b))").tree), "sigmoid") is None
    True
    """
    function = symbolic.function_of(expression)
    if function is not None:
        return se.expand(expression.args[0]) if function.name == link else None
    if not isinstance(expression, se.Pow):
        return None
    base, power = expression.args
    if link == "exp":
        return power if base == se.E else None
    if (
        link != "sigmoid"
        or power != -1
        or not isinstance(base, se.Add)
        or len(base.args) != 2
        or 1 not in base.args
    ):
        return None
    term = next(arg for arg in base.args if arg != 1)
    return se.expand(-term.args[1]) if isinstance(term, se.Pow) and term.args[0] == se.E else None


def linear_model(
    target: str, features: Sequence[str] | None, frame: Frame, categories: Sequence[Category] = ()
) -> Hypothesis:
    """The linear model with an intercept over ``features`` (by default all other columns).

    Its parameters are called like the columns they multiply, and ``intercept``; of ``categories`` like their features.
    """
    _ = frame[target]
    chosen = [name for name in frame.names if name != target] if features is None else list(features)
    for name in chosen:
        _ = frame[name]
        if name == target:
            raise UsageError(message("'{target}' is the target and cannot be a feature too.", target=target))
    if not chosen:
        raise UsageError(
            message("there is no column besides the target '{target}' to predict it from.", target=target)
        )
    doubled = sorted({name for name in chosen if chosen.count(name) > 1})
    if doubled:
        raise UsageError(message("the features name {names} twice.", names=listed(doubled)))
    intercept = INTERCEPT if INTERCEPT not in chosen else f"{INTERCEPT}_"
    text = f"{target} ~ {intercept} + linear({listed(chosen)})"
    made = {category.column: category.names for category in categories}
    columns = tuple(column for name in chosen for column in made.get(name, (name,)))
    notes = tuple(category.note for category in categories)
    linear = Linear((*columns, None))
    return Hypothesis(
        text, target, columns, (*columns, intercept), None, linear, notes, categories=tuple(categories)
    )
