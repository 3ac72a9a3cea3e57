"""A fit in DuckDB beside the same sums written by hand: ``python benchmarks/database.py [rows]``.

Both go over the same table in turns; what is printed is the ratio of neighbouring turns, its median and quartiles. For
squares it is the whole fit beside one query of the same centred products; for a logistic regression one evaluation of
value and gradient beside a query of the same sums.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from turns import compare

WIDTH = 4


def table(rows: int) -> Any:
    """A table of features, a target and labels, in memory of DuckDB."""
    import duckdb

    base = duckdb.connect()
    base.execute("select setseed(0.5)")
    features = ", ".join(f"random()*2 - 1 as x{i}" for i in range(WIDTH))
    base.execute(f"create table drawn as select {features}, random() as noise from range({rows})")
    score = " + ".join(f"{i + 1}*x{i}" for i in range(WIDTH))
    label = f"case when noise < 1/(1 + exp(-({score}))) then 1 else 0 end"
    base.execute(f"create table t as select *, {score} + noise as y, {label} as label from drawn")
    return base


def squares_by_hand(base: Any) -> None:
    """The products about a centre that is known, the means, and the checks of every column."""
    names = [*(f"x{i}" for i in range(WIDTH)), "y"]
    far = [f"({name} - 0.01)" for name in names]
    sums = ["count(*)", *(f"sum({c})" for c in far), *(f"min({c}), max({c})" for c in far)]
    sums += [f"sum(case when abs({name}) <= 1e150 then 0 else 1 end)" for name in names]
    sums += [f"sum({far[i]}*{far[j]})" for i in range(len(far)) for j in range(i, len(far))]
    base.execute(f"select {', '.join(sums)} from t").fetchall()


def logistic_by_hand(base: Any, theta: np.ndarray) -> list[float]:
    """Value and gradient of the log loss, with the exponential computed once and without overflow."""
    u = " + ".join(f"{float(v)!r}*x{i}" for i, v in enumerate(theta[:-1])) + f" + {float(theta[-1])!r}"
    names = ", ".join(f"x{i}" for i in range(WIDTH))
    inner = f"select {names}, label, {u} as u from t"
    middle = f"select {names}, label, u, exp(-abs(u)) as e from ({inner})"
    slope = "case when u > 0 then 1e0 else e end/(1 + e) - label"
    outer = f"select {names}, greatest(u, 0) + ln(1 + e) - label*u as cost, {slope} as g from ({middle})"
    sums = ", ".join(f"sum(g*x{i})" for i in range(WIDTH))
    return list(base.execute(f"select sum(cost), {sums}, sum(g) from ({outer})").fetchall()[0])


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main(rows: int) -> None:
    base = table(rows)
    terms = " + ".join(f"a{i}*x{i}" for i in range(WIDTH))
    there = ds.sql(base, "t")
    found = compare(
        lambda: seconds(lambda: ds.fit(there, f"y ~ {terms} + b")),
        lambda: seconds(lambda: squares_by_hand(base)),
    )
    tell("squares, the whole fit", rows, found)
    objective = ds.fit(there, f"label ~ {terms} + b", loss="log_loss", steps=0).problem.objective
    theta = np.linspace(0.5, 1.5, WIDTH + 1)
    ours, by_hand = objective.sums(theta), np.array(logistic_by_hand(base, theta))
    assert np.allclose(ours, by_hand, rtol=1e-9), (ours, by_hand)

    def evaluated() -> None:
        objective._sums.clear()
        objective.sums(theta)

    found = compare(lambda: seconds(evaluated), lambda: seconds(lambda: logistic_by_hand(base, theta)))
    tell("log loss, one evaluation", rows, found)


def tell(name: str, rows: int, found: Any) -> None:
    print(
        f"{name}: {rows:,} rows, by hand {found.theirs:.3f} s, downslope {found.ours:.3f} s:"
        f" ratio {found.middle:.2f} ({found.low:.2f} to {found.high:.2f})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
