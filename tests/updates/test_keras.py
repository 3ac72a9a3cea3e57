"""Our rules as Keras optimizers: with JAX here, with TensorFlow and torch each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

keras = pytest.importorskip("keras")
HERE = Path(__file__).parent
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras's variables


@pytest.fixture(scope="module")
def ways() -> dict[str, object]:
    if keras.backend.backend() != "jax":
        pytest.skip("Keras has another backend here")
    sys.path.insert(0, str(HERE))
    try:
        import keras_ways
    finally:
        sys.path.remove(str(HERE))
    return keras_ways.CHECKS


NAMES = [
    line.split("(")[0].removeprefix("def check_")
    for line in (HERE / "keras_ways.py").read_text().splitlines()
    if line.startswith("def check_")
]


@pytest.mark.parametrize("name", NAMES)
def test_with_jax(name: str, ways: dict[str, object]) -> None:
    ways[name]()  # type: ignore[operator]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_with_another_backend(backend: str) -> None:
    pytest.importorskip(backend)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(HERE / "keras_ways.py"), backend],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == NAMES


def test_in_graphs_of_tensorflow() -> None:
    pytest.importorskip("tensorflow")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    script = HERE / "keras_graphs.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    checks = [line for line in script.read_text().splitlines() if line.startswith("def check_")]
    assert len(checks) == len(done.stdout.split()) == 4


def test_without_keras_it_names_the_command() -> None:
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "try:\n    import downslope.keras\nexcept ImportError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "MissingExtraError Keras is needed for this: pip install 'downslope[keras]'"


def test_a_backend_that_is_not_there_is_said() -> None:
    code = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'tensorflow':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "import downslope.keras"
    )
    variables = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "Keras is installed, but not the backend that it is set to: tensorflow is missing." in ran.stderr
