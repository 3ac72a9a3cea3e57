"""What cannot be done is answered by one message and the documented exit code, never by a traceback."""

import json
import os
import sys

import pytest

from downslope.cli import descend

START = "--start x=1"

REFUSED = [
    # expressions
    ('minimize "9**9**9" --start x=1', "not a finite real number"),
    ("minimize " + "-" * 50_000 + "1 --start x=1", "nested more than"),
    ("minimize " + "-" * 100_000 + "1 --start x=1", "error: "),
    (f"minimize {'(' * 5000}x{')' * 5000} {START}", "nested more than"),
    (f'minimize "x**2 + (" {START}', "never closed"),
    (f'minimize "x**2 + " {START}', "ends after"),
    (f'minimize "foo(x)" {START}', "unknown function"),
    (f'minimize "lambda: 1" {START}', "Python"),
    ("minimize class --start class=1", "Python"),
    ("""minimize "__import__('os').system('id')" --start x=1""", "quotation marks"),
    (f'minimize "" {START}', "empty"),
    (f'minimize "x^2 = 3" {START}', '"=" sets something equal'),
    (f'minimize "[red]x[/red]" {START}', "[red]x[/red]"),
    (f"minimize 3 {START}", "no parameter to vary"),
    ('minimize "x^2 + y"', "Try --start x=1,y=1."),
    ('explain "x^2 + y"', "Try --start x=1,y=1."),
    ("minimize e*x^2 --start x=1", "for a parameter give its start, as in --start e=1"),
    (f'minimize "sin x/2" {START}', "Write sin(x)/2 or sin(x/2)"),
    (
        "explain big.parquet",
        "big.parquet is a file, and explain takes a formula. To fit a table: downslope fit",
    ),
    ("minimize data.csv --start x=1", "is a file, and minimize takes a formula"),
    ("minimize x^2 --start х=1", "It only looks like 'x': U+0445 (cyrillic small letter ha) is not U+0078"),
    ("minimize x^2 --start x=uniform(-1e308,1e308)", "wider than the largest float64"),
    # settings
    (f"minimize x^2 {START} --start x=2", "--start is given twice: x=1 and x=2."),
    (f"minimize x^2 {START} --steps=2 --steps 3", "--steps is given twice"),
    (f"minimize x^2 {START} --steps 9223372036854775808", "--steps is 9.223e+18; it must be at most"),
    (f"minimize x^2 {START} --evaluations 1{'0' * 400}", "--evaluations is inf; it must be at most"),
    (f"minimize x^2 {START} --learning-rate 0", "> 0"),
    (f"minimize x^2 {START} --learning-rate -1", "> 0"),
    (f"minimize x^2 {START} --learning-rate nan", "> 0"),
    (f"minimize x^2 {START} --learning-rate 0,1", "A decimal is written with a point, 0.1."),
    (f"minimize x^2 {START} --tolerance 0,1", "it is not a decimal point"),
    ("minimize x^2+y^2 --start 'x=1 y=2'", "A comma separates them: x=1,y=2."),
    ("minimize x^2+y^2 --start 'x=1; y=uniform(1, 2)'", "A comma separates them: x=1,y=uniform(1, 2)."),
    (f"minimize x^2 {START} --learning-rate inf", "> 0"),
    (f"minimize x^2 {START} --learning-rate fast", "'fast' is not a number"),
    (f"minimize x^2 {START} --steps 2.5", "whole number"),
    (f"minimize x^2 {START} --steps -1", "at least 0"),
    (f"minimize x^2 {START} --steps 1e400", "whole number"),
    (f"minimize x^2 {START} --tolerance -1", "at least 0"),
    (f"minimize x^2 {START} --evaluations 0", "at least 1"),
    (f"minimize x^2 {START} --time-limit 0", "--time-limit is 0"),
    (f"minimize x^2 {START} --target nan", "finite"),
    (f"minimize x^2 {START} --every 0", "at least 1"),
    (f"minimize x^2 {START} --every nan", "whole number"),
    (f"minimize x^2 {START} --every 1{'0' * 40}", "every is"),
    (f"minimize x^2 {START} --seed -1", "seed is -1"),
    (f"minimize x^2 {START} --seed 1.5", "seed is 1.5"),
    (f"minimize x^2 {START} --optimizer adm", "Did you mean 'adam'"),
    (f"minimize x^2 {START} --optimizer adam --set beta1=1", "< 1"),
    (f"minimize x^2 {START} --optimizer adam --set bta1=0.5", "'beta1'"),
    (f"minimize x^2 {START} --optimizer adam --set beta1", "NAME=VALUE"),
    (f"minimize x^2 {START} --optimizer adam --set beta1=half", "--set beta1"),
    (f"minimize x^2 {START} --optimizer adam --set optimizer=1", "no hyperparameter 'optimizer'"),
    (f"minimize x^2 {START} --set learning_rate=1 --learning-rate 1", "given twice"),
    (f"minimize x^2 {START} --dtype float16", "'float32'"),
    (f"minimize x^2 {START} --engine trced", "Did you mean 'traced'?"),
    (f"minimize x^2 {START} --format jsn", "Did you mean 'json' or 'jsonl'?"),
    (f"minimize x^2 {START} --lerning-rate 1", "Did you mean '--learning-rate'?"),
    (f"minimize x^2 {START} --lerning-rate=1", "Did you mean '--learning-rate'?"),
    (f"minimize x^2 {START} -steps 5", "'--steps'"),
    (f"minimize x^2 {START} --steps", "--steps needs a value"),
    (f"minimize x^2 + y^2 {START}", 'minimize "x^2 + y^2"'),
    ("minimize x^2+y^2 --start x=1, y=2", "no spaces"),
    ("minimize", "EXPRESSION is missing"),
    ("minimise x^2", "Did you mean 'minimize'"),
    ("x^2 --start x=1", 'downslope minimize "x^2"'),
    ("-x^2 --start x=1", 'downslope minimize "-x^2"'),
    ("--verson", "'--version'"),
    # objective and start
    ("minimize x^2", "Try --start x=1."),
    ("minimize a*b+c^2", "Try --start a=1,b=1,c=1."),
    ("minimize rosenbrok", "Did you mean 'rosenbrock'"),
    ("minimize x^2 --start x=nan", "not a finite number"),
    ("minimize x^2 --start x=inf", "not a finite number"),
    ("minimize x^2 --start x=1e400", "not a finite number"),
    ("minimize x^2 --start x=", "name=value"),
    ("minimize x^2 --start x=1,x=2", "twice"),
    ("minimize x^2 --start z=1", "the parameters are: x"),
    ("minimize x^2+y^2 --start x=1", "no value for y"),
    ("minimize x^2 --start 1,2", "one number is needed"),
    ("minimize x^2 --start x=uniform(2,1)", "the smaller first"),
    (f"minimize x^2 {START} --gradient y=2*x", "the gradient names 'y'"),
    (f"minimize x^2 {START} --gradient 2*x", "--gradient"),
    (f"minimize x^2 {START} --gradient x=2*x*q", "uses q"),
    ("minimize rosenbrock(1)", "2 to"),
    # output
    (f"minimize x^2 {START} --plot a.xyz", ".png"),
    (f'minimize x^2 {START} --plot ""', "name of a file"),
    (f"minimize x^2 {START} --view 1:2", "give --plot"),
    (f"minimize x^2 {START} --plot a.png --view 2:1", "the smaller one"),
    (f"minimize x^2 {START} --plot a.png --save a.png", "same file"),
    # other commands
    ("optimizers adamm", "Did you mean 'adam'"),
    ("optimizers --format csv", "table, json"),
    ("problems himmelblow", "Did you mean 'himmelblau'"),
    ("problems watson(40)", "2 to 31"),
    ("completion tcsh", "bash, zsh, fish"),
]


