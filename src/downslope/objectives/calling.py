"""How a person's function takes its arguments, read off its signature and the start."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from downslope.errors import ObjectiveError, StartError, UsageError
from downslope.messages import Message, listing, message, plural
from downslope.objectives.parameters import Parameters, as_real, own_name

Style: TypeAlias = Literal["names", "signature", "positions", "whole", "mapping", "sequence"]


@dataclass(frozen=True)
class Calling:
    """How a person's function wants its arguments: by name, one by one, all in one array, as a dict or as a list.

    By "signature" is by name, but for those that Python takes by their place only.
    """

    parameters: Parameters
    style: Style

    def __call__(self, function: Callable[..., Any], vector: Any) -> Any:
        """The function's answer where its parameters are the slices of a flat vector."""
        if self.style == "whole" and len(self.parameters.shapes[0]) == 1:
            return function(vector)
        return self.with_values(function, self.parameters.named(vector))

    def with_values(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """The function's answer for a value (a number, array or tensor) of each parameter."""
        if self.style == "names":
            return function(**values)
        if self.style == "signature":
            entries = inspect.signature(function).parameters
            fixed = [name for name, p in entries.items() if p.kind is p.POSITIONAL_ONLY and name in values]
            return function(
                *[values[n] for n in fixed], **{n: v for n, v in values.items() if n not in fixed}
            )
        if self.style == "positions":
            return function(*values.values())
        if self.style == "mapping":
            return function(dict(values))
        if self.style == "sequence":
            return function(self.parameters.sequence(values.values()))
        return function(values[self.parameters.names[0]])


def with_arguments(function: Any, args: Any) -> Any:
    """A person's function with fixed arguments after those that vary, as SciPy's ``args``; None and True as they are.

    >>> with_arguments(lambda x, a: (x - a) ** 2, (3.0,))(5.0)
    4.0

    Raises:
        UsageError: it takes no such arguments, or is no Python function.
    """
    if function is None or function is True:
        return function
    given = args if isinstance(args, tuple) else (args,)
    try:
        entries = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        entries = None
    if isinstance(function, str) or not callable(function):
        raise UsageError(message("args are further arguments of a Python function; leave them out."))
    if entries is None or any(p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY) for p in entries):
        return lambda *varied: function(*varied, *given)
    named = [p for p in entries if p.kind is p.POSITIONAL_OR_KEYWORD]
    required = sum(p.default is p.empty for p in named)
    varied = max(1, required - len(given))  # the others are given, or have defaults
    if varied + len(given) > len(named):
        raise UsageError(
            plural(
                "{n} further argument is given in args, but {name} takes {names}.",
                "{n} further arguments are given in args, but {name} takes {names}.",
                n=len(given),
                name=getattr(function, "__name__", type(function).__name__),
                names=listing(p.name for p in entries),
            )
        )
    fixed = functools.partial(
        function, **{p.name: value for p, value in zip(named[varied:], given, strict=False)}
    )
    fixed.__name__ = getattr(function, "__name__", type(function).__name__)  # type: ignore[attr-defined]
    return fixed


def calling(function: Callable[..., Any], start: Any) -> Calling:
    """Read off the signature and the start how ``function`` is to be called.

    Raises:
        StartError: the start has names or a length that the function does not take.
    """
    required, accepted, open_ended = _signature(function)
    if isinstance(start, Mapping):
        start = {own_name(str(k), accepted): v for k, v in start.items()}
        parameters = Parameters.of(
            {k: as_real(v, message("the start for {name}", name=k)) for k, v in start.items()}
        )
        return Calling(parameters, style_of(function, start))
    if is_list_of_arrays(start):
        style = style_of(function, start)
        names = required if style == "positions" and not open_ended else []
        return Calling(_listed(start, names, required[0] if required else "x"), style)
    array = as_real(start)
    name = required[0] if required else "x"
    if array.ndim == 0:
        return Calling(Parameters((name,), ((),), "number"), "whole")
    if len(required) > 1:
        if array.shape != (len(required),):
            raise StartError(
                message(
                    "the start has shape {shape}, but the function takes {count} numbers: {required}.",
                    shape=array.shape,
                    count=len(required),
                    required=listing(required),
                )
            )
        return Calling(Parameters.scalars(required, "vector"), "positions")
    return Calling(Parameters((name,), (array.shape,), "vector"), "whole")


def is_list_of_arrays(start: Any) -> bool:
    """Whether a start is a list of parameters that have shapes of their own, rather than one vector.

    >>> is_list_of_arrays([np.zeros(2), np.zeros(())]), is_list_of_arrays([1.0, 2.0])
    (True, False)
    """
    return isinstance(start, (list, tuple)) and any(isinstance(value, np.ndarray) for value in start)


def style_of(function: Callable[..., Any], start: Mapping[Any, Any] | Sequence[Any]) -> Style:
    """How a function takes a start of several parameters: each by its name or place, or all of them at once.

    Raises:
        StartError: the start has names or a length that the function does not take.
    """
    required, accepted, open_ended = _signature(function)
    if isinstance(start, Mapping):
        if len(required) == 1 and required[0] not in start and not open_ended:
            return "mapping"
        unknown = [n for n in start if n not in accepted]
        if not open_ended and (unknown or any(n not in start for n in required)):
            Parameters.scalars(accepted).check_names(list(start))
        return "signature" if _has_fixed_places(function) else "names"
    if not open_ended and len(required) <= 1:
        return "sequence"
    if not open_ended and len(required) != len(start):
        raise StartError(
            message(
                "the start is a list of {count}, but the function takes {wanted}: {required}.",
                count=len(start),
                wanted=len(required),
                required=listing(required),
            )
        )
    return "positions"


def _listed(start: Sequence[Any], names: Sequence[str], stem: str) -> Parameters:
    """The parameters of a list or tuple; where they have no names, they are numbered."""
    arrays = [as_real(value, message("number {n} of the start", n=n)) for n, value in enumerate(start, 1)]
    return Parameters(
        tuple(names) or tuple(f"{stem}{i}" for i in range(len(start))),
        tuple(a.shape for a in arrays),
        "tuple" if isinstance(start, tuple) else "list",
    )


def _signature(function: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    """Names without a default, all names, and whether it takes any (``*args``, ``**kwargs`` or unknown).

    Raises:
        ObjectiveError: it takes none.
    """
    try:
        entries = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return [], [], True
    named = [p for p in entries if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    open_ended = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in entries)
    if not named and not open_ended:
        raise ObjectiveError(_without_arguments(getattr(function, "__name__", "")))
    return [p.name for p in named if p.default is p.empty], [p.name for p in named], open_ended


def _has_fixed_places(function: Callable[..., Any]) -> bool:
    """Whether some arguments have no name for the caller: ``def f(x, /)``."""
    try:
        return any(p.kind is p.POSITIONAL_ONLY for p in inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False


def _without_arguments(name: str) -> Message:
    """That a function has nothing to vary."""
    if not name:
        return message(
            "the function takes no argument; make it a function of what is to be varied, as in"
            " lambda w: (w - 3)**2, rather than of a variable outside."
        )
    return message(
        "{name} takes no argument; make it a function of what is to be varied, as in lambda w: (w - 3)**2,"
        " rather than of a variable outside.",
        name=name,
    )
