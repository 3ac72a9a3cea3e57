"""Loops of torch, of Updaters and of anybody, recorded: what is in the rows, and that the loops do not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.recording import Recorder

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on a busy machine its threads wait for each other at every small operation
R, T = ds.optimizers, torch.optim


def zigzag(w: Any) -> Any:
    return w[0] ** 2 / 20 + w[1] ** 2


def start(*numbers: float) -> Any:
    return torch.tensor(numbers or (-7.0, 2.0), dtype=torch.float64, requires_grad=True)


def loop(make: Callable[[Any], Any], steps: int = 30, *, log: str = "before", **options: Any) -> Recorder:
    """The loop of everybody, recorded."""
    w = start()
    optimizer = make([w])
    with ds.record(optimizer, parameters={"w": w}, **options) as run:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = zigzag(w)
            loss.backward()
            if log == "before":
                run.log(loss)
            optimizer.step()
            if log == "after":
                run.log(loss.item())
    return run


# --- rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["before", "after"])
def test_rows_are_those_of_minimize(log: str) -> None:
    run = loop(lambda p: T.SGD(p, lr=0.95), log=log)
    ours = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=30)
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-12)
    np.testing.assert_allclose(run.history.value[:-1], ours.history.value[:-1], rtol=1e-12)
    np.testing.assert_allclose(run.history.gradient_norm[:-1], ours.history.gradient_norm[:-1], rtol=1e-12)
    assert run.history.step.tolist() == list(range(31))
    assert run.history.evaluations.tolist() == [*range(1, 31), 30]
    assert (run.status, run.nit, run.nfev, run.engine) == ("step_limit", 30, 30, "recorded")


@pytest.mark.parametrize("closing", [False, True], ids=["as it is", "with a last value"])
def test_the_last_row_is_where_the_loop_ended(closing: bool) -> None:
    """Sixty steps are sixty steps, and ``x`` is the trained parameters; a value there is known only if it is told."""
    w = start()
    optimizer = T.Adam([w], lr=0.05)
    with ds.record(optimizer, parameters={"w": w}) as run:
        for _ in range(60):
            optimizer.zero_grad()
            loss = zigzag(w)
            loss.backward()
            run.log(loss)
            optimizer.step()
        if closing:
            run.log(zigzag(w))
    assert (run.nit, len(run.history), run.nfev) == (60, 61, 60)
    assert run.message == "The loop ended after 60 steps."
    assert run.x["w"].tolist() == w.tolist() == run.history.x[-1].tolist()
    assert (run.fun == zigzag(w).item()) if closing else np.isnan(run.fun)
    assert np.isnan(run.gradient_norm)
    if not closing:
        assert run.history.evaluated == 60
        last = run.history.value[59]
        assert f"  f = {last:.10g}, |grad f| = " in repr(run)
        assert "at step 59; 60 steps, 60 evaluations" in repr(run)
        assert f"In 60 steps the value went from 6.45 to {last:.4g}" in str(run.explain())
        assert "as seen before the last of them" in str(run.explain())


def test_one_step_is_one_step() -> None:
    run = loop(lambda p: T.SGD(p, lr=0.1), 1)
    assert run.message == "The loop ended after 1 step."
    assert "One step was made, where the value was 6.45 and the gradient's norm 4.06." in str(run.explain())


def test_parameters_that_overflow_in_the_last_step_end_the_record_before() -> None:
    w = start(1.0)
    optimizer = T.SGD([w], lr=1e308)
    with ds.record(optimizer, parameters={"w": w}) as run:
        (10 * w.sum() ** 2).backward()
        optimizer.step()
    assert run.history.x.tolist() == [[1.0]]
    assert run.message == "The point is not finite at step 1; the record ends before it."


@pytest.mark.parametrize("where", ["closure", "step"])
def test_a_step_that_broke_off_is_not_counted(where: str) -> None:
    """Three whole steps; then Ctrl-C before the fourth one's gradient is there, or in the midst of moving."""
    w, calls = start(), [0]

    class Slow(T.SGD):  # type: ignore[misc]
        def step(self, closure: Any = None) -> None:
            closure()
            if where == "step" and calls[0] == 4:
                raise KeyboardInterrupt
            with torch.no_grad():
                w.sub_(0.1 * w.grad)

    def closure() -> Any:
        calls[0] += 1
        if where == "closure" and calls[0] == 4:
            raise KeyboardInterrupt
        w.grad = None
        loss = zigzag(w)
        loss.backward()
        return loss

    optimizer = Slow([w], lr=0.1)
    with pytest.raises(KeyboardInterrupt), ds.record(optimizer, parameters={"w": w}) as run:  # noqa: PT012
        for _ in range(9):
            optimizer.step(closure)
    assert (run.status, run.nit, run.message[:25]) == ("interrupted", 3, "Interrupted after 3 steps")
    assert run.x["w"].tolist() == w.tolist()


