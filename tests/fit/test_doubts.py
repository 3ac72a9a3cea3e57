"""What a fit says of words that are probably not meant."""

import numpy as np
import pytest

from downslope.errors import StartError
from downslope.fit import fit

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
