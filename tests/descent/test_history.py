"""The history: its rows, its bounded memory, and the same numbers in every form."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import numpy as np
import pandas
import pyarrow
import pytest

import downslope as ds
from downslope.descent import History, trace_buffer
from downslope.descent import judge as j
from downslope.errors import DataError, UnknownNameError

ENGINES = pytest.mark.parametrize("engine", ["traced", "hosted"])


@ENGINES
@pytest.mark.parametrize("every", [1, 2, 7, 50, 1000])
def test_every_keeps_those_rows_and_the_last(every: int, engine: Any) -> None:
    whole = ds.minimize("x^2 + y^4", "x=1,y=2", learning_rate=0.01, steps=50, engine=engine).history
    kept = ds.minimize(
        "x^2 + y^4", "x=1,y=2", learning_rate=0.01, steps=50, every=every, engine=engine
    ).history
    assert kept.step.tolist() == sorted({*range(0, 51, every), 50})
    assert kept == whole.thinned(every)
    for name in whole.columns:
        assert kept[name].tolist() == whole[name][kept.step].tolist()


@ENGINES
def test_rows_are_the_state_at_their_step(engine: Any) -> None:
    h = ds.minimize("x^2", 1.0, learning_rate=0.25, steps=4, engine=engine).history
    assert h.step.tolist() == [0, 1, 2, 3, 4]
    assert h.evaluations.tolist() == [1, 2, 3, 4, 5]
    assert h["x"].tolist() == [1, 0.5, 0.25, 0.125, 0.0625]
    assert h.value.tolist() == [x * x for x in h["x"]]
    assert h.gradient_norm.tolist() == [2 * x for x in h["x"]]


@ENGINES
@pytest.mark.parametrize("bound", [100, 1000, 12345])
def test_memory_is_bounded_by_doubling_the_spacing(
    monkeypatch: pytest.MonkeyPatch, engine: Any, bound: int
) -> None:
    monkeypatch.setattr(trace_buffer, "MOST_NUMBERS", bound)
    monkeypatch.setattr(trace_buffer, "FIRST_ROWS", 16)
    monkeypatch.setattr(trace_buffer, "FEWEST_ROWS", 8)
    run = ds.minimize("x^2", 1.0, learning_rate=1e-4, steps=5000, engine=engine)
    h = run.history
    assert len(h) * 5 <= max(bound, 2 * 8 * 5) + 5
    stride = h.step[1]
    assert stride & (stride - 1) == 0
    assert h.step.tolist() == sorted({*range(0, 5001, stride), 5000})
    assert h["x"] == pytest.approx((1 - 2e-4) ** h.step, rel=1e-11)
    assert run.nit == 5000


def test_two_hundred_million_steps_fit_in_32_megabytes_and_a_few_seconds() -> None:
    began = time.perf_counter()
    made: list[trace_buffer.TraceBuffer] = []
    original = trace_buffer.TraceBuffer.history

    def spy(self: trace_buffer.TraceBuffer, *arguments: Any) -> History:
        made.append(self)
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_buffer.TraceBuffer, "history", spy)
        run = ds.minimize("x^2", 1.0, learning_rate=1e-12, steps=200_000_000)
    (used,) = made
    assert used.rows.nbytes + used.row_steps.nbytes <= 8 * trace_buffer.MOST_NUMBERS
    assert (run.nit, run.nfev, run.status) == (200_000_000, 200_000_001, "step_limit")
    assert len(run.history) > 100_000
    assert run.x == pytest.approx((1 - 2e-12) ** 2e8, rel=1e-7)  # each product rounds by 1e-16
    assert time.perf_counter() - began < 120  # seconds on a free machine; this is no benchmark


def test_first_rows_of_many_parameters_are_few() -> None:
    t = trace_buffer.TraceBuffer(np.zeros(100_000), ds.Stopping(steps=10), None)
    assert t.rows.nbytes <= 8 * trace_buffer.FEWEST_ROWS * 100_002


@pytest.mark.parametrize(("steps", "kept"), [(10, 11), (40, 11), (trace_buffer.LONG + 8, None)])
def test_keeping_wide_rows_takes_less_than_the_steps(steps: int, kept: int | None) -> None:
    """Each of them takes longer than a step: of short runs no consecutive ones are kept beside, of long ones few."""
    size, made = trace_buffer.WIDE, []
    original = trace_buffer.TraceBuffer.history

    def spy(self: trace_buffer.TraceBuffer, *arguments: Any) -> History:
        made.append(self)
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_buffer, "MOST_WIDE", 12 * (size + 2))
        patch.setattr(trace_buffer.TraceBuffer, "history", spy)
        run = ds.minimize(lambda x: np.sum(x**2), np.ones(size), learning_rate=1e-4, steps=steps)
    (used,) = made
    if kept is None:  # those of the end, beside the history
        assert used.written()[2] == trace_buffer.TAIL_STEPS + 1
        assert used.counts[j.ROWS] <= trace_buffer.TAIL_STEPS + 1 + 12
    else:
        assert used.counts[j.ROWS] == len(run.history) == kept
    assert run.history.x[:, 0] == pytest.approx((1 - 2e-4) ** run.history.step, rel=1e-11)
    assert run.history.step[-1] == steps


def test_every_form_has_the_same_numbers() -> None:
    h = ds.minimize("x^2/3 + y^4", "x=1,y=2", optimizer="armijo", steps=20).history
    rows = list(h.rows())
    assert rows == list(zip(*(h[name].tolist() for name in h.columns), strict=True))
    array = h.to_numpy()
    assert array.dtype.names == ("step", "evaluations", "value", "gradient_norm", "x", "y")
    assert [tuple(r) for r in array.tolist()] == rows
    assert [tuple(r) for r in h.to_pandas().itertuples(index=False)] == rows
    table = h.to_arrow()
    assert [tuple(d.values()) for d in table.to_pylist()] == rows
    assert pyarrow.table(h) == table  # by the PyCapsule interface
    assert pandas.DataFrame(h.columns).equals(h.to_pandas())
    text = list(csv.reader(io.StringIO(h.to_csv())))
    assert tuple(text[0]) == array.dtype.names
    assert [(int(a), int(b), *map(float, rest)) for a, b, *rest in text[1:]] == rows
    data = json.loads(json.dumps(h.to_dict()))
    assert History.from_dict(data) == h
    assert list(data) == ["step", "evaluations", "value", "gradient_norm", "parameters"]


def test_parameters_named_like_measurements() -> None:
    h = ds.minimize("(value - 1)^2 + step^2", {"value": 2.0, "step": 3.0}, learning_rate=0.1, steps=2).history
    assert list(h.columns) == [
        "step",
        "evaluations",
        "value",
        "gradient_norm",
        "parameter:step",
        "parameter:value",
    ]
    assert h["parameter:step"][0] == 3.0
    assert h["value"][0] == 10.0
    assert History.from_dict(h.to_dict()) == h
    assert len(h.to_csv().splitlines()[0].split(",")) == 6


def test_unknown_column_suggests_the_nearest() -> None:
    h = ds.minimize("x^2", 1.0, steps=1, learning_rate=0.1).history
    with pytest.raises(UnknownNameError, match="no column 'valu'") as caught:
        h["valu"]
    assert "Did you mean 'value'" in str(caught.value)
    assert "gradient_norm, x" in str(caught.value)


@pytest.mark.parametrize("rows", [1, 2, 5, 20, 1000])
def test_at_most(rows: int) -> None:
    h = ds.minimize("x^2", 1.0, learning_rate=0.01, steps=300).history
    few = h.at_most(rows)
    assert len(few) <= rows + 1
    assert (few.step[0], few.step[-1]) == (0, 300)
    assert h.at_most(1000) == h


def test_histories_compare_by_their_numbers() -> None:
    one = ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3).history
    two = ds.minimize("x^2", 1.0, learning_rate=0.1, steps=3).history
    other = ds.minimize("x^2", 1.0, learning_rate=0.2, steps=3).history
    assert one == two
    assert one != other
    assert one != "history"
    with pytest.raises(TypeError):
        hash(one)


def test_it_shows_itself() -> None:
    run = ds.minimize("x^2 + y^2", "x=1,y=2", learning_rate=0.01, steps=300)
    assert repr(run.history).startswith("History(301 rows, steps 0 to 300, columns step, evaluations")
    html = run.history._repr_html_()
    assert html.count("<tr>") <= 23
    assert "<th>gradient_norm</th>" in html
    empty = ds.minimize("log(x)", -1.0).history
    assert (len(empty), list(empty.rows()), len(empty.to_numpy())) == (0, [], 0)
    assert "0 rows" in repr(empty)
    assert empty.at_most(5) == empty
    assert History.from_dict(empty.to_dict()) == empty


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("step"),
        lambda d: d.pop("parameters"),
        lambda d: d["value"].pop(),
        lambda d: d["parameters"]["x"].append(1.0),
        lambda d: d.update(step=5),
        lambda d: d.update(value="abc"),
        lambda d: d.update(evaluations=[10**30] * 3),
        lambda d: d.update(step=[[0], [1], [2]]),
        lambda d: d["parameters"].update(x=[[1.0], [2.0], [3.0]]),
        lambda d: d.update(parameters=[1.0]),
    ],
)
def test_what_is_no_history_is_refused(spoil: Any) -> None:
    data = ds.minimize("x^2", 1.0, learning_rate=0.1, steps=2).history.to_dict()
    data["parameters"] = {"x": data["parameters"]["x"]}
    spoil(data)
    with pytest.raises(DataError, match="not the history of a run"):
        History.from_dict(data)
