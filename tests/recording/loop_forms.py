"""The forms in which learners write a descent of several parameters, each with places where slips are made."""

from __future__ import annotations

import random
import re
import textwrap
from dataclasses import dataclass, replace

# Of the cost (w0 - c0)**2 + 3*(w1 + c1)**2 + w0*w1, whose derivatives are these.
SLOPES = ("2*({w0} - {c0}) + {w1}", "6*({w1} + {c1}) + {w0}")
COST = "({w0} - {c0})**2 + 3*({w1} + {c1})**2 + {w0}*{w1}"


@dataclass(frozen=True)
class Numbers:
    """What is drawn anew for a loop: the cost, the start, the rate, the part that is kept, and the steps."""

    cost: tuple[float, float] = (1.0, 2.0)
    start: tuple[float, float] = (4.0, -3.0)
    rate: float = 0.05
    kept: float = 0.9
    steps: int = 25


@dataclass(frozen=True)
class Form:
    """One way to write the loop.

    Attributes:
        start: the lines before it that make the parameters.
        gradient: those that make the gradient ``g``.
        update: those that move the parameters by it.
        begin, state: those that make a state, and that bring it up to date; nothing in plain descent.
        summed: the lines that add the gradient to what there is, and what there is at first.
        in_turn: an update that computes the gradient of each parameter after the ones before were moved.
        keys: how the two parameters are written.
    """

    start: str
    gradient: str
    update: str
    begin: str = ""
    state: str = ""
    summed: tuple[str, str] = ("", "")
    in_turn: str = ""
    keys: tuple[str, str] = ("w[0]", "w[1]")
    cost: str = COST

    def script(self, numbers: Numbers | None = None, with_cost: bool = False) -> str:
        """The whole loop, right."""
        return self._joined(
            numbers or Numbers(), self.begin, self._cost(with_cost), self.gradient, self.state, self.update
        )

    def _cost(self, wanted: bool) -> str:
        return f"loss = {self.cost}" if wanted else ""

    def _joined(self, numbers: Numbers, before: str, *inside: str) -> str:
        lines = textwrap.indent("\n".join(part for part in inside if part), "    ")
        known = f"import numpy as np\nlr, mu = @rate, @kept\n{self.start}\n{before}\n"
        text = f"{known}for step in range(@steps):\n{lines}\n"
        for name, place in zip(("w0", "w1"), self.keys, strict=True):
            text = text.replace("{" + name + "}", place)
        for name, value in zip(("{c0}", "{c1}"), numbers.cost, strict=True):
            text = text.replace(name, f"{value!r}")
        for name, number in (
            ("@rate", numbers.rate),
            ("@kept", numbers.kept),
            ("@steps", numbers.steps),
            ("@0", numbers.start[0]),
            ("@1", numbers.start[1]),
        ):
            text = text.replace(name, repr(number))
        return text

    def with_slip(self, slip: str) -> str | None:
        """The loop with a slip in it; None where the form has no place for it."""
        numbers = Numbers()
        match slip:
            case "sign":
                turned = self.update
                for right, wrong in TURNED:
                    turned = turned.replace(right, wrong) if turned == self.update else turned
                return replace(self, update=turned).script(numbers, with_cost=True)
            case "factor":
                longer = replace(self, update=self.update.replace("lr*", "lr*lr*"))
                if longer == self:
                    longer = replace(self, state=self.state.replace("2*", "2*2*"))
                return longer.script(numbers, with_cost=True)
            case "stale":
                return self._joined(numbers, f"{self.begin}\n{self.gradient}", self.state, self.update)
            case "forgotten":
                if not (self.begin and self.state) or self.begin == "s = 0.0":
                    return None  # a square of this step alone: normalized descent, which may be meant
                return self._joined(numbers, "", self.begin, self.gradient, self.state, self.update)
            case "late":
                if not self.state:
                    return None
                return self._joined(numbers, self.begin, self.gradient, self.update, self.state)
            case "summed":
                first, lines = self.summed
                return (
                    self._joined(numbers, f"{self.begin}\n{first}", lines, self.state, self.update)
                    if lines
                    else None
                )
            case "in turn":
                return self._joined(numbers, "", self.in_turn) if self.in_turn else None
        raise ValueError(slip)


TURNED = (
    ("- lr*", "+ lr*"),
    ("-= lr*", "+= lr*"),
    ("- 0.05*", "+ 0.05*"),
    ("x + v", "x - v"),
    ("x += v", "x -= v"),
    ("x - step_x", "x + step_x"),
)
CODES = {
    "sign": "sign",
    "factor": "factor",
    "stale": "stale_gradient",
    "forgotten": "state_not_kept",
    "late": "wrong_order",
    "summed": "gradient_not_zeroed",
    "in turn": "wrong_order",
}

