"""What all tests share: how many examples hypothesis draws where a test does not say."""

from __future__ import annotations

from hypothesis import settings

from trials import SOAKING, trials

if SOAKING:
    settings.register_profile("soak", deadline=None, max_examples=trials(100))
    settings.load_profile("soak")
