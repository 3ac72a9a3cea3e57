"""The tables of tests/data/tables: what people really have, each with its right answer or a sentence."""

import json
from pathlib import Path

import pytest

from downslope.api.table_fitting import fit
from downslope.errors import DataError, DownslopeError

FOLDER = Path(__file__).parents[1] / "data" / "tables"
CASES = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("stream", [False, True], ids=["memory", "pages"])
@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_a_messy_table_is_read_rightly_or_refused_in_a_sentence(case, stream, monkeypatch):
    monkeypatch.chdir(FOLDER)
    asked = {**case.get("options", {}), "stream": stream}
    if "error" in case:
        with pytest.raises(DownslopeError) as caught:
            fit(case["file"], case["hypothesis"], **asked)
        assert case["error"] in str(caught.value)
        return
    found = fit(case["file"], case["hypothesis"], **asked)
    if "x" in case:
        assert found.x == pytest.approx(case["x"], rel=1e-7)
    for words in case.get("says", []):
        assert words in " ".join(found.notes)


def test_there_are_enough_of_them_and_each_has_its_answer():
    assert len(CASES) >= 60
    assert {case["file"] for case in CASES} == {path.name for path in FOLDER.iterdir()} - {"answers.json"}
    assert all({"x", "error", "says"} & case.keys() for case in CASES)


def test_a_comma_beside_another_sign_between_thousands_is_a_decimal_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n1'000,250;1\n2'000,250;2\n3'000,250;3\n")
    assert fit(path, "y ~ a*x + b").predict({"x": [1500.25]})[0] == pytest.approx(1.5)


@pytest.mark.parametrize("cell", ["10,2'50", "1_0,2", "10,2 50"])
def test_numbers_that_no_option_reads_are_named_as_text(tmp_path, cell):
    path = tmp_path / "t.csv"
    path.write_text(f"x;y\n{cell};1\n{cell};2\n")
    with pytest.raises(DataError, match="is not numbers: line 2"):
        fit(path, "y ~ a*x + b")


def test_advice_on_a_comma_is_given_for_a_typeset_minus_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n\u221210,250;1\n\u221212,750;2\n")
    with pytest.raises(DataError, match=r"reads -10\.25, thousands=',' reads -10250"):
        fit(path, "y ~ a*x + b")
