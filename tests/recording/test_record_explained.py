"""What is said of a record: every code from a loop made to have it, healthy loops left alone, no wrong claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import downslope as ds
from downslope.explain.recorded_course import RECORD_CODES
from downslope.optimizers.schedules import Exponential
from downslope.recording import Recorder
from trials import trials

R = ds.optimizers
Cost = Callable[[Any], tuple[float, Any]]


def bowl(*curvatures: float) -> Cost:
    """Half the sum of h_i x_i^2."""
    h = np.array(curvatures)
    return lambda x: (float(h @ (x * x)) / 2, h * x)


def loop(
    rule: Any, cost: Cost, start: Any, steps: int, noise: float = 0.0, seed: int = 0, **options: Any
) -> Recorder:
    """A loop of NumPy with an Updater, whose gradients may be noisy."""
    rng = np.random.default_rng(seed)
    updater, params = ds.Updater(rule), {"x": np.array(start, np.float64)}
    with np.errstate(all="ignore"), ds.record(updater, **options) as run:
        for _ in range(steps):
            value, gradient = cost(params["x"])
            jolt = noise * rng.standard_normal(len(params["x"]))
            updater.update(params, {"x": gradient + jolt}, value + float(jolt @ params["x"]))
    return run


def sgd(rate: float) -> Any:
    return R.SGD(learning_rate=rate)


def left(x: Any) -> tuple[float, Any]:
    """log x, which has no minimum and ends at 0."""
    return float(np.log(x[0])), 1 / x


def torch_loop(what: str) -> Recorder:
    """A loop of torch with a learner's mistake, or none."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.linspace(-1, 1, 30).reshape(10, 3)
    y = x.sum(1, keepdim=True)
    if what == "replaced":
        model[2].weight = torch.nn.Parameter(torch.zeros(1, 4))
    with ds.record(model if what == "replaced" else optimizer) as run:
        for step in range(6):
            if what not in ("kept", "kept at first") or (what == "kept at first" and step > 3):
                optimizer.zero_grad(set_to_none=what != "filled with zeros")
            for _ in range(2 if what == "two batches" else 1):
                hidden = model[1](model[0](x))
                loss = (model[2](hidden.detach() if what == "detached" else hidden) - y).square().mean()
                loss.backward()
            if what == "a probe":  # whose gradient is thrown away
                optimizer.zero_grad()
                (model(x) - y).square().mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            run.log(loss)
            optimizer.step()
    return run


def grown_loop() -> Recorder:
    """A learner's loop, in which three weights less a column of three make 3 x 3."""
    w, column = np.array([1.0, 2.0, 3.0]), np.array([[2.0], [4.0], [7.0]])
    with ds.record() as run:
        run.log(1.0, params={"w": w}, gradients={"w": w - column})
    return run


