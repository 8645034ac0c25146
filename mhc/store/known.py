"""What a page needs to know before it is kept, in one exchange: that the stream is ours, and how things stand."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from mhc.domain.names import PLATFORM
from mhc.store import sessions, streams
from mhc.store.bulk import Batch, Bulk, Call, Rows
from mhc.store.erasures import ALWAYS_MS
from mhc.store.people import Role
from mhc.store.schema import alias, event
from mhc.store.streams import Moved, Stream

_STANDS = Bulk(
    event,
    ("stream_id", "room_id"),
    "SELECT (SELECT id_ms FROM event WHERE stream_id = new.stream_id ORDER BY id_ms DESC LIMIT 1),"  # noqa: S608 - a number of ours
    " (SELECT id FROM capture_coverage WHERE stream_id = new.stream_id ORDER BY to_at DESC, id DESC LIMIT 1),"
    " (SELECT max(to_at) FROM capture_coverage WHERE stream_id = new.stream_id),"
    " (SELECT state FROM room_state WHERE room_id = new.room_id),"
    " (SELECT id FROM stream WHERE room_id = new.room_id AND kind = 'paste' LIMIT 1),"
    f" (SELECT max(CASE WHEN blocked THEN {ALWAYS_MS} ELSE at END) FROM erasure) FROM {{new}}",
    asks=True,
)
_PEOPLE = Bulk(
    alias,
    ("username",),
    "SELECT alias.username, alias.person_id, person.role, person.role_by_hand"  # noqa: S608 - our own word
    " FROM alias JOIN person ON person.id = alias.person_id, {new}"
    f" WHERE alias.platform = '{PLATFORM}' AND alias.username = new.username AND alias.valid_to IS NULL",
    asks=True,
)
_UNPROVEN = frozenset({Role.UNKNOWN, Role.MODEL})


class Known(NamedTuple):
    """How a stream, its room and the people of a page stand. A tuple: each page makes one."""

    newest_ms: int | None  # the highest id that is stored; None: no event is
    cover_id: int | None  # the row of its latest cover
    covered_ms: int | None  # where that ends
    room_state: str | None
    erased_ms: int | None  # from when on nobody was forgotten; None: nobody ever was
    ids: dict[str, int]  # who goes by a name now
    viewers: frozenset[int]  # who is known as a viewer, or set by hand
    locked: bool  # whether the room is locked: else its state may be another by now
    pasted: bool  # whether lines were pasted into the room, which coverage may touch


def take(
    batch: Batch,
    held: Stream,
    names: Iterable[str],
    *,
    now: datetime,
    valid: timedelta,
    moved: Moved | None,
    lock: bool = True,
) -> Known | None:
    """Move the cursor under the lease's epoch (None: leave it), and look; None where the lease is another's.

    The row that is changed first keeps every other writer of this stream out, so that what is seen stays true.
    `lock` locks the stream's room, too: for a page that is about no other, since rooms are locked in order.
    """
    move = streams.holding(held, on_server=batch.on_server, now=now, valid=valid, moved=moved, lock=lock)
    ours, *found = batch.ask(move, *_questions(held.id, held.room_id, names))
    return _known(*found, locked=lock) if ours else None


def look(
    batch: Batch, stream_id: int, room_id: int | None, names: Iterable[str], *, lock: bool = False
) -> Known:
    """Look at how a stream stands whose row the caller has locked; `lock` as for `take`."""
    calls = [sessions.locking(room_id)] if lock and room_id is not None and batch.on_server else []
    return _known(*batch.ask(*calls, *_questions(stream_id, room_id, names)), locked=lock)


def _questions(stream_id: int, room_id: int | None, names: Iterable[str]) -> list[Call]:
    wanted = [(name,) for name in sorted(set(names))]
    return [(_STANDS, [(stream_id, room_id)]), *([(_PEOPLE, wanted)] if wanted else [])]


def _known(stands: Rows, people: Rows = (), *, locked: bool) -> Known:
    newest_ms, cover_id, covered_ms, state, pasted, erased_ms = stands[0]
    ids: dict[str, int] = {name: who for name, who, _role, _by_hand in people}
    viewers = (who for _name, who, role, by_hand in people if by_hand or role not in _UNPROVEN)
    return Known(
        newest_ms, cover_id, covered_ms, state, erased_ms, ids, frozenset(viewers), locked, pasted is not None
    )
