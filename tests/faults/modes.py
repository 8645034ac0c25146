"""The ways in which the feed of the fault tests misbehaves: what each makes of one request."""

import gzip
import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

import wire
from faults.turn import JSON, MISSING, SAME, Element, Page, Reply, Turn, plain
from wire import Manner, Wire

HTML = "Content-Type: text/html"
MIB = 1024 * 1024
BLOCKED = b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
STALE_TEXT = "You waited too long. Please start over using 'nextUrl'"


@dataclass(frozen=True)
class Mode:
    """A name for the journal, and what becomes of a request."""

    name: str
    reply: Callable[[Turn], Reply]


def _page(turn: Turn) -> Page:
    """Give the page that should come; an empty one in the words that the server uses for it."""
    elements = turn.elements()
    if not elements and turn.server.empty == 400:
        return turn.page([], status=400, words="waited too long for events")
    return turn.page(elements)


def _ok(turn: Turn) -> Reply:
    page = _page(turn)
    if page.elements:
        turn.server.previous = page
    return page.reply()


def _held(turn: Turn) -> Reply:
    turn.server.feed.hold()
    return _ok(turn)


def _duplicate(turn: Turn) -> Reply:
    return turn.server.previous.reply() if turn.server.previous else _ok(turn)


def _shuffled(turn: Turn) -> Reply:
    elements = turn.elements()
    turn.server.chance.shuffle(elements)
    return turn.page(elements).reply()


