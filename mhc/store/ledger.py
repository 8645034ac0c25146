"""The rows of the token statistics: adding what is new, reading them, and what of them a person's forgetting takes.

A merged room's rows are one ledger: `room_ids` are always all rows of its person, the root first.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, update

from mhc.domain import erasing, ledger
from mhc.domain.clock import to_ms
from mhc.domain.ledger import Entry
from mhc.domain.ledger_match import Side, match
from mhc.store import erasures, holders, payments, people
from mhc.store.bulk import bulk_insert, together
from mhc.store.counting import Scope
from mhc.store.people import CHUNK, Role
from mhc.store.schema import ledger_entry

FORGOTTEN = erasing.WORD  # in the place of the name, where the amount stays
_ENTRY = tuple(ledger_entry.c[name] for name in Entry._fields)
_COLUMNS = ("room_id", *Entry._fields, "person_id", "batch_id")
_ADD = bulk_insert(ledger_entry, _COLUMNS, "ON CONFLICT DO NOTHING")


class Row(NamedTuple):
    """An entry, and whose it is: the person's row, None where nobody is named."""

    entry: Entry
    person_id: int | None


def list_all(
    conn: Connection, room_ids: Sequence[int], since: datetime | None = None, until: datetime | None = None
) -> list[Row]:
    """Give the rows of a half-open time with the one before and the one after it, in the order of time."""
    first, last = _before(conn, room_ids, since), _after(conn, room_ids, until)
    query = _of(room_ids)
    query = query if first is None else query.where(ledger_entry.c.at >= first)
    query = query if last is None else query.where(ledger_entry.c.at <= last)
    rows = [Row(Entry(*row[:-1]), row[-1]) for row in conn.execute(query)]
    whose = {id(row.entry): row.person_id for row in rows}
    return [Row(one, whose[id(one)]) for one in ledger.in_order(row.entry for row in rows)]


def _of(room_ids: Sequence[int]) -> Select[Any]:
    return select(*_ENTRY, ledger_entry.c.person_id).where(ledger_entry.c.room_id.in_(room_ids))


def _before(conn: Connection, room_ids: Sequence[int], since: datetime | None) -> datetime | None:
    if since is None:
        return None
    at = ledger_entry.c.at
    query = select(func.max(at)).where(ledger_entry.c.room_id.in_(room_ids), at < since)
    found: datetime | None = conn.execute(query).scalar()
    return found or since


def _after(conn: Connection, room_ids: Sequence[int], until: datetime | None) -> datetime | None:
    if until is None:
        return None
    at = ledger_entry.c.at
    query = select(func.min(at)).where(ledger_entry.c.room_id.in_(room_ids), at >= until)
    found: datetime | None = conn.execute(query).scalar()
    return found or until


def known(conn: Connection, room_ids: Sequence[int], entries: Sequence[Entry]) -> dict[object, datetime]:
    """Give which of some entries are stored, by their keys, and the instants that they were taken for."""
    if not entries or not room_ids:
        return {}
    stamps = [one.stamp for one in entries]
    wanted = {one.key for one in entries}
    stamp = ledger_entry.c.stamp
    query = _of(room_ids).where(stamp >= min(stamps), stamp <= max(stamps))
    found = (Entry(*row[:-1]) for row in conn.execute(query))
    return {one.key: one.at for one in found if one.key in wanted}


