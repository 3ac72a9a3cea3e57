"""Each thing that can be added is added to a copy of the tree, as CONTRIBUTING.md says, and is then found everywhere.

The files that CONTRIBUTING names are all that is written by hand: beside them only what the scripts make has changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
COPIED = ("src", "docs", "scripts")
RULES, SCHEDULES = ("src/downslope/optimizers/" + folder for folder in ("rules", "schedules"))
CATALOGUES = "src/downslope/messages/catalogues"


class Tree:
    """A copy of what is committed, in which programs can be run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in COPIED:  # with the compiled code of Numba, which is kept by the times of files
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("pictures", "*.pyc"))
        self._before = self._contents()

    def _contents(self) -> dict[str, bytes]:
        files = (path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}

    def changed(self) -> set[str]:
        """The files that are new or other than they were."""
        return {name for name, content in self._contents().items() if self._before.get(name) != content}

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, "utf-8")

    def run(self, *arguments: str, exits: int = 0, **environment: str) -> str:
        """What Python prints with these arguments."""
        ran = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root / "src"), "DOWNSLOPE_LANG": "en", **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert ran.returncode == exits, ran.stderr[-2000:]
        return ran.stdout

    def answers(self, program: str) -> Mapping[str, object]:
        """What a program prints as JSON."""
        answers: Mapping[str, object] = json.loads(self.run("-c", program))
        return answers


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def example_under(heading: str) -> str:
    """The first block of Python under a heading of CONTRIBUTING.md that begins so."""
    match = re.search(rf"^## {heading}.*?^```python\n(.*?)^```", CONTRIBUTING, re.S | re.M)
    assert match is not None, heading
    return match[1]


def test_an_optimizer_is_one_file(tree: Tree) -> None:
    tree.write(f"{RULES}/sign_momentum.py", example_under("Add an optimizer"))
    found = tree.answers(
        """
import json, sys
import downslope as ds
sys.path.insert(0, "docs")
import build
run = ds.minimize("x^2/20 + y^2", "x=-7,y=2", optimizer="sign_momentum", learning_rate=0.1, steps=300)
hosted = ds.minimize(
    "x^2/20 + y^2", "x=-7,y=2", optimizer=ds.optimizers.SignMomentum(learning_rate=0.1), steps=300, engine="hosted")
updated = ds.Updater("sign_momentum", learning_rate=0.1).update({"x": 3.0}, {"x": 6.0})
print(json.dumps({
    "file": ds.__file__, "fell": run.fun < 0.1, "same": abs(run.fun - hosted.fun) < 1e-12, "engine": run.engine,
    "updated": updated["x"], "docs": "sign_momentum" in build.index(), "page": build.page(ds.optimizers.SignMomentum),
    "script": run.export("numpy")}))
"""
    )
    assert str(found["file"]).startswith(str(tree.root))
    assert (found["fell"], found["same"], found["engine"]) == (True, True, "traced")
    assert found["updated"] == pytest.approx(2.9)
    assert found["docs"]
    assert "## Hyperparameters" in str(found["page"])
    assert "np.sign" in str(found["script"])
    assert "sign_momentum" in tree.run("-m", "downslope", "optimizers")
    assert "beta" in tree.run("-m", "downslope", "optimizers", "sign_momentum")
    assert tree.changed() == {f"{RULES}/sign_momentum.py"}


def test_a_schedule_is_one_file(tree: Tree) -> None:
    tree.write(f"{SCHEDULES}/plunge.py", example_under("Add a schedule"))
    tree.run("-m", "doctest", f"{SCHEDULES}/plunge.py")
    found = tree.answers(
        """
import json, sys
import downslope as ds
from downslope.optimizers.schedules import Plunge, Warmup, parse_schedule
sys.path.insert(0, "docs")
import build
said = dict(learning_rate=0.4, steps=30)
run = ds.minimize("x^2/20 + y^2", "x=-7,y=2", schedule="plunge(steps=9)", **said)
hosted = ds.minimize("x^2/20 + y^2", "x=-7,y=2", schedule=Plunge(steps=9), engine="hosted", **said)
print(json.dumps({
    "listed": "Plunge" in dir(ds.optimizers.schedules), "read": parse_schedule("plunge(steps=9)") == Plunge(steps=9),
    "product": (Warmup(steps=2) * Plunge(steps=9)).factor(20), "same": abs(run.fun - hosted.fun) < 1e-12,
    "engine": run.engine, "docs": "`plunge`" in build.index(), "script": run.export("numpy"),
    "again": ds.optimizers.optimizer_from_dict(run.optimizer.to_dict()) == run.optimizer}))
"""
    )
    assert (found["listed"], found["read"], found["docs"], found["again"]) == (True, True, True, True)
    assert found["product"] == pytest.approx(0.1)
    assert (found["same"], found["engine"]) == (True, "traced")
    assert "0.1" in str(found["script"])
    call = ("minimize", "x^2", "--start", "x=1", "--learning-rate", "0.1", "--schedule", "plunge(steps=5)")
    assert json.loads(tree.run("-m", "downslope", *call, "--steps", "9", "--format", "json"))["nit"] == 9
    assert tree.changed() == {f"{SCHEDULES}/plunge.py"}


