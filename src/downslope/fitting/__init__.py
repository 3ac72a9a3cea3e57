"""Fits: a table, a hypothesis and a loss become an ``Objective``, and the same engines descend it.

In flow a table (``tables``, ``files`` -> ``frame``), a hypothesis (``hypothesis``) and a loss (``losses``); they become
a ``FitProblem`` (``problem``) with its cost (``rows``, ``objective``), are descended by one of the ``strategies``
(``quadratic`` from ``moments`` or QR, ``gauss_newton``, ``proximal``), in ``batches`` or with a ``custom_gradient``,
and out flows a ``FitResult`` (``finalize``, ``result``, ``model``). Passes over the rows are compiled in ``kernels``,
``moments`` and ``spreads``, and made to measure in ``linear_kernel`` and ``row_kernel``. A table that is larger than
memory stays in its files: ``pages`` -> ``streaming_pass`` -> ``streamed``.

May import ``explain``, ``descent`` and what is below them; nothing above. ``api.table_fitting`` has ``fit`` itself.
"""

from downslope.fitting.losses import LOSSES, Loss, as_loss
from downslope.fitting.model import Model
from downslope.fitting.result import FitResult

__all__ = ["LOSSES", "FitResult", "Loss", "Model", "as_loss"]
