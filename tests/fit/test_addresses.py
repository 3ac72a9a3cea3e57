"""Tables at addresses: the same fits as of the files by their paths, and one sentence where there is none."""

import socket

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, fs, parquet
from stored_files import bucket

import downslope as ds
from downslope.errors import DataError, UsageError
from downslope.fitting import addresses

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=600)
TABLE = pa.table({"x": X, "y": 3 * X - 1 + RANDOM.normal(size=600)})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Parts of a table in files of every kind."""
    for i in range(3):
        part = TABLE.slice(200 * i, 200)
        parquet.write_table(part, tmp_path / f"part-{i}.parquet", row_group_size=50)
        csv.write_csv(part, tmp_path / f"part-{i}.csv", csv.WriteOptions(quoting_style="none"))
        feather.write_feather(part, tmp_path / f"part-{i}.arrow", compression="uncompressed")
        rows = "".join(
            f'{{"x": {x!r}, "y": {y!r}}}\n' for x, y in zip(*part.to_pydict().values(), strict=True)
        )
        (tmp_path / f"part-{i}.jsonl").write_text(rows)
        with pa.output_stream(str(tmp_path / f"packed-{i}.csv.gz"), compression="gzip") as packed:
            packed.write((tmp_path / f"part-{i}.csv").read_bytes())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def bits(fit):
    return fit.run.final.tobytes(), fit.run.history.value.tobytes()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "names", ["part-*.parquet", "part-*.csv", "part-*.arrow", "part-?.jsonl", "packed-[0-2].csv.gz"]
)
def test_a_bucket_is_read_as_a_folder(names, stream, folder):
    expected = ds.fit(str(folder / names), target="y", stream=stream)
    with bucket(folder) as query:
        found = ds.fit(f"s3://table/{names}{query}", target="y", stream=stream)
    assert bits(found) == bits(expected)


def test_workers_open_addresses_by_themselves(folder):
    expected = ds.fit(str(folder / "part-*.parquet"), target="y", stream=True, loss="huber")
    with bucket(folder) as query:
        found = ds.fit(
            f"s3://table/part-*.parquet{query}", target="y", loss="huber", engine="processes", workers=2
        )
    assert bits(found) == bits(expected)


def test_addresses_of_files_here(folder):
    expected = ds.fit(str(folder / "part-*.csv"), target="y")
    assert bits(ds.fit(f"{folder.as_uri()}/part-*.csv", target="y")) == bits(expected)
    one = ds.fit((folder / "part-1.csv").as_uri(), target="y")
    assert bits(one) == bits(ds.fit(str(folder / "part-1.csv"), target="y"))


def test_any_filesystem_of_pyarrow_or_fsspec(folder, monkeypatch):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    for path in folder.glob("part-*.parquet"):
        memory.pipe(f"/table/{path.name}", path.read_bytes())
    stores = {
        "memory": fs.PyFileSystem(fs.FSSpecHandler(memory)),
        "sub": fs.SubTreeFileSystem(str(folder.parent), fs.LocalFileSystem()),
    }
    expected = bits(ds.fit(str(folder / "part-*.parquet"), target="y", stream=True))
    for bucket_name, store in (("table", stores["memory"]), (folder.name, stores["sub"])):
        monkeypatch.setattr(addresses, "_store", lambda address, store=store: store)
        assert bits(ds.fit(f"gs://{bucket_name}/part-*.parquet", target="y", stream=True)) == expected


def test_patterns_name_what_they_name_in_folders(folder):
    for name in ("a", "b"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "part-0.csv").write_bytes(b"")
        (folder / name / "deep" / "part-0.csv").write_bytes(b"")
    with bucket(folder) as query:
        found = [
            address.removesuffix(query)
            for address in addresses.stored_matches(f"s3://table/*/part-*.csv{query}")
        ]
    assert found == ["s3://table/a/part-0.csv", "s3://table/b/part-0.csv"]


@pytest.mark.parametrize("names", ["part-0.parquet", "part-*.parquet"])
@pytest.mark.parametrize("status", [403, 404])
def test_what_is_refused_is_told_in_a_sentence(status, names, folder):
    with bucket(folder, refused=status) as query, pytest.raises(DataError) as told:
        ds.fit(f"s3://table/{names}{query}", target="y")
    assert str(told.value).startswith(f"s3://table/{names}{query} cannot be read: ")
    assert "you may read there" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_pattern_that_names_nothing(folder):
    with bucket(folder) as query, pytest.raises(DataError, match="no file matches"):
        ds.fit(f"s3://table/none-*.parquet{query}", target="y")


def test_an_address_where_nobody_answers(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        query = f"?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DataError, match=r"cannot be read: .*See whether the address is right"):
            ds.fit(f"s3://table/part-0.parquet{query}", target="y")


def test_a_password_in_an_address_is_refused():
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID") as told:
        ds.fit("s3://key:secret@table/part-*.parquet", target="y")
    assert "secret@" not in str(told.value)
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID"):
        ds.fit("s3://key:secret@table/part.parquet", target="y")
