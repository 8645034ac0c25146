"""What an answer of the feed means: status, content type and body together, by one table (contract events 1.5)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from mhc.capture.envelope import Envelope, EnvelopeError, read_envelope
from mhc.clients.events import EventsClient, Next
from mhc.clients.http import Answer, BodyError, TlsError, TransportError

_RATE_MIN, _RATE_MAX = 1, 3600


class Class(StrEnum):
    """The kinds of answer, each with its own way on."""

    EVENTS = "events"
    EMPTY = "empty"
    NETWORK = "network"
    TLS = "tls"
    SERVER = "server"
    RATE = "rate"
    EDGE = "edge"
    AUTH = "auth"
    CURSOR = "cursor"
    PAYLOAD = "payload"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A poll's answer, understood."""

    kind: Class
    detail: str = ""  # for a person; holds no URL and no text of the feed
    elements: list[bytes] = field(default_factory=list)
    next: str | Next = Next.NONE
    retry_after: float | None = None
    stale: bool = False  # a 400 that carried the feed on

    @property
    def good(self) -> bool:
        """Whether the feed was read."""
        return self.kind in {Class.EVENTS, Class.EMPTY}


def of_failure(error: TransportError) -> Outcome:
    """Understand that there was no answer."""
    kind = (
        Class.TLS
        if isinstance(error, TlsError)
        else Class.PAYLOAD
        if isinstance(error, BodyError)
        else Class.NETWORK
    )
    return Outcome(kind, str(error))


def of_answer(answer: Answer, client: EventsClient, cursor: str | None, now: datetime) -> Outcome:
    """Understand an answer to a poll from `cursor` (None: from the base URL)."""
    status, said = answer.status, f"HTTP {answer.status}"
    if "cf-mitigated" in answer.headers:
        return Outcome(Class.EDGE, f"{said}: blocked by the edge")
    if status == 200:
        return _envelope(answer, client)
    if status == 400 and (found := _carried_on(answer, client, cursor)):
        return found
    if status == 429:
        return Outcome(Class.RATE, f"{said}: too many requests", retry_after=_retry_after(answer, now))
    if status in {400, 403, 503} and _is_html(answer):
        return Outcome(Class.EDGE, f"{said}: blocked by the edge")
    if status in {401, 403} or (status == 404 and cursor is None):
        return Outcome(Class.AUTH, f"{said}: the token or the room was refused")
    if status in {400, 404, 410}:
        return Outcome(Class.CURSOR, f"{said}: the place in the feed is no longer known")
    if 300 <= status < 400:
        return Outcome(Class.PAYLOAD, f"{said}: a redirect, not followed")
    return Outcome(Class.SERVER, said)


def _envelope(answer: Answer, client: EventsClient) -> Outcome:
    try:
        found = read_envelope(answer.body)
    except EnvelopeError as error:
        return Outcome(Class.PAYLOAD, f"HTTP {answer.status}: {error}")
    return _feed(found, client.read_next(found.next_url))


def _feed(found: Envelope, following: str | Next, *, stale: bool = False) -> Outcome:
    if following is Next.REFUSED:
        return Outcome(Class.PAYLOAD, "a next URL that does not lead to this feed", found.elements, following)
    kind = Class.EVENTS if found.elements else Class.EMPTY
    return Outcome(kind, elements=found.elements, next=following, stale=stale)


def _carried_on(answer: Answer, client: EventsClient, cursor: str | None) -> Outcome | None:
    """Give what a 400 carried, where its next URL leads on: that is a normal empty poll."""
    try:
        found = read_envelope(answer.body)
    except EnvelopeError:
        return None
    following = client.read_next(found.next_url)
    if isinstance(following, Next) or ("start over" in found.status.lower() and following == cursor):
        return None
    return _feed(found, following, stale=True)


def _is_html(answer: Answer) -> bool:
    return answer.content_type == "text/html" or answer.body.lstrip()[:9].lower().startswith(
        (b"<!doctype", b"<html")
    )


def _retry_after(answer: Answer, now: datetime) -> float | None:
    """Read seconds or a date, held between a second and an hour; None where it is neither."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value) if value.lstrip("+-").isdecimal() else _until(value, now)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(_RATE_MIN, min(_RATE_MAX, seconds))


def _until(value: str, now: datetime) -> float:
    at = parsedate_to_datetime(value)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
