"""What happened since the last session (analysis.md, `digest`): in few words, for a mail or a message.

Nothing of it is a text that somebody wrote, a name that somebody hid, or one that is private.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.reports import frame, one_session, regulars, session_tally, sessions
from mhc.reports.digest_parts import BigTipper, Came, FailedJob, FirstTip, Followers, Head, Listed, Rename
from mhc.reports.frame import Covered, Crowd
from mhc.store import (
    coverage,
    follow_history,
    movements,
    paid,
    people,
    pruning,
    runs,
    session_visits,
    watchlists,
)
from mhc.store import sessions as shows
from mhc.store.counting import Scope
from mhc.store.follows import State
from mhc.store.schema import EXCLUDED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.times import Range
    from mhc.store.coverage import Gap
    from mhc.store.sessions import Session

BIG = 500  # tokens, where nobody says what is big


class Asked(NamedTuple):
    """What a digest is of, by which clock and gap sessions go, what is big, and which jobs there are."""

    range: "Range"
    room_ids: Sequence[int] | None
    now: datetime
    merge_gap: timedelta
    jobs: Sequence[str]
    big: int = BIG
    include_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a digest says. Each part is in order, and empty where nothing of it happened."""

    session: Head | None
    sessions: int | None  # None: nothing was captured, and none was made by hand
    returned: Sequence[regulars.Regular]
    missing: Sequence[regulars.Regular]
    big_tippers: Sequence[BigTipper]
    first_tips: Sequence[FirstTip]
    renames: Sequence[Rename]
    added: Sequence[Listed]
    removed: Sequence[Listed]
    came: Sequence[Came]
    followers: Followers
    failed_jobs: Sequence[FailedJob]
    gaps: Sequence["Gap"]
    sources: Sequence[str]
    seen: frame.Seen
    excluded: int

    @property
    def coverage(self) -> Covered | None:
        """How much of the range was captured, as JSON has it."""
        return self.seen.covered

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        moves = self.returned, self.missing, self.big_tippers, self.first_tips, self.renames
        others = self.added, self.removed, self.came, self.failed_jobs, self.gaps
        return self.session is None and not any(self.followers[:2]) and not any((*moves, *others))


def last_session(
    conn: "Connection", room_ids: Sequence[int] | None, until: datetime | None = None
) -> "Session | None":
    """Give the session with which a digest begins that is not told when: the last one of some rooms, or of any."""
    return next(iter(shows.list_all(conn, room_ids=room_ids, until=until, limit=1)), None)


