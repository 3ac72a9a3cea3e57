"""How LaTeX and MathML spell the pieces of a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from xml.sax.saxutils import escape

from downslope.language.functions import Function
from downslope.language.relations import RELATIONS

_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu
    nu xi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega
"""
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΣΥΦΨΩ", strict=True))
_COMMANDS = {letter: name for name, letter in _GREEK.items()}
_NAME = re.compile(r"(.*?)_*(?:(?<=[^0-9_])([0-9]+)|_([^_].*?))?(?:\[(.*)\])?", re.DOTALL)


def split_name(name: str) -> tuple[str, str]:
    """A name and its subscript.

    >>> split_name("x1"), split_name("x_max"), split_name("w[0]"), split_name("rate")
    (('x', '1'), ('x', 'max'), ('w', '0'), ('rate', ''))
    """
    match = _NAME.fullmatch(name)
    if match is None or not match[1]:
        return name, ""
    return match[1], ",".join(part for part in match.groups()[1:] if part)


class Notation(Protocol):
    """What a layout needs to know about a way of writing mathematics."""

    def row(self, pieces: Sequence[str]) -> str: ...
    def number(self, text: str) -> str: ...
    def constant(self, name: str) -> str: ...
    def variable(self, name: str) -> str: ...
    def function(self, record: Function) -> str: ...
    def applied(self) -> str: ...
    def sign(self, sign: str, prefix: bool = False) -> str: ...
    def word(self, word: str) -> str: ...
    def times(self, visible: bool, after_number: bool) -> str: ...
    def fraction(self, top: str, bottom: str) -> str: ...
    def power(self, base: str, exponent: str) -> str: ...
    def fence(self, left: str, inner: str, right: str) -> str: ...
    def listed(self, items: Sequence[str]) -> str: ...


_SPECIAL = re.compile(r"[_%&#${}\\^~ ]")  # what LaTeX takes for something else
_ESCAPED = {"\\": "/", "^": r"\wedge ", "~": r"\sim ", " ": r"\ "}  # all others with a backslash before them


class Latex:
    """LaTeX, within what Matplotlib's own typesetter reads (``where`` excepted: it needs ``cases``)."""

    def row(self, pieces: Sequence[str]) -> str:
        return "".join(pieces)

    def number(self, text: str) -> str:
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return text
        power = f"10^{{{int(exponent)}}}"
        return power if mantissa == "1" else rf"{mantissa} \cdot {power}"

    def constant(self, name: str) -> str:
        return r"\pi" if name == "pi" else name

    def variable(self, name: str) -> str:
        base, below = split_name(name)
        return f"{self._word(base)}_{{{self._index(below)}}}" if below else self._word(base)

    def _word(self, word: str) -> str:
        command = word if word in _GREEK else _COMMANDS.get(word)
        if command:
            return rf"\{command}"
        escaped = _SPECIAL.sub(lambda match: _ESCAPED.get(match[0], "\\" + match[0]), word)
        return word if len(word) == 1 and word != "_" else rf"\mathrm{{{escaped}}}"

    def _index(self, below: str) -> str:
        return below if re.fullmatch("[0-9,]+", below) else self._word(below)

    def function(self, record: Function) -> str:
        return record.latex or rf"\operatorname{{{record.name}}}"

    def applied(self) -> str:
        return ""

    def sign(self, sign: str, prefix: bool = False) -> str:
        shown = RELATIONS[sign].latex if sign in RELATIONS else sign
        return f"{shown} " if prefix else f" {shown} "

    def word(self, word: str) -> str:
        return r"\text{not }" if word == "not" else rf"\text{{ {word} }}"

    def times(self, visible: bool, after_number: bool) -> str:
        return r" \cdot " if visible else " " if after_number else r" \, "

    def fraction(self, top: str, bottom: str) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def fence(self, left: str, inner: str, right: str) -> str:
        return rf"\left{left}{inner}\right{right}"

    def listed(self, items: Sequence[str]) -> str:
        return ", ".join(items)


class Mathml:
    """Presentation MathML Core."""

    def row(self, pieces: Sequence[str]) -> str:
        return f"<mrow>{''.join(pieces)}</mrow>"

    def number(self, text: str) -> str:
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return f"<mn>{text}</mn>"
        power = self.power("<mn>10</mn>", self._integer(int(exponent)))
        return power if mantissa == "1" else self.row([f"<mn>{mantissa}</mn>", "<mo>·</mo>", power])

    def _integer(self, value: int) -> str:
        return f"<mn>{value}</mn>" if value >= 0 else self.row(["<mo>−</mo>", f"<mn>{-value}</mn>"])

    def constant(self, name: str) -> str:
        return "<mi>π</mi>" if name == "pi" else f"<mi>{name}</mi>"

    def variable(self, name: str) -> str:
        base, below = split_name(name)
        word = f"<mi>{escape(_GREEK.get(base, base))}</mi>"
        if not below:
            return word
        kind = "mn" if below.isdigit() else "mtext"
        return f"<msub>{word}<{kind}>{escape(below)}</{kind}></msub>"

    def function(self, record: Function) -> str:
        return record.mathml or f"<mi>{record.name}</mi>"

    def applied(self) -> str:
        return "<mo>\u2061</mo>"

    def sign(self, sign: str, prefix: bool = False) -> str:
        shown = RELATIONS[sign].mathml if sign in RELATIONS else sign.replace("-", "−")
        return f"<mo>{escape(shown)}</mo>"

    def word(self, word: str) -> str:
        space = "\u00a0"
        return f"<mtext>{'' if word == 'not' else space}{word}{space}</mtext>"

    def times(self, visible: bool, after_number: bool) -> str:
        return "<mo>·</mo>" if visible else "<mo>\u2062</mo>"

    def fraction(self, top: str, bottom: str) -> str:
        return f"<mfrac>{top}{bottom}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return f"<msup>{base}{exponent}</msup>"

    def fence(self, left: str, inner: str, right: str) -> str:
        return self.row([f"<mo>{left}</mo>", inner, f"<mo>{right}</mo>"])

    def listed(self, items: Sequence[str]) -> str:
        return self.row(["<mo>,</mo>".join(items)])
