"""SymEngine expressions -> machine code.

SymEngine's LLVM backend compiles a list of expressions into one function. For float64 its address
comes from SymEngine's own C interface; for float32 SymEngine has none, so the object file that it
compiled is loaded through llvmlite. ``NativeFunction`` keeps alive whatever the address points into.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import DTypeLike, NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.symbolic.lower import expanded
from downslope.symbolic.size import size
from downslope.symbolic.undefined import NOWHERE, divides_by_zero

_LOCK = threading.Lock()  # LLVM's compilers here are not meant to be entered twice at once
LARGE = 150  # above this many outputs LLVM's optimiser costs seconds; its code would be some 20 % faster
LONG = 3000  # so does a formula of so many parts: its optimiser's time grows with their square
TOGETHER = 2000  # outputs compiled in one piece: SymEngine's search for common parts takes the square of their number
_LOADED: list[Any] = []


class NativeFunction:
    """A compiled function from a vector of inputs to a vector of outputs.

    Attributes:
        dtype: float64 or float32, in which it really computes.
        address: of the machine code; valid as long as this object lives.
        data: second pointer that float64 code is called with.
    """

    def __init__(
        self, inputs: Sequence[Any], outputs: Sequence[Any], dtype: DTypeLike, optimize: bool = True
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.inputs, self.outputs = len(inputs), len(outputs)
        level = 3 if optimize and len(outputs) <= LARGE and size(outputs, LONG) < LONG else 0
        outputs = expanded(outputs)
        with _LOCK:
            try:
                self._compiled = se.Lambdify(
                    _renamed(inputs, outputs),
                    outputs,
                    backend="llvm",
                    cse=True,
                    opt_level=level,
                    dtype=self.dtype,
                )
            except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
                if any(map(divides_by_zero, outputs)):
                    raise ObjectiveError(NOWHERE) from error
                raise ObjectiveError(
                    message("this formula cannot be compiled: {error}", error=error)
                ) from error
            if self.dtype == np.float64:
                self._function, data = self._compiled.as_ctypes()
                self.address = int(ctypes.cast(self._function, ctypes.c_void_p).value or 0)
                self.data = int(data.value or 0)
            else:
                self._engine, self.address = _load_object(self._compiled.__reduce__()[1][-1])
                self.data = 0

    def __call__(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """The outputs at ``inputs``, which must be contiguous and of this function's dtype."""
        if inputs.size != self.inputs:  # machine code would read whatever lies behind
            raise ObjectiveError(
                message(
                    "{size} numbers were given where {inputs} are needed.",
                    size=inputs.size,
                    inputs=self.inputs,
                )
            )
        if not inputs.flags.writeable:  # SymEngine asks for a buffer that could be written to
            inputs = inputs.copy()
        out = np.empty(self.outputs, self.dtype)
        self._compiled.unsafe_real(inputs, out)
        return out

    def raise_failed(self) -> None:
        """What was raised while the code ran: nothing, as formulas call nothing that could."""

    def rows(self, points: NDArray[Any]) -> NDArray[Any]:
        """The outputs at each row of ``points``, shape (points, outputs), in one call."""
        inputs = np.array(points, self.dtype, order="C")
        if not len(inputs):  # which SymEngine would refuse
            return np.empty((0, self.outputs), self.dtype)
        return np.asarray(self._compiled(inputs)).reshape(len(inputs), self.outputs)


class NativePieces:
    """The same for very many outputs, some of them compiled at a time, so without one address."""

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any], dtype: DTypeLike) -> None:
        starts = range(0, len(outputs), TOGETHER)
        self._pieces = [NativeFunction(inputs, outputs[k : k + TOGETHER], dtype) for k in starts]

    def __call__(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """The outputs at ``inputs``."""
        return np.concatenate([piece(inputs) for piece in self._pieces])


def _renamed(inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    """The inputs, those that no output depends on under other names.

    SymEngine calls common subexpressions x0, x1, ... and skips the names that occur in the outputs; an
    input called x1 that does not occur there would be taken for the subexpression of that name.
    """
    used, stack = (
        set(),
        list(outputs),
    )  # every part once: thousands of partial derivatives share most of theirs
    while stack:
        node = stack.pop()
        if node not in used:
            used.add(node)
            stack.extend(node.args)
    return [symbol if symbol in used else se.Symbol(f"#unused{i}") for i, symbol in enumerate(inputs)]


def _load_object(code: bytes) -> tuple[Any, int]:
    """Link a compiled object file into this process; returns its owner and the function's address."""
    import llvmlite.binding as llvm

    if not _LOADED:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _LOADED.append(llvm.Target.from_default_triple())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _LOADED[0].create_target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, int(engine.get_function_address("symengine_func"))


def interpreted(inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
    """A function of a point that is ready in a tenth of the time that machine code takes, and slower.

    Raises:
        RuntimeError, ValueError, TypeError, NotImplementedError: an expression has no value as a real number.
    """
    outputs = expanded(outputs)
    return se.Lambdify(_renamed(inputs, outputs), outputs, backend="lambda", cse=True)


def compile_native(
    inputs: Sequence[Any], outputs: Sequence[Any], dtype: DTypeLike = np.float64, optimize: bool = True
) -> NativeFunction:
    """Compile expressions of ``inputs`` (symbols) into one function computing ``outputs``.

    Without ``optimize`` it is ready in a third of the time, and as fast within 40 % (networks of up to 41 parameters).

    Raises:
        ObjectiveError: an expression cannot be turned into machine code.

    >>> x, y = se.symbols("x y")
    >>> compile_native([x, y], [x + y, x * y])(np.array([2.0, 3.0]))
    array([5., 6.])
    """
    return NativeFunction(inputs, outputs, dtype, optimize)
