"""The loops that people write with torch, each beside torch's own optimizer in the same loop."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import HyperparameterError, UnknownNameError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, schedules
from downslope.optimizers.requirements import requirements_of

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on a busy machine its threads wait for each other at every small operation
ours = pytest.importorskip("downslope.torch").Optimizer
from torch_pairs import SAME  # noqa: E402

R, T = ds.optimizers, torch.optim
F = torch.nn.functional
PLAIN = [cls for cls in all_optimizers() if not requirements_of(cls()).needs_value]
PLAINLY = pytest.mark.parametrize("cls", PLAIN, ids=lambda c: c.name())
AVERAGING = ["schedule_free_sgd", "schedule_free_adamw", "dog"]
PAIRS = pytest.mark.parametrize("name", list(SAME))
X = torch.randn(64, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
Y = torch.sin(X.sum(1, keepdim=True))
WORDS = torch.randint(0, 7, (40, 5), generator=torch.Generator().manual_seed(2))  # rows with words twice


@pytest.fixture(autouse=True)
def doubles() -> Any:
    """torch keeps some scalars of its states in the default precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def network() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    )


class Speller(torch.nn.Module):
    """Guesses the last word of a row from the others; the words' vectors are the weights of the end, too."""

    def __init__(self, sparse: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = torch.nn.Embedding(7, 4, sparse=sparse)
        self.mix = torch.nn.Linear(4, 4)
        self.out = torch.nn.Linear(4, 7, bias=False)
        if not sparse:
            self.out.weight = self.words.weight

    def forward(self, rows: Any) -> Any:
        return self.out(torch.tanh(self.mix(self.words(rows[:, :-1]).mean(1))))


def flat(model: Any) -> Any:
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def batches(steps: int) -> Any:
    for k in range(steps):
        rows = slice(16 * (k % 4), 16 * (k % 4) + 16)
        yield k, X[rows], Y[rows]


# --- the loops: model, optimizer, number of steps --------------------------------------------------------

Make = Callable[[Any], Any]


def plain_loop(make: Make, steps: int = 30) -> Any:
    model = network()
    optimizer = make(model.parameters())
    for _, x, y in batches(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return flat(model)


def tied(make: Make) -> Any:
    model = Speller()
    optimizer = make(model.parameters())
    for k in range(30):
        rows = WORDS[8 * (k % 5) :][:8]
        optimizer.zero_grad()
        F.cross_entropy(model(rows), rows[:, -1]).backward()
        optimizer.step()
    return flat(model)


def groups(make: Make) -> Any:
    model = network()
    optimizer = make(
        [{"params": model[0].parameters(), "lr": 0.02}, {"params": model[2:].parameters(), "lr": 0.005}]
    )
    for _, x, y in batches(30):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return flat(model)


def accumulation(make: Make) -> Any:
    model = network()
    optimizer = make(model.parameters())
    for k, x, y in batches(60):
        (F.mse_loss(model(x), y) / 3).backward()
        if k % 3 == 2:
            optimizer.step()
            optimizer.zero_grad(set_to_none=k % 2 == 0)
    return flat(model)


def clipping(make: Make) -> Any:
    model = network()
    optimizer = make(model.parameters())
    for _, x, y in batches(30):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    return flat(model)


def autocast(make: Make) -> Any:
    """With a scale so high at first that some steps are left out."""
    model = network()
    optimizer, scaler = (
        make(model.parameters()),
        torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=9),
    )
    for _, x, y in batches(30):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.mse_loss(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
    return flat(model)


def freezing(make: Make) -> Any:
    """A layer rests in between, and another joins later."""
    model = network()
    optimizer = make([*model[0].parameters(), *model[2].parameters()])
    for k, x, y in batches(36):
        if k in (9, 18):
            model[2].requires_grad_(k == 18)
        if k == 27:
            optimizer.add_param_group({"params": model[4].parameters(), "lr": 0.003})
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return flat(model)


def uphill(make: Make) -> Any:
    model = network()
    optimizer = make(model.parameters(), maximize=True)
    for _, x, y in batches(30):
        optimizer.zero_grad()
        (-F.mse_loss(model(x), y)).backward()
        optimizer.step()
    return flat(model)


def loading_on_the_way(make: Make) -> Any:
    model = network()
    optimizer = make(model.parameters())
    for k, x, y in batches(30):
        if k in (7, 8, 21):
            file = io.BytesIO()
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
            file.seek(0)
            saved = torch.load(file, weights_only=True)
            model = network()
            optimizer = make(model.parameters())
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return flat(model)


def closures(make: Make) -> Any:
    """That return nothing."""
    model = network()
    optimizer = make(model.parameters())
    for _, x, y in batches(30):

        def closure(x: Any = x, y: Any = y) -> None:
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()

        assert optimizer.step(closure) is None
    return flat(model)


LOOPS = [
    plain_loop,
    tied,
    groups,
    accumulation,
    clipping,
    autocast,
    freezing,
    uphill,
    loading_on_the_way,
    closures,
]


@PAIRS
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_ends_where_it_ends_with_torchs_own(name: str, loop: Callable[[Make], Any]) -> None:
    rule, theirs = SAME[name]
    if "learning_rate" not in str(rule) and loop in (groups, freezing):
        pytest.skip("the loop gives groups rates, and this rule has none")

    wanted = loop(theirs)
    assert not torch.equal(wanted, flat(network())) or loop is tied
    torch.testing.assert_close(
        loop(lambda p, **options: ours(p, rule, **options)), wanted, rtol=1e-12, atol=1e-12
    )


@PLAINLY
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_ends_at_numbers_with_every_rule(cls: type[Optimizer], loop: Callable[[Make], Any]) -> None:
    if "learning_rate" not in cls.__dataclass_fields__ and loop in (groups, freezing):
        pytest.skip("the loop gives groups rates, and this rule has none")
    end = loop(lambda p, **options: ours(p, cls(), **options))
    assert torch.isfinite(end).all()
    if loop is loading_on_the_way:  # every checkpoint goes on exactly
        torch.testing.assert_close(end, plain_loop(lambda p: ours(p, cls())), rtol=0, atol=0)


# --- clipping, sparse gradients, compiled steps ----------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_clipping_by_the_norm_is_over_all_groups(decay: float) -> None:
    """Weight decay around it is in what is clipped."""

    def run(make: Make, clip: bool) -> Any:
        model = network()
        optimizer = make([{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2:].parameters()}])
        for _, x, y in batches(20):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            if clip:
                with torch.no_grad():
                    for p in model.parameters():
                        p.grad += decay * p
                norm = torch.sqrt(sum(p.grad.pow(2).sum() for p in model.parameters()))
                for p in model.parameters():
                    p.grad *= min(1.0, 0.2 / norm)
            optimizer.step()
        return flat(model)

    rule: Optimizer = R.ClipByNorm(optimizer=R.Momentum(learning_rate=0.05), limit=0.2)
    if decay:
        rule = R.WeightDecay(optimizer=rule, rate=decay)
    found = run(lambda p: ours(p, rule), clip=False)
    wanted = run(lambda p: T.SGD(p, lr=0.05, momentum=0.9), clip=True)
    torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-13)


