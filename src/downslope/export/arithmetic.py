"""What the arithmetic of the update rules is called in each dialect, for numbers and for vectors.

A *kind* says what an expression of a rule is: a number, a vector, a condition on numbers or one for each element, a
record or a tuple of such. The kind decides the spelling: ``where`` on numbers is Python's own ``a if c else b``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from downslope.export.python import chained, fill, joined, simplified

NUMBER, VECTOR, CONDITION, MASK, UNKNOWN = "number", "vector", "condition", "mask", "unknown"


@dataclass(frozen=True)
class Several:
    """A tuple or list of known parts, or (``parts`` of one, ``many``) of any number alike."""

    parts: tuple[Kind, ...]
    many: bool = False

    @property
    def each(self) -> Kind:
        """The kind of its elements."""
        return self.parts[0] if self.parts else UNKNOWN


@dataclass(frozen=True)
class Fields:
    """A record: the name of its class and the kind of each field."""

    name: str
    fields: tuple[tuple[str, Kind], ...]

    def of(self, field: str) -> Kind:
        """The kind of one field."""
        return dict(self.fields)[field]


Kind: TypeAlias = str | Several | Fields

_OF_ONE = ("sqrt", "absolute", "sign", "floor", "cos", "log", "norm", "zeros_like")
FUNCTIONS = frozenset((*_OF_ONE, "maximum", "minimum", "where", "both", "either", "dot"))


@dataclass(frozen=True)
class Arithmetic:
    """The templates of one dialect.

    Attributes:
        numbers, vectors: by function, where all arguments are numbers, and where one is a vector.
        mixed: by function, where the second argument is a number and the first a vector.
        compiled: whether conditions are not known while the code runs (JAX under jit).
        vector_type: what a vector is called in a type hint.
    """

    numbers: Mapping[str, str]
    vectors: Mapping[str, str]
    mixed: Mapping[str, str]
    compiled: bool
    vector_type: str
    copy: str = "_0"

    def call(self, function: str, codes: Sequence[ast.expr], kinds: Sequence[Kind]) -> tuple[ast.expr, Kind]:
        """A call of one of the functions, and the kind of its result."""
        if function == "where":
            return self._where(codes, kinds)
        if function in ("both", "either"):
            masks = MASK in kinds
            if not masks and not self.compiled:
                word = ast.And() if function == "both" else ast.Or()
                return joined(word, *codes), CONDITION
            sign = ast.BitAnd() if function == "both" else ast.BitOr()
            return chained(sign, *codes), MASK if masks else CONDITION
        vector = VECTOR in kinds
        result = NUMBER if function in ("dot", "norm") or not vector else VECTOR
        if function in ("maximum", "minimum") and vector and NUMBER in kinds and function in self.mixed:
            a, b = codes if kinds[0] == VECTOR else reversed(codes)
            return fill(self.mixed[function], a, b), result
        return fill((self.vectors if vector else self.numbers)[function], *codes), result

    def _where(self, codes: Sequence[ast.expr], kinds: Sequence[Kind]) -> tuple[ast.expr, Kind]:
        condition, yes, no = kinds
        result = yes if isinstance(yes, (Several, Fields)) else VECTOR if VECTOR in (yes, no) else yes
        if condition == MASK and result == NUMBER:
            result = VECTOR
        table = self.vectors if condition == MASK else self.numbers
        if self.compiled and isinstance(result, (Several, Fields)):
            return fill("jax.tree.map(lambda a, b: jnp.where(_0, a, b), _1, _2)", *codes), result
        return simplified(fill(table["where"], *codes)), result


_PYTHON = {
    "sqrt": "math.sqrt(_0)",
    "absolute": "abs(_0)",
    "floor": "math.floor(_0)",
    "cos": "math.cos(_0)",
    "log": "math.log(_0)",
    "maximum": "max(_0, _1)",
    "minimum": "min(_0, _1)",
    "where": "_1 if _0 else _2",
    "sign": "math.copysign(1, _0)",
    "dot": "_0 * _1",
    "norm": "abs(_0)",
    "zeros_like": "0.0",
}


def _arrays(module: str, **others: str) -> dict[str, str]:
    names = {"absolute": "abs"}
    alike = ("sqrt", "absolute", "sign", "floor", "cos", "log", "zeros_like")
    return {
        **{name: f"{module}.{names.get(name, name)}(_0)" for name in alike},
        **{name: f"{module}.{name}(_0, _1)" for name in ("maximum", "minimum")},
        "where": f"{module}.where(_0, _1, _2)",
        "dot": "_0 @ _1",
        **others,
    }


_ONE = {"dot": "_0 * _1"}  # where the vector is a single number

NUMPY = Arithmetic(_PYTHON, _arrays("np", norm="np.linalg.norm(_0)"), {}, False, "np.ndarray")
NUMPY_ONE = Arithmetic(
    _PYTHON | {"sign": "np.sign(_0)"},
    _PYTHON | {"sign": "np.sign(_0)"},
    {},
    False,
    "float",
)
_CLAMPED = {"maximum": "torch.clamp(_0, min=_1)", "minimum": "torch.clamp(_0, max=_1)"}
TORCH = Arithmetic(
    _PYTHON,
    _arrays("torch", norm="torch.linalg.vector_norm(_0)"),
    _CLAMPED,
    False,
    "torch.Tensor",
    "_0.clone()",
)
TORCH_ONE = Arithmetic(
    _PYTHON, _arrays("torch", norm="torch.abs(_0)") | _ONE, _CLAMPED, False, "torch.Tensor", "_0.clone()"
)
TENSORFLOW = Arithmetic(
    _PYTHON,
    _arrays("tf", norm="tf.norm(_0)", dot="tf.tensordot(_0, _1, 1)", log="tf.math.log(_0)"),
    {},
    False,
    "tf.Tensor",
    "tf.identity(_0)",
)
TENSORFLOW_ONE = Arithmetic(
    _PYTHON,
    dict(TENSORFLOW.vectors) | _ONE | {"norm": "tf.abs(_0)"},
    {},
    False,
    "tf.Tensor",
    "tf.identity(_0)",
)
_JNP = _arrays("jnp", norm="jnp.linalg.norm(_0)")
JAX = Arithmetic(_JNP, _JNP, {}, True, "jax.Array")
JAX_ONE = Arithmetic(_JNP | _ONE, _JNP | _ONE | {"norm": "jnp.abs(_0)"}, {}, True, "jax.Array")
_KERAS = _arrays("keras.ops", dot="keras.ops.dot(_0, _1)")
KERAS = Arithmetic(_KERAS, _KERAS, {}, True, "keras.Variable", "keras.ops.copy(_0)")
JAX_SEARCH = Arithmetic(_PYTHON, _JNP, {}, False, "jax.Array")
