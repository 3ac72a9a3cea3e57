"""``downslope optimizers`` and ``downslope problems``: what there is, as a table, a page or JSON."""

from __future__ import annotations

import dataclasses
import inspect
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import WordType
from downslope.cli.options import default
from downslope.cli.report import document
from downslope.cli.words import Command, option
from downslope.errors import UnknownNameError
from downslope.messages import (
    NOTHING,
    Message,
    documentation,
    documented,
    lines,
    listing,
    literal,
    message,
    sentences,
)
from downslope.results.text_columns import cells, wrap

if TYPE_CHECKING:
    from downslope.objectives import Problem
    from downslope.optimizers import Optimizer

_FORMAT = option("--format", "form", type=WordType(["table", "json"]), default="table", help=default("table"))


@click.command(
    cls=Command,
    short_help=message("List the optimizers, or explain one."),
    help=message("List the optimizers, or explain the one called NAME with its formula."),
)
@click.argument("name", required=False)
@_FORMAT
def optimizers(name: str | None, form: str) -> None:
    """``downslope optimizers``."""
    from downslope.optimizers import all_blocks, all_curved, all_optimizers, optimizer_class
    from downslope.optimizers.discovery import all_wrappers, wrapper_class

    if name is not None:
        record = _explained(wrapper_class(name) or optimizer_class(name))
        terminal.emit(document(record) if form == "json" else _optimizer_page(record))
        return
    known = sorted((*all_optimizers(), *all_curved(), *all_blocks()), key=lambda cls: cls.name())
    numbered = [cls for cls in all_wrappers() if _has_numbers(cls)]
    records = [_optimizer_record(cls) for cls in (*known, *numbered)]
    if form == "json":
        terminal.emit(document(records))
        return
    rows = [
        (
            record["name"],
            str(lines(literal(record["summary"]), literal(_defaults(record)), _also(record))),
        )
        for record in records
    ]
    _show_table((_NAME, message("what it does, and its hyperparameters")), rows)


@click.command(
    cls=Command,
    short_help=message("List the classic problems, or show one."),
    help=message('List the classic problems, or show the one called NAME, such as "rosenbrock(10)".'),
)
@click.argument("name", required=False)
@_FORMAT
def problems(name: str | None, form: str) -> None:
    """``downslope problems``."""
    from downslope.objectives import all_problems
    from downslope.objectives.problems import resolve

    if name is not None:
        record = _problem_record(resolve(name) or _problem(name))
        terminal.emit(document(record) if form == "json" else _problem_page(record))
        return
    if form == "json":
        terminal.emit(document([_problem_record(p) for p in all_problems()]))
        return
    rows = [(p.name, str(p.dimension), f"{p.minimum:.6g}", str(p.title)) for p in all_problems()]
    header = (
        _NAME,
        message("dimension", context="column"),
        message("minimum", context="column"),
        message("title", context="column"),
    )
    _show_table(header, rows, right=(1, 2))


def _problem(name: str) -> Problem:
    from downslope.objectives import problem

    try:
        return problem(name)
    except UnknownNameError as error:
        more = message("'{command}' lists them all.", command="downslope problems")
        raise UnknownNameError(sentences(error.message, more)) from error


def _optimizer_record(cls: type[Optimizer]) -> dict[str, Any]:
    """An optimizer as plain data, from its own docstring and fields; a default of None must be given."""
    from downslope.optimizers.hyperparameters import range_of

    return {
        "name": cls.name(),
        "class": cls.__name__,
        "aliases": list(cls.aliases),
        "summary": str(documented(cls.summary())),
        "hyperparameters": [
            {
                "name": field.name,
                "default": None if field.default is dataclasses.MISSING else field.default,
                "range": str(range_of(field.metadata)) if "about" in field.metadata else "",
                "about": str(documented(field.metadata.get("about", ""))),
            }
            for field in dataclasses.fields(cls)
        ],
    }


def _has_numbers(wrapper: type[Optimizer]) -> bool:
    """Whether it is given by numbers: bounds and schedules are options of their own."""
    return any("about" in field.metadata for field in dataclasses.fields(wrapper))


def _defaults(record: dict[str, Any]) -> str:
    """``learning_rate=0.01, momentum=0.9``"""
    return ", ".join(f"{h['name']}={_default(h)}" for h in record["hyperparameters"])


def _also(record: dict[str, Any]) -> Message:
    """The other names, without those that are only spelt differently."""
    own = record["name"].replace("_", "")
    others = [alias for alias in record["aliases"] if alias.lower() != own]
    return message("also called {names}", names=listing(others)) if others else NOTHING


def _default(hyperparameter: dict[str, Any]) -> str:
    default = hyperparameter["default"]
    return "..." if default is None else f"{default:g}" if isinstance(default, float) else str(default)


_NAME = message("name", context="column")
_HYPERPARAMETERS = (
    message("hyperparameter", context="column"),
    message("symbol", context="column"),
    message("default", context="column"),
    message("range", context="column"),
    message("meaning", context="column"),
)
MOST_FORMULA = 3000  # characters; a longer one is a line search unrolled, which nobody reads


