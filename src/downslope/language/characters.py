"""Typed characters to the few that the language knows, without losing their places.

NFKC makes one name of its many spellings (x₁ and x1, µ and μ), but it would also make x² into x2 and
2½ into 21/2, so what carries meaning by its position is handled before it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from downslope.language.mistakes import Mistake, without_meaning
from downslope.messages import NOTHING, message

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
SUBSCRIPT_DIGITS = frozenset("₀₁₂₃₄₅₆₇₈₉")

SIGNS = {
    **dict.fromkeys("·×∙⋅∗✕✖", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("−–—‐‑‒", "-"),
    **dict.fromkeys("∣｜ǀ", "|"),
    "≤": "<=",
    "⩽": "<=",
    "≥": ">=",
    "⩾": ">=",
    "≠": "!=",
    "∧": " and ",
    "∨": " or ",
    "¬": " not ",
}
FRACTIONS = {
    character: unicodedata.normalize("NFKC", character).replace("⁄", "/")
    for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
}
_KEPT = {chr(c) for c in SUPERSCRIPTS} | set("√∛") | set(FRACTIONS)
SAME_MEANING = ("<wide>", "<narrow>", "<font>", "<noBreak>")


def normalise(source: str) -> tuple[str, Sequence[int]]:
    """The text to read, and for each of its characters (and its end) the index in ``source`` it came from.

    >>> text, origin = normalise("α·x₁ ≤ 2")
    >>> text, origin[text.index("2")]
    ('α*x1 <= 2', 7)
    """
    if source.isascii():
        return source, range(len(source) + 1)
    pieces: list[str] = []
    origin: list[int] = []
    index = 0
    while index < len(source):
        end = index + 1
        while end < len(source) and unicodedata.combining(source[end]):
            end += 1
        piece = _read(source[index:end], index)
        pieces.append(piece)
        origin.extend([index] * len(piece))
        index = end
    origin.append(len(source))
    return "".join(pieces), origin


def _read(cluster: str, position: int) -> str:
    """A character with the marks that combine with it, in the language's own characters."""
    if cluster.isascii() or cluster in _KEPT:
        return cluster
    if cluster in SIGNS:
        return SIGNS[cluster]
    if cluster.isspace():
        return " "
    first = cluster[0]
    folded = unicodedata.normalize("NFKC", cluster)
    tag = unicodedata.decomposition(first).partition(" ")[0]
    if tag == "<super>":
        said = message('"{character}" is raised, and only whole numbers can be written so', character=first)
        hint = message("Write {code} instead.", code=f"^{folded}") if folded.isalnum() else NOTHING
        raise Mistake(said, position, hint)
    if tag.startswith("<") and tag not in SAME_MEANING and not folded.replace("_", "").isalnum():
        raise Mistake(without_meaning(first), position)
    if tag.startswith("<") and tag not in (*SAME_MEANING, "<sub>") and any(c.isdigit() for c in folded):
        hint = message("For the number, write {number}.", number=folded) if folded.isdecimal() else NOTHING
        raise Mistake(without_meaning(first), position, hint)
    return folded
