"""Tree to text and back, LaTeX, MathML and SymPy; and anything at all to the parser."""

from __future__ import annotations

import copy
import pickle
import xml.dom.minidom

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from downslope.errors import ExpressionError
from downslope.language import FUNCTIONS, Expression, parse
from downslope.language.text import to_text
from downslope.language.tree import (
    Call,
    Comparison,
    Logical,
    Multiplication,
    NamedConstant,
    Negative,
    Node,
    Number,
    Power,
    Quotient,
    Sum,
    Variable,
)

untimed = settings(deadline=None)  # the first formula builds the parser
CALLED = [name for name in FUNCTIONS if name != "where"]
LEAVES = st.one_of(
    st.sampled_from(["x", "y", "α", "x1", "w[0]", "rate"]).map(Variable),
    st.just(NamedConstant("pi")),  # e is written as exp(1)
    st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(Number),
    st.integers(min_value=0, max_value=2**53).map(float).map(Number),
)


def _several(nodes: st.SearchStrategy[Node], least: int = 2) -> st.SearchStrategy[tuple[Node, ...]]:
    return st.lists(nodes, min_size=least, max_size=4).map(tuple)


@st.composite
def _condition(draw: st.DrawFn, nodes: st.SearchStrategy[Node], depth: int = 2) -> Node:
    kind = draw(st.sampled_from(["compare", "and", "or", "not"])) if depth else "compare"
    if kind == "compare":
        return Comparison(draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="])), draw(nodes), draw(nodes))
    count = 1 if kind == "not" else draw(st.integers(2, 3))
    return Logical(kind, tuple(draw(_condition(nodes, depth - 1)) for _ in range(count)))


def _call(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def arguments(name: str) -> st.SearchStrategy[Node]:
        function = FUNCTIONS[name]
        counted = [nodes] * len(function.arguments)
        inner = st.tuples(*counted) if function.maximum else _several(nodes)
        return inner.map(lambda found: Call(name, found))

    return st.sampled_from(CALLED).flatmap(arguments)


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Negative, nodes),
        st.builds(Sum, _several(nodes)),
        st.builds(Multiplication, _several(nodes)),
        st.builds(Quotient, nodes, nodes),
        st.builds(Power, nodes, nodes),
        _call(nodes),
        st.builds(lambda test, a, b: Call("where", (test, a, b)), _condition(nodes), nodes, nodes),
    )


TREES = st.recursive(LEAVES, _larger, max_leaves=12)


@untimed
@given(TREES)
def test_text_reads_back_to_the_same_tree(tree: Node) -> None:
    text = to_text(tree)
    refused, again = _read(text)
    if refused is None:
        assert again is not None
        assert again.tree == tree
        assert str(again) == text
    else:  # a constant part such as 1/0 is rightly refused; nothing else may be
        assert str(refused.message) == "this part is not a finite real number"


@untimed
@given(TREES)
def test_every_tree_can_be_shown(tree: Node) -> None:
    expression = Expression.from_tree(tree)
    assert expression.latex().count("{") == expression.latex().count("}")
    xml.dom.minidom.parseString(expression.mathml())


@untimed
@given(st.text())
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    _read_or_refuse(text)


@untimed
@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data.decode("utf-8", "surrogateescape"))
    _read_or_refuse(data.decode("latin-1"))


WORDS = "x y 2 . e π ² ⁻ ^ * / + - ( ) | , < = ! sin where max and not √ [ ] foo ½"


@untimed
@given(st.lists(st.sampled_from(WORDS.split())))
def test_any_order_of_good_words_is_read_or_refused(words: list[str]) -> None:
    _read_or_refuse("".join(words))
    _read_or_refuse(" ".join(words))


def _read(text: str) -> tuple[ExpressionError | None, Expression | None]:
    try:
        return None, parse(text)
    except ExpressionError as error:
        return error, None


def _read_or_refuse(text: str) -> None:
    error, expression = _read(text)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert str(error.message) in str(error)
    if expression is not None:
        assert parse(str(expression)).tree == expression.tree


@untimed
@given(TREES)
def test_trees_compare_hash_and_pickle(tree: Node) -> None:
    again = pickle.loads(pickle.dumps(tree))
    assert again == tree
    assert hash(again) == hash(tree)
    assert copy.deepcopy(tree) is tree
    assert Sum((tree, Number(1.0))) != Sum((tree, Number(2.0)))
    assert Negative(tree) != tree
    assert tree != "x"
    assert repr(again) == repr(tree)


def test_trees_as_deep_as_can_be_typed_compare_hash_and_pickle() -> None:
    typed = "(x + 1 + 2*" * 195 + "x" + ")^2" * 195
    first, second = parse(typed), parse(typed)
    assert first.tree == second.tree
    assert hash(first.tree) == hash(second.tree)
    assert first.tree != parse(typed.replace("2*x", "3*x")).tree
    assert pickle.loads(pickle.dumps(first)) == first
    assert len(repr(first.tree)) > 10_000
    assert first.latex().count("^{2}") == first.mathml().count("<msup>") == 195


