"""HTTP as every upstream needs it: bounded in time and size, no redirects, no cookies, errors without a URL in them."""

import http.cookiejar
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from mhc import __version__
from mhc.clients.line import Line

USER_AGENT = f"mhc/{__version__} (a broadcaster's own tools)"
CONNECT_SECONDS = 10
_CHUNK = 64 * 1024
_GUARD_SECONDS = 0.05  # behind the deadline: the guard starts a little before the request does

log = logging.getLogger("mhc.http")


class TransportError(Exception):
    """No answer: the sentence says why, without the URL."""


class NetworkError(TransportError):
    """No connection, or it broke, or the time was up."""


class TlsError(TransportError):
    """No trusted connection: certificate or protocol."""


class BodyError(TransportError):
    """An answer that is too large, or packed in a way that was not asked for or does not unpack."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream said."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    seconds: float

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class _Adapter(HTTPAdapter):
    """Connections that register with a line; retries are the caller's."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._line)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _pools(self._line)
        return manager


class _Session(requests.Session):
    """A session to which no answer leads elsewhere: told not to follow, the library still reads such bodies whole."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""


def _pools(line: Line) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            line.register(made)
            return made

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            line.register(made)
            return made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def open_session(line: Line, base_url: str) -> requests.Session:
    """Give a session for one upstream."""
    session = _Session()
    session.mount("https://", _Adapter(line))
    session.mount("http://", _Adapter(line))
    session.headers.update(
        {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
    )
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.auth = lambda request: request  # keeps ~/.netrc out
    if urlsplit(base_url).scheme == "http":
        session.trust_env = False  # loopback only: no proxy knows the way there
    return session


@dataclass(slots=True)
class _Exchange:
    """One request and its answer, while they are under way."""

    began: float
    status: int = 0


@contextmanager
def _exchange(line: Line, method: str, url: str, seconds: float) -> Iterator[_Exchange]:
    """Bound a request in time, type what goes wrong, and log it: by its host, since the rest of a URL may be secret."""
    one = _Exchange(time.monotonic())
    said = "broken off"
    line.begin(seconds)
    try:
        yield one
        said = str(one.status)
    except TransportError as error:
        said = str(error)
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        typed = _typed(error, late=time.monotonic() - one.began >= seconds)
        said = str(typed)
        raise typed from None
    finally:
        line.end()
        log.debug(
            "%s %s: %s, %d ms", method, urlsplit(url).netloc, said, (time.monotonic() - one.began) * 1000
        )


def fetch(
    session: requests.Session,
    line: Line,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Ask a URL within a total time and a size, on the wire and inflated. Raises TransportError; redirects are answers.

    The time holds for a head or a body that drips only where another thread watches the line, or inside `guarded`.
    """
    with (
        _exchange(line, method, url, seconds) as one,
        session.request(
            method,
            url,
            headers=headers,
            data=body,
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
            allow_redirects=False,
            stream=True,
        ) as response,
    ):
        found = {name.lower(): value for name, value in response.headers.items()}
        if found.get("content-encoding", "identity").lower() not in {"identity", "gzip", "x-gzip"}:
            raise BodyError("an encoding that was not asked for")
        read = _read(response.raw, one.began + seconds, max_bytes)
        if not read and not found.keys() & {"content-length", "transfer-encoding"}:
            # In the head: its end would have said how much follows.
            raise NetworkError("the connection broke")
        one.status = response.status_code
    return Answer(one.status, found, read, time.monotonic() - one.began)


@contextmanager
def guarded(line: Line, seconds: float) -> Iterator[None]:
    """Cut the line when its request took longer than it may, where no other thread does."""
    guard = threading.Timer(seconds + _GUARD_SECONDS, line.cut_if_late)
    guard.daemon = True
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def post(
    session: requests.Session, line: Line, url: str, body: bytes, media_type: str, *, seconds: float
) -> int:
    """POST a body to a URL within a total time; give the status. Raises TransportError; redirects are answers.

    What is answered is read to a small size and thrown away. No other thread need watch the line.
    """
    with (
        guarded(line, seconds),
        _exchange(line, "POST", url, seconds) as one,
        session.post(
            url,
            data=body,
            headers={"Content-Type": media_type},
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
            allow_redirects=False,
            stream=True,
        ) as response,
    ):
        if time.monotonic() - one.began >= seconds:  # a head that was cut looks whole
            raise NetworkError("the answer took too long")
        _throw_away(response.raw)
        one.status = response.status_code
    return one.status


def _throw_away(raw: urllib3.BaseHTTPResponse) -> None:
    """Read what is short, so that the connection can be used again; what goes wrong here changes no status."""
    try:
        raw.read(_CHUNK, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError):
        raw.close()


def _read(raw: urllib3.BaseHTTPResponse, deadline: float, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := raw.read(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > max_bytes or time.monotonic() > deadline:
            break
    if max(size, raw.tell()) > max_bytes:  # tell: what came over the wire, which may inflate to nothing
        raise BodyError(f"an answer of more than {max_bytes >> 20} MiB")
    if time.monotonic() > deadline:  # what was cut at its deadline may look whole
        raise NetworkError("the answer took too long")
    return b"".join(parts)


def _typed(error: BaseException, *, late: bool) -> TransportError:
    causes = list(_causes(error))
    kinds = tuple(type(cause) for cause in causes)
    if late:
        return NetworkError("the answer took too long")
    if any(issubclass(kind, ssl.SSLError | requests.exceptions.SSLError) for kind in kinds):
        verify = next((c.verify_message for c in causes if isinstance(c, ssl.SSLCertVerificationError)), "")
        return TlsError(f"no trusted connection{': ' + verify if verify else ''}")
    if any(issubclass(kind, urllib3.exceptions.DecodeError) for kind in kinds):
        return BodyError("an answer that does not unpack")
    if any(issubclass(kind, socket.gaierror | urllib3.exceptions.NameResolutionError) for kind in kinds):
        return NetworkError("the host's name is not known")
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return NetworkError(cause.strerror.lower())
    if any(
        issubclass(kind, requests.Timeout | TimeoutError | urllib3.exceptions.TimeoutError) for kind in kinds
    ):
        return NetworkError("the answer took too long")
    return NetworkError("the connection broke")


def _causes(error: BaseException | None) -> Any:
    """Walk through an error, what it wraps and what caused it: libraries nest them three deep."""
    seen: set[int] = set()
    rest = [error]
    while rest:
        one = rest.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        rest += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