def test_a_closure_tells_the_value_itself() -> None:
    w = start()
    for make in (lambda p: T.Adam(p, lr=0.1), lambda p: ds_torch().Optimizer(p, "adam", lr=0.1)):
        w = start()
        optimizer = make([w])

        def closure(w: Any = w, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = zigzag(w)
            loss.backward()
            return loss

        with ds.record(optimizer, parameters={"w": w}) as run:
            for _ in range(20):
                optimizer.step(closure)
        ours = ds.minimize(
            "x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer="adam", learning_rate=0.1, steps=20
        )
        np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-9)
        np.testing.assert_allclose(run.history.value[:-1], ours.history.value[:-1], rtol=1e-9)


def ds_torch() -> Any:
    return pytest.importorskip("downslope.torch")


def test_a_rule_of_ours_that_searches_has_a_row_for_each_accepted_point() -> None:
    w = start(-1.2, 1.0)
    optimizer = ds_torch().Optimizer([w], "lbfgs")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
        loss.backward()
        return loss

    with ds.record(optimizer, parameters={"w": w}) as run:
        for _ in range(12):
            optimizer.step(closure)
    ours = ds.minimize("rosenbrock", optimizer="lbfgs", steps=12)
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-6)
    np.testing.assert_allclose(run.history.value, ours.history.value, rtol=1e-5)
    assert run.history.evaluations.tolist() == ours.history.evaluations.tolist()
    assert run.optimizer == R.LBFGS()


def test_torchs_lbfgs_has_a_row_for_each_of_its_steps() -> None:
    w = start(-1.2, 1.0)
    optimizer, points, calls = T.LBFGS([w], max_iter=4, line_search_fn="strong_wolfe"), [], []

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
        loss.backward()
        calls.append(loss.item())
        return loss

    with ds.record(optimizer, parameters={"w": w}) as run:
        for _ in range(5):
            points.append(w.detach().numpy().copy())
            optimizer.step(closure)
    np.testing.assert_array_equal(run.history.x, [*points, w.detach().numpy()])
    assert len(calls) > 5
    assert run.history.evaluations[-1] <= run.nfev == len(calls)


def test_the_loop_does_not_notice() -> None:
    """The same points with and without, bit by bit; no hook is left behind; momentum and gradients are untouched."""

    def train(watched: bool) -> Any:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        optimizer = T.Adam(model.parameters(), lr=0.01)
        X = torch.randn(32, 3)

        def steps() -> None:
            for _ in range(10):
                optimizer.zero_grad()
                model(X).pow(2).mean().backward()
                optimizer.step()

        if watched:
            with ds.record(model) as run:
                steps()
            assert len(run.history) == 11
        else:
            steps()
        from torch.optim.optimizer import _global_optimizer_pre_hooks

        assert not optimizer._optimizer_step_pre_hooks
        assert not _global_optimizer_pre_hooks
        return torch.cat([p.detach().ravel() for p in model.parameters()])

    assert torch.equal(train(True), train(False))


