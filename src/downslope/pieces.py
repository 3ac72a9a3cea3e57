"""Text that lists things: what stands between commas, where brackets hold commas of their own."""

from __future__ import annotations


def split_outside_brackets(text: str) -> list[str]:
    """The pieces of ``text`` between commas that are not inside brackets.

    >>> split_outside_brackets("x=uniform(-2,2), y=1")
    ['x=uniform(-2,2)', ' y=1']
    """
    pieces, depth, begin = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            pieces.append(text[begin:i])
            begin = i + 1
    return [*pieces, text[begin:]]
