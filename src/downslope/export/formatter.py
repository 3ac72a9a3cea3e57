"""Lines of Python that are too long, broken as the formatters of the day break them; comments and docstrings.

What comes in is one logical line, as long as it may be; what goes out are lines of at most ``WIDTH`` cells (a letter
of Hangul takes two), wherever there is a place to break. A line is broken at its last bracket where what stands before
it fits, else inside brackets put around the whole right-hand side, before its loosest operators.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from downslope.messages import Message

WIDTH = 88
INDENT = 4
GLUED = "\u00a0=\u00a0"
AS_IS = "\0"  # begins a line that is part of a docstring, and is not to be broken
_FILLER = "\ue000"  # the second cell of a wide letter, while lines are measured

_TOKEN = re.compile(
    r"""\s+|[rbf]*"(?:[^"\\]|\\.)*"|[rbf]*'(?:[^'\\]|\\.)*'"""
    r"""|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[^\W\d]\w*|\*\*|//|<<|>>|<=|>=|==|!=|:=|->|."""
)
_OPENING, _CLOSING = "([{", ")]}"
# How loosely an operator binds: the loosest ones are broken first.
_LOOSE = {
    "for": 20,
    ",": 18,
    "if": 16,
    "else": 16,
    "or": 15,
    "and": 14,
    "not": 0,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in", "is"), 10),
    "|": 9,
    "^": 8,
    "&": 7,
    "+": 5,
    "-": 5,
    **dict.fromkeys(("*", "/", "//", "%", "@"), 4),
    "**": 3,
}
_STATEMENT = re.compile(r"(return |yield |assert |if |elif |while )")


class _Break(NamedTuple):
    """A place where a text may be broken: before an operator, or after a comma."""

    at: int
    priority: int


class _Line(NamedTuple):
    """A line to be broken in its code; head and tail stay with the first and the last of its lines."""

    head: str
    code: str
    tail: str
    indent: int

    def __str__(self) -> str:
        return " " * self.indent + self.head + self.code + self.tail


def format_lines(lines: list[str]) -> str:
    """The lines as the text of a file, the long ones broken."""
    out = [piece for line in lines for piece in ([line[1:]] if line.startswith(AS_IS) else break_line(line))]
    return "\n".join(line.rstrip() for line in out).rstrip() + "\n"


def indent_lines(lines: list[str], levels: int = 1) -> list[str]:
    """The lines, so many levels further in."""
    pad = " " * INDENT * levels
    return [
        (AS_IS + pad + line[1:] if line.startswith(AS_IS) else pad + line) if line else line for line in lines
    ]


def split_rows(words: Sequence[str], room: int) -> list[list[str]]:
    """The words in rows of that many characters with commas between them; one that is longer has a row of its own.

    >>> split_rows(["x1", "x2", "x3", "x4", "x5"], 10)
    [['x1', 'x2', 'x3'], ['x4', 'x5']]
    """
    rows: list[list[str]] = [[]]
    for word in words:
        if rows[-1] and len(", ".join([*rows[-1], word])) > room:
            rows.append([])
        rows[-1].append(word)
    return rows


def break_line(line: str) -> list[str]:
    """One logical line as lines that fit.

    >>> print("\\n".join(break_line("total = " + " + ".join(["something_long"] * 6))))
    total = (
        something_long
        + something_long
        + something_long
        + something_long
        + something_long
        + something_long
    )
    """
    if cells(line) <= WIDTH or "\n" in line:
        return line.split("\n")
    code, comment = _without_comment(line)
    indent = len(code) - len(code.lstrip())
    above = _commented(comment, indent) if comment else []
    if not code.strip():
        return above
    if cells(code.rstrip()) <= WIDTH:
        return [*above, code.rstrip()]
    return [*above, *_statement(code.strip(), indent)]


def _without_comment(line: str) -> tuple[str, str]:
    at = 0
    for match in _TOKEN.finditer(line):
        if match[0] == "#":
            return line[:at], line[at + 1 :].strip()
        at = match.end()
    return line, ""


def _commented(comment: str, indent: int) -> list[str]:
    prefix = " " * indent + "# "
    return [prefix + line for line in _wrapped(comment, WIDTH - len(prefix))]


def _statement(code: str, indent: int) -> list[str]:
    if code.startswith(("def ", "class ", "for ", "with ")):
        line = _Line("", code, "", indent)
        return _at_bracket(line) or [str(line)]
    opening = _STATEMENT.match(code)
    if opening:
        tail = ":" if code.endswith(":") else ""
        return _expression(_Line(opening[0], code[opening.end() : len(code) - len(tail)], tail, indent))
    equals = _assignment(code)
    return _expression(_Line(code[:equals], code[equals:], "", indent))


