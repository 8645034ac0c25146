"""Whom a pull asks about: who was named, and people chosen by filters, in their order and within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mhc.config import Settings
from mhc.jobs.keeping import Outcome, State, of
from mhc.jobs.pulling import Task
from mhc.jobs.questions import Question
from mhc.store import compared, misses, people, pools, visits
from mhc.store.people import Role
from mhc.store.pools import Choice

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to ask about, by the name they go by now; no person is a stranger."""

    username: str
    person_id: int | None = None
    role: str = Role.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Whom to choose: people on lists first, then who is in the own rooms, then segments; `stale` is for the named, too."""

    list_ids: tuple[int, ...] = ()
    live: bool = False
    segments: tuple[str, ...] = ()
    role: Role | None = None
    stale: timedelta | None = None
    budget: int | None = None

    @property
    def choose_nobody(self) -> bool:
        """Whether nothing says whom to choose."""
        return not (self.list_ids or self.live or self.segments)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is put to whom, and who is not asked although they were named."""

    tasks: list[Task]
    fresh: list[Outcome]
    unheard: bool = False  # nobody listens, so who is in the rooms is not known

    @property
    def people(self) -> int:
        """Give how many people are asked about."""
        return len({name for task in self.tasks for name in task.names})

    @property
    def questions(self) -> int:
        """Give how many answers are awaited."""
        return sum(len(task.names) or 1 for task in self.tasks)

    @property
    def requests(self) -> int:
        """Give how many requests that takes, but for pages that follow."""
        return sum(len(task.requests()) for task in self.tasks)


def plan(
    conn: "Connection",
    questions: Sequence[Question],
    named: Sequence[Target],
    filters: Filters,
    *,
    room_ids: Sequence[int] | None,
    now: datetime,
) -> Plan:
    """Say what is put to whom: to the named whatever they are, and to those who are chosen where it is due."""
    unheard = filters.live and not _heard(conn, room_ids, now)
    chosen = (
        [] if named and filters.choose_nobody else _chosen(conn, questions, filters, room_ids, now, unheard)
    )
    everyone = {one.username: one for one in (*named, *chosen)}
    by_hand = frozenset(one.username for one in named)
    tasks: list[Task] = []
    fresh: list[Outcome] = []
    for question in questions:
        only = (
            by_hand if len(questions) == 1 else frozenset()
        )  # whoever is named is asked about, whatever they are
        theirs = [one for one in everyone.values() if one.username in only or _is_put_to(question, one)]
        stale = theirs if filters.stale is None else _stale(conn, question, theirs, now - filters.stale)
        others = due(conn, question, [one for one in stale if one.username not in by_hand], now=now)
        asked = [one.username for one in stale if one.username in by_hand or one in others]
        if asked:
            tasks.append(Task(question, tuple(asked), by_hand))
        late = by_hand & {one.username for one in theirs}
        fresh += [of(question, name, State.SKIPPED) for name in sorted(late.difference(asked))]
    return Plan(tasks, fresh, unheard)


def of_names(questions: Sequence[Question], named: Sequence[Target]) -> Plan:
    """Give the plan to put one question about whoever is named, or about nobody."""
    names = tuple(one.username for one in named)
    return Plan([Task(one, names, frozenset(names)) for one in questions], [])


def _chosen(
    conn: "Connection",
    questions: Sequence[Question],
    filters: Filters,
    room_ids: Sequence[int] | None,
    now: datetime,
    unheard: bool,
) -> list[Target]:
    if unheard and not (filters.list_ids or filters.segments):
        return []
    choice = Choice(
        filters.list_ids,
        filters.live and not unheard,
        filters.segments,
        filters.role,
        room_ids,
        None if filters.stale is None else now - filters.stale,
        filters.budget,
    )
    found = pools.choose(conn, choice, [one.ask for one in questions], now)
    return [Target(one.username, one.id, one.role) for one in found]


def _is_put_to(question: Question, one: Target) -> bool:
    return not question.roles or one.role in question.roles


def due(
    conn: "Connection",
    question: Question,
    some: Sequence[Target],
    *,
    now: datetime,
    stale: timedelta | None = None,
) -> list[Target]:
    """Give who of these is not waiting since the source did not know them, and was not asked about for so long."""
    waiting = misses.waiting(conn, question.source, [one.username for one in some], at=now)
    rest = [one for one in some if one.username not in waiting]
    return rest if stale is None else _stale(conn, question, rest, now - stale)


def _stale(conn: "Connection", question: Question, some: Sequence[Target], before: datetime) -> list[Target]:
    """Give of whom there is no reading later than an instant."""
    ids = [one.person_id for one in some if one.person_id is not None]
    last = compared.last(conn, question.asked, ids, before=_FAR)
    return [one for one in some if one.person_id not in last or last[one.person_id].captured_at <= before]


def _heard(conn: "Connection", room_ids: Sequence[int] | None, now: datetime) -> bool:
    heard = visits.last_heard(conn, room_ids)
    return heard is not None and now - heard <= visits.FRESH


def of_rooms(conn: "Connection", loaded: Settings) -> list[Target]:
    """Give the own rooms, each with its person where it is known."""
    known = people.ids_of(conn, [one.name for one in loaded.rooms])
    return [Target(one.name, known.get(one.name), Role.MODEL) for one in loaded.rooms]


def own_rooms(conn: "Connection", loaded: Settings) -> tuple[int, ...] | None:
    """Give the rows of all own rooms; None, which is every room, where none is set."""
    if not loaded.rooms:
        return None
    found = [one for room in loaded.rooms for one in people.find(conn, room.name)[:1]]
    return tuple(number for one in found for number in people.members(conn, one.id))
