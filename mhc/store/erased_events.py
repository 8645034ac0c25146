"""Events that come in, without those who were forgotten: before they are compared with what is stored, or stored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from mhc.domain import erasing
from mhc.domain.clock import from_ms, to_ms
from mhc.domain.events import Event
from mhc.store import erasures
from mhc.store.erasures import Erased
from mhc.store.events import Resolved, time_of


def anonymous(
    conn: Connection, events: Sequence[Event], received_at: datetime, until_ms: int | None
) -> Sequence[Event]:
    """Give a page's events without whom was forgotten; the same ones where all are later than every erasure."""
    received_ms = to_ms(received_at)
    if until_ms is None or all(time_of(one, received_ms) >= until_ms for one in events):
        return events
    left = cleaner(erasures.load(conn))
    return [kept for one in events if (kept := left(one, from_ms(time_of(one, received_ms)))) is not None]


def resolved(conn: Connection, given: Sequence[Resolved]) -> Sequence[Resolved]:
    """Give events whose people are known already without whom was forgotten; amounts go to who has the others."""
    until_ms = erasures.until_ms(conn)
    if until_ms is None or not any(_is_to_clean(one, until_ms) for one in given):
        return given
    return list(_resolved(conn, cleaner(erasures.load(conn)), given))


Cleaner = Callable[[Event, datetime], Event | None]


def _is_to_clean(one: Resolved, until_ms: int) -> bool:
    early = time_of(one.event, to_ms(one.received_at)) < until_ms
    return early or 0 in (one.room_id, one.actor_id, one.partner_id)


def _resolved(conn: Connection, left: Cleaner, given: Iterable[Resolved]) -> Iterator[Resolved]:
    from mhc.store import people

    heirs: dict[str, int] = {}
    for one in given:
        kept = left(one.event, from_ms(time_of(one.event, to_ms(one.received_at))))
        if kept is not None and kept.actor == one.event.actor and 0 in (one.actor_id, one.partner_id):
            kept = erasing.anonymous(one.event, None)  # by another name than those that are known
        if kept is None or one.room_id == 0:
            continue
        if kept is one.event or (kept.actor, kept.partner) == (one.event.actor, one.event.partner):
            yield one._replace(event=kept)
            continue
        if kept.actor is not None and kept.actor not in heirs:
            heirs |= people.ids_of(conn, [kept.actor])
        actor = None if kept.actor is None else heirs[kept.actor]
        yield one._replace(event=kept, actor_id=actor, partner_id=None)


def cleaner(erased: Erased) -> Cleaner:
    """Give what makes of an event, with its time, what may be kept of it; None where that is nothing."""

    def left(one: Event, at: datetime) -> Event | None:
        if erased.covers(one.room, at):
            return None
        if erasing.names(one, lambda name: erased.covers(name, at)):
            of = erased.of(one.actor) if one.actor is not None and erased.covers(one.actor, at) else None
            return erasing.anonymous(one, of.heir if of else None)
        if not erased.mentions(at):
            return one
        return erasing.event_without(one, lambda name: erased.before(name, at))

    return left


def brought(conn: Connection, received_at: datetime) -> Callable[[Event], Event | None]:
    """Give what makes of a line that somebody brings in what may be kept of it; None where it is one of somebody forgotten.

    A line of unknown time is older than every erasure.
    """
    if erasures.until_ms(conn) is None:
        return lambda one: one
    erased = erasures.load(conn)
    left, received_ms = cleaner(erased), to_ms(received_at)

    def keep(one: Event) -> Event | None:
        at = from_ms(time_of(one, received_ms))
        if any(erased.covers(name, at) for name in (one.room, one.actor, one.partner)):
            return None
        return left(one, at)

    return keep


def may_keep(conn: Connection, body: bytes, at: datetime) -> bool:
    """Whether what could not become an event names nobody who was forgotten since."""
    until_ms = erasures.until_ms(conn)
    if until_ms is None or to_ms(at) >= until_ms:
        return True
    erased = erasures.load(conn)
    return not any(erased.covers(word, at) for word in erasing.words(body.decode(errors="replace")))
