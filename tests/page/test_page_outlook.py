"""What the page says is ahead, beside what comes."""

from __future__ import annotations

import re

import pytest

import downslope as ds


@pytest.mark.parametrize("rate", [0.95, 0.3])
@pytest.mark.parametrize("made", [1, 8, 40])
def test_the_steps_that_are_left_are_those_that_a_run_makes(visit, made, rate):
    start = {"x": -7, "y": 2}
    needed = ds.minimize("x^2/20 + y^2 + x*y/10", start, learning_rate=rate, tolerance=1e-6).nit
    page = visit(ds.minimize("x^2/20 + y^2 + x*y/10", start, learning_rate=rate, steps=made).to_html())
    (left,) = set(
        re.findall(r"([\d,]+) (?:more )?steps?[^.]*1e[−-]0?6", page.locator("[aria-live]").inner_text())
    )
    assert int(left.replace(",", "")) == needed - made
