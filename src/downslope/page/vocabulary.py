"""The words, signs and characters of formulas as a module of JavaScript, for the page's reader."""

from __future__ import annotations

import json
import keyword
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from downslope.language import characters, mistakes, names
from downslope.language.functions import CANONICAL, CONSTANTS, FUNCTIONS, REWRITES, Function
from downslope.language.infix_words import INFIX_WORDS
from downslope.language.text import to_text
from downslope.messages.message import Listing, Message, Sentence
from downslope.page.refusals import outside_key


def vocabulary() -> str:
    """The module."""
    tables = {
        "FUNCTIONS": [[name, _record(function)] for name, function in FUNCTIONS.items()],
        "CANONICAL": list(CANONICAL.items()),
        "CONSTANTS": list(CONSTANTS.items()),
        "LOGICAL": list(names.LOGICAL.items()),
        "INFIX_WORDS": list(INFIX_WORDS.items()),
        "REWRITES": [[name, _rewrite(said)] for name, said in REWRITES.items()],
        "FOREIGN_USAGE": [
            [name, to_text(function.foreign[f"numpy.{name}"])]
            for name, function in FUNCTIONS.items()
            if f"numpy.{name}" in function.foreign
        ],
        "SIGNS": list(characters.SIGNS.items()),
        "FRACTIONS": [
            [character, list(map(int, text.split("/")))] for character, text in characters.FRACTIONS.items()
        ],
    }
    sets = {
        "KEYWORDS": sorted(keyword.kwlist),
        "RESERVED": sorted(names.RESERVED),
        "PREFIXES": sorted(mistakes.PREFIXES),
    }
    ranges = {
        "COMBINING": _ranges(lambda c: unicodedata.combining(c) > 0),
        "RAISED_FORMS": _ranges(lambda c: _tag(c) == "<super>"),
        "SUBSCRIPT_FORMS": _ranges(lambda c: _tag(c) == "<sub>"),
        "OTHER_FORMS": _ranges(
            lambda c: _tag(c)[:1] == "<" and _tag(c) not in ("<super>", "<sub>", *characters.SAME_MEANING)
        ),
    }
    return "".join(
        [
            f"// Characters are those of Unicode {unicodedata.unidata_version}.\n",
            *(f"export const {name} = new Map({_json(table)});\n" for name, table in tables.items()),
            *(f"export const {name} = new Set({_json(entries)});\n" for name, entries in sets.items()),
            *(f"export const {name} = {_json(pairs)};\n" for name, pairs in ranges.items()),
            _TAKES,
        ]
    )


_TAKES = """\
for (const record of FUNCTIONS.values()) {
  record.takes = (count) => record.minimum <= count && (record.maximum === null || count <= record.maximum);
}
"""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _record(function: Function) -> dict[str, Any]:
    """What the reader asks of a function."""
    return {
        "usage": function.usage,
        "minimum": function.minimum,
        "maximum": function.maximum,
        "count": len(function.arguments),
        "defaults": list(function.defaults),
        "condition": function.condition,
        "soft": function.soft,
        "outside": outside_key(function),
    }


def _rewrite(said: Message) -> dict[str, Any]:
    """How to say what a function would be that does not exist: a key of ``refusals``, and its fields."""
    assert isinstance(said, Sentence)
    ((_, code),) = said.fields
    if isinstance(code, Listing):
        return {"key": "write_code", "fields": {"code": {"list": list(code.items), "last": code.last}}}
    key = "terms_out" if "terms" in said.template else "factors_out"
    return {"key": key, "fields": {"code": code}}


def _tag(character: str) -> str:
    return unicodedata.decomposition(character).partition(" ")[0]


def _ranges(belongs: Callable[[str], bool]) -> list[int]:
    """First and last code point of every run of characters that belong, one after the other."""
    return [end for pair in _runs(belongs) for end in pair]


def _runs(belongs: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    begin = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and belongs(chr(code))
        if inside and begin is None:
            begin = code
        elif not inside and begin is not None:
            yield begin, code - 1
            begin = None
