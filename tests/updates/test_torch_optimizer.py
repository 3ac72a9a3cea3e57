"""Our rules as torch optimizers: torch's own generic checks, parity with torch.optim, and the ways of all rules."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError, HyperparameterError, UnknownNameError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, schedules
from downslope.optimizers.requirements import requirements_of

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on a busy machine its threads wait for each other at every small operation
ours = pytest.importorskip("downslope.torch").Optimizer
from torch_pairs import SAME  # noqa: E402

from downslope.optimizers.param_tree import ParamTree  # noqa: E402
from downslope.optimizers.tape import recorded  # noqa: E402
from downslope.torch.fusing import Fusion  # noqa: E402
from downslope.torch.program import Program  # noqa: E402

R = ds.optimizers

EVERY = pytest.mark.parametrize("cls", all_optimizers(), ids=lambda c: c.name())
PLAIN = [cls for cls in all_optimizers() if not requirements_of(cls()).needs_value]
PLAINLY = pytest.mark.parametrize("cls", PLAIN, ids=lambda c: c.name())
RATED = [cls for cls in PLAIN if "learning_rate" in cls.__dataclass_fields__]
WITH_RATE = pytest.mark.parametrize("cls", RATED, ids=lambda c: c.name())
START = np.array([0.9, -0.4, 0.2, 0.6])
WEIGHTS = np.array([1.0, 3.0, 0.5, 2.0])


def parameters(x: Any = START, dtype: Any = torch.float64) -> list[Any]:
    """Four numbers in a matrix and a vector."""
    flat = torch.tensor(np.asarray(x), dtype=dtype)
    return [torch.nn.Parameter(flat[:2].reshape(2, 1).clone()), torch.nn.Parameter(flat[2:].clone())]


def flat(params: list[Any]) -> Any:
    return torch.cat([p.detach().reshape(-1) for p in params])


def loss_of(params: list[Any]) -> Any:
    """A convex function of them."""
    x = torch.cat([p.reshape(-1) for p in params])
    return (torch.tensor(WEIGHTS, dtype=x.dtype) * torch.cosh(x) + 0.1 * x).sum()


def closure_of(optimizer: Any, params: list[Any]) -> Callable[[], Any]:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    return closure


def walk(optimizer: Any, params: list[Any], steps: int) -> Any:
    points = []
    for _ in range(steps):
        optimizer.step(closure_of(optimizer, params))
        points.append(flat(params).numpy().copy())
    return np.array(points)


# --- the same way as the rule itself ---------------------------------------------------------------------


@EVERY
def test_it_goes_the_way_of_the_rule(cls: type[Optimizer]) -> None:
    """The bare rule on one NumPy vector; of a rule that searches, the points that it accepts."""
    rule, x = cls(), START.copy()
    searches, wanted = requirements_of(rule).searches, []
    with np.errstate(all="ignore"):
        state = rule.init(x)
        for _ in range(60):
            value = float(np.sum(WEIGHTS * np.cosh(x) + 0.1 * x))
            next_x, state, accepted = rule.update(x, value, WEIGHTS * np.sinh(x) + 0.1, state)
            wanted += [x] * bool(accepted) if searches else [next_x]
            x = next_x
    wanted = wanted[1:] if searches else wanted
    params = parameters()
    # a first step of 1e-6 leaves ten digits to the differences that a curvature is measured by
    tolerance = 1e-5 if "polyak" in cls.name() or "conjugate" in cls.name() else 1e-10
    tolerance = 2e-6 if cls.name() == "adgd" or "barzilai" in cls.name() else tolerance
    found = walk(ours(params, rule), params, 10)
    np.testing.assert_allclose(found, wanted[:10], rtol=tolerance, atol=tolerance / 100)


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_precision_is_kept(cls: type[Optimizer], dtype: str) -> None:
    params = parameters(dtype=getattr(torch, dtype))
    optimizer = ours(params, cls())
    walk32 = [optimizer.step(closure_of(optimizer, params)) for _ in range(3)]
    assert all(torch.isfinite(loss) for loss in walk32)
    for p in params:
        assert p.dtype == getattr(torch, dtype)
        for value in optimizer.state[p].values():
            assert not isinstance(value, torch.Tensor) or value.dtype == p.dtype


# --- parity with torch.optim on a network ----------------------------------------------------------------

T = torch.optim


def network(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    layers = [
        torch.nn.Linear(3, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 4),
        torch.nn.Tanh(),
        torch.nn.Linear(4, 1),
    ]
    return torch.nn.Sequential(*layers).double()


def train(make: Callable[[Any], Any], steps: int = 60, scheduler: Any = None) -> Any:
    """Mini-batches through a small network, with somebody's scheduler."""
    model = network()
    X = torch.randn(64, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.sin(X.sum(1, keepdim=True))
    optimizer = make(model.parameters())
    follow = scheduler(optimizer) if scheduler else None
    for k in range(steps):
        rows = slice(16 * (k % 4), 16 * (k % 4) + 16)
        optimizer.zero_grad(set_to_none=k % 2 == 0)
        torch.nn.functional.mse_loss(model(X[rows]), y[rows]).backward()
        optimizer.step()
        if follow:
            follow.step()
    return flat(list(model.parameters()))


@pytest.fixture
def doubles() -> Any:
    """torch keeps some scalars of its states in the default precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", list(SAME))
@pytest.mark.usefixtures("doubles")
def test_a_network_trains_as_with_torch(name: str) -> None:
    rule, theirs = SAME[name]
    torch.testing.assert_close(train(lambda p: ours(p, rule)), train(theirs), rtol=1e-9, atol=1e-11)


SCHEDULERS = {
    "StepLR": lambda o: T.lr_scheduler.StepLR(o, 7, 0.5),
    "LambdaLR": lambda o: T.lr_scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.1 * k)),
    "OneCycleLR": lambda o: T.lr_scheduler.OneCycleLR(o, max_lr=0.05, total_steps=61),
    "CyclicLR": lambda o: T.lr_scheduler.CyclicLR(o, 0.01, 0.05, step_size_up=9),
    "CosineAnnealingWarmRestarts": lambda o: T.lr_scheduler.CosineAnnealingWarmRestarts(o, 13),
    "SequentialLR": lambda o: T.lr_scheduler.SequentialLR(
        o, [T.lr_scheduler.ConstantLR(o, 0.1), T.lr_scheduler.ExponentialLR(o, 0.9)], [5]
    ),
}


@pytest.mark.parametrize("scheduler", list(SCHEDULERS))
@pytest.mark.parametrize("name", ["momentum", "Adam"])
@pytest.mark.usefixtures("doubles")
def test_torchs_schedulers_drive_it(name: str, scheduler: str) -> None:
    rule, theirs = SAME[name]
    follow = SCHEDULERS[scheduler]
    mine, other = train(lambda p: ours(p, rule), 60, follow), train(theirs, 60, follow)
    # where beta1 changes at every step, our bias correction is the product of all, torch's a power of the last
    same = name == "momentum" or scheduler not in ("OneCycleLR", "CyclicLR")
    torch.testing.assert_close(mine, other, rtol=1e-9 if same else 0.1, atol=1e-11 if same else 0.1)


def test_a_schedule_of_ours_does_too() -> None:
    rule = R.Adam(learning_rate=0.01 * schedules.Step(every=7, rate=0.5))
    theirs = train(lambda p: T.Adam(p, lr=0.01), 60, SCHEDULERS["StepLR"])
    torch.testing.assert_close(train(lambda p: ours(p, rule)), theirs, rtol=1e-9, atol=1e-11)


def test_reduce_on_plateau_lowers_the_rate() -> None:
    p = torch.ones(1, requires_grad=True)
    optimizer = ours([p], "momentum", lr=0.5)
    follow = T.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    for _ in range(4):
        p.grad = torch.zeros(1)
        optimizer.step()
        follow.step(1.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


# --- torch's generic checks ------------------------------------------------------------------------------


@WITH_RATE
def test_a_group_with_rate_zero_stands_still(cls: type[Optimizer]) -> None:
    still, moving = parameters()
    optimizer = ours([{"params": [still], "lr": 0.0}, {"params": [moving]}], cls(), lr=0.01)
    before = [still.clone(), moving.clone()]
    for _ in range(5):
        optimizer.step(closure_of(optimizer, [still, moving]))
    if cls.name() not in ("rprop",):  # whose rate is only the first step length
        assert torch.equal(still, before[0])
    assert not torch.equal(moving, before[1])


@EVERY
@pytest.mark.parametrize("contiguous", [True, False])
def test_it_goes_downhill(cls: type[Optimizer], contiguous: bool) -> None:
    weight = torch.randn(10, 5, 2, generator=torch.Generator().manual_seed(0))[..., 0]
    weight = torch.nn.Parameter(weight.clone() if contiguous else weight)
    assert weight.is_contiguous() == contiguous
    bias = torch.nn.Parameter(torch.zeros(10))
    x = torch.linspace(-1, 1, 5)
    rule = cls(minimum=0.0) if cls.name() == "polyak_step" else cls()
    optimizer = ours([weight, bias], rule)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (weight @ x + bias).pow(2).sum()
        loss.backward()
        return loss

    first = closure().item()
    for _ in range(25):
        optimizer.step(closure)
    assert closure().item() < first
    assert weight.is_contiguous() == contiguous


@EVERY
def test_a_state_dict_continues_the_run(cls: type[Optimizer]) -> None:
    """Through torch.save with its safe loader, into another optimizer of other tensors."""
    params = parameters()
    optimizer = ours(params, cls())
    walk(optimizer, params, 5)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    twins = [torch.nn.Parameter(p.detach().clone()) for p in params]
    other = ours(twins, cls())
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(flat(params), flat(twins))
    np.testing.assert_array_equal(walk(optimizer, params, 5), walk(other, twins, 5))
    assert str(optimizer.state_dict()) == str(other.state_dict())


@EVERY
def test_copies_and_pickles_continue_it_too(cls: type[Optimizer]) -> None:
    import pickle

    params = parameters()
    optimizer = ours(params, cls())
    walk(optimizer, params, 4)
    for again in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        twins = again.param_groups[0]["params"]
        assert {k for k in vars(again) if k[0] != "_"} == {k for k in vars(optimizer) if k[0] != "_"}
        assert again.rule == optimizer.rule
        mine = copy.deepcopy((optimizer, params))
        np.testing.assert_array_equal(walk(*mine, 3), walk(again, twins, 3))


@PLAINLY
def test_without_gradients_nothing_moves_and_nothing_is_remembered(cls: type[Optimizer]) -> None:
    params = parameters()
    optimizer = ours(params, cls())
    before = flat(params)
    optimizer.step()
    assert torch.equal(flat(params), before)
    assert all(len(kept) == 0 for kept in optimizer.state.values())


@PLAINLY
def test_a_parameter_without_a_gradient_is_left_alone(cls: type[Optimizer]) -> None:
    used, unused = parameters()
    optimizer = ours([used, unused], cls())
    before = unused.clone()
    for _ in range(3):
        used.grad = torch.ones_like(used)
        optimizer.step()
    assert torch.equal(unused, before)


@pytest.mark.usefixtures("doubles")
def test_a_parameter_that_comes_later_begins_later() -> None:
    """As in torch, each parameter counts its own steps."""

    def run(make: Callable[[Any], Any]) -> Any:
        first, second = parameters()
        optimizer = make([first, second])
        for k in range(8):
            first.grad = torch.full_like(first, 1.0 + k)
            second.grad = torch.full_like(second, 2.0) if k > 2 else None
            optimizer.step()
        return flat([first, second])

    torch.testing.assert_close(
        run(lambda p: ours(p, "adam", lr=0.1)), run(lambda p: T.Adam(p, lr=0.1)), rtol=1e-11, atol=1e-12
    )


def test_groups_have_hyperparameters_of_their_own() -> None:
    def run(make: Callable[[Any], Any]) -> Any:
        one, two = parameters()
        optimizer = make([{"params": [one], "betas": (0.5, 0.9)}, {"params": [two], "lr": 0.5}])
        three = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
        optimizer.add_param_group({"params": three, "lr": 0.25})
        for k in range(6):
            for p in (one, two, three):
                p.grad = torch.full_like(p, 0.3 * k - 0.5)
            optimizer.step()
        return flat([one, two, three])

    torch.testing.assert_close(run(lambda g: ours(g, "adam", lr=0.1)), run(lambda g: T.Adam(g, lr=0.1)))
    optimizer = ours(parameters(), R.Adam(), beta1=0.5)
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)
    assert optimizer.defaults == {"lr": 0.001, "epsilon": 1e-8, "betas": (0.5, 0.999), "maximize": False}


def test_named_parameters_hooks_and_duplicates_are_torchs_own() -> None:
    model, seen = network(), []
    optimizer = ours(model.named_parameters(), "sgd", lr=0.1)
    assert optimizer.param_groups[0]["param_names"][0] == "0.weight"
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    optimizer.step()
    assert seen == ["before", "after"]
    p = torch.ones(1, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours([p, p], "sgd")
    assert "duplicate parameters" in str(caught[0].message)
    with pytest.raises(ValueError, match="empty parameter list"):
        ours([], "sgd")


def test_it_prints_its_rule_and_its_groups() -> None:
    text = repr(ours(parameters(), "momentum", lr=0.5))
    assert text.startswith(
        "downslope.torch.Optimizer of Momentum(learning_rate=0.5, momentum=0.9) (\nParameter Group 0"
    )
    assert "lr: 0.5" in text


def test_a_closure_is_called_once_and_its_loss_returned() -> None:
    params, calls = parameters(), []
    optimizer = ours(params, "adam")

    def closure() -> Any:
        calls.append(torch.is_grad_enabled())
        return closure_of(optimizer, params)()

    assert optimizer.step(closure).item() == loss_of(parameters()).item()
    assert calls == [True]


def test_it_works_with_the_gradient_scaler() -> None:
    params = parameters()
    optimizer, scaler = ours(params, "sgd", lr=0.1), torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(loss_of(params)).backward()
    scaler.step(optimizer)
    scaler.update()
    wanted = START - 0.1 * (WEIGHTS * np.sinh(START) + 0.1)
    np.testing.assert_allclose(flat(params), wanted, rtol=1e-12)


def test_large_tensors_are_stepped_alone_and_go_the_same_way() -> None:
    def run(make: Callable[[Any], Any]) -> Any:
        generator = torch.Generator().manual_seed(0)
        params = [torch.nn.Parameter(torch.randn(n, generator=generator)) for n in (70_000, 10, 66_000)]
        optimizer = make(params)
        for _ in range(4):
            for p in params:
                p.grad = p.detach().sin()
            optimizer.step()
        return flat(params)

    torch.testing.assert_close(run(lambda p: ours(p, "adadelta")), run(T.Adadelta), rtol=1e-5, atol=1e-6)
    whole = run(lambda p: ours(p, "adgd"))
    assert torch.isfinite(whole).all()


@pytest.mark.parametrize("cls", PLAIN, ids=lambda c: c.name())
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "transposed"])
def test_a_large_matrix_goes_the_way_of_its_rows(
    cls: type[Optimizer], turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into pieces, the last of them shorter; what cannot be cut is stepped whole; both as lists of rows."""
    monkeypatch.setattr("downslope.torch.pieces.ALONE", 64)
    monkeypatch.setattr("downslope.torch.pieces.SHARE", 24)
    monkeypatch.setattr("downslope.torch.pieces.TEMPORARIES", 0)
    start = torch.randn((8, 10), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = torch.nn.Parameter(start.t().clone().t() if turned else start.clone())
    rows = [torch.nn.Parameter(row.clone()) for row in start]
    one, many = ours([matrix], cls()), ours(rows, cls())
    for _ in range(6):
        matrix.grad = matrix.detach().sin()
        for row in rows:
            row.grad = row.detach().sin()
        one.step()
        many.step()
        torch.testing.assert_close(matrix.detach(), torch.stack([*rows]).detach(), rtol=1e-13, atol=1e-15)


# --- rules that look at values ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lbfgs", "auto", "conjugate_gradient_hz", "armijo"])
def test_a_rule_that_searches_stands_at_accepted_points(name: str) -> None:
    run = ds.minimize("rosenbrock", optimizer=name, steps=12)
    p = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    optimizer, calls = ours([p], name), []

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        loss.backward()
        calls.append(loss.item())
        return loss

    for k in range(1, 13):
        loss = optimizer.step(closure)
        row = run.history.x[k]
        np.testing.assert_allclose(p.detach().numpy(), row, rtol=1e-6)
        assert loss.item() == calls[-1] == pytest.approx(run.history.value[k], rel=1e-5)
        assert float(p.grad.norm()) == pytest.approx(run.history.gradient_norm[k], rel=1e-4)
    assert len(calls) == run.history.evaluations[12]


def test_where_no_step_can_be_found_it_stays() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer, calls = ours([p], "armijo"), []

    def closure() -> Any:  # a gradient of the wrong sign
        p.grad = torch.tensor([-2.0])
        calls.append(p.item())
        return p.detach() ** 2

    for _ in range(3):
        loss = optimizer.step(closure)
    assert p.item() == pytest.approx(1.0, abs=1e-4)  # where the value is level up to rounding
    assert loss.item() == pytest.approx(1.0, abs=1e-4)
    assert len(calls) > 3


def test_the_average_is_there_for_evaluation() -> None:
    for name in ("schedule_free_sgd", "dog"):
        run = ds.minimize("x^2 + y^2", start={"x": 1.0, "y": -2.0}, optimizer=name, steps=15)
        params = parameters([1.0, -2.0, 0.0, 0.0])[:1]
        optimizer = ours(params, name)
        for _ in range(15):
            optimizer.zero_grad()
            params[0].pow(2).sum().backward()
            optimizer.step()
        last = flat(params)
        with optimizer.averaged():
            np.testing.assert_allclose(flat(params), run.final, rtol=1e-9)
        assert torch.equal(flat(params), last)
        np.testing.assert_allclose(last, run.history.x[-1], rtol=1e-9)


def test_bounds_hold() -> None:
    rule = R.Projected(optimizer=R.SGD(learning_rate=1.0), lower=(-0.1, -9, -9, 0.5), upper=(9, 0.3, 0.1, 9))
    params = parameters()
    optimizer = ours(params, rule)
    for p in params:
        p.grad = torch.tensor([[1.0], [-1.0]], dtype=p.dtype) if p.ndim == 2 else torch.ones_like(p)
    optimizer.step()
    np.testing.assert_allclose(flat(params), [-0.1, 0.3, -0.8, 0.5], rtol=1e-12)


# --- what is refused -------------------------------------------------------------------------------------


def _mistakes() -> dict[str, tuple[Any, str]]:
    p = torch.nn.Parameter(torch.ones(2))

    def stranger() -> None:
        ours([p], "momentum").load_state_dict(T.Adam([p]).state_dict())

    groups = [{"params": [p]}, {"params": [torch.nn.Parameter(torch.ones(1))]}]
    plus = "looks at the objective's value: give step() a closure that computes the loss and its gradients"
    return {
        "closure": (lambda: ours([p], "polyak_step").step(), f"PolyakStep {plus}."),
        "search": (
            lambda: ours([p], "lbfgs").step(),
            f"LBFGS {plus}, the same function each time it is called.",
        ),
        "groups": (
            lambda: ours(groups, "lbfgs"),
            "LBFGS looks at the value of the whole objective: all parameters",
        ),
        "complex": (
            lambda: ours([torch.ones(1, dtype=torch.complex64, requires_grad=True)]),
            "torch.view_as_real",
        ),
        "stranger": (stranger, "its groups have lr, betas"),
        "negative": (
            lambda: ours([p], "sgd", lr=-0.1),
            "learning_rate is -0.1; it must be a finite number > 0",
        ),
        "group": (
            lambda: ours([{"params": [p], "lr": -0.1}], "sgd"),
            "lr is -0.1; it must be a finite number >= 0",
        ),
        "range": (
            lambda: ours([{"params": [p], "momentum": 2}], "momentum"),
            "momentum is 2.0; it must be a finite",
        ),
        "unknown": (
            lambda: ours([{"params": [p], "betta": 1}], "adam"),
            "has no hyperparameter 'betta' for a parameter",
        ),
        "name": (lambda: ours([p], "adm"), "there is no optimizer 'adm'. Did you mean 'adam'"),
        "scheduler": (
            lambda: T.lr_scheduler.StepLR(ours([p], "adgd2"), 3),
            "adgd2 has no learning rate that could be changed: it finds the lengths",
        ),
    }


@pytest.mark.parametrize("case", list(_mistakes()))
def test_a_mistake_with_torch_is_one_sentence(case: str) -> None:
    call, words = _mistakes()[case]
    with pytest.raises(DownslopeError) as caught:
        call()
    assert isinstance(caught.value, (UsageError, HyperparameterError, UnknownNameError))
    assert words in str(caught.value)
    assert "  " not in str(caught.value)


def test_without_torch_it_names_the_command() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['torch'] = None\n"
        "try:\n    import downslope.torch\nexcept ImportError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "MissingExtraError torch is needed for this: pip install 'downslope[torch]'"


def test_a_rule_makes_no_zeros_to_choose_them_and_keeps_what_it_makes() -> None:
    """Rprop's gradient is 0 where its sign flipped: one call, and its new state is taken as it is."""
    rule = ds.optimizers.Rprop()
    x = torch.tensor([3.0, -2.0])
    made = recorded(rule, rule.init(ParamTree([x])))
    names = [operation.name for operation in Fusion(made).operations]
    assert "masked" in names
    assert "zeros_like" not in names
    assert Program(made).fresh
    assert not Program(made).still


def test_a_state_that_is_the_gradient_is_no_tensor_of_its_own() -> None:
    """The gradient is torch's to change: what keeps it as state copies it."""

    class LastGradient(Optimizer):
        def init(self, x: Any) -> Any:
            return (0 * x,)

        def update(self, x: Any, value: Any, gradient: Any, state: Any) -> Any:
            return x - 0.1 * state[0], (gradient,), True

    x = torch.tensor([3.0, -2.0])
    rule = LastGradient()
    assert not Program(recorded(rule, rule.init(ParamTree([x])))).fresh
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = ours([w], rule)
    w.grad = torch.tensor([1.0, 1.0])
    optimizer.step()
    w.grad.fill_(7.0)
    optimizer.step()
    assert w.tolist() == pytest.approx([0.9, 1.9])
