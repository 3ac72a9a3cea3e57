"""Runs the page's program in Node, where that is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import downslope.page

PROGRAM = Path(downslope.page.__file__).with_name("program")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed (Debian: apt-get install nodejs)")

_READ = """
import { readFileSync } from "node:fs";
import * as program from "PROGRAM/index.js";
const { readFormula, compileFormula, descend, RULES } = program;
const given = JSON.parse(readFileSync(0, "utf8"));
const answer = await (async () => { BODY })();
process.stdout.write(JSON.stringify(answer, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));
"""


def in_node(body: str, given: Any = None) -> Any:
    """What a function body of JavaScript returns, with ``given`` and the program's exports in scope."""
    script = _READ.replace("PROGRAM", PROGRAM.as_uri()).replace("BODY", body)
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
