"""Saved runs and fits with random damage are refused in words or read; nothing else happens."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.errors import DataError
from downslope.optimizers import Adam
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


def a_run_that_went_on(path: Path) -> None:
    run = ds.minimize("rosenbrock", optimizer="lbfgs", steps=4)
    run.resume(steps=3).save(path)


def a_sweep(path: Path) -> None:
    ds.sweep("x^2 + y^2", {"x": ds.Uniform(-1, 1), "y": [1.0, 2.0]}, optimizer=["adam", "momentum"], learning_rate=0.1,
             steps=5, draws=3, seed=1, every=2, schedule="cosine(steps=5)").save(path)  # fmt: skip


def a_race(path: Path) -> None:
    race = ds.race(
        "x^2", ["adam", Adam(learning_rate=0.3), "lbfgs"], {"x": 1.0}, starts=15, rounds=1, rates=[0.1, 1.0]
    )
    race.save(path)


def a_comparison(path: Path) -> None:
    ds.compare("x^2", {"x": 1.0}, learning_rate=[0.1, 0.25], steps=3).save(path)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("make", [a_run_that_went_on, a_sweep, a_race, a_comparison])
def test_damaged_values_of_what_has_no_digest_are_refused_or_read(make: Any, tmp_path: Path) -> None:
    begun = seed(1)
    print(f"DOWNSLOPE_SEED={begun - 1}")
    chance, path = random.Random(f"{begun}/{make.__name__}"), tmp_path / "damaged.json"
    make(path)
    whole = json.loads(path.read_text("utf-8"))
    for one in (whole, *whole.get("runs", ())):
        for name in ("sha256", "digest"):
            one.pop(name, None)
    text = json.dumps(whole)
    for _ in range(trials(60)):
        data = json.loads(text)
        node, key = chance.choice(places(data))
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = chance.choice(STRANGE)
        path.write_text(json.dumps(data), "utf-8")
        attempt(path)
