"""The handout of a run: what is left out, what is worked out, and that its solution has the run's own numbers."""

from __future__ import annotations

import numpy as np
import pytest

import downslope as ds
from downslope.messages import reading

BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}


def run(**options):
    return ds.minimize(BOWL, START, **{"learning_rate": 0.95, "steps": 6, "explain": False, **options})


def rows(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("rule", ["gradient_descent", "momentum", "adam", "rprop"])
def test_every_number_of_the_solution_is_the_runs(rule):
    made = run(optimizer=rule, learning_rate=0.1)
    table = rows(ds.worksheet(made, digits=17).to_markdown(solution=True))
    assert table[0] == ["step k", "x", "y", "∂f/∂x", "∂f/∂y", "f(x, y)"]
    numbers = np.array([[float(cell.strip("*")) for cell in row] for row in table[1:]])
    np.testing.assert_array_equal(numbers[:, 0], made.history.step)
    np.testing.assert_array_equal(numbers[:, 1:3], made.history.x)
    np.testing.assert_array_equal(numbers[:, 5], made.history.value)
    np.testing.assert_allclose(numbers[:, 3:5], made.history.x * [0.1, 2.0], rtol=1e-15)


def test_the_blanks_of_the_handout_are_what_the_solution_marks():
    sheet = ds.worksheet(run(), seed=3)
    handout, solution = rows(sheet.to_markdown()), rows(sheet.to_markdown(solution=True))
    assert sum(row.count("____") for row in handout) == 10  # 0.4 of 5 rows of 5 cells
    for given, solved in zip(handout, solution, strict=True):
        for left, right in zip(given, solved, strict=True):
            assert right.startswith("**") if left == "____" else left == right
    assert not any("____" in row for row in handout[:3])
    assert (
        ds.worksheet(run(), seed=3).to_markdown() == sheet.to_markdown() != ds.worksheet(run()).to_markdown()
    )


def test_whole_columns_are_left_out():
    table = rows(run().worksheet(blanks=["x", "∂f/∂y"]).to_markdown())
    assert [[cell == "____" for cell in row] for row in table[3:]] == [
        [False, True, False, False, True, False]
    ] * 5


def test_one_step_is_worked_out_with_what_the_rule_remembers():
    said = run(optimizer="momentum", learning_rate=0.5).worksheet().to_markdown()
    assert "v' <- g + mu*v" in said
    assert "mu = momentum = 0.9" in said
    assert "y = 2, ∂f/∂y = 4\n    v' = 4\n    y' = 0\n" in said


def test_uphill_the_first_step_is_that_of_the_run():
    up = ds.maximize("4 - x^2", {"x": 1.0}, learning_rate=0.25, steps=3, explain=False)
    said = up.worksheet().to_markdown()
    assert "its sign changed" in said
    assert "x = 1, ∂f/∂x = -2\n    x' = 0.5\n" in said


@pytest.mark.parametrize("rule", ["newton", "auto", "nelder_mead"])
def test_a_rule_without_a_short_formula_says_so(rule):
    said = ds.minimize("x^4 + y^2", START, optimizer=rule, steps=3, explain=False).worksheet().to_markdown()
    assert f"the update of {rule} has no short formula" in said


def test_the_file_of_html_has_both_parts_and_asks_for_nothing(tmp_path):
    sheet = run().worksheet()
    path = tmp_path / "sheet.html"
    sheet.save(path)
    text = path.read_text(encoding="utf-8")
    assert text.count("<section>") == 2
    assert text.count('<td class="blank"></td>') == text.count('<td class="solved">') == 10
    assert text.count("data:image/png;base64,") == 1  # the solution has the map
    assert "http" not in text
    assert "<script" not in text
    assert "@media print" in text
    assert 'solved"' not in sheet.to_html(solution=False)


def test_names_are_escaped():
    def bowl(p):
        return p["<script>"] ** 2

    made = ds.minimize(bowl, {"<script>": 1.0}, learning_rate=0.1, steps=3, explain=False)
    assert "<script" not in made.worksheet().to_html()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"blanks": 0}, "over 0"),
        ({"blanks": ["z"]}, "no column 'z'"),
        ({"digits": 0}, "from 1 to 17"),
        ({"rows": 1}, "from 2 to 100"),
        ({"seed": 1.5}, "whole number"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ds.DownslopeError, match=said):
        run().worksheet(**options)


def test_a_thinned_history_is_refused():
    with pytest.raises(ds.DownslopeError, match="every one of the first"):
        run(every=3).worksheet()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ds.DownslopeError, match=r"\.html or \.md"):
        run().worksheet().save(tmp_path / "sheet.docx")


def test_it_speaks_korean():
    with reading("ko"):
        said = run().worksheet().to_markdown(solution=True)
        page = run().worksheet().to_html(solution=False)
    assert said.startswith("# 풀이: x^2/20 + y^2")
    assert '<html lang="ko">' in page
    assert "연습지" in page