def _explained(cls: type[Optimizer]) -> dict[str, Any]:
    """The record with what takes longer: the formula traced from the code, and the docstring's prose."""
    from downslope.optimizers import all_wrappers
    from downslope.optimizers.block_rules import BlockRule
    from downslope.optimizers.curvature import CurvedRule
    from downslope.optimizers.notation import formula, specimen

    said = documentation(inspect.getdoc(cls) or "")
    if cls in all_wrappers():
        around = message(
            "it stands around a rule: {example}; its page in {folder} has the formula",
            example=f"{cls.name()}(adam)",
            folder="docs/optimizers",
        )
        return {
            **_optimizer_record(cls),
            "formula": [str(around)],
            "legend": {},
            "remarks": [*map(str, said.remarks)],
            "source": str(said.source),
        }
    if issubclass(cls, CurvedRule):
        solved = message(
            "its steps solve equations of matrices; the page of {name} in {folder} has them",
            name=cls.name(),
            folder="docs/optimizers",
        )
        return {
            **_optimizer_record(cls),
            "formula": [str(solved)],
            "legend": {},
            "remarks": [*map(str, said.remarks)],
            "source": str(said.source),
        }
    if issubclass(cls, BlockRule):
        whole = message(
            "it steps whole matrices, and has no formula of single numbers; the page of {name} in {folder} has its own",
            name=cls.name(),
            folder="docs/optimizers",
        )
        return {
            **_optimizer_record(cls),
            "formula": [str(whole)],
            "legend": {},
            "remarks": [*map(str, said.remarks)],
            "source": str(said.source),
        }
    rule = formula(specimen(cls))
    written = str(rule).split("\n")
    if sum(map(len, written)) > MOST_FORMULA:
        long = message(
            "a line search of {count} lines; the page of {name} in {folder} has the method in short",
            count=len(written),
            name=cls.name(),
            folder="docs/optimizers",
        )
        written = [str(long)]
    return {
        **_optimizer_record(cls),
        "formula": written,
        "legend": rule.legend,
        "remarks": [*map(str, said.remarks)],
        "source": str(said.source),
    }


def _optimizer_page(record: dict[str, Any]) -> str:
    names = ", ".join((record["name"], *record["aliases"]))
    greek = {name: symbol for symbol, name in record["legend"].items() if symbol != name}
    hyperparameters = [
        (h["name"], greek.get(h["name"], ""), _default(h), h["range"], h["about"])
        for h in record["hyperparameters"]
    ]
    return "\n".join(
        [
            *_wrapped(names),
            *_wrapped(record["summary"]),
            "",
            *_table_lines(_HYPERPARAMETERS, hyperparameters),
            "",
            str(message("One step, traced from the code (x: the point, f: the value, g: the gradient):")),
            *_wrapped(*record["formula"], indent="  "),
            *(line for remark in record["remarks"] for line in ("", *_wrapped(remark))),
            *(("", *_wrapped(_source(record))) if record["source"] else ()),
            "",
        ]
    )


def _problem_record(problem: Problem) -> dict[str, Any]:
    record = dataclasses.asdict(problem)
    record |= {name: str(getattr(problem, name)) for name in ("title", "about", "source")}
    if not math.isfinite(problem.minimum):
        record["minimum"] = str(problem.minimum)
    return {"name": record.pop("name"), "dimension": problem.dimension, **record}


def _problem_page(record: dict[str, Any]) -> str:
    def point(values: Sequence[float]) -> Message:
        pairs = zip(record["variables"], values, strict=True)
        return listing((f"{name}={value!r}" for name, value in pairs), most=10)

    places = listing(map(point, record["minimisers"]), "and", most=12)
    if places:
        minimum = message("{value} at {places}", value=record["minimum"], places=places)
    else:
        minimum = message("{value}, nowhere attained or known only as a value", value=record["minimum"])
    labels = message("start", context="label"), message("minimum", context="label")
    wide = max(cells(str(label)) for label in labels) + 2
    start, lowest = (str(label) + " " * (wide - cells(str(label))) for label in labels)
    return "\n".join(
        [
            f"{record['name']}: {record['title']}",
            "",
            *_wrapped(record["formula"], indent="  "),
            "",
            *_wrapped(f"{start}{point(record['start'])}", hanging=" " * wide),
            *_wrapped(f"{lowest}{minimum}", hanging=" " * wide),
            "",
            *_wrapped(record["about"]),
            "",
            *_wrapped(_source(record)),
            "",
        ]
    )


def _source(record: dict[str, Any]) -> str:
    return str(message("Source: {source}", source=record["source"]))


def _wrapped(*texts: str, indent: str = "", hanging: str | None = None) -> list[str]:
    after = indent + "    " * bool(indent) if hanging is None else hanging
    columns = terminal.width(sys.stdout)
    return [
        line for text in texts for line in wrap(text, columns, initial_indent=indent, subsequent_indent=after)
    ]


def _show_table(header: Sequence[Message], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    terminal.emit("\n".join(_table_lines(header, rows, right)) + "\n")


def _table_lines(
    header: Sequence[Message], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> list[str]:
    """A table that wraps its cells to the width there is."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for i, name in enumerate(header):
        table.add_column(
            Text(str(name)), justify="right" if i in right else "left", no_wrap=i == 0, overflow="fold"
        )
    for row in rows:
        table.add_row(*map(Text, row))
    colour = terminal.coloured(sys.stdout)
    console = Console(
        width=terminal.width(sys.stdout),
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
