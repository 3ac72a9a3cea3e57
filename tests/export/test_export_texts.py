"""The scripts as texts: how they are laid out, what they refuse, and that nobody's words become code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fit_cases
import numpy as np
import pytest
from formula_cases import run_of
from scripts import DIALECTS

import downslope as ds
from downslope import optimizers as o
from downslope.errors import ObjectiveError
from downslope.export import library, rule_source
from downslope.export.arithmetic import NUMPY as NUMPY_ARITHMETIC
from downslope.export.derivatives import partials
from downslope.export.emitter import Emitter
from downslope.export.formatter import WIDTH, break_line
from downslope.export.formulas import Speller
from downslope.export.names import ScriptNames
from downslope.export.python import text
from downslope.export.vocabulary import NUMPY
from downslope.language import parse
from downslope.language.values import evaluate
from downslope.messages import reading

BOWL = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + exp(y/3)"
START = {"x": -1.2, "y": 1.0}
ZIGZAG: dict[str, Any] = {"start": {"x": -7, "y": 2}, "learning_rate": 0.95, "steps": 29}


FITS = ("rule adam", "loss rmse", "loss huber(0.7)", "kinks", "weights", "penalty", "linear model", "classes")
FITS += ("standardised", "standardised, weighted", "supplied gradient", "names that are taken", "schedule")


def every_kind() -> dict[str, ds.Run]:
    """Runs whose scripts have all the parts that there are."""
    named = {"m": 0.5, "g": 0.5, "params": 0.5, "λ": 0.5}
    rules: list[o.Optimizer] = [cls() for cls in o.all_optimizers()]
    runs = {rule.name(): ds.minimize(BOWL, START, optimizer=rule, steps=3, explain=False) for rule in rules}
    for schedule in (
        "cosine_restarts(steps=3, multiplier=2)",
        "one_cycle(steps=9) * reduce_on_plateau(patience=1)",
    ):
        runs[schedule] = ds.minimize(
            BOWL, START, optimizer="adam", learning_rate=0.1, schedule=schedule, steps=3, explain=False
        )
    runs["bounds"] = ds.minimize(
        BOWL, START, optimizer="spg", bounds={"x": (-2, 0.2)}, steps=3, explain=False
    )
    runs["stops"] = ds.minimize(
        BOWL, START, learning_rate=0.1, value_tolerance=1e-6, x_tolerance=1e-6, explain=False
    )
    runs["long"] = ds.minimize("rosenbrock(12)", optimizer="adam", steps=3, explain=False)
    runs["names"] = ds.minimize(
        " + ".join(f"|{n}|*({n} - 1)^2*sigmoid({n})" for n in named), named, learning_rate=0.1, steps=3
    )
    runs["many"] = ds.minimize(
        lambda weights: np.sum((weights - 1) ** 4), {"weights": [0.5] * 30}, optimizer="adam", steps=3
    )
    runs["up"] = ds.maximize("-(x - 1)^2*exp(-x^2) - max(x, 0)", {"x": 0.25}, optimizer="adam", steps=3)
    return runs


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for number, run in enumerate(every_kind().values()):
        for dialect in DIALECTS:
            run.export(dialect, folder / f"{dialect.replace('.', '_')}_{number}.py")
    for number, name in enumerate(FITS):
        for dialect in filter(lambda d: fit_cases.asked(d, name), DIALECTS):
            fit_cases.fit_of(name).export(dialect, folder / f"{dialect.replace('.', '_')}_fit_{number}.py")
    return folder


def test_a_linter_has_nothing_to_say(scripts: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--no-cache",
            "--output-format",
            "concise",
            str(scripts),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_formatter_changes_nothing(scripts: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--isolated",
        "--no-cache",
        "--line-length",
        str(WIDTH),
        "--diff",
        str(scripts),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:2000]


def test_no_line_is_too_long_and_nothing_is_of_downslope(scripts: Path) -> None:
    for path in scripts.iterdir():
        script = path.read_text(encoding="utf-8")
        assert max(map(len, script.splitlines())) <= WIDTH
        imported = {
            name.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(ast.parse(script))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in node.names
        }
        assert not [name for name in imported if name and "downslope" in name]


def test_every_warning_may_be_an_error(tmp_path: Path) -> None:
    ds.minimize(BOWL, START, optimizer="lbfgs", tolerance=1e-6).export("numpy", tmp_path / "script.py")
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "script.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nf = " in done.stdout


def test_a_saved_run_says_the_same(tmp_path: Path) -> None:
    for number, run in enumerate(every_kind().values()):
        path = tmp_path / f"run_{number}.json"
        run.save(path)
        loaded = ds.load(path)
        assert isinstance(loaded, ds.Run)
        for dialect in ("numpy", "torch", "jax"):
            assert loaded.export(dialect) == run.export(dialect)


def test_hyperparameters_stand_at_the_top_by_name() -> None:
    run = ds.minimize(BOWL, START, optimizer=o.Adam(learning_rate=0.125, beta1=0.75), steps=3)
    for dialect in DIALECTS:
        script = run.export(dialect)
        if dialect == "numpy_class":
            assert "optimizer = Adam(learning_rate=0.125, beta1=0.75, beta2=0.999, epsilon=1e-8)" in script
            continue
        top = script[: script.index("\ndef ") if "\ndef " in script else len(script)]
        assert re.search(r"^LEARNING_RATE = 0\.125  #", top, re.M)
        assert re.search(r"^BETA1 = 0\.75  #", top, re.M)


def test_the_framework_s_own_optimizer_where_it_is_the_same_method() -> None:
    adam = ds.minimize(BOWL, START, optimizer="adam", steps=3)
    called = "torch.optim.Adam( [params], lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON )"
    assert called in flat(adam.export("torch.optim"))
    assert "optax.adam(LEARNING_RATE, b1=BETA1, b2=BETA2, eps=EPSILON)" in adam.export("optax")
    assert "keras.optimizers has Adam, but adds epsilon at another place" in flat(adam.export("keras"))
    assert "keras.optimizers.SGD(" in ds.minimize(BOWL, START, learning_rate=0.1, steps=3).export("keras")
    adgd = ds.minimize(BOWL, START, optimizer="adgd", steps=3)
    assert "torch.optim has no AdGD, so the rule is written out." in flat(adgd.export("torch.optim"))


def test_a_method_that_another_library_has_otherwise_is_written_out_and_said() -> None:
    def script(rule: o.Optimizer) -> str:
        return flat(ds.minimize(BOWL, START, optimizer=rule, steps=3, explain=False).export("optax"))

    assert "optax.lars( LEARNING_RATE, trust" in script(o.LARS()).replace("optax.lars(L", "optax.lars( L")
    assert "optax has LARS, but its decay is another one" in script(o.LARS(weight_decay=0.1))
    assert "optax.contrib.ademamix(" in script(o.AdEMAMix())
    assert "optax has AdEMAMix, but takes no warm-up" in script(o.AdEMAMix(warmup=9))
    assert "optax has Adan, but gives its look ahead the weight 1 - beta2" in script(o.Adan())
    assert "optax has MADGRAD, but adds epsilon to the learning rate" in script(o.MADGRAD())


def test_most_of_keras_s_own_are_used_in_single_precision_only() -> None:
    for name, call in library.KERAS.calls.items():
        script = run_of(f"single precision, {name}").export("keras")
        assert call.partition("(")[0] + "(" in script
    double = ds.minimize(BOWL, START, optimizer="momentum", steps=3).export("keras")
    assert "keras.optimizers has Momentum, but rounds its hyperparameters to float32" in flat(double)


def flat(script: str) -> str:
    return " ".join(script.split())


def test_the_paper_is_named() -> None:
    script = ds.minimize(BOWL, START, optimizer="adam", steps=3).export("numpy")
    assert "D. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980, algorithm 1." in flat(script)


def test_an_unknown_dialect_lists_them(tmp_path: Path) -> None:
    run = ds.minimize(BOWL, START, learning_rate=0.1, steps=3)
    with pytest.raises(
        ds.errors.UnknownNameError, match=r"no dialect 'tensorfow'.*Did you mean 'tensorflow'"
    ):
        run.export("tensorfow", tmp_path / "never.py")
    assert not list(tmp_path.iterdir())
    assert run.export("PyTorch") == run.export("torch")


def test_a_black_box_is_refused_with_the_reason(tmp_path: Path) -> None:
    def cost(x: float) -> float:
        return x**2 if x > 0 else -x

    run = ds.minimize(cost, 2.0, learning_rate=0.1, steps=3)
    assert run.engine == "hosted"
    with pytest.raises(ds.errors.ObjectiveError, match="could not be traced into a formula"):
        run.export("numpy")
    run.save(tmp_path / "run.json")
    loaded = ds.load(tmp_path / "run.json")
    with pytest.raises(ds.errors.ObjectiveError, match="source is not ours to print"):
        loaded.export("numpy")


def test_what_a_saved_run_does_not_keep_is_refused(tmp_path: Path) -> None:
    own = ds.minimize("x^2", 3.0, gradient={"x": "2*x"}, learning_rate=0.1, steps=3)
    path = tmp_path / "own.json"
    own.save(path)
    assert "As it was given" in own.export("numpy") == ds.load(path).export("numpy")
    kept = json.loads(path.read_text())
    del kept["gradient"], kept["sha256"], kept["digest"]  # as earlier versions saved it
    path.write_text(json.dumps(kept))
    with pytest.raises(ds.errors.ObjectiveError, match="a gradient that it was given"):
        ds.load(path).export("numpy")
    table = {0: 1.0, 1: 0.5, 2: 0.25, 3: 0.125}
    run = ds.minimize("x^2", 3.0, learning_rate=0.1, schedule=lambda k: table[int(k)], steps=3)
    with pytest.raises(ds.errors.ObjectiveError, match="schedule's own function cannot be written out"):
        run.export("torch")


class Foreign(o.Optimizer):
    """Somebody's own rule."""

    def update(self, x: Any, value: Any, gradient: Any, state: Any) -> Any:
        return x - 0.1 * gradient, state, True