def test_a_module_is_seen_through_whatever_optimizer_steps_it() -> None:
    model, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    optimizers = [T.SGD(m.parameters(), lr=0.1) for m in (model, other)]
    with ds.record(model) as run:
        for _ in range(4):
            for m, optimizer in zip((model, other), optimizers, strict=True):
                optimizer.zero_grad()
                m(torch.ones(2)).pow(2).sum().backward()
                optimizer.step()
    assert run.nit == 4
    assert run.history.coordinates == ("weight[0,0]", "weight[0,1]", "bias[0]")
    assert run.optimizer == R.SGD(learning_rate=0.1)
    assert "Linear" in run.objective.text


# --- which parameters ------------------------------------------------------------------------------------


def small(**options: Any) -> Recorder:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Linear(8, 1))
    optimizer = T.SGD(model.parameters(), lr=0.01)
    with ds.record(model, **options) as run:
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(3)).pow(2).sum().backward()
            optimizer.step()
    return run


def test_many_parameters_are_kept_by_their_norms_unless_asked_for() -> None:
    run = small()
    assert run.history.coordinates == ("|0.weight|", "|0.bias|", "|1.weight|", "|1.bias|")
    everything = small(parameters="all").history
    assert everything.x.shape == (4, 41)
    norm = np.linalg.norm(everything.x[:, :24], axis=1)
    np.testing.assert_allclose(run.history["|0.weight|"], norm, rtol=1e-6)
    some = small(parameters=["1.bias", "0.weight[2,1]"]).history
    assert some.coordinates == ("1.bias[0]", "0.weight[2,1]")
    np.testing.assert_array_equal(some["0.weight[2,1]"], everything["0.weight[2,1]"])
    assert small(parameters="0.bias").history.x.shape == (4, 8)


def test_parameters_of_an_optimizer_without_names_are_numbered() -> None:
    w, b = start(), start(1.0)
    optimizer = T.SGD([w, b], lr=0.1)
    with ds.record(optimizer) as run:
        (zigzag(w) + b.sum() ** 2).backward()
        optimizer.step()
    assert run.history.coordinates == ("p0[0]", "p0[1]", "p1[0]")
    named = T.SGD([("w", w), ("b", b)], lr=0.1)
    with ds.record(named) as run:
        named.step()
    assert run.history.coordinates == ("w[0]", "w[1]", "b[0]")


def test_every_thins_the_rows_and_keeps_the_last() -> None:
    run = loop(lambda p: T.SGD(p, lr=0.1), every=7)
    assert run.history.step.tolist() == [0, 7, 14, 21, 28, 29, 30]
    whole = loop(lambda p: T.SGD(p, lr=0.1))
    np.testing.assert_array_equal(run.history.value, whole.history.value[run.history.step])


def test_memory_is_bounded(monkeypatch: Any) -> None:
    from downslope.descent import growing_rows

    monkeypatch.setattr(growing_rows, "MOST_NUMBERS", 200)
    run = loop(lambda p: T.SGD(p, lr=0.1), 100)
    assert len(run.history) < 30
    assert np.all(run.history.step[:-2] % run.history.step[1] == 0)
    assert run.history.step[-2:].tolist() == [99, 100]


# --- other loops -----------------------------------------------------------------------------------------


def test_an_updater_is_recorded() -> None:
    updater, params = ds.Updater("lbfgs"), {"x": -1.2, "y": 1.0}
    with ds.record(updater) as run:
        for _ in range(40):
            x, y = params["x"], params["y"]
            value = (1 - x) ** 2 + 100 * (y - x * x) ** 2
            gradients = {"x": -2 * (1 - x) - 400 * x * (y - x * x), "y": 200 * (y - x * x)}
            updater.update(params, gradients, value)
    ours = ds.minimize("rosenbrock", optimizer="lbfgs", evaluations=40)
    np.testing.assert_allclose(run.history.x, ours.history.x, rtol=1e-6)
    assert run.history.evaluations.tolist() == ours.history.evaluations.tolist()
    assert run.nfev == 40
    assert run.history.coordinates == ("x", "y")
    updater.update(params, {"x": 0.0, "y": 0.0}, 0.0)
    assert run.nfev == 40


