"""What is to be tried: lists, grids and random numbers, each with each or in pairs, as columns of settings.

An ``SweepAxis`` is what varies together: one list, or all random numbers, or everything where pairs are asked for. A
``Design`` is the product of its axes; no setting is written out before it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import UsageError
from downslope.messages import listing, message
from downslope.objectives import Normal, Uniform

MOST_BYTES = 4 << 30  # of the columns of a sweep
BYTES_A_RUN = 80  # beside its coordinates: status, counts, value, norm, and what lanes keep while they run
A_COORDINATE = 24  # bytes: start, end, and a copy on the way
DRAWS = 20
EQUAL = 0.02  # by how much ratios of neighbours, or distances, may differ where they are taken for equal

Target: TypeAlias = tuple[str, ...]  # ("start", "x"), ("learning_rate",), ("hyperparameter", "momentum"), ...


def grid(low: float, high: float, n: int) -> NDArray[np.float64]:
    """n numbers at equal distances, from ``low`` to ``high``, both included.

    Raises:
        UsageError: the ends are not finite and in order, or n is not a whole number of at least 2.

    >>> from downslope import grid
    >>> grid(0, 1, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    _check_ends("grid", low, high, n)
    return np.linspace(float(low), float(high), int(n))


def logspace(low: float, high: float, n: int) -> NDArray[np.float64]:
    """n numbers in equal ratios, from ``low`` to ``high``, both included; both above 0.

    Raises:
        UsageError: the ends are not finite, above 0 and in order, or n is not a whole number of at least 2.

    >>> from downslope import logspace
    >>> logspace(0.001, 1, 4)
    array([0.001, 0.01 , 0.1  , 1.   ])
    """
    _check_ends("logspace", low, high, n)
    if not low > 0:
        raise UsageError(message("logspace({low}, {high}, {n}) needs ends above 0.", low=low, high=high, n=n))
    numbers = np.geomspace(float(low), float(high), int(n))
    return np.asarray(numbers)


def _check_ends(kind: str, low: Any, high: Any, n: Any) -> None:
    given = f"{kind}({low}, {high}, {n})"
    try:
        fits = math.isfinite(low) and math.isfinite(high) and low < high
    except TypeError:
        fits = False
    if not fits:
        raise UsageError(message("{given} needs two finite numbers, the smaller first.", given=given))
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2:
        raise UsageError(message("{given} needs a whole number of points, at least 2.", given=given))


def is_geometric(values: NDArray[np.float64]) -> bool:
    """Whether numbers are in equal ratios rather than at equal distances."""
    values = np.sort(values)
    if len(values) < 3 or values[0] <= 0:
        return False
    ratios, steps = values[1:] / values[:-1], np.diff(values)
    return bool(np.ptp(ratios) <= EQUAL * np.mean(ratios - 1) and np.ptp(steps) > EQUAL * np.mean(steps))


@dataclass(frozen=True, eq=False)
class SweepAxis:
    """What varies together.

    Attributes:
        name: what it is called in pictures: "x", "learning_rate", "optimizer", "draw", "pair" ...
        sets: what it sets -> the values, all of one length.
    """

    name: str
    sets: Mapping[Target, Sequence[Any] | NDArray[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.sets.values())))


@dataclass(frozen=True, eq=False)
class Design:
    """All settings: each value of an axis with each of the others, the last axis fastest.

    Attributes:
        axes: what varies; none for a single run.
        seed: with which random numbers were drawn; None where there are none.
    """

    axes: tuple[SweepAxis, ...]
    seed: int | None = None

    def __len__(self) -> int:
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis) for axis in self.axes)

    def targets(self) -> Iterator[tuple[int, Target]]:
        """(place of the axis, what it sets), in order."""
        for place, axis in enumerate(self.axes):
            for target in axis.sets:
                yield place, target

    def places(self, axis: int) -> NDArray[np.intp]:
        """For each run, which value of an axis it has, shape (runs,)."""
        shape = self.shape
        after = math.prod(shape[axis + 1 :])
        return np.tile(np.repeat(np.arange(shape[axis]), after), math.prod(shape[:axis]))

    def zoomed(self, ranges: Mapping[str, tuple[float, float]]) -> Design:
        """The same with as many values in other ranges, at equal distances or, where they were so, in equal ratios.

        Raises:
            UsageError: there is no axis of numbers of such a name, or a range is none.
        """
        axes = {axis.name: axis for axis in self.axes}
        for name, (low, high) in ranges.items():
            axis = axes.get(name)
            values = None if axis is None or len(axis.sets) != 1 else next(iter(axis.sets.values()))
            if axis is None or not isinstance(values, np.ndarray) or len(values) < 2:
                raise UsageError(
                    message(
                        "there is no axis of numbers '{name}'; the axes are: {axes}.",
                        name=name,
                        axes=listing(axes),
                    )
                )
            make = logspace if is_geometric(values) else grid
            axes[name] = SweepAxis(name, {next(iter(axis.sets)): make(low, high, len(values))})
        return Design(tuple(axes.values()), self.seed)

    def column(self, target: Target) -> Any:
        """The values that runs have, shape (runs,); None where nothing varies it."""
        for place, known in self.targets():
            if known == target:
                values = self.axes[place].sets[target]
                if isinstance(values, np.ndarray):
                    return values[self.places(place)]
                return [values[i] for i in self.places(place)]
        return None

    def at(self, run: int) -> dict[Target, Any]:
        """What is set in one run."""
        places = np.unravel_index(run, self.shape) if self.axes else ()
        return {
            target: axis.sets[target][int(place)]
            for axis, place in zip(self.axes, places, strict=True)
            for target in axis.sets
        }