_LIST = {
    "start": "w = [@0, @1]",
    "gradient": f"g = [{SLOPES[0]}, {SLOPES[1]}]",
    "summed": ("g = [0.0, 0.0]", f"g[0] += {SLOPES[0]}\ng[1] += {SLOPES[1]}"),
}
_ARRAY = {
    "start": "w = np.array([@0, @1])",
    "gradient": f"g = np.array([{SLOPES[0]}, {SLOPES[1]}])",
    "summed": ("g = np.zeros(2)", f"g += np.array([{SLOPES[0]}, {SLOPES[1]}])"),
}
_DICT = {
    "start": 'w = {"a": @0, "b": @1}',
    "gradient": f'g = {{"a": {SLOPES[0]}, "b": {SLOPES[1]}}}',
    "summed": ('g = {"a": 0.0, "b": 0.0}', f'g["a"] += {SLOPES[0]}\ng["b"] += {SLOPES[1]}'),
    "keys": ('w["a"]', 'w["b"]'),
}
_TURN = """\
for j in range(2):
    d = 2*(w[0] - {c0}) + w[1] if j == 0 else 6*(w[1] + {c1}) + w[0]
    """
_TURN_KEYS = """\
for k in w:
    d = 2*(w["a"] - {c0}) + w["b"] if k == "a" else 6*(w["b"] + {c1}) + w["a"]
    """

