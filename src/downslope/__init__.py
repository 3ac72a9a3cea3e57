"""downslope: gradient descent that you can see, trust and scale.

>>> import downslope as ds
>>> run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
>>> run.status
'step_limit'
"""

from typing import TYPE_CHECKING, Any

from downslope.attachments import attach

__version__ = "0.1.0"

if TYPE_CHECKING:
    from downslope import errors, objectives, optimizers, plots
    from downslope.api.comparing import compare
    from downslope.api.finding_rates import find_learning_rate
    from downslope.api.look import look
    from downslope.api.minimization import maximize, minimize
    from downslope.api.racing import race
    from downslope.api.resuming import resume
    from downslope.api.sql_tables import sql
    from downslope.api.studio import studio
    from downslope.api.sweeping import sweep
    from downslope.api.table_fitting import fit
    from downslope.api.verifying import verify
    from downslope.descent import History, Progress, Status, Stopping
    from downslope.errors import DownslopeError
    from downslope.explain import Explanation, Forecast, check_gradient, forecast
    from downslope.objectives import Normal, Objective, Problem, Uniform, problem
    from downslope.optimizers.updater import Updater
    from downslope.plots import plot
    from downslope.preferences import language
    from downslope.recording import check_loop, record
    from downslope.results.comparison import RunComparison
    from downslope.results.fit import Fit
    from downslope.results.learning_rate import LearningRate
    from downslope.results.loading import load
    from downslope.results.race import Race
    from downslope.results.run import Run
    from downslope.results.sweep import Sweep
    from downslope.results.worksheet import worksheet
    from downslope.sweeping.settings import grid, logspace

# Names are imported when first asked for, so that `downslope --help` does not wait for the engines.
_HOMES = {
    "History": "downslope.descent",
    "Progress": "downslope.descent",
    "Run": "downslope.results.run",
    "LearningRate": "downslope.results.learning_rate",
    "Sweep": "downslope.results.sweep",
    "find_learning_rate": "downslope.api.finding_rates",
    "sweep": "downslope.api.sweeping",
    "Normal": "downslope.objectives",
    "grid": "downslope.sweeping.settings",
    "logspace": "downslope.sweeping.settings",
    "Status": "downslope.descent",
    "Stopping": "downslope.descent",
    "DownslopeError": "downslope.errors",
    "Explanation": "downslope.explain",
    "Forecast": "downslope.explain",
    "check_gradient": "downslope.explain",
    "forecast": "downslope.explain",
    "GradientWarning": "downslope.objectives",
    "Objective": "downslope.objectives",
    "Problem": "downslope.objectives",
    "Uniform": "downslope.objectives",
    "Updater": "downslope.optimizers.updater",
    "problem": "downslope.objectives",
    "RunComparison": "downslope.results.comparison",
    "Fit": "downslope.results.fit",
    "compare": "downslope.api.comparing",
    "Race": "downslope.results.race",
    "race": "downslope.api.racing",
    "fit": "downslope.api.table_fitting",
    "sql": "downslope.api.sql_tables",
    "load": "downslope.results.loading",
    "resume": "downslope.api.resuming",
    "verify": "downslope.api.verifying",
    "worksheet": "downslope.results.worksheet",
    "look": "downslope.api.look",
    "studio": "downslope.api.studio",
    "maximize": "downslope.api.minimization",
    "minimize": "downslope.api.minimization",
    "record": "downslope.recording",
    "check_loop": "downslope.recording",
    "plot": "downslope.plots",
    "language": "downslope.preferences",
}
_MODULES = ("errors", "objectives", "optimizers", "plots", "torch", "keras", "optax", "scipy", "sklearn")

__all__ = [
    "DownslopeError",
    "Explanation",
    "Fit",
    "Forecast",
    "GradientWarning",
    "History",
    "LearningRate",
    "Normal",
    "Objective",
    "Problem",
    "Progress",
    "Race",
    "Run",
    "RunComparison",
    "Status",
    "Stopping",
    "Sweep",
    "Uniform",
    "Updater",
    "__version__",
    "check_gradient",
    "check_loop",
    "compare",
    "errors",
    "find_learning_rate",
    "fit",
    "forecast",
    "grid",
    "language",
    "load",
    "logspace",
    "look",
    "maximize",
    "minimize",
    "objectives",
    "optimizers",
    "plot",
    "plots",
    "problem",
    "race",
    "record",
    "resume",
    "sql",
    "studio",
    "sweep",
    "verify",
    "worksheet",
]


def _to_optax() -> Any:
    from downslope.optax import to_optax

    return to_optax


def _from_optax() -> Any:
    from downslope.optax import from_optax

    return from_optax


def _mimebundle() -> Any:
    from downslope.notebook.display import mimebundle

    return mimebundle


def _updater() -> Any:
    from downslope.optimizers.updater import Updater

    return Updater


attach("to_optax", _to_optax)
attach("from_optax", _from_optax)
attach("Updater", _updater)
attach("mimebundle", _mimebundle)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"downslope.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    from downslope.messages import message

    raise AttributeError(
        str(message("module '{module}' has no attribute '{name}'", module=__name__, name=name))
    )


def __dir__() -> list[str]:
    return __all__
