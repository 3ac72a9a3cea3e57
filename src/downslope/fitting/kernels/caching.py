"""Functions that Numba compiles and keeps on disk, and compiles anew when any file of their folder has changed.

Numba looks at the file that a function stands in, not at those of the functions it calls, whose code it takes in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

_WRITTEN: list[str] = []  # code that is made when the kernels are imported

FREE = {"reassoc", "contract", "nsz"}  # sums may be reordered; NaN and infinity keep their meaning


@cache
def edition(folder: Path) -> str:
    """A digest of all the source files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def made_of(source: str) -> None:
    """Say that the kernels hold code of this text, which is in no file: they are compiled anew when it changes."""
    _WRITTEN.append(hashlib.sha256(source.encode()).hexdigest())


class _Cache(FunctionCache):  # type: ignore[misc]
    def _index_key(self, *about: Any) -> Any:
        folder = Path(self._py_func.__code__.co_filename).parent
        return (*super()._index_key(*about), edition(folder), *_WRITTEN)


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: machine code that holds no lock and divides by zero as the processor does."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(nogil=True, error_model="numpy", cache=True, **options)(function)
        dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate
