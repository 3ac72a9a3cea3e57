"""Runs scripts one after the other in one process of its own, and prints what each printed, as JSON.

    python runner.py FRAMEWORK... -- SCRIPT...

The frameworks are imported first, for what they warn of while they are is their own affair; from then on every warning
is an error. Between two scripts the settings that scripts make go back to what a fresh process has.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import runpy
import sys
import traceback
import warnings
from typing import Any


def prepare(names: list[str]) -> dict[str, Any]:
    """The frameworks, by name."""
    if "keras" in names:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: importlib.import_module(name) for name in names}


def reset(frameworks: dict[str, Any]) -> None:
    """As in a fresh process."""
    import numpy as np

    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    if "torch" in frameworks:
        frameworks["torch"].set_default_dtype(frameworks["torch"].float32)
    if "keras" in frameworks:
        frameworks["keras"].config.set_floatx("float32")
    if "jax" in frameworks:
        frameworks["jax"].config.update("jax_enable_x64", False)


def executed(path: str) -> dict[str, str]:
    """What one script printed, and its traceback where it failed."""
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            runpy.run_path(path, run_name="__main__")
        except BaseException:
            error = traceback.format_exc(limit=-3)
    return {"printed": printed.getvalue(), "error": error}


if __name__ == "__main__":
    at = sys.argv.index("--")
    frameworks = prepare(sys.argv[1:at])
    results = {}
    for script in sys.argv[at + 1 :]:
        reset(frameworks)
        results[script] = executed(script)
    sys.stdout.write(json.dumps(results))
