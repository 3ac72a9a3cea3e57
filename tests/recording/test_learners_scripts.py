"""The loops of five tutorials as learners write them down: right, and with every slip that they make in them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from downslope.recording import LoopCheck, check_loop

SCRIPTS = Path(__file__).parents[1] / "data" / "loops"

# script -> its steps, and how what is said of it begins
RIGHT = {
    "tensorflow_tape": (30, "All 30 updates are those of GradientDescent(learning_rate=0.01)."),
    "numpy_class": (30, "All 30 updates are those of GradientDescent(learning_rate=0.95)."),
    "numpy_classes": (120, "All 30 updates are those of Momentum(learning_rate=0.1, momentum=0.9)."),
    "torch_by_hand": (11, "All 11 updates are those of GradientDescent(learning_rate=0.1)."),
    "torch_optim": (11, "All 11 updates are those of GradientDescent(learning_rate=0.15)."),
    "torch_autograd": (20, "All 20 updates are those of GradientDescent(learning_rate=0.05)."),
    "sympy_one": (650, "All 650 updates are those of GradientDescent(learning_rate=0.01)."),
    "sympy_two": (60, "All 60 updates are those of GradientDescent(learning_rate=0.1)."),
    "sympy_up": (106, "All 106 updates are those of GradientDescent(learning_rate=0.05). It climbs"),
    "line_numpy": (100, "All 100 updates are those of GradientDescent(learning_rate=0.01)."),
    "line_rmse_tensorflow": (40, "All 40 updates are those of GradientDescent(learning_rate=0.1)."),
    "plain_adam": (30, "All 30 updates are those of Adam(learning_rate=0.1, beta1=0.9, beta2=0.999"),
    "plain_momentum": (20, "All 20 updates are those of Momentum(learning_rate=0.05, momentum=0.9)."),
    "function_descent": (40, "All 25 updates are those of GradientDescent(learning_rate=0.1)."),
}


def check(name: str, tmp_path: Path, changes: dict[str, str] | None = None) -> LoopCheck:
    """What is found of a script in which some lines are others."""
    source = (SCRIPTS / f"{name}.py").read_text()
    for library in ("torch", "tensorflow", "sympy"):
        if f"import {library}" in source:
            pytest.importorskip(library)
    for old, new in (changes or {}).items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    path = tmp_path / "student.py"
    path.write_text(source)
    return check_loop(path)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_script_is_not_accused(name: str, tmp_path: Path) -> None:
    steps, words = RIGHT[name]
    found = check(name, tmp_path)
    assert found.ok, str(found)
    assert found.steps == steps
    assert str(found).startswith(words), str(found)


def test_a_session_of_tensorflow_1_is_seen() -> None:
    pytest.importorskip("tensorflow")
    script = str(SCRIPTS / "line_rmse_session.py")  # which changes TensorFlow for its process
    done = subprocess.run(
        [sys.executable, "-m", "downslope", "check-loop", script, "--lang", "en"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "All 101 updates are those of GradientDescent(learning_rate=0.1)."


@dataclass(frozen=True)
class Mistake:
    """A slip in one of the scripts.

    Attributes:
        script: which.
        changes: lines, and what stands there instead.
        codes: what is found.
        step: the first at which it shows.
        words: pieces of what is said, the cure among them.
    """

    script: str
    changes: dict[str, str]
    codes: list[str]
    step: int
    words: tuple[str, ...]
    numbers: dict[str, float] = field(default_factory=dict)


MISTAKES = {
    "tape: added": Mistake(
        "tensorflow_tape",
        {"assign_sub": "assign_add"},
        ["sign"],
        0,
        ("goes uphill", "Subtract it", "W = 51.1063"),
    ),
    "tape: twice the step": Mistake(
        "tensorflow_tape",
        {"alpha * gradient)": "2 * alpha * gradient)"},
        ["factor"],
        0,
        ("Every step is 2 times", "went to 49.0"),
        {"factor": 2.0},
    ),
    "tape: nothing is moved": Mistake(
        "tensorflow_tape",
        {"W.assign_sub(alpha * gradient)": "W - alpha * gradient"},
        ["no_step"],
        0,
        ("never move", "write the result back"),
    ),
    "class: added": Mistake("numpy_class", {"-= self.lr": "+= self.lr"}, ["sign"], 0, ("goes uphill",)),
    "class: the rate squared": Mistake(
        "numpy_class",
        {"self.lr * grads": "self.lr * self.lr * grads"},
        ["factor"],
        0,
        ("0.95 times", "twice"),
    ),
    "class: no rate": Mistake(
        "numpy_class",
        {"self.lr * grads": "grads"},
        ["factor"],
        0,
        ("1.05263 times", "learning rate is left out"),
    ),
    "class: gradients before the loop": Mistake(
        "numpy_class",
        {
            'grads = {"x": 0, "y": 0}': "grads = dict(zip('xy', df(-7.0, 2.0)))",
            '    grads["x"], grads["y"] = df(params["x"], params["y"])\n': "",
        },
        ["stale_gradient"],
        1,
        ("of the start at every step", "compute it anew in the loop"),
    ),
    "class: gradients after the update": Mistake(
        "numpy_class",
        {
            '    grads["x"], grads["y"] = df(params["x"], params["y"])\n    optimizer.update(params, grads)': (
                "    optimizer.update(params, grads)\n    grads['x'], grads['y'] = df(params['x'], params['y'])"
            )
        },
        ["wrong_order"],
        0,
        ("gets a gradient of 0", "Compute the gradient first"),
    ),
    "class: crossed": Mistake(
        "numpy_class",
        {'grads["x"], grads["y"] = df': 'grads["y"], grads["x"] = df'},
        ["crossed_gradients"],
        0,
        ("x gets the derivative by y", "in the same order"),
    ),
    "class: a derivative without its 2": Mistake(
        "numpy_class",
        {"2.0 * y": "y"},
        ["factor"],
        0,
        ("0.5 times the derivative", "of y is 2", "Multiply it by 2"),
    ),
    "momentum: forgets": Mistake(
        "numpy_classes",
        {
            "        if self.v is None:\n"
            "            self.v = {key: np.zeros_like(val) for key, val in params.items()}\n"
            "        for key in params:\n            self.v[key] = self.momentum": (
                "        self.v = {key: np.zeros_like(val) for key, val in params.items()}\n"
                "        for key in params:\n            self.v[key] = self.momentum"
            )
        },
        ["state_not_kept"],
        1,
        ("momentum forgets v", "Make it once, before the loop"),
    ),
    "momentum: made anew": Mistake(
        "numpy_classes",
        {
            "        optimizer.update(params, grads)": (
                "        optimizer = type(optimizer)(lr=optimizer.lr)\n        optimizer.update(params, grads)"
            )
        },
        ["state_not_kept"] * 4,
        1,
        ("momentum forgets v", "adagrad forgets s", "rmsprop forgets s", "adam forgets m"),
    ),
    "momentum: the velocity is taken away": Mistake(
        "numpy_classes",
        {"params[key] += self.v[key]": "params[key] -= self.v[key]"},
        ["sign"],
        0,
        ("uphill",),
    ),
    "momentum: plus the gradient, then added": Mistake(
        "numpy_classes",
        {"self.v[key] - self.lr * grads": "self.v[key] + self.lr * grads"},
        ["sign"],
        0,
        ("goes uphill",),
    ),
    "adagrad: no root": Mistake(
        "numpy_classes",
        {"(np.sqrt(self.h[key]) + 1e-7)\n\n\nclass RMS": "(self.h[key] + 1e-7)\n\n\nclass RMS"},
        ["no_root"],
        0,
        ("divide by its square root",),
    ),
    "rmsprop: without its 1 -": Mistake(
        "numpy_classes",
        {"(1 - self.decay_rate) * grads[key] * grads[key]": "grads[key] * grads[key]"},
        ["factor"],
        0,
        ("lacks the factor 1 - decay", "0.1 times"),
    ),
    "adam: no correction": Mistake(
        "numpy_classes",
        {
            "lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)": "lr_t = self.lr"
        },
        ["bias_correction"],
        0,
        ("leaves the bias correction of m and v out", "Divide each by 1 - beta**t"),
    ),
    "adam: the count stands": Mistake(
        "numpy_classes", {"self.iter += 1": "self.iter = 1"}, ["step_not_counted"], 1, ("stays at 1", "Add 1")
    ),
    "adam: betas swapped": Mistake(
        "numpy_classes",
        {"beta1=0.9, beta2=0.999": "beta2=0.9, beta1=0.999"},
        [],
        0,
        ("Adam(learning_rate=0.3, beta1=0.999, beta2=0.9",),  # it claims what it does
    ),
    "adam: betas crossed": Mistake(
        "numpy_classes",
        {
            "(1 - self.beta1) * (grads": "(1 - self.beta2) * (grads",
            "(1 - self.beta2) * (grads[key] ** 2": "(1 - self.beta1) * (grads[key] ** 2",
        },
        ["swapped_hyperparameters"],
        0,
        ("beta1 and beta2 are swapped",),
    ),
    "by hand: the gradient of a sum": Mistake(
        "torch_by_hand",
        {"gradient = 2 * torch.mean": "gradient = torch.sum"},
        ["factor"],
        0,
        ("1.5 times the derivative of the cost", "Multiply it by 0.6667"),
        {"factor": 1.5},
    ),
    "by hand: added": Mistake("torch_by_hand", {"W -= lr": "W += lr"}, ["sign"], 0, ("goes uphill",)),
    "by hand: a gradient with the wrong sign": Mistake(
        "torch_by_hand",
        {"(W * x_train - y_train) * x": "(y_train - W * x_train) * x"},
        ["sign"],
        0,
        ("wrong sign",),
    ),
    "optim: never zeroed": Mistake(
        "torch_optim",
        {"    optimizer.zero_grad()\n": ""},
        ["gradient_not_zeroed"],
        1,
        ("Call zero_grad() in each",),
    ),
    "optim: zeroed too late": Mistake(
        "torch_optim",
        {
            "    optimizer.zero_grad()\n    cost.backward()\n": "    cost.backward()\n    optimizer.zero_grad()\n",
        },
        ["wrong_order"],
        0,
        ("zero_grad() comes between backward() and step()",),
    ),
    "optim: a step too early": Mistake(
        "torch_optim",
        {
            "    optimizer.zero_grad()\n    cost.backward()\n    optimizer.step()\n": (
                "    optimizer.step()\n    optimizer.zero_grad()\n    cost.backward()\n"
            )
        },
        ["wrong_order"],
        0,
        ("step() comes before backward()",),
    ),
    "optim: a column beside a row": Mistake(
        "torch_optim",
        {"x_train * W": "x_train.reshape(3, 1) * W"},
        ["broadcast"],
        0,
        ("A difference of 3 by 3 numbers", "(3, 1)", "reshape"),
    ),
    "optim: as many weights as rows": Mistake(
        "torch_optim",
        {
            "W = torch.zeros(1,": "W = torch.zeros(3,",
            "x_train * W": "x_train[:, None] * W",
            "W.item()": "0.0",
        },
        ["broadcast"],
        0,
        ("A difference of 3 by 3 numbers", "(3,)"),
    ),
    "optim: a parameter replaced": Mistake(
        "torch_optim",
        {"    optimizer.step()\n": "    optimizer.step()\n    W = W.detach().clone().requires_grad_()\n"},
        ["replaced_parameter"],
        1,
        ("of shape (1,)", "Change it in place"),
    ),
    "optim: no step": Mistake(
        "torch_optim", {"    optimizer.step()\n": ""}, ["no_step"], 0, ("Call step()",)
    ),
    "optim: climbs": Mistake(
        "torch_optim", {"cost.backward()": "(-cost).backward()"}, [], 0, ("All 11 updates",)
    ),
    "autograd: never zeroed": Mistake(
        "torch_autograd",
        {"        w.grad.zero_()\n        b.grad.zero_()\n": ""},
        ["gradient_not_zeroed"],
        1,
        ("Gradients add up over the steps", "Call zero_grad()"),
    ),
    "autograd: crossed": Mistake(
        "torch_autograd",
        {"w -= lr * w.grad": "w -= lr * b.grad", "b -= lr * b.grad": "b -= lr * w.grad"},
        ["crossed_gradients"],
        0,
        ("b is moved by the gradient of w",),
    ),
    "one variable: added": Mistake(
        "sympy_one", {"x0 - lr": "x0 + lr"}, ["sign"], 0, ("goes uphill", "--maximize")
    ),
    "one variable: computed once": Mistake(
        "sympy_one",
        {
            "while True:\n    gradient = float(dfx.subs(x, x0))\n": (
                "gradient = float(dfx.subs(x, x0))\nfor _ in range(40):\n"
            )
        },
        ["stale_gradient"],
        0,
        ("which the loop never computes", "Compute gradient in the loop"),
    ),
    "one variable: the rate squared": Mistake(
        "sympy_one",
        {"lr * gradient": "lr * lr * gradient", "eps = 1e-5": "eps = 5"},
        ["factor"],
        0,
        ("twice",),
    ),
    "two variables: one after the other": Mistake(
        "sympy_two",
        {
            "    gy = float(dfy.subs({x: px, y: py}))\n": "    gy = 0.0\n",
            "    py = py - lr * gy\n": "    gy = float(dfy.subs({x: px, y: py}))\n    py = py - lr * gy\n",
        },
        ["wrong_order"],
        0,
        ("moves px", "from the px already moved", "Compute all gradients first"),
    ),
    "two variables: crossed": Mistake(
        "sympy_two",
        {"gx = float(dfx": "gx = float(dfy", "gy = float(dfy": "gy = float(dfx"},
        [],  # each is called by the other's name from the start: only a cost could tell
        0,
        ("All", "those of GradientDescent(learning_rate=0.1)"),
    ),
    "line: not divided by n": Mistake(
        "line_numpy",
        {"2 * np.sum(error * x) / n": "2 * np.sum(error * x)", "2 * np.sum(error) / n": "2 * np.sum(error)"},
        ["factor"],
        0,
        ("4 times the derivative of the cost", "Multiply it by 0.25"),
        {"factor": 4.0},
    ),
    "line: one after the other": Mistake(
        "line_numpy",
        {
            "    db = 2 * np.sum(error) / n\n    a = a - lr * da\n": (
                "    a = a - lr * da\n    db = 2 * np.mean(a * x + b - y)\n"
            )
        },
        ["wrong_order"],
        0,
        ("moves a", "from the a already moved"),
    ),
    "line: gradients add up": Mistake(
        "line_numpy",
        {"a, b = 0.0, 0.0": "a, b, da, db = 0.0, 0.0, 0.0, 0.0", "da = 2": "da += 2", "db = 2": "db += 2"},
        ["gradient_not_zeroed"],
        1,
        ("adds to da", "Set da to zero in each step"),
    ),
    "rmse: added": Mistake(
        "line_rmse_tensorflow",
        {"a.assign_sub": "a.assign_add"},
        ["sign"],
        0,
        ("Only a of the parameters", "uphill"),
    ),
    "rmse: crossed": Mistake(
        "line_rmse_tensorflow",
        {"da, db = tape": "db, da = tape"},
        ["crossed_gradients"],
        0,
        ("a is moved by the",),
    ),
    "plain adam: no correction": Mistake(
        "plain_adam",
        {"m / (1 - beta1**t)": "m", "v / (1 - beta2**t)": "v"},
        ["bias_correction"],
        0,
        ("leaves the bias correction of m and v out",),
    ),
    "plain adam: betas swapped": Mistake(
        "plain_adam",
        {
            "beta1 * m + (1 - beta1) * g": "beta2 * m + (1 - beta2) * g",
            "beta2 * v + (1 - beta2) * g": "beta1 * v + (1 - beta1) * g",
        },
        ["swapped_hyperparameters"],
        0,
        ("beta1 and beta2 are swapped",),
    ),
    "plain adam: no root": Mistake(
        "plain_adam", {"np.sqrt(v_hat)": "v_hat"}, ["no_root"], 0, ("divide by its square root",)
    ),
    "plain adam: epsilon in the root": Mistake(
        "plain_adam",
        {"(np.sqrt(v_hat) + eps)": "np.sqrt(v_hat + eps)", "1e-8": "0.1"},
        ["epsilon_in_the_root"],
        0,
        ("Take it out",),
    ),
    "plain momentum: made in the loop": Mistake(
        "plain_momentum",
        {"v = 0.0\nfor i in range(20):\n": "for i in range(20):\n    v = 0.0\n"},
        ["state_not_kept"],
        1,
        ("sets v to zero in every turn", "before the loop"),
    ),
    "plain momentum: taken away": Mistake(
        "plain_momentum", {"x = x + v": "x = x - v"}, ["sign"], 0, ("goes uphill",)
    ),
    "function: added": Mistake(
        "function_descent", {"x - learning_rate": "x + learning_rate"}, ["sign", "sign"], 0, ("goes uphill",)
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_step_its_numbers_and_its_cure(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    found = check(mistake.script, tmp_path, mistake.changes)
    assert found.codes == mistake.codes, str(found)
    for slip in found.slips[:1]:
        assert slip.step == mistake.step
        for number, value in mistake.numbers.items():
            assert slip.numbers[number] == pytest.approx(value, rel=1e-3)
    for words in mistake.words:
        assert words in str(found)


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_of_torch_that_holds_each_prediction_against_every_target(tmp_path: Path) -> None:
    by_torch = "torch.nn.functional.mse_loss(hypothesis[:, None], y_train)"
    found = check("torch_optim", tmp_path, {"torch.mean((hypothesis - y_train) ** 2)": by_torch})
    assert [slip.code for slip in found.slips] == ["broadcast"]
    assert "A difference of 3 by 3 numbers" in str(found.slips[0].sentence)
