"""The tables of tests/data/tables: what people really have, each with its right answer or a sentence."""

import json
from pathlib import Path

import pytest

from downslope.api.table_fitting import fit
from downslope.errors import DownslopeError

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
