"""What is known of a function of formulas: the one record that every form of a formula reads.

Formulas about it (its definition, its derivatives, its domain) are trees of our own language, written with Python's
operators on ``x`` and ``f``: ``f.cos(x)``, ``1 / (1 + x)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from downslope.language.tree import Call, Comparison, Node, Number, Operand, Variable, as_node
from downslope.messages import NOTHING, Message


class _Calls:
    """``f.sin(x)`` is the tree of a call."""

    def __getattr__(self, name: str) -> Callable[..., Node]:
        def call(*arguments: Operand) -> Node:
            return Call(name, tuple(map(as_node, arguments)))

        return call


f = _Calls()
x, y, a, b = (Variable(name) for name in "xyab")


def equal(left: Node, right: float) -> Node:
    """``left == right``; Python's own sign compares trees."""
    return Comparison("==", left, Number(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of formulas.

    Where a form (SymEngine, lanes, a dialect, SymPy) has no word for a function, its ``definition`` is written out
    there instead, so that only ``name``, ``meaning``, ``value`` and a ``definition`` are needed.

    Attributes:
        name: how it is called in formulas.
        arguments: names of its arguments, which the formulas below are in.
        meaning: in a few words.
        value: at float arguments; raises ``ValueError`` or ``ArithmeticError`` outside the domain.
        definition: it in other functions, with its digits kept everywhere; None where there are none to say it in.
        derivatives: by each argument; empty for those of the definition.
        domain: the condition under which value and derivatives are finite, for finite arguments; None for always.
        aliases: other names that formulas may use.
        defaults: of the last arguments, where they are left out.
        variadic: takes more arguments of the last kind, two at a time from the left.
        condition: whether the first argument is a condition.
        soft: a function only directly before a bracket, and else a name like any other, as gamma is.
        outside: why there may be no value; said where an argument is a number outside the domain.
        corner: a formula whose size says how far the argument lies from a corner or jump; None where it has none.
        own_symbol: stays one symbol in derivations, under its name, and is written out only when it is compiled.
        symengine: SymEngine's name, where it has the function and its machine code.
        sympy: SymPy's name, or a formula that says it in others. (Names of SymPy's that carry numbers: "polygamma(0)".)
        numpy: NumPy's names; those of ``name`` and ``aliases`` that are universal functions are known besides.
        traced: names of a framework's own operations ("torch", "tensorflow", "jax"), where they are not ``name``.
        foreign: functions of others that are this one of something else: "numpy.sinc" -> ``f.sinc(pi*x)``.
        latex: LaTeX of the name, or of the whole call where it holds ``_0``; as ``\\operatorname`` where empty.
        mathml: the same in presentation MathML.
        enclosed: whether the whole call needs no brackets before an exponent.
        spellings: code in each dialect of ``export.vocabulary``, ``_0`` and ``_1`` being the arguments. Where a
            framework's own function has another derivative at a corner, or fewer right digits, it says it otherwise.
        helpers: source of a function of ours that a spelling calls.
        sql: the expression that databases have for it, ``_0`` and ``_1`` being the arguments, or a formula that says
            it in others; where there is none its definition is written out.
        sql_guarded: the same where a database raises an error for what has no value, or is too large or too small.
    """

    name: str
    arguments: tuple[str, ...] = ("x",)
    meaning: Message
    value: Callable[..., float]
    definition: Node | None = None
    derivatives: tuple[Node, ...] = ()
    domain: Node | None = None
    aliases: tuple[str, ...] = ()
    defaults: tuple[float, ...] = ()
    variadic: bool = False
    condition: bool = False
    soft: bool = False
    outside: Message = NOTHING
    corner: Node | None = None
    own_symbol: bool = False
    symengine: str = ""
    sympy: str | Node = ""
    numpy: tuple[str, ...] = ()
    traced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: Mapping[str, Node] = field(default_factory=dict)
    latex: str = ""
    mathml: str = ""
    enclosed: bool = False
    spellings: Mapping[str, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    sql: str | Node = ""
    sql_guarded: str = ""

    @property
    def minimum(self) -> int:
        """The fewest arguments."""
        return len(self.arguments) - len(self.defaults)

    @property
    def maximum(self) -> int | None:
        """The most arguments; None for any number."""
        return None if self.variadic else len(self.arguments)

    def takes(self, count: int) -> bool:
        """Whether ``count`` arguments are right."""
        return self.minimum <= count and (self.maximum is None or count <= self.maximum)

    def completed(self, given: tuple[Node, ...]) -> tuple[Node, ...]:
        """The arguments with those that were left out."""
        missing = max(0, len(self.arguments) - len(given))
        return given + tuple(Number(value) for value in self.defaults[len(self.defaults) - missing :])

    @property
    def usage(self) -> str:
        """How it is written, as in ``atan2(y, x)`` and ``max(a, b, ...)``."""
        return f"{self.name}({', '.join(self.arguments)}{', ...' * self.variadic})"

    @property
    def names(self) -> tuple[str, ...]:
        """All names that formulas may use."""
        return (self.name, *self.aliases)

    @property
    def numpy_names(self) -> tuple[str, ...]:
        """The names that NumPy may have for it."""
        return (*self.numpy, *self.names)

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice between formulas, written out as one wherever symbols are compared."""
        return (
            isinstance(self.definition, Call) and self.definition.function == "where" and not self.own_symbol
        )


def spelled(name: str, numpy: str = "", **others: str) -> dict[str, str]:
    """The spellings of a function of one argument that is called alike everywhere, but for ``others``.

    >>> spelled("asin", "arcsin")["jax"]
    'jnp.arcsin(_0)'
    """
    modules = {"math": "math", "torch": "torch", "tensorflow": "tf", "sympy": "sympy"}
    common = {dialect: f"{module}.{name}(_0)" for dialect, module in modules.items()}
    array = {"numpy": f"np.{numpy or name}(_0)", "jax": f"jnp.{numpy or name}(_0)"}
    return {**common, **array, **others}
