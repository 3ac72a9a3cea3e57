"""Files that were damaged, by chance or on purpose: an error of ours or a right reading, never another exception.

The seed is new each time and printed; DOWNSLOPE_FUZZ_SEED repeats one, DOWNSLOPE_FUZZ_TRIALS sets how many there are.
"""

import gc
import json
import os
import random
import secrets
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import downslope as ds
from downslope.errors import DataError, DownslopeError
from downslope.fitting import pages

SEED = int(os.environ.get("DOWNSLOPE_FUZZ_SEED", secrets.randbelow(10**9)))
TRIALS = int(os.environ.get("DOWNSLOPE_FUZZ_TRIALS", 60))
TABLES = [p for p in sorted((Path(__file__).parents[1] / "data" / "tables").iterdir()) if p.suffix != ".json"]
TOKENS = [
    *(b'"', b",", b";", b"\t", b"\n", b"\r", b"#", b"\x00", b"\xff", b"\xe9", b"1e400", b"-", b"NA", b"sep="),
    *(
        b" ",
        b"'",
        b"%",
        b".",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"1,234",
        b"`",
        b"~",
        b"inf",
        b"nan",
        b"\xb0\xa1",
    ),
]
READINGS = [
    *[{}] * 5,
    {"decimal": ","},
    {"thousands": ","},
    {"skip_rows": 1},
    {"na_values": "x"},
    {"encoding": "utf-16"},
]


@pytest.fixture
def rng():
    print(f"DOWNSLOPE_FUZZ_SEED={SEED}")
    return random.Random(SEED)


def ours(work):
    """Do it; only errors of ours may come of it."""
    try:
        work()
    except DownslopeError as error:
        str(error)


def changed(rng, content):
    text = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(5):
            case 0:
                text[at:at] = rng.choice(TOKENS)
            case 1:
                del text[at : at + rng.randrange(1, 6)]
            case 2 if at < len(text):
                text[at] = rng.randrange(256)
            case 3:
                text[at:at] = text[: rng.randrange(1, 30)]
            case 4:
                text[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"]
                )
    return bytes(text)


def test_texts(rng, tmp_path):
    for _ in range(TRIALS):
        table = rng.choice(TABLES)
        path = tmp_path / f"m{table.suffix}"
        path.write_bytes(changed(rng, table.read_bytes()))
        options = rng.choice(READINGS)
        asked = {"steps": 20, "drop_missing": rng.random() < 0.5, "stream": rng.random() < 0.5, **options}
        ours(lambda path=path, asked=asked: ds.fit(path, "y ~ a*x + b", **asked))
        ours(lambda path=path, options=options: repr(ds.look(path, **options)))


@pytest.mark.parametrize("name", ["m.parquet", "m.arrow", "m.arrows"])
def test_binary_files(rng, tmp_path, name):
    rows = np.arange(50)
    table = pa.table(
        {
            "x": rows * 1.0,
            "y": rows * 2.0 + 1,
            "s": [["a", "b", "c"][i % 3] for i in rows],
            "d": pa.array([["u", "v"][i % 2] for i in rows]).dictionary_encode(),
            "i": pa.array([None if i % 7 == 0 else int(i) for i in rows]),
        }
    )
    path = tmp_path / name
    if name == "m.parquet":
        parquet.write_table(table, path)
    elif name == "m.arrow":
        feather.write_feather(table, path, compression="uncompressed")
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    whole = path.read_bytes()
    for _ in range(TRIALS):
        path.write_bytes(changed(rng, whole))
        formula, stream = rng.choice(["y ~ a*x + b", "y ~ a*i + b", "y ~ a*s + b"]), rng.random() < 0.5
        ours(lambda f=formula, s=stream: ds.fit(path, f, steps=20, drop_missing=True, stream=s))
        ours(lambda: repr(ds.look(path)))


def saved(folder):
    ds.fit({"x": [1, 2, 3, 4], "y": [1, 2, 4, 5.0]}, "y ~ a*x + b").save(folder / "f.json")
    city = ["Bern", "Uri"] * 6
    ds.fit({"city": city, "y": np.arange(12.0) ** 2}, target="y", holdout=0.25).save(folder / "g.json")
    ds.minimize("x^2 + y^2", start={"x": 1, "y": 2}, optimizer="adam", steps=5).save(folder / "r.json")
    return [json.loads((folder / name).read_text()) for name in ("f.json", "g.json", "r.json")]


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(min(len(value), 3))
        for key in keys:
            yield from places(value[key], (*path, key))


def use(path):
    found = ds.load(path)
    repr(found)
    found.explain()
    if hasattr(found, "predict"):
        found.predict({"x": [1.0, 2.0], "city": ["Bern", "Uri"]})
        found.predict_interval({"x": [1.0], "city": ["Uri"]})
    found.save(path.parent / "again.json")


