"""The house is one-way: nothing is imported from above, by a string, inside a function or for typing.

import-linter checks that folders import downwards only, typing and the insides of functions included. Here is what it
does not see: strings, and circles within a folder.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted((SOURCE / "downslope").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in FILES
}

# These look downwards by name: the package itself at everything, what finds rules at the folders beside it.
BY_NAME = {"downslope/__init__.py", "downslope/optimizers/discovery.py"}


def named_modules(path: Path) -> Iterator[str]:
    """The modules of downslope that a file names in strings, or imports by what it is called itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in MODULES - {"downslope"}:
            yield f"{node.lineno}: {node.value}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            text = ast.unparse(node)
            if re.search(r"downslope\.|__name__|__package__", text):
                yield f"{node.lineno}: {text}"


def test_no_module_is_imported_by_a_string() -> None:
    found = {str(path.relative_to(SOURCE)): list(named_modules(path)) for path in FILES}
    assert {name for name, places in found.items() if places} == BY_NAME, found


@pytest.mark.parametrize(
    "text", ['"downslope.plots"', 'import_module(f"{__package__}.tape")', 'import_module(f"downslope.{a}")']
)
def test_strings_are_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"module = {text}\n", encoding="utf-8")
    assert len(list(named_modules(tmp_path / "module.py"))) == 1


def imports(typing_too: bool) -> dict[str, set[str]]:
    graph = grimp.build_graph("downslope", exclude_type_checking_imports=not typing_too, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def a_circle(of: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(of).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_no_module_imports_in_a_circle() -> None:
    found = imports(typing_too=False)
    assert found
    assert a_circle(found) == []


def test_types_are_imported_in_no_circle() -> None:
    found = imports(typing_too=True)
    # The parts of a script are written by functions of the whole of it.
    for part in (
        *("costs", "loops", "own_classes"),
        *("printed_rows", "script_constants", "script_docstring", "wrapper_code"),
    ):
        found[f"downslope.export.{part}"].remove("downslope.export.script")
    found["downslope.export.table_data"].remove("downslope.export.costs")
    assert a_circle(found) == []


def test_only_the_command_line_is_above_the_package_itself() -> None:
    users = {module for module, used in imports(typing_too=True).items() if "downslope" in used}
    assert {user.split(".")[1] for user in users} == {"cli"}
