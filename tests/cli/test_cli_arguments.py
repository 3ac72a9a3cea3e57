"""How a command line is read."""

import pytest

from downslope.cli.arguments import assignments, start_values
from downslope.errors import StartError, UsageError

QUICK = "--learning-rate 0.1 --steps 2 --format json"


@pytest.mark.parametrize(
    "line",
    [
        f'minimize "-x^2" --start x=1 {QUICK}',
        f"minimize -x^2 --start x=1 {QUICK}",
        f"minimize --start x=1 {QUICK} -x^2",
        f"minimize --start x=1 -x^2 {QUICK}",
        f"minimize {QUICK} --start=x=1 -- -x^2",
        f'minimize "-(x^2)" --start 1 {QUICK}',
        f'minimize "--(-x^2)" --start 1 {QUICK}',
        f'minimize " -x^2" --start x=1 {QUICK}',
    ],
)
def test_an_expression_may_begin_with_a_minus(downslope, line):
    answer = downslope(line)
    assert answer.code == 0, answer.err
    assert answer.json["history"]["value"] == pytest.approx([-1.0, -1.44, -2.0736])


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("x=-7,y=2", {"x": -7.0, "y": 2.0}),
        ("x=-1e-3, y = pi/2", {"x": -1e-3, "y": pytest.approx(1.5707963267948966)}),
        ("-7", -7.0),
        ("-7, 2", [-7.0, 2.0]),
    ],
)
def test_starts(text, start):
    assert start_values(text) == start


@pytest.mark.parametrize("text", ["", ",", "1,,2", "x=", "=1", "x=1,x=2", "x=nan", "inf", "abc"])
def test_starts_that_are_refused(text):
    with pytest.raises(StartError):
        start_values(text)


def test_a_number_alone_is_the_start_of_a_function_of_one_parameter(downslope):
    answer = downslope(f"minimize x^2 --start -7 {QUICK}")
    assert answer.json["start"] == {"x": -7.0}


def test_numbers_alone_are_in_the_order_of_the_parameters(downslope):
    assert downslope(f"minimize b^2+a^2 --start -7,2 {QUICK}").json["start"] == {"a": -7.0, "b": 2.0}


def test_a_classic_problem_has_its_own_start(downslope):
    ten = downslope("minimize", "rosenbrock(10)", "--steps", "3", "--format", "json").json
    assert ten["problem"] == "rosenbrock(10)"
    assert len(ten["x"]) == 10
    assert downslope(f"minimize Rosenbrock {QUICK}").json["start"] == {"x": -1.2, "y": 1.0}


def test_numbers_may_be_constants(downslope):
    answer = downslope("minimize x^2 --start 1 --learning-rate 1/8 --steps 1e1 --format json")
    assert answer.json["optimizer"]["learning_rate"] == 0.125
    assert answer.json["nit"] == 10


def test_hyperparameters(downslope):
    line = "minimize x^2 --start 1 --steps 2 --format json --optimizer Adam --set beta1=0.5 --set learning-rate=0.1"
    assert downslope(line).json["optimizer"] == {
        "name": "adam",
        "learning_rate": 0.1,
        "beta1": 0.5,
        "beta2": 0.999,
        "epsilon": 1e-8,
    }


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ("--tolerance 1e-3", "converged", 0),
        ("--relative-tolerance 1e-3", "converged", 0),
        ("--value-tolerance 1e-6", "converged", 0),
        ("--x-tolerance 1e-3", "converged", 0),
        ("--target 0.01", "target_reached", 0),
        ("--evaluations 5", "evaluation_limit", 1),
        ("--evaluations 5 --steps 9", "evaluation_limit", 0),
        ("--steps 5", "step_limit", 0),
        ("--steps 0", "step_limit", 0),
        ("--steps 5 --tolerance 1e-9", "step_limit", 1),
        ("--time-limit 1e-3 --learning-rate 1e-12", "time_limit", 1),
        ("--time-limit 60", "converged", 0),
        ("", "converged", 0),
    ],
)
def test_every_way_to_stop(downslope, options, status, code):
    rate = "" if "--learning-rate" in options else "--learning-rate 0.1"
    answer = downslope(f"minimize x^2 --start 1 {rate} {options} --format json")
    assert (answer.json["status"], answer.code) == (status, code)
    assert answer.json["success"] is (code == 0)


def test_every_keeps_its_rows_and_the_last(downslope):
    answer = downslope("minimize x^2 --start 1 --learning-rate 0.1 --steps 25 --every 10 --format json")
    assert answer.json["history"]["step"] == [0, 10, 20, 25]


def test_assignments_split_at_the_first_equals_sign():
    assert assignments("--gradient", ["x=where(x==1,0,1)"], "x=...") == {"x": "where(x==1,0,1)"}
    with pytest.raises(UsageError, match="twice"):
        assignments("--set", ["a=1", "a=2"], "a=1")
