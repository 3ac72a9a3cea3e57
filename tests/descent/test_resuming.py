"""Runs that go on: n steps are k steps and n - k more, bit for bit, whatever computes them; rewinding; branching."""

from __future__ import annotations

import itertools
import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent.engine import Position
from downslope.descent.evidence import Cause
from downslope.descent.snapshot import packed, unpacked
from downslope.descent.stations import thinned
from downslope.errors import DataError, HyperparameterError, ObjectiveError, UsageError
from downslope.optimizers import Optimizer, all_optimizers
from trials import SOAKING, fresh_seed, trials

STEPS = 24
VALLEY = "0.3*(1 - x)^2 + 2*(y - x^2)^2"
START = {"x": -1.2, "y": 1.0}


def opaque(x: float, y: float) -> float:
    return 0.3 * (1 - float(x)) ** 2 + 2 * (float(y) - float(x) ** 2) ** 2


def vector(w: Any) -> Any:
    return np.sum((w - 1) ** 4) + 0.5 * w[0] * w[1]


KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "formula": (VALLEY, START, {}),
    "float32": (VALLEY, START, {"dtype": "float32"}),
    "hosted": (VALLEY, START, {"engine": "hosted"}),
    "hosted float32": (VALLEY, START, {"engine": "hosted", "dtype": "float32"}),
    "NumPy": (vector, [1.5, -0.5, 2.0], {}),
    "Python": (opaque, START, {}),
    "spaced": (VALLEY, START, {"every": 7}),
    "with a test": (VALLEY, START, {"tolerance": 1e-6, "x_tolerance": 1e-12}),
    "uphill": (f"-({VALLEY})", START, {}),
}
ALIKE = ("nfev", "nit", "status", "message", "success", "engine")


def of(kind: str, rule: Any, steps: int, **more: Any) -> ds.Run:
    function, start, options = KINDS[kind]
    descend = ds.maximize if kind == "uphill" else ds.minimize
    return descend(function, start, optimizer=rule, steps=steps, explain=False, **options, **more)


def assert_same(run: ds.Run, whole: ds.Run) -> None:
    assert run.history == whole.history
    assert [getattr(run, name) for name in ALIKE] == [getattr(whole, name) for name in ALIKE]
    assert np.array_equal(run.final, whole.final)
    assert run.stopping == whole.stopping
    assert run.left_with is not None
    assert whole.left_with is not None
    assert run.left_with.to_dict() | {"witness": None} == whole.left_with.to_dict() | {"witness": None}


def hold(kind: str, rule: Optimizer, place: int, path: Path | None = None) -> None:
    """One case: a run stopped there, and perhaps saved, goes on as if it had not been."""
    whole, part = of(kind, rule, STEPS), of(kind, rule, place)
    evidence = part.termination.evidence
    assert evidence is not None
    if evidence.cause != Cause.STEP_LIMIT:  # it ended before, on its own
        return
    more = {"steps": STEPS - place, "explain": False}
    if path is None:
        assert_same(part.resume(**more), whole)
        return
    part.save(path)
    function = KINDS[kind][0]
    assert_same(ds.resume(path, function if callable(function) else None, **more), whole)


@pytest.mark.parametrize("cls", all_optimizers(), ids=lambda cls: cls.name())
def test_a_run_of_every_rule_goes_on_as_if_it_had_not_ended(cls: type[Optimizer], tmp_path: Path) -> None:
    draw = random.Random(fresh_seed())
    for place in [0, *(draw.randrange(1, STEPS) for _ in range(4))]:
        hold("formula", cls(), place)
    for _ in range(trials(2)):
        kind, place = draw.choice(list(KINDS)), draw.randrange(STEPS)
        print(kind, place)
        hold(kind, cls(), place, draw.choice([None, tmp_path / "run.json"]))


@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_every_kind_go_on(kind: str, tmp_path: Path) -> None:
    draw = random.Random(fresh_seed())
    for name in all_names() if SOAKING else ("adam", "lbfgs", "schedule_free_adamw", "armijo"):
        rule, place = ds.optimizers.optimizer_class(name)(), draw.randrange(STEPS)
        print(name, place)
        hold(kind, rule, place)
        hold(kind, rule, place, tmp_path / "run.json")


