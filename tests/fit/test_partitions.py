"""Tables in files whose partitions are worked on by several processes: the same bits, whatever becomes of a worker."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from few_partitions import At, Cut
from pyarrow import csv, parquet

import downslope as ds
from downslope.errors import DataError, MissingEngineError, UsageError
from downslope.fitting import pages
from downslope.fitting.checks import ColumnChecks
from downslope.fitting.partitions.engine import MOST_RETRIES, InProcess, PassCounts
from downslope.fitting.partitions.processes import Processes
from downslope.fitting.partitions.tree import MergeTree
from downslope.fitting.streaming_pass import Kept
from trials import seed, trials

N = 12_000
RNG = np.random.default_rng(23)
X = RNG.standard_normal((N, 3)) * [1.0, 20.0, 0.3] + [0.0, 5.0, -1.0]
ETA = X @ [1.0, -0.05, 2.0] + 0.4
Y = ETA + RNG.standard_normal(N)
HOLES = Y.copy()
HOLES[::97] = np.nan
TABLE = {
    **{f"x{i + 1}": X[:, i] for i in range(3)},
    "y": Y,
    "holes": HOLES,
    "label": (RNG.random(N) < 1 / (1 + np.exp(-ETA))) * 1.0,
    "count": RNG.poisson(np.exp(0.3 * ETA)).astype(float),
    "weight": RNG.random(N),
    "kind": np.array(["a", "b", "c"])[np.clip(np.round(X[:, 0] + 1), 0, 2).astype(int)],
}
H = "y ~ p*x1 + q*x2 + r*x3 + s"
CASES = {
    "rmse, weighted": (H, {"loss": "rmse", "weights": "weight", "l2": 0.1}),
    "left out": ("holes ~ p*x1 + q*x2 + s", {"drop_missing": True, "loss": "huber"}),
    "held out": (H, {"holdout": 0.3, "loss": "log_cosh"}),
    "labels 0 and 1": ("label ~ p*x1 + q*x2 + r", {"loss": "log_loss"}),
    "labels in words": ("kind ~ p*x1 + q", {"loss": "softmax", "l2": 1e-3}),
    "any formula": ("y ~ exp(p)*x1 + q*x3 + r", {"start": "p=0.5,q=1,r=0"}),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The table as three files of Parquet, the rows of the last in groups."""
    folder = tmp_path_factory.mktemp("partitions")
    whole = pa.table(TABLE)
    for i, (begin, end, group) in enumerate([(0, 3_000, 3_000), (3_000, 5_000, 1_000), (5_000, N, 1_500)]):
        parquet.write_table(
            whole.slice(begin, end - begin), folder / f"part-{i}.parquet", row_group_size=group
        )
    return folder


@pytest.fixture(autouse=True)
def _small_partitions(monkeypatch):
    monkeypatch.setattr(pages, "PARTITION_NUMBERS", 6_000)


def bits(fit):
    """Everything that a fit computed from all rows."""
    errors = fit.standard_errors
    errors = b"" if errors is None else np.array([np.asarray(errors[n]).ravel() for n in errors]).tobytes()
    return fit.run.final.tobytes(), fit.run.history.value.tobytes(), fit.loss, fit.holdout, errors


def test_a_table_is_cut_by_its_files_alone(files):
    cut = pages.Pages([str(files / "part-*.parquet")], {"x1", "y"}).partitions
    assert [(p.file, p.pieces, p.before, p.rows) for p in cut] == [
        (0, None, 0, 3_000),
        (1, None, 0, 2_000),
        (2, range(0, 2), 0, 3_000),
        (2, range(2, 4), 3_000, 3_000),
        (2, range(4, 5), 6_000, 1_000),
    ]
    assert str(cut[3].named) == f"{files}/part-2.parquet, rows 3,001 to 6,000"


@pytest.mark.parametrize("name", CASES)
def test_engines_give_the_same_bits(name, files):
    """One process, and two processes that hold rows or have been replaced by one; and the table in memory, nearly."""
    hypothesis, options = CASES[name]
    path = str(files / "part-*.parquet")
    paged = ds.fit(path, hypothesis, stream=True, **options)
    apart = ds.fit(path, hypothesis, engine="processes", workers=2, **options)
    assert bits(apart) == bits(paged)
    assert any("were added up" in str(note) for note in apart.notes)
    if "holdout" not in options:
        whole = ds.fit(path, hypothesis, stream=False, **options)
        mine, theirs = (np.asarray(f.predict({k: v[:500] for k, v in TABLE.items()})) for f in (apart, whole))
        if mine.dtype.kind == "f":
            near = 1e-12 if name in ("rmse, weighted",) else 1e-7
            assert np.max(np.abs(mine - theirs)) <= near * np.std(theirs)
        else:
            assert np.mean(mine == theirs) > 0.99


def test_the_number_of_workers_changes_no_bit(files):
    found = [
        bits(
            ds.fit(
                str(files / "part-*.parquet"),
                "label ~ p*x1 + r",
                loss="log_loss",
                engine="processes",
                workers=n,
            )
        )
        for n in (1, 3)
    ]
    assert found[0] == found[1]


