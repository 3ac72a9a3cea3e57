"""What was typed: numbers, words, lists of name=value, and an expression that may begin with a minus."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import click

from downslope.errors import ExpressionError, StartError, UsageError, nearest

_LONG_OPTION = re.compile(r"--[A-Za-z][\w-]*(=.*)?", re.DOTALL)


class NumberType(click.ParamType):  # type: ignore[type-arg]  # generic only in newer Click
    """A number as people write it, ``1e-3`` or ``1/3``; whether it is in range is for the library to say."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """An int where it is one, else a float."""
        if not isinstance(value, str):
            return value
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
        from downslope.language import parse_number

        try:
            return parse_number(value)
        except ExpressionError as error:
            self.fail(f"{value!r:.60} is not a number: {error.message}.", param, ctx)


class WordType(click.Choice[str]):
    """One of a few words; a misspelt one is answered with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What was typed, what it was near to, what there is."""
        hint = nearest(str(value), self.choices)
        return " ".join(
            filter(None, (f"there is no {value!r}.", hint, f"It can be {', '.join(self.choices)}."))
        )


class ExpressionCommand(click.Command):
    """A command whose one argument is an expression, ``-x^2`` included; or that takes any number of words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort options from the expression, so that Click does not take a leading minus for an option."""
        if not ctx.resilient_parsing:
            options, expressions = self._sorted(ctx, args)
            if len(expressions) > 1 and not self._takes_many(ctx):
                self._refuse_pieces(ctx, expressions)
            args = [*options, "--", *expressions]
        return super().parse_args(ctx, args)

    def _takes_many(self, ctx: click.Context) -> bool:
        return any(param.nargs == -1 for param in self.get_params(ctx))

    def _options(self, ctx: click.Context) -> dict[str, click.Option]:
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}

    def _sorted(self, ctx: click.Context, args: list[str]) -> tuple[list[str], list[str]]:
        known = self._options(ctx)
        options: list[str] = []
        expressions: list[str] = []
        rest = iter(args)
        for token in rest:
            name, equals, _ = token.partition("=")
            if token == "--":
                expressions += rest
            elif token in known:
                options.append(token)
                if not known[token].is_flag:
                    value = next(rest, None)
                    if value is None:
                        raise click.UsageError(f"{token} needs a value.", ctx)
                    options.append(value)
            elif equals and name in known:
                options.append(token)
            elif _LONG_OPTION.fullmatch(token):
                raise click.UsageError(f"there is no option {name}. {nearest(name, known)}".rstrip(), ctx)
            else:
                expressions.append(token)
        return options, expressions

    def _refuse_pieces(self, ctx: click.Context, pieces: list[str]) -> None:
        for piece in pieces:
            near = nearest("-" + piece, self._options(ctx)) if piece.startswith("-") else ""
            if near:
                raise click.UsageError(f"there is no option {piece}. {near}", ctx)
        if any("=" in piece for piece in pieces[1:]):
            raise click.UsageError(
                f"what is {pieces[-1]!r:.60}? A list such as --start x=1,y=2 has no spaces, or is in quotes.",
                ctx,
            )
        shown = " ".join(pieces)
        raise click.UsageError(
            f'the expression came in {len(pieces)} pieces. Put it in quotes: {self.name} "{shown:.200}"', ctx
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings."""
        sections: dict[str, list[tuple[str, str]]] = {}
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option)]
        others = "Help" if any(hasattr(option, "section") for option in options) else "Options"
        for option in options:
            record = option.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(option, "section", others), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def split_outside_brackets(text: str) -> list[str]:
    """The pieces of ``text`` between commas that are not inside brackets.

    >>> split_outside_brackets("x=uniform(-2,2), y=1")
    ['x=uniform(-2,2)', ' y=1']
    """
    pieces, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def assignments(option: str, texts: Iterable[str], example: str) -> dict[str, str]:
    """``["a=1", "b=2"]`` as a dict of texts.

    Raises:
        UsageError: a piece is not of this form, or a name comes twice.

    >>> assignments("--set", ["beta1=0.8"], "beta1=0.8")
    {'beta1': '0.8'}
    """
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise UsageError(f"{option} is '{text:.60}'; it must be of the form {example}.")
        if name in values:
            raise UsageError(f"{option} gives {name} twice: {values[name]} and {value}.")
        values[name] = value
    return values


def start_values(text: str) -> Any:
    """``x=-7,y=2`` as a dict; numbers alone, ``-7`` or ``-7,2``, as a number or a list in the parameters' order.

    Raises:
        StartError: a piece is neither.
    """
    from downslope.objectives import parse_start

    if "=" in text:
        return parse_start(text)
    pieces = split_outside_brackets(text)
    if not all(map(str.strip, pieces)):
        raise StartError(f"the start '{text:.60}' has an empty place; write it like x=-7,y=2.")
    one = len(pieces) == 1
    names = ["the parameter"] if one else [f"number {i}" for i in range(1, len(pieces) + 1)]
    values = [parse_start(f"{name}={piece}")[name] for name, piece in zip(names, pieces, strict=True)]
    return values[0] if one else values
