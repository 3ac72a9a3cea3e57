"""kill -9 at every call that writes leaves the old file or the new one; it goes on, and the next writer cleans up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import downslope as ds
from trials import SOAKING

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")
MOST = 60  # calls that write a file; there are fewer
ALONG = """
import os, signal, sys
import downslope as ds
path, most, calls = sys.argv[1], int(sys.argv[2]), [0]
def reached(fatal):
    calls[0] += 1
    if calls[0] == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
def killing(call, fatal):
    def wrapped(*given, **more):
        reached(fatal)
        answer = call(*given, **more)
        reached(fatal)
        return answer
    return wrapped
class Halting:  # a file, half of whose content is on the disk before the rest is written
    def __init__(self, file, fatal):
        self.file, self.fatal = file, fatal
    def __enter__(self):
        return self
    def __exit__(self, *given):
        self.file.close()
        reached(self.fatal)
    def write(self, content):
        half = len(content) // 2
        for part in (content[:half], content[half:]):
            reached(self.fatal)
            self.file.write(part)
            self.file.flush()
        reached(self.fatal)
    def __getattr__(self, name):
        return getattr(self.file, name)
old, new = (ds.minimize("rosenbrock", optimizer="adam", steps=steps) for steps in (20, 50))
for fatal in range(1, most):
    old.save(path)
    assert os.listdir(os.path.dirname(path)) == ["run.json"]  # what the one before left was cleaned up
    child = os.fork()
    if not child:
        fdopen = os.fdopen
        for name in ("open", "fsync", "replace", "chmod", "unlink", "listdir"):
            setattr(os, name, killing(getattr(os, name), fatal))
        os.fdopen = lambda handle, mode: Halting(fdopen(handle, mode), fatal)
        new.save(path)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    run = ds.load(path)
    assert run.resume(steps=3, explain=False).nit == run.nit + 3
    print(code, run.nit)
    if code != -signal.SIGKILL:
        break
"""


def steps_in(path: Path) -> int:
    run = ds.load(path)
    assert isinstance(run, ds.Run)
    assert run.resume(steps=3, explain=False).nit == run.nit + 3
    return run.nit


def test_at_every_call_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    told = subprocess.check_output([sys.executable, "-c", ALONG, str(path), str(MOST)], text=True)
    ends = [tuple(map(int, line.split())) for line in told.splitlines()]
    assert ends.pop() == (0, 50)  # it was killed at all of them before
    assert {code for code, _ in ends} == {-signal.SIGKILL}
    seen = [steps for _, steps in ends]
    new = seen.index(50)  # from some call on the new file is there, and stays
    assert seen == [20] * new + [50] * (len(seen) - new)
    assert new >= 8
    assert len(seen) > new


WRITING = "write,pwrite64,fsync,rename,renameat,renameat2,chmod,fchmod,fchmodat,unlink,unlinkat"


def can_trace() -> bool:
    strace = shutil.which("strace")
    if strace is None:
        return False
    return (
        subprocess.run([strace, "-qq", "-o", os.devnull, "true"], check=False, capture_output=True).returncode
        == 0
    )


@pytest.mark.skipif(not SOAKING or not can_trace(), reason="it takes long, and strace")
def test_the_program_at_every_system_call_that_writes_its_file(tmp_path: Path) -> None:
    path, old = tmp_path / "run.json", ds.minimize("rosenbrock", optimizer="adam", steps=20)
    words = ["minimize", "rosenbrock", "--optimizer", "adam", "--steps", "50", "--quiet", "--save", str(path)]
    program = [sys.executable, "-m", "downslope", *words]
    seen: list[int] = []
    for fatal in range(1, MOST):
        old.save(path)
        assert os.listdir(tmp_path) == ["run.json"]
        inject = f"inject={WRITING}:signal=SIGKILL:when={fatal}"
        trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={WRITING}", "-e", inject]
        done = subprocess.run([*trace, *program], check=False, capture_output=True)
        if done.returncode == 0:
            break
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        seen.append(steps_in(path))
    assert done.returncode == 0
    assert steps_in(path) == 50
    new = seen.index(50) if 50 in seen else len(seen)
    assert seen == [20] * new + [50] * (len(seen) - new)
