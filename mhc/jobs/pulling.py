"""Pulling: each question is put to its source about each person, and each answer stored as soon as it came.

No network call lies inside a transaction: a pull that is killed loses the request in hand, and nothing is half stored.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mhc.clients.api import saved_answer
from mhc.clients.biocontext import KeptOutError
from mhc.clients.failures import (
    BlockedError,
    MovedError,
    NotKnownError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)
from mhc.clients.pacing import PacedError, StoppedError
from mhc.clients.statbate_operations import MOST_NAMES
from mhc.config import Settings
from mhc.domain.names import is_typed_name
from mhc.errors import (
    AccessError,
    CheckError,
    DataError,
    MhcError,
    NotFoundError,
    TryLaterError,
)
from mhc.jobs.aside import put_aside
from mhc.jobs.keeping import EmptiedError, Outcome, Said, State, Tell, failed, keep, of
from mhc.jobs.putting import Answered, Upstreams, load
from mhc.jobs.questions import STATBATE, About, Question
from mhc.store import compared, erasures, misses, people
from mhc.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("mhc.pull")

IN_A_ROW: Final = 3  # failures of any kind after which the rest would fail alike
SITE: Final = "chaturbate"
_LOST: Final = 2  # people whom a source knew, and all of whom it does not know any more: that is no answer
_ALIKE: Final = (RefusedError, BlockedError, MovedError, TryLaterError)


@dataclass(frozen=True, slots=True)
class Task:
    """A question and the names it is put to, none where it is about nobody; those `named` by hand must be known."""

    question: Question
    names: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    def requests(self) -> list[tuple[str, ...]]:
        """Give the names of each request."""
        size = MOST_NAMES if self.question.in_batches else 1
        return [self.names[start : start + size] for start in range(0, len(self.names), size)] or [()]


@dataclass(slots=True)
class Surroundings:
    """What a pull works with. It ends after the request in hand once `stop` is set; `tell` says what is worth a line."""

    db: Database
    settings: Settings
    now: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Tell = log.info
    began: datetime = field(
        init=False
    )  # who is forgotten from then on is not made again by what was planned before

    def __post_init__(self) -> None:
        """Note when the pull began."""
        self.began = self.now()


Put = Callable[[Question, Sequence[str], datetime], Answered]


class Pull:
    """One pull. `ended` is what ended an upstream before everyone was asked about, and safety stops."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._over: dict[str, MhcError] = {}  # by what ended: an upstream, or one question of it
        self._in_a_row = 0
        self.ended: list[MhcError] = []

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Put every question; give what became of each person, as soon as it is stored."""
        upstreams = Upstreams(self._around.settings, self._around.stop)
        try:
            for task in tasks:
                yield from self._task(task, upstreams.put)
        finally:
            upstreams.close()

    def load(self, task: Task, body: bytes) -> Iterator[Outcome]:
        """Take a saved answer for that of the source."""
        loaded = self._around.settings
        return self._task(task, lambda question, names, _now: load(question, body, names, loaded))

    def _task(self, task: Task, put: Put) -> Iterator[Outcome]:
        known = _Known()
        for names in task.requests():
            error = self._over.get(_whole(task.question)) or self._over.get(task.question.source)
            if error or self._around.stop.is_set():
                yield from _skipped(task.question, names, error)
                continue
            odd = [name for name in names if not is_typed_name(name)]
            rest = [name for name in names if name not in odd]
            if odd:  # as a feed may send them: no source can know them
                yield from store(self._around, task, Answered(unknown=odd), _Known())
            if rest or not names:
                yield from self._one(task, rest, known, put)
            if task.question.in_batches:
                known = self._fresh(task, known)
        self._fresh(task, known)

    def _one(self, task: Task, names: Sequence[str], known: "_Known", put: Put) -> Iterator[Outcome]:
        question = task.question
        try:
            answered = _put(put, question, names, self._around.now())
            outcomes = store(self._around, task, answered, known)
        except StoppedError:
            yield from _skipped(question, names, None)
        except (UpstreamError, TryLaterError, DataError, CheckError) as error:
            yield from self._failed(question, names, error)
        except AccessError as error:
            if question.operation is not None:
                raise
            yield from self._failed(question, names, error)
        else:
            self._in_a_row = 0
            yield from outcomes

    def _fresh(self, task: Task, known: "_Known") -> "_Known":
        """Note whom a source lost who is alone in that, and begin anew."""
        lost = [] if task.question.source in self._over else known.rest()
        if lost:
            with self._around.db.write() as conn:
                gone = erasures.covering(conn, self._around.began)
                left = [name for name in lost if not gone(name)]
                misses.note(conn, task.question.source, left, at=self._around.now())
        return _Known()

    def _failed(self, question: Question, names: Sequence[str], error: MhcError) -> Iterator[Outcome]:
        """Note a failure; where the rest would fail alike, end it."""
        if isinstance(error, UpstreamError) and isinstance(error, DataError) and error.answer:
            path = put_aside(self._around.settings.state_dir, question, error.answer)
            error.hint = f"{error.hint or 'its form may have changed'}; kept in {path}"
        if isinstance(error, KeptOutError):  # the others may be seen
            self._in_a_row = 0
            yield from (failed(question, name, error) for name in names)
            return
        of_room = question.is_about_rooms and isinstance(error, AccessError | PacedError)
        self._in_a_row += not of_room
        if not of_room and (_is_alike(question, error) or self._in_a_row >= IN_A_ROW):
            # A plan may not include one operation, and a source may be wrong in one.
            not_included = _status(error) == 403 and isinstance(error, RefusedError)
            narrow = isinstance(error, CheckError) or not_included
            self._over[question.source if narrow else _whole(question)] = error
            if not not_included:
                self.ended.append(error)
        for name in names or (None,):
            yield failed(question, name, error)


def _is_alike(question: Question, error: MhcError) -> bool:
    """Whether the rest would fail alike. Of a profile one "too often" may be chance (contract profile 6.3)."""
    by_chance = question.about == About.PROFILE and isinstance(error, ThrottledError)
    return isinstance(error, (*_ALIKE, CheckError)) and not by_chance


def _put(put: Put, question: Question, names: Sequence[str], now: datetime) -> Answered:
    """Ask; that a source does not know the one who was asked about is an answer."""
    try:
        return put(question, names, now)
    except NotKnownError:
        if len(names) != 1:
            raise
        return Answered(unknown=list(names))


class _Known:
    """Whether a source still knows people: whom it lost is noted once it knows somebody, or where it is one person."""

    def __init__(self) -> None:
        self._anybody = False
        self._lost: list[str] = []

    def judge(self, question: Question, found: int, unknown: Sequence[str], before: set[str]) -> list[str]:
        """Give whom to note as unknown now. Raises CheckError where all whom a source knew are unknown to it at once."""
        self._anybody = self._anybody or found > 0
        self._lost += [name for name in unknown if name in before]
        if not self._anybody and len(self._lost) >= _LOST:
            raise CheckError(
                f"{question.source} knows none of {len(self._lost)} people whom it knew: nothing was stored of it",
                hint="look at the source itself; ask again later",
            )
        return [name for name in unknown if name not in before] + (self.rest() if self._anybody else [])

    def rest(self) -> list[str]:
        """Give whom it lost and who is not noted yet; they are from now on."""
        rest, self._lost = self._lost, []
        return rest


def store(around: Surroundings, task: Task, answered: Answered, known: _Known) -> list[Outcome]:
    """Store an answer in one short transaction. Raises CheckError where it cannot be true; then nothing is stored."""
    question, at = task.question, around.now()
    for problem in answered.problems:
        log.warning("%s: %s", question.source, problem)
    try:
        outcomes = _store(around, task, answered, known, at)
    except CheckError as doubt:
        _keep_whole(around, question, answered, [doubt])
        raise
    emptied = [one.failure for one in outcomes if isinstance(one.failure, EmptiedError)]
    _keep_whole(around, question, answered, emptied)
    for name in answered.unknown:
        error = NotFoundError(f"{question.source} does not know {name}") if name in task.named else None
        outcomes.append(of(question, name, State.UNKNOWN, error))
    return outcomes + [failed(question, name, DataError(why)) for name, why in answered.failed.items()]


def _store(
    around: Surroundings, task: Task, answered: Answered, known: _Known, at: datetime
) -> list[Outcome]:
    question = task.question
    with around.db.write() as conn:
        before = _known_before(conn, question, answered.unknown, at)
        unknown = known.judge(question, len(answered.said), answered.unknown, before)
        said = _of_known(conn, question, answered.said)
        gone = erasures.covering(conn, min(at, around.began))
        outcomes = keep(conn, question, said, at=at, gone=gone, tell=around.tell)
        misses.note(conn, question.source, [name for name in unknown if not gone(name)], at=at)
    return outcomes


def _keep_whole(
    around: Surroundings, question: Question, answered: Answered, errors: Sequence[MhcError]
) -> None:
    """Keep an answer that cannot be true, and say where."""
    if errors and answered.payload:
        path = put_aside(around.settings.state_dir, question, saved_answer(answered.payload))
        for error in errors:
            error.hint = f"the answer is kept in {path}"


def _known_before(conn: "Connection", question: Question, names: Sequence[str], at: datetime) -> set[str]:
    """Give whom of these a source said something of before."""
    ids = people.ids_of(conn, names)
    before = compared.last(conn, question.asked, list(ids.values()), before=at)
    return {name for name, who in ids.items() if who in before}


def _of_known(conn: "Connection", question: Question, said: Sequence[Said]) -> list[Said]:
    """Leave out of a ranking whom nobody here has met."""
    if question.about != About.NOBODY:
        return list(said)
    ids = people.ids_of(conn, [one.name for one in said if one.name])
    numbers = compared.numbered(
        conn, rids=[one.rid for one in said if one.rid], dids=[one.did for one in said if one.did]
    )
    return [
        one
        for one in said
        if one.name is None or one.name in ids or {("rid", one.rid), ("did", one.did)} & numbers
    ]


def _skipped(question: Question, names: Sequence[str], error: MhcError | None) -> Iterator[Outcome]:
    for name in names or (None,):
        yield of(question, name, State.SKIPPED, error)


def _whole(question: Question) -> str:
    """Name the upstream of a question."""
    return STATBATE if question.operation is not None else SITE


def _status(error: MhcError) -> int | None:
    return error.answer.status if isinstance(error, UpstreamError) and error.answer else None
