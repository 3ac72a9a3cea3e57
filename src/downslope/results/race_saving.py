"""Where a race stands, as plain data and back. Its arrays are packed, with every bit; nothing in it is executed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from downslope.descent.function_state import FunctionState, as_left
from downslope.descent.snapshot import Pack, Witness, packed, unpacked, versions
from downslope.errors import DataError, DownslopeError, UsageError
from downslope.messages import message
from downslope.optimizers.external import ExternalOptimizer
from downslope.results.run_loading import objective_from_dict, parameters_from_dict
from downslope.results.saving import objective_to_dict
from downslope.sweeping.race_record import Contestant, RaceProblem, Tuning
from downslope.sweeping.race_setting import Field, RaceSetting
from downslope.sweeping.race_state import FirstTimes, RaceCourse, RaceState, Tried
from downslope.sweeping.start_boxes import StartBox

VERSION = 1  # of what ``state_to_dict`` writes
_SETTING = ("precisions", "budget", "rates", "rounds", "seed")
_COURSE = ("evaluations", "elsewhere", "spent", "finished", "seconds")  # its arrays of numbers


def state_to_dict(state: RaceState, pack: Pack = packed) -> dict[str, Any]:
    """As plain data.

    Raises:
        UsageError: a rule is made of functions, which a file cannot hold.
    """
    refuse_unnamed(state.rules)
    tried = np.array([[*place, *one] for place, one in state.tried.items()], np.float64).reshape(-1, 7)
    return {
        "version": VERSION,
        "fields": [_field_to_dict(one, pack) for one in state.fields],
        "setting": {name: _plain(getattr(state.setting, name)) for name in _SETTING},
        "rules": list(state.rules),
        "targets": [
            {
                "least": pack(race.least),
                "source": race.source,
                "values": pack(race.values),
                "beside": pack(tuning.values),
            }
            for race, tuning in state.problems
        ],
        "bottoms": pack(np.array(state.bottoms, np.float64)),
        "tried": pack(tried),
        "first_seconds": dict(state.clock.seconds),
        "course": None if state.course is None else _course_to_dict(state.course, pack),
        "versions": versions("traced", any(one.objective.tensors is not None for one in state.fields)),
    }


def refuse_unnamed(rules: Any) -> None:
    """Refuse rules that no file can hold.

    Raises:
        UsageError: there is such a rule.
    """
    for rule in rules:
        if isinstance(rule, Mapping) and rule.get("name") == ExternalOptimizer.name():
            raise UsageError(
                message(
                    "{library}'s {title} is made of functions, which a file cannot hold; name the rule by a text, as"
                    " 'optax:adam', to keep this race.",
                    library=rule["library"],
                    title=rule["title"],
                )
            )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _field_to_dict(one: Field, pack: Pack) -> dict[str, Any]:
    witness = witness_of(one)
    return {
        **objective_to_dict(one.objective),
        "starts": pack(one.starts),
        "tuning": pack(one.tuning),
        "box": None if one.box is None else [pack(one.box.low), pack(one.box.high)],
        "least": None if one.least is None else pack(float(one.least)),
        "witness": None if witness is None else witness.to_dict(pack),
        "function": one.function.to_dict(pack),
    }


def witness_of(one: Field) -> Witness | None:
    """What its function gives at the first start; None where it is not there, or fails."""
    if one.witness is not None or not one.objective.evaluable:
        return one.witness
    try:
        with as_left(one.objective, one.function.at_begin()), np.errstate(all="ignore"):
            return Witness.of(one.objective, one.starts[0])
    except Exception:  # whatever a person's function raises
        return None


def _course_to_dict(course: RaceCourse, pack: Pack) -> dict[str, Any]:
    words, places = np.unique(course.statuses.astype(str), return_inverse=True)
    return {
        "contestants": [
            {
                "label": one.label,
                "way": one.way,
                "rates": list(one.rates),
                "tuning": None
                if one.tuning is None
                else {
                    "rates": list(one.tuning.rates),
                    "chosen": list(one.tuning.chosen),
                    "evaluations": one.tuning.evaluations,
                    "solved": pack(one.tuning.solved),
                    "typical": pack(one.tuning.typical),
                },
            }
            for one in course.contestants
        ],
        "words": words.tolist(),
        "statuses": pack(places.reshape(course.statuses.shape).astype(np.int32)),
        **{name: pack(getattr(course, name)) for name in _COURSE},
        "rounds": course.rounds,
    }


def state_of_file(data: Mapping[str, Any], path: str | os.PathLike[str]) -> RaceState:
    """Where the race in the plain data stands that was read from ``path``.

    Raises:
        DataError: it was written by another version, or is not whole.
    """
    try:
        return _state(data["left_with"])
    except DataError:
        raise
    except KeyError as error:
        if error.args == ("left_with",):
            raise DataError(
                message(
                    "{path} was saved by a version that did not keep what a race is read from; it is plain JSON, to be"
                    " read by any program.",
                    path=path,
                )
            ) from error
        raise not_whole(path, error) from error
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise not_whole(path, error) from error


def not_whole(path: Any, error: Exception) -> DataError:
    """What to say where the state in a file is not what it has to be."""
    return DataError(
        message(
            "{path} is not a whole saved race: {kind}: {why}.",
            path=path,
            kind=type(error).__name__,
            why=error.message if isinstance(error, DownslopeError) else error,
        )
    )


def _state(data: Mapping[str, Any]) -> RaceState:
    if data["version"] != VERSION:
        raise DataError(
            message(
                "the state in it was saved in form {found!r}, and this version reads form {known}.",
                found=data["version"],
                known=VERSION,
            )
        )
    data["versions"].items()  # so it is a dict, whoever asks for it later
    fields = tuple(map(_field_from_dict, data["fields"]))
    given = data["setting"]
    setting = RaceSetting(
        tuple(map(float, given["precisions"])),
        int(given["budget"]),
        tuple(map(float, given["rates"])),
        int(given["rounds"]),
        int(given["seed"]),
    )
    problems = [_problems(one, told) for one, told in zip(fields, data["targets"], strict=False)]
    tried = _numbers(data["tried"], (-1, 7))
    places = {tuple(map(int, row[:3])): Tried(*map(float, row[3:])) for row in tried}
    seconds = {str(name): float(value) for name, value in data["first_seconds"].items()}
    state = RaceState(
        fields,
        setting,
        tuple(data["rules"]),
        problems,
        _numbers(data["bottoms"], (-1,)).tolist(),
        places,  # type: ignore[arg-type]
        FirstTimes(seconds),
    )
    if data["course"] is not None:
        state.course = _course(data["course"], state)
    return state


def _numbers(data: dict[str, Any], shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    """A packed array of this shape, in which -1 is any length."""
    array = unpacked(data)
    fits = np.ndim(array) == len(shape) and array.dtype == dtype
    if not fits or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise DataError(message("the state in it is not whole."))
    return array


def _field_from_dict(data: dict[str, Any]) -> Field:
    objective = objective_from_dict(data, parameters_from_dict(data["parameters"], None))
    size, box, least, witness = objective.parameters.size, data["box"], data["least"], data["witness"]
    starts = _numbers(data["starts"], (-1, size))
    if not len(starts):
        raise DataError(message("the state in it is not whole."))
    return Field(
        objective,
        starts,
        _numbers(data["tuning"], (-1, size)),
        None if box is None else StartBox(*(_numbers(corner, (size,)) for corner in box)),
        None if least is None else float(unpacked(least)),
        None if witness is None else Witness.from_dict(witness, size),
        FunctionState.from_dict(data.get("function"), unpacked),
    )


def _problems(one: Field, told: dict[str, Any]) -> tuple[RaceProblem, RaceProblem]:
    least, source = float(unpacked(told["least"])), str(told["source"])
    values = _numbers(told["values"], (len(one.starts),))
    beside = _numbers(told["beside"], (len(one.tuning),))
    return (
        RaceProblem(one.objective, one.starts, one.box, least, source, values),
        RaceProblem(one.objective, one.tuning, one.box, least, source, beside),
    )


def _course(data: dict[str, Any], state: RaceState) -> RaceCourse:
    if len(state.problems) != len(state.fields):
        raise DataError(message("the state in it is not whole."))
    problems = [race for race, _ in state.problems]
    course = RaceCourse.before([_contestant(one) for one in data["contestants"]], problems, state.setting)
    for name in _COURSE:
        like = getattr(course, name)
        setattr(course, name, _numbers(data[name], like.shape, like.dtype))
    places = _numbers(data["statuses"], course.statuses.shape, np.int32)
    course.statuses = np.array(list(map(str, data["words"])), object)[places]
    course.rounds = int(data["rounds"])
    if not 0 <= course.rounds <= state.setting.rounds:
        raise DataError(message("the state in it is not whole."))
    return course


def _contestant(data: dict[str, Any]) -> Contestant:
    found = data["tuning"]
    tuning = None
    if found is not None:
        rates = tuple(map(float, found["rates"]))
        shape = (-1, len(rates))
        tuning = Tuning(
            rates,
            tuple(map(float, found["chosen"])),
            float(found["evaluations"]),
            _numbers(found["solved"], shape),
            _numbers(found["typical"], shape),
        )
    return Contestant(str(data["label"]), str(data["way"]), tuple(map(float, data["rates"])), tuning)
