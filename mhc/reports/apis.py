"""Checks of the sources of figures: one question to each that has a token, or a job, where it is its turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final

from mhc.clients.affiliate import AffiliateClient
from mhc.clients.affiliate import Query as Rooms
from mhc.clients.apistats import EarningsClient
from mhc.clients.cbhours import CbhoursClient
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.failures import BlockedError, DownError, NotKnownError, ThrottledError
from mhc.clients.pacing import PacedError, Pacer
from mhc.clients.statbate import MODEL_INFO, TAGS_SEARCH, Query, StatbateClient
from mhc.config import Secret, Settings
from mhc.domain.times import Range
from mhc.errors import MhcError
from mhc.reports.findings import Finding, error, off, ok, warning

STATBATE, STATISTICS, EARNINGS = "statbate api", "statistics api", "affiliate earnings"
ROOMS, HOURS = "feed of rooms", "cbhours"
_SOMEBODY: Final = "chaturbate"  # a name of the site: to ask about, where there is no own room
_PATIENCE: Final = 5.0  # seconds to wait for a turn
_DAY: Final = timedelta(days=1)
_LATER: Final = "try again later"

# Asks, and gives what did not fit in the answer.
_Ask = Callable[[], Sequence[str]]


def check(loaded: Settings, *, offline: bool, hours: bool = False) -> Iterator[Finding]:
    """Say of each source that has a token whether it answers; each is asked in its turn or not at all.

    CBHours asks for no token: `hours` says that it is to be asked.
    """
    pacer = Pacer(loaded.state_dir, patience=_PATIENCE)
    asks: list[tuple[str, str, _Ask]] = []
    if loaded.statbate_token is not None:
        token = loaded.statbate_token
        asks.append((STATBATE, "", lambda: _ask_statbate(loaded, token, pacer)))
    for room in loaded.rooms:
        if room.stats_token is not None:
            asks += _of_room(loaded, room.name, room.stats_token, pacer)
    if loaded.affiliate_wm is not None:
        asks.append((ROOMS, "", lambda: _ask_feed(loaded, pacer)))
    if hours:
        asks.append((HOURS, "", lambda: _ask_cbhours(loaded, pacer)))
    for name, whose, ask in asks:
        yield off(name, f"{whose}not asked (--offline)") if offline else _finding(name, whose, ask)


def _of_room(loaded: Settings, room: str, token: Secret, pacer: Pacer) -> Iterator[tuple[str, str, _Ask]]:
    def ask(kind: type[StatisticsClient] | type[EarningsClient]) -> Sequence[str]:
        with closing(kind(loaded.chaturbate_url, room, token, pacer, wait_scale=loaded.wait_scale)) as client:
            return client.fetch().problems

    yield STATISTICS, f"{room}: ", lambda: ask(StatisticsClient)
    yield EARNINGS, f"{room}: ", lambda: ask(EarningsClient)


def _ask_statbate(loaded: Settings, token: Secret, pacer: Pacer) -> Sequence[str]:
    """Ask about the own room's last day, as far as there is one: what is nearest to what is asked for in earnest."""
    with closing(StatbateClient(loaded.statbate_url, token, pacer, wait_scale=loaded.wait_scale)) as client:
        if loaded.room is None:
            return client.fetch(TAGS_SEARCH, Query(query="", limit=1)).problems
        now = datetime.now(UTC)
        try:
            return client.fetch(MODEL_INFO, Query(name=loaded.room, range=Range(now - _DAY, now))).problems
        except NotKnownError:
            return ()  # that is an answer, too


def _ask_feed(loaded: Settings, pacer: Pacer) -> Sequence[str]:
    """Ask for one room: any code is taken, so that it is the feed itself which is looked at."""
    code, scale = loaded.affiliate_wm, loaded.wait_scale
    with closing(AffiliateClient(loaded.chaturbate_url, code, pacer, wait_scale=scale)) as client:
        return client.fetch(Rooms(limit=1)).problems


def _ask_cbhours(loaded: Settings, pacer: Pacer) -> Sequence[str]:
    """Ask whether the own room is online; that it is not known there is an answer, too."""
    with closing(CbhoursClient(loaded.cbhours_url, pacer, wait_scale=loaded.wait_scale)) as client:
        try:
            return client.fetch_live([loaded.room or _SOMEBODY]).problems
        except NotKnownError:
            return ()


def _finding(name: str, whose: str, ask: _Ask) -> Finding:
    try:
        problems = ask()
    except PacedError as soon:
        return off(name, f"{whose}not asked again so soon: {soon.message}")
    except MhcError as failure:
        later = isinstance(failure, ThrottledError | BlockedError)
        later = later or (isinstance(failure, DownError) and failure.answer is not None)
        said = f"{whose}{failure.message}"
        return warning(name, said, failure.hint or _LATER) if later else error(name, said, failure.hint)
    if problems:
        return warning(name, f"{whose}answers in another form: {problems[0]}", "the other fields are read")
    return ok(name, f"{whose}answered" if name in {ROOMS, HOURS} else f"{whose}answered with this token")
