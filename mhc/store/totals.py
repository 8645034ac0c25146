"""What each person did in each room, summed: kept with the events, and always equal to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Connection,
    cast,
    func,
    select,
)

from mhc.domain.clock import EPOCH, to_ms
from mhc.domain.month_bits import month_bit
from mhc.store.bulk import Batch, Bulk, bulk_insert
from mhc.store.people import CHUNK
from mhc.store.schema import person, person_total

if TYPE_CHECKING:
    from mhc.store.events import NewEvent

_SUMS = ("tokens", "tips", "anonymous_tokens", "anonymous_tips", "messages", "private_messages")
_THREAD = ("private_received", "private_sent", "private_outside")  # between the room's owner and the person
_SEEN = ("first_seen_at", "last_seen_at")
# When they tipped at a known time: by name, and anonymously; of each first, last, and the months in which they did.
_TIPPED = ("first_tip_at", "last_tip_at")
_HIDDEN = ("first_anonymous_at", "last_anonymous_at")
_MONTHS = ("tip_months", "anonymous_months")
SEEN_EVERY_MS = 3_600_000  # how exactly readings of a room say when its owner was seen: an index is behind it


def _outer(table: str, new: str, names: Sequence[str] = _SEEN) -> str:
    """Give what widens a row's first and last times, a null being no time: the databases' own disagree on null."""
    return ", ".join(
        f"{name} = CASE WHEN {table}.{name} IS NULL OR {new}.{name} {'<' if name.startswith('first') else '>'}"
        f" {table}.{name} THEN {new}.{name} ELSE {table}.{name} END"
        for name in names
    )


_ADD = bulk_insert(
    person_total,
    ("person_id", "room_id", *_SUMS, *_THREAD, *_SEEN, "last_private_at", *_TIPPED, *_HIDDEN, *_MONTHS),
    "ON CONFLICT (person_id, room_id) DO UPDATE SET "
    + ", ".join(f"{name} = person_total.{name} + excluded.{name}" for name in (*_SUMS, *_THREAD))
    + f", {_outer('person_total', 'excluded', (*_SEEN, 'last_private_at', *_TIPPED, *_HIDDEN))}"
    + "".join(f", {name} = person_total.{name} | excluded.{name}" for name in _MONTHS),
)
_MOVE_SEEN = Bulk(
    person,
    ("id", *_SEEN),
    f"UPDATE person SET {_outer('person', 'new')} FROM {{new}} WHERE person.id = new.id",  # noqa: S608 - our own names
)


@dataclass(slots=True)
class Total:
    """One person's sums in one room (or in all, when added up)."""

    tokens: int = 0  # tips and media, but for anonymous ones
    tips: int = 0
    anonymous_tokens: int = 0
    anonymous_tips: int = 0
    messages: int = 0
    private_messages: int = 0
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    private_received: int = 0
    private_sent: int = 0
    private_outside: int = 0  # of both: in no room
    last_private_at: datetime | None = None
    first_tip_at: datetime | None = None
    last_tip_at: datetime | None = None
    tip_months: int = 0
    first_anonymous_at: datetime | None = None
    last_anonymous_at: datetime | None = None
    anonymous_months: int = 0


def subject_of(new: "NewEvent", owner_id: int) -> int | None:
    """Give whom an event counts for: who did it, or the other side of the room owner's private message."""
    if new.event.method == "privateMessage" and new.actor_id == owner_id:
        return new.partner_id
    return new.actor_id


def add(batch: Batch, owner_id: int, new: "Sequence[NewEvent]") -> None:
    """Add what was just stored to the totals, and move when its people were first and last seen."""
    sums: dict[tuple[int, int], Total] = {}
    for one in new:
        subject = subject_of(one, owner_id)
        if subject is not None:
            total = sums.setdefault((subject, one.room_id or owner_id), Total())
            _count(total, one, seen=subject == one.actor_id)
            if one.event.method == "privateMessage" and owner_id in (one.actor_id, one.partner_id):
                _count_private(total, one, sent=one.actor_id == owner_id)
    rows = [(who, room, *_values(sums[who, room])) for who, room in sorted(sums)]
    batch.add(_ADD, rows)
    _move_seen(batch, sums)


