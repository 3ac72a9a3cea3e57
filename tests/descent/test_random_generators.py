"""Runs of functions that draw random numbers go on with those that came next: k steps and n - k are n, bit for bit."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.descent.snapshot import packed
from downslope.errors import DataError
from downslope.objectives.generators import generators_at_hand, global_generators, same_state
from trials import fresh_seed

START = np.array([3.0, -2.0, 1.5])
N = 25
OPTIONS: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.05, "explain": False}
AT_HAND = np.random.default_rng(1)


def resumed(*given: Any, **options: Any) -> ds.Run:
    run = ds.resume(*given, **options)
    assert isinstance(run, ds.Run)
    return run


class Owner:
    """Whose method draws."""

    def __init__(self, seed: int) -> None:
        self.parts = {"noise": [np.random.Generator(np.random.Philox(seed))]}

    def cost(self, x: Any) -> Any:
        return float(np.sum((x - 1.0) ** 2) + 0.1 * self.parts["noise"][0].normal() * x[0])


def of_python(seed: int) -> Any:
    random.seed(seed)
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * random.gauss(0, 1) * x[0])


def of_numpy(seed: int) -> Any:
    np.random.seed(seed)
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * np.random.normal() * x[0])


def of_both(seed: int) -> Any:
    random.seed(seed)
    np.random.seed(seed)
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * np.random.normal() * x[0] + 0.1 * random.random())


def of_a_closure(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * rng.normal() * x[0])


def of_a_global(seed: int) -> Any:
    AT_HAND.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * AT_HAND.normal() * x[0])


def of_a_method(seed: int) -> Any:
    return Owner(seed).cost


def of_a_partial(seed: int) -> Any:
    def cost(x: Any, rng: Any, other: Any) -> Any:
        return float(np.sum((x - 1.0) ** 2) + 0.1 * rng.normal() * x[0] + 0.1 * other.random())

    return functools.partial(cost, rng=np.random.RandomState(seed), other=random.Random(seed))


def of_a_draw(seed: int) -> Any:
    draw = np.random.Generator(np.random.SFC64(seed)).normal
    return lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * draw() * x[0])


def of_torch(seed: int) -> Any:
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    return lambda x: torch.sum(torch.nn.functional.dropout((x - 1.0) ** 2, 0.3))


def of_a_generator_of_torch(seed: int) -> Any:
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(seed)
    return lambda x: torch.sum((x - 1.0) ** 2) + 0.1 * torch.sum(torch.randn(3, generator=generator) * x)


CASES: dict[str, Callable[[int], Any]] = {
    "Python": of_python, "NumPy": of_numpy, "Python and NumPy": of_both, "a closure": of_a_closure,
    "a global": of_a_global, "a method": of_a_method, "a partial": of_a_partial, "a bound draw": of_a_draw,
    "torch": of_torch, "torch.Generator": of_a_generator_of_torch,
}  # fmt: skip


def begin(case: str) -> Any:
    if "torch" not in case:
        return START
    torch = pytest.importorskip("torch")
    return torch.tensor(START)


def spend() -> None:
    """Draw from all that is shared, as whatever comes between two parts of a run may do."""
    np.random.normal(size=7)
    random.random()
    AT_HAND.normal()


def assert_same(one: Any, other: Any) -> None:
    np.testing.assert_array_equal(one.history.x, other.history.x)
    np.testing.assert_array_equal(one.history.value, other.history.value)
    assert (one.nit, one.nfev) == (other.nit, other.nfev)


@pytest.mark.parametrize("case", CASES)
def test_what_goes_on_draws_what_came_next(case: str, tmp_path: Path) -> None:
    seed, start = fresh_seed() % 2**31, begin(case)
    k = random.Random(seed).randrange(1, N)
    whole = ds.minimize(CASES[case](seed), start, steps=N, **OPTIONS)
    function = CASES[case](seed)
    part = ds.minimize(function, start, steps=k, **OPTIONS)
    spend()
    assert_same(part.resume(steps=N - k, explain=False), whole)
    spend()
    assert_same(part.resume(steps=N - k, explain=False), whole)  # also a second time
    path = tmp_path / "run.json"
    part.save(path)
    spend()
    other = CASES[case](seed + 1)  # as in another process, where it stands elsewhere
    gone_on = resumed(path, other, start, steps=N - k, explain=False)
    assert_same(gone_on, whole)
    assert "it has set back" in " ".join(map(str, gone_on.objective.notes))


@pytest.mark.parametrize("case", CASES)
def test_earlier_steps_and_branches_draw_what_was_drawn(case: str) -> None:
    seed, start = fresh_seed() % 2**31, begin(case)
    function = CASES[case](seed)
    whole = ds.minimize(function, start, steps=N, **OPTIONS)
    k = random.Random(seed).randrange(1, N)
    before = {name: found.read() for name, found in {**global_generators(), **at_hand(function)}.items()}
    earlier = whole.at(k)
    after = {name: found.read() for name, found in {**global_generators(), **at_hand(function)}.items()}
    assert all(same_state(after[name], before[name]) for name in before)  # a look at it draws nothing
    np.testing.assert_array_equal(earlier.history.x, whole.history.x[: k + 1])
    assert_same(earlier.resume(steps=N - k, explain=False), whole)
    branched = whole.branch(k, learning_rate=0.05, steps=N - k, explain=False)
    np.testing.assert_array_equal(branched.history.x, whole.history.x)


def at_hand(function: Any) -> Any:
    return generators_at_hand([function])


@pytest.mark.parametrize("case", ["NumPy", "a closure", "torch"])
def test_checkpoints_change_nothing_of_what_is_drawn(case: str, tmp_path: Path) -> None:
    seed, start = fresh_seed() % 2**31, begin(case)
    options = {**OPTIONS, "optimizer": "schedule_free_sgd"}  # which reports another point: a look draws
    whole = ds.minimize(CASES[case](seed), start, steps=N, **options)
    path = tmp_path / "run.ckpt"
    kept = ds.minimize(
        CASES[case](seed), start, steps=N, checkpoint=path, checkpoint_seconds=0,
        callback=lambda step: None, **options,
    )  # fmt: skip
    assert_same(kept, whole)
    part = ds.minimize(
        CASES[case](seed), start, steps=N, callback=lambda step: step.step == 9, checkpoint=path, **options
    )
    spend()
    assert_same(resumed(path, CASES[case](seed + 1), start, steps=N - part.nit, explain=False), whole)


def test_what_a_run_does_not_draw_from_is_left_alone(tmp_path: Path) -> None:
    function = of_a_closure(5)
    part = ds.minimize(function, START, steps=5, **OPTIONS)
    assert part.left_with is not None
    assert list(part.left_with.function.drawn) == ["rng"]
    random.seed(11)
    np.random.seed(11)
    wanted = random.random(), np.random.normal()
    random.seed(11)
    np.random.seed(11)
    part.resume(steps=5, explain=False)
    assert (random.random(), np.random.normal()) == wanted


def test_a_function_that_draws_nothing_has_nothing_set_back() -> None:
    run = ds.minimize(lambda x: float(np.sum(np.abs(x) ** 1.5)), START, steps=5, **OPTIONS)
    assert run.left_with is not None
    assert not run.left_with.function.drawn
    assert "set back" not in " ".join(map(str, run.resume(steps=5, explain=False).objective.notes))


def test_verifying_draws_what_was_drawn(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ds.minimize(of_a_closure(5), START, steps=9, **OPTIONS).save(path)
    assert ds.verify(path, of_a_closure(8)).identical


def test_another_function_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ds.minimize(of_a_closure(5), START, steps=9, **OPTIONS).save(path)
    with pytest.raises(DataError, match="drew random numbers from rng"):
        resumed(path, of_numpy(5), steps=3)
    rng = np.random.RandomState(5)  # another kind
    with pytest.raises(DataError, match="not whole"):
        resumed(path, lambda x: float(np.sum((x - 1.0) ** 2) + 0.1 * rng.normal() * x[0]), steps=3)


DAMAGES: dict[str, Callable[[Any], Any]] = {
    "a place behind its end": lambda state: state | {"pos": 625},
    "a place before its begin": lambda state: state | {"pos": -1},
    "a shorter key": lambda state: state | {"key": packed(np.zeros(600, np.uint32))},
    "a key of other numbers": lambda state: state | {"key": packed(np.zeros(624))},
    "no key": lambda state: {name: entry for name, entry in state.items() if name != "key"},
    "another version": lambda state: state | {"version": 99},
    "nothing": lambda state: 7,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_that_is_none_is_refused_and_nothing_is_set(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ds.minimize(of_python(5), START, steps=9, **OPTIONS).save(path)
    data = json.loads(path.read_text("utf-8"))
    del data["sha256"], data["digest"]
    drawn = data["left_with"]["function"]["drawn"]["random"]
    drawn[1] = DAMAGES[damage](drawn[1])
    path.write_text(json.dumps(data), "utf-8")
    function = of_python(5)
    with pytest.raises(DataError, match="not whole"):
        ds.resume(path, function, steps=3)


def test_files_of_versions_that_kept_no_generators_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    whole = ds.minimize(lambda x: float(np.sum(np.abs(x) ** 1.5)), START, steps=9, **OPTIONS)
    part = ds.minimize(lambda x: float(np.sum(np.abs(x) ** 1.5)), START, steps=4, **OPTIONS)
    part.save(path)
    data = json.loads(path.read_text("utf-8"))
    del data["sha256"], data["digest"], data["left_with"]["function"]
    path.write_text(json.dumps(data), "utf-8")
    gone_on = resumed(path, lambda x: float(np.sum(np.abs(x) ** 1.5)), steps=5, explain=False)
    assert_same(gone_on, whole)
