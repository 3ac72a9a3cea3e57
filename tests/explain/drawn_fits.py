"""Fits drawn at random, held against least squares, linear programmes and likelihoods of NumPy and SciPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from causes.known import findings_of
from replays import plain
from scipy.optimize import linprog

import downslope as ds

Random = np.random.Generator
LOSSES = (
    "mse",
    "mse",
    "rmse",
    "mae",
    "huber(1.0)",
    "log_cosh",
    "quantile(0.3)",
    "log_loss",
    "log_loss",
    "poisson",
)
SAME = 1e-6  # relative: of two least losses


def draw_fit(rng: Random) -> dict[str, Any]:
    """A small table, a linear hypothesis and a loss, as plain data."""
    n, p = int(rng.integers(4, 25)), int(rng.integers(1, 4))
    X = (rng.normal(size=(n, p)) * 10 ** rng.uniform(-2, 2) + float(rng.choice([0, 0, 5]))).round(6)
    if p > 1 and rng.random() < 0.15:
        X[:, -1] = 2 * X[:, 0]
    loss = str(rng.choice(LOSSES))
    line = X @ rng.normal(size=p) / np.abs(X).max() * 3 + rng.normal()
    if loss == "log_loss":
        y = (line + rng.normal(size=n) * float(rng.choice([0, 1, 3])) > np.median(line)).astype(float)
        y[0], y[-1] = 0.0, 1.0  # both classes
    elif loss == "poisson":
        y = rng.poisson(np.exp(np.clip(line - 1, -3, 3))).astype(float)
        y[0] = max(y[0], 1.0)
    else:
        y = line + rng.normal(size=n) * float(rng.choice([0, 0.1, 1]))
    table = {**{f"u{i}": X[:, i].tolist() for i in range(p)}, "y": y.round(6).tolist()}
    options: dict[str, Any] = {"loss": loss}
    if rng.random() < 0.4:
        options |= {
            "learning_rate": float(f"{10 ** rng.uniform(-6, 2):.3g}"),
            "steps": int(rng.choice([5, 60, 301])),
        }
        options["tolerance"] = 1e-8
    if rng.random() < 0.1:
        options["l2"] = 0.1
    hypothesis = "y ~ " + " + ".join(f"{'acd'[i]}*u{i}" for i in range(p)) + " + b"
    return {"table": table, "hypothesis": hypothesis, "options": options}


def _design(drawn: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    table = drawn["table"]
    columns = [np.array(v, float) for name, v in table.items() if name != "y"]
    return np.stack([*columns, np.ones(len(table["y"]))], 1), np.array(table["y"], float)


def separable(A: np.ndarray, y: np.ndarray, loss: str) -> bool:
    """Whether the likelihood rises for ever along some direction w: by a linear programme.

    Labels: (2y - 1) Aw >= 0 on every row, > 0 on some. Counts: Aw = 0 where y > 0, <= 0 elsewhere, < 0 on some.
    """
    A = A / np.abs(A).max(0)
    if loss == "poisson":
        signed, equal = -A[y == 0], A[y > 0]
    else:
        signed, equal = (2 * y - 1)[:, None] * A, np.zeros((0, A.shape[1]))
    if not len(signed):
        return False
    found = linprog(
        -signed.sum(0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        A_eq=equal if len(equal) else None,
        b_eq=np.zeros(len(equal)) if len(equal) else None,
        bounds=[(-1, 1)] * A.shape[1],
    )
    return bool(found.status == 0 and -found.fun > 1e-6)


def least_loss(A: np.ndarray, y: np.ndarray, loss: str) -> float | None:
    """The least mean loss, where a few lines give it exactly."""
    n, p = A.shape
    if loss in ("mse", "rmse"):
        w = np.linalg.lstsq(A, y, rcond=None)[0]
        mean = float(np.mean((A @ w - y) ** 2))
        return mean**0.5 if loss == "rmse" else mean
    part = {"mae": 0.5, "quantile(0.3)": 0.3}.get(loss)
    if part is None:
        return None
    c = np.concatenate([np.zeros(p), np.full(n, part / n), np.full(n, (1 - part) / n)])
    free = [(None, None)] * p + [(0, None)] * (2 * n)
    left = (
        y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    )  # of size 1, as HiGHS holds constraints to 1e-7 of no unit
    size = float(np.max(np.abs(left))) or 1.0
    found = linprog(c, A_eq=np.hstack([A, np.eye(n), -np.eye(n)]), b_eq=left / size, bounds=free)
    return size * float(found.fun) * (2 if loss == "mae" else 1)


def fit_faults(drawn: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a fit and with what is said of it."""
    A, y = _design(drawn)
    loss, plainly = drawn["options"]["loss"], "l2" not in drawn["options"]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = ds.fit(drawn["table"], drawn["hypothesis"], **drawn["options"])
        told = fit.explain()
        again = ds.fit(drawn["table"], drawn["hypothesis"], **drawn["options"]).explain()
    codes, faults = {f.code for f in findings_of(told)}, []
    cost = fit.run.history.value
    got = f"{fit.status} {fit.success} {sorted(codes)}"
    if fit.success and len(cost) > 1 and cost[-1] > cost[0] * (1 + 1e-6) + 1e-12:
        faults.append(f"success at a cost of {cost[-1]}, begun at {cost[0]}; {got}")
    if not fit.success and not codes:
        faults.append(f"failure without a word: {fit.message}")
    rank = int(np.linalg.matrix_rank(A / np.abs(A).max(0), tol=1e-9))
    if (
        plainly
        and (rank < A.shape[1]) != ("undetermined" in codes)
        and fit.success
        and fit.status == "converged"
    ):
        faults.append(f"rank {rank} of {A.shape[1]}; {got}")
    if plainly and loss in ("log_loss", "poisson"):
        apart = separable(A, y, loss)
        if apart and (fit.success or "separation" not in codes):
            faults.append(f"separable; {got}")
        if not apart and "separation" in codes:
            faults.append(f"not separable; {got}")
    least = least_loss(A, y, loss) if plainly else None
    if least is not None and fit.success and fit.status == "converged":
        size = float(np.std(y)) ** (2 if loss == "mse" else 1)
        if fit.loss > least * (1 + SAME) + 1e-8 * size:
            faults.append(f"converged at a loss of {fit.loss}, where the least is {least}")
    if plain(told) != plain(again):
        faults.append("two fits alike are explained in two ways")
    for pair in (("learning_rate_above_limit", "too_few_steps"), ("rmse_rate", "too_few_steps")):
        if set(pair) <= codes:
            faults.append(" and ".join(pair))
    return faults
