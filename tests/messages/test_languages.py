"""Who reads: chosen by a call, the environment, or the command line; catalogues that translate."""

import os
import subprocess
import sys
import threading

import pytest

import downslope as ds
from downslope.errors import DataError, ExpressionError, UnknownNameError
from downslope.messages import (
    available_languages,
    current_language,
    language_named,
    listing,
    message,
    plural,
    reading,
    set_language,
)


@pytest.fixture(autouse=True)
def _nobody_has_chosen(monkeypatch):
    for variable in ("DOWNSLOPE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    yield
    set_language(None)


def test_the_environment_is_asked_in_order(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert ds.language() == "ko"
    monkeypatch.setenv("LC_ALL", "C")
    assert ds.language() == "en"
    monkeypatch.setenv("DOWNSLOPE_LANG", "ko")
    assert ds.language() == "ko"
    monkeypatch.setenv("DOWNSLOPE_LANG", "tlh")
    assert ds.language() == "en"


def test_a_choice_holds_for_the_process(monkeypatch):
    monkeypatch.setenv("DOWNSLOPE_LANG", "en")
    assert ds.language("ko_KR") == "ko" == ds.language()
    seen = []
    thread = threading.Thread(target=lambda: seen.append(current_language()))
    thread.start()
    thread.join()
    assert seen == ["ko"]
    with reading("en"):
        assert ds.language() == "en"
    assert ds.language() == "ko"
    with pytest.raises(UnknownNameError, match=r"kr.*en.*ko"):
        ds.language("kr")


def test_the_function_is_there_whatever_was_imported_first():
    code = "import downslope as ds; a = ds.language('ko'); import downslope.language; print(a, ds.language())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.split() == ["ko", "ko"]


def test_korean_where_it_is_translated():
    said = message("{first} and {last}", context="list", first="x", last="y")
    with reading("ko"):
        assert str(said) == "x, y"
        assert str(listing(["x", "y", "z"], "or")) == "x, y 또는 z"
        assert str(plural("{n:,} step", "{n:,} steps", n=1)) == "1단계"
        assert str(plural("{n:,} step", "{n:,} steps", n=2000)) == "2,000단계"
    assert str(said) == "x and y"
    assert "ko" in available_languages()
    assert language_named("KO-kr") == "ko"


def test_an_error_speaks_the_language_of_the_moment():
    error = DataError(message("{file} cannot be read: {reason}.", file="a.csv", reason="?"))
    assert str(error) == "a.csv cannot be read: ?."
    with reading("xx-pseudo"):
        assert str(error) == "a.csv⟦ cannot be read: ⟧?."


def test_the_window_of_a_formula_is_no_sentence():
    error = ExpressionError(message("odd"), "a + * b", 4, message("Try x."))
    assert str(error) == "odd\n  a + * b\n      ^\nTry x."
    with reading("xx-pseudo"):
        assert str(error) == "⟦odd⟧\n  a + * b\n      ^\n⟦Try x.⟧"
