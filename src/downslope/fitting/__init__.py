"""Fits: a table, a hypothesis and a loss become an ``Objective``, and the same engines descend it.

In flow a table (``tables``, ``files`` -> ``frame``), a hypothesis (``hypothesis``) and a loss (``losses``); they become
a ``Task`` with its cost (``rows``, ``objective``), are descended as planned (``plan``: ``quadratic`` from ``moments``
or QR, ``rounds``, ``proximal``, ``batches``), and out flows a ``Fit`` (``result``, ``model``). Passes over the rows are
compiled in ``kernels``, ``moments`` and ``spreads``, and made to measure in ``linear_kernel`` and ``row_kernel``. A
table that is larger than memory stays in its files: ``pages`` -> ``scan`` -> ``streamed``.

May import ``explain``, ``descent`` and what is below them; nothing above.

The module itself can be called: ``downslope.fit(...)`` is ``downslope.fitting.fit(...)``.
"""

import sys
from types import ModuleType
from typing import Any

from downslope.fitting.request import fit
from downslope.fitting.losses import LOSSES, Loss, as_loss
from downslope.fitting.model import Model
from downslope.fitting.result import Fit
from downslope.fitting.saving import load

__all__ = ["LOSSES", "Fit", "Loss", "Model", "as_loss", "fit", "load"]


class _Callable(ModuleType):
    """A module that is called like the function of its name, so that ``ds.fit`` is both."""

    def __call__(self, *positional: Any, **named: Any) -> Fit:
        return fit(*positional, **named)


sys.modules[__name__].__class__ = _Callable