def test_texts_are_partitions_of_their_own(tmp_path):
    for i in range(3):
        rows = pa.table(TABLE).slice(i * 2_000, 2_000)
        csv.write_csv(rows, tmp_path / f"part-{i}.csv", csv.WriteOptions(quoting_style="none"))
    path = str(tmp_path / "part-*.csv")
    apart = ds.fit(path, H, engine="processes", workers=2, loss="huber")
    assert bits(apart) == bits(ds.fit(path, H, stream=True, loss="huber"))


def test_a_script_needs_no_guard(files, tmp_path):
    """A process that is spawned imports the main module: ours do not, or the fit would begin again in each."""
    script = tmp_path / "script.py"
    script.write_text(
        "import downslope as ds\n"
        f"print(ds.fit({str(files / 'part-0.parquet')!r}, 'y ~ p*x1 + s', engine='processes').loss)\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True
    )
    assert len(ran.stdout.split()) == 1


@pytest.mark.parametrize("trial", range(trials(2)))
def test_killed_workers_change_no_bit(trial, files):
    """kill -9 of a worker at a moment that is drawn, again and again."""
    path, draw = str(files / "part-*.parquet"), random.Random(seed(trial))
    options = {"loss": "log_loss", "learning_rate": 0.1, "steps": 400}
    expected = bits(ds.fit(path, "label ~ p*x1 + q*x2 + r", stream=True, **options))
    ended, killed = threading.Event(), []

    def kill():
        while len(killed) < MOST_RETRIES and not ended.wait(draw.uniform(0.5, 3.0)):
            workers = multiprocessing.active_children()
            if workers:
                killed.append(draw.choice(workers).pid)
                os.kill(killed[-1], signal.SIGKILL)

    def slowed(step):  # so that there is time to be killed in
        time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        found = ds.fit(
            path, "label ~ p*x1 + q*x2 + r", engine="processes", workers=2, callback=slowed, **options
        )
        assert bits(found) == expected
    finally:
        ended.set()
        thread.join()
    assert killed


class Ends(At):
    """Ends its worker there."""

    def happen(self):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_partition_that_always_fails_is_named(tmp_path):
    began = time.monotonic()
    with pytest.raises(DataError, match=r"^t\.parquet, rows 31 to 40 cannot be added up: all 4 workers"):
        Processes(2).over(Cut(), Ends(3, tmp_path, 99))
    assert len(os.listdir(tmp_path)) == MOST_RETRIES + 1
    assert time.monotonic() - began < 120


def test_one_lost_worker_costs_its_partition(tmp_path):
    found, tally = Processes(2).over(Cut(), Ends(3, tmp_path, 1))
    assert found == (0, 1, 2, 3, 4, 5)
    assert (tally.lost, tally.partitions) == (1, 6)


class Refuses:
    """Refuses two partitions, the later one sooner."""

    def of(self, table, number):
        if number in (1, 4):
            time.sleep(0.3 if number == 1 else 0.0)
            raise DataError(f"partition {number}")
        return number, PassCounts()

    def merge(self, first, second):
        return first + second


def test_of_several_faults_the_first_is_told():
    for engine in (InProcess(), Processes(3)):
        with pytest.raises(DataError, match="partition 1"):
            engine.over(Cut(), Refuses())


