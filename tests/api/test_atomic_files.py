"""Files are written whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from downslope.errors import DataError
from downslope.files import read_text, write_atomically


def test_it_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert write_atomically(path, b"one") == path
    write_atomically(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod", "write"])
def test_whatever_fails_leaves_the_old_file_and_nothing_beside_it(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    if call == "write":

        class Full:
            def __init__(self, handle: int, _: str) -> None:
                self.handle = handle

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: Any) -> None:
                os.close(self.handle)

            write = fail

        monkeypatch.setattr(os, "fdopen", Full)
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(DataError, match=r"a\.json cannot be written: No space left on device"):
        write_atomically(path, b"new" * 1000)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_ctrl_c_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def press(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", press)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_stays_one_and_the_file_that_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link, chain = tmp_path / "there" / "real.json", tmp_path / "link.json", tmp_path / "chain.json"
    link.symlink_to(real)
    chain.symlink_to(link)
    for path, content in ((link, b"one"), (chain, b"two")):
        write_atomically(path, content)
        assert real.read_bytes() == content
        assert path.is_symlink()
    assert os.listdir(tmp_path / "there") == ["real.json"]


def test_file_and_folder_are_flushed_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(os.fstat(handle).st_mode), sync(handle)))
    write_atomically(tmp_path / "a.json", b"new")
    assert [stat.S_ISREG(flushed[0]), stat.S_ISDIR(flushed[1])] == [True, True]


KILLED = """
import os, signal, sys
from downslope.files import write_atomically
call = getattr(os, sys.argv[2])
def kill(*given):
    if sys.argv[3] == "after":
        call(*given)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], kill)
write_atomically(sys.argv[1], b"new" * 1000)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one_and_the_next_cleans_up(
    call: str, when: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")
    alive = tmp_path / f".a.json.00000000-{os.getpid()}-x.part"
    alive.write_bytes(b"of another machine")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), call, when], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"new" * 1000 if (call, when) == ("replace", "after") else b"old")
    write_atomically(path, b"next")
    assert path.read_bytes() == b"next"
    assert sorted(os.listdir(tmp_path)) == [alive.name, "a.json"]


def test_a_folder_that_is_not_there_or_a_folder_itself(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file or directory"):
        write_atomically(tmp_path / "nowhere" / "a.json", b"")
    with pytest.raises(DataError, match="directory"):
        write_atomically(tmp_path, b"")
    assert os.listdir(tmp_path) == []


def test_permissions_are_those_of_the_old_file_or_the_usual_ones(tmp_path: Path) -> None:
    path, new = tmp_path / "a.json", tmp_path / "b.json"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    mask = os.umask(0o027)
    try:
        write_atomically(new, b"new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """So is /dev/stdout, and root's /dev/null stays what it is."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(path.read_bytes()))
    reader.start()
    write_atomically(path, b"through")
    reader.join(timeout=10)
    assert seen == [b"through"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("θ²".encode())
    assert read_text(path) == "θ²"
    path.write_bytes(b"ab\xff")
    with pytest.raises(DataError, match="not UTF-8 text \\(byte 2\\)"):
        read_text(path)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_text(tmp_path / "b.txt")
