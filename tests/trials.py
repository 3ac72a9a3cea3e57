"""How many random trials a test makes: a sample, or in ``scripts/soak`` ``DOWNSLOPE_TRIALS`` times as many."""

from __future__ import annotations

import os
import random

FACTOR = int(os.environ.get("DOWNSLOPE_TRIALS") or 1)
SOAKING = FACTOR > 1  # a sample is the same each time; a soak draws anew


def trials(sample: int) -> int:
    """How many to draw, where the sample is so many."""
    return sample * FACTOR


def seed(own: int) -> int:
    """The seed of a test; in a soak that of the soak, so that a printed seed draws the same again."""
    if not SOAKING:
        return own
    return int(os.environ.get("DOWNSLOPE_SEED") or random.SystemRandom().randrange(2**31)) + own


def fresh_seed() -> int:
    """A new seed for each run, printed; the one of ``DOWNSLOPE_SEED`` where a failure is to be drawn again."""
    drawn = int(os.environ.get("DOWNSLOPE_SEED") or random.SystemRandom().randrange(2**31))
    print(f"DOWNSLOPE_SEED={drawn}")
    return drawn
