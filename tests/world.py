"""A sandbox whose time a test moves, and its APIs as the clients of mhc ask them."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from mhc.clients.affiliate import AffiliateClient
from mhc.clients.apistats import EarningsClient
from mhc.clients.biocontext import ProfileClient
from mhc.clients.cbhours import CbhoursClient
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.pacing import Pacer
from mhc.clients.statbate import StatbateClient
from mhc.config import Secret
from mhc.domain.times import Range
from mhc.sandbox.server import Sandbox

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Of a show, each twenty hours after the last: a month of longer ones takes its time.
LENGTH = timedelta(minutes=30)


class World:
    """Made-up time stands still at BEGIN, when the first show starts, until `pass_time`; waits cost it and nothing else."""

    def __init__(self, folder: Path, *, begin: datetime = BEGIN, **more: Any) -> None:
        self.passed = 0.0
        self._begin = begin
        self.sandbox = Sandbox(
            **{"start": begin, "length": LENGTH, "clock": lambda: self.passed, "rooms": 1_000, **more}
        )
        self._pacer = Pacer(folder, clock=self.time, sleep=self._sleep)

    @property
    def now(self) -> datetime:
        """Give made-up time."""
        return self._begin + timedelta(seconds=self.passed)

    def time(self) -> float:
        """Give made-up time in seconds since 1970."""
        return self.now.timestamp()

    def pass_time(self, **much: float) -> None:
        """Let time pass: `pass_time(days=1)`."""
        self.passed += timedelta(**much).total_seconds()
        self.sandbox.wake()

    def last(self, **much: float) -> Range:
        """Give the range that ends now."""
        return Range(self.now - timedelta(**much), self.now)

    def ask(
        self, path: str, params: Any = (), *, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask without a client; give status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.sandbox.url).port or 0, timeout=30)
        try:
            connection.request(method, f"{path}?{urlencode(params)}", body, headers)
            response = connection.getresponse()
            return response.status, dict(response.headers), response.read().decode()
        finally:
            connection.close()

    def events(self) -> list[dict[str, Any]]:
        """Give every event of the feed so far."""
        place, found = self.sandbox.base_url.removeprefix(self.sandbox.url), list[dict[str, Any]]()
        cursor: dict[str, str] = {}
        while True:
            page = json.loads(self.ask(place, {"timeout": 0, **cursor})[2])
            if not page["events"]:
                return found
            found += page["events"]
            cursor = {"i": found[-1]["id"]}

    @contextmanager
    def rooms(self) -> Iterator[AffiliateClient]:
        """Give the client of the feed of rooms."""
        given = Secret(self.sandbox.environment["MHC_AFFILIATE_WM"])
        client = AffiliateClient(self.sandbox.url, given, self._pacer, clock=self.time)
        with closing(client):
            yield client

    @contextmanager
    def statbate(self, token: str | None = None) -> Iterator[Any]:
        """Give the client of Statbate."""
        given = Secret(token or self.sandbox.statbate_token)
        client = StatbateClient(self.sandbox.statbate_url, given, self._pacer, clock=self.time)
        with closing(client):
            yield client

    @contextmanager
    def statistics(self, token: str | None = None) -> Iterator[Any]:
        """Give the client of the account's statistics."""
        given = Secret(token or self.sandbox.stats_token)
        client = StatisticsClient(self.sandbox.url, self.sandbox.room, given, self._pacer, clock=self.time)
        with closing(client):
            yield client

    @contextmanager
    def earnings(self, token: str | None = None) -> Iterator[Any]:
        """Give the client of the affiliate earnings."""
        given = Secret(token or self.sandbox.stats_token)
        client = EarningsClient(self.sandbox.url, self.sandbox.room, given, self._pacer, clock=self.time)
        with closing(client):
            yield client

    @contextmanager
    def profiles(self) -> Iterator[Any]:
        """Give the client of public profiles."""
        with closing(ProfileClient(self.sandbox.url, self._pacer, clock=self.time)) as client:
            yield client

    @contextmanager
    def cbhours(self) -> Iterator[Any]:
        """Give the client of CBHours."""
        url = self.sandbox.environment["MHC_CBHOURS_URL"]
        with closing(CbhoursClient(url, self._pacer, clock=self.time)) as client:
            yield client

    def _sleep(self, seconds: float) -> bool:
        self.pass_time(seconds=seconds)
        return False
