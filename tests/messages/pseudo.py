"""Reads what was rendered in the pseudo-language: letters outside ⟦ ⟧ were said without a message.

    with reading("xx-pseudo"):
        assert leftovers(str(run.message)) == []

Allowed outside are names, codes, numbers and formulas: words with a sign, a digit or capitals only, what stands in
quotes, commands as they are typed, and whatever the test names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

INSIDE = re.compile(r"⟦[^⟦⟧]*⟧")
COMMAND = re.compile(r"\bdownslope [^⟦⟧\n]*|\bsource <[^⟦⟧\n]*")
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
EDGES = ".,;:!?()[]{}'\"…"
CODES = {
    "downslope", "inf", "nan", "json", "csv", "table", "text", "true", "false", "none", "null",
    "bash", "zsh", "fish", "powershell", "step_limit", "converged", "diverged", "auto", "traced", "hosted", "en", "ko",
}  # fmt: skip


def leftovers(text: str, *allowed: str) -> list[str]:
    """The words that no template said."""
    for pattern in (INSIDE, COMMAND, QUOTED):
        text = pattern.sub(" ", text)
    known = {word.lower() for word in (*CODES, *allowed, *_of_the_library())}
    return [word for word in map(_bare, text.split()) if _is_word(word) and word.lower() not in known]


def _bare(word: str) -> str:
    return word.strip(EDGES)


def _is_word(word: str) -> bool:
    """Letters only, at least two, not all of them capitals: neither a name with a sign nor a formula."""
    return (
        len(word) > 1
        and all(map(str.isalpha, word.replace("-", "")))
        and not word.startswith("-")
        and not word.isupper()
    )


def _of_the_library() -> Iterable[str]:
    from downslope.language import FUNCTIONS
    from downslope.optimizers import all_optimizers

    yield from FUNCTIONS
    for cls in all_optimizers():
        yield from (cls.name(), cls.__name__, *cls.aliases)
