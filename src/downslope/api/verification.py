"""What comes out when something saved is made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from downslope.descent.snapshot import changed, versions
from downslope.messages import NOTHING, Message, listing, message

AGREES = 6  # decimal digits of the points; with fewer left the same way is no longer told from another


@dataclass(frozen=True)
class Verification:
    """What came out when a saved run, fit, sweep or race was made again.

    Attributes:
        identical: whether all numbers are the same, bit for bit.
        digits: decimal digits to which the points agree, as far as they do: until step ``until``.
        until: the last step until which they agree; None where not even the first does, and of a sweep or a race.
        holds: whether what the file says holds: all points agree, and the end is the same.
        said: that, in a sentence.
    """

    identical: bool
    digits: int
    until: int | None
    holds: bool
    said: Message

    def __str__(self) -> str:
        return str(self.said)


def other_versions(before: Mapping[str, str], engine: str, tensors: bool) -> Message:
    """What computes now and is not what computed then, which may explain a difference."""
    changes = changed(before, versions(engine, tensors))
    if not changes:
        return NOTHING
    return message("It was made by other versions: {changes}.", changes=listing(changes))
