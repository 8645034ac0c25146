"""The Events API: one long poll, and what its next URL may be (contract events 1.1 to 1.3)."""

import re
from enum import Enum
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit

from mhc.clients.http import Answer, fetch, open_session
from mhc.clients.line import Line

MAX_BYTES = 8 * 1024 * 1024
_GRACE_SECONDS = 15  # beyond the server's own timeout: headers and body together
_MAX_TIMEOUT = 90
_MAX_CURSOR = 2048
_CURSOR = re.compile(r"[!-~]+")


class Next(Enum):
    """A next URL that is no cursor."""

    NONE = "none"  # null or missing: the base URL comes next
    REFUSED = "refused"  # not ours to follow


class EventsClient:
    """One room's feed. The token stands in every URL: it is put in here, and taken out of all that comes back."""

    def __init__(self, base_url: str, room: str, token: str, *, timeout: int = 10) -> None:
        self.base_url = base_url
        self.room = room
        self.timeout = timeout
        self.line = Line()
        self._token = self._asked_with = token
        self._session = open_session(self.line, base_url)

    @property
    def host(self) -> str:
        """The API host, with its port where it has one."""
        return urlsplit(self.base_url).netloc

    def use_token(self, token: str) -> bool:
        """Go on with another token from the next poll on, the place in the feed stays; False for the same one.

        May be called from another thread; an answer to the poll that is under way holds the old token still.
        """
        changed = token != self._token
        self._token = token
        return changed

    def poll(self, cursor: str | None) -> Answer:
        """Ask for what follows the cursor, or for the latest events. Raises TransportError."""
        query = cursor if cursor is not None else f"timeout={self.timeout}"
        seconds = asked_timeout(query) + _GRACE_SECONDS
        self._asked_with = self._token
        return fetch(self._session, self.line, f"{self._url()}?{query}", seconds=seconds, max_bytes=MAX_BYTES)

    def read_next(self, value: object) -> str | Next:
        """Give the cursor in a next URL, where it leads to this very feed."""
        if value is None or value == "":
            return Next.NONE
        if not isinstance(value, str) or len(value) > 4 * _MAX_CURSOR or not _CURSOR.fullmatch(value.strip()):
            return Next.REFUSED
        try:
            found = urlsplit(urljoin(self._url(), value.strip()))
            mine = urlsplit(self._url())
            same_host = (found.scheme, found.hostname, found.port) == (mine.scheme, mine.hostname, mine.port)
        except ValueError:
            return Next.REFUSED
        same_path = unquote(found.path).rstrip("/").lower() == unquote(mine.path).rstrip("/").lower()
        own = same_host and same_path and "@" not in found.netloc and not found.fragment
        if not own or len(found.query) > _MAX_CURSOR or self._asked_with in unquote(found.query):
            return Next.REFUSED
        return found.query or Next.NONE

    def redact(self, body: bytes) -> bytes:
        """Take the token out of bytes that are to be kept."""
        for token in {self._token, self._asked_with}:
            for form in {token, quote(token, safe="")}:
                body = body.replace(form.encode(), b"***")
        return body

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
        self.line.close()

    def _url(self) -> str:
        return f"{self.base_url}/events/{quote(self.room, safe='')}/{quote(self._asked_with, safe='')}/"


def asked_timeout(query: str) -> int:
    """Give the seconds that a cursor makes the server wait: 0 to 90, 10 where it does not say."""
    try:
        return max(0, min(_MAX_TIMEOUT, int(parse_qs(query)["timeout"][0])))
    except (KeyError, ValueError):
        return 10
