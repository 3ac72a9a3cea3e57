"""``y ~ a*x + b``: which names are columns, which are parameters, and whether it is linear in these."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import symengine as se

from downslope import symbolic
from downslope.errors import ExpressionError, UsageError, nearest
from downslope.fitting.categories import Category
from downslope.fitting.frame import Frame, listed, spelt_alike
from downslope.language import parse
from downslope.language.functions import CONSTANTS
from downslope.language.names import quoted, unquoted
from downslope.language.tree import Node
from downslope.messages import Message, argument, as_message, message, sentences
from downslope.objectives.parameters import natural_order

INTERCEPT = "intercept"
NEAR = 0.75  # how alike (difflib) a parameter and an unused column are that could be the same word


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
    _refuse_constants(right, frame)
    try:
        known = {*named, *frame.names} if named else ()
        read = parse(_canonical(right.strip(), frame), known, e_is_a_number=e_is_a_number)
    except ExpressionError as error:
        shift = text.index(right.strip(), len(left))
        hint = _backquoted(text[: len(left) + 1], right, frame) or error.hint
        raise ExpressionError(error.message, text, error.position + shift, hint) from None
    columns = tuple(name for name in frame.names if name in read.names)
    parameters = tuple(natural_order(name for name in read.names if name not in frame.columns))
    _check_names(target, columns, parameters, frame)
    expression = symbolic.lower(read.tree)
    notes = (*map(as_message, read.notes), *_suspicions(parameters, frame, columns))
    linear, doubts = _linear(expression, parameters), _doubts(parameters, frame, (target, *columns))
    return Hypothesis(
        f"{quoted(target)} ~ {read}", target, columns, parameters, expression, linear, notes, doubts
    )


_PIECES = re.compile(r"`(?:[^`]|``)+`|[^`]+|`")


def partition(text: str) -> tuple[str, str, str]:
    """``text.partition("~")``, in which a name in backquotes may hold anything."""
    at = 0
    for piece in _PIECES.findall(text):
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


def _spelt_alike(frame: Frame) -> dict[str, str]:
    """The columns whose names have another spelling that looks the same, by the one that formulas have."""
    pairs = ((unicodedata.normalize("NFKC", name), name) for name in frame.names)
    return {normal: name for normal, name in pairs if normal != name and normal not in frame.columns}


def _canonical(formula: str, frame: Frame) -> str:
    """The formula with such columns in backquotes, where they are read as they stand."""
    alike = _spelt_alike(frame)
    pieces = _PIECES.findall(formula)
    for i, piece in enumerate(pieces):
        if piece.startswith("`") and len(piece) > 1:
            name = unquoted(piece)
            known = spelt_alike(name, frame.names)
            pieces[i] = piece if known == name else quoted(known)
            continue
        for normal, name in alike.items():
            forms = {name, normal, unicodedata.normalize("NFD", name), unicodedata.normalize("NFC", name)}
            words = rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)"
            piece = re.sub(words, quoted(name).replace("\\", r"\\"), piece)
        pieces[i] = piece
    return "".join(pieces)


def _backquoted(before: str, formula: str, frame: Frame) -> Message | None:
    """The hypothesis with the columns in backquotes that need them, where it names some without."""
    changed = formula
    for name in sorted(frame.known, key=len, reverse=True):
        if quoted(name) != name and not name.isidentifier():
            found, written = rf"(?<!\w){re.escape(name)}(?!\w)", quoted(name).replace("\\", r"\\")
            parts = _PIECES.findall(changed)
            changed = "".join(p if p.startswith("`") else re.sub(found, written, p) for p in parts)
    if changed == formula:
        return None
    return message(
        "Write names of columns that are more than letters and digits in backquotes: '{hypothesis}'.",
        hypothesis=before + changed,
    )


def _refuse_constants(formula: str, frame: Frame) -> None:
    """Raise UsageError where a name could be a column as well as a number."""
    formula = "".join(piece for piece in _PIECES.findall(formula) if not piece.startswith("`"))
    for name, value in CONSTANTS.items():
        if name in frame.known and re.search(rf"(?<!\w){name}(?!\w)", formula):
            raise UsageError(
                message(
                    "{origin} has a column '{name}', and in a formula {name} is the number {value:.6g}."
                    " Write the column in backquotes, {quoted}, or give the target and the features ({target},"
                    " {features}).",
                    origin=frame.origin,
                    name=name,
                    value=value,
                    quoted=quoted(name),
                    target=argument("target"),
                    features=argument("features"),
                )
            )


def _check_names(target: str, columns: Sequence[str], parameters: Sequence[str], frame: Frame) -> None:
    known = (
        message(
            "(columns: {columns}; parameters: {parameters})",
            columns=listed(frame.known),
            parameters=listed(parameters),
        )
        if parameters
        else message("(columns: {columns}; parameters: none)", columns=listed(frame.known))
    )
    if target in columns:
        raise UsageError(
            sentences(message("the target '{target}' is also on the right-hand side.", target=target), known)
        )
    if not parameters:
        none = (
            message(
                "the hypothesis has no parameter to find: every name in it is a column. Multiply"
                " them by parameters, as in {target} ~ a*{column} + b; for the linear model over"
                " them all give the target and the features ({given_target} {given_features}).",
                target=target,
                column=columns[0],
                given_target=argument("target", target),
                given_features=argument("features", ",".join(columns)),
            )
            if columns
            else message("the hypothesis has no parameter to find.")
        )
        raise UsageError(sentences(none, known))
    if not columns and len(parameters) > 1:
        likely = _suspicions(parameters, frame, columns)
        hint = next(filter(None, (*likely, *(nearest(name, frame.known) for name in parameters))), None)
        raise UsageError(
            sentences(
                message("the hypothesis uses no column of {origin}.", origin=frame.origin),
                hint,
                known,
            )
        )


def _suspicions(parameters: Sequence[str], frame: Frame, columns: Sequence[str]) -> tuple[Message, ...]:
    """Parameters that look like a misspelt column."""
    unused = {re.sub(r"\W", "_", name).lower(): name for name in frame.known if name not in columns}
    alike = {_latin(name): name for name in frame.known if name not in columns}
    found = []
    for name in parameters:
        twin = alike.get(_latin(name))
        if twin is not None and twin != name:
            found.append(_look_alike(name, twin))
        elif name.lower() in unused:
            found.append(_suspicion(name, unused[name.lower()]))
    return tuple(found)


# Letters of other scripts that look like Latin ones.
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcxyijsABEKMHOPCTXoABEZHIKMNOPTYX",
)


def _latin(name: str) -> str:
    """The name in Latin letters wherever another letter looks like one."""
    return name.translate(_ALIKE)


def _look_alike(name: str, column: str) -> Message:
    at = next(i for i, (a, b) in enumerate(zip(name, column, strict=True)) if a != b)
    return message(
        "'{name}' is taken as a parameter; the column is called '{column}', which looks the same and has {letter}"
        " (U+{code}) where the parameter has {other} (U+{other_code}).",
        name=name,
        column=column,
        letter=unicodedata.name(column[at]),
        code=f"{ord(column[at]):04X}",
        other=unicodedata.name(name[at]),
        other_code=f"{ord(name[at]):04X}",
    )


def _suspicion(name: str, column: str) -> Message:
    if column.isidentifier():
        return message(
            "'{name}' is taken as a parameter; the column is called '{column}'.", name=name, column=column
        )
    return message(
        "'{name}' is taken as a parameter; the column is called '{column}', which a formula names {quoted}.",
        name=name,
        column=column,
        quoted=quoted(column),
    )


def _doubts(parameters: Sequence[str], frame: Frame, used: Sequence[str]) -> tuple[Message, ...]:
    """Parameters that are spelt nearly like a column that is not used; ``w_area`` beside ``area`` is no mistake."""
    unused = [name for name in frame.known if name not in used]
    doubts = []
    for name in parameters:
        if len(name) < 4 or any(len(column) > 2 and column in name for column in used):
            continue
        near = difflib.get_close_matches(name, unused, n=1, cutoff=NEAR)
        if near and near[0].lower() != name.lower():  # that one is among the suspicions
            doubts.append(
                message(
                    "'{name}' is no column and is taken as a parameter. Did you mean '{near}'?",
                    name=name,
                    near=near[0],
                )
            )
    return tuple(doubts)


def _linear(expression: Any, parameters: Sequence[str]) -> Linear | None:
    """The features, where the derivative in every parameter is free of parameters."""
    symbols = [se.Symbol(name) for name in parameters]
    own = set(symbols)
    features: list[Any] = []
    for partial in symbolic.gradient(expression, symbols):
        partial = se.expand(partial) if partial.free_symbols & own else partial
        if partial.free_symbols & own:
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
