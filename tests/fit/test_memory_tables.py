"""Tables in memory, of every library: what is data, what is missing, and what is refused only where it is used."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from downslope.api.table_fitting import fit
from downslope.errors import DataError

X, Y = [2.0, 4.0, 6.0, 8.0], [81.0, 93.0, 91.0, 97.0]
FOUR = pd.DataFrame({"x": X, "y": Y})
H = "y ~ a*x + b"
LINE = {"a": 2.3, "b": 79.0}


def more(row=3, **columns):
    """FOUR with one row more, which is then dropped again, so that its index is no range; and other columns."""
    whole = pd.concat(
        [FOUR.iloc[:row], pd.DataFrame({"x": [5.0], "y": [0.0]}), FOUR.iloc[row:]], ignore_index=True
    )
    return whole.drop(index=row).assign(**columns)


@pytest.mark.parametrize(
    "frame",
    [
        more(),
        FOUR.assign(z=[1.0, None, 1.0, 1.0]).fillna(0.0).drop(columns="z").sample(frac=1, random_state=1),
        pd.concat([FOUR.iloc[:2], FOUR.iloc[2:].reset_index(drop=True)]),
        FOUR.set_index(pd.Index(list("abcd"), name="who")),
        FOUR.set_index(
            pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a"), (2, "b")], names=["i", None])
        ),
    ],
    ids=["drop", "sample", "concat", "named", "several"],
)
def test_an_index_is_no_data(frame, tmp_path):
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather") if frame.index.equals(pd.RangeIndex(4)) else None
    for table in (frame, pa.Table.from_pandas(frame), tmp_path / "t.parquet"):
        for stream in (False, True) if table is not frame and not isinstance(table, pa.Table) else (False,):
            found = fit(table, target="y", stream=stream)
            assert found.x == pytest.approx({"x": 2.3, "intercept": 79.0})


def test_an_index_with_a_name_is_data_where_it_is_named(tmp_path):
    indexed = FOUR.set_index("x")
    indexed.to_parquet(tmp_path / "t.parquet")
    for table in (indexed, pa.Table.from_pandas(indexed), tmp_path / "t.parquet"):
        assert fit(table, H).x == pytest.approx(LINE)
        assert fit(table, target="y", features="x").x == pytest.approx({"x": 2.3, "intercept": 79.0})
    assert fit(tmp_path / "t.parquet", H, stream=True).x == pytest.approx(LINE)


@pytest.mark.parametrize(
    "other",
    [
        [1, "a", None, 2.5],
        [object(), {}, [], ()],
        [1j, 2, 3, 4],
        pd.period_range("2020", periods=4, freq="Y"),
        pd.interval_range(0, 4),
        [Decimal(1), "x", b"\xff", 10**400],
        pd.Categorical(["a", "b", None, "a"]),
        [[1, 2], [3], [], [4]],
    ],
    ids=["mixed", "objects", "complex", "periods", "intervals", "decimals", "categories", "lists"],
)
def test_a_column_that_is_not_used_does_not_matter(other):
    assert fit(
        FOUR.assign(z=pd.Series(other, index=FOUR.index, dtype=getattr(other, "dtype", object))), H
    ).x == pytest.approx(LINE)
    assert fit({"x": X, "y": Y, "z": list(other)}, H).x == pytest.approx(LINE)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ([1j, 2, 3, 4], "column 'z' of the table is not numbers: row 1 holds '1j', a complex.*two columns"),
        ([1, [2], 3, 4], r"row 2 holds '\[2\]', a list"),
        ([1, 10**400, 3, 4], "holds a number at row 2 that is too large for a float64"),
        ([1, "a", 3, 4], "row 2 holds 'a', text"),
    ],
)
def test_it_is_refused_by_name_where_it_is_used(other, said):
    cells = np.empty(4, object)
    cells[:] = other
    with pytest.raises(DataError, match=said):
        fit({"y": Y, "z": cells}, "y ~ a*z + b")
    with pytest.raises(DataError, match=said):
        fit(pd.DataFrame({"y": Y, "z": cells}), "y ~ a*z + b")


@pytest.mark.parametrize(
    "column",
    [
        pd.array([2, 4, 5, 6, 8], "Int64").copy(),
        pd.array([2, 4, 5, 6, 8], "Float32"),
        pd.array([2, 4, 5, 6, 8], "UInt8"),
        pd.arrays.SparseArray([2.0, 4, 5, 6, 8]),
        pd.array([2, 4, 5, 6, 8], "int64[pyarrow]"),
        pd.Categorical([2, 4, 5, 6, 8]),
        [Decimal("2"), Decimal("4"), Decimal("5"), Decimal("6"), Decimal("8")],
    ],
    ids=["Int64", "Float32", "UInt8", "sparse", "pyarrow", "categories", "decimals"],
)
def test_numbers_of_every_kind_with_one_missing(column):
    frame = pd.DataFrame({"x": column, "y": [*Y[:2], 0.0, *Y[2:]]})
    if not isinstance(column, (pd.arrays.SparseArray, list)):
        frame.loc[2, "x"] = None
    else:
        frame["x"] = [*column[:2], None, *column[3:]]
    with pytest.raises(DataError, match="column 'x' of the table has a missing value at row 3"):
        fit(frame, H)
    assert fit(frame, H, drop_missing=True).x == pytest.approx(LINE)


def test_what_a_mask_hides_is_missing():
    hidden = np.array([False, False, True, False, False])
    x, y = np.ma.array([2, 4, 99, 6, 8], mask=hidden), np.array([81, 93, 0, 91, 97])
    rows = np.ma.array(
        [[2, 81], [4, 93], [5, 0], [6, 91], [8, 97]], mask=[[0, 0], [0, 0], [0, 1], [0, 0], [0, 0]]
    )
    for table, h in (({"x": x, "y": y}, H), ((x[:, None], y), "y ~ a*x1 + b"), (rows, "x2 ~ a*x1 + b")):
        with pytest.raises(DataError, match="missing value at row 3"):
            fit(table, h)
        assert fit(table, h, drop_missing=True).x == pytest.approx(LINE)


def test_names_that_are_numbers_are_named_in_backquotes():
    frame = pd.DataFrame({0: X, 1: Y})
    assert fit(frame, "`1` ~ a*`0` + b").x == pytest.approx(LINE)
    assert fit(frame, target="1").x == pytest.approx({"0": 2.3, "intercept": 79.0})
    with pytest.raises(DataError, match="more than one column called '1'"):
        fit({1: X, "1": Y}, H)


@pytest.mark.parametrize(
    "words",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary()],
    ids=["utf8", "large", "view", "binary"],
)
@pytest.mark.parametrize("index", [pa.int8(), pa.uint32()], ids=["int8", "uint32"])
def test_categories_of_arrow(words, index):
    values = pa.array(["a", "b"], pa.string()).cast(pa.binary() if words == pa.binary() else pa.string())
    values = values if words in (pa.string(), pa.binary()) else pa.array(["a", "b"], words)
    chunks = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0], index), values)
    table = pa.table({"x": X, "y": Y, "z": chunks})
    assert fit(table, H).x == pytest.approx(LINE)
    with pytest.raises(DataError, match="column 'z'"):
        fit(table, "y ~ a*z + b")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1], [2, 3], [], None]),
        pa.array([{"a": 1}, None, {"a": 2}, {"a": 3}]),
        pa.array([b"\xff", b"", None, b"a"]),
        pa.array([1, 2, 3, 4], pa.timestamp("ns", "Asia/Seoul")),
        pa.array([2**62, 1, 1, 1], pa.timestamp("s")),
        pa.array([1, 2, 3, 4], pa.duration("ns")),
        pa.array([1, 2, 3, 4], pa.time64("ns")),
        pa.array([(1, 2, 3)] * 4, pa.month_day_nano_interval()),
    ],
    ids=["lists", "structs", "bytes", "zoned", "far", "durations", "times", "intervals"],
)
def test_every_type_of_arrow_is_left_alone_or_refused_by_name(column):
    table = pa.table({"x": X, "y": Y, "z": column})
    assert fit(table, H).x == pytest.approx(LINE)
    with pytest.raises(DataError, match="column 'z'"):
        fit(table, "y ~ a*z + b")


def test_whole_numbers_that_a_float_cannot_hold_are_said():
    ids = [2**53 + 1, 2**53 + 3, 2**53 + 7, 1]
    for table in (
        {"x": ids, "y": Y, "z": X},
        pd.DataFrame({"x": ids, "y": Y, "z": X}),
        pa.table({"x": ids, "y": Y, "z": X}),
    ):
        said = " ".join(fit(table, H).notes)
        assert "Column 'x' holds whole numbers beyond 2^53" in said
        assert "2^53" not in " ".join(fit(table, "y ~ a*z + b").notes)


def test_a_list_of_rows_with_names():
    rows = [{"x": x, "y": y} for x, y in zip(X, Y, strict=True)]
    assert fit(rows, H).x == pytest.approx(LINE)
    with pytest.raises(DataError, match="missing value at row 5"):
        fit([*rows, {"x": 1.0}], H)


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    kinds = pl.Series(["a", "b", "a", None], dtype=pl.Categorical)
    frame = pl.DataFrame({"x": X, "y": Y, "z": kinds, "o": [1, "a", None, 2.5]}, strict=False)
    for table in (frame, frame.lazy(), frame.lazy().filter(pl.col("x") > 0)):
        assert fit(table, H).x == pytest.approx(LINE)
        with pytest.raises(DataError, match="column 'z' of the table is not numbers: row 1 holds 'a', text"):
            fit(table, "y ~ a*z + b")


def test_a_lazy_frame_is_collected():
    class Lazy:
        def collect_schema(self):
            return {"x": float, "y": float}

        def collect(self):
            return FOUR

    assert fit(Lazy(), H).x == pytest.approx(LINE)


def test_an_arrow_file_without_columns(tmp_path):
    path = tmp_path / "t.arrow"
    with pa.ipc.new_file(path, pa.schema([])):
        pass
    parquet.write_table(pa.table({}), tmp_path / "t.parquet")
    for name in ("t.arrow", "t.parquet"):
        for stream in (False, True):
            with pytest.raises(DataError, match="has no columns"):
                fit(tmp_path / name, H, stream=stream)


def test_the_largest_number_of_a_column_is_found_among_gaps_and_in_every_chunk() -> None:
    pa = pytest.importorskip("pyarrow")
    from downslope.fitting.arrow_columns import largest_of

    def chunks(*parts: list[object], kind: object) -> object:
        return pa.chunked_array([pa.array(part, kind) for part in parts], kind)

    assert largest_of(chunks([1, None], [-(2**63), 5], kind=pa.int64())) == 2**63
    assert largest_of(chunks([3], [], [2**64 - 1, None], kind=pa.uint64())) == 2**64 - 1
    assert largest_of(chunks([np.nan, 2.0], [-7.5, None], [np.nan], kind=pa.float64())) == 7.5
    assert largest_of(chunks([None, None], kind=pa.float64())) == 0
    hidden = pa.array([1, 2**60, 2], pa.int64(), mask=np.array([False, True, False]))
    assert largest_of(pa.chunked_array([hidden.slice(1)])) == 2  # what lies under a gap is no number


@pytest.mark.parametrize("name", [1.5, ("b", 2), pd.Timestamp("2020-01-01"), np.int64(7)])
def test_a_target_is_named_as_the_frame_names_it(name):
    frame = pd.DataFrame({"x": X})
    frame.insert(1, name, Y)
    assert fit(frame, target=name).parameters["x"] == pytest.approx(2.3, rel=1e-12)


def test_what_is_no_table_or_no_plan_is_refused_in_words():
    polars = pytest.importorskip("polars")
    for column in (FOUR["x"], polars.Series("x", X)):
        with pytest.raises(DataError, match="this Series is one column"):
            fit(column, H)
    with pytest.raises(DataError, match=r"the lazy table cannot be collected: .*nowhere"):
        fit(polars.LazyFrame({"x": X, "y": Y}).select("nowhere"), H)


def test_a_type_that_arrow_has_not_is_read_by_its_values():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"x": X, "y": Y}).with_columns(polars.col("x").cast(polars.Int128))
    assert fit(frame, H).parameters == pytest.approx(LINE, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.to_timedelta([1, 2, 3, 4], unit="h"), "such as its seconds"),
        (pd.period_range("2020", periods=4, freq="M"), "the days since a first one"),
        (pd.interval_range(0, 4), "such as its middle"),
    ],
)
def test_what_to_give_in_the_place_of_what_is_no_number(values, said):
    with pytest.raises(DataError, match=said):
        fit(FOUR.assign(x=values), H)
