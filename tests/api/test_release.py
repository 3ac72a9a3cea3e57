"""What a release says of itself agrees, and the scripts take the Python that was asked for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import downslope as ds

ROOT = Path(__file__).parents[2]


def test_the_version_is_said_alike_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == ds.__version__
    assert f"\nversion: {ds.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {ds.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_fragment_of_the_changelog_has_a_kind_and_a_sentence():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    assert tool["start_string"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    kinds = {kind["directory"] for kind in tool["type"]}
    for path in (ROOT / tool["directory"]).iterdir():
        if path.name != "README.md":
            assert path.name.split(".")[1:] in [[kind, "md"] for kind in kinds], path.name
            assert path.read_text(encoding="utf-8").strip()


def test_all_has_what_each_extra_of_users_has():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    (every,) = extras["all"]
    named = set(every.removeprefix("downslope[").removesuffix("]").split(","))
    assert named == set(extras) - {"all", "docs", "test", "benchmark"}


def test_what_is_public_is_typed_and_there():
    assert (Path(ds.__file__).parent / "py.typed").is_file()
    assert len(set(ds.__all__)) == len(ds.__all__)
    for name in ds.__all__:
        assert getattr(ds, name) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for bash")
@pytest.mark.parametrize("way", ["argument", "variable"])
def test_a_python_that_does_not_run_is_said(way, tmp_path):
    variables = {**os.environ, "DOWNSLOPE_VENV": str(tmp_path / "venv")}
    call = ["bash", str(ROOT / "scripts" / "try")]
    if way == "argument":
        call.append("/no/such/python")
    else:
        variables["PYTHON"] = "/no/such/python"
    ended = subprocess.run(call, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "PYTHON=/no/such/python does not run, or is older than 3.11." in ended.stderr
    assert not (tmp_path / "venv").exists()


def test_each_extra_of_users_has_a_job_of_its_own():
    spec = importlib.util.spec_from_file_location("extras", ROOT / "scripts" / "extras.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert set(module.JOBS) - {""} == set(extras) - module.NOT_FOR_USERS
    for job in module.JOBS.values():
        compile(job, "<job>", "exec")


def test_the_workflow_tests_what_is_built_on_every_python_that_is_promised():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = [name.rpartition(" ")[2] for name in project["classifiers"] if "Python :: 3." in name]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    listed = "python: [" + ", ".join(f'"{version}"' for version in promised) + "]"
    for job in ("test", "wheel", "release"):
        part = workflow.partition(f"\n  {job}:\n")[2]
        assert listed in part.partition("    steps:\n")[0], job
