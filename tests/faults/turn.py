"""One request to the feed of the fault tests, what is answered, and the journal's line about both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import wire
from faults.numbered import number_of
from wire import Manner

if TYPE_CHECKING:
    from faults.server import FaultServer

JSON = "Content-Type: application/json"
_DEFAULT_TIMEOUT, _LONGEST_TIMEOUT = 10, 90
SAME = object()  # a next URL as it should be
MISSING = object()  # no next URL at all
Element = tuple[int, bytes]  # the number of an event, 0 for what is none; how it went out


class ForgottenError(Exception):
    """The place asked from is none, or no longer kept."""


@dataclass(frozen=True)
class Ask:
    """What a poll asks for."""

    path: str
    query: str
    cursor: str | None
    timeout: int

    @property
    def after(self) -> int | None:
        """Give the number of the event that it has; 0 for none, None where its cursor means nothing."""
        return 0 if self.cursor is None else number_of(self.cursor)


def read_ask(target: str) -> Ask:
    """Understand a request target."""
    path, _, query = target.partition("?")
    fields = parse_qs(query)
    wish = fields.get("timeout", [""])[0]
    timeout = int(wish) if wish.isascii() and wish.isdigit() else _DEFAULT_TIMEOUT
    return Ask(path, query, fields.get("i", [None])[0], min(timeout, _LONGEST_TIMEOUT))


@dataclass(frozen=True)
class Reply:
    """What is done about a request: on the wire, and in the journal's words."""

    manner: Manner
    status: int = 0  # 0: no answer
    elements: Sequence[Element] = ()
    leads_to: str | None = None  # the query of its next URL
    whole: bool = True  # a client can read it to its end


@dataclass
class Served:
    """One request and what it got, in the order of requests."""

    ask: Ask
    mode: str
    status: int
    elements: Sequence[Element]
    leads_to: str | None
    whole: bool

    @property
    def numbers(self) -> list[int]:
        """Give the numbers of the events in it."""
        return [number for number, _ in self.elements if number]


@dataclass(frozen=True)
class Turn:
    """A request that is to be answered, for a mode."""

    server: "FaultServer"
    ask: Ask

    def elements(self, *, back: int = 0) -> list[Element]:
        """Give the events that follow, in order; wait for the first as long as the poll may."""
        feed, after = self.server.feed, self.ask.after
        if after is None or (self.ask.cursor is not None and after < feed.dropped):
            raise ForgottenError
        seconds = min(self.ask.timeout, self.server.longest)
        found = feed.after(after, self.server.page_size, back=back, seconds=seconds)
        return [(number, feed.body(number)) for number in found]

    def next_query(self, number: int | None = None) -> str:
        """Give the query that leads on from an event, or from where the request stood."""
        cursor = self.server.cursor_of(number) if number else self.ask.cursor or self.server.cursor_of(0)
        return f"i={cursor}&timeout={self.ask.timeout}"

    def page(
        self,
        elements: Sequence[Element],
        *,
        next_url: object = SAME,
        status: int = 200,
        words: str = "",
        last: int | None = None,
    ) -> "Page":
        """Give a page that leads on behind its highest number, or behind `last`."""
        number = last if last is not None else max((number for number, _ in elements), default=0)
        query = self.next_query(number)
        url = f"{self.server.base_url}?{query}" if next_url is SAME else next_url
        return Page(elements, url, status, words, query if next_url is SAME else None)


@dataclass(frozen=True)
class Page:
    """An envelope before it is written."""

    elements: Sequence[Element]
    next_url: object
    status: int = 200
    words: str = ""
    leads_to: str | None = None
    headers: Sequence[str] = field(default=(JSON,))

    @property
    def body(self) -> bytes:
        """Give its JSON."""
        members: Mapping[str, object] = {
            **({"status": self.words} if self.words else {}),
            **({} if self.next_url is MISSING else {"nextUrl": self.next_url}),
        }
        rest = json.dumps(members).encode()[1:]
        return (
            b'{"events":['
            + b",".join(body for _, body in self.elements)
            + (b"]," if members else b"]")
            + rest
        )

    def reply(self, manner: Manner | None = None, *, whole: bool = True) -> Reply:
        """Give it as an answer, sent in a manner of its own or as it should be."""
        sent = manner or wire.reply(self.body, status=f"{self.status} Said", headers=self.headers)
        return Reply(sent, self.status, tuple(self.elements), self.leads_to, whole)


def plain(status: int, body: bytes = b"", headers: Iterable[str] = ()) -> Reply:
    """Give an answer that is no page."""
    return Reply(wire.reply(body, status=f"{status} Said", headers=headers), status)
