"""The page's reader of formulas and that of Python: the same trees, the same refusals at the same places."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from page_node import in_node, needs_node

from downslope.errors import ExpressionError
from downslope.language import parse
from downslope.language import tree as t
from downslope.messages import Message
from downslope.messages.message import Listing, Paragraph, Sentence
from downslope.objectives.parameters import natural_order
from downslope.page.refusals import provoked, refusals
from trials import fresh_seed, trials

PIECES = (
    *(
        "x",
        "y",
        "z",
        "x1",
        "w[0]",
        "w[01, 2]",
        "alpha",
        "mod",
        " mod ",
        "α",
        "x₁",
        "xy",
        "e",
        "pi",
        "π",
        "µ",
        "`a b`",
        "é",
        "x\u0301",
    ),
    *(
        "0",
        "1",
        "2",
        "3",
        "0.5",
        ".5",
        "2.",
        "1e3",
        "1e-400",
        "1e400",
        "½",
        "2½",
        "007",
        "1_000",
        "0x1f",
        "①",
        "²",
        "³",
        "⁻¹",
    ),
    *(
        "+",
        "-",
        "*",
        "/",
        "^",
        "**",
        "·",
        "−",
        "×",
        "÷",
        "//",
        "%",
        "!",
        "=",
        "==",
        "<=",
        "<",
        ">",
        "≥",
        "!=",
        "≠",
    ),
    *(
        "(",
        ")",
        "|",
        "(",
        ")",
        "|",
        "[",
        "]",
        ",",
        ",",
        ".",
        "'",
        "`",
        "√",
        "∛",
        "∞",
        "$",
        "{",
        "&",
        "ᵃ",
        "＋",
        "ｘ",
        "𝑥",
    ),
    *(
        "sin",
        "cos ",
        "log",
        "ln ",
        "exp(",
        "sqrt ",
        "cbrt(",
        "abs(",
        "max(",
        "min(",
        "atan2(",
        "gamma(",
        "gamma",
        "mod(",
        " mod ",
        "lg ",
        "floor ",
    ),
    *(
        "where(",
        "where(x > 0, ",
        "heaviside(",
        "pow(",
        "sigmoid(",
        "sine(",
        "Sin(",
        "sum(",
        "asin(",
        "log1p",
        "tan^2 ",
        "sin^-1 ",
    ),
    *(
        " and ",
        " or ",
        " not ",
        " if ",
        "lambda",
        "inf",
        "nan",
        "constructor",
        "__proto__",
        "toString(",
        "np.",
        "hypot(x, ",
    ),
    *(" ", " ", " ", "\t", "\u200b", "\u00a0", "</script>", '"'),
)
WHOLE = (
    "x^2/20 + y^2",
    "(1 - x)^2 + 100*(y - x^2)^2",
    "sin x + cos 2πx - log(x^2 + 1)/3",
    "where(x < 0 and y > 0 or not x == 1, -x, x^2) + |y|",
    "2x²y − 3(x+1)(y−1)/4x",
    "max(x, y, 1/2) + atan2(y, x) + heaviside(x)",
    "1/2x + 2*-x^-2 + √(x²+1)",
    "a < b < c",
    "sin^2 x + cos^2 x + tan(x)^3",
    "|x - |y| + 1||z|",
    "y^2 + x10*x2 + x + x_1 - b",
    "where(1 < 2, 3, 4)*x + max(1, 2, 3) + heaviside(0) + erf(1) + gamma(4) - 2^0.5",
)
WHAT = """
return given.map(({ text, named }) => {
  const flat = ({ kind, name, value, parts }) => [kind, name ?? value ?? null, parts.map(flat)];
  try {
    const { tree, names } = readFormula(text, named);
    return { tree: flat(tree), names };
  } catch (refusal) {
    if (refusal instanceof Error) throw refusal;
    return refusal;
  }
});
"""


def drawn(random_: random.Random) -> str:
    """A text: pieces in a row, or a formula with some of its characters changed."""
    if random_.random() < 0.5:
        return "".join(random_.choices(PIECES, k=random_.randint(1, 9)))
    text = random_.choice(WHOLE)
    for _ in range(random_.randint(0, 3)):
        place = random_.randrange(len(text) + 1)
        piece = random_.choice((*PIECES, "", ""))
        text = text[:place] + piece + text[place + random_.randint(0, 2) :]
    return text


def as_data(root: t.Node) -> Any:
    """A tree as the page has it."""

    def one(node: t.Node, parts: Sequence[Any]) -> Any:
        match node:
            case t.Number(value):
                return ["number", value, []]
            case t.NamedConstant(name):
                return ["constant", name, []]
            case t.Variable(name):
                return ["variable", name, []]
            case t.Multiplication():
                return ["product", None, list(parts)]
            case t.Call(name, _) | t.Comparison(name, _, _) | t.Logical(name, _):
                return [type(node).__name__.lower(), name, list(parts)]
            case _:
                return [type(node).__name__.lower(), None, list(parts)]

    return t.fold(root, one)


def field_of(value: Any) -> Any:
    """A field as the page has it."""
    if isinstance(value, Listing):
        return {"list": list(map(str, value.items)), "last": value.last}
    return str(value)


def said(sentence: Message) -> tuple[str, dict[str, Any]]:
    assert isinstance(sentence, Sentence)
    return sentence.template, {n: field_of(value) for n, value in sentence.fields if n != "example"}


def said_by_page(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The same; how a start is given is another matter in a page."""
    fields = {n: v if isinstance(v, dict) else str(v) for n, v in message["fields"].items() if n != "example"}
    return refusals()[message["key"]].one, fields


