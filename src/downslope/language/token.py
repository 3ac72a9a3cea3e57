"""A word of what was typed, with its place in it."""

from __future__ import annotations

LONGEST_SHOWN = 40  # characters of a piece that is said


class Token:
    """One word of the language. ``begin`` and ``end`` are places in what was typed."""

    __slots__ = ("begin", "end", "reading", "text", "type", "value")

    # Lark copies these to its end-of-input token.
    line = column = end_line = end_column = start_pos = end_pos = None

    def __init__(self, type: str, text: str, begin: int, end: int) -> None:
        self.type, self.text, self.begin, self.end = type, text, begin, end
        self.value = 0.0
        self.reading: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"{self.type}({self.text!r})"


def short(text: str) -> str:
    """A piece of what was typed as it is shown, its middle left out where it is long."""
    text = " ".join(text[:200].split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[:18]}...{text[-18:]}"
