"""Every entry of tests/data/bad_inputs.json, groups "data" and "file", at the command line: one message, one code."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

CASES = json.loads((Path(__file__).parents[1] / "data" / "bad_inputs.json").read_text())["cases"]
ENTRIES = [(case["group"], case["input"]) for case in CASES if case["group"] in ("data", "file")]
FIT = 'fit {} "y ~ a*x + b"'
REFUSED, USAGE, FAILED, WARNED = 3, 2, 1, 0


def text(name, content, more=""):
    """(a function that writes the file, the command that reads it)"""
    content = content if isinstance(content, bytes) else content.encode()
    return (lambda folder: (folder / name).write_bytes(content)), FIT.format(name) + more


def table(columns, name="t.parquet", names=None):
    def write(folder):
        whole = pa.Table.from_arrays([pa.array(c) for c in columns], names or ["x", "y"][: len(columns)])
        if name.endswith(".arrow"):
            with ipc.new_file(folder / name, whole.schema) as file:
                file.write_table(whole)
        else:
            parquet.write_table(whole, folder / name)

    return write, FIT.format(name)


def dates():
    import datetime

    return [datetime.date(2020, 1, day) for day in (1, 2, 3)]


def steep(count):
    return "x,y\n" + "".join(f"{1e6 * i},{i}\n" for i in range(count))


# input of the entry -> (how the file is made and the command typed, exit code, what must be said)
TYPED = {
    "NaN in X": (
        text("t.csv", "x,y\n1,2\nNaN,3\n"),
        REFUSED,
        "column 'x' of t.csv has a missing value at line 3",
    ),
    "inf in X": (text("t.csv", "x,y\n1,2\ninf,3\n"), REFUSED, "column 'x' of t.csv is infinite at line 3"),
    "0 rows": (table([pa.array([], pa.float64())] * 2), REFUSED, "t.parquet has no rows"),
    "0 columns": (table([]), REFUSED, "t.parquet has no columns"),
    "1-d X": (
        (lambda folder: (folder / "t.csv").write_text("y\n1\n2\n"), "fit t.csv --target y"),
        USAGE,
        "no column besides the target 'y'",
    ),
    "3-d X": (table([[[[1.0]], [[2.0]]], [1.0, 2.0]]), REFUSED, "row 1 holds '[[1.0]]', a list"),
    "text array": (
        text("t.csv", "x,y\nred,1\nblue,2\n"),
        REFUSED,
        "column 'x' of t.csv is not numbers: line 2 holds 'red'",
    ),
    "numeric text in an object array": (
        table([["1", "2"], [1.0, 2.0]]),
        REFUSED,
        "numbers stored as text, such as '1'",
    ),
    "datetime column": (table([dates(), [1.0, 2.0, 3.0]]), REFUSED, "row 1 holds '2020-01-01', a date"),
    "nullable integer column with NA": (
        table([pa.array([1, None, 3], pa.int64()), [1.0, 2.0, 3.0]]),
        REFUSED,
        "column 'x' of t.parquet has a missing value at row 2",
    ),
    "duplicated column values": (
        (
            lambda folder: (folder / "t.csv").write_text("x,z,y\n1,1,2\n2,2,4.5\n3,3,6\n"),
            'fit t.csv "y ~ a*x + b*z + c"',
        ),
        WARNED,
        "warning: The features of a and b are the same in every row: only the sum of the two parameters is determined",
    ),
    "duplicated column names": (
        table([[1.0, 2.0]] * 3, "t.arrow", ["x", "x", "y"]),
        REFUSED,
        "t.arrow has more than one column called 'x'",
    ),
    "one cell of 1e300": (
        text("t.csv", "x,y\n1,2\n1e300,3\n4,5\n"),
        REFUSED,
        "column 'x' of t.csv holds 1e+300 at line 3: its square overflows",
    ),
    "unscaled features (1e6)": (
        text("t.csv", steep(6), " --learning-rate 0.01"),
        FAILED,
        "The learning rate 0.01 is above the limit 1.091e-13",
    ),
    "predict with wrong width": (
        (
            lambda folder: (folder / "narrow.csv").write_text("y\n1\n"),
            "predict fit.json narrow.csv",
        ),
        REFUSED,
        "narrow.csv has no column 'x', which 'y ~ a*x + b' needs",
    ),
    "predict before fit": (
        (lambda folder: None, "predict none.json good.csv"),
        REFUSED,
        "none.json cannot be read: No such file",
    ),
    "all-zero sample weights": (
        text("t.csv", "x,y,w\n1,2,0\n2,3,0\n", " --weights w"),
        REFUSED,
        "the sample weights are all zero",
    ),
    "negative sample weights": (
        text("t.csv", "x,y,w\n1,2,1\n2,3,-1\n", " --weights w"),
        REFUSED,
        "the weight at line 3 ('w') is -1",
    ),
    "classifier given continuous target": (
        text("t.csv", "x,y\n1,0.25\n2,1\n3,0.5\n", " --loss softmax"),
        REFUSED,
        "softmax takes labels, and column 'y' holds 0.25 at line 2",
    ),
    "linearly separable data, no penalty": (
        text("t.csv", "x,y\n" + "".join(f"{i},{int(i > 4)}\n" for i in range(9)), " --loss log_loss"),
        FAILED,
        "The classes can be separated perfectly, so without a penalty no finite parameters are best",
    ),
    "header only": (text("t.csv", "x,y\n"), REFUSED, "t.csv has a header (x, y) but no rows"),
    "row too long": (text("t.csv", "x,y\n1,2\n1,2,3\n"), REFUSED, "line 3 of t.csv has 3 values"),
    "repeated header name": (text("t.csv", "x,x,y\n1,2,3\n"), REFUSED, "names 'x' more than once"),
    "not UTF-8 / UTF-16 file": (
        text("t.csv", "x,y\n1,2\n2,z\n".encode("utf-16")),
        REFUSED,
        "column 'y' of t.csv is not numbers: line 3 holds 'z'",
    ),
    "decimal comma, thousands separator, one bad cell": (
        text("t.csv", "x;y\n1;2,500\n2;3,500\n"),
        REFUSED,
        "line 2 holds '2,500', text. Say how it is meant: --decimal , reads 2.5, --thousands , reads 2500",
    ),
    "number 1e400": (text("t.csv", "x,y\n1,2\n2,1e400\n"), REFUSED, "infinite at line 3"),
    "NUL byte in a cell": (text("t.csv", "x,y\n1,2\n2,\x003\n"), REFUSED, r"line 3 holds '\x003'"),
    "unknown column name": (
        (lambda folder: None, 'fit good.csv "yy ~ a*x + b"'),
        USAGE,
        "good.csv has no column 'yy'. Did you mean 'y'? The columns are: x, y.",
    ),
    "missing file / a directory": (
        (lambda folder: None, FIT.format("none.csv")),
        REFUSED,
        "none.csv cannot be read",
    ),
}
MORE = {
    "a thousands separator": (
        text("t.csv", 'x,y\n1,"1,234"\n2,"2,345"\n'),
        REFUSED,
        "'1,234', text. Say how it is meant: --decimal , reads 1.234, --thousands , reads 1234",
    ),
    "one bad cell": (text("t.csv", "x,y\n1,2\n2,n/k\n"), REFUSED, "line 3 holds 'n/k', text. Correct it"),
    "Latin 1": (text("t.csv", b"x,y\n1,2\n1,\xe9\n"), REFUSED, "line 3 holds 'é', text"),
    "no encoding that is known": (
        text("t.csv", b"x,y\n1,2\n\x81\x81\x81\xfe\xff\x90,\x8d\x8f\n", " --encoding cp1252"),
        REFUSED,
        "line 3 of t.csv is not CP1252 text (byte 0x81); name its encoding: --encoding latin-1",
    ),
    "a directory": ((lambda folder: (folder / "d").mkdir(), FIT.format("d")), REFUSED, "d is a folder"),
    "a run, not a fit": (
        (lambda folder: None, "predict run.json good.csv"),
        REFUSED,
        "holds a run of 'minimize'",
    ),
    "labels for log_loss": (
        text("t.csv", "x,y\n1,no\n2,yes\n", " --loss log_loss"),
        REFUSED,
        "takes labels 0 and 1, and column 'y' holds text, such as 'no'",
    ),
    "counts below zero": (
        text("t.csv", "x,y\n1,2\n2,-1\n", " --loss poisson"),
        REFUSED,
        "holds -1 at line 3",
    ),
    "repeated names in Parquet": (
        table([[1.0, 2.0]] * 3, "t.parquet", ["x", "x", "y"]),
        REFUSED,
        "more than one column called 'x'",
    ),
}


def test_every_entry_has_its_case():
    assert {name for _, name in ENTRIES} == set(TYPED)


@pytest.fixture
def folder(downslope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text("x,y\n1,2\n2,4\n3,5\n")
    assert downslope('fit good.csv "y ~ a*x + b" --save fit.json').code == 0
    assert downslope("minimize x^2 --start x=1 --save run.json").code == 0
    return tmp_path


@pytest.mark.parametrize("name", [*TYPED, *MORE])
def test_bad_data_is_answered_by_one_message(downslope, folder, name):
    (write, line), code, words = {**TYPED, **MORE}[name]
    write(folder)
    answer = downslope(line)
    assert answer.code == code
    assert "bug" not in answer.err
    assert "Traceback" not in answer.err
    assert max(map(len, answer.err.splitlines()), default=0) <= 80
    if code in (REFUSED, USAGE):
        assert answer.out == ""
        assert words in answer.words
        assert answer.err.startswith("error: ")
        assert answer.err.count("error:") == 1
    else:
        assert words in " ".join((answer.out + answer.err).split())
        assert "error:" not in answer.err
