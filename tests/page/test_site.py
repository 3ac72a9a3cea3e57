"""The site: built without a warning in both languages, complete in Korean, and asking for nothing elsewhere."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
KOREAN = DOCS / "locale" / "ko" / "LC_MESSAGES"
# The theme's words, and those of pages that are made from the code, are no page of their own.
OTHERS = {"sphinx", "made_pages"}
PAGES = sorted({str(path.relative_to(KOREAN).with_suffix("")) for path in KOREAN.rglob("*.po")} - OTHERS)
GLOSSARY = ROOT / "src" / "downslope" / "messages" / "catalogues" / "ko" / "glossary.toml"
TERMS = tomllib.loads(GLOSSARY.read_text(encoding="utf-8"))["term"]
# Words of every day too: where one stands for the term of the glossary, it is another's part or plain speech.
PLAIN = {
    "단계",
    "변수",
    "오차",
    "경로",
    "행",
    "열",
    "설명",
    "예측",
    "범위",
    "수렴",
    "발산",
    "진동",
    "정체",
    "연속",
}

# What the tutorials print, or what their formulas give where they began at random; and that a page speaks Korean.
FIGURES = {
    "one-number": ["W² = 2611.8500, then W = 50.084137", "W² =  231.2476, then W = 14.902692"],
    "zig-zag": [
        "step  2: x = -5.733175000000, y = 1.620000000000",
        "step 29: x = -0.387174580942, y = -0.094202573945",
        "경로가 지그재그로 나아갑니다",
    ],
    "a-line-through-zero": [
        "epoch  1: W = 1.400, cost = 0.746667",
        "epoch  5: W = 1.010, cost = 0.000489",
        "1.5",
    ],
    "until-it-is-flat": ["650 ", "-0.99999504676", "2.0000000000245"],
    "slope-and-intercept": [
        "epoch  100: RMSE = 2.886024, slope 2.229946, intercept 79.418055",
        "epoch 2000: RMSE = 2.880972, slope 2.299998, intercept 79.000009",
    ],
}


def built(language: str, folder: Path) -> None:
    settings = {"language": language, "nb_execution_cache_path": folder / "cache" / language}
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    how = "-m sphinx -q -W --keep-going -b html"
    done = subprocess.run(
        [sys.executable, *how.split(), *defined, DOCS, folder / language],
        env={**os.environ, "DOWNSLOPE_LANG": language, "MPLBACKEND": "Agg"},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_it_is_built_and_its_pages_ask_for_nothing(chromium: Any, tmp_path: Path) -> None:
    """In Korean, whose pages have the code and the links of the English ones; scripts/docs builds both."""
    built("ko", tmp_path)
    page, noticed = chromium.new_page(viewport={"width": 1200, "height": 900}), []
    page.on("request", lambda request: noticed.append(request.url))
    page.on("pageerror", lambda error: noticed.append(f"error {error}"))
    theme = (tmp_path / "ko" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r">(?:Next|Previous|On this page|Back to top)<|Toggle [A-Za-z ]+", theme) == []
    lessons = [name for name in PAGES if name.startswith("lessons/") and name != "lessons/index"]
    assert len(lessons) == 5
    site = tmp_path / "ko"
    own = [file for file in site.rglob("*.html") if not file.relative_to(site).as_posix().startswith("_")]
    one_of_each_folder = {file.parent: file for file in own}
    for file in (
        site / "index.html",
        *one_of_each_folder.values(),
        *(site / f"{name}.html" for name in lessons),
    ):
        page.goto(file.as_uri())
        page.wait_for_load_state("load")
    page.goto((tmp_path / "ko" / "lessons" / "zig-zag.html").as_uri())
    frame = page.locator("iframe.living")
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame
    inside.locator("[aria-live] p").first.wait_for()
    assert "학습률" in inside.locator("body").inner_text()
    solution = page.locator("details.solution")
    assert not solution.locator("p").first.is_visible()
    solution.locator("summary").click()
    assert "0.9523809523809523" in solution.inner_text()
    assert [url for url in noticed if not url.startswith(("file:", "data:", "blob:"))] == []
    for name, figures in FIGURES.items():
        text = (tmp_path / "ko" / "lessons" / f"{name}.html").read_text(encoding="utf-8")
        seen = html.unescape(re.sub(r"<[^>]*>", "", text))
        assert [figure for figure in figures if figure not in seen] == []
    page.close()


def test_pages_made_from_the_code_are_korean_too() -> None:
    sys.path.insert(0, str(DOCS))
    from spoken_pages import in_language, words_of

    findings = tomllib.loads((DOCS / "findings" / "findings.toml").read_text(encoding="utf-8"))
    words = words_of("ko")
    for entry in findings.values():
        for text in (entry["when"], entry["advice"]):
            korean = words[" ".join(text.split())]
            assert sorted(re.findall(r"`[^`]+`", text)) == sorted(re.findall(r"`[^`]+`", korean))
            assert all(sentence == "니다" for sentence in re.findall(r"[가-힣]다(?=[.?!])", korean))
    english = (DOCS / "optimizers" / "adam.md").read_text(encoding="utf-8")
    page = in_language(english, "ko")
    assert "## 하이퍼파라미터" in page
    assert "| `learning_rate` | 0.001 | > 0 | " in page
    assert "about the length of a step" not in page.partition("## 하이퍼파라미터")[2]
    assert re.findall(r"```.*?```", page, re.S) == re.findall(
        r"```.*?```", english, re.S
    )  # code as it stands
    assert in_language(english, "en") == english


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages say."""
    folder = tmp_path_factory.mktemp("gettext")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-b",
            "gettext",
            "-D",
            "nb_execution_mode=off",
            str(DOCS),
            str(folder),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return folder


