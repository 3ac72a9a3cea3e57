"""The one loop that gives out partitions and takes back answers, whoever works on them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from downslope.errors import DataError
from downslope.fitting.partitions.tree import MergeTree
from downslope.messages import Message, argument, listing, message, plural

T = TypeVar("T")
A = TypeVar("A", contravariant=True)
MOST_RETRIES = 3  # of a partition whose worker was lost; then it is named, and the fit ends
PARTITION_SECONDS = (
    600.0  # that a worker has for a partition, which takes seconds; beyond, it is taken to hang
)


class Named(Protocol):
    """A partition, as far as it is known here."""

    @property
    def named(self) -> Message:
        """It, for a person: the file, and which rows of it."""


class Cut(Protocol):
    """A table that is cut into partitions. It is pickled for other processes."""

    @property
    def partitions(self) -> Sequence[Named]:
        """What it is cut into."""


@dataclass
class PassCounts:
    """What was seen of a partition.

    Attributes:
        pages, rows: that were read.
        kept: rows that no missing value put out.
        taken: of these, that are not held out.
        read: whether the file was read for it, and not what a worker still held.
    """

    pages: int = 0
    rows: int = 0
    kept: int = 0
    taken: int = 0
    read: int = 1

    def plus(self, more: PassCounts) -> PassCounts:
        """Of both partitions."""
        return PassCounts(
            self.pages + more.pages,
            self.rows + more.rows,
            self.kept + more.kept,
            self.taken + more.taken,
            self.read + more.read,
        )


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came of a look at one partition.

    Attributes:
        number: of the partition.
        value: what was asked.
        counts: what was seen.
        computed_by: the kind of processor and the versions that did.
    """

    number: int
    value: T
    counts: PassCounts
    computed_by: str = ""


class Look(Protocol[T]):
    """What is asked of every partition. It is pickled for other processes."""

    def of(self, table: Any, number: int) -> tuple[T, PassCounts]:
        """The answer of the partition of this number."""

    def merge(self, first: T, second: T) -> T:
        """One answer of two, whose partitions follow one another."""


@dataclass
class Tally:
    """What was seen of all partitions.

    Attributes:
        counts: the sums of those of the partitions; ``read`` is how many were read from their files.
        partitions: how many there are.
        lost: how often a partition was worked on in vain, as its worker was lost.
        computed_by: the kinds of processors, and the versions, that computed the answers.
    """

    counts: PassCounts = field(default_factory=lambda: PassCounts(read=0))
    partitions: int = 0
    lost: int = 0
    computed_by: set[str] = field(default_factory=set)

    def add(self, answer: Answer[Any]) -> None:
        """Take in what was seen of one more."""
        self.counts = self.counts.plus(answer.counts)
        self.partitions += 1
        self.computed_by.add(answer.computed_by)


class WorkerLost(Exception):  # noqa: N818 - what happened, not what is wrong
    """A worker is gone before it answered; another may do better.

    Attributes:
        why: what is known of it.
    """

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


class WorkerLate(WorkerLost):
    """A worker did not answer in time, and was stopped."""


class PartitionEngine(ABC):
    """Works on partitions.

    A fit holds its engine open; whoever looks at the table afterwards opens it for that look alone.

    Attributes:
        seconds: that a worker has for a partition; none where nobody else works who could be stopped.
    """

    name: str
    workers: int = 1
    seconds: float | None = None

    def __init__(self) -> None:
        self._open = 0

    @abstractmethod
    def start(self, table: Cut, look: Look[Any], waiting: Sequence[int]) -> tuple[Any, int]:
        """Start on one of the waiting partitions: (by what to know it again, its number)."""

    @abstractmethod
    def wait(self, running: Collection[Any], seconds: float | None) -> Collection[Any]:
        """Those of these that are done, one at least; none where none is after so many seconds."""

    @abstractmethod
    def answer(self, done: Any) -> Answer[Any]:
        """What came of one that is done.

        Raises:
            WorkerLost: nothing did.
            DataError: the rows will not do.
        """

    def stop(self, running: Any) -> None:  # noqa: B027 - who works here is not late
        """Stop the worker of what was started, which will not answer any more."""

    def abandon(self, running: Collection[Any]) -> None:  # noqa: B027 - who works here has none running
        """Forget what was started."""

    def open(self) -> None:  # noqa: B027 - who works here needs none
        """Get workers."""

    def close(self) -> None:  # noqa: B027
        """Let them go."""

    @contextmanager
    def session(self) -> Iterator[None]:
        """Open for as long as this lasts."""
        if not self._open:
            self.open()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": 0}

    def over(self, table: Cut, look: Look[T]) -> tuple[T, Tally]:
        """What a look at all partitions gives.

        Raises:
            DataError: what the first partition raises that raises anything, or whose workers were lost too often.
        """
        with self.session():
            return _Round(self, table, look).whole()


