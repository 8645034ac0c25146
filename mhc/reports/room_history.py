"""What is known of another's room from readings of the feed: how it is now, and its sessions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain.live import Live
from mhc.domain.room_sessions import TOLERANCE, RoomSession, Seen, growth, sessions, time_by_show
from mhc.domain.rooms import Mark, Show, Source, gender_of
from mhc.store import room_readings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.room_readings import Observed

_LONGEST: Final = timedelta(days=1)


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


def now_of(one: "Observed", live: Live | None) -> RoomNow:
    """Give a room by its last reading; `live` is what young polls say of who is live (None: there are none)."""
    online = None if live is None else live.says(one.observed_at, one.scope, one.show)
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


def now(
    conn: "Connection", person_ids: Sequence[int], one: "Observed | None", live: Live | None, since: datetime
) -> RoomNow:
    """Give a person's room by its last reading (None: there is none), and by what said after `since` that it is offline.

    Without a name where it was never read.
    """
    last = since if one is None else max(since, one.observed_at)
    off_at = room_readings.offline_since(conn, person_ids, last)
    room = _UNSEEN if one is None else now_of(one, live)
    return room if off_at is None else replace(room, online=False)


_UNSEEN: Final = RoomNow("", *[None] * 12)


def last_session(
    conn: "Connection", person_ids: Sequence[int], one: "Observed"
) -> dict[str, timedelta | None]:
    """Give the time in each kind of show of the session of a room's last reading, as far as it lies within a day."""
    seconds = one.seconds_online
    lasted = _LONGEST if seconds is None else timedelta(seconds=seconds) + TOLERANCE
    since = one.observed_at - min(lasted, _LONGEST)
    seen = room_readings.of_people(conn, person_ids, Source(one.source), since, None)
    return _by_show(sessions(seen)[-1:])


def _by_show(found: Sequence[RoomSession]) -> dict[str, timedelta | None]:
    spent = time_by_show(found)
    return {show.word: spent.get(show.word) for show in Show if show is not Show.OFFLINE}


def read(
    conn: "Connection",
    person_ids: Sequence[int],
    span: Span,
    live: Live | None,
    source: Source = Source.AFFILIATE,
    cut: Cut = sessions,
) -> History:
    """Give a room's sessions in a time, or what else it is to be cut into, by the readings of one source."""
    holding = set() if live is None else set(live.polls)
    seen = room_readings.of_people(conn, person_ids, source, *span)
    listed = cut(seen)
    last = [one.readings[-1].text_id for one in listed]
    said = room_readings.subjects(conn, [one for one in last if one is not None])
    rows = [
        _row(one, said, source) | {"live": one.readings[-1] is seen[-1] and seen[-1].at in holding}
        for one in reversed(listed)
    ]
    ranks = [one.rank for one in seen if one.rank is not None]
    return History(rows, len(seen), growth(seen), time_by_show(sessions(seen)), ranks)


def _row(one: RoomSession, said: Mapping[int, str | None], source: Source) -> dict[str, object]:
    last = one.readings[-1]
    ranks = [seen.rank for seen in one.readings if seen.rank is not None]
    gender_ranks = [seen.gender_rank for seen in one.readings if seen.gender_rank is not None]
    return {
        "started_at": one.started_at,
        "last_seen_at": last.at,
        "duration": one.ended_at - one.started_at,
        "readings": len(one.readings),
        "peak_viewers": one.peak_viewers,
        "followers": last.followers,
        "new_followers": one.new_followers,
        **_by_show([one]),
        "subject": None if last.text_id is None else said.get(last.text_id),
        "source": source.word,
        "rank": ranks[-1] if ranks else None,
        "best_rank": min(ranks, default=None),
        "gender_rank": gender_ranks[-1] if gender_ranks else None,
        "best_gender_rank": min(gender_ranks, default=None),
    }