def entries(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        for entry in read_po(file):
            if entry.id:
                assert not entry.fuzzy
                yield entry.id, entry.string


@pytest.mark.parametrize("name", PAGES)
def test_a_korean_page_says_all_that_the_english_one_says(name: str, extracted: Path) -> None:
    """scripts/docs --collect brings the keys up to date."""
    wanted = [key for key, _ in entries(extracted / f"{name}.pot")]
    korean = dict(entries(KOREAN / f"{name}.po"))
    assert list(korean) == wanted
    assert all(korean.values())
    for key, text in korean.items():
        assert sorted(re.findall(r"`[^`]+`|\]\([^)]+\)", key)) == sorted(
            re.findall(r"`[^`]+`|\]\([^)]+\)", text)
        )


@pytest.mark.parametrize("name", PAGES)
def test_a_term_has_its_english_beside_it_where_a_page_first_uses_it(name: str) -> None:
    said = " ".join(text for _, text in entries(KOREAN / f"{name}.po"))
    seen = re.sub(r"`[^`]*`", "", said)
    for term in TERMS:
        korean = re.sub(r"\s*\(.*|;.*|,.*| /.*", "", term["korean"])
        for pattern in term["forbidden"]:
            assert pattern.startswith("statistics") or not re.search(pattern, seen), (pattern, name)
        if len(korean) < 2 or korean in PLAIN:
            continue
        # within a longer term, or a compound, it is not the term itself
        others = [t["korean"] for t in TERMS if korean in t["korean"] and t["korean"] != term["korean"]]
        plain = re.sub("|".join(map(re.escape, others)) or "$^", "", seen)
        first = re.search(rf"(?<![가-힣]){korean}", plain)
        if first:
            assert plain[first.end() :].startswith("("), (korean, plain[first.start() : first.end() + 20])


def test_sentences_are_in_the_formal_form() -> None:
    for name in PAGES:
        for _, text in entries(KOREAN / f"{name}.po"):
            for sentence in re.findall(r"[가-힣]다(?=[.?!])", text):
                assert sentence in ("니다",), (name, text)
