"""Tables that stay in their files: the same fits, the same refusals, a page in memory at a time."""

import gzip
import io
import resource
import subprocess
import sys
import textwrap

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from downslope.api.table_fitting import fit
from downslope.errors import DataError, UsageError
from downslope.fitting import memory, pages, streamed, streaming_pass, text_pages
from downslope.results.fit_loading import load_fit

RNG = np.random.default_rng(17)
N = 9_001
X = RNG.standard_normal((N, 3)) * [1.0, 20.0, 0.3] + [0.0, 5.0, -1.0]
ETA = X @ [1.0, -0.05, 2.0] + 0.4
TABLE = {
    **{f"x{i + 1}": X[:, i] for i in range(3)},
    "y": ETA + RNG.standard_normal(N),
    "label": (RNG.random(N) < 1 / (1 + np.exp(-ETA))) * 1.0,
    "count": RNG.poisson(np.exp(0.3 * ETA)).astype(float),
    "weight": RNG.random(N),
    "kind": np.array(["a", "b", "c"])[
        np.clip(np.round(X[:, 0] + 1 + 0.5 * RNG.standard_normal(N)), 0, 2).astype(int)
    ],
}
H = "y ~ p*x1 + q*x2 + r*x3 + s"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(pages, "PAGE_NUMBERS", 4_096)
    monkeypatch.setattr(text_pages, "BLOCK", 1 << 15)
    monkeypatch.setattr(text_pages, "HEAD", 1 << 12)


def written(folder, table=TABLE, name="t", endings=("parquet", "arrow", "csv")):
    """The table as files of each kind."""
    t = pa.table(table)
    paths = {ending: folder / f"{name}.{ending}" for ending in endings}
    write = {
        "parquet": lambda path: parquet.write_table(t, path, row_group_size=2_000),
        "arrow": lambda path: feather.write_feather(t, str(path), chunksize=1_500),
        "csv": lambda path: csv.write_csv(t, path, csv.WriteOptions(quoting_style="none")),
    }
    for ending, path in paths.items():
        write[ending](path)
    return paths


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("streamed"))


