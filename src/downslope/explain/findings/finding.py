"""One cause: its code, its evidence, and what would work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from downslope.explain.advice import Advice
from downslope.explain.sentences import say
from downslope.messages import Message, listing

MOST_NAMED = 8  # coordinates of a place that are all named; of more, the first
MOST_SHOWN = 6


@dataclass(frozen=True)
class Finding:
    """A cause of what a run did.

    Attributes:
        code: one of ``CODES``; it does not change from version to version.
        evidence: the numbers and names that show it.
        exact: whether the numbers hold everywhere (a quadratic) or only near where they were taken.
        advice: what would work, run and confirmed; None where nothing did, or nothing can.
        key: of its sentence; by default the code, with ``.local`` where it is not exact.
        up: whether the run climbed.
    """

    code: str
    evidence: dict[str, Any] = field(default_factory=dict)
    exact: bool = True
    advice: Advice | None = None
    key: str = ""
    up: bool = False

    @property
    def sentence(self) -> str:
        """The cause in a sentence or two."""
        return str(self.message)

    @property
    def message(self) -> Message:
        """The same as data."""
        key = self.key or (self.code if self.exact else f"{self.code}.local")
        key += ".up" if self.up else ""
        at = self.evidence.get("pole", self.evidence.get("at"))
        shown = [f"{name} = {number:.6g}" for name, number in at.items()] if isinstance(at, dict) else []
        place = listing(shown, most=MOST_SHOWN) if len(shown) > MOST_NAMED else ", ".join(shown)
        return say(f"finding.{key}", **self.evidence, place=place)

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "code": self.code,
            "exact": self.exact,
            "evidence": self.evidence,
            "advice": None if self.advice is None else self.advice.to_dict(),
            "sentence": self.sentence,
        }