def test_saved_runs_and_fits(rng, tmp_path):
    files = saved(tmp_path)
    deep = []
    for _ in range(900):
        deep = [deep]
    values = [
        None,
        True,
        -1,
        0,
        1e308,
        "inf",
        "x",
        [],
        {},
        [1, 2],
        {"a": 1},
        10**30,
        "",
        "~",
        "a" * 300,
        deep,
        "`",
    ]
    path = tmp_path / "m.json"
    for _ in range(3 * TRIALS):
        data = json.loads(json.dumps(rng.choice(files)))
        del data["sha256"], data["digest"]  # else nothing but that would be looked at
        *before, last = rng.choice([place for place in places(data) if place])
        inner = data
        for key in before:
            inner = inner[key]
        if isinstance(inner, dict) and rng.random() < 0.25:
            del inner[last]
        else:
            inner[last] = rng.choice(values)
        path.write_text(json.dumps(data))
        ours(lambda: use(path))


def test_numbers_of_thousands_of_digits_and_deep_files(tmp_path):
    path = tmp_path / "m.json"
    for text in (
        '{"schema": 1, "nit": ' + "9" * 5_000 + "}",
        "[" * 100_000,
        '{"schema": 1, "x": ' + "[" * 500 + "]" * 500 + "}",
    ):
        path.write_text(text)
        with pytest.raises(DataError):
            ds.load(path)


def test_one_flipped_digit_is_found(rng, tmp_path):
    saved(tmp_path)
    for name in ("f.json", "g.json", "r.json"):
        path = tmp_path / name
        text = path.read_text()
        ds.load(path)
        digits = [i for i, c in enumerate(text[: text.rindex("sha256")]) if c.isdigit()]
        for at in rng.sample(digits, 20):
            other = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
            if json.loads(other) == json.loads(text):
                continue  # the last digit of seventeen can be another and the number the same
            path.write_text(other)
            with pytest.raises(DataError):
                ds.load(path)


def test_a_parameter_that_was_changed_is_found_without_a_digest_too(tmp_path):
    data = saved(tmp_path)[0]
    del data["sha256"], data["digest"]
    path = tmp_path / "m.json"
    path.write_text(json.dumps(data))
    assert ds.load(path).x == data["parameters"]
    data["parameters"]["a"] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match="predicts by other parameters than it found"):
        ds.load(path)


def test_a_stream_left_early_is_no_trouble_to_whoever_collects_the_garbage(tmp_path, monkeypatch):
    """Its end is run within any lock that is held at that moment, such as those of ``threading``."""
    import threading

    monkeypatch.setattr(pages, "PAGE_NUMBERS", 2_000)
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"x": np.arange(9_000.0), "y": np.arange(9_000.0)}), path)
    stream = iter(pages.Pages([str(path)]))
    next(stream)
    with threading._shutdown_locks_lock if hasattr(threading, "_shutdown_locks_lock") else threading.Lock():
        del stream
        gc.collect()
    assert ds.fit(path, "y ~ a*x + b", stream=True).x["a"] == pytest.approx(1)


def written(table, path):
    """The table as a Parquet file, an Arrow file or an Arrow stream."""
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    elif path.suffix == ".arrow":
        feather.write_feather(table, path, compression="uncompressed")
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["m.parquet", "m.arrow", "m.arrows"])
@pytest.mark.parametrize("word", ["a column's name", "a name within a column", "a word", "a category"])
def test_texts_that_are_no_utf8(tmp_path, name, word, stream):
    mark = "QQQQ"
    columns = {
        "a column's name": {mark: [1.0, 2.0, 4.0]},
        "a name within a column": {"s": [{mark: 1.0}, {mark: 2.0}, {mark: 3.0}]},
        "a word": {"s": [mark, "a", "b"]},
        "a category": {"s": pa.array([mark, "a", mark]).dictionary_encode()},
    }[word]
    path = tmp_path / name
    written(pa.table({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0], **columns}), path)
    path.write_bytes(path.read_bytes().replace(mark.encode(), b"Q\xff\xfeQ"))
    with pytest.raises(DataError):
        ds.fit(path, target="y", stream=stream)
    ours(lambda: ds.fit(path, "y ~ a*x + b", stream=stream))
    ours(lambda: repr(ds.look(path)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("column", ["x", "y"])
def test_columns_whose_squares_underflow_are_refused(tmp_path, column, stream):
    rows = np.arange(30.0)
    columns = {"x": rows, "y": 2 * rows + 1}
    path = tmp_path / "m.parquet"
    parquet.write_table(pa.table({**columns, column: columns[column] * 1e-200}), path)
    with pytest.raises(DataError, match=r"its square underflows\. Rescale the column"):
        ds.fit(path, "y ~ a*x + b", stream=stream)
    parquet.write_table(pa.table({**columns, column: columns[column] * 1e-130}), path)
    fit = ds.fit(path, "y ~ a*x + b", stream=stream)
    assert fit.x["a"] == pytest.approx(2e130 if column == "x" else 2e-130, rel=1e-9)