def test_a_state_that_kept_its_scalars_in_one_place_goes_on() -> None:
    """As earlier versions saved it, where a rule clips by the norm."""
    rule = R.ClipByNorm(optimizer=R.Adam(learning_rate=0.05), limit=0.2)

    def half(model: Any, optimizer: Any) -> Any:
        for _, x, y in batches(10):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
        return flat(model)

    model = network()
    optimizer = ours(model.parameters(), rule)
    half(model, optimizer)
    saved = copy.deepcopy(optimizer.state_dict())
    for k, kept in saved["state"].items():
        if k:
            del kept["p1"], kept["p2"]
    for group in saved["param_groups"]:
        del group["rule"], group["maximize"]
    twin = copy.deepcopy(model)
    other = ours(twin.parameters(), rule)
    other.load_state_dict(saved)
    assert torch.equal(half(model, optimizer), half(twin, other))


@PLAINLY
def test_sparse_gradients_are_gradients(cls: type[Optimizer]) -> None:
    def run(sparse: bool) -> Any:
        torch.manual_seed(0)
        table = torch.nn.Embedding(7, 3, sparse=sparse)
        optimizer = ours(table.parameters(), cls())
        for k in range(12):
            optimizer.zero_grad()
            table(WORDS[k]).pow(2).sum().backward()
            optimizer.step()
        return flat(table)

    assert torch.equal(run(True), run(False))


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # of torch about its own Adagrad
@pytest.mark.parametrize("name", ["SGD", "Adagrad"])
def test_sparse_gradients_are_stepped_as_torch_does(name: str) -> None:
    rule, theirs = SAME[name]

    def run(make: Make) -> Any:
        model = Speller(sparse=True)
        optimizer = make(model.parameters())
        for k in range(20):
            rows = WORDS[8 * (k % 5) :][:8]
            optimizer.zero_grad()
            F.cross_entropy(model(rows), rows[:, -1]).backward()
            optimizer.step()
        return flat(model)

    torch.testing.assert_close(run(lambda p: ours(p, rule)), run(theirs), rtol=1e-10, atol=1e-13)


