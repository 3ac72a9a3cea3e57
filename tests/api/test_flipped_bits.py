"""Every single bit that flips in a saved file is found when it is loaded, wherever it is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.cli.report import document
from downslope.errors import DataError
from downslope.results.checkpoints import Checkpoint
from downslope.results.run_loading import parsed
from downslope.results.saving import sealed
from trials import fresh_seed, trials

TABLE = {"x": [1.0, 2.0, 3.5], "y": [1.0, 2.5, 3.0]}
RULE: dict[str, Any] = {"optimizer": "gradient_descent", "learning_rate": 0.1}


def a_run(path: Path) -> None:
    ds.minimize("x^2/3", 1.0, **RULE, steps=1).save(path)


def a_checkpoint(path: Path) -> None:
    Checkpoint(path).keep(ds.minimize("x^2/3", 1.0, **RULE, steps=1))


def a_printed_run(path: Path) -> None:
    path.write_text(document(sealed(ds.minimize("x^2/3", 1.0, **RULE, steps=1).to_dict())), "utf-8")


def a_fit(path: Path) -> None:
    ds.fit(TABLE, "y ~ a*x", **RULE, steps=1).save(path)


KINDS = [a_run, a_checkpoint, a_printed_run, a_fit]


def found(content: bytes) -> bool:
    try:
        parsed(content, "file")
    except DataError:
        return True
    return False


def missed(source: bytes, bits: list[int]) -> list[tuple[int, bytes]]:
    """The flips that nobody saw, with what stands around them."""
    out = []
    for bit in bits:
        damaged = bytearray(source)
        damaged[bit // 8] ^= 1 << bit % 8
        if not found(bytes(damaged)):
            out.append((bit, source[max(0, bit // 8 - 20) : bit // 8 + 20]))
    return out


@pytest.mark.parametrize("make", KINDS)
def test_every_flipped_bit_is_found(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "file"
    make(path)
    source = path.read_bytes()
    assert not found(source)
    assert missed(source, list(range(8 * len(source)))) == []


def test_flipped_bits_of_many_files_are_found(tmp_path: Path) -> None:
    draw, path = random.Random(fresh_seed()), tmp_path / "file"
    for i in range(trials(10)):
        rule, start = draw.choice(["adam", "lbfgs", "armijo", "momentum"]), draw.uniform(-2, 2)
        run = ds.minimize("x^4 + exp(y) - y", [start, -start], optimizer=rule, steps=draw.randrange(30))
        if i % 2:
            Checkpoint(path).keep(run)
        else:
            run.save(path)
        source = path.read_bytes()
        bits = [draw.randrange(8 * len(source)) for _ in range(20)]
        assert missed(source, bits) == []


def test_a_file_that_owes_a_digest_is_no_older_one(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    a_run(path)
    whole = json.loads(path.read_text("utf-8"))
    for names in (["sha256"], ["digest"]):
        path.write_text(json.dumps({name: value for name, value in whole.items() if name not in names}))
        with pytest.raises(DataError, match="changed after it was saved"):
            ds.load(path)
    older = {name: value for name, value in whole.items() if name not in ("sha256", "digest")}
    path.write_text(json.dumps(older))
    assert ds.load(path).to_dict() == ds.minimize("x^2/3", 1.0, **RULE, steps=1).to_dict() | {
        "seconds": older["seconds"]
    }


def test_other_white_space_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    a_run(path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=4, ensure_ascii=False), "utf-8")
    assert isinstance(ds.load(path), ds.Run)
