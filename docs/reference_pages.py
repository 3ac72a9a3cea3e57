"""The pages of the reference that are made from the library when the site is built, and ``{living-run} CALL``.

Names, commands, findings and messages are listed by the library itself, so that no page can lack one. What is written
is not under version control: ``docs/reference/api``, ``commands.md``, ``messages.md``, ``docs/findings``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import tomllib
import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
from living import _Framed
from spoken_pages import spoken

import downslope as ds
from downslope import preferences
from downslope.cli.main import cli
from downslope.explain.sentences import CODES, TEMPLATES
from downslope.files import write_atomically
from downslope.messages import reading
from downslope.messages.languages import CATALOGUES, available_languages, current_audience
from downslope.optimizers import all_schedules, all_wrappers

DOCS = Path(__file__).parent
FINDINGS = tomllib.loads((DOCS / "findings" / "findings.toml").read_text(encoding="utf-8"))
ABOUT_FINDINGS = (
    "What `run.explain()` finds has a code, which stays the same from version to version. `run.explain().codes` has"
    " them, `downslope explain` prints their sentences. Advice is only given after it was run. Gravest first:"
)
WRITTEN = "<!-- Written by docs/reference_pages.py from the library. -->"
# What serves one other library, beside that library's name in the environment.
FOREIGN = {"torch": "torch", "keras": "keras", "optax": "optax", "scipy": "scipy", "sklearn": "sklearn"}
MEMBERS = "   :members:\n   :inherited-members: object, tuple, ABC, Mapping, Exception, int, str"


def modules() -> dict[str, tuple[str, ...]]:
    """Every public module with the names that it has, ``downslope`` itself first."""
    found = {
        "downslope": tuple(name for name in ds.__all__ if name != "__version__" and not _is_module(name))
    }
    for name in ("errors", "objectives", "optimizers", "plots"):
        module = getattr(ds, name)
        own = getattr(module, "__all__", None) or [
            key
            for key, value in vars(module).items()
            if not key.startswith("_") and getattr(value, "__module__", "") == module.__name__
        ]
        found[f"downslope.{name}"] = tuple(own)
    schedules = importlib.import_module("downslope.optimizers.schedules")
    found["downslope.optimizers"] += tuple(cls.__name__ for cls in all_wrappers())
    found[schedules.__name__] = tuple(cls.__name__ for cls in all_schedules())
    for name, library in FOREIGN.items():
        if importlib.util.find_spec(library):
            module = importlib.import_module(f"downslope.{name}")
            found[module.__name__] = tuple(key for key in module.__all__ if key not in ds.__all__)
    return found


def _is_module(name: str) -> bool:
    return inspect.ismodule(getattr(ds, name)) and not callable(getattr(ds, name))  # ds.language is both


def _own_name(module: str, name: str) -> str | None:
    """The name by which a module tells a class of two names; None where the module has no other."""
    own = getattr(thing_of(module, name), "__name__", name)
    return own if own in _names_of(module) else None


def _names_of(module: str) -> tuple[str, ...]:
    """What a module says that it has."""
    return tuple(getattr(importlib.import_module(module), "__all__", ()))


def _ours(thing: Any) -> bool:
    """Whether it is told here: an alias of another library's class is told there."""
    return not inspect.isclass(thing) or thing.__module__.partition(".")[0] == "downslope"


def thing_of(module: str, name: str) -> Any:
    """What a public name stands for."""
    return getattr(importlib.import_module(module), name)


def _told_of(thing: Any) -> str:
    if isinstance(thing, types.GenericAlias):
        return f"Short for ``{thing!r}``."
    spoken = preferences.language if inspect.ismodule(thing) else thing
    return inspect.cleandoc(spoken.__doc__ or "")


