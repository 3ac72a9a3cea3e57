"""Pages that are made from the code, in the language of the site: rules, findings, and which pages are in English only.

Prose of docstrings is looked up in the library's own catalogue, what only these pages say in ``made_pages.po`` beside
the catalogues of the written pages. What is in neither stays English, as formulas and code do.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

import downslope as ds
from downslope.messages.languages import catalogue_of

LOCALE = Path(__file__).parent / "locale"
ENGLISH_ONLY = ("reference/api/", "decisions/", "design", "contributing", "changes", "benchmarks/", "export")
NOTE = "This page is in English only."
_PROSE_MARKUP = re.compile(r"\*([^*]+)\*|`([^`]+)`")
_FENCE = re.compile(r"(^`{3,}.*?^`{3,}$)", re.S | re.M)


@lru_cache(maxsize=4)
def words_of(language: str) -> dict[str, str]:
    """What only the pages made from the code say."""
    path = LOCALE / language / "LC_MESSAGES" / "made_pages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id and entry.string}


def spoken(text: str, language: str) -> str:
    """A sentence or heading in that language; as it stands where there is no translation.

    >>> spoken("Its path", "ko"), spoken("no such text", "ko")
    ('지나는 길', 'no such text')
    """
    plain = " ".join(text.split())
    found = words_of(language).get(plain)
    if found is not None:
        return found
    catalogue = catalogue_of(language)
    if catalogue is None or not plain:
        return text
    for key in (plain, _PROSE_MARKUP.sub(r"\1\2", plain)):
        escaped = key.replace("{", "{{").replace("}", "}}")
        told = catalogue.gettext(escaped)
        if told != escaped:
            return told.replace("{{", "{").replace("}}", "}")
    return text


def in_language(page: str, language: str) -> str:
    """A page of Markdown with its headings, paragraphs, lists and cells of tables looked up; code stays as it is."""
    parts = _FENCE.split(page)
    return "".join(
        part if i % 2 else "\n\n".join(_block(block, language) for block in part.split("\n\n"))
        for i, part in enumerate(parts)
    )


def _block(block: str, language: str) -> str:
    stripped = block.strip("\n")
    if not stripped:
        return block
    lead = block[: len(block) - len(block.lstrip("\n"))]
    tail = block[len(block.rstrip("\n")) :]
    if stripped.startswith(("|", "- ")):
        return lead + "\n".join(_line(line, language) for line in stripped.split("\n")) + tail
    return lead + _line(stripped, language) + tail


def _line(line: str, language: str) -> str:
    if line.startswith("|"):
        cells = re.split(r"(?<!\\)\|", line)
        return "|".join(f" {spoken(cell.strip(), language)} " if cell[:1] == " " else cell for cell in cells)
    for pattern in (
        r"(#+ )(.*)",
        r"(- \*\*\w+\*\*: )(.*)",
        r"(\[)(.*)\]\((.*)\)",
        r"(Source: )(.*)",
    ):
        if match := re.fullmatch(pattern, line, re.S):
            said = spoken(match[2], language)
            if pattern.startswith(r"(\["):
                return f"[{said}]({match[3]})"
            if match[1] == "Source: ":
                return f"{spoken('Source:', language)} {said}"
            return match[1] + said
    return spoken(line, language)


def translate_source(app: Any, docname: str, source: list[str]) -> None:
    """Sphinx's hook: rules in the site's language, and a note on pages that are in English only."""
    language = app.config.language
    if language == "en":
        return
    if docname == "optimizers" or docname.startswith("optimizers/"):
        source[0] = in_language(source[0], language)
    elif docname.startswith(ENGLISH_ONLY):
        note = f"*{spoken(NOTE, language)}*"
        title = re.match(r"((?:<!--.*?-->\s*)?)# ([^\n]*)\n", source[0], re.S)
        if title is None:  # a file that is included brings its own title
            source[0] += f"\n{note}\n"
        else:
            rest = source[0][title.end() :]
            source[0] = f"{title[1]}# {spoken(title[2], language)}\n\n{note}\n{rest}"


def translate_labels(app: Any, error: Exception | None) -> None:
    """Sphinx's hook: what the theme has in its templates, for readers of screens, without a way to translate it."""
    path = LOCALE / app.config.language / "LC_MESSAGES" / "sphinx.po"
    if error is not None or app.builder.format != "html" or not path.exists():
        return
    with path.open("rb") as file:
        words = {entry.id: entry.string for entry in read_po(file) if entry.id}
    named = words.pop("Toggle navigation of {name}")
    for page in Path(app.outdir).rglob("*.html"):
        before = page.read_text(encoding="utf-8")
        text = re.sub(
            r'aria-label="Toggle navigation of ([^"]*)"',
            lambda found: f'aria-label="{named.format(name=found[1])}"',
            before,
        )
        for english, other in words.items():
            text = text.replace(f'aria-label="{english}"', f'aria-label="{other}"')
            text = text.replace(f">{english}<", f">{other}<")
        if text != before:
            page.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's hook."""
    kept = sorted(LOCALE.rglob("made_pages.po"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [Path(__file__), *kept])).hexdigest()
    app.add_config_value("spoken_words", digest, "env")  # where they change, every page is read again
    app.connect("source-read", translate_source)
    app.connect("build-finished", translate_labels)
    return {"version": ds.__version__, "parallel_read_safe": True}
