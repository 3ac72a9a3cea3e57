"""Workers that hang, or are killed under Ray: their partitions are done anew, within bounds."""

import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pyarrow as pa
import pytest
from few_partitions import At, Cut
from pyarrow import parquet

import downslope as ds
from downslope.errors import DataError, UsageError
from downslope.fitting.partitions.engine import MOST_RETRIES, PARTITION_SECONDS
from downslope.fitting.partitions.processes import Processes
from trials import seed, trials

FOR_EVER = 10_000  # seconds


class Hangs(At):
    """Hangs there."""

    def happen(self):
        time.sleep(FOR_EVER)


class RefusesBeside(Hangs):
    """Refuses the first partition, while a later one hangs."""

    def of(self, table, number):
        if number == 0:
            while not os.listdir(self.folder):
                time.sleep(0.01)
            raise DataError("partition 0")
        return super().of(table, number)


def warm(engine, folder):
    """Let the workers begin, so that a limit of seconds is one of their work."""
    engine.over(Cut(), Hangs(0, folder, 0))


def test_a_partition_that_hangs_once_is_done_by_another(tmp_path):
    engine = Processes(2)
    with engine.session():
        warm(engine, tmp_path)
        engine.seconds = 8.0
        found, tally = engine.over(Cut(), Hangs(3, tmp_path, 1))
    assert found == (0, 1, 2, 3, 4, 5)
    assert tally.partitions == 6
    assert 1 <= tally.lost <= MOST_RETRIES
    assert len(os.listdir(tmp_path)) == 1


def test_a_partition_that_always_hangs_is_named_in_bounded_time(tmp_path):
    engine = Processes(2)
    with engine.session():
        warm(engine, tmp_path)
        engine.seconds = 4.0
        began = time.monotonic()
        with pytest.raises(
            DataError,
            match=r"^t\.parquet, rows 31 to 40 cannot be added up: 4 workers tried in vain, and the last gave no"
            r" answer in 4 seconds\..*\(partition_seconds=8\.0\)",
        ):
            engine.over(Cut(), Hangs(3, tmp_path, FOR_EVER))
    assert time.monotonic() - began < 120
    assert len(os.listdir(tmp_path)) <= MOST_RETRIES + 1


def test_nobody_waits_for_a_worker_that_hangs_where_another_has_failed(tmp_path):
    began = time.monotonic()
    with pytest.raises(DataError, match=r"^partition 0$"):
        Processes(2).over(Cut(), RefusesBeside(1, tmp_path, FOR_EVER))
    assert time.monotonic() - began < PARTITION_SECONDS / 2


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), float("inf"), "9", True])
def test_a_limit_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError, match="must be a number of seconds, above 0"):
        ds.fit("no-such-file.parquet", target="y", engine="processes", partition_seconds=wrong)


def test_a_limit_goes_with_an_engine():
    with pytest.raises(UsageError, match="partition_seconds goes with engine='processes'"):
        ds.fit("no-such-file.parquet", target="y", partition_seconds=5)


KILLED = """
import os, random, signal, sys, threading, time
import downslope as ds
from downslope.fitting import pages
from downslope.fitting.partitions.engine import MOST_RETRIES
pages.PARTITION_NUMBERS = 3_000
path, drawn = sys.argv[1], random.Random(int(sys.argv[2]))
asked = {"loss": "log_loss", "learning_rate": 0.1, "steps": 150}
hypothesis = "label ~ p*x + q"
paged = ds.fit(path, hypothesis, stream=True, **asked)
ended, killed = threading.Event(), []


def parents():
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                found[int(name)] = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            pass
    return found


def title(process):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def own(process, above):
    while process in above and process != os.getpid():
        process = above[process]
    return process == os.getpid()


def kill():
    while len(killed) < MOST_RETRIES and not ended.wait(drawn.uniform(0.2, 1.5)):
        above = parents()
        workers = [p for p in above if title(p).startswith(b"ray::_work") and own(p, above)]
        if workers:
            killed.append(drawn.choice(sorted(workers)))
            os.kill(killed[-1], signal.SIGKILL)


def slowed(step):  # so that there is time to be killed in
    time.sleep(0.02)


thread = threading.Thread(target=kill, daemon=True)
thread.start()
apart = ds.fit(path, hypothesis, engine="ray", workers=2, callback=slowed, **asked)
ended.set()
thread.join()
assert killed, "no worker was met at work"
assert apart.run.final.tobytes() == paged.run.final.tobytes()
assert apart.run.history.value.tobytes() == paged.run.history.value.tobytes()
print(len(killed), [str(note) for note in apart.notes if "lost" in str(note)])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are looked for in /proc")
@pytest.mark.parametrize("trial", range(trials(1)))
def test_workers_killed_under_ray_change_no_bit(trial, tmp_path):
    """In a process of its own: Ray leaves sockets to be closed at its end."""
    pytest.importorskip("ray", reason="Ray is not installed")
    random = np.random.default_rng(seed(trial))
    x = random.normal(size=12_000)
    label = (random.random(12_000) < 1 / (1 + np.exp(-x - 0.3))) * 1.0
    parquet.write_table(pa.table({"x": x, "label": label}), tmp_path / "t.parquet", row_group_size=1_500)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "t.parquet"), str(seed(trial))],
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
