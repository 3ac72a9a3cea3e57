"""How languages are written, as far as it tells a right guess of an encoding from a wrong one."""

from __future__ import annotations

import re

LATIN = (
    *("äöüß", "àâæçèéêëîïôœùûü", "áéíñóúü", "àáâãçéêíóôúü", "àèéìíîòóùú", "æøåéèêóòôü", "åäöé", "éëïöüèêáóú"),
    *(
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž",
        "áéíóöőúüű",
        "ăâîşţ",
        "ăâîșț",
        "čćđšž",
        "çğıi̇öşüâîû",
    ),
    *("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž", "àçèéíïòóúü", "áâàéêíìóôòúùýỳïü"),
)  # the letters beside a to z: German, French, Spanish, Portuguese, Italian, Norwegian, Swedish, Dutch,
# Polish, Czech, Slovak, Hungarian, Romanian (two ways), Croatian, Turkish (and its dotted capital made small),
# Lithuanian, Latvian, Estonian, Catalan, Welsh
ICELANDIC, NOT_TURKISH = "áðéíóúýþæö", "áíóúæ"  # ð, ý and þ stand where Turkish has ğ, ı and ş
_WORD = re.compile(r"[^\W\d_]+")
_GLUED = re.compile(r"[A-Za-z][\xa1-\xa9\xab-\xb9\xbb-\xbf\xd7\xf7\u2013-\u2122][A-Za-z]")  # Krak³w
_FINAL = re.compile("[\u05da\u05dd\u05df\u05e3\u05e5][\u05d0-\u05ea]")  # Hebrew's last letters before another
_POINTS = re.compile("(?<![\u0591-\u05f4])[\u05b0-\u05c7]|[\u05b0-\u05c7]{3}")  # Hebrew's, without a letter
_SIGMA = re.compile("ς(?=[α-ώ])|σ(?![α-ώ])")  # that of a word's end before its end, and the other at it
_NO_ACCENT = re.compile(r"\b[α-ω]{4,}\b")  # which a Greek word has from two syllables on
_SHORT_I = re.compile(
    "[бвгджзклмнпрстфхцчшщъьй]й|\\bй(?![аеёиоуыэюя])", re.IGNORECASE
)  # stands behind vowels
_THAI = re.compile(
    "(?<![\u0e00-\u0e7f])[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]"  # what stands behind or above a letter, without one
    "|[\u0e30\u0e32\u0e33\u0e40-\u0e44][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"  # marks on a vowel
    "|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"  # a vowel written before its letter, without one
    "|\u0e2f(?=[\u0e01-\u0e3a\u0e40-\u0e4d])"  # a sign of abbreviation within a word
    "|[\u0e3f\u0e50-\u0e5b](?=[\u0e01-\u0e3a\u0e40-\u0e4d])"  # digits and signs before letters
)


def misspelt(text: str) -> int:
    """How many places of a text break a rule of its script.

    Signs within Latin words, Hebrew's finals and points, Greek's two sigmas and accents, й behind consonants,
    Thai's marks.
    """
    return sum(
        len(rule.findall(text)) for rule in (_GLUED, _FINAL, _POINTS, _SIGMA, _NO_ACCENT, _SHORT_I, _THAI)
    )


def letters_of_no_language(text: str) -> int:
    """How many Latin words have letters that are not all of one language: of that which has most of them.

    õ before e is left out: only Portuguese has it beside é and ó, and there always so.
    """
    words = [
        letters
        for word in _WORD.findall(text)
        if word[0] < "\u0250"
        and (letters := {letter for letter in word.lower().replace("õe", "") if "\x80" <= letter < "\u0250"})
    ]
    alphabets = (*LATIN, ICELANDIC) if any(set(NOT_TURKISH) & letters for letters in words) else LATIN
    return min(sum(not letters <= set(alphabet) for letters in words) for alphabet in alphabets)