@pytest.mark.parametrize(("line", "words"), REFUSED, ids=[line[:60] for line, _ in REFUSED])
def test_bad_input_is_refused_in_one_message(downslope, tmp_path, monkeypatch, line, words):
    monkeypatch.chdir(tmp_path)
    answer = downslope(line)
    assert answer.code == 2
    assert answer.out == ""
    assert words in answer.words
    assert answer.err.startswith("error: ")
    assert answer.err.count("error:") == 1
    assert "bug" not in answer.err
    assert "Traceback" not in answer.err
    assert max(map(len, answer.err.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


def test_the_caret_stands_under_the_place(downslope):
    lines = downslope(f'minimize "x^2 + 3 y^2 + [z]" {START}').err.splitlines()
    formula = next(i for i, line in enumerate(lines) if line.startswith("  x^2"))
    assert lines[formula + 1].index("^") == lines[formula].index("[")


@pytest.mark.parametrize("option", ["--save", "--plot"])
def test_a_file_that_cannot_be_written_is_noticed_before_the_run(downslope, tmp_path, monkeypatch, option):
    monkeypatch.setattr(descend, "_run", lambda *_: pytest.fail("it ran"))
    for path, words in (
        (tmp_path / "none" / "run.png", "there is no folder"),
        (tmp_path, "it is a folder"),
        (os.devnull, "not an ordinary file"),
    ):
        answer = downslope(f"minimize x^2 {START} {option}", str(path))
        assert (answer.code, answer.out) == (3, "")
        assert words in answer.words


def test_what_fails_after_the_run_loses_nothing(downslope, tmp_path):
    saved = tmp_path / "run.json"
    answer = downslope(
        f"minimize x^2 {START} --steps 2 --view 1:2,3:4,5:6 --plot",
        str(tmp_path / "a.png"),
        "--save",
        str(saved),
    )
    assert answer.code == 2
    assert "error: " in answer.err
    assert "status step_limit" in answer.out
    assert saved.exists()
    assert not (tmp_path / "a.png").exists()


def test_a_bug_is_called_one(downslope, monkeypatch):
    def broken(*_):
        raise RuntimeError("[bold]oh\nno")

    monkeypatch.setattr(descend, "_run", broken)
    answer = downslope(f"minimize x^2 {START}")
    assert (answer.code, answer.out) == (70, "")
    assert "this is a bug in downslope (RuntimeError: [bold]oh)" in answer.words
    assert "Traceback" not in answer.err
    assert "Traceback" in downslope(f"minimize x^2 {START}", DOWNSLOPE_DEBUG="1").err


def test_interrupted_before_the_run(downslope, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(descend, "_run", interrupted)
    answer = downslope(f"minimize x^2 {START}")
    assert (answer.code, answer.out) == (130, "")
    assert "error: interrupted" in answer.err


def test_interrupted_in_the_run_keeps_what_was_done(downslope, monkeypatch, tmp_path):
    def press(bar, progress):
        if progress.step > 100:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["downslope.cli.progress"].Bar, "__call__", press)
    monkeypatch.setattr("downslope.cli.progress.on_terminal", lambda: True)
    saved = tmp_path / "run.json"
    answer = downslope(
        "minimize rosenbrock --learning-rate 1e-6 --steps 1000000000 --every 1000 --format json --save",
        str(saved),
    )
    assert (answer.code, answer.json["status"]) == (130, "interrupted")
    assert answer.json["nit"] > 100
    assert len(answer.json["history"]["step"]) > 1
    assert saved.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["x^2", "--start", "x\x1b[31m=1"],
        ["x^2", "--start", "x=1", "--optimizer", "ad\x1b]0;title\x07am"],
        ["x^2", "--start", "x=1", "--set", "m\x9b2J=1"],
        ["x^2", "--start", "x\u202etxt=1"],
        ["x\x1b[2J^2", "--start", "x=1"],
    ],
)
def test_controls_of_the_terminal_are_shown_and_not_obeyed(downslope, words):
    answer = downslope("minimize", *words)
    assert answer.code == 2
    assert all(character.isprintable() or character == "\n" for character in answer.out + answer.err)


