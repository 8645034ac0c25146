"""One page of the feed into the database: events, cursor, coverage, gap and all that follows, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mhc.domain.clock import to_ms
from mhc.domain.events import Event
from mhc.errors import TryLaterError
from mhc.store import coverage, derived, events, pasted, streams
from mhc.store.bulk import Batch
from mhc.store.database import Database
from mhc.store.erased_events import may_keep
from mhc.store.events import Added, NewEvent
from mhc.store.failures import RefusedDataError
from mhc.store.known import Known, look, take
from mhc.store.streams import Moved, Stream


class LeaseLostError(TryLaterError):
    """Another listener has the stream now."""


@dataclass(frozen=True, slots=True)
class NewGap:
    """A time for which events may be missing, found by this page."""

    from_at: datetime | None
    to_at: datetime
    cause: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What a poll brought, ready to be kept."""

    received_at: datetime
    events: Sequence[Event]
    refused: Sequence[tuple[bytes, str]]  # what could not become an event, and why
    moved: Moved | None  # None leaves the cursor where it is
    gap: NewGap | None = None
    covers_from: datetime | None = None  # None covers nothing
    joined: bool = False  # whether it covers on from the last poll


def store(
    db: Database, held: Stream, page: Page, *, lease: timedelta, merge_gap: timedelta
) -> list[NewEvent]:
    """Keep a page under the lease's epoch; give the events that are new.

    Raises LeaseLostError where the lease is another's. Where the database refuses the data, each event is tried by
    itself, and what it refuses is kept as rejected.
    """
    for singly in (False, True):
        try:
            with db.write_batch() as batch:
                return _store(batch, held, page, lease=lease, merge_gap=merge_gap, singly=singly)
        except RefusedDataError:
            if singly:
                raise
        except LeaseLostError:
            db.check_schema()  # a newer one refuses our cursor, too
            raise
    raise AssertionError


def insert(db: Database, held: Stream, page: Page, *, merge_gap: timedelta) -> list[NewEvent]:
    """Keep the events of a page and nothing else of it: safe for who has no lease, since their key is unique."""
    for singly in (False, True):
        try:
            with db.write_batch() as batch:
                streams.hold(batch.conn, held.id)
                names, alone = events.names_in(page.events), _is_alone(held, page)
                stands = look(batch, held.id, held.room_id, names, lock=alone)
                return _add_all(batch, held, page, stands, merge_gap, [], singly=singly)
        except RefusedDataError:
            if singly:
                raise
    raise AssertionError


def _store(
    batch: Batch, held: Stream, page: Page, *, lease: timedelta, merge_gap: timedelta, singly: bool
) -> list[NewEvent]:
    at = page.received_at
    names, alone = events.names_in(page.events), _is_alone(held, page)
    stands = take(batch, held, names, now=at, valid=lease, moved=page.moved, lock=alone)
    if stands is None:
        raise LeaseLostError(f"another listener took over {held.room}")
    unseen: list[datetime] = []
    if page.gap is not None:
        gap = page.gap
        coverage.add_gap(batch.conn, held.id, gap.from_at, gap.to_at, cause=gap.cause, certain=gap.certain)
        unseen = [gap.from_at] if gap.certain and gap.from_at is not None else []
    if page.covers_from is not None:
        joins = stands.cover_id if page.joined and _reaches(stands, page.covers_from) else None
        batch.add(*coverage.covering(held.id, page.covers_from, at, joins))
        if stands.pasted:
            batch.send()  # what was pasted for this time counts no more
            pasted.judge(batch.conn, held.room_id, page.covers_from, undated=stands.cover_id is None)
    return _add_all(batch, held, page, stands, merge_gap, unseen, singly=singly)


def _is_alone(held: Stream, page: Page) -> bool:
    """Whether a page is about the stream's own room only."""
    return all(e.room is None or e.room == held.room for e in page.events)


def _reaches(stands: Known, begin: datetime) -> bool:
    """Whether the latest cover ends no earlier: an imported one may, and what lies between was not captured."""
    return stands.covered_ms is not None and stands.covered_ms >= to_ms(begin)


def _add_all(
    batch: Batch,
    held: Stream,
    page: Page,
    stands: Known,
    merge_gap: timedelta,
    unseen: list[datetime],
    *,
    singly: bool,
) -> list[NewEvent]:
    """Add a page's events, what was rejected, and all that follows from them."""
    added, refused = _add(batch, held, page, stands, singly=singly)
    said = [(e.raw, "the database refused it") for e in refused]
    said += [(e.raw, "its id is stored already, with another body") for e in added.conflicting]
    refusals = [
        one
        for one in page.refused
        if stands.erased_ms is None or may_keep(batch.conn, one[0], page.received_at)
    ]
    for body, reason in (*refusals, *said):
        coverage.reject(batch.conn, held.id, body, reason, page.received_at)
    derived.add_known(batch, held, added.new, merge_gap, unseen, stands)
    return added.new


def _add(batch: Batch, held: Stream, page: Page, stands: Known, *, singly: bool) -> tuple[Added, list[Event]]:
    if not page.events:
        return Added([], []), []
    if singly:
        return events.add_singly(batch.conn, held.id, page.events, page.received_at, made_by="events")
    at = page.received_at
    return events.add_known(batch, held.id, page.events, at, stands, made_by="events"), []
