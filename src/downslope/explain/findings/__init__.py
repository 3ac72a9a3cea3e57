"""Causes of trouble, one file for each family, each looking at a ``Case`` and saying what it finds.

In flows the case of a run; out flow findings with a stable code, evidence in numbers, and advice that was run.
``causes`` is the order in which they look: a later one is silent where an earlier one has explained as much.
"""

from downslope.explain.findings.finding import Finding
from downslope.explain.findings.order import causes, sound
from downslope.explain.findings.unexplained import unexplained
from downslope.explain.sentences import CODES

__all__ = ["CODES", "Finding", "causes", "sound", "unexplained"]
