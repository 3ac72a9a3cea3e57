"""Everything that a descent needs to go on, bit for bit, as if it had never ended.

The next point and the rule's state are an engine's (``Position``); counts and the memory of the judge are the trace
buffer's; the history is the run's own. In files the numbers are the bytes of their arrays in base64, so that each
comes back as it was, NaN and -0 included; nothing in a file is executed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import math
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.descent import judge as j
from downslope.descent.engine import Engine, Position
from downslope.descent.function_state import NOTHING_REMEMBERED, FunctionState, as_left
from downslope.descent.reported import Reported
from downslope.descent.reports import ReportsState
from downslope.descent.trace_buffer import TraceBuffer, TraceState
from downslope.errors import DataError
from downslope.messages import Message, listing, message
from downslope.objectives import Objective, Vector

Pack = Callable[[Any], dict[str, Any]]  # makes plain data of an array, or of a number
VERSION = 1  # of what ``to_dict`` writes
PLAIN = {
    "bool": bool,
    "int": int,
    "float": float,
}  # Python's own numbers, which round as they do and not as NumPy's
DTYPES = ("float64", "float32", "int64", "int8", "int32", "bool_", "uint8", "uint32", "uint64")
LIBRARIES = {"traced": ("symengine", "llvmlite")}  # by engine: whose arithmetic it is, beside NumPy's
FRAMEWORKS = ("torch", "jax", "tensorflow")


class Witness(NamedTuple):
    """Value and gradient of a function at one point, by which it is known again."""

    value: float
    gradient: Vector

    @classmethod
    def of(cls, objective: Objective, x: Vector) -> Witness:
        """What an objective gives there."""
        value, gradient = objective.value_and_gradient(x)
        return cls(float(value), np.array(gradient, np.float64))

    def to_dict(self, pack: Pack) -> dict[str, Any]:
        """As plain data."""
        return {"value": pack(np.array([self.value])), "gradient": pack(self.gradient)}

    @classmethod
    def from_dict(cls, data: dict[str, Any], size: int) -> Witness:
        """The inverse of ``to_dict``, for so many coordinates."""
        return cls(vector_of(data["value"], 1)[0], vector_of(data["gradient"], size))

    def same(self, other: Witness) -> bool:
        """Whether all numbers are the same, bit for bit."""
        return self.to_dict(packed) == other.to_dict(packed)


@dataclass(frozen=True, eq=False, kw_only=True)
class Snapshot:
    """Where a descent left off.

    Attributes:
        engine: its name.
        position: where the engine stands, before the next evaluation.
        trace: what the judge and the history remember.
        reports: what is remembered of looks at the point that an averaging method reports.
        every: how the history was to be spaced; None where that was left open.
        versions: of what computed it, by name.
        witness: value and gradient at the last accepted point, by which a function is known again that is not in the
            file; None where it is, or was not asked.
        function: what a person's function and its derivatives remember of the run.
    """

    engine: str
    position: Position
    trace: TraceState
    reports: ReportsState
    every: int | None
    versions: Mapping[str, str]
    witness: Witness | None = None
    function: FunctionState = NOTHING_REMEMBERED

    def remember(self, objective: Objective) -> None:
        """Add the witness, unless it is there; found out once, as a function may draw numbers."""
        if self.witness is None and self.trace.step >= 0 and objective.evaluable:
            with contextlib.suppress(Exception):  # whatever a person's function raises
                object.__setattr__(self, "witness", self.witness_of(objective))

    def witness_of(self, objective: Objective) -> Witness:
        """What an objective gives at the last accepted point, with the random numbers that come next there."""
        with as_left(objective, self.function) as left, np.errstate(all="ignore"):
            return Witness.of(left, self.position.last)

    def to_dict(self, pack: Pack | None = None) -> dict[str, Any]:
        """As plain data; ``pack`` makes it of an array, else ``packed``."""
        pack = pack or packed
        x, leaves, last = self.position
        seen = self.reports.seen
        return {
            "version": VERSION,
            "engine": self.engine,
            "x": pack(x),
            "state": None if leaves is None else [pack(leaf) for leaf in leaves],
            "last": pack(last),
            "counts": pack(self.trace.counts),
            "memory": pack(self.trace.memory),
            "first": pack(self.trace.first),
            "beside": [pack(self.trace.beside_steps), pack(self.trace.beside_rows)],
            "looks_again_at": self.reports.resume_at,
            "seen": None
            if seen is None
            else [seen[0], pack(seen[1].x), pack(np.array([seen[1].value, seen[1].gradient_norm]))],
            "every": self.every,
            "versions": dict(self.versions),
            "witness": None if self.witness is None else self.witness.to_dict(pack),
            "function": self.function.to_dict(pack),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], size: int) -> Snapshot:
        """The inverse of ``to_dict``, for so many coordinates.

        Raises:
            DataError: it was written by another version, or is damaged.
        """
        if data["version"] != VERSION:
            raise DataError(
                message(
                    "the state in it was saved in form {found!r}, and this version reads form {known}.",
                    found=data["version"],
                    known=VERSION,
                )
            )
        steps, rows = map(unpacked, data["beside"])
        resume_at, every, seen, witness = (
            data[name] for name in ("looks_again_at", "every", "seen", "witness")
        )
        counts, memory, first = (unpacked(data[name]) for name in ("counts", "memory", "first"))
        if counts.shape == (j.IN_VAIN,):  # of a version that did not count all trials in vain
            counts = np.append(counts, counts[j.REFUSED])
        trace = TraceState(counts, memory, first, steps, rows)
        x, last = vector_of(data["x"], size), vector_of(data["last"], size)
        leaves = None if data["state"] is None else tuple(map(unpacked, data["state"]))
        if seen is not None:
            value, norm = vector_of(seen[2], 2).tolist()
            seen = int(seen[0]), Reported(vector_of(seen[1], size), value, norm)
        if witness is not None:
            witness = Witness.from_dict(witness, size)
        if not trace.fits(size):
            raise DataError(message("the state in it is not whole."))
        return cls(
            engine=str(data["engine"]),
            position=Position(x, leaves, last),
            trace=trace,
            reports=ReportsState(None if resume_at is None else int(resume_at), seen),
            every=None if every is None else int(every),
            versions={str(name): str(value) for name, value in data["versions"].items()},
            witness=witness,
            function=FunctionState.from_dict(data.get("function"), unpacked),
        )


class Looks(NamedTuple):
    """What is remembered between two evaluations, beside the trace.

    Attributes:
        reports: of looks at the reported point.
        function: by a person's function and its derivatives.
    """

    reports: ReportsState
    function: FunctionState


def snapshot_of(engine: Engine, trace: TraceBuffer, looks: Looks, objective: Objective) -> Snapshot:
    """Where a descent stands, between two evaluations."""
    position = engine.position(trace)
    if trace.step < 0:
        position = position._replace(last=position.x)
    return Snapshot(
        engine=engine.name,
        position=position,
        trace=trace.state(),
        reports=looks.reports,
        function=looks.function,
        every=trace.every,
        versions=versions(engine.name, objective.tensors is not None),
    )


@cache
def versions(engine: str, tensors: bool) -> dict[str, str]:
    """What computes here, by name: the same gives the same bits."""
    names = ("downslope", "numpy", *LIBRARIES.get(engine, FRAMEWORKS if tensors else ()))
    found = {
        name: str(sys.modules[name].__version__)
        for name in names
        if hasattr(sys.modules.get(name), "__version__")
    }
    return {"python": platform.python_version(), "machine": f"{sys.platform} {_processor()}", **found}


def changed_versions(left: Snapshot, tensors: bool) -> list[str]:
    """What computes now and is not what computed until there, as "name before -> now"."""
    return changed(left.versions, versions(left.engine, tensors))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is another version, as "name before -> now"."""
    both = [name for name in before if name in now]
    return [f"{name} {before[name]} -> {now[name]}" for name in both if now[name] != before[name]]