def api() -> Iterator[tuple[Path, str]]:
    """A page for each public name of ``downslope``, one for each other module, and the list of all."""
    folder = DOCS / "reference" / "api"
    listed, pages = [], []
    told: set[int] = set()
    for module, names in modules().items():
        fresh = [
            name
            for name in names
            if id(thing_of(module, name)) not in told
            and _ours(thing_of(module, name))
            and _own_name(module, name) in (name, None)
        ]
        told |= {id(thing_of(module, name)) for name in fresh}
        alone = module == "downslope"
        listed.append(f"## {module}\n")
        rows = []
        for name in names:
            page = name if alone else module.replace(".", "-")
            rows.append(f"| [`{name}`]({page}.md) | {_summary(thing_of(module, name))} |")
        listed.append("| name | what it is |\n|---|---|\n" + "\n".join(rows) + "\n")
        for page, told_there in (
            [(name, [name]) for name in fresh] if alone else [(module.replace(".", "-"), fresh)]
        ):
            pages.append(page)
            title = f"{module}.{page}" if alone else module
            body = "\n\n".join(_directive(module, name) for name in told_there)
            text = f"{WRITTEN}\n\n# {title}\n\n```{{eval-rst}}\n.. currentmodule:: {module}\n\n{body}\n```\n"
            yield folder / f"{page}.md", text
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"
    yield (
        folder / "index.md",
        (
            f"{WRITTEN}\n\n# The library\n\nEverything public, from its own documentation: signatures, shapes, ranges, "
            "what is raised, and examples that the tests run. The rules have [pages of their own](../../optimizers.md)."
            "\n\n" + "\n".join(listed) + "\n" + tree
        ),
    )


def _directive(module: str, name: str) -> str:
    thing = thing_of(module, name)
    if inspect.ismodule(thing):
        return f".. autofunction:: downslope.preferences.{name}"
    if isinstance(thing, types.GenericAlias):
        return f".. py:data:: {name}\n\n   {_told_of(thing)}"
    if inspect.isclass(thing):
        if module.removeprefix("downslope.") not in FOREIGN:
            return f".. autoclass:: {name}\n{MEMBERS}"
        # What the other library gives to its classes is told there.
        own = [key for key in vars(thing) if not key.startswith("_") and inspect.isfunction(vars(thing)[key])]
        return f".. autoclass:: {name}" + (f"\n   :members: {', '.join(own)}" if own else "")
    return f".. autofunction:: {name}" if callable(thing) else f".. autodata:: {name}"


