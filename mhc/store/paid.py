"""What was paid: tips and media, by person, amount and session. Answered by indexes, never by a scan of all events.

Anonymous payments are told apart: they count for whoever made them only where a caller reveals it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, or_, select

from mhc.domain.events import METHODS, Flag
from mhc.store.schema import event, stream, stream_session

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_is_tip: ColumnElement[bool] = event.c.method_id == _TIP
_owner = select(stream.c.room_id).where(stream.c.id == event.c.stream_id).correlate(event).scalar_subquery()
# An event that names no room belongs to the room that was listened to, as the totals have it.
room_of_event: ColumnElement[Any] = func.coalesce(event.c.room_id, _owner)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which payments are asked for: of some rooms (None: all), in a half-open time."""

    room_ids: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    testbed: bool = False


@dataclass(frozen=True, slots=True)
class Amounts:
    """Payments of one person that are alike: the same amount, tips or not, anonymous or not."""

    actor_id: int | None
    anonymous: bool
    is_tip: bool
    tokens: int
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """One tip or purchase."""

    at: datetime
    actor_id: int | None
    anonymous: bool
    is_tip: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Tips:
    """What one person paid: the extremes of their tips, and their tokens since some instants."""

    largest: int | None
    first_at: datetime | None
    last_at: datetime | None
    since: tuple[int, ...]


def by_amount(conn: Connection, scope: Scope) -> list[Amounts]:
    """Give the payments of a scope, those that are alike together."""
    group = (event.c.actor_id, _anonymous.label("anonymous"), _is_tip.label("is_tip"), event.c.tokens)
    query = select(*group, func.count(), func.min(event.c.at), func.max(event.c.at))
    rows = conn.execute(_within(conn, query, scope).group_by(*group))
    return [Amounts(row[0], bool(row[1]), bool(row[2]), *row[3:]) for row in rows]


def tippers_by_session(conn: Connection, scope: Scope) -> list[tuple[int, int | None, bool]]:
    """Give who tipped in which session, each once: session, person, whether anonymously."""
    s = stream_session.c
    begun = select(s.id).where(s.room_id == room_of_event, s.started_at <= event.c.at)
    latest = begun.order_by(s.started_at.desc()).limit(1).correlate(event).scalar_subquery().label("session")
    group = (latest, event.c.actor_id, _anonymous.label("anonymous"))
    query = select(*group, func.min(event.c.at).label("first_at")).where(_is_tip)
    tips = _within(conn, query, scope).group_by(*group).subquery()
    within = or_(s.ended_at.is_(None), tips.c.first_at < s.ended_at)
    found = select(tips.c.session, tips.c.actor_id, tips.c.anonymous)
    rows = conn.execute(found.join(stream_session, s.id == tips.c.session).where(within))
    return [(row[0], row[1], bool(row[2])) for row in rows]


def list_all(conn: Connection, scope: Scope) -> list[Payment]:
    """Give the payments of a scope in order of time."""
    query = select(event.c.at, event.c.actor_id, _anonymous, _is_tip, event.c.tokens).order_by(event.c.at)
    rows = conn.execute(_within(conn, query, scope))
    return [Payment(row[0], row[1], bool(row[2]), bool(row[3]), row[4]) for row in rows]


def of_person(
    conn: Connection,
    person_ids: Sequence[int],
    room_ids: Sequence[int] | None,
    since: Sequence[datetime],
    *,
    reveal: bool,
) -> Tips:
    """Give what a person paid in some rooms (None: all); their anonymous payments where `reveal` says so."""
    only_tips = [case((_is_tip, column)) for column in (event.c.tokens, event.c.at, event.c.at)]
    extremes = (func.max(only_tips[0]), func.min(only_tips[1]), func.max(only_tips[2]))
    recent = (
        cast(func.coalesce(func.sum(case((event.c.at >= at, event.c.tokens))), 0), BigInteger) for at in since
    )
    query = select(*extremes, *recent).where(event.c.actor_id.in_(person_ids))
    if not reveal:
        query = query.where(~_anonymous)
    row = conn.execute(_within(conn, query, Scope(room_ids))).one()
    return Tips(row[0], row[1], row[2], tuple(row[3:]))


def _within(conn: Connection, query: Any, scope: Scope) -> Any:
    """Keep the payments of a scope; the streams of the testbed are named, so that the index alone can answer."""
    query = query.where(event.c.tokens.is_not(None))
    if scope.since is not None:
        query = query.where(event.c.at >= scope.since)
    if scope.until is not None:
        query = query.where(event.c.at < scope.until)
    if scope.room_ids is not None:
        query = query.where(room_of_event.in_(scope.room_ids))
    if not scope.testbed:
        testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
        query = query.where(event.c.stream_id.not_in(testbed)) if testbed else query
    return query
