"""What is said to a reader is a message: the source is searched for sentences that are none, which only get fewer."""

import json

import pytest
from prose import ALLOWED, BUDGET, by_folder, left, sentences


@pytest.fixture(scope="module")
def found():
    return left()


def test_no_more_sentences_than_before(found):
    most = json.loads(BUDGET.read_text(encoding="utf-8"))["sentences"]
    print(by_folder(found))
    assert len(found) <= most, by_folder(found)


def test_what_is_done_stays_done(found):
    done = json.loads(BUDGET.read_text(encoding="utf-8"))["done"]
    assert [sentence for sentence in found if sentence.folder in done] == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('x = "one two three"', 1),
        ('x = f"one {a} two three {b}"', 1),
        ('raise ValueError(f"{a} is too small" if b else "much too large here")', 2),
        ('x = message("one two three", a="four five six")', 1),
        ('x = plural("one two three", "many two three", n=1)', 0),
        ('x: float = hyperparameter(0.5, "one two three")', 0),
        ('def f():\n    """One two three."""\n', 0),
        ('x = "one two"', 0),
        ('x = "x^2 + y^2 = max"', 0),
        ('x = {"learning_rate": "a-b_c"}', 0),
        ('x = "downslope fit data here"', 0),
    ],
)
def test_what_is_found(source, count):
    assert len([*sentences(source, "a.py")]) == count


def test_only_what_is_said_in_code_is_found():
    assert [*sentences('x = f"for key in {a}:"\ny = "with f(a) as b:"', "export/a.py")] == []
    assert len([*sentences('x = f"for key in {a}:"', "plots/a.py")]) == 1
    for said in ("g = -g  # climbing f is descending -f", "print('the sum of a:', a)", "the mean of a row"):
        assert len([*sentences(f"x = {said!r}", "export/a.py")]) == 1


def test_every_allowance_has_its_reason():
    assert all(len(reason.split()) > 2 for _, _, reason in ALLOWED)
