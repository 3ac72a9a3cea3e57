"""Tables drawn with rules are read as the same table in CSV is, whoever drew them."""

import random

import pytest

from downslope.fitting.files import read_files
from downslope.fitting.ruled_text import is_rule
from trials import fresh_seed, trials


def _padded(rows):
    widths = [max(map(len, column)) + 1 for column in zip(*rows, strict=True)]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows], widths


def _bars(rows, cross, ends):
    padded, widths = _padded(rows)
    left, right = ("|", "|") if ends else ("", "")
    lines = [f"{left} {' | '.join(row)}{right}" for row in padded]
    rule = left + cross.join("-" * (width + 2) for width in widths) + right
    return [lines[0], rule, *lines[1:]]


def _framed(rows):
    padded, widths = _padded(rows)
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [f"| {' | '.join(row)} |" for row in padded]
    return [rule, lines[0], rule, *lines[1:], rule]


def _underlined(rows, sign):
    padded, widths = _padded(rows)
    lines = [" ".join(row).rstrip() for row in padded]
    return [lines[0], " ".join(sign * max(width - 1, 2) for width in widths), *lines[1:]]


DRAWN = {
    "Markdown": lambda rows: _bars(rows, "|", ends=True),
    "bare Markdown": lambda rows: _bars(rows, "|", ends=False),
    "Org": lambda rows: _bars(rows, "+", ends=True),
    "psql": lambda rows: _bars(rows, "+", ends=False),
    "mysql": _framed,
    "dashes": lambda rows: _underlined(rows, "-"),
    "equals signs": lambda rows: _underlined(rows, "="),
}


def _drawn_table(draw):
    names = draw.sample(["x", "y2", "speed", "Zeit", "größe", "a.b"], draw.randint(2, 4))
    kinds = [draw.choice(("number", "word")) for _ in names]
    kinds[0] = "number"

    def cell(kind):
        return (
            repr(round(draw.gauss(0, 100), draw.randint(0, 4)))
            if kind == "number"
            else draw.choice(["ab", "cd", "efg"])
        )

    return [names, *([cell(kind) for kind in kinds] for _ in range(draw.randint(3, 12)))]


@pytest.mark.parametrize("how", DRAWN)
def test_a_drawn_table_is_the_same_table(how, tmp_path):
    seed = fresh_seed()
    draw = random.Random(seed)
    for _ in range(trials(20)):
        rows = _drawn_table(draw)
        plain, drawn = tmp_path / "plain.csv", tmp_path / "drawn.txt"
        plain.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
        end = draw.choice(("\n", "\r\n"))
        drawn.write_bytes((end.join(DRAWN[how](rows)) + end).encode())
        expected, found = read_files(str(plain)), read_files(str(drawn))
        assert found.names == expected.names, (seed, rows)
        for name in expected.names:
            assert list(found[name]) == list(expected[name]), (seed, rows)


@pytest.mark.parametrize(
    "line",
    [
        "---",
        "===",
        "--- ---",
        "---,---",
        "|-|-|",
        "|:--|--:|:-:|",
        "+---+---+",
        "--|--",
        "|---+---|",
        "  ====  == ",
    ],
)
def test_rules_are_known(line):
    assert is_rule(line)
    assert is_rule(line + "\r\n")


@pytest.mark.parametrize(
    "line", ["", "--", "-", "-,-", "- -", "--,1", "-- x", "| - | a |", ",,", "||", "1e--", "->"]
)
def test_rows_are_no_rules(line):
    assert not is_rule(line)
