"""The two streams: data on standard output, notes and errors on standard error."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

import click

from downslope.errors import DataError
from downslope.messages import Message, message, visible
from downslope.results.text_columns import cells, wrap

if TYPE_CHECKING:
    from downslope import History

PLAIN_WIDTH = 80
NOTE, WARNING = message("note", context="label"), message("warning", context="label")
_ARGUMENTS = (  # that a message of the library may begin with
    "steps|tolerance|relative_tolerance|value_tolerance|x_tolerance|target|evaluations|time_limit|every|seed|l1|l2"
    "|batch_size|epochs"
)


class _Closed(io.TextIOWrapper):
    """A standard output that was closed before we began (``>&-``): what is written to it is lost, which is an error."""

    def write(self, text: str) -> int:
        """Raises OSError: the output is closed, where there is something to write."""
        if text:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return 0


ENOUGH_MEMORY = 3 << 30  # bytes of addresses; below, libraries were seen to hang or to abort
LEAST_MEMORY = 640 << 20  # below, they were seen to do so though they were asked to take little
SPARING = {  # what libraries read on being loaded: each thread and each pool of memory takes addresses
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def prepare() -> None:
    """Let the streams survive characters that their encoding does not have, and standard error being closed."""
    sys.stdout = sys.stdout or _Closed(open(os.devnull, "wb"))  # noqa: SIM115 - for as long as the process lives
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and isinstance(stdout.buffer, io.RawIOBase):
        # With PYTHONUNBUFFERED=1, where a full disk takes a part of the data and no error is raised.
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(stdout.detach()), encoding=stdout.encoding)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def memory_limit() -> int | None:
    """Bytes that ``ulimit -v`` leaves to this process, where libraries may come to want more; else None."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return most if most != resource.RLIM_INFINITY and most < ENOUGH_MEMORY else None


def look_at_memory() -> None:
    """Have libraries ask for less memory where it is limited, and say so before one of them hangs or aborts.

    Raises:
        DataError: it is so little that they were seen to do that, where nothing can be said any more.
    """
    most = memory_limit()
    if most is None:
        return
    if most < LEAST_MEMORY:
        raise DataError(
            message(
                "The memory of this process is limited to {megabytes:,} MB (ulimit -v): the libraries that compile and"
                " read tables need {least:,} MB of addresses, and would hang or abort.",
                megabytes=most >> 20,
                least=LEAST_MEMORY >> 20,
            )
        )
    for name, value in SPARING.items():
        os.environ.setdefault(name, value)
    note(
        message(
            "The memory of this process is limited to {megabytes:,} MB (ulimit -v): the libraries that compile and"
            " read tables may need more, and may hang or abort where they get none.",
            megabytes=most >> 20,
        )
    )


def is_for_want_of_memory(error: Exception) -> bool:
    """Whether there was no memory for something, also where a library only says that it could not be loaded."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    unloaded = isinstance(error, ImportError) or (isinstance(error, OSError) and error.errno is None)
    return unloaded and memory_limit() is not None


def emit(text: str) -> None:
    """Write data to standard output; a reader who has gone away (``| head``) is not an error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def emit_csv(history: History) -> None:
    """A history as it is for a file or pipe, and without controls of the terminal for a terminal."""
    text = history.to_csv()
    emit("\n".join(map(visible, text.split("\n"))) if sys.stdout.isatty() else text)


def silence_stdout() -> None:
    """Send what is still written to standard output nowhere, also at interpreter exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def width(stream: TextIO) -> int:
    """Columns to fill: the terminal's, or 80 where there is none."""
    return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if stream.isatty() else PLAIN_WIDTH


def coloured(stream: TextIO) -> bool:
    """Whether colour is wanted: on a terminal that has it, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, stream: TextIO, **style: bool | str) -> str:
    """``text`` in that style where ``stream`` shows it, else as it is."""
    return click.style(text, **style) if coloured(stream) else text  # type: ignore[arg-type]


def note(text: Message | str, label: Message = NOTE) -> None:
    """One remark on standard error."""
    _say(str(label), str(text), fg="cyan")


def error(text: Message | str) -> None:
    """One error on standard error. Lines that begin with two spaces (a formula and its caret) are kept as they are."""
    _say(str(message("error", context="label")), str(text), fg="red", bold=True)


def as_typed(text: str) -> str:
    """A message of the library with its arguments as they are typed here, where its text still gives both ways.

    Messages that name their arguments by ``argument(...)`` need none of this.

    >>> as_typed("leave such rows out with drop_missing=True (--drop-missing).")
    'leave such rows out with --drop-missing.'
    >>> as_typed("Add a penalty (l2=0.01, --l2 0.01), or such as start='a=1,b=1' (--start a=1,b=1).")
    'Add a penalty (--l2 0.01), or such as --start a=1,b=1.'
    >>> as_typed("batch_size is 0; it must be a whole number, at least 1.")
    '--batch-size is 0; it must be a whole number, at least 1.'
    """
    text = re.sub(r"\b\w+=(?:'[^']*'|[^\s()',]+) \((--[^()]+)\)", r"\1", text)
    text = re.sub(r"\(\w+=[^\s()']*, (--[^()]+)\)", r"(\1)", text)
    return re.sub(
        rf"^({_ARGUMENTS}) is (?=[^;]+; it must)", lambda m: f"--{m[1].replace('_', '-')} is ", text
    )


def _say(label: str, text: str, **style: bool | str) -> None:
    stream = sys.stderr
    first, *rest = f"{label}: {as_typed(text)}".split("\n")
    lines = [line for part in (first, *rest) for line in _wrapped(part, width(stream))]
    lines[0] = styled(f"{label}:", stream, **style) + lines[0].removeprefix(f"{label}:")
    stream.write("\n".join(lines) + "\n")
    stream.flush()


def _wrapped(line: str, columns: int) -> list[str]:
    if line.startswith("  ") or cells(line) <= columns:
        return [line]
    return wrap(line, columns, break_long_words=False)
