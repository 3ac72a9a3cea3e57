"""Numbers as people write them: 1,5 or 1.234,50 or 12 % or - where there is none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from downslope.fitting.text_format import TextFormat
from downslope.messages import NOTHING, Message, argument, listing, message, sentences

MISSING = ["", "NA", "NaN", "nan", "null", "NULL", "N/A"]  # how a missing value is written
# Words that stand for a missing value in a column that is numbers otherwise, and nowhere else.
MISSING_AMONG_NUMBERS = frozenset(
    [
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "...",
        "?",
        "*",
        "n/a",
        "na",
        "Na",
        "n.a.",
        "N.A.",
        "n.d.",
        "ND",
        "#N/A",
        "#NA",
        "<NA>",
        "None",
        "none",
        "NONE",
        "nil",
        "Nil",
        "NIL",
        "Null",
        "missing",
        "Missing",
        "MISSING",
        "unknown",
        "Unknown",
        "NAN",
        "-nan",
        "-NaN",
        "\\N",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NUM!",
        "#NULL!",
        "#NAME?",
    ]
)
SHEET_ERRORS = tuple(sorted(word for word in MISSING_AMONG_NUMBERS if word.startswith("#")))
DISTINCT = 2_000  # different values by which it is decided how a column is written
MOSTLY = 0.5  # part of these that has to look like a number
SPACES = " \u00a0\u202f\u2009"
# A letter for the exponent that Fortran writes, with its sign: without one it may be a name, as of a flat.
_EXPONENT = r"(?:[eE][+-]?\d+|[dD][+-]\d+)?"
_SIGN = r"[+\-\u2212]?"
_PLAIN = re.compile(
    r"[ \t]*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)[ \t]*", re.ASCII | re.IGNORECASE
)
_WRITTEN = re.compile(
    r"(?P<before>[^\d+\-\u2212.,()]{0,4}?)"
    rf"(?P<number>{_SIGN}[{SPACES}]?(?:\d[\d.,'’_{SPACES}]*\d|\d|[.,]\d+){_EXPONENT}[.,]?)"
    r"(?P<after>[^\d]{0,12})",
    re.ASCII,
)
_FORTRAN = re.compile(r"(\d|[.,])[dD]([+-]\d+)")
# With one or two digits behind it, more than three, or a single 0 before it, a sign cannot stand between thousands.
_ONLY_COMMA = re.compile(
    rf"{_SIGN}(?:\d*,\d{{1,2}}|\d*,\d{{4,}}|0,\d+|\d{{4,}},\d+|\d{{1,3}}(?:\.\d{{3}})+,\d+|\d+,\d*e[+-]?\d+)",
    re.ASCII | re.IGNORECASE,
)
_ONLY_POINT = re.compile(
    rf"{_SIGN}(?:\d*\.\d{{1,2}}|\d*\.\d{{4,}}|0\.\d+|\d{{4,}}\.\d+|\d{{1,3}}(?:,\d{{3}})+\.\d*|\d+\.?\d*e[+-]?\d+)",
    re.ASCII | re.IGNORECASE,
)


def is_number(value: str) -> bool:
    """Whether a text is a number as a program writes it.

    >>> is_number("1e3"), is_number("1_000"), is_number("１２")
    (True, False, False)
    """
    return _PLAIN.fullmatch(value) is not None


def in_plain_digits(cell: str) -> str:
    """A cell with the digits, signs and points of other scripts as those of ASCII; a minus sign is a hyphen.

    >>> in_plain_digits("１,２.３"), in_plain_digits("٢٫٥"), in_plain_digits("−4"), in_plain_digits("１號")
    ('1,2.3', '2.5', '-4', '1號')
    """
    if cell.isascii():
        return cell
    return "".join(
        _OF_OTHER_SCRIPTS.get(c) or (str(unicodedata.decimal(c)) if c.isdecimal() else c) for c in cell
    )


_OF_OTHER_SCRIPTS = {"\u2212": "-", "－": "-", "＋": "+", "．": ".", "，": ",", "٫": ".", "٬": ",", "％": "%"}
_FORMS: tuple[tuple[str, Message], ...] = (
    (
        r"{n}\s*(?:±|\+/-|\+-)\s*{n}|{n}\(\d+\)",
        message(
            "Give the number alone: its uncertainty u makes a column of its own, and 1/u^2 is a weight for"
            " {weights}.",
            weights=argument("weights"),
        ),
    ),
    (
        r"(?:[<>≤≥~≈≲≳]|ca\.?|<=|>=)\s*{n}",
        message("A limit or a guess is no number: give the number alone, or leave the cell empty."),
    ),
    (r"{n}\s*[x×*·]\s*10\s*(?:\^|\*\*)?\s*[+-]?\d+", message("Write the power of ten as in 1.5e3.")),
    (r"\({n}\)", message("Give a number below zero with its sign, such as -2.")),
    (
        r"{n}\s*(?:\*+|†|‡|[a-c])",
        message("Give the number alone: marks of notes belong in a column of their own."),
    ),
    (r"[+-]?\d+\s*/\s*\d+", message("Give the fraction as a decimal number.")),
    (r"\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d+)?)?", message("Give the time as a number, such as its minutes.")),
    (r"{n}\s*(?:-|–|\.\.\.?|…|to|bis)\s*{n}", message("Give one number for the range, such as its middle.")),
)
_NUMBER_IN_FORMS = r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)"


def form_advice(cell: str) -> Message | None:
    """What to give in the place of a value that is written of several numbers: an uncertainty, a fraction, a range."""
    plain = in_plain_digits(cell).strip()
    forms = ((form.format(n=_NUMBER_IN_FORMS), advice) for form, advice in _FORMS)
    return next((advice for form, advice in forms if re.fullmatch(form, plain, re.ASCII)), None)


def decimal_evidence(cell: str) -> str:
    """The decimal sign that a cell can only have, or nothing where both could be.

    >>> decimal_evidence("2,5"), decimal_evidence("1.234,5"), decimal_evidence("1,234"), decimal_evidence("2.5")
    (',', ',', '', '.')
    """
    cell = cell.strip()
    if _ONLY_COMMA.fullmatch(cell):
        return ","
    return "." if _ONLY_POINT.fullmatch(cell) else ""


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column of text are written.

    Attributes:
        decimal, thousands: the signs; ``thousands`` is empty where there is none.
        before, after: what stands about every number: a currency, a unit, a percent sign.
        missing: words that were taken for a missing value.
        shown: one of the cells.
        words: for a missing value, which a person named.
    """

    decimal: str = "."
    thousands: str = ""
    before: str = ""
    after: str = ""
    missing: tuple[str, ...] = ()
    shown: str = ""
    words: tuple[str, ...] = ()

    def number_of(self, cell: str) -> float | None:
        """The number in a cell, NaN where it is missing, None where it is none in this style."""
        cell = cell.strip()
        if not cell or cell in MISSING or cell in self.missing or cell in self.words:
            return float("nan")
        cell = in_plain_digits(cell).removeprefix(self.before).removesuffix(self.after).strip()
        cell = _FORTRAN.sub(r"\1e\2", cell)
        if self.thousands:
            marks = SPACES if self.thousands == " " else self.thousands
            whole, point, rest = cell.partition(self.decimal)
            if not re.fullmatch(rf"[+-]?\d+|[+-]?\d{{1,3}}(?:[{marks}]\d{{3}})+|[+-]?", whole):
                return None
            cell = "".join(c for c in whole if c not in marks) + point + rest
        if self.decimal != ".":
            if "." in cell:
                return None
            cell = cell.replace(self.decimal, ".")
        return float(cell) if is_number(cell) else None

    def numbers_of(self, column: Any) -> Any:
        """A column of text as an Arrow array of float64; what is no number becomes null, and is told by ``faults``."""
        import pyarrow as pa

        encoded = (
            column.combine_chunks().dictionary_encode()
            if column.num_chunks != 1
            else column.chunk(0).dictionary_encode()
        )
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        values = [None if v is None else self.number_of(v) for v in encoded.dictionary.to_pylist()]
        return pa.array(values, pa.float64(), from_pandas=True).take(encoded.indices)

    def fits(self, column: Any) -> bool:
        """Whether every cell of a column of text is a number in this style, or missing."""
        return self.misfit(column) is None

    def misfit(self, column: Any) -> str | None:
        """The first cell of a column of text that is neither a number in this style nor missing."""
        import pyarrow.compute as pc

        cells = pc.unique(column).to_pylist()
        return next((v.strip() for v in cells if v is not None and self.number_of(v) is None), None)

    def note(self, name: str) -> Message | None:
        """What a reader should know of how the column was read; None where it goes without saying."""
        value = self.number_of(self.shown)
        how: Message = NOTHING
        if self.after.strip() == "%":
            how = message(
                "Column '{name}' is in percent: {shown!r:.30} is read as {value:.10g}.",
                name=name,
                shown=self.shown,
                value=value,
            )
        elif self.before or self.after:
            how = message(
                "Column '{name}' has {unit!r:.20} beside its numbers: {shown!r:.30} is read as {value:.10g}.",
                name=name,
                unit=(self.before + self.after).strip(),
                shown=self.shown,
                value=value,
            )
        elif self.thousands or self.decimal == "," or not is_number(self.shown):
            how = message(
                "Column '{name}' was read with {shown!r:.30} as {value:.10g}.",
                name=name,
                shown=self.shown,
                value=value,
            )
        words = None
        if self.missing:
            words = message(
                "In column '{name}', {words} was taken for a missing value.",
                name=name,
                words=listing(map(repr, self.missing)),
            )
        return sentences(how, words) if how or words else None


