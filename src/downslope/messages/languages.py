"""Who reads: in which language, and whether options are typed in Python or on a command line."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import GNUTranslations

CATALOGUES = Path(__file__).with_name("catalogues")
ENGLISH = "en"
PSEUDO = (
    "xx-pseudo"  # English with every text of a template in ⟦ ⟧: what is outside was said without a message
)
VARIABLE = "DOWNSLOPE_LANG"


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom a message is rendered."""

    language: str = ENGLISH
    command_line: bool = False

    def translate(self, context: str, template: str) -> str:
        """The template in the reader's language, or as it is where the catalogue has none."""
        catalogue = catalogue_of(self.language)
        if catalogue is None:
            return template
        return catalogue.pgettext(context, template) if context else catalogue.gettext(template)

    def translate_plural(self, context: str, one: str, many: str, n: int) -> str:
        """The one of two templates, or of as many as the language has, that goes with ``n``."""
        catalogue = catalogue_of(self.language)
        if catalogue is None:
            return one if n == 1 else many
        if context:
            return catalogue.npgettext(context, one, many, n)
        return catalogue.ngettext(one, many, n)

    def mark(self, text: str) -> str:
        """The literal text of a template, as this reader gets it."""
        return f"⟦{text}⟧" if self.language == PSEUDO and any(map(str.isalpha, text)) else text


IN_ENGLISH = Audience()


@lru_cache(maxsize=1)
def available_languages() -> tuple[str, ...]:
    """English and every language that has a catalogue."""
    translated = sorted(path.parent.name for path in CATALOGUES.glob("*/downslope.mo"))
    return (ENGLISH, *(code for code in translated if code != ENGLISH))


@lru_cache(maxsize=8)
def catalogue_of(language: str) -> GNUTranslations | None:
    """The translations into a language; none are needed for English."""
    if language in (ENGLISH, PSEUDO):
        return None
    from gettext import GNUTranslations

    with open(CATALOGUES / language / "downslope.mo", "rb") as file:
        return GNUTranslations(file)


def language_named(text: str) -> str | None:
    """The available language that ``text`` names, as ``ko`` or as a locale does, or None.

    >>> language_named("en_GB.UTF-8"), language_named("C"), language_named("tlh")
    ('en', 'en', None)
    """
    code = re.split(r"[.@]", text.strip())[0].replace("_", "-").lower()
    if code in ("c", "posix"):
        return ENGLISH
    known = (*available_languages(), PSEUDO)
    return next((c for c in (code, code.partition("-")[0]) if c in known), None)


_chosen: str | None = None  # for the whole process
_reading: ContextVar[Audience | None] = ContextVar("downslope_audience", default=None)


def set_language(code: str | None) -> None:
    """Choose one of the available languages for the whole process; None leaves it to the environment again."""
    global _chosen
    if code is not None and code not in (*available_languages(), PSEUDO):
        raise ValueError(f"no catalogue for {code!r}")
    _chosen = code


def current_language() -> str:
    """What was chosen, else what ``DOWNSLOPE_LANG`` or the locale names, else English."""
    return current_audience().language


def current_audience() -> Audience:
    """The reader of this moment."""
    return _reading.get() or Audience(_chosen or _from_environment())


@contextlib.contextmanager
def reading(language: str | None = None, command_line: bool | None = None) -> Iterator[None]:
    """For the time of a ``with``, and in this thread or task only, render for another reader."""
    audience = current_audience()
    if language is not None:
        audience = replace(audience, language=language)
    if command_line is not None:
        audience = replace(audience, command_line=command_line)
    token = _reading.set(audience)
    try:
        yield
    finally:
        _reading.reset(token)


def _from_environment() -> str:
    for variable in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return _named_or_english(value)
    return _from_system()


@lru_cache(maxsize=64)
def _named_or_english(text: str) -> str:
    return language_named(text) or ENGLISH


@lru_cache(maxsize=1)
def _from_system() -> str:
    """Where no variable says it, as on Windows."""
    import locale

    return _named_or_english(locale.getlocale()[0] or ENGLISH)
