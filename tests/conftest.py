"""What all tests share: how many examples hypothesis draws where a test does not say."""

from __future__ import annotations

import contextlib
import signal

from hypothesis import settings

from trials import SOAKING, trials

# pytest looks for examples in this file under a name that other folders' files have; and looking for them in the loops
# of learners would run those, one of which turns TensorFlow's eager execution off.
collect_ignore = ["conftest.py", "data"]

# A shell that runs the tests in the background has programs ignore Ctrl-C, and so would those that tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)

if SOAKING:
    settings.register_profile("soak", deadline=None, max_examples=trials(100))
    settings.load_profile("soak")
