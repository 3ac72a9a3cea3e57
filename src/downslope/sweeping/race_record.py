"""The bare record of a race: what was asked, what every descent needed, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.objectives import Objective
from downslope.sweeping.paired_test import favours, holm, signed_rank
from downslope.sweeping.start_boxes import StartBox

Floats = NDArray[np.float64]
LEVEL = 0.01  # of all the claims of a race together: one race in a hundred says something false
FEWEST_STARTS = 15  # with fewer, a paired test over all pairs of methods can hardly say anything


@dataclass(frozen=True, eq=False)
class RaceProblem:
    """A function with the starts and targets that were fixed before anything ran.

    Attributes:
        objective: the function.
        starts: one a row, float64 (starts, d).
        box: what they were drawn from; None where they were given.
        least: the value that targets are measured from.
        source: whose that is: "known", "given", or "reference" (the least that long descents by "auto" found).
        values: at the starts, float64 (starts,).
    """

    objective: Objective
    starts: Floats
    box: StartBox | None
    least: float
    source: str
    values: Floats

    def targets(self, precisions: Sequence[float]) -> Floats:
        """The values to be reached, for each start and precision: (starts, precisions).

        f* + precision (f(start) - f*): what is left of the height above the least value.

        J. J. Moré and S. M. Wild, Benchmarking derivative-free optimization algorithms, SIAM J. Optim. 20 (2009).
        """
        return self.least + np.outer(self.values - self.least, np.asarray(precisions))


@dataclass(frozen=True)
class Tuning:
    """How the learning rate of a method was found.

    Attributes:
        rates: that were tried, on each problem alike.
        chosen: for each problem.
        evaluations: that it took, over all problems.
        solved: part of the targets reached at each rate, for each problem: (problems, rates).
        typical: median evaluations to the last target at each rate, misses infinite: (problems, rates).
    """

    rates: tuple[float, ...]
    chosen: tuple[float, ...]
    evaluations: float
    solved: Floats = field(repr=False)
    typical: Floats = field(repr=False)


@dataclass(frozen=True)
class Contestant:
    """A method with one way of choosing its settings.

    Attributes:
        label: the method.
        way: "default", "tuned", "given" or "none" (there is nothing to set).
        rates: its learning rate on each problem; empty where it has none.
        tuning: how they were found; None where they were not tuned.
    """

    label: str
    way: str
    rates: tuple[float, ...] = ()
    tuning: Tuning | None = None


class Verdict(NamedTuple):
    """What may be said of two methods.

    Attributes:
        first, second: their numbers; where there is a difference, the first is the better one.
        chance: of such differences where there is none, by the paired test.
        corrected: the same, corrected for all pairs.
        ratio: median of the second's evaluations by the first's, over the starts where both reached the last target.
    """

    first: int
    second: int
    chance: float
    corrected: float
    ratio: float

    @property
    def differs(self) -> bool:
        """Whether the first needs fewer evaluations than the second."""
        return self.corrected < LEVEL


@dataclass(frozen=True, eq=False)
class Timing:
    """Seconds of whole descents to the last target, in turns.

    Attributes:
        seconds: the median over the rounds, NaN where not timed: (contestants, problems, starts).
        compiling: what the first descent of each took more than later ones, (contestants,).
        rounds: how often each was timed.
    """

    seconds: Floats
    compiling: Floats
    rounds: int


@dataclass(frozen=True, eq=False, kw_only=True)
class RaceRecord:
    """A race that was run.

    Attributes:
        problems, contestants: who ran, and where.
        precisions: the targets, as parts of the height above the least value, the easiest first.
        budget: most evaluations of a descent.
        seed: of the starts.
        evaluations: until each target was reached, infinite where it was not: (contestants, problems, starts, targets).
        statuses: how each descent ended: (contestants, problems, starts).
        elsewhere: whether it missed the last target and lies above another minimum: the same shape.
        spent: all evaluations of each: the same shape.
        finished: which starts were raced by all: (problems, starts).
        timing: None where nothing was timed.
        machine: versions and processor, by name.
        untimed: how many rounds of the clock are missing.
    """

    problems: tuple[RaceProblem, ...]
    contestants: tuple[Contestant, ...]
    precisions: tuple[float, ...]
    budget: int
    seed: int | None
    evaluations: Floats
    statuses: NDArray[np.object_]
    elsewhere: NDArray[np.bool_]
    spent: Floats
    finished: NDArray[np.bool_]
    timing: Timing | None
    machine: dict[str, str]
    untimed: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether some starts were not raced, or not timed as often as was asked for."""
        return not bool(self.finished.all()) or self.untimed > 0

    @cached_property
    def reached(self) -> Floats:
        """Evaluations over all finished starts of all problems: (contestants, starts, targets)."""
        return self.evaluations[:, self.finished]

    def quartiles(self, contestant: int, target: int) -> tuple[float, float, float]:
        """The quartiles of the evaluations to a target; infinite where so many missed it."""
        ordered = np.sort(self.reached[contestant, :, target])
        low, middle, high = (ordered[int(np.ceil(part * len(ordered))) - 1] for part in (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)

    def expected(self, contestant: int, target: int) -> float:
        """Expected running time: all evaluations that were spent, by the number of starts that reached the target.

        N. Hansen et al., COCO, Optimization Methods and Software 36 (2021).
        """
        hit = self.reached[contestant, :, target]
        good = np.isfinite(hit)
        missed = self.spent[contestant][self.finished][~good]
        return float((hit[good].sum() + missed.sum()) / good.sum()) if good.any() else float("inf")

    def misses(self, contestant: int) -> dict[str, int]:
        """How the descents ended that missed the last target: "another_minimum", or their status; how many of each."""
        out: dict[str, int] = {}
        for missed, elsewhere, status in zip(
            ~np.isfinite(self.reached[contestant, :, -1]),
            self.elsewhere[contestant][self.finished],
            self.statuses[contestant][self.finished],
            strict=True,
        ):
            if missed:
                word = "another_minimum" if elsewhere else str(status)
                out[word] = out.get(word, 0) + 1
        return dict(sorted(out.items(), key=lambda entry: -entry[1]))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What may be said of every two contestants, the clearest first; nothing where too few starts were raced."""
        if int(self.finished.sum()) < FEWEST_STARTS:
            return ()
        pairs = list(combinations(range(len(self.contestants)), 2))
        differences = [leads(self.reached[a], self.reached[b]) for a, b in pairs]
        chances = [signed_rank(found) for found in differences]
        corrected = holm(chances)
        out = []
        for (a, b), found, chance, adjusted in zip(pairs, differences, chances, corrected, strict=True):
            first, second = (a, b) if favours(found) >= 0 else (b, a)
            out.append(Verdict(first, second, chance, adjusted, self._ratio(first, second)))
        return tuple(sorted(out, key=lambda verdict: (verdict.corrected, verdict.chance)))

    def _ratio(self, first: int, second: int) -> float:
        mine, theirs = self.reached[first, :, -1], self.reached[second, :, -1]
        both = np.isfinite(mine) & np.isfinite(theirs)
        return float(np.median(theirs[both] / mine[both])) if both.any() else float("nan")

    def profile(self, contestant: int) -> Floats:
        """For each start how many times as many evaluations as the best needed to the last target; infinite if missed.

        E. D. Dolan and J. J. Moré, Mathematical Programming 91 (2002).
        """
        last = self.reached[:, :, -1]
        best = last.min(axis=0)
        with np.errstate(invalid="ignore"):
            ratios = last[contestant] / best
        return np.where(np.isfinite(last[contestant]), ratios, np.inf)


def leads(mine: Floats, theirs: Floats) -> Floats:
    """For each start by how much the second lies behind the first: positive where the first is better.

    The hardest target that either reached decides: who alone reached it is infinitely better; of two that did, the
    logarithms of their evaluations are compared.
    """
    out = np.zeros(len(mine))
    for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        known = np.flatnonzero(np.isfinite(a) | np.isfinite(b))
        if not len(known):
            continue
        first, second = a[known[-1]], b[known[-1]]
        if np.isfinite(first) and np.isfinite(second):
            out[i] = np.log(second / first)
        else:
            out[i] = np.inf if np.isfinite(first) else -np.inf
    return out
