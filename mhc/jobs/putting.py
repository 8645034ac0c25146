"""Putting a question to its source, or to a saved answer of it: what it says of whom."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from mhc.clients import apistats, biocontext, cbstats, statbate
from mhc.clients.api import needed
from mhc.clients.apistats import EarningsClient
from mhc.clients.biocontext import ProfileClient
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.pacing import Pacer
from mhc.clients.statbate import Fetched, Query, StatbateClient
from mhc.clients.statbate_operations import MOST_PER_PAGE
from mhc.clients.statbate_requests import request_for
from mhc.config import Secret, Settings
from mhc.errors import AccessError, ConfigError, DataError
from mhc.jobs import profile_files
from mhc.jobs.aside import read_aside
from mhc.jobs.keeping import Said
from mhc.jobs.questions import APISTATS, About, Question, query_of
from mhc.store.people import Role

MOST_PAGES = 100


@dataclass(slots=True)
class Answered:
    """What a source said: of whom, whom it does not know, and at whom it failed, with why."""

    said: list[Said] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    payload: bytes = b""  # the answer as it came, its first page


class Upstreams:
    """The clients of one pull, each opened when it is first needed. Once `stop` is set they wait for no turn."""

    def __init__(self, loaded: Settings, stop: threading.Event) -> None:
        self._loaded = loaded
        self._pacer = Pacer(loaded.state_dir, sleep=stop.wait)
        self._statbate: StatbateClient | None = None
        self._profiles: ProfileClient | None = None

    def put(self, question: Question, names: Sequence[str], now: datetime) -> Answered:
        """Ask: about one name, about a hundred where that is one request, or about nobody.

        Raises UpstreamError, PacedError, and AccessError where a token is missing.
        """
        if question.about == About.PROFILE:
            return _of_profile(names[0], self.profiles().fetch(names[0], zone=self._loaded.site_timezone))
        if question.operation is None:
            return self._room(question, names[0])
        if question.in_batches:
            asked = Query(names=tuple(names))
            return _of_batch(names, self.statbate().fetch(statbate.MEMBER_INFO_BATCH, asked))
        return _of_pages(question, names, list(self._pages(question, names, now)))

    def statbate(self) -> StatbateClient:
        """Give the client of Statbate. Raises AccessError where there is no token."""
        if self._statbate is None:
            one = self._loaded
            token = needed(one.statbate_token, "STATBATE_API_TOKEN", "Statbate")
            self._statbate = StatbateClient(one.statbate_url, token, self._pacer, wait_scale=one.wait_scale)
        return self._statbate

    def profiles(self) -> ProfileClient:
        """Give the client of public profiles. Raises ConfigError where they are not enabled."""
        if self._profiles is None:
            one = self._loaded
            need_enabled(one)
            self._profiles = ProfileClient(one.chaturbate_url, self._pacer, wait_scale=one.wait_scale)
        return self._profiles

    def _pages(self, question: Question, names: Sequence[str], now: datetime) -> Iterator[Fetched[Any]]:
        operation, rows = question.operation, question.more.rows
        assert operation is not None
        window = question.more.window
        who = {"name": names[0]} if names else {}
        query = query_of(question, window and window.at(now), **who)
        if "limit" in operation.takes and rows is not None:
            query = query_of(question, None, limit=rows)
        if "pages" not in operation.takes:
            yield self.statbate().fetch(operation, query)
            return
        pages = self.statbate().fetch_pages(operation, query, most=MOST_PAGES)
        yield from islice(pages, None if rows is None else -(-rows // MOST_PER_PAGE))

    def _room(self, question: Question, room: str) -> Answered:
        one = self._loaded
        kind = EarningsClient if question.source == APISTATS else StatisticsClient
        client = kind(one.chaturbate_url, room, token_of(one, room), self._pacer, wait_scale=one.wait_scale)
        try:
            if isinstance(client, StatisticsClient):
                return _of_statistics(room, client.fetch(zone=one.site_timezone))
            return _of_earnings(room, client.fetch())
        finally:
            client.close()

    def close(self) -> None:
        """Close the connections."""
        for one in (self._statbate, self._profiles):
            if one is not None:
                one.close()


def check(question: Question, now: datetime) -> None:
    """Raise UsageError where the question cannot be put to anybody."""
    if question.operation is not None:
        window, named = question.more.window, question.operation.takes & {"name", "names"}
        who = {"name": "name"} if "name" in named else {"names": ("name",)} if named else {}
        more = {"limit": question.more.rows} if "limit" in question.operation.takes else {}
        request_for(question.operation, query_of(question, window and window.at(now), **who, **more))


def need_enabled(loaded: Settings) -> None:
    """Raise ConfigError where public profiles are not to be asked for."""
    if not loaded.profiles_enabled:
        raise ConfigError(
            "public profiles are asked for only where you say so",
            hint="set enabled = true in [profiles] of config.toml; docs/profiles.md says what that means",
        )


def token_of(loaded: Settings, room: str) -> Secret:
    """Give the statistics token of an own room. Raises AccessError."""
    token = next((one.stats_token for one in loaded.rooms if one.name == room), None)
    if token is None and len(loaded.rooms) <= 1 and loaded.room in {None, room}:
        token = loaded.stats_token
    if token is None:
        raise AccessError(
            f"no statistics token for {room}", hint="set CB_STATS_TOKEN, or stats_token in [rooms.NAME]"
        )
    return token


def load(question: Question, body: bytes, names: Sequence[str], loaded: Settings) -> Answered:
    """Read a saved answer as if it had just come: its body, or an object of `status`, `headers` and `body_text`."""
    answer = read_aside(body)
    if question.about == About.PROFILE:
        return _of_profile(names[0], profile_files.read(answer, names[0], loaded.site_timezone))
    if question.operation is None:
        (room,) = names
        if question.source == APISTATS:
            return _of_earnings(room, apistats.read(answer, about=room))
        return _of_statistics(room, cbstats.read(answer, about=room, zone=loaded.site_timezone))
    about = names[0] if len(names) == 1 else "it"
    fetched: Fetched[Any] = statbate.read(question.operation, answer, about=about)
    if question.in_batches:
        return _of_batch(names or [str(row.name) for row in fetched.rows if row.name], fetched)
    return _of_pages(question, names, [fetched])


def _of_batch(names: Sequence[str], fetched: Fetched[Any]) -> Answered:
    batch = statbate.sort_batch(names, fetched)
    said = [
        Said(name, part, row, row.name, did=row.did, lost=batch.lost[name])
        for name, (row, part) in batch.found.items()
    ]
    passed = "Statbate does not say anything about them"
    failed = {name: why or passed for name, why in batch.failed.items()}
    return Answered(said, list(batch.unknown), failed, batch.problems, fetched.payload)


def _of_pages(question: Question, names: Sequence[str], pages: Sequence[Fetched[Any]]) -> Answered:
    """Give what all pages of an answer say: of the one it is about, or of nobody and of everyone on it."""
    problems = tuple(problem for page in pages for problem in page.problems)
    most, payload = question.more.rows, pages[0].payload
    rows = [row for page in pages for row in page.rows][:most]
    parts = [part for page in pages for part in page.parts][:most]
    assert question.operation is not None
    is_list = question.operation.is_list
    lost = _lost(pages) if is_list else pages[0].lost[0]
    everything = [part for page in pages for part in page.all_parts][:most]
    body = b"[" + b",".join(everything) + b"]" if is_list else parts[0]
    if question.about == About.NOBODY:
        everyone = {
            row.name: Said(row.name, part, row, rid=_number(row, "rid"), did=_number(row, "did"))
            for row, part in zip(rows, parts, strict=True)
            if _number(row, "rid") is not None or _number(row, "did") is not None
            if row.name
        }
        said = [Said(None, body, rows, lost=lost), *everyone.values()]
        return Answered(said, problems=problems, payload=payload)
    row = rows if is_list else rows[0]
    one = _of_one(question, names[0], body, row, pages[0])
    return Answered([replace(one, lost=lost)], problems=problems, payload=payload)


def _lost(pages: Sequence[Fetched[Any]]) -> frozenset[str]:
    """Say where in the rows of an answer something did not fit; `[]` where one is no row at all."""
    found = {f"[].{place}" for page in pages for row in page.lost for place in row}
    whole = all(len(page.rows) == len(page.all_parts) for page in pages)
    return frozenset(found if whole else found | {"[]"})


def _of_one(question: Question, name: str, body: bytes, row: Any, page: Fetched[Any]) -> Said:
    """Say whom an answer is about: it, its part about them, or what it says about itself names them."""
    part = "model" if question.about == About.MODEL else "member"
    number = "rid" if question.about == About.MODEL else "did"
    named = [getattr(row, part, None), getattr(page.meta, part, None)]
    places = [row, *named] if hasattr(row, number) else named
    ids = [one for place in places if (one := _number(place, number)) is not None]
    called = [found for place in places if (found := getattr(place, "name", None))]
    said = Said(name, body, row, called[0] if called else None)
    known = ids[0] if ids else None
    return replace(said, rid=known) if question.about == About.MODEL else replace(said, did=known)


def _number(row: object, name: str) -> int | None:
    found: int | None = getattr(row, name, None)
    return found


def _of_statistics(room: str, fetched: cbstats.Fetched) -> Answered:
    answers_for = fetched.statistics.username
    if answers_for not in {None, room}:
        raise DataError(f"the statistics are those of {answers_for}, not of {room}")
    said = Said(room, fetched.payload, fetched.statistics)
    return Answered([said], problems=fetched.problems, payload=fetched.payload)


def _of_profile(name: str, fetched: biocontext.Fetched) -> Answered:
    """Give what a profile says: anybody has one, and who was ever on air is a model."""
    role = None if fetched.profile.last_broadcast is None else Role.MODEL
    said = Said(name, fetched.payload, fetched, role=role)
    return Answered([said], problems=fetched.problems, payload=fetched.payload)


def _of_earnings(room: str, fetched: apistats.Earnings) -> Answered:
    said = Said(room, fetched.payload, fetched, lost=fetched.lost)
    return Answered([said], problems=fetched.problems, payload=fetched.payload)
