"""The second derivatives of a softmax, as a metric."""

from __future__ import annotations

from typing import Any

import numpy as np

from downslope.fitting.rows import CHUNK_ROWS, Array, SoftmaxRows


def softmax_metric(rows: SoftmaxRows, phi: Array, weights: Array, picked: Any) -> Array:
    """The second derivatives of the mean loss at ``phi`` over the rows ``picked``.

    A number added to a parameter of every class changes nothing; along that direction 1/classes stands for the
    vanishing curvature, so that nothing moves there.
    """
    w, classes = (weights[picked] if weights.size else np.ones(len(picked))), rows.classes
    H = np.zeros((rows.each, classes, rows.each, classes))
    for begin in range(0, len(picked), CHUNK_ROWS):
        part, v = picked[begin : begin + CHUNK_ROWS], w[begin : begin + CHUNK_ROWS] / w.sum()
        F, p = rows.features(part), rows.chances(phi, part)
        for k in range(classes):
            for m in range(k + 1):
                c = v * ((k == m) * p[:, k] - p[:, k] * p[:, m] + 1.0 / classes**2)
                H[:, k, :, m] += (F * c[:, None]).T @ F
                H[:, m, :, k] = H[:, k, :, m]
    return H.reshape(rows.size, rows.size)
