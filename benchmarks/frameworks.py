"""What a step costs beside the frameworks' own loops, in both directions.

A cost that is written in a framework, descended by ``minimize`` instead of the framework's loop: how many times faster
a step is. And a rule of ours as the framework's optimizer, in the framework's loop: how much of their time it takes.
Both loops run in turns in one process; printed are medians over pairs of turns, with the quartiles.

    python benchmarks/frameworks.py                 # all of it, five to ten minutes, by how busy the machine is
    python benchmarks/frameworks.py costs torch     # some of: costs, torch, optax, keras
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from framework_adapters import keras_optimizers, optax_transformations, torch_optimizers
from framework_costs import whole_descents

BACKENDS = ("tensorflow", "jax", "torch")  # of Keras, which knows one in a process
PARTS = {
    "costs": whole_descents,
    "torch": torch_optimizers,
    "optax": optax_transformations,
    **{f"keras:{backend}": functools.partial(keras_optimizers, backend) for backend in BACKENDS},
}


def main() -> None:
    """Each part in a process of its own: they ask for other precisions and backends of one framework."""
    chosen = sys.argv[1:] or ["costs", "torch", "optax", "keras"]
    unknown = [name for name in chosen if name != "keras" and name not in PARTS]
    if unknown:
        sys.exit(f"there is no part {', '.join(unknown)}; there are: costs, torch, optax, keras")
    parts = [part for name in chosen for part in PARTS if name in (part, part.partition(":")[0])]
    if len(parts) > 1:
        for part in parts:
            done = subprocess.run([sys.executable, __file__, part], stderr=subprocess.PIPE, text=True)
            if done.returncode:  # else it is TensorFlow's talk
                sys.exit(done.stderr)
        return
    try:
        PARTS[parts[0]]()
    except ModuleNotFoundError as error:
        print(f"\nleft out, for {error.name} is not installed: {parts[0]}")


if __name__ == "__main__":
    main()
