"""The file of a page: one, small, current, and nothing in it but what it should be."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

import downslope as ds
from downslope.errors import ObjectiveError, UsageError
from downslope.messages import reading
from downslope.page import document
from downslope.page.bundle import BundleError, bundle
from downslope.page.contents import FORMULAS, presets, print_formulas
from downslope.page.document import MOST_METHODS, PageContent, page_of
from downslope.page.shorten import shortened

VIEW = Path(document.__file__).parent / "view"


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def unpacked(page: str, block: str) -> str:
    packed = re.search(rf'id="{block}">([A-Za-z0-9+/=]*)</script>', page)[1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def packed_of(page: str) -> dict:
    return json.loads(unpacked(page, "packed"))


def script_of(page: str) -> str:
    """All that runs on a page: the lines that unpack it, and the program."""
    return page[page.rindex("<script>") :] + unpacked(page, "program")


def test_the_formulas_of_the_rules_are_current():
    assert FORMULAS.read_text(encoding="utf-8") == print_formulas(), "run scripts/page"


def test_it_is_one_small_file_that_names_no_other():
    page = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=3).to_html()
    assert len(page.encode()) < 400_000
    script = script_of(page)
    assert not re.search(
        r"""\bsrc=|\bimport\s*\(|https?://(?!www\.w3\.org/2000/svg)|\beval\b|new Function|innerHTML""", script
    )
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src &#x27;none&#x27;" in policy
    assert "connect-src &#x27;none&#x27;" in policy
    assert "unsafe" not in policy


def test_no_markup_is_in_what_a_person_has_written():
    names = {"</script><script>alert(1)</script>": 1.0}
    run = ds.minimize("x^2", {"x": 1.0}, learning_rate=0.1, steps=1)
    page = document.document(PageContent(names))
    assert "alert" in page
    assert "<script>alert" not in page
    assert data_of(page)["setting"] == names
    assert page.count("<script") == run.to_html().count("<script") == 4


def test_it_is_asked_what_the_run_was_asked():
    run = ds.maximize("-(x^2) + 3", {"x": 2.0}, optimizer="adam", hyperparameters={"beta1": 0.5}, steps=7)
    setting = data_of(run.to_html())["setting"]
    assert setting["start"] == {"x": 2.0}
    assert setting["maximize"]
    assert setting["steps"] == 7
    (method,) = setting["methods"]
    assert method["rule"] == "adam"
    assert method["hyperparameters"]["beta1"] == 0.5
    assert data_of(run.to_html())["runs"][0]["x"] == [run.x["x"]]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (("x + y + z", [1, 2, 3], {}), ObjectiveError, "one or two variables, and this one has 3"),
        (
            ("x^2", [1], {"optimizer": "adam", "schedule": "multi_step(milestones=[3, 5])"}),
            UsageError,
            "only value and gradient",
        ),
        (("x^2", {"x": 1.0}, {"gradient": {"x": "2x"}}), ObjectiveError, "derives the gradient itself"),
        (("x^2", [1], {"bounds": [(0, 1)]}), UsageError, "not projected"),
        (("x^2", [1], {"optimizer": "newton"}), UsageError, "asks for second derivatives"),
        (
            (lambda x: float(x[0]) ** 2 if x[0] > 0 else 0.0, [1.0], {"engine": "hosted"}),
            ObjectiveError,
            "no",
        ),
    ],
)
def test_what_a_page_cannot_show_is_refused(asked, error, said):
    function, start, options = asked
    run = ds.minimize(function, start, steps=2, explain=False, **options)
    with pytest.raises(error, match=said):
        run.to_html()


def test_too_many_rules_are_refused():
    run = ds.minimize("x^2", [1], learning_rate=0.1, steps=2)
    with pytest.raises(UsageError, match=f"1 to {MOST_METHODS} rules"):
        page_of([run] * (MOST_METHODS + 1))


def test_every_word_comes_from_the_data():
    """What the program asks for by name is there, and no sentence stands in the JavaScript."""
    words = packed_of(ds.minimize("x^2", [1], learning_rate=0.1, steps=1).to_html())["words"]
    for path in VIEW.glob("*.js"):
        code = re.sub(r"^\s*(//|/\*\*|\*).*$|//.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        asked = set(re.findall(r'\b(?:say|button)\("(\w+)"', code))
        assert asked <= set(words), path.name
        for text in re.findall(r'"([^"\n]*)"', code):
            assert not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}", text), (path.name, text)


def test_it_speaks_the_readers_language():
    run = ds.minimize("x^2", [1], learning_rate=0.1, steps=1)
    with reading("ko"):
        assert '<html lang="ko">' in run.to_html()


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset["name"])
def test_presets_descend_in_python_too(preset):
    setting = preset["setting"]
    for method in setting["methods"]:
        assert in_python(setting, method).nit > 1


