"""The entry point: the group of commands, and the one place where an error becomes a message and an exit code.

Exit codes: 0 it ended as asked; 1 it ran and did not; 2 wrong usage or expression; 3 data or files;
70 a bug in downslope; 130 interrupted; 143 ended by SIGTERM, after which what was done is delivered as after Ctrl-C.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from downslope import __version__, interruption
from downslope.cli import signals, terminal
from downslope.cli.catalogue import optimizers, problems
from downslope.cli.check_loop import check_loop
from downslope.cli.compare import compare
from downslope.cli.completion import completion
from downslope.cli.descend import maximize, minimize
from downslope.cli.explain import check_gradient
from downslope.cli.explain import explain as explain_command
from downslope.cli.export import export
from downslope.cli.find_rate import find_rate
from downslope.cli.fit import fit
from downslope.cli.look import look
from downslope.cli.page import page
from downslope.cli.predict import predict
from downslope.cli.race import race
from downslope.cli.resume import resume
from downslope.cli.studio import studio
from downslope.cli.sweep import sweep
from downslope.cli.verify import verify
from downslope.cli.words import CommandGroup, Option, chosen_language, in_our_words, refused
from downslope.cli.worksheet import worksheet
from downslope.errors import DownslopeError, nearest
from downslope.files import system_reason
from downslope.messages import listing, message, reading, sentences

USAGE, FILES, BUG, INTERRUPTED = 2, 3, 70, 130


class Downslope(CommandGroup):
    """The group whose ``main`` always ends with an exit code and never with a traceback."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Run a command line; exits the process, or returns the exit code where ``standalone_mode`` is off."""
        terminal.prepare()
        given = list(
            args if args is not None else sys.argv[1:]
        )  # given, so that Windows does not expand x**2
        with reading(chosen_language(given), command_line=True):
            code = self._code_of(given, prog_name or "downslope", complete_var, **extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _code_of(self, args: list[str], prog_name: str, complete_var: str | None, **extra: Any) -> int:
        try:
            terminal.look_at_memory()
            answer = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            terminal.emit("")
        except Exception as error:
            interruption.caught()
            if signals.came() and not _is_ours(error):  # a library that it struck in made another error of it
                return explain_error(click.Abort())
            return explain_error(error, as_json=_asks_for_json(args))
        except KeyboardInterrupt:
            interruption.caught()
            return explain_error(click.Abort())
        return answer if isinstance(answer, int) else 0

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What comes before a command; an expression there has forgotten its command."""
        if args and args[0].startswith("-") and not args[0].lstrip("-").replace("-", "").isalpha():
            self._refuse_command(ctx, args[0])
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named first, or an error that says what was probably meant."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            self._refuse_command(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _refuse_command(self, ctx: click.Context, name: str) -> None:
        hint = nearest(name, self.commands)
        if not hint and not name.isidentifier():
            hint = message(
                "To descend an expression:\n  {command}", command=f'downslope minimize "{name:.60}"'
            )
        hint = hint or message("There are: {commands}.", commands=listing(self.list_commands(ctx)))
        raise refused(sentences(message("there is no command '{name:.60}'.", name=name), hint), ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added, the main ones first."""
        return list(self.commands)


def _asks_for_json(args: Sequence[str]) -> bool:
    forms = ("json", "jsonl")
    return any(f"--format={form}" in args or ("--format", form) in itertools.pairwise(args) for form in forms)


def _is_ours(error: Exception) -> bool:
    return isinstance(error, (DownslopeError, click.ClickException, OSError))


def reason_of(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).split("\n")[0]


def explain_error(error: Exception, *, as_json: bool = False) -> int:
    """Say on standard error what went wrong, in one message or one JSON document; returns the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.message, err=True)
        return error.exit_code
    if isinstance(error, (DownslopeError, click.ClickException)):
        told = str(error if isinstance(error, DownslopeError) else in_our_words(error))
        if as_json:
            document = {"message": told, "kind": type(error).__name__, "exit_code": error.exit_code}
            click.echo(json.dumps({"schema": 1, "error": document}), err=True)
        else:
            terminal.error(told)
        return error.exit_code
    if isinstance(error, click.Abort):
        terminal.error(message("interrupted."))
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        terminal.silence_stdout()
        return 0
    if terminal.is_for_want_of_memory(error):
        terminal.error(
            message("there is not enough memory for this ({reason:.200}).", reason=reason_of(error))
        )
        return FILES
    if isinstance(error, OSError):
        what = error.filename or message("standard output")
        reason = system_reason(error)
        if error.filename is None:  # what it did not take is not tried again at the exit
            terminal.silence_stdout()
        terminal.error(message("{file} cannot be read or written: {reason}.", file=what, reason=reason))
        return FILES
    if os.environ.get("DOWNSLOPE_DEBUG"):
        import traceback

        traceback.print_exception(error)
    terminal.error(
        message(
            "this is a bug in downslope ({kind}: {first:.200}). Set {variable} to see where it happens, and please"
            " report it.",
            kind=type(error).__name__,
            first=reason_of(error),
            variable="DOWNSLOPE_DEBUG=1",
        )
    )
    return BUG


@click.group(
    "downslope",
    cls=Downslope,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    help=message("Gradient descent that you can see, trust and scale."),
    examples=(
        'downslope minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95',
        "downslope minimize rosenbrock --optimizer adam --plot path.png",
        'downslope fit data.csv "y ~ a*x + b" --plot fit.png',
    ),
    epilog=message(
        "Exit codes: 0 ended as asked; 1 ran and did not; 2 usage or expression; 3 data or files; 130 interrupted;"
        " 143 ended by SIGTERM."
    ),
)
@click.version_option(
    __version__,
    prog_name="downslope",
    message="%(prog)s %(version)s",
    cls=Option,
    help=message("Show the version and exit."),
)
def cli() -> None:
    """``downslope``."""


_COMMANDS = (
    minimize,
    maximize,
    compare,
    race,
    resume,
    verify,
    sweep,
    find_rate,
    fit,
    predict,
    look,
    explain_command,
    export,
    page,
    worksheet,
    studio,
    check_gradient,
    check_loop,
    optimizers,
    problems,
    completion,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """The console script ``downslope``; it alone listens to signals, which are not a library's to take."""
    with signals.heard():
        _main()


def _main() -> None:
    gc.set_threshold(
        100_000
    )  # starting up makes much that stays; to look it through often costs a tenth of a second
    try:
        code = cli.main(standalone_mode=False)
    except KeyboardInterrupt:  # between two commands' own readiness for it
        interruption.caught()
        code = explain_error(click.Abort())
    signals.leave(code)
