"""The update rules as people write them by mistake: each mistake makes steps of its own, to be held against a loop's.

In flow a rule and what a loop did; out flows, for every mistake that makes all steps of the loop as they were made,
its code, its numbers and its sentence. A mistake is written as a change to the rule's own code: to the gradients that
it gets, to its state before each step, to its hyperparameters, or to the steps that it makes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from downslope.messages import message
from downslope.optimizers.registry import all_optimizers
from downslope.recording.claims import like
from downslope.recording.miswritten_numbers import longer, other_numbers, root
from downslope.recording.miswritten_state import bias_correction, forgotten, turned_state
from downslope.recording.updates_seen import Cause, Updates, state_leaves

MOST_CROSSED = 12  # parameters, of which every two are tried against each other


def causes(updates: Updates) -> Iterator[Cause]:
    """Mistakes that make every step as it was made, the plainest first."""
    yield from _never_moved(updates)
    yield from _uphill(updates)
    yield from _added_up(updates)
    yield from _late(updates)
    yield from bias_correction(updates)
    yield from forgotten(updates)
    yield from longer(updates)
    yield from other_numbers(updates)
    yield from turned_state(updates)
    yield from root(updates)
    yield from _crossed(updates)
    yield from _another_rule(updates)


# --- the gradients ---------------------------------------------------------------------------------------


def _never_moved(updates: Updates) -> Iterator[Cause]:
    if not any(move.any() for move in updates.moves) and any(g.any() for g in updates.gradients):
        yield (
            "no_step",
            {},
            message(
                "The parameters never move: no step is made, or it is made on a copy. Call step() after the gradient is"
                " computed, or write the result back to the parameters."
            ),
        )


def _uphill(updates: Updates) -> Iterator[Cause]:
    against = [-g for g in updates.gradients]
    if updates.made_by([-step for step in updates.right]) or updates.made_with(updates.rule, against):
        yield (
            "sign",
            {},
            message(
                "The update goes uphill: its step has the wrong sign. Subtract it from the parameters, or say {option}"
                " where the loop is to climb.",
                option="--maximize",
            )
            if updates.gradients[0] is updates.rows[0].g
            else message(
                "The update goes downhill, and should climb: its step has the wrong sign. Add it to the parameters."
            ),
        )


def _added_up(updates: Updates) -> Iterator[Cause]:
    sums = list(np.cumsum(updates.gradients, axis=0))
    if len(updates.rows) > 1 and updates.made_with(updates.rule, sums):
        yield (
            "gradient_not_zeroed",
            {},
            message(
                "Gradients add up over the steps: the update gets the sum of all so far. Set them to zero in each step,"
                " before they are computed."
            ),
        )


def _late(updates: Updates) -> Iterator[Cause]:
    """Steps that lag behind by one, and gradients that are not computed anew."""
    gradients = list(updates.gradients)
    if len(updates.rows) < 3:
        return
    nothing = np.zeros_like(gradients[0])
    if state_leaves(updates) and updates.made_by([nothing, *updates.right[:-1]]):
        yield (
            "wrong_order",
            {},
            message(
                "Each step is the one that was due a step before: the parameters are moved before the state is updated."
                " Update the state first."
            ),
        )
    for shifted in ([nothing, *gradients[:-1]], [gradients[0], *gradients[:-1]]):
        if updates.made_with(updates.rule, shifted):
            yield (
                "stale_gradient",
                {},
                message(
                    "The update uses the gradient of the step before. Compute it at the point where the step begins,"
                    " before the update."
                ),
            )
    if updates.made_with(updates.rule, [gradients[0]] * len(gradients)):
        yield (
            "stale_gradient",
            {},
            message("The update uses the gradient of the start at every step. Compute it anew in the loop."),
        )


def _crossed(updates: Updates) -> Iterator[Cause]:
    """Gradients that go to one another's parameters."""
    owners = list(dict.fromkeys(name.partition("[")[0] for name in updates.names))
    places = [[i for i, name in enumerate(updates.names) if name.partition("[")[0] == o] for o in owners]
    for (i, one), (j, other) in itertools.combinations(enumerate(owners[:MOST_CROSSED]), 2):
        if len(places[i]) != len(places[j]):
            continue
        order = np.arange(len(updates.names))
        order[places[i]], order[places[j]] = places[j], places[i]
        if updates.made_with(updates.rule, [g[order] for g in updates.gradients]):
            yield (
                "crossed_gradients",
                {"names": [one, other]},
                message(
                    "{one} is moved by the gradient of {other}, and {other} by that of {one}: give both in the same"
                    " order.",
                    one=one,
                    other=other,
                ),
            )


# --- another rule ----------------------------------------------------------------------------------------


def _another_rule(updates: Updates) -> Iterator[Cause]:
    """The rules of others, with the numbers of this one where they have the same names."""
    numbers = updates.rule.scalars()
    kin = {"decay": numbers.get("beta2", 0.99), "momentum": numbers.get("beta1", 0.9)}
    for other in like({**kin, **numbers}, set(all_optimizers()) - {type(updates.rule)}):
        if updates.made_with(other):
            yield (
                "another_rule",
                {"rule": other.name()},
                message(
                    "The updates are those of {other}, not of {rule}: ask for it by {option}, or write the lines of"
                    " {rule}.",
                    other=other.name(),
                    rule=updates.rule.name(),
                    option=f"--optimizer {other.name()}",
                ),
            )
            return
