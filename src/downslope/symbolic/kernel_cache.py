"""Functions that Numba compiles and keeps on disk, and compiles anew when any file of their folder has changed.

Numba looks at the file that a function stands in, not at those of the functions it calls, whose code it takes in. What
is kept can never stop the program: where nothing can be written it is compiled in memory, and what is damaged, foreign
or of another version is compiled anew and written over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

# What is compiled here is called by its address and is nothing without Numba, which looks at this again and again.
os.environ.pop("NUMBA_DISABLE_JIT", None)
from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

_WRITTEN: list[str] = []  # code that is made when the kernels are imported
_DIGEST = hashlib.sha256().digest_size

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


class _CheckedFile(IndexDataCacheFile):  # type: ignore[misc]
    """Files that begin with a digest of the rest, so that nothing damaged is ever unpickled, let alone run."""

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return hashlib.sha256(data).digest() + data

    def _load_index(self) -> dict[Any, str]:
        try:
            with open(self._index_path, "rb") as file:
                version, data = pickle.load(file), file.read()
            if version != self._version:
                return {}
            stamp, overloads = _checked(data)
        except Exception:  # whatever is wrong with it: another version's classes, half a file, no permission
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _load_data(self, name: str) -> Any:
        try:
            return _checked(Path(self._data_path(name)).read_bytes())
        except Exception:
            return None  # as if it had never been compiled


def _checked(data: bytes) -> Any:
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        raise ValueError(data[:_DIGEST])
    return pickle.loads(data[_DIGEST:])


class _Cache(FunctionCache):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        name = self._impl.filename_base
        self._cache_file = _CheckedFile(cache_path=self._cache_path, filename_base=name, source_stamp=stamp)

    def _index_key(self, *about: Any) -> Any:
        folder = Path(self._py_func.__code__.co_filename).parent
        return (*super()._index_key(*about), edition(folder), *_WRITTEN)

    def load_overload(self, *about: Any) -> Any:
        _put_off_blas()
        try:
            return super().load_overload(*about)
        except Exception:  # code of another version of Numba or LLVM, say
            return None

    def save_overload(self, *about: Any) -> None:
        try:
            super().save_overload(*about)
        except OSError:
            self.disable()  # a full disk, or a folder that has become read-only: it is compiled, that will do


class _WhenAsked:
    """Whether Numba has BLAS, found out where somebody needs to know."""

    def __init__(self, look: Callable[[], bool]) -> None:
        self._look = look

    def __bool__(self) -> bool:
        return self._look()


@cache
def _put_off_blas() -> None:
    """Keep Numba from importing SciPy's linear algebra, an eighth of the time to start, for what no kernel here uses.

    It looks for BLAS where it is imported, for ``np.convolve`` in other people's functions; those get it all the same.
    """
    with contextlib.suppress(Exception):  # another version of Numba has it elsewhere: then it looks at once
        from numba.np import linalg

        look = linalg.ensure_blas
        if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
            return
        linalg.ensure_blas = _refuse
        try:
            from numba.np import arraymath
        finally:
            linalg.ensure_blas = look
        arraymath.ensure_blas = look
        arraymath._HAVE_BLAS = _WhenAsked(arraymath._check_blas)


def _refuse() -> None:
    raise ImportError


def compiled(*, kept: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: machine code that holds no lock and divides by zero as the processor does.

    Args:
        kept: whether on disk; False for what is only a part of something that is kept, of other files than this.
        options: of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(nogil=True, error_model="numpy", **options)(function)
        if not kept:
            return dispatcher
        with contextlib.suppress(RuntimeError, OSError):  # nowhere to write: it is compiled in memory
            dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate
