"""What a record says by itself, where there is no function to evaluate: a recorded loop, or a run whose file lacks it.

Only what the numbers show is said. A limit of the learning rate is named where the gradients at the ends of the last
steps measure a curvature, and the values agree with them; nothing is tried, so there is no advice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, Status
from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain.budget import BudgetedObjective
from downslope.explain.curvature import along
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule
from downslope.explain.sentences import say
from downslope.explain.setup import Setup
from downslope.messages import Message
from downslope.objectives.recorded import NotFinite, RecordedObjective, Secants

RECORD_CODES = (
    "gradient_not_zeroed",
    "replaced_parameter",
    "broadcast",
    "not_finite",
    "learning_rate_above_limit",
    "diverging",
    "unbounded_below",
    "not_moving",
    "zigzag",
    "noisy",
    "plateau",
    "unfinished",
)
LAST = 10  # steps at the end by which a curvature is measured
ASKED = LAST + 1  # gradients that this takes, of a function that can still be called
AGREE = 0.25  # part of the slopes by which values may miss the trapezoid between them
ALTERNATING = 12  # steps in a row, and more where there are many coordinates, that must change their sign
SLOW = 0.85  # a step that changes its sign and keeps so much of its length takes 85 of them to a millionth
VISIBLE = 0.05  # part of the largest coordinate's steps below which nobody would see another one swing
MOST_NAMED = 5  # parameters that are named
STILL = 3  # steps without any move
OFF = 1e3  # times the size of the first value, below 0: so far down values have run off
WINDOW = 20  # rows at least in the part of a record that is called level or noisy
LEVEL = 1e-3  # part of the whole fall within which values are level
SMALL = 1e-2  # part of the first gradient's norm that is small
FALLING = 0.01  # part of the whole fall in the last tenth of the steps that is still a fall
STEADY = 0.8  # part of these steps that must fall


@dataclass(frozen=True)
class RecordedCourse:
    """The facts of a record, each worked out when first asked for."""

    run: Descent

    @cached_property
    def seen(self) -> int:
        """Rows at which something was evaluated: all, or all but the last, the point where the loop ended."""
        return self.run.history.evaluated

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The objective, as descent sees it, where it was evaluated."""
        return self.sign * self.run.history.value[: self.seen]

    @property
    def sign(self) -> float:
        """By which a climb is seen as a descent."""
        return -1.0 if self.run.maximize else 1.0

    @cached_property
    def norms(self) -> NDArray[np.float64]:
        """The gradient's norm in the same rows."""
        return self.run.history.gradient_norm[: self.seen]

    @property
    def steps(self) -> NDArray[np.int64]:
        """The number of the step of each of these rows."""
        return self.run.history.step[: self.seen]

    @cached_property
    def whole(self) -> bool:
        """Whether every step is there."""
        return len(self.run.history) == self.run.nit + 1

    @cached_property
    def points(self) -> NDArray[np.float64] | None:
        """Every point by its coordinates; None where only norms or some of the steps were kept."""
        return self.run.history.x if self.whole and not self.run.objective.of_norms else None

    @cached_property
    def secants(self) -> Secants | None:
        """What the steps tell of curvature, where every step is there."""
        objective = self.run.objective
        if isinstance(objective, BudgetedObjective):
            return self._secants_asked(objective)
        found = objective.secants if isinstance(objective, RecordedObjective) else None
        return found if found is not None and len(found.length) == len(self.run.history) else None

    def _secants_asked(self, objective: BudgetedObjective) -> Secants | None:
        """The same of the last steps of a run whose function can still be called; None where that is too dear."""
        if not self.whole or len(self.run.history) <= STILL or self.run.termination.status != Status.DIVERGED:
            return None
        x = self.run.history.x[-ASKED:]
        if objective.kept_back < len(x) * objective.gradient_calls:
            return None
        objective.kept_back -= len(x) * objective.gradient_calls
        try:
            gradients = np.array([objective.whole.gradient(point) for point in x])
        except ObjectiveError:
            return None
        moves, unseen = np.diff(x, axis=0), np.full(len(self.run.history) - len(x) + 1, np.nan)
        columns = (moves, gradients[:-1], gradients[1:])
        return Secants(*(np.concatenate([unseen, np.sum(column * moves, axis=1)]) for column in columns))

    @cached_property
    def broke(self) -> NotFinite | None:
        """Where a number was not finite, and which."""
        objective = self.run.objective
        return objective.broke if isinstance(objective, RecordedObjective) else None

    @cached_property
    def rising_from(self) -> int | None:
        """The row from which on the values (or, without values, the gradient's norm) only rose to the end, if they end
        higher than they began."""
        for column in (self.values, self.norms):
            if len(column) > STILL and np.all(np.isfinite(column)):
                falls = np.flatnonzero(np.diff(column) <= 0)
                first = int(falls[-1]) + 1 if len(falls) else 0
                enough = len(column) - 1 - first >= STILL
                return first if enough and column[-1] > column[0] else None
        return None

    @cached_property
    def curvature(self) -> float | None:
        """The curvature along the last steps, where values and gradients agree that they are of one function."""
        found = self.secants
        if found is None or len(self.steps) <= STILL:
            return None
        last = slice(max(1, self.seen - LAST), self.seen)
        change = np.diff(self.values)[-len(self.steps[last]) :]
        with np.errstate(all="ignore"):
            mean = self.sign * (found.before[last] + found.after[last]) / 2
            scale = np.maximum(np.abs(found.before[last]), np.abs(found.after[last]))
            agree = np.abs(change - mean) <= AGREE * scale
        measured = found.curvature[last]
        if not np.all(np.isfinite(measured)) or np.mean(agree) < STEADY:
            return None
        return self.sign * float(np.median(measured))

    @cached_property
    def way(self) -> str:
        """The coordinate, or the direction, of the last step."""
        if self.points is None or len(self.points) < 2:
            return ""
        step = self.points[-1] - self.points[-2]
        length = norm_of(step)
        return along(step / length, self.run.history.coordinates) if 0 < length < np.inf else ""


