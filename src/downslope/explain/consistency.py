"""The last pass: it reads a finished explanation and lets nothing through that another part of it denies.

What is known best stays. A finding that was proven denies what would only hold without it; a test that cannot be met
denies a forecast of when it is.
"""

from __future__ import annotations

from dataclasses import replace

from downslope.descent import Status
from downslope.explain.findings.finding import Finding
from downslope.explain.point import Point
from downslope.explain.theory import Forecast

# Where the first was found, the others are not said: they take for granted what it denies.
DENIES: dict[str, tuple[str, ...]] = {
    "gradient_mismatch": (
        "learning_rate_above_limit",
        "learning_rate_too_small",
        "momentum_too_large",
        "zigzag",
        "flat",
        "stalled",
        "rounding_floor",
        "too_few_steps",
        "loose_tolerance",
        "chatter",
        "cycle",
        "ill_conditioned",
    ),
    "left_domain": ("worse_than_mean",),
    "overflow": ("worse_than_mean",),
    "separation": (
        "unbounded_below",
        "grows_without_bound",
        "learning_rate_too_small",
        "saddle",
        "flat",
        "rounding_floor",
        "stalled",
        "ill_conditioned",
        "loose_tolerance",
        "too_few_steps",
        "undetermined",
        "unexplained",
    ),
    "grows_without_bound": (
        "unexplained",
        "flat",
        "rounding_floor",
        "stalled",
        "ill_conditioned",
        "learning_rate_too_small",
        "too_few_steps",
        "undetermined",
    ),
    "pole": ("unbounded_below", "flat", "saddle", "stalled", "too_few_steps", "left_domain", "overflow"),
    "unbounded_below": ("flat", "too_few_steps", "learning_rate_too_small", "ill_conditioned", "stalled"),
    "learning_rate_above_limit": (
        "learning_rate_too_small",
        "too_few_steps",
        "chatter",
        "cycle",
        "rounding_floor",
        "ill_conditioned",
        "grows_without_bound",
        "worse_than_mean",
    ),
    "rmse_rate": (
        "learning_rate_above_limit",
        "zigzag",
        "cycle",
        "chatter",
        "too_few_steps",
        "worse_than_mean",
    ),
    "rmse_chatter": ("learning_rate_above_limit", "zigzag", "cycle", "chatter", "kink", "too_few_steps"),
    "kink": ("chatter", "cycle", "too_few_steps", "rounding_floor"),
    "chatter": ("cycle", "too_few_steps"),
    "cycle": ("too_few_steps",),
    "saddle": ("flat", "too_few_steps"),
    "flat": ("too_few_steps", "learning_rate_too_small", "ill_conditioned"),
    "rounding_floor": ("too_few_steps", "learning_rate_too_small", "stalled"),
    "schedule_too_fast": ("too_few_steps", "learning_rate_too_small", "stalled"),
    "learning_rate_too_small": ("too_few_steps",),
    "momentum_too_large": ("too_few_steps",),
    "ill_conditioned": ("too_few_steps",),
    "undetermined": ("few_digits",),
}
UNREACHED = (
    "stalled",
    "rounding_floor",
    "gradient_mismatch",
    "rmse_rate",
    "rmse_chatter",
    "kink",
    "pole",
    "schedule_too_fast",
    "separation",
    "grows_without_bound",
)


def agreed_findings(findings: list[Finding]) -> list[Finding]:
    """Those that no other one denies, the gravest having the word."""
    codes = [finding.code for finding in findings]
    denied = {other for code in codes for other in DENIES.get(code, ())}
    return [finding for finding in findings if finding.code not in denied]


def agreed_point(point: Point, findings: list[Finding], status: str = "") -> Point:
    """The kind of point, where what was found, and how the run ended, leave it."""
    if status in (Status.UNBOUNDED, Status.DIVERGED) and point.is_wanted:
        return Point("not_stationary", names=point.names, maximize=point.maximize)
    by_code = {finding.code: finding for finding in findings}
    if "kink" in by_code and point.kind != "kink" and by_code["kink"].evidence.get("near", True):
        way = by_code["kink"].evidence["along"]
        return Point("kink", way=way, names=point.names, maximize=point.maximize)
    endless = by_code.get("separation")
    if endless is not None and point.kind in ("minimum", "degenerate", "small_by_units"):
        way = endless.evidence["along"]
        return Point("degenerate", "asymptote", way=way, names=point.names, maximize=point.maximize)
    if "gradient_mismatch" in by_code and point.kind == "small_by_units":
        return replace(point, kind="not_stationary")  # it was the wrong gradient that was small
    return point


def agreed_forecast(
    forecast: Forecast | None, point: Point, findings: list[Finding], status: str = ""
) -> Forecast | None:
    """The forecast, where nothing denies that it comes true."""
    if forecast is None:
        return None
    codes = {finding.code for finding in findings}
    if forecast.bounded and forecast.largest == 0 == forecast.smallest:
        return None  # nothing curves
    if forecast.diverges and not forecast.exact and status == Status.CONVERGED:
        return None  # at the limit itself a run may settle, slowly
    if forecast.diverges and not forecast.exact and "too_few_steps" in codes:
        return None  # more steps arrive, if at another minimum than this is of
    if "gradient_mismatch" in codes:
        return None  # it is made of the curvatures that the wrong gradient has
    if "unbounded_below" in codes and not forecast.exact:
        return None  # it is made of a minimum near by
    promises = forecast.steps is not None
    if promises and codes & set(UNREACHED):
        return None
    if promises and not forecast.exact and "learning_rate_above_limit" in codes:
        return None  # it holds near a minimum that the run does not come near
    if point.kind in ("saddle", "kink") or point.detail in (
        "asymptote",
        "endless",
        "plateau",
        "inflection",
        "jump",
    ):
        return None if forecast.bounded else forecast
    return forecast