def compiled(make: Make, backend: str) -> Any:
    torch._dynamo.reset()
    model = network()
    optimizer = make(model.parameters())

    @torch.compile(backend=backend)
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _, x, y in batches(6):
        assert torch.isfinite(step(x, y))
    return flat(model)


@pytest.mark.filterwarnings("ignore")  # what torch's compiler has to say
@PLAINLY
def test_a_compiled_step_is_the_same_step(cls: type[Optimizer]) -> None:
    end = compiled(lambda p: ours(p, cls()), "eager")
    assert torch.equal(end, plain_loop(lambda p: ours(p, cls()), 6))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_a_compiled_step_is_torchs_own(backend: str) -> None:
    rule, theirs = SAME["Adam"]
    mine, other = compiled(lambda p: ours(p, rule), backend), compiled(theirs, backend)
    torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-13)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["momentum", "adgd2", "schedule_free_sgd"])
def test_a_step_that_inductor_compiles_is_the_same_step(name: str) -> None:
    metrics = pytest.importorskip("torch._inductor.metrics")
    metrics.reset()
    end = compiled(lambda p: ours(p, name), "inductor")
    assert metrics.generated_kernel_count > 0  # in C++: nothing was left to eager torch in silence
    torch.testing.assert_close(end, plain_loop(lambda p: ours(p, name), 6), rtol=1e-10, atol=1e-13)


