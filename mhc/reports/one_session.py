"""All figures of one session (people.md, Sessions): while it runs, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain import subjects
from mhc.domain.clock import to_ms
from mhc.domain.crowds import QUICK, Stay, crowd, seen_whole, stays
from mhc.domain.figures import median, whole_seconds
from mhc.domain.room_sessions import LONGEST_STEP, Seen
from mhc.domain.rooms import Show, Source
from mhc.domain.sessions import live_time
from mhc.reports import session_counts, session_tally
from mhc.reports.frame import Crowd
from mhc.reports.sessions import Asked, Row, figure, net, row_of
from mhc.store import coverage, people, pruning, room_readings, session_notes, sessions, talk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.session_tally import Tally
    from mhc.store.sessions import Session

TOP = 10  # tippers


class Tipper(NamedTuple):
    """What one person paid; `username` None is everyone who paid anonymously."""

    username: str | None
    tokens: int
    tips: int


class Note(NamedTuple):
    """What the owner noted of it."""

    id: int
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What `Row` does not say of a session. None is unknown."""

    theme: str | None
    tags: list[str]
    live: timedelta  # the time of its broadcasts; all of it where none is known
    broadcasts: int
    tokens_per_hour: float | None  # live
    media: int | None
    media_tokens: int | None
    fanclub_joins: int | None
    top_tippers: list[Tipper]
    chatters: int | None
    known_peak: int | None
    known_mean: float | None
    viewers_peak: int | None
    viewers_mean: float | None
    unfollows: int | None
    net_followers: int | None
    visits: int | None
    quick_visits: int | None
    median_stay: timedelta | None
    subjects: list[str]
    notes: list[Note]


class _There(NamedTuple):
    peak: int | None = None
    mean: float | None = None
    visits: int | None = None
    quick: int | None = None
    stay: timedelta | None = None


class Whole(NamedTuple):
    """One session with all its figures, what they were counted from, and how many people they leave out."""

    row: Row
    figures: Figures
    tally: "Tally"
    names: dict[int, str]  # of those who paid
    excluded: int


def read(conn: "Connection", one: "Session", asked: Asked) -> Whole:
    """Give the figures of a session."""
    counting = Crowd(conn, include_excluded=asked.include_excluded)
    tally = session_tally.read(conn, one.room_id, [one], counting, asked.now, talk.EVERY)[one.id]
    covered = coverage.live_spans(conn, [one.room_id]).get(one.room_id)
    row = row_of(one, tally, covered, asked, pruning.presence_known_from(conn))
    names = people.names_by_id(conn, (who for who, did in tally.people.items() if did.tokens or did.tips))
    until = one.ended_at or max(asked.now, one.started_at)
    figures = _figures(conn, one, until, tally, row, names)
    return Whole(row, figures, tally, names, len(counting.left_out))


def _figures(
    conn: "Connection", one: "Session", until: datetime, tally: "Tally", row: Row, names: dict[int, str]
) -> Figures:
    known = [show for _id, show in sessions.broadcasts(conn, one.room_id, one.started_at)]
    live, broadcasts = live_time(one.span, until, known)
    readings = _readings(conn, one, until)
    viewers = _viewers(readings, until)
    everyone = tally.everyone
    told, heard = (
        row.tokens is not None,
        session_counts.heard(one, row.coverage, row.unique_visitors, row.new_followers),
    )
    left = figure(sum(bool(who.unfollows) for who in everyone), told=heard)
    there = _there(one, tally, until, row, heard=heard)
    return Figures(
        theme=one.theme,
        tags=[tag for tag in (one.tags or "").split(",") if tag],
        live=whole_seconds(live),
        broadcasts=broadcasts,
        tokens_per_hour=round(row.tokens / (live / timedelta(hours=1)), 2)
        if live and row.tokens is not None
        else None,
        media=figure(sum(who.media for who in everyone), told=told),
        media_tokens=figure(sum(who.media_tokens for who in everyone), told=told),
        fanclub_joins=figure(sum(who.fanclub_joins for who in everyone), told=heard),
        top_tippers=tippers(tally, names)[:TOP],
        chatters=figure(sum(bool(did.messages) for did in tally.people.values()), told=told),
        known_peak=there.peak,
        known_mean=there.mean,
        viewers_peak=max((number for number, _span in viewers), default=None),
        viewers_mean=_mean(viewers),
        unfollows=left,
        net_followers=net(row.new_followers, left),
        visits=there.visits,
        quick_visits=there.quick,
        median_stay=there.stay,
        subjects=_subjects(conn, tally, readings),
        notes=[Note(n.id, n.at, n.body) for n in session_notes.within(conn, one.room_id, one.span)],
    )


def tippers(tally: "Tally", names: dict[int, str]) -> list[Tipper]:
    """Give who paid, most tokens first, equals by name; the anonymous are one."""
    found = [Tipper(names[who], did.tokens, did.tips) for who, did in tally.people.items() if did.tokens]
    if tally.unnamed.tokens:
        found.append(Tipper(None, tally.unnamed.tokens, tally.unnamed.tips))
    return sorted(found, key=lambda one: (-one.tokens, one.username is None, one.username or ""))


def time_of(one: "Session", until: datetime) -> Stay:
    """Give the time of a session."""
    return Stay(to_ms(one.started_at), to_ms(until))


def _there(one: "Session", tally: "Tally", until: datetime, row: Row, *, heard: bool) -> _There:
    """Give how many people were known to be there; who was there already is known when they speak."""
    # Where somebody listened, visitors are unknown only where they are not kept any more.
    if row.unique_visitors is None and (heard or not tally.people):
        return _There()
    within = time_of(one, until)
    found = crowd((stays(did.visits, did.signs, within) for did in tally.people.values()), within)
    visits = [visit for did in tally.people.values() for visit in did.visits]
    whole = seen_whole(visits)
    middle = median(whole)
    stay = None if middle is None else whole_seconds(middle)
    came, quick = len(visits), sum(one < QUICK for one in whole)
    return _There(found.peak, found.mean, figure(came, told=heard), figure(quick, told=heard), stay)


def _readings(conn: "Connection", one: "Session", until: datetime) -> list[Seen]:
    rows = people.members(conn, one.room_id)
    found = room_readings.of_people(conn, rows, Source.AFFILIATE, one.started_at, until)
    return [seen for seen in found if seen.show is not Show.OFFLINE]


def _viewers(readings: Sequence[Seen], until: datetime) -> list[tuple[int, timedelta]]:
    """Give the viewers of each reading, and for how long it stands for them: to the next, unless that lies far off."""
    known = [(seen.at, seen.viewers) for seen in readings if seen.viewers is not None]
    ends = [*(at for at, _viewers in known[1:]), until]
    return [(viewers, min(end - at, LONGEST_STEP)) for (at, viewers), end in zip(known, ends, strict=False)]


def _mean(viewers: Sequence[tuple[int, timedelta]]) -> float | None:
    length = sum((span for _number, span in viewers), timedelta())
    if not length:
        return None
    return round(sum(number * (span / length) for number, span in viewers), 2)


def _subjects(conn: "Connection", tally: "Tally", readings: Sequence[Seen]) -> list[str]:
    """Give what the room said, by its events, or else by the readings of the feed."""
    if tally.subjects:
        return subjects.in_order(text for _at, text in sorted(tally.subjects))
    texts = room_readings.subjects(conn, (seen.text_id for seen in readings if seen.text_id is not None))
    said = (texts.get(seen.text_id) for seen in readings if seen.text_id is not None)
    return subjects.in_order(text for text in said if text is not None)
