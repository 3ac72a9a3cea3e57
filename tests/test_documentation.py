"""The README runs, and the pages made from the code are those that the code makes."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from downslope.optimizers import Optimizer, all_blocks, all_curved, all_optimizers

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
# The pages that are written by hand; those that are made from the code are tested with it.
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        *sorted(DOCS.glob("*.md")),
        *sorted((DOCS / "guides").glob("*.md")),
        *sorted((DOCS / "lessons").glob("*.md")),
    )
}
SHELL = {
    page: blocks for page, text in PAGES.items() if (blocks := re.findall(r"```sh\n(.*?)```", text, re.S))
}
NAMED = {"README.md", "docs/guides/comparing.md", "docs/guides/sweeps.md"}
PYTHON = {page: blocks for page in NAMED if (blocks := re.findall(r"```python\n(.*?)```", PAGES[page], re.S))}
# Lines that set up a machine: scripts/release, scripts/extras.py and scripts/built do what these say, in CI.
SET_UP = ("pip install ", "scripts/")
# What is not in the environment that scripts/try makes.
EXTRAS = (
    "torch",
    "tensorflow",
    "jax",
    "keras",
    "optax",
    "sklearn",
    "scipy",
    "pandas",
    "polars",
    "anywidget",
    "uvicorn",
)
BLOCKER = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an environment without extras, as scripts/try makes it."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(BLOCKER)
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *([before] if before else [])])}


def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines_of(page: str) -> list[str]:
    return [
        line for block in SHELL[page] for line in block.splitlines() if line and not line.startswith(SET_UP)
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for a shell such as bash")
@pytest.mark.parametrize("page", SHELL)
def test_the_shell_blocks_of_a_page_run_one_after_another(
    page: str, tmp_path: Path, bare: dict[str, str]
) -> None:
    """Each line ends as it says, with 0 where it says nothing, and writes the files that it names."""
    command = f'downslope() {{ "{sys.executable}" -m downslope "$@"; }}'
    wanted = lines_of(page)
    assert all(line.startswith(("downslope ", "printf ")) for line in wanted)
    variables = bare if page == "README.md" else dict(os.environ)
    for line in wanted:
        ran = subprocess.run(
            ["bash", "-c", f"{command}\n{line}"],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ran.returncode == ("exit code 1" in line), (line, ran.stderr)
        words = shlex.split(line, comments=True)
        writes = {"--plot", "--save", "--output", "--html", "--checkpoint"} & set(words)
        assert ran.stdout or writes or line.startswith("printf "), line
        for option in writes:
            assert (tmp_path / words[words.index(option) + 1]).stat().st_size > 500, line


def run_python_of(page: str, tmp_path: Path, variables: dict[str, str] | None = None) -> str:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(PYTHON[page])],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_python_of_the_readme_runs_where_no_extra_is_installed(tmp_path: Path, bare: dict[str, str]) -> None:
    said = run_python_of("README.md", tmp_path, bare)
    assert "step_limit" in said
    assert "traced" in said
    assert {"zigzag.png", "four.png"} <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_is_of_two_screens() -> None:
    assert len(README.splitlines()) <= 110
    for words in ("scripts/try", "scripts/test", "downslope[all]", "## What it is not"):
        assert words in README


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_python_of_the_page_on_comparing_runs(tmp_path: Path) -> None:
    assert "needs fewer evaluations than" in run_python_of("docs/guides/comparing.md", tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"four.png", "two.gif", "race.html", "race.png", "race.json"} <= written


def test_python_of_the_page_on_sweeps_runs(tmp_path: Path) -> None:
    assert "40,000 runs" in run_python_of("docs/guides/sweeps.md", tmp_path)
    for picture in re.findall(r"\]\(\.\./(pictures/[^)]+)\)", PAGES["docs/guides/sweeps.md"]):
        assert (ROOT / "docs" / picture).read_bytes()[:4] == b"\x89PNG"


def test_no_code_of_a_page_is_left_out() -> None:
    """Executed blocks and cells run when the site is built, and in tests of their own; the others are those above."""
    for page, text in PAGES.items():
        left = set(re.findall(r"^```([a-z{][\w{}-]*)", text, re.M))
        left -= {"sh", "text", "math", "{executed}", "{code-cell}", "{toctree}", "{living}", "{living-fit}"}
        left -= {"{eval-rst}", "{include}"}
        if page in NAMED or page in (
            "docs/export.md",
            "docs/optimizers.md",
        ):  # those are made by docs/build.py
            left -= {"python"}
        assert left == set(), page


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


@pytest.mark.parametrize("cls", [*all_optimizers(), *all_curved(), *all_blocks()], ids=lambda cls: cls.name())
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