def refused(error: ExpressionError) -> Any:
    hints = error.hint.parts if isinstance(error.hint, Paragraph) else (error.hint,)
    return said(error.message), [said(hint) for hint in hints if hint], error.position


def position(text: str, unit: int) -> int:
    """A place in UTF-16 units as one in characters."""
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * unit].decode("utf-16-le", "ignore"))


def differences(texts: list[tuple[str, tuple[str, ...]]]) -> tuple[list[Any], int, int]:
    """Texts whose trees differ or that one reader refuses alone, those of which other things are said, those read."""
    answers = in_node(WHAT, [{"text": text, "named": list(named)} for text, named in texts])
    other, otherwise, read = [], 0, 0
    for (text, named), answer in zip(texts, answers, strict=True):
        try:
            expression = parse(text, named)
        except ExpressionError as error:
            if "message" not in answer:
                other.append((text, named, str(error), answer))
                continue
            hints = [said_by_page(hint) for hint in answer["hints"]]
            if (said_by_page(answer["message"]), hints, position(text, answer["start"])) != refused(error):
                otherwise += 1
                print("said otherwise:", repr(text), refused(error), answer)
            continue
        read += 1
        if answer != {"tree": as_data(expression.tree), "names": natural_order(expression.names)}:
            other.append((text, named, expression.tree, answer))
    return other, otherwise, read


@needs_node
def test_drawn_texts_are_read_and_refused_alike() -> None:
    random_ = random.Random(fresh_seed())
    texts = [(drawn(random_), random_.choice(((), (), ("x", "y"), ("e", "x")))) for _ in range(trials(4000))]
    other, otherwise, read = differences(texts)
    assert not other, other[:5]
    assert read > len(texts) // 10
    # Where a text has two mistakes, either reader may come to another of them first.
    assert otherwise <= len(texts) // 200


@needs_node
def test_every_refusal_is_that_of_python() -> None:
    other, otherwise, read = differences([(case.formula, ()) for case in provoked()])
    assert (other, otherwise, read) == ([], 0, 0)


@needs_node
def test_names_of_objects_are_names() -> None:
    """Nothing is looked up in the prototypes of JavaScript's objects."""
    names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype"]
    other, _, read = differences([(f"{name}^2 + 1", ()) for name in names])
    assert (other, read) == ([], len(names))


@needs_node
def test_lg_is_refused_alike() -> None:
    random_ = random.Random(fresh_seed())
    pieces = ["x", "y2", "3", "pi", "(", ")", "sin(", "max(", ",", "^", "²", " mod ", " mod ", "mod("]
    pieces += ["lg ", "lg", "+", "-", " "]
    texts = ["".join(random_.choices(pieces, k=random_.randint(3, 9))) for _ in range(trials(3000))]
    other, otherwise, read = differences(
        [(text, random_.choice(((), ("mod", "x"), ("lg",)))) for text in texts]
    )
    assert not other, other[:5]
    assert otherwise <= len(texts) // 50
    assert read > len(texts) // 50