def test_a_killed_driver_goes_on_to_the_same_bits(files, tmp_path):
    path, saved = str(files / "part-*.parquet"), tmp_path / "fit.ckpt"
    code = f"""
    import os, signal
    import downslope as ds
    from downslope.fitting import pages
    pages.PARTITION_NUMBERS = 6_000
    def kill(step):
        if step.step == 30:
            os.kill(os.getpid(), signal.SIGKILL)
    ds.fit({path!r}, "label ~ p*x1 + q*x2 + r", loss="log_loss", learning_rate=0.1, steps=60, engine="processes",
           workers=2, callback=kill, checkpoint={str(saved)!r}, checkpoint_seconds=0)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=120, check=False)
    assert ran.returncode == -signal.SIGKILL
    whole = ds.fit(path, "label ~ p*x1 + q*x2 + r", loss="log_loss", learning_rate=0.1, steps=60, stream=True)
    found = ds.resume(saved, path)
    assert found.run.final.tobytes() == whole.run.final.tobytes()
    assert found.run.nit == 60
    assert any("by processes" in str(note) for note in found.notes)


def test_another_table_is_not_gone_on_with(files, tmp_path):
    path, saved = str(files / "part-[01].parquet"), tmp_path / "fit.json"
    ds.fit(path, H, loss="huber", learning_rate=0.1, steps=3, engine="processes", workers=1).save(saved)
    with pytest.raises(DataError, match="rows to fit"):
        ds.resume(saved, str(files / "part-[02].parquet"))
    whole = pa.concat_tables([parquet.read_table(files / f"part-{i}.parquet") for i in (0, 1)])
    parquet.write_table(whole, tmp_path / "one.parquet")
    with pytest.raises(DataError, match=r"other pieces|another table"):
        ds.resume(saved, str(tmp_path / "one.parquet"))


REFUSED = {
    "a table in memory": ({"x1": [1, 2], "y": [1, 2]}, {}, "table in files"),
    "standard input": ("-", {}, "table in files"),
    "batches": (None, {"batch_size": 8}, "batch_size does not go with engine='processes'"),
    "a gradient": (None, {"gradient": "sum(x1)"}, "gradient does not go"),
    "into memory": (None, {"stream": False}, "leaves it in its files"),
    "weights of rows": (None, {"weights": [1.0] * N}, "as a column"),
    "no engine": (None, {"engine": "spark"}, "can be processes or ray"),
    "no worker": (None, {"workers": 0}, "at least 1"),
    "an address": (None, {"address": "auto"}, "goes with engine='ray'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_engines_cannot_do_is_refused(name, files):
    table, options, told = REFUSED[name]
    table = str(files / "part-0.parquet") if table is None else table
    with pytest.raises(UsageError, match=told):
        ds.fit(table, "y ~ p*x1", **{"engine": "processes", **options})
    assert not multiprocessing.active_children()


def test_bad_files_are_told_in_a_sentence(files, tmp_path):
    with pytest.raises(DataError, match="no file matches"):
        ds.fit(str(tmp_path / "*.parquet"), "y ~ p*x1", engine="processes")
    parquet.write_table(pa.table({"x1": [1.0], "z": [1.0]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match=r"other\.parquet has the columns x1, z, but"):
        ds.fit(
            [str(files / "part-0.parquet"), str(tmp_path / "other.parquet")], "y ~ p*x1", engine="processes"
        )
    values = TABLE["y"].copy()
    values[7_000] = np.inf
    parquet.write_table(pa.table({"x1": X[:, 0], "y": values}), tmp_path / "t.parquet", row_group_size=3_000)
    with pytest.raises(DataError, match="infinite at row 7001"):
        ds.fit(str(tmp_path / "t.parquet"), "y ~ p*x1", engine="processes", workers=2)


def test_a_missing_permission_is_told_in_a_sentence(files):
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no such permissions")
    if os.geteuid() == 0:
        pytest.skip("the superuser may read everything")
    path = files / "locked.parquet"
    path.write_bytes((files / "part-0.parquet").read_bytes())
    path.chmod(0)
    with pytest.raises(DataError, match="Permission denied"):
        ds.fit(str(path), "y ~ p*x1", engine="processes")


def test_ray_that_is_not_there_names_its_extra(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingEngineError, match=r"pip install 'downslope\[ray\]'") as told:
        ds.fit(str(files / "part-0.parquet"), "y ~ p*x1", engine="ray")
    assert told.value.exit_code == 3


@pytest.mark.parametrize("leaves", [1, 2, 3, 7, 8, 13])
def test_the_tree_does_not_depend_on_the_order(leaves):
    found = set()
    for draw in range(20):
        tree, order = MergeTree(leaves, lambda a, b: f"({a} {b})"), list(range(leaves))
        random.Random(draw).shuffle(order)
        for place in order:
            tree.put(place, str(place))
        found.add(tree.whole)
    assert len(found) == 1
    assert [int(n) for n in found.pop().replace("(", "").replace(")", "").split()] == list(range(leaves))


def test_twins_are_those_of_both_parts():
    a, b = np.array([[1.0, 1.0, 1.0, 2.0]]), np.array([[3.0, 4.0, 4.0, 4.0]])
    assert ColumnChecks.at(a).merged(ColumnChecks.at(b)).twins == ((1, 2),)


def test_rows_are_kept_at_equal_distances():
    kept = Kept.of(10, 90)
    parts = [kept.with_rows({"x": np.arange(30.0) + 30 * i}, 0, 30) for i in range(3)]
    whole = parts[0].merged(parts[1]).merged(parts[2])
    assert whole.columns["x"].tolist() == [30.0 * i + 8 * j for i in range(3) for j in range(4)]


def test_ray_gives_the_same_bits(files):
    """In a process of its own: Ray leaves sockets to be closed at its end."""
    pytest.importorskip("ray", reason="Ray is not installed")
    path = str(files / "part-*.parquet")
    script = (
        "import sys, downslope as ds\n"
        "from downslope.fitting import pages\n"
        "pages.PARTITION_NUMBERS = 6_000\n"
        f"paged = ds.fit({path!r}, {H!r}, stream=True, loss='huber')\n"
        f"apart = ds.fit({path!r}, {H!r}, engine='ray', workers=2, loss='huber')\n"
        "assert apart.run.final.tobytes() == paged.run.final.tobytes()\n"
        "assert apart.run.history.value.tobytes() == paged.run.history.value.tobytes()\n"
        "assert any('were added up' in str(note) for note in apart.notes)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
