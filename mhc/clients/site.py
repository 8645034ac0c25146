"""What both statistics of an own account have in common: one token, one server, its refusals (contract cbstats 3.3)."""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from mhc.clients.api import Api, Request
from mhc.clients.failures import NotKnownError, RefusedError, Rule, Terms, ThrottledError, says
from mhc.clients.http import Answer
from mhc.clients.pacing import Pacer, Rate
from mhc.config import Secret

T = TypeVar("T")

# Nothing newer exists any sooner, and who asks more often is kept out for a quarter of an hour, with all rooms.
EVERY_SECONDS: Final = 300
_APART_SECONDS: Final = 2  # whatever is asked of the host

TERMS: Final = Terms(
    name="the statistics API",
    token="CB_STATS_TOKEN",  # noqa: S106 - the name of a setting
    rules=(
        Rule(range(600), RefusedError, "the statistics API refuses the token of {about} ({status})",
             lambda answer: answer.body.strip().lower() == b"unauthorized",
             "CB_STATS_TOKEN must be that room's, with the scope Stats"),
        Rule(range(403, 404), ThrottledError, "the statistics API asks to slow down ({status})", says("slow")),
        Rule(range(404, 405), NotKnownError, "the statistics API does not know {about}"),
    ),
    cooldown=EVERY_SECONDS,
    tries=1,  # another would come too soon in any case
)  # fmt: skip


class SiteClient:
    """One of the two, for one account."""

    def __init__(
        self,
        base_url: str,
        room: str,
        token: Secret,
        pacer: Pacer,
        *,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.room = room
        self.clock = clock
        self._token = token
        self._api = Api(TERMS, base_url, pacer, wait_scale=wait_scale, clock=clock)

    def ask(self, path: str, read: Callable[[Answer], T], more: Mapping[str, str] | None = None) -> T:
        """Ask for this account, no sooner than five minutes after any process of this machine did."""
        params: tuple[tuple[str, str | Secret], ...] = (
            ("username", self.room),
            ("token", self._token),
            *(more or {}).items(),
        )
        rates = (Rate("", _APART_SECONDS), Rate(f"{path}{self.room}", EVERY_SECONDS))
        return self._api.ask(Request(path, params, about=self.room), rates, read)

    def stop(self) -> None:
        """Break what is under way. May be called from another thread."""
        self._api.stop()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()
