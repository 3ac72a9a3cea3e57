"""Long loops that several threads share: the same bits with any number of them, and nobody left at work."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from drawn_programs import Draw
from functions_of_arrays import recorded

import downslope as ds
from downslope import parallel
from downslope.programs import compiled, helping, plan_writer, tasks
from downslope.programs.compiled import CompiledProgram
from downslope.programs.derivatives import gradient
from downslope.programs.node import Graph
from downslope.programs.team import CALL_BITS, TICKET

SEED = int(os.environ.get("DOWNSLOPE_SEED") or random.SystemRandom().randrange(2**31))
DRAWS = int(os.environ.get("DOWNSLOPE_DRAWS") or 25)
CALLS = 20


@pytest.fixture
def short_blocks() -> Iterator[None]:
    """Loops of few elements are shared already, by three threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "FEWEST_SHARED", 20)
        patch.setattr(plan_writer, "BLOCK", 16)
        patch.setattr(compiled, "_CODES", OrderedDict())
        patch.setattr(helping, "cores", lambda: 3)
        patch.setattr(helping.HelpingThreads, "_wants_help", lambda _: True)
        yield


def _with_and_without(program: CompiledProgram, point: Any) -> Any:
    alone = program(point)
    with program.helped(CALLS):
        together = [program(point) for _ in range(CALLS)]
    for found in together:
        assert found.tobytes() == alone.tobytes()
    return alone


@pytest.mark.usefixtures("short_blocks")
def test_drawn_programs_give_the_same_bits_with_helping_threads() -> None:
    shared = 0
    for k in range(DRAWS):
        seed = [SEED, k]
        draw = Draw(np.random.default_rng(seed))
        for _ in range(int(draw.rng.integers(3, 30))):
            draw.add()
        outputs = draw.outputs()
        if not outputs:
            continue
        program, point = CompiledProgram(draw.inputs, outputs), draw.point()
        shared += bool(program._code.helping)
        found, wanted, begin = _with_and_without(program, point), program.evaluate(point), 0
        for node in outputs:
            mine, theirs = (array[begin : begin + node.size] for array in (found, wanted))
            scale = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=1.0)
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12 * scale, err_msg=f"{seed}: {node}")
            begin += node.size
    assert shared > DRAWS // 5


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize("size", [20, 31, 32, 33, 64, 127, 1000])
def test_functions_with_pieces_and_sums_are_cut_into_blocks_at_any_size(size: int) -> None:
    def function(x: Any) -> Any:
        steps = np.concatenate([x[1:] - x[:-1] ** 2, [x[0]]])
        return np.sum(steps**2) * np.max(np.cos(x)) + np.sum(np.exp(-x) * steps) / np.sum(x**2)

    x, (value,) = recorded(function, (size,))
    (slopes,) = gradient(value, [x])
    program = CompiledProgram([x], [value, slopes])
    point = np.random.default_rng(size).normal(size=size)
    found = _with_and_without(program, point)
    np.testing.assert_allclose(found, program.evaluate(point), rtol=1e-10, atol=1e-11)


@pytest.mark.usefixtures("short_blocks")
def test_what_a_helping_thread_cannot_compute_rightly_is_told_to_the_leader() -> None:
    graph = Graph()
    x = graph.input("x", (4096,))
    program = CompiledProgram([x], [graph.reduced("sum", graph.element("sin", x))])
    for place in (0, 17, 2048, 4095):
        point = np.ones(4096)
        point[place] = 1e9
        with program.helped(CALLS):
            for _ in range(CALLS):
                assert program(point) == pytest.approx(np.sum(np.sin(point)), rel=1e-12)
                assert program(np.ones(4096)) == pytest.approx(4096 * np.sin(1.0), rel=1e-12)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam", "auto"])
def test_a_run_has_the_same_bits_on_one_core_and_on_several(
    monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    def chain(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def run() -> tuple[bytes, float, int]:
        start = -0.5 + 0.01 * np.sin(np.arange(40_001))
        asked: dict[str, Any] = {} if optimizer == "auto" else {"optimizer": optimizer, "learning_rate": 1e-4}
        done = ds.minimize(chain, start, steps=60, every=60, **asked)
        return done.x.tobytes(), float(done.fun), done.nfev

    monkeypatch.setenv("DOWNSLOPE_THREADS", "1")
    alone = run()
    monkeypatch.setattr(helping, "cores", lambda: 4)
    monkeypatch.setattr(helping.HelpingThreads, "_wants_help", lambda _: True)
    assert run() == alone


def test_threads_go_away_when_nobody_calls_them_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Ctrl-C strikes before they are told that it is over."""
    monkeypatch.setattr(helping, "cores", lambda: 2)
    graph = Graph()
    x = graph.input("x", (40_000,))
    program = CompiledProgram([x], [graph.reduced("sum", x)])
    helper = threading.Thread(target=program._team._call, args=(program,), daemon=True)
    helper.start()
    helper.join(60)
    assert not helper.is_alive()
    assert program._team.words[TICKET] >> CALL_BITS == 0


FORKED = """
import os
import numpy as np
import downslope as ds
from downslope.programs import helping

helping.cores = lambda: 3
helping.HelpingThreads._wants_help = lambda _: True
run = lambda: ds.minimize(lambda x: np.sum(x**2), np.ones(50_000), learning_rate=0.25, steps=60)
whole = run().x.tobytes()
child = os.fork()
if child == 0:
    os._exit(0 if run().x.tobytes() == whole else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    """In a process of its own, which has no threads but those of the house."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


@pytest.mark.parametrize(
    ("threads", "omp", "most"), [("1", "8", 1), ("", "1", 1), ("0", "", 99), ("many", "1,2", 1)]
)
def test_the_number_of_threads_is_no_larger_than_allowed(
    monkeypatch: pytest.MonkeyPatch, threads: str, omp: str, most: int
) -> None:
    monkeypatch.setenv("DOWNSLOPE_THREADS", threads)
    monkeypatch.setenv("OMP_NUM_THREADS", omp)
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert parallel.cores() == min(most, there or 1)