CASES: dict[str, tuple[Callable[[], Recorder], str, tuple[str, ...]]] = {
    "not zeroed": (
        lambda: torch_loop("kept"),
        "gradient_not_zeroed",
        ("in each of 6 steps but the first", "(of shape (1,))", "Call zero_grad()"),
    ),
    "detached": (
        lambda: torch_loop("detached"),
        "replaced_parameter",
        ("no gradient for 2 of the optimizer's parameters", "p0, p1 (of shape (4, 3), (4,))"),
    ),
    "replaced": (
        lambda: torch_loop("replaced"),
        "replaced_parameter",
        ("a gradient for 1 of the model's parameters that no optimizer moves", "2.weight (of shape (1, 4))"),
    ),
    "broadcast": (
        grown_loop,
        "broadcast",
        ("At step 0 w and its gradient have the two shapes (3,), (3, 3)",),
    ),
    "rate": (
        lambda: loop(sgd(1.05), bowl(0.1, 2.0), [-7, 2], 30),
        "learning_rate_above_limit",
        (
            "a curvature of 2 along the last steps, along x[1]",
            "stable up to a learning rate of 1, and it was 1.05",
        ),
    ),
    "rate of momentum": (
        lambda: loop(R.Momentum(learning_rate=2.0, momentum=0.5), bowl(2.0), [1], 20),
        "learning_rate_above_limit",
        ("Momentum is stable up to a learning rate of 1.5, and it was 2",),
    ),
    "rate, by norms": (
        lambda: loop(sgd(1.05), bowl(0.1, 2.0), [-7, 2], 30, parameters="norms"),
        "learning_rate_above_limit",
        ("a curvature of 2 along the last steps; for that,",),
    ),
    "overflow": (lambda: loop(sgd(1e3), bowl(2.0), [1], 200), "not_finite", ("the record ends before it",)),
    "domain": (lambda: loop(sgd(0.3), left, [0.5], 20), "not_finite", ("The value is not a number at step",)),
    "diverging": (
        lambda: loop(R.Adam(learning_rate=0.5), lambda x: (float(x @ x), -2 * x), [1.0], 30),
        "diverging",
        ("The value rose at every step from step 0 on, from 1 to",),
    ),
    "running off": (
        lambda: loop(sgd(0.5), lambda x: (-float(x @ x), -2 * x), [1.0], 40),
        "unbounded_below",
        ("The value runs off: from step 0 on it fell by more at every step, from -1 to",),
    ),
    "still": (
        lambda: loop(R.ClipByValue(optimizer=sgd(1e-300), limit=1e-30), bowl(1.0), [5], 9),
        "not_moving",
        ("did not move in the last 9 steps, though the gradient's norm is 5: is the learning rate 0",),
    ),
    "no gradient": (
        lambda: loop(sgd(0.1), lambda x: (3.0, 0 * x), [1, 2], 9),
        "not_moving",
        ("their gradient is exactly 0. Does the cost depend on them?",),
    ),
    "zigzag": (
        lambda: loop(sgd(0.95), bowl(0.1, 2.0), [-7, 2], 30),
        "zigzag",
        (
            "x[1] goes to and fro: its step changed its sign 29 times in a row up to the end, where it is 0.179 long",
        ),
    ),
    "noise": (
        lambda: loop(sgd(0.1), bowl(1.0, 3.0), [5, 5], 400, noise=1.0),
        "noisy",
        ("the value has no trend: it swings by",),
    ),
    "level": (
        lambda: loop(R.SGD(learning_rate=0.3 * Exponential(rate=0.6)), bowl(1.0), [5], 60),
        "plateau",
        ("The value has been level for 29 steps", "of the first gradient's norm still there"),
    ),
    "unfinished": (
        lambda: loop(sgd(0.005), bowl(1.0), [5], 100),
        "unfinished",
        ("The value was still falling at the end: by",),
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_a_constructed_cause_is_found(name: str) -> None:
    make, code, words = CASES[name]
    explanation = make().explain()
    assert code in explanation.codes, explanation
    sentence = next(f.sentence for f in explanation.findings if f.code == code)
    for part in words:
        assert part in sentence
    assert explanation.to_dict()["findings"][0]["sentence"]
    assert str(explanation).startswith("In ")


def test_every_code_has_a_case() -> None:
    assert {code for _, code, _ in CASES.values()} == set(RECORD_CODES)


HEALTHY_TORCH = ["nothing", "filled with zeros", "two batches", "a probe", "kept at first"]


@pytest.mark.parametrize("what", HEALTHY_TORCH)
def test_a_loop_that_zeroes_its_gradients_is_not_told_to(what: str) -> None:
    assert not {"gradient_not_zeroed", "replaced_parameter"} & set(torch_loop(what).explain().codes)


HEALTHY = {
    "gradient descent": lambda: loop(sgd(0.3), bowl(1.0, 3.0), [5, 5], 100),
    "momentum": lambda: loop(R.Momentum(learning_rate=0.05), bowl(1.0, 3.0), [5, 5], 400),
    "adam": lambda: loop(R.Adam(learning_rate=0.1), bowl(1.0, 30.0), [5, 5], 800),
    "l-bfgs": lambda: loop(R.LBFGS(), bowl(1.0, 30.0, 200.0), [5, 5, 5], 25),
    "short": lambda: loop(sgd(0.1), bowl(1.0), [5], 3),
}


@pytest.mark.parametrize("name", list(HEALTHY))
def test_a_healthy_loop_is_left_alone(name: str) -> None:
    explanation = HEALTHY[name]().explain()
    assert explanation.healthy, explanation
    assert explanation.point.kind == "unseen"
    assert str(explanation.course).startswith("In ")


@settings(max_examples=trials(60), deadline=None)
@given(
    curvatures=st.lists(st.floats(0.05, 20.0), min_size=1, max_size=4),
    part=st.floats(0.2, 2.5),
    noise=st.sampled_from([0.0, 0.0, 0.5]),
    momentum=st.sampled_from([0.0, 0.6]),
    seed=st.integers(0, 99),
)
def test_what_is_said_of_a_rate_is_true(
    curvatures: list[float], part: float, noise: float, momentum: float, seed: int
) -> None:
    """On quadratics the limit is known: it is named only above it, and from a curvature that there is."""
    limit = 2 * (1 + momentum) / max(curvatures)
    # At the limit itself rounding decides, and of noisy gradients the noise, which moves what curvature they show.
    rate, just_below = part * limit, limit * (0.98 if noise else 1 - 1e-9)
    rule = R.Momentum(learning_rate=rate, momentum=momentum) if momentum else sgd(rate)
    start = np.random.default_rng(seed).normal(size=len(curvatures)) * 5
    run = loop(rule, bowl(*curvatures), start, 40, noise, seed)
    for finding in run.explain().findings:
        if finding.code == "learning_rate_above_limit":
            assert rate > just_below
            if not noise:
                assert min(curvatures) * 0.999 <= finding.evidence["curvature"] <= max(curvatures) * 1.001
        if finding.code in ("not_finite", "diverging"):
            assert rate > just_below or noise
    if part < 0.95 and not noise:
        assert "learning_rate_above_limit" not in run.explain().codes


def test_noise_keeps_it_from_naming_a_curvature() -> None:
    """Values and gradients of different batches: the record rises, and no limit is made of it."""
    rng = np.random.default_rng(0)
    updater, params = ds.Updater(sgd(0.01)), {"x": np.array([1.0, 1.0])}
    with ds.record(updater) as run:
        for k in range(12):
            updater.update(params, {"x": rng.normal(size=2)}, 1.0 + k)
    assert run.explain().codes == ("diverging",)


def test_without_values_it_speaks_of_gradients() -> None:
    updater, params = ds.Updater(sgd(0.05)), {"x": np.array([1.0])}
    with ds.record(updater) as run:
        for _ in range(9):
            updater.update(params, {"x": params["x"]})
    assert "values were not recorded: run.log(loss) would tell them" in str(run.explain().course)
    with ds.record(updater) as run:
        for _ in range(9):
            updater.update(params, {"x": -params["x"]})
    assert run.explain().codes == ("diverging",)
    assert str(run.explain().findings[0].sentence).startswith(
        "The gradient's norm rose at every step from step 0 on"
    )


def test_a_loaded_run_whose_function_is_lost_is_explained_by_its_record(tmp_path: Any) -> None:
    def cost(x: Any) -> float:
        return float(x @ np.diag([0.05, 1.0]) @ x)

    def slope(x: Any) -> Any:
        return np.diag([0.1, 2.0]) @ x

    run = ds.minimize(cost, start=[-7.0, 2.0], gradient=slope, learning_rate=0.95, steps=30, engine="hosted")
    run.save(tmp_path / "run.json")
    explanation = ds.load(tmp_path / "run.json").explain()
    assert explanation.codes == ("zigzag",)
    assert "In 30 steps the value went from 6.45 to" in str(explanation)
    assert explanation._repr_html_().count("<p>") == 3


def test_gradients_that_were_not_seen_are_no_standstill() -> None:
    """A loop that tells its parameters and nothing of gradients, whole or by their norms."""
    for kept in (None, "norms"):
        with ds.record(parameters=kept) as run:
            for k in range(30):
                run.log(0.8**k + 0.2 * (k % 2), params={"w": np.array([0.9**k, -(0.8**k)])})
        assert "not_moving" not in run.explain().codes, run.explain()


def test_an_interrupted_loop_is_not_judged() -> None:
    updater, params = ds.Updater(sgd(0.001)), {"x": np.array([1.0])}
    with pytest.raises(KeyboardInterrupt), ds.record(updater) as run:  # noqa: PT012
        for k in range(100):
            updater.update(params, {"x": params["x"]}, float(params["x"][0]))
            if k == 90:
                raise KeyboardInterrupt
    assert run.explain().healthy
