"""``race``: which method needs fewer evaluations, said only where that is so."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import Objective, Vector, as_objective
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.rule_text import gives_rate, split_rule
from downslope.results.checkpoints import checkpoint_of
from downslope.results.race import Race, make_race
from downslope.sweeping.paired_test import least_count
from downslope.sweeping.race_entrants import Entrant, OwnRule
from downslope.sweeping.race_peers import peer_of
from downslope.sweeping.race_record import FEWEST_STARTS, LEVEL
from downslope.sweeping.race_setting import Field, RaceProgress, RaceSetting
from downslope.sweeping.race_state import RaceState
from downslope.sweeping.start_boxes import StartBox, fresh_seed

PRECISIONS = (1e-1, 1e-3, 1e-5, 1e-7)
RATES = tuple(float(f"{10 ** (k / 2):.3g}") for k in range(-8, 3))  # 1e-4 to 10, two in a decade
EVALUATIONS, ROUNDS = 2000, 3
TUNING_STARTS = 10  # drawn beside those of the race, so that no setting is chosen on the starts that judge it
USUAL_STARTS = 25  # of fewer, another seed gives another verdict more often than once in twenty pairs
MOST_DESCENTS = 1_000_000
MOST_EVALUATIONS = 10_000_000  # of one descent, which is kept while it is run


class RaceOptions(TypedDict, total=False):
    """The keyword arguments of ``race`` beyond those in its signature."""

    seed: int
    evaluations: int
    targets: Sequence[float]
    rates: Sequence[float]
    rounds: int
    minimum: float
    gradient: Any
    progress: Callable[[RaceProgress], None]
    checkpoint: str | os.PathLike[str]
    checkpoint_seconds: float


def race(
    function: Any,
    rules: Sequence[Any],
    start: Any = None,
    *,
    starts: int | Sequence[Any] | None = None,
    **options: Unpack[RaceOptions],
) -> Race:
    r"""Race methods over many starts, and say which needs fewer evaluations where a paired test supports it.

    The starts, and the targets :math:`f^* + \tau (f(x_0) - f^*)`, are fixed before anything runs. Every method is run
    from every start, until the last target or ``evaluations``. What has a learning rate is run with its default, and
    with the best of ``rates`` on ten starts of their own; what that took is counted and shown beside. A target that is
    missed counts as infinite.

    Args:
        function: as for ``minimize``; or a list of such, and the methods are raced over all of them together.
        rules: at least one of: names and ``Optimizer`` objects as ``minimize`` takes them, ``"adam(0.3)"`` for a rate
            that is not to be tuned; ``"scipy:BFGS"``, ``"torch:Adam"``, ``"optax:adam"`` for those of other libraries,
            or ``optimizers.from_optax(...)``.
        start: as for ``minimize``, of one function; entries may be ``Uniform(low, high)``.
        starts: how many are drawn, at least 15; by default 25, or more where there are very many pairs of methods. From
            what is ``Uniform`` in ``start``, else from the window of a classic problem, else from a box around the
            start. Or a list of at least 15 starts.
        seed: of the starts; by default a fresh one, which the race tells.
        evaluations: most of one descent (2,000); the value with its gradient is one, a matrix of second derivatives
            as many as there are parameters.
        targets: the precisions :math:`\tau`, between 0 and 1; by default 0.1, 1e-3, 1e-5 and 1e-7.
        rates: learning rates to be tried; by default 11 from 1e-4 to 10. Empty: nothing is tuned.
        rounds: how often every descent is timed, in turns (3); 0: the clock is left out.
        minimum: :math:`f^*`, where it is known; a classic problem's is. Else the least value that descents by ``auto``
            from all starts find, made before the race and not counted.
        gradient: of a Python function, as for ``minimize``.
        progress: called with ``RaceProgress`` before each start.
        checkpoint: a file that keeps the race on its way, at most every ``checkpoint_seconds`` (10) and at its end, its
            targets and its tuning too; ``downslope.resume`` goes on with it.

    Returns:
        The ``Race``: its text by ``print``, ``verdicts``, ``columns``, ``to_dict()``, ``to_html()``, ``plot()``. Ctrl-C
        ends it with the starts that all methods have run from.

    Raises:
        UsageError, UnknownNameError, HyperparameterError, StartError: something asked for is wrong, said before
            anything runs.
        ObjectiveError: the function has no value at a start, or no least value.

    >>> import downslope as ds
    >>> found = ds.race("x^2/20 + y^2", ["sgd(0.9)", "sgd(0.3)"], {"x": -7, "y": 2}, seed=1, rounds=0)
    >>> better = found.verdicts[0]
    >>> found.contestants[better.first].label, better.differs, round(better.ratio, 1)
    ('gradient_descent(0.9)', True, 3.1)

    The rules are those of AlgoPerf (Dahl et al. 2023, tuning is part of a method; misses are infinite), COCO (Hansen et
    al. 2021, targets and expected running times) and benchopt (Moreau et al. 2022, one authority over stopping).
    """
    for name in options:
        if name not in RaceOptions.__annotations__:
            raise UsageError(message("there is no option '{name}' of a race.", name=name))
    entrants = entrants_of(rules)
    functions = list(function) if isinstance(function, (list, tuple)) else [function]
    if not functions:
        raise UsageError(message("function is an empty list; there is nothing to run."))
    if len(functions) > 1 and start is not None:
        raise UsageError(
            message("start is of one function; several are raced from where classic problems begin.")
        )
    setting, checkpoint = _setting(options), checkpoint_of(options)
    asked = _Starts(_enough(len(entrants)) if starts is None else starts, setting.seed)
    _check_size(len(functions) * asked.count, len(entrants), setting)
    fields = [_field(one, start, asked, options) for one in functions]
    told = tuple(map(_plain_rule, rules if isinstance(rules, (list, tuple)) else [rules]))
    return make_race(RaceState(tuple(fields), setting, told), entrants, checkpoint)


def entrants_of(rules: Any) -> list[Entrant]:
    """Who runs.

    Raises:
        UsageError, UnknownNameError, HyperparameterError: somebody is not known, or nobody is there.
    """
    given = list(rules) if isinstance(rules, (list, tuple)) else [rules]
    if not given:
        raise UsageError(message("rules is an empty list; there is nobody to race."))
    return [_entrant(rule) for rule in given]


def _plain_rule(rule: Any) -> Any:
    """A rule as a file has it: its text, or the numbers of an instance."""
    if isinstance(rule, str):
        return rule
    made = as_optimizer(rule)
    return made.to_dict() if isinstance(rule, Optimizer) else made.name()


def _entrant(rule: Any) -> Entrant:
    if isinstance(rule, str) and ":" in rule:
        return peer_of(*split_rule(rule))
    if not isinstance(rule, str):
        made = as_optimizer(rule)
        return OwnRule(made, fixed=isinstance(rule, Optimizer))
    made = as_optimizer(rule)
    return OwnRule(made, fixed=gives_rate(rule))


def _setting(options: RaceOptions) -> RaceSetting:
    precisions = tuple(float(one) for one in _numbers("targets", options.get("targets", PRECISIONS)))
    if not precisions or not all(0 < one < 1 for one in precisions):
        raise UsageError(
            message("targets is {given!r:.80}; give precisions between 0 and 1.", given=list(precisions))
        )
    rates = tuple(float(one) for one in _numbers("rates", options.get("rates", RATES)))
    if not all(one > 0 and math.isfinite(one) for one in rates):
        raise UsageError(
            message("rates is {given!r:.80}; a learning rate is a finite number > 0.", given=list(rates))
        )
    seed = options.get("seed")
    minimum = options.get("minimum")
    if minimum is not None and not math.isfinite(minimum):
        raise UsageError(message("minimum is {minimum!r}; it must be a finite number.", minimum=minimum))
    return RaceSetting(
        tuple(sorted(precisions, reverse=True)),
        _whole("evaluations", options.get("evaluations", EVALUATIONS), 2, MOST_EVALUATIONS),
        tuple(sorted(rates)),
        _whole("rounds", options.get("rounds", ROUNDS), 0, 1000),
        fresh_seed() if seed is None else _whole("seed", seed, 0, 2**64),
        options.get("progress"),
    )


def _numbers(name: str, given: Any) -> list[Any]:
    listed = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
    if not all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in listed):
        raise UsageError(message("{name} is {given!r:.80}; give a list of numbers.", name=name, given=given))
    return listed


def _whole(name: str, given: Any, least: int, most: int) -> int:
    whole = isinstance(given, (int, np.integer)) or (isinstance(given, float) and given.is_integer())
    if isinstance(given, bool) or not whole or not least <= given <= most:
        raise UsageError(
            message(
                "{name} is {given!r}; it must be a whole number from {least:,} to {most:,}.",
                name=name,
                given=given,
                least=least,
                most=most,
            )
        )
    return int(given)


def _enough(entrants: int) -> int:
    """Starts for a race of so many, each of which may run by default and tuned: the usual, or what a claim needs."""
    most = 2 * entrants
    return max(USUAL_STARTS, least_count(most * (most - 1) // 2, LEVEL) + 3)


@dataclass(frozen=True)
class _Starts:
    """The starts that were asked for: how many, or which."""

    given: Any
    seed: int

    @property
    def count(self) -> int:
        """How many; refused where they are too few."""
        listed = isinstance(self.given, (list, tuple, np.ndarray))
        count = len(self.given) if listed else _whole("starts", self.given, 1, 2**53)
        if count < FEWEST_STARTS:
            raise UsageError(
                message(
                    "a race has at least {least} starts, and these are {count}: of fewer, nothing could be said.",
                    least=FEWEST_STARTS,
                    count=count,
                )
            )
        return count


def _check_size(starts: int, entrants: int, setting: RaceSetting) -> None:
    """Refuse what would never end, with the count."""
    each = 2 * (1 + setting.rounds)  # by default and tuned, raced and timed
    descents = entrants * (starts * each + len(setting.rates) * TUNING_STARTS)
    if descents > MOST_DESCENTS:
        raise UsageError(
            message(
                "this race would make up to {count:,} descents; at most {most:,} are made.",
                count=descents,
                most=MOST_DESCENTS,
            )
        )


def _field(function: Any, start: Any, asked: _Starts, options: RaceOptions) -> Field:
    """The function with its starts, and those of the tuning beside them."""
    listed = None if isinstance(asked.given, (int, float)) else list(asked.given)
    first = listed[0] if listed is not None and start is None else start
    minimum = options.get("minimum")
    objective, x = as_objective(function, first, gradient=options.get("gradient"), seed=asked.seed)
    box = StartBox.of(objective, x, first)
    if listed is None:
        drawn = box.draw(asked.count + TUNING_STARTS, asked.seed)
        return Field(objective, drawn[: asked.count], drawn[asked.count :], box, minimum)
    points = np.array([_flat(objective, one) for one in listed])
    around = StartBox(points.min(axis=0), points.max(axis=0))
    return Field(objective, points, around.draw(TUNING_STARTS, asked.seed), None, minimum)


def _flat(objective: Objective, start: Any) -> Vector:
    return objective.parameters.flatten(start)