def test_a_language_is_one_catalogue_and_no_code(tree: Tree) -> None:
    script = str(tree.root / "scripts" / "collect_messages.py")
    tree.run(script, "--add", "de")
    catalogue = tree.root / CATALOGUES / "de" / "downslope.po"
    english = 'msgid "Gradient descent that you can see, trust and scale."\nmsgstr ""\n'
    text = catalogue.read_text("utf-8")
    assert english in text
    german = "Gradientenabstieg, den man sehen, dem man trauen kann."
    catalogue.write_text(text.replace(english, english.replace('msgstr ""', f'msgstr "{german}"')), "utf-8")
    tree.run(script)
    tree.run(script, "--check")
    assert german in tree.run("-m", "downslope", "--lang", "de", "--help")
    assert german in tree.run("-m", "downslope", "--help", DOWNSLOPE_LANG="de")
    assert german not in tree.run("-m", "downslope", "--help")
    assert "'de'" in tree.run(
        "-c", "from downslope.messages import languages as l; print(l.available_languages())"
    )
    assert tree.changed() == {f"{CATALOGUES}/de/downslope.po", f"{CATALOGUES}/de/downslope.mo"}


def test_a_finding_is_two_files(tree: Tree) -> None:
    family, sentences = (
        "src/downslope/explain/" + name for name in ("findings/slow.py", "sentences/causes.py")
    )
    text = (tree.root / family).read_text("utf-8")
    looks = "looks = (_momentum,"
    assert text.count(looks) == 1
    tree.write(
        family,
        text.replace(looks, "looks = (_far_start, _momentum,")
        + '''

def _far_start(diagnosis: Diagnosis) -> Finding | None:
    """A start so far out that the way to the minimum is what takes the steps."""
    far = norm_of(diagnosis.start)
    return Finding("far_start", {"far": far}) if far > 1e3 and diagnosis.missed else None
''',
    )
    text = (tree.root / sentences).read_text("utf-8")
    code, table = '    "zigzag",\n', "FINDINGS: Mapping[str, Template] = {\n"
    assert (text.count(code), text.count(table)) == (1, 1)
    sentence = '    "far_start": Template("The start lies {far:.3g} away from 0."),\n'
    tree.write(sentences, text.replace(code, code + '    "far_start",\n').replace(table, table + sentence))
    call = (
        "minimize",
        "x^2",
        "--start",
        "x=5000",
        "--learning-rate",
        "0.1",
        "--steps",
        "9",
        "--tolerance",
        "1e-9",
    )
    found = tree.answers(
        """
import json
import downslope as ds
said = dict(learning_rate=0.1, steps=9, tolerance=1e-9)
run, near = (ds.minimize("x^2", {"x": x}, **said) for x in (5000.0, 3.0))
print(json.dumps({"codes": run.explain().codes, "near": near.explain().codes, "told": str(run.explain()),
    "data": run.explain().to_dict()["findings"][0]["code"], "html": run.explain()._repr_html_()}))
"""
    )
    assert found["codes"] == ["far_start"]
    assert "far_start" not in found["near"]  # type: ignore[operator]
    assert "The start lies 5e+03 away from 0." in str(found["told"])
    assert "far_start" in str(found["html"])
    assert found["data"] == "far_start"
    assert "The start lies 5e+03 away from 0." in tree.run("-m", "downslope", *call, "--explain", exits=1)
    assert tree.changed() == {family, sentences}


