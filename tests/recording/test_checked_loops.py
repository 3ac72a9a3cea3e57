"""Loops of learners, right ones and ones with a slip in them, each held against its rule."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.recording.checked_loop import check_loop


def run(optimizer: Any, steps: int = 12) -> None:
    """The loop of the second tutorial, around anybody's class."""
    params = {"x": -7.0, "y": np.array([2.0, 1.0])}
    for _ in range(steps):
        optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})


class Base:
    """Each step is written once; ``slip`` says what is wrong in it."""

    def __init__(self, lr: float = 0.1, slip: str = "") -> None:
        self.lr, self.slip, self.state, self.t = lr, slip, {}, 0

    def memory(self, name: str, key: str, like: Any) -> Any:
        return self.state.setdefault((name, key), np.zeros_like(like))


class SGD(Base):
    def update(self, params: Any, grads: Any) -> None:
        for key in params:
            g = grads[key]
            if self.slip == "sum":
                self.state[key] = g = g + self.memory("g", key, g) + self.state.get(key, 0.0)
            if self.slip == "stale":
                g, self.state[key] = self.state.get(key, 0.0 * g), g
            factor = {"sign": -1.0, "factor": 1.5, "both": -2.0}.get(self.slip, 1.0)
            params[key] = params[key] - factor * self.lr * g


class Momentum(Base):
    def __init__(self, lr: float = 0.1, momentum: float = 0.9, slip: str = "") -> None:
        super().__init__(lr, slip)
        self.momentum = momentum

    def update(self, params: Any, grads: Any) -> None:
        for key in params:
            old = self.memory("v", key, params[key])
            momentum = 1 - self.momentum if self.slip == "beta" else self.momentum
            new = momentum * old - self.lr * grads[key]
            step = old if self.slip == "order" else new
            params[key] = params[key] + (-step if self.slip == "sign" else step)
            if self.slip != "forgets":
                self.state["v", key] = new


class AdaGrad(Base):
    def update(self, params: Any, grads: Any) -> None:
        for key in params:
            h = self.memory("h", key, params[key]) + grads[key] ** 2
            if self.slip != "forgets":
                self.state["h", key] = h
            root = (
                np.sqrt(self.memory("h", key, h) + grads[key] ** 2) if self.slip == "forgets" else np.sqrt(h)
            )
            params[key] = params[key] - self.lr * grads[key] / (root + 1e-7)


class RMSprop(Base):
    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99, slip: str = "") -> None:
        super().__init__(lr, slip)
        self.decay_rate = decay_rate

    def update(self, params: Any, grads: Any) -> None:
        for key in params:
            h = self.decay_rate * self.memory("h", key, params[key])
            h = h + (1 - self.decay_rate) * grads[key] ** 2
            self.state["h", key] = h
            params[key] = params[key] - self.lr * grads[key] / (np.sqrt(h) + 1e-7)


class MyAdam(Base):
    def __init__(self, lr: float = 0.1, beta1: float = 0.9, beta2: float = 0.999, slip: str = "") -> None:
        super().__init__(lr, slip)
        self.beta1, self.beta2 = beta1, beta2

    def update(self, params: Any, grads: Any) -> None:
        self.t += 1
        b1, b2 = (self.beta2, self.beta1) if self.slip == "swapped" else (self.beta1, self.beta2)
        for key in params:
            g = grads[key]
            m = b1 * self.memory("m", key, g) + (1 - b1) * g
            v = b2 * self.memory("v", key, g) + (1 - b2) * g * g
            if self.slip != "forgets m":
                self.state["m", key] = m
            if self.slip != "forgets v":
                self.state["v", key] = v
            t = 1 if self.slip == "forgets t" else self.t
            step = self.lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + 1e-8)
            params[key] = params[key] - (-step if self.slip == "sign" else step)


RIGHT = [SGD, Momentum, AdaGrad, RMSprop, MyAdam]


