"""Places of elements in arrays, as sums of a number and multiples of the counters of loops."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from downslope.programs.node import Axis, Shape


class Affine(NamedTuple):
    """``const + sum(times * counter)``; counters are whole numbers that name loops, in order.

    >>> Affine.counter(0).scaled(3).plus(Affine(1))
    Affine(const=1, terms=((0, 3),))
    """

    const: int
    terms: tuple[tuple[int, int], ...] = ()

    @classmethod
    def counter(cls, name: int) -> Affine:
        """The counter of a loop."""
        return cls(0, ((name, 1),))

    def scaled(self, times: int) -> Affine:
        """So many times it."""
        if times == 1:
            return self
        return Affine(self.const * times, tuple((c, n * times) for c, n in self.terms) if times else ())

    def plus(self, other: Affine) -> Affine:
        """The sum of both."""
        if not self.terms or not other.terms:
            return Affine(self.const + other.const, self.terms or other.terms)
        found = dict(self.terms)
        for counter, times in other.terms:
            found[counter] = found.get(counter, 0) + times
        return Affine(self.const + other.const, tuple((c, n) for c, n in sorted(found.items()) if n))

    def times(self, counter: int) -> int:
        """How often the counter is in it."""
        return next((n for c, n in self.terms if c == counter), 0)


class ElementPlace(NamedTuple):
    """Where an element lies: along each axis, or, where ``flat``, row by row in an array of any number of axes."""

    along: tuple[Affine, ...]
    flat: bool = False


def strides(shape: Shape) -> tuple[int, ...]:
    """By how many elements neighbours along each axis lie apart.

    >>> strides((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(accumulate(reversed(shape[1:]), mul, initial=1))[::-1] if shape else ()


def flattened(place: ElementPlace, shape: Shape) -> Affine:
    """The place row by row."""
    if place.flat:
        return place.along[0]
    total = Affine(0)
    for affine, stride in zip(place.along, strides(shape), strict=True):
        total = total.plus(affine.scaled(stride))
    return total


def refined(flat: Affine, shape: Shape) -> ElementPlace:
    """A place row by row as one along axes, where there is one axis at most."""
    return (
        ElementPlace((flat,))
        if len(shape) == 1
        else ElementPlace((), False)
        if not shape
        else ElementPlace((flat,), True)
    )


def mapped(axes: Sequence[Axis], place: ElementPlace) -> ElementPlace:
    """Where ``Axis`` records lead from a place along axes."""
    along = []
    for axis in axes:
        start = Affine(axis.start)
        along.append(start if axis.along is None else start.plus(place.along[axis.along].scaled(axis.step)))
    return ElementPlace(tuple(along))
