"""The pass between tokens and grammar: bars, implied products, brackets, depth.

A left-to-right pass knows whether an operand has just ended. That decides whether a bar closes or
opens, whether two operands stand side by side, and whether a sign is a prefix; it also counts nesting,
so that a formula that is too deep is refused here, by one message, before anything recursive sees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from downslope.language import mistakes
from downslope.language.token import Token

_ENDS = frozenset(("NUMBER", "NAME", "CONSTANT", "RPAR", "RBAR", "SUPERSCRIPT"))
_BEGINS = frozenset(("NAME", "CONSTANT", "FUNCTION", "LPAR", "LBAR", "ROOT"))
_LOOSE = frozenset(("_COMMA", "COMPARE", "AND", "OR"))
_ONE_LETTER = re.compile(r"[^\W\d_][\u0300-\u036f]*[_0-9]*(\[.*\])?", re.DOTALL)


def arrange(raw: Sequence[Token]) -> list[Token]:
    """The tokens as the grammar wants them, where every function has its brackets.

    >>> from downslope.language.tokens import scan
    >>> [token.type for token in arrange(scan("2|x|"))]
    ['NUMBER', 'JUXTAPOSED', 'LBAR', 'NAME', 'RBAR']
    """
    tokens: list[Token] = []
    brackets: list[Token] = []
    depth = _Depth()
    ended = False
    for index, token in enumerate(raw):
        kind = token.type
        if kind == "BAR":
            closes = ended and bool(brackets) and brackets[-1].type == "LBAR"
            kind = token.type = "RBAR" if closes else "LBAR"
        if ended and kind in _BEGINS:
            implied = _juxtaposed(raw, index)
            tokens.append(implied)
            depth.count("TIMES", ended, implied)
        if kind in ("LPAR", "LBAR"):
            brackets.append(token)
        elif kind in ("RPAR", "RBAR"):
            _close(brackets, token)
        depth.count(kind, ended, token)
        tokens.append(token)
        ended = kind in _ENDS
    if brackets:
        raise mistakes.unclosed(brackets[-1])
    return tokens


def _close(brackets: list[Token], token: Token) -> None:
    if not brackets:
        raise mistakes.unopened(token)
    opened = brackets.pop()
    if (opened.type, token.type) == ("LBAR", "RPAR"):
        raise mistakes.crossed(opened)


def _juxtaposed(raw: Sequence[Token], index: int) -> Token:
    """The sign that nobody wrote; its text says which readings of it people disagree about."""
    before, token = raw[index - 1], raw[index]
    implied = Token("JUXTAPOSED", "", before.end, token.begin)
    touching = before.end == token.begin
    if before.type == "NUMBER" and touching and token.type == "NAME":
        mistake = mistakes.number_format(before, token)
        if mistake is not None:
            raise mistake
    if before.type == "NAME" and token.type == "LPAR":
        if not _ONE_LETTER.fullmatch(before.text):
            raise mistakes.unknown_function(before.text, before.begin)
        implied.text = "call"
    elif touching and before.type in ("NUMBER", "NAME", "CONSTANT"):
        # An unbracketed exponent (perhaps signed) or root that ends exactly here.
        opener = next(
            (t for t in reversed(raw[max(0, index - 4) : index - 1]) if t.type not in ("MINUS", "PLUS")), None
        )
        if opener is not None and opener.type in ("POWER", "ROOT"):
            implied.text, implied.value = opener.type, float(opener.end)
    return implied


class _Depth:
    """How deep the tree would be here: open brackets, and within each the chains that nest."""

    def __init__(self) -> None:
        self.outer: list[int] = []
        self.base = 0
        self.chain = 0  # signs, powers and roots, until the operand they lead to ends
        self.divisions = 0  # a/b/c/d nests to the left, until the product ends

    def count(self, kind: str, ended: bool, token: Token) -> None:
        if kind in ("NAME", "NUMBER", "FUNCTION", "CONSTANT"):
            return
        if kind in ("LPAR", "LBAR"):
            self.outer += (self.base, self.chain, self.divisions)
            self.base += self.chain + self.divisions + 1
            self.chain = self.divisions = 0
        elif kind in ("RPAR", "RBAR"):
            self.divisions, self.chain, self.base = self.outer.pop(), self.outer.pop(), self.outer.pop()
        elif kind in _LOOSE or (ended and kind in ("PLUS", "MINUS")):
            self.chain = self.divisions = 0
        elif kind == "TIMES":
            self.chain = 0
        elif kind == "OVER":
            self.chain = 0
            self.divisions += 1
        else:  # a prefix sign, a power, a superscript, a root, "not"
            self.chain += 1
        if self.base + self.chain + self.divisions > mistakes.MAX_DEPTH:
            raise mistakes.too_deep(token.begin)
