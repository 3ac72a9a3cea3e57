"""``downslope fit``, ``predict`` and ``explain`` of what they saved."""

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import downslope as ds
from downslope.cli.fit import sorted_words
from downslope.errors import UsageError

DATA = Path(__file__).parents[1] / "data"
TUTORIALS = {t["id"]: t for t in json.loads((DATA / "tutorials.json").read_text())["tutorials"]}
FOUR = "x,y\n2,81\n4,93\n6,91\n8,97\n"
LINE = {"a": 2.3, "b": 79.0}
FIVE = "--loss rmse --start a=7.52346569,b=80.59835907 --learning-rate 0.1"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the tables of the tutorials, in which the commands are typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "three.csv").write_text("x,y\n1,1\n2,2\n3,3\n")
    (tmp_path / "four.csv").write_text(FOUR)
    return tmp_path


def labelled(path, count=300):
    """A table with a label, a count and a kind that depend on u."""
    rng = np.random.default_rng(11)
    u = rng.standard_normal(count)
    kind = rng.integers(0, 3, count)
    table = {
        "u": u,
        "size": kind + 0.6 * rng.standard_normal(count),
        "passed": (rng.random(count) < 1 / (1 + np.exp(-2 * u))).astype(int),
        "calls": rng.poisson(np.exp(0.5 * u)),
        "kind": [("ash", "beech", "oak")[k] for k in kind],
    }
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return table


# --- the published figures


def test_tutorial_3(downslope):
    answer = downslope('fit three.csv "y ~ W*x" --learning-rate 0.15 --epochs 10 --format json')
    assert answer.code == 0
    history = answer.json["history"]
    published = TUTORIALS[3]["published_run_with_the_hand_gradient"]
    assert history["step"] == [row[0] for row in published]
    assert history["parameters"]["W"] == pytest.approx([row[1] for row in published], abs=6e-4)
    assert history["value"] == pytest.approx([row[2] for row in published], abs=1.1e-6)


def test_tutorial_3_with_the_gradient_written_by_hand(downslope):
    hand = downslope(
        'fit three.csv "y ~ W*x" --learning-rate 0.1 --epochs 10 --gradient "sum((W*x-y)*x)" --format json'
    )
    true = downslope('fit three.csv "y ~ W*x" --learning-rate 0.15 --epochs 10 --format json')
    assert hand.json["history"]["parameters"]["W"] == pytest.approx(true.json["history"]["parameters"]["W"])
    assert "warning: the gradient supplied for W" in hand.words
    assert "1.5 times the derivative of its cost, which is n/2 for n = 3" in hand.words


def test_tutorial_5(downslope):
    answer = downslope(f'fit four.csv "y ~ a*x + b" {FIVE} --steps 2000 --format json')
    history = answer.json["history"]
    published = TUTORIALS[5]["computed_here_from_a_7.52346569_b_80.59835907_after_update_of_step"]
    for step, row in published.items():
        assert history["value"][int(step)] == pytest.approx(row["rmse"], abs=1e-6)
        for name in set(row) - {"rmse"}:
            assert history["parameters"][name][int(step)] == pytest.approx(row[name], abs=1e-6)
    best = downslope('fit four.csv "y ~ a*x + b" --loss rmse --format json').json
    assert best["x"] == pytest.approx(LINE, rel=1e-12)
    assert best["loss"]["value"] == pytest.approx(TUTORIALS[5]["least_squares"]["rmse"], rel=1e-12)


def test_too_large_a_rate_says_why_and_which_would_do(downslope):
    answer = downslope('fit four.csv "y ~ a*x + b" --learning-rate 0.1')
    assert answer.code == 1
    said = " ".join(answer.out.split())
    assert "The learning rate 0.1 is above the limit 0.03243" in said
    assert "(run and confirmed)" in said
    rate = said.split("A learning rate of ")[1].split(" ")[0]
    steps = said.split("converges in ")[1].split(" ")[0].replace(",", "")
    tried = downslope(
        f'fit four.csv "y ~ a*x + b" --learning-rate {rate} --tolerance 1e-6 --format json'
    ).json
    assert tried["status"] == "converged"
    assert tried["nit"] <= 10 * int(steps)
    assert (
        "above the limit" not in downslope('fit four.csv "y ~ a*x + b" --learning-rate 0.1 --no-explain').out
    )


