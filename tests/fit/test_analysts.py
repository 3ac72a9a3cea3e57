"""Categories, rows held out, prediction intervals, and a first look at a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import downslope as ds
from downslope.errors import DataError, UsageError
from downslope.fitting.intervals import student_quantile

RNG = np.random.default_rng(5)
N = 90
CITY = np.array(["Zug", "Bern", "Uri"])[RNG.integers(0, 3, N)]
A = RNG.normal(size=N)
Y = 1 + 2 * A + 3.0 * (CITY == "Uri") - 1.0 * (CITY == "Zug") + 0.1 * RNG.normal(size=N)
TABLE = pd.DataFrame({"a": A, "city": CITY, "y": Y})


def least_squares():
    X = np.column_stack([A, CITY == "Uri", CITY == "Zug", np.ones(N)]).astype(float)
    return X, np.linalg.lstsq(X, Y, rcond=None)[0]


def test_words_count_by_their_categories_and_the_dropped_one_is_named(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    TABLE.to_parquet(tmp_path / "t.parquet")
    right = dict(zip(("a", "city[Uri]", "city[Zug]", "intercept"), least_squares()[1], strict=True))
    for table in (TABLE, TABLE.astype({"city": "category"}), tmp_path / "t.csv", tmp_path / "t.parquet"):
        for stream in (False,) if isinstance(table, pd.DataFrame) else (False, True):
            found = ds.fit(table, target="y", stream=stream)
            assert found.x == pytest.approx(right, rel=1e-9)
            assert "'Bern' has none of its own" in " ".join(found.notes)
            assert found.model.inputs == ("a", "city")


def test_a_fit_of_categories_predicts_from_words_also_when_it_was_saved(tmp_path):
    found = ds.fit(TABLE, target="y", features="city,a")
    found.save(tmp_path / "f.json")
    for fit in (found, ds.load(tmp_path / "f.json")):
        X, theta = least_squares()
        assert fit.predict(TABLE) == pytest.approx(X @ theta, rel=1e-9)
        assert fit.predict({"a": 1.0, "city": "Uri"}) == pytest.approx(
            [theta[0] + theta[1] + theta[3]], rel=1e-9
        )
        with pytest.raises(
            DataError, match=r"holds 'Rom' at row 2, which was not among the categories.*Bern, Uri, Zug"
        ):
            fit.predict({"a": [1.0, 1.0], "city": ["Uri", "Rom"]})
        with pytest.raises(DataError, match="missing value at row 1"):
            fit.predict({"a": [1.0, 1.0], "city": [None, "Uri"]})
        assert len(fit.predict({"a": [1.0, 1.0], "city": [None, "Uri"]}, drop_missing=True)) == 1


def test_numbers_count_by_their_categories_where_that_is_asked():
    codes = pd.DataFrame(
        {"zip": np.select([CITY == "Bern", CITY == "Uri"], [3000, 6460], 6300), "a": A, "y": Y}
    )
    found = ds.fit(codes, target="y", categories="zip")
    _, theta = least_squares()
    assert found.x["zip[6460]"] == pytest.approx(theta[1], rel=1e-9)
    assert found.x["zip[6300]"] == pytest.approx(theta[2], rel=1e-9)
    with pytest.raises(UsageError, match="names 'zap', which is no feature"):
        ds.fit(codes, target="y", categories=["zap"])
    with pytest.raises(UsageError, match="not with a hypothesis"):
        ds.fit(codes, "y ~ b*a + c", categories=["zip"])
    with pytest.raises(DataError, match=r"holds .* a continuous number and no category"):
        ds.fit(codes, target="y", categories=["a"])


def test_a_slip_among_numbers_is_no_category_and_names_are_none():
    with pytest.raises(DataError, match="row 3 holds 'oops', text"):
        ds.fit({"x": ["1", "2", "oops", "4"], "y": [1, 2, 3, 4]}, target="y")
    with pytest.raises(DataError, match="holds 4 different texts in 4 rows, too many to be categories"):
        ds.fit({"x": list("abcd"), "y": [1, 2, 3, 4]}, target="y")


def test_scores_on_rows_that_were_held_out():
    found = ds.fit(TABLE, "y ~ b*a + c", holdout=0.2, seed=4)
    out = np.zeros(N, bool)
    out[np.random.default_rng(4).choice(N, 18, replace=False)] = True
    slope, constant = np.polyfit(A[~out], Y[~out], 1)
    assert found.x == pytest.approx({"b": slope, "c": constant}, rel=1e-9)
    residual = Y[out] - slope * A[out] - constant
    assert (found.rows, found.holdout.rows, found.holdout.seed) == (72, 18, 4)
    assert found.holdout.loss == pytest.approx(np.mean(residual**2), rel=1e-9)
    assert found.holdout.r2 == pytest.approx(1 - np.mean(residual**2) / np.var(Y[out]), rel=1e-9)
    assert ds.fit(TABLE, "y ~ b*a + c", holdout=0.2, seed=4).holdout == found.holdout
    assert ds.fit(TABLE, "y ~ b*a + c", holdout=0.2, seed=5).holdout != found.holdout
    assert f"held out 18 rows: mse = {found.holdout.loss:.10g}" in repr(found)


def test_scores_of_labels_with_weights_and_missing_rows(tmp_path):
    table = TABLE.assign(a=np.where(np.arange(N) == 7, np.nan, A), w=np.arange(N) % 3)
    found = ds.fit(
        table, target="city", features="a,y", loss="softmax", l2=1e-3, holdout=0.25, drop_missing=True
    )
    assert (found.rows_dropped, found.rows + found.holdout.rows) == (1, N - 1)
    unseen = np.setdiff1d(np.delete(np.arange(N), 7), found.problem.frame.kept)
    right = found.predict(table.iloc[unseen]) == CITY[unseen]
    assert found.holdout.accuracy == pytest.approx(right.mean())
    assert found.holdout.r2 is None
    weighted = ds.fit(TABLE, "y ~ b*a + c", weights=np.arange(N) % 3, holdout=0.25)
    by_name = ds.fit(table.assign(a=A), "y ~ b*a + c", weights="w", holdout=0.25)
    assert weighted.holdout.loss == pytest.approx(by_name.holdout.loss, rel=1e-12)
    found.save(tmp_path / "f.json")
    assert ds.load(tmp_path / "f.json").holdout == found.holdout


@pytest.fixture(scope="module")
def long_table(tmp_path_factory):
    """50,000 rows in a file, of three pages; some words, labels and weights."""
    rng = np.random.default_rng(6)
    n = 50_000
    X = rng.normal(size=(n, 2))
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": X @ [1.0, 2.0] + rng.normal(size=n)})
    table["label"] = (rng.random(n) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    table["w"] = rng.integers(0, 3, n).astype(float)
    table["city"] = np.array(["Bern", "Chur", "Uri"])[rng.integers(0, 3, n)]
    path = tmp_path_factory.mktemp("long") / "t.csv"
    table.to_csv(path, index=False)
    return path, pd.read_csv(path)


def drawn(rows, part, seed):
    return np.random.Generator(np.random.PCG64(seed)).random(rows) < part


@pytest.mark.parametrize("seed", [0, 3])
def test_rows_of_files_are_held_out_by_their_numbers(long_table, monkeypatch, seed):
    monkeypatch.setattr("downslope.fitting.pages.PAGE_NUMBERS", 60_000)
    path, table = long_table
    found = ds.fit(str(path), "y ~ p*a + q*b + c", stream=True, holdout=0.2, seed=seed)
    out = drawn(len(table), 0.2, seed)
    A, y = np.column_stack([table["a"], table["b"], np.ones(len(table))]), table["y"].to_numpy()
    there = np.linalg.lstsq(A[~out], y[~out], rcond=None)[0]
    rest = y[out] - A[out] @ there
    assert [found.x[name] for name in "pqc"] == pytest.approx(there, rel=1e-9)
    assert (found.rows, found.holdout.rows, found.rows_dropped) == (np.sum(~out), np.sum(out), 0)
    assert found.holdout.loss == pytest.approx(np.mean(rest**2), rel=1e-10)
    assert found.holdout.r2 == pytest.approx(1 - np.mean(rest**2) / np.var(y[out]), rel=1e-10)


@pytest.mark.parametrize(
    "asked",
    [
        {"target": "y", "features": "a,city", "loss": "mae"},
        {"target": "label", "features": "a", "loss": "log_loss", "weights": "w"},
        {"target": "city", "features": "a,b", "loss": "softmax", "l2": 1e-3},
        {"target": "y", "features": "a,b", "batch_size": 1000, "epochs": 2},
    ],
    ids=str,
)
def test_what_is_held_out_of_files_is_not_seen(long_table, asked):
    """The fit is that of the other rows alone, and its scores those of a table of the rows that were drawn."""
    path, table = long_table
    found = ds.fit(str(path), stream=True, holdout=0.2, **asked)
    out = drawn(len(table), 0.2, 0)
    alone = ds.fit(table[~out], **asked)
    if "batch_size" not in asked:
        assert found.loss == pytest.approx(alone.loss, rel=1e-6)
    assert found.holdout.rows == np.sum(out)
    if asked.get("loss") == "mae":
        residual = found.predict(table[out]) - table["y"][out]
        assert found.holdout.loss == pytest.approx(np.mean(np.abs(residual)), rel=1e-9)
    if asked["target"] == "city":
        right = np.asarray(found.predict(table[out])) == table["city"][out].to_numpy()
        assert found.holdout.accuracy == pytest.approx(right.mean())


def test_weights_and_gaps_beside_rows_of_files_that_are_held_out(long_table, tmp_path):
    _, table = long_table
    table = table[["a", "y", "w"]][:3000].copy()
    table.loc[[5, 700], "a"] = np.nan
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False)
    kept = table.dropna()
    by_name, given = (
        ds.fit(str(path), "y ~ p*a + c", stream=True, holdout=0.3, drop_missing=True, weights=w)
        for w in ("w", kept["w"].to_numpy())
    )
    assert given.holdout == by_name.holdout
    assert (by_name.rows_dropped, by_name.rows + by_name.holdout.rows) == (2, 2998)
    saved = ds.fit(
        str(path), "y ~ p*a + c", stream=True, holdout=0.3, drop_missing=True, steps=3, optimizer="adam"
    )
    saved.save(tmp_path / "f.json")
    again = ds.resume(tmp_path / "f.json", str(path), steps=3)
    whole = ds.fit(
        str(path), "y ~ p*a + c", stream=True, holdout=0.3, drop_missing=True, steps=6, optimizer="adam"
    )
    assert again.x == whole.x
    assert again.holdout == whole.holdout


def test_parts_of_files_that_cannot_be_held_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,2\n2,3\n3,5\n")
    with pytest.raises(UsageError, match=r"0\.001 of 3 rows, which leaves none"):
        ds.fit(str(path), "y ~ p*a", stream=True, holdout=0.001)
    with pytest.raises(UsageError, match="holdout is 2"):
        ds.fit(str(path), "y ~ p*a", stream=True, holdout=2)


@pytest.mark.parametrize("part", [0, 1, 1.5, -0.1, True, "some", 0.001, 0.999])
def test_a_part_that_leaves_no_rows_is_refused(part):
    with pytest.raises(UsageError, match="holdout is"):
        ds.fit(TABLE, "y ~ b*a + c", holdout=part)


def interval_by_hand(X, y, new, level):
    theta, *_ = np.linalg.lstsq(X, y, rcond=None)
    n, p = X.shape
    s2 = np.sum((y - X @ theta) ** 2) / (n - p)
    variance = s2 * (1 + np.sum(new @ np.linalg.inv(X.T @ X) * new, axis=1))
    half = stats.t.ppf((1 + level) / 2, n - p) * np.sqrt(variance)
    return new @ theta, new @ theta - half, new @ theta + half


@pytest.mark.parametrize("loss", ["mse", "rmse"])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_prediction_intervals_are_those_of_the_textbook(loss, level, tmp_path):
    x = RNG.uniform(0, 10, 40)
    y = 3 * x - 2 + RNG.normal(size=40)
    new = np.array([0.0, 5.0, 100.0])
    found = ds.fit({"x": x, "y": y}, "y ~ a*x + b", loss=loss)
    found.save(tmp_path / "f.json")
    right = interval_by_hand(np.column_stack([x, np.ones(40)]), y, np.column_stack([new, np.ones(3)]), level)
    for fit in (found, ds.load(tmp_path / "f.json")):
        for got, expected in zip(fit.predict_interval({"x": new}, level=level), right, strict=True):
            assert got == pytest.approx(expected, rel=1e-7)


def test_intervals_hold_the_targets_of_new_rows_as_often_as_they_say():
    x = RNG.uniform(0, 3, 4_000)
    y = 2 * np.exp(-x) + 0.1 * RNG.normal(size=4_000)
    found = ds.fit({"x": x[:200], "y": y[:200]}, "y ~ a*exp(-b*x)", start="a=1,b=1.5")
    _, low, high = found.predict_interval({"x": x[200:]}, level=0.9)
    assert np.mean((low <= y[200:]) & (y[200:] <= high)) == pytest.approx(0.9, abs=0.03)


def test_an_offset_costs_the_intervals_no_digits():
    x, y = np.arange(20.0), np.arange(20.0) + RNG.normal(size=20)
    near, far = (ds.fit({"x": x + shift, "y": y}, "y ~ a*x + b") for shift in (0.0, 1e7))
    for got, expected in zip(
        far.predict_interval({"x": [1e7 + 30]}), near.predict_interval({"x": [30.0]}), strict=True
    ):
        assert got == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loss": "huber"}, "other losses say nothing of the noise"),
        ({"l2": 0.1}, "a penalty draws"),
    ],
)
def test_where_there_are_no_intervals_the_reason_is_given(options, said):
    with pytest.raises(UsageError, match=f"there are no prediction intervals: .*{said}"):
        ds.fit(TABLE, "y ~ b*a + c", **options).predict_interval()
    with pytest.raises(UsageError, match="2 rows for 2 parameters"):
        ds.fit({"x": [1, 2], "y": [1, 3]}, "y ~ a*x + b").predict_interval()
    with pytest.raises(UsageError, match="it must be a probability"):
        ds.fit(TABLE, "y ~ b*a + c").predict_interval(level=95)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 1_000, 10**6, 10**6 + 1, 10**9, 10**14])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9995])
def test_quantiles_of_student(p, freedom):
    assert student_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-8)


def test_a_look_at_a_table(tmp_path):
    (tmp_path / "t.csv").write_text(
        "id,x,flag,city,when,same,twin,note\n"
        "1,2.5,0,Bern,2020-01-01,7,2.5,a1\n2,-,1,Uri,2020-01-02,7,,b2\n3,4.5,1,Bern,2020-01-03,7,4.5,c3\n"
        "4,1.5,0,Uri,2020-01-04,7,1.5,d4\n5,9.5,1,,2020-01-05,7,9.5,e5\n"
    )
    found = ds.look(tmp_path / "t.csv")
    columns = {column.name: column for column in found.columns}
    assert (found.rows, found.complete) == (5, 3)
    assert {name: column.kind for name, column in columns.items()} == {
        "id": "whole numbers",
        "x": "numbers",
        "flag": "binary",
        "city": "text",
        "when": "dates",
        "same": "whole numbers",
        "twin": "numbers",
        "note": "text",
    }
    assert (columns["x"].missing, columns["x"].low, columns["x"].high, columns["x"].mean) == (
        1,
        1.5,
        9.5,
        4.5,
    )
    assert columns["city"].values == (("Bern", 2), ("Uri", 2))
    refused = {name: str(column.refused) for name, column in columns.items() if column.refused}
    assert set(refused) == {"x", "when", "twin", "note"}
    assert "missing value at line 3" in refused["x"]
    assert "'-' was taken for a missing value" in refused["x"]
    assert "too many categories: 5" in refused["note"]
    assert "the same in every row" in str(columns["same"].remarks)
    assert "Columns 'x' and 'twin' are the same in every row." in map(str, found.notes)
    assert "city" in repr(found)


@pytest.mark.parametrize("stream", [False, True])
def test_the_column_of_weights_is_no_feature_unless_it_is_named(stream: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=40), rng.integers(1, 4, 40).astype(float)
    y = 2 * x + w + rng.normal(size=40)
    table = tmp_path / "t.csv"
    pd.DataFrame({"x": x, "w": w, "y": y}).to_csv(table, index=False)
    fit = ds.fit(str(table), target="y", weights="w", stream=stream)
    slope, intercept = np.polyfit(x, y, 1, w=np.sqrt(w))
    assert fit.parameters == pytest.approx({"x": slope, "intercept": intercept}, rel=1e-9)
    assert any("'w' weighs the rows, so it is no feature" in str(note) for note in fit.notes)
    assert fit.predict({"x": 1.0}) == pytest.approx([slope + intercept], rel=1e-9)
    named = ds.fit(str(table), target="y", features="x,w", weights="w", stream=stream)
    assert set(named.parameters) == {"x", "w", "intercept"}


def categories_table(words: list[Any]) -> dict[str, list[Any]]:
    return {"c": words, "x": list(range(len(words))), "y": [v % 5 + 0.1 * v for v in range(len(words))]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("drop_missing", [False, True])
def test_a_column_that_holds_one_word_or_nothing_is_refused(
    stream: bool, drop_missing: bool, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame(categories_table(["x", None] * 6)).to_csv(path, index=False)
    with pytest.raises(DataError, match="column 'c' holds 'x' or nothing"):
        ds.fit(str(path), target="y", stream=stream, drop_missing=drop_missing)


def test_a_column_of_one_word_is_left_out_and_told() -> None:
    table = categories_table(["x"] * 12)
    fit = ds.fit(table, target="y")
    slope, intercept = np.polyfit(table["x"], table["y"], 1)
    assert fit.parameters == pytest.approx({"x": slope, "intercept": intercept}, rel=1e-9)
    assert any("Column 'c' holds 'x' in every row" in str(note) for note in fit.notes)


def test_categories_of_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="column 'c' holds no value in any row"):
        ds.fit(categories_table([float("nan")] * 12), target="y", categories="c")


def test_what_is_missing_among_words_is_missing_and_named_by_its_column() -> None:
    table = categories_table(["a", float("nan"), "b"] * 4)
    with pytest.raises(DataError, match="column 'c' of the table has a missing value at row 2"):
        ds.fit(table, target="y")
    fit = ds.fit(table, target="y", drop_missing=True)
    assert set(fit.parameters) == {"c[b]", "x", "intercept"}
    with pytest.raises(DataError, match="column 'c' of the table has a missing value at row 1"):
        fit.predict({"c": [None], "x": [1.0]})


def test_rows_of_words_and_numbers_are_predicted_and_categories_are_the_same_in_either_encoding() -> None:
    fit = ds.fit(categories_table(["é", "q", "é"] * 4), target="y")
    expected = fit.predict({"c": ["é"], "x": [3.0]})
    assert fit.predict([("e\u0301", 3.0)]) == pytest.approx(expected, rel=1e-14)


def test_weights_are_named_by_a_number_where_the_frame_names_them_so() -> None:
    frame = pd.DataFrame({0: [1.0, 2.0, 3.0, 4.0], 1: [1.0, 2.0, 1.0, 3.0], 2: [2.0, 4.5, 5.5, 8.0]})
    fit = ds.fit(frame, target=2, weights=1)
    slope, intercept = np.polyfit(frame[0], frame[2], 1, w=np.sqrt(frame[1]))
    assert fit.parameters == pytest.approx({"0": slope, "intercept": intercept}, rel=1e-9)


@pytest.mark.parametrize("loss", ["mae", "quantile(0.3)"])
def test_a_fit_that_stopped_far_from_the_least_has_no_standard_errors(loss: str) -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=400)
    table = {"x": x, "y": 1 + 2 * x + rng.standard_t(3, size=400)}
    assert ds.fit(table, "y ~ a*x + b", loss=loss).standard_errors is not None
    stopped = ds.fit(table, "y ~ a*x + b", loss=loss, optimizer="sgd(1e-6)", steps=1)
    assert stopped.standard_errors is None
    assert "further from the minimum than a standard error" in str(stopped.no_standard_errors)


@pytest.mark.parametrize("loss", ["mae", "quantile(0.1)", "quantile(0.8)"])
def test_a_vertex_is_never_called_far_from_the_least(loss: str) -> None:
    rng = np.random.default_rng(12)
    for n in (30, 200):
        x = np.round(rng.normal(size=n), 1)
        table = {"x": x, "y": np.round(1 + 2 * x + rng.standard_t(2, size=n), 1)}
        fit = ds.fit(table, "y ~ a*x + b", loss=loss, weights=rng.integers(0, 3, n).astype(float))
        assert "further" not in str(fit.no_standard_errors)
