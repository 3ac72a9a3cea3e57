"""What a worker does: it gets a table and a look as bytes, and answers for one partition after the other."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from downslope.descent.snapshot import versions
from downslope.fitting.memory import available
from downslope.fitting.partitions.engine import Answer, Look, PassCounts, answered

PART = 0.5  # of the free memory, shared by the workers of a machine, that rows may take


class Sent(NamedTuple):
    """Something pickled, and by what it is known again."""

    key: bytes
    content: bytes

    @classmethod
    def of(cls, thing: Any) -> Sent:
        """It, pickled."""
        content = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
        return cls(hashlib.sha256(content).digest(), content)


class HeldRows:
    """The rows of partitions that were read, as long as there is room; nobody is told where they are lost.

    What is held stays, and what comes later is read anew at every pass: partitions come in the same order each time, so
    that what was used last is what is wanted last.

    Args:
        room: bytes that they may take.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._rows: dict[int, tuple[Sequence[Any], PassCounts]] = {}

    @property
    def keeps(self) -> bool:
        """Whether there is room for more."""
        return self.room > 0

    def found(self, number: int) -> tuple[Sequence[Any], PassCounts] | None:
        """What is held of a partition."""
        return self._rows.get(number)

    def keep(self, number: int, blocks: Sequence[Any], counts: PassCounts) -> None:
        """Hold a partition, where there is room."""
        size = bytes_of(blocks)
        if number not in self._rows and size <= self.room:
            self._rows[number] = blocks, counts
            self.room -= size


def bytes_of(blocks: Sequence[Any]) -> int:
    """How much memory blocks of rows take."""
    return sum(int(block.rows.X.nbytes + block.y.nbytes + block.weights.nbytes) for block in blocks)


@dataclass
class _Known:
    """The table that this worker works on."""

    key: bytes = b""
    table: Any = None


_KNOWN = _Known()


def table_of(sent: Sent, sharing: int) -> Any:
    """The table; the one that was worked on last with what is held of it, which ``sharing`` workers have room for."""
    if _KNOWN.key != sent.key:
        _KNOWN.key, _KNOWN.table = b"", None  # what was held is let go before room is looked for
        room = int(PART * available() / sharing)
        _KNOWN.table = pickle.loads(sent.content).elsewhere(HeldRows(room))
        _KNOWN.key = sent.key
    return _KNOWN.table


def computed_by() -> str:
    """The system, the kind of processor and the versions that computed an answer: the same give the same bits."""
    return ", ".join(versions("", False).values())


def work(sent: Sent, look: bytes, number: int, sharing: int) -> Answer[Any]:
    """The answer of one partition."""
    table = table_of(sent, sharing)
    asked: Look[Any] = pickle.loads(look)
    return answered(table, asked, number, computed_by)
