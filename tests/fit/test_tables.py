"""Tables from everywhere, and what is refused: column, row and value are named."""

import gzip
import io
import re
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from downslope.api.table_fitting import fit
from downslope.errors import DataError, DownslopeError, StartError, UnknownNameError, UsageError
from downslope.fitting.files import from_arrow

H = "y ~ a*x + b"
COLUMNS = {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.5, 8.0], "unused": ["a", "b", "c", "d"]}
TEXT = "x,y,unused\n1,2,a\n2,4,b\n3,6.5,c\n4,8,d\n"
EXPECTED = dict(zip("ab", np.polyfit(COLUMNS["x"], COLUMNS["y"], 1), strict=True))


def _write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda d: COLUMNS,
        lambda d: pd.DataFrame(COLUMNS),
        lambda d: pa.table(COLUMNS),
        lambda d: pa.table(COLUMNS).to_reader(),
        lambda d: np.array(
            list(zip(COLUMNS["x"], COLUMNS["y"], strict=True)), dtype=[("x", float), ("y", float)]
        ),
        lambda d: _write(d, "t.csv", TEXT),
        lambda d: str(_write(d, "t.csv", "\ufeff" + TEXT)),
        lambda d: _write(d, "t.csv", TEXT.replace("\n", "\r\n")),
        lambda d: _write(d, "t.csv", TEXT.replace(",", ";")),
        lambda d: _write(d, "t.tsv", TEXT.replace(",", "\t")),
        lambda d: _write(d, "t.csv.gz", gzip.compress(TEXT.encode())),
        lambda d: _write(d, "t.csv.zst", pa.compress(TEXT.encode(), "zstd", asbytes=True)),
        lambda d: (parquet.write_table(pa.table(COLUMNS), d / "t.parquet"), d / "t.parquet")[1],
        lambda d: (feather.write_feather(pa.table(COLUMNS), str(d / "t.feather")), d / "t.feather")[1],
    ],
)
def test_every_kind_of_table(make, tmp_path):
    assert fit(make(tmp_path), H).x == pytest.approx(EXPECTED, rel=1e-9)


