"""The update API: every rule in everybody's arrays, in place, with a state that survives."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, schedules
from downslope.optimizers.requirements import requirements_of

EVERY = pytest.mark.parametrize("cls", all_optimizers(), ids=lambda c: c.name())
START = np.array([0.9, -0.4, 0.2, 0.6])
WEIGHTS = np.array([1.0, 3.0, 0.5, 2.0])


def bowl(x: Any) -> tuple[float, Any]:
    """A convex function of four numbers, and its gradient."""
    return float(np.sum(WEIGHTS * np.cosh(x) + 0.1 * x)), WEIGHTS * np.sinh(x) + 0.1


def imported(name: str) -> Any:
    return pytest.importorskip(name)


@dataclass(frozen=True)
class Library:
    """How four numbers are held: as a dict of two parameters, and back as one vector."""

    name: str
    make: Callable[[Any], dict[str, Any]]

    def flat(self, params: dict[str, Any]) -> Any:
        def array(value: Any) -> Any:
            return np.ravel(np.asarray(value.detach() if hasattr(value, "detach") else value))

        return np.concatenate([array(params["w"]), array(params["b"])])

    def __repr__(self) -> str:
        return self.name


def _torch(x: Any) -> dict[str, Any]:
    torch = imported("torch")
    return {
        "w": torch.tensor(x[:2].reshape(2, 1), requires_grad=True),
        "b": torch.tensor(x[2:], requires_grad=True),
    }


def _tensorflow(x: Any) -> dict[str, Any]:
    tensorflow = imported("tensorflow")
    return {"w": tensorflow.Variable(x[:2].reshape(2, 1)), "b": tensorflow.constant(x[2:])}


def _jax(x: Any) -> dict[str, Any]:
    jnp = imported("jax.numpy")
    return {"w": jnp.array(x[:2].reshape(2, 1)), "b": jnp.array(x[2:])}


LIBRARIES = [
    Library("numpy", lambda x: {"w": np.array(x[:2]).reshape(2, 1), "b": np.array(x[2:])}),
    Library("torch", _torch),
    Library("tensorflow", _tensorflow),
    Library("jax", _jax),
]


@pytest.fixture
def doubles() -> Any:
    """JAX computes in float64."""
    jax = imported("jax")
    with jax.enable_x64(True):
        yield


def bare(rule: Optimizer, steps: int) -> Any:
    """The points of the rule itself on one NumPy vector."""
    from downslope.optimizers.wrappers.scheduled import resolve_schedule

    rule, x, points = resolve_schedule(rule), START.copy(), []
    with np.errstate(all="ignore"):
        state = rule.init(x)
        for _ in range(steps):
            x, state, _ = rule.update(x, *bowl(x), state)
            points.append(x)
    return np.array(points)


def updated(rule: Optimizer, library: Library, steps: int) -> Any:
    updater, params, points = ds.Updater(rule), library.make(START), []
    for _ in range(steps):
        value, gradient = bowl(library.flat(params))
        assert updater.update(params, library.make(gradient), value) is params
        points.append(library.flat(params))
    return np.array(points)


# --- the tutorial --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ds.Updater(lr=0.95),
        lambda: ds.Updater(0.95),
        lambda: ds.Updater(ds.optimizers.SGD(learning_rate=0.95)),
        lambda: ds.optimizers.GradientDescent(learning_rate=0.95).updater(),
    ],
)
def test_the_loop_of_the_second_tutorial_runs_with_the_name_of_its_class_changed(make: Any) -> None:
    def df(x: float, y: float) -> tuple[float, float]:
        return x / 10.0, 2.0 * y

    params = {"x": -7.0, "y": 2.0}
    grads = {"x": 0.0, "y": 0.0}
    optimizer = make()
    history = []
    for _ in range(30):
        history.append((params["x"], params["y"]))
        grads["x"], grads["y"] = df(params["x"], params["y"])
        optimizer.update(params, grads)
    assert history[1] == (-6.335, -1.7999999999999998)
    assert history[27] == (-0.4727262060886904, -0.11629947400607987)
    assert history[29] == (-0.3871745809417897, -0.09420257394492468)
    assert type(params["x"]) is float


# --- every rule in everybody's arrays --------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("library", LIBRARIES, ids=repr)
@pytest.mark.usefixtures("doubles")
def test_a_rule_goes_the_same_way_in_everybodys_arrays(cls: type[Optimizer], library: Library) -> None:
    # dot products are summed in another order, and conjugate directions are sensitive to that
    tolerance = (
        1e-6 if cls.name() in ("polyak_step", "conjugate_gradient_hz", "conjugate_gradient_pr") else 1e-11
    )
    np.testing.assert_allclose(
        updated(cls(), library, 14), bare(cls(), 14), rtol=tolerance, atol=tolerance / 100
    )


@EVERY
def test_single_numbers_go_that_way_too(cls: type[Optimizer]) -> None:
    updater, params = ds.Updater(cls()), {"a": 0.9, "b": np.float64(-0.4)}
    x, rule = np.array([0.9, -0.4]), cls()
    with np.errstate(all="ignore"):
        state = rule.init(x)
        for _ in range(4):
            value, gradient = float(np.sum(np.cosh(x))), np.sinh(x)
            x, state, _ = rule.update(x, value, gradient, state)
            p = np.array([params["a"], params["b"]])
            updater.update(params, {"a": float(np.sinh(p[0])), "b": np.sinh(p[1])}, float(np.sum(np.cosh(p))))
    assert type(params["a"]) is float
    assert type(params["b"]) is np.float64
    np.testing.assert_allclose([params["a"], params["b"]], x, rtol=1e-9, atol=1e-12)


def test_it_is_what_minimize_does() -> None:
    """For eight methods, the way is that of ``minimize``, to the last digits."""
    for name in ("momentum", "nesterov", "adam", "rmsprop", "adgd2", "lion", "adagrad", "radam"):
        run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer=name, steps=50)
        updater, params = ds.Updater(name), {"x": -7.0, "y": 2.0}
        for _ in range(50):
            updater.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
        np.testing.assert_allclose([params["x"], params["y"]], run.history.x[-1], rtol=1e-12, err_msg=name)


# --- in place --------------------------------------------------------------------------------------------


def test_what_can_be_changed_is_changed_in_place() -> None:
    torch, tf = imported("torch"), imported("tensorflow")
    array, tensor, variable = np.ones(2), torch.ones(2, requires_grad=True), tf.Variable([1.0, 1.0])
    params = {"n": array, "more": [tensor, variable, 1.0]}
    tensor.grad = torch.full((2,), 7.0)
    gradients = {"n": np.ones(2), "more": [torch.ones(2), tf.ones(2), 1]}
    out = ds.Updater(0.25).update(params, gradients)
    assert out is params
    assert params["n"] is array
    assert params["more"][0] is tensor
    assert params["more"][1] is variable
    assert array.tolist() == [0.75, 0.75]
    assert tensor.tolist() == [0.75, 0.75]
    assert variable.numpy().tolist() == [0.75, 0.75]
    assert params["more"][2] == 0.75
    assert tensor.requires_grad
    assert tensor.is_leaf
    assert tensor.grad.tolist() == [7.0, 7.0]


def test_immutable_ones_are_replaced_and_alone_they_are_returned() -> None:
    jnp, tf = imported("jax.numpy"), imported("tensorflow")
    start = jnp.ones(2)
    params = {"j": start, "t": tf.ones(2)}
    ds.Updater(0.25).update(params, {"j": np.ones(2), "t": tf.ones(2)})
    assert start.tolist() == [1.0, 1.0]
    assert params["j"].tolist() == params["t"].numpy().tolist() == [0.75, 0.75]
    assert ds.Updater(0.25).update(1.0, 1.0) == 0.75
    alone = np.ones(2)
    assert ds.Updater(0.25).update(alone, [1.0, 2.0]) is alone
    assert alone.tolist() == [0.75, 0.5]
    assert ds.Updater(0.25).update((1.0, 2.0), (1.0, 1.0)) == (0.75, 1.75)


@EVERY
def test_arrays_changed_in_place_never_leak_into_the_state(cls: type[Optimizer]) -> None:
    """The same parameter and gradient buffers all along: rules that keep x or g must have kept copies."""
    updater, x, gradient = ds.Updater(cls()), START.copy(), np.empty(4)
    points = []
    for _ in range(10):
        value, gradient[...] = bowl(x)
        updater.update([x], [gradient], value)
        gradient[...] = np.nan
        points.append(x.copy())
    tolerance = 1e-6 if cls.name() == "polyak_step" else 1e-9
    np.testing.assert_allclose(points, bare(cls(), 10), rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("library", LIBRARIES, ids=repr)
@EVERY
def test_float32_stays_float32(cls: type[Optimizer], library: Library) -> None:
    params = library.make(START.astype(np.float32))
    updater = ds.Updater(cls())
    for _ in range(3):
        value, gradient = bowl(library.flat(params).astype(np.float64))
        updater.update(params, library.make(gradient), value)
    kept = [params, *updater.state_dict()["state"].values()]
    for entry in kept:
        for array in entry.values() if isinstance(entry, dict) else ():
            assert "float32" in str(array.dtype)
    assert np.all(np.isfinite(library.flat(params)))


def test_every_parameter_keeps_its_own_precision() -> None:
    torch = imported("torch")
    params = [np.ones(2, np.float32), np.ones(2), torch.ones(2, dtype=torch.bfloat16)]
    updater = ds.Updater("adgd2")
    for _ in range(3):
        updater.update(params, [2 * p for p in params])
    assert [str(p.dtype) for p in params] == ["float32", "float64", "torch.bfloat16"]
    assert params[0][0] == pytest.approx(params[1][0], rel=1e-6)
    again = ds.Updater("adgd2")
    again.load_state_dict(pickle.loads(pickle.dumps(updater.state_dict())))
    twin = [copy.deepcopy(p) for p in params]
    updater.update(params, [2 * p for p in params])
    again.update(twin, [2 * p for p in twin])
    assert all((p == q).all() for p, q in zip(params, twin, strict=True))


# --- state -----------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("library", [LIBRARIES[0], LIBRARIES[1]], ids=repr)
def test_the_state_survives(cls: type[Optimizer], library: Library) -> None:
    updater, params = ds.Updater(cls()), library.make(START)

    def step(updater: Any, params: Any) -> None:
        value, gradient = bowl(library.flat(params))
        updater.update(params, library.make(gradient), value)

    for _ in range(5):
        step(updater, params)
    saved = pickle.loads(pickle.dumps(updater.state_dict()))
    other, twin = ds.Updater(cls()), library.make(library.flat(params))
    other.load_state_dict(saved)
    assert other.state_dict()["evaluations"] == 5
    for _ in range(5):
        step(updater, params)
        step(other, twin)
    assert library.flat(params).tolist() == library.flat(twin).tolist()
    np.testing.assert_equal(updater.state_dict(), other.state_dict())


def test_with_numbers_the_state_is_json() -> None:
    updater, params = ds.Updater("adam", learning_rate=0.1), {"x": 1.0, "y": 2.0}
    updater.update(params, {"x": 2.0, "y": 4.0})
    text = json.dumps(updater.state_dict())
    assert json.loads(text)["state"]["m"] == {"x": pytest.approx(0.2), "y": pytest.approx(0.4)}
    other = ds.Updater("adam")
    other.load_state_dict(json.loads(text))
    assert other.learning_rate == 0.1
    assert other.update(dict(params), {"x": 1.0, "y": 1.0}) == updater.update(params, {"x": 1.0, "y": 1.0})


def test_a_copy_of_the_state_is_not_the_state() -> None:
    updater, x = ds.Updater("momentum"), np.ones(2)
    updater.update([x], [x.copy()])
    saved = updater.state_dict()
    saved["state"]["v"]["0"][...] = 1e9
    updater.update([x], [np.zeros(2)])
    assert np.all(np.abs(x) < 2)


# --- hyperparameters, schedules, wrappers ----------------------------------------------------------------


def test_the_learning_rate_can_be_changed_between_steps() -> None:
    updater, params = ds.Updater("sgd", learning_rate=0.5), {"x": 8.0}
    updater.update(params, {"x": 8.0})
    updater.learning_rate = 0.25
    updater.update(params, {"x": 4.0})
    assert params == {"x": 3.0}
    updater.change(learning_rate=0.125)
    assert updater.optimizer == ds.optimizers.GradientDescent(learning_rate=0.125)
    inside = ds.Updater(ds.optimizers.ClipByNorm(optimizer=ds.optimizers.SGD(learning_rate=1.0), limit=0.5))
    inside.change(learning_rate=2.0, limit=0.25)
    assert inside.update({"x": 1.0}, {"x": 7.0}) == {"x": 0.5}


def test_a_schedule_counts_the_steps() -> None:
    rule = ds.optimizers.SGD(learning_rate=0.5 * schedules.Cosine(steps=6))
    run = ds.minimize("x^2", start={"x": 4.0}, optimizer=rule, steps=6)
    updater, params = ds.Updater(rule), {"x": 4.0}
    for _ in range(6):
        updater.update(params, {"x": 2 * params["x"]})
    assert params["x"] == pytest.approx(run.x["x"], rel=1e-14)


def test_a_norm_is_that_of_all_parameters_together() -> None:
    rule = ds.optimizers.ClipByNorm(optimizer=ds.optimizers.SGD(learning_rate=1.0), limit=5.0)
    params = {"a": np.zeros(1), "b": 0.0}
    ds.Updater(rule).update(params, {"a": [30.0], "b": 40.0})
    assert params["a"].tolist() == [-3.0]
    assert params["b"] == -4.0


@pytest.mark.parametrize("library", LIBRARIES, ids=repr)
@pytest.mark.usefixtures("doubles")
def test_bounds_are_those_of_the_coordinates_in_order(library: Library) -> None:
    rule = ds.optimizers.Projected(
        optimizer=ds.optimizers.SGD(learning_rate=1.0),
        lower=(-0.1, -9.0, -float("inf"), 0.0),
        upper=(9.0, 0.3, 0.2, float("inf")),
    )
    params = library.make(np.zeros(4))
    ds.Updater(rule).update(params, library.make(np.array([1.0, -1.0, -1.0, 1.0])))
    assert library.flat(params).tolist() == [-0.1, 0.3, 0.2, 0.0]


def test_weight_decay_adds_to_the_gradient() -> None:
    rule = ds.optimizers.WeightDecay(optimizer=ds.optimizers.SGD(learning_rate=0.25), rate=2.0)
    assert ds.Updater(rule).update({"x": 1.0}, {"x": 0.0}) == {"x": 0.5}


# --- rules that look at values, search or average --------------------------------------------------------


def test_which_rules_ask_for_what() -> None:
    asked = {cls.name(): requirements_of(cls()) for cls in all_optimizers()}
    searching = {"auto", "armijo", "lbfgs", "conjugate_gradient_hz", "conjugate_gradient_pr", "spg"}
    searching |= {"adaptive_barzilai_borwein", "acfgm"}  # the one rejects rises, the other its first probe
    assert {n for n, t in asked.items() if t.searches} == searching
    averaging = {"asgd", "dog", "schedule_free_sgd", "schedule_free_adamw"}
    assert {n for n, t in asked.items() if t.averages} == averaging
    assert {n for n, t in asked.items() if t.needs_value} == searching | {"polyak_step", "momo", "momo_adam"}
    plateau = ds.optimizers.SGD(learning_rate=0.1 * schedules.Plateau())
    assert ds.Updater(plateau).traits.needs_value
    decayed = ds.optimizers.WeightDecay(optimizer=ds.optimizers.Adam())
    assert not ds.Updater(decayed).traits.needs_value


@pytest.mark.parametrize("name", ["lbfgs", "armijo", "auto", "spg", "conjugate_gradient_pr"])
def test_a_rule_that_searches_leaves_trials_and_says_which_became_steps(name: str) -> None:
    run = ds.minimize("rosenbrock", optimizer=name, evaluations=40)
    updater, params = ds.Updater(name), {"x": -1.2, "y": 1.0}
    accepted, answer = [], params
    for _ in range(40):
        x, y = params["x"], params["y"]
        value = (1 - x) ** 2 + 100 * (y - x * x) ** 2
        gradient = {"x": -2 * (1 - x) - 400 * x * (y - x * x), "y": 200 * (y - x * x)}
        before = dict(params)
        updater.update(params, gradient, value)
        if updater.accepted:
            accepted.append(before)
            answer = before
    assert updater.evaluations == 40
    assert updater.steps == len(accepted) == run.nit + 1
    assert 1 < len(accepted) < 40
    assert updater.answer(params) == answer
    assert [answer["x"], answer["y"]] == pytest.approx(run.history.x[-1].tolist(), rel=1e-6)


def test_the_answer_of_a_rule_that_averages_is_the_average() -> None:
    run = ds.minimize("x^2", start={"x": 1.0}, optimizer="schedule_free_sgd", learning_rate=0.1, steps=20)
    updater, params = ds.Updater("schedule_free_sgd", learning_rate=0.1), {"x": np.array([1.0])}
    for _ in range(20):
        updater.update(params, {"x": 2 * params["x"]})
    answer = updater.answer(params)
    assert answer["x"][0] == pytest.approx(run.x["x"], rel=1e-14)
    assert answer["x"] is not params["x"]
    assert params["x"][0] == pytest.approx(run.history.x[-1][0], rel=1e-14)


@pytest.mark.parametrize("library", LIBRARIES, ids=repr)
def test_an_answer_is_of_the_parameters_own_kind(library: Library) -> None:
    updater, params = ds.Updater("sgd"), library.make(START)
    answer = updater.answer(params)
    np.testing.assert_array_equal(library.flat(answer), library.flat(params))
    updater.update(params, library.make(np.ones(4)))
    np.testing.assert_allclose(library.flat(answer), START, rtol=1e-6)


# --- what is refused -------------------------------------------------------------------------------------


def _mistakes() -> dict[str, tuple[Any, str]]:
    def step(params: Any, gradients: Any, value: Any = None, name: Any = "sgd") -> Any:
        return lambda: ds.Updater(name).update(params, gradients, value)

    def other_shape() -> None:
        updater = ds.Updater("adam")
        updater.update({"x": np.ones(2)}, {"x": np.ones(2)})
        updater.update({"x": np.ones(3)}, {"x": np.ones(3)})

    def stranger() -> None:
        ds.Updater("adam").load_state_dict(ds.Updater("sgd").state_dict())

    def late_memory() -> None:
        updater = ds.Updater("lbfgs")
        updater.update([1.0], [1.0], 1.0)
        updater.change(memory=3)

    return {
        "value": (step([1.0], [1.0], name="polyak_step"), "PolyakStep looks at the objective's value too"),
        "search": (
            step([1.0], [1.0], name="lbfgs"),
            "both at the parameters as they are now, on the same data",
        ),
        "missing": (step({"x": 1.0, "y": 1.0}, {"x": 1.0}), "there is no gradient for y, only for 'x'."),
        "extra": (
            step({"x": 1.0}, {"x": 1.0, "z": 1.0}),
            "there is a gradient for 'z', but the parameters are 'x'",
        ),
        "none": (step({"w": 1.0}, {"w": None}), "the gradient of w is None: the cost does not depend on it."),
        "count": (step([1.0, 2.0], [1.0]), "there is 1 gradient. A list of 2 is needed"),
        "kind": (step([1.0], 3.0), "the gradients are 3.0. A list of 1 is needed"),
        "shape": (
            step({"w": np.ones(2)}, {"w": np.ones(3)}),
            "the gradient of w has shape (3,), but w has shape (2,).",
        ),
        "whole": (
            step({"w": np.ones(2, int)}, {"w": np.ones(2)}),
            "w is an array of int64; steps need floating point",
        ),
        "text": (step({"w": "one"}, {"w": 1.0}), "w is 'one'; parameters can be floats, NumPy arrays"),
        "word": (
            step({"w": 1.0}, {"w": "steep"}),
            "the gradient of w is 'steep', which is no array of numbers.",
        ),
        "bool": (step({"w": True}, {"w": 1.0}), "w is True; parameters can be"),
        "empty": (step({}, {}), "there are no parameters to update."),
        "other shape": (other_shape, "this Updater began with x (2,) float64, and now gets x (3,) float64."),
        "stranger": (stranger, "this is the state of gradient_descent; this Updater has adam."),
        "memory": (late_memory, "memory decides what LBFGS remembers, and cannot be changed between steps"),
        "no state": (
            lambda: ds.Updater("sgd").load_state_dict({}),
            "not what state_dict() of an Updater returned",
        ),
    }


@pytest.mark.parametrize("case", list(_mistakes()))
def test_a_mistake_is_one_sentence(case: str) -> None:
    call, words = _mistakes()[case]
    with pytest.raises(UsageError) as caught:
        call()
    assert words in str(caught.value)


def test_frameworks_mistakes_too() -> None:
    torch, tf, jnp = imported("torch"), imported("tensorflow"), imported("jax.numpy")
    for params, words in (
        (torch.ones(2, dtype=torch.int64), "a tensor of torch.int64"),
        (torch.ones(2, dtype=torch.complex64), "torch.view_as_real(w)"),
        (tf.constant([1, 2]), "w is of int32; steps need floating point"),
        (jnp.arange(2), "w is an array of int32"),
    ):
        with pytest.raises(UsageError) as caught:
            ds.Updater().update({"w": params}, {"w": [1.0, 1.0]}, 1.0)
        assert words in str(caught.value)


def test_a_refused_update_changes_nothing() -> None:
    updater, params = ds.Updater("momentum"), {"a": np.ones(2), "b": np.ones(2)}
    updater.update(params, {"a": np.ones(2), "b": np.ones(2)})
    before, state = copy.deepcopy(params), updater.state_dict()
    with pytest.raises(UsageError):
        updater.update(params, {"a": np.ones(2), "b": np.ones(5)})
    np.testing.assert_equal(params, before)
    np.testing.assert_equal(updater.state_dict(), state)


def test_unknown_hyperparameters_are_refused() -> None:
    updater = ds.Updater(ds.optimizers.ClipByNorm(optimizer=ds.optimizers.Adam()))
    with pytest.raises(
        HyperparameterError, match=r"has no hyperparameter 'learning_rat'\. Did you mean 'learning_rate'"
    ):
        updater.change(learning_rat=1.0)
    with pytest.raises(HyperparameterError, match="must be a finite number > 0"):
        updater.learning_rate = -1.0


def test_importing_it_imports_no_framework() -> None:
    import subprocess
    import sys

    code = (
        "import sys, downslope as ds; ds.Updater(0.5).update({'x': 1.0}, {'x': 1.0});"
        "print([m for m in ('torch', 'tensorflow', 'jax', 'keras', 'optax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_gradient_may_come_sparse() -> None:
    torch, tf = imported("torch"), imported("tensorflow")
    table, rows = tf.Variable(tf.ones((3, 2))), tf.constant([1])
    with importlib.import_module("tensorflow").GradientTape() as tape:
        cost = tf.reduce_sum(tf.gather(table, rows))
    gradient = tape.gradient(cost, table)
    assert type(gradient).__name__ == "IndexedSlices"
    ds.Updater(0.5).update([table], [gradient])
    assert table.numpy().tolist() == [[1, 1], [0.5, 0.5], [1, 1]]
    weight = torch.ones(3)
    with torch.sparse.check_sparse_tensor_invariants(True):
        ds.Updater(0.5).update([weight], [torch.sparse_coo_tensor([[1]], [1.0], (3,))])
    assert weight.tolist() == [1, 0.5, 1]
