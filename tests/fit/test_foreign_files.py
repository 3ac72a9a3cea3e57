"""Files that are no tables of text, under a name that says they are: each is called what it is."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from downslope.api.table_fitting import fit
from downslope.errors import DataError

TABLE = {"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0]}
TEXT = b"x,y\n1,2\n2,4\n3,6\n"


def _zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, TEXT.decode() * 50)
    return out.getvalue()


def _open_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return out.getvalue()


def _written_by_arrow(write) -> bytes:
    out = io.BytesIO()
    write(pa.table(TABLE), out)
    return out.getvalue()


def _of_numpy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(6.0))
    return out.getvalue()


def _database(folder) -> bytes:
    path = folder / "made.db"
    connection = sqlite3.connect(path)
    connection.execute("create table t(x, y)")
    connection.commit()
    connection.close()
    return path.read_bytes()


CONTENTS = {
    "workbook": (lambda _: _zipped("xl/workbook.xml"), "is an Excel workbook"),
    "open document": (lambda _: _open_document(), "is an OpenDocument file"),
    "zip": (lambda _: _zipped("data.csv"), "is a zip archive"),
    "old office": (lambda _: bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504), "older Microsoft Office"),
    "database": (_database, "is an SQLite database"),
    "PDF": (lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "is a PDF document"),
    "Parquet": (lambda _: _written_by_arrow(parquet.write_table), "ends in .parquet"),
    "Arrow": (lambda _: _written_by_arrow(feather.write_feather), "ends in .arrow"),
    "gzip": (lambda _: gzip.compress(TEXT), "ends in .gz"),
    "zstd": (lambda _: pa.compress(TEXT, "zstd", asbytes=True), "ends in .zst"),
    "bzip2": (lambda _: bz2.compress(TEXT), "ends in .bz2"),
    "xz": (lambda _: lzma.compress(TEXT), "is packed with xz"),
    "NumPy": (lambda _: _of_numpy(), "numpy.load"),
    "HDF5": (lambda _: b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file"),
    "picture": (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100), "is an image"),
    "HTML": (lambda _: b"\n<!DOCTYPE html>\n<html><body>not found</body></html>\n", "is an HTML page"),
    "XML": (lambda _: b'<?xml version="1.0"?>\n<rows><row x="1"/></rows>\n', "is XML"),
    "records": (lambda _: json.dumps([{"x": 1, "y": 2}]).encode(), "is JSON"),
    "columns": (lambda _: b"\xef\xbb\xbf" + json.dumps(TABLE, indent=1).encode(), "is JSON"),
    "lines": (lambda _: b'{"x": 1, "y": 2}\n{"x": 2, "y": 4}\n', "is JSON"),
    "matrix": (lambda _: b"[[1, 2],\n [2, 4]]\n", "is JSON"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["memory", "pages"])
@pytest.mark.parametrize("name", ["table.csv", "table", "table.txt"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_what_is_no_text_is_called_what_it_is(kind, name, stream, tmp_path):
    write, said = CONTENTS[kind]
    path = tmp_path / name
    path.write_bytes(write(tmp_path))
    with pytest.raises(DataError) as caught:
        fit(str(path), "y ~ a*x + b", stream=stream)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("ending", [".xlsx", ".json", ".db", ".html"])
def test_an_ending_that_is_not_read_is_told_by_what_the_file_holds(ending, tmp_path):
    kind = {".xlsx": "workbook", ".json": "records", ".db": "database", ".html": "HTML"}[ending]
    write, said = CONTENTS[kind]
    path = tmp_path / f"table{ending}"
    path.write_bytes(write(tmp_path))
    with pytest.raises(DataError, match=said):
        fit(str(path), "y ~ a*x + b")


@pytest.mark.parametrize(
    "column", ["PAR1", "BZh", "BZh9", "PK", "ARROW1", "[x]", "{x}", "[[x]]", "<x>", "GIF"]
)
def test_a_column_with_such_a_name_is_a_column(column, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"{column},y\n1,2\n2,4\n3,6\n")
    assert fit(str(path), f"y ~ a*`{column}` + b").x == pytest.approx({"a": 2, "b": 0}, abs=1e-12)
