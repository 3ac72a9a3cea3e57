"""What is advised where a table cannot be read is never what was given already, and the cell that is wrong is named."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather
from pyarrow import parquet as pq

import downslope as ds
from downslope.errors import DataError, DownslopeError, UsageError

TEXTS = {
    "decimal commas and a word": "x;y\n1,5;2\n2,5;3\n오십;4\n3;5\n",
    "thousands, decimals and a word": "x;y\n1.000,5;2\n2.500,5;3\nfifty;4\n3;5\n",
    "quoted thousands and a word": 'x,y\n"1,000",2\n"2,000",3\nabc,4\n',
    "title, dash and a word": "title\nx,y\n1,2\n2,3\n-,4\nn.b.,5\n",
    "points": "x;y\n1.5;2\n2.5;3\n3.5;4\n",
    "percent among numbers": "x,y\n1,2\n2,3%\n3,4\n",
    "spaces and a word": "x,y\n1 000,2\n2 000,3\n3,zz\n",
    "both signs": "x;y\n1,234;2\n2,345;3\n3,5;4\n",
}
GIVEN: list[dict[str, Any]] = [
    {
        name: value
        for name, value in zip(("decimal", "thousands", "na_values", "encoding"), values, strict=True)
        if value
    }
    for values in itertools.product((None, ",", "."), (None, ",", ".", " "), (None, "-"), (None, "utf-8"))
]


def refusal(text: str | bytes, tmp_path: Path, **options: Any) -> str:
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        ds.fit(str(path), "y ~ a*x + b", **options)
    except DownslopeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", TEXTS)
def test_no_advice_is_what_was_given(name: str, tmp_path: Path) -> None:
    for given in GIVEN:
        said = refusal(TEXTS[name], tmp_path, **given)
        for option, value in given.items():
            for advised in (
                f"{option}={value!r} says",
                f"{option}={value!r} makes",
                f"encoding: {option}={value!r}",
            ):
                assert advised not in said, (given, said)


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("decimal commas and a word", {"decimal": ","}, "line 4 holds '오십'", "na_values='오십'"),
    ("decimal commas and a word", {}, "line 4 holds '오십'", "na_values='오십'"),
    (
        "thousands, decimals and a word",
        {"decimal": ",", "thousands": "."},
        "line 4 holds 'fifty'",
        "na_values='fifty'",
    ),
    ("quoted thousands and a word", {"thousands": ","}, "line 4 holds 'abc'", "na_values='abc'"),
    ("title, dash and a word", {"skip_rows": 1}, "line 6 holds 'n.b.'", "na_values='n.b.'"),
    ("points", {"decimal": ","}, "line 2 holds '1.5'", "By decimal=',' it is none"),
    ("both signs", {"thousands": ","}, "line 4 holds '3,5'", "By thousands=',' it is none"),
    ("title, dash and a word", {"skip_rows": 2}, "holds numbers (1, 2)", "leave out fewer lines"),
]


@pytest.mark.parametrize(("name", "given", "where", "advice"), WRONG)
def test_the_cell_that_is_wrong_and_what_helps(
    name: str, given: dict[str, Any], where: str, advice: str, tmp_path: Path
) -> None:
    said = refusal(TEXTS[name], tmp_path, **given)
    assert where in said
    assert advice in said


def test_what_is_advised_reads_the_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TEXTS["decimal commas and a word"], encoding="utf-8")
    found = ds.fit(str(path), "y ~ a*x + b", decimal=",", na_values="오십", drop_missing=True)
    right = np.polyfit([1.5, 2.5, 3.0], [2.0, 3.0, 5.0], 1)
    assert [found.x["a"], found.x["b"]] == pytest.approx(right.tolist(), rel=1e-12)


def test_a_point_between_thousands_leaves_the_comma_for_decimals(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("x;y\n1.234;2\n2.345;3\n3.500;4\n", encoding="utf-8")
    found = ds.fit(str(path), "y ~ a*x + b", thousands=".")
    assert found.x["a"] == pytest.approx(np.polyfit([1234, 2345, 3500], [2, 3, 4], 1)[0], rel=1e-12)


@pytest.mark.parametrize(
    ("encoding", "another"), [("cp949", "utf-8"), ("ascii", "utf-8"), ("shift_jis", "utf-8")]
)
def test_of_text_in_utf_8_another_encoding_is_not_advised(
    encoding: str, another: str, tmp_path: Path
) -> None:
    said = refusal("x,y\n1,2\n2,3\n오십,4\n", tmp_path, encoding=encoding)
    assert f"encoding='{another}'" in said


def test_what_is_advised_in_the_place_of_cp1252_is_another(tmp_path: Path) -> None:
    said = refusal(b"x,y\n1,2\n2,3\n\x81\x8d,4\n", tmp_path, encoding="cp1252")
    assert "encoding='latin-1'" in said


def test_options_of_text_are_refused_beside_a_table_in_memory() -> None:
    table = {"x": ["1,5", "2,5", "3"], "y": [1.0, 2.0, 3.0]}
    with pytest.raises(UsageError, match="decimal can be said of text files only"):
        ds.fit(table, "y ~ a*x + b", decimal=",")
    with pytest.raises(DataError, match="Convert the column to numbers first"):
        ds.fit(table, "y ~ a*x + b")


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("stream", [False, True])
def test_reading_options_are_neither_advised_nor_taken_where_a_file_is_no_text(
    kind: str, stream: bool, tmp_path: Path
) -> None:
    path = str(tmp_path / f"t.{kind}")
    table = pa.table({"x": ["1", "2", "-", "4"], "y": [1.0, 2.0, 3.0, 4.5]})
    (pq.write_table if kind == "parquet" else feather.write_feather)(table, path)
    with pytest.raises(DataError, match="make it a missing value") as error:
        ds.fit(path, "y ~ a*x + b", stream=stream)
    assert "na_values" not in str(error.value)
    with pytest.raises(UsageError, match=r"na_values can be said of text files only, and .* is none"):
        ds.fit(path, "y ~ a*x + b", stream=stream, na_values="-")


def test_numbers_with_commas_in_a_parquet_file_are_to_be_converted(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table({"x": ["1,5", "2,5", "3"], "y": [1.0, 2.0, 3.0]}), path)
    with pytest.raises(DataError, match=r"'1,5', text\. Convert the column to numbers first"):
        ds.fit(path, "y ~ a*x + b")


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#N/A", "#VALUE!", "#NAME?"])
@pytest.mark.parametrize("comment", ["", "# by hand\n"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_spreadsheet_error_at_the_beginning_of_a_row_is_a_missing_value_and_no_comment(
    error: str, comment: str, stream: bool, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"x,y\n1,3\n{error},5\n{comment}3,7\n4,9.5\n")
    with pytest.raises(DataError, match=r"column 'x' of .* has a missing value at (line|row)"):
        ds.fit(str(path), "y ~ a*x + b", stream=stream)
    fit = ds.fit(str(path), "y ~ a*x + b", stream=stream, drop_missing=True)
    slope, intercept = np.polyfit([1, 3, 4], [3, 7, 9.5], 1)
    assert fit.parameters == pytest.approx({"a": slope, "b": intercept}, rel=1e-9)
    assert any("1 row with missing values was left out" in str(note) for note in fit.notes)


def test_names_that_are_not_found_are_told_with_the_encoding_that_they_were_read_in(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("рост,вес\n170,60\n180,70\n160,55\n".encode("cp866"))
    with pytest.raises(DownslopeError, match=r"no column 'вес'\..*is not UTF-8; it was read as"):
        ds.fit(str(path), "вес ~ a*рост + b")
    assert ds.fit(str(path), "вес ~ a*рост + b", encoding="cp866").parameters["a"] == pytest.approx(0.75)