def _values(total: Total) -> tuple[int | None, ...]:
    """Give the sums and the times as the database keeps them."""
    times = (
        total.first_seen_at,
        total.last_seen_at,
        total.last_private_at,
        total.first_tip_at,
        total.last_tip_at,
        total.first_anonymous_at,
        total.last_anonymous_at,
    )
    return (
        total.tokens,
        total.tips,
        total.anonymous_tokens,
        total.anonymous_tips,
        total.messages,
        total.private_messages,
        total.private_received,
        total.private_sent,
        total.private_outside,
        *(None if at is None else to_ms(at) for at in times),
        total.tip_months,
        total.anonymous_months,
    )


def _move_seen(batch: Batch, sums: Mapping[tuple[int, int], Total]) -> None:
    seen: dict[int, tuple[datetime, datetime]] = {}
    for (who, _room), total in sums.items():
        if total.first_seen_at is None or total.last_seen_at is None:
            continue
        first, last = seen.get(who, (total.first_seen_at, total.last_seen_at))
        seen[who] = (min(first, total.first_seen_at), max(last, total.last_seen_at))
    # In order of id: two listeners that meet the same people must not wait for each other.
    batch.add(_MOVE_SEEN, [(who, to_ms(seen[who][0]), to_ms(seen[who][1])) for who in sorted(seen)])


def _count(total: Total, one: "NewEvent", *, seen: bool) -> None:
    e = one.event
    tip = e.method == "tip" and e.tokens is not None
    if e.anonymous:
        total.anonymous_tokens += e.tokens or 0
        total.anonymous_tips += tip
        if tip and one.at != EPOCH:
            total.first_anonymous_at = min(total.first_anonymous_at or one.at, one.at)
            total.last_anonymous_at = max(total.last_anonymous_at or one.at, one.at)
            total.anonymous_months |= month_bit(to_ms(one.at))
        return
    total.tokens += e.tokens or 0
    total.tips += tip
    total.messages += e.method == "chatMessage"
    total.private_messages += e.method == "privateMessage"
    if seen and one.at != EPOCH:  # a pasted line of unknown time
        total.first_seen_at = min(total.first_seen_at or one.at, one.at)
        total.last_seen_at = max(total.last_seen_at or one.at, one.at)
        if tip:
            total.first_tip_at = min(total.first_tip_at or one.at, one.at)
            total.last_tip_at = max(total.last_tip_at or one.at, one.at)
            total.tip_months |= month_bit(to_ms(one.at))


def _count_private(total: Total, one: "NewEvent", *, sent: bool) -> None:
    if one.event.anonymous:
        return
    total.private_sent += sent
    total.private_received += not sent
    total.private_outside += one.room_id is None
    if one.at != EPOCH:
        total.last_private_at = max(total.last_private_at or one.at, one.at)


def first_seen(conn: Connection, person_ids: Iterable[int], room_id: int) -> dict[int, datetime]:
    """Give when each of some rows of people was first seen in a room, as far as they were."""
    wanted = sorted(person_ids)
    total = person_total.c
    found: dict[int, datetime] = {}
    for start in range(0, len(wanted), CHUNK):
        mine = (total.person_id.in_(wanted[start : start + CHUNK]), total.room_id == room_id)
        query = select(total.person_id, total.first_seen_at).where(*mine, total.first_seen_at.is_not(None))
        found.update((row[0], row[1]) for row in conn.execute(query))
    return found


def of_person(conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None = None) -> Total:
    """Add up a person's totals, in one room or in all (None)."""
    sums: list[Any] = [cast(func.coalesce(func.sum(person_total.c[name]), 0), BigInteger) for name in _SUMS]
    seen: tuple[Any, ...] = (func.min(person_total.c.first_seen_at), func.max(person_total.c.last_seen_at))
    query = select(*sums, *seen).where(person_total.c.person_id.in_(person_ids))
    if room_ids is not None:
        query = query.where(person_total.c.room_id.in_(room_ids))
    return Total(*conn.execute(query).one())
