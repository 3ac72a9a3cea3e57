"""Writes the modules of the page's program that are printed from Python; ``scripts/page`` calls it."""

from __future__ import annotations

from pathlib import Path

from downslope.page import printed
from downslope.page.judging import judging
from downslope.page.printed_wrappers import wrappers
from downslope.page.vocabulary import vocabulary

PROGRAM = Path(__file__).with_name("program")
_HEAD = "// Written by scripts/page from the records in Python. Do not edit.\n"


def modules() -> dict[str, str]:
    """Name -> text of every module that is printed."""
    printers = {
        "vocabulary.js": vocabulary,
        "functions.js": printed.functions,
        "rules.js": printed.rules,
        "schedules.js": printed.schedules,
        "wrappers.js": wrappers,
        "judge.js": judging,
    }
    return {name: _HEAD + printer() for name, printer in printers.items()}


def write() -> list[str]:
    """Bring them up to date; the names of those that changed."""
    changed = []
    for name, text in modules().items():
        path = PROGRAM / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


if __name__ == "__main__":
    print(*write(), sep="\n")
