"""Saved races that go on: their functions are put to them again, and the starts that are missing are raced."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from downslope.api.racing import entrants_of
from downslope.api.saved_sweeps import checked, refuse_single, tell_other_versions
from downslope.descent.function_state import as_left
from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import as_objective
from downslope.optimizers import optimizer_from_dict
from downslope.results.checkpoints import checkpoint_of
from downslope.results.known_again import Given
from downslope.results.race import Race, make_race
from downslope.results.race_saving import not_whole, state_of_file
from downslope.sweeping.race_entrants import Entrant
from downslope.sweeping.race_setting import Field
from downslope.sweeping.race_state import RaceState


def resume_race(data: dict[str, Any], path: str | os.PathLike[str], given: Given, options: Any) -> Race:
    """The race in the plain data that was read from ``path``, gone on with.

    Raises:
        DataError: the state in it is not whole, or a function is another.
        UsageError: an option is for single runs, or there are more or fewer functions than were raced.
        ObjectiveError: a function is not in the file, and is not given.
    """
    refuse_single(options)
    checkpoint = checkpoint_of(options)
    state, entrants = race_to_go_on(data, path, given)
    state.setting = replace(state.setting, progress=options.get("progress"))
    raced = make_race(state, entrants, checkpoint)
    tell_other_versions(data["left_with"], state.fields[0].objective)
    return raced


def race_to_go_on(
    data: dict[str, Any], path: str | os.PathLike[str], given: Given
) -> tuple[RaceState, list[Entrant]]:
    """Where the race in plain data stands, with its functions put to it, and who runs.

    Raises: as ``resume_race`` says.
    """
    state = state_of_file(data, path)
    functions = _functions(given.function, len(state.fields))
    state.fields = tuple(
        _with_function(one, function, given) for one, function in zip(state.fields, functions, strict=True)
    )
    objectives = [one.objective for one in state.fields]
    state.problems = [
        (replace(race, objective=objective), replace(tuning, objective=objective))
        for (race, tuning), objective in zip(state.problems, objectives, strict=False)
    ]
    if any(one.function.drawn for one in state.fields):
        state.bottoms.clear()  # the numbers that come next are those before the first of these
    return state, _entrants(state.rules, path)


def _entrants(rules: Sequence[Any], path: Any) -> list[Entrant]:
    """Who runs, by what is in the file."""
    try:
        made = [optimizer_from_dict(dict(rule)) if isinstance(rule, Mapping) else str(rule) for rule in rules]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise not_whole(path, error) from error
    return entrants_of(made)


def _functions(given: Any, count: int) -> list[Any]:
    functions = list(given) if isinstance(given, (list, tuple)) else [given] * (count if given is None else 1)
    if len(functions) != count:
        raise UsageError(
            message(
                "{count} functions were raced, and {given} are given; give None for those that are in the file.",
                count=count,
                given=len(functions),
            )
        )
    return functions


def _with_function(one: Field, function: Any, given: Given) -> Field:
    objective = one.objective
    if function is not None:
        begin = objective.present(one.starts[0]) if given.start is None else given.start
        objective, _ = as_objective(function, begin, gradient=given.gradient, dtype=objective.dtype)
    with as_left(objective, one.function.at_begin()):
        return one._replace(objective=checked(one.objective, objective, one.witness, one.starts[0]))
