"""Arguments of ``fit`` of every kind: understood, or refused in a sentence that names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import downslope as ds
from downslope.errors import DataError, DownslopeError, UsageError

X = np.arange(1.0, 9.0)
TABLE = pd.DataFrame({"x": X, "y": 2 * X + 1})
STRANGE: list[Any] = [
    *(5, -1, 2.5, True, "", [], [1], ["x", 2], {}, {"a": 1}, object(), np.array([1, 2]), np.nan, np.inf),
    *(b"x", (1, 2), len, "zz", "1,2", slice(1), 1 + 2j, np.float64(3), pd.Series([1, 2]), range(3), {1, 2}),
    *(10**400, "9" * 400, None),
]
ARGUMENTS = (
    *(
        "target",
        "features",
        "categories",
        "weights",
        "loss",
        "l1",
        "l2",
        "optimizer",
        "learning_rate",
        "steps",
    ),
    *(
        "tolerance",
        "start",
        "standardize",
        "stream",
        "drop_missing",
        "holdout",
        "batch_size",
        "epochs",
        "seed",
    ),
    *(
        "path",
        "schedule",
        "decimal",
        "thousands",
        "skip_rows",
        "na_values",
        "encoding",
        "every",
        "time_limit",
    ),
    *("target_loss", "gradient", "callback", "relative_tolerance", "value_tolerance", "x_tolerance"),
    *("evaluations", "hypothesis"),
)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_whatever_an_argument_is_the_answer_is_a_fit_or_one_of_our_errors(name: str) -> None:
    refused = 0
    for value in STRANGE if name != "schedule" else [one for one in STRANGE if one is not len]:
        options: dict[str, Any] = {"target": "y", "steps": 3} if name != "hypothesis" else {"steps": 3}
        if name in ("batch_size", "epochs"):
            options = {"target": "y", "batch_size": 4, "epochs": 2}
        if name == "schedule":
            options["learning_rate"] = 0.01
        try:
            ds.fit(TABLE, **{**options, name: value})
        except DownslopeError as error:
            refused += len(str(error)) > 0
    assert refused >= (0 if name == "na_values" else 3)  # any word may stand for a missing value


def test_whole_numbers_name_the_columns_that_are_called_so() -> None:
    table = pd.DataFrame({0: X, 1: 2 * X + 1, 2: X**2})
    assert ds.fit(table, target=1, features=0).x == pytest.approx({"0": 2.0, "intercept": 1.0})
    assert ds.fit(table, target=np.int64(1), features=[0, 2]).x == pytest.approx(
        {"0": 2.0, "2": 0.0, "intercept": 1.0}, abs=1e-12
    )
    assert ds.fit(table, target="1", features=pd.Index([0])).x == pytest.approx({"0": 2.0, "intercept": 1.0})


def test_what_is_wrong_is_said() -> None:
    for call in (lambda **o: ds.fit(TABLE, target="y", **o), lambda **o: ds.minimize("x^2", 1.0, **o)):
        with pytest.raises(UsageError, match="callback is 5; it must be a function"):
            call(callback=5)
    with pytest.raises(UsageError, match=r"target is .* must be the name of a column"):
        ds.fit(TABLE, target=[1])
    with pytest.raises(UsageError, match=r"weights is .* a number for each row"):
        ds.fit(TABLE, target="y", weights=["x", 2])
    with pytest.raises(UsageError, match=r"drop_missing is .* True or False"):
        ds.fit(TABLE, target="y", drop_missing="no")
    with pytest.raises(UsageError, match=r"a path to a file is needed, and this is a list"):
        ds.load([1])  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"sparse matrix.*toarray"):
        ds.fit((scipy.sparse.csr_matrix(X[:, None]), X), target="y")


def test_a_note_on_rounded_numbers_is_said_once(tmp_path: Any) -> None:
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{2**53 + 2 * i + 1},{i}\n" for i in range(9)))
    for stream in (False, True):
        notes = [str(note) for note in ds.fit(path, target="y", stream=stream).notes]
        assert sum("beyond 2^53" in note for note in notes) == 1
