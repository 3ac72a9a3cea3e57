"""A formula that has been read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from downslope.language.text import to_text
from downslope.language.tree import Node, Variable, walk
from downslope.messages import Message

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, repr=False)
class Expression:
    """A formula as it was typed and as it was understood.

    Two expressions are equal when they were typed alike.

    Attributes:
        source: the text it came from.
        tree: what it says; see ``downslope.language.tree``.
        names: the names of its parameters, in the order in which they first appear.
        notes: how it was read where people disagree, one sentence each.
    """

    source: str
    tree: Node = field(compare=False)
    names: tuple[str, ...] = field(compare=False)
    notes: tuple[Message, ...] = field(compare=False, default=())

    @classmethod
    def from_tree(cls, tree: Node) -> Expression:
        """The expression that says this tree.

        >>> from downslope.language.tree import Power, Number, Variable
        >>> Expression.from_tree(Power(Variable("x"), Number(2.0)))
        Expression('x^2')
        """
        names = dict.fromkeys(node.name for node in walk(tree) if isinstance(node, Variable))
        return cls(to_text(tree), tree, tuple(names))

    def __str__(self) -> str:
        return to_text(self.tree)

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def latex(self) -> str:
        r"""The formula in LaTeX, its terms in the order in which they were typed.

        >>> from downslope.language import parse
        >>> print(parse("x^2/20 + y^2").latex())
        \frac{x^{2}}{20} + y^{2}
        """
        from downslope.language.mathematics import to_latex

        return to_latex(self.tree)

    def mathml(self) -> str:
        """The formula in presentation MathML, for a web page.

        >>> from downslope.language import parse
        >>> print(parse("x^2").mathml())
        <math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>x</mi><mn>2</mn></msup></math>
        """
        from downslope.language.mathematics import to_mathml

        return to_mathml(self.tree)

    def sympy(self) -> sympy.Expr:
        """The formula in SymPy, as it was typed: nothing is simplified or reordered.

        >>> from downslope.language import parse
        >>> parse("x + x").sympy()
        x + x
        """
        from downslope.language.sympy_form import to_sympy

        return to_sympy(self.tree)
