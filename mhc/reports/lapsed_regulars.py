"""Regulars who came no more: to so many of the last sessions before an instant, and to none since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mhc.domain.sessions import Span
from mhc.domain.spans import shared
from mhc.reports.frame import Crowd
from mhc.reports.retention_periods import Wanted
from mhc.store import attendance, coverage, people, pruning, regulars, sessions
from mhc.store.segments import Range

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.regulars import Habit


@dataclass(frozen=True, slots=True)
class Lapsed:
    """One of them: when their last visit was, and to how many of those sessions they came."""

    username: str
    last_seen_at: datetime | None
    sessions: int


def read(
    conn: "Connection", wanted: Wanted, habit: "Habit", before: datetime, crowd: Crowd
) -> list[Lapsed] | None:
    """Give who lapsed, most sessions first, equals by name; None where nothing can be known of that."""
    if not _is_known(conn, wanted, habit, before):
        return None
    then = Range(wanted.room_ids, None, before)
    gone = regulars.lapsed(conn, Range(wanted.room_ids, before, wanted.end), habit).alone
    hosts = crowd.roots(frozenset(wanted.room_ids))
    kept = [who for who in gone if who not in hosts and crowd.counts(who)]
    names = people.names_by_id(conn, kept)
    came = regulars.attended(conn, then, habit.of_sessions, kept)
    seen = attendance.last_visits(conn, wanted.room_ids, people.roots_of_rows(conn, kept), wanted.end)
    found = [Lapsed(names[who], seen.get(who), came[who]) for who in kept]
    return sorted(found, key=lambda one: (-one.sessions, one.username))


def _is_known(conn: "Connection", wanted: Wanted, habit: "Habit", before: datetime) -> bool:
    """Whether there were sessions since, to which they might have come, and all that is asked about was kept."""
    shows = [span for found in sessions.spans(conn, wanted.room_ids).values() for _id, span in found]
    shows.sort(key=lambda span: span.started_at)
    earlier = [span for span in shows if span.started_at < before][-habit.of_sessions :]
    later = [span for span in shows if before <= span.started_at < wanted.end]
    kept_from = pruning.presence_known_from(conn)
    if kept_from is not None and any(span.started_at < kept_from for span in earlier):
        return False
    captured = [span for found in coverage.live_spans(conn, wanted.room_ids).values() for span in found]

    def heard(some: Iterable[Span]) -> bool:
        return bool(shared(((one.started_at, one.ended_at or wanted.now) for one in some), captured))

    return heard(earlier) and heard(later)
