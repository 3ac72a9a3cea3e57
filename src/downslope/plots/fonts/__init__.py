"""The fonts of pictures: those that Matplotlib is set to, and behind them Noto Sans KR for what they lack, as Hangul.

Matplotlib looks for each character in one family after the other, so a font that a person has set comes first. Noto
Sans KR is by Adobe and Google, under the SIL Open Font License (``OFL.txt``); ``scripts/cut_font.py`` cut it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

FAMILY = "Noto Sans KR"

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def with_fonts(draw: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """The same function, whose texts find Hangul; Matplotlib's settings are as before when it is done."""

    @wraps(draw)
    def drawn(*given: _Given.args, **options: _Given.kwargs) -> _Made:
        import matplotlib  # waits until something is drawn

        with matplotlib.rc_context({"font.family": list(families())}):
            return draw(*given, **options)

    return drawn


def families() -> tuple[str, ...]:
    """The families in which characters are looked for, in this order."""
    import matplotlib

    _register()
    chosen = matplotlib.rcParams["font.family"]
    return tuple(dict.fromkeys((*chosen, FAMILY)))


@cache
def _register() -> None:
    """Make the font known to Matplotlib, unless the machine has one of its name."""
    from matplotlib import font_manager

    if FAMILY not in font_manager.get_font_names():
        font_manager.fontManager.addfont(str(Path(__file__).with_name("NotoSansKR-Regular.ttf")))


def characters() -> frozenset[int]:
    """The code points that can be drawn."""
    import matplotlib

    settings: Any = matplotlib.rcParams
    return _characters(families(), *(tuple(settings[f"font.{kind}"]) for kind in ("sans-serif", "serif")))


@cache
def _characters(known: tuple[str, ...], *_: tuple[str, ...]) -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    paths = {font_manager.findfont(font_manager.FontProperties(family=[name])) for name in known}
    return frozenset(point for path in paths for point in FT2Font(path).get_charmap())
