"""``fit``: a table, a hypothesis and a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from downslope.api.fit_request import FitArguments, FitOptions, put_together
from downslope.errors import UsageError, nearest
from downslope.fitting.finalize import fit_of
from downslope.fitting.losses import Loss
from downslope.fitting.partitions.choosing import engine_of
from downslope.messages import message, sentences
from downslope.results.checkpoints import checkpoint_of
from downslope.results.fit import Fit, as_fit
from downslope.results.fit_states import FitKeeper

_NAMED = ("target", "features", "loss", "start", "optimizer", "learning_rate", "steps")  # of ``fit``


def fit(
    table: Any,
    hypothesis: str | None = None,
    *,
    target: str | None = None,
    features: Sequence[str] | str | None = None,
    loss: str | Loss = "mse",
    start: Any = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    **options: Unpack[FitOptions],
) -> Fit:
    """Fit a hypothesis to a table by gradient descent.

    Names in the hypothesis that are columns are data; the others are the parameters to be found.

    Args:
        table: a path or a list of paths, a dict of columns, arrays ``(X, y)``, a data frame; see
            ``downslope.fitting.tables.as_frame``.
        hypothesis: ``"y ~ a*x + b"``, or any other formula on the right. Instead, ``target`` (and ``features``) say
            which columns a linear model with an intercept is made of.
        loss: mse, rmse, mae, huber, log_cosh, quantile, log_loss, softmax or poisson; huber(1.5) and quantile(0.9)
            carry a number; log_loss, softmax and poisson apply sigmoid, softmax and exp to the hypothesis themselves.
            See ``downslope.fitting.losses``.
        start: a dict, text (``"a=1,b=1"``) or a sequence in the order of the parameters. By default zeros, for a
            hypothesis that is linear in its parameters; for any other what its form and the table suggest, where
            the form is one that people fit (exponentials, saturation, peaks, logistic curves, powers, waves,
            fractions): the notes say where it began. Where it is none of these, it needs a start.
        optimizer, learning_rate: as for ``minimize``. Without either, or with ``"auto"``, coordinates are chosen in
            which the cost is nearly round, and descended with step sizes found on the way; the notes say which.
        steps: most steps.
        tolerance, evaluations, time_limit, relative_tolerance, value_tolerance, x_tolerance, target_loss: see
            ``Stopping``; tolerances are judged in the coordinates that are descended in.
        weights: a column, which is then no feature unless ``features`` names it, or one number >= 0 for each row.
        categories: features that are numbers and count by their categories all the same, such as codes; features of
            words always do. Each category but the first is a feature of its own, 1 or 0: ``city[Uri]``.
        l2, l1: penalties ``l2*sum(p^2) + l1*sum(abs(p))`` on the parameters in the user's units, not on an intercept;
            l1 is taken exactly, by proximal steps.
        standardize: descend with the features standardised; the answer is the same, in the user's units.
        batch_size, epochs: mini-batches of so many rows, and how many times through the table. Without a batch size,
            an epoch is a step.
        drop_missing: leave out rows with missing values (they are counted) instead of refusing them.
        holdout: a part of the rows, such as 0.2, that is drawn (by ``seed``) and not fitted; ``Fit.holdout`` says how
            good the fit is on them. Of a table that is read page by page each row is drawn by its number, so that
            about that part is held out, and the same rows at every pass.
        path: "auto", or "moments", "qr", "kernel" or "formula" to insist on one way of reading the data.
        gradient: a hand-written gradient of the cost, ``"sum((W*x - y)*x)"`` or a dict of such, descended in place
            of the true one and checked against it.
        stream: whether files are read page by page at every pass, in little memory, instead of once into memory: True,
            False, or "auto": where the table would take more than half of the free memory. Standard input streams
            only with True, and then for squared losses of linear hypotheses, for which one reading is enough.
        engine: "processes" or "ray": the partitions of a table in files (files; of Parquet row groups) are read where
            they lie and added up by processes of this machine, or by a cluster of Ray. Their sums are merged in an
            order that the files alone decide, so the answer has the same bits whatever the engine, the number of
            workers, and how many of these were lost. By default partitions are worked on in this process.
        workers: how many partitions are worked on at once; by default as many as there are cores.
        address: where a cluster of Ray answers, or "auto"; by default one is started here for the fit.
        partition_seconds: after how many seconds a worker is taken to hang, and its partition given to another; 600
            by default. A partition for which four workers in a row were too late ends the fit, and is named.
        decimal, thousands, skip_rows, na_values, encoding: how text files are to be read, where that is not found out
            rightly: the sign before decimals ("," or "."), the sign between groups of three digits, how many lines
            stand before the names of the columns, words for a missing value, and the encoding ("cp949").
        every, seed, callback, progress, hyperparameters, schedule: as for ``minimize``; in mini-batches a schedule
            counts batches.
        checkpoint, checkpoint_seconds: as for ``minimize``; ``resume(path, table)`` goes on with it.

    Returns:
        The ``Fit``: ``x``, ``loss``, ``r2``, ``accuracy``, ``standard_errors``, ``predict``, ``residuals``,
        ``history``, ``run``, ``notes``, ``explain``, ``plot``, ``save``.

    Raises:
        DataError: the table cannot be read, or holds what cannot be fitted; column, row and value are named.
        ExpressionError, UsageError, StartError, UnknownNameError: what was asked makes no sense.

    >>> import downslope as ds
    >>> ds.fit({"x": [1, 2, 3], "y": [1, 2, 3]}, "y ~ W*x", learning_rate=0.15, steps=2).history["W"].round(6)
    array([0.  , 1.4 , 0.84])
    """
    for name in options:
        if name not in FitOptions.__annotations__:
            hint = nearest(name, (*FitOptions.__annotations__, *_NAMED))
            raise UsageError(sentences(message("there is no option '{name}'.", name=name), hint))
    asked = FitArguments(
        **options,
        hypothesis=hypothesis,
        target=target,
        features=features,
        loss=loss,
        start=start,
        optimizer=optimizer,
        learning_rate=learning_rate,
        steps=steps,
    )
    checkpoint, engine = checkpoint_of(options), engine_of(asked)
    with engine.session():
        state = put_together(table, asked, engine)
        keeper = None if checkpoint is None else FitKeeper(checkpoint, state)
        done = as_fit(fit_of(state, keeper))
        if checkpoint is not None:
            checkpoint.end(lambda _: done.to_dict())
    return done
