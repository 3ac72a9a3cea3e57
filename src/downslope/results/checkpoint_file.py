"""The file of a checkpoint: a head of JSON in one line, the bytes of its arrays behind it, and a digest of both.

So a million numbers are written as they are, and no text is made of them. The digest is the last line: SHA-256, in
hexadecimal digits, of all that stands before it. Nothing in the file is executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent.snapshot import Pack, described
from downslope.errors import DataError
from downslope.files import write_atomically
from downslope.messages import message

BEHIND = "behind"  # the entry of the head that says how many bytes of arrays stand behind it
SEAL = 2 + 2 * hashlib.sha256().digest_size  # bytes: the digits between two ends of lines


class Behind:
    """Packs arrays by keeping their bytes, and says in which place behind the head they will stand.

    >>> behind = Behind()
    >>> behind(np.zeros(2)), behind(1.5)["at"], behind.size
    ({'dtype': 'float64', 'shape': [2], 'at': [0, 16]}, [16, 8], 24)
    """

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self.size = 0

    def __call__(self, value: Any) -> dict[str, Any]:
        """An array, or a number of Python's, as plain data that keeps every bit."""
        kind, array = described(value)
        at = self.size
        self.arrays.append(np.ascontiguousarray(array))
        self.size += array.nbytes
        return {**kind, "at": [at, array.nbytes]}


def write_checkpoint(path: str | os.PathLike[str], content: Callable[[Pack], dict[str, Any]]) -> None:
    """Write what is under way, atomically.

    Args:
        path: the file, which is replaced as a whole.
        content: gives it as plain data, with its arrays packed by what it is handed.

    Raises:
        DataError: the file cannot be written; what was there before is untouched.
    """
    behind = Behind()
    head = json.dumps({**content(behind), BEHIND: None}, allow_nan=False)
    head = head.removesuffix("null}") + f"{behind.size}}}\n"
    write_atomically(path, _sealed([head.encode("ascii"), *(array.data for array in behind.arrays)]))


def _sealed(parts: list[Any]) -> Iterator[Any]:
    """The parts and their digest, which another thread works out while they are written."""
    digest = hashlib.sha256()

    def work() -> None:
        for part in parts:
            digest.update(part)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    yield from parts
    worker.join()
    yield f"\n{digest.hexdigest()}\n".encode("ascii")


def is_checkpoint(content: bytes) -> bool:
    """Whether a file is one of these, or was one before it was damaged, by how its first line ends."""
    line = content.find(b"\n")
    return 0 < line < len(content) - 1 and content[line - 1 : line] == b"}" and content[:1] == b"{"


def checkpoint_parts(content: bytes, path: str | os.PathLike[str]) -> tuple[str, memoryview]:
    """The text of the head, and the bytes of the arrays.

    Raises:
        DataError: it is not as it was written.
    """
    whole = memoryview(content)
    if content[-SEAL:] != f"\n{hashlib.sha256(whole[:-SEAL]).hexdigest()}\n".encode("ascii"):
        raise DataError(
            message(
                "{path} is damaged: its digest is not that of what it holds, so nothing of it is read.",
                path=path,
            )
        )
    line = content.index(b"\n") + 1
    return content[:line].decode("ascii"), whole[line:-SEAL]


def with_arrays(data: dict[str, Any], arrays: memoryview) -> dict[str, Any]:
    """The plain data of a head with the bytes of each array in it.

    Raises:
        DataError: an array is said to stand where none is.
    """
    if data.get(BEHIND) != len(arrays):
        raise DataError(message("the state in it is not whole."))

    def found(value: Any) -> Any:
        if isinstance(value, list):
            return [found(entry) for entry in value] if value and not isinstance(value[0], float) else value
        if not isinstance(value, dict):
            return value
        if not isinstance(value.get("dtype"), str) or "at" not in value:
            return {name: found(entry) for name, entry in value.items()}
        try:
            begin, size = map(int, value["at"])
        except (TypeError, ValueError) as error:
            raise DataError(message("the state in it is not whole.")) from error
        if not 0 <= begin <= begin + size <= len(arrays):
            raise DataError(message("the state in it is not whole."))
        return {**value, "bytes": arrays[begin : begin + size]}

    return {name: found(value) for name, value in data.items() if name != BEHIND}
