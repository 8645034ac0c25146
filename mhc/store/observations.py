"""Keeps what one poll of a feed of rooms says: the rooms as people, their texts, and a row a room, at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, text, update

from mhc.domain import erasing
from mhc.domain.clock import from_ms, to_ms
from mhc.domain.names import PLATFORM
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.store import erasures, people, room_texts
from mhc.store.bulk import Batch, Bulk, bulk_insert
from mhc.store.people import Role
from mhc.store.schema import observation, person, room_latest, room_poll
from mhc.store.totals import SEEN_EVERY_MS
from mhc.store.upsert import insert_new

SOURCE = "rooms"  # of the names of who was met in the feed
_MET_IN = {Source.AFFILIATE: SOURCE, Source.CBHOURS: Source.CBHOURS.word}
_PROVEN = frozenset({Role.MODEL, Role.BOTH})

_KNOWN = (
    "SELECT alias.username, alias.person_id, person.role, person.role_by_hand, person.first_seen_at,"  # noqa: S608 - our own word
    " person.last_seen_at, room_text.id, room_text.hash FROM {new} CROSS JOIN alias"
    " JOIN person ON person.id = alias.person_id"
    " LEFT JOIN room_latest ON room_latest.person_id = person.id"
    " LEFT JOIN room_text ON room_text.id = room_latest.text_id"
    f" WHERE alias.username = {{name}} AND alias.platform = '{PLATFORM}' AND alias.valid_to IS NULL"
)
# CROSS JOIN keeps SQLite from looking through the list of names for each person.
_KNOWN_OF = {
    "sqlite": text(_KNOWN.format(new="json_each(:names) AS new", name="new.value")),
    "postgresql": text(_KNOWN.format(new="unnest(CAST(:names AS text[])) AS new", name="new")),
}
COLUMNS = (
    "observed_at", "person_id", "text_id", "viewers", "followers", "seconds_online", "source", "show", "flags",
)  # fmt: skip
_ADD = bulk_insert(observation, COLUMNS, "ON CONFLICT DO NOTHING")
ADD_RANKED = bulk_insert(observation, (*COLUMNS, "rank", "gender_rank"), "ON CONFLICT DO NOTHING")
LATEST = bulk_insert(
    room_latest,
    ("person_id", "first_at", "observed_at", "text_id"),
    "ON CONFLICT (person_id) DO UPDATE SET"
    " first_at = CASE WHEN excluded.first_at < room_latest.first_at THEN excluded.first_at ELSE room_latest.first_at END,"
    " text_id = CASE WHEN excluded.observed_at >= room_latest.observed_at"
    " THEN coalesce(excluded.text_id, room_latest.text_id) ELSE coalesce(room_latest.text_id, excluded.text_id) END,"
    " observed_at = CASE WHEN excluded.observed_at > room_latest.observed_at"
    " THEN excluded.observed_at ELSE room_latest.observed_at END",
)
SEEN = Bulk(
    person,
    ("id", "first_seen_at", "last_seen_at"),
    "UPDATE person SET"
    " first_seen_at = CASE WHEN person.first_seen_at <= new.first_seen_at THEN person.first_seen_at ELSE new.first_seen_at END,"
    " last_seen_at = CASE WHEN person.last_seen_at >= new.last_seen_at THEN person.last_seen_at ELSE new.last_seen_at END"
    " FROM {new} WHERE person.id = new.id",
)


@dataclass(frozen=True, slots=True)
class Poll:
    """One reading of a feed: when, how many rooms came and how many there are, which were to be kept."""

    at: datetime
    source: Source
    rooms: int
    listed: int | None
    scope: Scope
    complete: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What a poll brought: rooms kept, those who were met first in it, and texts that were not known.

    `again`: there was one of that time already, and nothing was added.
    """

    rooms: int
    new_people: int
    new_texts: int
    again: bool = False


class _Known(NamedTuple):
    """How a person of a poll stood before it."""

    id: int
    role: str
    by_hand: bool
    first_seen_ms: int | None
    last_seen_ms: int | None
    text_id: int | None
    text_hash: bytes | None


def add_poll(conn: Connection, poll: Poll, readings: Sequence[Reading]) -> Kept:
    """Keep the readings of a poll, each room once; who is not known yet becomes known, as a model.

    A poll of a time and source that are kept already adds nothing.
    """
    room_texts.hold(conn)
    if not _add_poll_row(conn, poll):
        return Kept(0, 0, 0, again=True)
    wanted = {one.username: one for one in _without_erased(conn, poll, readings)}
    known, met = _people(conn, sorted(wanted), poll)
    of_each: dict[int, tuple[_Known, Reading]] = {}
    for name in sorted(wanted):  # somebody with two names of now is one
        of_each.setdefault(known[name].id, (known[name], wanted[name]))
    kept = [of_each[number] for number in sorted(of_each)]
    numbers, new_texts = _text_numbers(conn, kept)
    _write(conn, poll, kept, numbers)
    unproven = [one.id for one in known.values() if not one.by_hand and one.role not in _PROVEN]
    people.add_evidence(conn, unproven, Role.MODEL)
    mine = room_poll.c.at == poll.at, room_poll.c.source == poll.source
    conn.execute(update(room_poll).where(*mine).values(kept=len(kept)))
    return Kept(len(kept), met, new_texts)


