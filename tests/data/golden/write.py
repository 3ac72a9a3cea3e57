"""Writes the golden files of the version that is imported: ``python tests/data/golden/write.py``, once a release.

A folder that exists is never written again: its files are what people have on their disks.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import downslope as ds

HERE = Path(__file__).parent
BOWL = ("x^2/20 + y^2", "x=-7,y=2")

LINE = {"x": [2.0, 4.0, 6.0, 8.0], "y": [81.0, 93.0, 91.0, 97.0]}
GROWTH = {"t": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0], "y": [9.6, 18.0, 33.1, 55.2, 79.7, 96.1]}
PASSED = {"hours": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "passed": [0, 0, 1, 0, 1, 0, 1, 1]}
COUNTS = {"x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "n": [1, 3, 2, 7, 11, 16]}
KINDS = {
    "u": [0.1, 0.4, 0.2, 1.1, 1.4, 0.3, 2.2, 2.0, 1.2, 2.4, 0.8, 1.8],
    "v": [1.0, 1.3, 0.7, 0.2, 0.4, 0.1, 1.1, 1.4, 1.2, 0.9, 0.6, 0.5],
    "kind": list("aabbbabcaccb"),
}
OUTLIER = {"x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "y": [1.1, 2.9, 5.2, 6.8, 9.1, 30.0, 13.1, 14.8]}
TWO = {
    "a": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5],
    "b": [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0],
    "w": [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 0.0],
    "y": [4.1, 3.9, 9.0, 8.1, 13.9, 20.0, 15.2, 21.1],
}


def _branching(x: float) -> float:
    return float(x) ** 2 if x > 0 else -3 * float(x)


def _nested(p: Any) -> Any:
    return np.sum((p["layer"]["w"] - 1) ** 2) + p["b"] ** 2


def _recorded() -> Any:
    x = {"x": -7.0, "y": 2.0}
    with ds.record() as loop:
        for _ in range(20):
            loss = x["x"] ** 2 / 20 + x["y"] ** 2
            gradient = {"x": x["x"] / 10, "y": 2 * x["y"]}
            loop.log(loss, params=dict(x), gradients=gradient)
            x = {name: x[name] - 0.9 * gradient[name] for name in x}
    return loop.run


RUNS: dict[str, Callable[[], Any]] = {
    "formula": lambda: ds.minimize(*BOWL, learning_rate=0.95, steps=29),
    "formula_converged": lambda: ds.minimize(*BOWL, learning_rate=0.9, tolerance=1e-4),
    "formula_auto": lambda: ds.minimize("(1-x)^2 + 100*(y-x^2)^2", "x=-1.2,y=1"),
    "problem_adam": lambda: ds.minimize("rosenbrock", optimizer="adam", learning_rate=0.1, steps=60),
    "kinks": lambda: ds.minimize("abs(x) + max(x, y) + where(x > 0, x, y)^2", "x=1,y=2", learning_rate=0.1, steps=9),
    "numpy_traced": lambda: ds.minimize(lambda w: np.sum((w - 1) ** 2), [3.0, -2.0], learning_rate=0.1, steps=12),
    "numpy_hosted": lambda: ds.minimize(_branching, 2.0, learning_rate=0.1, steps=12),
    "nested": lambda: ds.minimize(
        _nested, {"layer": {"w": np.array([2.0, 3.0])}, "b": 1.0}, learning_rate=0.1, steps=8
    ),
    "bounds": lambda: ds.minimize("(x-3)^2 + y^2", "x=0,y=1", bounds="x=0:1", learning_rate=0.25, tolerance=1e-8),
    "bounds_spg": lambda: ds.minimize("(x-3)^2 + y^4", "x=0,y=1", bounds={"x": (0, 1), "y": (None, 5)}),
    "schedule_cosine": lambda: ds.minimize(*BOWL, learning_rate=0.4, schedule="cosine(steps=30)", steps=30),
    "schedule_chain": lambda: ds.minimize(
        *BOWL, optimizer="momentum", learning_rate=0.1, schedule="warmup(steps=5) * step_decay(every=10)", steps=30
    ),
    "averaging": lambda: ds.minimize(*BOWL, optimizer="schedule_free_sgd", learning_rate=0.3, steps=40),
    "climbing": lambda: ds.maximize("-(x^2+2x+3)", 1.5, learning_rate=0.01, tolerance=1e-5, every=50),
    "diverged": lambda: ds.minimize(*BOWL, learning_rate=1.05, steps=40),
    "left_domain": lambda: ds.minimize("x - 0.1*log(x)", 0.35, learning_rate=1.0, steps=9),
    "overflowed": lambda: ds.minimize("exp(x^2)", 3.0, learning_rate=1.0, steps=9),
    "saddle": lambda: ds.minimize("x^2 - y^2", "x=1,y=0", learning_rate=0.2, tolerance=1e-6),
    "target": lambda: ds.minimize("rosenbrock", optimizer="lbfgs", target=1e-6),
    "float32": lambda: ds.minimize("x^2/3", 0.1, dtype="float32", learning_rate=0.1, steps=3),
    "recorded": _recorded,
}  # fmt: skip

FITS: dict[str, Callable[[], Any]] = {
    "mse": lambda: ds.fit(LINE, "y ~ a*x + b"),
    "rmse": lambda: ds.fit(LINE, "y ~ a*x + b", loss="rmse", start="a=7.5,b=80.6", learning_rate=0.1, steps=40),
    "mae": lambda: ds.fit(OUTLIER, "y ~ a*x + b", loss="mae", steps=200),
    "huber": lambda: ds.fit(OUTLIER, "y ~ a*x + b", loss="huber:1.5"),
    "log_cosh": lambda: ds.fit(OUTLIER, "y ~ a*x + b", loss="log_cosh"),
    "quantile": lambda: ds.fit(OUTLIER, "y ~ a*x + b", loss="quantile:0.9", steps=200),
    "log_loss": lambda: ds.fit(PASSED, "passed ~ a*hours + b", loss="log_loss"),
    "poisson": lambda: ds.fit(COUNTS, "n ~ a*x + b", loss="poisson"),
    "softmax": lambda: ds.fit(KINDS, target="kind", loss="softmax", l2=0.01),
    "formula": lambda: ds.fit(GROWTH, "y ~ a*(1 - exp(-b*t))", start="a=90,b=0.2"),
    "columns": lambda: ds.fit(TWO, target="y", features=["a", "b"], weights="w"),
    "penalties": lambda: ds.fit(TWO, target="y", features=["a", "b"], l1=0.5, l2=0.1),
    "standardized_adam": lambda: ds.fit(
        TWO, target="y", features=["a", "b"], standardize=True, optimizer="adam", learning_rate=0.5, steps=50
    ),
    "batches": lambda: ds.fit(
        TWO, target="y", features=["a", "b"], optimizer="adam", learning_rate=0.2, batch_size=3, epochs=15, seed=4
    ),
    "streamed": lambda: ds.fit(str(HERE / "streamed.csv"), "y ~ p*a + q*b + r", stream=True),
    "streamed_formula": lambda: ds.fit(str(HERE / "streamed.csv"), "y ~ p*a + exp(q)*b", start="p=1,q=0", stream=True),
    "own_gradient": lambda: ds.fit(
        LINE, "y ~ W*x", gradient="sum((W*x - y)*x)", learning_rate=0.01, steps=20
    ),
    "diverged": lambda: ds.fit(LINE, "y ~ W*x + b", optimizer="gradient_descent", learning_rate=1.0, steps=50),
}  # fmt: skip

# What a fit is asked to predict, by its inputs.
NEW = {"x": [10.0, -1.0], "t": [3.0, 50.0], "hours": [2.5, 9.0], "u": [0.2, 2.1], "v": [0.5, 1.1],
       "a": [1.0, 9.0], "b": [2.0, -3.0], "w": [1.0, 1.0]}  # fmt: skip


def stated(result: Any) -> dict[str, Any]:
    """What the code that wrote a result said of it, in JSON."""
    said = {
        "status": str(result.status),
        "success": bool(result.success),
        "message": str(result.message),
        "nit": int(result.nit),
        "nfev": int(result.nfev),
        "rows": len(result.history),
        "final": [repr(float(v)) for v in result.final] if hasattr(result, "final") else None,
        "value": repr(float(result.loss if hasattr(result, "loss") else result.fun)),
        "text": str(result.explain()),
    }
    if hasattr(result, "predict"):
        new = {name: NEW[name] for name in result.model.inputs}
        said["parameters"] = {name: repr(np.asarray(v).tolist()) for name, v in result.x.items()}
        said["new"] = new
        said["predictions"] = [
            v if isinstance(v, str) else repr(float(v)) for v in result.predict(new).tolist()
        ]
    return said


def write(folder: Path) -> None:
    folder.mkdir(parents=True)
    table = HERE / "streamed.csv"
    columns = {name: TWO[name] for name in ("a", "b", "y")}
    rows = zip(*columns.values(), strict=True)
    table.write_text(
        "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8"
    )
    expected = {}
    warnings.simplefilter("ignore")
    for kind, made in (("run", RUNS), ("fit", FITS)):
        for name, make in made.items():
            result = make()
            result.explain()
            result.save(folder / f"{kind}_{name}.json")
            expected[f"{kind}_{name}"] = stated(result)
    table.unlink()
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    target = HERE / ds.__version__
    if target.exists():
        sys.exit(f"{target} exists; golden files are never written again.")
    write(target)
    print(f"{len(list(target.iterdir()))} files in {target}, from {Path(ds.__file__).parent}")
