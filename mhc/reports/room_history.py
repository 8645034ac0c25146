"""What is known of another's room from readings of the feed: how it is now, and its sessions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain.live import Live
from mhc.domain.room_sessions import TOLERANCE, RoomSession, growth, sessions, time_by_show
from mhc.domain.rooms import Mark, Show, Source, gender_of
from mhc.store import room_readings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.room_readings import Observed

_LONGEST: Final = timedelta(days=1)


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
        bool(one.flags & Mark.NEW),
        bool(one.flags & Mark.HD),
        one.observed_at,
    )


def unseen(username: str) -> RoomNow:
    """Give a room of which there is no reading."""
    return RoomNow(username, *[None] * 12)


def last_session(
    conn: "Connection", person_ids: Sequence[int], one: "Observed"
) -> dict[str, timedelta | None]:
    """Give the time in each kind of show of the session of a room's last reading, as far as it lies within a day."""
    lasted = timedelta(seconds=one.seconds_online or 0) + TOLERANCE
    since = one.observed_at - min(lasted, _LONGEST)
    seen = room_readings.of_people(conn, person_ids, Source(one.source), since, None)
    return _by_show(sessions(seen)[-1:])


def _by_show(found: Sequence[RoomSession]) -> dict[str, timedelta | None]:
    spent = time_by_show(found)
    return {show.word: spent.get(show.word) for show in Show if show is not Show.OFFLINE}


def read(conn: "Connection", person_ids: Sequence[int], span: Span, live: Live | None) -> History:
    """Give a room's sessions in a time, by the readings of the feed."""
    holding = set() if live is None else set(live.polls)
    seen = room_readings.of_people(conn, person_ids, Source.AFFILIATE, *span)
    listed = sessions(seen)
    last = [one.readings[-1].text_id for one in listed]
    said = room_readings.subjects(conn, [one for one in last if one is not None])
    rows = [_row(one, said, holding) for one in reversed(listed)]
    return History(rows, len(seen), growth(seen), time_by_show(listed))


def _row(
    one: RoomSession, said: Mapping[int, str | None], holding: Collection[datetime]
) -> dict[str, object]:
    last = one.readings[-1]
    return {
        "started_at": one.started_at,
        "last_seen_at": last.at,
        "live": last.at in holding,
        "duration": last.at - one.started_at,
        "readings": len(one.readings),
        "peak_viewers": one.peak_viewers,
        "followers": last.followers,
        "new_followers": one.new_followers,
        **_by_show([one]),
        "subject": None if last.text_id is None else said.get(last.text_id),
    }
