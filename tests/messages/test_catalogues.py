"""The catalogues are current, compiled, and say with the same fields what the English says."""

import dataclasses
import functools
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from downslope.messages import documentation, documented
from downslope.messages.template import places
from downslope.optimizers import all_optimizers

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import collect_messages as collect  # noqa: E402

RENEW = "run scripts/messages"
LANGUAGES = sorted(path.parent.name for path in collect.CATALOGUES.glob("*/downslope.po"))
PARTICLES = re.compile(r"\}(은|는|이|가|을|를|과|와|로|으로)(?![가-힣])")


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_mo(file) if path.suffix == ".mo" else read_po(file, locale=path.parent.name)


def keys(catalog: Catalog) -> set[tuple[str, ...]]:
    return {(entry.context or "", *forms(entry.id)) for entry in catalog if entry.id}


def forms(texts) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


@pytest.fixture(scope="module")
def collected() -> Catalog:
    return collect.collected()


def test_the_template_is_current(collected):
    with collect.TEMPLATE.open("rb") as file:
        assert keys(read_po(file)) == keys(collected), RENEW


def test_the_list_of_our_keys_is_current(collected):
    assert keys(read(collect.CATALOGUES / "en" / "downslope.mo")) == keys(collected), RENEW


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_catalogue_has_every_key(language, collected):
    assert keys(read(collect.CATALOGUES / language / "downslope.po")) == keys(collected), RENEW


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_catalogue_is_compiled(language):
    def translated(suffix: str) -> set[tuple[str, ...]]:
        catalog = read(collect.CATALOGUES / language / f"downslope{suffix}")
        return {
            (e.context or "", *forms(e.id), *forms(e.string))
            for e in catalog
            if e.id and any(forms(e.string))
        }

    assert translated(".mo") == translated(".po"), RENEW


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_the_same_fields(language):
    for entry in read(collect.CATALOGUES / language / "downslope.po"):
        known = (
            {name: place for text in forms(entry.id) for name, place in places(text).items()}
            if entry.id
            else {}
        )
        for text in forms(entry.string) if entry.id else ():
            own = places(text)
            assert own.keys() <= known.keys(), text
            if len(forms(entry.id)) == 1 and text:
                assert own.keys() == known.keys(), text
            for name, some in own.items():
                assert {(p.spec, p.quoted) for p in some} <= {(p.spec, p.quoted) for p in known[name]}, text


def test_no_particle_depends_on_the_sound_of_a_field():
    for entry in read(collect.CATALOGUES / "ko" / "downslope.po"):
        for text in forms(entry.string) if entry.id else ():
            assert not PARTICLES.search(text), text


@pytest.mark.parametrize("rule", all_optimizers(), ids=lambda rule: rule.name())
def test_what_is_shown_of_the_code_is_collected(rule, collected):
    said = documentation(inspect.getdoc(rule))
    fields = (field.metadata.get("about") for field in dataclasses.fields(rule))
    shown = [said.summary, *said.remarks, said.source, *(documented(text) for text in fields if text)]
    assert said.summary == documented(rule.summary())
    assert {("", part.template) for part in shown if part} <= keys(collected)


def found_in(tmp_path: Path, source: str) -> list:
    path = tmp_path / "x.py"
    path.write_text(source, encoding="utf-8")
    return list(collect.found_in(path, tmp_path))


def test_prose_of_rules_is_collected(tmp_path):
    folder = tmp_path / "src" / "downslope" / "optimizers" / "rules"
    folder.mkdir(parents=True)
    source = 'class R(O):\n    """Halves {x}.\n\n    It is *slow*.\n\n    Source: me.\n    """\n'
    (folder / "r.py").write_text(f'{source}    rate: float = hyperparameter(1.0, "how far")\n')
    texts = [found.template for found in collect.found_in(folder / "r.py", tmp_path)]
    assert texts == ["Halves {{x}}.", "It is slow.", "me.", "how far"]


def test_what_is_collected(tmp_path):
    one, other = found_in(tmp_path, 'message("a " "{b}", b=1, context="c")\nplural("{n} x", "{n} xs", n=k)\n')
    assert (one.template, one.context, one.many) == ("a {b}", "c", "")
    assert (other.template, other.context, other.many) == ("{n} x", "", "{n} xs")


@pytest.mark.parametrize(
    "call",
    [
        'message(f"a {b}")',
        "message(text)",
        'message("a" + b)',
        'message("{a}", b=1)',
        "hyperparameter(0.5, about)",
        'message("{a}", **fields)',
        'message("a", context=c)',
        'message("{a.b}", a=1)',
        'plural("one", n=1)',
        'plural("{n} x", "{n} xs", k=1)',
    ],
)
def test_calls_that_cannot_be_collected(tmp_path, call):
    with pytest.raises(collect.BadSentenceError, match=r"x\.py:1: "):
        found_in(tmp_path, call)


KOREAN = collect.CATALOGUES / "ko" / "downslope.po"
TERMS = tomllib.loads((KOREAN.parent / "glossary.toml").read_text(encoding="utf-8"))["term"]


def test_korean_says_everything():
    missing = [entry.id for entry in read(KOREAN) if entry.id and not all(forms(entry.string))]
    assert missing == []


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["english"])
def test_korean_terms_are_those_of_the_glossary(term):
    said = [text for entry in read_once() for text in forms(entry.string)]
    for forbidden in term["forbidden"]:
        assert [text for text in said if re.search(forbidden, text)] == [], term["korean"]


@functools.cache
def read_once() -> Catalog:
    return read(KOREAN)
