"""Bytes of any encoding -> UTF-8. Detected by charset-normalizer (imported here, where a file is not UTF-8)."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import pairwise
from typing import Any

from downslope.errors import DataError
from downslope.fitting.alphabets import letters_of_no_language, misspelt
from downslope.fitting.frame import Origin
from downslope.messages import Message, argument, listing, message

UTF_8 = "utf-8"
SAMPLE = 1 << 16  # bytes of lines with other letters than ASCII that an encoding is guessed from
_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY = (
    *("cp949", "cp932", "gb18030", "big5", "euc_jp", "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253"),
    *("cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "mac_roman", "cp437", "cp850"),
)
_COMMON = ("cp949", "cp932", "gb18030", "cp1252", "cp1251")  # preferred where nothing else tells
_OF_WINDOWS = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1257")
MOST_OTHERS = 3  # other guesses that are named


def encoding_of(content: bytes, whole: bool, origin: Origin, asked: str | None) -> tuple[str, Message | None]:
    """The encoding of a text, and a note where it was guessed.

    Args:
        content: the text, or its beginning.
        whole: whether it is all of it; the beginning may end within a character.
        origin: what it is, for messages.
        asked: the encoding that a person named.

    Raises:
        DataError: it is none that is known.
    """
    if asked is not None:
        marked = asked == UTF_8 and content.startswith(codecs.BOM_UTF8)
        return ("utf-8-sig" if marked else asked), None
    for mark, name in _MARKED:
        if content.startswith(mark):
            return name, None
    if b"\x00" in content[:4] and (wide := _without_mark(content[:64])):
        return wide, message("{origin} was read as {encoding}.", origin=origin, encoding=wide.upper())
    if content.isascii():
        return UTF_8, None
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(content, whole)
        return UTF_8, None
    except UnicodeDecodeError:
        return _guessed(content, origin)


def _without_mark(start: bytes) -> str | None:
    """UTF-16 without a mark, of text that begins with ASCII."""
    even, odd = start[::2], start[1::2]
    if not any(odd) and all(even):
        return "utf-16-le"
    if not any(even) and all(odd):
        return "utf-16-be"
    return None


def _guessed(content: bytes, origin: Origin) -> tuple[str, Message | None]:
    from charset_normalizer import from_bytes

    lines = [line for line in re.split(rb"[\r\n]+", content) if not line.isascii()]
    sample, size = [], 0
    for line in lines:
        if size > SAMPLE:
            break
        sample.append(line)
        size += len(line)
    matches = from_bytes(b"\n".join(sample), cp_isolation=list(_LIKELY))
    found = [match.encoding for match in matches if _decodes(content, match.encoding)]
    found += [
        name for name in _OF_WINDOWS if name not in found and _reads_well(content, b"\n".join(sample), name)
    ]
    if not found:
        raise DataError(
            message(
                "{origin} is not UTF-8 text, nor any other that could be told from its letters (byte 0x{byte:02x} on"
                " line {line}); name its encoding: {option}.",
                origin=origin,
                byte=_first_odd(content)[1],
                line=_first_odd(content)[0],
                option=argument("encoding", "cp1252"),
            )
        )
    texts: dict[str, str] = {}
    for name in found:  # those that read the sample alike are one guess
        texts.setdefault(b"\n".join(sample).decode(name, "replace"), name)
    chosen, *others = (texts[text] for text in sorted(texts, key=lambda text: _unlikely(text, texts[text])))
    shown = chosen.replace("_", "-").upper()
    if not others:
        return chosen, message(
            "{origin} is not UTF-8; it was read as {encoding} ({option} names another).",
            origin=origin,
            encoding=shown,
            option=argument("encoding"),
        )
    return chosen, message(
        "{origin} is not UTF-8; it was read as {encoding}, and could also be {others} ({option} says which).",
        origin=origin,
        encoding=shown,
        others=listing([name.replace("_", "-").upper() for name in others[:MOST_OTHERS]], "or"),
        option=argument("encoding"),
    )


def _reads_well(content: bytes, sample: bytes, encoding: str) -> bool:
    """Whether a text is words of one language in an encoding, which the detector may have overlooked."""
    return _decodes(content, encoding) and _unlikely(sample.decode(encoding, "replace"), encoding)[:2] == (
        0,
        0,
    )


def _unlikely(text: str, encoding: str) -> tuple[int, int, int]:
    """How unlikely a guess is: by words that nobody writes so, by letters that no language has, by what is rare."""
    rare = (encoding not in _COMMON) + (encoding not in _COMMON + _OF_WINDOWS)
    return _mixed_words(text) + misspelt(text), letters_of_no_language(text), rare


def _mixed_words(text: str) -> int:
    """How many words are not written so: a guess that makes these is a poor one.

    Of letters that do not go together, with capitals behind small letters, or of the half of a script for displays.
    """
    words = re.findall(r"[^\W\d_]+", text)
    return sum(
        len({script for letter in word if (script := _script(letter))}) > 1
        or any(a.islower() and b.isupper() for a, b in pairwise(word))
        or all("\uff66" <= letter <= "\uff9f" for letter in word)
        for word in words
    )


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0]
    if name in ("HIRAGANA", "KATAKANA", "HALFWIDTH"):
        return ""  # stand beside Chinese characters in Japanese
    return name


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(content)
    except (UnicodeError, LookupError):
        return False
    return True


def _first_odd(content: bytes) -> tuple[int, int]:
    """(line, value) of the first byte that is not UTF-8."""
    try:
        content.decode(UTF_8)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        return len(re.findall(rb"\r\n|\r|\n", before)) + 1, content[error.start]
    return 1, content[0]


def is_utf8(encoding: str) -> bool:
    """Whether PyArrow reads it as it is."""
    return codecs.lookup(encoding).name in ("utf-8", "ascii")


class Recoded:
    """A stream of bytes in another encoding, as UTF-8.

    Raises:
        DataError: the bytes are not what the encoding allows.
    """

    def __init__(self, stream: Any, encoding: str, origin: Origin) -> None:
        self.stream, self.encoding, self.origin = stream, encoding, origin
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._rest, self._begun = b"", False
        self._line, self._ended = 1, False

    def read(self, size: int = -1) -> bytes:
        """So many bytes of UTF-8, fewer at the end."""
        parts, got = [self._rest], len(self._rest)
        while not self._ended and (size < 0 or got < size):
            block = bytes(self.stream.read(size if size > 0 else -1))
            self._ended = not block
            parts.append(self._decoded(block))
            got += len(parts[-1])
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._rest = whole[cut:]
        return whole[:cut]

    def _decoded(self, block: bytes) -> bytes:
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line = self._line + error.object[: error.start].count(b"\n")
            raise DataError(not_of_encoding(self.origin, line, self.encoding, error)) from error
        except UnicodeError as error:
            raise DataError(no_text_of(self.origin, self.encoding)) from error
        self._line += text.count("\n")
        if text and not self._begun:
            text, self._begun = text.removeprefix("\ufeff"), True
        return text.encode(UTF_8)


def no_text_of(origin: Origin, encoding: str) -> Message:
    """The sentence for bytes that cannot be text of the encoding."""
    return message(
        "{origin} is not {encoding} text; name its encoding: {option}.",
        origin=origin,
        encoding=encoding.upper(),
        option=argument("encoding", _another(encoding, b"")),
    )


def _another(encoding: str, content: bytes) -> str:
    """One to try in the place of one that the content is not in."""
    if encoding != UTF_8 and _decodes(content, UTF_8):
        return UTF_8
    return "cp1252" if encoding != "cp1252" else "latin-1"


def not_of_encoding(origin: Origin, line: int, encoding: str, error: UnicodeDecodeError) -> Message:
    """The sentence for a byte that the encoding does not have."""
    return message(
        "line {line} of {origin} is not {encoding} text (byte 0x{byte:02x}); name its encoding: {option}.",
        line=line,
        origin=origin,
        encoding=encoding.upper(),
        byte=error.object[error.start],
        option=argument("encoding", _another(encoding, bytes(error.object))),
    )
