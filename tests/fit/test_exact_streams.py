"""Linear models of tables that stay in their files end at the exact answer too, however far from zero these lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rational import predictions

import downslope as ds
from downslope.fitting import pages
from downslope.fitting.moments import moments
from trials import fresh_seed, trials

TABLES = 60


def drawn(rng: np.random.Generator) -> tuple[list[Any], Any]:
    """Columns and a target up to 1e10 of their spreads from zero, in units of any size, some of them sorted."""
    n, p = int(rng.integers(5, 40)), int(rng.integers(1, 4))
    columns = []
    for _ in range(p):
        numbers = rng.integers(-999, 1000, n).astype(float)
        offset = float(np.round(577 * 10 ** rng.uniform(0, 10))) if rng.random() < 0.8 else 0.0
        numbers = np.sort(numbers) if rng.random() < 0.3 else numbers
        columns.append((numbers + offset) * 2.0 ** float(rng.integers(-40, 41)))
    y = np.round(rng.normal(size=n) * 1000) / 1000
    y = np.sort(y) if rng.random() < 0.3 else y
    y = y + 10 ** rng.uniform(0, 10) if rng.random() < 0.5 else y
    return columns, y * 10.0 ** float(rng.integers(-12, 13))


@pytest.mark.parametrize("page", [4, 1024], ids=["many pages", "one page"])
def test_drawn_streams_against_rational_arithmetic(
    page: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_NUMBERS", 1)
    monkeypatch.setattr(pages, "LEAST_ROWS", page)
    rng = np.random.default_rng(fresh_seed())
    for number in range(trials(TABLES)):
        columns, y = drawn(rng)
        names = [f"x{j}" for j in range(len(columns))]
        weights = rng.integers(1, 4, len(y)).astype(float) if rng.random() < 0.3 else None
        intercept = bool(rng.random() < 0.85)
        l2 = float(10 ** rng.uniform(-6, 1)) if intercept and rng.random() < 0.2 else 0.0
        table = pa.table(dict(zip(names, columns, strict=True)) | {"y": y})
        if weights is not None:
            table = table.append_column("w", pa.array(weights))
        pq.write_table(table, tmp_path / "table.parquet", row_group_size=int(rng.integers(2, len(y) + 1)))
        text = "y ~ " + " + ".join(f"p{name}*{name}" for name in names) + (" + b" if intercept else "")
        given = None if weights is None else "w"
        found = ds.fit(str(tmp_path / "table.parquet"), text, weights=given, l2=l2, stream=True)
        assert found.status == "converged", f"table {number}: {found.message}"
        assert page >= len(y) or found.problem.objective.table.pages.pages > 1
        right = predictions([*columns, np.full(len(y), float(intercept))], y, weights, l2)
        mean = np.average(y, weights=weights) if intercept else 0.0
        spread = np.sqrt(np.average((y - mean) ** 2, weights=weights))
        off = float(np.max(np.abs(found.predict(table) - right)))
        assert off <= 1e-8 * spread + 4 * np.spacing(np.max(np.abs(y))), f"table {number}"


def test_moments_know_what_rounding_leaves_out_of_means() -> None:
    """A mean of thirds at 1e10, of blocks that differ, which are merged: in rational numbers."""
    x = 1e10 + np.arange(3 * 128) // 128
    y = 3e9 + (np.arange(len(x)) % 3 == 0)
    m = moments(x[:, None], y, np.empty(0))
    assert (m.mean[0] - 1e10) + m.left[0] == pytest.approx(1.0, rel=1e-15)
    assert (m.mean[1] - 3e9) + m.left[1] == pytest.approx(1 / 3, rel=1e-15)
    assert m.products[0, 0] == pytest.approx(256.0, rel=1e-14)
    assert m.products[1, 1] == pytest.approx(128 * 2 / 3, rel=1e-14)
    halves = [moments(x[part, None], y[part], np.empty(0)) for part in (slice(0, 100), slice(100, None))]
    merged = halves[0].merged(halves[1])
    assert (merged.mean[1] - 3e9) + merged.left[1] == pytest.approx(1 / 3, rel=1e-15)
    assert merged.products == pytest.approx(m.products, rel=1e-13, abs=1e-11)
