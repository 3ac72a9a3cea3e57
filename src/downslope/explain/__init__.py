"""Why a run ended as it did, in numbers that were tried; and before a run, what to expect of it.

In flows a ``Descent``, or a function and a start; out flow an ``Explanation`` (the point reached, causes with evidence
and advice that was run, a forecast), a ``Forecast``, a ``GradientCheck``. ``explanation`` is the way in; ``diagnosis``
holds the facts of a run; each file of ``findings`` looks for one family of causes; ``sentences`` has
every word that is said.
May import ``descent`` and what is below it; nothing above.
"""

from downslope.explain.classifying import classify
from downslope.explain.explanation import Explanation, explain
from downslope.explain.findings import CODES, Finding
from downslope.explain.gradient import GradientCheck, check_gradient
from downslope.explain.judgement import judge_run
from downslope.explain.point import Point
from downslope.explain.theory import Forecast, forecast

__all__ = [
    "CODES",
    "Explanation",
    "Finding",
    "Forecast",
    "GradientCheck",
    "Point",
    "check_gradient",
    "classify",
    "explain",
    "forecast",
    "judge_run",
]
