"""Reads the files of NIST's Statistical Reference Datasets in tests/data/nist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "data" / "nist"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


@dataclass(frozen=True)
class Dataset:
    name: str
    y: np.ndarray
    x: np.ndarray
    certified: tuple[float, ...]
    deviations: tuple[float, ...]
    starts: tuple[tuple[float, ...], ...]


def read(name: str) -> Dataset:
    path = next(FOLDER.rglob(f"{name}.dat"))
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("Data:"))
    rows = [[float(v) for v in re.findall(_NUMBER, line)] for line in lines[last + 1 :] if line.strip()]
    width = max(len(row) for row in rows)
    table = np.array([row for row in rows if len(row) == width])
    if path.parent.name == "univariate":
        told = [re.search(rf"^Sample (?:Mean|Standard Deviation).*:\s+({_NUMBER})", line) for line in lines]
        mean, deviation = (float(m[1]) for m in told if m)
        return Dataset(name, table[:, 0], np.zeros((len(table), 0)), (mean,), (deviation,), ())
    if path.parent.name == "linear":
        found = [re.match(rf"\s*B\d+\s+({_NUMBER})\s+({_NUMBER})\s*$", line) for line in lines]
        pairs = [(float(m[1]), float(m[2])) for m in found if m]
        starts: tuple[tuple[float, ...], ...] = ()
    else:
        found = [
            re.match(rf"\s*b\d+ =\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})", line)
            for line in lines
        ]
        four = [tuple(float(m[i]) for i in range(1, 5)) for m in found if m]
        pairs = [(v[2], v[3]) for v in four]
        starts = (tuple(v[0] for v in four), tuple(v[1] for v in four))
    certified, deviations = zip(*pairs, strict=True)
    x = table[:, 1] if width == 2 else table[:, 1:]
    return Dataset(name, table[:, 0], x, certified, deviations, starts)


LINEAR = {
    "Norris": "y ~ b0 + b1*x",
    "NoInt1": "y ~ b1*x",
    "Pontius": "y ~ b0 + b1*x + b2*x^2",
    "NoInt2": "y ~ b1*x",
    **{f"Wampler{k}": "y ~ b0 + b1*x + b2*x^2 + b3*x^3 + b4*x^4 + b5*x^5" for k in range(1, 6)},
    "Longley": "y ~ b0 + " + " + ".join(f"b{k}*x{k}" for k in range(1, 7)),
    "Filip": "y ~ b0 + " + " + ".join(f"b{k}*x^{k}" for k in range(1, 11)),
}

UNIVARIATE = ("Lew", "Lottery", "Mavro", "Michelso", "NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4")


def table_of(data: Dataset) -> dict[str, np.ndarray]:
    """Its columns by their names in the hypotheses."""
    if data.name == "Nelson":
        return {"x1": data.x[:, 0], "x2": data.x[:, 1], "y": np.log(data.y)}
    if data.x.ndim == 1:
        return {"x": data.x, "y": data.y}
    return {f"x{j + 1}": column for j, column in enumerate(data.x.T)} | {"y": data.y}


_PEAKS = "y ~ b1*exp(-b2*x) + b3*exp(-(x - b4)^2/b5^2) + b6*exp(-(x - b7)^2/b8^2)"
_DECAYS = "y ~ b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)"
NONLINEAR = {
    "Bennett5": "y ~ b1*(b2 + x)^(-1/b3)",
    "BoxBOD": "y ~ b1*(1 - exp(-b2*x))",
    "Chwirut1": "y ~ exp(-b1*x)/(b2 + b3*x)",
    "ENSO": "y ~ b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
    " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7)",
    "Eckerle4": "y ~ (b1/b2)*exp(-0.5*((x - b3)/b2)^2)",
    **{f"Gauss{k}": _PEAKS for k in (1, 2, 3)},
    "Hahn1": "y ~ (b1 + b2*x + b3*x^2 + b4*x^3)/(1 + b5*x + b6*x^2 + b7*x^3)",
    **{f"Lanczos{k}": _DECAYS for k in (1, 2, 3)},
    "MGH10": "y ~ b1*exp(b2/(x + b3))",
    "MGH17": "y ~ b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
    "Misra1b": "y ~ b1*(1 - (1 + b2*x/2)^(-2))",
    "Misra1c": "y ~ b1*(1 - (1 + 2*b2*x)^(-0.5))",
    "Misra1d": "y ~ b1*b2*x*((1 + b2*x)^(-1))",
    "Nelson": "y ~ b1 - b2*x1*exp(-b3*x2)",  # y is the logarithm of what the file has
    "Rat43": "y ~ b1/((1 + exp(b2 - b3*x))^(1/b4))",
    "Roszman1": "y ~ b1 - b2*x - atan(b3/(x - b4))/pi",
    "Chwirut2": "y ~ exp(-b1*x)/(b2 + b3*x)",
    "DanWood": "y ~ b1*x^b2",
    "Kirby2": "y ~ (b1 + b2*x + b3*x^2)/(1 + b4*x + b5*x^2)",
    "MGH09": "y ~ b1*(x^2 + x*b2)/(x^2 + x*b3 + b4)",
    "Misra1a": "y ~ b1*(1 - exp(-b2*x))",
    "Rat42": "y ~ b1/(1 + exp(b2 - b3*x))",
    "Thurber": "y ~ (b1 + b2*x + b3*x^2 + b4*x^3)/(1 + b5*x + b6*x^2 + b7*x^3)",
}


def digits(values: object, certified: tuple[float, ...]) -> float:
    """The least number of digits to which the values agree with the certified ones."""
    a, b = np.asarray(values, float), np.array(certified)
    with np.errstate(divide="ignore"):
        return float(np.min(-np.log10(np.abs(a - b) / np.abs(b)).clip(None, 16)))