def test_a_rule_that_is_not_ours_is_refused() -> None:
    run = ds.minimize("x^2", 3.0, optimizer=Foreign(), steps=3)
    with pytest.raises(ds.errors.UsageError, match="Foreign is not one of downslope's own rules"):
        run.export("numpy")


def test_a_rule_of_another_library_is_refused_in_one_sentence(tmp_path: Path) -> None:
    optax = pytest.importorskip("optax")
    theirs = o.from_optax(optax.adam(0.1))
    for rule in (theirs, o.ClipByNorm(optimizer=theirs, limit=1.0)):
        run = ds.minimize("x^2", 3.0, optimizer=rule, steps=3)
        run.save(tmp_path / "run.json")
        for dialect in ("numpy", "numpy_class", "optax", "keras"):
            for each in (run, ds.load(tmp_path / "run.json")):
                with pytest.raises(ds.errors.UsageError) as caught:
                    each.export(dialect)  # type: ignore[union-attr]
                assert str(caught.value) == (
                    "an optax transformation is known here only as an object, not as a rule to write out: export a run"
                    " of one of downslope's own rules (adam, say), or write the loop in optax itself."
                )


def test_a_name_that_a_rule_needs_and_scripts_lack_is_told_without_paths() -> None:
    emitter = Emitter(NUMPY_ARITHMETIC, ScriptNames())
    with pytest.raises(ds.errors.UsageError) as caught:
        emitter.around(o.Adam()).constant(rule_source.source_of_class(o.Adam), "Optimizer")
    assert str(caught.value) == "a rule uses 'Optimizer', which scripts do not know yet."


