"""One variable on the page: where the derivative is 0, and a secant whose h shrinks to the tangent."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import downslope as ds

FORMULA = "x^4/4 - x^2 + x/3"


def page_of(formula: str) -> str:
    return ds.minimize(formula, {"x": 2.2}, learning_rate=0.05, steps=20, explain=False).to_html()


def numbers(text: str) -> list[float]:
    return [
        float(found.replace("−", "-")) for found in re.findall(r"(?<![\w.])−?\d+(?:\.\d+)?(?:e−?\d+)?", text)
    ]


def told(page: Any) -> str:
    return str(page.locator(".secant output").inner_text())


def test_the_derivative_is_0_where_its_polynomial_is(visit):
    page = visit(page_of(FORMULA))
    for _ in range(4):
        page.get_by_role("button", name="Zoom out").click()
    page.wait_for_timeout(200)
    said = page.locator(".secant p").inner_text()
    zeros = np.sort(np.roots([1, 0, -2, 1 / 3]).real)
    np.testing.assert_allclose(numbers(said.split(" at x = ")[1]), zeros, rtol=1e-4)


@pytest.mark.parametrize(("formula", "said"), [("abs(x)", "nowhere 0"), ("abs(x) + x^2/8", "nowhere 0")])
def test_a_jump_is_no_zero(visit, formula, said):
    page = visit(page_of(formula))
    assert said in page.locator(".secant p").inner_text()


def test_the_secant_becomes_the_tangent(visit):
    page = visit(page_of(FORMULA))
    picture = "document.querySelector('canvas.map').toDataURL()"
    page.get_by_role("button", name="To the start").click()
    without = page.evaluate(picture)
    page.get_by_label("Secant, whose slope becomes the derivative").check()
    h, slope, derivative = numbers(told(page).replace("f′(x)", "").replace("(f(x + h) − f(x))/h", ""))
    f = np.polynomial.Polynomial([0, 1 / 3, -1, 0, 1 / 4])
    assert h == 1
    assert slope == pytest.approx(f(3.2) - f(2.2), rel=1e-7)
    assert derivative == pytest.approx(f.deriv()(2.2), rel=1e-7)
    assert page.evaluate(picture) != without
    page.get_by_role("button", name="Let h shrink").click()
    page.locator(".secant output", has_text="h = 1e−7").wait_for()
    _, slope, derivative = numbers(told(page).replace("f′(x)", "").replace("(f(x + h) − f(x))/h", ""))
    assert slope == pytest.approx(derivative, rel=1e-6)
    page.wait_for_timeout(400)
    again = visit(page_of(FORMULA), page.evaluate("location.hash"))
    assert "h = 1e−7" in told(again)


def test_two_variables_have_none(visit):
    page = visit(ds.minimize("x^2 + y^2", {"x": 1.0, "y": 1.0}, steps=3, explain=False).to_html())
    assert not page.locator(".secant").is_visible()
