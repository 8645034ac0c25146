"""Token statistics that are brought in: what of them is new, whether a row is missing, and whether the zone is right."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from mhc.domain.ledger import Break, Entry, breaks, in_order
from mhc.domain.ledger_match import match
from mhc.domain.times import to_utc
from mhc.store import import_batches, ledger, payments, people
from mhc.store.counting import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.ledger_match import Side
    from mhc.store.import_batches import New

# Zones that the site is said to write in, by who read such files (contract other 7.2), and two more that may be.
_ZONES: Final = (ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Denver"), UTC)
_A_DAY: Final = timedelta(hours=26)  # further than any two zones are apart
_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """The entries of one type in a file."""

    type: str
    entries: int
    new: int
    known: int
    tokens: int
    first_at: datetime
    last_at: datetime


class Zone(NamedTuple):
    """How many captured tips of the time have their row in the file, as read in a zone."""

    name: str
    tips: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file holds: its types, the entries that are new, and what does not fit."""

    rows: Sequence[Row]
    new: Sequence[Entry]
    known: int
    moved: int  # of those known, how many were taken for another instant
    doubled: int  # equal rows in the file
    forgotten: int
    strangers: int
    first: Entry | None
    last: Entry | None
    breaks: Sequence[Break]  # with what is stored already
    zone: Zone
    better: Zone | None  # in which more of the captured tips have their row

    def counts(self) -> dict[str, int]:
        """Give what is noted of the import."""
        found = {"new": len(self.new), "known": self.known, "people": self.strangers}
        return found | ({"forgotten": self.forgotten} if self.forgotten else {})


def read(
    conn: "Connection", room_ids: Sequence[int], given: Sequence[Entry], zone: tzinfo, further: tzinfo
) -> Plan:
    """Say what a file's entries would bring; `further` is a zone to try beside those of the site. Writes nothing."""
    entries = ledger.without_erased(conn, given)
    forgotten = sum(old.username != one.username for old, one in zip(given, entries, strict=True))
    once = in_order({one.key: one for one in entries}.values())
    known = ledger.known(conn, room_ids, once)
    new = [one for one in once if one.key not in known]
    here, better = _zones(conn, room_ids, once, zone, further)
    return Plan(
        rows=_rows(once, known),
        new=new,
        known=len(known),
        moved=sum(abs(known[one.key] - one.at) > _MOMENT for one in once if one.key in known),
        doubled=len(entries) - len(once),
        forgotten=forgotten,
        strangers=len(ledger.strangers(conn, new)),
        first=once[0] if once else None,
        last=once[-1] if once else None,
        breaks=_breaks(conn, room_ids, once, new),
        zone=here,
        better=better,
    )


def _rows(entries: Iterable[Entry], known: dict[object, datetime]) -> list[Row]:
    by_type: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        by_type[one.kind].append(one)
    return [
        Row(
            type=kind,
            entries=len(theirs),
            new=sum(one.key not in known for one in theirs),
            known=sum(one.key in known for one in theirs),
            tokens=sum(one.change for one in theirs),
            first_at=theirs[0].at,
            last_at=theirs[-1].at,
        )
        for kind, theirs in sorted(by_type.items())
    ]


def _breaks(
    conn: "Connection", room_ids: Sequence[int], once: Sequence[Entry], new: Sequence[Entry]
) -> list[Break]:
    """Give what is missing between the first and the last entry of a file, or beside them, as far as it is known."""
    if not once:
        return []
    last = once[-1].at + timedelta(milliseconds=1)
    stored = ledger.list_all(conn, room_ids, once[0].at, last) if room_ids else []
    return breaks(in_order([*(row.entry for row in stored), *new]))


def _zones(
    conn: "Connection", room_ids: Sequence[int], entries: Sequence[Entry], zone: tzinfo, further: tzinfo
) -> tuple[Zone, Zone | None]:
    """Give how many captured tips have their row in this zone, and the zone in which more of them do, if there is one."""
    events = _captured(conn, room_ids, entries) if entries and room_ids else []
    names = ledger.names_of(conn, entries) if events else {}
    found = Counter[str]()
    for one in dict.fromkeys([zone, *_ZONES, further]):
        sides = (
            ledger.side(entry._replace(at=to_utc(datetime.fromisoformat(entry.stamp), one)), who, place)
            for place, entry in enumerate(entries if events else ())
            for who in (names.get(entry.username, ""),)
        )
        found[str(one)] = len(match([side for side in sides if side is not None], events))
    here = Zone(str(zone), found[str(zone)])
    best = max(found, key=lambda name: found[name])
    return here, Zone(best, found[best]) if found[best] > here.tips else None


def _captured(conn: "Connection", room_ids: Sequence[int], entries: Sequence[Entry]) -> "list[Side]":
    scope = Scope(room_ids, entries[0].at - _A_DAY, entries[-1].at + _A_DAY)
    found = [one for one in payments.list_all(conn, scope) if one.at_ms]
    names = ledger.called(conn, (one.actor_id for one in found))
    return [ledger.side_of(one, names, place) for place, one in enumerate(found)]


def save(conn: "Connection", room: str, room_ids: Sequence[int], plan: Plan, new: "New") -> int:
    """Keep what is new of a file; give the import's id."""
    ids = room_ids or [people.ensure(conn, [room], source="import", at=new.at, role=people.Role.MODEL)[room]]
    batch_id = import_batches.add(conn, new, ids[0], plan.counts())
    ledger.add(conn, ids, plan.new, at=new.at, batch_id=batch_id)
    return batch_id