def in_python(setting: dict, method: dict) -> ds.Run:
    asked = {
        "start": setting["start"],
        "optimizer": method["rule"],
        "hyperparameters": method["hyperparameters"],
        "steps": setting["steps"],
        "tolerance": setting["tolerance"] or None,
    }
    if "table" in setting:
        hypothesis = setting["formula"].replace("=", "~")
        return ds.fit(setting["table"]["columns"], hypothesis, loss=setting["table"]["loss"], **asked).run
    return ds.minimize(setting["formula"], explain=False, **asked)


def test_the_tutorials_come_out_as_published():
    settings = [preset["setting"] for preset in presets()]

    def run(k: int) -> ds.Run:
        (method,) = settings[k]["methods"]
        return in_python(settings[k], method)

    assert run(0).history.value[10] == pytest.approx(1743.692, rel=1e-6)
    assert run(1).history["y"][29] == pytest.approx(-0.09420257394492468)
    assert [round(float(w), 3) for w in run(2).history["W"][:5]] == [0.0, 1.4, 0.84, 1.064, 0.974]
    assert (run(3).nit, run(3).status) == (650, "converged")
    assert run(5).history.value[100] == pytest.approx(2.8860236717777323, rel=1e-6)
    assert run(5).history["a"][100] == pytest.approx(2.22994555, rel=1e-6)


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "main.js"


def test_modules_are_joined_in_the_order_of_their_needs(tmp_path):
    script = bundle(
        write(
            tmp_path,
            main='// said\nimport { one as two, three } from "./a.js";\n'
            'import * as b from "./b.js";\nshow(two, three, b.four);\n',
            a='import { four } from "./b.js";\nexport const one = four;\nfunction f() {}\nexport { f as three };\n',
            b="export function four() {}\nexport const [five, six] = [5, 6];\n",
        )
    )
    assert script == (
        '"use strict";(()=>{\nconst m0=(()=>{\nfunction four(){}\n'
        "const[five,six]=[5,6];\nreturn {four,five,six};\n})();\n"
        "const m1=(()=>{\nconst{four}=m0;\nconst one=four;\nfunction f(){}\nreturn {one,three:f};\n})();\n"
        "const m2=(()=>{\nconst{one:two,three}=m1;\nconst b=m0;\nshow(two,three,b.four);\nreturn {};\n})();\n})();\n"
    )


@pytest.mark.parametrize(
    "modules",
    [
        {"main": 'import { a } from "./main.js";\nexport const b = a;\n'},
        {"main": "export default 3;\n"},
        {"main": 'import a from "./a.js";\n', "a": ""},
    ],
)
def test_what_cannot_be_joined_is_an_error(tmp_path, modules):
    with pytest.raises(BundleError):
        bundle(write(tmp_path, **modules))


@pytest.mark.parametrize(
    ("script", "short"),
    [
        ("a + +b - -c + ++d", "a+ +b- -c+ ++d"),
        ("x = a / b / c; // no pattern", "x=a/b/c;"),
        ('s.replace(/[/ "]/g, " ")', 's.replace(/[/ "]/g," ")'),
        ("return /a  b/.test(t)", "return/a  b/.test(t)"),
        ("f`a ${ b + `c ${ d } ` } e`", "f`a ${ b + `c ${ d } ` } e`"),
        ("/** said */ const a = '  // ';", "const a='  // ';"),
        ("if (a) return -1;\n\n  else b()", "if(a)return-1;\nelse b()"),
        ("a => a ? .5 : b ?? c", "a=>a?.5:b??c"),
    ],
)
def test_a_script_is_shortened_but_says_the_same(script, short):
    assert shortened(script) == short


def test_a_script_for_a_worker_ends_there_where_it_has_no_document(tmp_path):
    for name, text in {
        "main.js": 'import { a } from "./a.js";\ndocument.show(a);\n',
        "worker.js": 'import { a } from "./a.js";\n',
        "a.js": "export const a = 1;\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    between = tmp_path / "between.js"
    between.write_text(
        'import { a } from "./a.js";\nif (!self.document) return;\nawait a;\n', encoding="utf-8"
    )
    program, _, view = bundle(tmp_path / "main.js", tmp_path / "worker.js", between).partition("return;")
    assert program.startswith('"use strict";(async()=>{')
    assert program.endswith("if(!self.document)")
    assert "a=1" in program
    assert "show" not in program
    assert "show" in view


def test_it_stays_small_with_much_of_its_own():
    rules = ("lbfgs", "conjugate_gradient_hz", "adam", "rprop", "auto", "spg")
    ravine, start = "(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1.0}
    runs = [ds.minimize(ravine, start, optimizer=rule, steps=1500, explain=False) for rule in rules]
    assert len(page_of(runs).encode()) < 400_000
    x = np.random.default_rng().normal(size=1000)
    fit = ds.fit({"x": x, "y": 2 * x + x**2}, "y ~ a*x + b", optimizer="gradient_descent(0.1)", steps=500)
    assert len(fit.to_html().encode()) < 400_000
