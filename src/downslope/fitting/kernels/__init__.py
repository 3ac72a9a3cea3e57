"""The passes over the rows, in machine code. Each holds no lock and reads the table once.

``linear`` for hypotheses that are linear in their parameters (``softmax`` for one such per class), ``formula`` for any
other (``squares`` and ``marquardt`` for the steps of least squares), ``epochs`` for mini-batches (``shuffling``,
``rule``); ``terms`` has the losses' formulas, ``column_checks`` looks at every number. They import each other, the
numbers of the ``losses`` and the text of the rule that ``marquardt`` compiles, nothing else.
"""

from downslope.fitting.kernels.column_checks import all_usable
from downslope.fitting.kernels.epochs import formula_epoch, kernel_epoch, linear_epoch, softmax_epoch
from downslope.fitting.kernels.formula import formula_pass, formula_rows
from downslope.fitting.kernels.linear import linear_pass, linear_predictions, squared_pass
from downslope.fitting.kernels.marquardt import marquardt_step
from downslope.fitting.kernels.shuffling import shuffled
from downslope.fitting.kernels.softmax import softmax_pass
from downslope.fitting.kernels.squares import formula_triangle
from downslope.fitting.kernels.terms import bounds, curvatures, terms

__all__ = [
    "all_usable",
    "bounds",
    "curvatures",
    "formula_epoch",
    "formula_pass",
    "formula_rows",
    "formula_triangle",
    "kernel_epoch",
    "linear_epoch",
    "linear_pass",
    "linear_predictions",
    "marquardt_step",
    "shuffled",
    "softmax_epoch",
    "softmax_pass",
    "squared_pass",
    "terms",
]
