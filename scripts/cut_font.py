"""Cut the font of Hangul in pictures from Noto Sans KR: python scripts/cut_font.py NotoSansKR-Regular.ttf

The source is the static TrueType font of weight 400, as the npm package @expo-google-fonts/noto-sans-kr 0.4.3 has it.
All 11,172 syllables are kept, as the names of columns are anybody's; of other scripts what mathematics and Korean text
take: Latin, Greek, letters of Hangul, punctuation, raised and lowered digits, arrows, operators, full-width forms.
Layout tables and hinting, which Matplotlib does not use, are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "src" / "downslope" / "plots" / "fonts" / "NotoSansKR-Regular.ttf"
RANGES = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x1100, 0x11FF), (0x2010, 0x2027), (0x2030, 0x205E),
    (0x2070, 0x20BF), (0x2100, 0x22FF), (0x2460, 0x24FF), (0x25A0, 0x25FF), (0x3000, 0x303F), (0x3130, 0x318F),
    (0xAC00, 0xD7A3), (0xFF00, 0xFFEF),
)  # fmt: skip
UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx")


def cut(source: Path) -> None:
    """Write what is kept of the font."""
    font = TTFont(source)
    options = subset.Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    options.drop_tables += UNUSED
    options.name_IDs = ["*"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
    subsetter.subset(font)
    font.save(TARGET)


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
