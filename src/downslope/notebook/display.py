"""A record as a notebook shows it: always as text, table and PNG, with a page beside them where there can be one."""

from __future__ import annotations

import base64
import contextlib
import html
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from numbers import Real
from typing import Any, NamedTuple

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent.history import History
from downslope.descent.stopping import DEFAULT_TOLERANCE
from downslope.errors import DownslopeError, UsageError
from downslope.explain.explanation import Explanation
from downslope.explain.gradient import GradientCheck
from downslope.explain.theory import Forecast
from downslope.messages import message
from downslope.objectives import as_objective
from downslope.optimizers import as_optimizer
from downslope.page.document import PageContent, check_content, content_of
from downslope.page.fits import check_fit, content_of_fit
from downslope.plots.draw import plot
from downslope.plots.records import draw_check, draw_forecast, draw_history
from downslope.results.comparison import RunComparison
from downslope.results.fit import Fit
from downslope.results.race import Race
from downslope.results.run import Run
from downslope.results.sweep import Sweep

MOST_ROWS = 20
PAGE_STEPS = 500  # of a page that is no run's
WIDGET = "application/vnd.jupyter.widget-view+json"


class DisplayForms(NamedTuple):
    """What is shown of a record.

    Attributes:
        text: for places that show nothing else.
        table: in HTML.
        draw: makes the picture.
        content: makes what its page has; None where it has no page.
    """

    text: str
    table: str
    draw: Callable[[], Any]
    content: Callable[[], PageContent] | None = None


def mimebundle(record: Any, include: Any = None, exclude: Any = None) -> dict[str, Any]:
    """The forms of a record by their MIME types, as ``_repr_mimebundle_`` gives them."""
    shown = _shown(record)
    bundle: dict[str, Any] = {"text/plain": shown.text, "text/html": shown.table}
    with contextlib.suppress(DownslopeError):  # what has no picture still has its table
        bundle["image/png"] = base64.b64encode(shown.draw()._repr_png_()).decode()
    if shown.content is not None and in_notebook():
        from downslope.notebook.widget import widget_of

        data, _ = widget_of(shown.content)._repr_mimebundle_()
        bundle[WIDGET] = data[WIDGET]
    wanted = set(include or bundle) - set(exclude or ())
    return {kind: data for kind, data in bundle.items() if kind in wanted}


def in_notebook() -> bool:
    """Whether a widget can be shown: anywidget is there, and IPython runs with a kernel that it can talk to."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None and find_spec("anywidget") is not None


def _shown(record: Any) -> DisplayForms:
    match record:
        case Run():
            page = _page_of_runs(lambda: record)
            return DisplayForms(repr(record), _of_run(record), record.plot, page)
        case Fit():
            page = _page(lambda: check_fit(record), lambda: content_of_fit(record))
            return DisplayForms(repr(record), _of_fit(record), record.plot, page)
        case History():
            page = None if record.run is None else _page_of_runs(lambda: record.run)
            return DisplayForms(repr(record), record._repr_html_(), lambda: draw_history(record), page)
        case Forecast():
            page = None if record.asked is None else _page_of_runs(lambda: _forecast_run(record))
            return DisplayForms(record.sentence, _of_forecast(record), lambda: draw_forecast(record), page)
        case GradientCheck():
            page = None if record.cost is None else _page_of_runs(lambda: _checked_run(record))
            return DisplayForms(record.sentence, _of_check(record), lambda: draw_check(record), page)
        case Explanation():
            return DisplayForms(repr(record), record._repr_html_(), lambda: _draw_explained(record))
        case Sweep():
            return DisplayForms(repr(record), _of_sweep(record), record.plot)
        case Race():
            return DisplayForms(str(record), _of_race(record), record.plot)
        case RunComparison():
            return DisplayForms(repr(record), _of_columns(record.columns), record.plot)
    raise TypeError(type(record).__name__)


def _draw_explained(explanation: Explanation) -> Any:
    """The directions of curvature, the stable range and the factors measured, of what was explained.

    Raises:
        UsageError: there is no minimum to measure from, or the run is not at hand.
    """
    if explanation.run is None:
        raise UsageError(message("this explanation has no run to draw."))
    return plot(explanation.run, kind="explained")


def _page(check: Callable[[], Any], content: Callable[[], PageContent]) -> Callable[[], PageContent] | None:
    """What makes the page, unless there can be none."""
    try:
        check()
    except DownslopeError:
        return None
    return content


def _page_of_runs(run: Callable[[], Descent]) -> Callable[[], PageContent] | None:
    """The page of a run, which is made where there is none yet."""
    return _page(lambda: check_content([run()]), lambda: content_of([run()]))


def _forecast_run(forecast: Forecast) -> Descent:
    """The descent that was forecast, begun: the page makes it whole."""
    assert forecast.asked is not None
    objective, start, rule = forecast.asked
    asked = Stopping(
        tolerance=forecast.tolerance, steps=max(1, int(min(forecast.steps or PAGE_STEPS, PAGE_STEPS)))
    )
    rule = rule or as_optimizer(None, forecast.best_rate)
    return descend(objective, start, rule, asked, loop=LoopOptions(maximize=forecast.up))


def _checked_run(check: GradientCheck) -> Descent:
    """A descent of the cost from the point at which its gradient was checked, by the gradient that the page derives."""
    assert check.cost is not None
    text = check.cost.text if check.cost.formula is None else check.cost.formula.text
    objective, start = as_objective(text, dict(zip(check.coordinates, check.at, strict=True)))
    return descend(
        objective, start, as_optimizer("armijo"), Stopping(steps=PAGE_STEPS, tolerance=DEFAULT_TOLERANCE)
    )


def _of_run(run: Run) -> str:
    return _paragraph(run.message) + run.history._repr_html_()


def _of_fit(fit: Fit) -> str:
    errors = fit.standard_errors or {}
    names = fit.run.history.coordinates[:MOST_ROWS]
    rows = [(name, value, errors.get(name, "")) for name, value in zip(names, fit.run.final, strict=False)]
    heads = (message("parameter"), message("value"), message("standard error"))
    loss = f"{fit.model.loss} = {fit.loss:.8g}"
    return _paragraph(fit.run.message) + _table(heads, rows) + _paragraph(loss)


def _of_forecast(forecast: Forecast) -> str:
    heads = (message("direction"), message("curvature"), message("factor of a step"))
    rows = [(one["along"], one["curvature"], one["factor"]) for one in forecast.directions[:MOST_ROWS]]
    return _paragraph(forecast.sentence) + _table(heads, rows)


def _of_check(check: GradientCheck) -> str:
    heads = (message("parameter"), message("supplied"), message("derivative"))
    rows = zip(check.coordinates[:MOST_ROWS], check.supplied, check.derivative, strict=False)
    return _paragraph(check.sentence) + _table(heads, rows)


def _of_columns(columns: Mapping[str, Any]) -> str:
    return _table(columns, zip(*(values[:MOST_ROWS] for values in columns.values()), strict=True))


def _of_sweep(sweep: Sweep) -> str:
    return "".join(map(_paragraph, sweep.summary())) + _of_columns(sweep.columns)


def _of_race(race: Race) -> str:
    before, after = race.said
    rows = zip(*(column.texts for column in race.table), strict=True)
    table = _table((column.title for column in race.table), rows)
    return "".join(map(_paragraph, before)) + table + "".join(map(_paragraph, after))


def _paragraph(said: Any) -> str:
    return f"<p>{html.escape(str(said))}</p>"


def _table(heads: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Any) -> str:
    return "" if cell is None else html.escape(f"{cell:.6g}" if isinstance(cell, Real) else str(cell))