def test_climbing_is_descending_the_other_way_for_rules_that_search() -> None:
    def run(sign: float, **options: Any) -> Any:
        p = torch.nn.Parameter(torch.tensor([-1.2, 1.0]))
        optimizer = ours([p], "lbfgs", **options)

        def closure() -> Any:
            optimizer.zero_grad()
            loss = sign * ((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2)
            loss.backward()
            return loss

        values = [float(optimizer.step(closure).detach()) for _ in range(20)]
        return p.detach().clone(), np.array(values)

    up, down = run(-1.0, maximize=True), run(1.0)
    assert torch.equal(up[0], down[0])
    np.testing.assert_array_equal(up[1], -down[1])


def test_one_group_may_climb_while_the_other_descends() -> None:
    def run(make: Make) -> Any:
        torch.manual_seed(3)
        x, y = (torch.nn.Parameter(torch.randn(2)) for _ in range(2))
        optimizer = make([{"params": [x]}, {"params": [y], "maximize": True}])
        for _ in range(25):
            optimizer.zero_grad()
            (x @ y + 0.1 * (x @ x) - 0.1 * (y @ y)).backward()
            optimizer.step()
        return torch.cat([x.detach(), y.detach()])

    torch.testing.assert_close(
        run(lambda g: ours(g, "momentum", lr=0.05)),
        run(lambda g: T.SGD(g, lr=0.05, momentum=0.9)),
        rtol=1e-12,
        atol=0,
    )


# --- groups, states and averages -------------------------------------------------------------------------


def test_what_else_a_group_holds_is_kept() -> None:
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = ours([{"params": [p], "name": "head", "lr_scale": 0.5, "weight_decay": 0.0}], "adam", lr=0.1)
    optimizer.add_param_group({"params": q, "name": "tail", "layer": 3})
    assert [group["name"] for group in optimizer.param_groups] == ["head", "tail"]
    assert optimizer.param_groups[0]["lr_scale"] == 0.5
    again = ours([{"params": [p]}, {"params": [q]}], "adam")
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[1]["layer"] == 3
    assert again.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(
    ("group", "error"),
    [
        ({"betta": 1.0}, HyperparameterError),
        ({"weight_decay": 0.1}, HyperparameterError),
        ({"lr": -1.0}, HyperparameterError),
        ({"complex": True}, UsageError),
    ],
    ids=["betta", "weight decay", "rate", "complex"],
)
def test_a_refused_group_leaves_nothing(group: dict[str, Any], error: Any) -> None:
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = ours([p], "adam")
    dtype = torch.complex128 if group.pop("complex", False) else torch.float64
    with pytest.raises(error):
        optimizer.add_param_group({"params": [torch.ones(2, dtype=dtype, requires_grad=True)], **group})
    assert len(optimizer.param_groups) == 1
    p.grad = torch.ones(2)
    optimizer.step()


def test_a_second_group_of_a_rule_of_one_leaves_nothing() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = ours([p], "lbfgs")
    with pytest.raises(UsageError, match="all parameters must be in one group"):
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})
    assert len(optimizer.param_groups) == 1


EVERYONE = {
    **{cls.name(): cls() for cls in all_optimizers()},
    "clip_by_norm(adam)": R.ClipByNorm(optimizer=R.Adam(), limit=1.0),
    "lbfgs(memory=5)": R.LBFGS(memory=5),
}


def with_state(rule: Optimizer) -> Any:
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = ours([p], rule)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.cosh(p).sum()
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    return optimizer


@pytest.mark.parametrize("name", EVERYONE)
def test_the_state_of_another_rule_is_refused_by_name(name: str) -> None:
    mine = ours([torch.nn.Parameter(torch.ones(3))], EVERYONE[name])
    for other, rule in EVERYONE.items():
        saved = with_state(rule).state_dict()
        if rule == EVERYONE[name]:
            mine.load_state_dict(saved)
            continue
        with pytest.raises(UsageError) as caught:
            mine.load_state_dict(saved)
        assert (
            str(caught.value)
            == f"this is the state of {rule.kind()}; this optimizer's rule is {mine.rule.kind()}."
        )
        assert other.partition("(")[0] in str(caught.value)


def test_states_without_a_name_are_told_by_what_they_hold() -> None:
    for theirs, words in (
        (T.Adam, "its groups have lr, betas"),
        (lambda p: ours(p, "amsgrad"), "this is the state of another rule: it has m, v,"),
    ):
        p = torch.nn.Parameter(torch.ones(3))
        optimizer = theirs([p])
        p.grad = torch.ones(3)
        optimizer.step()
        saved = optimizer.state_dict()
        for group in saved["param_groups"]:
            group.pop("rule", None)
        with pytest.raises(UsageError, match=words):
            ours([p], "adam").load_state_dict(saved)