def test_a_glob_and_standard_input(tmp_path, monkeypatch):
    _write(tmp_path, "a.csv", "x,y\n1,2\n2,4\n")
    _write(tmp_path, "b.csv", "x,y\n3,6.5\n4,8\n")
    assert fit(tmp_path / "*.csv", H).x == pytest.approx(EXPECTED)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert fit("-", H).x == pytest.approx(EXPECTED)
    _write(tmp_path, "c.csv", "x,z\n3,6.5\n")
    with pytest.raises(DataError, match="has the columns x, z"):
        fit(tmp_path / "*.csv", H)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "x,y\n", "no rows"),
        ("t.csv", "", "empty"),
        ("t.csv", "x,y\n1,2\n1,2,3\n", "line 3 .* has 3 values, but the header names 2"),
        ("t.csv", "x,x,y\n1,2,3\n", "names 'x' more than once"),
        ("t.csv", b"x,y\n1,2\n1,\xe9\n", "column 'y' .* line 3 holds 'é'"),
        ("t.csv", "x,y\n1,2\n2,n/k\n", "column 'y' .* line 3 holds 'n/k'"),
        (
            "t.csv",
            "x;y\n1;2,500\n",
            "line 2 holds '2,500', text.*decimal=',' reads 2.5, thousands=',' reads 2500",
        ),
        ("t.csv", 'x,y\n1,"1,234"\n', "line 2 holds '1,234', text.*thousands"),
        ("t.csv", "x,y\n1,2\n2,1e400\n", "infinite at line 3"),
        ("t.csv", "x,y\n1,2\n2,\x003\n", r"line 3 holds '\\x003'"),
        ("t.csv", "x,y\n1,2\n2,\n", "missing value at line 3.*drop_missing"),
        ("t.csv", "1,2\n3,4\n", "holds numbers"),
        ("t.csv", "x,,y\n3,4,5\n", "column 2 .* no name"),
        ("t.csv", "X1,y\n1,2\n", "uses no column"),
        ("t.parquet", b"PAR2", "not a Parquet file"),
        ("t.csv.gz", b"\x1f\x8b\x08broken", "not whole gzip"),
        ("t.xls", b"", "can be read"),
    ],
)
def test_files_that_are_refused(name, content, said, tmp_path):
    with pytest.raises(DownslopeError) as caught:
        fit(_write(tmp_path, name, content), H)
    assert re.search(said, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_cell_far_down_is_found_with_its_line(tmp_path):
    lines = ["x,y", *(f"{i},{i}" for i in range(200_000)), "7,oops", "8,9"]
    with pytest.raises(DataError, match=r"column 'y' .* line 200002 holds 'oops'"):
        fit(_write(tmp_path, "t.csv", "\n".join(lines)), H)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        fit(tmp_path / "none.csv", H)
    with pytest.raises(DataError, match="is a folder"):
        fit(tmp_path, H)
    with pytest.raises(DataError, match="no file matches"):
        fit(tmp_path / "*.csv", H)
    assert DataError.exit_code == 3


X = np.arange(6.0)
GOOD = {"x": X, "y": 2 * X}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"x": [1, np.nan, 3], "y": [1, 2, 3]}, "column 'x' .* missing value at row 2"),
        ({"x": [1, 2, np.inf], "y": [1, 2, 3]}, "column 'x' .* infinite at row 3"),
        ({"x": [], "y": []}, "no rows"),
        ({}, "no columns"),
        ((np.zeros((3, 0)), np.zeros(3)), "no columns"),
        (np.zeros(3), r"two dimensions.*reshape\(-1, 1\)"),
        (np.zeros((3, 2, 2)), "this array has 3"),
        ({"x": np.array(["1", "b", "3"]), "y": X[:3]}, "column 'x' .* row 2 holds 'b', text"),
        ({"x": np.array(["1", "2", "3"], object), "y": X[:3]}, "column 'x' .* stored as text, such as '1'"),
        ({"x": pd.to_datetime(["2020-01-01"] * 3), "y": X[:3]}, "column 'x' .* datetime"),
        ({"x": np.array(["2020-01-01"] * 3, "datetime64[ns]"), "y": X[:3]}, "column 'x' .* datetime"),
        ({"x": np.array([1, 2, 3], "timedelta64[ns]"), "y": X[:3]}, "column 'x' .* timedelta"),
        (pd.DataFrame({"x": pd.array([1, None, 3], "Int64"), "y": X[:3]}), "missing value at row 2"),
        (pd.DataFrame([[1, 2, 3.0]], columns=["x", "x", "y"]), "more than one column called 'x'"),
        ({"x": [1, 1e300, 3], "y": [1, 2, 3]}, r"column 'x' .* 1e\+300 at row 2.*overflows"),
        ({"x": [1, 2], "y": [1, 2, 3]}, "differ in length"),
        ({"x": [1j, 2], "y": [1, 2]}, "complex"),
        (7, "a table is needed"),
    ],
)
def test_tables_that_are_refused(table, said):
    with pytest.raises(DataError) as caught:
        fit(table, H)
    assert re.search(said, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"weights": np.zeros(6)}, DataError, "all zero"),
        ({"weights": [-1.0, 1, 1, 1, 1, 1]}, DataError, "row 1 .* is -1"),
        ({"weights": [1.0]}, UsageError, "shape"),
        ({"loss": "log_loss"}, DataError, "labels 0 and 1.* 2 at row 2"),
        ({"loss": "poisson", "table": {"x": X, "y": X - 1}}, DataError, "-1 at row 1"),
        ({"loss": "softmax", "table": {"x": X, "y": X / 3}}, DataError, "labels.*continuous"),
        ({"loss": "msee"}, UnknownNameError, "Did you mean 'mse'"),
        ({"loss": "quantile(2)"}, UsageError, "between 0 and 1"),
        ({"start": {"a": 1, "x": 2}}, StartError, "has as a column. Parameters: a, b; columns: x, y"),
        ({"start": {"a": 1}}, StartError, "no value for b"),
        ({"hypothesis": "y ~ log(1 + a^2*x)"}, StartError, "needs a start for a"),
        ({"hypothesis": "z ~ a*x"}, UnknownNameError, "no column 'z'.*columns are: x, y"),
        ({"hypothesis": "y ~ x"}, UsageError, "no parameter"),
        ({"hypothesis": "a*x"}, UsageError, "target ~ formula"),
        ({"hypothesis": "y ~ a*y"}, UsageError, "also on the right"),
        ({"hypothesis": "y ~ a*(x"}, DownslopeError, r"\^"),
        ({"l2": -1}, UsageError, "l2 is -1"),
        ({"pathh": "qr"}, UsageError, "Did you mean 'path'"),
        ({"path": "moments", "loss": "mae"}, UsageError, "squared loss"),
    ],
)
def test_requests_that_are_refused(options, kind, said):
    options = dict(options)
    with pytest.raises(kind) as caught:
        fit(options.pop("table", GOOD), options.pop("hypothesis", H), **options)
    assert re.search(said, str(caught.value)), str(caught.value)


