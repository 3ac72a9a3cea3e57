"""The options of a descent as the public API takes them, for every command that descends."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from downslope.cli import terminal
from downslope.cli.arguments import NumberType, assignments, start_values
from downslope.cli.options import Declared, as_given
from downslope.cli.progress import Bar
from downslope.errors import StartError, UsageError, nearest
from downslope.messages import NOTHING, argument, lines, listing, message
from downslope.pieces import split_outside_brackets


def options_of(
    given: dict[str, Any], declared: Iterable[Declared], bar: Bar | None
) -> tuple[Any, dict[str, Any]]:
    """The start and the keyword arguments of a run, as they were given."""
    options = as_given(given, declared)
    options.update(hyperparameters(given))
    if given["gradient"] is not None:
        pieces = split_outside_brackets(given["gradient"])
        options["gradient"] = assignments("--gradient", pieces, "x=x/10,y=2*y")
    if bar is not None:
        options["progress"] = bar
    if given["explain"] is False:
        options["explain"] = False
    return None if given["start"] is None else start_values(given["start"]), options


def hyperparameters(given: dict[str, Any]) -> dict[str, Any]:
    """``--set`` as what ``minimize`` takes: the learning rate has a place of its own."""
    texts = assignments("--set", given["hyperparameters"], "NAME=VALUE")
    values = {name.replace("-", "_"): _value(name, text) for name, text in texts.items()}
    if "learning_rate" not in values:
        return {"hyperparameters": values} if values else {}
    if given["learning_rate"] is not None:
        raise UsageError(
            message(
                "the learning rate is given twice, by {option} and by {other}.",
                option="--learning-rate",
                other="--set",
            )
        )
    return {"learning_rate": values.pop("learning_rate"), "hyperparameters": values}


def _value(name: str, text: str) -> Any:
    try:
        return NumberType().convert(text, None, None)
    except UsageError as error:
        raise UsageError(
            message("{parameter}: {what}", parameter=f"--set {name}", what=error.message)
        ) from error


def ask_for_start(expression: str) -> None:
    """Raise the error for a missing start, in the words of the command line."""
    from downslope.language import parse
    from downslope.objectives import all_problems

    names = parse(expression).names
    example = ",".join(f"{name}=1" for name in names[:8])
    problem = nearest(expression, [p.name for p in all_problems()]) if expression.isidentifier() else NOTHING
    raise StartError(
        lines(
            message(
                "no start is given, and the parameters are: {names}. Try {example}.",
                names=listing(names, most=8),
                example=argument("start", example),
            ),
            message("Or is it a classic problem? {problem}", problem=problem) if problem else NOTHING,
        )
    )


@contextlib.contextmanager
def warnings_as_notes(quiet: bool) -> Iterator[None]:
    """Python's warnings as notes; that on a wrong gradient is in the run's notes already."""
    with warnings.catch_warnings(record=True) as caught:
        from downslope.objectives import GradientWarning

        warnings.simplefilter("ignore", GradientWarning)
        yield
    for warning in caught if not quiet else ():
        terminal.note(str(warning.message), terminal.WARNING)
