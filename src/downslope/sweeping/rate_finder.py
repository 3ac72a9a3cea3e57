"""A learning rate, found by whole short descents at many rates; never by one run whose rate is raised.

The curve is the value that each rate comes down to. It falls off at a limit, above which runs diverge; a rate well
below that limit, and at which the value falls fastest, is tried once more before it is recommended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, Stopping
from downslope.descent.stopping import Status
from downslope.errors import UsageError
from downslope.explain.setup import Setup
from downslope.explain.theory import forecast_of
from downslope.messages import NOTHING, Message, message, sentences
from downslope.optimizers.wrappers.scheduled import why_without_rate
from downslope.sweeping.lanes import why_no_lanes
from downslope.sweeping.settings import Design, SweepAxis
from downslope.sweeping.trial import RATE, Trial
from downslope.sweeping.trial_runs import Made, Onlookers, run_trial

LOW, HIGH = 1e-8, 1e4  # the rates that are looked at first
A_DECADE = 100  # rates in a factor of ten, of runs in lanes
A_DECADE_OF_DEAR = 3  # the same, where every run is one of its own
FINER = 8  # times, that the cell at the limit is looked at again where runs are dear
STEPS, STEPS_OF_DEAR = 500, 40
MOST_SHIFTS, SHIFT = 12, 6  # of the range, by so many decades, where all rates are good or none is
MARGIN = 0.7  # part of the limit, above which no rate is recommended
NEARLY = 1e-3  # part of the fall that may be left when the fastest rate is told by its steps
FLAT = 1e-12  # part of the value: what falls by less is flat
REPEATS = 16  # evaluations that tell how much random numbers spread
BEYOND_NOISE = (
    8.0  # times that spread must the fall be: the least of a hundred values is three below by chance
)
TRIES, SMALLER = 5, 0.6  # of the rate recommended, and how much smaller each is than the one before
_RAN_AWAY = (Status.DIVERGED, Status.LEFT_DOMAIN, Status.UNBOUNDED, Status.ERROR, Status.INTERRUPTED)


class LimitCause(StrEnum):
    """Why there is a limit."""

    CURVATURE = "curvature"  # 2/L, or what theory has for the rule, on a quadratic
    DIVERGENCE = "divergence"  # the first rate that ran away, or ended above its start
    NOISE = "noise"  # values above that limit do not fall beyond their noise
    NONE = "none"  # no rate looked at runs away


class NoAnswer(StrEnum):
    """Why no rate is recommended."""

    FLAT = "flat"
    NOISY = "noisy"
    NO_FALL = "no_fall"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, eq=False, kw_only=True)
class RateSearch:
    """What was found.

    Attributes:
        rate: the number to use; None where there is no answer.
        fastest: the rate at which the value came down soonest; None likewise.
        limit: below it runs come down, from it on they do not; infinite where none ran away; None likewise.
        cause: why there is that limit.
        no_answer: why there is none; None where there is one.
        cell: the ratio of neighbouring rates that were tried: the limit is right to within one.
        rates, values: the curve: the final value at each rate, shape (rates,); infinite where a run ran away.
        first: the value at the start.
        steps: of each short descent, at most.
        evaluations: of all descents together.
        confirmed: the run at ``rate``.
        trial: what the descents have in common.
    """

    rate: float | None
    fastest: float | None
    limit: float | None
    cause: LimitCause
    no_answer: NoAnswer | None
    cell: float
    rates: NDArray[np.float64]
    values: NDArray[np.float64]
    first: float
    steps: int
    evaluations: int
    confirmed: Descent | None
    trial: Trial

    @property
    def said(self) -> Message:
        """The answer in a sentence or two."""
        if self.no_answer is not None:
            return _NO_ANSWER[self.no_answer]
        assert self.rate is not None
        assert self.confirmed is not None
        assert self.limit is not None
        use = message(
            "use {rate:.4g}: in {steps:,} steps it brings the value from {first:.6g} to {value:.6g}.",
            rate=self.rate,
            steps=self.confirmed.nit,
            first=self.first,
            value=self.confirmed.fun,
        )
        return sentences(use, self._about_the_limit(), self._about_the_margin())

    def _about_the_margin(self) -> Message:
        assert self.rate is not None
        assert self.limit is not None
        if self.rate == self.fastest or not np.isclose(self.rate, MARGIN * self.limit):
            return NOTHING
        return message(
            "The rate to use is {part:g} times the limit: a margin for places that are steeper.", part=MARGIN
        )

    def _about_the_limit(self) -> Message:
        assert self.fastest is not None
        assert self.limit is not None
        fastest = message("The value comes down soonest at {fastest:.4g}.", fastest=self.fastest)
        if self.cause == LimitCause.NONE:
            return sentences(
                fastest, message("No rate up to {high:.3g} runs away.", high=float(self.rates[-1]))
            )
        if self.cause == LimitCause.CURVATURE:
            why = message("The limit is {limit:.6g}, by the largest curvature.", limit=self.limit)
        else:
            why = message(
                "The limit is {limit:.4g}, within {percent:.2g} %: there the first run goes up or runs away.",
                limit=self.limit,
                percent=100 * (self.cell - 1),
            )
        return sentences(fastest, why)


_NO_ANSWER = {
    NoAnswer.FLAT: message(
        "no answer: at none of the rates tried does the value change by more than rounding."
    ),
    NoAnswer.NOISY: message(
        "no answer: the value is another each time it is evaluated, and no rate lowers it beyond that noise."
    ),
    NoAnswer.NO_FALL: message("no answer: no rate tried brings the value below that at the start."),
    NoAnswer.NOT_CONFIRMED: message(
        "no answer: no rate that the curve suggests was confirmed by a run of its own."
    ),
}


@dataclass(frozen=True, eq=False)
class _Curve:
    """Final values at many rates; infinite where a run ran away, or ended above its start."""

    rates: NDArray[np.float64]
    values: NDArray[np.float64]
    evaluations: int


def find_rate(trial: Trial, tell: Callable[[int, int], None] | None = None) -> RateSearch:
    """A learning rate for the rule of a trial, which must not vary anything.

    Args:
        trial: the function, its start and the rule.
        tell: is told how many descents are done, and how many are begun.

    Raises:
        UsageError: the rule has no learning rate that is a number.
    """
    return _Search(trial, tell).search()


class _Search:
    def __init__(self, trial: Trial, tell: Callable[[int, int], None] | None) -> None:
        self.tell, self.done = tell, 0
        rule = trial.optimizer_of({(RATE,): 1.0})
        if not any(path.split(".")[-1] == RATE for path in rule.scalars()):
            raise UsageError(why_without_rate(rule))
        self.cheap = not why_no_lanes(trial.objective, rule)
        steps = trial.stopping.steps or (STEPS if self.cheap else STEPS_OF_DEAR)
        self.trial = dataclasses.replace(trial, stopping=Stopping(steps=steps), every=0)
        self.steps, self.rule = steps, rule
        self.sign = -1.0 if trial.maximize else 1.0
        start = np.asarray(trial.start, np.float64)
        random = trial.objective.draws_random(start)
        with np.errstate(all="ignore"):
            looks = [self.sign * trial.objective.value(start) for _ in range(REPEATS if random else 1)]
        self.first = float(np.median(looks))
        self.noise = float(np.std(looks, ddof=1)) if random else 0.0
        self.evaluations = len(looks) + 2

    def search(self) -> RateSearch:
        """Everything."""
        curve = self._curve_with_limit()
        cell = float(curve.rates[1] / curve.rates[0])
        begun, until = self._falling(curve)
        good = curve.values[:until]
        fall = self.first - float(np.min(good, initial=np.inf))
        why = self._refusal(curve, fall)
        if why is not None:
            return self._answer(curve, cell, no_answer=why)
        ends = until < len(curve.rates)
        cause = LimitCause.DIVERGENCE if ends else LimitCause.NONE
        limit = float(curve.rates[until]) if ends else np.inf
        if cause == LimitCause.DIVERGENCE and not self.cheap:
            limit, cell = self._refined(float(curve.rates[until - 1]), limit)
        if cause == LimitCause.DIVERGENCE and self.noise > 0:
            cause = LimitCause.NOISE
        exact = self._by_theory()
        if exact is not None and cause == LimitCause.DIVERGENCE:
            limit, cause = exact, LimitCause.CURVATURE
        fastest = self._fastest(curve.rates[begun:until], curve.values[begun:until])
        rate = min(fastest, MARGIN * limit)
        for _ in range(TRIES):
            run = self._confirm(rate)
            if run is not None:
                found = _Found(rate, fastest, limit, cause, run)
                return self._answer(curve, cell, found=found)
            rate *= SMALLER
        return self._answer(curve, cell, no_answer=NoAnswer.NOT_CONFIRMED)

    def _answer(
        self, curve: _Curve, cell: float, *, found: _Found | None = None, no_answer: NoAnswer | None = None
    ) -> RateSearch:
        return RateSearch(
            rate=None if found is None else found.rate,
            fastest=None if found is None else found.fastest,
            limit=None if found is None else found.limit,
            cause=LimitCause.NONE if found is None else found.cause,
            no_answer=no_answer,
            cell=cell,
            rates=curve.rates,
            values=self.sign * curve.values,
            first=self.sign * self.first,
            steps=self.steps,
            evaluations=self.evaluations,
            confirmed=None if found is None else found.run,
            trial=self.trial,
        )

    def _refusal(self, curve: _Curve, fall: float) -> NoAnswer | None:
        finite = curve.values[np.isfinite(curve.values)]
        if not np.isfinite(self.first) or not len(finite):
            return NoAnswer.NO_FALL
        if self.noise > 0 and not fall > BEYOND_NOISE * self.noise:
            return NoAnswer.NOISY
        if not fall > FLAT * max(abs(self.first), np.finfo(np.float64).tiny):
            moved = float(np.max(np.abs(finite - self.first)))
            return NoAnswer.FLAT if not moved > FLAT * abs(self.first) else NoAnswer.NO_FALL
        return None

    def _curve_with_limit(self) -> _Curve:
        """The curve over a range in which the first rates are good and a later one is not, as far as that is found."""
        each = A_DECADE if self.cheap else A_DECADE_OF_DEAR
        low, high = LOW, HIGH
        decades = round(np.log10(high / low))
        for _ in range(MOST_SHIFTS):
            curve = self._curve(np.geomspace(low, high, decades * each + 1))
            begun, until = self._falling(curve)
            flat = bool(np.all(np.abs(curve.values - self.first) <= self._rounding()))
            if until == len(curve.rates) or flat:
                low, high = low * 10.0**SHIFT, high * 10.0**SHIFT
            elif begun == until and not np.all(np.isfinite(curve.values)):
                low, high = low * 10.0**-SHIFT, high * 10.0**-SHIFT
            else:
                break
            if not 1e-200 < low < 1e200:
                break
        return curve

    def _falling(self, curve: _Curve) -> tuple[int, int]:
        """The first rate that lowers the value, and the next that does not; both 0 where none does."""
        falls = curve.values < self.first - BEYOND_NOISE * self.noise - self._rounding()
        if not np.any(falls):
            return 0, 0
        begun = int(np.argmax(falls))
        ends = np.flatnonzero(~falls[begun:])
        return begun, begun + int(ends[0]) if len(ends) else len(falls)

    def _curve(self, rates: NDArray[np.float64], stopping: Stopping | None = None) -> _Curve:
        design = Design((SweepAxis(RATE, {(RATE,): rates}),))
        asked = {"design": design} if stopping is None else {"design": design, "stopping": stopping}
        made = self._made(dataclasses.replace(self.trial, **asked))
        ends = made.ends
        self.evaluations += int(ends.evaluations.sum())
        values = self.sign * ends.values
        with np.errstate(all="ignore"):
            lost = ends.is_status(*_RAN_AWAY) | ~(
                values <= self.first + BEYOND_NOISE * self.noise + self._rounding()
            )
        return _Curve(rates, np.where(lost, np.inf, values), int(ends.evaluations.sum()))

    def _made(self, trial: Trial) -> Made:
        """All runs of a trial."""
        runs, before = len(trial.design), self.done

        def watch(done: int) -> bool:
            assert self.tell is not None
            self.tell(before + done, before + runs)
            return False

        made = run_trial(trial, Onlookers(None if self.tell is None else watch))
        if not made.complete:
            raise KeyboardInterrupt
        self.done += runs
        return made

    def _rounding(self) -> float:
        return FLAT * abs(self.first)

    def _refined(self, good: float, bad: float) -> tuple[float, float]:
        """The first rate between these two that is not good, and the ratio of neighbours."""
        rates = np.geomspace(good, bad, FINER + 1)
        curve = self._curve(rates[1:])
        lost = ~np.isfinite(curve.values)
        place = int(np.argmax(lost)) if np.any(lost) else FINER - 1
        return float(rates[1:][place]), float(rates[1] / rates[0])

    def _by_theory(self) -> float | None:
        """The limit that theory gives on a quadratic; None elsewhere."""
        made = forecast_of(
            self.trial.objective,
            np.asarray(self.trial.start, np.float64),
            Setup.of(self.rule),
            1e-8,
            sign=self.sign,
        )
        return made.limit if made is not None and made.exact else None

    def _fastest(self, rates: NDArray[np.float64], values: NDArray[np.float64]) -> float:
        """The rate that comes down first to nearly the least value found; of equally fast ones the smallest."""
        least = float(np.min(values))
        target = least + NEARLY * (self.first - least)
        near = np.flatnonzero(values <= target)
        if self.noise > 0:
            return float(rates[int(np.argmin(values))])
        design = Design((SweepAxis(RATE, {(RATE,): rates[near]}),))
        stopping = Stopping(steps=self.steps, target=self.sign * target)
        made = self._made(dataclasses.replace(self.trial, design=design, stopping=stopping))
        self.evaluations += int(made.ends.evaluations.sum())
        reached = made.ends.is_status(Status.TARGET_REACHED, Status.CONVERGED)
        steps = np.where(reached, made.ends.steps, np.iinfo(np.int64).max)
        return float(rates[near][int(np.argmin(steps))])

    def _confirm(self, rate: float) -> Descent | None:
        """The run at this rate, where it does come down."""
        design = Design((SweepAxis(RATE, {(RATE,): np.array([rate])}),))
        run = dataclasses.replace(self.trial, design=design).run(0)
        self.evaluations += run.nfev
        fell = self.sign * run.fun < self.first - (
            BEYOND_NOISE * self.noise if self.noise else self._rounding()
        )
        return run if fell and run.termination.status not in _RAN_AWAY else None


@dataclass(frozen=True, eq=False)
class _Found:
    """An answer."""

    rate: float
    fastest: float
    limit: float
    cause: LimitCause
    run: Descent
