"""Hangul in pictures: drawn, and not at the cost of a font that a person has set."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

import downslope as ds
from downslope.messages.languages import reading
from downslope.plots import fonts

TABLE = {"면적": [10, 20, 30, 41, 52.0], "값": [3, 5.5, 7, 9.2, 12.0]}
PICTURES: dict[str, Any] = {
    "a map": lambda: ds.minimize(
        "기울기^2 + η^2/20", {"기울기": 3, "η": 1}, learning_rate=0.1, steps=5
    ).plot(),
    "a classic problem": lambda: ds.minimize("rosenbrock", learning_rate=0.001, steps=5).plot(),
    "a curve": lambda: ds.minimize("비용^2 - 3", {"비용": 2}, learning_rate=0.1, steps=5).plot(),
    "progress": lambda: ds.minimize("각도^2", {"각도": 2}, learning_rate=0.1, steps=5).plot(kind="progress"),
    "explained": lambda: ds.minimize("가^2 + 4*나^2", {"가": 2, "나": 1}, learning_rate=0.2, steps=9).plot(
        kind="explained"
    ),
    "a fit": lambda: ds.fit(TABLE, "값 ~ a*면적 + b").plot(),
    "many starts": lambda: ds.sweep(
        "가^4 - 2*가^2 + 나^2",
        {"가": ds.grid(-2, 2, 9), "나": ds.grid(-1, 1, 5)},
        learning_rate=0.05,
        steps=80,
    ).plot(),
    "many rates": lambda: ds.sweep(
        "가^2", {"가": ds.grid(-2, 2, 9)}, learning_rate=ds.logspace(0.01, 2, 9), steps=80
    ).plot(),
    "sensitivity": lambda: ds.sweep(
        "가^2", {"가": 2}, learning_rate=ds.logspace(0.01, 2, 9), steps=80
    ).plot(),
    "a rate found": lambda: ds.find_learning_rate("가^2 + 5*나^2", {"가": 2, "나": 1}).plot(),
    "a race": lambda: ds.race("가^2 + 나^4", ["adam", "lbfgs"], {"가": 2, "나": 1}, seed=1).plot(),
    "together": lambda: ds.plot(
        [ds.minimize("가^2 + 나^2", {"가": 2, "나": 1}, learning_rate=r, steps=9) for r in (0.1, 0.4)]
    ),
    "classes": lambda: ds.fit(
        {"x": [0, 1, 2, 3, 1.5, 2.2], "동네": ["서울", "서울", "부산", "부산", "부산", "서울"]},
        target="동네",
        features="x",
        loss="softmax",
    ).plot(),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_character_is_a_box(name: str, language: str, caplog: pytest.LogCaptureFixture) -> None:
    with reading(language), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = PICTURES[name]()
        figure.savefig(io.BytesIO())
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert not any("□" in text for text in texts)
    has_hangul = any("가" <= character <= "힣" for text in texts for character in text)
    nameless = name in ("a race", "a classic problem") and language == "en"  # nothing in them is Korean
    assert has_hangul or nameless
    assert [record.getMessage() for record in caplog.records] == []  # what sets formulas says it there


def test_all_syllables_and_the_signs_of_mathematics_are_known() -> None:
    known = fonts.characters()
    wanted = [*range(0xAC00, 0xD7A4), *map(ord, "−ηβμλκ∇≤≥√×·²₁ㄱㅏ")]
    assert [chr(c) for c in wanted if c not in known] == []


def test_a_font_that_was_set_comes_first_and_settings_stay() -> None:
    with matplotlib.rc_context({"font.family": ["DejaVu Serif"]}):
        figure = PICTURES["a map"]()
        assert matplotlib.rcParams["font.family"] == ["DejaVu Serif"]
    families = {tuple(text.get_fontfamily()) for text in figure.findobj(Text) if text.get_text()}
    assert families == {("DejaVu Serif", fonts.FAMILY)}
    before = matplotlib.rcParams["font.family"].copy()
    PICTURES["a map"]()
    assert matplotlib.rcParams["font.family"] == before


def test_latin_letters_look_as_they_did() -> None:
    figure = ds.minimize("x^2 + y^2", {"x": 3, "y": 1}, learning_rate=0.1, steps=5).plot()
    drawn, alone = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="rgba")
    for text in figure.findobj(Text):
        text.set_fontfamily(["DejaVu Sans"])
    figure.savefig(alone, format="rgba")
    assert np.array_equal(*(np.frombuffer(out.getvalue(), np.uint8) for out in (drawn, alone)))


def test_the_licence_is_beside_the_font() -> None:
    folder = Path(fonts.__file__).parent
    assert (folder / "NotoSansKR-Regular.ttf").stat().st_size < 3_000_000
    assert "SIL Open Font License" in (folder / "OFL.txt").read_text("utf-8")
