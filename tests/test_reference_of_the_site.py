"""The guides, the gallery and the findings of the site run as they stand, and its reference lacks no public name."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.explain.sentences import CODES

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))

import executed  # noqa: E402 - the site's own

FINDINGS = tomllib.loads((DOCS / "findings" / "findings.toml").read_text(encoding="utf-8"))
EXECUTED = sorted(
    str(path.relative_to(DOCS))
    for path in (DOCS / "gallery.md", *(DOCS / "guides").glob("*.md"))
    if "```{executed}" in path.read_text(encoding="utf-8")
)
SHOWN_BY_NONE = {"active_bounds", "final_pass_differs", "unexplained"}  # their entries say so


@pytest.mark.parametrize("page", EXECUTED)
def test_every_block_of_a_page_runs(page: str, tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    blocks = executed.blocks_of((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    for code, needs in blocks:
        if not executed.is_there(needs):
            continue
        with executed.within(str(tmp_path)) as pictures:
            said = executed.execute(code, names)
        assert said or "print(" not in code
        assert len(pictures) == len(re.findall(r"plot\([^\n]*\.png|\"branch\.png", code))


def test_every_finding_has_an_entry() -> None:
    assert tuple(FINDINGS) == CODES
    assert all(entry["when"] and entry["advice"] for entry in FINDINGS.values())
    assert {code for code, entry in FINDINGS.items() if "call" not in entry} == SHOWN_BY_NONE


@pytest.mark.parametrize("code", [code for code in FINDINGS if code not in SHOWN_BY_NONE])
def test_the_call_shows_the_finding(code: str) -> None:
    names: dict[str, Any] = {"ds": ds}
    executed.execute(f"run = {FINDINGS[code]['call']}", names)
    assert code in names["run"].explain().codes


def test_the_reference_is_made_of_everything_public() -> None:
    import reference_pages

    made = dict(reference_pages.pages())
    api = DOCS / "reference" / "api"
    index = made[api / "index.md"]
    told = "\n".join(text for path, text in made.items() if path.parent == api)
    for module, names in reference_pages.modules().items():
        assert f"## {module}\n" in index
        for name in names:
            assert f"[`{name}`](" in index
    for name in set(ds.__all__) - {"__version__", "errors", "objectives", "optimizers", "plots"}:
        assert re.search(rf"^.. auto(class|function):: ([\w.]+\.)?{name}$", told, re.M), name
    for code in CODES:
        assert reference_pages.sentences_of(code), code
        assert DOCS / "findings" / f"{code}.md" in made
    line = made[DOCS / "reference" / "commands.md"]
    for name, command, context in reference_pages.commands():
        assert f"## {name}\n" in line
        for option in command.get_params(context):
            hidden = getattr(option, "hidden", False)
            for spelling in () if hidden else option.opts:
                assert spelling in line or not spelling.startswith("--"), (name, spelling)
    assert len(made[DOCS / "reference" / "messages.md"]) > 100_000


def test_everything_public_of_a_result_says_what_it_is() -> None:
    silent = []
    for name in ds.__all__:
        thing = getattr(ds, name)
        if not inspect.isclass(thing):
            continue
        for member in dir(thing):
            found = inspect.getattr_static(thing, member)
            called = getattr(found, "fget", None) or getattr(found, "__func__", found)
            ours = inspect.isfunction(called) and called.__module__.startswith("downslope")
            if ours and not member.startswith("_") and not inspect.getdoc(getattr(thing, member)):
                silent.append(f"{name}.{member}")
    assert silent == []
