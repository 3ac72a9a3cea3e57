"""Fits that go on: n steps are k steps and n - k more, bit for bit, however the table is descended; and checkpoints."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DataError, UsageError
from downslope.fitting.gauss_newton import NaturalRounds
from downslope.optimizers import all_curved, all_optimizers
from downslope.results.checkpoints import Checkpoint
from trials import SOAKING, fresh_seed, trials

STEPS = 12
PLACES = 5
_draw = np.random.default_rng(20261130)
_x, _z, _noise = (_draw.normal(size=90) for _ in range(3))
_y = 2 * _x - 3 * _z + 1 + _noise
TABLE: dict[str, Any] = {
    "x": _x,
    "z": _z,
    "y": _y,
    "one": (_y > 0).astype(float),
    "n": _draw.poisson(np.exp(0.3 * _x + 0.1)),
    "kind": np.array(["a", "b", "c"])[np.digitize(_y, [-1, 1])],
    "grown": 3 * np.exp(0.4 * _x) + 1 + 0.1 * _noise,
    "w": np.abs(_z) + 0.1,
}
PLANE, LABEL = "y ~ a*x + b*z + c", "one ~ a*x + b*z + c"
GROWTH: dict[str, Any] = {"hypothesis": "grown ~ a*exp(b*x) + c", "start": {"a": 1.0, "b": 0.1, "c": 0.0}}
ADAM: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.05}
# Every way in which a table is descended.
WAYS: dict[str, dict[str, Any]] = {
    "by least squares": {"hypothesis": PLANE},
    "a factor": {"hypothesis": PLANE, "path": "qr", **ADAM},
    "moments": {"hypothesis": PLANE, "path": "moments", "optimizer": "lbfgs"},
    "a root with a penalty": {"hypothesis": PLANE, "loss": "rmse", "l2": 0.1, **ADAM},
    "rows": {"hypothesis": PLANE, "path": "kernel", **ADAM},
    "a formula": {"hypothesis": PLANE, "path": "formula", **ADAM},
    "standardised": {"hypothesis": PLANE, "loss": "log_cosh", "standardize": True, **ADAM},
    "weighted": {"hypothesis": PLANE, "weights": "w", "loss": "huber", **ADAM},
    "by their own weights": {"hypothesis": PLANE, "weights": TABLE["w"].tolist(), "loss": "huber", **ADAM},
    "a schedule": {"hypothesis": LABEL, "loss": "log_loss", "schedule": "cosine(steps=20)", **ADAM},
    "part of the rows": {"hypothesis": PLANE, "holdout": 0.2, "seed": 5, "path": "kernel", **ADAM},
    "categories": {"target": "y", "features": "x,kind", "path": "kernel", **ADAM},
    "rounds": {"hypothesis": LABEL, "loss": "log_loss", "l2": 0.01},
    "rounds of a root": {
        "hypothesis": "grown ~ a*exp(b*x) + c",
        "loss": "mae",
        "start": {"a": 1, "b": 0.1, "c": 0},
    },
    "rounds of classes": {"target": "kind", "features": ["x", "z"], "loss": "softmax", "l2": 0.01},
    "counts": {"hypothesis": "n ~ a*x + c", "loss": "poisson"},
    "a vertex": {"hypothesis": PLANE, "loss": "mae"},
    "squares": GROWTH,
    "squares, from starts": {"hypothesis": "grown ~ a*exp(b*x) + c"},
    "a root of squares": {**GROWTH, "loss": "rmse"},
    "proximal": {"hypothesis": PLANE, "l1": 0.1},
    "proximal, by name": {"hypothesis": PLANE, "l1": 0.1, **ADAM},
    "a kink and a vertex": {"hypothesis": PLANE, "l1": 0.1, "loss": "mae"},
    "coordinates": {"hypothesis": PLANE, "l1": 0.1, "optimizer": "coordinate_descent"},
    "batches": {"hypothesis": PLANE, "batch_size": 16, "seed": 3, **ADAM},
    "whitened batches": {"hypothesis": PLANE, "batch_size": 16},
    "batches of classes": {"target": "kind", "features": "x,z", "loss": "softmax", "batch_size": 20, **ADAM},
    "batches of a formula": {**GROWTH, "batch_size": 16, "optimizer": "adam", "learning_rate": 0.01},
    "batches with l1": {"hypothesis": PLANE, "l1": 0.05, "batch_size": 16, **ADAM},
    "a gradient": {
        "hypothesis": "y ~ a*x + c",
        "gradient": {"a": "mean(2*(a*x + c - y)*x)", "c": "mean(2*(a*x + c - y))"},
        **ADAM,
    },
}
STREAMED = ("moments", "rows", "rounds", "batches", "squares", "proximal", "categories")


def assert_same(fit: ds.Fit, whole: ds.Fit) -> None:
    assert fit.history == whole.history
    assert np.array_equal(fit.run.final, whole.run.final)
    told = ("nfev", "nit", "status", "message", "success", "loss", "path", "coordinates", "standard_errors")
    assert [getattr(fit, name) for name in told] == [getattr(whole, name) for name in told]
    assert fit.holdout == whole.holdout


def hold(table: Any, way: dict[str, Any], place: int, path: Path | None = None) -> None:
    """One case: a fit stopped there, and perhaps saved, goes on as if it had not been."""
    whole, part = (ds.fit(table, **way, steps=steps) for steps in (STEPS, place))
    if part.status != "step_limit":  # it ended before, on its own
        return
    if path is None:
        assert_same(part.resume(steps=STEPS - place), whole)
        return
    part.save(path)
    weights = way.get("weights")
    own = {} if weights is None or isinstance(weights, str) else {"weights": weights}
    assert_same(ds.resume(path, table, steps=STEPS - place, **own), whole)  # type: ignore[arg-type]
    assert ds.verify(path, table, **own).identical


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WAYS)
def test_a_fit_goes_on_as_if_it_had_not_ended(name: str, tmp_path: Path) -> None:
    draw = random.Random(fresh_seed())
    for i, place in enumerate([0, *(draw.randrange(1, STEPS) for _ in range(PLACES - 1))]):
        print(place)
        hold(TABLE, WAYS[name], place, tmp_path / "fit.json" if i % 2 else None)


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    columns = [np.asarray(column).tolist() for column in TABLE.values()]
    lines = [",".join(TABLE), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


RULES = [cls for cls in (*all_optimizers(), *all_curved()) if cls.name() != "spg"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", RULES, ids=lambda cls: cls.name())
def test_fits_by_every_rule_go_on(cls: Any, csv: str) -> None:
    draw = random.Random(fresh_seed())
    way = {"hypothesis": LABEL, "loss": "log_loss", "optimizer": cls()}
    if getattr(cls, "asks_for", "") == "residuals":
        way = {"hypothesis": "grown ~ a*exp(b*x) + c", "start": GROWTH["start"], "optimizer": cls()}
    for _ in range(PLACES):
        hold(TABLE, way, draw.randrange(STEPS))
    more = PLACES if SOAKING else 1
    for _ in range(more):
        hold(csv, {**way, "stream": True}, draw.randrange(STEPS))
    if cls in all_optimizers():
        try:
            ds.fit(TABLE, **way, batch_size=20, steps=1)
        except UsageError:  # line searches, which have no batches
            return
        for _ in range(more):
            hold(TABLE, {**way, "batch_size": 20}, draw.randrange(STEPS))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", STREAMED)
def test_streams_go_on(name: str, csv: str, tmp_path: Path) -> None:
    draw = random.Random(fresh_seed())
    for i in range(PLACES):
        place = draw.randrange(STEPS)
        print(place)
        hold(csv, {**WAYS[name], "stream": True}, place, tmp_path / "fit.json" if i % 2 else None)


@pytest.mark.parametrize("place", range(10))
def test_squares_of_a_stream_go_on_from_a_file_at_every_place(place: int, csv: str, tmp_path: Path) -> None:
    """A factor lies column by column, and is to lie so again."""
    hold(csv, {**GROWTH, "stream": True}, place, tmp_path / "fit.json")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WAYS)
def test_a_checkpoint_on_the_way_goes_on_and_the_fit_does_not_notice(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    path, write = tmp_path / "fit.ckpt", Checkpoint.write

    def seen(self: Checkpoint, content: Any) -> None:
        write(self, content)
        kept.append(path.read_bytes())

    monkeypatch.setattr(Checkpoint, "is_due", lambda *_: True)
    monkeypatch.setattr(Checkpoint, "write", seen)
    way = {**WAYS[name], "steps": 40} if "optimizer" in WAYS[name] else WAYS[name]
    fit = ds.fit(TABLE, **way, checkpoint=path)
    monkeypatch.undo()
    whole = ds.fit(TABLE, **way)
    assert_same(fit, whole)
    saved = ds.load(path)
    assert isinstance(saved, ds.Fit)
    assert saved.history == whole.history
    assert len(kept) > 1
    weights = way.get("weights")
    own = {} if weights is None or isinstance(weights, str) else {"weights": weights}
    draw = random.Random(fresh_seed())
    for content in draw.sample(kept[:-1], min(trials(3), len(kept) - 1)):
        path.write_bytes(content)
        with pytest.raises(DataError, match="under way"):
            ds.load(path)
        assert_same(ds.resume(path, TABLE, **own), whole)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["rounds", "batches", "squares", "proximal"])
def test_a_fit_that_was_pickled_goes_on(name: str) -> None:
    part = ds.fit(TABLE, **WAYS[name], steps=2, callback=lambda step: None)
    again = pickle.loads(pickle.dumps(part))
    assert_same(again.resume(steps=3), ds.fit(TABLE, **WAYS[name], steps=5))


def test_another_table_is_refused_and_says_where_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    ds.fit(TABLE, PLANE, steps=3, **ADAM).save(path)
    unused = {**TABLE, "kind": TABLE["kind"][::-1]}
    assert isinstance(ds.resume(path, unused, steps=1), ds.Fit)  # the hypothesis does not know the column
    other = TABLE["x"].copy()
    other[-1] = np.nextafter(other[-1], 9)
    for call in (ds.resume, ds.verify):
        with pytest.raises(DataError, match="another table than that of the fit: x held something else"):
            call(path, {**TABLE, "x": other})
        with pytest.raises(DataError, match="it has 89 rows to fit, and that one had 90"):
            call(path, {name: column[:-1] for name, column in TABLE.items()})
        with pytest.raises(UsageError, match="made from its table"):
            call(path)


def test_weights_that_are_no_column_are_asked_for_and_held_against(tmp_path: Path) -> None:
    path, weights = tmp_path / "fit.json", np.linspace(1, 2, 90)
    ds.fit(TABLE, PLANE, weights=weights, loss="huber", steps=3, **ADAM).save(path)
    with pytest.raises(UsageError, match="weights that are no column"):
        ds.resume(path, TABLE)
    with pytest.raises(DataError, match="weights held something else"):
        ds.resume(path, TABLE, weights=weights + 1, steps=3)
    assert ds.resume(path, TABLE, weights=weights, steps=3).nit == 6


def test_what_does_not_go_on_is_said(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    part = ds.fit(TABLE, PLANE, steps=3, **ADAM)
    with pytest.raises(UsageError, match="all the steps that it was to make, 3"):
        part.resume()
    with pytest.raises(UsageError, match="no option 'step'"):
        part.resume(step=3)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="met its test"):
        ds.fit(TABLE, LABEL, loss="log_loss", l2=0.01).resume(steps=3)
    with pytest.raises(UsageError, match="nothing goes on"):
        ds.fit(TABLE, PLANE, loss="mae").resume(steps=3)
    part.save(path)
    loaded = ds.load(path)
    assert isinstance(loaded, ds.Fit)
    with pytest.raises(DataError, match="goes on only from its table"):
        loaded.resume(steps=3)
    loaded.save(path)  # what it needs is kept
    assert ds.resume(path, TABLE, steps=3).nit == 6
    data = json.loads(path.read_text())
    data["left_with"]["descents"][0]["start"]["shape"] = [2]
    del data["sha256"], data["digest"]
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match="not whole"):
        ds.resume(path, TABLE, steps=3)
    del data["left_with"]
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match="did not keep what a fit needs"):
        ds.resume(path, TABLE, steps=3)


def test_a_smaller_tolerance_and_a_later_limit_go_on() -> None:
    part = ds.fit(TABLE, LABEL, loss="log_loss", optimizer="lbfgs", tolerance=1e-3)
    whole = ds.fit(TABLE, LABEL, loss="log_loss", optimizer="lbfgs", tolerance=1e-6)
    assert part.nit < whole.nit
    assert_same(part.resume(tolerance=1e-6), whole)
    part = ds.fit(TABLE, LABEL, loss="log_loss", evaluations=6)
    assert_same(part.resume(evaluations=10**3), ds.fit(TABLE, LABEL, loss="log_loss"))


@pytest.mark.parametrize("name", ["rounds", "a vertex", "counts"])
def test_ctrl_c_between_two_descents_keeps_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, natural, calls = ds.fit(TABLE, **WAYS[name]), NaturalRounds._natural, [0]

    def struck(self: NaturalRounds, *given: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        return natural(self, *given)

    monkeypatch.setattr(NaturalRounds, "_natural", struck)
    part = ds.fit(TABLE, **WAYS[name])
    monkeypatch.undo()
    assert part.status == "interrupted"
    assert 0 < part.nit < whole.nit
    assert_same(part.resume(), whole)
    calls[0] = 1
    monkeypatch.setattr(NaturalRounds, "_natural", struck)
    again = part.resume()  # interrupted before it is where it was
    monkeypatch.undo()
    assert (again.status, again.nit) == ("interrupted", part.nit)
    assert_same(again.resume(), whole)


LONG = """
import sys, downslope as ds
ds.fit(sys.argv[2], "one ~ a*x + b*z + c", loss="log_loss", optimizer="adam", learning_rate=1e-6, batch_size=8,
       epochs=10**8, every=1000, checkpoint=sys.argv[1], checkpoint_seconds=0)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")
