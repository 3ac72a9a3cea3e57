"""Adjoints that know where they are zero, so that a branch that is not taken cannot spoil a derivative.

Where a choice was not taken, or an element was not used, the adjoint is 0; the slope there may be infinite or NaN (the
root of 0, the logarithm of a negative number), and 0 times that is NaN. So an adjoint is a value together with the
condition under which it counts, and the value may be anything where that does not hold. ``clean`` makes zeros of that,
once, where the adjoint is handed on to other elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from downslope.programs.arithmetic import add, apply, where
from downslope.programs.node import ArrayNode

MOST_DEFERRED = 50  # conditions that wait for one another; asking for the last of more would go too deep


class Later:
    """A truth node that is written down only if it is asked for.

    Attributes:
        depth: how many such, one in the other, it takes.
    """

    __slots__ = ("_make", "_node", "depth")

    def __init__(self, make: Callable[[], ArrayNode], depth: int) -> None:
        self._make = make
        self._node: ArrayNode | None = None
        self.depth = depth

    @property
    def node(self) -> ArrayNode:
        """It, written down."""
        if self._node is None:
            self._node = self._make()
        return self._node


Mask: TypeAlias = frozenset[tuple["ArrayNode | Later", bool]]
"""Conditions, and whether each must hold or must not; all of them together."""

ALWAYS: Mask = frozenset()


class Adjoint(NamedTuple):
    """The derivative of the value by the elements of a node.

    Attributes:
        value: of the node's shape, or of shape () where it is the same for all elements.
        mask: where it counts; elsewhere the derivative is 0.
        zeroed: whether the value is 0 there.
    """

    value: ArrayNode
    mask: Mask = ALWAYS
    zeroed: bool = True

    def clean(self) -> ArrayNode:
        """The value, with 0 where it does not count."""
        if self.zeroed or not self.mask:
            return self.value
        zero = self.value.graph.number(0.0)
        if len(self.mask) == 1:
            ((condition, holds),) = self.mask
            truth = _node(condition)
            return where(truth, self.value, zero) if holds else where(truth, zero, self.value)
        return where(as_node(self.mask), self.value, zero)

    def under(self, condition: ArrayNode | Later, holds: bool) -> Adjoint:
        """What of it counts where the condition holds, or does not hold."""
        return Adjoint(self.value, self.mask | {(condition, holds)}, False)

    def changed(self, value: ArrayNode, exact: bool = False) -> Adjoint:
        """It times a slope; ``exact`` where that is a finite number, so that zeros stay zeros."""
        return Adjoint(value, self.mask, self.zeroed and (exact or not self.mask))

    def mapped(self, value: ArrayNode, mapping: Callable[[ArrayNode], ArrayNode]) -> Adjoint:
        """It handed on to other elements, and with it where it counts."""
        if not self.mask:
            return Adjoint(value)
        mask = self.mask
        return Adjoint(value, deferred(lambda: mapping(as_node(mask)), [mask]))


def _node(condition: ArrayNode | Later) -> ArrayNode:
    return condition.node if isinstance(condition, Later) else condition


def deferred(make: Callable[[], ArrayNode], masks: Sequence[Mask]) -> Mask:
    """A condition that is made of others, once it is asked for."""
    depths = (part.depth for mask in masks for part, _ in mask if isinstance(part, Later))
    depth = 1 + max(depths, default=0)
    if depth < MOST_DEFERRED:
        return frozenset([(Later(make, depth), True)])
    return frozenset([(make(), True)])


def as_node(mask: Mask) -> ArrayNode:
    """The condition as one truth node."""
    parts = sorted(((_node(condition), holds) for condition, holds in mask), key=lambda p: p[0].index)
    found: ArrayNode | None = None
    for truth, holds in parts:
        part = truth if holds else apply("not", truth)
        found = part if found is None else apply("and", found, part)
    assert found is not None
    return found


def summed(terms: Sequence[Adjoint]) -> Adjoint:
    """The sum of adjoints of one node."""
    if len(terms) == 1:
        return terms[0]
    alike: dict[Mask, list[Adjoint]] = {}
    for term in terms:
        alike.setdefault(term.mask, []).append(term)
    groups = [_of_one_mask(group) for group in alike.values()]
    while len(groups) > 1:
        joined = _both_branches(groups)
        if joined is None:
            break
        groups = joined
    if len(groups) == 1:
        return groups[0]
    value = groups[0].clean()
    for group in groups[1:]:
        value = add(value, group.clean())
    masks = [group.mask for group in groups]
    if any(not mask for mask in masks):
        return Adjoint(value)
    return Adjoint(value, deferred(lambda: _any_of(masks), masks))


def _of_one_mask(group: Sequence[Adjoint]) -> Adjoint:
    value = group[0].value
    for term in group[1:]:
        value = add(value, term.value)
    return Adjoint(value, group[0].mask, all(term.zeroed for term in group))


MOST_COMPARED = 8  # groups of terms in whose pairs the two branches of one choice are looked for


def _both_branches(groups: Sequence[Adjoint]) -> list[Adjoint] | None:
    """The same with the terms of the two branches of one choice joined into that choice."""
    if len(groups) > MOST_COMPARED:
        return None
    for i, first in enumerate(groups):
        for other in groups[:i]:
            apart = first.mask ^ other.mask
            conditions = {condition for condition, _ in apart}
            if len(apart) != 2 or len(conditions) != 1:
                continue
            (condition,) = conditions
            yes, no = (first, other) if (condition, True) in first.mask else (other, first)
            joined = Adjoint(where(_node(condition), yes.value, no.value), first.mask & other.mask, False)
            rest = [group for group in groups if group is not first and group is not other]
            return [
                *(g for g in rest if g.mask != joined.mask),
                _of_one_mask([joined, *(g for g in rest if g.mask == joined.mask)]),
            ]
    return None


def _any_of(masks: Sequence[Mask]) -> ArrayNode:
    found = as_node(masks[0])
    for mask in masks[1:]:
        found = apply("or", found, as_node(mask))
    return found