def goes_on_otherwise(changes: list[str]) -> Message:
    """What to say of them where a run goes on."""
    return message(
        "this run goes on with other versions than it began with ({changes}), so its last digits may not be those"
        " of a run in one piece.",
        changes=listing(changes),
    )


def _processor() -> str:
    """The kind of processor, for which machine code is made; as far as that is known without waiting."""
    llvm = sys.modules.get("llvmlite.binding")
    return str(llvm.get_host_cpu_name()) if llvm is not None else platform.machine()


def packed(value: Any) -> dict[str, Any]:
    """An array, or a number of Python's, as plain data that keeps every bit.

    >>> packed(1.5)
    {'dtype': 'float', 'shape': [], 'base64': 'AAAAAAAA+D8='}
    """
    kind, array = described(value)
    return {**kind, "base64": base64.b64encode(array.tobytes()).decode()}


def described(value: Any) -> tuple[dict[str, Any], NDArray[Any]]:
    """The kind and shape of an array, or of a number of Python's, as plain data; and its little-endian numbers.

    A matrix that lies column by column says so, and its numbers come in that order: sums of products of a matrix that
    lies otherwise are rounded otherwise.
    """
    array = np.asarray(value)
    kind = type(value).__name__ if type(value) in PLAIN.values() else array.dtype.type.__name__
    told: dict[str, Any] = {"dtype": kind, "shape": list(array.shape)}
    if array.flags.fnc:
        told, array = {**told, "order": "F"}, array.T
    return told, array.astype(array.dtype.newbyteorder("<"), copy=False)


def unpacked(data: dict[str, Any]) -> Any:
    """The inverse of ``packed``; of data that were read from a checkpoint, the bytes are in them as they are.

    >>> unpacked(packed(-0.0)), unpacked(packed(np.float32(1.5))).dtype
    (-0.0, dtype('float32'))
    """
    kind, shape = data["dtype"], [int(length) for length in data["shape"]]
    plain = PLAIN.get(kind)
    dtype = np.dtype("bool" if kind == "bool_" else kind) if kind in DTYPES else np.dtype(plain or "float64")
    try:
        content = data["bytes"] if "bytes" in data else base64.b64decode(data["base64"], validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise DataError(message("the state in it is not whole.")) from error
    unknown = plain is None and kind not in DTYPES
    if unknown or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise DataError(message("the state in it is not whole."))
    order: Any = "F" if data.get("order") == "F" else "C"
    array: NDArray[Any] = np.frombuffer(content, dtype.newbyteorder("<")).reshape(shape, order=order)
    array = array.astype(dtype)
    return plain(array[()]) if plain is not None and not shape else array if shape else array[()]


def vector_of(data: dict[str, Any], size: int) -> Vector:
    """A packed vector of so many float64.

    Raises:
        DataError: it is none.
    """
    vector = unpacked(data)
    if np.shape(vector) != (size,) or vector.dtype != np.float64:
        raise DataError(message("the state in it is not whole."))
    return np.asarray(vector)