def test_the_repr_of_a_tree_builds_it() -> None:
    tree = parse("where(x < 1, -2*x, max(sin(x), 3))").tree
    kinds = (Call, Comparison, Negative, Number, Multiplication, Variable)
    assert eval(repr(tree), {kind.__name__: kind for kind in kinds}) == tree


MATHEMATICS = [
    ("x^2/20 + y^2", r"\frac{x^{2}}{20} + y^{2}"),
    ("2*x*y - 3*4", r"2 x \, y - 3 \cdot 4"),
    ("-(x - 1)^2", r"- \left(x - 1\right)^{2}"),
    ("sin(x)^2 + sin(x)^-1", r"\sin^{2}\left(x\right) + \left(\sin\left(x\right)\right)^{- 1}"),
    ("exp(-x)*sqrt(y) + |z|", r"e^{- x} \, \sqrt{y} + \left|z\right|"),
    ("alpha*x_max + w[0] + x1 + β", r"\alpha \, x_{\mathrm{max}} + w_{0} + x_{1} + \beta"),
    ("1e-5x", r"10^{-5} x"),
    ("y + x", "y + x"),
    ("erf(x) + log10(x)", r"\operatorname{erf}\left(x\right) + \log_{10}\left(x\right)"),
    ("(x^y)^z", r"\left(x^{y}\right)^{z}"),
    ("rate*(x - (-3))", r"\mathrm{rate} \, \left(x - \left(- 3\right)\right)"),
]


@pytest.mark.parametrize(("typed", "latex"), MATHEMATICS)
def test_latex(typed: str, latex: str) -> None:
    assert parse(typed).latex() == latex
    MathTextParser("path").parse(f"${latex}$")  # figures show formulas, without a TeX installation


def test_latex_of_a_choice() -> None:
    latex = parse("where(x <= 1 and not y > 2, x, -x)").latex()
    assert latex == (
        r"\begin{cases} x & \text{if } x \leq 1\text{ and }\text{not }y > 2"
        r" \\ - x & \text{otherwise} \end{cases}"
    )


def test_mathml() -> None:
    def inner(typed: str) -> str:
        text = parse(typed).mathml()
        assert text.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML">')
        return text.removeprefix('<math xmlns="http://www.w3.org/1998/Math/MathML">').removesuffix("</math>")

    assert inner("x/2") == "<mfrac><mi>x</mi><mn>2</mn></mfrac>"
    assert inner("x1^2") == "<msup><msub><mi>x</mi><mn>1</mn></msub><mn>2</mn></msup>"
    assert inner("-alpha") == "<mrow><mo>−</mo><mi>α</mi></mrow>"
    assert inner("√x + pi") == "<mrow><msqrt><mi>x</mi></msqrt><mo>+</mo><mi>π</mi></mrow>"
    assert "<mo>&lt;</mo>" in inner("where(x < 1, 2, 3)")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("x^2/20 + y^2", "x**2/20 + y**2"),
        ("relu(x) + |y|", "Max(0, x) + Abs(y)"),
        ("log2(x) + sigmoid(y)", "log(x)/log(2) + 1/(1 + exp(-y))"),
        ("where(x < 1 and y >= 2, x, y)", "Piecewise((x, (x < 1) & (y >= 2)), (y, True))"),
        ("softplus(x) - atan2(y, x)", "log(1 + exp(x)) - atan2(y, x)"),
        ("min(x, y)*max(x, y)", "Min(x, y)*Max(x, y)"),
    ],
)
def test_sympy(typed: str, value: str) -> None:
    assert parse(typed).sympy().doit() == sympy.sympify(value)


def test_sympy_agrees_in_number() -> None:
    from downslope.language.values import evaluate

    place = {"x": 0.3, "y": -0.7}
    for name in CALLED:
        count = FUNCTIONS[name].minimum
        inner = ["x", "y"][:count] if name != "acosh" else ["x + 2"]
        expression = parse(f"{name}({', '.join(inner)}) - y/x^2")
        assert float(expression.sympy().subs(place)) == pytest.approx(
            evaluate(expression.tree, place), rel=1e-12
        )


def test_numbers_survive() -> None:
    for value in (0.1, 1e-5, 1e22, 5e-324, 1.7976931348623157e308, 2.0**53, 12345678901234567890.0):
        assert parse(to_text(Number(value))).tree == Number(value)
    assert to_text(Sum((Variable("x"), Number(-3.0)))) == "x - 3"
    assert to_text(Power(Number(-2.0), Variable("x"))) == "(-2)^x"
