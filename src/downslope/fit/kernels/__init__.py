"""The passes over the rows, in machine code. Each holds no lock and reads the table once.

``linear`` for hypotheses that are linear in their parameters (``softmax`` for one such per class), ``formula`` for any
other, ``epochs`` for mini-batches (``order``, ``rule``); ``terms`` has the losses' formulas, ``looks`` checks every
number.
They import each other and the numbers of the ``losses``, nothing else.
"""

from downslope.fit.kernels.epochs import formula_epoch, kernel_epoch, linear_epoch, softmax_epoch
from downslope.fit.kernels.formula import formula_pass, formula_rows
from downslope.fit.kernels.linear import linear_pass, linear_predictions, squared_pass
from downslope.fit.kernels.looks import all_usable
from downslope.fit.kernels.order import shuffled
from downslope.fit.kernels.softmax import softmax_pass
from downslope.fit.kernels.terms import curvatures, terms

__all__ = [
    "all_usable",
    "curvatures",
    "formula_epoch",
    "formula_pass",
    "formula_rows",
    "kernel_epoch",
    "linear_epoch",
    "linear_pass",
    "linear_predictions",
    "shuffled",
    "softmax_epoch",
    "softmax_pass",
    "squared_pass",
    "terms",
]
