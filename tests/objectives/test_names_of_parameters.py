"""Names: one parameter in all its spellings, letters that only look alike, and e, pi and xy as parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import ExpressionError, StartError, UsageError
from downslope.objectives.coordinate_names import MANY, CoordinateNames, coordinate_names

MICRO, MU = "\u00b5", "\u03bc"  # drawn alike, and one name in formulas as in Python
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
CYRILLIC_A, CYRILLIC_X = "\u0430", "\u0445"


@pytest.mark.parametrize("typed", [MICRO, MU])
@pytest.mark.parametrize("index", ["x₁", "x1"])
def test_every_option_spells_a_name_as_the_formula_does(typed: str, index: str) -> None:
    run = ds.minimize(
        f"{MICRO}^2 + (x₁ - 1)^2",
        {typed: 3.0, index: 4.0},
        gradient={typed: f"2{MU}", index: "2(x1 - 1)"},
        tolerance=1e-9,
    )
    assert run.success
    assert run.x == pytest.approx({MU: 0.0, "x1": 1.0})
    held = ds.minimize(
        f"{MICRO}^2 + x₁^2", {typed: 3.0, index: 4.0}, bounds={typed: (1, 5), index: (2, None)}
    )
    assert held.x == pytest.approx({MU: 1.0, "x1": 2.0})
    text = ds.minimize(f"{MU}^2 + x1^2", f"{typed}=3,{index}=4", bounds=f"{typed}=1:5,{index}=:9")
    assert text.x[MU] == 1.0


def test_a_name_with_an_accent_is_one_in_both_unicode_forms() -> None:
    assert ds.minimize(f"({COMPOSED} - 2)^2", {DECOMPOSED: 0.0}).x == pytest.approx({COMPOSED: 2.0})
    assert ds.minimize(f"({DECOMPOSED} - 2)^2", {COMPOSED: 0.0}).x == pytest.approx({COMPOSED: 2.0})


def test_a_python_function_is_called_by_the_names_that_python_reads() -> None:
    def cost(μ: Any) -> Any:
        return (μ - 2) ** 2

    assert ds.minimize(cost, {MICRO: 0.0}).x == pytest.approx({MU: 2.0})


def test_two_spellings_of_one_name_are_refused() -> None:
    with pytest.raises(StartError, match="twice, in two spellings"):
        ds.minimize(f"{MU}^2", {MICRO: 1.0, MU: 2.0})


def test_a_letter_that_only_looks_alike_is_told_by_its_code() -> None:
    with pytest.raises(
        StartError, match=r"only looks like '.': U\+0061 \(latin small letter a\) is not U\+0430"
    ):
        ds.minimize(f"{CYRILLIC_A}^2", {"a": 1.0})
    with pytest.raises(UsageError, match=r"only looks like 'x': U\+0445"):
        ds.minimize("x^2", {"x": 1.0}, bounds={CYRILLIC_X: (0, 1)})
    run = ds.minimize(f"a^2 + {CYRILLIC_A}^2", {"a": 1.0, CYRILLIC_A: 2.0}, steps=1)
    assert any("look alike" in str(note) for note in run.objective.notes)


def test_e_is_a_parameter_where_the_start_names_it() -> None:
    run = ds.minimize(
        "(e - 1)^2 + (2x - e)^2", {"x": 1.0, "e": 3.0}, gradient={"x": "4(2x - e)", "e": "4e - 4x - 2"}
    )
    assert run.x == pytest.approx({"x": 0.5, "e": 1.0}, abs=1e-7)
    assert ds.minimize("(pi - 1)^2", {"pi": 3.0}).x == pytest.approx({"pi": 1.0})


def test_e_is_a_number_as_the_base_of_a_power_and_is_else_refused() -> None:
    assert ds.minimize("e^x - 2x", {"x": 0.0}).x["x"] == pytest.approx(np.log(2))
    with pytest.raises(ExpressionError, match="or a parameter"):
        ds.minimize("e*x^2", {"x": 1.0})
    run = ds.minimize("(x - exp(1))^2", {"x": 0.0})
    assert run.x["x"] == pytest.approx(np.e)


def test_e_is_never_silently_a_number_in_a_fit() -> None:
    z, x = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 2.0, 1.0])
    table = {"x": x, "z": z, "p": 2 * x + 5 * z}
    with pytest.raises(ExpressionError, match="or a parameter"):
        ds.fit(table, "p ~ a*x + e*z")
    fitted = ds.fit(table, "p ~ a*x + e*z", start={"a": 0.0, "e": 0.0})
    assert fitted.x == pytest.approx({"a": 2.0, "e": 5.0})
    assert ds.fit(table, "p ~ ax + ez", start="a=0,e=0").x == pytest.approx({"a": 2.0, "e": 5.0})


def test_a_fit_with_a_parameter_e_is_saved_loaded_and_exported(tmp_path: Any) -> None:
    z = np.array([1.0, 2.0, 3.0, 4.0])
    fitted = ds.fit({"z": z, "p": 5 * z + 1}, "p ~ e*z + b*e^0", start={"e": 0.0, "b": 0.0})
    fitted.save(tmp_path / "fit.json")
    loaded = ds.load(tmp_path / "fit.json")
    assert loaded.predict({"z": [10.0]}) == pytest.approx(fitted.predict({"z": [10.0]}))
    run = ds.minimize("(e - 1)^2 + e^2 + exp(1)", {"e": 3.0})
    run.save(tmp_path / "run.json")
    again = ds.load(tmp_path / "run.json")
    assert again.objective.value(np.array([2.0])) == pytest.approx(5 + np.e)
    space: dict[str, Any] = {}
    exec(run.export("numpy"), space)
    assert ds.minimize("xy + x^2 + y^2", {"x": 1.0, "y": 2.0}, steps=3).objective.text == "x*y + x^2 + y^2"


def test_a_name_is_escaped_where_it_is_shown_as_html() -> None:
    name = "<img src=x onerror=alert(1)>"
    run = ds.minimize(lambda **values: sum(v * v for v in values.values()), {name: 1.0}, steps=3)
    assert "&lt;img src=x" in run.history._repr_html_()
    assert "<img" not in run.history._repr_html_() + run.explain()._repr_html_()


def test_names_of_many_coordinates_are_those_that_would_be_written_out() -> None:
    names, shapes = ["b", "w", "A", "none"], [(), (MANY,), (3, 2, 4), (0,)]
    whole = ["b", *(f"w[{i}]" for i in range(MANY))]
    whole += [f"A[{i},{j},{k}]" for i in range(3) for j in range(2) for k in range(4)]
    many = coordinate_names(names, shapes)
    assert isinstance(many, CoordinateNames)
    assert isinstance(coordinate_names(["w"], [(MANY - 1,)]), tuple)
    assert list(many) == [many[k] for k in range(len(many))] == whole
    assert many == tuple(whole)
    assert tuple(whole) == many
    assert many != tuple(whole[:-1])
    assert many == CoordinateNames(names, shapes)
    assert many != CoordinateNames(["c", *names[1:]], shapes)
    assert hash(many) == hash(tuple(whole))
    assert (many[-1], many[np.int64(1)], many[-3:]) == (whole[-1], whole[1], tuple(whole[-3:]))
    with pytest.raises(IndexError):
        many[len(whole)]
