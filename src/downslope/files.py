"""Files are written beside and renamed: whoever looks sees the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from downslope.errors import DataError
from downslope.messages import Message, literal, message

# What the system says most often, in its own words and the reader's language.
_REASONS = {
    errno.ENOENT: message("No such file or directory", context="system"),
    errno.ENOTDIR: message("Not a directory", context="system"),
    errno.EISDIR: message("Is a directory", context="system"),
    errno.EACCES: message("Permission denied", context="system"),
    errno.EPERM: message("Operation not permitted", context="system"),
    errno.EROFS: message("Read-only file system", context="system"),
    errno.EEXIST: message("File exists", context="system"),
    errno.ENOSPC: message("No space left on device", context="system"),
    errno.EFBIG: message("File too large", context="system"),
    errno.ENAMETOOLONG: message("File name too long", context="system"),
    errno.ELOOP: message("Too many levels of symbolic links", context="system"),
    errno.EMFILE: message("Too many open files", context="system"),
    errno.EBADF: message("Bad file descriptor", context="system"),
    errno.EIO: message("Input/output error", context="system"),
}


def system_reason(error: BaseException) -> Message:
    """Why the system refused, in the reader's language where it is one of the usual reasons.

    >>> print(system_reason(FileNotFoundError(2, "No such file or directory")))
    No such file or directory
    """
    if not isinstance(error, OSError):
        return literal(str(error))
    known = _REASONS.get(error.errno) if error.errno is not None else None
    return known or literal(error.strerror or str(error))


def write_atomically(path: str | os.PathLike[str], content: bytes | Iterable[bytes | memoryview]) -> Path:
    """Write ``content`` to a new file in the same folder, flush it to disk, and rename it to ``path``.

    It may come in parts, which are not put together first.

    Where ``path`` is a link, it stays one, and the file that it names is replaced. What a writer that was killed has
    left beside it is removed.

    Raises:
        DataError: the folder does not exist, is not writable, or is full; the old file is untouched.
    """
    target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    temporary: str | None = None
    parts = [content] if isinstance(content, bytes) else content
    try:
        if target.exists() and not target.is_file():  # a pipe or a device is written to, never replaced
            target.write_bytes(b"".join(parts))
            return target
        handle, temporary = tempfile.mkstemp(prefix=_own_prefix(target), suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
        _flush_folder(target.parent)
        _remove_left_over(target)
    except OSError as error:
        reason = system_reason(error)
        raise DataError(message("{file} cannot be written: {reason}.", file=target, reason=reason)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return target


def _own_prefix(target: Path) -> str:
    """How the names of this process's unfinished files for ``target`` begin: with the machine and the process."""
    return f".{target.name}.{zlib.crc32(platform.node().encode()):08x}-{os.getpid()}-"


def _flush_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system can: only then a new name outlives a loss of power."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file is whole already, and some file systems cannot do this
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_left_over(target: Path) -> None:
    """Remove unfinished files for ``target`` whose process on this machine is no more."""
    if os.name != "posix":  # elsewhere a process cannot be asked for without harm
        return
    beginning = _own_prefix(target).rsplit("-", 2)[0] + "-"
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            process = name.removeprefix(beginning).partition("-")[0]
            if name.startswith(beginning) and name.endswith(".part") and process.isdecimal():
                try:
                    os.kill(int(process), 0)
                except ProcessLookupError:
                    (target.parent / name).unlink(missing_ok=True)
                except (PermissionError, OverflowError):
                    continue  # another person's, which runs; or no process


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The whole of a file.

    Raises:
        DataError: it does not exist, or is a folder.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = system_reason(error)
        raise DataError(message("{file} cannot be read: {reason}.", file=path, reason=reason)) from error


def read_text(path: str | os.PathLike[str]) -> str:
    """The whole of a UTF-8 file.

    Raises:
        DataError: it does not exist, is a folder, or is not UTF-8.
    """
    return as_text(read_bytes(path), path)


def as_text(content: bytes, path: str | os.PathLike[str]) -> str:
    """What was read from a UTF-8 file.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            message("{file} is not UTF-8 text (byte {position}).", file=path, position=error.start)
        ) from error
