"""The README runs, and the pages made from the code are those that the code makes."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from downslope.optimizers import Optimizer, all_curved, all_optimizers

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPARING = (ROOT / "docs" / "guides" / "comparing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README + COMPARING, re.S)
SCRIPTS = [
    b for b in BLOCKS if "printf " in b or "downslope export" in b
]  # whose commands follow from one another
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("downslope ") and block not in SCRIPTS and ".json second.json" not in line
]
PYTHON = {
    page: re.findall(r"```python\n(.*?)```", text, re.S)
    for page, text in (("README.md", README), ("docs/guides/comparing.md", COMPARING))
}
PAGE_OF_SWEEPS = (ROOT / "docs" / "guides" / "sweeps.md").read_text(encoding="utf-8")
COMMANDS += re.findall(r"^downslope .*$", PAGE_OF_SWEEPS, re.M)


def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_end_as_asked(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)[1:]
    ran = subprocess.run(
        [sys.executable, "-m", "downslope", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    if "--plot" in words:
        assert (tmp_path / words[words.index("--plot") + 1]).stat().st_size > 1000


@pytest.mark.parametrize("block", SCRIPTS, ids=lambda block: block.splitlines()[1][:40])
def test_scripts_of_the_readme_run(block: str, tmp_path: Path) -> None:
    for written in block.splitlines():
        line = shlex.split(written, comments=True)
        if line[0] == "printf":
            (tmp_path / line[-1]).write_text(line[1].encode().decode("unicode_escape"))
            continue
        ran = subprocess.run(
            [sys.executable, "-m", *line],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == ("exit code 1" in written), ran.stderr
        assert ran.stdout or "--output" in line
        for option in ("--plot", "--save", "--output"):
            if option in line:
                assert (tmp_path / line[line.index(option) + 1]).stat().st_size > 1000


def run_python_of(page: str, tmp_path: Path) -> str:
    assert PYTHON[page]
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(PYTHON[page])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_python_of_the_readme_runs(tmp_path: Path) -> None:
    said = run_python_of("README.md", tmp_path)
    assert "step_limit" in said
    assert "traced" in said


def test_python_of_the_page_on_comparing_runs(tmp_path: Path) -> None:
    assert "needs fewer evaluations than" in run_python_of("docs/guides/comparing.md", tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"four.png", "two.gif", "race.html", "race.png", "race.json"} <= written


def test_python_of_the_page_on_sweeps_runs(tmp_path: Path) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE_OF_SWEEPS, re.S))
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "40,000 runs" in ran.stdout
    for picture in re.findall(r"\]\(\.\./(pictures/[^)]+)\)", PAGE_OF_SWEEPS):
        assert (ROOT / "docs" / picture).read_bytes()[:4] == b"\x89PNG"


def test_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_bytes()[:4] == b"\x89PNG"


def test_the_table_of_methods_is_current() -> None:
    kept = (ROOT / "docs" / "optimizers.md").read_text(encoding="utf-8")
    assert kept == build().index(), "run scripts/docs"


def test_the_page_of_the_dialects_is_current() -> None:
    kept = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    assert kept == build().exports(), "run scripts/docs"


@pytest.mark.parametrize("cls", [*all_optimizers(), *all_curved()], ids=lambda cls: cls.name())
def test_the_page_of_each_method_is_current(cls: type[Optimizer]) -> None:
    kept = (ROOT / "docs" / "optimizers" / f"{cls.name()}.md").read_text(encoding="utf-8")
    assert kept == build().page(cls), "run scripts/docs"
    for picture in re.findall(r"\]\(\.\./(pictures/[^)]+)\)", kept):
        assert (ROOT / "docs" / picture).read_bytes()[:4] == b"\x89PNG"


def test_the_page_on_the_design_names_every_folder_and_no_other() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    house = page.partition("## The house")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", house, re.M) for name in re.findall(r"`([\w.]+)/?`", row)
    }
    source = ROOT / "src" / "downslope"
    there = {
        path.name for path in source.iterdir() if not path.name.startswith("_") and path.name != "py.typed"
    }
    assert named == there


def test_every_file_that_the_design_names_is_there() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+/[\w]+\.py)`", page)
    assert named
    missing = [
        name
        for name in named
        if not any((ROOT / place / name).exists() for place in (".", "src", "src/downslope"))
    ]
    assert missing == []


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(listed)
    assert {path.name for path in folder.glob("0*.md")} <= set(listed)
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1))
