"""A lesson: a text to stand beside the page, and the parts of the page that it does without."""

from __future__ import annotations

import re
from typing import Any

from downslope.errors import UsageError, nearest
from downslope.messages import listing, message, sentences

PARTS = (
    "examples",
    "formula",
    "table",
    "limits",
    "rules",
    "picture",
    "player",
    "tools",
    "progress",
    "told",
    "update",
    "steps",
)
LONGEST = 20_000  # characters, which have to go into a link
_HIDE = re.compile(r"hide:\s*(.*)\n?", re.IGNORECASE)


def lesson_of(text: str) -> dict[str, Any]:
    """The text, and what a first line such as ``hide: rules, progress`` takes away.

    Raises:
        UsageError: the page has no such part, or the text is too long.

    >>> lesson_of("hide: rules\\n# Zig-zag\\nDrag the start.")
    {'text': '# Zig-zag\\nDrag the start.', 'hide': ['rules']}
    """
    hidden = _HIDE.match(text)
    parts = [part.strip() for part in hidden[1].split(",") if part.strip()] if hidden else []
    for part in parts:
        if part not in PARTS:
            said = message(
                "a page has no part {part!r} to hide; its parts are {parts}.", part=part, parts=listing(PARTS)
            )
            raise UsageError(sentences(said, nearest(part, PARTS)))
    left = text[hidden.end() :] if hidden else text
    if len(left) > LONGEST:
        raise UsageError(
            message("a lesson has at most {most:,} characters, not {n:,}.", most=LONGEST, n=len(left))
        )
    return {"text": left.strip(), "hide": parts}
