"""No place to write: a full disk, a home that is none, damaged native code, a standard output that is closed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import downslope as ds
from trials import fresh_seed, trials

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and shells are those of POSIX")
RUN = ["minimize", "rosenbrock", "--optimizer", "adam", "--steps", "400", "--quiet"]
# Of which native code is kept on disk.
SWEPT = [
    "sweep",
    "rosenbrock",
    "--optimizer",
    "adam",
    "--learning-rate",
    "0.01,0.1",
    "--steps",
    "400",
    "--quiet",
]
ROOM = 2_000  # bytes that a file may have; a saved run has more


LIMITED = """
import os, resource, sys
room = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
os.execv(sys.executable, [sys.executable, "-m", "downslope", *sys.argv[2:]])
"""


def program(*words: str, room: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program; ``room`` is how long a file may get, after which writing fails as on a full disk.

    A process of its own sets the limit: this one may have threads of frameworks, and must not run
    Python once it has forked.
    """
    begun = ["-m", "downslope"] if room is None else ["-c", LIMITED, str(room)]
    return subprocess.run(
        [sys.executable, *begun, *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def printed() -> str:
    """What the run prints where there is room."""
    done = program(*RUN)
    assert done.returncode == 0
    return done.stdout


def test_a_full_disk_keeps_the_old_file_and_loses_no_output(tmp_path: Path, printed: str) -> None:
    path = tmp_path / "run.json"
    ds.minimize("x^2", 1.0, learning_rate=0.1, steps=1).save(path)
    before = path.read_bytes()
    done = program(*RUN, "--save", str(path), room=ROOM)
    assert done.returncode == 3
    assert done.stdout == printed
    assert "run.json cannot be written: File too large" in " ".join(done.stderr.split())
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.fixture(scope="module")
def swept() -> str:
    """What the sweep prints where there is room."""
    done = program(*SWEPT)
    assert done.returncode == 0
    return done.stdout


def test_a_full_disk_for_native_code_is_no_matter(tmp_path: Path, swept: str) -> None:
    done = program(*SWEPT, room=1, NUMBA_CACHE_DIR=str(tmp_path / "kept"))
    assert (done.returncode, done.stdout, done.stderr) == (0, swept, "")


def test_a_home_that_is_none_is_no_matter(tmp_path: Path, swept: str) -> None:
    (tmp_path / "file").write_text("")
    nowhere = str(tmp_path / "file" / "below")
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TMPDIR"), nowhere)
    done = program(*SWEPT, **places)
    assert (done.returncode, done.stdout, done.stderr) == (0, swept, "")


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory, swept: str) -> Path:
    """A folder with native code."""
    folder = tmp_path_factory.mktemp("native")
    assert program(*SWEPT, NUMBA_CACHE_DIR=str(folder)).stdout == swept
    return folder


def test_native_code_with_damaged_ranges_is_no_matter_and_is_mended(
    native: Path, tmp_path: Path, swept: str
) -> None:
    draw = random.Random(fresh_seed())
    for i in range(trials(3)):
        copy = tmp_path / str(i)
        shutil.copytree(native, copy)
        for path in sorted(path for path in copy.rglob("*") if path.is_file()):
            data = bytearray(path.read_bytes())
            begin = draw.randrange(len(data))
            end = min(len(data), begin + draw.choice([1, 16, 4096]))
            data[begin:end] = draw.choice([b"", bytes(end - begin), draw.randbytes(end - begin)])
            path.write_bytes(data)
        for _ in range(2):  # the second finds what the first has mended
            done = program(*SWEPT, NUMBA_CACHE_DIR=str(copy))
            assert (done.returncode, done.stdout, done.stderr) == (0, swept, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", ["problems", "minimize x^2 --start x=1 --learning-rate 0.1 --steps 3 --format csv"]
)
def test_a_closed_standard_output_is_an_error(words: str, unbuffered: str, tmp_path: Path) -> None:
    saved = tmp_path / "run.json"
    more = f" --save {saved}" if words.startswith("minimize") else ""
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m downslope {words}{more} >&-'], check=False, text=True,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    assert done.returncode == 3
    assert "standard output cannot be read or written: Bad file descriptor" in " ".join(done.stderr.split())
    assert not more or isinstance(ds.load(saved), ds.Run)  # one failing does not lose the others


def test_a_closed_standard_output_that_nothing_is_written_to_is_none(tmp_path: Path) -> None:
    line = f'"{sys.executable}" -m downslope optimizers adam --help >/dev/null 2>&-'
    assert subprocess.run(["sh", "-c", line], check=False).returncode == 0