CASES = {
    "moments": (H, {}),
    "moments weighted": (H, {"weights": "weight", "loss": "rmse", "l2": 0.1}),
    "moments, no intercept": ("y ~ p*x1 + q*x2", {}),
    "moments, given rate": (H, {"learning_rate": 1e-3, "steps": 50}),
    "qr": (H, {"path": "qr", "weights": "weight"}),
    "kernel": (H, {"path": "kernel", "learning_rate": 1e-3, "steps": 7}),
    "features of columns": ("y ~ p*x1^2 + q*exp(x3) + r + 0.5*x1", {}),
    "huber": (H, {"loss": "huber"}),
    "standardised": (H, {"loss": "log_cosh", "learning_rate": 0.5, "steps": 20, "standardize": True}),
    "labels 0 and 1": ("label ~ p*x1 + q*x2 + r", {"loss": "log_loss"}),
    "labels in words": ("kind ~ p*x1 + q", {"loss": "softmax", "l2": 1e-3}),
    "counts": ("count ~ p*x1 + q*x2 + r", {"loss": "poisson", "weights": "weight"}),
    "l1": (H, {"l1": 0.2}),
    "any formula": ("y ~ exp(p)*x1 + q*x3 + r", {"start": "p=0.5,q=1,r=0"}),
    "target": (None, {"target": "y", "features": "x1,x2"}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
def test_the_same_as_in_memory(files, case, kind):
    hypothesis, options = CASES[case]
    there = fit(files[kind], hypothesis, stream=True, **options)
    here = fit(files[kind], hypothesis, stream=False, **options)
    scale = np.maximum(np.abs(here.run.final), 1e-3)
    assert np.all(np.abs(there.run.final - here.run.final) <= 1e-6 * scale)
    assert there.loss == pytest.approx(here.loss, rel=1e-7)
    assert there.rows == here.rows == N
    assert (there.r2 is None) == (here.r2 is None)
    if here.r2 is not None:
        assert there.r2 == pytest.approx(here.r2, rel=1e-6)
    assert there.accuracy == here.accuracy
    if here.standard_errors is not None:
        assert there.standard_errors == pytest.approx(here.standard_errors, rel=1e-5)
    assert there.problem.objective.table.pages.pages > 4
    assert any("stayed in its files" in note for note in there.notes)
    if "rate" in case or case == "kernel":
        assert np.allclose(there.history.x, here.history.x, rtol=1e-10)
        assert np.allclose(there.history.value, here.history.value, rtol=1e-12)


def test_a_squared_loss_takes_two_readings(files):
    found = fit(files["parquet"], H, stream=True, learning_rate=1e-3, steps=1_000)
    assert found.path == "moments"
    assert found.problem.objective.table.pages.passes == 2
    assert found.standard_errors is None or found.nit == 1_000


def test_pages_are_small_and_know_their_rows(files):
    seen = []
    for kind, path in files.items():
        table = pages.Pages([str(path)], {"x1", "y"})
        frames = list(table)
        assert sum(frame.rows for frame in frames) == N == table.rows
        assert max(frame.rows for frame in frames) <= 4_096 // 2
        assert np.array_equal(np.concatenate([frame["y"] for frame in frames]), TABLE["y"])
        seen.append([str(frame.where(3)) for frame in frames[:2]])
        word = "line" if kind == "csv" else "row"
        assert seen[-1][0] == f"{word} {5 if kind == 'csv' else 4}"
        at = frames[0].rows + (5 if kind == "csv" else 4)
        assert seen[-1][1] == f"{word} {at}"


def test_shifted_data_keep_their_digits(tmp_path):
    """Mean over spread is 1e8: sums of squares as they stand would keep no digit."""
    x = 1e8 + RNG.standard_normal((N, 2))
    table = {"x1": x[:, 0], "x2": x[:, 1], "y": (x - 1e8) @ [3.0, -2.0] + 5.0}
    path = written(tmp_path, table, endings=["parquet"])["parquet"]
    found = fit(path, "y ~ p*x1 + q*x2 + r", stream=True)
    assert found.x["p"] == pytest.approx(3.0, rel=1e-8)
    assert found.x["q"] == pytest.approx(-2.0, rel=1e-8)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
@pytest.mark.parametrize(
    ("column", "row", "value", "said"),
    [
        ("x2", 5_000, np.nan, "column 'x2' of .* has a missing value at (row 5001|line 5002);"),
        ("x3", 8_999, np.inf, "column 'x3' of .* is infinite at (row 9000|line 9001)"),
        ("x1", 7_000, 1e200, r"column 'x1' of .* holds 1e\+200 at (row 7001|line 7002)"),
        ("label", 6_000, 2.0, "column 'label' holds 2 at (row 6001|line 6002)"),
        ("weight", 4_000, -1.0, r"the weight at (row 4001|line 4002) \('weight'\) is -1"),
    ],
)
def test_what_is_refused_is_named_with_its_row(tmp_path, kind, column, row, value, said):
    table = {name: values.copy() for name, values in TABLE.items()}
    table[column][row] = value
    path = written(tmp_path, table, endings=[kind])[kind]
    with pytest.raises(DataError, match=said):
        fit(path, "label ~ p*x1 + q*x2 + r*x3 + s", loss="log_loss", weights="weight", stream=True)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_file_is_named_where_there_are_several(tmp_path, kind):
    half = {name: values[:4_000] for name, values in TABLE.items()}
    bad = {name: values[4_000:].copy() for name, values in TABLE.items()}
    written(tmp_path, half, "a", [kind])
    written(tmp_path, bad, "b", [kind])
    whole = fit(tmp_path / f"*.{kind}", H, stream=True)
    assert whole.x == pytest.approx(fit([tmp_path / f"a.{kind}", str(tmp_path / f"b.{kind}")], H).x, rel=1e-9)
    bad["y"][3_000] = np.nan
    written(tmp_path, bad, "b", [kind])
    place = "line 3002" if kind == "csv" else "row 3001"
    with pytest.raises(DataError, match=f"column 'y' of .*2 files.* at {place} of .*b.{kind}"):
        fit(tmp_path / f"*.{kind}", H, stream=True)
    del bad["x3"]
    written(tmp_path, bad, "b", [kind])
    with pytest.raises(DataError, match="has the columns"):
        fit(tmp_path / f"*.{kind}", H, stream=True)


def _lines(*changed, rows=5_000):
    lines = ["x,y", *(f"{i % 7},{2 * (i % 7)}.5" for i in range(rows))]
    for at, line in changed:
        lines[at] = line
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_lines((4_000, "3,oops")), "column 'y' of .* is not numbers: line 4001 holds 'oops'"),
        (_lines((4_000, "3,4,5")), "line 4001 of .* has 3 values, but the header names 2"),
        (_lines((3_999, "3,NA"), (4_000, "3,oops")), "line 4001 holds 'oops'"),
        (_lines((3_999, "3,")), "missing value at line 4000"),
        (_lines((10, '"3","4"'), (4_000, "3,")), "missing value at row 4000"),
        (_lines((4_000, "3,\xe9")).encode("latin-1"), "line 4001 of .* is not UTF-8"),
        ("x,y\n", "no rows"),
        ("", "empty"),
        ("x,x,y\n1,2,3\n", "names 'x' more than once"),
        ("x,y\na,1\nb,2\n", "column 'x' .* line 2 holds 'a', text"),
    ],
)
def test_text_that_is_refused(tmp_path, content, said):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        fit(path, "y ~ a*x + b", stream=True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.parquet", b"PAR2", "is not a Parquet file"),
        ("t.arrow", b"no arrow", "is not an Arrow file"),
        ("t.csv.gz", b"\x1f\x8b\x08broken", "is not whole gzip data"),
        ("t.xls", b"", "can be read"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        fit(tmp_path / name, "y ~ a*x + b", stream=True)
    with pytest.raises(DataError, match="No such file"):
        fit(tmp_path / f"none{name}", "y ~ a*x + b", stream=True) if name != "t.xls" else fit(
            tmp_path / "none.csv", "y ~ a*x + b", stream=True
        )


def test_missing_rows_are_left_out_on_request(tmp_path):
    table = {name: values.copy() for name, values in TABLE.items()}
    table["y"][100:2_600] = np.nan  # more than a page
    table["x1"][[0, N - 1]] = np.nan
    for path in written(tmp_path, table).values():
        found, here = (fit(path, H, drop_missing=True, stream=s) for s in (True, False))
        assert (found.rows, found.rows_dropped) == (here.rows, here.rows_dropped) == (N - 2_502, 2_502)
        assert found.x == pytest.approx(here.x, rel=1e-9)
        assert any("2502 rows" in note for note in found.notes)
    table["x2"][5_000] = np.inf
    path = written(tmp_path, table, endings=["csv"])["csv"]
    with pytest.raises(DataError, match="infinite at line 5002"):
        fit(path, H, drop_missing=True, stream=True)
    table["y"][:] = np.nan
    with pytest.raises(DataError, match="every row"):
        fit(written(tmp_path, table, endings=["csv"])["csv"], H, drop_missing=True, stream=True)


def test_what_holds_for_the_whole_table_only(tmp_path):
    table = {"x": np.ones(N), "z": X[:, 0], "v": X[:, 0].copy(), "y": np.repeat([0.0, 1.0], [4_500, 4_501])}
    path = written(tmp_path, table, endings=["parquet"])["parquet"]
    assert fit(path, "y ~ a*z + b", loss="log_loss", stream=True).success  # every page but one has one class
    said = fit(path, "y ~ a*x + b*z + c*v + d", stream=True, steps=5, learning_rate=0.01).warnings
    assert any("of a is constant" in warning for warning in said)
    assert any("b and c are the same" in warning for warning in said)
    table["v"][N - 1] += 1
    table["x"][N - 2] += 1
    path = written(tmp_path, table, endings=["parquet"])["parquet"]
    assert not fit(path, "y ~ a*x + b*z + c*v + d", stream=True, steps=5, learning_rate=0.01).warnings
    table["y"][:] = 1.0
    path = written(tmp_path, table, endings=["parquet"])["parquet"]
    with pytest.raises(DataError, match="one class only"):
        fit(path, "y ~ a*z + b", loss="log_loss", stream=True)
    with pytest.raises(DataError, match="all zero"):
        fit(path, "y ~ a*z + b", weights=np.zeros(N), stream=True)
    with pytest.raises(UsageError, match="shape"):
        fit(path, "y ~ a*z + b", weights=np.ones(N + 1), stream=True)


def test_weights_may_be_given_as_numbers(files):
    there, here = (fit(files["csv"], H, weights=TABLE["weight"], stream=s) for s in (True, False))
    assert there.x == pytest.approx(here.x, rel=1e-9)


def test_standard_input_is_read_once(files, monkeypatch):
    content = files["csv"].read_bytes()

    def piped(data):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    here = fit(files["csv"], H)
    for data in (content, gzip.compress(content), pa.compress(content, "zstd", asbytes=True)):
        piped(data)
        found = fit("-", H, stream=True)
        assert found.x == pytest.approx(here.x, rel=1e-9)
        assert found.loss == pytest.approx(here.loss, rel=1e-10)
        assert found.r2 == pytest.approx(here.r2, rel=1e-9)
        assert found.standard_errors == pytest.approx(here.standard_errors, rel=1e-6)
        assert "no second look" in found.notes[-1]
    for options in ({"loss": "huber"}, {"l1": 0.1}, {"path": "formula"}):
        piped(content)
        with pytest.raises(UsageError, match="read only once"):
            fit("-", H, stream=True, **options)
    for options in ({"path": "qr"}, {"batch_size": 32}):
        piped(content)
        with pytest.raises(UsageError, match="needs it again"):
            fit("-", H, stream=True, **options)
    piped(files["parquet"].read_bytes())
    with pytest.raises(DataError, match="save it"):
        fit("-", H, stream=True)
    piped(content)
    assert fit("-", H, loss="huber").success  # into memory, as nobody knows how much will come


def test_what_does_not_fit_into_memory_is_streamed(files, monkeypatch):
    assert fit(files["csv"], H).problem.frame.rows == N
    for kind, path in files.items():
        needs = pages.Pages([str(path)], {"x1", "x2", "x3", "y"}).needs
        assert 2 * 8 * N * 4 <= needs <= 100 * 8 * N, kind
        monkeypatch.setattr(streamed, "SMALL", 0)
        for free, whether in ((needs, True), (3 * needs, False)):
            monkeypatch.setattr(streamed, "available", lambda free=free: free)
            assert fit(path, H).problem.objective.streamed == whether
            assert not fit(path, H, stream=False).problem.objective.streamed
    monkeypatch.setattr(streamed, "available", lambda: 0)
    assert not fit(TABLE, "y ~ p*x1 + q").problem.objective.streamed


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (TABLE, {"stream": True}, "is a dict in memory"),
        ("t.csv", {"stream": "yes"}, "it can be 'auto', True or False"),
        (None, {"gradient": {"p": "sum(x1)", "q": "sum(x2)", "r": "sum(x3)", "s": "sum(1)"}}, "in memory"),
        (None, {"batch_size": 5_000}, "pages of .* rows: give at most"),
    ],
)
def test_requests_that_are_refused(files, table, options, said):
    with pytest.raises(UsageError, match=said):
        fit(table or files["parquet"], H, **{"stream": True, **options})


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path):
    path = written(tmp_path, endings=["parquet"])["parquet"]

    def shorten(step):
        written(tmp_path, {name: values[:-1] for name, values in TABLE.items()}, endings=["parquet"])

    with pytest.raises(DataError, match="9,001 rows at first and has 9,000 now"):
        fit(path, H, loss="huber", stream=True, callback=shorten)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam"])
