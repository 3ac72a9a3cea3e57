"""Nonlinear fits from given starts with nothing set: NIST's sets in tests/data, and problems of the same kinds.

Solved: six digits of the certified parameters (of drawn problems: of SciPy's from the parameters that the data were
drawn from). Refused: no success. Silent: a success elsewhere with an R² under 0.5, or any other success elsewhere.
SciPy's ``least_squares(method="lm")`` gets the function, and its own differences; its count is of evaluations without
those of differences, ours of evaluations of cost and derivatives together.

    python benchmarks/nonlinear_fits.py           # prints a line for each, and the counts
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

import downslope as ds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fit"))

import nist
from nonlinear_problems import PROBLEMS

DIGITS = 6.0
MOST = 5_000  # evaluations that SciPy gets


def cases() -> list[tuple[str, str, dict[str, Any], tuple[float, ...], Any]]:
    """(name, hypothesis, table, the parameters that are right, the starts)."""
    found = []
    for name, hypothesis in nist.NONLINEAR.items():
        data = nist.read(name)
        found.append((name, hypothesis, {"x": data.x, "y": data.y}, data.certified, data.starts))
    for p in PROBLEMS:
        found.append((p.name, f"y ~ {p.right}", p.table(), p.best(), p.starts))
    return found


def by_scipy(hypothesis: str, table: dict[str, Any], start: dict[str, float]) -> tuple[Any, int]:
    """The parameters where SciPy ends, and its evaluations."""
    right = hypothesis.partition("~")[2].replace("^", "**")
    names = {"exp": np.exp, "cos": np.cos, "sin": np.sin, "atan": np.arctan, "pi": np.pi, "x": table["x"]}
    code = compile(right.strip(), "hypothesis", "eval")

    def residuals(values: Any) -> Any:
        with np.errstate(all="ignore"):
            u = eval(code, names, dict(zip(start, values, strict=True)))
            return np.nan_to_num(u - table["y"], nan=1e150, posinf=1e150, neginf=-1e150)

    found = least_squares(residuals, list(start.values()), method="lm", x_scale="jac", max_nfev=MOST,
                          xtol=1e-14, ftol=1e-14, gtol=1e-14)  # fmt: skip
    return found.x, int(found.nfev)


def main() -> None:
    warnings.simplefilter("ignore")
    solved = refused = silent = beside = 0
    ratios = []
    for name, hypothesis, table, right, starts in cases():
        for which, values in enumerate(starts):
            start = {f"b{i + 1}": v for i, v in enumerate(values)}
            fit = ds.fit(table, hypothesis, start=start)
            digits = nist.digits(list(fit.x.values()), right)
            theirs, count = by_scipy(hypothesis, table, start)
            their_digits = nist.digits(theirs, right)
            good, other = digits >= DIGITS, their_digits >= DIGITS
            word = "solved" if good and fit.success else "SILENT" if fit.success else "refused"
            solved, refused = solved + (word == "solved"), refused + (word == "refused")
            silent, beside = silent + (word == "SILENT"), beside + other
            if good and other:
                ratios.append(fit.nfev / count)
            r2 = float("nan") if fit.r2 is None else fit.r2
            print(f"{name[:24]:24} {which + 1} {word:8} {digits:5.1f} R2 {r2:9.4g} {fit.status:12} {fit.nfev:5}"
                  f"   SciPy {their_digits:5.1f} {count:5}", flush=True)  # fmt: skip
    print(f"solved {solved}, refused {refused}, silent {silent}; SciPy solves {beside}")
    print(f"evaluations beside SciPy's: median {np.median(ratios):.2f}, largest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