@pytest.mark.parametrize("cls", RIGHT, ids=lambda c: c.__name__)
def test_a_right_class_is_right(cls: Any) -> None:
    before = cls.__dict__["update"]
    found = check_loop(lambda: run(cls()))
    assert found.ok
    assert found.steps == 12
    assert str(found) == f"All 12 updates are those of {found.rule!r}."
    assert found.rule.learning_rate == cls().lr
    assert cls.__dict__["update"] is before


@pytest.mark.parametrize("name", ["adam", "momentum", "lbfgs"])
def test_an_updater_is_right(name: str) -> None:
    def loop() -> None:
        updater, params = ds.Updater(name), {"x": -7.0, "y": np.array([2.0, 1.0])}
        for _ in range(8):
            gradients = {"x": params["x"] / 10, "y": 2 * params["y"]}
            value = params["x"] ** 2 / 20 + float(np.sum(params["y"] ** 2))
            params = updater.update(params, gradients, value=value)

    found = check_loop(loop)
    assert found.ok
    assert found.steps == 8
    assert (found.rule is None) == (name == "lbfgs")  # which looks at values


# what is wrong -> code, first step at which it shows, and a piece of the sentence
WRONG: dict[str, tuple[Callable[[], Any], str, int, str]] = {
    "sgd uphill": (lambda: SGD(slip="sign"), "sign", 0, "goes uphill"),
    "sgd, a factor": (
        lambda: SGD(slip="factor"),
        "factor",
        0,
        "Every step is 1.5 times that of gradient_descent",
    ),
    "sgd, a factor uphill": (lambda: SGD(slip="both"), "factor", 0, "Every step is -2 times"),
    "sgd, a sum": (lambda: SGD(slip="sum"), "gradient_not_zeroed", 1, "Gradients add up over the steps"),
    "sgd, late": (lambda: SGD(slip="stale"), "stale_gradient", 0, "the gradient of the step before"),
    "momentum uphill": (lambda: Momentum(slip="sign"), "sign", 0, "goes uphill"),
    "momentum forgets": (lambda: Momentum(slip="forgets"), "state_not_kept", 1, "momentum forgets v"),
    "momentum, late": (lambda: Momentum(slip="order"), "wrong_order", 0, "moved before the state is updated"),
    "momentum, beta": (lambda: Momentum(slip="beta"), "another_hyperparameter", 1, "momentum = 0.1, not 0.9"),
    "adagrad forgets": (lambda: AdaGrad(slip="forgets"), "state_not_kept", 1, "adagrad forgets s from"),
    "adam uphill": (lambda: MyAdam(slip="sign"), "sign", 0, "goes uphill"),
    "adam forgets m": (lambda: MyAdam(slip="forgets m"), "state_not_kept", 1, "adam forgets m from"),
    "adam forgets v": (lambda: MyAdam(slip="forgets v"), "state_not_kept", 1, "adam forgets v from"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_slip_is_named_with_its_step_and_numbers(name: str) -> None:
    make, code, step, words = WRONG[name]
    found = check_loop(lambda: run(make(), 8))
    assert found.codes == [code], str(found)
    slip = found.slips[0]
    assert slip.step == step
    assert words in str(slip.sentence)
    assert f"At step {step}, from {slip.numbers['parameter']} = {slip.numbers['at']:.6g}" in str(
        slip.sentence
    )
    assert slip.numbers["found"] != slip.numbers["expected"]


@pytest.mark.parametrize("slip", ["swapped", "forgets t"])
def test_a_slip_of_two_things_at_once_is_a_difference_at_least(slip: str) -> None:
    found = check_loop(lambda: run(MyAdam(slip=slip)))
    assert not found.ok
    assert found.slips[0].step in (0, 1)


def test_a_class_without_a_name_of_a_rule_is_held_against_the_one_given() -> None:
    class Mine(Momentum):
        def update(self, params: Any, grads: Any) -> None:
            super().update(params, grads)

    rule = ds.optimizers.Momentum(learning_rate=0.1)
    assert check_loop(lambda: run(Mine()), optimizer=rule).ok
    assert check_loop(lambda: run(Mine()), optimizer="momentum").rule == rule
    assert check_loop(lambda: run(Mine(slip="forgets")), optimizer="momentum").codes == ["state_not_kept"]


def told(slip: str) -> Callable[[Any], None]:
    """A loop of plain numbers that tells of itself, with its derivative written by hand."""

    def loop(seen: Any) -> None:
        x, before, total = 3.0, 6.0, 0.0
        for _ in range(8):
            g = 2 * x
            wrong = {
                "sign": -g,
                "factor": 1.5 * g,
                "stale": before,
                "sum": total + g,
                "none": g,
                "cube": g**3,
            }
            before, total = g, total + g
            seen.log(x * x, params={"x": x}, gradients={"x": wrong[slip]})
            x -= 0.01 * wrong[slip]

    return loop


@pytest.mark.parametrize(
    ("slip", "code", "words"),
    [
        ("sign", "sign", "The gradient has the wrong sign"),
        ("factor", "factor", "The gradient is 1.5 times the derivative"),
        ("stale", "stale_gradient", "is that of the point before"),
        ("sum", "gradient_not_zeroed", "the sum of those of all steps so far"),
        ("cube", "another_update", "is not the derivative of the cost"),
    ],
)
def test_the_gradient_is_held_against_the_derivative(slip: str, code: str, words: str) -> None:
    found = check_loop(told(slip), gradient=lambda x: 2 * x, learning_rate=0.01)
    assert found.codes == [code]
    assert words in str(found)
    assert "and the derivative is" in str(found)
    assert check_loop(told("none"), gradient=lambda x: 2 * x, learning_rate=0.01).ok


# --- torch -----------------------------------------------------------------------------------------------


def torch_loop(slip: str, make: Any = None) -> Callable[[], None]:
    torch = pytest.importorskip("torch")

    def loop() -> None:
        torch.manual_seed(0)
        model = torch.nn.Linear(2, 1)
        X = torch.randn(8, 2)
        y = X.sum(1, keepdim=True)
        optimizer = (make or (lambda p: torch.optim.SGD(p, lr=0.1)))(model.parameters())
        for _ in range(6):
            if slip not in ("never", "between"):
                optimizer.zero_grad()
            cost = ((model(X) - y) ** 2).mean()
            if slip == "order":
                optimizer.step()
                optimizer.zero_grad()
                ((model(X) - y) ** 2).mean().backward()
                continue
            if slip == "accumulates":  # as it may
                (cost / 2).backward()
                cost = ((model(X) - y) ** 2).mean() / 2
            cost.backward()
            if slip == "between":
                optimizer.zero_grad()
            optimizer.step()

    return loop


def optimizers() -> list[Any]:
    import torch

    from downslope.torch import Optimizer

    return [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: torch.optim.Adam(p, lr=0.1),
        lambda p: Optimizer(p, "adam", lr=0.1),
    ]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize(
    ("slip", "code"),
    [("", None), ("accumulates", None), ("never", "gradient_not_zeroed"), ("between", "wrong_order")],
)
def test_loops_of_torch(slip: str, code: str | None, which: int) -> None:
    torch = pytest.importorskip("torch")
    before = torch.autograd.backward, torch.autograd.grad
    found = check_loop(torch_loop(slip, optimizers()[which]))
    assert found.codes == ([] if code is None else [code]), str(found)
    assert found.steps == 6
    assert (torch.autograd.backward, torch.autograd.grad) == before


def test_a_step_before_its_gradient() -> None:
    torch = pytest.importorskip("torch")

    def loop() -> None:
        w = torch.tensor([3.0], requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(4):
            optimizer.step()
            optimizer.zero_grad()
            (w**2).sum().backward()

    found = check_loop(loop)
    assert found.codes == ["wrong_order"]
    assert "step() comes before backward()" in str(found)


def test_numbers_of_a_gradient_that_is_not_zeroed() -> None:
    found = check_loop(torch_loop("never"))
    slip = found.slips[0]
    assert slip.step == 1
    assert abs(slip.numbers["found"]) != abs(slip.numbers["expected"])
    assert f"the update gets {slip.numbers['found']:.6g}" in str(slip.sentence)


SCRIPTS = {
    "torch, by hand": (
        """
import torch
W = torch.tensor(0.0, requires_grad=True)
x = y = torch.tensor([1.0, 2.0, 3.0])
lr = 0.05
for epoch in range(8):
    cost = ((W * x - y) ** 2).mean()
    cost.backward()
    with torch.no_grad():
        W -= lr * W.grad
    {zero}
    print(epoch, W.item())
""",
        {"W.grad.zero_()": [], "pass": ["gradient_not_zeroed"]},
    ),
    "torch, a factor": (
        """
import torch
W = torch.tensor([0.0, 1.0], requires_grad=True)
learning_rate = 0.1
for epoch in range(8):
    (g,) = torch.autograd.grad(((W - 2) ** 2).sum(), W)
    W = (W {step}).detach().requires_grad_()
""",
        {"- learning_rate * g": [], "- 3 * learning_rate * g": ["factor"], "+ learning_rate * g": ["sign"]},
    ),
    "tensorflow": (
        """
import tensorflow as tf
W = tf.Variable(51.1)
alpha = 0.01
for i in range(10):
    with tf.GradientTape() as tape:
        cost = W ** 2
    g = tape.gradient(cost, W)
    W.{step}
""",
        {
            "assign_sub(alpha * g)": [],
            "assign_add(alpha * g)": ["sign"],
            "assign_sub(2 * alpha * g)": ["factor"],
        },
    ),
    "a class in a script": (
        """
import numpy as np
class Momentum:
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None
    def update(self, params, grads):
        {begin}
            self.v = {{key: np.zeros_like(value) for key, value in params.items()}}
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]
def df(x, y):
    return x / 10.0, 2.0 * y
params = {{"x": -7.0, "y": 2.0}}
optimizer = Momentum()
for i in range(30):
    grads = dict(zip("xy", df(params["x"], params["y"])))
    optimizer.update(params, grads)
""",
        {"if self.v is None:": [], "if True:": ["state_not_kept"]},
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, ways = SCRIPTS[name]
    if "import t" in source:
        pytest.importorskip(source.split()[1])
    for way, codes in ways.items():
        field = source[source.index("{") + 1 : source.index("}")] if "{" in source else ""
        field = "begin" if "{begin}" in source else field
        path = tmp_path / "student.py"
        path.write_text(source.format(**{field: way}))
        found = check_loop(path)
        assert found.codes == codes, str(found)
        assert found.steps >= 8
    assert capsys.readouterr().out == ""


def test_who_cannot_be_seen_is_told_the_way(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no step of the loop was seen\. Seen are classes with update"):
        check_loop(lambda: None)
    path = tmp_path / "student.py"
    path.write_text("x = 1\nx / 0\n")
    with pytest.raises(UsageError, match="broke off at line 2 with ZeroDivisionError"):
        check_loop(path)
    path.write_text("x = (1\n")
    with pytest.raises(UsageError, match="is no Python script: line 1"):
        check_loop(str(path))
    with pytest.raises(UsageError, match="cannot be read"):
        check_loop(tmp_path / "nothing.py")


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    source, _ = SCRIPTS["a class in a script"]
    for way, code in (("if self.v is None:", 0), ("if True:", 1)):
        path.write_text(source.format(begin=way))
        done = subprocess.run(
            [sys.executable, "-m", "downslope", "check-loop", str(path)], capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert ("momentum forgets v" in done.stdout) == bool(code)
    done = subprocess.run(
        [sys.executable, "-m", "downslope", "check-loop", str(path), "--format", "json"],
        capture_output=True,
        text=True,
    )
    assert '"code": "state_not_kept"' in done.stdout
