"""Wrappers on the command line: named around a rule, listed, explained."""

import downslope as ds
from downslope.optimizers import SGD, Lookahead


def test_a_rule_in_a_wrapper_is_run(downslope):
    answer = downslope(
        'minimize "x^2" --start x=3 --steps 8 --optimizer "lookahead(sgd(0.25), every=2)" --format json'
    )
    run = ds.minimize(
        "x^2", {"x": 3.0}, optimizer=Lookahead(optimizer=SGD(learning_rate=0.25), every=2), steps=8
    )
    assert answer.json["fun"] == run.fun
    assert answer.json["x"] == run.x


def test_wrappers_are_listed_and_explained(downslope):
    names = {record["name"] for record in downslope("optimizers --format json").json}
    assert {"adam", "newton", "lookahead", "gradient_noise", "clip_by_norm"} <= names
    assert not {"scheduled", "projected"} & names  # bounds and schedules are options
    shown = downslope("optimizers lookahead").out
    assert "lookahead(adam)" in shown
    assert "arXiv 1907.08610" in shown


def test_a_wrapper_without_a_rule_is_refused(downslope):
    answer = downslope('minimize "x^2" --start x=3 --optimizer lookahead')
    assert answer.code == 2
    assert "lookahead(adam)" in answer.err
