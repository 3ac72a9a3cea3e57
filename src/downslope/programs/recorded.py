"""The array of a program: what it answers itself, and whom it asks.

``array`` is where it is complete: there the functions of NumPy that it knows are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.messages import message
from downslope.programs.elementwise import ON_NODES, as_number, as_truth, chosen
from downslope.programs.memory import WHOLE, Memory, Window, through
from downslope.programs.node import ArrayNode, Axis, Graph, Shape, Table
from downslope.programs.windows import Shown, at, is_basic, shown
from downslope.symbolic.unknown import TraceError, Unknown, name_of

KNOWN: dict[Any, Callable[..., Any]] = {}
"""The functions of NumPy, other than universal ones, that programs have; filled in by ``array``."""

REDUCTIONS: dict[Any, Callable[..., Any]] = {}
"""Universal functions, and what reduces by them; filled in by ``array``."""


def node_of(graph: Graph, value: Any) -> ArrayNode:
    """Anything that arrays are mixed with, as a node."""
    kind = type(value)
    if kind is ProgramArray:
        return value.node  # type: ignore[no-any-return]
    if kind is float or kind is int or isinstance(value, (np.floating, np.integer)):
        try:
            return graph.number(value)
        except OverflowError as error:
            raise TraceError(message("a number is larger than the largest float64")) from error
    if isinstance(value, (list, tuple)):
        parts = [node_of(graph, part) for part in value]
        if not parts or all(part.operation in ("number", "table") for part in parts):
            return _table(graph, np.asarray(value))
        return stacked(parts)
    if isinstance(value, (bool, np.ndarray, np.generic)):
        return _table(graph, np.asarray(value))
    raise TraceError(message("a {kind} cannot be mixed with symbols", kind=kind.__name__))


def _table(graph: Graph, array: NDArray[Any]) -> ArrayNode:
    if array.dtype.kind == "O":
        return node_of(graph, array.tolist()) if array.ndim else node_of(graph, array.item())
    if array.dtype.kind not in "biuf":
        raise TraceError(message("a {kind} cannot be mixed with symbols", kind=array.dtype.name))
    return graph.table(array)


def stacked(parts: list[ArrayNode]) -> ArrayNode:
    """Nodes of one shape, one after the other along a new first axis."""
    shape = parts[0].shape
    if any(part.shape != shape for part in parts):
        raise TraceError(message("arrays of shapes {a} and {b} do not fit", a=shape, b=parts[-1].shape))
    axes = [Axis(0, 1, k) for k in range(len(shape))]
    pieces = [(as_number(part), [Axis(k, 0, None), *axes]) for k, part in enumerate(parts)]
    return parts[0].graph.assembled(pieces, (len(parts), *shape))


class ProgramArray(Unknown):
    """An array of a program: a function that is called with it writes down what it does.

    >>> graph = Graph()
    >>> x = ProgramArray(graph.input("x", (3,)))
    >>> (x[1:] * 2).node
    %3 = mul(%1, %2) of shape (2,)
    """

    __slots__ = ("_memory", "_node", "_read_only", "_version", "_window")

    _version: int
    _window: Window
    _read_only: bool

    def __init__(self, node: ArrayNode) -> None:
        self._node = node
        self._memory: Memory | None = None

    @property
    def node(self) -> ArrayNode:
        """The node of its present elements."""
        memory = self._memory
        if memory is not None and memory.version != self._version:
            self._node = memory.seen(self._window)
            self._version = memory.version
        return self._node

    # --- what an array is asked for -------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        return self._node.shape

    @property
    def ndim(self) -> int:
        return len(self._node.shape)

    @property
    def size(self) -> int:
        return self._node.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.bool_ if self._node.truth else np.float64)

    @property
    def T(self) -> ProgramArray:  # noqa: N802 - NumPy's name
        return self.seen(np.transpose)

    @property
    def mT(self) -> ProgramArray:  # noqa: N802 - NumPy's name
        return self.seen(lambda array: np.swapaxes(array, -1, -2))

    @property
    def real(self) -> ProgramArray:
        return self

    @property
    def flat(self) -> Iterator[ProgramArray]:
        return iter(self.reshape(-1))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(message("a single number has no length"))
        return self.shape[0]

    def __iter__(self) -> Iterator[ProgramArray]:
        if not self.shape:
            raise TraceError(message("a single symbol cannot be unpacked"))
        return (self[i] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        return f"ProgramArray({self._node!r})"

    def item(self, *index: int) -> ProgramArray:
        """The one element of an array of size 1, or the one at an index."""
        if index:
            return self.reshape(-1)[index[0]] if len(index) == 1 else self[index]
        if self.size != 1:
            self._refuse(message("a symbol was asked for one number"))
        return ProgramArray(self.node.graph.reshaped(self.node, ()))

    def tolist(self) -> Any:
        """The elements as nested lists."""
        return [part.tolist() for part in self] if self.shape else self

    def astype(self, dtype: Any, **_: Any) -> ProgramArray:
        """Its elements as float64, which they are, or as truth values; other kinds of number are refused."""
        kind = np.dtype(dtype).kind
        if kind not in "fOb":
            self._refuse(message("a symbol was asked for its value as {dtype}", dtype=np.dtype(dtype)))
        return ProgramArray(as_truth(self.node) if kind == "b" else as_number(self.node))

    def copy(self, order: str = "C") -> ProgramArray:
        return ProgramArray(self.node)

    # --- elements ---------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> ProgramArray:
        memory = self._memory
        if type(key) is int and memory is None:
            node = self._node
            if len(node.shape) == 1 and -node.shape[0] <= key < node.shape[0]:
                return ProgramArray(node.graph.view(node, (Axis(key % node.shape[0], 0, None),), ()))
        if is_basic(key):
            step = at(self.shape, key)
            parts = key if isinstance(key, tuple) else (key,)
            if step.shape == () and not any(part is Ellipsis for part in parts):  # a number, as NumPy's
                found = None if memory is None else memory.piece(memory.places(self._window)[key])
                return ProgramArray(step.of(self.node) if found is None else found)
            return self._through(step)
        places = np.arange(self.size).reshape(self.shape)[_constant(key)]
        return ProgramArray(self.node.graph.taken(self.node, Table(np.array(places)), places.shape))

    def __setitem__(self, key: Any, value: Any) -> None:
        memory = self._shared()
        given = node_of(self._node.graph, value)
        if isinstance(key, ProgramArray):
            given = chosen(key.node, given, self.node)
            if given.shape != self.shape:
                self._refuse(message("a symbol was asked for an index"))
            key = ...
        if not self._node.truth:
            given = as_number(given)
        basic = is_basic(key)
        places = memory.places(self._window)[key if basic else _constant(key)]
        while len(given.shape) > places.ndim and given.shape[0] == 1:
            given = given.graph.reshaped(given, given.shape[1:])
        given = given.graph.broadcast(given, places.shape)
        if self._node.truth and (not given.truth or places.size != self.size):
            self._refuse(message("truth values were put into an array of truth values"))
        axes = self._axes_of(key) if basic else None
        if axes is None:
            places, given = _once(places, given)
        memory.write(given, places, axes)

    def _axes_of(self, key: Any) -> tuple[Axis, ...] | None:
        """Where in the memory an index of it lies, where that is one view of it."""
        window = through(self._window, at(self.shape, key))
        return window[0].axes if len(window) == 1 and isinstance(window[0], Shown) else None

    def _shared(self) -> Memory:
        """The memory that it shares with its views."""
        if self._memory is None:
            self._memory, self._window, self._version = Memory(self._node), WHOLE, 0
            self._read_only = False
        elif self._read_only:
            self._refuse(message("a view that NumPy does not let be changed was written into"))
        return self._memory

    def _through(self, step: Shown | Shape, read_only: bool = False) -> ProgramArray:
        """A view of it, which shares its memory."""
        if self._memory is None:
            self._shared()
        memory, window = self._memory, through(self._window, step)
        assert memory is not None
        if memory.version:
            node = memory.seen(window)
        else:
            node = (
                step.of(self._node)
                if isinstance(step, Shown)
                else self._node.graph.reshaped(self._node, step)
            )
        view = ProgramArray(node)
        view._memory, view._window, view._version = memory, window, memory.version
        view._read_only = read_only or self._read_only
        return view

    def seen(self, function: Callable[[Any], Any], read_only: bool = False) -> ProgramArray:
        """What a function of NumPy that gives views shows of it."""
        return self._through(shown(self.shape, function), read_only)

    def reshape(self, *shape: Any, order: str = "C") -> ProgramArray:
        if order != "C":
            if order == "F":
                turned = tuple(np.broadcast_to(0, self.shape).reshape(*shape).shape)
                return self.T.reshape(turned[::-1]).T
            self._refuse(message("elements of a program lie row by row"))
        wanted: Shape = np.broadcast_to(0, self.shape).reshape(*shape).shape
        return self._in_shape(wanted, lambda places: places.reshape(wanted))

    def _in_shape(self, shape: Shape, function: Callable[[Any], Any]) -> ProgramArray:
        """Its elements in another shape: a view where that function of NumPy gives one."""
        if self._memory is None or self._memory.shared_by(self._window, function):
            return self._through(shape)
        return ProgramArray(self.node.graph.reshaped(self.node, shape))

    def transpose(self, *order: Any) -> ProgramArray:
        return self.seen(lambda array: array.transpose(*order))

    def ravel(self, order: str = "C") -> ProgramArray:
        if order == "F":
            return self.T.ravel()
        return self._in_shape((self.size,), np.ravel)

    def flatten(self, order: str = "C") -> ProgramArray:
        return self.reshape(-1, order=order).copy()

    def fill(self, value: Any) -> None:
        """Put a number into each element."""
        self[...] = value

    # --- NumPy's protocols ------------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        graph = self._node.graph
        if method == "__call__" and ufunc in ON_NODES and not options:
            result = ProgramArray(ON_NODES[ufunc](*[node_of(graph, value) for value in inputs]))
        elif method == "outer" and ufunc in ON_NODES and not options:
            first, second = (node_of(graph, value) for value in inputs)
            spread = graph.reshaped(first, first.shape + (1,) * len(second.shape))
            result = ProgramArray(ON_NODES[ufunc](spread, second))
        elif method == "reduce" and ufunc in REDUCTIONS and not set(options) - {"axis", "keepdims"}:
            result = REDUCTIONS[ufunc](_wrapped(graph, inputs[0]), **{"axis": 0, **options})
        elif method == "accumulate" and ufunc in (np.add, np.multiply) and not set(options) - {"axis"}:
            running = KNOWN[np.cumsum if ufunc is np.add else np.cumprod]
            result = running(_wrapped(graph, inputs[0]), options.get("axis", 0))
        elif method == "at" and ufunc is np.add and isinstance(inputs[0], ProgramArray):
            return _add_at(*inputs)
        else:
            raise TraceError(message("{function} is not known for symbols", function=name_of(ufunc, method)))
        if out is None:
            return result
        if not isinstance(out[0], ProgramArray):
            raise TraceError(message("a symbol was put into a plain NumPy array"))
        out[0][...] = result
        return out[0]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in KNOWN:
            raise TraceError(message("{function} is not known for symbols", function=name_of(function)))
        try:
            return KNOWN[function](*args, **kwargs)
        except TraceError:
            raise
        except Exception as error:  # an option that is not known here, or what NumPy says of the shapes
            raise TraceError(
                message(
                    "{function} is not known for symbols: {error}", function=name_of(function), error=error
                )
            ) from error


def _wrapped(graph: Graph, value: Any) -> ProgramArray:
    return value if isinstance(value, ProgramArray) else ProgramArray(node_of(graph, value))


def as_array(value: Any, *others: Any) -> ProgramArray:
    """An array of the program that one of these belongs to."""
    if isinstance(value, ProgramArray):
        return value
    return ProgramArray(node_of(graph_among(value, *others), value))


def graph_among(*values: Any) -> Graph:
    """The program that an array among these belongs to."""
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, ProgramArray):
            return value._node.graph
        if isinstance(value, (list, tuple)):
            stack.extend(value)
    raise TraceError(message("there is no array of a program here"))


def _constant(key: Any) -> Any:
    """An index by arrays of numbers or truth values that are known."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, ProgramArray) or (
            isinstance(part, list) and any(isinstance(entry, ProgramArray) for entry in part)
        ):
            raise TraceError(message("a symbol was asked for an index"))
    return key


def _once(places: NDArray[np.int64], given: ArrayNode) -> tuple[NDArray[np.int64], ArrayNode]:
    """Places that are all different, and what is put into them: the last of several."""
    flat = places.reshape(-1)
    _, last = np.unique(flat[::-1], return_index=True)
    if len(last) == len(flat):
        return places, given
    kept = np.sort(len(flat) - 1 - last)
    return flat[kept], given.graph.taken(given, Table(kept), kept.shape)


def _add_at(array: ProgramArray, key: Any, value: Any) -> None:
    places = np.arange(array.size).reshape(array.shape)[_constant(key)]
    graph = array.node.graph
    given = graph.broadcast(as_number(node_of(graph, value)), np.shape(places))
    array[...] = array + ProgramArray(graph.scattered(given, Table(np.array(places)), array.shape))
