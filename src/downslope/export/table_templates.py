"""How each dialect spells what is done with whole columns of a table, and the costs of fits.

In the templates of costs ``_r`` is the residual (prediction minus target), ``_u`` the prediction before the link,
``_y`` the target and ``_c`` the number that a loss carries; those of ``SLOPES`` are the derivatives by the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        costs: of a row, by the name of the loss.
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
    costs: Mapping[str, str]
    softmax: str
    root: str


def _costs(m: str, absolute: str, clip: str, log_cosh: str, softplus: str) -> dict[str, str]:
    return {
        "mse": "_r ** 2",
        "rmse": "_r ** 2",
        "mae": absolute,
        "huber": f"{clip} * (_r - {clip} / 2)",
        "log_cosh": log_cosh,
        "quantile": f"{m}.maximum((1 - _c) * _r, -_c * _r)",
        "log_loss": f"{softplus} - _y * _u",
        "poisson": f"{m}.exp(_u) - _y * _u",
    }


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
    costs=_costs(
        "np", "np.abs(_r)", "np.clip(_r, -_c, _c)", "np.logaddexp(_r, -_r) - np.log(2)", "np.logaddexp(0, _u)"
    ),
    softmax="np.logaddexp.reduce(_u, axis=1) - _u[np.arange(len(_y)), _y]",
    root="np.sqrt(_0)",
)

# Only NumPy writes derivatives out; everybody else has them made.
SLOPES: dict[str, str] = {
    "mse": "2 * _r",
    "rmse": "2 * _r",
    "mae": "np.sign(_r)",
    "huber": "np.clip(_r, -_c, _c)",
    "log_cosh": "np.tanh(_r)",
    "quantile": "np.where(_r > 0, 1 - _c, np.where(_r < 0, -_c, 0.0))",
    "log_loss": "sigmoid(_u) - _y",
    "poisson": "np.exp(_u) - _y",
}

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
    costs=_costs(
        "torch",
        "torch.abs(_r)",
        "torch.clamp(_r, -_c, _c)",
        "torch.logaddexp(_r, -_r) - math.log(2)",
        "torch.nn.functional.softplus(_u, threshold=40)",
    ),
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
    costs=_costs(
        "tf",
        "tf.abs(_r)",
        "tf.clip_by_value(_r, -_c, _c)",
        "_r + tf.math.softplus(-2 * _r) - math.log(2)",
        "tf.math.softplus(_u)",
    ),
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
    costs=_costs(
        "jnp",
        "absolute(_r)",
        "jnp.clip(_r, -_c, _c)",
        "jnp.logaddexp(_r, -_r) - jnp.log(2)",
        "jnp.logaddexp(0, _u)",
    ),
    softmax="jax.nn.logsumexp(_u, axis=1) - _u[jnp.arange(len(_y)), _y]",
    root="jnp.sqrt(_0)",
)

SYMPY: dict[str, str] = {
    "mse": "_r ** 2",
    "rmse": "_r ** 2",
    "mae": "sympy.Abs(_r)",
    "huber": "sympy.Piecewise((_r ** 2 / 2, sympy.Abs(_r) <= _c), (_c * (sympy.Abs(_r) - _c / 2), True))",
    "log_cosh": "sympy.log(sympy.cosh(_r))",
    "quantile": "sympy.Max((1 - _c) * _r, -_c * _r)",
    "log_loss": "sympy.log(1 + sympy.exp(_u)) - _y * _u",
    "poisson": "sympy.exp(_u) - _y * _u",
}
