"""Random generators from which a person's function may draw: the global ones, and those that it has at hand.

The state of one is read and written as a tree of dicts, lists, numbers, text and NumPy arrays. Keys of JAX belong to
the function: nothing is drawn from them behind its back.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np

State: TypeAlias = Any  # dicts, lists, numbers, text, None and arrays of NumPy's
MOST_THINGS = 2_000  # that are looked at for generators
MOST_ENTRIES = 100  # of one list or dict
MOST_LEVELS = 6
_TWISTER = 624  # words of a Mersenne twister
_PLACES = {
    "pos": _TWISTER,
    "buffer_pos": 4,
}  # how far they go; beyond, memory would be read that is another's


class Generator(NamedTuple):
    """A random generator.

    Attributes:
        read: its state.
        write: puts it into such a state.
    """

    read: Callable[[], State]
    write: Callable[[Any], None]

    def takes(self, state: State) -> bool:
        """Whether it could have such a state: one of the same form, within its bounds."""
        return _alike(state, self.read())


def _alike(state: State, own: State, name: str = "") -> bool:
    """Whether two states have the same form; ``name`` is that of an entry."""
    if isinstance(own, dict):
        return (
            isinstance(state, dict)
            and state.keys() == own.keys()
            and all(_alike(state[k], own[k], k) for k in own)
        )
    if isinstance(own, list):
        return isinstance(state, list) and len(state) == len(own) and all(map(_alike, state, own))
    if isinstance(own, np.ndarray):
        return isinstance(state, np.ndarray) and (state.dtype, state.shape) == (own.dtype, own.shape)
    if isinstance(own, str):
        return bool(state == own)
    if own is None or isinstance(own, float):
        return state is None or isinstance(state, float)
    whole = isinstance(state, int) and not isinstance(state, bool) and 0 <= state < 2**128
    return whole and state <= _PLACES.get(name, 2**128)


def same_state(one: State, other: State) -> bool:
    """Whether two states are the same, bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_state(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_state, one, other))
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


def _of_python(generator: random.Random) -> Generator:
    def read() -> State:
        version, key, gauss = generator.getstate()
        return {"version": version, "key": np.array(key[:-1], np.uint32), "pos": key[-1], "gauss": gauss}

    def write(state: State) -> None:
        key = (*state["key"].tolist(), state["pos"])
        generator.setstate((state["version"], key, state["gauss"]))

    return Generator(read, write)


def _of_numpy(generator: Any) -> Generator:
    if isinstance(generator, np.random.RandomState):
        return Generator(lambda: generator.get_state(legacy=False), generator.set_state)
    bits = generator if isinstance(generator, np.random.BitGenerator) else generator.bit_generator

    def write(state: State) -> None:
        bits.state = state

    return Generator(lambda: bits.state, write)


def _of_torch(generator: Any) -> Generator:
    torch = sys.modules["torch"]

    def write(state: State) -> None:
        generator.set_state(torch.from_numpy(state.copy()))

    return Generator(lambda: generator.get_state().numpy().copy(), write)


def _of_variable(variable: Any) -> Generator:
    """One whose state is a variable of TensorFlow's or of Keras's."""
    return Generator(lambda: np.array(getattr(variable, "value", variable)), variable.assign)


def _of_variable_of_tensorflow(variable: Any) -> Generator:
    return Generator(lambda: np.array(variable.numpy()), variable.assign)


def _of_eager_tensorflow(context: Any) -> Generator:
    """That of TensorFlow's operations that are run one by one: it draws a seed for each, beside the one of all."""
    seeds = _of_python(context._rng)

    def write(state: State) -> None:
        context._seed = state["seed"]
        seeds.write(state["seeds"])
        context.clear_kernel_cache()  # an operation that was run by the same seed would go on where it was

    return Generator(lambda: {"seed": context._seed, "seeds": seeds.read()}, write)


def _imported(name: str) -> Any:
    """A module that has been imported by now; None for any other."""
    return sys.modules.get(name)


def global_generators() -> dict[str, Generator]:
    """Those of Python, of NumPy, and of the frameworks that have been imported, by name."""
    found = {"random": _of_python(random._inst), "numpy.random": _of_numpy(np.random.mtrand._rand)}
    torch = _imported("torch")
    if hasattr(torch, "default_generator"):
        found["torch"] = _of_torch(torch.default_generator)
        if torch.cuda.is_initialized():
            for i, generator in enumerate(torch.cuda.default_generators):
                found[f"torch.cuda:{i}"] = _of_torch(generator)
    if is_seeded():
        found["tensorflow"] = _of_eager_tensorflow(sys.modules["tensorflow.python.eager.context"].context())
    stateful = _imported("tensorflow.python.ops.stateful_random_ops")
    if getattr(stateful, "global_generator", None) is not None:
        found["tf.random.get_global_generator()"] = _of_variable_of_tensorflow(
            stateful.global_generator.state
        )
    keras = _imported("keras.src.backend.common.global_state")
    if hasattr(keras, "get_global_attribute"):
        generator = keras.get_global_attribute("global_seed_generator")
        if generator is not None:
            found["keras"] = _of_variable(generator.state)
    return found