@dataclass(frozen=True)
class DesignOptions:
    """How values are put together.

    Attributes:
        pairs: whether lists go along with each other, the first with the first, instead of each with each.
        draws: how many sets of random numbers are drawn.
        seed: of these; None for a fresh one, which the design then tells.
    """

    pairs: bool = False
    draws: int | None = None
    seed: int | None = None


def design_of(
    varied: Mapping[Target, Any], options: DesignOptions = DesignOptions(), more: Sequence[SweepAxis] = ()
) -> Design:
    """The design of what is given: numbers and words stay fixed, everything longer becomes an axis.

    Args:
        varied: what is set -> a list, an array, ``Uniform`` or ``Normal``.
        options: how they are put together.
        more: axes that set several things.

    Raises:
        UsageError: a list is empty, pairs are not of one length, or a number of draws or a seed is none.
    """
    axes: list[SweepAxis] = []
    random: dict[Target, Uniform | Normal] = {}
    for target, values in varied.items():
        if isinstance(values, (Uniform, Normal)):
            random[target] = values
            continue
        if len(values) == 0:
            raise UsageError(message("{name} is an empty list: there is nothing to run.", name=target[-1]))
        axes.append(SweepAxis(target[-1], {target: values}))
    axes += more
    if options.pairs and axes:
        axes = [_paired(axes)]
    drawn = _draw(random, options)
    return Design((*axes, *drawn[0]), drawn[1])


def _paired(axes: Sequence[SweepAxis]) -> SweepAxis:
    lengths = {axis.name: len(axis) for axis in axes}
    if len(set(lengths.values())) > 1:
        said = listing(f"{name}: {length}" for name, length in lengths.items())
        raise UsageError(message("pairs need lists of one length, but these have {lengths}.", lengths=said))
    sets = {target: values for axis in axes for target, values in axis.sets.items()}
    return SweepAxis("pair" if len(axes) > 1 else axes[0].name, sets)


def _draw(
    random: Mapping[Target, Uniform | Normal], options: DesignOptions
) -> tuple[list[SweepAxis], int | None]:
    count, seed = options.draws, options.seed
    if count is not None and (
        isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1
    ):
        raise UsageError(message("draws is {draws!r}; it must be a whole number, at least 1.", draws=count))
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
        raise UsageError(message("seed is {seed!r}; it must be a whole number, at least 0.", seed=seed))
    if not random:
        if count is not None:
            raise UsageError(
                message(
                    "draws is given, but nothing is to be drawn; say Uniform(low, high) or Normal(mean, deviation)."
                )
            )
        return [], seed
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    generator, number = np.random.default_rng(seed), DRAWS if count is None else int(count)
    check_size(number, len(random))
    sets = {
        target: generator.uniform(law.low, law.high, number)
        if isinstance(law, Uniform)
        else generator.normal(law.mean, law.deviation, number)
        for target, law in random.items()
    }
    return [SweepAxis("draw", sets)], seed


def check_size(runs: int, coordinates: int, rows: int = 0) -> None:
    """Refuse a sweep whose results would not fit into memory, before anything is made.

    Raises:
        UsageError: so it is; with the number of runs and the bytes.
    """
    bytes_needed = runs * (BYTES_A_RUN + A_COORDINATE * coordinates + 8 * rows * (2 + coordinates))
    if bytes_needed > MOST_BYTES:
        raise UsageError(
            message(
                "these are {runs:,} runs, whose results take {size:,.0f} GB; {most:,.0f} GB are the most. Give fewer"
                " values.",
                runs=runs,
                size=bytes_needed / (1 << 30),
                most=MOST_BYTES / (1 << 30),
            )
        )
