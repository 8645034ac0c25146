"""What was typed about people, from an export: lists and who is on them, notes, merges. What is here stays."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select, update

from mhc.store import canonical, current_names, lines, notes, people, watchlists
from mhc.store.people import CHUNK
from mhc.store.schema import note, person_merge, session_note, watchlist, watchlist_member
from mhc.store.upsert import insert_new


def add_lists(conn: Connection, found: Sequence[lines.List], *, write: bool) -> int:
    """Make the lists that are not here."""
    known = {one.name.lower() for one in watchlists.list_all(conn)}
    new = [one for one in found if one.name.lower() not in known]
    for one in new if write else ():
        insert_new(conn, watchlist, {"name": one.name, "system": False})
    return len(new)


def add_members(conn: Connection, found: Sequence[tuple[lines.Member, int]], *, write: bool) -> int:
    """Put people on the lists that they are on there, and take off who was taken off."""
    new = 0
    w = watchlist_member.c
    lists = {one.name.lower(): one.id for one in watchlists.list_all(conn)}
    for line, who in found:
        list_id = lists.get(line.list.lower())
        if list_id is None:
            if not write:
                new += 1
                continue
            list_id = lists[line.list.lower()] = watchlists.create(conn, line.list).id
        query = select(w.id, w.added_at, w.removed_at).where(w.list_id == list_id, w.person_id == who)
        rows = conn.execute(query).all()
        same = next((row for row in rows if row.added_at == line.added_at), None)
        if same is not None:
            if write and same.removed_at is None and line.removed_at is not None:
                conn.execute(
                    update(watchlist_member).where(w.id == same.id).values(removed_at=line.removed_at)
                )
            continue
        if line.removed_at is None and any(row.removed_at is None for row in rows):
            continue
        new += 1
        if write:
            row = {"list_id": list_id, "person_id": who, "added_at": line.added_at}
            insert_new(conn, watchlist_member, row | {"removed_at": line.removed_at, "note": line.note})
    return new


def add_notes(conn: Connection, found: Sequence[tuple[lines.Note, int]], *, write: bool) -> int:
    """Keep the notes that are not here."""
    names = ("category", "body", "happened_at", "source", "created_at")
    ids = sorted({who for _line, who in found})
    query = select(note.c.person_id, *(note.c[name] for name in names))
    known = {
        tuple(row)
        for start in range(0, len(ids), CHUNK)
        for row in conn.execute(query.where(note.c.person_id.in_(ids[start : start + CHUNK])))
    }
    rows = []
    for line, who in found:
        values = tuple(getattr(line, name) for name in names)
        if (who, *values) not in known:
            rows.append({"person_id": who} | dict(zip(names, values, strict=True)))
    if write:
        notes.add_many(conn, rows)
    return len(rows)


def add_session_notes(
    conn: Connection, found: Sequence[tuple[lines.SessionNote, int]], *, write: bool
) -> int:
    """Keep the notes on sessions that are not here."""
    names = ("at", "body", "created_at")
    n = session_note.c
    rooms = {room for _line, room in found}
    query = select(n.room_id, *(n[name] for name in names)).where(n.room_id.in_(sorted(rooms)))
    known = {tuple(row) for row in conn.execute(query)}
    new = 0
    for line, room_id in found:
        key = (room_id, *(getattr(line, name) for name in names))
        if key not in known:
            known.add(key)
            new += 1
            if write:
                row = dict(zip(("room_id", *names), key, strict=True))
                conn.execute(insert(session_note).values(**row, edited_at=line.edited_at))
    return new


def add_merges(
    conn: Connection, found: Sequence[tuple[lines.Merge, int, int]], *, write: bool
) -> tuple[int, int]:
    """Merge who is merged there. Gives how many merges are new, and how many contradict those that are here."""
    m = person_merge.c
    new = refused = 0
    if write:
        people.lock_names(conn)
    into = canonical.merged_into(conn)
    for line, keep, other in found:
        same = (m.keep_id == keep, m.other_id == other, m.at == line.at)
        row = conn.execute(select(m.id, m.undone_at).where(*same)).one_or_none()
        if row is not None:
            if row.undone_at is None and line.undone_at is not None:
                into.pop(other, None)  # and may be merged again, further on in the file
                if write:
                    conn.execute(update(person_merge).where(m.id == row.id).values(undone_at=line.undone_at))
            continue
        if line.undone_at is None:
            if not _may_merge(into, keep, other):
                refused += 1
                continue
            into[other] = keep
        new += 1
        if write:
            names = {"keep_id": keep, "other_id": other, "reason": line.reason, "at": line.at}
            conn.execute(insert(person_merge).values(**names, undone_at=line.undone_at))
    if write and found:
        canonical.flatten(conn)
        current_names.follow(conn)
    return new, refused


def _may_merge(into: Mapping[int, int], keep: int, other: int) -> bool:
    """Whether nobody merged the other already, and the two are not one by way of the other."""
    return other not in into and canonical.root(into, keep) != other
