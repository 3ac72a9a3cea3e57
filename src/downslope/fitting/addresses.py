"""Addresses of object stores (``s3://bucket/part-*.parquet``) -> files that can be opened, by PyArrow's filesystems.

An address stays a text until a file is opened, so other processes get it as it is and open the file by themselves.
What a store needs to be told beside the address, PyArrow takes from the environment (``AWS_ACCESS_KEY_ID``,
``AWS_REGION``, ``GOOGLE_APPLICATION_CREDENTIALS``, ``HADOOP_HOME`` and the like), and of S3 from the end of the
address (``?region=...&endpoint_override=host:port&scheme=http``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, BinaryIO, cast

from downslope.errors import DataError, UsageError
from downslope.messages import message

SCHEMES = ("s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss", "file")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_QUERY = re.compile(r"\?[^?/]*=[^?/]*\Z")  # a ? behind which nothing is set stands for any one sign
_GLOB = re.compile(r"[*?\[]")


def is_stored(path: str) -> bool:
    """Whether this is the address of a file in a store, or several files'."""
    found = _SCHEME.match(path)
    return found is not None and found[1].lower() in SCHEMES


def stored_matches(address: str) -> list[str]:
    """The addresses that a pattern names, sorted; one without a pattern names itself.

    Raises:
        DataError: the store does not answer, or does not allow it.
        UsageError: a password stands in the address.
    """
    plain, query = _parted(address)
    glob = _GLOB.search(plain)
    if glob is None:
        return [_as_path(address)]
    base = plain[: plain.rindex("/", 0, glob.start())]
    pattern = plain[len(base) + 1 :]
    with _answers(address):
        from pyarrow import fs

        store, root = filesystem_of(base + query)
        selector = fs.FileSelector(root, recursive="/" in pattern)
        files = [info.path for info in store.get_file_info(selector) if info.type == fs.FileType.File]
    root = root.strip("/")  # some filesystems begin paths with a /
    names = [path.lstrip("/")[len(root) :].lstrip("/") for path in files]
    return sorted(_as_path(f"{base}/{name}{query}") for name in names if _matches(name, pattern))


def stored_file(address: str) -> Any:
    """The file, opened for reading anywhere in it.

    Raises:
        DataError: it cannot be read.
    """
    with _answers(address):
        store, path = filesystem_of(address)
        return store.open_input_file(path)


def open_bytes(path: str) -> BinaryIO:
    """A file here or in a store, opened for reading.

    Raises:
        OSError: it cannot be.
    """
    return cast(BinaryIO, stored_file(path)) if is_stored(path) else open(path, "rb")


def open_arrow(path: str) -> Any:
    """The same as a file of PyArrow.

    Raises:
        OSError: it cannot be opened.
    """
    if is_stored(path):
        return stored_file(path)
    import pyarrow

    return pyarrow.OSFile(path, "rb")


def name_of(path: str) -> str:
    """A path, or an address without what is set behind it, whose ending says what the file is."""
    return _parted(path)[0] if is_stored(path) else path


def size_of(path: str) -> int:
    """How many bytes a file here or in a store has.

    Raises:
        OSError: it cannot be said.
    """
    if not is_stored(path):
        return os.path.getsize(path)
    with stored_file(path) as file:
        return int(file.size())


def filesystem_of(address: str) -> tuple[Any, str]:
    """(PyArrow's filesystem, the path in it)."""
    plain, query = _parted(address)
    scheme, _, rest = plain.partition("://")
    bucket, slash, path = rest.partition("/")
    if scheme.lower() in ("s3", "gs", "gcs"):
        return _store(f"{scheme}://{bucket}{query}"), bucket + slash + path
    from pyarrow import fs

    found: tuple[Any, str] = fs.FileSystem.from_uri(address)
    return found


@lru_cache(maxsize=16)
def _store(address: str) -> Any:
    """The filesystem of a bucket, whose connections are kept for its other files."""
    from pyarrow import fs

    return fs.FileSystem.from_uri(address)[0]


def _parted(address: str) -> tuple[str, str]:
    """(the address, what is set behind it).

    Raises:
        UsageError: a password stands in it.
    """
    query = _QUERY.search(address)
    plain = address if query is None else address[: query.start()]
    if "@" in plain.partition("://")[2].partition("/")[0] and plain[:2].lower() == "s3":
        raise UsageError(
            message(
                "an address must not hold a password, which would be kept with the fit: set {first} and {second} in"
                " the environment.",
                first="AWS_ACCESS_KEY_ID",
                second="AWS_SECRET_ACCESS_KEY",
            )
        )
    return plain, "" if query is None else query[0]


def _as_path(address: str) -> str:
    """A file of this machine by its path; any other by its address."""
    if not address.lower().startswith("file://"):
        return address
    with _answers(address):
        return filesystem_of(address)[1]


def _matches(name: str, pattern: str) -> bool:
    """As ``glob``: a * does not go beyond a /."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


@contextmanager
def _answers(address: str) -> Iterator[None]:
    """What goes wrong at a store, as a DataError in one sentence."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            message(
                "{address} cannot be read: {reason:.300}. See whether the address is right, its store answers, and you"
                " may read there.",
                address=address,
                reason=lines[0].rstrip("."),
            )
        ) from error


__all__ = [
    "SCHEMES",
    "filesystem_of",
    "is_stored",
    "name_of",
    "open_arrow",
    "open_bytes",
    "size_of",
    "stored_file",
    "stored_matches",
]
