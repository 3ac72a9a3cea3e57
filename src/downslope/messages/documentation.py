"""What the code says of itself, as messages: docstrings, and the meaning of hyperparameters.

The English in the code is the key, and a message is made of it only where it is shown. ``scripts/messages`` collects
the same texts by the same functions, so the catalogues have them; a class that is not ours is shown as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from downslope.messages.message import NOTHING, Message, Sentence

_MARKUP = re.compile(r"\*([^*]+)\*|``([^`]+)``")
_NO_PROSE = (".. ", "Args:", ">>>")  # formulas, arguments, examples
_SOURCE = "Source:"


@dataclass(frozen=True)
class Documentation:
    """A docstring without formulas, arguments and examples."""

    summary: Message
    remarks: tuple[Message, ...]
    source: Message


def documented(text: str) -> Message:
    """Text of the code as a message, whatever braces it has.

    >>> print(documented("the set {x: f(x) <= c}"))
    the set {x: f(x) <= c}
    """
    return Sentence(text.replace("{", "{{").replace("}", "}}")) if text else NOTHING


def documentation(docstring: str) -> Documentation:
    """What a docstring says, after ``inspect.cleandoc``.

    >>> said = documentation("Halves.\\n\\nIt is ``slow``.\\n\\nSource: *Folklore*.")
    >>> print(said.summary, *said.remarks, said.source)
    Halves. It is slow. Folklore.
    """
    summary, *paragraphs = (" ".join(part.split()) for part in docstring.split("\n\n"))
    prose = [
        _MARKUP.sub(r"\1\2", part)
        for part in paragraphs
        if not part.startswith(_NO_PROSE) and ":math:" not in part
    ]
    sources = [part.removeprefix(_SOURCE).strip() for part in prose if part.startswith(_SOURCE)]
    remarks = (documented(part) for part in prose if not part.startswith(_SOURCE))
    return Documentation(documented(summary), tuple(remarks), documented(" ".join(sources)))