def read(conn: "Connection", asked: Asked) -> Digest:
    """Give what happened in a range."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded)
    since, until = asked.range.start, asked.range.end
    found = shows.list_all(conn, room_ids=asked.room_ids, since=since, until=until)
    seen = frame.seen(conn, asked.room_ids, since, until, asked.now)
    scope = Scope(asked.room_ids, since, until)
    hosts = crowd.roots(frozenset(asked.room_ids or ()))
    by_row = {
        row: tokens for row, tokens in paid.by_name(conn, scope).items() if crowd.root(row) not in hosts
    }
    tokens = _by_root(crowd, by_row)
    returned, missing = _regulars(conn, asked, found, crowd)
    return Digest(
        session=_head(conn, found[0], asked, crowd) if found else None,
        sessions=len(found) if found or seen.is_any else None,
        returned=returned,
        missing=missing,
        big_tippers=_big(conn, scope, asked.big, crowd, tokens),
        first_tips=_first_tips(conn, scope, crowd, by_row),
        renames=_renames(conn, asked.range, crowd),
        added=_listed(conn, asked.range, crowd, removed=False),
        removed=_listed(conn, asked.range, crowd, removed=True),
        came=_came(conn, scope, crowd, tokens),
        followers=_followers(conn, scope, crowd, is_known=seen.is_any),
        failed_jobs=_failed(runs.bad(conn, asked.jobs, since, until)),
        gaps=_gaps(conn, scope),
        sources=["events", "memory", "jobs"],
        seen=seen,
        excluded=len(crowd.left_out),
    )


def _by_root(crowd: Crowd, by_row: dict[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row, tokens in by_row.items():
        found[crowd.root(row)] = found.get(crowd.root(row), 0) + tokens
    return found


def _head(conn: "Connection", one: "Session", asked: Asked, crowd: Crowd) -> Head:
    tally = session_tally.read(conn, one.room_id, [one], crowd, asked.now)[one.id]
    spans = coverage.live_spans(conn, [one.room_id]).get(one.room_id)
    how = sessions.Asked(asked.now, asked.merge_gap, asked.include_excluded)
    row = sessions.row_of(one, tally, spans, how, pruning.presence_known_from(conn))
    names = people.names_by_id(conn, (who for who, did in tally.people.items() if did.tokens))
    best = next((who for who in one_session.tippers(tally, names) if who.username is not None), None)
    return Head(
        room=one.room,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        tokens=row.tokens,
        tips=row.tips,
        tippers=row.tippers,
        best_tipper=best and best.username,
        best_tokens=best and best.tokens,
        unique_visitors=row.unique_visitors,
        new_followers=row.new_followers,
        coverage=row.coverage,
    )


def _regulars(
    conn: "Connection", asked: Asked, found: Sequence["Session"], crowd: Crowd
) -> tuple[list[regulars.Regular], list[regulars.Regular]]:
    """Give who came back and who went missing: of each room by itself where the digest is of all."""
    ids = (
        [asked.room_ids]
        if asked.room_ids is not None
        else [[one] for one in sorted({s.room_id for s in found})]
    )
    moves = [regulars.read(conn, rooms, asked.range, asked.now, crowd) for rooms in ids]
    back = [row for move in moves for row in move.returned]
    gone = [row for move in moves for row in move.missing]
    return (
        sorted(back, key=lambda row: (-row.missed, row.username, row.last_session_at)),
        sorted(gone, key=lambda row: (row.username, row.last_session_at)),
    )


def _big(conn: "Connection", scope: Scope, big: int, crowd: Crowd, tokens: dict[int, int]) -> list[BigTipper]:
    """Give who paid so much in the range, and less in all the time before it."""
    large = {who for who, paid_now in tokens.items() if paid_now >= big and crowd.counts(who)}
    rows = crowd.rows(large)
    before = _by_root(crowd, movements.tokens_in_all(conn, scope.room_ids, rows))
    later: dict[int, int] = {}
    if scope.until is not None and large:
        later = _by_root(crowd, paid.by_name(conn, Scope(scope.room_ids, scope.until), rows))
    new = [who for who in large if before.get(who, 0) - tokens[who] - later.get(who, 0) < big]
    names = people.names_by_id(conn, new)
    return sorted((BigTipper(names[who], tokens[who]) for who in new), key=_most_first)


def _first_tips(conn: "Connection", scope: Scope, crowd: Crowd, by_row: dict[int, int]) -> list[FirstTip]:
    """Give who of those who paid by name tipped for the first time, by any of their rows."""
    first: dict[int, datetime] = {}
    found = movements.first_tips(conn, scope.room_ids, scope.since, scope.until, by_row)
    for row, at in found:
        root = crowd.root(row)
        first[root] = min(at, first.get(root, at))
    if scope.since is not None:
        others = crowd.rows(first)
        if scope.room_ids is not None and len(scope.room_ids) == 1:  # then these did not in any other room
            others -= {row for row, _at in found}
        for row in movements.tipped_before(conn, scope.room_ids, others, scope.since):
            first.pop(crowd.root(row), None)
    new = [who for who in first if crowd.counts(who)]
    names, tokens = people.names_by_id(conn, new), _by_root(crowd, by_row)
    return sorted((FirstTip(names[who], tokens[who], first[who]) for who in new), key=_most_first)


def _most_first(row: BigTipper | FirstTip | Came) -> tuple[int, str]:
    return -row.tokens, row.username


def _renames(conn: "Connection", asked: "Range", crowd: Crowd) -> list[Rename]:
    found = movements.renames(conn, asked.start, asked.end)
    return [Rename(one.old, one.new, one.at, one.source) for one in found if crowd.counts(one.person_id)]


def _listed(conn: "Connection", asked: "Range", crowd: Crowd, *, removed: bool) -> list[Listed]:
    moves = watchlists.moves(conn, asked.start, asked.end, removed=removed)
    found = [one for one in moves if crowd.counts(one.person_id)]
    names = people.names_by_id(conn, {crowd.root(one.person_id) for one in found})
    return [Listed(one.list, names[crowd.root(one.person_id)], one.at) for one in found]


def _came(conn: "Connection", scope: Scope, crowd: Crowd, tokens: dict[int, int]) -> list[Came]:
    """Give who of the people on lists was there, or paid by name."""
    lists = {
        who: [name for name in names if name != EXCLUDED]
        for who, names in watchlists.names_by_root(conn).items()
    }
    on_lists = {who for who, names in lists.items() if names and who not in (scope.room_ids or ())}
    there = _there(conn, scope, crowd, on_lists) | (on_lists & tokens.keys())
    kept = [who for who in there if crowd.counts(who)]
    names = people.names_by_id(conn, kept)
    rows = [Came(names[who], lists[who], tokens.get(who, 0)) for who in kept]
    return sorted(rows, key=_most_first)


def _there(conn: "Connection", scope: Scope, crowd: Crowd, wanted: Collection[int]) -> set[int]:
    rows = session_visits.came(conn, scope.room_ids, scope.since, scope.until, crowd.rows(wanted))
    return {crowd.root(row) for row in rows}


def _followers(conn: "Connection", scope: Scope, crowd: Crowd, *, is_known: bool) -> Followers:
    left_out = sorted(crowd.rows(crowd.excluded))
    states, apart = follow_history.counts(conn, scope.room_ids, scope.since, scope.until, left_out)
    crowd.people({one.person_id for one in apart})
    came, went = states[State.YES], states[State.NO]
    if not (came or went or is_known):
        return Followers(None, None, None)
    return Followers(came, went, came - went)


def _failed(found: Iterable[runs.Run]) -> list[FailedJob]:
    """Give the jobs of runs, which come the latest first, each once."""
    by_job: dict[str, list[runs.Run]] = {}
    for one in found:
        by_job.setdefault(one.job, []).append(one)
    return [
        FailedJob(job, len(mine), mine[0].started_at, mine[0].state, mine[0].error)
        for job, mine in sorted(by_job.items())
    ]


def _gaps(conn: "Connection", scope: Scope) -> list["Gap"]:
    """Give the gaps that reach into the range, the earliest first. Before the first event nobody listened: no gap."""
    rooms = None if scope.room_ids is None else set(people.names_by_id(conn, scope.room_ids).values())
    return [
        gap
        for gap in reversed(coverage.gaps(conn, kind="live"))
        if gap.from_at is not None
        and (rooms is None or gap.room in rooms)
        and (scope.since is None or gap.to_at > scope.since)
        and (scope.until is None or gap.from_at < scope.until)
    ]