def test_names_that_python_or_the_script_needs_are_changed() -> None:
    names = ScriptNames()
    given = ["x", "x", "for", "print", "np", "w[0,1]", "2nd row", "l", "a-b", "", "ß", "_"]
    made = [names.new(name) for name in given]
    assert len(set(made)) == len(made)
    assert all(name.isidentifier() for name in made)
    assert made[0] == "x"


def test_long_lines_without_a_place_to_break_stay() -> None:
    line = "x = " + "a" * 100
    assert break_line(line) == [line]


FORMULAS = [
    "-x^2 + (-x)^2 - -y",
    "x - (y - (x - 3)) - 2*(x + y)",
    "x/(y/3)/2 + x/y*3 + 2/(x*y)",
    "(x + 3)^(y/2)^2 + 2^-x",
    "-(x*y)^2/3 - -(x - y)/4",
    "|x - 1|*sign(y) + max(x, y, 0.5) - min(x, -y)",
    "where(x > 0 and not y < 1 or x == 3, x/2, -y)",
    "relu(x) + sigmoid(-x*y) + softplus(3*x - y) + cbrt(x - 9)",
    "1e-8*x + 2e5 + 0.1*y + 1234.5678*x",
    "log(x + 20)*log2(y + 9) - log10(x + 11)^3 + atan2(-y, x) + erf(x/3)",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_says_the_same_in_python(formula: str) -> None:
    tree = parse(formula).tree
    speller = Speller(NUMPY, {"x": "x", "y": "y"})
    code = text(speller.expression(tree))
    derived = partials(tree, ["x", "y"])
    speller.called = {"x": "x", "y": "y", **{part: part for part, _ in derived.parts}}
    lines = [f"{part} = {text(speller.expression(t))}" for part, t in derived.parts]
    lines += [f"slopes = [{', '.join(text(speller.expression(t)) for t in derived.results)}]"]
    helpers: dict[str, Any] = {"np": np, "math": __import__("math")}
    exec("\n".join(speller.helpers.values()), helpers)
    for x, y in ((0.7, 1.9), (-2.3, 0.4), (1.5, -3.25)):
        scope = {**helpers, "x": np.float64(x), "y": np.float64(y)}
        assert eval(code, scope) == pytest.approx(evaluate(tree, {"x": x, "y": y}), rel=1e-14, nan_ok=True)
        exec("\n".join(lines), scope)
        for slope, (dx, dy) in zip(scope["slopes"], ((1e-6, 0.0), (0.0, 1e-6)), strict=True):
            ahead = evaluate(tree, {"x": x + dx, "y": y + dy})
            behind = evaluate(tree, {"x": x - dx, "y": y - dy})
            assert slope == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-5)


