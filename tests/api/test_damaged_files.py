"""Saved runs and fits with random damage are refused in words or read; nothing else happens."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.errors import DataError
from trials import seed, trials

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
FILES = sorted(path for path in GOLDEN.glob("*/*.json") if path.name != "expected.json")
STRANGE = (None, True, -1, 0, 2.5, 1e308, "inf", "", "x", [], {}, [[]], 10**30, {"key": "{0.__class__}"})


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place in plain data, as a container and a key."""
    found: list[tuple[Any, Any]] = []
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        found += [(node, key), *places(node[key])]
    return found


def attempt(path: Path) -> None:
    try:
        loaded = ds.load(path)
    except DataError as error:
        said = str(error)
    else:
        said = repr(loaded)
    assert said


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that nobody would have saved
@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_damaged_values_and_bytes_are_refused_or_read(file: Path, tmp_path: Path) -> None:
    begun = seed(1)
    print(f"DOWNSLOPE_SEED={begun - 1}")
    chance, source, path = random.Random(f"{begun}/{file.name}"), file.read_bytes(), tmp_path / "damaged.json"
    for _ in range(trials(15)):
        data = json.loads(source)
        node, key = chance.choice(places(data))
        node[key] = chance.choice(STRANGE)
        path.write_text(json.dumps(data), "utf-8")
        attempt(path)
        damaged = bytearray(source)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        attempt(path)
