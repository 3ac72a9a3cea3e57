"""``compare``: a function with several rules, learning rates or starts, side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np

from downslope import interruption
from downslope.api.minimization import MinimizeOptions, maximize, minimize
from downslope.errors import UsageError
from downslope.messages import argument, message
from downslope.objectives import Normal, as_objective
from downslope.objectives.start import draw_from, draws, parse_start, seed_for
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.rule_text import gives_rate
from downslope.results.comparison import RunComparison, comparison_of
from downslope.results.run import Run
from downslope.sweeping.start_boxes import StartBox, fresh_seed

MOST_RUNS = 1000  # side by side; whoever wants more wants a sweep
MANY_ROWS = 1_000_000  # of all histories together, below which memory is no matter
MOST_OF_A_RUN = 32 << 20  # bytes, to which a history keeps by itself
MOST_MEMORY = 2 << 30  # bytes of all histories


class CompareOptions(MinimizeOptions, total=False):
    """The keyword arguments of ``compare`` beyond those in its signature."""

    steps: int
    tolerance: float


def compare(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = None,
    learning_rate: Any = None,
    starts: int | Sequence[Any] | None = None,
    uphill: bool = False,
    **options: Unpack[CompareOptions],
) -> RunComparison:
    """Run a function with several rules, learning rates or starts; or put runs side by side that there are.

    Every rule is run with every learning rate from every start, and each run is the one that ``minimize`` makes.

    Args:
        function: as for ``minimize``; or a list of runs, and nothing else.
        start: as for ``minimize``.
        optimizer: one or a list of what ``minimize`` takes; one with a rate of its own, ``"adam(0.3)"``, keeps that.
        learning_rate: one or a list, for the rules given by name.
        starts: a list of starts; or how many are drawn, with ``seed``, from what is ``Uniform`` or ``Normal`` in
            ``start``, or else from a box around it (that which a classic problem is usually drawn in).
        uphill: whether to climb, as ``maximize`` does.
        options: as for ``minimize``; ``progress`` and ``callback`` are called in every run.

    Returns:
        The ``RunComparison``: ``runs``, ``columns``, ``plot()``, ``save()``. Ctrl-C ends it with the runs made so far.

    Raises:
        UsageError: a list is empty, a rule among them is unknown, or there would be more than 1,000 runs; and what
            ``minimize`` raises. All that can be known is said before the first run.

    >>> import downslope as ds
    >>> rules = ["sgd(0.95)", "momentum(0.1)", "adagrad(1.5)", "adam(0.3)"]
    >>> four = ds.compare("x^2/20 + y^2", {"x": -7, "y": 2}, optimizer=rules, steps=30)
    >>> four.columns["optimizer"], four.columns["steps"]
    (['gradient_descent', 'momentum', 'adagrad', 'adam'], [30, 30, 30, 30])
    """
    if isinstance(function, (list, tuple)):
        given = {"start": start, "optimizer": optimizer, "learning_rate": learning_rate, "starts": starts}
        _refuse_settings([name for name, value in given.items() if value is not None] + list(options))
        return comparison_of([run.__descent__() if hasattr(run, "__descent__") else run for run in function])
    rules = _rules(optimizer, learning_rate, options.pop("hyperparameters", {}))
    places = _places(function, start, starts, options)
    _check_count(len(rules) * len(places.starts))
    _check_memory(len(rules) * len(places.starts), function, places.starts[0], options)
    run_one = maximize if uphill else minimize
    wanted = list(itertools.product(rules, places.starts))
    runs: list[Run] = []
    try:
        for rule, place in wanted:
            runs.append(run_one(function, place, optimizer=rule, **options))
            if runs[-1].status == "interrupted":
                break
    except KeyboardInterrupt:
        if not runs:
            raise
        interruption.caught()
    return comparison_of(runs, len(wanted), places.seed)


class _Places(NamedTuple):
    """Where the runs begin, and with which seed that was drawn, if it was."""

    starts: list[Any]
    seed: int | None = None


def _refuse_settings(names: list[str]) -> None:
    if names:
        raise UsageError(
            message(
                "{name} is for a function; these are runs, which are as they are.", name=argument(names[0])
            )
        )


def _several(given: Any, name: str) -> list[Any]:
    """A list as it is, anything else as the only entry of one."""
    if not isinstance(given, (list, tuple)):
        return [given]
    if not given:
        raise UsageError(message("{name} is an empty list; there is nothing to run.", name=name))
    return list(given)


def _rules(optimizer: Any, learning_rate: Any, hyperparameters: dict[str, Any]) -> list[Any]:
    """Every rule with every rate, made before anything runs; one that has a rate of its own keeps it.

    None stands for the rule that ``minimize`` takes where none is named.
    """
    rates, rules = _several(learning_rate, "learning_rate"), _several(optimizer, "optimizer")
    _check_count(len(rates) * len(rules))
    own = [_has_own_rate(rule) for rule in rules]
    if all(own) and rates != [None]:
        raise UsageError(
            message(
                "every optimizer has a learning rate of its own already; leave {rate} out.",
                rate=argument("learning_rate"),
            )
        )
    made: list[Any] = []
    for rule, has_own in zip(rules, own, strict=True):
        for rate in [None] if has_own else rates:
            plain = rule is None and rate is None and not hyperparameters
            made.append(None if plain else as_optimizer(rule, rate, **hyperparameters))
    return made


def _has_own_rate(rule: Any) -> bool:
    return isinstance(rule, Optimizer) or (isinstance(rule, str) and gives_rate(rule))


def _check_count(count: int) -> None:
    if count > MOST_RUNS:
        raise UsageError(
            message(
                "these are {count:,} runs, each with its whole history; at most {most:,} are compared.",
                count=count,
                most=MOST_RUNS,
            )
        )


def _check_memory(count: int, function: Any, start: Any, options: Any) -> None:
    """Refuse more rows of history than there is reason to keep, before they are made."""
    kept = (options.get("steps") or 0) // (options.get("every") or 1)
    if not isinstance(kept, int) or count * kept < MANY_ROWS:
        return
    size = as_objective(
        function, start, gradient=options.get("gradient"), dtype=options.get("dtype"), seed=0
    )[1].size
    taken = count * min(kept * (size + 4) * 8, MOST_OF_A_RUN)
    if taken > MOST_MEMORY:
        raise UsageError(
            message(
                "the histories of these {count:,} runs would take {size:.1f} GB; {every} keeps less.",
                count=count,
                size=taken / 2**30,
                every=argument("every", math.ceil((options.get("every") or 1) * taken / MOST_MEMORY)),
            )
        )


def _places(function: Any, start: Any, starts: Any, options: Any) -> _Places:
    """Where the runs begin; whatever is drawn is drawn once, for all rules."""
    if isinstance(starts, (list, tuple)):
        return _Places(_several(starts, "starts"))
    if starts is None and not _draws(start):
        return _Places([start])
    count = (
        1 if starts is None else int(starts) if isinstance(starts, float) and starts.is_integer() else starts
    )
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UsageError(
            message(
                "starts is {starts!r}; it must be a whole number, at least 1, or a list of starts.",
                starts=starts,
            )
        )
    _check_count(count)
    seed = options.pop("seed", None)
    seed = fresh_seed() if seed is None else seed
    objective, x = as_objective(
        function, start, gradient=options.get("gradient"), dtype=options.get("dtype"), seed=seed
    )
    start = parse_start(start) if isinstance(start, str) else start
    if draws(start, Normal):
        random = np.random.default_rng(seed)
        return _Places([draw_from(start, random) for _ in range(count)], seed)
    box = StartBox.of(objective, x, start)
    return _Places([objective.present(point) for point in box.draw(count, seed)], seed)


def _draws(start: Any) -> bool:
    """Whether something in the start is drawn."""
    start = parse_start(start) if isinstance(start, str) else start
    return seed_for(start, None) is not None
