"""``downslope resume``: a saved run, fit or sweep -> what is gone on with -> a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import click

from downslope.cli.descend import exit_code
from downslope.cli.fit import view_of_fit
from downslope.cli.fit_report import report_fit
from downslope.cli.options import (
    CHECKPOINT,
    FILE,
    VIEW,
    Declared,
    Function,
    added,
    as_given,
    declared,
    outputs,
)
from downslope.cli.options import stopping as stopping_options
from downslope.cli.outputs import ASKED, Outputs, check_writable
from downslope.cli.progress import Bar, CountingBar
from downslope.cli.run_options import warnings_as_notes
from downslope.cli.words import Command
from downslope.errors import UsageError
from downslope.messages import message

if TYPE_CHECKING:
    from downslope import Run
    from downslope.results.fit import Fit
    from downslope.results.race import Race
    from downslope.results.sweep import Sweep

HTML = declared(
    "--html", type=FILE, metavar="FILE", help=message("Of a race: the report as one page with its pictures.")
)
# The same words as of ``minimize``; what is different is said by the command's own help.
LIMITS: tuple[Declared, ...] = (
    declared(
        "--steps", metavar="N", help=message("So many more steps. Default: up to the limit that it had.")
    ),
    declared("--evaluations", metavar="N", help=message("So many more evaluations.")),
    declared("--time-limit", metavar="S", help=message("So many seconds from now on.")),
)


def _limits() -> list[Declared]:
    target = declared("--target", metavar="V", help=message("The value has reached this."))
    own = {names[0]: (names, more) for names, more in LIMITS}
    usual = stopping_options(message("Default: that of the run."), target)
    return [(names, {**more, **own.get(names[0], (names, {}))[1]}) for names, more in usual]


LIMITING = _limits()


def _parameters(function: Function) -> Function:
    sections = (
        (message("When to stop", context="heading"), LIMITING),
        (message("Output", context="heading"), [*outputs(VIEW), HTML, *CHECKPOINT]),
    )
    words = click.argument("data", nargs=-1, metavar="[DATA]", type=FILE)
    return click.argument("run", type=FILE)(words(added(function, sections)))


@click.command(
    cls=Command,
    short_help=message("Go on with a saved run, fit, sweep or race."),
    help=message(
        "Go on with RUN, which --save or --checkpoint wrote, with the whole memory of its rule: the same bits as if it"
        " had never ended. Of a sweep or a race what is missing is made.\n\nA fit needs its table too, DATA as for"
        " 'downslope fit'; no other is taken."
    ),
    examples=(
        "downslope minimize rosenbrock --optimizer adam --steps 1000 --save run.json",
        "downslope resume run.json --steps 9000 --save run.json",
        "downslope resume fit.ckpt data.csv",
    ),
)
@_parameters
@click.pass_context
def resume(ctx: click.Context, /, **given: Any) -> None:
    """``downslope resume``."""
    from downslope.results.run_loading import read

    saved = read(given["run"])
    several = saved.get("command") in ("sweep", "race")
    ctx.exit(_resume_several(saved, given) if several else _resume(saved, given))


def _resume(saved: dict[str, Any], given: dict[str, Any]) -> int:
    """Go on with a run or a fit."""
    _refuse_html(given, saved)
    outputs, data = Outputs(*(given[name] for name in ASKED)), list(given["data"])
    if data:
        outputs = replace(outputs, report=report_fit, read_view=view_of_fit, reads=data)
    outputs.check()
    if given["checkpoint"] is not None:
        check_writable("--checkpoint", given["checkpoint"], data)
    with Bar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        more = {"explain": False} if given["explain"] is False and not data else {}
        run = cast("Run | Fit", _gone_on(saved, given, bar, more))
    outputs.deliver(run)
    return exit_code(run)


def _resume_several(saved: dict[str, Any], given: dict[str, Any]) -> int:
    """Go on with a sweep or a race."""
    from downslope.cli import race, sweep

    for option, asked in (("--every", given["every"]), ("--explain", given["explain"])):
        if asked is not None:
            raise UsageError(
                message(
                    "{option} is for runs and fits; {file} holds several runs.",
                    option=option,
                    file=given["run"],
                )
            )
    is_race = saved["command"] == "race"
    if is_race and (given["form"] == "csv" or given["view"] is not None):
        raise UsageError(message("a race is reported as a table or as JSON, and has no view."))
    if not is_race:
        _refuse_html(given, saved)
    race.check_outputs(given) if is_race else sweep.check_outputs(given)
    with CountingBar.for_terminal(given["quiet"]) as bar, warnings_as_notes(given["quiet"]):
        told = None if bar is None else (lambda at: bar(at.done, at.total)) if is_race else bar
        made = _gone_on(saved, given, told)
    if is_race:
        return race.deliver_race(cast("Race", made), given)
    return sweep.deliver_sweep(cast("Sweep", made), given)


def _refuse_html(given: dict[str, Any], saved: dict[str, Any]) -> None:
    """Refuse a page of what has none here."""
    if given["html"] is not None:
        raise UsageError(
            message(
                "--html is for races; {file} was made by 'downslope {command}'.",
                file=given["run"],
                command=str(saved.get("command")),
            )
        )


def _gone_on(
    saved: dict[str, Any], given: dict[str, Any], bar: Any, more: Mapping[str, Any] = MappingProxyType({})
) -> Run | Fit | Sweep | Race:
    from downslope.api.resuming import resume_data
    from downslope.results.known_again import Given

    options: Any = {**as_given(given, (*LIMITING, *CHECKPOINT)), **more}
    if bar is not None:
        options["progress"] = bar
    return resume_data(saved, given["run"], Given(list(given["data"]) or None), options)
