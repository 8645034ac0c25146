"""Alerts of one listener as a test sees them: what is told, and what failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from listening import Station, event, page
from mhc.capture.alerts import Alerts
from mhc.capture.rules import read_rules
from mhc.capture.worker import Complaints
from mhc.cli.reactions import alert_json
from mhc.cli.reactions import digest as digest_of
from mhc.config import load
from mhc.store.database import Database
from receiver import Receiver


class Desk:
    """Alerts of one listener: what is told, and what failed."""

    def __init__(
        self,
        station: Station,
        rules: dict[str, Any],
        db: Database | None = None,
        digest: Callable[[str, str], bytes] | None = None,
    ) -> None:
        self.station = station
        self.failed: list[tuple[str, str]] = []
        self.alerts = Alerts(
            db or station.db,
            read_rules({"alerts": rules}),
            encode=alert_json,
            digest=digest or partial(digest_of, load(environ={"TZ": "UTC"}), db or station.db),
            now=station.clock.now,
            complaints=Complaints(station.clock.monotonic),
            on_failure=lambda room, rule: self.failed.append((room, rule)),
            wait_scale=0.001,
        )
        station.options.on_events = self.alerts.offer

    def comes(self, *events: object) -> None:
        self.station.step(page(*events, to=f"i={self.station.clock.seconds}"))

    def close(self) -> None:
        self.alerts.close(time.monotonic() + 30)


@contextmanager
def told(station: Station, **rules: Any) -> Iterator[tuple[Desk, list[Any]]]:
    """Give a desk whose rules post to a receiver, and what it got by the end of the block."""
    got: list[Any] = []
    with Receiver() as receiver:
        desk = Desk(station, {name: {"url": receiver.url, **rule} for name, rule in rules.items()})
        try:
            yield desk, got
        finally:
            desk.close()
        got += [one.json for one in receiver.posted]


def who(got: list[Any]) -> list[tuple[str, str | None]]:
    return [(one["rule"], one["person"]) for one in got]


def anonymous(seconds: float, who: str, tokens: int) -> dict[str, Any]:
    return event(seconds, "tip", who, tip={"tokens": tokens, "isAnon": True, "message": "psst"})
