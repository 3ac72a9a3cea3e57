"""``downslope compare``, and several rules, rates or starts of ``minimize``."""

import csv
import io
import os
import signal
import subprocess
import sys
import time

import pytest

LINE = 'minimize "x^2/20 + y^2" --start x=-7,y=2'


def test_several_rules_are_one_table_and_one_picture(downslope, tmp_path):
    picture = tmp_path / "book.png"
    answer = downslope(
        f'{LINE} --optimizer "sgd(0.95),momentum(0.1),adagrad(1.5),adam(0.3)" --steps 30 --plot {picture}'
    )
    assert answer.code == 0
    header, *rows = answer.out.splitlines()[:5]
    assert header.split()[:3] == ["optimizer", "learning", "rate"]
    assert [row.split()[:5] for row in rows] == [
        ["gradient_descent", "0.95", "step_limit", "30", "31"],
        ["momentum", "0.1", "step_limit", "30", "31"],
        ["adagrad", "1.5", "step_limit", "30", "31"],
        ["adam", "0.3", "step_limit", "30", "31"],
    ]
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_several_rates_and_one_that_fails(downslope):
    answer = downslope(f"{LINE} --learning-rate 0.1,0.95,1.05 --tolerance 1e-6")
    assert answer.code == 1
    assert [row.split()[1] for row in answer.out.splitlines()[1:4]] == ["converged", "converged", "diverged"]
    assert "learning rate 1.05: Diverged: after" in " ".join(answer.out.split())


def test_drawn_starts_can_be_had_again(downslope):
    once = downslope("minimize himmelblau --starts 5 --seed 1 --format csv")
    again = downslope("compare himmelblau --starts 5 --seed 1 --format csv")
    assert once.out == again.out
    rows = list(csv.DictReader(io.StringIO(once.out)))
    assert len({row["start:x"] for row in rows}) == 5
    assert all(-5 <= float(row["start:x"]) <= 5 for row in rows)
    fresh = downslope("minimize himmelblau --starts 2")
    assert "the starts were drawn with --seed" in fresh.words


def test_a_uniform_start_is_drawn_once_for_all_rules(downslope):
    answer = downslope(
        'minimize x^2 --start "x=uniform(1,2)" --seed 3 --optimizer adam,lbfgs --steps 2 --format json'
    )
    runs = answer.json["runs"]
    assert runs[0]["start"] == runs[1]["start"]


def test_saved_runs_are_put_side_by_side(downslope, tmp_path):
    names = [str(tmp_path / name) for name in ("a.json", "b.json", "both.json")]
    downslope(f"{LINE} --learning-rate 0.95 --steps 9 --save {names[0]}")
    downslope(f"{LINE} --optimizer adam --steps 5 --save {names[1]}")
    answer = downslope(f"compare {names[0]} {names[1]} --save {names[2]} --plot {tmp_path / 'both.gif'}")
    assert answer.code == 0
    assert [row.split()[3] for row in answer.out.splitlines()[1:3]] == ["9", "5"]
    assert (tmp_path / "both.gif").read_bytes()[:3] == b"GIF"
    assert downslope(f"compare {names[2]}").out == answer.out
    assert downslope(f"compare {names[0]} {names[1]} --save {names[0]}").code == 2
    refused = downslope(f"explain {names[2]}")
    assert refused.code == 3
    assert "holds a comparison" in refused.words


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--optimizer adam,adm,lbfgs", "there is no optimizer 'adm'. Did you mean 'adam'"),
        ("--learning-rate 0.1,0", "learning_rate is 0; it must be a finite number > 0"),
        ("--learning-rate 0.1,", "has an empty place between its commas"),
        ("--starts 1e12", "1,000,000,000,000 runs"),
        ("--starts 0", "starts is 0; it must be a whole number, at least 1"),
        ('--optimizer "adam(fast),lbfgs"', "which is not a number"),
        ('--optimizer "adam(0.1, 0.2),lbfgs"', "gives learning_rate twice"),
        ("--optimizer adam,lbfgs --checkpoint a.ckpt", "--checkpoint keeps one run, and these are several"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(downslope, options, said):
    answer = downslope(f"{LINE} {options}")
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.words


def test_compare_says_what_it_wants(downslope, tmp_path):
    assert "what is to be compared?" in downslope("compare").words
    assert "one expression at a time" in downslope("compare x^2 y^2").words
    saved = tmp_path / "a.json"
    downslope(f"{LINE} --learning-rate 0.95 --steps 9 --save {saved}")
    assert "is no saved run" in downslope(f"compare {saved} x^2").words
    assert "--learning-rate is for a formula" in downslope(f"compare {saved} --learning-rate 1").words


def test_a_zigzag_is_seen_in_the_table(downslope):
    short = downslope(f"{LINE} --learning-rate 0.95 --steps 29 --no-explain")
    rows = [row.split() for row in short.out.split("\n\n")[0].splitlines()[1:]]
    assert len(rows) == 30
    long = downslope(f"{LINE} --learning-rate 0.95 --steps 100 --no-explain")
    sides = [float(row.split()[4]) > 0 for row in long.out.split("\n\n")[0].splitlines()[1:8]]
    assert sides == [True, False, True, False, True, False, True]


def test_every_thins_the_table_and_the_file_not_the_picture(downslope, tmp_path):
    whole, thin = tmp_path / "whole.svg", tmp_path / "thin.svg"
    downslope(f"{LINE} --learning-rate 0.95 --steps 29 --plot {whole}")
    answer = downslope(f"{LINE} --learning-rate 0.95 --steps 29 --every 10 --format csv --plot {thin}")
    assert len(answer.out.splitlines()) == 5
    assert whole.read_text() == thin.read_text()


def test_ctrl_c_keeps_the_runs_that_are_done_and_ends_with_130(tmp_path):
    command = [sys.executable, "-m", "downslope", "minimize", "rosenbrock", "--starts", "900", "--seed", "1"]
    command += ["--learning-rate", "1e-9", "--steps", "10000000", "--every", "1000000", "--format", "csv"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env={**os.environ}, text=True
    )
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) < 900
    assert all(row["status"] == "step_limit" for row in rows[:-1])