def all_names() -> list[str]:
    return [cls.name() for cls in all_optimizers()]


WRAPPED: dict[str, dict[str, Any]] = {
    "schedule": {"optimizer": "adam", "learning_rate": 0.1, "schedule": "cosine(steps=20)"},
    "schedules": {
        "optimizer": "momentum",
        "learning_rate": 0.01,
        "schedule": "warmup(steps=5)*exponential(rate=0.9)",
    },
    "bounds": {"optimizer": "spg", "bounds": "x=-2:0.5,y=:5"},
    "clipped": {
        "optimizer": ds.optimizers.ClipByNorm(optimizer=ds.optimizers.Adam(learning_rate=0.1), limit=0.5)
    },
}


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_schedules_bounds_and_wrappers_go_on(name: str, engine: Any, tmp_path: Path) -> None:
    options = {**WRAPPED[name], "engine": engine}
    if name == "schedules":
        options["schedule"] = "cosine(steps=9)*cosine(steps=30)"
    whole = ds.minimize(VALLEY, START, steps=20, **options)
    part = ds.minimize(VALLEY, START, steps=random.Random(fresh_seed()).randrange(20), **options)
    assert_same(part.resume(steps=20 - part.nit), whole)
    part.save(tmp_path / "run.json")
    assert_same(ds.resume(tmp_path / "run.json", steps=20 - part.nit), whole)


@pytest.mark.parametrize("rule", ["adam", "lbfgs", "gradient_descent", "schedule_free_sgd", "dog"])
@pytest.mark.parametrize("size", [30, 700])
def test_a_run_of_tensors_goes_on(rule: str, size: int, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    def cost(w: Any) -> Any:
        return ((w - 1) ** 2).sum() + torch.special.erfcx(w * 0.1).sum()

    start = torch.linspace(-1, 1, size, dtype=torch.float32)
    whole = ds.minimize(cost, start, optimizer=rule, steps=12, explain=False)
    for place in random.Random(fresh_seed()).sample(range(12), 2):
        part = ds.minimize(cost, start, optimizer=rule, steps=place, explain=False)
        assert_same(part.resume(steps=12 - place, explain=False), whole)
        part.save(tmp_path / "run.json")
        again = ds.resume(tmp_path / "run.json", cost, start, steps=12 - place, explain=False)
        assert_same(again, whole)
        assert torch.equal(again.x, whole.x)


@pytest.mark.parametrize("rule", ["adam", "armijo"])
@pytest.mark.parametrize("size", [5, 20_100])
def test_a_run_that_jax_compiles_goes_on(rule: str, size: int) -> None:
    jax = pytest.importorskip("jax")

    def cost(w: Any) -> Any:
        return jax.numpy.mean((w - 1) ** 2) + jax.numpy.mean(jax.scipy.special.i0e(w))

    start = jax.numpy.linspace(-1, 1, size)
    whole = ds.minimize(cost, start, optimizer=rule, steps=12, explain=False)
    assert whole.engine == "compiled"
    part = ds.minimize(cost, start, optimizer=rule, steps=5, explain=False)
    assert_same(part.resume(steps=7, explain=False), whole)


def test_a_run_goes_on_twice_and_from_a_callback_that_stopped_it() -> None:
    whole = of("formula", "adam", STEPS)
    part = of("formula", "adam", 3).resume(steps=4, explain=False).resume(steps=STEPS - 7, explain=False)
    assert_same(part, whole)
    stopped = of("formula", "adam", STEPS, callback=lambda step: step.step == 5)
    assert (stopped.status, stopped.nit) == ("stopped_by_callback", 5)
    assert_same(stopped.resume(explain=False), whole)


@pytest.mark.parametrize("at", [1, 2, 9])
def test_a_run_that_was_interrupted_goes_on_to_its_limit(at: int, tmp_path: Path) -> None:
    calls: list[int] = []

    def interrupted(x: float, y: float) -> float:
        calls.append(1)
        if len(calls) == before + 4 * at:
            raise KeyboardInterrupt
        return opaque(x, y)

    before = 0
    options: dict[str, Any] = {"optimizer": "lbfgs", "steps": 12, "explain": False}
    whole = ds.minimize(opaque, START, **options)
    ds.minimize(lambda x, y: calls.append(1) or opaque(x, y), START, **{**options, "steps": 0})
    before = len(calls)
    calls.clear()
    part = ds.minimize(interrupted, START, **options)
    assert part.status == "interrupted"
    again = part.resume(explain=False)
    assert again.history == whole.history
    assert (again.nfev, again.message) == (whole.nfev, whole.message)
    again.save(tmp_path / "run.json")
    assert ds.load(tmp_path / "run.json").history == again.history


def test_a_converged_run_goes_on_to_a_smaller_tolerance_only() -> None:
    run = ds.minimize("x^2", "x=1", learning_rate=0.1, tolerance=1e-3)
    with pytest.raises(UsageError, match="smaller tolerance"):
        run.resume(steps=3)
    again = run.resume(tolerance=1e-6)
    assert again.status == "converged"
    assert again.gradient_norm <= 1e-6
    assert again.history == ds.minimize("x^2", "x=1", learning_rate=0.1, tolerance=1e-6).history
    assert run.resume(tolerance=0, steps=3).nit == run.nit + 3


def test_nothing_goes_on_that_cannot() -> None:
    with pytest.raises(UsageError, match="all the steps"):
        of("formula", "adam", 3).resume()
    with pytest.raises(UsageError, match="nothing goes on: Diverged"):
        ds.minimize("x^2", "x=1", learning_rate=2.0, steps=3000).resume(steps=3)
    with pytest.raises(UsageError, match="no option 'step'"):
        of("formula", "adam", 3).resume(step=3)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="at least 0"):
        of("formula", "adam", 3).resume(steps=-1)


