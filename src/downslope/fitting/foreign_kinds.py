"""Files that hold no table of text, whatever their name ends in: told by their first bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from downslope.errors import DataError
from downslope.fitting.frame import Origin
from downslope.messages import Template

LOOKED_AT = 1 << 14  # bytes from which a kind is told; a workbook's parts are named among its first


@dataclass(frozen=True)
class ForeignKind:
    """What a file holds that is no table of text.

    Attributes:
        begins: a pattern that its first bytes match, and those of no table of text.
        sentence: what it is and what to do with it, with a place for its ``{origin}``.
    """

    begins: re.Pattern[bytes]
    sentence: Template


def _kind(begins: bytes, sentence: Template) -> ForeignKind:
    return ForeignKind(re.compile(begins, re.DOTALL | re.IGNORECASE), sentence)


# Of two that match, the first is meant. Patterns go beyond the few letters that could be a column's name (PAR1, BZh).
_KINDS = (
    _kind(
        rb"PK\x03\x04.*xl/(?:workbook|worksheets|styles|theme|sharedStrings|_rels)",
        Template("{origin} is an Excel workbook, not text: save its sheet as CSV and name that file."),
    ),
    _kind(
        rb"PK\x03\x04.{22,30}mimetypeapplication/vnd\.oasis\.opendocument",
        Template("{origin} is an OpenDocument file, not text: save its sheet as CSV and name that file."),
    ),
    _kind(
        rb"PK\x03\x04|PK\x05\x06",
        Template("{origin} is a zip archive, not text: unpack it and name the file that was in it."),
    ),
    _kind(
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Template(
            "{origin} is a file of an older Microsoft Office, not text: save its sheet as CSV and name that file."
        ),
    ),
    _kind(
        rb"SQLite format 3\x00",
        Template(
            "{origin} is an SQLite database, not text: write the table that is meant to a CSV file"
            " (sqlite3 -header -csv) and name that file."
        ),
    ),
    _kind(
        rb"%PDF-\d",
        Template(
            "{origin} is a PDF document, not text: take the table out of it, as CSV, and name that file."
        ),
    ),
    _kind(rb"PAR1[\x00-\x1f]", Template("{origin} is a Parquet file: give it a name that ends in .parquet.")),
    _kind(
        rb"ARROW1\x00\x00",
        Template("{origin} is an Arrow (Feather) file: give it a name that ends in .arrow."),
    ),
    _kind(rb"\x1f\x8b\x08", Template("{origin} is packed with gzip: give it a name that ends in .gz.")),
    _kind(rb"\x28\xb5\x2f\xfd", Template("{origin} is packed with zstd: give it a name that ends in .zst.")),
    _kind(
        rb"BZh[1-9]1AY&SY",
        Template("{origin} is packed with bzip2: give it a name that ends in .bz2."),
    ),
    _kind(rb"\xfd7zXZ\x00", Template("{origin} is packed with xz: unpack it first (unxz).")),
    _kind(
        rb"\x93NUMPY",
        Template(
            "{origin} is an array of NumPy, not text: load it with numpy.load and give its columns by their names."
        ),
    ),
    _kind(
        rb"\x89HDF\r\n\x1a\n",
        Template(
            "{origin} is an HDF5 file, not text: write the table that is meant to a CSV or Parquet file and name"
            " that file."
        ),
    ),
    _kind(
        rb"\x89PNG\r\n|\xff\xd8\xff[\xe0-\xef\xdb]|GIF8[79]a", Template("{origin} is an image, not a table.")
    ),
    _kind(
        rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
        Template(
            "{origin} is an HTML page, not a table of text; a download often gives one in the place of the file"
            " (a page to sign in, or one that says that it was not found)."
        ),
    ),
    _kind(rb"\s*<\?xml\s", Template("{origin} is XML, not a table of text: convert it to CSV.")),
    _kind(
        rb'\s*(?:\{\s*"[^"\n]*"\s*:|\[\s*\{\s*"[^"\n]*"\s*:|\[\s*\[\s*(?:"|-?\d))',
        Template(
            "{origin} is JSON, not a table of text: convert it to CSV, or load it and give its columns by their"
            " names."
        ),
    ),
)


def refuse_foreign(head: bytes, origin: Origin) -> None:
    """Raise DataError where what begins so is known to be no table of text."""
    start = head[:LOOKED_AT].removeprefix(codecs.BOM_UTF8)
    for kind in _KINDS:
        if kind.begins.match(start):
            raise DataError(kind.sentence.filled(origin=origin))