def test_mini_batches_page_by_page(files, optimizer):
    options = {
        "batch_size": 32,
        "epochs": 4,
        "optimizer": optimizer,
        "learning_rate": 0.01,
        "standardize": True,
    }
    found, again = (fit(files["parquet"], H, stream=True, **options) for _ in range(2))
    assert np.array_equal(found.history.x, again.history.x)
    other = fit(files["parquet"], H, stream=True, seed=1, **options)
    assert not np.array_equal(found.run.final, other.run.final)
    exact = fit(files["parquet"], H)
    assert found.loss == pytest.approx(exact.loss, rel=0.01)
    assert found.path == "batches"


def test_an_epoch_in_pages_against_a_plain_loop(files):
    from downslope.fitting.batches import _shuffled

    found = fit(
        files["parquet"], H, stream=True, batch_size=500, epochs=1, learning_rate=1e-3, weights="weight"
    )
    theta, w = np.zeros(4), TABLE["weight"]
    design = np.column_stack([X, np.ones(N)])
    begin = 0
    for page, part in enumerate(found.problem.objective.parts()):
        order = begin + _shuffled(part.rows, (0, 0, page))[0]
        assert np.array_equal(np.sort(order), np.arange(begin, begin + part.rows.count))
        for first in range(0, len(order), 500):
            rows = order[first : first + 500]
            r = design[rows] @ theta - TABLE["y"][rows]
            theta = theta - 1e-3 * design[rows].T @ (2 * w[rows] * r) / (500 * w.mean())
        begin += part.rows.count
    assert np.allclose(found.run.final, theta, rtol=1e-9)


