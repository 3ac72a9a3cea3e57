"""What the page's reader says of formulas that cannot be read: the sentences of ``language``, found by provoking them.

The reader in JavaScript has keys and fields, and no words. Each key stands here beside a formula that the reader of
Python refuses with that sentence and those hints, so that a sentence has one place, and the readers can be compared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from downslope.errors import ExpressionError
from downslope.language import parse
from downslope.language.functions import FUNCTIONS, Function
from downslope.messages import Message
from downslope.messages.message import Paragraph, Sentence


class Provoked(NamedTuple):
    """A formula that is refused, and the keys of what is said of it.

    Attributes:
        formula: refused by the readers of Python and of the page.
        key: of the sentence.
        hints: of what is said after it.
    """

    formula: str
    key: str
    hints: tuple[str, ...] = ()


def outside_key(function: Function) -> str:
    """The key of what is said of a function where an argument is a number outside its domain."""
    return f"outside_{function.name}" if function.outside else ""


def _provoked(table: str) -> tuple[Provoked, ...]:
    """One line each: the keys, a bar with spaces around it, and the formula."""
    found = []
    for line in filter(None, table.split("\n")):
        keys, _, formula = line.partition(" :: ")
        key, *hints = keys.split()
        found.append(
            Provoked(formula.replace("\\u200b", "\u200b").replace("\\u0020", " "), key, tuple(hints))
        )
    return tuple(found)


PROVOKED = _provoked(r"""
no_meaning write_and :: x & y
no_meaning write_not :: ~x
no_meaning one_expression :: x; y
no_meaning divide_slash :: x:y
no_meaning choice :: x ? y
no_meaning :: x $ y
factorial not_equal :: x!
percent five_percent :: 5 % x
curly round :: {x}
closes_nothing round_grouping :: x]
latex latex_instead :: \frac
infinity large_number :: ∞
matrix_product products_out :: a @ b
sums write_code :: ∑x
products write_code :: ∏x
radians thirty_degrees :: 30°
unseen delete_it :: x\u200b
square round :: [x]
whole_index first_entry :: x[y]
no_sign to_compare :: x =< y
equals only_expression :: y = x
prime other_name :: x'
backquote between_backquotes :: `x
quotation without_quotes :: "x"
lone_dot numbers_look :: . + x
prefix write_code :: np.sin(x)
not_a_name name_or_product :: w.y
no_number finite :: inf
python_word write_lambda :: lambda
python_word choice :: if
python_word write_number :: None
python_word write_code :: True
python_word other_name :: class
index_function write_code :: sin[0]
index_constant round_grouping_only :: pi[0]
not_decimal write_code :: 0x1f
grouped_digits write_code :: 1_000
unknown_function write_code :: Sin(x)
unknown_function terms_out :: sum(x)
unknown_function factors_out :: prod(x)
unknown_function did_you_mean if_parameter :: sine(x)
unknown_function functions_are if_parameter :: qqqqq(x)
lone_e number_or_start :: e + x
inverse_or_power inverse_or_power_written :: sin^-1 x
inverse_or_power write_code :: log^-1 x
two_readings write_either :: sin x/2
two_readings write_either :: lg^2 x
brackets_before_power write_code :: atan2^2
needs_brackets write_code :: max x
function_as_name or_another_name :: sin*2
bar_unclosed write_absolute write_or :: |x
bracket_unclosed add_bracket :: (x
bracket_unopened remove_bracket :: x)
bar_crossed write_absolute :: (|x)
raised write_instead :: xᵃ
raised :: x⁼
no_meaning for_the_number :: ①
too_large :: 1e999
too_small :: 1e-999
subscript_after_number :: 2₁
cannot_be_name names_are :: ৴
not_between and_not_or_not_between :: x not y
empty write_one :: \u0020
ends :: x +
ends_condition :: x > 0 and
cannot_begin put_before :: *x
nothing_between put_between :: ()
condition_missing :: where(x > 0 and, 1, 2)
condition_should_follow :: where(x > 0 and *2, 1, 2)
not_needs_condition and_not_or_not :: x + not y
operand_missing :: (x +)
no_sign put_after :: x+*y
no_sign divide_xy :: x//y
no_sign not_equal_written :: x <> y
no_sign power_written :: x^^y
no_sign write_code :: x mod y
operand_should_follow :: x + *y
sign_missing product_or_power :: x 2
fraction_follows :: 2.5½
whole_exponent :: 1e2.5
one_point :: 1.2.3
two_numbers product_or_number :: 2 3
two_numbers product_written :: 1.5 2.5
decimal_comma write_code :: 1,5*x
comma_outside :: x, y
not_finite division_by_zero :: 1/0
not_finite real_cube_root :: (-8)^(1/3)
not_finite largest :: 10^400
not_finite :: asin(2)
makes_condition conditions_only :: x > 0
condition_needed conditions_compare :: where(x, 1, 2)
pow_arguments write_pow :: pow(x)
arguments write_code :: sin(x, y)
arguments_at_least write_code :: max()
arguments_between write_code :: heaviside(x, y, z)
arguments other_base :: log(x, 2)
""")

# What cannot be provoked by a formula of a line.
LONG = (
    Provoked("(" * 201 + "x" + ")" * 201, "too_deep", ("what_nests",)),
    Provoked("x" * 201, "long_name"),
    Provoked("+x" * 200_001, "too_many"),
    Provoked(" " * 1_000_001, "too_long"),
)
_OUTSIDE = {"exp": "exp(1000)", "expm1": "expm1(1000)", "sqrt": "sqrt(-1)", "log1p": "log1p(-2)"}


def provoked() -> tuple[Provoked, ...]:
    """All of them."""
    outside = [
        Provoked(_OUTSIDE.get(name, f"{name}(0)"), "not_finite", (outside_key(function),))
        for name, function in FUNCTIONS.items()
        if function.outside
    ]
    return (*PROVOKED, *outside, *LONG)


class Templates(NamedTuple):
    """A sentence for the page to fill in: that for one, and where it counts that for many."""

    one: str
    many: str


@lru_cache(maxsize=1)
def refusals() -> dict[str, Templates]:
    """The sentence of every key: the page renders it in the reader's language, and fills in the fields.

    >>> refusals()["bracket_unclosed"].one
    'the bracket "(" opened here is never closed'
    """
    found: dict[str, Templates] = {}
    for formula, key, hints in provoked():
        said, hinted = refused(formula)
        for name, sentence in zip((key, *hints), (said, *hinted), strict=True):
            template = Templates(sentence.template, sentence.many)
            if found.setdefault(name, template) != template:
                raise ValueError(f"{name} is {found[name]} and {template}, by {formula!r:.80}")
    return found


def refused(formula: str) -> tuple[Sentence, tuple[Sentence, ...]]:
    """What the reader of Python says of a formula, and its hints."""
    try:
        parse(formula)
    except ExpressionError as error:
        return _sentence(error.message), tuple(map(_sentence, _parts(error.hint)))
    raise ValueError(f"{formula!r:.80} can be read")


def _parts(said: Message) -> tuple[Message, ...]:
    return said.parts if isinstance(said, Paragraph) else (said,)


def _sentence(said: Message) -> Sentence:
    if not isinstance(said, Sentence):
        raise TypeError(f"{said!r} is no sentence")
    return said
