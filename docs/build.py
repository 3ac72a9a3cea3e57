"""Writes the pages of the optimizers from their docstrings, their traced formulas and runs; and that of the dialects.

python docs/build.py            everything, with pictures
python docs/build.py --text     only the text (a test compares it with what is kept)
"""

from __future__ import annotations

import dataclasses
import inspect
import io
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import downslope as ds
from downslope.export import DIALECTS, library
from downslope.export.rule_form import is_separate
from downslope.files import write_atomically
from downslope.optimizers import (
    Optimizer,
    all_blocks,
    all_curved,
    all_optimizers,
    all_schedules,
    all_wrappers,
)
from downslope.optimizers.block_rules import BlockRule
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.hyperparameters import HyperparameterRecord, range_of
from downslope.optimizers.notation import formula, specimen

DOCS = Path(__file__).parent
MOST_FORMULA = 3000  # a longer traced formula is a line search unrolled, which nobody reads

# The rule that the pictures of wrappers show alone and inside them, and settings where the defaults show nothing.
INSIDE = "momentum(0.1)"
WRAPPED = {
    "averaged_answer": "decay=0.9",
    "gradient_noise": "variance=0.1",
    "mechanize": "initial_scale=0.01",
    "sharpness_aware": "radius=1",
    "weight_decay": "rate=0.1",
}

# The two standard problems of the pictures: an elongated bowl and a curved valley.
PROBLEMS = {"elongated-bowl": 40, "rosenbrock": 400}
LIBRARIES = {"torch.optim": library.TORCH, "keras": library.KERAS, "optax": library.OPTAX}

# When to choose a dialect, and what is its own.
CHOOSE = {
    "numpy": "To read every line of the mathematics: the gradient is written out, the rule stands in the loop, and"
    " nothing but NumPy is needed.",
    "numpy_class": "To use the rule elsewhere: a class whose `update(params, gradients)` changes a dict in place, as"
    " textbooks have it. A formula of elementary functions needs no package at all.",
    "torch": "To see what `torch.optim` does: autograd gives the gradient, and the step is written out under"
    " `torch.no_grad()`.",
    "torch.optim": "To go on to networks: the loop with `zero_grad`, `backward` and `step` is the one that trains"
    " them.",
    "tensorflow": "To see a `GradientTape` at work: it records the value, gives the gradient, and the step is assigned"
    " to the `Variable`.",
    "keras": "To have an optimizer that also goes into `model.compile`. The tape is TensorFlow's.",
    "jax": "To have pure functions: value and gradient are compiled by `jax.jit`, and the rule is a function of point"
    " and state. Searches along a line stay in Python, for compiling one takes seconds.",
    "optax": "To go on with optax's chains and schedules: the rule is a `GradientTransformation`.",
    "sympy": "To see the derivatives as formulas: SymPy differentiates and prints them, and the loop computes with"
    " plain numbers. Fits with a score for each class, in standardised coordinates, with a penalty on a root or with a"
    " gradient of their own are refused here; the other dialects have them.",
}
RATES = [float(f"{m}e{e}") for e in range(-4, 1) for m in (1, 2, 5)]


def as_markdown(docstring: str) -> str:
    """A docstring in the house style (reStructuredText's mathematics and literals) as Markdown."""
    text = inspect.cleandoc(docstring).replace("``", "`")
    text = re.sub(r"\.\. math::((?:[ \t]+\S.*)?(?:\n(?:[ \t]+\S.*))*)", _display, text)
    text = re.sub(r":math:`([^`]*)`", r"$\1$", text)
    text = re.sub(r"^Args:\n((?:    .*\n?)+)", _arguments, text, flags=re.M)
    return re.sub(
        r"((?:^>>> .*\n?(?:^(?!>>>)\S.*\n?)*)+)",
        lambda m: f"```python\n{m[1].rstrip()}\n```\n",
        text,
        flags=re.M,
    )


def _display(match: re.Match[str]) -> str:
    body = " ".join(line.strip() for line in match[1].strip().splitlines())
    return f"```math\n{body}\n```"


def _arguments(match: re.Match[str]) -> str:
    joined = re.sub(r"\n {8,}", " ", inspect.cleandoc(match[1]).replace("\n    ", "\n        "))
    items = [line.strip() for line in joined.splitlines() if line.strip()]
    return (
        "\n".join(f"- **{name}**:{rest}" for name, _, rest in (item.partition(":") for item in items)) + "\n"
    )


def fields_of(cls: type[HyperparameterRecord]) -> str:
    shown = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
        shown.append(f"`{field.name}{default}`")
    return ", ".join(shown) or "none"


