"""The Events API of the sandbox, request by request: who may ask, which events come, and what goes wrong."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, Self, TypedDict
from urllib.parse import parse_qs, unquote, urlencode

from mhc.sandbox import faults, reply
from mhc.sandbox.feed import Entry, ExpiredError, Feed
from mhc.sandbox.reply import Reply

DEFAULT_TIMEOUT = 10
LONGEST_TIMEOUT = 90
OVERLAP = 5


class Given(TypedDict, total=False):
    """An answer that a test gives word for word; without a Content-Type it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes | str


@dataclass(frozen=True)
class Served:
    """One request and what it got; status 0 is no answer at all."""

    cursor: str | None
    ids: tuple[str, ...]
    status: int


@dataclass(frozen=True)
class Query:
    """What a poll asks for: events after a cursor, and how many seconds to wait for them."""

    cursor: str | None
    timeout: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a query string; a timeout that is no number counts as none."""
        fields = parse_qs(text)
        wish = fields.get("timeout", [""])[0]
        known = wish.isascii() and wish.removeprefix("-").isdigit() and len(wish) < 10
        timeout = int(wish) if known else DEFAULT_TIMEOUT
        return cls(fields.get("i", [None])[0], max(0, min(LONGEST_TIMEOUT, timeout)))


class EventsApi:
    """Answers requests of any number of threads; `base` is the URL of the feed, room and token in it."""

    def __init__(
        self,
        feed: Feed,
        *,
        base: str,
        room: str,
        token: str,
        page_size: int,
        empty: Literal["200", "400"],
        script: faults.Script,
        pages: Iterable[bytes | Given] | None,
        rng: Random,
        journal: list[Served] | None,
    ) -> None:
        self._feed = feed
        self._room = room
        self._token = token
        self._base = base
        self._page_size = page_size
        self._empty = empty
        self._script = script
        self._own_show = pages is None
        self._pages = deque(pages or ())
        self._rng = rng
        self._journal = journal
        self._previous: Reply | None = None
        self._lock = threading.Lock()

    def answer(self, target: str) -> Reply:
        """Give the answer to a GET of path and query; may wait as long as the query's timeout."""
        path, _, query_text = target.partition("?")
        query = Query.parse(query_text)
        answer = self._refusal(path) or self._serve(query)
        if self._feed.closed:
            answer = reply.RESET
        with self._lock:
            if self._journal is not None:
                self._journal.append(Served(query.cursor, answer.ids, answer.status))
        return answer

    def hold(self) -> None:
        """Wait until the server stops, as a request does that is never answered."""
        self._feed.hold()

    def _refusal(self, path: str) -> Reply | None:
        parts = [unquote(part) for part in path.split("/")]
        if len(parts) != 5 or parts[:3] != ["", "events", self._room] or parts[4]:
            return reply.NOT_FOUND
        return None if parts[3] == self._token else reply.UNAUTHORIZED

    def _serve(self, query: Query) -> Reply:
        with self._lock:
            fault = self._script.take()
            previous = self._previous
        spoiled = faults.instead_of_page(fault, self._next_url(query, query.cursor))
        if spoiled is None and fault.name == "duplicate":
            spoiled = previous
        if spoiled is not None:
            return spoiled
        page = self._given() or self._page(query, fault)
        with self._lock:
            if page.ids:
                self._previous = page
            return faults.change(fault, page, self._rng)

    def _page(self, query: Query, fault: faults.Fault) -> Reply:
        back = int(fault.number("by", OVERLAP)) if fault.name == "overlap" else 0
        try:
            # Given pages have cursors of their own, which mean nothing to the feed.
            cursor = query.cursor if self._own_show else None
            entries = self._feed.wait_for_page(cursor, self._page_size, query.timeout, back)
        except ExpiredError:
            return reply.STALE
        if entries:
            return self._full_page(query, entries)
        next_url = self._next_url(query, query.cursor)
        if self._empty == "200":
            return reply.page([], next_url, ())
        content = {"status": "waited too long for events", "events": [], "nextUrl": next_url}
        return reply.envelope(400, content)

    def _full_page(self, query: Query, entries: list[Entry]) -> Reply:
        ids = tuple(entry.id for entry in entries)
        return reply.page([entry.text for entry in entries], self._next_url(query, ids[-1]), ids)

    def _next_url(self, query: Query, cursor: str | None) -> str:
        cursor = cursor or str(self._feed.now_ms())
        return f"{self._base}?{urlencode({'i': cursor, 'timeout': query.timeout})}"

    def _given(self) -> Reply | None:
        with self._lock:
            if not self._pages:
                return None
            item = self._pages.popleft()
        content: Given = {"body": item} if isinstance(item, bytes) else item
        body = content.get("body", b"")
        whole = (body.encode() if isinstance(body, str) else body).replace(b"{base}", self._base.encode())
        answer = Reply(content.get("status", 200), whole, {"Content-Type": reply.JSON})
        headers = {**answer.headers, **content.get("headers", {})}
        return replace(answer, headers=headers, ids=reply.ids_in(whole))
