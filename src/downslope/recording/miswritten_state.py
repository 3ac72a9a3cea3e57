"""State as people keep it by mistake: not at all, with the wrong sign, without its correction, or counted wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.messages import listing, message
from downslope.recording.updates_seen import Cause, Updates, powers_of, state_leaves


def forgotten(updates: Updates) -> Iterator[Cause]:
    """State that begins anew at every step: all of it, or a part."""
    begun = state_leaves(updates)
    names = list(begun)
    vectors = [name for name, leaf in begun.items() if np.ndim(leaf)]
    groups = [names, vectors, *([name] for name in names)]
    for some in [group for k, group in enumerate(groups) if group and group not in groups[:k]]:

        def anew(_: int, name: str, leaf: Any, some: list[str] = some) -> Any:
            return begun[name] if name in some else leaf

        if updates.made_with(updates.rule, before=anew):
            yield (
                "state_not_kept",
                {"state": list(some)},
                message(
                    "{rule} forgets {state} from step to step: it begins anew at every update. Make it once, before the"
                    " loop, and store what the update makes of it.",
                    rule=updates.rule.name(),
                    state=listing(some, "and"),
                ),
            )


def bias_correction(updates: Updates) -> Iterator[Cause]:
    """The correction of running means that begin at zero: left out, of a count that stands, or of one that runs."""
    powers = powers_of(updates)
    if not powers:
        return
    rule = updates.rule.name()
    for some in [list(powers)] + [[name] for name in powers] * (len(powers) > 1):

        def left_out(_: int, name: str, leaf: Any, some: list[str] = some) -> Any:
            return 0.0 if name in some else leaf

        if updates.made_with(updates.rule, before=left_out):
            yield (
                "bias_correction",
                {"state": some},
                message(
                    "{rule} leaves the bias correction of {means} out: running means that begin at zero are too small"
                    " at first. Divide each by 1 - beta**t, t being the number of this update, from 1.",
                    rule=rule,
                    means=listing(_means(updates, some), "and"),
                ),
            )

    def standing(_: int, name: str, leaf: Any) -> Any:
        return 1.0 if name in powers else leaf

    if updates.made_with(updates.rule, before=standing):
        yield (
            "step_not_counted",
            {},
            message(
                "The step count of {rule} stays at 1: every update divides by 1 - beta as the first one does. Add 1 to"
                " it in each update, and keep it from one to the next.",
                rule=rule,
            ),
        )
    yield from _counted_twice(updates, powers)
    if not np.isfinite(updates.moves[0]).all() and np.isfinite(updates.right[0]).all():
        yield (
            "step_not_counted",
            {},
            message(
                "The first update of {rule} is not a number: with a step count of 0 the bias correction divides by"
                " 1 - beta**0 = 0. Add 1 to the count before it is used.",
                rule=rule,
            ),
        )


def _counted_twice(updates: Updates, powers: dict[str, float]) -> Iterator[Cause]:
    """A step count within the loop over the parameters, or over all coordinates."""
    owners = list(dict.fromkeys(name.partition("[")[0] for name in updates.names))
    by_owner = [owners.index(name.partition("[")[0]) for name in updates.names]
    for places in (by_owner, list(range(len(updates.names)))):
        each_step = len(set(places))
        place = np.array(places)
        if each_step < 2:
            continue

        def counted(k: int, name: str, leaf: Any, counts: Any = (each_step, place)) -> Any:
            return powers[name] ** (k * counts[0] + counts[1]) if name in powers else leaf

        if updates.made_with(updates.rule, before=counted):
            yield (
                "step_not_counted",
                {"each_step": each_step},
                message(
                    "The step count of {rule} grows by {each_step} in each step, once for every parameter. Count once"
                    " for each update, outside of the loop over the parameters.",
                    rule=updates.rule.name(),
                    each_step=each_step,
                ),
            )
            return


def _means(updates: Updates, powers: list[str]) -> list[str]:
    """The running means that belong to these powers: the two lists of a state are in the same order."""
    begun = state_leaves(updates)
    vectors = [name for name, leaf in begun.items() if np.ndim(leaf)]
    known = list(powers_of(updates))
    named = [vectors[known.index(p)] for p in powers if known.index(p) < len(vectors)]
    return named or powers


def turned_state(updates: Updates) -> Iterator[Cause]:
    """A running mean that comes in with the wrong sign."""
    for part, leaf in state_leaves(updates).items():
        if np.ndim(leaf) == 0:
            continue

        def turned(_: int, name: str, leaf: Any, part: str = part) -> Any:
            return -leaf if name == part else leaf

        if updates.made_with(updates.rule, before=turned):
            yield (
                "sign",
                {"state": [part]},
                message(
                    "What {rule} keeps in {state} comes in with the wrong sign: it is turned round at every step. Add"
                    " what is kept of it, and subtract the step once.",
                    rule=updates.rule.name(),
                    state=part,
                ),
            )
