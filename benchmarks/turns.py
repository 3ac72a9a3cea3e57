"""Two loops measured beside each other on a machine that others use, too.

They run in short turns, one after the other, so that what slows one turn slows its neighbour. What counts is the ratio
of neighbours: its median says how much slower ours is than theirs, its quartiles how well that is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

TURNS = 17

Measure = Callable[[], float]  # runs once and says how many seconds a step took


@dataclass(frozen=True)
class Comparison:
    """Seconds per step of both (medians), and the quartiles of ours / theirs over pairs of neighbouring turns."""

    ours: float
    theirs: float
    low: float
    middle: float
    high: float

    def slower_than(self, allowed: float) -> bool:
        """Whether ours is slower by more than this, and not by the machine's noise: the lower quartile is, too."""
        return self.low > allowed


def compare(ours: Measure, theirs: Measure, turns: int = TURNS) -> Comparison:
    """Measure both in turns; who begins changes, since the first may find the machine as the other left it."""
    ours(), theirs()
    pairs = []
    for turn in range(turns):
        if turn % 2:
            second = theirs()
            pairs.append((ours(), second))
        else:
            pairs.append((ours(), theirs()))
    a, b = np.array(pairs).T
    low, middle, high = np.quantile(a / b, [0.25, 0.5, 0.75])
    return Comparison(float(np.median(a)), float(np.median(b)), float(low), float(middle), float(high))


def repeated(loop: Callable[[], Any], steps: int = 1, seconds: float = 0.02) -> Measure:
    """A turn of about so long: the loop, which makes so many steps, again and again."""
    loop()
    times = max(1, round(seconds / max(_seconds(loop), 1e-7)))

    def measure() -> float:
        begin = time.perf_counter()
        for _ in range(times):
            loop()
        return (time.perf_counter() - begin) / (times * steps)

    return measure


def beyond_the_first(descent: Callable[[int], Any], steps: int) -> Measure:
    """A descent's cost per step without what is done once, such as compiling: many steps less one."""

    def measure() -> float:
        one, many = _seconds(lambda: descent(1)), _seconds(lambda: descent(steps))
        return max(many - one, 1e-12) / (steps - 1)

    return measure


def _seconds(loop: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    loop()
    return time.perf_counter() - begin


def seconds(time: float) -> str:
    """Twelve letters with the unit that fits.

    >>> seconds(3.2e-8), seconds(0.0021)
    ('     32.0 ns', '   2100.0 us')
    """
    unit, scale = ("ns", 1e9) if time < 1e-6 else ("us", 1e6)
    return f"{scale * time:9.1f} {unit}"
