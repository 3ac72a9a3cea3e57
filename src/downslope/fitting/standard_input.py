"""A table that is piped in."""

from __future__ import annotations

import sys

from downslope.errors import DataError
from downslope.fitting.byte_streams import PushedBack, read_exactly
from downslope.fitting.file_kinds import PACKED, arrow
from downslope.messages import message


def standard_input() -> PushedBack:
    """What is piped in, unpacked; its first bytes say whether it is packed.

    Raises:
        DataError: it is a kind of file that must be there as a whole.
    """
    source = PushedBack(sys.stdin.buffer)
    first = read_exactly(source, 6)
    source.push_back(first)
    if first.startswith((b"PAR1", b"ARROW1")):
        raise DataError(
            message(
                "standard input is a Parquet or Arrow file, which cannot be read a piece at a time"
                " from there: save it, and give the file."
            )
        )
    for magic, codec in PACKED.items():
        if first.startswith(magic):
            pa = arrow()
            return PushedBack(pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec))
    return source