def _write(
    conn: Connection, poll: Poll, kept: Sequence[tuple[_Known, Reading]], numbers: Sequence[int | None]
) -> None:
    at, source = to_ms(poll.at), int(poll.source)
    rows = [
        (at, who.id, number, one.viewers, one.followers, one.seconds_online, source, one.show, one.flags)
        for (who, one), number in zip(kept, numbers, strict=True)
    ]
    # Who is offline was not seen: such a reading says no more than that.
    seen = [
        (who, number)
        for (who, one), number in zip(kept, numbers, strict=True)
        if one.show is not Show.OFFLINE
    ]
    batch = Batch(conn)
    if poll.source is Source.CBHOURS:
        ranks = [(one.rank, one.gender_rank) for _who, one in kept]
        batch.add(ADD_RANKED, [row + both for row, both in zip(rows, ranks, strict=True)])
    else:
        batch.add(_ADD, rows)
    batch.add(LATEST, [(who.id, at, at, number) for who, number in seen])
    batch.add(SEEN, _seen(at, [who for who, _number in seen]))
    batch.send()


def _without_erased(conn: Connection, poll: Poll, readings: Sequence[Reading]) -> Sequence[Reading]:
    """Leave out who was forgotten after the poll, or for good, and their names in what others say of themselves."""
    until = erasures.until_ms(conn)
    if until is None or to_ms(poll.at) >= until:
        return readings
    erased = erasures.load(conn)

    def without(text: str) -> str:
        return erasing.without(text, lambda name: erased.before(name, poll.at))

    return [
        replace(
            one,
            subject=None if one.subject is None else without(one.subject),
            tags=None if one.tags is None else tuple(map(without, one.tags)),
        )
        for one in readings
        if not erased.covers(one.username, poll.at)
    ]


def _people(conn: Connection, names: Sequence[str], poll: Poll) -> tuple[dict[str, _Known], int]:
    """Give how the people of a poll stand, and how many of them were made for it."""
    known = _look(conn, names)
    strangers = [name for name in names if name not in known]
    if strangers:
        # Whom CBHours tells of need not be online: who is seen is written with the readings.
        hour = _hour(to_ms(poll.at)) if poll.source is Source.AFFILIATE else None
        seen_at = None if hour is None else from_ms(hour)
        met_in = _MET_IN[poll.source]
        made = people.meet(conn, strangers, source=met_in, at=poll.at, role=Role.MODEL, seen_at=seen_at)
        known |= {name: _Known(made[name], Role.MODEL, False, hour, hour, None, None) for name in strangers}
    return known, len(strangers)


def _look(conn: Connection, names: Sequence[str]) -> dict[str, _Known]:
    engine = conn.dialect.name
    given = list(names) if engine == "postgresql" else msgspec.json.encode(names).decode()
    return {row[0]: _Known(*row[1:]) for row in conn.execute(_KNOWN_OF[engine], {"names": given})}


def _text_numbers(conn: Connection, kept: Sequence[tuple[_Known, Reading]]) -> tuple[list[int | None], int]:
    """Give the number of each room's text, in order, and how many were new: most rooms say what they said before."""
    hashes = [None if one.is_silent else room_texts.hash_of(one) for _who, one in kept]
    changed = {
        key: one for (who, one), key in zip(kept, hashes, strict=True) if key not in {None, who.text_hash}
    }
    made, new = room_texts.ensure(
        conn, [room_texts.text_of(one, key) for key, one in changed.items() if key is not None]
    )
    numbers = [
        None if key is None else made.get(key, who.text_id)
        for (who, _one), key in zip(kept, hashes, strict=True)
    ]
    return numbers, new


def _add_poll_row(conn: Connection, poll: Poll) -> bool:
    """Note that a poll was made; False where it was noted before."""
    row = {"at": poll.at, "source": int(poll.source), "rooms": poll.rooms, "listed": poll.listed, "kept": 0}
    return insert_new(conn, room_poll, row | {"scope": str(poll.scope), "complete": poll.complete})


def _hour(at: int) -> int:
    return at - at % SEEN_EVERY_MS


def _seen(at: int, known: Iterable[_Known]) -> list[tuple[int, int, int]]:
    """Give the people whose first or last sight a reading moves."""
    hour = _hour(at)
    return [
        (one.id, hour, hour)
        for one in sorted(known, key=lambda one: one.id)
        if one.first_seen_ms is None
        or one.last_seen_ms is None
        or not one.first_seen_ms <= hour <= one.last_seen_ms
    ]
