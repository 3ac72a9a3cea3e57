"""Sees the steps of a loop through the calls that it makes: ``update(params, gradients)`` of a class, a function of
parameters and gradients, and those of frameworks.

For the time of the loop these are replaced by functions that look and do the same; afterwards all is as it was.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from downslope.optimizers.updater import Updater
from downslope.recording.loop_records import LoopRow
from downslope.recording.loops_seen import FunctionCalled, LoopsSeen, numbers_of
from downslope.recording.watched_frameworks import (
    replaced,
    watching_keras,
    watching_sessions,
    watching_tensorflow,
    watching_torch,
)

# What people call the learning rate in classes of their own, and in the names of a script.
RATE_NAMES = ("learning_rate", "lr", "lr_rate", "eta", "alpha", "step_size")


# What people call the parameters of a function that moves them, and their gradients.
MOVED = ("params", "x", "w", "ws", "theta", "weights", "p")
GIVEN = ("g", "gs", "dw")


def rate_among(names: Mapping[str, Any]) -> float | None:
    """The number that has one of the names of a learning rate."""
    known = {name.lower(): value for name, value in names.items()}
    return next((n for name in RATE_NAMES if (n := number_in(known.get(name))) is not None), None)


def as_written(number: float) -> float:
    """A number as a person would write it, where it is that but for rounding."""
    written = float(f"{number:.4g}")
    return written if math.isclose(written, number, rel_tol=1e-6) else number


def number_in(value: Any) -> float | None:
    """The number that a value is, a tensor of one number among these; None of anything else."""
    if isinstance(value, (int, float, np.floating, np.integer)) and not isinstance(value, bool):
        return float(value)
    if getattr(value, "shape", None) == () and callable(getattr(value, "numpy", None)):
        try:
            return as_written(float(value.numpy()))
        except Exception:  # of a graph, say, where it has no number yet
            return None
    return None


@contextmanager
def watching(seen: LoopsSeen, names: Mapping[str, Any], uses: Callable[[str], bool]) -> Iterator[None]:
    """Watch whatever the loop may call.

    Args:
        seen: is told.
        names: those that the loop can use, among them its classes.
        uses: whether the loop is written with the framework of that name.
    """
    with ExitStack() as stack:
        stack.enter_context(_classes(seen, names))
        if uses("torch"):
            stack.enter_context(watching_torch(seen))
        if uses("tensorflow"):
            stack.enter_context(watching_tensorflow(seen))
            stack.enter_context(watching_sessions(seen))
        if uses("keras"):
            stack.enter_context(watching_keras(seen))
        stack.enter_context(_told(seen))
        yield


# --- a class of the learner's own ------------------------------------------------------------------------


def _takes_gradients(cls: Any) -> bool:
    """Whether a class has an ``update`` of parameters and their gradients."""
    update = vars(cls).get("update") if isinstance(cls, type) else None
    if not inspect.isfunction(update):
        return False
    taken = [p.name.lower() for p in inspect.signature(update).parameters.values() if p.default is p.empty]
    return len(taken) == 3 and (taken[2].startswith("grad") or taken[1:] == ["x", "g"])


def takes_gradients_as_a_function(function: Any) -> bool:
    """Whether a function's first argument is called parameters, or one thing, and its second their gradients."""
    if not inspect.isfunction(function):
        return False
    taken = [p.name.lower() for p in inspect.signature(function).parameters.values()]
    return (
        len(taken) > 1
        and (taken[1].startswith("grad") or (taken[0] in MOVED and taken[1] in GIVEN))
        and not taken[0].startswith(("f", "self", "cost", "loss"))
    )


def telling(function: Any, seen: LoopsSeen) -> Any:
    """A function of parameters and gradients that tells of its calls; any other function as it is."""
    if not takes_gradients_as_a_function(function):
        return function
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call_and_tell(*args: Any, **named: Any) -> Any:
        if seen.updating:
            return function(*args, **named)
        bound = signature.bind(*args, **named)
        bound.apply_defaults()
        (_, params), (_, gradients), *given = bound.arguments.items()
        try:
            (names, x), (_, g) = numbers_of(params), numbers_of(gradients)
        except Exception:  # g is a function, say
            return function(*args, **named)
        seen.updating = True
        try:
            answer = function(*args, **named)
        finally:
            seen.updating = False
        after = x
        for led in (answer, answer[0] if isinstance(answer, tuple) and answer else None, params):
            try:  # returned alone, or before a state; or changed in place
                found = numbers_of(led)
            except Exception:  # anything may be returned
                continue
            if found[0] == names:
                after = found[1]
                break
        if not np.array_equal(after, x) or not g.any():  # else it does something else with them
            called = FunctionCalled(function.__name__, dict(given))
            seen.see(names, LoopRow(x, g, after=after), called, rate_among(called.given))
        return answer

    return call_and_tell


@contextmanager
def _classes(seen: LoopsSeen, names: Mapping[str, Any]) -> Iterator[None]:
    """Watch every class with an ``update(params, gradients)``, those too that are made on the way."""
    with ExitStack() as stack:

        def watched(cls: Any) -> Any:
            if _takes_gradients(cls):
                stack.enter_context(replaced(cls, "update", _seeing(cls.__dict__["update"], seen)))
            return cls

        for cls in dict.fromkeys([Updater, *(c for c in names.values() if isinstance(c, type))]):
            watched(cls)
        if isinstance(names, dict):
            for name, function in list(names.items()):
                if (
                    takes_gradients_as_a_function(function)
                    and function.__module__.partition(".")[0] != "downslope"
                ):
                    names[name] = telling(function, seen)
                    stack.callback(names.__setitem__, name, function)
        build = builtins.__build_class__
        stack.enter_context(
            replaced(builtins, "__build_class__", lambda *args, **more: watched(build(*args, **more)))
        )
        yield


def _seeing(update: Any, seen: LoopsSeen) -> Any:
    @functools.wraps(update)
    def update_and_tell(self: Any, params: Any, gradients: Any, *more: Any, **named: Any) -> Any:
        if seen.updating:  # the update of the class that this one is made from
            return update(self, params, gradients, *more, **named)
        names, x = numbers_of(params)
        _, g = numbers_of(gradients)
        seen.updating, rate = True, rate_among(getattr(self, "__dict__", {}))
        try:
            answer = update(self, params, gradients, *more, **named)
        finally:
            seen.updating = False
        led = params if answer is None else answer  # changed in place, or returned
        after = numbers_of(led)[1]
        seen.see(names, LoopRow(x, g, after=after), self, rate)
        return answer

    return update_and_tell


# --- record() --------------------------------------------------------------------------------------------


@contextmanager
def _told(seen: LoopsSeen) -> Iterator[None]:
    """What a loop tells ``ds.record`` it tells us."""
    from downslope.recording.recorder import Recorder

    plain = Recorder.log

    @functools.wraps(plain)
    def log(self: Any, value: Any = None, *, params: Any = None, gradients: Any = None) -> Any:
        if params is not None and gradients is not None:
            seen.log(value, params=params, gradients=gradients)
        return plain(self, value, params=params, gradients=gradients)

    with replaced(Recorder, "log", log):
        yield


def is_imported(name: str) -> bool:
    """Whether a framework is there already."""
    return name in sys.modules
