"""Checks of the sources of figures: one question to each that has a token, or a job, where it is its turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from mhc.clients.affiliate import AffiliateClient
from mhc.clients.affiliate import Query as Rooms
from mhc.clients.apistats import EarningsClient
from mhc.clients.biocontext import KeptOutError, ProfileClient
from mhc.clients.cbhours import CbhoursClient
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.failures import BlockedError, DownError, NotKnownError, ThrottledError
from mhc.clients.pacing import PacedError, Pacer
from mhc.clients.statbate import MODEL_INFO, TAGS_SEARCH, Query, StatbateClient
from mhc.config import Secret, Settings
from mhc.domain.times import Range, ago
from mhc.errors import MhcError
from mhc.reports.findings import Finding, error, off, ok, warning

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATBATE, STATISTICS, EARNINGS = "statbate api", "statistics api", "affiliate earnings"
ROOMS, PROFILES, HOURS = "feed of rooms", "public profiles", "cbhours"
_SOMEBODY: Final = "chaturbate"  # a name of the site: to ask about, where there is no own room
_PATIENCE: Final = 5.0  # seconds to wait for a turn
_DAY: Final = timedelta(days=1)
# So young a reading of a room's figures is the proof: its account may be asked once in five minutes, which a job needs.
_YOUNG: Final = timedelta(minutes=30)
_READ_AS: Final = {STATISTICS: "stats", EARNINGS: "apistats"}  # as readings are stored under
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_LATER: Final = "try again later"

# Asks, and gives what did not fit in the answer.
_Ask = Callable[[], Sequence[str]]
Read = Mapping[tuple[str, str], datetime]  # when a source was read last of a room


def read_at(conn: "Connection", loaded: Settings, now: datetime) -> Read:
    """Give when the figures of each own room were read last."""
    from mhc.store import compared, people
    from mhc.store.snapshots import Asked

    ids = people.ids_of(conn, [room.name for room in loaded.rooms])
    found: dict[tuple[str, str], datetime] = {}
    for name, source in _READ_AS.items():
        last = compared.last(conn, Asked(source), list(ids.values()), before=now)
        found |= {(name, room): last[who].captured_at for room, who in ids.items() if who in last}
    return found


def check(
    loaded: Settings, *, offline: bool, read: Read, now: datetime, hours: bool = False
) -> Iterator[Finding]:
    """Say of each source that has a token whether it answers; each is asked in its turn or not at all.

    What was read a short time ago is not asked: the turn is left to who keeps the answer. CBHours asks
    for no token: `hours` says that it is to be asked.
    """
    pacer = Pacer(loaded.state_dir, patience=_PATIENCE)
    asks: list[tuple[str, str, _Ask]] = []
    if loaded.statbate_token is not None:
        token = loaded.statbate_token
        asks.append((STATBATE, "", lambda: _ask_statbate(loaded, token, pacer)))
    for room in loaded.rooms:
        if room.stats_token is not None:
            young = {name for name in _READ_AS if now - read.get((name, room.name), _NEVER) <= _YOUNG}
            for name in () if offline else sorted(young):
                when = ago(read[name, room.name], now)
                yield ok(name, f"{room.name}: answered when it was read {when}; not asked again")
            of_room = _of_room(loaded, room.name, room.stats_token, pacer)
            asks += [one for one in of_room if offline or one[0] not in young]
    if loaded.affiliate_wm is not None:
        asks.append((ROOMS, "", lambda: _ask_feed(loaded, pacer)))
    if loaded.profiles_enabled and loaded.rooms:
        asks.append((PROFILES, f"{loaded.rooms[0].name}: ", lambda: _ask_profile(loaded, pacer)))
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


def _ask_profile(loaded: Settings, pacer: Pacer) -> Sequence[str]:
    """Ask for the own room's profile: whom we may ask about as often as we like."""
    with closing(ProfileClient(loaded.chaturbate_url, pacer, wait_scale=loaded.wait_scale)) as client:
        try:
            return client.fetch(loaded.rooms[0].name).problems
        except NotKnownError:
            return ()  # that is an answer, too


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
        later = isinstance(failure, ThrottledError | BlockedError | KeptOutError)
        later = later or (isinstance(failure, DownError) and failure.answer is not None)
        said = f"{whose}{failure.message}"
        return warning(name, said, failure.hint or _LATER) if later else error(name, said, failure.hint)
    if problems:
        return warning(name, f"{whose}answers in another form: {problems[0]}", "the other fields are read")
    said = "answered" if name in {ROOMS, PROFILES, HOURS} else "answered with this token"
    return ok(name, f"{whose}{said}")
