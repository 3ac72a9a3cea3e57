"""Names that mean one thing: no two public classes share one, and no file is a door."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

SOURCES = sorted((Path(__file__).parents[2] / "src" / "downslope").rglob("*.py"))


def test_no_two_public_classes_have_one_name():
    places = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.name}:{node.lineno}")
    assert places
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_file_is_called_door():
    assert not [path for path in SOURCES if path.stem == "door"]
