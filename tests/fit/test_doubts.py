"""What a fit says of words that are probably not meant."""

import inspect

import numpy as np
import pandas as pd
import pytest

from downslope.api import table_fitting
from downslope.api.table_fitting import fit
from downslope.errors import StartError, UnknownNameError, UsageError
from downslope.fitting.losses import LOSSES, OTHER_NAMES, as_loss

RNG = np.random.default_rng(5)
HOUSES = {name: RNG.uniform(1, 9, 30) for name in ("price", "area", "rooms", "age")}


def test_a_misspelt_column_is_pointed_out():
    found = fit(HOUSES, "price ~ a*area + romos")
    assert "'romos' is no column and is taken as a parameter. Did you mean 'rooms'?" in found.warnings
    assert "Did you mean 'rooms'?" in str(found.explain())
    assert "?." not in str(found.explain())


@pytest.mark.parametrize(
    "formula", ["a*area + b*rooms + c", "w_area*area + rate", "area1*area + rooms2*rooms + age3*age"]
)
def test_names_that_are_meant_are_left_alone(formula):
    assert not any("Did you mean" in said for said in fit(HOUSES, f"price ~ {formula}").warnings)


def test_the_need_for_a_start_names_all_columns_and_the_misspelt_one(tmp_path):
    path = tmp_path / "houses.csv"
    rows = np.column_stack(list(HOUSES.values()))
    np.savetxt(path, rows, delimiter=",", header=",".join(HOUSES), comments="")
    with pytest.raises(StartError) as caught:
        fit(path, "price ~ a*exp(b*area) + romos")
    assert "The columns are: price, area, rooms, age. 'romos' is no column" in str(caught.value)
    assert str(caught.value).endswith("Did you mean 'rooms'?")


ARRAYS = RNG.standard_normal((20, 2)), RNG.standard_normal(20)


@pytest.mark.parametrize("kind", ["arrays", "frame"])
def test_inputs_and_target_as_two_arguments_are_told_to_go_together(kind):
    X, y = ARRAYS
    table, target = (X, y) if kind == "arrays" else (pd.DataFrame(X, columns=["a", "b"]), pd.Series(y))
    with pytest.raises(UsageError, match=r"as one pair: fit\(\(X, y\)\)\.$"):
        fit(table, target)
    assert fit(ARRAYS).success  # as the message says


def test_a_function_is_no_hypothesis():
    with pytest.raises(UsageError, match="it must be a formula as text, such as 'y ~ a\\*x \\+ b'; a cost"):
        fit(HOUSES, lambda x, a: a * x)


@pytest.mark.parametrize(
    ("word", "meant"), [("lr", "learning_rate"), ("max_iter", "steps"), ("init", "start")]
)
def test_other_tools_words_for_options(word, meant):
    with pytest.raises(UsageError, match=f"Did you mean '{meant}'"):
        fit(HOUSES, "price ~ a*area", **{word: 1})


def test_every_option_of_its_own_is_among_the_suggestions():
    named = [p.name for p in inspect.signature(fit).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert tuple(named) == table_fitting._NAMED


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("logistic", "Did you mean 'log_loss'? There are"),
        ("cross_entropy", "Did you mean 'log_loss' or 'softmax'? There are"),
        ("zzz", "there is no loss 'zzz'. There are"),
    ],
)
def test_other_tools_words_for_losses(word, hint):
    with pytest.raises(UnknownNameError) as caught:
        as_loss(word)
    assert hint in str(caught.value)
    assert "  " not in str(caught.value)
    meant = [(name,) if isinstance(name, str) else name for name in OTHER_NAMES.values()]
    assert {name for names in meant for name in names} <= set(LOSSES)


LABELS = {"x": np.linspace(-3, 3, 40), "y": (RNG.uniform(-3, 3, 40) < np.linspace(-3, 3, 40)) * 1.0}


@pytest.mark.parametrize(
    ("right", "loss", "said"),
    [
        ("sigmoid(a*x + b)", "log_loss", "log_loss applies the sigmoid itself"),
        ("1/(1 + exp(-(a*x + b)))", "log_loss", "log_loss applies the sigmoid itself"),
        ("1/(1 + exp(-a*x - b))", "log_loss", "log_loss applies the sigmoid itself"),
        ("exp(a*x + b)", "poisson", "poisson applies the exponential itself"),
    ],
)
def test_a_link_that_is_applied_twice_is_pointed_out(right, loss, said):
    found = fit(LABELS, f"y ~ {right}", loss=loss, start="a=0.1,b=0", steps=2)
    assert [w for w in found.warnings if w.startswith(said)] == [
        f"{said}, and here it is applied twice; write b + a*x."
    ]
    as_advised = fit(LABELS, "y ~ b + a*x", loss=loss)
    assert as_advised.loss < found.loss


@pytest.mark.parametrize(
    ("right", "loss"),
    [
        ("sigmoid(a*x + b)", "mse"),
        ("a*exp(-x) + b", "poisson"),
        ("a*sigmoid(b*x)", "log_loss"),
        ("where(x > 0, 1/(1 + exp(-a*x - b)), b)", "log_loss"),
    ],
)
def test_a_hypothesis_that_only_has_such_a_part_is_left_alone(right, loss):
    found = fit(LABELS, f"y ~ {right}", loss=loss, start="a=0.1,b=0.1", steps=2)
    assert not any("itself" in said for said in found.warnings)