def test_missing_rows_are_dropped_on_request_and_counted(tmp_path):
    path = _write(tmp_path, "t.csv", "x,y\n1,2\n2,\n3,6\n,4\n5,10\n")
    found = fit(path, H, drop_missing=True)
    assert (found.rows, found.rows_dropped) == (3, 2)
    assert any("2 rows" in note for note in found.notes)
    assert found.x["a"] == pytest.approx(2.0)


def test_duplicate_and_constant_columns_are_said():
    x = np.random.default_rng(0).standard_normal(50)
    same = fit((np.column_stack([x, x]), x))
    assert any("same in every row" in note and "rank 1 of 2" in note for note in same.notes)
    constant = fit((np.column_stack([x, np.full(50, 3.0)]), x))
    assert any("constant" in note for note in constant.notes)
    assert constant.loss < 1e-20


def test_the_wrong_learning_rate_is_explained():
    found = fit({"x": 1e6 * X, "y": X}, H, learning_rate=0.01, steps=100)
    assert found.status == "diverged"
    assert not found.success
    assert found.explain().descent.codes == ("learning_rate_above_limit",)
    assert "(run and confirmed)" in found.explain().brief
    assert "(run and confirmed)" in repr(found)
    assert found.standard_errors is None
    assert any("standardised it is" in note for note in found.notes)


def test_only_needed_columns_of_a_file_are_read(tmp_path):
    path = _write(tmp_path, "t.csv", TEXT)
    found = fit(path, H)
    assert "unused" in found.problem.frame.known
    assert "unused" not in found.problem.frame.columns
    with pytest.raises(UnknownNameError, match="x, y, unused"):
        fit(path, "z ~ a*x + b*y + c*unused")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            pa.chunked_array([pa.array([1.0, 2, None, 4]).slice(1, 3), pa.array([None, 5.0])]),
            [2, np.nan, 4, np.nan, 5],
        ),
        (pa.chunked_array([pa.array([1, None, 3], pa.int64()).slice(1)]), [np.nan, 3]),
        (pa.chunked_array([pa.array([7, 8], pa.uint8())]), [7, 8]),
        (pa.chunked_array([pa.array([1.5, None], pa.float32())]), [1.5, np.nan]),
        (pa.chunked_array([pa.array(np.array([1.5, 2], np.float16))]), [1.5, 2]),
        (pa.chunked_array([pa.array([True, None, False])]), [1, np.nan, 0]),
        (pa.chunked_array([pa.array(["1.50", "2.25"]).cast(pa.decimal128(5, 2))]), [1.5, 2.25]),
        (pa.chunked_array([pa.array([3, 4, 3]).dictionary_encode()]), [3, 4, 3]),
        (pa.chunked_array([pa.nulls(2)]), [np.nan, np.nan]),
    ],
    ids=["slices", "int64", "uint8", "float32", "float16", "bool", "decimal", "dictionary", "null"],
)
def test_columns_of_arrow_are_numbers_one_may_write_to(column, expected):
    read = from_arrow(pa.table({"x": column}), "t")["x"]
    assert read.dtype == np.float64
    assert np.array_equal(read, expected, equal_nan=True)
    assert read.flags.writeable


def test_a_column_that_could_be_a_number_is_refused_by_name(tmp_path):
    path = _write(tmp_path, "t.csv", "e,y,sepal length\n1,2,3\n2,4,5\n")
    with pytest.raises(UsageError, match=r"column .e., and in a formula e is the number 2\.71828"):
        fit(path, "y ~ a*e + b")
    assert fit(path, target="y", features=["e"]).x["e"] == pytest.approx(2.0)
    assert fit(path, "y ~ a*`e` + b").x["a"] == pytest.approx(2.0)
    with pytest.raises(UsageError, match="called 'sepal length', which a formula names `sepal length`"):
        fit(path, "y ~ a*sepal_length + b")


