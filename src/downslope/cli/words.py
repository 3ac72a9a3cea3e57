"""Click's classes with every word of theirs from our catalogue, rendered when it is shown, not when it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from downslope.errors import UsageError, nearest
from downslope.messages import (
    Message,
    available_languages,
    language_named,
    lines,
    listing,
    literal,
    message,
    sentences,
)
from downslope.preferences import unknown_language
from downslope.results.text_columns import joined, spread

Function = TypeVar("Function", bound=Callable[..., Any])


class Rendered:
    """An attribute that holds a message, and is text for Click, which reads it when it shows it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, holder: Any, owner: type | None = None) -> Any:
        if holder is None:
            return None
        said = holder.__dict__.get(self._name)
        return None if said is None else str(said)

    def __set__(self, holder: Any, said: Message | str | None) -> None:
        holder.__dict__[self._name] = said


class HelpFormatter(click.HelpFormatter):
    """Click's, which counts characters, where some take two columns."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How a command is called."""
        super().write_usage(prog, spread(args), None if prefix is None else spread(prefix))

    def write_text(self, text: str) -> None:
        """Paragraphs."""
        super().write_text(spread(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Names, with what they are beside them."""
        super().write_dl([(spread(name), spread(what)) for name, what in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """All that was written."""
        return joined(super().getvalue())


class Context(click.Context):
    """Click's, with our formatter of help."""

    formatter_class = HelpFormatter


class Option(click.Option):
    """An option whose help is a message; with ``section``, listed under that heading."""

    help = Rendered()

    def __init__(
        self,
        *declarations: Any,
        help: Message | None = None,
        section: Message | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*declarations, **attributes)
        self.help, self.section = help, section


def option(*declarations: str, **attributes: Any) -> Callable[[Function], Function]:
    """``click.option`` for an ``Option`` of ours."""
    return click.option(*declarations, cls=Option, **attributes)


class Language(click.ParamType):  # type: ignore[type-arg]  # generic only in newer Click
    """The code of a language that has a catalogue; it is chosen before anything is parsed, see ``chosen_language``."""

    name = "language"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The code, if there is such a language."""
        code = language_named(str(value))
        if code is None:
            raise unfit(unknown_language(str(value)), param, ctx)
        return code

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The languages that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(code) for code in available_languages() if code.startswith(incomplete)]


def chosen_language(arguments: list[str]) -> str | None:
    """What ``--lang`` among the arguments names, wherever it stands, so that help and errors are in it too."""
    for i, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if name == "--lang":
            return language_named(value if equals else " ".join(arguments[i + 1 : i + 2]))
    return None


class Worded:
    """A command or group in our words; ``examples`` are lines to type, below its help. Every one takes ``--lang``."""

    help, short_help, epilog, options_metavar = Rendered(), Rendered(), Rendered(), Rendered()

    def __init__(self, *arguments: Any, examples: Iterable[str] = (), **attributes: Any) -> None:
        attributes.setdefault("options_metavar", message("[OPTIONS]"))
        super().__init__(*arguments, **attributes)
        self.examples = tuple(examples)
        self.params: list[click.Parameter]
        self.params.append(
            Option(
                ["--lang"],
                metavar="LANG",
                type=Language(),
                expose_value=False,
                help=message(
                    "Language of the answers: {codes}. Default: DOWNSLOPE_LANG, else the locale's.",
                    codes=listing(available_languages()),
                ),
            )
        )

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The line that says how the command is called."""
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=f"{message('Usage:')} ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does, and how it is typed."""
        super().format_help_text(ctx, formatter)  # type: ignore[misc]
        if self.examples:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text("\n".join(("\b", *self.examples)))  # \b keeps the ends of lines

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``, which says in the reader's language what it does."""
        option: click.Option | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = str(message("Show this message and exit."))
        return option

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings."""
        sections: dict[Message, list[tuple[str, str]]] = {}
        options = [o for o in self.get_params(ctx) if isinstance(o, click.Option)]  # type: ignore[attr-defined]
        headed = any(getattr(option, "section", None) for option in options)
        others = message("Help", context="heading") if headed else message("Options", context="heading")
        for option in options:
            record = option.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(option, "section", None) or others, []).append(record)
        for heading, records in sections.items():
            with formatter.section(str(heading)):
                formatter.write_dl(records)


class Command(Worded, click.Command):
    """A command in our words."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and refuse what is left over."""
        allowed, ctx.allow_extra_args = ctx.allow_extra_args, True
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        ctx.allow_extra_args = allowed
        if rest and not allowed and not ctx.resilient_parsing:
            raise refused(
                message("what is {words}? Nothing more is expected here.", words=" ".join(rest)), ctx
            )
        return rest


class CommandGroup(Worded, click.Group):
    """A group of commands in our words."""

    context_class = Context

    subcommand_metavar = Rendered()

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.subcommand_metavar = message("COMMAND [ARGS]...")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; without a command there is only the help to be shown."""
        rest = super().parse_args(ctx, args)
        if not rest and not ctx._protected_args and not ctx.resilient_parsing:
            raise click.exceptions.NoArgsIsHelpError(ctx)
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands."""
        Worded.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, each with a few words."""
        with formatter.section(str(message("Commands", context="heading"))):
            formatter.write_dl(
                [(name, command.get_short_help_str()) for name, command in self.commands.items()]
            )


def refused(what: Message, ctx: click.Context | None) -> UsageError:
    """The error of a command line that cannot be understood, with the command that explains how it is written."""
    if ctx is None:
        return UsageError(what)
    return UsageError(lines(what, message("Try '{command} --help'.", command=ctx.command_path)))


def unfit(what: Message, param: click.Parameter | None, ctx: click.Context | None) -> UsageError:
    """The error of a value that cannot be understood, with the parameter that it was given to."""
    if param is None:
        return refused(what, ctx)
    return refused(message("{parameter}: {what}", parameter=as_typed(param), what=what), ctx)


def as_typed(param: click.Parameter) -> str:
    """What the parameter is called where it is typed."""
    return param.opts[0] if isinstance(param, click.Option) else param.human_readable_name


def no_option(name: str, known: Iterable[str]) -> Message:
    """What is said of an option that does not exist; with one hyphen, a long one may have been meant."""
    near = nearest(name, known) or nearest(f"-{name}", known)
    return sentences(message("there is no option {option}.", option=name), near)


def in_our_words(error: click.ClickException) -> Message:
    """What Click says, as a message of ours."""
    ctx = getattr(error, "ctx", None)
    params = ctx.command.get_params(ctx) if ctx is not None else []
    return refused(_what(error, params), ctx).message


def _what(error: click.ClickException, params: list[click.Parameter]) -> Message:
    if isinstance(error, click.NoSuchOption):
        known = [name for param in params for name in param.opts]
        return no_option(error.option_name, known)
    if isinstance(error, click.BadOptionUsage):
        flags = [name for param in params if getattr(param, "is_flag", False) for name in param.opts]
        if error.option_name in flags:
            return message("{option} takes no value.", option=error.option_name)
        return message("{option} needs a value.", option=error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return message("{parameter} is missing.", parameter=as_typed(error.param))
    if isinstance(error, click.BadParameter) and error.param is not None:
        what = literal(error.message)
        return message("{parameter}: {what}", parameter=as_typed(error.param), what=what)
    return literal(error.format_message())
