"""One way to ask an API: in its turn, bounded, tried again where that is safe, with every failure typed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from mhc.clients.failures import BrokenAnswerError, DownError, MovedError, Terms, UpstreamError
from mhc.clients.http import Answer, BodyError, NetworkError, TlsError, fetch, guarded, open_session
from mhc.clients.line import Line
from mhc.clients.pacing import Pacer, Rate
from mhc.config import Secret
from mhc.errors import AccessError

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 20.0  # seconds between tries


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `about` names whom it is about, where they turn out not to be known."""

    path: str
    params: tuple[tuple[str, str | Secret], ...] = ()
    method: str = "GET"
    body: bytes | None = None
    about: str = "it"
    # How an answer repeats a secret of ours: what is short may also be a word that somebody wrote.
    echo: str = "{}"


class Api:
    """One API at one address. Its secrets go into requests only: no error, log or answer that leaves here holds them."""

    def __init__(
        self,
        terms: Terms,
        base_url: str,
        pacer: Pacer,
        *,
        bearer: Secret | None = None,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.terms = terms
        self.host = urlsplit(base_url).netloc
        self._base = base_url
        self._bearer = bearer
        self._pacer = pacer
        self._clock = clock
        # A server on this machine is a rehearsal: its rates shrink with its back-offs.
        self._rate_scale = wait_scale if urlsplit(base_url).scheme == "http" else 1.0
        self._line = Line()
        self._session = open_session(self._line, base_url)
        self._retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=stop_after_attempt(terms.tries) | stop_after_delay(terms.in_all),
            wait=wait_exponential_jitter(
                multiplier=_FIRST_WAIT * wait_scale,
                max=_LONGEST_WAIT * wait_scale,
                jitter=_FIRST_WAIT * wait_scale,
            ),
            sleep=pacer.pause,
            reraise=True,
        )

    def ask(self, request: Request, rates: tuple[Rate, ...], read: Callable[[Answer], T]) -> T:
        """Ask, and give what `read` makes of the answer. Raises UpstreamError; PacedError where it is not our turn."""
        if request.method == "GET":
            found: T = self._retrying(self._once, request, rates, read)
            return found
        return self._once(request, rates, read)

    def take_turn(self, rates: tuple[Rate, ...]) -> None:
        """Wait for a turn that is not a single request's. Raises PacedError."""
        self._pacer.take(self.host, [Rate(one.key, one.seconds * self._rate_scale) for one in rates])

    def _once(self, request: Request, rates: tuple[Rate, ...], read: Callable[[Answer], T]) -> T:
        self.take_turn(rates)
        answer = self._fetch(request)
        try:
            return read(answer)
        except UpstreamError as error:
            if error.seconds is not None:
                self._pacer.hush(self.host, error.seconds * self._rate_scale)
            raise

    def _fetch(self, request: Request) -> Answer:
        terms = self.terms
        url = f"{self._base}{request.path}"
        if request.params:
            url += "?" + urlencode([(name, _revealed(value)) for name, value in request.params])
        headers = {} if request.body is None else {"Content-Type": "application/json"}
        if self._bearer is not None:
            headers["Authorization"] = f"Bearer {self._bearer.reveal()}"
        try:
            with guarded(self._line, terms.seconds):
                answer = fetch(
                    self._session,
                    self._line,
                    url,
                    seconds=terms.seconds,
                    max_bytes=terms.max_bytes,
                    method=request.method,
                    headers=headers,
                    body=request.body,
                )
        except NetworkError as error:
            raise DownError(f"{terms.name} cannot be reached: {error}") from None
        except TlsError as error:
            raise MovedError(f"{terms.name} cannot be trusted: {error}") from None
        except BodyError as error:
            raise BrokenAnswerError(f"{terms.name} sends {error}") from None
        return self._without_secrets(answer, request)

    def _without_secrets(self, answer: Answer, request: Request) -> Answer:
        """Take our secrets out of what came back: it is kept, and an error may quote it."""
        secrets = [value.reveal() for _, value in request.params if isinstance(value, Secret)]
        secrets += [self._bearer.reveal()] if self._bearer else []
        forms = {form for one in secrets for form in (one, quote(one, safe=""), one.replace("/", "\\/"))}
        body, headers = answer.body, dict(answer.headers)
        mask = request.echo.format("***")
        for form in (request.echo.format(one) for one in forms):
            body = body.replace(form.encode(), mask.encode())
            headers = {name: value.replace(form, mask) for name, value in headers.items()}
        return Answer(answer.status, headers, body, answer.seconds)

    def stop(self) -> None:
        """Break what is under way, and every later request at once. May be called from another thread."""
        self._line.cut()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
        self._line.close()


def needed(token: Secret | None, setting: str, what: str) -> Secret:
    """Give a token, or say which setting is missing."""
    if token is None:
        raise AccessError(
            f"{what} needs a token: {setting} is not set", hint="docs/sources.md says where it comes from"
        )
    return token


def saved_answer(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Give a saved payload as if it had just come."""
    return Answer(status, {name.lower(): value for name, value in (headers or {}).items()}, body, 0.0)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, UpstreamError) and error.transient


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
