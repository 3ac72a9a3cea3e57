"""An error of ours in a notebook: the reader's line and our sentence, without the frames between them."""

from __future__ import annotations

import pytest

import downslope as ds
from downslope.errors import ObjectiveError

TYPO = 'ds.minimize("x^^2", {"x": 1.0})'


def caught(call):
    with pytest.raises(ds.DownslopeError) as seen:
        call()
    return seen.value


def test_a_typo_is_shown_at_the_line_of_the_reader():
    error = caught(lambda: ds.minimize("x^^2", {"x": 1.0}))
    line, said = error._render_traceback_()
    assert line.startswith("----> ")
    assert 'ds.minimize("x^^2"' in line
    assert said == f"ExpressionError: {error}"
    assert "x^^2" in said
    assert "^" in said.splitlines()[-2] + said.splitlines()[-1]


def test_the_line_of_a_function_that_raised_is_shown_too():
    error = ObjectiveError("it failed")
    try:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as cause:
            raise error from cause
    except ObjectiveError:
        pass
    shown = error._render_traceback_()
    assert shown[0].endswith("1 / 0  # noqa: B018")
    assert shown[1] == "ZeroDivisionError: division by zero"
    assert shown[-1] == "ObjectiveError: it failed"


def test_a_notebook_that_is_executed_shows_few_lines(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(code)
        for code in ("import downslope as ds", f"before = 1\n{TYPO}\nafter = 2")
    ]
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True).execute(
        cwd=str(tmp_path)
    )
    (output,) = book.cells[1].outputs
    assert output.output_type == "error"
    assert output.ename == "ExpressionError"
    lines = "\n".join(output.traceback).splitlines()
    assert lines[0] == f"----> 2 {TYPO}"
    assert len(lines) <= 6
