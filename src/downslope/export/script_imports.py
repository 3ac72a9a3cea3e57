"""The imports of a script, told from its code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from downslope.export.formatter import commented
from downslope.messages import message

_IMPORTS = {
    "csv": "import csv",
    "functools": "import functools",
    "math": "import math",
    "NamedTuple": "from typing import NamedTuple",
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "keras": "import keras",
    "np": "import numpy as np",
    "optax": "import optax",
    "sympy": "import sympy",
    "tf": "import tensorflow as tf",
    "torch": "import torch",
}
_STANDARD = ("csv", "functools", "math", "NamedTuple")
_BACKEND = 'os.environ["KERAS_BACKEND"] = "tensorflow"'


def imports_of(code: str, own: Mapping[str, str]) -> str:
    """The lines that import what the code names, some its own; Keras is told of its backend before."""
    known = {**_IMPORTS, **own}
    bare = re.sub(r"#[^\n]*|\"\"\".*?\"\"\"", "", code, flags=re.S)
    used = [word for word in known if re.search(rf"(?<![\w.\"]){word}\b(?!\")", bare)]
    keras = "keras" in used
    standard = [known[w] for w in used if w in _STANDARD]
    standard = [*standard, "import os"] if keras else standard
    others = [known[w] for w in used if w not in _STANDARD]
    backend = [commented(_BACKEND, message("before Keras is imported"))] if keras else []
    blocks = ["\n".join(block) for block in (standard, backend, others) if block]
    return "\n\n".join(blocks) + "\n\n" if blocks else ""
