"""Many starts at once end where each of them ends alone."""

from __future__ import annotations

import pytest
from page_node import PROGRAM, in_node, needs_node
from test_page_descents import RULES, options_of

BODY = """
const { endsOf } = program;
const { tree, names } = readFormula(given.formula);
const compiled = compileFormula(tree, names);
const n = names.length;
const runs = 700; // more than one block of lanes
const starts = Float64Array.from({ length: runs * n }, (_, i) => 4 * Math.sin(7 * i + 1));
const rates = Float64Array.from({ length: runs }, (_, i) => 0.4 * (1.01 + Math.sin(i)));
return given.rules.map((options) => {
  const rated = RULES.get(options.rule).hyperparameters.some(({ name }) => name === "learning_rate");
  const ends = endsOf(compiled, starts, { ...options, steps: 40, tolerance: 1e-4, rates: rated ? rates : null });
  const causes = new Set();
  let different = 0;
  for (let run = 0; run < runs; run += 9) {
    const start = starts.subarray(run * n, (run + 1) * n);
    const rate = rated ? { learningRate: rates[run] } : {};
    const alone = descend(compiled, start, { ...options, ...rate, steps: 40, tolerances: { tolerance: 1e-4 } });
    const x = alone.reported?.x ?? alone.x.slice(-n);
    const near = (a, b) => Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a));
    const same = x.every((coordinate, j) => near(coordinate, ends.x[run * n + j]));
    if (alone.rows && !(same && alone.cause === ends.cause[run] && alone.steps === ends.steps[run])) different++;
    if (!alone.rows && alone.cause !== ends.cause[run]) different++;
    causes.add(alone.cause);
  }
  return { rule: options.rule, different, causes: causes.size };
});
"""

# A rule that searches may stall, and one that averages looks at its answer on the way: both need the way so far.
NAMES = ["gradient_descent", "momentum", "adam", "rprop", "lion", "nesterov", "dadapt_adam", "yogi", "adgd"]


@needs_node
@pytest.mark.parametrize(
    "formula",
    [
        "x^4/4 - x^2 + y^2 + x*y/2",
        "x^2*sin(x)/4 + x^2",
        "x - log(x) + where(y > 0, y^2, sqrt(-y))",
        "exp(x) - x*atan2(y, 3)",
    ],
)
def test_many_starts_end_where_each_ends_alone(formula: str) -> None:
    rules = [options_of(RULES[name]) for name in NAMES]
    found = in_node(BODY, {"formula": formula, "rules": rules})
    assert [(one["rule"], one["different"]) for one in found] == [(name, 0) for name in NAMES]
    assert max(one["causes"] for one in found) > 1


@needs_node
@pytest.mark.parametrize("schedule", ["cosine", "reduce_on_plateau"])
def test_their_rates_follow_schedules(schedule: str) -> None:
    values = {"cosine": {"steps": 30}, "reduce_on_plateau": {"rate": 0.5, "patience": 2}}[schedule]
    scheduled = {"schedule": [{"name": schedule, "values": values}]}
    rules = [options_of(RULES[name]) | scheduled for name in ("gradient_descent", "adam")]
    found = in_node(BODY, {"formula": "x^4/4 - x^2 + y^2 + x*y/2", "rules": rules})
    assert [one["different"] for one in found] == [0, 0]
    assert found != in_node(BODY, {"formula": "x^4/4 - x^2 + y^2 + x*y/2", "rules": rules[:1] * 2})


PENALISED = """
const { compileFit } = await import("PROGRAM/fit.js");
const { endsOf } = program;
const loss = { formula: "r^2", root: false, number: 0 };
const columns = { x: [2, 4, 6, 8], y: [81, 93, 91, 97] };
const fit = compileFit({ right: "a*x + b", target: "y", columns, loss, l1: given.l1, penalised: ["a"] });
const starts = Float64Array.from({ length: 60 }, (_, i) => (i % 2 ? 80 + i : 3 * Math.sin(i)));
const options = { rule: given.rule, hyperparameters: given.hyperparameters };
const ends = endsOf(fit.compiled, starts, { ...options, steps: 50, tolerance: 1e-4 });
let [different, zeros] = [0, 0];
for (let run = 0; run < 30; run++) {
  const start = starts.subarray(2 * run, 2 * run + 2);
  const alone = descend(fit.compiled, start, { ...options, steps: 50, tolerances: { tolerance: 1e-4 } });
  const x = alone.x.slice(-2);
  if (x.some((value, j) => value !== ends.x[2 * run + j]) || alone.cause !== ends.cause[run]) different++;
  if (x[0] === 0) zeros++;
}
return { different, zeros };
"""


@needs_node
@pytest.mark.parametrize(
    ("rule", "hyperparameters"),
    [("gradient_descent", {"learning_rate": 0.02}), ("adam", {"learning_rate": 0.5}), ("lion", {})],
)
def test_a_penalty_l1_is_taken_on_maps_as_alone(rule: str, hyperparameters: dict[str, float]) -> None:
    given = {"rule": rule, "hyperparameters": hyperparameters, "l1": 500.0}
    found = in_node(PENALISED.replace("PROGRAM", PROGRAM.as_uri()), given)
    assert found["different"] == 0
    assert found["zeros"] > 0 or rule == "lion"  # which has no proximal steps
