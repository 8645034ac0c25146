"""What a person is, told by what is stored of them: for who takes back what was set by hand."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, or_, select, update

from mhc.domain.events import METHODS, Flag
from mhc.store import import_batches, ledger, merged, people
from mhc.store.derived import SEEN_AS_VIEWER
from mhc.store.people import Person, Role
from mhc.store.schema import (
    alias,
    event,
    person,
    room_latest,
    snapshot,
    snapshot_source,
    stream,
    stream_session,
    visit,
)

_METHODS = [number for number, name in METHODS.items() if name in SEEN_AS_VIEWER]


def of(conn: Connection, root_id: int, *, by_hand: bool = True) -> Role:
    """Give a person's role as it reads; without `by_hand` as it would where nobody had set it. Writes nothing."""
    rows = people.merged(conn, root_id)
    if by_hand:
        return Role(merged.as_one(rows, root_id).role)
    return merged.united(_evidence(conn, one) for one in rows)


def set_by_hand(conn: Connection, root_id: int, role: str) -> None:
    """Set what a person is, which no undo of an import takes back."""
    import_batches.overrule(conn, roles_of=[root_id])
    people.set_role(conn, root_id, role, by_hand=True)


def back_to_evidence(conn: Connection, root_id: int) -> Role:
    """Forget what was set by hand on any of a person's rows, and give what the evidence says."""
    rows = people.merged(conn, root_id)
    _lock(conn, [one.id for one in rows])
    import_batches.overrule(conn, roles_of=[one.id for one in rows])
    for one in rows:
        found = {"role": str(_evidence(conn, one)), "role_by_hand": False}
        conn.execute(update(person).where(person.c.id == one.id).values(**found))
    return of(conn, root_id)


def give_back(conn: Connection, given: import_batches.Set, *, write: bool) -> tuple[int, int]:
    """Take back the roles that an import gave; give how many went, and how many stay.

    One that somebody set since stays, were it the same. What was seen since counts.
    """
    gone = stay = 0
    for who, (before, role) in sorted(given.roles.items()):
        one = people.by_id(conn, who)
        if one is None:
            continue
        if who in given.overruled or one.role != role or not one.role_by_hand:
            stay += 1
            continue
        gone += 1
        if write:
            _lock(conn, [who])
            found = merged.united([before, _evidence(conn, one)])
            conn.execute(update(person).where(person.c.id == who).values(role=str(found), role_by_hand=False))
    return gone, stay


def forget_imported(conn: Connection, person_ids: Iterable[int]) -> None:
    """Leave people whom nobody saw no role that nothing says any more, after what an import brought was taken away.

    Models are those by an import only whom an import made.
    """
    made = select(alias.c.person_id).where(alias.c.source == "import")
    unseen = (person.c.role_by_hand.is_(False), person.c.last_seen_at.is_(None))
    for who in sorted(set(person_ids)):
        row = conn.execute(select(person.c.id.in_(made)).where(person.c.id == who, *unseen)).one_or_none()
        if row is None:
            continue
        _lock(conn, [who])
        one = people.by_id(conn, who)
        assert one is not None
        doubtful = {Role.VIEWER, Role.MODEL} if row[0] else {Role.VIEWER}
        found = merged.united(_parts(one.role) - (doubtful - _parts(_evidence(conn, one))))
        conn.execute(update(person).where(person.c.id == who).values(role=str(found)))


def _parts(role: str) -> set[Role]:
    return {Role.VIEWER, Role.MODEL} if role == Role.BOTH else {Role(role)}


def _lock(conn: Connection, ids: Sequence[int]) -> None:
    """Let no listener add evidence meanwhile: what it stored before is seen, what it stores then is added."""
    conn.execute(select(person.c.id).where(person.c.id.in_(ids)).order_by(person.c.id).with_for_update())


def _evidence(conn: Connection, one: Person) -> Role:
    """Give what the owner of one row was seen as: as `derived` notes it, and by the platform's numbers."""
    model = one.rid is not None or _has_room(conn, one.id)
    viewer = one.did is not None or _came_by(conn, one.id)
    return merged.united([Role.MODEL] * model + [Role.VIEWER] * viewer)


def _has_room(conn: Connection, person_id: int) -> bool:
    rooms = select(stream.c.room_id).where(stream.c.room_id == person_id)
    started = select(stream_session.c.room_id).where(stream_session.c.room_id == person_id)
    shown = select(room_latest.c.person_id).where(room_latest.c.person_id == person_id)
    about_models = or_(
        snapshot_source.c.source.startswith("statbate.model_", autoescape=True),
        snapshot_source.c.source.in_(("stats", "apistats")),
    )
    read = select(snapshot.c.id).join(snapshot_source).where(snapshot.c.person_id == person_id, about_models)
    return any(conn.execute(query.limit(1)).first() for query in (rooms, started, shown, read))


def _came_by(conn: Connection, person_id: int) -> bool:
    """Whether a person did something under their name in a room that is not their own."""
    elsewhere = select(stream.c.id).where(stream.c.kind != "testbed", stream.c.room_id != person_id)
    did = select(event.c.id_ms).where(
        event.c.actor_id == person_id,
        event.c.method_id.in_(_METHODS),
        event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0,
        event.c.stream_id.in_(elsewhere),
    )
    came = select(visit.c.id).where(visit.c.person_id == person_id, visit.c.room_id != person_id)
    return any(conn.execute(query.limit(1)).first() for query in (did, came, ledger.came_by(person_id)))
