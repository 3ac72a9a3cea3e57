"""``downslope studio``: the page of a formula from a server on this machine, where Python explains what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from downslope import interruption
from downslope.cli import terminal
from downslope.cli.arguments import ExpressionCommand
from downslope.cli.options import FILE, Function, added, declared
from downslope.cli.page import LESSON, WHAT, runs_of, start_of
from downslope.cli.run_options import warnings_as_notes
from downslope.errors import UsageError
from downslope.files import read_text
from downslope.messages import message

FUNCTION = declared(
    "--function",
    type=FILE,
    metavar="FILE.py[:NAME]",
    help=message(
        "Instead of EXPRESSION, a function of NumPy or PyTorch in a file, which is run; with {option}.",
        option="--start",
    ),
)
SERVER = (
    declared("--no-browser", is_flag=True, help=message("Only say the address.")),
    LESSON,
    declared("--quiet", is_flag=True, help=message("No notes.")),
)


def _parameters(function: Function) -> Function:
    sections = (
        (message("What it begins with", context="heading"), (FUNCTION, *WHAT)),
        (message("Output", context="heading"), SERVER),
    )
    return click.argument("expression", required=False)(added(function, sections))


@click.command(
    cls=ExpressionCommand,
    short_help=message("Open the page from this machine, with explanations by Python."),
    help=message(
        "Open the page on which EXPRESSION, a formula of one or two variables or a classic problem, is descended while"
        " its start is dragged. Python explains each setting that comes to rest. The server listens on {host} alone,"
        " on a free port, and its address holds a token; Ctrl-C ends it.",
        host="127.0.0.1",
    ),
    examples=(
        "downslope studio",
        'downslope studio "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95',
        "downslope studio --function cost.py:loss --start x=1,y=2",
    ),
)
@_parameters
def studio(expression: str | None, **given: Any) -> None:
    """``downslope studio``."""
    from downslope.api.studio import content_of_function, example, serve_content
    from downslope.page.document import content_of

    lesson, start = None if given["lesson"] is None else read_text(given["lesson"]), start_of(given)
    function = None
    if given["function"] is not None:
        expression, function, start = _opened(expression, start, given)
    if function is not None:
        runs = runs_of(function.objective, list(start.values()), given)
        content = replace(content_of_function(function, runs), lesson=lesson)
    elif expression is None:
        content = example(lesson)
    else:
        with warnings_as_notes(given["quiet"]):
            content = content_of(runs_of(expression, start, given), lesson)
    server = serve_content(content, function)
    try:
        terminal.emit(f"{server.address}\n")
        if not given["quiet"]:
            terminal.note(message("Ctrl-C ends the studio."))
        if not given["no_browser"]:
            import webbrowser

            webbrowser.open(server.address)
        server.serve()
    except KeyboardInterrupt:
        interruption.caught()
        raise
    finally:
        server.close()


def _opened(expression: str | None, start: Any, given: dict[str, Any]) -> Any:
    """The formula of the function in a file, or the function where it is none, and its start."""
    from downslope.api.function_files import open_function

    if expression is not None:
        raise UsageError(message("give EXPRESSION or {option}, not both.", option="--function"))
    if start is None:
        raise UsageError(message("{option} needs {start}.", option="--function", start="--start x=1,y=2"))
    return open_function(given["function"], start)