def table(classes: tuple[type[HyperparameterRecord], ...], folder: str = "") -> str:
    rows = ["| name | class | hyperparameters | what it is |", "|---|---|---|---|"]
    for cls in classes:
        name = f"[`{cls.name()}`]({folder}/{cls.name()}.md)" if folder else f"`{cls.name()}`"
        also = "".join(f", `{alias}`" for alias in cls.aliases)
        rows.append(f"| {name}{also} | `{cls.__name__}` | {fields_of(cls)} | {cls.summary()} |")
    return "\n".join(rows)


def index() -> str:
    return (
        "\n\n".join(
            [
                "# Methods",
                "<!-- Written by docs/build.py from the code; change the docstrings, not this page. -->",
                "Every method is an attribute of `ds.optimizers` and a name for `--optimizer`;"
                ' `optimizer="auto"` is the one used where neither a method nor a learning rate is given.',
                table(all_optimizers(), "optimizers"),
                "## Methods that know curvature",
                "They ask for second derivatives or residuals, remember a matrix over all coordinates, or look at"
                " values alone. They run in `minimize`, `maximize` and `fit`; other libraries' loops and"
                " mini-batches refuse them and say why, and so do scripts, but for those of NumPy"
                " of methods that need no residuals.",
                table(all_curved(), "optimizers"),
                "## Methods that step whole matrices",
                "They run where parameters are arrays of two dimensions: in `minimize` of a function of arrays, in"
                " `Updater`, and as optimizers of torch, Keras and optax. What knows numbers alone refuses them and"
                " says why: formulas, tables, lanes, scripts and the page.",
                table(all_blocks(), "optimizers"),
                "## Wrappers",
                "They stand around an `optimizer`, and around each other; by name with it in brackets, as in"
                ' `--optimizer "lookahead(adam(0.1), every=6)"`.',
                table(numbered_wrappers(), "optimizers"),
                "`Projected` keeps a run within `bounds`, and `Scheduled` is a rule whose learning rate is a schedule.",
                "## Schedules",
                "Factors of a learning rate, in `downslope.optimizers.schedules`; they multiply:"
                " `learning_rate=0.1 * Warmup(steps=10) * Cosine(steps=990)`, or on the command line"
                ' `--learning-rate 0.1 --schedule "warmup(steps=10) * cosine(steps=990)"`.',
                table(all_schedules()),
            ]
        )
        + "\n"
    )


def page(cls: type[Optimizer]) -> str:
    parts = [f"# {cls.__name__}", as_markdown(cls.__doc__ or ""), "## Hyperparameters", _ranges(cls)]
    if not issubclass(cls, (CurvedRule, BlockRule)):
        traced = _traced(cls)
        shown = (
            f"```math\n{traced}\n```"
            if traced
            else f"Too long to read here; `downslope optimizers {cls.name()}` prints it."
        )
        parts += ["## One update, as its own code computes it", shown]
    parts.append("## Its path")
    if issubclass(cls, BlockRule):
        parts += [
            "`((L @ W @ R - T)**2).sum()` for a matrix W of 3 rows and 2 columns, value and gradient by step:",
            f"![{cls.__name__} on a matrix](../pictures/optimizers/{cls.name()}.png)",
        ]
    for name in () if issubclass(cls, BlockRule) else PROBLEMS:
        parts.append(f"![{cls.__name__} on {name}](../pictures/optimizers/{cls.name()}-{name}.png)")
    return "\n\n".join(parts) + "\n\n[All methods](../optimizers.md)\n"


def numbered_wrappers() -> tuple[type[Optimizer], ...]:
    """Those that numbers make."""
    return tuple(cls for cls in all_wrappers() if any("about" in f.metadata for f in dataclasses.fields(cls)))


def wrapper_page(cls: type[Optimizer]) -> str:
    """The page of a wrapper, with a picture of a rule alone and in it."""
    parts = [f"# {cls.__name__}", as_markdown(cls.__doc__ or ""), "## Hyperparameters", _ranges(cls)]
    alone, inside = wrapped_rules(cls)
    parts += [
        "## Its path",
        f"`{alone}`, and `{inside}`:",
        f"![{cls.__name__} around a rule](../pictures/optimizers/{cls.name()}.png)",
    ]
    return "\n\n".join(parts) + "\n\n[All methods](../optimizers.md)\n"


def wrapped_rules(cls: type[Optimizer]) -> tuple[str, str]:
    """A rule by name, and the same in a wrapper."""
    settings = WRAPPED.get(cls.name(), "")
    return INSIDE, f"{cls.name()}({INSIDE}{settings and ', '}{settings})"


