"""The widget of a notebook: its Python through a comm, its module in a browser, both in an executed notebook."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import ClassVar

import pytest

import downslope as ds

pytest.importorskip("anywidget", reason="anywidget is not installed (pip install 'downslope[notebook]')")

import comm

from downslope.notebook import display
from downslope.notebook.widget import PageWidget
from downslope.page.document import content_of, document

BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}
SETTING = {"formula": "x^2", "start": {"x": 1.0}, "methods": [{"rule": "gradient_descent"}], "steps": 3}
MODULE = Path(display.__file__).with_name("widget.js")


class Heard(comm.base_comm.BaseComm):
    """A comm that keeps what Python sends."""

    sent: ClassVar[list] = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data))


@pytest.fixture
def heard(monkeypatch):
    """What widgets send to the browser from now on."""
    Heard.sent = []
    monkeypatch.setattr(comm, "create_comm", lambda *args, **keys: Heard(*args, **keys))
    return Heard.sent


@pytest.fixture
def widget(heard):
    written = []

    def content():
        written.append(1)
        return content_of([ds.minimize(BOWL, START, learning_rate=0.95, steps=10, explain=False)])

    made = PageWidget(content)
    made.written = written
    yield made
    made.close()


def custom(widget, said):
    """A custom message from the browser, by the way that it takes in a kernel."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": said}}, "buffers": []})


def answers(heard):
    return [data["content"] for kind, data in heard if kind == "comm_msg" and data.get("method") == "custom"]


def test_the_page_is_written_when_it_is_wanted_and_once(widget, heard):
    assert widget.page == ""
    assert widget.written == []
    for _ in range(3):
        custom(widget, {"wants": "page"})
    assert widget.written == [1]
    assert widget.page.startswith("<!doctype html>")
    states = [data["state"] for kind, data in heard if kind == "comm_msg" and data.get("method") == "update"]
    assert [set(state) for state in states] == [{"page"}]
    assert "connect-src &#x27;none&#x27;" in widget.page


def test_a_question_of_the_page_is_answered(widget, heard):
    custom(widget, {"id": "7", "question": SETTING})
    (answer,) = answers(heard)
    assert answer["id"] == "7"
    run = ds.minimize("x^2", {"x": 1.0}, optimizer="gradient_descent", steps=3)
    assert answer["answer"]["rules"][0]["sentences"][0] == run.message


@pytest.mark.parametrize("said", [None, 7, [], "page", {}, {"wants": "secrets"}, {"wants": {}}])
def test_other_messages_do_nothing(widget, heard, said):
    before = len(heard)
    custom(widget, said)
    assert len(heard) == before


@pytest.mark.parametrize(
    "question", [None, [], {"formula": 7}, {**SETTING, "methods": [{"rule": "__class__"}]}]
)
def test_a_question_that_is_none_is_refused_in_a_sentence(widget, heard, question):
    custom(widget, {"id": "1", "question": question})
    (answer,) = answers(heard)
    assert "no setting" in answer["answer"]["refused"]


def test_a_run_without_a_page_has_no_widget(monkeypatch, heard):
    monkeypatch.setattr(display, "in_notebook", lambda: True)
    kind = "application/vnd.jupyter.widget-view+json"
    assert kind in ds.minimize(BOWL, START, learning_rate=0.1, steps=2)._repr_mimebundle_()
    assert kind in ds.fit({"x": [1, 2, 3], "y": [1, 2, 4]}, "y ~ a*x + b")._repr_mimebundle_()
    assert kind not in ds.minimize("x + y^2 + z^2", [1, 1, 1], steps=2, learning_rate=0.1)._repr_mimebundle_()
    assert kind not in ds.minimize(BOWL, START, optimizer="newton", steps=2)._repr_mimebundle_()


def test_forecasts_checks_and_histories_have_pages_too(monkeypatch, heard):
    monkeypatch.setattr(display, "in_notebook", lambda: True)
    run = ds.minimize(BOWL, START, learning_rate=0.95, steps=10)
    records = [
        run.history,
        ds.forecast(BOWL, START, learning_rate=0.95),
        ds.forecast(BOWL, START),
        ds.check_gradient(BOWL, {"x": "x/10", "y": "y"}, at={"x": 1, "y": 2}),
    ]
    for record in records:
        assert {"text/plain", "text/html", "image/png", display.WIDGET} == set(record._repr_mimebundle_())
        content = display._shown(record).content()
        assert content.setting["formula"].replace(" ", "") == BOWL.replace(" ", "")
        assert document(content).startswith("<!doctype html>")
    assert (
        display._shown(records[1]).content().setting["methods"][0]["hyperparameters"]["learning_rate"] == 0.95
    )


def test_what_no_page_can_show_has_no_widget(monkeypatch, heard):
    monkeypatch.setattr(display, "in_notebook", lambda: True)
    history = ds.minimize(BOWL, START, learning_rate=0.95, steps=10).history  # whose run is gone
    check = ds.check_gradient(lambda v: float(v[0] ** 2), lambda v: 2 * v, at=[1.0])
    for record in (history, ds.forecast("x^2 + y^2 + z^2", [1, 1, 1]), check):
        assert {"text/plain", "text/html", "image/png"} == set(record._repr_mimebundle_())


def test_a_history_is_copied_and_sent_without_its_run():
    run = ds.minimize(BOWL, START, learning_rate=0.95, steps=10)
    assert run.history.run is run
    again = pickle.loads(pickle.dumps(run.history))
    assert again == run.history
    assert again.run is None


def test_an_error_is_short_in_a_notebook(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = ["import downslope as ds\nds.minimize('x^^2 + 1', {'x': 3.0})", "ds.fit({'x': [1]}, 'y ~ a*x')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    client = nbclient.NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True)
    client.execute(cwd=str(tmp_path))
    for cell in book.cells:
        (output,) = cell["outputs"]
        assert output["output_type"] == "error"
        lines = "\n".join(output["traceback"]).splitlines()
        assert len(lines) <= 8
        assert any(output["ename"] in line for line in lines)


def test_a_notebook_that_is_executed_has_all_forms(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [
        "import downslope as ds\nrun = ds.minimize('x^2', {'x': 3.0}, learning_rate=0.1, steps=5)\nrun",
        "run.plot()",
        "run.history",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    first, second, third = (cell["outputs"][0]["data"] for cell in book.cells)
    assert {"text/plain", "text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(first)
    assert "image/png" in second
    assert {"text/plain", "text/html", "image/png"} <= set(third)
    json.dumps(book)
