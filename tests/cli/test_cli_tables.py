"""Options that say how a text is read, in fit and predict, and rows left out in predict."""

import json

import pytest

F = "x,y\n2,81\n4,93\n6,91\n8,97\n"
FIT = 'fit t.csv "y ~ a*x + b"'


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(content, name="t.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(content.encode(encoding))

    return write


@pytest.mark.parametrize(
    ("content", "encoding", "options", "right"),
    [
        (
            "x;y\n1,500;10,250\n2,500;12,500\n3,500;11,750\n4,500;14,500\n",
            "utf-8",
            "--decimal ,",
            (1.2, 8.65),
        ),
        ('x,y\n"1,000",81\n"2,000",93\n"3,000",91\n"4,000",97\n', "utf-8", "--thousands ,", (0.0046, 79.0)),
        ("Made, by hand\n" + F, "utf-8", "--skip-rows 1", (2.3, 79.0)),
        (F.replace("4,93", "4,93\n5,zero"), "utf-8", "--na-values none,zero --drop-missing", (2.3, 79.0)),
        (F.replace("x", "größe"), "cp850", "--encoding cp850", (2.3, 79.0)),
    ],
    ids=["decimal", "thousands", "skip", "missing", "encoding"],
)
def test_what_cannot_be_told_is_said(downslope, written, content, encoding, options, right):
    written(content, encoding=encoding)
    name = "größe" if encoding == "cp850" else "x"
    asked = f'fit t.csv "y ~ a*{name} + b" {options}'
    answer = downslope(f"{asked} --format json --save f.json")
    assert answer.code == 0
    assert [json.loads(answer.out)["parameters"][p] for p in "ab"] == pytest.approx(right, rel=1e-9)
    predicted = downslope(f"predict f.json t.csv {options} --format json")
    assert predicted.code == 0
    assert len(json.loads(predicted.out)["prediction"]) == 4 + ("missing" in options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--decimal x", "--decimal is 'x'; it can be one of '.' ','"),
        ("--decimal , --thousands ,", "decimals and thousands cannot both be written with ','"),
        ("--thousands . --decimal .", "decimals and thousands cannot both be written with '.'"),
        ("--skip-rows -1", "--skip-rows is -1; it must be a whole number of lines, at least 0"),
        ("--skip-rows 9", "t.csv has 5 lines, and --skip-rows 9 leaves none"),
        ("--encoding klingon", "there is no encoding 'klingon'"),
    ],
)
def test_options_that_make_no_sense(downslope, written, options, said):
    written(F)
    answer = downslope(f"{FIT} {options}")
    assert answer.code in (2, 3)
    assert said in answer.words


def test_rows_with_missing_values_are_left_out_of_predictions_when_asked(downslope, written):
    written(F)
    assert downslope(f"{FIT} --save f.json").code == 0
    written("x\n2\nNA\n6\n", "new.csv")
    refused = downslope("predict f.json new.csv")
    assert refused.code == 3
    assert "column 'x' of new.csv has a missing value at line 3" in refused.words
    assert "--drop-missing" in refused.words
    answer = downslope("predict f.json new.csv --drop-missing")
    assert answer.out == "row,prediction\n1,83.6\n3,92.8\n"
    assert "1 row with missing values was left out" in answer.err


def test_how_a_file_was_read_is_noted(downslope, written):
    written("sep=;\nx;y\n" + F.partition("\n")[2].replace(",", ";"))
    answer = downslope(f"{FIT} --save f.json")
    assert "values are separated by ';'" in " ".join((answer.out + answer.err).split())
    again = downslope("predict f.json t.csv")
    assert again.out.startswith("prediction\n83.6")
    assert "values are separated by ';'" in " ".join(again.err.split())
    assert downslope("predict f.json t.csv --quiet").err == ""


def test_a_device_that_never_ends_is_refused(downslope):
    answer = downslope('fit /dev/zero "y ~ a*x + b"')
    assert answer.code == 3
    assert "/dev/zero is a device, not a file" in answer.words


def test_what_a_terminal_would_obey_is_shown(downslope, written):
    written(F.replace("x", "x\x1b[31m").replace("y", "y\x07"))
    answer = downslope("fit t.csv --target z")
    assert "\x1b" not in answer.err
    assert "x\\x1b[31m, y\\x07" in answer.words
    fitted = downslope("fit", "t.csv", "--target", "y\x07")
    assert fitted.code == 0
    assert "\x1b" not in fitted.out
    assert "\x07" not in fitted.out
    assert "x\\x1b[31m" in fitted.out


def test_a_look_on_the_command_line(downslope, written):
    written("x;y;city\n1,5;2;Bern\n2,5;-;Uri\n3,5;4;Bern\n")
    answer = downslope("look t.csv")
    assert answer.code == 0
    assert "3 rows, 2 of them without a missing value" in answer.out
    assert "1.5 to 3.5, mean 2.5" in answer.out
    assert "Bern 2, Uri 1" in answer.out
    assert "Decimals are written with a comma" in answer.out
    found = downslope("look t.csv --format json").json
    assert [(c["name"], c["kind"], c["missing"]) for c in found["columns"]] == [
        ("x", "numbers", 0),
        ("y", "whole numbers", 1),
        ("city", "text", 0),
    ]
    assert "missing value at line 3" in found["columns"][1]["refused"]
    assert downslope("look").code == 2
    assert downslope("look none.csv").code == 3


def test_scores_and_intervals_on_the_command_line(downslope, written):
    written("x,y,city\n" + "".join(f"{i},{2 * i + (i * 7) % 5},{'ABC'[i % 3]}\n" for i in range(40)))
    answer = downslope("fit t.csv --target y --holdout 0.25 --seed 1 --save f.json")
    assert answer.code == 0
    assert "held out: mse = " in answer.out
    assert "10 rows" in answer.out
    assert "'A' has none of its own" in " ".join((answer.out + answer.err).split())
    predicted = downslope("predict f.json t.csv --interval 0.9 --format json").json
    assert all(
        a < b < c
        for a, b, c in zip(predicted["low"], predicted["prediction"], predicted["high"], strict=True)
    )
    refused = downslope("predict f.json t.csv --interval 90")
    assert (refused.code, "--interval is 90; it must be a probability" in refused.words) == (2, True)