def test_another_function_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    of("Python", "adam", 5).save(path)
    with pytest.raises(ObjectiveError, match=r"resume\(path, function\)"):
        ds.resume(path, steps=3)
    with pytest.raises(DataError, match=r"another function.*at step 5 its value"):
        ds.resume(path, lambda x, y: opaque(x, y) * (1 + 1e-15), steps=3)
    with pytest.raises(DataError, match=r"its derivative by x"):
        ds.resume(
            path,
            opaque,
            gradient=lambda x, y: (0.6 * (x - 1) - 8 * x * (y - x**2), 4 * (y - x**2) + 1e-3),
            steps=3,
        )
    with pytest.raises(DataError, match="its parameters are x, z"):
        ds.resume(path, lambda x, z: opaque(x, z), {"x": 1.0, "z": 1.0}, steps=3)
    assert ds.resume(path, opaque, steps=3).nit == 8


def test_every_changed_digit_of_a_state_is_found(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    of("formula", "adam", 5).save(path)
    text = path.read_text("utf-8")
    begin, end = text.index('"left_with"'), text.index('"history"')
    draw = random.Random(fresh_seed())
    for _ in range(trials(60)):
        place, bit = draw.randrange(begin, end - 3), 1 << draw.randrange(7)
        flipped = text[:place] + chr(ord(text[place]) ^ bit) + text[place + 1 :]
        path.write_text(flipped, "utf-8")
        with pytest.raises(DataError):
            ds.load(path)


def test_a_state_of_nonsense_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    of("formula", "adam", 5).save(path)
    whole = json.loads(path.read_text("utf-8"))
    del whole["sha256"], whole["digest"]
    good = packed(np.zeros(2))
    for name, value in [
        ("version", 2), ("x", packed(np.zeros(3))), ("x", packed(1.0)), ("counts", packed(np.zeros(3, np.int64))),
        ("counts", packed(np.zeros(11))), ("memory", good), ("first", packed(np.zeros(3))), ("last", None),
        ("state", [{**good, "base64": "*"}]), ("state", [{**good, "shape": [-2]}]), ("state", [{**good, "dtype": "O"}]),
        ("beside", [good, good]), ("versions", 3), ("seen", [1]), ("state", 5),
    ]:  # fmt: skip
        path.write_text(json.dumps({**whole, "left_with": {**whole["left_with"], name: value}}), "utf-8")
        with pytest.raises(DataError):
            ds.load(path)
    for leaves in ([], [good], [packed(np.zeros(3))] * 4):  # whole, and none of this rule's
        path.write_text(json.dumps({**whole, "left_with": {**whole["left_with"], "state": leaves}}), "utf-8")
        with pytest.raises(DataError, match="none of this rule's"):
            ds.resume(path, steps=3)


@pytest.mark.parametrize(
    "value", [1.5, -0.0, float("nan"), 3, True, np.float32(0.1), np.arange(6.0).reshape(2, 3)]
)
def test_numbers_are_kept_bit_for_bit(value: Any) -> None:
    again = unpacked(json.loads(json.dumps(packed(value))))
    assert type(again) is type(value)
    assert np.asarray(again).tobytes() == np.asarray(value).tobytes()
    assert np.shape(again) == np.shape(value)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", [(3, 3), (1, 4), (4, 1), (2, 3, 4)])
def test_a_matrix_comes_back_as_it_lay(order: Any, shape: tuple[int, ...]) -> None:
    """Products of one that lies otherwise are rounded otherwise."""
    value = np.asarray(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), order=order)
    again = unpacked(json.loads(json.dumps(packed(value))))
    assert np.array_equal(again, value)
    assert (again.dtype, again.strides) == (value.dtype, value.strides)