def test_some_rows_are_kept_from_the_whole_table(files, monkeypatch):
    monkeypatch.setattr(streaming_pass, "MOST_KEPT", 300)
    found = fit(files["csv"], H, stream=True, loss="huber")
    sample = found.problem.frame
    stride = 16  # 9001/16 are 563, between 300 and 600
    assert np.array_equal(sample["y"], TABLE["y"][::stride])
    assert found.success
    assert found.x == pytest.approx(fit(files["csv"], H, loss="huber").x, rel=1e-6)


def test_predictions_pictures_and_saving(files, tmp_path):
    found = fit(files["parquet"], H, stream=True)
    with pytest.raises(DataError, match="9,001 rows that were fitted are not in memory"):
        found.predict()
    with pytest.raises(DataError, match="not in memory"):
        found.residuals()
    assert found.predict(files["parquet"]) == pytest.approx(X @ list(found.x.values())[:3] + found.x["s"])
    found.plot(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    found.save(tmp_path / "fit.json")
    assert load_fit(tmp_path / "fit.json").x == found.x
    assert "stayed in its files" in repr(found)


def test_several_readings_are_not_repeated_for_the_same_point(files):
    objective = fit(files["parquet"], H, stream=True, loss="huber").problem.objective
    table, theta = objective.table.pages, np.array([1.0, 0.0, 1.0, 0.0])
    before = table.passes
    first = objective.value_and_gradient(theta)
    again = objective.value_and_gradient(theta)
    objective.data_value(theta)
    assert table.passes == before + 1
    assert first[0] == again[0]
    assert np.array_equal(first[1], again[1])
    assert first[1] is not again[1]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="the system sets no limit to memory")