# --- the report


def test_the_table_and_what_is_below_it(downslope):
    answer = downslope(f'fit four.csv "y ~ a*x + b" {FIVE} --steps 300 --every 100')
    lines = answer.out.splitlines()
    assert lines[0].split() == ["step", "rmse", "gradient", "norm", "a", "b"]
    assert [line.split()[0] for line in lines[1:5]] == ["0", "100", "200", "300"]
    assert lines[1].split()[1] == "30.213942"
    assert lines[6] == "Stopped at the limit of 300 steps."
    assert lines[7].split()[:2] == ["a", "="]
    assert float(lines[7].split()[2]) == pytest.approx(2.27732406, abs=1e-6)
    assert lines[7].endswith("  ± 0.911")
    assert lines[9].startswith("rmse = 2.8815017")
    assert lines[9].endswith(", 4 rows")
    assert lines[-1].endswith("path qr")
    assert answer.err == ""
    assert max(map(len, lines)) <= 80


def test_notes_and_warnings_go_to_standard_error(downslope, folder):
    (folder / "twins.csv").write_text("x,z,y\n1,1,2\n2,2,4.5\n3,3,6\n")
    answer = downslope('fit twins.csv "y ~ a*x + b*z + c"')
    assert answer.code == 0
    assert "warning: The features of a and b are the same in every row" in answer.words
    assert answer.words.count("warning:") == 1
    assert "note: Descended" in answer.words
    quiet = downslope('fit twins.csv "y ~ a*x + b*z + c" --quiet')
    assert quiet.err == ""
    assert quiet.out == answer.out


def test_rows_left_out_are_counted(downslope, folder):
    (folder / "holes.csv").write_text(FOUR + "10,\n,5\n")
    answer = downslope('fit holes.csv "y ~ a*x + b" --drop-missing')
    assert "2 rows with missing values were left out" in answer.words
    assert "4 rows, 2 left out" in answer.out


def test_json_has_what_every_run_has_and_what_a_fit_adds(downslope):
    data = downslope('fit four.csv "y ~ a*x + b" --l2 0.1 --format json').json
    assert (data["schema"], data["command"], data["hypothesis"]) == (1, "fit", "y ~ a*x + b")
    for name in (
        "objective",
        "optimizer",
        "fun",
        "gradient_norm",
        "success",
        "status",
        "message",
        "nit",
        "nfev",
    ):
        assert name in data
    assert set(data["history"]) == {"step", "evaluations", "value", "gradient_norm", "parameters"}
    assert data["fun"] == pytest.approx(data["loss"]["value"] + 0.1 * data["x"]["a"] ** 2)
    assert data["standard_errors"] is None
    assert "sentences" in data["explanation"]
    assert "explanation" not in downslope('fit four.csv "y ~ a*x + b" --no-explain --format json').json


def test_csv_is_the_history(downslope):
    answer = downslope('fit three.csv "y ~ W*x" --learning-rate 0.15 --steps 2 --format csv')
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [float(row["W"]) for row in rows] == pytest.approx([0, 1.4, 0.84])


def test_the_explanation_on_request(downslope):
    said = downslope('fit four.csv "y ~ a*x + b" --learning-rate 0.01 --steps 2000 --explain').out
    assert "steep along (a, b)" in said
    assert said.count("Stopped at the limit") == 1


def test_filip_is_fitted_with_a_warning(downslope, folder):
    lines = (DATA / "nist" / "linear" / "Filip.dat").read_text().splitlines()
    pairs = [line.split() for line in lines[60:] if len(line.split()) == 2]
    (folder / "filip.csv").write_text("y,x\n" + "\n".join(f"{y},{x}" for y, x in pairs) + "\n")
    powers = " + ".join(f"b{i}*x^{i}" for i in range(1, 11))
    answer = downslope(f'fit filip.csv "y ~ b0 + {powers}"')
    assert answer.code == 0
    assert "82 rows" in answer.out
    assert (
        "warning: With a condition number of 3.8e+09 about 5 digits of the parameters can be trusted"
        in answer.words
    )
    assert "8 more" in answer.words
    moments = downslope(f'fit filip.csv "y ~ b0 + {powers}" --path moments')
    assert (moments.code, "cannot be trusted" in moments.words) == (2, True)


