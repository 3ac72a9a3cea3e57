"""The options of ``fit``: what is fitted, and those of every command that descends."""

from __future__ import annotations

import click

from downslope.cli.arguments import WordType
from downslope.cli.options import (
    CHECKPOINT,
    FILE,
    NUMBER,
    READING,
    RULE,
    Declared,
    Function,
    added,
    declared,
    outputs,
    stopping,
)
from downslope.messages import listing, message

PATHS = ("auto", "moments", "qr", "kernel", "formula")
ENGINES = ("processes", "ray")
VIEWS = ("data", "predicted", "residuals", "surface", "progress", "calibration", "classes")


def _losses(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from downslope.fitting.losses import LOSSES

    return [name for name in LOSSES if name.startswith(incomplete)]


def _views(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in VIEWS if name.startswith(incomplete)]


MODEL: tuple[Declared, ...] = (
    declared(
        "--target",
        metavar="COLUMN",
        help=message("Instead of a hypothesis: the linear model of this column, with an intercept."),
    ),
    declared(
        "--features", metavar="A,B,C", help=message("The columns it is predicted from. Default: all others.")
    ),
    declared(
        "--categories",
        metavar="A,B",
        help=message("Features that are numbers and count by their categories, as words always do."),
    ),
    declared(
        "--loss",
        metavar="NAME",
        default="mse",
        shell_complete=_losses,
        help=message(
            "mse, rmse, mae, huber:1.35, log_cosh, quantile:0.5; log_loss (labels 0 and 1),"
            " softmax (labels), poisson (counts), which apply sigmoid, softmax and exp"
            " themselves. Default: mse."
        ),
    ),
    declared("--weights", metavar="COLUMN", help=message("How much each row counts, >= 0.")),
    declared(
        "--l2", type=NUMBER, metavar="R", help=message("Add R times the sum of the squared parameters.")
    ),
    declared(
        "--l1",
        type=NUMBER,
        metavar="R",
        help=message("Add R times the sum of their sizes; small ones become 0."),
    ),
    declared(
        "--drop-missing", is_flag=True, help=message("Leave out rows with missing values, and count them.")
    ),
    (
        ("--holdout",),
        {
            "type": NUMBER,
            "metavar": "PART",
            "help": message(
                "Draw a part of the rows, such as 0.2, that is not fitted, and score the fit on it."
            ),
        },
    ),
)

# What commands of functions take where EXPRESSION is a hypothesis. No loss is the default where there is no table.
_COST = ("--weights", "--l2", "--drop-missing")
_LOSS = next(option for option in MODEL if option[0][0] == "--loss")
TABLE: tuple[Declared, ...] = (
    declared(
        "--table",
        type=FILE,
        metavar="DATA",
        help=message(
            "A table: EXPRESSION is then a hypothesis such as 'y ~ a*x + b', and its cost is descended."
        ),
    ),
    (_LOSS[0], {**_LOSS[1], "default": None}),
    *(option for option in MODEL if option[0][0] in _COST),
    *READING,
)

METHOD: tuple[Declared, ...] = (
    declared(
        "--start",
        metavar="a=1,b=1",
        help=message("Where to begin. Default: zeros, for a hypothesis that is linear in its parameters."),
    ),
    *RULE,
    declared(
        "--standardize",
        is_flag=True,
        help=message("Descend with the features standardised; report in their units."),
    ),
    declared(
        "--batch-size", type=NUMBER, metavar="B", help=message("Step after every B rows, in mini-batches.")
    ),
    declared(
        "--epochs",
        type=NUMBER,
        metavar="E",
        help=message("So many times through the table; without batches, steps."),
    ),
    declared(
        "--gradient",
        metavar="'sum((a*x-y)*x)'",
        help=message("One of your own, as sums or means; with more parameters a=...,b=..."),
    ),
    declared(
        "--path",
        type=WordType(PATHS),
        metavar="auto|moments|qr|kernel|formula",
        help=message("How the rows are read: once, or at every step. Default: auto."),
    ),
    declared(
        "--stream/--no-stream",
        default=None,
        help=message(
            "Read files page by page, in little memory. Default: where they would take more than half of it."
        ),
    ),
    declared(
        "--engine",
        type=WordType(ENGINES),
        metavar="processes|ray",
        help=message("Read partitions of files where they lie, by processes or a cluster of Ray."),
    ),
    declared(
        "--workers",
        type=NUMBER,
        metavar="N",
        help=message("So many partitions at once. Default: as many as there are cores."),
    ),
    declared(
        "--partition-seconds",
        type=NUMBER,
        metavar="S",
        help=message("After so long a worker hangs, and another has its partition. Default: 600."),
    ),
    declared(
        "--address",
        metavar="HOST:PORT",
        help=message("Where a cluster of Ray answers, or auto. Default: one is started here for the fit."),
    ),
    declared(
        "--seed", type=NUMBER, metavar="N", help=message("For the order of the batches, or a random start.")
    ),
)

STOPPING = stopping(
    message("Default: 1e-8; with auto, to rounding."),
    declared("--target-loss", metavar="V", help=message("The cost has reached this.")),
)
_VIEW: Declared = declared(
    "--view",
    metavar="NAME",
    shell_complete=_views,
    help=message("Which picture: {views}; and what it shows, as in data,COLUMN=0:10.", views=listing(VIEWS)),
)


def fit_parameters(function: Function) -> Function:
    """Everything that ``fit`` takes."""
    sections = (
        (message("What is fitted", context="heading"), MODEL),
        (message("How text is read", context="heading"), READING),
        (message("Method", context="heading"), METHOD),
        (message("When to stop", context="heading"), STOPPING),
        (message("Output", context="heading"), [*outputs(_VIEW), *CHECKPOINT]),
    )
    words = click.argument("words", nargs=-1, metavar='DATA ["y ~ a*x + b"]', type=FILE)
    return words(added(function, sections))
