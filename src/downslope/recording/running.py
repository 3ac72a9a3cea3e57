"""Runs a learner's script or function with calls between its lines, as Python would run it."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import sys
import textwrap
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from downslope.errors import DownslopeError, UsageError
from downslope.messages import Message, message, sentences
from downslope.recording.loop_records import SeenEnough
from downslope.recording.loops_seen import LoopsSeen
from downslope.recording.telling_lines import TELLS
from downslope.recording.watched_calls import is_imported, watching
from downslope.recording.written_loops import WrittenLoops


def run_function(loop: Callable[..., Any], seen: LoopsSeen, loops: WrittenLoops) -> Mapping[str, Any]:
    """Run a function; out come the names that it knows."""
    takes = len(inspect.signature(loop).parameters)
    if not inspect.isfunction(loop):
        with watching(seen, {}, is_imported), contextlib.suppress(SeenEnough):
            loop(*([seen] * min(takes, 1)))
        return {}
    known = loop.__globals__
    rewritten = rewritten_function(loop, loops)
    with watching(seen, known, is_imported):
        known[TELLS] = loops
        try:
            with contextlib.suppress(SeenEnough):
                rewritten(*([seen] * min(takes, 1)))
        finally:
            del known[TELLS]
    return {**known, **inspect.getclosurevars(loop).nonlocals}


def run_script(path: Path, seen: LoopsSeen, loops: WrittenLoops) -> Mapping[str, Any]:
    """Run a script; out come the names that it has in the end."""
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(message("{file} cannot be read: {error}.", file=str(path), error=error)) from error
    except SyntaxError as error:
        raise UsageError(
            message(
                "{file} is no Python script: line {line}: {error}.",
                file=str(path),
                line=error.lineno,
                error=error.msg,
            )
        ) from error
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.update({"__file__": str(path), TELLS: loops})
    with watching(seen, {}, lambda name: name in source and _is_there(name)), _as_a_script(path, module):
        try:
            exec(compile(loops.rewritten(tree), str(path), "exec"), names)
        except (SystemExit, SeenEnough):
            pass
        except DownslopeError:
            raise
        except Exception as error:  # whatever a person's script raises
            seen.broken = UsageError(_broken_off(path, error))
            seen.broken.__cause__ = error
    return names


def text_of(loop: Any) -> str:
    """The source of a script or a function; nothing where it is not to be had."""
    with contextlib.suppress(OSError, TypeError):
        return inspect.getsource(loop) if callable(loop) else Path(loop).read_text(encoding="utf-8")
    return ""


# What frameworks say where a loop is written wrongly, and what is to be done about it.
CURES: tuple[tuple[str, Message], ...] = (
    (
        "a leaf Variable that requires grad is being used in an in-place operation",
        message(
            "Update parameters within `with torch.no_grad():`, so that the update itself is not differentiated."
        ),
    ),
    (
        "does not require grad and does not have a grad_fn",
        message(
            "The cost depends on no parameter: make parameters with requires_grad=True, and compute the cost from them"
            " in each step."
        ),
    ),
    (
        "'NoneType'",
        message(
            "A gradient is None. In torch, W = W - lr*W.grad makes a new tensor that has none: write W -= lr*W.grad"
            " within torch.no_grad(). In TensorFlow, compute the cost from a tf.Variable within the tape."
        ),
    ),
    (
        "(None)",
        message(
            "A gradient is None: compute the cost within `with tf.GradientTape() as tape:`, from a tf.Variable or what"
            " tape.watch() was given."
        ),
    ),
    (
        "No gradients provided",
        message(
            "All gradients are None: compute the cost within `with tf.GradientTape() as tape:`, whole, from the"
            " variables that are to be moved."
        ),
    ),
    (
        "object has no attribute 'assign",
        message("What is moved is no tf.Variable: make it as tf.Variable(...), before the loop."),
    ),
    (
        "backward through the graph a second time",
        message("Compute the cost anew in each step, before backward()."),
    ),
)


def _broken_off(path: Path, error: Exception) -> Message:
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    said = message(
        "{file} broke off at line {line} with {kind}: {error}.",
        file=str(path),
        line=lines[-1] if lines else "?",
        kind=type(error).__name__,
        error=str(error).strip().rstrip("."),
    )
    return next((sentences(said, cure) for words, cure in CURES if words in str(error)), said)


def _is_there(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


@contextlib.contextmanager
def _as_a_script(path: Path, module: types.ModuleType) -> Iterator[None]:
    """As Python runs it: by its name, from its folder, with no windows; what it prints is left out."""
    arguments, places, backend = sys.argv, list(sys.path), os.environ.get("MPLBACKEND")
    sys.argv, sys.path[:0] = [str(path)], [str(path.parent)]
    os.environ["MPLBACKEND"] = "Agg"
    main, sys.modules["__main__"] = sys.modules["__main__"], module
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.argv, sys.path[:], sys.modules["__main__"] = arguments, places, main
        if backend is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = backend


def rewritten_function(function: Callable[..., Any], loops: WrittenLoops) -> Callable[..., Any]:
    """The same function with calls between its lines; itself where its source is not to be had, or has no loop."""
    if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
        return function
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return function
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return function
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    definition.decorator_list = []
    arguments = definition.args  # whose defaults are those that the function has
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [None if value is None else ast.Constant(None) for value in arguments.kw_defaults]
    tree = loops.rewritten(tree)
    if not loops.loops:
        return function
    definition.decorator_list = []
    free = function.__code__.co_freevars
    outer = ast.parse(f"def __outer__({', '.join(free)}):\n    pass").body[0]
    assert isinstance(outer, ast.FunctionDef)
    outer.body = [definition, *ast.parse(f"return {definition.name}").body]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    made: dict[str, Any] = {}
    exec(compile(module, function.__code__.co_filename, "exec"), dict(function.__globals__), made)
    inner = made["__outer__"](*[None] * len(free))
    cells = dict(zip(free, function.__closure__ or (), strict=True))
    rewritten = types.FunctionType(
        inner.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells[name] for name in inner.__code__.co_freevars),
    )
    rewritten.__kwdefaults__ = function.__kwdefaults__
    return rewritten
