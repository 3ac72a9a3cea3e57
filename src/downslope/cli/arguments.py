"""What was typed: numbers, words, lists of name=value, and an expression that may begin with a minus."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from downslope.cli.words import Command, no_option, refused, unfit
from downslope.errors import ExpressionError, StartError, UsageError, nearest
from downslope.messages import argument, listing, message, plural, sentences
from downslope.pieces import split_outside_brackets

TABLES = frozenset(
    (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq", ".arrow", ".feather", ".ipc", ".xlsx")
)
_DECIMAL_COMMA = re.compile(r"\s*\d+,\d+\s*")  # as much of the world writes a decimal
_HYPOTHESIS = re.compile(r"\s*[^\W\d]\w*\s*~(?!=)")  # a column, and what it is to be predicted by
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
            what = message("{value!r:.60} is not a number: {why}.", value=value, why=error.message)
            raise unfit(what, param, ctx) from error


class NumbersType(NumberType):
    """One number, or several between commas."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A number where it is one, else a list of them."""
        if not isinstance(value, str):
            return value
        pieces = split_outside_brackets(value)
        if len(pieces) == 1:
            return super().convert(value, param, ctx)
        if not all(piece.strip() for piece in pieces):
            raise unfit(
                message("{value!r:.60} has an empty place between its commas.", value=value), param, ctx
            )
        numbers = [super(NumbersType, self).convert(piece.strip(), param, ctx) for piece in pieces]
        if _DECIMAL_COMMA.fullmatch(value) and not all(numbers):
            raise unfit(
                message(
                    "{value!r} is two numbers, and one of them is 0: a comma separates values. A decimal is written"
                    " with a point, {point}.",
                    value=value,
                    point=value.replace(",", "."),
                ),
                param,
                ctx,
            )
        return numbers


class WordType(click.Choice[str]):
    """One of a few words; a misspelt one is answered with the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, or an error with what was typed, what it was near to, and what there is."""
        if value in self.choices:
            return str(value)
        raise unfit(
            sentences(
                message("there is no {value!r}.", value=value),
                nearest(str(value), self.choices),
                message("It can be {choices}.", choices=listing(self.choices)),
            ),
            param,
            ctx,
        )


class ExpressionCommand(Command):
    """A command whose one argument is an expression, ``-x^2`` included; or that takes any number of words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort options from the expression, so that Click does not take a leading minus for an option."""
        if not ctx.resilient_parsing:
            options, expressions = self._sorted(ctx, args)
            of_table = "--table" in self._options(ctx)  # it goes with a hypothesis about one, then
            if len(expressions) > 1 and not self._takes_many(ctx):
                if of_table and _is_table(expressions[0]):
                    _refuse_table_alone(expressions, ctx)
                self._refuse_pieces(ctx, expressions)
            if expressions and any(param.name == "expression" for param in self.get_params(ctx)):
                _refuse_file(expressions[0], ctx)
                if _HYPOTHESIS.match(expressions[0]) and not any(
                    option.partition("=")[0] == "--table" for option in options
                ):
                    _refuse_hypothesis(expressions[0], ctx, of_table)
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
        values: dict[str, str] = {}
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
                        raise refused(message("{option} needs a value.", option=token), ctx)
                    options.append(value)
                    _give_once(values, known[token], value, ctx)
            elif equals and name in known:
                options.append(token)
                _give_once(values, known[name], token.partition("=")[2], ctx)
            elif _LONG_OPTION.fullmatch(token):
                raise refused(no_option(name, known), ctx)
            else:
                expressions.append(token)
        return options, expressions

    def _refuse_pieces(self, ctx: click.Context, pieces: list[str]) -> None:
        for piece in pieces:
            if piece.startswith("-") and nearest("-" + piece, self._options(ctx)):
                raise refused(no_option(piece, self._options(ctx)), ctx)
        if any("=" in piece for piece in pieces[1:]):
            what = message(
                "what is {piece!r:.60}? A list such as {example} has no spaces, or is in quotes.",
                piece=pieces[-1],
                example=argument("start", "x=1,y=2"),
            )
            raise refused(what, ctx)
        command = f'{self.name} "{" ".join(pieces):.200}"'
        raise refused(
            plural(
                "the expression came in {n} piece. Put it in quotes: {command}",
                "the expression came in {n} pieces. Put it in quotes: {command}",
                n=len(pieces),
                command=command,
            ),
            ctx,
        )


def _give_once(values: dict[str, str], option: click.Option, value: str, ctx: click.Context) -> None:
    """Refuse an option that is given twice with two values; Click would keep the last in silence."""
    name = option.opts[0]
    first = values.setdefault(name, value)
    if first != value and not option.multiple:
        what = message(
            "{option} is given twice: {first:.60} and {second:.60}.", option=name, first=first, second=value
        )
        raise refused(what, ctx)


def _refuse_table_alone(words: list[str], ctx: click.Context) -> None:
    """Say how a table and a hypothesis are given where a formula would do."""
    command = f"{ctx.info_name} {shlex.quote(words[1])} --table {shlex.quote(words[0])}"
    raise refused(message("the table is an option here: {command}", command=f"downslope {command}"), ctx)


def _refuse_hypothesis(text: str, ctx: click.Context, of_table: bool) -> None:
    """Say of a hypothesis that it needs a table."""
    command = f"downslope {ctx.info_name} {shlex.quote(text)} --table DATA" if of_table else None
    raise refused(
        message(
            "{text:.60} is a hypothesis about the columns of a table, and no formula. With the table: {command}",
            text=text,
            command=command or f"downslope fit DATA {shlex.quote(text)}",
        ),
        ctx,
    )


def _is_table(name: str) -> bool:
    return Path(name).suffix.lower() in TABLES or _is_file(name)


def _refuse_file(expression: str, ctx: click.Context) -> None:
    """Say of the name of a table that it is no formula."""
    if _is_table(expression):
        if expression.lower().endswith(".json"):  # a saved run, which some commands read
            return
        what = message(
            "{file:.200} is a file, and {command} takes a formula. To fit a table: {fit}",
            file=expression,
            command=str(ctx.info_name),
            fit=f'downslope fit {shlex.quote(expression)} "y ~ a*x + b"',
        )
        raise refused(what, ctx)


def _is_file(name: str) -> bool:
    """Whether there is such a file; what is no possible name is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


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
            raise UsageError(
                message(
                    "{option} is '{text:.60}'; it must be of the form {example}.",
                    option=option,
                    text=text,
                    example=example,
                )
            )
        if name in values:
            raise UsageError(
                message(
                    "{option} gives {name} twice: {first} and {second}.",
                    option=option,
                    name=name,
                    first=values[name],
                    second=value,
                )
            )
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
        raise StartError(
            message(
                "the start '{text:.60}' has an empty place; write it like {example}.",
                text=text,
                example="x=-7,y=2",
            )
        )
    one = len(pieces) == 1
    names = ["the parameter"] if one else [f"number {i}" for i in range(1, len(pieces) + 1)]
    values = [parse_start(f"{name}={piece}")[name] for name, piece in zip(names, pieces, strict=True)]
    return values[0] if one else values
