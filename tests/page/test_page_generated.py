"""What is printed from Python for the page is current, and of the words that the program says none is missing."""

from __future__ import annotations

import re

import pytest
from page_node import PROGRAM

from downslope.page.generate import modules
from downslope.page.refusals import refusals

PRINTED = modules()


@pytest.mark.parametrize("name", PRINTED)
def test_printed_modules_are_current(name: str) -> None:
    """Else: scripts/page."""
    assert (PROGRAM / name).read_text(encoding="utf-8") == PRINTED[name]


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
