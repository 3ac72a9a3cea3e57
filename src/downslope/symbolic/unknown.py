"""What stands for numbers that are not known yet, and says so where it is asked for one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from downslope.messages import Message, as_message, message


class TraceError(TypeError):
    """A function asked of a symbol what only a number can answer."""

    @property
    def message(self) -> Message:
        """What it asked, as data."""
        return as_message(self.args[0])


def name_of(function: Any, method: str = "__call__") -> str:
    """As a person writes it: a function of NumPy's, or one that follows NumPy's protocols, and a method of it.

    >>> import numpy as np
    >>> name_of(np.fft.fft), name_of(np.add, "outer"), name_of(np.frompyfunc(len, 1, 1))
    ('np.fft.fft', 'np.add.outer', 'len (vectorized)')
    """
    name = str(function.__name__)
    if isinstance(function, np.ufunc):
        name = f"np.{name}" if getattr(np, name, None) is function else name
    else:
        module = str(getattr(function, "__module__", None) or "numpy")
        name = ".".join(["np", *module.split(".")[1:], name]) if module.split(".")[0] == "numpy" else name
    return name if method == "__call__" else f"{name}.{method}"


class Unknown(NDArrayOperatorsMixin):
    """Numbers that are not known yet: what only a number can answer is refused."""

    def _refuse(self, told: Message = message("a symbol was asked for its value")) -> Any:  # noqa: B008 - frozen
        raise TraceError(told)

    def __bool__(self) -> bool:
        return bool(self._refuse(message("a symbol was asked for a yes or no (a branch on its value)")))

    def __float__(self) -> float:
        return float(self._refuse())

    def __int__(self) -> int:
        return int(self._refuse())

    def __complex__(self) -> complex:
        return complex(self._refuse())

    def __index__(self) -> int:
        return int(self._refuse(message("a symbol was asked for an index")))

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise TraceError(message("a symbol was turned into a plain NumPy array"))