def test_a_dialect_is_two_files(tree: Tree) -> None:
    writers = "src/downslope/export/exporting.py"
    tree.write(
        "src/downslope/export/dialects/plain_numpy.py",
        '''from __future__ import annotations

import ast
from dataclasses import asdict, replace

from downslope.export.arithmetic import Arithmetic
from downslope.export.dialects.numpy import NumPy
from downslope.export.table_templates import TableTemplates


class PlainNumPy(NumPy):
    """NumPy again, under another title and name, as a library with NumPy's functions would be."""

    title = "Another NumPy"
    words = replace(
        NumPy.words,
        arrays={"where": "anp.where(_0, _1, _2)", **{k: v for k, v in NumPy.words.arrays.items() if k != "where"}},
        constants={"pi": "anp.pi", "e": "anp.e"},
        module=("np", "anp"),
        imports={"anp": "import numpy as anp"},
    )
    table_templates = TableTemplates(
        **{name: code.replace("np.", "anp.") for name, code in asdict(NumPy.table_templates).items()}
    )
    vector = "anp.array(_0)"

    def constant_vector(self, code: str) -> str:
        return self.words.own(super().constant_vector(code))

    def clipped(self, vector: str, low: str, high: str) -> str:
        return self.words.own(super().clipped(vector, low, high))

    def arithmetic(self, alone: bool) -> Arithmetic:
        known = super().arithmetic(alone)
        numbers, vectors = (
            {name: self.words.own(code) for name, code in table.items()} for table in (known.numbers, known.vectors)
        )
        return replace(known, numbers=numbers, vectors=vectors)

    def preamble(self) -> list[str]:
        return [self.words.own(line) for line in super().preamble()]

    def begin(self, numbers: ast.expr) -> list[str]:
        return [self.words.own(line) for line in super().begin(numbers)]

    def length(self, vector: str) -> str:
        return self.words.own(super().length(vector))
''',
    )
    text = (tree.root / writers).read_text("utf-8")
    line, numpy = (
        '    "numpy_class": _of_either(NumPyClass, None),\n',
        "from downslope.export.dialects.numpy import NumPy\n",
    )
    assert (text.count(line), text.count(numpy)) == (1, 1)
    own = "from downslope.export.dialects.plain_numpy import PlainNumPy\n"
    tree.write(writers, text.replace(numpy, numpy + own).replace(line, '    "plain": PlainNumPy,\n' + line))
    found = tree.answers(
        """
import contextlib, io, json
import downslope as ds
run = ds.minimize("x^2/20 + log(cosh(y)) + sin(x)", "x=-7,y=2", learning_rate=0.9, steps=20)
fit = ds.fit({"u": [1.0, 2.0, 3.0], "v": [2.0, 4.1, 5.9]}, "v ~ a*u + b")
def printed(script):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(script, "script.py", "exec"), {"__name__": "__main__"})
    return out.getvalue()
print(json.dumps({"run": run.export("plain"), "fit": fit.export("plain"), "printed": printed(run.export("plain")),
    "same": printed(run.export("plain")) == printed(run.export("numpy"))}))
"""
    )
    assert found["same"]
    assert "gradient norm" in str(found["printed"])
    for script in (str(found["run"]), str(found["fit"])):
        assert "import numpy as anp" in script
        assert re.search(r"\bnp\.", script) is None
    saved = str(tree.root.parent / "run.json")
    tree.run(
        "-m", "downslope", "minimize", "x^2", "--start", "x=1", "--learning-rate", "0.1", "--save", saved
    )
    assert "in Another NumPy" in tree.run("-m", "downslope", "export", saved, "--to", "plain")
    assert tree.changed() == {"src/downslope/export/dialects/plain_numpy.py", writers}


def test_a_command_is_its_file_and_its_line(tree: Tree) -> None:
    tree.write(
        "src/downslope/cli/version_of.py",
        '''from __future__ import annotations

import click

from downslope import __version__
from downslope.cli import terminal
from downslope.cli.words import Command
from downslope.messages import message


@click.command(cls=Command, short_help=message("Print the version alone."), help=message("Print the version alone."))
def version_of() -> None:
    """``downslope version-of``."""
    terminal.emit(__version__)
''',
    )
    main = (tree.root / "src/downslope/cli/main.py").read_text("utf-8")
    changed = main.replace("    completion,\n)", "    completion,\n    version_of,\n)").replace(
        "from downslope.cli.words import",
        "from downslope.cli.version_of import version_of\nfrom downslope.cli.words import",
    )
    assert changed.count("version_of") == 3
    tree.write("src/downslope/cli/main.py", changed)
    assert "Print the version alone." in tree.run("-m", "downslope", "--help")
    assert tree.run("-m", "downslope", "version-of").strip() == "0.1.0"
    assert tree.changed() == {"src/downslope/cli/main.py", "src/downslope/cli/version_of.py"}


def test_every_heading_of_contributing_names_files_that_are_there() -> None:
    known = {
        path.name
        for path in (*ROOT.glob("src/downslope/**/*"), *ROOT.glob("tests/**/*"), *ROOT.glob("docs/**/*"))
    }
    invented = {"your_rule.py", "your_schedule.py", "FAMILY.py", "yours.py", "your_command.py"}
    named = {word.rpartition("/")[2] for word in re.findall(r"`([\w./-]+\.(?:py|md|po))`", CONTRIBUTING)}
    assert named - known - invented == set()
