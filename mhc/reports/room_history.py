"""What is known of another's room from readings of the feed: how it is now, and its sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.room_sessions import RoomSession, growth, sessions, time_by_show
from mhc.domain.rooms import Mark, Show, Source, gender_of
from mhc.store import room_readings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.room_readings import Observed


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
        bool(one.flags & Mark.NEW),
        bool(one.flags & Mark.HD),
        one.observed_at,
    )


def unseen(username: str) -> RoomNow:
    """Give a room of which there is no reading."""
    return RoomNow(username, *[None] * 12)


def read(conn: "Connection", person_ids: Sequence[int], span: Span, live_from: datetime | None) -> History:
    """Give a room's sessions in a time, by the readings of the feed."""
    seen = room_readings.of_people(conn, person_ids, Source.AFFILIATE, *span)
    listed = sessions(seen)
    last = [one.readings[-1].text_id for one in listed]
    said = room_readings.subjects(conn, [one for one in last if one is not None])
    rows = [_row(one, said, live_from) for one in reversed(listed)]
    return History(rows, len(seen), growth(seen), time_by_show(listed))


def _row(one: RoomSession, said: Mapping[int, str | None], live_from: datetime | None) -> dict[str, object]:
    last = one.readings[-1]
    spent = time_by_show([one])
    return {
        "started_at": one.started_at,
        "last_seen_at": last.at,
        "live": live_from is not None and last.at >= live_from,
        "duration": last.at - one.started_at,
        "readings": len(one.readings),
        "peak_viewers": one.peak_viewers,
        "followers": last.followers,
        "new_followers": one.new_followers,
        **{show.word: spent.get(show.word) for show in Show if show is not Show.OFFLINE},
        "subject": None if last.text_id is None else said.get(last.text_id),
    }
