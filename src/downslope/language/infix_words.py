"""Words that stand between two operands as signs do elsewhere, ``x mod y``: refused with what to write.

Read as names they would be factors of a product, and parameters that nobody meant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from downslope.language.mistakes import Mistake, no_sign
from downslope.language.token import Token
from downslope.messages import message

INFIX_WORDS = {"mod": "mod(a, b)", "div": "floor(a/b)"}
_ENDING = frozenset(("NUMBER", "NAME", "CONSTANT", "SUPERSCRIPT", "RPAR", "BAR"))
_BEGINNING = frozenset(("NUMBER", "NAME", "CONSTANT", "FUNCTION", "ROOT", "LPAR", "BAR"))


def refuse_infix_words(tokens: Sequence[Token], named: Collection[str]) -> None:
    """Raise where ``mod`` or ``div`` stands between two operands with spaces around it, and is no known parameter."""
    for before, word, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.type != "NAME" or word.text not in INFIX_WORDS or word.text in named:
            continue
        apart = before.end < word.begin and word.end < after.begin
        if apart and before.type in _ENDING and after.type in _BEGINNING:
            hint = message("Write {code}.", code=INFIX_WORDS[word.text])
            raise Mistake(no_sign(word.text), word.begin, hint)
