"""The page as a Korean reader has it: no English sentence, no character in a box, at three widths."""

from __future__ import annotations

import re

import pytest

import downslope as ds
from downslope.messages.languages import reading
from korean_text import english_in

# Everything that a page says: its text, also what is folded away, and what is read out or shown on touch.
SAID = """
const words = [document.body.textContent];
for (const node of document.querySelectorAll("*")) {
  if (node.closest("script, style")) continue;
  for (const name of ["title", "aria-label", "placeholder", "alt"]) words.push(node.getAttribute(name) || "");
}
for (const node of document.querySelectorAll("script, style, pre, code")) {
  words[0] = words[0].replace(node.textContent, "");
}
return words;
"""
# Two characters that look alike are boxes: the bitmap of every one, in the page's own font.
BITMAPS = """
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 48;
const pen = canvas.getContext("2d", { willReadFrequently: true });
pen.font = "32px " + getComputedStyle(document.body).fontFamily;
const seen = new Map();
for (const letter of given) {
  pen.clearRect(0, 0, 48, 48);
  pen.fillText(letter, 4, 36);
  const bits = pen.getImageData(0, 0, 48, 48).data.filter((_, i) => i % 4 === 3).join();
  if (!seen.has(bits)) seen.set(bits, "");
  seen.set(bits, seen.get(bits) + letter);
}
return [...seen.values()].filter((letters) => letters.length > 1);
"""
RUNS = {
    "two variables": lambda: ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30),
    "one variable": lambda: ds.minimize("x^4 - 2*x^2 + x/3", {"x": 1.7}, learning_rate=0.05, steps=30),
    "diverging": lambda: ds.minimize("x^2 + 3*y^2", {"x": 1, "y": 1}, learning_rate=0.4, steps=60),
}


@pytest.mark.parametrize("width", [320, 800, 1600])
@pytest.mark.parametrize("name", RUNS)
def test_every_word_is_korean_and_drawn(visit, name, width):
    with reading("ko"):
        text = RUNS[name]().to_html()
    page = visit(text, viewport={"width": width, "height": 900})
    said = page.evaluate(f"() => {{ {SAID} }}")
    assert english_in("\n".join(re.sub(r"[ \t]+", " ", part) for part in said)) == []
    letters = sorted({c for part in said for c in part if "가" <= c <= "힣"})
    assert len(letters) > 100
    assert page.evaluate(f"(given) => {{ {BITMAPS} }}", letters) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
