"""What Numba keeps on disk is never stale."""

import subprocess
import sys
import textwrap


def test_what_is_compiled_is_compiled_anew_when_a_neighbour_changes(tmp_path):
    """Numba's own cache would go on using the old neighbour."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "caller.py").write_text(
        textwrap.dedent("""
        from downslope.fitting.kernels.caching import compiled
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
            "from downslope.fitting.kernels.caching import compiled\n\n\n"
            f"@compiled()\ndef number(x):\n    return {body}\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.split())
    assert said == [["4.0", "0"], ["4.0", "1"], ["6.0", "0"]]
