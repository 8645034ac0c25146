"""Posts to a URL of the owner's: what is forwarded, alerts, pings. The URL may be secret: no error holds it."""

import threading
from urllib.parse import urlsplit, urlunsplit

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)
from tenacity.nap import sleep_using_event

from mhc.clients.http import NetworkError, TransportError, open_session, post
from mhc.clients.line import Line

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0  # seconds between tries
JSON = "application/json"
_LATER = frozenset({408, 425, 429})  # and any 5xx: the receiver may take it later


class HookError(Exception):
    """It was not taken: the sentence says why, without the URL."""


class NotNowError(HookError):
    """It was not taken this time; a little later it may be."""


class Hook:
    """One URL. A post may arrive twice, where its answer was lost."""

    def __init__(self, url: str, *, seconds: float = 10, tries: int = 3, wait_scale: float = 1.0) -> None:
        self._parts = urlsplit(url)
        self._seconds = seconds
        self._line = Line()
        self._session = open_session(self._line, url)
        self._stopped = threading.Event()
        self._retrying = Retrying(
            retry=retry_if_exception_type(NotNowError),
            stop=stop_after_attempt(tries) | stop_when_event_set(self._stopped),
            wait=wait_exponential_jitter(
                multiplier=_FIRST_WAIT * wait_scale,
                max=_LONGEST_WAIT * wait_scale,
                jitter=_FIRST_WAIT * wait_scale,
            ),
            sleep=sleep_using_event(self._stopped),
            reraise=True,
        )

    @property
    def host(self) -> str:
        """The host, with its port where it has one: all of the URL that may be said."""
        return self._parts.netloc

    def post(self, body: bytes, *, below: str = "", media_type: str = JSON) -> None:
        """Post a body, to the URL or to a path below it. Raises HookError when every try failed."""
        url = urlunsplit(self._parts._replace(path=self._parts.path.rstrip("/") + below)) if below else None
        self._retrying(self._once, url or self._parts.geturl(), body, media_type)

    def _once(self, url: str, body: bytes, media_type: str) -> None:
        try:
            status = post(self._session, self._line, url, body, media_type, seconds=self._seconds)
        except NetworkError as error:
            raise NotNowError(str(error)) from None
        except TransportError as error:
            raise HookError(str(error)) from None
        if status >= 500 or status in _LATER:
            raise NotNowError(f"answered {status}")
        if status >= 300:
            raise HookError(f"answered {status}" + (", which is not followed" if status < 400 else ""))

    def stop(self) -> None:
        """Break what is under way, and every later post at once. May be called from another thread."""
        self._stopped.set()
        self._line.cut()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
        self._line.close()
