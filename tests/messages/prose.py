"""Sentences in the source that are no messages yet: found in the syntax tree, counted by folder.

``python tests/messages/prose.py`` lists them (with a folder: only those); ``--write`` lowers the budget to what
is left.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "downslope"
BUDGET = Path(__file__).with_name("prose_budget.json")
WORD = re.compile(r"[^\W\d_]{2,}")
TWO_WORDS = re.compile(r"[^\W\d_]{2,}[,;:.'\"]* [^\W\d_]{2,}")

# What is no sentence to a reader, although it has three words: files, a pattern of the text, and why.
ALLOWED = (
    ("plots/fonts/*", "Noto Sans KR", "the name of a font"),
    ("messages/*", ".*", "tells whoever wrote a call of ours what is wrong with it"),
    ("*", r"(downslope|source <\(downslope|\{\} --).*", "a command, as it is typed"),
    ("export/curved_loop.py", r"(el)?if np\..*| and \{\}\(at, state\)", "a line of a script"),
    (
        "fitting/ruled_text.py",
        r".*rows\?\(.*|.*\\d\+ rows.*",
        "what clients of databases print at the end",
    ),
    ("language/functions/*", r"CASE WHEN .* END", "SQL, as a database is asked"),
    ("fitting/database/connection.py", r"(RELEASE|ROLLBACK TO) SAVEPOINT .*", "SQL, as a database is asked"),
    ("fitting/partitions/ray_tasks.py", r"pip install .*", "a command, as it is typed"),
    ("torch/calls.py", r"v\{\} = .*", "a line of a program that is written"),
    (
        "objectives/catalogue/problem_record.py",
        r"(Moré|Jamil|Surjanovic)\b.*\{\}",
        "cites a paper, in the paper's own words",
    ),
    (
        "objectives/frameworks/torch_errors.py",
        r"used in an in-place operation|modified by an inplace operation|Can't call numpy\(\) .*|Inference tensors .*"
        r"|backward through .*|does not require grad .*|expected scalar type",
        "a part of what PyTorch says, to know its error by",
    ),
    ("objectives/frameworks/tensorflow.py", "has no attribute 'assign", "a part of what Python says"),
    ("objectives/frameworks/tensorflow.py", r"tf\.cast\(.*\)", "code, as it is typed"),
    (
        "recording/running.py",
        r"a leaf Variable that requires grad .*|does not require grad .*|No gradients provided"
        r"|object has no attribute 'assign|backward through the graph .*",
        "a part of what a framework says, to know its error by",
    ),
    (
        "recording/checked_loop.py",
        r"learning_rate = 0\.1\n[\s\S]*|def loop\(seen\):\n[\s\S]*",
        "a loop, as it is typed",
    ),
    ("page/document.py", r"(default-src|<!doctype html>).*", "the frame of a page, in which nothing is said"),
    ("page/printed*.py", r"(import|export|\{ hyperparameters)\b.*", "JavaScript that is written"),
    ("page/vocabulary.py", r"(export const|for \(|// Characters are).*", "JavaScript that is written"),
    (
        "page/generate.py",
        r"// Written by .*",
        "the first line of a file that is written, for whoever opens it",
    ),
    (
        "page/refusals.py",
        r"\nno_meaning .*|\{\} (can be read|is no sentence)",
        "formulas with keys, and what tells whoever changes them what is wrong",
    ),
    (
        "symbolic/javascript.py",
        r"there is no JavaScript for \{\}",
        "tells whoever adds a function what it lacks",
    ),
    ("*", r"module '[\w.]+' has no attribute '\{\}'", "what Python itself says of a name that is not there"),
    ("export/script.py", r"optimizer step report value .*", "names that scripts use"),
    (
        "export/vocabulary.py",
        r"\ndef .*|\nerf = .*",
        "a function as scripts have it; what it says is collected from it",
    ),
    ("export/python.py", r"\{\} has no text here", "says that the exporter itself is wrong"),
    (
        "language/functions/*",
        r"\n(def|class) [\s\S]*|\n\{name\} = [\s\S]*|(greatest smaller|smallest greater) or equal",
        "a function as scripts have it; what it says is collected from it",
    ),
    ("language/sympy_form.py", r"no SymPy form is known for \{\}", "says that a record itself is wrong"),
    ("fitting/kernels/terms.py", r"\n[\s\S]*", "the code of the kernels"),
    ("results/worksheet.py", r"(?s)\nbody .*|<.*>\n?", "markup and its style, the same for every reader"),
    ("cli/completion.py", r"\nRegister-ArgumentCompleter [\s\S]*", "a script for PowerShell"),
    ("results/race_html.py", r"\n:root .*|<!doctype html>.*", "markup, the same for every reader"),
    ("language/mathematics.py", "<math .*</math>", "markup, the same for every reader"),
    ("language/notation.py", r"\s*alpha beta gamma .*", "how LaTeX calls the letters"),
    (
        "descent/conditions.py",
        r"the judge is made of ifs and returns, .*|there is no JavaScript for \{\}",
        "says that the judge itself is wrong",
    ),
    ("cli/terminal.py", r".*\(\?=.*", "a pattern for texts that are no messages yet"),
)

CODE = "export/*"  # lines of scripts are the same in every language


class Sentence(NamedTuple):
    """A literal of three or more words."""

    file: str
    line: int
    text: str

    @property
    def folder(self) -> str:
        return self.file.partition("/")[0]


def is_prose(text: str) -> bool:
    """Whether there are three words, two of them one after the other."""
    return len(WORD.findall(text)) >= 3 and TWO_WORDS.search(text) is not None


def sentences(source: str, file: str) -> Iterator[Sentence]:
    """Those of one file, without docstrings, messages, what is the same in every language, and what is allowed."""
    tree = ast.parse(source)
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)  # a docstring
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("message", "plural", "Template", "hyperparameter")
        ):
            skipped.update(node.args)
            skipped.update(keyword.value for keyword in node.keywords if keyword.arg == "context")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "literal":
            skipped.update(ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(part for part in node.values if isinstance(part, ast.Constant))
    for node in ast.walk(tree):
        text = _text(node)
        if text is None or node in skipped or not is_prose(text):
            continue
        if fnmatch(file, CODE) and is_code(text):
            continue
        if not any(
            fnmatch(file, files) and re.fullmatch(what, text, re.DOTALL) for files, what, _ in ALLOWED
        ):
            yield Sentence(file, node.lineno, text)  # type: ignore[attr-defined]


def is_code(text: str) -> bool:
    """Whether it is a line of a script, in which nothing is said to a person."""
    line = text.replace("{}", "_").strip()
    try:
        tree = ast.parse(f"{line} pass" if line.endswith(":") else line)
    except SyntaxError:
        return False
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return "#" not in line and not any(isinstance(words, str) and is_prose(words) for words in said)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
    return None


def left() -> list[Sentence]:
    """All that the source still says without a message."""
    return [
        sentence
        for path in sorted(SOURCE.rglob("*.py"))
        for sentence in sentences(path.read_text(encoding="utf-8"), path.relative_to(SOURCE).as_posix())
    ]


def by_folder(found: list[Sentence]) -> dict[str, int]:
    """How many there are in each folder, the most first."""
    return dict(Counter(sentence.folder for sentence in found).most_common())


def main(arguments: list[str]) -> None:
    found = left()
    if "--write" in arguments:
        budget = json.loads(BUDGET.read_text(encoding="utf-8"))
        budget["sentences"] = min(budget["sentences"], len(found))
        BUDGET.write_text(json.dumps(budget, indent=2) + "\n", encoding="utf-8")
    for sentence in found:
        if not arguments or sentence.file.startswith(arguments[0]):
            print(f"{sentence.file}:{sentence.line}: {sentence.text[:100]!r}")
    print(len(found), by_folder(found))


if __name__ == "__main__":
    main(sys.argv[1:])
