"""Joins ES modules into one script, so that a page needs no second file.

Each module becomes a function that returns what it exports; they stand in the order in which they need each other.
Only the forms that our modules use are understood, and any other is an error: ``import {a, b as c} from "./d.js"`` and
``import * as a from "./d.js"``, and ``export`` before a declaration (also of ``[a, b]``) or of ``{a, b as c}``.
"""

from __future__ import annotations

import re
from pathlib import Path

from downslope.page.shorten import shortened

_IMPORT = re.compile(
    r'^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+"(\.{1,2}/[^"]+)";[ \t]*$', re.MULTILINE
)
_DECLARED = re.compile(r"^export\s+((?:async\s+)?function\*?|const|let|class)\s+(\w+)", re.MULTILINE)
_TAKEN_APART = re.compile(r"^export\s+(?=const\s*[\[{]([\w\s,]*)[\]}]\s*=)", re.MULTILINE)
_LISTED = re.compile(r"^export\s*\{([^}]*)\};[ \t]*$", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class BundleError(ValueError):
    """A module that cannot be joined, and why."""


def bundle(entry: Path, worker: Path | None = None, between: Path | None = None) -> str:
    """The script of a module and of all that it needs, comments and needless blanks left out.

    With ``worker`` the same script serves a worker too: that module and what it needs come first, then the statements
    of ``between``, which end the script where it is in a worker and may wait; modules behind them see their names.

    Raises:
        BundleError: a module uses a form that is not understood, or modules need each other in a circle.
    """
    bodies: dict[Path, str] = {}
    if worker:
        _gather(worker.resolve(), bodies, ())
    of_worker = len(bodies)
    _gather(entry.resolve(), bodies, ())
    numbers = {path: k for k, path in enumerate(bodies)}
    parts = [f"const m{numbers[path]}=(()=>{{\n{_linked(path, numbers)}\n}})();" for path in bodies]
    if between:
        parts.insert(of_worker, _body(between, numbers))
    kind = "async" if between else ""
    head = f'"use strict";({kind}()=>{{'
    return head + "\n" + "\n".join(parts) + "\n})();\n"


def _gather(path: Path, bodies: dict[Path, str], users: tuple[Path, ...]) -> None:
    if path in bodies:
        return
    if path in users:
        raise BundleError(" -> ".join(user.name for user in (*users[users.index(path) :], path)))
    text = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        _gather((path.parent / match[3]).resolve(), bodies, (*users, path))
    bodies[path] = text


def _linked(path: Path, numbers: dict[Path, int]) -> str:
    """The inside of a module's function: what it takes from others, its body, and what it gives."""
    return f"{_body(path, numbers)}\nreturn {{{','.join(_given(path.read_text(encoding='utf-8')))}}};"


def _body(path: Path, numbers: dict[Path, int]) -> str:
    text = path.read_text(encoding="utf-8")

    def taken(match: re.Match[str]) -> str:
        other = (path.parent / match[3]).resolve()
        module = f"m{numbers[other]}"
        if match[2]:
            return f"const {match[2]}={module};"
        there = {name.partition(":")[0] for name in _given(other.read_text(encoding="utf-8"))}
        missing = {name.partition(" as ")[0] for name in _names(match[1])} - there
        if missing:
            raise BundleError(f"{path.name} < {other.name}: {sorted(missing)}")
        return "const {" + ",".join(name.replace(" as ", ":") for name in _names(match[1])) + f"}}={module};"

    text = _IMPORT.sub(taken, text)
    text = _LISTED.sub("", _TAKEN_APART.sub("", _DECLARED.sub(r"\1 \2", text)))
    left = _LEFT.search(text)
    if left:
        raise BundleError(f"{path.name}: {left[0]}")
    return shortened(text).strip()


def _given(text: str) -> list[str]:
    """What a module exports: its names, or ``name:own`` where it is called otherwise inside."""
    given = [match[2] for match in _DECLARED.finditer(text)]
    given += [name for match in _TAKEN_APART.finditer(text) for name in _names(match[1])]
    return given + [_renamed(name) for match in _LISTED.finditer(text) for name in _names(match[1])]


def _names(listed: str) -> list[str]:
    return [" ".join(name.split()) for name in listed.split(",") if name.strip()]


def _renamed(name: str) -> str:
    own, _, given = name.partition(" as ")
    return f"{given}:{own}" if given else own
