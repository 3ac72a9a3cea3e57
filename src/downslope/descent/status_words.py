"""How a run ended, in a word or two for a heading or a comment; the sentence is in ``termination``."""

from __future__ import annotations

from downslope.descent.stopping import Status
from downslope.messages import Message, message

_WORDS = {
    Status.CONVERGED: message("converged", context="ending"),
    Status.STEP_LIMIT: message("step limit", context="ending"),
    Status.EVALUATION_LIMIT: message("evaluation limit", context="ending"),
    Status.TIME_LIMIT: message("time limit", context="ending"),
    Status.TARGET_REACHED: message("target reached", context="ending"),
    Status.DIVERGED: message("diverged", context="ending"),
    Status.UNBOUNDED: message("unbounded", context="ending"),
    Status.LEFT_DOMAIN: message("left domain", context="ending"),
    Status.STALLED: message("stalled", context="ending"),
    Status.INTERRUPTED: message("interrupted", context="ending"),
    Status.STOPPED_BY_CALLBACK: message("stopped by callback", context="ending"),
    Status.ERROR: message("error", context="ending"),
}


def in_words(status: str) -> Message:
    """The status as a person says it.

    >>> print(in_words("step_limit"))
    step limit
    """
    return _WORDS[Status(status)]
