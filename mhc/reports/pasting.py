"""Pasted chat, private messages and tips: what of them would be kept, and keeping it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.paste_events import Pasted, events_of, only_other
from mhc.domain.paste_lines import PRIVATE, LeftOut, Reading, What, parse
from mhc.store import erased_events, import_batches, pasted, people

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.import_batches import Batch, New

NEW, KNOWN, LEFT_OUT = "new", "known", "left out"


class Paste(NamedTuple):
    """A paste, and what was said of it: its room, the zone of its times, whom its private lines are with, its day."""

    text: str
    what: What
    room: str
    tz: tzinfo
    partner: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a paste, and what becomes of it."""

    line: int
    result: str
    reason: str | None
    happened_at: datetime | None
    method: str | None
    username: str | None
    partner: str | None
    tokens: int | None
    text: str | None
    guessed: bool | None
    counts: bool | None  # None where it is left out, or known

    @property
    def private(self) -> bool:
        """Whether it is, or may be, of a private message."""
        return self.method == PRIVATE or self.method is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a paste holds: each of its lines, and the events that are new."""

    rows: Sequence[Row]
    new: Sequence[Pasted]
    strangers: int  # people who would be made
    before: "Batch | None"  # the very same bytes were imported already

    def counts(self) -> dict[str, int]:
        """Give how many lines are new, are known, and are left out for which reason."""
        by_reason = Counter(row.reason for row in self.rows if row.reason is not None)
        known = sum(row.result == KNOWN for row in self.rows)
        return {NEW: len(self.new), KNOWN: known, "people": self.strangers, **by_reason}


def read(conn: "Connection", paste: Paste, new: "New") -> Plan:
    """Say what a paste would bring. Writes nothing."""
    room_ids = [i for one in people.find(conn, paste.room)[:1] for i in people.members(conn, one.id)]
    before = import_batches.same(conn, new, room_ids)
    how = Reading(paste.what, frozenset(people.usernames(conn)), paste.tz, paste.day)
    said = list(parse(paste.text, how))
    partner = paste.partner or (only_other(said, paste.room) if paste.what is What.PM else None)
    lines = list(_may_come(conn, events_of(said, paste.room, partner=partner, now=new.at), new.at))
    mine = [one.event for one in lines if isinstance(one, Pasted)]
    fresh = {one.id.text for one in pasted.unknown(conn, room_ids, mine)} if before is None else set()
    kept = [one for one in lines if isinstance(one, Pasted) and one.event.id.text in fresh]
    events = [one.event for one in kept]
    held = pasted.live_at(conn, room_ids[0], events, new.at) if room_ids else [False] * len(kept)
    counted = {one.event.id.text: not is_held for one, is_held in zip(kept, held, strict=True)}
    names = {n for e in events for n in (e.room, e.actor, e.partner) if n is not None}
    strangers = len(names - people.ids_of(conn, names).keys())
    return Plan([_row(one, counted) for one in lines], kept, strangers, before)


def _may_come(
    conn: "Connection", lines: Iterable[Pasted | LeftOut], at: datetime
) -> Iterator[Pasted | LeftOut]:
    """Give the lines without those of who was forgotten, and without such names in the others."""
    may_keep = erased_events.brought(conn, at)
    for one in lines:
        if isinstance(one, LeftOut):
            yield one
        elif (kept := may_keep(one.event)) is None:
            yield LeftOut(one.said.number, "forgotten", one.said.text or "")
        else:
            yield one._replace(event=kept)


def _row(one: Pasted | LeftOut, counted: dict[str, bool]) -> Row:
    if isinstance(one, LeftOut):
        return Row(one.number, LEFT_OUT, one.reason, None, None, None, None, None, one.text, None, None)
    said, event = one
    counts = counted.get(event.id.text)
    return Row(
        line=said.number,
        result=KNOWN if counts is None else NEW,
        reason=None,
        happened_at=said.at,
        method=event.method,
        username=event.actor,
        partner=event.partner,
        tokens=event.tokens,
        text=event.text,
        guessed=not said.sure,
        counts=counts,
    )


def save(conn: "Connection", paste: Paste, plan: Plan, new: "New") -> int:
    """Keep what is new of a paste; give the import's id."""
    room_id = people.ensure(conn, [paste.room], source="import", at=new.at, role=people.Role.MODEL)[
        paste.room
    ]
    batch_id = import_batches.add(conn, new, room_id, plan.counts())
    pasted.add(
        conn, paste.room, import_batches.host_of(batch_id, new.hash), [one.event for one in plan.new], new.at
    )
    return batch_id
