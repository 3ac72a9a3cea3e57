"""Everything that downslope raises on purpose, drawn as a tree.

::

    DownslopeError                 anything below; catch this one to catch them all
    ├── ExpressionError            a formula that cannot be read, with the place and a caret
    ├── UsageError                 a wrong name, number or combination of arguments
    │   ├── StartError             a start that is missing, unknown, doubled or not finite
    │   ├── HyperparameterError    a learning rate (or the like) outside its range, or misspelt
    │   └── UnknownNameError       no optimizer, problem, ... of that name
    ├── ObjectiveError             the function given cannot be descended (returns None, wrong shape, ...)
    ├── DataError                  a file or table that cannot be read or written
    ├── MissingExtraError          an optional library is needed; says how to install it
    │   └── MissingEngineError     the engine that is to work on a table is not installed
    └── DownslopeWarning           what is only warned of

An error teaches: what arrived, what is allowed, what to try. What it says is a ``Message``: ``str(error)`` renders it
for the reader of that moment; ``error.message`` is the data, and crosses to other processes with the error.
"""

from __future__ import annotations

import difflib
import linecache
import os
import traceback
from collections.abc import Iterable

from downslope.messages import NOTHING, Message, as_message, listing, message


class DownslopeError(Exception):
    """The root of every error that downslope raises on purpose."""

    exit_code = 2

    def __init__(self, message: Message | str, *more: object) -> None:
        super().__init__(as_message(message), *more)

    @property
    def message(self) -> Message:
        """What happened, as data."""
        said: Message = self.args[0]
        return said

    def __str__(self) -> str:
        return str(self.message)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of its traceback: the reader's line, and what is said of it.

        Of an error that a function of the reader's raised, the line there and what it says come first.
        """
        shown = [*_lines_of(self.__cause__), ""] if self.__cause__ is not None else []
        return [*shown, *_lines_of(self)]


class DownslopeWarning(DownslopeError, UserWarning):  # noqa: N818 - a warning, as Python names them
    """The root of every warning that downslope gives: ``warnings.warn(SomeWarning(message(...)))``."""


class UsageError(DownslopeError, ValueError):
    """A wrong name, number or combination of arguments."""


class StartError(UsageError):
    """A start that is missing, unknown, doubled or not finite."""


class HyperparameterError(UsageError):
    """A hyperparameter outside its range, or one that does not exist."""


class UnknownNameError(UsageError, LookupError):
    """No optimizer, problem or option of that name; the nearest ones are suggested."""


class ObjectiveError(DownslopeError, ValueError):
    """The function given cannot be descended: it returns None, a vector, a complex number, ..."""


class DataError(DownslopeError, OSError):
    """A file or table that cannot be read or written."""

    exit_code = 3


class MissingExtraError(DownslopeError, ImportError):
    """An optional library is needed; the message says how to install it."""


class MissingEngineError(MissingExtraError):
    """The engine that is to work on the partitions of a table is not installed; the message says how to do that."""

    exit_code = 3


class ExpressionError(DownslopeError, ValueError):
    """A formula that cannot be read.

    Attributes:
        message: what was found and what was expected, one sentence.
        source: the whole text.
        position: index into ``source`` of the first character that is wrong.
        hint: what to try, or nothing.
    """

    def __init__(
        self, message: Message | str, source: str, position: int, hint: Message | str = NOTHING
    ) -> None:
        super().__init__(message, source, position, as_message(hint))
        self.source, self.position, self.hint = source, position, as_message(hint)

    def __str__(self) -> str:
        lines = [str(self.message), *_window(self.source, self.position)]
        if self.hint:
            lines.append(str(self.hint))
        return "\n".join(lines)


OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _lines_of(error: BaseException) -> list[str]:
    """The line at which an error left the reader's code, and its text.

    It is the line that called us; of an error from below us, the one that raised it.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    ours = [frame.f_code.co_filename.startswith(OURS) for frame, _ in frames]
    if isinstance(error, DownslopeError):
        frames = frames[: ours.index(True)] if True in ours else frames
    else:
        frames = [one for one, is_ours in zip(frames, ours, strict=True) if not is_ours]
    lines = []
    if frames:
        frame, number = frames[-1]
        text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
        if text:
            lines.append(f"----> {number} {text}")
    return [*lines, f"{type(error).__name__}: {error}"]


def _window(source: str, position: int, width: int = 72) -> tuple[str, str]:
    """The line of ``source`` around ``position``, cut to ``width``, and a caret below the place."""
    begin = source.rfind("\n", 0, position) + 1
    end = source.find("\n", begin)
    line = source[begin : end if end >= 0 else len(source)]
    column = position - begin
    left = max(0, min(column - width // 2, len(line) - width))
    shown = line[left : left + width]
    before, after = "..." * (left > 0), "..." * (left + width < len(line))
    printable = "".join(c if c.isprintable() else "?" for c in shown)
    return f"  {before}{printable}{after}", " " * (2 + len(before) + column - left) + "^"


# What other tools call our options.
OTHER_WORDS = {
    "lr": "learning_rate",
    "eta": "learning_rate",
    "step_size": "learning_rate",
    "x0": "start",
    "init": "start",
    "method": "optimizer",
    "jac": "gradient",
    "grad": "gradient",
    "tol": "tolerance",
    "eps": "tolerance",
    "gtol": "tolerance",
    "maxiter": "steps",
    "max_iter": "steps",
    "iterations": "steps",
    "output": "save",
}


def _plain(word: str) -> str:
    return word.strip("-").replace("-", "_").lower()


def nearest(name: str, known: Iterable[str]) -> Message:
    """The question "Did you mean ...?" with the known names nearest to ``name``, or nothing.

    >>> from downslope.errors import nearest
    >>> print(nearest("adm", ["adam", "momentum"]))
    Did you mean 'adam'?
    """
    candidates = list(known)
    meant = OTHER_WORDS.get(_plain(name))
    if meant is not None and meant in map(_plain, candidates):
        return did_you_mean(next(c for c in candidates if _plain(c) == meant))
    folded = {c.lower(): c for c in candidates}
    matches = [folded[m] for m in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)]
    return did_you_mean(*matches) if matches else NOTHING


def did_you_mean(*names: str) -> Message:
    """The question whether one of these was meant."""
    return message("Did you mean {names}?", names=listing(map(repr, names), "or"))