def test_rows_are_named_by_line_where_each_row_is_a_line(tmp_path):
    for content, place in (
        ("x,y\n1,2\n3,\n", "line 3"),
        ('x,y\n"1",2\n3,\n', "line 3"),
        ('x,y,z\n1,2,"a\nb"\n3,,c\n', "row 2"),
        ("x,y\n1,2\n\n3,\n", "row 2"),
    ):
        with pytest.raises(DataError, match=f"missing value at {place}"):
            fit(_write(tmp_path, "t.csv", content), H)


def test_a_column_of_text_among_all_others_names_those_of_numbers():
    table = {
        "a": [1.0, 2, 3],
        "city": np.array(["Bern", "Uri", "Zug"], object),
        "b": [0.0, 1, 1],
        "y": [1.0, 2, 4],
    }
    with pytest.raises(DataError, match=r"Or name the columns of numbers: features='a,b'\."):
        fit(table, target="y")
    assert fit(table, target="y", features="a").success
    with pytest.raises(DataError, match=r"3 different texts in 3 rows, too many to be categories\.$"):
        fit({"city": table["city"], "y": table["y"]}, target="y")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_empty_line_in_a_single_column_is_a_missing_value(tmp_path, end):
    """Predictions would else be fewer than lines. At the end, and between rows of several columns, it is none."""
    found = fit({"x": [1.0, 2, 3], "y": [2.0, 4, 6]}, "y ~ a*x + b")
    path = tmp_path / "new.csv"
    path.write_bytes(end.join(["x", "1", "", "2", "3", ""]).encode())
    with pytest.raises(DataError, match=r"column 'x' of .* has a missing value at line 3;"):
        found.predict(path)
    path.write_bytes(end.join(["x", "1", "2", "3", "", "", ""]).encode())
    assert found.predict(path) == pytest.approx([2, 4, 6])
    path.write_bytes(end.join(["x,z", "1,0", "", "2,0", "3,0", ""]).encode())
    assert found.predict(path) == pytest.approx([2, 4, 6])


def test_a_letter_that_only_looks_the_same_is_named_by_its_code():
    with pytest.raises(
        UsageError, match=r"looks the same and has CYRILLIC SMALL LETTER A \(U\+0430\).*\(U\+0061\)"
    ):
        fit({"\u0430": X, "y": 2 * X}, "y ~ w*a + b")


def test_names_of_columns_are_escaped_in_notebooks():
    name = "<img src=x onerror=alert(1)>"
    html = fit({name: X, "y": 2 * X}, target="y").history._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("held", ["NFC", "NFD"])
def test_names_in_another_unicode_form_are_the_same_names(tmp_path, held, asked, stream):
    """Letters with accents as one or as two, syllables of Hangul as one or as their parts, and some of each."""
    path = tmp_path / "t.csv"
    names = ["한국", "y", "é", "e\u0301t\u00e9"]
    head = ",".join([*(unicodedata.normalize(held, name) for name in names[:3]), names[3]])
    path.write_text(head + "\n" + "".join(f"{i},{3 * i % 7},{i % 3 + 1},{i % 2}\n" for i in range(1, 13)))
    a, e, m = (unicodedata.normalize(asked, name) for name in ("한국", "é", "été"))
    for options in (
        {"target": "y"},
        {"target": a},
        {"target": "y", "features": [a, m]},
        {"target": "y", "features": f"{a},{e}", "categories": e},
        {"target": "y", "features": [a], "weights": e},
        {"target": "y", "features": [a], "start": {a: 1.0, "intercept": 0.0}},
        {"hypothesis": f"y ~ p*{a} + q*{e} + r*{m} + s"},
        {"hypothesis": f"y ~ p*`{a}` + q*`{m}` + s"},
        {"hypothesis": f"{e} ~ p*`{m}` + s"},
        {"hypothesis": f"`{e}` ~ p*{a} + s"},
    ):
        found = fit(path, **options, stream=stream)
        rows = ({unicodedata.normalize(form, name): [1.0] for name in names} for form in ("NFC", "NFD"))
        one, other = map(found.predict, rows)
        assert one == other
