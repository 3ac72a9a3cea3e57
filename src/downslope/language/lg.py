"""``lg x`` is refused: it is the logarithm to base 10 in ISO 80000-2, and that to base 2 in books on algorithms."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from downslope.language.mistakes import Mistake
from downslope.language.token import Token, short
from downslope.messages import message

_ATOMS = frozenset(("NUMBER", "NAME", "CONSTANT"))


def refuse_lg(tokens: Sequence[Token], source: str, named: Collection[str]) -> None:
    """Raise where ``lg`` stands before its argument: ``lg x``, ``lg^2 x``."""
    if "lg" in named:
        return
    for i, token in enumerate(tokens[:-1]):
        if token.type != "NAME" or token.text != "lg":
            continue
        at = i + 1
        if tokens[at].type == "SUPERSCRIPT":
            at += 1
        elif tokens[at].type == "POWER":
            at += 2
        if at < len(tokens) and tokens[at].type in _ATOMS:
            power, argument = source[token.end : tokens[at - 1].end], tokens[at].text
            whole = source[token.begin : tokens[at].end]
            said = message('"{whole}" can be read in two ways', whole=short(whole))
            first, second = (f"{name}({argument}){power}" for name in ("log10", "log2"))
            raise Mistake(
                said, token.begin, message("Write {first} or {second}.", first=first, second=second)
            )
