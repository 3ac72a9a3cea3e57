"""Messages in files: written with their English, read back with distrust."""

import json
import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from downslope.errors import DataError, ExpressionError, HyperparameterError, MissingExtraError, nearest
from downslope.messages import (
    MalformedMessageError,
    argument,
    from_plain,
    lines,
    listing,
    literal,
    message,
    plural,
    reading,
    sentences,
    to_plain,
)

WRITTEN = message("{file} cannot be written: {reason}.", file="run.json", reason="disk full")
OURS = [
    WRITTEN,
    plural("{n:,} step", "{n:,} steps", n=3),
    sentences(WRITTEN, nearest("adm", ["adam", "adan"])),
    lines(WRITTEN, literal("a line")),
    listing(["x", 1, 2.5, None, True, argument("batch_size", 3), WRITTEN], "or", most=5),
    message(
        "{name}: supplied {supplied:.6g}, derivative {derivative:.6g}",
        name="x",
        supplied=math.inf,
        derivative=-1,
    ),
    message("there is no {value!r}.", value=(1, "two", object)),
    argument("stream"),
]


@pytest.mark.parametrize("said", OURS, ids=str)
def test_what_is_written_is_read(said):
    data = json.loads(json.dumps(to_plain(said), allow_nan=False))
    assert from_plain(data) == said
    assert data["english"] == str(said)


def test_it_is_read_in_another_language_than_it_was_written():
    with reading("xx-pseudo"):
        data = to_plain(OURS[1])
    assert data["english"] == "3 steps"
    with reading("ko"):
        assert str(from_plain(data)) == "3단계"


@pytest.mark.parametrize(
    "data",
    [
        {"message": "{x.__class__.__mro__}", "fields": {"x": 1}},
        {"message": "{x:>99999999}", "fields": {"x": 1}},
        {"message": "not one of ours {x}", "fields": {"x": 1}},
        {"message": "", "fields": {}},
        {"message": "{file} cannot be written: {reason}.", "fields": {"file": "a"}},
        {"message": "{file} cannot be written: {reason}.", "fields": {"file": "a", "reason": "b", "more": 1}},
        {
            "message": "{file} cannot be written: {reason}.",
            "context": "another",
            "fields": {"file": "a", "reason": 1},
        },
        {"message": "{n:,} step", "plural": "{n:,} others", "fields": {"n": 1}},
        {"message": "{n:,} step", "plural": "{n:,} steps", "fields": {"n": "many"}},
        {"message": "{n:,} step", "plural": "{n:,} steps", "fields": {"n": 1.5}},
        {"message": "{n:,} step", "plural": "{n:,} steps", "fields": {"n": True}},
        {"message": "{text}", "fields": {"text": {"message": "{x.y}", "fields": {"x": 1}}}},
        {"listing": [], "last": "xor", "more": 0},
        {"paragraph": ["text"], "between": " "},
        {"argument": "x; rm"},
        {},
    ],
    ids=str,
)
def test_what_is_not_ours_is_shown_as_it_was_and_never_filled_in(data):
    english = "its {own.__class__} English {x:>9999999}"
    said = from_plain({**data, "english": english})
    assert str(said) == english
    assert said == literal(english)


@pytest.mark.parametrize(
    "data",
    [
        3,
        None,
        ["a"],
        {},
        {"message": "{text}", "fields": {"text": "a"}},
        {"english": 3},
        {"english": "x" * 200_000},
        {"message": "{text}", "fields": {"text": "x" * 200_000}, "english": ""},
        {"message": "{text}", "fields": {"text": 10**50}, "english": ""},
        {"message": "{text}", "fields": {"text": [1]}, "english": ""},
        {"listing": [0] * 20_000, "last": "", "more": 0, "english": ""},
    ],
    ids=lambda data: str(data)[:60],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(MalformedMessageError):
        from_plain(data)


def test_depth_is_bounded():
    deep = {"message": "{text}", "fields": {"text": "a"}}
    for _ in range(50):
        deep = {"message": "{text}", "fields": {"text": deep}}
    with pytest.raises(MalformedMessageError):
        from_plain({**deep, "english": ""})


def test_text_of_older_files_is_taken_as_it_is():
    assert from_plain("all is {well}") == literal("all is {well}")


@settings(deadline=None)  # the first example reads the list of keys
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_whatever_a_file_says(data):
    for candidate in (data, {"english": "e", "message": "{text}", "fields": data},
                      {"english": "e", "message": "{text}", "fields": {"text": data}}):  # fmt: skip
        try:
            str(from_plain(candidate))
        except MalformedMessageError:
            continue


@pytest.mark.parametrize(
    "error",
    [
        DataError(WRITTEN),
        MissingExtraError(WRITTEN),
        HyperparameterError("plain text"),
        ExpressionError(WRITTEN, "a + * b", 4, nearest("adm", ["adam"])),
        ExpressionError("plain text", "a", 0),
    ],
    ids=repr,
)
def test_errors_cross_to_other_processes(error):
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert other.message == error.message
    assert str(other) == str(error)
    assert vars(other) == vars(error)