def test_an_updater_that_only_steps_is_recorded_to_where_it_ended() -> None:
    updater, params = ds.Updater("adam", learning_rate=0.1), {"x": -7.0, "w": np.array([2.0])}
    with ds.record(updater) as run:
        for _ in range(5):
            updater.update(params, {"x": params["x"] / 10, "w": 2 * params["w"]})
    assert (run.nit, run.nfev) == (5, 5)
    assert run.x == {"x": params["x"], "w": params["w"]}
    assert run.history.x[0].tolist() == [-7.0, 2.0]


def test_any_loop_can_tell_of_itself() -> None:
    jax = pytest.importorskip("jax")
    w = jax.numpy.array([3.0, 1.0])
    with ds.record() as run:
        for _ in range(5):
            value, gradient = jax.value_and_grad(lambda w: (w**2).sum())(w)
            run.log(value, params={"w": w}, gradients={"w": gradient})
            w = w - 0.25 * gradient
    assert run.history["w[0]"].tolist() == [3.0, 1.5, 0.75, 0.375, 0.1875]
    assert run.history.value[1] == 2.5
    np.testing.assert_allclose(run.history.gradient_norm[0], np.sqrt(40), rtol=1e-6)


# --- ends ------------------------------------------------------------------------------------------------


def test_the_name_of_a_loop_or_function_is_no_formula() -> None:
    """Pictures write it as it is, and formulas as mathematics."""
    with ds.record() as run:
        for k in range(3):
            run.log(1.0 / (k + 1), params=[1.0 / (k + 1)])

    def nll3(x: Any) -> float:
        return float(np.abs(np.asarray(x, dtype=float)).sum())

    named = ds.minimize(nll3, [1.0, 2.0], optimizer="sgd", learning_rate=0.1, steps=2)
    formula = ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.1, steps=2)
    for one, written in ((run, "a loop"), (named, "nll3"), (formula, "$x^{2}$")):
        figure = one.plot(kind="progress")
        said = {text.get_text(): text.get_parse_math() for text in [*figure.texts, *figure.axes[0].texts]}
        assert said[written] is written.startswith("$"), said


def test_the_record_ends_before_the_first_number_that_is_not_finite() -> None:
    for log in ("before", "after"):
        run = loop(lambda p: T.SGD(p, lr=50.0), 300, log=log)
        assert run.status == "diverged"
        assert np.all(np.isfinite(run.history.value))
        assert np.all(np.isfinite(run.history.gradient_norm))
        assert f"at step {run.nit + 1}" in run.message
        assert "the record ends before it" in run.message


def test_a_logarithm_of_nothing_is_no_divergence() -> None:
    w = start(0.3)
    optimizer = T.SGD([w], lr=0.1)
    with ds.record(optimizer) as run:
        for _ in range(6):
            optimizer.zero_grad()
            loss = torch.log(w).sum()
            loss.backward()
            run.log(loss)
            optimizer.step()
    assert run.status == "left_domain"
    assert "value is not a number" in run.message


def test_ctrl_c_keeps_what_was_recorded() -> None:
    w = start()
    optimizer = T.SGD([w], lr=0.1)
    with pytest.raises(KeyboardInterrupt), ds.record(optimizer) as run:  # noqa: PT012
        for k in range(9):
            zigzag(w).backward()
            optimizer.step()
            if k == 3:
                raise KeyboardInterrupt
    assert (run.status, run.nit) == ("interrupted", 4)


def test_it_can_be_looked_at_on_the_way() -> None:
    w = start()
    optimizer = T.SGD([w], lr=0.1)
    with ds.record(optimizer) as run:
        assert "no step yet" in repr(run)
        for k in range(3):
            optimizer.zero_grad()
            zigzag(w).backward()
            optimizer.step()
            assert len(run.history) == k + 1