def _summary(thing: Any) -> str:
    first = _told_of(thing).partition("\n\n")[0]
    plain = re.sub(r":\w+:`([^`]*)`", r"`\1`", first.replace("``", "`"))
    return " ".join(plain.split()).replace("|", r"\|")


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command, as the command line itself lists them."""
    whole = _context(cli, "downslope")
    for name in cli.list_commands(whole):
        command = cli.get_command(whole, name)
        assert command is not None
        yield name, command, _context(command, name, whole)


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    settings = {**command.context_settings, "max_content_width": 100, "terminal_width": 100}
    return click.Context(command, info_name=name, parent=parent, **settings)


def command_line() -> str:
    """The page of all commands and options."""
    whole = _context(cli, "downslope")
    parts = [
        WRITTEN,
        f"# {spoken('The command line', current_audience().language)}",
        spoken(
            "What every command says of itself: `downslope COMMAND --help` prints the same.",
            current_audience().language,
        ),
        f"```text\n{cli.get_help(whole)}\n```",
    ]
    for name, command, context in commands():
        parts += [f"## {name}", f"```text\n{command.get_help(context)}\n```"]
    return "\n\n".join(parts) + "\n"


def sentences_of(code: str) -> list[str]:
    """All that is said of a finding, with its fields in braces."""
    said: list[str] = []
    audience = current_audience()
    for key, template in TEMPLATES.items():
        name = key.removeprefix("finding.")
        if key.startswith("finding.") and (name == code or name.startswith(code + ".")):
            text = audience.translate("", template.one)
            if template.many:
                text = audience.translate_plural("", template.one, template.many, 2)
            said += [text] if text not in said else []
    return said


def findings() -> Iterator[tuple[Path, str]]:
    """A page for each finding, and the list of all."""
    language = current_audience().language

    def say(text: str) -> str:
        return spoken(text, language)

    rows = [
        f"| [`{code}`]({code}.md) | {say(FINDINGS[code]['when'])} |".replace("|x", r"\|x") for code in CODES
    ]
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(CODES) + "\n```"
    yield (
        DOCS / "findings" / "index.md",
        (
            f"{WRITTEN}\n\n# {say('Why did it diverge? Every finding')}\n\n{say(ABOUT_FINDINGS)}\n\n"
            f"| {say('code')} | {say('when it is told')} |\n|---|---|\n" + "\n".join(rows) + f"\n\n{tree}\n"
        ),
    )
    for code in CODES:
        entry = FINDINGS[code]
        parts = [
            WRITTEN,
            f"# {code}",
            f"**{say('When it is told.')}** {say(entry['when'])}",
            f"**{say('What is advised.')}** {say(entry['advice'])}",
            f"## {say('Its sentences')}",
            "```text\n" + "\n\n".join(sentences_of(code)) + "\n```",
        ]
        if "call" in entry:
            call = entry["call"]
            parts += [
                f"## {say('A run that shows it')}",
                "```{executed}\nimport downslope as ds\n\n"
                f"run = {call}\nprint(run.status)\nprint(run.explain())\n```",
            ]
            if "lambda" not in call:  # the page descends formulas
                parts.append(f"```{{living-run}} {call}\n:title: {code}\n```")
        yield DOCS / "findings" / f"{code}.md", "\n\n".join(parts) + "\n"


def messages() -> str:
    """Every template of the catalogue, by the folder that says it, with the translations."""
    from babel.messages.pofile import read_po

    parts = [
        WRITTEN,
        f"# {spoken('Every message', current_audience().language)}",
        spoken(
            "Errors, notes, endings, findings, advice and words of pictures. Fields in braces are filled in.",
            current_audience().language,
        ),
    ]
    for language in (one for one in available_languages() if (CATALOGUES / one / "downslope.po").exists()):
        with (CATALOGUES / language / "downslope.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        by_folder: dict[str, list[str]] = {}
        for entry in catalogue:
            if not entry.id:
                continue
            place = entry.locations[0][0].split("/") if entry.locations else ["elsewhere"]
            folder = place[2] if len(place) > 3 else place[-1]
            english = entry.id if isinstance(entry.id, str) else entry.id[-1]
            other = entry.string if isinstance(entry.string, str) else entry.string[-1]
            by_folder.setdefault(folder, []).append(f"{english}\n    {other}")
        parts.append(
            f"{len([entry for entry in catalogue if entry.id]):,} messages, each with its `{language}` below it."
        )
        for folder in sorted(by_folder):
            told = "\n".join(sorted(by_folder[folder], key=str.casefold))
            parts.append(f"## {folder}\n\n`````text\n{told}\n`````")
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Everything that is made, with its place."""
    yield from api()
    yield DOCS / "reference" / "commands.md", command_line()
    yield DOCS / "reference" / "messages.md", messages()
    yield from findings()


def write(language: str = "en") -> None:
    """Put every page where it differs; where it does not, a second build has nothing to read again."""
    with reading(language=language):
        for path, text in pages():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write_atomically(path, text.encode())


@lru_cache(maxsize=8)
def called(call: str) -> ds.Run | ds.Fit:
    """What a call of the documentation gives."""
    made: ds.Run | ds.Fit = eval(call, {"ds": ds})
    return made


class LivingRun(_Framed):
    """The page of what a call gives; the calls are those of this documentation."""

    def descended(self, asked: dict[str, Any]) -> ds.Run | ds.Fit:
        return called(self.arguments[0])


def join_names(*told: Any) -> None:
    """Of ``l1, l2: strengths`` Sphinx would read that l2 is of the type l1; without the space it does not."""
    lines: list[str] = told[-1]
    for i, line in enumerate(lines):
        if several := re.match(r"    (\*{0,2}\w+(, \*{0,2}\w+)+):", line):
            lines[i] = line.replace(several[1], several[1].replace(", ", ","), 1)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's hook."""
    app.setup_extension("living")
    app.add_directive("living-run", LivingRun)
    app.connect("autodoc-process-docstring", join_names, priority=100)  # before Napoleon reads the sections
    app.connect("builder-inited", lambda app: write(app.config.language))
    return {"version": ds.__version__, "parallel_read_safe": False}


if __name__ == "__main__":
    write()
