"""Taking back what an import brought: its rows, unless somebody changed them since, and what follows from them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from mhc.store import follows, ledger, pasted, relations, roles, tip_menus, watchlists
from mhc.store.import_batches import Batch, host_of
from mhc.store.schema import (
    alias,
    attribute,
    event,
    follow_change,
    ledger_entry,
    link,
    note,
    note_word,
    pair,
    person,
    person_name,
    rating_change,
    relationship_change,
    stream,
    tip_menu,
    watchlist_member,
)
from mhc.store.streams import Kind


@dataclass(slots=True)
class Undone:
    """How many rows of which kind went, and how many stay since somebody changed them."""

    gone: Counter[str] = field(default_factory=Counter)
    stay: Counter[str] = field(default_factory=Counter)


# Kind of row → its table, and what shows that somebody changed it since.
_ROWS: dict[str, tuple[Table, ColumnElement[bool] | None]] = {
    "notes": (note, note.c.edited_at.is_not(None)),
    "links": (link, link.c.removed_at.is_not(None)),
    "names": (person_name, person_name.c.removed_at.is_not(None)),
    "attributes": (attribute, attribute.c.unset_at.is_not(None)),
    "lists": (watchlist_member, watchlist_member.c.removed_at.is_not(None)),
    "pairs": (pair, pair.c.removed_at.is_not(None)),
    "follows": (follow_change, None),
    "aliases": (alias, None),
    "menu items": (tip_menu, None),
    "ledger rows": (ledger_entry, None),
}


def undo(conn: Connection, batch: Batch, *, write: bool) -> Undone:
    """Take back what an import brought; without `write` only say what would go."""
    done = Undone()
    lines_of = _people_of(conn, batch) | ledger.people_of(conn, batch.id)
    for number in _streams(conn, batch):
        query = select(func.count()).select_from(event).where(event.c.stream_id == number)
        done.gone["lines"] += pasted.remove(conn, number) if write else conn.execute(query).scalar_one()
    for name, (table, changed) in _ROWS.items():
        _count_of(conn, batch.id, name, table, changed, done)
    if write:
        _open_again(conn, batch)
        _take(conn, batch.id)
    _ratings(conn, batch.id, done, write=write)
    _relations(conn, batch.id, done, write=write)
    done.gone["roles"], done.stay["roles"] = roles.give_back(conn, batch.set, write=write)
    if write:
        roles.forget_imported(conn, lines_of)
        watchlists.drop_unused(conn, batch.set.list_ids)
    return done


def _people_of(conn: Connection, batch: Batch) -> set[int]:
    """Give who stands in the lines of a paste, and the room of the import."""
    query = select(event.c.actor_id, event.c.partner_id).where(event.c.stream_id.in_(_streams(conn, batch)))
    return {
        who for row in [*conn.execute(query.distinct()), (batch.room_id,)] for who in row if who is not None
    }


def _streams(conn: Connection, batch: Batch) -> list[int]:
    query = select(stream.c.id).where(stream.c.room_id == batch.room_id, stream.c.kind == Kind.PASTE)
    return list(conn.execute(query.where(stream.c.host == host_of(batch.id, batch.hash))).scalars())


def _count_of(
    conn: Connection,
    batch_id: int,
    name: str,
    table: Table,
    changed: ColumnElement[bool] | None,
    done: Undone,
) -> None:
    mine = [table.c.batch_id == batch_id]
    if changed is not None:
        done.stay[name] += _count(conn, table, [*mine, changed])
        mine.append(~changed)
    done.gone[name] += _count(conn, table, mine)


def _take(conn: Connection, batch_id: int) -> None:
    ids = select(note.c.id).where(note.c.batch_id == batch_id, note.c.edited_at.is_(None))
    conn.execute(delete(note_word).where(note_word.c.note_id.in_(ids)))
    follows.take_back(conn, batch_id)
    for table, changed in _ROWS.values():
        mine = delete(table).where(table.c.batch_id == batch_id)
        conn.execute(mine if changed is None else mine.where(~changed))


def _count(conn: Connection, table: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
    found: int = conn.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()
    return found


def _open_again(conn: Connection, batch: Batch) -> None:
    """Let what the import put an end to go on: values, names and menu items that its own took the place of."""
    for table, of, begun, ended in (
        (attribute, "key", "set_at", "unset_at"),
        (person_name, "kind", "added_at", "removed_at"),
    ):
        mine, c = table.alias(), table.c
        same = (mine.c.person_id == c.person_id, mine.c[of] == c[of], mine.c[begun] == c[ended])
        taken = select(mine.c.id).where(*same, mine.c.batch_id == batch.id, mine.c[ended].is_(None)).exists()
        ids = list(conn.execute(select(c.id).where(taken)).scalars())
        conn.execute(delete(table).where(c.batch_id == batch.id, c[ended].is_(None)))
        conn.execute(update(table).where(c.id.in_(ids)).values({ended: None}))
    if batch.kind == "tipmenu":
        tip_menus.open_again(conn, batch)


def _ratings(conn: Connection, batch_id: int, done: Undone, *, write: bool) -> None:
    """Take ratings back where they are the last ones; the rating before holds again."""
    c = rating_change.c
    for number, who in conn.execute(select(c.id, c.person_id).where(c.batch_id == batch_id)).all():
        query = select(c.id, c.rating).where(c.person_id == who).order_by(c.id.desc())
        latest, *before = conn.execute(query.limit(2)).all()
        if latest.id != number:
            done.stay["ratings"] += 1
            continue
        done.gone["ratings"] += 1
        if write:
            conn.execute(delete(rating_change).where(c.id == number))
            rating = before[0].rating if before else None
            conn.execute(update(person).where(person.c.id == who).values(rating=rating))


def _relations(conn: Connection, batch_id: int, done: Undone, *, write: bool) -> None:
    """Take changes of relationships back, each field where its change is the last one."""
    c, later = relationship_change.c, relationship_change.alias()
    newer = (later.c.person_id == c.person_id, later.c.field == c.field, later.c.id > c.id)
    changed = select(later.c.id).where(*newer, later.c.batch_id.is_distinct_from(batch_id)).exists()
    mine = select(c.id, c.person_id, changed).where(c.batch_id == batch_id)
    rows = conn.execute(mine.order_by(c.person_id, c.id)).all()
    last = [row for row in rows if not row[2]]
    done.gone["relationships"] += len(last)
    done.stay["relationships"] += len(rows) - len(last)
    if write and last:
        conn.execute(delete(relationship_change).where(c.id.in_([row.id for row in last])))
        for who in sorted({row.person_id for row in last}):
            relations.keep(conn, who)