def test_a_run_of_before_states_were_kept_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    of("formula", "adam", 5).save(path)
    data = json.loads(path.read_text("utf-8"))
    del data["left_with"], data["sha256"], data["digest"]
    path.write_text(json.dumps(data), "utf-8")
    assert ds.resume(path, steps=STEPS - 5).history == of("formula", "adam", STEPS).history


@pytest.mark.parametrize("kind", ["formula", "Python", "spaced", "hosted float32"])
@pytest.mark.parametrize("rule", ["adam", "lbfgs"])
def test_rewinding(kind: str, rule: str) -> None:
    whole = of(kind, rule, STEPS)
    step = random.Random(fresh_seed()).randrange(whole.nit)
    earlier = whole.at(step)
    assert_same(earlier, of(kind, rule, step))
    assert_same(earlier.resume(steps=STEPS - step, explain=False), whole)
    for wrong in (-1, STEPS + 1, 1.5, True):
        with pytest.raises(UsageError, match="has the steps 0 to"):
            whole.at(wrong)  # type: ignore[arg-type]


def test_what_does_not_go_the_same_way_again_is_not_rewound() -> None:
    calls = itertools.count()
    run = ds.minimize(
        lambda x: float(x) ** 2 + next(calls), 1.0, gradient=lambda x: 2 * x, learning_rate=0.1, steps=9
    )
    with pytest.raises(DataError, match="another way from step 0"):
        run.at(5)


def test_branching_leaves_the_step_by_the_changed_rule_with_its_memory() -> None:
    run = of("formula", "momentum", STEPS)
    rate, μ = 0.01, run.optimizer.hyperparameters()["momentum"]
    other = run.branch(6, learning_rate=rate, steps=3)
    assert other.optimizer == ds.optimizers.Momentum(learning_rate=rate, momentum=μ)
    assert other.history.x[:7].tolist() == run.history.x[:7].tolist()
    assert other.nit == 9
    # The next point, by hand: the memory after step 6 is (x6 - x7) / η of the old rule.
    η = run.optimizer.hyperparameters()["learning_rate"]
    v = (run.history.x[6] - run.history.x[7]) / η
    assert other.history.x[7] == pytest.approx(run.history.x[6] - rate * v, rel=1e-12)
    assert other.resume(steps=2).nit == 11


