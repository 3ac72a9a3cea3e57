"""Leaves the blanks and comments of JavaScript out that nobody needs: a page has to stay small.

Names stay as they are, so that an error in a browser's console can be read. Strings, templates and regular expressions
are kept as they are written; every line break stays, as a statement may end there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", re.DOTALL)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_WORD = re.compile(r"[\w$#@.]+|[^\x00-\x7f]+")
_BLANK = re.compile(r"\s+")
_BEFORE_PATTERN = re.compile(r"(?:^|[=(,:;!&|?{}\[+\-*%<>~\n]|\b(?:return|typeof|case|in|of))$")
_JOINS = re.compile(r"[\w$#@.]|[^\x00-\x7f]")


def shortened(script: str) -> str:
    """The same script with fewer characters.

    >>> shortened("const a = b + 1; // more\\nreturn `${ a } b` + /x  y/;")
    'const a=b+1;\\nreturn`${ a } b`+/x  y/;'
    """
    out: list[str] = []
    last = ""  # the token before
    gap = ""  # what stood between: nothing, a blank or a line break
    for token in _tokens(script):
        if _COMMENT.fullmatch(token) or token.isspace():
            gap = "\n" if "\n" in token or gap == "\n" else gap or " "
            continue
        if last and gap == "\n":
            out.append("\n")
        elif gap and last and _must_part(last, token):
            out.append(" ")
        out.append(token)
        last, gap = token, ""
    return "".join(out)


def _must_part(left: str, right: str) -> bool:
    """Whether two tokens would become another one side by side."""
    a, b = left[-1], right[0]
    return bool(_JOINS.match(a) and _JOINS.match(b)) or (a == b and a in "+-") or (a == "/" and b in "/*")


def _tokens(script: str) -> Iterator[str]:
    at, last = 0, ""
    while at < len(script):
        token = _token(script, at, last)
        yield token
        at += len(token)
        if not _COMMENT.fullmatch(token) and not token.isspace():
            last = token


def _token(script: str, at: int, last: str) -> str:
    """The token that begins at a place; a slash begins a pattern where no value stands before it."""
    if script[at] == "`":
        return script[at : _end_of_template(script, at + 1)]
    for form in (_COMMENT, _STRING, _WORD, _BLANK):
        match = form.match(script, at)
        if match:
            return match[0]
    match = _PATTERN.match(script, at) if _BEFORE_PATTERN.search(last) else None
    return match[0] if match else script[at]


def _end_of_template(script: str, at: int) -> int:
    """Behind the closing mark of a template string, whose inside begins at a place."""
    while script[at] != "`":
        if script[at] == "\\":
            at += 1
        elif script.startswith("${", at):
            at = _end_of_braces(script, at + 2)
            continue
        at += 1
    return at + 1


def _end_of_braces(script: str, at: int) -> int:
    depth, last = 1, "("
    while depth:
        token = _token(script, at, last)
        depth += {"{": 1, "}": -1}.get(token, 0)
        at += len(token)
        last = token if not token.isspace() else last
    return at
