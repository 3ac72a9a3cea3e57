"""The program as a process: ``python -m downslope``, pipes, closed streams, start-up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ["numpy", "numba", "symengine", "sympy", "matplotlib", "lark", "rich", "PIL", "scipy", "pandas"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes and closed descriptors as POSIX has them")


def program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "downslope", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_python_m_downslope():
    answer = program(
        "minimize", "-x^2", "--start", "x=1", "--learning-rate", "0.1", "--steps", "1", "--format", "csv"
    )
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[0] == "step,evaluations,value,gradient_norm,x"
    assert answer.stderr == ""


def test_an_error_is_an_exit_code():
    answer = program("minimize", "x^2 +", "--start", "x=1")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("error: ")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from downslope.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
        "cli.main(['minimize', '--help'], standalone_mode=False);"
        f"print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.split() == []


@POSIX
def test_a_reader_that_goes_away_is_not_an_error(tmp_path):
    saved = tmp_path / "run.json"
    line = f"minimize rosenbrock --learning-rate 1e-4 --steps 20000 --format csv --save {saved}"
    with subprocess.Popen(
        [sys.executable, "-m", "downslope", *line.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("step")
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0
    assert "Traceback" not in errors
    assert "error" not in errors
    assert saved.exists()


@POSIX
def test_a_full_disk_behind_standard_output():
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        answer = subprocess.run(
            [sys.executable, "-m", "downslope", "problems"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert answer.returncode == 3
    assert answer.stderr.startswith("error: standard output")
    assert "Traceback" not in answer.stderr


def test_an_encoding_without_the_letters():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    answer = program("minimize", "θ^2", "--start", "θ=1", "--learning-rate", "0.1", env=environment)
    assert answer.returncode == 0
    assert "\\u03b8" in answer.stdout


def test_options_without_sections_stand_under_options(downslope):
    assert "\nOptions:\n  --to DIALECT" in downslope("export --help").out
    assert "\nHelp:\n  --lang LANG" in downslope("minimize --help").out


@pytest.mark.skipif(sys.platform == "win32", reason="the system sets no limit to memory")
@pytest.mark.parametrize(("gigabytes", "said"), [(2, True), (64, False)])
def test_a_limit_to_memory_is_said_before_it_is_met(gigabytes, said):
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({gigabytes} << 30, {gigabytes} << 30));"
        "from downslope.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "optimizers"], capture_output=True, text=True, check=True
    )
    assert ("is limited to 2,048 MB" in done.stderr) == said
    assert "adam" in done.stdout


LIMITED = (
    "import resource; resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}));"
    "from downslope.cli.main import main; main()"
)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere addresses are counted otherwise")
@pytest.mark.parametrize("megabytes", [700, 1000, 2000])
def test_a_table_is_fitted_under_a_limit_to_memory(megabytes, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n2,4\n3,6.5\n")
    script = LIMITED.format(bytes=megabytes << 20)
    done = subprocess.run(
        [sys.executable, "-c", script, "fit", str(path), "y ~ a*x + b"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "status converged" in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere addresses are counted otherwise")
@pytest.mark.parametrize("megabytes", [250, 400, 600])
def test_too_little_memory_is_refused_before_a_library_hangs(megabytes):
    script = LIMITED.format(bytes=megabytes << 20)
    done = subprocess.run(
        [sys.executable, "-c", script, "minimize", "x^2", "--start", "x=1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert f"limited to {megabytes} MB" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("error", [MemoryError(), OSError(12, "Cannot allocate memory")])
def test_no_memory_is_no_bug(error, capsys):
    from downslope.cli.main import explain_error

    assert explain_error(error) == 3
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option", "name"),
    [
        ("sweep x^2 --start x=3 --learning-rate 0.1,0.5 --steps 9", "--save", "sweep.json"),
        ("race x^2+y^2 --start x=1,y=2 --optimizer lbfgs,newton --rounds 0", "--save", "race.json"),
        ("find-rate x^2 --start x=3 --optimizer gradient_descent", "--plot", "rate.svg"),
        ("minimize x^2 --start x=3 --learning-rate 0.1,0.5 --steps 9", "--save", "runs.json"),
    ],
)
def test_a_full_output_loses_no_file(command: str, option: str, name: str, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    words = [sys.executable, "-m", "downslope", *command.split(), option, str(tmp_path / name), "--quiet"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    assert (tmp_path / name).stat().st_size > 0
