"""Names as they are written in formulas: in backquotes where they would not be read as names."""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache

from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS

RESERVED = {
    "inf",
    "Inf",
    "infinity",
    "Infinity",
    "nan",
    "NaN",
}  # words for what is no number that a formula can hold
LOGICAL = {"and": "AND", "or": "OR", "not": "NOT"}
_INDEXED = re.compile(r"([^\W\d]\w*)(\[(0|[1-9]\d*)(,(0|[1-9]\d*))*\])?")


def unquoted(text: str) -> str:
    """A name without the backquotes that it may be written in, within which it can hold any characters.

    >>> unquoted("`Size (m2)`"), unquoted("x")
    ('Size (m2)', 'x')
    """
    return text[1:-1].replace("``", "`") if len(text) > 2 and text[0] == text[-1] == "`" else text


@lru_cache(maxsize=4096)
def quoted(name: str) -> str:
    """A name as it is written in a formula: in backquotes where it would not be read as a name.

    >>> quoted("x1"), quoted("w[0,1]"), quoted("Size (m2)"), quoted("e"), quoted("log")
    ('x1', 'w[0,1]', '`Size (m2)`', '`e`', '`log`')
    """
    found = _INDEXED.fullmatch(name)
    plain = found is not None and _is_free(found[1]) and unicodedata.normalize("NFKC", name) == name
    return name if plain else "`" + name.replace("`", "``") + "`"


def _is_free(word: str) -> bool:
    """Whether a word means nothing else."""
    if word in CONSTANTS or word in RESERVED or word == "pow" or keyword.iskeyword(word) or "π" in word:
        return False
    return word not in CANONICAL or FUNCTIONS[CANONICAL[word]].soft