def exports() -> str:
    """The page of the dialects: for each when to choose it, whose optimizers it uses, and a script."""
    run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
    parts = [
        "# Runs as scripts",
        "<!-- Written by docs/build.py from the code; change that, not this page. -->",
        "A run or a fit can be written as a plain script that needs nothing of downslope, prints the same table and"
        " ends at the same point. On the command line, and in Python:",
        "```sh\n"
        'downslope minimize "x^2/20 + y^2" --start x=-7,y=2 --learning-rate 0.95 --steps 29 --save run.json\n'
        "downslope export run.json --to torch --output zigzag.py\n"
        "printf 'x,y\\n2,81\\n4,93\\n6,91\\n8,97\\n' > points.csv\n"
        'downslope fit points.csv "y ~ a*x + b" --learning-rate 0.01 --steps 100 --save fit.json\n'
        "downslope export fit.json --to keras --data points.csv   # a saved fit does not keep its table\n```",
        '```python\nrun.export("torch")  # the text; run.export("torch", "zigzag.py") writes it too\n```',
        f"There are {len(DIALECTS)} dialects: {', '.join(f'[`{d}`](#{_anchor(d)})' for d in DIALECTS)}. Every method"
        " but those that know curvature can be exported to each of them: where the framework has it, its own optimizer"
        " is called; where not, the rule is written out from its own source. Methods that know curvature are NumPy's"
        " code around a function of `numpy`, `sympy`, `torch`, `tensorflow` or `jax`, which gives the second"
        " derivatives or the residuals that they ask for, of formulas and of fits; so are fits of curves by"
        " Levenberg and Marquardt's steps (`sympy` has formulas alone). A table of up to 50 rows is written into the"
        " script, a longer one is read from its CSV file.",
        "What no script can say is refused with the reason: a function that could not be traced into a formula (its"
        " source is not ours to print), and fits in batches, with an l1 penalty (but by `coordinate_descent`) or in"
        " coordinates that downslope chose: name a method, and it will have the parameters' own.",
    ]
    for dialect in DIALECTS:
        parts += [f"## {dialect}", CHOOSE[dialect], _methods_in(dialect)]
        parts.append(f"```python\n{run.export(dialect)}```")
    return "\n\n".join(parts) + "\n"


def _anchor(dialect: str) -> str:
    """As GitHub makes it of a heading."""
    return dialect.replace(".", "")


def _methods_in(dialect: str) -> str:
    """Which methods a dialect calls, and how it writes the others."""
    if dialect not in LIBRARIES:
        return "Every method is written out."
    framework, rules = LIBRARIES[dialect], [cls() for cls in all_optimizers()]
    own = [rule for rule in rules if framework.call(rule, None, single=False)]
    single = [rule for rule in rules if framework.call(rule, None, single=True) and rule not in own]
    said = [f"Its own: {_linked(own)}."]
    if single:
        said.append(
            f"In single precision, where its rounding of hyperparameters does no harm, also {_linked(single)}."
        )
    elsewhere: dict[library.Difference, list[Optimizer]] = {}
    for rule in rules:
        if rule not in own and rule not in single and type(rule).__name__ in framework.calls:
            elsewhere.setdefault(framework.only[type(rule).__name__][1], []).append(rule)
    for difference, found in elsewhere.items():
        said.append(str(difference(f"`{dialect}`", _linked(found))))
    if dialect == "optax":
        said.append(
            "The others are written out: as a `GradientTransformation` where they need a memory and the gradient only,"
            " else as in `jax`."
        )
    else:
        classes = sum(is_separate(rule) and rule not in own for rule in rules)
        said.append(
            f"{classes} others, in which each parameter goes its own way, become a subclass of"
            f" `{framework.title}.Optimizer`; what searches along a line, compares values or takes lengths"
            " is written out."
        )
    return " ".join(said)


def _linked(rules: list[Optimizer]) -> str:
    return ", ".join(f"[{type(rule).__name__}](optimizers/{rule.name()}.md)" for rule in rules)


def _ranges(cls: type[Optimizer]) -> str:
    lines = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.name == "optimizer":
            continue  # of a wrapper: the rule inside
        about = field.metadata.get("about", "a whole number; see above")
        allowed = str(range_of(field.metadata)) if "about" in field.metadata else ""
        lines.append(f"| `{field.name}` | {field.default!r} | {allowed or 'any'} | {about} |")
    return (
        "\n".join(["| name | default | range | what it is |", "|---|---|---|---|", *lines])
        if lines
        else "None."
    )