@dataclass(frozen=True)
class Doubt:
    """Why a column of text that looks like numbers was not read as such.

    Attributes:
        cell: that shows it, without spaces about it.
        advice: the options that decide it.
    """

    cell: str
    advice: Message


def style_of(column: Any, asked: TextFormat, decimal: str, separator: str) -> NumberStyle | Doubt | None:
    """How the numbers in a column of text are written; None where it is text.

    Args:
        column: of PyArrow.
        asked: what a person said.
        decimal: the sign of the whole file, as far as it is known.
        separator: of its values; where that is a comma, decimals hardly are.
    """
    import pyarrow.compute as pc

    told = [
        v.strip() for v in pc.unique(column.slice(0, 50_000)).slice(0, DISTINCT).to_pylist() if v is not None
    ]
    words = (*MISSING, *asked.na_values)
    as_told = {in_plain_digits(c): c for c in told if c not in words}
    cells = list(as_told)
    matches = {c: m for c in cells if (m := _WRITTEN.fullmatch(c)) and c not in MISSING_AMONG_NUMBERS}
    others = [c for c in cells if c not in matches]
    missing = tuple(c for c in others if c in MISSING_AMONG_NUMBERS)
    if not matches or len(matches) < MOSTLY * (len(cells) - len(missing)):
        return None
    if len(matches) + len(missing) < len(cells):  # words among the numbers: to be named, not to be guessed
        return unread(next(c for c in others if c not in missing), asked)
    beside = {(m["before"].strip(), m["after"].strip()) for m in matches.values()}
    if len(beside) > 1 or not _is_unit(*next(iter(beside))):
        return None
    signs = _signs_of([m["number"].strip() for m in matches.values()], asked, decimal)
    if isinstance(signs, Doubt):
        return signs
    before, after = next(iter(beside))
    shown = max(matches, key=lambda c: sum(c.count(s) for s in (*signs, *after) if s))
    style = NumberStyle(*signs, before, after, missing, as_told[shown], asked.na_values)
    wrong = next((c for c in cells if style.number_of(c) is None), None)
    return style if wrong is None else unread(wrong, asked)


