"""The history of a run: columns, one row for each step that is kept."""

from __future__ import annotations

import html
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.attachments import attached
from downslope.descent.columns import Columnar
from downslope.errors import DataError, UnknownNameError, nearest
from downslope.messages import listing, message, sentences

ZIGZAG = 0.5  # part of the steps at which a coordinate turns back, beyond which the path is a zig-zag


@dataclass(frozen=True, eq=False)
class History(Columnar):
    """Columns of a run. Row k is the state *at* its step: x_k, f(x_k), ``|grad f(x_k)|``; row 0 is the start.

    Attributes:
        step: number of the accepted step, int64.
        evaluations: evaluations of the objective made until then, int64.
        value: the objective.
        gradient_norm: Euclidean norm of its gradient.
        x: one row of coordinates for each step, shape (rows, coordinates).
        coordinates: the coordinates' names.

    >>> import downslope as ds
    >>> history = ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.25, steps=2).history
    >>> history["x"]
    array([1.  , 0.5 , 0.25])
    >>> print(history.to_csv(), end="")
    step,evaluations,value,gradient_norm,x
    0,1,1.0,2.0,1.0
    1,2,0.25,1.0,0.5
    2,3,0.0625,0.5,0.25
    """

    step: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    value: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    x: NDArray[np.float64]
    coordinates: Sequence[str]

    def __len__(self) -> int:
        return len(self.step)

    def told_of(self, run: Any) -> None:
        """Be told whose history this is, for a notebook that shows it: it does not keep the run."""
        object.__setattr__(self, "_run", weakref.ref(run))

    @property
    def run(self) -> Any:
        """The run whose history this is; None where that is gone, or was never told."""
        told = self.__dict__.get("_run")
        return None if told is None else told()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_run"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return self.coordinates == other.coordinates and all(
            np.array_equal(mine, theirs, equal_nan=True)
            for mine, theirs in zip(self._arrays(), other._arrays(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.step, self.evaluations, self.value, self.gradient_norm, self.x

    @property
    def evaluated(self) -> int:
        """Rows up to the last one with a value or a norm: all, but for the point where a recorded loop ended."""
        known = np.flatnonzero(np.isfinite(self.value) | np.isfinite(self.gradient_norm))
        return int(known[-1]) + 1 if len(known) else len(self)

    @property
    def parameters(self) -> dict[str, NDArray[np.float64]]:
        """Coordinate -> its column."""
        return {name: self.x[:, i] for i, name in enumerate(self.coordinates)}

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name. A parameter named like a measurement is called ``parameter:value``, say."""
        out: dict[str, NDArray[Any]] = {
            "step": self.step,
            "evaluations": self.evaluations,
            "value": self.value,
            "gradient_norm": self.gradient_norm,
        }
        for name, column in self.parameters.items():
            out[f"parameter:{name}" if name in out else name] = column
        return out

    def __getitem__(self, name: str) -> NDArray[Any]:
        columns = self.columns
        if not isinstance(name, str):
            raise UnknownNameError(
                message(
                    "a history is indexed by column, as in history['value'], not by {name!r:.40}; rows()"
                    " has its rows.",
                    name=name,
                )
            )
        if name not in columns:
            raise UnknownNameError(
                sentences(
                    message("the history has no column '{name}'.", name=name),
                    nearest(name, columns),
                    message("There are: {columns}.", columns=listing(columns)),
                )
            )
        return columns[name]

    def thinned(self, every: int) -> History:
        """Only the rows of steps 0, every, 2*every, ..., and the last."""
        keep = self.step % every == 0
        keep[-1:] = True
        return self._rows(keep)

    def until(self, step: int) -> History:
        """Only the rows of this step and those before it."""
        return self._rows(self.step <= step)

    def _rows(self, keep: NDArray[np.bool_]) -> History:
        step, evaluations, value, norm, x = (column[keep] for column in self._arrays())
        return History(step, evaluations, value, norm, x, self.coordinates)

    def at_most(self, rows: int) -> History:
        """Thinned by the smallest 1, 2 or 5 times a power of ten that leaves at most so many rows (and the last)."""
        span = int(self.step[-1]) if len(self) else 0
        size = 1
        while True:
            for every in (size, 2 * size, 5 * size):
                if span // every + 1 <= rows:
                    return self.thinned(every)
            size *= 10

    @property
    def zigzags(self) -> bool:
        """Whether some coordinate turns back at most of its steps.

        >>> import downslope as ds
        >>> ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.9, steps=9).history.zigzags
        True
        """
        with np.errstate(invalid="ignore", over="ignore"):
            signs = np.sign(np.diff(self.x, axis=0))
            turns = (signs[1:] * signs[:-1] < 0).mean(axis=0) if len(signs) > 1 else np.zeros(1)
        return bool((turns > ZIGZAG).any())

    def for_readers(self, rows: int) -> History:
        """What a table shows of it: all of a short run, else about so many rows.

        Every second row of a zig-zag would show one side of the valley only, so its rows are an odd number apart.
        """
        if len(self) <= 2 * rows:
            return self
        thinned = self.at_most(rows)
        if not self.zigzags or self.step[1] - self.step[0] > 1:
            return thinned
        every = int(thinned.step[1] - thinned.step[0])
        return self.thinned(every + 1 - every % 2)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, as in the JSON of a run."""
        return {
            "step": self.step.tolist(),
            "evaluations": self.evaluations.tolist(),
            "value": self.value.tolist(),
            "gradient_norm": self.gradient_norm.tolist(),
            "parameters": {name: column.tolist() for name, column in self.parameters.items()},
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> History:
        """The inverse of ``to_dict``; DataError where columns are missing or differ in length."""
        try:
            step = np.array(data["step"], np.int64)
            names = tuple(data["parameters"])
            columns = [np.array(data["parameters"][name], np.float64) for name in names]
            x = np.stack(columns, axis=1) if columns else np.empty((len(step), 0))
            out = cls(
                step,
                np.array(data["evaluations"], np.int64),
                np.array(data["value"], np.float64),
                np.array(data["gradient_norm"], np.float64),
                x,
                names,
            )
            whole = x.ndim == 2 and all(a.shape[:1] == step.shape for a in out._arrays())
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(message("this is not the history of a run: {why}", why=error)) from error
        if not whole:
            raise DataError(message("this is not the history of a run: its columns differ in length."))
        return out

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        shown = self.for_readers(20)
        body = "".join(
            "<tr>" + "".join(f"<td>{cell:.6g}</td>" for cell in row) + "</tr>" for row in shown.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        last = f", steps 0 to {self.step[-1]}" if len(self) else ""
        return f"History({len(self)} rows{last}, columns {', '.join(self.columns)})"
