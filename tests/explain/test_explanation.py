"""The faces of an explanation: text, JSON, the forecast beside what happened; its cost; its silence when asked."""

import json
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import CODES, analysis_view, budget, diagnosis
from downslope.explain.advice import shortened
from downslope.explain.sentences import TEMPLATES
from downslope.messages import reading

TUTORIAL = ("x^2/20 + y^2", {"x": -7, "y": 2})


def explained(**options: Any) -> Any:
    return ds.minimize(*TUTORIAL, **options).explain()


def test_tutorial_2_in_numbers() -> None:
    above = explained(learning_rate=1.05, steps=100)
    assert above.codes == ("learning_rate_above_limit",)
    finding = above.findings[0]
    assert finding.exact
    assert finding.evidence["limit"] == pytest.approx(1.0)
    assert finding.evidence["factor"] == pytest.approx(-1.1)
    assert finding.advice.setting == {"learning_rate": 0.952, "steps": 160}
    again = ds.minimize(*TUTORIAL, learning_rate=0.952, tolerance=diagnosis.WANTED * np.hypot(0.7, 4))
    assert (again.status, again.nit) == (finding.advice.status, finding.advice.steps)
    assert "(run and confirmed)" in finding.advice.sentence
    zigzag = explained(learning_rate=0.95, steps=30)
    assert zigzag.codes == ("zigzag",)
    assert zigzag.findings[0].evidence["best_rate"] == pytest.approx(0.952, abs=5e-4)


def test_plain_data_is_json() -> None:
    data = explained(learning_rate=1.05, steps=100).to_dict()
    assert set(data) == {"point", "findings", "forecast", "left_out"}
    text = json.dumps(data, allow_nan=False)
    finding = json.loads(text)["findings"][0]
    assert set(finding) == {"code", "exact", "evidence", "advice", "sentence"}
    assert set(finding["advice"]) == {"setting", "verified", "outcome", "sentence"}
    assert finding["advice"]["outcome"]["status"] == "converged"
    assert json.loads(text)["forecast"]["happened"] == {
        "status": "diverged",
        "steps": 100,
        "gradient_norm": pytest.approx(55122.44935928962),
    }


def test_text_for_people() -> None:
    explanation = explained(learning_rate=1.05, steps=100)
    assert "learning_rate_above_limit: The learning rate 1.05 is above the limit 1" in repr(explanation)
    assert explanation.brief in str(explanation)
    assert "<code>learning_rate_above_limit</code>" in explanation._repr_html_()


def test_it_is_worked_out_once_and_is_the_same_again() -> None:
    run = ds.minimize(*TUTORIAL, learning_rate=0.95, steps=30)
    assert run.explain() is run.explain()
    again = ds.minimize(*TUTORIAL, learning_rate=0.95, steps=30)
    assert again.explain().to_dict() == run.explain().to_dict()


def test_a_thinned_history_is_explained_alike() -> None:
    every = explained(learning_rate=1.05, steps=100, every=7)
    assert every.codes == ("learning_rate_above_limit",)
    quartic = ds.minimize("x^4 + y^2", {"x": 2, "y": 1}, learning_rate=0.3, steps=100, every=50)
    assert quartic.explain().codes == ("learning_rate_above_limit",)


def test_a_loaded_run_is_explained(tmp_path: Any) -> None:
    run = ds.minimize(*TUTORIAL, learning_rate=1.05, steps=100)
    run.save(tmp_path / "run.json")
    assert ds.load(tmp_path / "run.json").explain().codes == run.explain().codes


def test_without_explanation_nothing_is_judged() -> None:
    silent = ds.minimize("x^2 - y^2", {"x": 1, "y": 0}, learning_rate=0.1, explain=False)
    assert silent.success
    assert not ds.minimize("x^2 - y^2", {"x": 1, "y": 0}, learning_rate=0.1).success
    assert silent.explain().codes == ("saddle",)


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_forecast_to_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    start = dict(zip("xy", random.uniform(-5, 5, 2), strict=True))
    rate, tolerance = random.uniform(0.05, 0.95), 10 ** random.uniform(-8, -2)
    promised = ds.forecast("x^2/20 + y^2", start, learning_rate=rate, tolerance=tolerance)
    run = ds.minimize("x^2/20 + y^2", start, learning_rate=rate, tolerance=tolerance)
    assert promised.steps == pytest.approx(run.nit, abs=1)
    assert promised.beside(run).happened == {
        "status": "converged",
        "steps": run.nit,
        "gradient_norm": run.gradient_norm,
    }