def unread(cell: str, asked: TextFormat) -> Doubt:
    """What to do where one cell among numbers is none: nothing that was done already."""
    given = [
        argument(name, sign)
        for name, sign in (("decimal", asked.decimal), ("thousands", asked.thousands))
        if sign is not None
    ]
    if given and _PLAIN.fullmatch(cell.replace(",", ".")):
        return Doubt(
            cell,
            message("By {options} it is none: correct it, or leave that out.", options=listing(given, "and")),
        )
    return Doubt(
        cell,
        message(
            "Correct it, or leave the cell empty where the value is missing; {option} makes it a word for that.",
            option=argument("na_values", cell[:20].strip()),
        ),
    )


def is_comment(line: str) -> bool:
    """Whether a line among the rows is a comment; one that begins with an error of a spreadsheet is none.

    >>> is_comment(" # by hand"), is_comment("#DIV/0!,5"), is_comment("1,2")
    (True, False, False)
    """
    text = line.lstrip()
    return text.startswith("#") and not text.startswith(SHEET_ERRORS)


def _is_unit(before: str, after: str) -> bool:
    """Whether what stands about a number is a currency or a unit, and not a part of a name, a date or a time.

    >>> _is_unit("$", ""), _is_unit("", "kg"), _is_unit("Q", ""), _is_unit("", "-A")
    (True, True, False, False)
    """
    return not re.search(r"[\w#]", before, re.ASCII) and not re.match(r"[.,\-/:]", after)


def _signs_of(numbers: list[str], asked: TextFormat, decimal: str) -> tuple[str, str] | Doubt:
    """(decimal sign, sign between thousands)."""
    if asked.decimal or asked.thousands:
        return asked.point or decimal, asked.thousands or ""
    spaced = next((s for n in numbers for s in (*SPACES, "'", "’", "_") if s in n.strip()), "")
    if spaced:
        spaced = " " if spaced in SPACES else spaced
    evidence = {
        mark for n in numbers if (mark := decimal_evidence("".join(c for c in n if c not in SPACES + "'’_")))
    }
    several = {s for s in ".," for n in numbers if n.count(s) > 1}
    if evidence == {","} or (decimal == "," and evidence != {"."}):
        point = ","
    elif evidence == {"."} or several == {","}:
        point = "."
    elif several == {"."}:
        point = ","
    else:
        point = ""
    grouped = [s for s in ".," if s != point and any(s in n for n in numbers)]
    if spaced and not grouped:
        return point or ".", spaced
    if not grouped:
        return point or ".", ""
    other = grouped[0]
    if point:
        return point, other
    shown = next(n for n in numbers if other in n)
    if other == ".":
        return ".", ""
    if spaced:  # which stands between thousands already
        return ",", spaced
    bare = shown.replace("\u2212", "-")
    return Doubt(
        shown,
        message(
            "Say how it is meant: {decimal} reads {small:.10g}, {thousands} reads {large:.10g}.",
            decimal=argument("decimal", ","),
            small=float(bare.replace(",", ".")),
            thousands=argument("thousands", ","),
            large=float(bare.replace(",", "")),
        ),
    )
