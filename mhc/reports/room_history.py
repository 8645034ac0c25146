"""What is known of another's room from readings of the feed: how it is now, and its sessions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain.room_sessions import RoomSession, Seen, growth, sessions, time_by_show
from mhc.domain.rooms import Mark, Show, Source, gender_of
from mhc.store import room_readings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.room_readings import Observed


Cut = Callable[[Sequence[Seen]], list[RoomSession]]


@dataclass(frozen=True, slots=True)
class RoomNow:
    """A room as it was read last; None is not known."""

    username: str
    online: bool | None
    show: str | None
    viewers: int | None
    followers: int | None
    started_at: datetime | None
    online_for: timedelta | None
    subject: str | None
    tags: Sequence[str] | None
    gender: str | None
    new: bool | None
    hd: bool | None
    observed_at: datetime | None
    source: str | None = None
    rank: int | None = None
    gender_rank: int | None = None


class Span(NamedTuple):
    """A half-open time; None is open."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """The sessions of a room, the last first, with what one source says of the time."""

    sessions: Sequence[dict[str, object]]
    readings: int
    new_followers: int | None
    by_show: dict[str, timedelta]
    ranks: Sequence[int] = ()


def now_of(one: "Observed", live_from: datetime | None) -> RoomNow:
    """Give a room by its last reading; `live_from` is from when on one says that a room is live (None: nobody knows)."""
    online = None if live_from is None else one.observed_at >= live_from and one.show is not Show.OFFLINE
    lasts = None if one.seconds_online is None else timedelta(seconds=one.seconds_online)
    return RoomNow(
        one.username,
        online,
        None if one.show is None else one.show.word,
        one.viewers,
        one.followers,
        None if lasts is None else one.observed_at - lasts,
        lasts,
        one.subject,
        one.tags,
        gender_of(one.flags),
        _mark(one, Mark.NEW),
        _mark(one, Mark.HD),
        one.observed_at,
        Source(one.source).word,
        one.rank,
        one.gender_rank,
    )


def _mark(one: "Observed", mark: Mark) -> bool | None:
    """Give whether a room has a mark; CBHours says it of some readings only, and nothing of HD."""
    return True if one.flags & mark else None if one.source == Source.CBHOURS else False


def find(conn: "Connection", person_ids: Sequence[int], now: datetime, live_for: timedelta) -> RoomNow:
    """Give a person's room as it was read last, without a name where it never was.

    That it is offline is known where a poll that is young enough says so.
    """
    one = room_readings.latest(conn, person_ids)
    young = now - live_for
    seen_at = young if one is None else max(young, one.observed_at)
    off_at = room_readings.offline_since(conn, person_ids, seen_at)
    if one is None:
        return replace(_UNSEEN, online=None if off_at is None else False)
    room = now_of(one, room_readings.live_from(conn, now, live_for))
    if off_at is not None:
        return replace(room, online=False)
    feed = room_readings.last_poll(conn)
    if room.online is False and (feed is None or feed.at < young):
        return replace(room, online=None)  # CBHours was asked about others
    return room


_UNSEEN: Final = RoomNow("", *[None] * 12)


def read(
    conn: "Connection",
    person_ids: Sequence[int],
    span: Span,
    live_from: datetime | None,
    source: Source = Source.AFFILIATE,
    cut: Cut = sessions,
) -> History:
    """Give a room's sessions in a time, or what else it is to be cut into, by the readings of one source."""
    seen = room_readings.of_people(conn, person_ids, source, *span)
    listed = cut(seen)
    last = [one.readings[-1].text_id for one in listed]
    said = room_readings.subjects(conn, [one for one in last if one is not None])
    rows = [
        _row(one, said, live_from if one.readings[-1] is seen[-1] else None, source)
        for one in reversed(listed)
    ]
    ranks = [one.rank for one in seen if one.rank is not None]
    return History(rows, len(seen), growth(seen), time_by_show(sessions(seen)), ranks)


def _row(
    one: RoomSession, said: Mapping[int, str | None], live_from: datetime | None, source: Source
) -> dict[str, object]:
    last = one.readings[-1]
    spent = time_by_show([one])
    ranks = [seen.rank for seen in one.readings if seen.rank is not None]
    gender_ranks = [seen.gender_rank for seen in one.readings if seen.gender_rank is not None]
    return {
        "started_at": one.started_at,
        "last_seen_at": last.at,
        "live": live_from is not None and last.at >= live_from,
        "duration": one.ended_at - one.started_at,
        "readings": len(one.readings),
        "peak_viewers": one.peak_viewers,
        "followers": last.followers,
        "new_followers": one.new_followers,
        **{show.word: spent.get(show.word) for show in Show if show is not Show.OFFLINE},
        "subject": None if last.text_id is None else said.get(last.text_id),
        "source": source.word,
        "rank": ranks[-1] if ranks else None,
        "best_rank": min(ranks, default=None),
        "gender_rank": gender_ranks[-1] if gender_ranks else None,
        "best_gender_rank": min(gender_ranks, default=None),
    }
