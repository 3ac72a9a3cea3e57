"""Explanations here may take their time: what they find must not depend on how busy the machine is."""

import pytest

from downslope.explain import diagnosis


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds where fifty milliseconds are the rule; not for the tests of cost."""
    if "costs" not in request.node.name:
        monkeypatch.setattr(diagnosis, "LEAST_SECONDS", 10.0)
