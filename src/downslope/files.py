"""Files are written beside and renamed: whoever looks sees the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from downslope.errors import DataError
from downslope.messages import message


def write_atomically(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` to a new file in the same folder, flush it to disk, and rename it to ``path``.

    Raises:
        DataError: the folder does not exist, is not writable, or is full; the old file is untouched.
    """
    target = Path(path)
    temporary: str | None = None
    try:
        if target.exists() and not target.is_file():  # a pipe or a device is written to, never replaced
            target.write_bytes(content)
            return target
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(message("{file} cannot be written: {reason}.", file=target, reason=reason)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return target


def read_text(path: str | os.PathLike[str]) -> str:
    """The whole of a UTF-8 file.

    Raises:
        DataError: it does not exist, is a folder, or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise DataError(message("{file} cannot be read: {reason}.", file=path, reason=reason)) from error
    except UnicodeDecodeError as error:
        raise DataError(
            message("{file} is not UTF-8 text (byte {position}).", file=path, position=error.start)
        ) from error
