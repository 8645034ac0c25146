"""A room's tip menu: its items, and when each stood there."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from mhc.domain.paste_menu import Item
from mhc.store.import_batches import Batch
from mhc.store.schema import import_batch, tip_menu


class Change(NamedTuple):
    """What a menu changes: items that come, that stay, and that are no longer there."""

    new: Sequence[Item]
    same: Sequence[Item]
    gone: Sequence[Item]


def standing(conn: Connection, room_ids: Sequence[int]) -> list[Item]:
    """Give what stands in a room's menu now, by tokens and label."""
    c = tip_menu.c
    query = select(c.tokens, c.label).where(c.room_id.in_(room_ids), c.to_at.is_(None))
    return [Item(*row) for row in conn.execute(query.order_by(c.tokens, c.label, c.id))]


class Stood(NamedTuple):
    """An item, and from when to when it stood in a room's menu; None: it stands there now."""

    room_id: int
    label: str
    tokens: int
    from_at: datetime
    to_at: datetime | None


def history(conn: Connection, room_ids: Sequence[int] | None) -> list[Stood]:
    """Give all that ever stood in the menus of some rooms (None: all), by tokens and label."""
    c = tip_menu.c
    query = select(c.room_id, c.label, c.tokens, c.from_at, c.to_at)
    if room_ids is not None:
        query = query.where(c.room_id.in_(room_ids))
    return [Stood(*row) for row in conn.execute(query.order_by(c.tokens, c.label, c.from_at, c.id))]


def compare(conn: Connection, room_ids: Sequence[int], items: Sequence[Item]) -> Change:
    """Say what a menu would change. Writes nothing."""
    now = standing(conn, room_ids)
    return Change(
        [one for one in items if one not in now],
        [one for one in items if one in now],
        [one for one in now if one not in items],
    )


def replace(
    conn: Connection, room_ids: Sequence[int], change: Change, *, at: datetime, batch_id: int
) -> None:
    """Put a menu in the place of the one before: what is no longer in it ends now."""
    c = tip_menu.c
    for one in change.gone:
        mine = (c.room_id.in_(room_ids), c.label == one.label, c.tokens == one.tokens, c.to_at.is_(None))
        conn.execute(update(tip_menu).where(*mine).values(to_at=at))
    about = {"room_id": room_ids[0], "from_at": at, "source": "import", "batch_id": batch_id}
    if change.new:
        conn.execute(insert(tip_menu), [about | one._asdict() for one in change.new])


def open_again(conn: Connection, batch: Batch) -> None:
    """Let the items that an import ended stand again: until the next import of a menu, which has none of them."""
    b, c = import_batch.c, tip_menu.c
    later = (b.kind == batch.kind, b.room_id == batch.room_id, b.id > batch.id, b.undone_at.is_(None))
    until = conn.execute(select(b.at).where(*later).order_by(b.id).limit(1)).scalar()
    ended = (c.room_id == batch.room_id, c.to_at == batch.at)
    conn.execute(update(tip_menu).where(*ended).values(to_at=until))
