"""Source -> ``downslope.pot`` -> catalogues: what ``scripts/messages`` does; the tests read sentences with it as well.

A sentence is a call of ``message`` or ``plural`` with literal templates; how they are called is checked on the way.
So is what ``downslope optimizers NAME`` shows of the code itself: the prose of the rules' docstrings, and what
``hyperparameter`` says of a number.
Exported scripts are written from the code of the rules: what its comments and docstrings say is collected too.
Names of files stand in the ``.pot`` without line numbers, and nothing has a date: it changes where a sentence does.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from downslope.export.rule_source import said_in, said_in_helper
from downslope.language.functions import FUNCTIONS
from downslope.messages import Message, documentation, documented
from downslope.messages.message import Sentence
from downslope.messages.template import places

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "downslope"
CATALOGUES = SOURCE / "messages" / "catalogues"
TEMPLATE = SOURCE / "messages" / "downslope.pot"
TEMPLATES = {
    "message": 1,
    "plural": 2,
    "Template": 0,
}  # how many templates each takes; 0 is one or two, alone
RULES = tuple(
    f"src/downslope/optimizers/{part}/" for part in ("rules", "curved", "blocks", "wrappers")
)  # with shown docstrings
VOCABULARY = "src/downslope/language/functions/__init__.py"  # functions of ours that scripts are given
PRINTED = (
    "src/downslope/optimizers/rules/*.py",
    "src/downslope/optimizers/schedules/*.py",
    "src/downslope/optimizers/line_search.py",
    "src/downslope/optimizers/curved/*.py",
    "src/downslope/optimizers/trust.py",
    "src/downslope/optimizers/marquardt.py",
    "src/downslope/objectives/residuals.py",
    "src/downslope/lapack.py",
)


class BadSentenceError(Exception):
    """A call that cannot be collected, and where it is."""


@dataclass(frozen=True, order=True)
class Found:
    """One template of the source."""

    template: str
    context: str
    many: str
    file: str


def found_in(path: Path, base: Path = ROOT) -> Iterator[Found]:
    """The sentences of a file.

    Raises:
        BadSentenceError: a template that is not literal or no template, or fields that are not its own.
    """
    name = path.relative_to(base).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        try:
            if isinstance(node, ast.Call) and called(node) in TEMPLATES:
                yield _sentence(node, name)
            elif isinstance(node, ast.Call) and called(node) == "hyperparameter":
                yield from _texts([documented(_about(node))], name)
            elif isinstance(node, ast.ClassDef) and name.startswith(RULES):
                yield from _texts(_prose(node), name)
        except ValueError as error:
            raise BadSentenceError(f"{name}:{node.lineno}: {error}") from error


def called(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _sentence(node: ast.Call, file: str) -> Found:
    count = TEMPLATES[called(node)]
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if not count and len(texts) == len(node.args) and len(texts) in (1, 2) and not node.keywords:
        return Found(texts[0], "", texts[1] if len(texts) > 1 else "", file)
    if len(texts) != len(node.args) or len(texts) != count:
        raise ValueError(f"{called(node)} takes {count} literal text(s), and fields by name")
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if None in given:
        raise ValueError("fields are named one by one, without **")
    context = given.pop("context", ast.Constant(""))
    if not isinstance(context, ast.Constant) or not isinstance(context.value, str):
        raise ValueError("the context is literal text")
    wanted = {name for text in texts for name in places(text)} | ({"n"} if count > 1 else set())
    if wanted != set(given):
        raise ValueError(f"the template names {sorted(wanted)}, and there are {sorted(map(str, given))}")
    return Found(texts[0], context.value, texts[1] if count > 1 else "", file)


def _about(node: ast.Call) -> str:
    if len(node.args) != 2 or not isinstance(node.args[1], ast.Constant):
        raise ValueError("hyperparameter takes a default and what it is, as literal text")
    return str(node.args[1].value)


def _prose(node: ast.ClassDef) -> list[Message]:
    said = documentation(ast.get_docstring(node) or "")
    return [said.summary, *said.remarks, said.source]


def _texts(said: list[Message], file: str) -> Iterator[Found]:
    for part in said:
        if isinstance(part, Sentence):
            yield Found(part.template, "", "", file)


def collected() -> Catalog:
    """Every sentence of the source, in the order of the alphabet."""
    catalog = Catalog(project="downslope", fuzzy=False, charset="utf-8", domain="downslope")
    catalog.header_comment = "# What downslope says. Made from the source by scripts/messages."
    sentences = sorted({s for path in SOURCE.rglob("*.py") for s in (*found_in(path), *said_by_code(path))})
    plurals: dict[tuple[str, str], str] = {}
    for s in sentences:
        if plurals.setdefault((s.context, s.template), s.many) != s.many:
            raise BadSentenceError(f"{s.file}: {s.template!r} has two plurals; give one a context")
        identity = (s.template, s.many) if s.many else s.template
        catalog.add(identity, locations=[(s.file, None)], context=s.context or None)
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """The text of a catalogue, without a header that changes from day to day."""
    out = io.BytesIO()
    write_po(out, catalog, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)
    kept = (b"Language:", b"Plural-Forms:", b"MIME-Version:", b"Content-Type:", b"Content-Transfer-Encoding:")
    header, blank, entries = out.getvalue().partition(b"\n\n")
    lines = [line for line in header.split(b"\n") if not line.startswith(b'"') or line[1:].startswith(kept)]
    return b"\n".join(lines) + blank + entries


def as_mo(catalog: Catalog) -> bytes:
    """The compiled catalogue, which the standard library reads; without what is not translated."""
    out = io.BytesIO()
    compiled = read_po(io.BytesIO(as_po(catalog)), locale=catalog.locale)
    compiled.creation_date = compiled.revision_date = datetime.fromtimestamp(0, UTC)  # else it is today's
    for entry in list(compiled):
        texts = (entry.string,) if isinstance(entry.string, str) else entry.string
        if entry.id and not all(texts):
            compiled.delete(entry.id, entry.context)
    write_mo(out, compiled)
    return out.getvalue()


def english(template: Catalog) -> Catalog:
    """Every sentence as its own translation: the list of our keys, by which files are judged."""
    catalog = Catalog(locale="en", domain="downslope", fuzzy=False)
    for entry in template:
        if entry.id:
            catalog.add(entry.id, string=entry.id, context=entry.context)
    return catalog


def said_by_code(path: Path, base: Path = ROOT) -> Iterator[Found]:
    """What a script can say that comes from the code of a rule, or of a function that it has of ours."""
    name = path.relative_to(base).as_posix()
    said: list[Message] = []
    if fnmatch(name, VOCABULARY):
        helpers = {source for function in FUNCTIONS.values() for source in function.helpers.values()}
        said += [part for source in helpers for part in said_in_helper(source)]
    if any(fnmatch(name, pattern) for pattern in PRINTED):
        text = path.read_text(encoding="utf-8")
        said += said_in(text)
        said += [documented(words) for words in _meanings(ast.parse(text))]
    yield from (Found(part.template, "", "", name) for part in said if isinstance(part, Sentence))


def _meanings(tree: ast.AST) -> Iterator[str]:
    """What each hyperparameter is, as its field says it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == "hyperparameter":
            yield from (str(a.value) for a in node.args[1:2] if isinstance(a, ast.Constant))