def _traced(cls: type[Optimizer]) -> str:
    latex = formula(specimen(cls)).latex()
    return latex if len(latex) <= MOST_FORMULA else ""


def tuned(cls: type[Optimizer], problem: str, steps: int) -> ds.Run:
    """The run shown: with the best of a few learning rates where the method has one, as it comes where not."""
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    plan = {"steps": steps} if "steps" in names else {}
    if issubclass(cls, CurvedRule):  # it arrives, and would then stand still
        return ds.minimize(problem, optimizer=cls(), tolerance=1e-8)
    if "learning_rate" not in names:
        return ds.minimize(problem, optimizer=cls(**plan), steps=steps)
    runs = [ds.minimize(problem, optimizer=cls(learning_rate=rate, **plan), steps=steps) for rate in RATES]
    return min(runs, key=lambda run: np.nan_to_num(run.fun, nan=np.inf))


def of_a_matrix(cls: type[Optimizer]) -> ds.Run:
    """The run shown of a rule that steps whole matrices: with the best of a few learning rates."""
    left, right = np.diag([1.0, 2.0, 3.0]), np.array([[1.0, 0.5], [0.0, 1.0]])
    to = left @ np.array([[1.0, -2.0], [0.5, 1.5], [-1.0, 2.0]]) @ right

    def cost(W: np.ndarray) -> np.floating:
        return ((left @ W @ right - to) ** 2).sum()

    start = {"W": np.zeros((3, 2))}
    runs = [ds.minimize(cost, start=start, optimizer=cls(learning_rate=r), steps=100) for r in RATES]
    return min(runs, key=lambda run: np.nan_to_num(run.fun, nan=np.inf))


def slim(picture: Path) -> None:
    """A quarter of the bytes: 640 pixels wide, 128 colours."""
    with Image.open(picture) as image:
        small = image.convert("RGB").resize(
            (640, round(640 * image.height / image.width)), Image.Resampling.LANCZOS
        )
    buffer = io.BytesIO()
    small.quantize(128).save(buffer, "PNG", optimize=True)
    write_atomically(picture, buffer.getvalue())


def write(pictures: bool) -> None:
    (DOCS / "optimizers").mkdir(exist_ok=True)
    (DOCS / "pictures" / "optimizers").mkdir(parents=True, exist_ok=True)
    write_atomically(DOCS / "optimizers.md", index().encode())
    write_atomically(DOCS / "export.md", exports().encode())
    for cls in all_blocks():
        write_atomically(DOCS / "optimizers" / f"{cls.name()}.md", page(cls).encode())
        if pictures:
            target = DOCS / "pictures" / "optimizers" / f"{cls.name()}.png"
            of_a_matrix(cls).plot(target, size=(8, 6.5))
            slim(target)
        print(cls.name())
    for cls in (*all_optimizers(), *all_curved()):
        write_atomically(DOCS / "optimizers" / f"{cls.name()}.md", page(cls).encode())
        for problem, steps in PROBLEMS.items() if pictures else ():
            target = DOCS / "pictures" / "optimizers" / f"{cls.name()}-{problem}.png"
            tuned(cls, problem, steps).plot(target, size=(8, 6.5))
            slim(target)
        print(cls.name())
    for cls in numbered_wrappers():
        write_atomically(DOCS / "optimizers" / f"{cls.name()}.md", wrapper_page(cls).encode())
        if pictures:
            both = ds.compare("x^2/20 + y^2", {"x": -7, "y": 2}, optimizer=list(wrapped_rules(cls)), steps=60)
            both.plot(DOCS / "pictures" / "optimizers" / f"{cls.name()}.png", size=(8, 6.5))
            slim(DOCS / "pictures" / "optimizers" / f"{cls.name()}.png")
        print(cls.name())
    if pictures:
        run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
        run.plot(DOCS / "pictures" / "zigzag.png", view=((-10, 10), (-5, 5)))
        rules = ["sgd(0.95)", "momentum(0.1)", "adagrad(1.5)", "adam(0.3)"]
        four = ds.compare("x^2/20 + y^2", {"x": -7, "y": 2}, optimizer=rules, steps=30)
        four.plot(DOCS / "pictures" / "four.png")
        table = {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}
        start = {"a": 7.5, "b": 80.6}
        fit = ds.fit(table, "y ~ a*x + b", loss="rmse", start=start, learning_rate=0.1, steps=2000)
        fit.plot(DOCS / "pictures" / "fit.png", view="surface")


if __name__ == "__main__":
    write(pictures="--text" not in sys.argv[1:])
