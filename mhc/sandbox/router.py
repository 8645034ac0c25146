"""Which API of the sandbox a request is for, and what it gets instead of an answer where something is to go wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mhc.sandbox import affiliate, cbhours, profiles, reply, statbate_rules, statistics, token_statistics
from mhc.sandbox.affiliate import AffiliateApi
from mhc.sandbox.api import EventsApi
from mhc.sandbox.cbhours import CbhoursApi
from mhc.sandbox.faults import Fault
from mhc.sandbox.people import dice
from mhc.sandbox.profiles import PROFILES, ProfilesApi
from mhc.sandbox.reply import Reply
from mhc.sandbox.statbate import PREFIX, StatbateApi
from mhc.sandbox.statistics import EARNINGS, ROOM_STATISTICS, StatisticsApi
from mhc.sandbox.upsets import Upsets

APIS: Final = ("events", "statbate", "stats", "apistats", "affiliate", "profiles", "cbhours")
_SITE: Final = {ROOM_STATISTICS: "stats", EARNINGS: "apistats"}


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Router:
    """Answers requests of any number of threads."""

    def __init__(
        self,
        events: EventsApi,
        statbate: StatbateApi,
        site: StatisticsApi,
        feed: AffiliateApi,
        public: ProfilesApi,
        hours: CbhoursApi,
        *,
        faults: Mapping[str, Iterable[Fault]],
        misbehave: float,
        seed: int,
    ) -> None:
        self.events, self._statbate, self._site, self._feed = events, statbate, site, feed
        self._profiles, self._hours = public, hours
        said = {
            "statbate": statbate_rules.said_with,
            "stats": statistics.said_with,
            "apistats": statistics.said_with,
            "affiliate": affiliate.said_with,
            "profiles": profiles.said_with,
            "cbhours": cbhours.said_with,
        }
        self._upsets = {
            name: Upsets(faults.get(name, ()), misbehave, dice(seed, "misbehave", name), words)
            for name, words in said.items()
        }

    def answer(self, asked: Asked) -> Reply:
        """Give the answer; that of the feed may wait as long as the query's timeout."""
        path, _, query = asked.target.partition("?")
        if path.startswith(f"{PREFIX}/"):
            rest = path.removeprefix(PREFIX)
            return self._upsets["statbate"].spoil(
                lambda: self._statbate.answer(asked.method, rest, query, asked.headers, asked.body)
            )
        if asked.method != "GET":
            return reply.NOT_ALLOWED
        if path == token_statistics.PATH:
            return self._site.token_statistics()
        if path in _SITE:
            return self._upsets[_SITE[path]].spoil(lambda: self._site.answer(path, query))
        if path in {affiliate.PAGES, affiliate.ARRAY}:
            return self._upsets["affiliate"].spoil(lambda: self._feed.answer(path, query))
        if path.startswith(PROFILES):
            return self._upsets["profiles"].spoil(lambda: self._profiles.answer(path))
        if path == cbhours.PATH:
            return self._upsets["cbhours"].spoil(lambda: self._hours.answer(query))
        return self.events.answer(asked.target)