def _assignment(code: str) -> int:
    """Where the right-hand side of an assignment begins; 0 where it is none."""
    depth, end = 0, 0
    for match in _TOKEN.finditer(code):
        depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        if depth == 0 and match[0] == "=":
            end = match.end() + 1
    return end


def _expression(line: _Line) -> list[str]:
    """The line in lines, in brackets where that is how it breaks best."""
    if cells(str(line)) <= WIDTH:
        return [str(line)]
    head, code, tail, indent = line
    breaks = _breaks(code)
    loosest = max((b.priority for b in breaks), default=0)
    count = sum(b.priority == loosest for b in breaks)
    if not breaks or (count == 1 and loosest < 18 and _ends_in_call(code)):
        lines = _at_bracket(line)
        if lines:
            return lines
    if not breaks or (not head and not tail):
        return [str(line)]
    if count == 1 and loosest < 18:
        lines = _at_first_call(line, next(b.at for b in breaks if b.priority == loosest))
        if lines:
            return lines
    inner = _inside(code, indent + INDENT, False, explode=loosest == 18)
    return [" " * indent + head + "(", *inner, " " * indent + ")" + tail]


def _at_first_call(line: _Line, at: int) -> list[str]:
    """Broken in the brackets of the first of two operands, where the operator at ``at`` follows these at once."""
    head, code, tail, indent = line
    first = re.match(r"[\w.]*\(", code)
    if first is None:
        return []
    begin = first.end()
    end = begin - 1 + _closing(code[begin - 1 :])
    rest = code[end + 1 :] + tail
    short = indent + 1 + len(rest) <= WIDTH and (code.endswith(")") or "(" not in rest)
    if code[end + 1 : at].strip() or not short or not code[begin:end].strip():
        return []
    inner = _inside(code[begin:end], indent + INDENT, begin > 1)
    return [" " * indent + head + code[:begin], *inner, " " * indent + ")" + rest]


def _closing(code: str) -> int:
    """Where the bracket that the code begins with is closed."""
    depth = 0
    for match in _TOKEN.finditer(code):
        depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        if depth == 0:
            return match.start()
    return len(code) - 1


def _ends_in_call(code: str) -> bool:
    """Whether the last bracket is that of a call or a literal; within a subscript nobody breaks a line."""
    pair = _last_pair(code)
    return pair is not None and pair[1] == len(code) - 1 and not re.search(r"[\w)\]]\[$", code[: pair[0] + 1])


def _at_bracket(line: _Line) -> list[str]:
    """Broken at the last bracket that has something in it; nothing where what stands before it does not fit."""
    head, code, tail, indent = line
    pair = _last_pair(code)
    if pair is None:
        return []
    begin, end = pair
    first = " " * indent + head + code[: begin + 1]
    if cells(first) > WIDTH or not code[begin + 1 : end].strip():
        return []
    last = " " * indent + code[end:] + tail
    contents = code[begin + 1 : end]
    commas = not _comprehension(contents)
    literal = not re.search(r"[\w)\]]$", (head + code[:begin]).rstrip(" ") if begin or head.strip() else "")
    explode = literal and commas and any(b.priority == 18 for b in _breaks(contents))
    return [first, *_inside(contents, indent + INDENT, commas, explode), last]


def _inside(code: str, indent: int, bracketed: bool, explode: bool = False) -> list[str]:
    """The contents of brackets: on a line of their own if they fit, else (or to ``explode``) a line for each part."""
    code = code.strip()
    if indent + cells(code) <= WIDTH and not explode:
        return [" " * indent + code]
    breaks = _breaks(code)
    loosest = max((b.priority for b in breaks), default=0)
    pieces = _cut(code, [b.at for b in breaks if b.priority == loosest])
    trailing = loosest == 18 or (bracketed and not breaks)
    out: list[str] = []
    for piece in pieces:
        part = piece.strip().removesuffix(",") if loosest == 18 else piece.strip()
        out += _part(part, "," if trailing and not part.startswith("*_") else "", indent)
    return out


def _part(code: str, tail: str, indent: int) -> list[str]:
    """One part between breaks: as it is if it fits, else broken before its own operators, else at its own bracket."""
    if indent + cells(code) + len(tail) <= WIDTH:
        return [" " * indent + code + tail]
    operator = re.match(r"(?:\*\*|//|<=|>=|==|!=|[-+*/@<>|&]|and|or|if|else|in|for \w+ in)\s+", code)
    head = operator[0] if operator else ""
    body = code[len(head) :]
    breaks = [b for b in _breaks(body) if b.at > 0]
    if not breaks:
        line = _Line(head, body, tail, indent)
        return _at_bracket(line) or [str(line)]
    loosest = max(b.priority for b in breaks)
    first, *rest = (piece.strip() for piece in _cut(body, [b.at for b in breaks if b.priority == loosest]))
    pieces = [head + first, *rest]
    out: list[str] = []
    for piece in pieces:
        out += _part(piece, tail if piece is pieces[-1] else "", indent)
    return out