def test_forecast_of_what_has_no_end_and_no_symbols() -> None:
    assert ds.forecast("x^2 - y^2", {"x": 1, "y": 1}, learning_rate=0.1).diverges
    assert ds.forecast("rosenbrock", learning_rate=1e-3).condition == pytest.approx(2508.0096, rel=1e-4)
    assert not ds.forecast("rosenbrock", learning_rate=1e-3).exact

    def opaque(x: Any) -> float:
        return float(np.float64(x[0]) ** 2 + 4 * np.float64(x[1]) ** 2)

    assert ds.forecast(opaque, np.array([1.0, 1.0]), learning_rate=0.1).limit == pytest.approx(0.25, rel=1e-6)
    with pytest.raises(ds.errors.UsageError, match="nothing can be forecast"):
        ds.forecast("exp(-x)", {"x": 0}, learning_rate=0.1)


def test_a_forecast_simulates_nothing() -> None:
    promised = ds.forecast("x^2 + 1e-9*y^2", {"x": 1, "y": 1}, learning_rate=0.9, tolerance=1e-30)
    assert promised.steps is not None
    assert promised.steps > 1e9  # which nobody could wait for


COSTLY: list[tuple[Any, Any, dict[str, Any]]] = [
    (*TUTORIAL, {"learning_rate": 1.05, "steps": 100}),
    (*TUTORIAL, {"learning_rate": 0.95, "steps": 30}),
    ("rosenbrock", None, {"learning_rate": 1e-3, "steps": 5000, "tolerance": 1e-8}),
    ("himmelblau", None, {"optimizer": "adam", "learning_rate": 0.05, "steps": 2000}),
    ("x^2 + 2y^3", {"x": 1, "y": 1}, {"learning_rate": 0.01}),
    ("abs(x) + y^2", {"x": 1.03, "y": 1}, {"learning_rate": 0.1, "steps": 200}),
]


@pytest.mark.parametrize(("function", "start", "options"), COSTLY)
def test_costs_no_more_operations_than_the_run_or_a_fixed_number(
    function: Any, start: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[float] = []
    spend = budget.spend

    def counted(operations: float) -> None:
        spend(operations)
        spent.append(operations)

    run = ds.minimize(function, start, **options)
    for module in (budget, analysis_view):
        monkeypatch.setattr(module, "spend", counted)
    run.explain()
    assert 0 < sum(spent) <= max(budget.OPERATIONS, budget.spent_by(run))


# --- sentences ------------------------------------------------------------------------------------------


def test_every_code_has_its_sentence() -> None:
    for code in CODES:
        assert any(key == f"finding.{code}" or key.startswith(f"finding.{code}.") for key in TEMPLATES), code


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_every_template_is_a_whole_sentence_with_named_fields(key: str) -> None:
    for template in filter(None, (TEMPLATES[key].one, TEMPLATES[key].many)):
        assert template[0].isupper() or template.startswith("{")
        assert template.endswith((".", "?"))
    assert all(name.isidentifier() for name in TEMPLATES[key].names)


def test_an_explanation_is_rendered_for_whoever_reads_it() -> None:
    told = explained(learning_rate=1.05, steps=100)
    english = str(told)
    with reading("xx-pseudo"):
        marked = str(told)
    assert marked != english
    assert "\u27e6" in marked
    assert str(told) == english


def test_advised_rates_are_short_and_never_above() -> None:
    random = np.random.default_rng(0)
    for rate in 10 ** random.uniform(-12, 6, 200):
        short = shortened(float(rate))
        assert short <= rate
        assert short >= 0.99 * rate
        assert len(f"{short:.15g}".replace(".", "").strip("0").split("e")[0]) <= 3
