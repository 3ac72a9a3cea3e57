"""What a person prefers, for the whole process."""

from __future__ import annotations

from downslope.errors import UnknownNameError, nearest
from downslope.messages import (
    Message,
    available_languages,
    current_language,
    language_named,
    listing,
    message,
    sentences,
    set_language,
)


def language(code: str | None = None) -> str:
    """The language in which downslope speaks; chosen where ``code`` is given, for the whole process.

    Where nothing was chosen it is what ``DOWNSLOPE_LANG`` names, else what the locale does, else English. What was said
    before is rendered anew: a run, an explanation or an error is data, and has no language.

    Args:
        code: ``en``, ``ko``, or whatever other catalogue there is.

    Raises:
        UnknownNameError: there is no catalogue of that language.

    >>> import downslope as ds
    >>> ds.language("en"), ds.language()
    ('en', 'en')
    """
    if code is not None:
        set_language(checked_language(code))
    return current_language()


def checked_language(text: str) -> str:
    """The language that ``text`` names.

    Raises:
        UnknownNameError: there is no catalogue of it.
    """
    code = language_named(text)
    if code is None:
        raise UnknownNameError(unknown_language(text))
    return code


def unknown_language(text: str) -> Message:
    """What is said of a language without a catalogue."""
    known = available_languages()
    return sentences(
        message("there is no language {name!r:.40}.", name=text),
        nearest(text, known),
        message("There are: {languages}.", languages=listing(known)),
    )