def test_who_has_no_rate_says_why_to_a_scheduler() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    scheduled = ours([p], R.Adam(learning_rate=0.1 * schedules.Cosine(steps=9)))
    for optimizer, words in (
        (scheduled, "the learning rate of adam follows a schedule of its own"),
        (ours([p], "adgd2"), "it finds the lengths of its steps itself"),
    ):
        for ask in (
            lambda o: T.lr_scheduler.StepLR(o, 3),
            lambda o: T.lr_scheduler.ReduceLROnPlateau(o, patience=0).step(1.0),
            lambda o: T.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=9, cycle_momentum=False),
            lambda o: o.param_groups[0].__setitem__("lr", 0.1),
        ):
            with pytest.raises(UnknownNameError, match=words):
                ask(optimizer)
        assert "lr" not in optimizer.param_groups[0]
        for again in (copy.deepcopy(optimizer), copy.copy(optimizer)):
            with pytest.raises(UnknownNameError, match=words):
                again.param_groups[0]["lr"] = 0.1


def trained(name: str, steps: int = 10) -> tuple[Any, Any]:
    model = network()
    optimizer = ours(model.parameters(), name)
    go_on(model, optimizer, steps)
    return model, optimizer


def go_on(model: Any, optimizer: Any, steps: int = 10) -> Any:
    for _, x, y in batches(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return flat(model)


@pytest.mark.parametrize("first", ["model", "optimizer"])
@pytest.mark.parametrize("name", AVERAGING)
def test_a_checkpoint_of_an_average_goes_on_from_the_point_of_the_training(name: str, first: str) -> None:
    model, optimizer = trained(name)
    with optimizer.averaged():
        saved = copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
        average = flat(model)
    assert all("training_point" not in kept for kept in optimizer.state.values())
    twin = network()
    other = ours(twin.parameters(), name)
    for part in (first, "optimizer" if first == "model" else "model"):
        {"model": twin, "optimizer": other}[part].load_state_dict(saved[part])
    with other.averaged():
        torch.testing.assert_close(flat(twin), average, rtol=0, atol=0)
    assert torch.equal(go_on(model, optimizer), go_on(twin, other))
    assert str(optimizer.state_dict()) == str(other.state_dict())


def test_gradients_at_the_average_are_no_gradients_of_the_training() -> None:
    model, optimizer = trained("schedule_free_sgd")
    with optimizer.averaged():
        saved = copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
        with pytest.raises(UsageError, match=r"step\(\) was called inside averaged\(\)"):
            optimizer.step()
    twin = network()
    other = ours(twin.parameters(), "schedule_free_sgd")
    other.load_state_dict(saved["optimizer"])
    twin.load_state_dict(saved["model"])
    F.mse_loss(twin(X), Y).backward()
    with pytest.raises(UsageError, match="the gradients were computed at the average"):
        other.step()
    assert torch.equal(go_on(model, optimizer), go_on(twin, other))


def test_closures_that_return_nothing_are_enough_where_nobody_looks() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(UsageError, match="the closure returned None, and LBFGS looks"):
        ours([p], "lbfgs").step(lambda: None)


@pytest.mark.filterwarnings("ignore")  # of torch, that nothing is distributed
@PLAINLY
def test_distributed_state_dicts_go_on(cls: type[Optimizer]) -> None:
    from torch.distributed.checkpoint import state_dict as distributed

    model = network()
    optimizer = ours(model.parameters(), cls())
    go_on(model, optimizer)
    for flatten in (False, True):
        options = distributed.StateDictOptions(flatten_optimizer_state_dict=flatten)
        twin = network()
        other = ours(twin.parameters(), cls())
        weights, kept = distributed.get_state_dict(model, optimizer, options=options)
        distributed.set_state_dict(
            twin, other, model_state_dict=weights, optim_state_dict=copy.deepcopy(kept), options=options
        )
        mine, my_optimizer = copy.deepcopy((model, optimizer))
        assert torch.equal(go_on(mine, my_optimizer), go_on(twin, other)), flatten