def _comprehension(code: str) -> bool:
    return any(b.priority == 20 for b in _breaks(code))


def _last_pair(code: str) -> tuple[int, int] | None:
    """The last outermost pair of brackets with something in it."""
    depth, begin, found = 0, 0, None
    for match in _TOKEN.finditer(code):
        if match[0] in _OPENING:
            begin = match.start() if depth == 0 else begin
            depth += 1
        elif match[0] in _CLOSING:
            depth -= 1
            if depth == 0 and code[begin + 1 : match.start()].strip():
                found = begin, match.start()
    return found


def _breaks(code: str) -> list[_Break]:
    """Where a text may be broken outside its brackets."""
    out: list[_Break] = []
    depth, operand, comprehension = 0, False, False
    for match in _TOKEN.finditer(code):
        token = match[0]
        if token.isspace():
            continue
        if token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1
        elif depth == 0 and token in _LOOSE:
            priority = _LOOSE[token]
            if token == "for":
                comprehension = True
            if comprehension and token in ("if", "in"):
                priority = 20 if token == "if" else 0
            if token == ",":
                out.append(_Break(match.end(), priority))
            elif priority and operand:
                out.append(_Break(match.start(), priority))
            operand = False
            continue
        operand = True
    return [b for b in out if b.at < len(code.rstrip())] if code.rstrip().endswith(",") else out


def _cut(code: str, places: list[int]) -> list[str]:
    ends = [*places, len(code)]
    return [code[begin:end] for begin, end in zip([0, *places], ends, strict=True) if code[begin:end].strip()]


def cells(text: str) -> int:
    """How wide a line is where every letter takes one cell, or two.

    >>> cells("x = 1"), cells("# 값")
    (5, 4)
    """
    return len(_filled(text))


def at_right(text: str, room: int) -> str:
    """The text with blanks before it, to so many cells."""
    return " " * (room - cells(text)) + text


def _filled(text: str) -> str:
    """The text with a filler behind each wide letter."""
    if text.isascii():
        return text
    return "".join(c + _FILLER if unicodedata.east_asian_width(c) in "WF" else c for c in text)


def _wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most so many cells."""
    lines = textwrap.wrap(_filled(text), room, break_on_hyphens=False)
    return [line.replace(_FILLER, "") for line in lines]


def commented(code: str, remark: Message | str) -> str:
    """The line with a remark behind it, or on a line of its own where there is no code; as it is without one.

    >>> commented("STEPS = 5", "at most"), commented("STEPS = 5", "")
    ('STEPS = 5  # at most', 'STEPS = 5')
    """
    said = harmless(str(remark))
    return f"{code}{'  ' if code.strip() else ''}# {said}" if said else code


def docstring(paragraphs: Sequence[Message | str], indent: int = 0) -> list[str]:
    """A docstring of these paragraphs; nothing in them can end it or escape from it.

    A paragraph that begins with a space keeps its lines.
    """
    pad = " " * indent
    lines: list[str] = []
    for paragraph in filter(None, map(str, paragraphs)):
        room = WIDTH - (0 if lines else 3 if len(paragraphs) > 1 else 6)
        if paragraph.startswith(" "):
            new = [harmless_line(line) for line in paragraph.split("\n")]
        else:
            glued = harmless(paragraph).replace(" = ", GLUED)  # "x = 3" stays on one line
            new = [line.replace(GLUED, " = ") for line in _wrapped(glued, room - indent)]
        lines += [*([""] if lines else []), *new]
    if len(lines) == 1 and cells(pad + lines[0]) + 6 <= WIDTH:
        return [f'{AS_IS}{pad}"""{lines[0]}"""']
    first, *rest = lines
    return [f'{AS_IS}{pad}"""{first}', *(f"{AS_IS}{pad}{line}" for line in rest), f'{AS_IS}{pad}"""']


def harmless_line(words: str) -> str:
    """One line with its indentation, otherwise as ``harmless``."""
    return " " * (len(words) - len(words.lstrip())) + harmless(words)


def harmless(words: str) -> str:
    """Text of anybody's, fit for a comment or docstring: one line, no backslash, no triple quotes.

    >>> harmless("a\\nb" + 3 * '"' + chr(92))
    "a b'''/"
    """
    flat = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return flat.replace("\\", "/").replace('"""', "'''")
