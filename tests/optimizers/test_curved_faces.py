"""Every rule that knows curvature at every face: what takes it gives what minimize gives; what cannot says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import downslope as ds
from downslope.cli.main import cli
from downslope.errors import DownslopeError, UsageError
from downslope.optimizers import all_curved
from downslope.optimizers.curvature import CurvedRule, refusal
from downslope.sklearn import DescentRegressor

BOWL, START, LEAST = "(x - 1)^2 + 3*(y + 2)^2", {"x": 3.0, "y": 1.0}, {"x": 1.0, "y": -2.0}
TEST = {"tolerance": 1e-8}
X = np.linspace(0, 3, 30)
TABLE = {"x": X, "y": 2 * np.exp(-0.7 * X) + 0.01 * np.sin(9 * X)}
DECAY, NEAR = "y ~ a*exp(-b*x)", {"a": 1.5, "b": 0.5}
BEST = {"a": 2.00232394, "b": 0.70068893}
RULES = pytest.mark.parametrize("cls", all_curved(), ids=lambda cls: cls.name())

Face = Callable[[type[CurvedRule], Path], None]


def bowl(cls: type[CurvedRule], **options: Any) -> ds.Run:
    return ds.minimize(BOWL, START, optimizer=cls.name(), **{**TEST, **options})


# faces that take them


def in_single_precision(cls: type[CurvedRule], _: Path) -> None:
    run = bowl(cls, tolerance=1e-3, dtype="float32")
    assert run.success
    assert run.x == pytest.approx(LEAST, abs=1e-3)


def in_a_sweep_of_starts(cls: type[CurvedRule], _: Path) -> None:
    swept = ds.sweep(BOWL, {"x": [1.5, 3.0, -2.0], "y": 1.0}, optimizer=cls.name(), **TEST)
    assert list(swept.columns["status"]) == ["converged"] * 3
    assert swept.columns["evaluations"][1] == bowl(cls).nfev
    assert np.array_equal(swept.run(1).history.x, bowl(cls).history.x)


def in_a_sweep_of_its_own_numbers(cls: type[CurvedRule], _: Path) -> None:
    numbers = {name: v for name, v in cls().hyperparameters().items() if isinstance(v, float)}
    for name, value in numbers.items():
        swept = ds.sweep(
            BOWL, START, optimizer=cls.name(), hyperparameters={name: [value, value / 2]}, **TEST
        )
        assert list(swept.columns["status"]) == ["converged"] * 2
        half = ds.minimize(BOWL, START, optimizer=cls(**{name: value / 2}), **TEST)
        assert np.array_equal(swept.run(1).history.x, half.history.x)


def in_a_sweep_of_a_table(cls: type[CurvedRule], _: Path) -> None:
    swept = ds.sweep(DECAY, {**NEAR, "a": [1.5, 1.0]}, table=TABLE, optimizer=cls.name(), tolerance=1e-7)
    assert list(swept.columns["status"]) == ["converged"] * 2
    assert list(swept.columns["a"]) == pytest.approx([BEST["a"]] * 2, abs=1e-5)


def beside_another(cls: type[CurvedRule], _: Path) -> None:
    compared = ds.compare(BOWL, START, optimizer=[cls.name(), "adam(0.1)"], **TEST)
    assert compared.columns["evaluations"][0] == bowl(cls).nfev


def in_a_race(cls: type[CurvedRule], tmp: Path) -> None:
    raced = ds.race(BOWL, [cls.name(), "auto"], START, starts=15, rounds=0, seed=1)
    assert "15/15" in next(line for line in str(raced).splitlines() if line.startswith(cls.name()))


def from_a_checkpoint(cls: type[CurvedRule], tmp: Path) -> None:
    ds.minimize("rosenbrock", optimizer=cls.name(), steps=6, checkpoint=tmp / "kept")
    gone_on = ds.resume(tmp / "kept", steps=3)
    whole = ds.minimize("rosenbrock", optimizer=cls.name(), steps=9)
    assert np.array_equal(gone_on.history.x, whole.history.x)


def run_again(cls: type[CurvedRule], tmp: Path) -> None:
    bowl(cls).save(tmp / "run.json")
    assert str(ds.verify(tmp / "run.json")).startswith("Identical")


def branched_off_to(cls: type[CurvedRule], _: Path) -> None:
    before = ds.minimize("rosenbrock", optimizer="gradient_descent", learning_rate=1e-3, steps=8)
    run = before.branch(4, optimizer=cls.name(), steps=3)
    fresh = ds.minimize("rosenbrock", list(before.history.x[4]), optimizer=cls.name(), steps=3)
    assert run.nit == 7
    assert np.array_equal(run.history.x[4:], fresh.history.x)


def branched_off_from(cls: type[CurvedRule], _: Path) -> None:
    before = ds.minimize("rosenbrock", optimizer=cls.name(), steps=8)
    run = before.branch(4, optimizer="gradient_descent", learning_rate=1e-4, steps=1)
    assert np.array_equal(run.history.x[:5], before.history.x[:5])
    assert run.history.x[5] == pytest.approx(
        before.history.x[4] - 1e-4 * np.array(before.objective.gradient(before.history.x[4])), rel=1e-12
    )


def explained(cls: type[CurvedRule], _: Path) -> None:
    told = bowl(cls).explain()
    assert told.codes == ()
    assert "strict minimum" in str(told)


def foreseen(cls: type[CurvedRule], _: Path) -> None:
    assert str(ds.forecast(BOWL, START, optimizer=cls.name())) == "The curvatures go from 2 to 6 (κ = 3)."


def drawn(cls: type[CurvedRule], tmp: Path) -> None:
    bowl(cls).plot(tmp / "run.png")
    assert (tmp / "run.png").read_bytes().startswith(b"\x89PNG")


def fitted_from_pages(cls: type[CurvedRule], tmp: Path) -> None:
    rows = np.column_stack(list(TABLE.values()))
    np.savetxt(tmp / "t.csv", rows, delimiter=",", header="x,y", comments="", fmt="%.17g")
    asked = {"start": NEAR, "optimizer": cls.name(), "tolerance": 1e-7}
    paged, whole = ds.fit(tmp / "t.csv", DECAY, stream=True, **asked), ds.fit(TABLE, DECAY, **asked)
    assert paged.success
    assert paged.x == pytest.approx(BEST, abs=1e-6)
    assert paged.x == pytest.approx(whole.x, rel=1e-6)


def as_an_estimator(cls: type[CurvedRule], _: Path) -> None:
    made = DescentRegressor(optimizer=cls.name(), tol=1e-9).fit(X[:, None], TABLE["y"])
    assert [made.coef_[0], made.intercept_] == pytest.approx(np.polyfit(X, TABLE["y"], 1), rel=1e-4)


def on_the_command_line(cls: type[CurvedRule], tmp: Path) -> None:
    asked = [BOWL, "--start", "x=3,y=1", "--optimizer", cls.name(), "--tolerance", "1e-8"]
    for command in ("minimize", "explain"):
        done = CliRunner().invoke(cli, [command, *asked])
        assert done.exit_code == 0, done.output
        assert "The gradient norm" in done.output
    swept = CliRunner().invoke(cli, ["sweep", *asked[:2], "x=grid(1,3,3),y=1", *asked[3:]])
    assert "3 converged" in swept.output, swept.output
    told = CliRunner().invoke(cli, ["optimizers", cls.name()])
    assert cls.summary().split()[0] in told.output


WORK = (
    in_single_precision,
    in_a_sweep_of_starts,
    in_a_sweep_of_its_own_numbers,
    in_a_sweep_of_a_table,
    beside_another,
    in_a_race,
    from_a_checkpoint,
    run_again,
    branched_off_to,
    branched_off_from,
    explained,
    foreseen,
    drawn,
    fitted_from_pages,
    as_an_estimator,
    on_the_command_line,
)


@RULES
@pytest.mark.parametrize("face", WORK, ids=lambda face: face.__name__)
def test_it_goes(face: Face, cls: type[CurvedRule], tmp_path: Path) -> None:
    face(cls, tmp_path)


# faces that cannot take them


def fitted(cls: type[CurvedRule], **options: Any) -> ds.Fit:
    return ds.fit(TABLE, "y ~ a*x + b", optimizer=cls.name(), **options)


GRADIENTS = ("numpy_class", "torch.optim", "keras", "optax")  # whose optimizers are given gradients
REFUSED: dict[str, Callable[[type[CurvedRule], Path], Any]] = {
    **{f"script {to}": (lambda cls, tmp, to=to: bowl(cls, steps=2).export(to)) for to in GRADIENTS},
    "page": lambda cls, tmp: bowl(cls).to_html(tmp / "p.html"),
    "mini-batches": lambda cls, tmp: fitted(cls, batch_size=5),
    "updater": lambda cls, tmp: cls().updater(),
}
NO_RATE: dict[str, Callable[[type[CurvedRule], Path], Any]] = {
    "a learning rate": lambda cls, tmp: bowl(cls, learning_rate=0.1),
    "a search for one": lambda cls, tmp: ds.find_learning_rate(BOWL, START, optimizer=cls.name()),
    "a sweep of rates": lambda cls, tmp: ds.sweep(
        BOWL, START, optimizer=cls.name(), learning_rate=[0.1, 0.2]
    ),
    "a schedule": lambda cls, tmp: bowl(cls, schedule="cosine(steps=9)"),
}


ALIKE = [(cls, face) for cls in all_curved() for face in REFUSED]


@pytest.mark.parametrize(("cls", "face"), ALIKE, ids=[f"{cls.name()}: {face}" for cls, face in ALIKE])
def test_it_is_named_with_the_reason(face: str, cls: type[CurvedRule], tmp_path: Path) -> None:
    with pytest.raises(DownslopeError) as caught:
        REFUSED[face](cls, tmp_path)
    assert str(refusal(cls())) in str(caught.value)


@RULES
@pytest.mark.parametrize("face", NO_RATE)
def test_it_has_no_learning_rate(face: str, cls: type[CurvedRule], tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=rf"{cls.__name__} has no (hyperparameter 'learning_rate'|learning rate)"
    ):
        NO_RATE[face](cls, tmp_path)


@RULES
def test_bounds_and_penalties_are_refused_but_by_the_one_that_takes_them(cls: type[CurvedRule]) -> None:
    with pytest.raises(UsageError, match=f"{cls.__name__} cannot be kept within bounds"):
        bowl(cls, bounds={"x": (0, 2)})
    if cls.name() == "coordinate_descent":
        assert fitted(cls, l1=0.1).success
        return
    with pytest.raises(UsageError, match=f"not by {cls.name()}"):
        fitted(cls, l1=0.1)
