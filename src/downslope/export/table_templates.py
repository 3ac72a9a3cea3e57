"""How each dialect spells what is done with whole columns of a table.

In that of softmax ``_u`` are the scores and ``_y`` is the number of the class.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableTemplates:
    """One dialect's spelling.

    Attributes:
        array, whole: a column of numbers, and of class numbers, from a list.
        stack, ones: columns side by side; a column of ones like another.
        mean, weighted: of a column; with weights ``_1``.
        times, inner, product: a matrix times a vector, two vectors, two matrices.
        weighed: the rows of a matrix added up with weights ``_1``.
        centre, spread: of every column of a matrix.
        shape: a vector as a matrix of ``_1`` rows and ``_2`` columns.
        softmax: of a row of scores, given the number of its class.
    """

    array: str
    whole: str
    stack: str
    ones: str
    mean: str
    weighted: str
    times: str
    inner: str
    weighed: str
    centre: str
    spread: str
    product: str
    shape: str
    softmax: str
    root: str


NUMPY = TableTemplates(
    array="np.array(_0)",
    whole="np.array(_0)",
    stack="np.column_stack(_0)",
    ones="np.ones_like(_0)",
    mean="np.mean(_0)",
    weighted="np.average(_0, weights=_1)",
    times="_0 @ _1",
    inner="_0 @ _1",
    weighed="_0.T @ _1",
    centre="np.mean(_0, axis=0)",
    spread="np.std(_0, axis=0)",
    product="_0 @ _1",
    shape="_0.reshape(_1, _2)",
    softmax="np.logaddexp.reduce(_u, axis=1) - _u[np.arange(len(_y)), _y]",
    root="np.sqrt(_0)",
)

TORCH = TableTemplates(
    array="torch.tensor(_0)",
    whole="torch.tensor(_0)",
    stack="torch.stack(_0, dim=1)",
    ones="torch.ones_like(_0)",
    mean="torch.mean(_0)",
    weighted="torch.sum(_1 * _0) / torch.sum(_1)",
    times="_0 @ _1",
    inner="_0 @ _1",
    weighed="_0.T @ _1",
    centre="torch.mean(_0, dim=0)",
    spread="torch.std(_0, dim=0, correction=0)",
    product="_0 @ _1",
    shape="_0.reshape(_1, _2)",
    softmax="torch.logsumexp(_u, dim=1) - _u[torch.arange(len(_y)), _y]",
    root="torch.sqrt(_0)",
)

TENSORFLOW = TableTemplates(
    array="tf.constant(_0, dtype=tf.float64)",
    whole="tf.constant(_0)",
    stack="tf.stack(_0, axis=1)",
    ones="tf.ones_like(_0)",
    mean="tf.reduce_mean(_0)",
    weighted="tf.reduce_sum(_1 * _0) / tf.reduce_sum(_1)",
    times="tf.linalg.matvec(_0, _1)",
    inner="tf.tensordot(_0, _1, 1)",
    weighed="tf.linalg.matvec(_0, _1, transpose_a=True)",
    centre="tf.reduce_mean(_0, axis=0)",
    spread="tf.math.reduce_std(_0, axis=0)",
    product="_0 @ _1",
    shape="tf.reshape(_0, (_1, _2))",
    softmax="tf.reduce_logsumexp(_u, axis=1) - tf.gather(_u, _y, axis=1, batch_dims=1)",
    root="tf.sqrt(_0)",
)

JAX = TableTemplates(
    array="jnp.array(_0)",
    whole="jnp.array(_0)",
    stack="jnp.column_stack(_0)",
    ones="jnp.ones_like(_0)",
    mean="jnp.mean(_0)",
    weighted="jnp.average(_0, weights=_1)",
    times="_0 @ _1",
    inner="_0 @ _1",
    weighed="_0.T @ _1",
    centre="jnp.mean(_0, axis=0)",
    spread="jnp.std(_0, axis=0)",
    product="_0 @ _1",
    shape="_0.reshape(_1, _2)",
    softmax="jax.nn.logsumexp(_u, axis=1) - _u[jnp.arange(len(_y)), _y]",
    root="jnp.sqrt(_0)",
)
