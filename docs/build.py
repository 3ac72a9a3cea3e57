"""Writes the pages of the optimizers from their docstrings, their traced formulas and runs of their own.

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
from downslope.files import write_atomically
from downslope.optimizers import Optimizer, all_optimizers, all_schedules, all_wrappers
from downslope.optimizers.notation import formula, specimen
from downslope.optimizers.record import Record, range_of

DOCS = Path(__file__).parent
MOST_FORMULA = 3000  # a longer traced formula is a line search unrolled, which nobody reads

# The two standard problems of the pictures: an elongated bowl and a curved valley.
PROBLEMS = {"elongated-bowl": 40, "rosenbrock": 400}
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


def fields_of(cls: type[Record]) -> str:
    shown = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
        shown.append(f"`{field.name}{default}`")
    return ", ".join(shown) or "none"


def table(classes: tuple[type[Record], ...], folder: str = "") -> str:
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
                "## Wrappers",
                "They take an `optimizer` and compose in any order.",
                table(all_wrappers()),
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
    traced = _traced(cls)
    shown = (
        f"```math\n{traced}\n```"
        if traced
        else f"Too long to read here; `downslope optimizers {cls.name()}` prints it."
    )
    parts += ["## One update, as its own code computes it", shown]
    parts.append("## Its path")
    for name in PROBLEMS:
        parts.append(f"![{cls.__name__} on {name}](../pictures/optimizers/{cls.name()}-{name}.png)")
    return "\n\n".join(parts) + "\n\n[All methods](../optimizers.md)\n"


def _ranges(cls: type[Optimizer]) -> str:
    lines = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        about = field.metadata.get("about", "a whole number; see above")
        allowed = range_of(field.metadata) if "about" in field.metadata else ""
        lines.append(f"| `{field.name}` | {field.default!r} | {allowed.strip() or 'any'} | {about} |")
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
    if "learning_rate" not in names:
        return ds.minimize(problem, optimizer=cls(**plan), steps=steps)
    runs = [ds.minimize(problem, optimizer=cls(learning_rate=rate, **plan), steps=steps) for rate in RATES]
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
    for cls in all_optimizers():
        write_atomically(DOCS / "optimizers" / f"{cls.name()}.md", page(cls).encode())
        for problem, steps in PROBLEMS.items() if pictures else ():
            target = DOCS / "pictures" / "optimizers" / f"{cls.name()}-{problem}.png"
            tuned(cls, problem, steps).plot(target, size=(8, 6.5))
            slim(target)
        print(cls.name())
    if pictures:
        run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
        run.plot(DOCS / "pictures" / "zigzag.png", view=((-10, 10), (-5, 5)))
        table = {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}
        start = {"a": 7.5, "b": 80.6}
        fit = ds.fit(table, "y ~ a*x + b", loss="rmse", start=start, learning_rate=0.1, steps=2000)
        fit.plot(DOCS / "pictures" / "fit.png", view="surface")


if __name__ == "__main__":
    write(pictures="--text" not in sys.argv[1:])