# --- whose optimizer -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda p: T.SGD(p, lr=0.5), R.SGD(learning_rate=0.5)),
        (lambda p: T.SGD(p, lr=0.5, momentum=0.75), R.Momentum(learning_rate=0.5, momentum=0.75)),
        (
            lambda p: T.SGD(p, lr=0.5, momentum=0.75, nesterov=True),
            R.Nesterov(learning_rate=0.5, momentum=0.75),
        ),
        (
            lambda p: T.SGD(p, lr=0.5, weight_decay=0.25),
            R.WeightDecay(optimizer=R.SGD(learning_rate=0.5), rate=0.25),
        ),
        (lambda p: ds_torch().Optimizer(p, "adgd2"), R.AdGD2()),
        (lambda p: ds_torch().Optimizer(p, "adam", lr=0.25), R.Adam(learning_rate=0.25)),
    ],
    ids=["sgd", "momentum", "nesterov", "decay", "ours", "our rate"],
)
def test_an_optimizer_that_is_one_of_ours_is_named_so(make: Any, rule: Any) -> None:
    assert loop(make, 3).optimizer == rule


def test_others_are_named_as_they_are() -> None:
    assert (
        repr(loop(lambda p: T.Adam(p, lr=0.1, amsgrad=True), 3).optimizer)
        == "torch's Adam(lr=0.1, amsgrad=True)"
    )
    assert repr(loop(lambda p: T.RMSprop(p, alpha=0.5), 3).optimizer) == "torch's RMSprop(lr=0.01, alpha=0.5)"
    w = start()
    optimizer = T.SGD([w], lr=0.5)
    follow = T.lr_scheduler.ExponentialLR(optimizer, 0.5)
    with ds.record(optimizer) as run:
        for _ in range(3):
            zigzag(w).backward()
            optimizer.step()
            follow.step()
    assert repr(run.optimizer) == "torch's SGD(lr=0.125 to 0.5)"


# --- saved, drawn, refused -------------------------------------------------------------------------------


def test_a_record_is_saved_loaded_and_drawn(tmp_path: Any) -> None:
    run = loop(lambda p: T.Adam(p, lr=0.5))
    run.save(tmp_path / "run.json")
    again = ds.load(tmp_path / "run.json")
    assert again.history == run.history
    assert repr(again.optimizer) == "torch's Adam(lr=0.5)"
    run.plot(tmp_path / "map.png")
    ds.plot(run, tmp_path / "progress.png", kind="progress")
    small().plot(tmp_path / "norms.png")
    assert all((tmp_path / f"{name}.png").stat().st_size > 5000 for name in ("map", "progress", "norms"))
    with pytest.raises(UsageError, match="this record has their norms: use kind='progress'"):
        small(parameters="norms").plot(kind="map")
    assert "torch's Adam(lr=0.5), recorded" in repr(run)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: ds.record("loop"),
            "'loop' cannot be watched; give a torch optimizer or module, a Keras model",
        ),
        (lambda: ds.record(start()), "a torch Tensor cannot be watched; give its optimizer or module."),
        (
            lambda: ds.record(T.SGD([start()], lr=0.1)).log(torch.ones(3)),
            "the value is of shape (3,); it must be one real number, such as the mean of the losses.",
        ),
        (lambda: ds.record().log("low"), "the value is 'low'; it must be one real number"),
        (
            lambda: ds.minimize("x^2", 3.0, optimizer=T.SGD([start()], lr=0.1)),
            "optimizer is torch's SGD, which steps in loops of its own (downslope.record watches them); give a name",
        ),
        (lambda: ds.record(every=0), "every is 0; it must be a whole number, at least 1."),
        (lambda: small(parameters=["2.bias"]), "there is no parameter '2.bias' in this loop. Did you mean '"),
        (
            lambda: loop(lambda p: T.SGD(p, lr=0.1), 0).history,
            "nothing was recorded of a loop with torch's SGD.",
        ),
        (lambda: loop(lambda p: T.SGD(p, lr=0.1), 2).hystory, "'Recorder' object has no attribute 'hystory'"),
    ],
    ids=["kind", "tensor", "log", "log text", "optimizer", "every", "name", "empty", "attribute"],
)
def test_a_mistake_with_a_record_is_one_sentence(call: Any, words: str) -> None:
    with pytest.raises((UsageError, AttributeError)) as caught:
        call()
    assert words in str(caught.value)


