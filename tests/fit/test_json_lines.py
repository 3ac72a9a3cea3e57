"""Tables of JSON lines, an object a line: the same fit as from CSV, and what is none is refused by its line."""

from __future__ import annotations

import gzip
import json

import pytest

import downslope as ds
from downslope.errors import DataError

ROWS = [(2, 81), (4, 93.5), (6, 91), (8, 97)]
LINES = "".join(json.dumps({"x": x, "y": y, "word": "a"}) + "\n" for x, y in ROWS)


def fitted(path, **options):
    return ds.fit(str(path), "y ~ a*x + b", **options)


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.jsonl.gz"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_fit_is_that_of_the_same_csv(name, stream, tmp_path):
    text = LINES.encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in ROWS))
    ours, theirs = (fitted(tmp_path / one, stream=stream) for one in (name, "t.csv"))
    assert ours.x == theirs.x
    assert ours.loss == theirs.loss
    assert ours.x["a"] == pytest.approx(2.275)  # by hand: sum((x-5)(y-90.625))/20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"x": 1, "y": 2}\n{"x": 3, "y": "three"}\n', "changed from number to string in row 1"),
        ("[1, 2]\n", "an object a line"),
        ('{"x": 1, "y": {"z": 2}}\n', "the column y of .* holds objects or lists"),
        ('{"x": 1, "y": [2]}\n', "holds objects or lists"),
        ('{"x": 1, "x": 2}\n', "twice"),
        ('{"x": 1, "y": 2}\n{"x": 3}\n', "'y' .* has a missing value at line 2"),
        ('{"x": 1, "y": 2}\n{"x": 3,\n', "an object a line"),
        ("", "JSON lines"),
    ],
)
def test_what_is_no_such_table_is_refused(text, words, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        fitted(path)


def test_options_of_text_are_not_for_it(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(LINES)
    with pytest.raises(ds.errors.UsageError, match="text files only"):
        fitted(path, decimal=",")