def test_the_limit_of_the_process_counts_as_memory():
    assert memory.available() > 1 << 20
    script = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31));"
    script += "from downslope.fitting.memory import available; print(available())"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 0 < int(run.stdout) < 1 << 31


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="the system sets no limit to memory")
def test_memory_stays_far_below_the_table(tmp_path):
    """A table of 160 MB, fitted with at most a fifth of that beyond what reading a small one takes."""
    rows, path = 2_000_000, tmp_path / "t.parquet"
    schema = pa.schema([(f"x{i}", pa.float64()) for i in range(10)])
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for k in range(20):
            block = np.random.default_rng(k).standard_normal((rows // 20, 10))
            writer.write_table(pa.table({f"x{i}": block[:, i] for i in range(10)}))
    small = tmp_path / "small.parquet"
    parquet.write_table(parquet.ParquetFile(path).read_row_group(0), small)
    script = textwrap.dedent("""
        import resource, sys
        from downslope.api.table_fitting import fit
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        h = "x0 ~ " + " + ".join(f"p{i}*x{i}" for i in range(1, 10)) + " + q"
        fit(sys.argv[1], h, stream=True)
        before = peak()
        found = fit(sys.argv[2], h, stream=True)
        print(found.rows, peak() - before)
    """)
    run = [sys.executable, "-c", script, str(small), str(path)]
    rows_read, grown = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert int(rows_read) == rows
    assert float(grown) < 32


LONG = "y ~ a*exp(-b*x) + c"


def _changes(before, after):
    """A callback that changes a file once."""
    todo = [after]

    def once(step):
        if todo:
            todo.pop()()

    before()
    return once


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("\n7,", "\n7,nan\n7,", 1), "missing value.*has changed since"),
        (lambda text: text.replace("\n7,", "\n7,oops\n7,", 1), "line .* holds 'oops'"),
        (lambda text: "", "has changed while it was read"),
        (lambda text: text.partition("\n")[0] + "\n", "has no rows"),
        (lambda text: text.replace("x,y", "y,x", 1), "has changed while it was read"),
        (lambda text: "x\n1\n2\n", "has changed while it was read"),
        (lambda text: text.replace("\n7,", "\n7,inf\n7,", 1), "infinite.*has changed since"),
    ],
    ids=["nan", "text", "empty", "header", "order", "column", "inf"],
)
def test_a_text_that_changes_between_two_passes(tmp_path, change, said):
    path = tmp_path / "t.csv"
    text = "x,y\n" + "".join(f"{i % 20},{np.exp(-i % 20 / 9) + 1}\n" for i in range(3_000))
    callback = _changes(lambda: path.write_text(text), lambda: path.write_text(change(text)))
    with pytest.raises(DataError, match=said):
        fit(path, LONG, start="a=1,b=1,c=0.5", stream=True, callback=callback)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"x": [1.0, np.nan], "y": [1.0, 2.0]}, "missing value at row 2.*has changed since"),
        ({"x": [1.0, 2.0]}, "column 'y' is gone"),
        ({"x": ["a", "b"], "y": [1.0, 2.0]}, "is not numbers.*has changed since"),
        (None, "is not an? .* file, or is damaged"),
    ],
    ids=["nan", "column", "text", "empty"],
)
def test_a_binary_file_that_changes_between_two_passes(tmp_path, ending, after, said):
    table = {"x": np.arange(3_000) % 20.0, "y": np.exp(-(np.arange(3_000) % 20) / 9) + 1}
    path = written(tmp_path, table, endings=(ending,))[ending]

    def rewrite():
        if after is None:
            path.write_bytes(b"")
        else:
            written(tmp_path, after, endings=(ending,))

    with pytest.raises(DataError, match=said):
        fit(path, LONG, start="a=1,b=1,c=0.5", stream=True, callback=_changes(lambda: None, rewrite))