class _Round(Generic[T]):
    """One look at all partitions."""

    def __init__(self, engine: PartitionEngine, table: Cut, look: Look[T]) -> None:
        self.engine, self.table, self.look = engine, table, look
        count = len(table.partitions)
        self.waiting, self.running = deque(range(count)), dict[Any, int]()
        self.until = dict[Any, float]()  # when a worker is late
        self.lost, self.failed = Counter[int](), dict[int, BaseException]()
        self.tree, self.tally = MergeTree[T](count, look.merge), Tally()

    def whole(self) -> tuple[T, Tally]:
        try:
            while self._goes_on():
                while self.waiting and len(self.running) < self.engine.workers:
                    known, place = self.engine.start(self.table, self.look, self.waiting)
                    self.running[known] = place
                    self.waiting.remove(place)
                    if self.engine.seconds is not None:
                        self.until[known] = time.monotonic() + self.engine.seconds
                for known in self.engine.wait(self.running, self._patience()):
                    self.until.pop(known, None)
                    self._take(known, self.running.pop(known))
                self._stop_late()
        finally:
            self.engine.abandon(self.running)
        if self.failed:
            raise self.failed[min(self.failed)]
        return self.tree.whole, self.tally

    def _goes_on(self) -> bool:
        """Whether there is work left; where a partition failed, only those before it matter."""
        if self.failed:
            least = min(self.failed)
            self.waiting = deque(place for place in self.waiting if place < least)
            return bool(self.waiting) or any(place < least for place in self.running.values())
        return bool(self.waiting or self.running)

    def _patience(self) -> float | None:
        """For how many seconds nobody is late."""
        return max(0.0, min(self.until.values()) - time.monotonic()) if self.until else None

    def _stop_late(self) -> None:
        """Stop the workers that should have answered, and have their partitions done anew."""
        now = time.monotonic()
        for known in [known for known, until in self.until.items() if until <= now]:
            del self.until[known]
            place = self.running.pop(known)
            self.engine.stop(known)
            seconds = self.engine.seconds
            self._lose(
                place, WorkerLate(message("it gave no answer in {seconds:g} seconds", seconds=seconds))
            )

    def _lose(self, place: int, lost: WorkerLost) -> None:
        self.lost[place] += 1
        self.tally.lost += 1
        if self.lost[place] > MOST_RETRIES:
            self.failed[place] = DataError(self._always_lost(place, lost))
        else:
            self.waiting.appendleft(place)

    def _take(self, known: Any, place: int) -> None:
        try:
            answer = self.engine.answer(known)
        except WorkerLost as lost:
            self._lose(place, lost)
        except Exception as error:
            self.failed[place] = error
        else:
            self.tree.put(place, answer.value)
            self.tally.add(answer)

    def _always_lost(self, place: int, lost: WorkerLost) -> Message:
        if isinstance(lost, WorkerLate):
            return message(
                "{rows} cannot be added up: {n} workers tried in vain, and the last gave no answer in {seconds:g}"
                " seconds. See whether the file can be read where they run, or give them more time ({option}).",
                n=self.lost[place],
                rows=self.table.partitions[place].named,
                seconds=self.engine.seconds,
                option=argument("partition_seconds", 2 * (self.engine.seconds or PARTITION_SECONDS)),
            )
        return message(
            "{rows} cannot be added up: all {n} workers that tried were lost ({why}). They may need more memory than"
            " there is; write smaller files or row groups.",
            n=self.lost[place],
            rows=self.table.partitions[place].named,
            why=lost.why,
        )


def answered(table: Any, look: Look[T], number: int, computed_by: Callable[[], str]) -> Answer[T]:
    """The answer of a partition, worked on in this process."""
    value, counts = look.of(table, number)
    return Answer(number, value, counts, computed_by())


class InProcess(PartitionEngine):
    """Partition after partition in this process, each on all cores."""

    name = "process"

    def __init__(self) -> None:
        super().__init__()
        self._done: dict[int, Answer[Any] | BaseException] = {}

    def start(self, table: Cut, look: Look[Any], waiting: Sequence[int]) -> tuple[Any, int]:
        number = waiting[0]
        try:
            self._done[number] = answered(table, look, number, str)
        except Exception as error:
            self._done[number] = error
        return number, number

    def wait(self, running: Collection[Any], seconds: float | None) -> Collection[Any]:
        return list(running)

    def answer(self, done: Any) -> Answer[Any]:
        found = self._done.pop(done)
        if isinstance(found, BaseException):
            raise found
        return found


def by_workers(engine: PartitionEngine, tallies: Sequence[Tally]) -> tuple[Message, ...]:
    """How an engine worked, for the notes of a fit."""
    partitions, passes = tallies[-1].partitions, len(tallies)
    read, lost = sum(tally.counts.read for tally in tallies), sum(tally.lost for tally in tallies)
    said = [
        message(
            "The table stayed in its files: its {partitions:,} partitions were added up {passes:,} times by {engine}"
            " ({workers:,} at once), and read {read:,} times; else a worker still held them.",
            partitions=partitions,
            passes=passes,
            engine=engine.name,
            workers=engine.workers,
            read=read,
        )
    ]
    if lost:
        said.append(
            plural(
                "{n:,} worker was lost, and its partition added up anew, which changes no digit.",
                "{n:,} workers were lost, and their partitions added up anew, which changes no digit.",
                n=lost,
            )
        )
    kinds = {kind for tally in tallies for kind in tally.computed_by}
    if len(kinds) > 1:
        said.append(
            message(
                "The partitions were added up by different processors or versions ({kinds}), which may round"
                " differently: another run may differ in the last digits.",
                kinds=listing(sorted(kinds), most=4),
            )
        )
    return tuple(said)


__all__ = [
    "PARTITION_SECONDS",
    "Answer",
    "InProcess",
    "Look",
    "PartitionEngine",
    "PassCounts",
    "Tally",
    "WorkerLate",
    "WorkerLost",
    "answered",
    "by_workers",
]
