"""The site: ``scripts/docs`` builds it in English and Korean."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the site's own extension, living.py

project = "downslope"
author = copyright = "The downslope developers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx-mathjax-offline"]
extensions += ["living", "executed", "reference_pages", "spoken_pages"]  # our own
exclude_patterns = ["_build"]
language = os.environ.get("DOWNSLOPE_LANG", "en")
locale_dirs = ["locale"]
gettext_compact = False  # a catalogue a page
gettext_uuid = False

autodoc_typehints = "none"  # the docstrings say what the types do not
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_use_ivar = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "downslope"
html_show_sphinx = False
smartquotes = False  # x' is the next x
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_fence_as_directive = ["math"]  # as GitHub shows formulas
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # pages of rules begin below their title
# A page is executed once for each language, as what it prints has one, and again once the library has changed.
SOURCES = sorted(
    file for file in (HERE.parent / "src").rglob("*") if file.suffix in (".py", ".po", ".mo", ".js")
)
MADE_BY = hashlib.sha256(b"".join(file.read_bytes() for file in SOURCES)).hexdigest()[:16]
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE.parent / "out" / "site" / "cache" / MADE_BY / language)
if language == "ko":  # MyST-NB has no catalogues
    nb_code_prompt_show, nb_code_prompt_hide = "펼쳐 보기", "접기"
nb_execution_in_temp = True  # what a page writes is not kept
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
