"""Where the complex step is left on the way: the run goes on, is rewound and swept as if it were alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import downslope as ds

STARTS = [[0.1, 0.5], [0.2, 0.5], [1.5, 0.5]]
ASKED: dict[str, Any] = {"learning_rate": 0.05, "explain": False}


def resumed(*given: Any, **options: Any) -> ds.Run:
    run = ds.resume(*given, **options)
    assert isinstance(run, ds.Run)
    return run


def lossy(w: Any) -> Any:
    """A function that throws the imaginary part away between two places, and is smooth all the same."""
    cost = np.sum((w - 1) ** 2 * (1 + w**2))
    return cost if not 0.5 < w[0].real < 0.9 else np.real(cost) + 0.0 * abs(w[0])


def test_it_goes_on_from_a_file_and_is_rewound(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    whole = ds.minimize(lossy, STARTS[0], steps=40, **ASKED)
    part = ds.minimize(lossy, STARTS[0], steps=25, **ASKED)
    assert "the complex step fails" in part.notes[-1]
    part.save(path)
    gone_on = resumed(path, lossy, steps=15, explain=False)
    assert gone_on.history == whole.history
    assert gone_on.notes == whole.notes
    assert part.at(3).history == ds.minimize(lossy, STARTS[0], steps=3, **ASKED).history
    assert part.at(3).resume(steps=37, explain=False).history == whole.history
    assert part.branch(3, hyperparameters={}, steps=37, explain=False).history == whole.history
    assert part.resume(steps=15, explain=False).history == whole.history  # also after it was rewound
    assert ds.verify(path, lossy).identical


def test_runs_of_a_sweep_know_nothing_of_each_other() -> None:
    swept = ds.sweep(lossy, STARTS, learning_rate=0.05, steps=40)
    for place, start in enumerate(STARTS):
        alone = ds.minimize(lossy, start, steps=40, **ASKED)
        assert swept.ends.points[place].tobytes() == alone.final.tobytes()
        assert swept.run(place).notes == alone.notes


def test_what_says_where_it_was_left_counts_the_whole_run(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    whole = ds.minimize(lossy, STARTS[0], steps=40, **ASKED)
    left_at = int(str(whole.notes[-1]).split("at evaluation ")[1].split(";")[0])
    part = ds.minimize(lossy, STARTS[0], steps=left_at - 3, **ASKED)
    assert "the complex step fails" not in part.notes[-1]
    part.save(path)
    for gone_on in (
        part.resume(steps=43 - left_at, explain=False),
        part.resume(steps=43 - left_at, explain=False),
        resumed(path, lossy, steps=43 - left_at, explain=False),
    ):
        assert gone_on.history == whole.history
        assert gone_on.notes == whole.notes


def test_files_that_kept_only_the_note_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    whole = ds.minimize(lossy, STARTS[0], steps=40, **ASKED)
    ds.minimize(lossy, STARTS[0], steps=25, **ASKED).save(path)
    data = json.loads(path.read_text("utf-8"))
    del data["sha256"], data["digest"], data["left_with"]["function"]
    path.write_text(json.dumps(data), "utf-8")
    gone_on = resumed(path, lossy, steps=15, explain=False)
    assert gone_on.history == whole.history
    assert gone_on.notes == whole.notes