def without_erased(conn: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Give entries without whom was forgotten: the amounts stay, so that no row is missing. Raises ConfigError."""
    until = erasures.until_ms(conn)
    if until is None:
        return list(entries)
    erased = erasures.load(conn)
    return [_clean(one, erased) for one in entries]


def _clean(one: Entry, erased: erasures.Erased) -> Entry:
    if one.username and erased.covers(one.username, one.at):
        of = erased.of(one.username)
        return one._replace(username=(of and of.heir) or FORGOTTEN, note="")
    return one._replace(note=erasing.without(one.note, lambda name: erased.before(name, one.at)))


def strangers(conn: Connection, entries: Iterable[Entry]) -> list[str]:
    """Give the names in entries that nobody goes or ever went by."""
    names = _names(entries)
    return sorted(names - _resolved(conn, names).keys())


def _names(entries: Iterable[Entry]) -> set[str]:
    return {one.username for one in entries} - {"", FORGOTTEN}


def _resolved(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Give who goes by each name now; else who gave it up last, which an export of today may still call so."""
    wanted = set(names)
    found = people.ids_of(conn, wanted)
    for name in wanted - found.keys():
        if had := holders.of(conn, name):
            found[name] = had[0].person_id
    return found


def names_of(conn: Connection, entries: Iterable[Entry]) -> dict[str, str]:
    """Give what the person of each name in entries is called now; the name itself where nobody knows them."""
    names = _names(entries)
    ids = _resolved(conn, names)
    now = called(conn, ids.values())
    return {name: now[ids[name]] if name in ids else name for name in names}


def add(
    conn: Connection, room_ids: Sequence[int], entries: Sequence[Entry], *, at: datetime, batch_id: int
) -> None:
    """Store entries that are new; whom they name is made where nobody knows them yet."""
    ids = _resolved(conn, _names(entries))
    missing = _names(entries) - ids.keys()
    ids |= people.ensure(conn, missing, source="import", at=at)
    rows = [
        (room_ids[0], one.stamp, to_ms(one.at), *one[2:], ids.get(one.username), batch_id) for one in entries
    ]
    together(conn, (_ADD, rows))
    came = {ids[one.username] for one in entries if one.username in ids and is_evidence(one)}
    people.add_evidence(conn, came - set(room_ids), Role.VIEWER)


def is_evidence(one: Entry) -> bool:
    """Whether an entry says that who is named in it was there as a viewer."""
    return one.change > 0 and ledger.word(one.kind) in ledger.OPEN_KINDS


def came_by(person_id: int) -> Select[tuple[int]]:
    """Give the query of rows that say that a person was in the room of another."""
    c = ledger_entry.c
    kinds = func.lower(c.kind).in_(sorted(ledger.OPEN_KINDS))
    return select(c.id).where(c.person_id == person_id, c.room_id != person_id, c.change > 0, kinds)


def people_of(conn: Connection, batch_id: int) -> set[int]:
    """Give whom the rows of an import name."""
    query = select(ledger_entry.c.person_id).where(ledger_entry.c.batch_id == batch_id).distinct()
    return {who for who in conn.execute(query).scalars() if who is not None}


def side_of(one: payments.Payment, names: dict[int, str], place: int) -> Side:
    """Give a captured payment as a side of a match; `names` has what each row's person is called."""
    who = "" if one.actor_id is None else names[one.actor_id]
    return Side(one.at_ms, "tip" if one.is_tip else "media", one.tokens, who, one.anonymous, place)


def side(one: Entry, who: str, place: int) -> Side | None:
    """Give an entry as a side of a match; None where it is of a kind that is never captured, or of somebody forgotten."""
    kind = ledger.word(one.kind)
    is_tip = kind == ledger.TIP
    if one.change <= 0 or not (is_tip or kind in ledger.MEDIA) or one.username == FORGOTTEN:
        return None
    return Side(to_ms(one.at), "tip" if is_tip else "media", one.change, who, anonymous=False, place=place)


def called(conn: Connection, ids: Iterable[int | None]) -> dict[int, str]:
    """Give what the person of each row is called, merged people by their root's name."""
    rows = {who for who in ids if who is not None}
    roots = people.roots(conn)
    of = {who: roots.get(who, who) for who in rows}
    names = people.names_by_id(conn, of.values())
    return {who: names[root] for who, root in of.items()}


def hidden(conn: Connection, person_ids: Sequence[int]) -> set[int]:
    """Give the rows of a person that may be tips they did not want to be named with.

    The file may name who tipped anonymously: a tip is theirs openly only where one was captured that was open.
    """
    c = ledger_entry.c
    query = select(c.id, c.room_id, *_ENTRY, c.person_id).where(c.person_id.in_(person_ids))
    by_room: dict[int, list[tuple[int, Row]]] = {}
    for number, room_id, *entry, who in conn.execute(query.order_by(c.id)):
        root = people.root_of(conn, room_id)
        by_room.setdefault(root, []).append((number, Row(Entry(*entry), who)))
    return {number for root, rows in by_room.items() for number in _hidden(conn, root, rows, person_ids)}


def _hidden(
    conn: Connection, root: int, rows: Sequence[tuple[int, Row]], person_ids: Sequence[int]
) -> set[int]:
    names = dict.fromkeys(person_ids, "x")
    tips = [(n, row) for n, row in rows if ledger.word(row.entry.kind) == ledger.TIP]
    sides = [one for place, (_, row) in enumerate(tips) if (one := side(row.entry, "x", place)) is not None]
    mine = [
        one
        for one in payments.list_all(conn, Scope(people.members(conn, root)))
        if one.actor_id in names and not one.anonymous and one.at_ms
    ]
    events = [side_of(one, names, place) for place, one in enumerate(mine)]
    shown = {place for place, _ in match(sides, events)}
    return {number for place, (number, _) in enumerate(tips) if place not in shown}


def forget(conn: Connection, person_ids: Sequence[int], heir: tuple[int, str] | None) -> None:
    """Take a person out of the ledgers of others; the amounts stay, since a balance follows from the one before."""
    who, name = heir or (None, FORGOTTEN)
    c, twin = ledger_entry.c, ledger_entry.alias()
    same = [twin.c[one] == c[one] for one in ("room_id", "stamp", "change", "balance", "kind")]
    others = c.room_id.not_in(person_ids)
    for start in range(0, len(person_ids), CHUNK):
        mine = c.person_id.in_(person_ids[start : start + CHUNK])
        own = and_(twin.c.person_id.in_(person_ids), twin.c.id < c.id)
        doubled = select(twin.c.id).where(*same, or_(twin.c.username == name, own)).exists()
        conn.execute(delete(ledger_entry).where(mine, others, doubled))
        values = {"person_id": who, "username": name, "note": ""}
        conn.execute(update(ledger_entry).where(mine, others).values(values))