def course(record: RecordedCourse) -> Message:
    """What happened, in a sentence of numbers."""
    shown: dict[str, Any] = {"steps": record.run.nit}
    for name, column in (("value", record.run.history.value), ("norm", record.norms)):
        known = column[np.isfinite(column)]
        if len(known):
            shown[name], shown[f"{name}_end"] = float(known[0]), float(known[-1])
    key = "both" if "value" in shown and "norm" in shown else "value" if "value" in shown else "norm"
    if len(shown) == 1:
        return say("course.nothing", **shown)
    return say(f"course.{key}{'.open' if record.seen < len(record.run.history) else ''}", **shown)


def findings(record: RecordedCourse) -> list[Finding]:
    """What is to be said of the record, the gravest first."""
    with np.errstate(all="ignore"):
        return [replace(finding, up=record.run.maximize) for finding in _findings(record)]


def _findings(record: RecordedCourse) -> list[Finding]:
    told = list(_faults(record))
    if any(finding.code == "gradient_not_zeroed" for finding in told):
        return [*told, *_not_finite(record)]  # its gradients are none, so nothing is measured by them
    unmoved = {"not_moving"} if told else set()
    return [*told, *(finding for finding in _of_numbers(record) if finding.code not in unmoved)]


def _faults(record: RecordedCourse) -> Iterator[Finding]:
    """What the loop's framework showed."""
    objective = record.run.objective
    for fault in objective.faults if isinstance(objective, RecordedObjective) else ():
        evidence = {
            "names": ", ".join(fault.names[:MOST_NAMED]),
            "shapes": ", ".join(map(str, fault.shapes[:MOST_NAMED])),
            "count": len(fault.names),
            "steps": fault.steps,
        }
        yield Finding(fault.kind.partition(".")[0], evidence, key=f"record.{fault.kind}")


def _of_numbers(record: RecordedCourse) -> list[Finding]:
    grave = [*_not_finite(record), *_rising(record), *_running_off(record)]
    if grave or record.run.termination.status == Status.INTERRUPTED:
        return grave
    standing = list(_not_moving(record))
    return standing or [*_zigzag(record), *_ending(record)]


def _not_finite(record: RecordedCourse) -> Iterator[Finding]:
    if record.broke is not None:
        step, what, infinite = record.broke.step, record.broke.what, record.broke.infinite
        nature = "" if what == "point" else ".infinite" if infinite else ".nan"
        evidence = {"step": step, "what": what, "infinite": infinite}
        yield Finding("not_finite", evidence, key=f"record.not_finite.{what}{nature}")


def _rising(record: RecordedCourse) -> Iterator[Finding]:
    first = record.rising_from
    if first is None:
        return
    evidence: dict[str, Any] = {"step": int(record.steps[first])}
    setup = Setup.of(record.run.optimizer)
    linear = LinearRule.of(setup.rule) if setup.plain and not setup.bounded else None
    h = record.curvature
    if linear is not None and h is not None and h + setup.ridge > 0:
        limit = linear.limit(h + setup.ridge)
        if linear.rate > limit:
            evidence |= {"learning_rate": linear.rate, "limit": limit, "curvature": h, "along": record.way}
            evidence["rule"] = type(linear.rule).__name__
            key = "record.learning_rate_above_limit" + ("" if record.way else ".nowhere")
            yield Finding("learning_rate_above_limit", evidence, False, key=key)
            return
    valued = bool(np.all(np.isfinite(record.values)))
    column = record.run.history.value[: record.seen] if valued else record.norms
    evidence |= {"before": float(column[first]), "after": float(column[-1])}
    yield Finding("diverging", evidence, key=f"record.diverging{'' if valued else '.norm'}")


