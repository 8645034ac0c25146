"""What stands in a spool: a header, and one line a page, each with a checksum of its own.

A page carries the place in the feed before and after it, so that whatever is left of a file says by itself which
pages follow each other, and which of them the database has.
"""

import base64
import hashlib
import zlib
from datetime import datetime
from typing import TypeVar

import msgspec

from mhc.capture.envelope import read_events
from mhc.domain.clock import from_ms, to_ms
from mhc.store.pages import NewGap, Page
from mhc.store.streams import Moved, Stream

_T = TypeVar("_T")


class Place(msgspec.Struct, frozen=True):
    """How far a stream was read: its cursor, and when and how far back the last good poll reached."""

    cursor: str | None
    polled_at: int | None  # epoch milliseconds
    reach: int

    @classmethod
    def of(cls, held: Stream) -> "Place":
        """Give where a stream stands."""
        polled = held.last_poll_ok_at
        return cls(held.cursor, None if polled is None else to_ms(polled), held.served_age_max)

    def after(self, page: Page) -> "Place":
        """Give where a page leads."""
        if page.moved is None:
            return self
        return Place(page.moved.cursor, to_ms(page.received_at), page.moved.served_age_max)


class Header(msgspec.Struct, frozen=True):
    """The first line: whose pages follow, so that a start without the database finds its stream."""

    room: str
    kind: str
    host: str
    database: str  # a digest of its address
    stream_id: int
    room_id: int
    lock_name: str
    epoch: int
    owner: str | None
    place: Place

    def stands_at(self, place: Place) -> Stream:
        """Give the stream as it is without the database."""
        polled = None if place.polled_at is None else from_ms(place.polled_at)
        return Stream(
            self.stream_id, self.room_id, self.room, self.kind, self.host, self.lock_name,
            place.cursor, polled, polled, place.reach, self.epoch, self.owner, None,
        )  # fmt: skip


class _Gap(msgspec.Struct, frozen=True):
    begin: int | None
    end: int
    cause: str
    certain: bool


class Entry(msgspec.Struct, frozen=True):
    """One page, with all that it says of the time before it."""

    before: Place
    after: Place
    received_at: int
    moved: bool
    gap: _Gap | None
    covers_from: int | None
    joined: bool
    elements: str  # packed

    @classmethod
    def of(cls, page: Page, elements: list[bytes], before: Place) -> "Entry":
        """Make an entry of a page and the elements that it was read from; the token is taken out already."""
        gap = page.gap
        return cls(
            before=before,
            after=before.after(page),
            received_at=to_ms(page.received_at),
            moved=page.moved is not None,
            gap=None if gap is None else _Gap(_ms(gap.from_at), to_ms(gap.to_at), gap.cause, gap.certain),
            covers_from=_ms(page.covers_from),
            joined=page.joined,
            elements=packed(elements),
        )

    def raw_elements(self) -> list[bytes]:
        """Give the elements that the page was read from."""
        return msgspec.msgpack.decode(zlib.decompress(base64.b64decode(self.elements)), type=list[bytes])

    def page(self) -> Page:
        """Give the page again, its events read anew."""
        events, refused = read_events(self.raw_elements())
        gap = self.gap
        return Page(
            from_ms(self.received_at),
            events,
            [(r.body, r.reason) for r in refused],
            Moved(self.after.cursor, self.after.reach) if self.moved else None,
            None if gap is None else NewGap(_at(gap.begin), from_ms(gap.end), gap.cause, gap.certain),
            _at(self.covers_from),
            self.joined,
        )


def packed(elements: list[bytes]) -> str:
    """Pack the elements of a page."""
    return base64.b64encode(zlib.compress(msgspec.msgpack.encode(elements), 1)).decode()


class _Line(msgspec.Struct, frozen=True):
    sum: str
    body: msgspec.Raw


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def write_line(body: object) -> bytes:
    """Give a header or an entry as a line."""
    text = msgspec.json.encode(body)
    return b'{"sum":"%s","body":%s}\n' % (_sum(text), text)


def read_line(line: bytes, kind: type[_T]) -> _T | None:
    """Read a line; None where it is torn or damaged."""
    try:
        found = msgspec.json.decode(line, type=_Line)
        body = bytes(found.body)
        if not line.endswith(b"\n") or found.sum.encode() != _sum(body):
            return None
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:32].encode()
