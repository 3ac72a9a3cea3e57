"""What downslope says, as data: a template and its fields, rendered where it is shown, in the reader's language.

::

    message("{optimizer} needs a learning rate above {least}", optimizer="adam", least=0)
    plural("{n:,} step", "{n:,} steps", n=20)
    listing(["x", "y"], "or")
    sentences(error, hint)          one after the other;  lines(...) one below the other
    argument("batch_size", 32)      batch_size=32 in Python, --batch-size 32 on the command line
    Template("{n} step", "{n:,} steps")     a sentence of a table, filled in later

Each but the last is a ``Message``: frozen, compared by its data, hashable, picklable. ``str(m)`` renders it at that
moment, for the reader of that moment. None is cut, joined or searched after it is made: what belongs together is put
together as data.

English templates are the keys of gettext catalogues in ``catalogues/``; ``template`` fills them in and can do no more
than that; ``documentation`` reads docstrings; ``languages`` knows the reader; ``saved`` writes messages into files and
reads them back with distrust.

May import nothing else of downslope.
"""

from downslope.messages.documentation import Documentation, documentation, documented
from downslope.messages.languages import (
    available_languages,
    current_language,
    language_named,
    reading,
    set_language,
)
from downslope.messages.message import (
    NOTHING,
    Message,
    Template,
    argument,
    as_message,
    lines,
    listing,
    literal,
    message,
    plural,
    sentences,
    visible,
)
from downslope.messages.saved import MalformedMessageError, from_plain, to_plain

__all__ = [
    "NOTHING",
    "Documentation",
    "MalformedMessageError",
    "Message",
    "Template",
    "argument",
    "as_message",
    "available_languages",
    "current_language",
    "documentation",
    "documented",
    "from_plain",
    "language_named",
    "lines",
    "listing",
    "literal",
    "message",
    "plural",
    "reading",
    "sentences",
    "set_language",
    "to_plain",
    "visible",
]