def test_a_fit_that_is_killed_goes_on_from_its_checkpoint(csv: str, tmp_path: Path) -> None:
    draw = random.Random(fresh_seed())
    for i in range(trials(1)):
        path = tmp_path / f"fit{i}.ckpt"
        process = subprocess.Popen([sys.executable, "-c", LONG, str(path), csv])
        until, first = time.monotonic() + 60, 0
        while (
            time.monotonic() < until
        ):  # the first checkpoint may be of no step yet, however busy the machine is
            written = path.stat().st_mtime_ns if path.exists() else 0
            first = first or written
            if written > first:
                break
            time.sleep(0.01)
        time.sleep(draw.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        again = ds.resume(path, csv, steps=7)
        whole = ds.fit(
            csv,
            LABEL,
            loss="log_loss",
            optimizer="adam",
            learning_rate=1e-6,
            batch_size=8,
            epochs=again.nit,
            every=1000,
        )
        assert again.nit > 7
        assert_same(again, whole)  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", ["mse", "huber", "mae"])
@pytest.mark.parametrize("way", [{"epochs": 9, "batch_size": 80}, {"steps": 9}], ids=["batches", "whole"])
def test_a_fit_whose_table_goes_away_leaves_a_checkpoint(
    loss: str, way: dict[str, int], tmp_path: Path
) -> None:
    path, table = tmp_path / "fit.ckpt", tmp_path / "table.csv"
    x = np.linspace(0, 1, 300)
    text = "x,y\n" + "".join(f"{a},{2 * a + np.sin(9 * a)}\n" for a in x)
    table.write_text(text, "utf-8")
    asked: dict[str, Any] = {"loss": loss, "stream": True, **ADAM, **way}

    def take_away(step: ds.Step) -> None:
        if step.step == 3:
            table.unlink()

    with pytest.raises(DataError, match="cannot be read"):
        ds.fit(str(table), "y ~ a*x + b", callback=take_away, checkpoint=path, **asked)
    table.write_text(text, "utf-8")
    resumed, whole = ds.resume(path, str(table)), ds.fit(str(table), "y ~ a*x + b", **asked)
    assert isinstance(resumed, ds.Fit)
    assert resumed.history == whole.history
    assert (resumed.x, resumed.status, resumed.loss) == (whole.x, whole.status, whole.loss)
