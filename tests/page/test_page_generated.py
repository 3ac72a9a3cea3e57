"""What is printed from Python for the page is current, and of the words that the program says none is missing."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from page_node import PROGRAM

from downslope.page.generate import modules
from downslope.page.refusals import refusals

PRINTED = modules()
UNICODE = re.findall(r"those of Unicode ([0-9.]+)", (PROGRAM / "vocabulary.js").read_text(encoding="utf-8"))[
    0
]


@pytest.mark.parametrize("name", PRINTED)
def test_printed_modules_are_current(name: str) -> None:
    """Else: scripts/page."""
    if name not in ("vocabulary.js", "judge.js") and sys.platform != "linux":
        pytest.skip(
            "SymEngine's terms stand in the order of the C++ library's hash tables, which is another here"
        )
    there = (PROGRAM / name).read_text(encoding="utf-8")
    assert comparable(there) == comparable(PRINTED[name])


def comparable(module: str) -> str:
    """A module, without its tables of characters where they are those of another Unicode than this Python has."""
    known = re.search(r"those of Unicode ([0-9.]+)", module)
    if known is None or known[1] == unicodedata.unidata_version == UNICODE:
        return module
    return re.sub(r"(?m)^(// Characters are|export const (COMBINING|[A-Z]+_FORMS) ).*\n", "", module)


def test_tables_of_characters_are_left_out_of_a_comparison_across_unicodes() -> None:
    other = PRINTED["vocabulary.js"].replace(unicodedata.unidata_version, "1.0")
    assert "COMBINING" not in comparable(other)
    assert "export const FUNCTIONS" in comparable(other)


def test_every_key_of_the_reader_has_its_sentence() -> None:
    used: set[str] = set()
    for name in ("refusals.js", "unexpected.js", "reader.js", "tokens.js"):
        text = (PROGRAM / name).read_text(encoding="utf-8")
        for call in re.findall(r"say\(((?:[^()]|\([^()]*\))*)\)", text):
            used |= set(re.findall(r'"([a-z]+_?[a-z_]*)"', call.split("{")[0]))
    used -= {"e"}  # what a number's text includes
    assert used <= refusals().keys()
    assert len(used) > 90


def test_no_module_makes_code_of_text() -> None:
    """A strict Content-Security-Policy forbids it."""
    for path in PROGRAM.glob("*.js"):
        assert not re.search(r"\beval\b|new Function|import\(", path.read_text(encoding="utf-8")), path.name