def test_branching_to_another_rule_begins_there() -> None:
    run = of("formula", "adam", STEPS)
    other = run.branch(6, optimizer="momentum", learning_rate=0.01, explain=False)
    there = ds.minimize(VALLEY, run.at(6).x, optimizer="momentum", learning_rate=0.01, steps=STEPS - 6)
    assert other.nit == STEPS
    assert other.history.x[6:].tolist() == there.history.x.tolist()
    first = run.branch(0, learning_rate=0.01, explain=False)
    assert (
        first.history == ds.minimize(VALLEY, START, optimizer="adam", learning_rate=0.01, steps=STEPS).history
    )
    with pytest.raises(HyperparameterError, match="has no 'beta'"):
        run.branch(3, hyperparameters={"beta": 0.5})
    bounded = ds.minimize(VALLEY, START, bounds="x=-2:0.5", steps=9)
    with pytest.raises(UsageError, match="cannot be kept within the bounds"):
        bounded.branch(3, optimizer="lbfgs")
    assert bounded.branch(3, optimizer="gradient_descent", learning_rate=0.1).final[0] <= 0.5


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a descent stands is kept at every slice, which are short."""
    monkeypatch.setattr("downslope.descent.stations.SECONDS", 0.0)
    monkeypatch.setattr("downslope.descent.stations.SHARE", 1e9)
    monkeypatch.setattr(sys.modules["downslope.descent.descend"], "_next_budget", lambda *given: 3)


@pytest.mark.usefixtures("_often")
@pytest.mark.parametrize("kind", ["formula", "Python", "spaced", "hosted float32"])
@pytest.mark.parametrize("rule", ["adam", "lbfgs", "newton", "schedule_free_adamw"])
def test_rewinding_from_the_nearest_place_that_is_known(kind: str, rule: str, tmp_path: Path) -> None:
    if (kind, rule) == ("Python", "newton"):
        pytest.skip("a Python function that is no formula has no second derivatives")
    draw = random.Random(fresh_seed())
    whole = of(kind, rule, STEPS)
    assert 2 <= len(whole.stations) <= 16
    path = tmp_path / "run.json"
    whole.save(path)
    loaded = ds.load(path)
    assert isinstance(loaded, ds.Run)
    assert len(loaded.stations) == len(whole.stations)
    for _ in range(trials(3)):
        step = draw.randrange(whole.nit)
        alone = of(kind, rule, step)
        assert_same(whole.at(step), alone)
        assert_same(whole.at(step).resume(steps=2, explain=False), of(kind, rule, step + 2))
        if loaded.objective.evaluable:
            assert_same(loaded.at(step), alone)
    branched = whole.branch(5, hyperparameters={}, steps=6, explain=False)
    assert_same(branched.at(9), of(kind, rule, 9))


@pytest.mark.usefixtures("_often")
def test_rewinding_evaluates_from_there_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [0]

    def counted(x: float, y: float) -> float:
        calls[0] += 1
        return opaque(x, y)

    run = ds.minimize(counted, START, optimizer="adam", steps=400, explain=False)
    calls[0] = 0
    ds.minimize(counted, START, optimizer="adam", steps=390, explain=False)
    anew, calls[0] = calls[0], 0
    assert run.at(390).nit == 390
    assert calls[0] < 0.3 * anew
    gone_on = run.resume(steps=10, explain=False)
    calls[0] = 0
    gone_on.at(405)
    assert calls[0] < 0.1 * anew


def test_a_branch_is_rewound_and_gone_on_with() -> None:
    run = ds.minimize("rosenbrock", optimizer="adam", steps=30)
    branched = run.branch(10, learning_rate=0.01, steps=20)
    assert_same(branched.at(15).resume(steps=15), branched)
    with pytest.raises(DataError, match="its rule was changed on the way"):
        branched.at(5)


def test_stations_of_a_long_run_stay_few_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    run = ds.minimize("rosenbrock", optimizer="adam", steps=10, learning_rate=1e-3)
    station = run.resume(steps=1).stations[0]
    assert len(thinned([station] * 40)) == 10
    large = station._replace(
        snapshot=replace(station.snapshot, position=Position(np.zeros(10**6), None, np.zeros(2)))
    )
    assert thinned([station, large]) == []
    monkeypatch.setattr("downslope.descent.stations.SECONDS", 0.0)
    monkeypatch.setattr("downslope.descent.stations.SHARE", 1e9)
    monkeypatch.setattr(sys.modules["downslope.descent.descend"], "_next_budget", lambda *given: 10)
    long = ds.minimize(
        "rosenbrock", optimizer="adam", steps=2000, learning_rate=1e-3, every=100, explain=False
    )
    steps = [one.snapshot.trace.step for one in long.stations]
    assert len(steps) <= 16
    assert steps == sorted(steps)
    earlier = long.at(1500)
    alone = ds.minimize(
        "rosenbrock", optimizer="adam", steps=1500, learning_rate=1e-3, every=100, explain=False
    )
    assert_same(earlier, alone)
