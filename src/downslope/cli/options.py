"""The options of the commands that descend, in the order in which ``--help`` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from downslope.cli.arguments import NumbersType, NumberType, WordType
from downslope.cli.words import option
from downslope.messages import Message, message, sentences

Function = TypeVar("Function", bound=Callable[..., Any])
Declared = tuple[tuple[str, ...], dict[str, Any]]


def _names_of_optimizers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from downslope.optimizers import all_blocks, all_curved, all_optimizers

    return [
        cls.name()
        for cls in (*all_optimizers(), *all_curved(), *all_blocks())
        if cls.name().startswith(incomplete)
    ]


def _names_of_problems(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from downslope.objectives import all_problems

    return [problem.name for problem in all_problems() if problem.name.startswith(incomplete)]


NUMBER, FILE = NumberType(), click.Path(readable=False)  # what is wrong with a file is for its reader to say


def declared(*names: str, **more: Any) -> Declared:
    """An option, as ``click.option`` takes it, for ``added`` to put under its heading."""
    return names, more


def default(value: str) -> Message:
    """What holds where nothing is given."""
    return message("Default: {value}.", value=value)


START: Declared = declared(
    "--start",
    metavar="x=-7,y=2",
    help=message(
        "Where to begin. A value may be uniform(-2,2) or normal(0,1). A classic problem has its own start."
    ),
)

# What every command that descends takes.
RULE: tuple[Declared, ...] = (
    declared(
        "--optimizer",
        metavar="NAME",
        shell_complete=_names_of_optimizers,
        help=message(
            "See 'downslope optimizers'. Default: gradient_descent with a learning rate, else auto."
        ),
    ),
    declared("--learning-rate", type=NUMBER, metavar="R", help=message("Size of the steps, > 0.")),
    declared(
        "--set",
        "hyperparameters",
        multiple=True,
        metavar="NAME=VALUE",
        help=message("A hyperparameter; may be repeated."),
    ),
    declared(
        "--schedule",
        metavar="SCHEDULE",
        help=message("Of the learning rate, such as 'cosine(steps=1000)'; two are joined by '*'."),
    ),
)

SEVERAL: tuple[Declared, ...] = (
    declared(
        "--optimizer",
        metavar="NAME,...",
        shell_complete=_names_of_optimizers,
        help=message(
            "See 'downslope optimizers'; several, also 'sgd(0.95),adam(0.3)', are compared. Default: gradient_descent"
            " with a learning rate, else auto."
        ),
    ),
    declared(
        "--learning-rate",
        type=NumbersType(),
        metavar="R,...",
        help=message("Size of the steps, > 0; several are compared."),
    ),
)

METHOD: tuple[Declared, ...] = (
    START,
    declared(
        "--starts",
        type=NUMBER,
        metavar="N",
        help=message("So many starts drawn around it, or from what is random in it, are compared."),
    ),
    *SEVERAL,
    *RULE[len(SEVERAL) :],
    declared(
        "--bounds",
        metavar="x=0:1,y=:5",
        help=message("Keep parameters within low:high; either may be left out."),
    ),
    declared(
        "--gradient",
        metavar="x=x/10,y=2*y",
        help=message("A gradient of your own, used instead of the derived one and compared with it."),
    ),
    declared("--dtype", type=WordType(["float64", "float32"]), help=default("float64")),
    declared("--seed", type=NUMBER, metavar="N", help=message("For a random start, to have it again.")),
    declared(
        "--engine",
        type=WordType(["auto", "traced", "hosted"]),
        metavar="auto|traced|hosted",
        help=message("Native code, or a loop in Python. Default: auto."),
    ),
)


def stopping(default: Message, target: Declared) -> list[Declared]:
    """When to stop; ``default`` says what holds where nothing is given."""
    numbers: list[Declared] = [
        declared("--steps", metavar="N", help=message("After so many steps. Default: 100,000.")),
        declared(
            "--tolerance", metavar="EPS", help=sentences(message("Gradient norm at most this."), default)
        ),
        declared(
            "--relative-tolerance",
            metavar="EPS",
            help=message("Gradient norm at most this part of the norm at the start."),
        ),
        declared(
            "--value-tolerance", metavar="EPS", help=message("A step changes the value by at most this.")
        ),
        declared("--x-tolerance", metavar="EPS", help=message("A step is at most this long.")),
        target,
        declared("--evaluations", metavar="N", help=message("After so many evaluations.")),
        declared("--time-limit", metavar="S", help=message("After so many seconds.")),
    ]
    return [(names, {**more, "type": NUMBER}) for names, more in numbers]


STOPPING = stopping(
    message("Default: 1e-8 (1e-4 in float32), without --steps or another test."),
    declared("--target", metavar="V", help=message("The value has reached this.")),
)


# How text files are read; every command that reads tables takes them.
READING: tuple[Declared, ...] = (
    (
        ("--decimal",),
        {"metavar": "SIGN", "help": message("The sign before decimals, . or , where it cannot be told.")},
    ),
    (
        ("--thousands",),
        {"metavar": "SIGN", "help": message("The sign between groups of three digits: , . ' or a space.")},
    ),
    (
        ("--skip-rows",),
        {
            "type": NUMBER,
            "metavar": "N",
            "help": message("So many lines stand above the names of the columns. Default: found out."),
        },
    ),
    (
        ("--na-values",),
        {"metavar": "A,B", "help": message("Words for a missing value, beside NA, null and the like.")},
    ),
    (
        ("--encoding",),
        {
            "metavar": "NAME",
            "help": message("Of text that is not UTF-8, such as cp1252 or shift_jis. Default: found out."),
        },
    ),
)


EVERY: Declared = declared(
    "--every",
    type=NUMBER,
    metavar="N",
    help=message(
        "Keep rows 0, N, 2N, ... and the last, in tables and files. Default: all; of many about 20 in the table."
    ),
)


def outputs(view: Declared, *, lines: bool = False) -> list[Declared]:
    """Where the result goes; ``lines`` of steps, while the run is on its way, are for single runs."""
    return [
        EVERY,
        declared(
            "--format",
            "form",
            type=WordType(["table", "json", "csv", *(["jsonl"] if lines else [])]),
            default="table",
            help=message("Default: table. jsonl: a line of JSON a step at once, then one of the result.")
            if lines
            else default("table"),
        ),
        declared(
            "--plot",
            type=FILE,
            metavar="FILE",
            help=message("Draw it: .png, .svg, .pdf, or moving: .gif, .mp4."),
        ),
        view,
        declared(
            "--save",
            type=FILE,
            metavar="FILE",
            help=message("Keep all of it as JSON; downslope.load reads it."),
        ),
        declared(
            "--explain/--no-explain",
            default=None,
            help=message(
                "Say all about why it ended so, or nothing. Default: what went wrong and what would work."
            ),
        ),
        declared("--quiet", is_flag=True, help=message("No notes and no progress bar.")),
    ]


def view_of(*, several: bool = False) -> Declared:
    """What a picture of a run, or of several, shows."""
    said = message("What the picture shows: x from:to, then y; or progress.")
    if several:
        said = message("What the picture shows: x from:to, then y; or map or progress alone.")
    return declared("--view", metavar="-10:10,-5:5", help=said)


VIEW: Declared = view_of()


CHECKPOINT: tuple[Declared, ...] = (
    declared(
        "--checkpoint",
        type=FILE,
        metavar="FILE",
        help=message("Keep it there on its way; 'downslope resume FILE' goes on with it."),
    ),
    declared(
        "--checkpoint-seconds",
        type=NUMBER,
        metavar="S",
        help=message("At most every so many seconds. Default: 10."),
    ),
)


READ_FIRST = ("start", "hyperparameters", "gradient")  # their texts are read here, not by the public API


def as_given(given: dict[str, Any], declared: Iterable[Declared]) -> dict[str, Any]:
    """What the public API takes as it was given: those of the declared options that were, by their names."""
    options = {}
    for words, more in declared:
        name = words[-1].partition("/")[0].lstrip("-").replace("-", "_")
        missing = False if more.get("is_flag") else None
        if name not in READ_FIRST and given[name] is not missing:
            options[name] = given[name]
    return options


def added(function: Function, sections: Iterable[tuple[Message, Iterable[Declared]]]) -> Function:
    """The command with these options, listed under their headings in this order."""
    declared = [(names, {**more, "section": section}) for section, some in sections for names, more in some]
    for names, more in reversed(declared):
        function = option(*names, **more)(function)
    return function


def descent_parameters(function: Function) -> Function:
    """Everything that ``minimize`` and ``maximize`` take."""
    sections = (
        (message("Method", context="heading"), METHOD),
        (message("When to stop", context="heading"), STOPPING),
        (message("Output", context="heading"), [*outputs(VIEW, lines=True), *CHECKPOINT]),
    )
    return click.argument("expression", shell_complete=_names_of_problems)(added(function, sections))