def _running_off(record: RecordedCourse) -> Iterator[Finding]:
    """Values that end far below 0, having fallen by more at every step: towards no least value."""
    drops = -np.diff(record.values)
    if len(drops) < LAST or not np.all(np.isfinite(drops)):
        return
    if not record.values[-1] < -OFF * (1 + abs(record.values[0])):
        return
    slower = np.flatnonzero(~((drops[1:] > drops[:-1]) & (drops[:-1] > 0)))
    first = int(slower[-1]) + 1 if len(slower) else 0
    if len(drops) - first < LAST:
        return
    seen = record.run.history.value[: record.seen]
    evidence = {
        "step": int(record.steps[first]),
        "before": float(seen[first]),
        "after": float(seen[-1]),
    }
    yield Finding("unbounded_below", evidence, False, key="record.unbounded_below")


def _not_moving(record: RecordedCourse) -> Iterator[Finding]:
    if not record.whole:
        return
    moves = np.any(np.diff(record.run.history.x, axis=0) != 0, axis=1)
    if record.secants is not None:  # of all parameters, where only some or their norms are in the columns
        length = record.secants.length[1:]
        moves = moves | np.isnan(length) | (length > 0)
    moved = np.flatnonzero(moves)
    still = len(moves) - (int(moved[-1]) + 1 if len(moved) else 0)
    if still < STILL:
        return
    norm = float(record.norms[-1])
    evidence = {"steps": still, "gradient_norm": norm}
    if norm == 0 and len(moved):
        return  # it arrived
    if norm == 0:
        yield Finding("not_moving", evidence, key="record.not_moving.no_gradient")
    elif norm > 0:
        yield Finding("not_moving", evidence, key="record.not_moving")


def _zigzag(record: RecordedCourse) -> Iterator[Finding]:
    if record.points is None or len(record.points) < ALTERNATING + 2:
        return
    moves = np.diff(record.points, axis=0)
    needed = ALTERNATING + int(np.ceil(np.log2(moves.shape[1])))
    if len(moves) <= needed:
        return
    flips = moves[1:] * moves[:-1] < 0
    runs = [len(flips) if np.all(column) else int(np.argmin(column[::-1])) for column in flips.T]
    last = moves[-needed:]
    sizes = np.median(np.abs(last), axis=0)
    worst = int(np.argmax(np.where(np.array(runs) >= needed, sizes, -1.0)))
    with np.errstate(all="ignore"):
        factors = np.abs(last[1:, worst] / last[:-1, worst])
    if not float(np.median(factors)) >= SLOW:
        return  # it settles quickly, as at the best rate there is
    if runs[worst] >= needed and sizes[worst] >= VISIBLE * np.max(sizes) > 0:
        evidence = {
            "along": record.run.history.coordinates[worst],
            "steps": runs[worst],
            "size": float(np.abs(last[-1, worst])),
        }
        yield Finding("zigzag", evidence, key="record.zigzag")


def _ending(record: RecordedCourse) -> Iterator[Finding]:
    """How the values were at the end: without a trend, level with a gradient left, or still falling."""
    values = record.values
    if not np.all(np.isfinite(values)) or len(values) < 2 * WINDOW:
        return
    half = values[len(values) // 2 :]
    fall = float(values[0] - np.min(values))
    spread, steps = float(np.ptp(half)), int(record.steps[-1] - record.steps[len(values) // 2])
    left = float(record.norms[-1] / record.norms[0]) if record.norms[0] > 0 else np.nan
    if fall > 0 and spread <= LEVEL * fall:
        if left > SMALL:
            evidence = {
                "steps": steps,
                "value": float(record.run.history.value[record.seen - 1]),
                "spread": spread,
                "left": left,
                "gradient_norm": float(record.norms[-1]),
            }
            yield Finding("plateau", evidence, key="record.plateau")
        return
    turns = np.diff(half)
    ups = float(np.mean(turns > 0))
    trend = float(np.polyfit(np.arange(len(half)), half, 1)[0]) * len(half)
    if 0.25 < ups < 0.75 and abs(trend) < np.std(half):
        evidence = {
            "steps": steps,
            "level": float(np.mean(record.run.history.value[record.seen - len(half) : record.seen])),
            "spread": float(np.std(half)),
        }
        yield Finding("noisy", evidence, key="record.noisy")
        return
    tenth = values[-max(WINDOW // 2, len(values) // 10) :]
    drop = float(tenth[0] - tenth[-1])
    if fall > 0 and drop > FALLING * fall and np.mean(np.diff(tenth) < 0) >= STEADY:
        yield Finding("unfinished", {"part": drop / fall, "steps": len(tenth) - 1}, key="record.unfinished")
