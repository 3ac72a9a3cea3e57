"""Nonlinear least squares with data that are drawn here: known forms, a near start and a far one of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

Function = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class NonlinearProblem:
    """A hypothesis, the function that it is, what the data are drawn from, and where fits begin.

    Attributes:
        right: the hypothesis; its parameters are b1, b2, ...
        function: the same of (parameters, columns by their names).
        truth: the parameters that the data are drawn from.
        noise: the standard deviation of the residuals; part of the predictions where ``relative``.
        x: the column x.
        starts: the far one first.
        relative: see ``noise``.
    """

    name: str
    right: str
    function: Function
    truth: tuple[float, ...]
    noise: float
    x: Any
    starts: tuple[tuple[float, ...], tuple[float, ...]]
    relative: bool = False

    def table(self) -> dict[str, Any]:
        """The columns, the same at every call."""
        rng = np.random.default_rng([ord(letter) for letter in self.name])
        x = np.asarray(self.x, float)
        clean = self.function(np.array(self.truth), x)
        scale = np.abs(clean) if self.relative else 1.0
        return {"x": x, "y": clean + self.noise * scale * rng.standard_normal(len(x))}

    def best(self) -> tuple[float, ...]:
        """The parameters of least squares: MINPACK's, from the truth and with exact derivatives, and Gauss-Newton's.

        The last steps are not held against the cost, whose rounding hides half of the digits.
        """
        x, tiny = self.table()["x"], 1e-30

        def slopes(b: Any) -> Any:
            return np.column_stack([self.function(b + 1j * tiny * e, x).imag / tiny for e in np.eye(len(b))])

        found = least_squares(
            self.residuals, self.truth, slopes, method="lm", x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15
        )
        b = found.x
        for _ in range(30):
            b = b - np.linalg.lstsq(slopes(b), self.residuals(b), rcond=None)[0]
        return tuple(b)

    def residuals(self, parameters: Any) -> Any:
        table = self.table()
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.function(parameters, table["x"]) - table["y"], nan=1e150, posinf=1e150)


def _peaks(b: Any, x: Any) -> Any:
    first, second = np.exp(-(((x - b[3]) / b[4]) ** 2)), np.exp(-(((x - b[6]) / b[7]) ** 2))
    return b[0] * np.exp(-b[1] * x) + b[2] * first + b[5] * second


def _waves(b: Any, x: Any) -> Any:
    year = 2 * np.pi * x / 12
    out = b[0] + b[1] * np.cos(year) + b[2] * np.sin(year)
    for period, along, across in ((b[3], b[4], b[5]), (b[6], b[7], b[8])):
        out = out + along * np.cos(2 * np.pi * x / period) + across * np.sin(2 * np.pi * x / period)
    return out


_PEAKS = "b1*exp(-b2*x) + b3*exp(-((x-b4)/b5)^2) + b6*exp(-((x-b7)/b8)^2)"
_WAVES = (
    "b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
    " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7)"
)
P = NonlinearProblem

PROBLEMS = (
    P("decays", "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)",
      lambda b, x: b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x),
      (0.1, 1.0, 0.9, 3.0, 1.5, 5.0), 1e-5, np.arange(24) * 0.05,
      ((1.2, 0.3, 5.6, 5.5, 6.5, 7.6), (0.5, 0.7, 3.6, 4.2, 4.0, 6.3))),
    P("two peaks", _PEAKS, _peaks, (98.0, 0.0105, 100.0, 65.0, 23.0, 72.0, 178.0, 18.0), 2.5,
      np.arange(1.0, 251.0),
      ((97.0, 0.009, 100.0, 65.0, 20.0, 70.0, 178.0, 16.5), (94.0, 0.0105, 99.0, 63.0, 25.0, 71.0, 180.0, 20.0))),
    P("two peaks that overlap", _PEAKS, _peaks, (99.0, 0.011, 101.0, 107.0, 23.5, 72.0, 153.0, 19.5), 2.2,
      np.arange(1.0, 251.0),
      ((96.0, 0.009, 103.0, 106.0, 18.0, 72.0, 151.0, 18.0), (98.0, 0.0105, 103.0, 105.0, 20.0, 73.0, 150.0, 20.0))),
    P("oxygen", "b1*(1 - exp(-b2*x))", lambda b, x: b[0] * (1 - np.exp(-b[1] * x)), (220.0, 0.5), 16.0,
      [1.0, 2.0, 3.0, 5.0, 7.0, 10.0], ((1.0, 1.0), (100.0, 0.75))),
    P("adsorption b", "b1*(1 - (1 + b2*x/2)^(-2))", lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2.0),
      (340.0, 3.9e-4), 0.08, np.linspace(77, 760, 14), ((500.0, 1e-4), (300.0, 2e-4))),
    P("adsorption c", "b1*(1 - (1 + 2*b2*x)^(-0.5))", lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
      (640.0, 2.1e-4), 0.06, np.linspace(77, 760, 14), ((500.0, 1e-4), (600.0, 2e-4))),
    P("adsorption d", "b1*b2*x/(1 + b2*x)", lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
      (440.0, 3.0e-4), 0.06, np.linspace(77, 760, 14), ((500.0, 1e-4), (450.0, 3e-4))),
    P("thermistor", "b1*exp(b2/(x + b3))", lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
      (0.0058, 6150.0, 344.0), 1e-4, np.linspace(50, 125, 16), ((2.0, 4e5, 25e3), (0.02, 4e3, 250.0)), True),
    P("two decays and a level", "b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
      lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
      (0.37, 1.9, -1.4, 0.0128, 0.0222), 1.3e-3, np.arange(33) * 10.0,
      ((50.0, 150.0, -100.0, 1.0, 2.0), (0.5, 1.5, -1.0, 0.01, 0.02))),
    P("transmittance", "(b1/b2)*exp(-0.5*((x-b3)/b2)^2)",
      lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2), (1.6, 4.2, 452.0), 0.006,
      np.concatenate([np.arange(400, 435, 5), np.arange(436, 465, 1.5), np.arange(465, 501, 5)]),
      ((1.0, 10.0, 500.0), (1.5, 5.0, 450.0))),
    P("onions", "b1/((1 + exp(b2 - b3*x))^(1/b4))",
      lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]), (700.0, 5.2, 0.76, 1.28), 25.0,
      np.arange(1.0, 16.0), ((100.0, 10.0, 1.0, 1.0), (700.0, 5.0, 0.75, 1.3))),
    P("magnet", "b1*(b2 + x)^(-1/b3)", lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
      (-2500.0, 46.5, 0.93), 2e-3, np.geomspace(7, 3000, 154), ((-2000.0, 50.0, 0.8), (-1500.0, 45.0, 0.85))),
    P("expansion", "(b1 + b2*x + b3*x^2 + b4*x^3)/(1 + b5*x + b6*x^2 + b7*x^3)",
      lambda b, x: np.polyval(b[3::-1], x) / np.polyval([b[6], b[5], b[4], 1.0], x),
      (1.08, -0.1227, 4.09e-3, -1.43e-6, -5.76e-3, 2.405e-4, -1.23e-7), 0.08, np.linspace(14, 850, 236),
      ((10.0, -1.0, 0.05, -1e-5, -0.05, 0.001, -1e-6), (1.0, -0.1, 0.005, -1e-6, -0.005, 1e-4, -1e-7))),
    P("defects", "b1 - b2*x - atan(b3/(x-b4))/pi",
      lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
      (0.2, -6.2e-6, 1204.0, -181.0), 0.005, -np.linspace(4868, 220, 25)[::-1],
      ((0.1, -1e-5, 1000.0, -100.0), (0.2, -5e-6, 1200.0, -150.0))),
    P("pressure", _WAVES, _waves, (10.5, 3.1, 0.53, 44.3, -1.62, 0.52, 26.9, 0.21, 1.5), 1.8,
      np.arange(1.0, 169.0),
      ((11.0, 3.0, 0.5, 40.0, -0.7, -1.3, 25.0, -0.3, 1.4), (10.0, 3.0, 0.5, 44.0, -1.5, 0.5, 26.0, -0.1, 1.5))),
    P("velocities", "b1*x/(b2 + x)", lambda b, x: b[0] * x / (b[1] + x), (212.0, 0.064), 10.0,
      [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1], ((1.0, 1.0), (200.0, 10.0))),
    P("binding", "b1*x^b3/(b2^b3 + x^b3)", lambda b, x: b[0] * x ** b[2] / (b[1] ** b[2] + x ** b[2]),
      (12.0, 3.0, 2.2), 0.2, np.geomspace(0.1, 50, 30), ((1.0, 30.0, 1.0), (10.0, 2.0, 1.5))),
    P("trees", "b1/(1 + exp((b2 - x)/b3))", lambda b, x: b[0] / (1 + np.exp((b[1] - x) / b[2])),
      (192.0, 729.0, 353.0), 22.0, np.repeat([118.0, 484.0, 664.0, 1004.0, 1231.0, 1372.0, 1582.0], 5),
      ((1.0, 1.0, 1.0), (170.0, 700.0, 500.0))),
    P("cooling", "b1*exp(-b2*x) + b3", lambda b, x: b[0] * np.exp(-b[1] * x) + b[2], (0.6, 0.012, 2.5), 0.005,
      np.linspace(50, 200, 13), ((1.0, 1.0, 1.0), (1.0, 0.1, 2.0))),
    P("ringing", "b1*exp(-b2*x)*cos(b3*x + b4)", lambda b, x: b[0] * np.exp(-b[1] * x) * np.cos(b[2] * x + b[3]),
      (5.0, 0.3, 6.0, 0.7), 0.1, np.linspace(0, 6, 120), ((1.0, 0.0, 5.0, 0.0), (4.0, 0.2, 5.8, 1.0))),
    P("growth", "b1*exp(-b2*exp(-b3*x))", lambda b, x: b[0] * np.exp(-b[1] * np.exp(-b[2] * x)),
      (80.0, 5.0, 0.4), 1.0, np.linspace(0, 15, 40), ((1.0, 1.0, 1.0), (100.0, 3.0, 0.2))),
    P("power", "b1*x^b2 + b3", lambda b, x: b[0] * x ** b[1] + b[2], (0.8, 2.7, 12.0), 1.5,
      np.linspace(0.5, 10, 50), ((1.0, 1.0, 1.0), (1.0, 2.0, 0.0))),
)  # fmt: skip
