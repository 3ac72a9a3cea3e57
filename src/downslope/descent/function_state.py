"""What a person's function, and how it is differentiated, remember of a run: where generators stand, what was left.

A generator belongs to a run from which it has drawn. Others are left alone when it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import DataError
from downslope.messages import message
from downslope.objectives import Objective
from downslope.objectives.generators import (
    Generator,
    State,
    generators_at_hand,
    generators_kept,
    generators_of,
    global_generators,
    same_state,
)


class Drawn(NamedTuple):
    """States of a generator.

    Attributes:
        began: before the first evaluation of the run; None where it was made on the way.
        now: before the next one.
    """

    began: State
    now: State


class FunctionState(NamedTuple):
    """What there is to be remembered, beside points and states of rules.

    Attributes:
        drawn: the generators that the run has drawn from, by name.
        memory: what ``Objective.memory`` gave.
    """

    drawn: Mapping[str, Drawn] = {}
    memory: Any = None

    def at_begin(self) -> FunctionState:
        """As it was before the first evaluation."""
        return FunctionState({name: Drawn(drawn.began, drawn.began) for name, drawn in self.drawn.items()})

    def to_dict(self, pack: Callable[[Any], dict[str, Any]]) -> dict[str, Any] | None:
        """As plain data; None where there is nothing."""
        if not self.drawn and self.memory is None:
            return None
        drawn = {name: [_plain(state, pack) for state in drawn] for name, drawn in self.drawn.items()}
        return {"drawn": drawn, "memory": _plain(self.memory, pack)}

    @classmethod
    def from_dict(cls, data: Any, unpack: Callable[[dict[str, Any]], Any]) -> FunctionState:
        """The inverse."""
        if data is None:
            return cls()
        drawn = {
            str(name): Drawn(*(_tree(state, unpack) for state in d)) for name, d in data["drawn"].items()
        }
        return cls(drawn, _tree(data["memory"], unpack))


NOTHING_REMEMBERED = FunctionState()


def _plain(state: State, pack: Callable[[Any], dict[str, Any]]) -> Any:
    if isinstance(state, np.ndarray):
        return pack(state)
    if isinstance(state, dict):
        return {name: _plain(entry, pack) for name, entry in state.items()}
    return [_plain(entry, pack) for entry in state] if isinstance(state, (list, tuple)) else state


def _tree(data: Any, unpack: Callable[[dict[str, Any]], Any]) -> State:
    if isinstance(data, dict):
        if isinstance(data.get("dtype"), str):
            return unpack(data)
        return {name: _tree(entry, unpack) for name, entry in data.items()}
    return [_tree(entry, unpack) for entry in data] if isinstance(data, list) else data


class FunctionWatch:
    """Sees from which generators a descent draws.

    Args:
        objective: what is descended.
        since: what was left, where it is gone on with.
        again: what a run left that is made again from its start.

    Raises:
        DataError: it drew from a generator that is not there.
    """

    def __init__(
        self, objective: Objective, since: FunctionState | None = None, again: FunctionState | None = None
    ) -> None:
        self._objective = objective
        self._at_hand = generators_at_hand(objective.called)
        generators = self._generators()
        known = (since or NOTHING_REMEMBERED).drawn
        if since is not None:
            write_states(generators, {name: drawn.now for name, drawn in known.items()})
        elif again is not None:
            write_states(generators, {name: drawn.began for name, drawn in again.drawn.items()})
        self._known = known
        self._began = {name: generator.read() for name, generator in generators.items()}

    def _generators(self) -> dict[str, Generator]:
        """The global ones anew each time, as a function may import what has one."""
        return {**global_generators(), **self._at_hand} if self._objective.called else {}

    def state(self) -> FunctionState:
        """Where all stands now."""
        drawn = {}
        for name, generator in self._generators().items():
            now, began = generator.read(), self._began.get(name)
            if name in self._known:
                drawn[name] = Drawn(self._known[name].began, now)
            elif began is None or not same_state(began, now):
                drawn[name] = Drawn(began, now)
        return FunctionState(drawn, self._objective.memory())


def write_states(generators: Mapping[str, Generator], states: Mapping[str, State]) -> None:
    """Put generators into these states.

    Raises:
        DataError: one is not there, or cannot have such a state.
    """
    for name, state in states.items():
        if name not in generators:
            raise DataError(
                message(
                    "this run drew random numbers from {name}, and the function that it is to go on with has no such"
                    " generator.",
                    name=name,
                )
            )
        if state is None:  # it was not there before
            continue
        if not generators[name].takes(state):
            raise DataError(message("the state in it is not whole."))
        try:
            generators[name].write(state)
        except (ValueError, TypeError, RuntimeError, OverflowError) as error:
            raise DataError(message("the state in it is not whole.")) from error


@contextmanager
def as_left(objective: Objective, state: FunctionState) -> Iterator[Objective]:
    """The objective as a run left it, for a look: what is drawn meanwhile is nobody's loss."""
    generators = generators_of(objective.called) if state.drawn else {}
    with generators_kept(generators):
        write_states(generators, {name: drawn.now for name, drawn in state.drawn.items()})
        yield with_memory(objective, state)


def with_memory(objective: Objective, state: FunctionState) -> Objective:
    """The objective with what its differentiation remembered of a run, and nothing else; itself where nobody knows."""
    if state.memory is None:
        return objective
    fresh = objective.afresh()
    if fresh is not objective:
        fresh.recall(state.memory)
    return fresh
