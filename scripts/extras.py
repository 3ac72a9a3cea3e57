"""Installs each extra by itself, in a fresh environment, and does with it what it is there for.

    python scripts/extras.py WHEEL                every extra but [all]
    python scripts/extras.py WHEEL tables torch   these
    TORCH="torch==2.13.0" ...                     brings PyTorch by that name first, where [torch] is asked for

Prints a table: how many packages and megabytes an extra adds, and whether its job was done. Ends with 1 where one was
not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_FOR_USERS = {"docs", "test", "benchmark"}
BOWL = 'ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=29)'

# What a person installs it for, from small to large; each ends with an error where it is not so.
JOBS = {
    "": f"run = {BOWL}\nassert abs(run.x['x'] + 0.387174580942) < 1e-9",
    "video": f"{BOWL}.plot('zigzag.mp4')\nassert open('zigzag.mp4', 'rb').read(12)[4:8] == b'ftyp'",
    "notebook": (
        f"from downslope.notebook.widget import widget_of\nfrom downslope.page.document import content_of\n"
        f"data, _ = widget_of(lambda: content_of([{BOWL}]))._repr_mimebundle_()\n"
        "assert 'application/vnd.jupyter.widget-view+json' in data"
    ),
    "studio": (
        "import subprocess, sys, urllib.request\n"
        "asked = ['studio', 'x^2/20 + y^2', '--start', 'x=-7,y=2', '--no-browser']\n"
        "server = subprocess.Popen([sys.executable, '-m', 'downslope', *asked], stdout=subprocess.PIPE, text=True)\n"
        "page = urllib.request.urlopen(server.stdout.readline().strip()).read()\n"
        "server.terminate()\n"
        "assert b'x^2/20' in page"
    ),
    "scipy": (
        "from scipy.optimize import minimize\nfrom downslope.scipy import method\n"
        "found = minimize(lambda v: (v[0] - 3)**2 + v[1]**2, [0.0, 1.0], jac=lambda v: [2*(v[0] - 3), 2*v[1]],\n"
        "                 method=method('adam', learning_rate=0.1))\nassert abs(found.x[0] - 3) < 1e-3"
    ),
    "tables": (
        "import pandas as pd\nfit = ds.fit(pd.DataFrame({'x': [2, 4, 6, 8], 'y': [81, 93, 91, 97]}), 'y ~ a*x + b')\n"
        "assert abs(fit.x['a'] - 2.3) < 1e-9\n"
        "assert list(fit.run.history.to_pandas().columns)[:2] == ['step', 'evaluations']"
    ),
    "sql": (
        "import duckdb\nconnection = duckdb.connect()\n"
        "connection.execute('create table orders as select range as x, 2*range + 1 as y from range(20)')\n"
        "fit = ds.fit(ds.sql(connection, 'orders'), 'y ~ a*x + b')\nassert abs(fit.x['a'] - 2) < 1e-9"
    ),
    "ray": (
        "open('part-1.csv', 'w').write('x,y\\n' + ''.join(f'{i},{2*i + 1}\\n' for i in range(10)))\n"
        "open('part-2.csv', 'w').write('x,y\\n' + ''.join(f'{i},{2*i + 1}\\n' for i in range(10, 20)))\n"
        "fit = ds.fit('part-*.csv', 'y ~ a*x + b', engine='ray')\nassert abs(fit.x['a'] - 2) < 1e-9"
    ),
    "sklearn": (
        "import numpy as np\nfrom downslope.sklearn import DescentRegressor\nX = np.arange(20.0)[:, None]\n"
        "assert DescentRegressor().fit(X, 2*X[:, 0] + 1).score(X, 2*X[:, 0] + 1) > 0.999999"
    ),
    "jax": (
        "import jax.numpy as jnp\nrun = ds.minimize(lambda v: jnp.sum((v - 2)**2), jnp.zeros(3), learning_rate=0.1)\n"
        "assert abs(float(run.x[0]) - 2) < 1e-3\nassert ds.optimizers.Adam().to_optax().init"
    ),
    "keras": (
        "import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras\n"
        "from downslope.keras import Optimizer\n"
        "w = keras.Variable([5.0])\noptimizer = Optimizer('adam', learning_rate=0.1)\n"
        "for _ in range(200):\n    optimizer.apply([2 * (w.value - 3)], [w])\n"
        "assert abs(float(w.numpy()[0]) - 3) < 0.05"
    ),
    "torch": (
        "import torch\nfrom downslope.torch import Optimizer\nw = torch.nn.Parameter(torch.tensor([5.0]))\n"
        "optimizer = Optimizer([w], 'adam', lr=0.1)\n"
        "for _ in range(200):\n    optimizer.zero_grad()\n    ((w - 3)**2).sum().backward()\n    optimizer.step()\n"
        "assert abs(w.item() - 3) < 0.05\n"
        "assert ds.minimize(lambda v: ((v - 3)**2).sum(), torch.zeros(2)).x.shape == (2,)"
    ),
    "tensorflow": (
        "import tensorflow as tf\nrun = ds.minimize(lambda v: tf.reduce_sum((v - 3)**2), tf.Variable([0.0, 1.0]))\n"
        "assert abs(float(run.x[0]) - 3) < 1e-3"
    ),
    "all": f"assert {BOWL}.nit == 29\nimport torch, tensorflow, jax, keras, sklearn, scipy, pandas, anywidget, uvicorn",
}


def size_of(folder: Path) -> int:
    """Megabytes of the files below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) >> 20


def try_extra(extra: str, wheel: Path, folder: Path) -> tuple[str, ...]:
    """Install it and do its job; the row of the table."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    bare = size_of(folder)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    began = time.monotonic()
    first = [os.environ["TORCH"]] if extra in ("torch", "all") and os.environ.get("TORCH") else []
    for wanted in (*first, f"{wheel}[{extra}]" if extra else str(wheel)):
        done = subprocess.run([*install, wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            return extra or "(none)", "", "", "", "not installed: " + done.stderr.strip().splitlines()[-1]
    took = time.monotonic() - began
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    quiet = {"MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "DOWNSLOPE_LANG": "en"}
    kept = {**os.environ, **quiet}
    for name in ("PYTHONPATH", "KERAS_BACKEND"):
        kept.pop(name, None)
    done = subprocess.run(
        [python, "-W", "ignore", "-c", f"import downslope as ds\n{JOBS[extra]}"],
        cwd=folder, env=kept, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    ended = "done" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
    packages = len(listed.stdout.splitlines())
    return extra or "(none)", f"{packages}", f"{size_of(folder) - bare} MB", f"{took:.0f} s", ended


def main(wheel: Path, chosen: list[str]) -> int:
    """Every extra that was asked for; all that users have but [all] where none was."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    lacking = set(extras) - NOT_FOR_USERS - set(JOBS)
    if lacking:
        print(f"scripts/extras.py knows no job for: {', '.join(sorted(lacking))}", file=sys.stderr)
        return 1
    rows = [("extra", "packages", "size", "to install", "its main job")]
    print("{:12} {:>8} {:>9} {:>10}  {}".format(*rows[0]), flush=True)
    for extra in chosen or [name for name in JOBS if name != "all"]:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(try_extra("" if extra == "(none)" else extra, wheel, Path(folder)))
        print("{:12} {:>8} {:>9} {:>10}  {}".format(*rows[-1]), flush=True)
    return int(any(row[-1] != "done" for row in rows[1:]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
