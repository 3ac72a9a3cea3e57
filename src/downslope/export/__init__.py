"""Runs as plain scripts in nine dialects, without an import of downslope.

In flows a ``Run`` (or a fit); out flows text. ``door`` knows the dialects; ``model`` says what a script has to tell,
``script`` and ``loops`` tell it, and ``dialects`` holds what each says differently. Formulas are written by
``formulas`` in the words of ``vocabulary``, derivatives by ``derivatives``. Update rules are written from their own
source: ``rulebook`` reads it, ``translate`` respells it in a dialect's ``arithmetic``; ``stepwise`` puts a simple
rule into a loop as ``statements``, ``routines`` any other into functions (``bodies``), both made in the ``workshop``.
``schedules`` does the same for learning rates, and ``library`` knows which methods the frameworks bring along.
``python`` and ``layout`` write expressions and lines, ``names`` keeps people's names apart from ours.

What a person named or typed becomes code only by our own trees and printers. May import ``descent``, ``fit`` and
everything below; nothing above.
"""

from downslope.export.exporting import DIALECTS, export

__all__ = ["DIALECTS", "export"]
