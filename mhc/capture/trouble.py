"""What is done about an answer that is not the feed: probe, wait, give the place up, or leave."""

import logging
from collections.abc import Callable

from mhc.capture.backoff import AUTH_PROBE, AUTH_WAIT, CURSOR_PROBES, PROBES
from mhc.capture.beside import beside
from mhc.capture.classify import Class, Outcome
from mhc.capture.health import Health
from mhc.capture.options import Options
from mhc.clients.events import EventsClient
from mhc.errors import AccessError, DataError, MhcError, TryLaterError, UnavailableError
from mhc.store.pages import NewGap
from mhc.store.streams import Stream

_PAYLOAD_TRIES, _PAYLOAD_SECONDS = 20, 600.0
_ONCE: dict[Class, type[MhcError]] = {Class.RATE: TryLaterError, Class.PAYLOAD: DataError}

log = logging.getLogger("mhc.listen")


class TokenRefusedError(AccessError):
    """The API does not take the room's token, and it was not asked to wait for another."""


class Trouble:
    """One listener's bad answers since its last good one."""

    def __init__(
        self, client: EventsClient, health: Health, options: Options, held: Callable[[], Stream]
    ) -> None:
        self.lost: NewGap | None = None  # the cursor was given up: why
        self._client = client
        self._health = health
        self._o = options
        self._held = held
        self._probes: dict[Class, int] = {}
        self._payload_since: float | None = None
        self._good_before = False

    def is_over(self) -> None:
        """Note a good poll."""
        self.lost = None
        self._good_before = True
        self._probes.clear()
        self._payload_since = None
        self._o.backoff.good(self._o.monotonic())

    def met(self, outcome: Outcome, asked_from: str | None) -> float:
        """Decide about an answer; give the seconds to wait. Raises MhcError where there is no use in waiting."""
        beside(self._o.on_failed, outcome.kind)
        if outcome.kind is Class.AUTH:
            return self._refused(outcome)
        if self._o.once and outcome.kind in {Class.NETWORK, Class.TLS}:
            raise UnavailableError(f"cannot reach {self._client.host}: {outcome.detail}")
        if outcome.kind is Class.CURSOR:
            return self._lost_cursor(outcome, asked_from)
        if outcome.kind is Class.PAYLOAD and asked_from is not None and self._payload_stuck():
            self.lost = NewGap(None, self._o.now(), "unreadable answers", certain=True)
        return self._failed(outcome)

    def _refused(self, outcome: Outcome) -> float:
        """Probe a refusal, since single ones happen; then leave, or wait for another token."""
        tries = self._probes[Class.AUTH] = self._probes.get(Class.AUTH, 0) + 1
        if tries < PROBES:
            self._health.state(self._held(), "backing off", outcome.detail)
            return AUTH_PROBE
        # Where other rooms are heard too, a bad token is this room's trouble: the process stays.
        may_stay = self._good_before or not self._o.alone
        if not may_stay or self._o.exit_on_auth or self._o.once:
            raise TokenRefusedError(
                f"{self._client.host} refused the token for {self._client.room} ({outcome.detail.split(':')[0]})",
                hint="make a token with the scope Events API and set CB_AUTH_TOKEN",
            )
        self._health.state(self._held(), "token refused", outcome.detail)
        beside(self._o.on_refused)
        if tries == PROBES:
            log.error("%s: %s; set a new CB_AUTH_TOKEN and send SIGHUP", self._client.room, outcome.detail)
        return AUTH_WAIT

    def _lost_cursor(self, outcome: Outcome, asked_from: str | None) -> float:
        tries = self._probes[Class.CURSOR] = self._probes.get(Class.CURSOR, 0) + 1
        if asked_from is None or tries > len(CURSOR_PROBES):
            self.lost = NewGap(None, self._o.now(), "cursor lost", certain=False)
            return self._failed(outcome) if asked_from is None else 0.0
        self._health.state(self._held(), "backing off", outcome.detail)
        return CURSOR_PROBES[tries - 1]

    def _payload_stuck(self) -> bool:
        tries = self._probes.get(Class.PAYLOAD, 0) + 1
        if self._payload_since is None:
            self._payload_since = self._o.monotonic()
        long = self._o.monotonic() - self._payload_since >= _PAYLOAD_SECONDS * self._o.wait_scale
        return tries >= _PAYLOAD_TRIES and long

    def _failed(self, outcome: Outcome) -> float:
        tries = self._probes[outcome.kind] = self._probes.get(outcome.kind, 0) + 1
        if self._o.once and tries >= PROBES:
            raise _ONCE.get(outcome.kind, UnavailableError)(f"{self._client.host}: {outcome.detail}")
        wait = self._o.backoff.failed(outcome.kind, outcome.retry_after)
        level = logging.ERROR if outcome.kind is Class.TLS else logging.WARNING
        said = (self._client.room, outcome.detail, wait * self._o.wait_scale)
        log.log(level, "%s: %s; next try in %.1f s", *said)
        self._health.state(self._held(), "backing off", outcome.detail)
        return wait