def _truncated(turn: Turn) -> Reply:
    page = _page(turn)
    cut = page.body[: len(page.body) // 2]
    return page.reply(wire.reply(cut, headers=[JSON], length=len(page.body)), whole=False)


def _silent(made: socket.socket, server: Wire) -> None:
    server.held.set()
    server.stopping.wait()


OK = Mode("ok", _ok)
HOLD = Mode("hold", _held)  # until let_go(), then the page
SILENT = Mode("silent", lambda _: Reply(_silent))
RESET = Mode("reset", lambda _: Reply(wire.reset))
TRUNCATED = Mode("truncated", _truncated)
HTML200 = Mode("html200", lambda _: plain(200, b"<html>maintenance</html>", [HTML]))
DUPLICATE = Mode("duplicate", _duplicate)
SHUFFLE = Mode("shuffle", _shuffled)
BACKWARDS = Mode("backwards", lambda turn: turn.page(turn.elements()[::-1]).reply())
STALE = Mode("400", lambda _: plain(400, json.dumps({"status": STALE_TEXT}).encode(), [JSON]))
WAITED = Mode("400 with nextUrl", lambda turn: turn.page([], status=400, words="waited too long").reply())
START_OVER = Mode("start over", lambda turn: turn.page([], status=400, words=STALE_TEXT).reply())
EDGE = Mode("edge", lambda _: plain(403, BLOCKED, [HTML]))


def status(code: int, body: bytes = b"refused", *headers: str) -> Mode:
    """Answer with a status."""
    return Mode(str(code), lambda _: plain(code, body, headers or ["Content-Type: text/plain"]))


def redirect(to: str, code: int = 302) -> Mode:
    """Lead elsewhere."""
    return status(code, b"", f"Location: {to}")


def body(text: bytes, *headers: str) -> Mode:
    """Answer 200 with any bytes; `{next}` in them stands for the next URL that repeats the place."""

    def reply(turn: Turn) -> Reply:
        here = f"{turn.server.base_url}?{turn.next_query()}".encode()
        return plain(200, text.replace(b"{next}", here), headers or [JSON])

    return Mode("body", reply)


def overlap(by: int) -> Mode:
    """Give so many events again that came before the place asked from."""

    def reply(turn: Turn) -> Reply:
        elements = turn.elements(back=by)
        return turn.page(elements).reply()

    return Mode("overlap", reply)


def next_url(value: object) -> Mode:
    """Give the page with this next URL, of whatever type; `{base}` in it stands for the feed's own."""

    def reply(turn: Turn) -> Reply:
        url = value.replace("{base}", turn.server.base_url) if isinstance(value, str) else value
        return turn.page(turn.elements(), next_url=url).reply()

    return Mode("next URL", reply)


NO_NEXT_URL = next_url(MISSING)
NULL_NEXT_URL = next_url(None)


def relative(turn: Turn) -> Reply:
    """Give the page with a next URL that has neither scheme nor host."""
    page = turn.page(turn.elements())
    return Page(
        page.elements, str(page.next_url).removeprefix(turn.server.url), leads_to=page.leads_to
    ).reply()


RELATIVE = Mode("relative", relative)


def stay(turn: Turn) -> Reply:
    """Give the page with a next URL that is the current one, as long as there is a cursor."""
    url = f"{turn.server.base_url}?{turn.next_query()}"
    return turn.page(turn.elements(), next_url=url if turn.ask.cursor else SAME).reply()


STAY = Mode("stay", stay)


def changed(name: str, change: Callable[[list[Element]], Iterable[Element]]) -> Mode:
    """Give the page with other elements; it leads on as it would have."""

    def reply(turn: Turn) -> Reply:
        elements = turn.elements()
        last = max((number for number, _ in elements), default=0)
        return turn.page(list(change(elements)), last=last).reply()

    return Mode(name, reply)


def beside(*extra: bytes) -> Mode:
    """Give the page with these elements between its own."""
    return changed("beside", lambda found: found[:1] + [(0, one) for one in extra] + found[1:])


def _other_body(found: list[Element]) -> list[Element]:
    return found + [(0, b"%s,%s" % (one[:-1], b'"sample":"another body"}')) for _, one in found[:1]]


def _without_id(found: list[Element]) -> list[Element]:
    first = [(0, one[: one.rindex(b',"id":')] + b"}") for _, one in found[:1]]
    return first + found[1:]


SAME_ID_OTHER_BODY = changed("same id other body", _other_body)
NO_ID = changed("no id", _without_id)
# Elements that are no event, or that a fast reader refuses.
BAD_UTF8 = b'{"method":"tip","object":{"user":{"username":"viewer_\xff\xfe"}},"id":"bad-utf8"}'
DEEP = b'{"method":"tip","id":"deep","object":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BIG_INTEGER = b'{"method":"tip","id":"big","object":{"tip":{"tokens":' + b"9" * 5000 + b"}}}"
NAN = b'{"method":"tip","id":"nan","object":{"tip":{"tokens":NaN}}}'
INFINITY = b'{"method":"tip","id":"infinity","object":{"tip":{"tokens":-Infinity}}}'


def drip(every: float = 0.01, drop: int = 1) -> Mode:
    """Give the page, so many bytes at a time."""

    def reply(turn: Turn) -> Reply:
        page = _page(turn)
        head = f"HTTP/1.1 {page.status} Said\r\nContent-Length: {len(page.body)}\r\n{JSON}\r\n\r\n"
        return page.reply(_dripping(head.encode(), page.body, every, drop))

    return Mode("drip", reply)


def _dripping(head: bytes, text: bytes, every: float, drop: int) -> Manner:
    def manner(made: socket.socket, server: Wire) -> bool:
        made.sendall(head)
        server.held.set()
        for start in range(0, len(text), drop):
            if server.stopping.wait(every):
                return False
            made.sendall(text[start : start + drop])
        return True

    return manner


def gzip_bomb(mib: int = 1024) -> Mode:
    """Give a small answer that unpacks to so many MiB."""
    blank = gzip.compress(bytes(MIB), mtime=0)
    packed = gzip.compress(b'{"events":[],"padding":"', mtime=0) + blank * mib
    return Mode("gzip bomb", lambda _: plain(200, packed, [JSON, "Content-Encoding: gzip"]))


def huge(mib: int = 200) -> Mode:
    """Give an answer of so many MiB, as long as somebody takes it."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {mib * MIB}\r\n{JSON}\r\n\r\n"

    def manner(made: socket.socket, server: Wire) -> bool:
        made.sendall(head.encode() + b'{"events":[],"padding":"')
        for _ in range(mib):
            made.sendall(b"x" * MIB)
        return False

    return Mode("huge", lambda _: Reply(manner, 200))


# What costs nobody an event, whatever it comes between.
HARMLESS = (
    status(502, BLOCKED, HTML), status(520), status(429, b"", "Retry-After: 1"), RESET, TRUNCATED, HTML200, DUPLICATE,
    overlap(7), SHUFFLE, BACKWARDS, WAITED, drip(0, 97), RELATIVE, status(401), body(b'{"events": [{"meth'), EDGE,
)  # fmt: skip


class Script:
    """The modes of the requests to come, in turn; then `OK`, or with a chance one of the harmless."""

    def __init__(self, modes: Iterable[Mode], misbehave: float, seed: int) -> None:
        self._modes = iter(modes)
        self._misbehave = misbehave
        self._chance = Random(seed)

    def take(self) -> Mode:
        """Give the mode of the next request."""
        given = next(self._modes, None)
        if given is not None:
            return given
        if self._misbehave and self._chance.random() < self._misbehave:
            return self._chance.choice(HARMLESS)
        return OK