def is_seeded() -> bool:
    """Whether TensorFlow, if it is there, draws by a seed that a person has set."""
    eager = _imported("tensorflow.python.eager.context")
    return hasattr(eager, "context") and eager.context()._seed is not None


def generator_of(thing: Any) -> Generator | None:
    """The generator that a thing is; None where it is none, or one that has no state."""
    kind = type(thing)
    if isinstance(thing, random.Random):
        return None if isinstance(thing, random.SystemRandom) else _of_python(thing)
    if isinstance(thing, (np.random.Generator, np.random.RandomState, np.random.BitGenerator)):
        return _of_numpy(thing)
    if kind.__name__ == "Generator" and kind.__module__.startswith("torch"):
        return _of_torch(thing)
    if kind.__name__ == "Generator" and kind.__module__.startswith("tensorflow."):
        return _of_variable_of_tensorflow(thing.state)
    if kind.__name__ == "SeedGenerator" and kind.__module__.startswith("keras."):
        return _of_variable(thing.state)
    return None


def generators_at_hand(functions: Sequence[Any]) -> dict[str, Generator]:
    """Those that functions can reach by their variables, defaults, and the objects that they belong to.

    >>> rng = np.random.default_rng(1)
    >>> list(generators_at_hand([lambda x: x + rng.normal()]))
    ['rng']
    """
    shared = {id(random._inst), id(np.random.mtrand._rand)}
    torch = _imported("torch")
    shared.add(id(getattr(torch, "default_generator", None)))
    found: dict[str, Generator] = {}
    seen: set[int] = set(shared)
    waiting = deque(("", function, 0) for function in functions)
    while waiting and len(seen) < MOST_THINGS:
        name, thing, level = waiting.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        generator = generator_of(thing)
        if generator is not None:
            found[name] = generator
        elif level < MOST_LEVELS:
            parts = list(_parts(thing))
            waiting.extend((_joined(name, part), x, level + 1) for part, x in parts if not _is_plain(x))
    return found


_PLAIN = (type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, np.ndarray, np.generic)
_CALLED = (types.BuiltinFunctionType, types.MethodType)


def _is_plain(thing: Any) -> bool:
    return issubclass(type(thing), _PLAIN)


def _joined(name: str, part: str) -> str:
    return f"{name}.{part}" if name and part[:1] != "[" else f"{name}{part}"


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What a thing holds, by name; its class is asked, as a thing may answer by code of its own."""
    kind = type(thing)
    if kind is functools.partial:
        yield "", thing.func
        yield from _parts(thing.args)
        yield from thing.keywords.items()
    elif kind is types.FunctionType:
        yield from _variables(thing)
    elif kind in _CALLED:
        yield "self", thing.__self__
        yield "", getattr(thing, "__func__", None)
    elif kind is dict:
        if len(thing) <= MOST_ENTRIES:
            yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif kind in (list, tuple):
        yield from ((f"[{i}]", value) for i, value in enumerate(thing[:MOST_ENTRIES]))
    elif not hasattr(kind, "__array__"):
        yield "", inspect.getattr_static(kind, "__call__", None)
        with contextlib.suppress(AttributeError):
            yield from object.__getattribute__(thing, "__dict__").items()


def _variables(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The variables of a function that are not its own, and its defaults."""
    codes, names = [function.__code__], set[str]()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(inner for inner in code.co_consts if isinstance(inner, types.CodeType))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is not set yet
            continue
    yield from ((name, function.__globals__[name]) for name in sorted(names & function.__globals__.keys()))
    yield from ((f"[{i}]", value) for i, value in enumerate(function.__defaults__ or ()))
    yield from (function.__kwdefaults__ or {}).items()


def generators_of(functions: Sequence[Any]) -> dict[str, Generator]:
    """All that functions may draw from, by name; none where no function is called."""
    return {**global_generators(), **generators_at_hand(functions)} if functions else {}


@contextmanager
def generators_kept(generators: Mapping[str, Generator]) -> Iterator[None]:
    """They are afterwards as they were, whatever was drawn from them."""
    before = {name: generator.read() for name, generator in generators.items()}
    try:
        yield
    finally:
        for name, state in before.items():
            if not same_state(generators[name].read(), state):
                generators[name].write(state)
