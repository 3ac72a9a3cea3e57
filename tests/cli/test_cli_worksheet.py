"""``downslope worksheet``: a formula or a saved run becomes a handout and its solution."""

from __future__ import annotations

import downslope as ds

LINE = "worksheet x^2/20+y^2 --start x=-7,y=2 --learning-rate 0.95"


def test_a_formula_is_printed_as_handout_and_solution(downslope):
    answer = downslope(f"{LINE} --blanks x,y --steps 3")
    assert answer.code == 0
    assert "| 3 | ____ | ____ | -0.5189 | -2.916 | 3.472 |" in answer.out
    assert "| 3 | **-5.189** | **-1.458** | -0.5189 | -2.916 | 3.472 |" in answer.out


def test_the_solution_has_a_file_of_its_own(downslope, tmp_path):
    handout, solution = tmp_path / "sheet.md", tmp_path / "solution.html"
    answer = downslope(LINE, "--output", str(handout), "--solution", str(solution))
    assert answer.code == 0
    assert answer.words.count("wrote") == 2
    assert "**-" not in handout.read_text(encoding="utf-8")
    assert solution.read_text(encoding="utf-8").count("<section>") == 1


def test_a_saved_run_gives_the_same(downslope, tmp_path):
    path = str(tmp_path / "run.json")
    ds.minimize("x^2/20+y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=10, explain=False).save(path)
    assert downslope("worksheet", path).out == downslope(LINE).out


def test_what_does_not_go_together_is_refused(downslope, tmp_path):
    path = str(tmp_path / "run.json")
    ds.minimize("x^2", {"x": 1}, learning_rate=0.1, steps=3, explain=False).save(path)
    answer = downslope("worksheet", path, "--steps", "2")
    assert answer.code == 2
    assert "--steps is of a new run" in answer.words
    answer = downslope(f"{LINE},0.5")
    assert answer.code == 2
    assert "one rule and one learning rate" in answer.words
