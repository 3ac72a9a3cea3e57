# mypy: disallow-untyped-decorators=False
"""A look at every number of a table."""

from __future__ import annotations

from typing import Any

from downslope.symbolic.kernel_cache import FREE, compiled


@compiled(fastmath=FREE)
def all_usable(X: Any, largest: Any, begin: Any, end: Any) -> Any:
    """Whether every number of these rows is at most ``largest`` in size, which no NaN is."""
    for i in range(begin, end):
        wrong = 0
        for j in range(X.shape[1]):
            wrong += 0 if abs(X[i, j]) <= largest else 1
        if wrong:
            return False
    return True
