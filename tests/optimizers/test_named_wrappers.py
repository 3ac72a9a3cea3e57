"""Wrappers by name: ``lookahead(adam(0.1), every=6)``."""

from __future__ import annotations

import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UnknownNameError, UsageError
from downslope.optimizers import (
    Adam,
    ClipByNorm,
    GradientNoise,
    Lookahead,
    Momentum,
    WeightDecay,
    as_optimizer,
)


@pytest.mark.parametrize(
    ("text", "more", "made"),
    [
        ("lookahead(adam(0.1), every=6)", {}, Lookahead(optimizer=Adam(learning_rate=0.1), every=6)),
        ("Lookahead( adam )", {"learning_rate": 0.1}, Lookahead(optimizer=Adam(learning_rate=0.1))),
        ("look-ahead(adam(0.1), part=1/4)", {}, Lookahead(optimizer=Adam(learning_rate=0.1), part=0.25)),
        (
            "clip_by_norm(weight_decay(momentum(0.1, momentum=0.5), rate=0.2), limit=3)",
            {},
            ClipByNorm(
                optimizer=WeightDecay(optimizer=Momentum(learning_rate=0.1, momentum=0.5), rate=0.2), limit=3
            ),
        ),
        (
            "gradient_noise(adam, seed=4)",
            {"variance": 0.5, "beta1": 0.5},
            GradientNoise(optimizer=Adam(beta1=0.5), variance=0.5, seed=4),
        ),
        ("lookahead(optimizer=adam(0.1))", {}, Lookahead(optimizer=Adam(learning_rate=0.1))),
    ],
)
def test_a_wrapper_is_named_with_its_rule(text, more, made):
    assert as_optimizer(text, **more) == made


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("lookahead", UsageError, r"lookahead stands around a rule, .*: lookahead\(adam\)"),
        ("lookahead(every=3)", UsageError, "stands around a rule"),
        ("lookahead(adma)", UnknownNameError, r"Did you mean .*'adam'"),
        ("lookahead(adam, adam)", HyperparameterError, "gives optimizer twice"),
        ("lookahead(adam, evry=2)", HyperparameterError, "Did you mean 'every'"),
        ("lookahead(armijo)", HyperparameterError, "Armijo does not step from each point"),
        ("adam(momentum)", HyperparameterError, "which is not a number"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text, error, says):
    with pytest.raises(error, match=says):
        as_optimizer(text)


def test_a_wrapper_is_compared_and_swept_at_the_rate_that_it_is_given():
    both = ds.compare(
        "x^2",
        {"x": 3.0},
        optimizer=["lookahead(sgd(0.1))", "lookahead(sgd)"],
        learning_rate=[0.2, 0.3],
        steps=9,
    )
    rates = [run.optimizer.optimizer.learning_rate for run in both.runs]
    assert rates == [0.1, 0.2, 0.3]


def test_a_comparison_tells_a_rule_from_the_same_in_a_wrapper():
    both = ds.compare(
        "x^2", {"x": 3.0}, optimizer=["adam(0.1)", "lookahead(clip_by_norm(adam(0.1)))"], steps=5
    )
    assert list(both.columns["optimizer"]) == ["adam", "lookahead(clip_by_norm(adam))"]
    rules = ["adam(0.1)", "lookahead(adam(0.1))"]
    race = ds.race("x^2 + y^2", rules, {"x": 3.0, "y": 1.0}, starts=15, evaluations=30, seed=1)
    text = str(race)
    assert all(rule in text for rule in rules)
