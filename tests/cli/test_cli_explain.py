"""The faces of an explanation on the command line."""

import pytest

TUTORIAL = 'minimize "x^2/20 + y^2" --start x=-7,y=2'


def said(answer):
    return " ".join(answer.out.split())


def test_json_carries_the_explanation(downslope):
    answer = downslope(f"{TUTORIAL} --learning-rate 1.05 --steps 100 --format json")
    assert answer.code == 1
    finding = answer.json["explanation"]["findings"][0]
    assert finding["code"] == "learning_rate_above_limit"
    assert finding["evidence"]["limit"] == pytest.approx(1.0)
    assert finding["evidence"]["along"] == "y"
    assert finding["evidence"]["factor"] == pytest.approx(-1.1)
    assert set(answer.json["explanation"]) == {"point", "findings", "forecast", "left_out"}
    assert "explanation" not in downslope(f"{TUTORIAL} --no-explain --format json").json


def test_causes_end_the_report_and_all_is_said_on_request(downslope):
    assert "multiplies the error by -0.9" in said(downslope(f"{TUTORIAL} --learning-rate 0.95 --steps 30"))
    well = f"{TUTORIAL} --learning-rate 0.5"
    assert "curvature" not in said(downslope(well))
    assert "strict minimum: steep along y, curvature 2" in said(downslope(f"{well} --explain"))
    assert "zig-zag" not in said(downslope(f"{TUTORIAL} --learning-rate 0.95 --steps 30 --no-explain"))


def test_explain_forecasts_and_then_runs(downslope):
    answer = downslope('explain "x^2/20 + y^2" --start x=-7,y=2 --tolerance 1e-6')
    assert answer.code == 0
    assert "with 0.9524 the gradient falls to 1e-06 in" in said(answer)
    above = downslope('explain "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 1.05 --format json')
    assert above.code == 1
    assert above.json["forecast"]["diverges"] is True
    assert above.json["forecast"]["happened"]["status"] == "diverged"
    assert above.json["explanation"]["findings"][0]["advice"]["verified"] is True
    steps = downslope('explain "x^2" --start x=4 --learning-rate 0.1 --tolerance 1e-6 --format json').json
    assert steps["forecast"]["steps"] == steps["nit"]
    assert downslope('explain "exp(-x)" --start x=0 --steps 100 --format json').json["forecast"] is None


def test_check_gradient_names_the_slip(downslope):
    cost = 'check-gradient "((W-1)^2 + (2W-2)^2 + (3W-3)^2)/3" --at W=0'
    wrong = downslope(f'{cost} --gradient "W=(W-1)+2*(2W-2)+3*(3W-3)" --format json')
    assert wrong.code == 1
    assert wrong.json["ratio"] == pytest.approx(1.5)
    assert (wrong.json["slip"], wrong.json["n"]) == ("sum_for_mean", 3)
    right = downslope('check-gradient "x^2/20 + y^2" --gradient x=x/10,y=2*y --at x=1,y=2')
    assert (right.code, "is the derivative" in said(right)) == (0, True)
    assert downslope("check-gradient x^2 --at x=1").code == 2