FORMS: dict[str, Form] = {
    "list, index": Form(
        **_LIST,
        update="for j in range(len(w)):\n    w[j] = w[j] - lr*g[j]",
        in_turn=_TURN + "w[j] = w[j] - lr*d",
    ),
    "list, index in place": Form(
        **_LIST, update="for j in range(2):\n    w[j] -= lr*g[j]", in_turn=_TURN + "w[j] -= lr*d"
    ),
    "array, index in place": Form(
        **_ARRAY, update="for j in range(w.size):\n    w[j] -= lr*g[j]", in_turn=_TURN + "w[j] -= lr*d"
    ),
    "list, enumerated": Form(**_LIST, update="for j, gj in enumerate(g):\n    w[j] -= lr*gj"),
    "list, both enumerated": Form(
        **_LIST, update="for j, (wj, gj) in enumerate(zip(w, g)):\n    w[j] = wj - lr*gj"
    ),
    "list, while": Form(**_LIST, update="j = 0\nwhile j < len(w):\n    w[j] = w[j] - lr*g[j]\n    j += 1"),
    "list comprehension": Form(**_LIST, update="w = [wi - lr*gi for wi, gi in zip(w, g)]"),
    "list comprehension, index": Form(**_LIST, update="w = [w[j] - lr*g[j] for j in range(len(w))]"),
    "list comprehension, enumerated": Form(**_LIST, update="w = [w[j] - lr*d for j, d in enumerate(g)]"),
    "list comprehension into it": Form(**_LIST, update="w[:] = [a - lr*d for a, d in zip(w, g)]"),
    "list comprehension, array": Form(**_ARRAY, update="w = np.array([wi - lr*gi for wi, gi in zip(w, g)])"),
    "list comprehension, renamed": Form(
        **_LIST, update="new_w = [wi - lr*gi for wi, gi in zip(w, g)]\nw = new_w"
    ),
    "list, mapped": Form(**_LIST, update="w = list(map(lambda a, d: a - lr*d, w, g))"),
    "list, appended": Form(
        **_LIST, update="new = []\nfor wi, gi in zip(w, g):\n    new.append(wi - lr*gi)\nw = new"
    ),
    "list, appended by index": Form(
        **_LIST, update="new = []\nfor j in range(2):\n    new.append(w[j] - lr*g[j])\nw = new[:]"
    ),
    "list, new by index": Form(
        **_LIST, update="new = [0.0]*2\nfor j in range(2):\n    new[j] = w[j] - lr*g[j]\nw = new"
    ),
    "list, written out": Form(**_LIST, update="w = [w[0] - lr*g[0], w[1] - lr*g[1]]"),
    "array, written out": Form(**_ARRAY, update="w = np.array([w[0] - lr*g[0], w[1] - lr*g[1]])"),
    "list, filled in a loop": Form(
        "A = [[2.0, 1.0], [1.0, 6.0]]\nc = [-2*{c0}, 6*{c1}]\nw = [@0, @1]\ng = [0.0, 0.0]",
        "for j in range(2):\n    g[j] = c[j]\n    for k in range(2):\n        g[j] += A[j][k]*w[k]",
        "for j in range(2):\n    w[j] = w[j] - lr*g[j]",
        summed=(
            "",
            "for j in range(2):\n    g[j] += c[j]\n    for k in range(2):\n        g[j] += A[j][k]*w[k]",
        ),
        in_turn="for j in range(2):\n    d = c[j]\n    for k in range(2):\n        d += A[j][k]*w[k]\n"
        "    w[j] = w[j] - lr*d",
    ),
    "dict, keys": Form(
        **_DICT, update="for k in w:\n    w[k] -= lr*g[k]", in_turn=_TURN_KEYS + "w[k] -= lr*d"
    ),
    "dict, keys called": Form(
        **_DICT,
        update="for k in w.keys():\n    w[k] = w[k] - lr*g[k]",
        in_turn=_TURN_KEYS + "w[k] = w[k] - lr*d",
    ),
    "dict, items of the gradient": Form(**_DICT, update="for k, d in g.items():\n    w[k] -= lr*d"),
    "dict comprehension": Form(**_DICT, update="w = {k: w[k] - lr*g[k] for k in w}"),
    "dict comprehension, items": Form(**_DICT, update="w = {k: v - lr*g[k] for k, v in w.items()}"),
    "dict, updated": Form(**_DICT, update="w.update({k: w[k] - lr*g[k] for k in w})"),
    "dict, one by one": Form(**_DICT, update='w["a"] -= lr*g["a"]\nw["b"] = w["b"] - lr*g["b"]'),
    "dict, written out": Form(**_DICT, update='w = {"a": w["a"] - lr*g["a"], "b": w["b"] - lr*g["b"]}'),
    "momentum, list, index": Form(
        **_LIST,
        begin="v = [0.0, 0.0]",
        state="for j in range(2):\n    v[j] = mu*v[j] + g[j]",
        update="for j in range(2):\n    w[j] -= lr*v[j]",
    ),
    "momentum, array, index": Form(
        **_ARRAY,
        begin="v = np.zeros(2)",
        state="for j in range(2):\n    v[j] = mu*v[j] + g[j]",
        update="for j in range(2):\n    w[j] = w[j] - lr*v[j]",
    ),
    "momentum, comprehensions": Form(
        **_LIST,
        begin="v = [0.0]*2",
        state="v = [mu*vi + gi for vi, gi in zip(v, g)]",
        update="w = [wi - lr*vi for wi, vi in zip(w, v)]",
    ),
    "momentum, dict": Form(
        **_DICT,
        begin='v = {"a": 0.0, "b": 0.0}',
        state="for k in w:\n    v[k] = mu*v[k] + g[k]",
        update="for k in w:\n    w[k] -= lr*v[k]",
    ),
    "momentum, dict comprehensions": Form(
        **_DICT,
        begin="v = {k: 0.0 for k in w}",
        state="v = {k: mu*v[k] + g[k] for k in v}",
        update="w = {k: w[k] - lr*v[k] for k in w}",
    ),
}

