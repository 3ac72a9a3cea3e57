"""The names in a hypothesis: which are columns, which parameters, and which may be slips of the pen."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence

from downslope.errors import UsageError, nearest
from downslope.fitting.frame import Frame, listed, spelt_alike
from downslope.language.functions import CONSTANTS
from downslope.language.names import quoted, unquoted
from downslope.messages import Message, argument, message, sentences

NEAR = 0.75  # how alike (difflib) a parameter and an unused column are that could be the same word
PIECES = re.compile(r"`(?:[^`]|``)+`|[^`]+|`")
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcxyijsABEKMHOPCTXoABEZHIKMNOPTYX",
)


def _spelt_alike(frame: Frame) -> dict[str, str]:
    """The columns whose names have another spelling that looks the same, by the one that formulas have."""
    pairs = ((unicodedata.normalize("NFKC", name), name) for name in frame.names)
    return {normal: name for normal, name in pairs if normal != name and normal not in frame.columns}


def canonical(formula: str, frame: Frame) -> str:
    """The formula with such columns in backquotes, where they are read as they stand."""
    alike = _spelt_alike(frame)
    pieces = PIECES.findall(formula)
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


def backquoted(before: str, formula: str, frame: Frame) -> Message | None:
    """The hypothesis with the columns in backquotes that need them, where it names some without."""
    changed = formula
    for name in sorted(frame.known, key=len, reverse=True):
        if quoted(name) != name and not name.isidentifier():
            found, written = rf"(?<!\w){re.escape(name)}(?!\w)", quoted(name).replace("\\", r"\\")
            parts = PIECES.findall(changed)
            changed = "".join(p if p.startswith("`") else re.sub(found, written, p) for p in parts)
    if changed == formula:
        return None
    return message(
        "Write names of columns that are more than letters and digits in backquotes: '{hypothesis}'.",
        hypothesis=before + changed,
    )


def refuse_constants(formula: str, frame: Frame) -> None:
    """Raise UsageError where a name could be a column as well as a number."""
    formula = "".join(piece for piece in PIECES.findall(formula) if not piece.startswith("`"))
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


def check_names(target: str, columns: Sequence[str], parameters: Sequence[str], frame: Frame) -> None:
    """Refuse a hypothesis without parameters, and one whose names cannot be what they are taken for."""
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
        likely = suspicions(parameters, frame, columns)
        hint = next(
            filter(None, (*likely, *(nearest(name, map(as_written, frame.known)) for name in parameters))),
            None,
        )
        raise UsageError(
            sentences(
                message("the hypothesis uses no column of {origin}.", origin=frame.origin),
                hint,
                known,
            )
        )


def as_written(name: str) -> str:
    """The name of a column as a formula has it: in backquotes, where it is none that a formula can have."""
    return name if name.isidentifier() else f"`{name}`"


def suspicions(parameters: Sequence[str], frame: Frame, columns: Sequence[str]) -> tuple[Message, ...]:
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


def doubts_of(parameters: Sequence[str], frame: Frame, used: Sequence[str]) -> tuple[Message, ...]:
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
