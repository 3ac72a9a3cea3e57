"""What Numba keeps on disk is never stale."""

import itertools
import os
import shutil
import subprocess
import sys
import textwrap

import pytest


def test_what_is_compiled_is_compiled_anew_when_a_neighbour_changes(tmp_path):
    """Numba's own cache would go on using the old neighbour."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "caller.py").write_text(
        textwrap.dedent("""
        from downslope.symbolic.kernel_cache import compiled
        from kept.neighbour import number

        @compiled()
        def twice(x):
            return 2 * number(x)
        """)
    )
    script = "from kept.caller import twice; print(twice(1.0), sum(twice.stats.cache_hits.values()))"
    said = []
    for body in ("x + 1", "x + 1", "x + 2"):
        (folder / "neighbour.py").write_text(
            "from downslope.symbolic.kernel_cache import compiled\n\n\n"
            f"@compiled()\ndef number(x):\n    return {body}\n"
        )
        done = subprocess.run(  # -B: Python would take the old neighbour's bytecode within a second, of one length
            [sys.executable, "-B", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.split())
    assert said == [["4.0", "0"], ["4.0", "1"], ["6.0", "0"]]


def _run(where, **environment):
    """A sweep and a fit in a fresh process, whose compiled code is kept below a folder."""
    script = (
        "import downslope as ds;"
        "print(ds.sweep('x^2', 3.0, learning_rate=[0.1, 0.2], steps=9).best['value'],"
        " ds.fit({'u': [1.0, 2.0, 3.0], 'v': [2.0, 4.0, 6.5]}, 'v ~ a*u + b').x['a'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", script],
        env={**os.environ, "NUMBA_CACHE_DIR": str(where), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with what was compiled, and what the run printed."""
    folder = tmp_path_factory.mktemp("kept")
    return folder, _run(folder)


DAMAGES = {
    "nothing is left of it": lambda data: b"",
    "half of it": lambda data: data[: len(data) // 2],
    "a flipped bit": lambda data: data[:-9] + bytes([data[-9] ^ 4]) + data[-8:],
    "something else": lambda data: b"not what it was" * 40,
    "a class that is no more": lambda data: b"cnowhere\nNothing\n.",
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_damaged_code_is_compiled_anew(kept, tmp_path, suffix):
    folder, printed = kept
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    files = sorted(copy.rglob(f"*{suffix}"))
    assert len(files) >= len(DAMAGES)
    for path, damage in zip(files, itertools.cycle(DAMAGES.values()), strict=False):
        path.write_bytes(damage(path.read_bytes()))
    damaged = {path: path.read_bytes() for path in files}
    assert _run(copy) == printed
    mended = [path for path in files if path.read_bytes() != damaged[path]]
    assert suffix == ".nbc" or len(mended) == len(files)


def test_it_runs_where_nothing_can_be_kept_and_where_numba_is_told_not_to_compile(kept, tmp_path):
    _, printed = kept
    (tmp_path / "file").write_text("")
    assert _run(tmp_path / "file" / "below") == printed  # no folder can be made below a file
    assert _run(tmp_path / "other", NUMBA_DISABLE_JIT="1") == printed