def opening(script: str) -> str:
    """The docstring on one line."""
    return " ".join((ast.get_docstring(ast.parse(script)) or "").split())


def test_a_traced_function_is_called_by_its_name_and_a_long_formula_ends_between_words() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))

    def misfit(w: Any) -> Any:
        return sum((row @ w - 1) ** 2 for row in rows)

    run = ds.minimize(misfit, np.zeros(3), learning_rate=1e-3, steps=1, explain=False)
    told = opening(run.export("numpy"))
    assert told.startswith("Minimise misfit by gradient descent, in NumPy.")
    assert "it takes 1 step to f = " in told
    formula = " + ".join(f"{k + 0.123456789}*(x - {k})^2" for k in range(30))
    told = opening(ds.minimize(formula, {"x": 1}, learning_rate=1e-3, steps=2).export("numpy"))
    shown = told.removeprefix("Minimise ").split(" ... by gradient descent")[0]
    assert len(shown) < 300
    assert formula.startswith(f"{shown} ")
    assert "it takes 2 steps to f = " in told


def test_a_function_without_a_name_is_called_by_its_formula() -> None:
    run = ds.minimize(
        lambda w: sum((k + 0.25 * w[0] - w[1]) ** 2 for k in range(60)),
        [1.0, 2.0],
        learning_rate=1e-4,
        steps=2,
    )
    assert run.objective.headline == "<lambda>"
    told = opening(run.export("numpy"))
    shown = told.removeprefix("Minimise ").partition(" ... by gradient descent, in NumPy.")[0]
    assert len(shown) < 300
    assert run.objective.text.startswith(f"{shown} ")
    hosted = ds.minimize(lambda x: x**2 if x > 0 else -x, 2.0, learning_rate=0.1, steps=3)
    with pytest.raises(
        ds.errors.ObjectiveError, match=r"^this objective is a function that could not be traced"
    ):
        hosted.export("numpy")