def updated(language: str, template: Catalog) -> Catalog:
    """The catalogue of a language with the sentences of today; what is no longer said is dropped."""
    path = CATALOGUES / language / "downslope.po"
    old = (
        read_po(io.BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    )
    old.fuzzy = False
    old.header_comment = (
        f"# What downslope says, in {language}. Keys and file names are kept up by scripts/messages."
    )
    old.update(template, no_fuzzy_matching=True, update_header_comment=False)
    old.obsolete.clear()
    return old


def wanted(languages: list[str]) -> dict[Path, bytes]:
    """What each file ought to hold."""
    template = collected()
    files = {TEMPLATE: as_po(template), CATALOGUES / "en" / "downslope.mo": as_mo(english(template))}
    for language in languages:
        catalog = updated(language, template)
        files[CATALOGUES / language / "downslope.po"] = as_po(catalog)
        files[CATALOGUES / language / "downslope.mo"] = as_mo(catalog)
    return files


def main(arguments: list[str]) -> int:
    """Write what has changed; with ``--check`` only say it."""
    languages = [path.parent.name for path in sorted(CATALOGUES.glob("*/downslope.po"))]
    if arguments[:1] == ["--add"]:
        languages = sorted({*languages, *arguments[1:]})
    files = wanted(languages)
    changed = [path for path, content in files.items() if _content(path) != content]
    for path in changed:
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
        print(path.relative_to(ROOT))
    return int("--check" in arguments and bool(changed))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
