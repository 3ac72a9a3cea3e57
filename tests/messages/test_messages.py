"""What a message is: data, compared and hashed as such, rendered when and for whom it is shown."""

import pickle

import numpy as np
import pytest

from downslope.messages import (
    NOTHING,
    argument,
    as_message,
    lines,
    listing,
    literal,
    message,
    plural,
    reading,
    sentences,
)
from downslope.messages.template import TemplateError, pieces


def rate(least: float = 0.5):
    return message("{optimizer} needs a learning rate above {least:.3g}.", optimizer="adam", least=least)


def test_it_is_data():
    assert rate() == rate()
    assert hash(rate()) == hash(rate())
    assert rate() != rate(0.25)
    assert message("open", context="a file") != message("open", context="a set")
    assert pickle.loads(pickle.dumps(rate())) == rate()
    assert repr(rate()) == (
        "message('{optimizer} needs a learning rate above {least:.3g}.', least=0.5, optimizer='adam')"
    )
    with pytest.raises(AttributeError):
        rate().template = "another"  # type: ignore[attr-defined]


def test_it_is_rendered_when_it_is_shown():
    said = sentences(rate(), message("Try {optimizer}.", optimizer="rprop"))
    assert str(said) == "adam needs a learning rate above 0.5. Try rprop."
    assert f"<{said}>" == f"<{said!s}>"
    with reading("xx-pseudo"):
        assert str(rate()) == "adam⟦ needs a learning rate above ⟧0.5⟦.⟧".replace("⟦.⟧", ".")
    assert str(rate()) == "adam needs a learning rate above 0.5."


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (12000, "12,000 steps")]
)
def test_plurals(n, text):
    assert str(plural("{n} step", "{n:,} steps", n=n)) == text


def test_a_plural_may_leave_its_number_out():
    assert str(plural("the column is missing", "the columns are missing", n=2)) == "the columns are missing"
    with pytest.raises(TypeError, match="whole number"):
        plural("{n} step", "{n} steps", n=1.5)  # type: ignore[arg-type]


def test_lists():
    assert [str(listing("abc"[:k], "or")) for k in range(4)] == ["", "a", "a or b", "a, b or c"]
    assert str(listing("abcd")) == "a, b, c, d"
    assert str(listing("abcd", "or", most=2)) == "a, b and 2 more"
    assert not listing([])
    assert str(listing([rate(), 3])) == "adam needs a learning rate above 0.5., 3"


def test_paragraphs_leave_out_what_says_nothing():
    assert sentences(None, NOTHING, listing([])) == NOTHING
    assert not NOTHING
    assert str(NOTHING) == ""
    assert sentences(rate(), NOTHING) == rate()
    assert str(lines(literal("a"), None, literal("b"))) == "a\nb"
    assert as_message("") == NOTHING
    assert as_message(rate()) is rate() or as_message(rate()) == rate()


def test_arguments_are_spelt_as_the_reader_types_them():
    said = [
        argument("batch_size"),
        argument("l2", 0.01),
        argument("drop_missing", True),
        argument("stream", False),
    ]
    start = argument("start", "a=1,b=1")
    assert [*map(str, said)] == ["batch_size", "l2=0.01", "drop_missing=True", "stream=False"]
    assert str(start) == "start='a=1,b=1'"
    with reading(command_line=True):
        assert [*map(str, said)] == ["--batch-size", "--l2 0.01", "--drop-missing", "--no-stream"]
        assert str(start) == "--start a=1,b=1"


def test_fields_are_plain():
    said = message("{whole} {real:.3g} {word} {pair} {truth}", whole=np.int64(3), real=np.float32(0.25),
                   word=np.str_("w"), pair=(1, np.float64(2.5)), truth=True)  # fmt: skip
    assert {name: type(value) for name, value in said.fields} == {
        "whole": int, "real": float, "word": str, "pair": tuple, "truth": bool,
    }  # fmt: skip
    assert str(said) == "3 0.25 w (1, 2.5) True"


def test_of_other_objects_the_look_is_kept():
    class Thing:
        def __repr__(self) -> str:
            return "Thing(…)"

    thing = Thing()
    said = message("what is {it!r:.7}, {it}?", it=thing)
    del thing
    assert str(said) == "what is Thing(…, Thing(…)?"
    assert str(message("{array!r}", array=np.array([1.0]))) == "array([1.])"
    assert hash(said) == hash(pickle.loads(pickle.dumps(said)))


def test_text_in_fields_is_never_a_template():
    assert str(message("there is no {name}.", name="{name.__class__}")) == "there is no {name.__class__}."
    assert str(literal("{0} {x!r:>9999}")) == "{0} {x!r:>9999}"


@pytest.mark.parametrize(
    "template",
    [
        "{x.__class__}",
        "{x[0]}",
        "{}",
        "{0}",
        "{x:{y}}",
        "{x:1000}",
        "{x:.1000}",
        "{x!s}",
        "{x!a}",
        "{x:%Y}",
        "{x",
        "}",
    ],
)
def test_templates_can_do_no_more(template):
    with pytest.raises(TemplateError):
        pieces(template)


def test_fields_are_those_of_the_template():
    with pytest.raises(TypeError, match="the template names"):
        message("{a}", b=1)
    with pytest.raises(TypeError, match="a number"):
        message("{a:,}", a="12")
    with pytest.raises(TypeError, match="uncut"):
        message("{a!r:.3}", a=rate())
    with pytest.raises((TypeError, ValueError)):
        message("{a:.3g}", a="many")