# --- tables from everywhere


def test_every_kind_of_file(downslope, folder):
    table = pa.table({"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]})
    parquet.write_table(table, folder / "t.parquet")
    feather.write_feather(table, str(folder / "t.feather"))
    (folder / "t.csv.gz").write_bytes(gzip.compress(FOUR.encode()))
    (folder / "t.tsv").write_text(FOUR.replace(",", "\t"))
    (folder / "part1.csv").write_text("x,y\n2,81\n4,93\n")
    (folder / "part2.csv").write_text("x,y\n6,91\n8,97\n")
    for data in ("t.parquet", "t.feather", "t.csv.gz", "t.tsv", "'part*.csv'", "part1.csv part2.csv"):
        answer = downslope(f'fit {data} "y ~ a*x + b" --format json')
        assert answer.json["x"] == pytest.approx(LINE, rel=1e-12), data
        assert answer.json["rows"] == 4


@pytest.mark.parametrize("kind", ["text", "gzip", "parquet", "feather"])
def test_standard_input(downslope, kind):
    packed = io.BytesIO()
    table = pa.table({"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]})
    if kind == "parquet":
        parquet.write_table(table, packed)
    elif kind == "feather":
        feather.write_feather(table, packed)
    else:
        packed.write(gzip.compress(FOUR.encode()) if kind == "gzip" else FOUR.encode())
    answer = downslope('fit - "y ~ a*x + b" --format json', stdin=packed.getvalue())
    assert answer.json["x"] == pytest.approx(LINE, rel=1e-12)


def test_tables_that_stay_in_their_files(downslope, folder):
    answer = downslope('fit four.csv "y ~ a*x + b" --stream --format json')
    assert answer.code == 0
    assert answer.json["parameters"] == pytest.approx(LINE)
    assert "stayed in its files and was read 2 times" in answer.json["notes"][-1]["english"]
    assert "stayed" not in downslope('fit four.csv "y ~ a*x + b" --no-stream --format json').out
    refused = downslope('fit - "y ~ a*x + b" --loss mae --stream', stdin=FOUR.encode())
    assert refused.code == 2
    assert "read only once" in refused.err


def test_a_bad_cell_in_one_of_several_files_is_named_with_its_file(downslope, folder):
    (folder / "part1.csv").write_text("x,y\n2,81\n4,93\n")
    (folder / "part2.csv").write_text("x,y\n6,91\n8,oops\n")
    answer = downslope('fit part1.csv part2.csv "y ~ a*x + b"')
    assert answer.code == 3
    assert "line 3 of part2.csv holds 'oops'" in answer.words


# --- words


def test_words_are_sorted(folder):
    assert sorted_words(["four.csv", "y ~ a*x"], None) == (["four.csv"], "y ~ a*x")
    assert sorted_words(["y ~ a*x", "four.csv"], None) == (["four.csv"], "y ~ a*x")
    assert sorted_words(["four.csv", "three.csv"], "y") == (["four.csv", "three.csv"], None)
    assert sorted_words(["~/four.csv", "y~a"], None) == (["~/four.csv"], "y~a")
    for words in (["four.csv", "y", "~", "a*x", "+", "b"], ["four.csv", "y", "/root", "a*x"]):
        with pytest.raises(UsageError, match="in quotes"):
            sorted_words(words, None)


REFUSED = [
    ("fit", 2, "the data and the hypothesis are missing"),
    ('fit "y ~ a*x"', 2, "the data are missing"),
    ("fit four.csv", 2, "--target y"),
    ('fit four.csv "y ~ a*x" "y ~ b*x"', 2, "2 hypotheses"),
    ('fit four.csv "y ~ a*(x"', 2, "never closed"),
    ('fit four.csv "y ~ log(1 + a^2*x)"', 2, "--start a=1"),
    ('fit four.csv "y ~ a*x" --start x=1', 2, "the start names x, which the table has as a column"),
    ('fit four.csv "y ~ a*x" --start b=1', 2, "the parameters are: a"),
    ('fit four.csv "y ~ a*x" --target y', 2, "not both"),
    ('fit four.csv "y ~ a*x" --loss huber:x', 2, "the number of huber is 'x'"),
    ('fit four.csv "y ~ a*x" --loss mes', 2, "Did you mean 'mse'"),
    ('fit four.csv "y ~ a*x" --l2 -1', 2, "l2 is -1"),
    ('fit four.csv "y ~ a*x" --optimizer adm', 2, "Did you mean 'adam'"),
    ('fit four.csv "y ~ a*x" --set beta1=0.5', 2, "no hyperparameter 'beta1'"),
    ('fit four.csv "y ~ a*x" --schedule "cosine(steps=3)"', 2, "there is none: give one"),
    ('fit four.csv "y ~ a*x" --steps 3 --epochs 3', 2, "steps or epochs, not both"),
    ('fit four.csv "y ~ a*x" --batch-size 0', 2, "--batch-size is 0"),
    ('fit four.csv "y ~ a*x" --path moment', 2, "Did you mean 'moments'"),
    ('fit four.csv "y ~ a*x" --loss mae --path qr', 2, "needs a squared loss"),
    ('fit four.csv "y ~ a*x" --weights w', 2, "no column 'w'"),
    ('fit four.csv "y ~ a*x" --save four.csv', 2, "would overwrite four.csv"),
    ('fit four.csv "y ~ a*x" --plot p.xyz', 2, ".png"),
    ('fit four.csv "y ~ a*x" --plot p.png --view resduals', 2, "Did you mean 'residuals'"),
    ('fit four.csv "y ~ a*x" --view residuals', 2, "give --plot"),
    ('fit four.csv "y ~ a*x" --lerning-rate 1', 2, "--learning-rate"),
    ('fit - four.csv "y ~ a*x"', 2, "standard input (-) is one table"),
    ("fit '*.nothing' \"y ~ a*x\"", 3, "no file matches"),
    ('fit four.json "y ~ a*x"', 3, "No such file"),
    ("predict", 2, "the model and the data are missing"),
    ("predict fit.json", 2, "the data are missing"),
    ("predict four.csv fit.json", 2, "the model comes first"),
    ("predict fit.json none.csv", 3, "none.csv cannot be read"),
    ("predict none.json four.csv", 3, "none.json cannot be read"),
    ("predict run.json four.csv", 3, "holds a run of 'minimize', not a fit"),
    ("predict four.csv four.csv", 3, "is not JSON"),
    ("predict fit.json other.csv", 3, "has no column 'x', which 'y ~ a*x + b' needs"),
    ("predict fit.json holes.csv", 3, "leave such rows out with --drop-missing"),
    ("predict fit.json four.csv --output four.csv", 2, "would overwrite"),
    ("predict fit.json four.csv --output no/p.csv", 3, "there is no folder"),
    ("predict fit.json four.csv --format table", 2, "csv, json"),
    ("explain fit.json --steps 3", 2, "--steps is for an expression"),
    ("explain none.json", 3, "cannot be read"),
]


@pytest.fixture
def saved(downslope, folder):
    """A fit, a run and tables that do not suit them."""
    assert downslope('fit four.csv "y ~ a*x + b" --save fit.json').code == 0
    assert downslope("minimize x^2 --start x=1 --save run.json").code == 0
    (folder / "other.csv").write_text("z,y\n1,2\n")
    (folder / "holes.csv").write_text("x,y\n1,2\n,3\n")
    return folder


@pytest.mark.parametrize(("line", "code", "words"), REFUSED, ids=[line[:60] for line, _, _ in REFUSED])
def test_what_cannot_be_done_is_refused_in_one_message(downslope, saved, line, code, words):
    before = sorted(saved.iterdir())
    answer = downslope(line)
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.words
    assert answer.err.startswith("error: ")
    assert answer.err.count("error:") == 1
    assert "bug" not in answer.err
    assert max(map(len, answer.err.splitlines())) <= 80
    assert sorted(saved.iterdir()) == before


# --- classifiers, counts, batches


def test_log_loss_with_probabilities(downslope, folder):
    table = labelled(folder / "t.csv")
    answer = downslope('fit t.csv "passed ~ a*u + b" --loss log_loss --save m.json')
    assert answer.code == 0
    assert "accuracy 0." in answer.out
    assert "log-odds" in answer.words
    rows = list(csv.DictReader(io.StringIO(downslope("predict m.json t.csv").out)))
    assert list(rows[0]) == ["prediction", "probability_0", "probability_1"]
    found = ds.load(folder / "m.json").x
    expected = 1 / (1 + np.exp(-(found["a"] * table["u"] + found["b"])))
    assert [float(row["probability_1"]) for row in rows] == pytest.approx(expected.tolist())
    assert [int(row["prediction"]) for row in rows] == [int(p > 0.5) for p in expected]


def test_softmax_names_its_classes(downslope, folder):
    labelled(folder / "t.csv")
    answer = downslope("fit t.csv --target kind --features size --loss softmax --save m.json")
    header = next(line for line in answer.out.splitlines() if "ash" in line)
    assert header.split() == ["ash", "beech", "oak"]
    data = downslope("predict m.json t.csv --format json").json
    assert (data["command"], data["rows"]) == ("predict", 300)
    assert set(data["prediction"]) == {"ash", "beech", "oak"}
    three = [data[f"probability_{name}"] for name in ("ash", "beech", "oak")]
    assert np.sum(three, axis=0) == pytest.approx(np.ones(300))


def test_poisson(downslope, folder):
    labelled(folder / "t.csv")
    answer = downslope('fit t.csv "calls ~ a*u + b" --loss poisson --format json')
    assert answer.code == 0
    assert answer.json["x"]["a"] == pytest.approx(0.5, abs=5 * answer.json["standard_errors"]["a"])


def test_mini_batches_count_epochs_and_repeat_with_their_seed(downslope, folder):
    labelled(folder / "t.csv")
    line = 'fit t.csv "size ~ a*u + b" --optimizer adam --learning-rate 0.05 --batch-size 32 --epochs 4'
    first, again, other = (downslope(f"{line} --seed {seed}") for seed in (1, 1, 2))
    assert first.out.splitlines()[0].split()[0] == "epoch"
    assert "Stopped at the limit of 4 epochs." in first.out
    assert "4 epochs" in first.out.splitlines()[-2]
    assert first.out == again.out != other.out


def test_penalties_standardizing_and_schedules_reach_the_fit(downslope, folder):
    labelled(folder / "t.csv")
    plain = 'fit t.csv "size ~ a*u + b" --format json'
    none = downslope(f"{plain} --l1 10").json
    assert none["x"]["a"] == 0.0
    assert downslope(f"{plain} --learning-rate 0.1 --standardize").json["coordinates"] == "standardised"
    waned = downslope(f'{plain} --learning-rate 0.4 --schedule "cosine(steps=10)" --steps 20').json
    steps = waned["history"]["parameters"]["b"]
    assert steps[10] == steps[20] != steps[9]
    drawn = [
        downslope(f'{plain} --start "a=uniform(0,1),b=0" --steps 0 --seed {seed}').json for seed in (3, 3, 4)
    ]
    assert drawn[0]["x"] == drawn[1]["x"] != drawn[2]["x"]


# --- saving, predicting, explaining


def test_predictions_are_those_of_the_library(downslope, saved):
    model = ds.load(saved / "fit.json")
    rows = list(csv.DictReader(io.StringIO(downslope("predict fit.json four.csv").out)))
    expected = model.predict(str(saved / "four.csv"))
    assert [float(row["prediction"]) for row in rows] == expected.tolist()
    answer = downslope("predict fit.json - --output p.json", stdin=b"x\n10\n")
    assert answer.out == ""
    assert "wrote p.json" in answer.words
    assert json.loads((saved / "p.json").read_text())["prediction"] == pytest.approx([102.0])


def test_a_saved_fit_explains_itself(downslope, folder):
    run = downslope('fit four.csv "y ~ a*x + b" --learning-rate 0.1 --save bad.json')
    assert run.code == 1
    answer = downslope("explain bad.json")
    assert answer.code == 1
    assert "The learning rate 0.1 is above the limit" in answer.out
    assert "status diverged" in answer.out
    assert downslope("explain bad.json --format json").json["status"] == "diverged"
    assert downslope('fit four.csv "y ~ a*x + b" --save good.json').code == 0
    assert downslope("explain good.json").code == 0


def test_a_saved_run_explains_itself(downslope, saved):
    answer = downslope("explain run.json")
    assert answer.code == 0
    assert "strict minimum, with curvature 2" in answer.out


def test_the_format_printed_is_the_format_saved(downslope, folder):
    printed = downslope('fit four.csv "y ~ a*x + b" --format json --save fit.json')
    kept = json.loads((folder / "fit.json").read_text())
    assert printed.json == kept
    (folder / "again.json").write_text(printed.out)
    assert downslope("predict again.json four.csv").code == 0


def test_pictures(downslope, folder):
    for name, view in (
        ("a.png", []),
        ("b.svg", ["--view", "residuals"]),
        ("c.pdf", ["--view", "surface,a=0:5,b=70:90"]),
    ):
        answer = downslope('fit four.csv "y ~ a*x + b" --plot', name, *view)
        assert answer.code == 0
        assert f"wrote {name}" in answer.words
        assert (folder / name).stat().st_size > 1000


def test_help_and_completion_know_the_commands(downslope):
    overview = downslope("--help").out
    assert "fit " in overview
    assert "predict " in overview
    for option in (
        "--target",
        "--loss",
        "--batch-size",
        "--weights",
        "--drop-missing",
        "--standardize",
        "--l1",
    ):
        assert option in downslope("fit --help").out
    assert max(map(len, downslope("fit --help").out.splitlines())) <= 80
    typed = {"_DOWNSLOPE_COMPLETE": "bash_complete", "COMP_CWORD": "3"}
    found = downslope("", COMP_WORDS="downslope fit --loss h", **typed).out
    assert "huber" in found
    assert "fit" in downslope("", COMP_WORDS="downslope f", **{**typed, "COMP_CWORD": "1"}).out


def test_an_equation_is_told_how_a_hypothesis_looks(downslope):
    answer = downslope('fit four.csv "y = a*x + b"')
    assert answer.code == 2
    assert '"y ~ a*x + b"' in answer.words


def test_columns_without_parameters_are_told_both_ways(downslope):
    words = downslope('fit four.csv "y ~ x"').words
    assert "y ~ a*x + b" in words
    assert "--target y --features x" in words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("y ~ a*x + b|", "leave such rows out with --drop-missing."),
        ("y ~ a*log(1 + b^2*x)|--drop-missing", "needs a start for a, b, such as --start a=1,b=1."),
        ("y ~ a*x + b|--drop-missing --l2 -1", "error: --l2 is -1; it must be a finite number, at least 0."),
        ("y ~ a*x + b|--drop-missing --batch-size 0", "error: --batch-size is 0; it must be a whole number"),
        (
            "y ~ a*x + b|--drop-missing --plot p.png --view hist",
            "Did you mean 'progress'? The views are: data",
        ),
    ],
)
def test_messages_speak_of_options_as_they_are_typed(downslope, tmp_path, line, said):
    data = tmp_path / "t.csv"
    data.write_text("x,y\n1,2\n2,\n3,5\n4,7\n")
    hypothesis, _, options = line.partition("|")
    answer = downslope(f"fit {options}", str(data), hypothesis)
    assert answer.code in (2, 3)
    assert said in answer.words


def test_a_fit_worse_than_the_mean_says_so(downslope, tmp_path):
    data = tmp_path / "t.csv"
    data.write_text("".join(["t,y\n", *(f"{k / 5},{90 - 90 * 0.5 ** (k / 5):.6f}\n" for k in range(40))]))
    answer = downslope("fit --start a=80,b=-5 --evaluations 999 --quiet", str(data), "y ~ a*(1-exp(-b*t))")
    assert answer.code == 1
    answer = downslope("fit --start a=80,b=-5 --evaluations 999", str(data), "y ~ a*(1-exp(-b*t))")
    assert "warning: The fit is worse than the mean of y alone would be (R² = -" in answer.words
    assert "Begin elsewhere: from the start" in answer.words
    assert "(no standard errors: the descent did not arrive at a minimum)" in " ".join(answer.out.split())
