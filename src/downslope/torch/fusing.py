"""From a rule's tape to few operations on vectors: what torch does in one call becomes one operation.

``x - η*m/d`` is one pass over memory (``addcdiv``), not three; ``β*m + (1 - β)*g`` is one (``lerp``). Only the order in
which scalar factors are multiplied changes, and with it the last digit.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from downslope.optimizers.tape import Instruction, Node, Tape

Scalar = int | float  # a place in the table of values, or a number


class Operation(NamedTuple):
    """One call: its name, the place of its result, and the places (or numbers) of what goes in."""

    name: str
    out: int
    vectors: tuple[int, ...]
    scalars: tuple[Any, ...] = ()


class Form(NamedTuple):
    """c * a, c * a * b or c * a / b."""

    factor: Scalar
    kind: str  # "one", "product" or "quotient"
    a: int
    b: int = -1


class Fusion:
    """The operations for a tape, in order; ``size`` places are needed for their values."""

    def __init__(self, tape: Tape) -> None:
        self.lines = list(tape.lines)
        self.operations: list[Operation] = []
        self._made: set[int] = set()
        self._g = tape.inputs["g"].index
        needed = tape.needed()
        self._uses = Counter(v.index for i in needed for v in self.lines[i].operands if isinstance(v, Node))
        self._users = {
            v.index: self.lines[i] for i in needed for v in self.lines[i].operands if isinstance(v, Node)
        }
        self._results = {node.index for node in tape.results if isinstance(node, Node)}
        for i in needed:
            if not self._waits(i):
                self._vector(i) if self.lines[i].vector else self._scalar_line(i)

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.lines)

    # --- what is left to its user ------------------------------------------------------------------------

    def _waits(self, i: int) -> bool:
        """Whether a line is a product that its one user can take along, or zeros that need not be made."""
        line = self.lines[i]
        if line.operation == "zeros_like":
            return i not in self._results and self._uses[i] == 1 and self._is_masked(self._users[i])
        if not line.vector or i in self._results or self._uses[i] != 1:
            return False
        joined = line.operation in ("mul", "neg") or (
            line.operation == "div" and _is_vector(line.operands[0])
        )
        user = self._users[i]
        return joined and user.vector and user.operation in ("add", "sub", "mul", "div", "neg")

    def _is_masked(self, line: Instruction) -> bool:
        """Whether a line chooses zeros, or numbers of a vector, by a vector of conditions."""
        if line.operation != "where" or not all(map(_is_vector, line.operands)):
            return False
        zeros, other = line.operands[1], line.operands[2]
        return bool(self.lines[zeros.index].operation == "zeros_like" and other.index != zeros.index)

    def _form(self, operand: Node) -> Form:
        """What an operand is as a product: taken along where it waits, else computed by itself."""
        return (
            self._open(operand.index)
            if self._waits(operand.index)
            else Form(1.0, "one", self._vector(operand.index))
        )

    def _open(self, i: int) -> Form:
        """A product's line as a form."""
        operation, operands = self.lines[i].operation, self.lines[i].operands
        if operation == "neg":
            form = self._form(operands[0])
            return form._replace(factor=self._times(form.factor, -1.0))
        first, second = operands
        if operation == "div" and not _is_vector(second):
            form = self._form(first)
            return form._replace(factor=self._scalar("div", form.factor, _place(second)))
        if not (_is_vector(first) and _is_vector(second)):
            vector, scalar = (first, second) if _is_vector(first) else (second, first)
            form = self._form(vector)
            return form._replace(factor=self._times(form.factor, _place(scalar)))
        a, b = self._single(self._form(first)), self._single(self._form(second))
        if operation == "div":
            return Form(self._scalar("div", a.factor, b.factor), "quotient", a.a, b.a)
        return Form(self._times(a.factor, b.factor), "product", a.a, b.a)

    def _single(self, form: Form) -> Form:
        """The form with its product or quotient computed."""
        if form.kind == "one":
            return form
        return Form(
            form.factor, "one", self._emit("mul" if form.kind == "product" else "div", form.a, form.b)
        )

    # --- lines -------------------------------------------------------------------------------------------

    def _scalar_line(self, i: int) -> None:
        line = self.lines[i]
        if i in self._made or not line.operands:
            return
        self._made.add(i)
        vectors = tuple(self._vector(v.index) for v in line.operands if _is_vector(v))
        scalars = () if vectors else tuple(_place(v) for v in line.operands)
        self.operations.append(Operation(line.operation, i, vectors, scalars))

    def _vector(self, i: int) -> int:
        """The place of a vector that is computed, now if it has not been."""
        line = self.lines[i]
        if i in self._made or not line.operands:
            return i
        self._made.add(i)
        operation, operands = line.operation, line.operands
        both = all(map(_is_vector, operands))
        if operation in ("add", "sub"):
            self._sum(i, operation, operands) if both else self._shift(i, operation, operands)
        elif operation in ("mul", "neg") or (operation == "div" and _is_vector(operands[0])):
            self._write_form(self._open(i), i)
        elif operation == "div":
            self._emit("reciprocal", self._vector(operands[1].index), scalars=(_place(operands[0]),), out=i)
        elif (
            operation == "where"
            and not _is_vector(operands[0])
            and _is_vector(operands[1])
            and _is_vector(operands[2])
        ):
            picked = tuple(self._vector(v.index) for v in operands[1:])
            self._emit("pick", *picked, scalars=(_place(operands[0]),), out=i)
        elif self._is_masked(line):
            condition, _, other = operands
            self._emit("masked", self._vector(other.index), self._vector(condition.index), out=i)
        else:
            vectors = tuple(self._vector(v.index) for v in operands if _is_vector(v))
            shape = "".join("v" if _is_vector(v) else "s" for v in operands)
            scalars = tuple(_place(v) for v in operands if not _is_vector(v))
            self._emit(
                operation if shape in ("v", "vv") else f"{operation}:{shape}",
                *vectors,
                scalars=scalars,
                out=i,
            )
        return i

    def _write_form(self, form: Form, out: int) -> None:
        if form.kind == "one":
            self._emit("scale", form.a, scalars=(form.factor,), out=out)
        elif form.factor == 1.0:
            self._emit("mul" if form.kind == "product" else "div", form.a, form.b, out=out)
        else:
            self._emit("scale", self._single(form).a, scalars=(form.factor,), out=out)

    def _shift(self, i: int, operation: str, operands: Any) -> None:
        """A vector and a scalar."""
        first, second = operands
        if _is_vector(first):
            amount = _place(second) if operation == "add" else self._times(_place(second), -1.0)
            self._emit("shift", self._vector(first.index), scalars=(amount,), out=i)
        elif operation == "add":
            self._emit("shift", self._vector(second.index), scalars=(_place(first),), out=i)
        else:
            turned = self._emit("scale", self._vector(second.index), scalars=(-1.0,))
            self._emit("shift", turned, scalars=(_place(first),), out=i)

    def _sum(self, i: int, operation: str, operands: Any) -> None:
        a, b = self._form(operands[0]), self._form(operands[1])
        if operation == "sub":
            b = b._replace(factor=self._times(b.factor, -1.0))
        if b.kind == "one" and b.factor == 1.0 and not (a.kind == "one" and a.factor == 1.0):
            a, b = b, a
        if a.kind == b.kind == "one" and self._are_weights(a.factor, b.factor):
            self._emit("lerp", a.a, b.a, scalars=(b.factor,), out=i)
            return
        if a.a == self._g and b.kind == "one" and self._uses[b.a] == 1 and b.a not in self._results:
            a, b = b, a  # the gradient is not ours to overwrite, and the other is not needed again
        base = a.a
        if a.kind != "one" or a.factor != 1.0:
            base = self._emit_form(a)
        name = {"one": "add_scaled", "product": "add_product", "quotient": "add_quotient"}[b.kind]
        others = (b.a,) if b.kind == "one" else (b.a, b.b)
        self._emit(name, base, *others, scalars=(b.factor,), out=i)

    def _emit_form(self, form: Form) -> int:
        out = self._fresh(True)
        self._write_form(form, out)
        return out

    def _are_weights(self, a: Scalar, b: Scalar) -> bool:
        """Whether the second is written as 1 less the first."""
        if isinstance(b, float):
            return False
        line = self.lines[b]
        return line.operation == "sub" and _place(line.operands[0]) == 1.0 and _place(line.operands[1]) == a

    # --- places ------------------------------------------------------------------------------------------

    def _fresh(self, vector: bool) -> int:
        self.lines.append(Instruction("made", (), vector))
        return len(self.lines) - 1

    def _emit(self, name: str, *vectors: int, scalars: tuple[Any, ...] = (), out: int | None = None) -> int:
        out = self._fresh(True) if out is None else out
        self.operations.append(Operation(name, out, vectors, scalars))
        return out

    def _times(self, a: Scalar, b: Scalar) -> Scalar:
        return self._scalar("mul", a, b)

    def _scalar(self, name: str, a: Scalar, b: Scalar) -> Scalar:
        if isinstance(a, float) and isinstance(b, float) and not (name == "div" and b == 0):
            return a * b if name == "mul" else a / b
        if b == 1.0:
            return a
        if name == "mul" and a == 1.0:
            return b
        out = self._fresh(False)
        self.operations.append(Operation(name, out, (), (a, b)))
        return out


def _is_vector(operand: Any) -> bool:
    return isinstance(operand, Node) and operand.vector


def _place(operand: Any) -> Any:
    """The place of a node; a number, condition or table as it is (numbers are never of type int)."""
    return operand.index if isinstance(operand, Node) else operand