# Gradients that have no name, in a state or beside one: of (x - c0)**2, or of that in each coordinate.
_ONE = {"start": "x = @0", "gradient": "", "cost": "(x - {c0})**2"}
_EACH = {
    "start": "w, c = [@0, @1], [{c0}, {c1}]",
    "gradient": "",
    "cost": "sum((a - b)**2 for a, b in zip(w, c))",
}
UNNAMED: dict[str, Form] = {
    "a mean of gradients": Form(
        **_ONE, begin="v = 0.0", state="v = mu*v + (1 - mu)*2*(x - {c0})", update="x = x - lr*v"
    ),
    "a mean of gradients, by numbers": Form(
        **_ONE, begin="v = 0.0", state="v = 0.9*v + 0.1*2*(x - {c0})", update="x = x - 0.05*v"
    ),
    "a sum of gradients": Form(**_ONE, begin="v = 0.0", state="v = mu*v + 2*(x - {c0})", update="x -= lr*v"),
    "a velocity": Form(**_ONE, begin="v = 0.0", state="v = mu*v - lr*2*(x - {c0})", update="x = x + v"),
    "a velocity in two lines": Form(
        **_ONE, begin="v = 0.0", state="v *= mu\nv -= lr*2*(x - {c0})", update="x += v"
    ),
    "a velocity by numbers": Form(
        **_ONE, begin="v = 0.0", state="v = 0.9*v - 0.05*2*(x - {c0})", update="x = x + v"
    ),
    "a mean square": Form(
        **_ONE,
        begin="rho, s = 0.9, 0.0",
        state="s = rho*s + (1 - rho)*(2*(x - {c0}))**2",
        update="x = x - lr*2*(x - {c0})/(np.sqrt(s) + 1e-8)",
    ),
    "a sum of squares": Form(
        **_ONE,
        begin="s = 0.0",
        state="s += (2*(x - {c0}))**2",
        update="x -= lr*2*(x - {c0})/(np.sqrt(s) + 1e-8)",
    ),
    "two means": Form(
        **_ONE,
        begin="b1, b2, m, s = 0.9, 0.99, 0.0, 0.0",
        state="m = b1*m + (1 - b1)*2*(x - {c0})\ns = b2*s + (1 - b2)*(2*(x - {c0}))**2",
        update="x = x - lr*m/(1 - b1**(step + 1))/(np.sqrt(s/(1 - b2**(step + 1))) + 1e-8)",
    ),
    "a heavy ball": Form(
        **_ONE, begin="x_old = x", update="x_new = x - lr*2*(x - {c0}) + mu*(x - x_old)\nx_old, x = x, x_new"
    ),
    "a step with a name": Form(**_ONE, state="step_x = lr*2*(x - {c0})", update="x = x - step_x"),
    "arrays": Form(
        "w, c = np.array([@0, @1]), np.array([{c0}, {c1}])",
        "",
        begin="v = np.zeros(2)",
        state="v = mu*v + (1 - mu)*2*(w - c)",
        update="w = w - lr*v",
        cost="np.sum((w - c)**2)",
    ),
    "by index": Form(
        **_EACH,
        begin="v = [0.0, 0.0]",
        state="for j in range(2):\n    v[j] = mu*v[j] + 2*(w[j] - c[j])",
        update="for j in range(2):\n    w[j] -= lr*v[j]",
    ),
    "by index in one loop": Form(
        **_EACH,
        begin="v = [0.0, 0.0]",
        update="for j in range(2):\n    v[j] = mu*v[j] + 2*(w[j] - c[j])\n    w[j] -= lr*v[j]",
    ),
    "comprehensions": Form(
        **_EACH,
        begin="v = [0.0, 0.0]",
        state="v = [mu*b + 2*(a - e) for a, b, e in zip(w, v, c)]",
        update="w = [a - lr*b for a, b in zip(w, v)]",
    ),
    "a dict": Form(
        'w, c = {"a": @0, "b": @1}, {"a": {c0}, "b": {c1}}',
        "",
        begin='v = {"a": 0.0, "b": 0.0}',
        state="for k in w:\n    v[k] = mu*v[k] + 2*(w[k] - c[k])",
        update="for k in w:\n    w[k] -= lr*v[k]",
        cost="sum((w[k] - c[k])**2 for k in w)",
    ),
    "plain, by index": Form(**_EACH, update="for j in range(2):\n    w[j] = w[j] - lr*2*(w[j] - c[j])"),
    "plain, comprehension": Form(**_EACH, update="w = [a - lr*2*(a - b) for a, b in zip(w, c)]"),
}


NAMES = {
    "w": ("w", "theta", "weights", "params"),
    "x": ("x", "z", "p"),
    "g": ("g", "grad", "gradients", "dw", "slope"),
    "lr": ("lr", "learning_rate", "alpha", "eta"),
    "mu": ("mu", "momentum", "beta"),
    "v": ("v", "velocity", "u"),
    "loss": ("loss", "cost"),
}


def drawn(draws: random.Random) -> tuple[str, str, int]:
    """(its form, a right loop, its steps): of another cost, with other numbers and names, in a function or not."""
    name, form = draws.choice([*FORMS.items(), *UNNAMED.items()])
    numbers = Numbers(
        cost=(round(draws.uniform(-3, 3), 2), round(draws.uniform(-3, 3), 2)),
        start=(round(draws.uniform(4, 9), 2), round(draws.uniform(-9, -4), 2)),
        rate=draws.choice([0.01, 0.02, 0.05, 0.07]),
        kept=draws.choice([0.5, 0.8, 0.9, 0.95]),
        steps=draws.randint(6, 40),
    )
    text = form.script(numbers, with_cost=draws.random() < 0.5)
    for word, others in NAMES.items():
        text = re.sub(rf"\b{word}\b", draws.choice(others), text)
    if draws.random() < 0.4:
        text = f"import numpy as np\ndef train():\n{textwrap.indent(text, '    ')}\ntrain()\n"
    return name, text, numbers.steps