def test_what_nobody_chose_is_called_a_choice_of_ours() -> None:
    table = {"x": [1, 2, 3, 4], "y": [1, 2, 3.3, 4]}
    assert "Armijo's line search (auto's choice), in NumPy." in opening(
        ds.fit(table, "y ~ a*x + b").export("numpy")
    )
    chosen = ds.fit(table, "y ~ a*x + b", optimizer="armijo", steps=3)
    assert "Armijo's line search, in NumPy." in opening(chosen.export("numpy"))


def test_a_record_is_no_function_to_be_traced(tmp_path: Path) -> None:
    updater, params = ds.Updater("adam"), {"x": 1.0}
    with ds.record(updater) as run:
        updater.update(params, {"x": 1.0})
    run.save(tmp_path / "run.json")
    for record in (run, ds.load(tmp_path / "run.json")):
        with pytest.raises(
            ds.errors.ObjectiveError, match="is a record: the function is not in it"
        ) as caught:
            record.export("torch")
        assert "branches" not in str(caught.value)


STANDARDISED = "scripts cannot standardise the features of a {} yet, as this"
WITHOUT = "Fit it without standardize=True, and export that fit."
NAME_IT = "Name a method when fitting, such as optimizer='adam' with learning_rate=0.1"
ADAM: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.1, "steps": 5}


@pytest.mark.parametrize(
    ("hypothesis", "options", "reason", "cure"),
    [
        (
            "c ~ a*x + b",
            {"loss": "softmax", "standardize": True, **ADAM},
            STANDARDISED.format("fit of several classes"),
            WITHOUT,
        ),
        (
            "y ~ a*x + b + z",
            {"standardize": True, **ADAM},
            STANDARDISED.format("hypothesis with a part that has no parameter"),
            WITHOUT,
        ),
        (
            "y ~ a*x + b + z",
            {},
            STANDARDISED.format("hypothesis with a part that has no parameter"),
            NAME_IT,
        ),
        ("y ~ a*x + p*z + b", {}, "descended in orthogonal coordinates, chosen by downslope", NAME_IT),
        ("c ~ a*x + b", {"loss": "softmax"}, "descended in coordinates renewed on the way", NAME_IT),
        ("y ~ a*x + b", {"l1": 0.1}, "an l1 penalty is taken by proximal steps", ""),
        ("y ~ a*x + b", {"batch_size": 5, **ADAM}, "a fit in mini-batches is not exported", ""),
    ],
)
def test_a_fit_is_refused_with_its_own_reason_and_what_helps(
    hypothesis: str, options: dict[str, Any], reason: str, cure: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 40))
    table = {
        "x": x,
        "z": z,
        "y": 3 * x + rng.normal(size=40),
        "c": [" abc"[int(k % 3) + 1] for k in range(40)],
    }
    fit = ds.fit(table, hypothesis, **options)
    fit.save(tmp_path / "fit.json")
    for each in (fit, ds.load(tmp_path / "fit.json")):  # before a loaded one is asked for its table
        with pytest.raises(ds.errors.ObjectiveError) as caught:
            each.export("numpy")  # type: ignore[union-attr]
        assert reason in str(caught.value)
        assert cure in str(caught.value)
        with reading(command_line=True):
            typed = cure.replace("optimizer='adam'", "--optimizer adam").replace(
                "learning_rate=", "--learning-rate "
            )
            assert typed.replace("standardize=True", "--standardize") in str(caught.value)
    if cure:
        unhurt = {k: v for k, v in options.items() if k != "standardize"} | ADAM
        assert "Adam" in ds.fit(table, hypothesis, **unhurt).export("numpy")


def test_long_sums_are_written_and_too_long_ones_refused() -> None:
    def run_with(terms: int) -> ds.Run:
        formula = " + ".join(f"(x - {k})^2" for k in range(terms))
        return ds.minimize(formula, {"x": 1.0}, optimizer="sgd", learning_rate=1e-6, steps=1, explain=False)

    compile(run_with(400).export("numpy"), "script", "exec")
    with pytest.raises(ObjectiveError, match="too long for a script"):
        run_with(3000).export("numpy")  # Python 3.13 compiles 1,500
