"""Runs as plain scripts in nine dialects, without an import of downslope.

In flows a ``Descent`` or a fit; out flows text. ``exporting`` knows the dialects; ``script_model`` what a script has
to tell, ``script`` and ``loops`` tell it, and ``dialects`` holds what each says differently; ``script_docstring``,
``script_imports``, ``script_constants``, ``printed_rows`` and ``wrapper_code`` each write a part of any script,
``costs`` and ``table_data`` those of a fit. Formulas are written by ``formulas`` in the words of ``vocabulary``,
derivatives by ``derivatives``. Update rules are written from their own source: ``rule_source`` reads it, ``translate``
respells it in a dialect's ``arithmetic``; ``inline_form`` puts a simple rule into a loop as ``statements``,
``functional_form`` any other into functions (``function_translator``); the ``emitter`` collects what either needs.
``schedules`` does the same for learning rates, and ``library`` knows which
methods the frameworks bring along. ``python`` and ``formatter`` write expressions and lines, ``names`` keeps people's
names apart from ours.

What a person named or typed becomes code only by our own trees and printers. May import ``descent``, ``fitting`` and
everything below; nothing above.
"""

from downslope.export.exporting import DIALECTS, export

__all__ = ["DIALECTS", "export"]
