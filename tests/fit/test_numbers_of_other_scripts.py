"""Numbers as other scripts and other programs write them, and values that are written of several numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

import downslope as ds
from downslope.errors import DataError

READ = {
    "full width": ["１", "−２．５", "＋３", "1,200.5"],
    "Arabic": ["١", "-٢.٥", "٣", "١٬٢٠٠.٥"],
    "Devanagari": ["१", "-२.५", "३", "1,200.5"],
    "Fortran": ["1.0D+00", "-2.5d+00", "0.3D+01", "1.2005D+03"],
    "percent of full width": ["１％", "−２．５％", "３％", "1200.5％"],
}


@pytest.mark.parametrize("name", READ)
def test_they_are_read_with_a_note(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = READ[name]
    lines = [f'{i},"{cell}"' for i, cell in enumerate(cells)]
    path.write_text("x,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found = ds.fit(path, "y ~ a + 0*x")
    assert found.x["a"] == pytest.approx((1 - 2.5 + 3 + 1200.5) / 4, rel=1e-14)
    assert any("is read as" in note or "was read with" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (["2.3±0.1", "4.1 ± 0.2", "6.2 +/- 0.1"], "its uncertainty u makes a column of its own"),
        (["2.3(2)", "4.1(1)", "6.2(2)"], "its uncertainty u makes a column of its own"),
        (["1/2", "3/4", "5/4"], "decimal number"),
        (["<0.5", "4.1", "~6"], "A limit or a guess is no number"),
        (["1.5×10^3", "2.5 x 10^3", "4·10^3"], "power of ten as in 1.5e3"),
        (["(2)", "(3)", "4"], "with its sign, such as -2"),
        (["2.5*", "3.1**", "4"], "marks of notes"),
        (["1:20", "12:30", "3:40"], "time as a number"),
        (["2-3", "4 - 5", "6–7"], "one number for the range"),
    ],
)
def test_several_numbers_in_one_are_told_apart(cells: list[str], advice: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "\n".join(f"{i},{c}" for i, c in enumerate(cells)) + "\n", encoding="utf-8")
    for table in (path, {"x": [0, 1, 2], "y": cells}):
        with pytest.raises(DataError, match=advice) as caught:
            ds.fit(table, "y ~ a*x + b")
        assert "softmax" not in str(caught.value)


def test_labels_that_look_alike_stay_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,flat\n1,1D2\n2,2D3\n3,1D2\n4,2D3\n2,1D2\n3,2D3\n", encoding="utf-8")
    found = ds.fit(path, target="flat", features="x", loss="softmax", l2=0.1)
    assert set(found.predict()) <= {"1D2", "2D3"}
