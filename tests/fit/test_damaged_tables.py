"""Tables with random damage are read, fitted or refused in words; nothing else happens."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import downslope as ds
from downslope.errors import DownslopeError
from trials import fresh_seed, trials

COMMAS = b"x,y,s,n\n1,2,a,1\n2,4.1,b,2\n3,6,a,3\n4,8.2,b,4\n5,10,a,5\n6,12.1,b,6\n"
TABS = 'x\ty\ts\n1,5\t2,25\té\n2,5\t3\t"q"\n3,5\t4\tü\n4,5\t5\tz\n'.encode("cp1252")
PIECES = [
    *(
        b'"',
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b";",
        b"\t",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"sep=;\n",
        b"#",
    ),
    *(
        b"1e999",
        b"-",
        b"NA",
        b"1.234,5",
        b"9" * 400,
        b"nan",
        b"inf",
        b"0x1f",
        b"%",
        b"$",
        b"\xe9",
        b"\xb0\xa1",
    ),
    *(b"=1+1", b" ", b"'", b"\\", b"True", b"2020-01-01", b"1_000"),
]
ASKED: list[dict[str, Any]] = [
    {"hypothesis": "y ~ a*x + b"},
    {"target": "y"},
    {"target": "s", "loss": "softmax", "features": "x", "l2": 1e-3},
    {"target": "y", "stream": True},
    {"hypothesis": "y ~ a*x", "stream": True, "holdout": 0.3},
    {"target": "y", "loss": "mae", "l2": 0.1},
    {"target": "y", "features": "x", "drop_missing": True, "holdout": 0.3},
]


def damaged(source: bytes, chance: random.Random) -> bytes:
    """The bytes with a few pieces put in, taken out, copied or changed."""
    made = bytearray(source)
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        at, way = chance.randrange(len(made) + 1), chance.random()
        if way < 0.3:
            made[at:at] = chance.choice(PIECES)
        elif way < 0.6 and at < len(made):
            made[at] = chance.randrange(256)
        elif way < 0.8:
            del made[at : at + chance.randrange(1, 12)]
        elif way < 0.9:
            made = made[:at] or made
        else:
            other = chance.randrange(len(made) + 1)
            made[at:at] = made[other : other + chance.randrange(1, 40)]
    return bytes(made)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "feather"])
def test_damaged_tables_are_refused_or_read(ending: str, tmp_path: Path) -> None:
    table = pa.table({"x": [1.0, 2, 3, 4, 5, 6], "y": [2.0, 4.1, 6, 8.2, 10, 12.1], "s": list("ababab")})
    parquet.write_table(table, tmp_path / "whole.parquet")
    feather.write_feather(table, tmp_path / "whole.feather", compression="uncompressed")
    (tmp_path / "whole.csv").write_bytes(COMMAS)
    (tmp_path / "whole.tsv").write_bytes(TABS)
    source, path = (tmp_path / f"whole.{ending}").read_bytes(), tmp_path / f"damaged.{ending}"
    chance = random.Random(f"{fresh_seed()}/{ending}")
    for _ in range(trials(60)):
        path.write_bytes(damaged(source, chance))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of numbers that nobody would fit
                if chance.random() < 0.25:
                    said = str(ds.look(str(path)))
                else:
                    said = repr(ds.fit(str(path), **chance.choice(ASKED)))
        except DownslopeError as error:
            said = str(error)
        assert said