def test_a_record_can_go_on() -> None:
    """As the same loop recorded in one go: where the first part ended is where the second begins."""

    def record(*parts: int) -> Any:
        w = torch.tensor([3.0, -1.0], requires_grad=True, dtype=torch.float64)
        optimizer = torch.optim.SGD([w], lr=0.1)
        run = ds.record(optimizer, parameters={"w": w})
        for steps in parts:
            with run:
                for _ in range(steps):
                    optimizer.zero_grad()
                    loss = (w**2).sum()
                    loss.backward()
                    run.log(loss)
                    optimizer.step()
        return run

    whole, parted = record(10), record(5, 5)
    assert parted.nit == whole.nit == 10
    assert parted.history == whole.history
    for name in ("length", "before", "after"):
        mine, theirs = (getattr(r.run.objective.secants, name) for r in (parted, whole))
        np.testing.assert_array_equal(mine, theirs)


def test_what_was_forgotten_is_said() -> None:
    w = torch.zeros(1, requires_grad=True)
    run = ds.record(torch.optim.SGD([w], lr=0.1))
    run.log(1.0)
    with pytest.raises(
        UsageError, match=r"nothing was recorded .* within its 'with' statement: with ds\.record"
    ):
        run.explain()
    with ds.record() as bare:
        bare.log(1.0)
    with pytest.raises(UsageError, match=r"tell every step: run\.log\(loss, params=params\)"):
        bare.explain()


def test_values_of_random_batches_swing_and_do_not_diverge() -> None:
    """Diverged is what still rises; one bad step at the end is worse than the start, and no trend."""
    for values, diverged, success in (
        ([2.0, 2.6, 1.9, 2.5, 1.8, 2.7, 2.1, 2.8], False, True),
        ([1.0, 1.2, 1.4, 1.7], False, False),
        ([1.0, 1.2, 1.4, 1.7, 2.1], True, False),
        ([1.0, 0.5, 0.4, 0.3, 0.2, 30.0], False, False),
        ([1.0, 1.5, 1.2, 2.0, 5.0, 20.0, 90.0, 400.0], True, False),
    ):
        with ds.record() as run:
            for k, value in enumerate(values):
                run.log(value, params=np.array([float(k)]))
        assert (run.status == "diverged") == diverged, values
        assert run.success == success, values


def test_values_that_stay_and_then_move_are_no_cycle() -> None:
    with ds.record() as run:
        for k, value in enumerate([1.0] * 9 + [0.5]):
            run.log(value, params=np.array([float(k)]))
    assert (run.status, run.success) == ("step_limit", True)
    assert "repeat" not in run.message


def test_a_closure_may_return_nothing_and_a_loop_may_climb() -> None:
    w = start(3.0, 1.0)
    optimizer = ds_torch().Optimizer([w], "sgd", lr=0.1, maximize=True)

    def closure() -> None:
        optimizer.zero_grad()
        (-(w**2).sum()).backward()

    with ds.record(optimizer) as run:
        for _ in range(3):
            optimizer.step(closure)
    np.testing.assert_allclose(run.history.x[:, 0], 3 * 0.8 ** np.arange(4), rtol=1e-6)
    assert np.isnan(run.history.value).all()
    assert run.maximize
    assert isinstance(run.optimizer, ds.optimizers.SGD)