def test_a_label_that_was_not_there_at_first(tmp_path):
    path = tmp_path / "t.csv"
    text = "x,y\n" + "".join(f"{i % 7},{'abc'[i % 3]}\n" for i in range(900))
    callback = _changes(lambda: path.write_text(text), lambda: path.write_text(text.replace(",c", ",d")))
    with pytest.raises(DataError, match=r"a label that was not among those fitted: 'd'.*has changed since"):
        fit(path, target="y", loss="softmax", stream=True, callback=callback)


@pytest.mark.parametrize("options", [{}, {"weights": "weight"}, {"l2": 0.1}, {"l1": 0.1}], ids=str)
@pytest.mark.parametrize("loss", ["mse", "rmse", "mae", "huber:1", "log_cosh", "quantile:0.3"])
@pytest.mark.parametrize("formula", ["y ~ b", "y ~ b + 3", "y ~ b*2", "y ~ a*x1", "y ~ a*x1 + 2*x2"])
def test_hypotheses_of_one_parameter(files, formula, loss, options):
    """Of no column, of one, without a constant term, or with one that goes by another name: R² is the same too."""
    one, other = (
        fit(files["parquet"], formula, loss=loss, stream=stream, **options) for stream in (True, False)
    )
    assert one.status == other.status == "converged"
    assert one.loss == pytest.approx(other.loss, rel=1e-8)
    assert one.r2 == pytest.approx(other.r2, abs=1e-5)
    assert one.success


@pytest.mark.parametrize("options", [{}, {"weights": "weight"}, {"loss": "rmse"}], ids=str)
@pytest.mark.parametrize("formula", [H, "y ~ p*x1 + q*x2", "y ~ s", "y ~ p*x1 + 2*x2 + s"])
def test_prediction_intervals(files, tmp_path, formula, options):
    """From the moments, also where the fit was saved when the table was no longer there."""
    path = tmp_path / "t.parquet"
    path.write_bytes(files["parquet"].read_bytes())
    one, other = (fit(path, formula, stream=stream, **options) for stream in (True, False))
    one.save(tmp_path / "fit.json")
    path.unlink()
    new = {name: TABLE[name][:5] for name in ("x1", "x2", "x3")}
    right = other.predict_interval(new, level=0.9)
    for found in (one, load_fit(tmp_path / "fit.json")):
        for mine, theirs in zip(found.predict_interval(new, level=0.9), right, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-9)


def test_a_table_in_files_has_no_intervals_where_the_hypothesis_bends(files):
    found = fit(files["parquet"], "y ~ exp(p)*x1 + s", start="p=0,s=0", stream=True)
    with pytest.raises(UsageError, match=r"not linear in its parameters \(stream=False reads it whole\)"):
        found.predict_interval({"x1": [1.0]})
