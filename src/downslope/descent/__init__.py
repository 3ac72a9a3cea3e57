"""The three engines, when they stop, what they remember, and the ``Descent`` that comes out.

In flow an ``Objective``, a start, an ``Optimizer``, a ``Stopping``; out flows a ``Descent``. Ascent is descent on the
negated objective, and it is negated here and nowhere else. May import ``optimizers``, ``objectives`` and
what is below them; nothing above.
"""

from downslope.descent.descend import LoopOptions, descend
from downslope.descent.history import History
from downslope.descent.progress import Progress
from downslope.descent.result import Descent
from downslope.descent.stopping import Status, Stopping

__all__ = ["Descent", "History", "LoopOptions", "Progress", "Status", "Stopping", "descend"]
