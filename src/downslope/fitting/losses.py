"""What a row costs: a function of the prediction ``u`` (before the link) and the target ``y``.

=========  ==============================================  ===================  =======================
name       cost of a row                                   prediction           targets
=========  ==============================================  ===================  =======================
mse        (u - y)^2                                       u                    any number
rmse       the same; the root is taken of the mean         u                    any number
mae        abs(u - y)                                      u                    any number
huber(d)   r^2/2 where abs(r) <= d, else d(abs(r) - d/2)   u                    any number
log_cosh   log(cosh(u - y))                                u                    any number
quantile   (y - u) max(t, t - 1 where y < u)               u                    any number
log_loss   log(1 + exp(u)) - y u                           sigmoid(u)           0 and 1
poisson    exp(u) - y u                                    exp(u)               numbers >= 0
softmax    log(sum_k exp(u_k)) - u_y                       softmax(u)           labels
=========  ==============================================  ===================  =======================

The last three apply the link themselves: the hypothesis is ``a*x + b``, not ``sigmoid(a*x + b)``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from downslope.errors import HyperparameterError, UnknownNameError, did_you_mean, nearest
from downslope.messages import listing, message, sentences

Link = Literal["identity", "sigmoid", "exp", "softmax"]

# The kernels know a loss by its number; ``kernels.terms`` is the one place where the formulas are.
SQUARED, ABSOLUTE, HUBER, LOG_COSH, QUANTILE, LOGISTIC, POISSON, SOFTMAX = range(8)

_WITH_NUMBER = re.compile(r"\s*([A-Za-z_0-9-]+)\s*(?:\(\s*(?P<n>[^()]*?)\s*\)|:\s*(?P<m>[^():]*?))?\s*")


@dataclass(frozen=True)
class Loss:
    """One of the losses above.

    Attributes:
        name: how it is asked for.
        code: its number in the kernels.
        shape: the ``d`` of huber, the ``t`` of quantile; unused elsewhere.
        root: whether the square root is taken of the mean.
        link: what turns the hypothesis into the prediction.
        curved: whether it has a second derivative worth using.
        unit: the words for one row's cost.
    """

    name: str
    code: int
    shape: float = 0.0
    root: bool = False
    link: Link = "identity"
    curved: bool = True

    @property
    def quadratic(self) -> bool:
        """Whether it is a square of the residual (or the root of the mean of squares)."""
        return self.code == SQUARED

    @property
    def classifies(self) -> bool:
        """Whether its targets are labels."""
        return self.code in (LOGISTIC, SOFTMAX)

    def __str__(self) -> str:
        return f"{self.name}({self.shape:g})" if self.code in (HUBER, QUANTILE) else self.name


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("mse", SQUARED),
        Loss("rmse", SQUARED, root=True),
        Loss("mae", ABSOLUTE, curved=False),
        Loss("huber", HUBER, shape=1.35),
        Loss("log_cosh", LOG_COSH),
        Loss("quantile", QUANTILE, shape=0.5, curved=False),
        Loss("log_loss", LOGISTIC, link="sigmoid"),
        Loss("softmax", SOFTMAX, link="softmax"),
        Loss("poisson", POISSON, link="exp"),
    )
}
"""Every loss by its name, with its default number."""

# What other tools call them.
OTHER_NAMES = {
    "logistic": "log_loss",
    "logit": "log_loss",
    "logloss": "log_loss",
    "bce": "log_loss",
    "binary_crossentropy": "log_loss",
    "binary_cross_entropy": "log_loss",
    "cross_entropy": ("log_loss", "softmax"),
    "crossentropy": ("log_loss", "softmax"),
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "multinomial": "softmax",
    "l1": "mae",
    "absolute_error": "mae",
    "mean_absolute_error": "mae",
    "l2": "mse",
    "squared_error": "mse",
    "mean_squared_error": "mse",
    "least_squares": "mse",
    "pinball": "quantile",
    "logcosh": "log_cosh",
}


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
        meant = OTHER_NAMES.get(name, ())
        known = (meant,) if isinstance(meant, str) else meant
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
    if loss.code not in (HUBER, QUANTILE):
        raise HyperparameterError(
            message("{loss} takes no number; it is '{loss}({text})'.", loss=loss.name, text=text)
        )
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    top = 1.0 if loss.code == QUANTILE else math.inf
    if not 0 < number < top:
        raise HyperparameterError(
            message("the number of quantile is {text!r}; it must be between 0 and 1.", text=text)
            if loss.code == QUANTILE
            else message(
                "the number of {loss} is {text!r}; it must be a finite number more than 0.",
                loss=loss.name,
                text=text,
            )
        )
    return number