def test_an_option_may_be_said_again(downslope):
    assert downslope(f"minimize x^2 {START} --steps 2 --steps 2 --quiet --quiet").code == 0
    assert (
        downslope(f"minimize x^2 {START} --optimizer adam --set beta1=0.8 --set beta2=0.9 --steps 2").code
        == 0
    )


def test_errors_are_json_where_that_was_asked_for(downslope):
    answer = downslope(f"minimize x^^2 {START} --format json")
    error = json.loads(answer.err)["error"]
    assert (answer.code, answer.out) == (2, "")
    assert (error["kind"], error["exit_code"]) == ("ExpressionError", 2)
    assert error["message"].startswith('there is no sign "^^"')


def test_a_script_is_no_notebook(downslope, tmp_path):
    saved, notebook = tmp_path / "run.json", tmp_path / "z.ipynb"
    assert downslope("minimize x^2 --start x=1 --save", str(saved)).code == 0
    answer = downslope("export --to numpy --output", str(notebook), str(saved))
    assert answer.code == 2
    assert "name it .py" in answer.words
    assert not notebook.exists()


def test_a_run_that_bounds_hold_in_every_coordinate_is_reported(downslope):
    answer = downslope("maximize 1e200*(x-3)^2 --start x=1e-320 --steps 20 --bounds x=0:1 --quiet")
    assert answer.code in (0, 1)
    assert "bug" not in answer.err
