"""What a row costs: a function of the prediction ``u`` (before the link) and the target ``y``.

Those with a link apply it themselves: the hypothesis is ``a*x + b``, not ``sigmoid(a*x + b)``. To add one, write its
record here; ``loss_record`` says what it holds.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.errors import HyperparameterError, UnknownNameError, did_you_mean, nearest
from downslope.fitting.loss_record import Link, Loss, LossNumber, c, least, r, size, u, y
from downslope.language.functions.record import f
from downslope.messages import Template, listing, message, sentences

__all__ = ["BY_CODE", "LOSSES", "OTHER_NAMES", "Link", "Loss", "as_loss", "linked"]

NEAR = 1e-3  # where tanh(v)/v is 1 - v^2/3 to rounding
_WITH_NUMBER = re.compile(r"\s*([A-Za-z_0-9-]+)\s*(?:\(\s*(?P<n>[^()]*?)\s*\)|:\s*(?P<m>[^():]*?))?\s*")

_TABLE = (
    Loss(
        name="mse",
        formula=r**2,
        quadratic=True,
        likelihood=True,
        aliases=("l2", "squared_error", "mean_squared_error", "least_squares"),
        spoken=message("the mean squared error", context="loss"),
    ),
    Loss(
        name="rmse",
        formula=r**2,
        root=True,
        quadratic=True,
        likelihood=True,
        spoken=message("the root mean squared error", context="loss"),
    ),
    Loss(
        name="mae",
        formula=size,
        bend=1 / f.max(size, least),
        aliases=("l1", "absolute_error", "mean_absolute_error"),
        spoken=message("the mean absolute error", context="loss"),
    ),
    Loss(
        name="huber",
        formula=f.where(size <= c, r**2 / 2, c * (size - c / 2)),
        bend=f.where(size <= c, 1, c / size),
        shape=1.35,
        number=LossNumber(constant="DELTA", about=message("residuals beyond it count linearly")),
        spoken=message("Huber's loss", context="loss"),
    ),
    Loss(
        name="log_cosh",
        formula=f.logcosh(r),
        bend=1 / f.cosh(r) ** 2,
        touching=f.where(size > NEAR, f.tanh(size) / size, 1 - r**2 / 3),
        aliases=("logcosh",),
        spoken=message("the mean log cosh of the residuals", context="loss"),
    ),
    Loss(
        name="quantile",
        # its last branch is that of 0, with slope 0, and of what is no number
        formula=f.where(r > 0, (1 - c) * r, f.where(r < 0, -(c * r), r**2)),
        bend=0.5 / f.max(size, least),
        shape=0.5,
        number=LossNumber(below=1.0, constant="QUANTILE", about=message("which one")),
        aliases=("pinball",),
        spoken=message("the quantile loss", context="loss"),
        fitted=Template("fitted quantile {c:g}"),
    ),
    Loss(
        name="log_loss",
        formula=f.softplus(u) - y * u,
        touching=f.where(f.abs(u) > NEAR, f.tanh(f.abs(u) / 2) / (2 * f.abs(u)), (1 - u**2 / 12) / 4),
        link="sigmoid",
        labels="two",
        likelihood=True,
        aliases=(
            *("logistic", "logit", "logloss", "bce", "binary_crossentropy", "binary_cross_entropy"),
            *("cross_entropy", "crossentropy"),
        ),
        spoken=message("the mean log loss", context="loss"),
        predicted="log_odds",
        fitted=Template("probability of {label}"),
    ),
    Loss(
        name="softmax",  # log(sum_k exp(u_k)) - u_y, which ``kernels.softmax`` computes
        link="softmax",
        labels="any",
        aliases=(
            *("categorical_crossentropy", "sparse_categorical_crossentropy", "multinomial"),
            *("cross_entropy", "crossentropy"),
        ),
        spoken=message("the mean cross entropy", context="loss"),
        predicted="scores",
    ),
    Loss(
        name="poisson",
        formula=f.exp(u) - y * u,
        link="exp",
        lowest=0.0,
        likelihood=True,
        spoken=message("the mean Poisson loss", context="loss"),
        predicted="log_rate",
        fitted=Template("fitted rate"),
    ),
)

BY_CODE: tuple[Loss, ...] = tuple({loss.formula: loss for loss in reversed(_TABLE)}.values())[::-1]
"""The losses by their numbers in the kernels; one for each formula."""

_CODES = {loss.formula: code for code, loss in enumerate(BY_CODE)}

LOSSES: dict[str, Loss] = {loss.name: replace(loss, code=_CODES[loss.formula]) for loss in _TABLE}
"""Every loss by its name, with its default number."""

OTHER_NAMES = {
    alias: tuple(loss.name for loss in _TABLE if alias in loss.aliases)
    for alias in dict.fromkeys(alias for loss in _TABLE for alias in loss.aliases)
}
"""What other tools call them."""


def linked(loss: Loss, u: Any) -> Any:
    """Predictions after the link: numbers, rates or probabilities, from those before it, (rows,) or (rows, classes).

    >>> linked(LOSSES["log_loss"], np.array([0.0])).tolist()
    [0.5]
    """
    with np.errstate(over="ignore"):
        if loss.link == "sigmoid":
            small = np.exp(-np.abs(u))
            return np.where(u >= 0, 1.0, small) / (1.0 + small)
        if loss.link == "exp":
            return np.exp(u)
        if loss.link == "softmax":
            e = np.exp(u - u.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
    return u


def as_loss(loss: str | Loss) -> Loss:
    """The loss of that name; ``huber(1.5)`` and ``quantile(0.9)`` carry their number, also as ``huber:1.5``.

    Raises:
        UnknownNameError: there is none; the nearest are suggested.
        HyperparameterError: its number is outside its range.

    >>> as_loss("quantile(0.9)").shape, as_loss("huber:1.5").shape
    (0.9, 1.5)
    """
    if isinstance(loss, Loss):
        return loss
    match = _WITH_NUMBER.fullmatch(str(loss))
    name = match[1].lower().replace("-", "_") if match else str(loss)
    if match is None or name not in LOSSES:
        known = OTHER_NAMES.get(name, ())
        hint = did_you_mean(*known) if known else nearest(name, LOSSES)
        raise UnknownNameError(
            sentences(
                message("there is no loss '{loss}'.", loss=loss),
                hint,
                message(
                    "There are: {losses}; huber and quantile take a number, as in quantile(0.9).",
                    losses=listing(LOSSES),
                ),
            )
        )
    found = LOSSES[name]
    number = match["m"] if match["n"] is None else match["n"]
    return found if number is None else replace(found, shape=_number(found, number))


def _number(loss: Loss, text: str) -> float:
    if loss.number is None:
        raise HyperparameterError(
            message("{loss} takes no number; it is '{loss}({text})'.", loss=loss.name, text=text)
        )
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < loss.number.below:
        raise HyperparameterError(
            message(
                "the number of {loss} is {text!r}; it must be between 0 and {top:g}.",
                loss=loss.name,
                text=text,
                top=loss.number.below,
            )
            if math.isfinite(loss.number.below)
            else message(
                "the number of {loss} is {text!r}; it must be a finite number more than 0.",
                loss=loss.name,
                text=text,
            )
        )
    return number
