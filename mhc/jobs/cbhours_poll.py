"""`cbhours-poll`: asks CBHours how rooms are, and of a few what it saw of them before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.clients.cbhours import CbhoursClient
from mhc.clients.failures import NotKnownError, UpstreamError
from mhc.clients.pacing import PacedError, StoppedError
from mhc.config import Settings
from mhc.domain.rooms import Scope, Source
from mhc.errors import DataError, MhcError, NotFoundError
from mhc.jobs.cbhours import ASKED, SOURCE, Asking, kept_from, latest
from mhc.jobs.pulling import Surroundings
from mhc.jobs.work import Work
from mhc.store import compared, misses, people, pools, room_names, room_readings, watchlists
from mhc.store.people import Role
from mhc.store.pools import Ask, Choice

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ASK: Final = Ask(ASKED, (Role.MODEL, Role.BOTH, Role.UNKNOWN))
_AGAIN: Final = timedelta(days=1)  # after which what it saw since is asked for
_ROTATES: Final = timedelta(days=2)  # within which who waits longest comes first
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Whom:
    """Names to ask about, in order, and whether they are all that are tracked."""

    names: Sequence[str]
    scope: Scope


class Past(NamedTuple):
    """Of whom to ask what was seen, from which day on (None: all of it)."""

    name: str
    since: date | None


def run(work: Work) -> None:
    """Ask about whom the options choose, then what it saw of those who wait longest for that."""
    around = Surroundings(work.db, work.settings, work.now, work.stop)
    asking = Asking(around)
    with work.db.read() as conn:
        whom = chosen(conn, work)
    failures: list[MhcError] = []
    with asking.client() as client:
        try:
            asking.live(client, whom.names, whom.scope)
            with work.db.read() as conn:
                past = _for_past(conn, work)
            for one in past:
                _ask_past(asking, client, one, work.now().date(), failures)
        except StoppedError:
            pass
        except (UpstreamError, PacedError) as error:
            failures.append(error)
    _finish(work, asking, failures)


def _ask_past(
    asking: Asking, client: CbhoursClient, one: Past, today: date, failures: list[MhcError]
) -> None:
    try:
        asking.past(client, one.name, one.since, today)
    except NotKnownError:
        pass  # it is noted, and that is no failure
    except DataError as error:
        failures.append(error)


def _finish(work: Work, asking: Asking, failures: Sequence[MhcError]) -> None:
    """Note what came; raise what ended it where nothing did."""
    told = asking.told
    counts = {
        "online": told.online, "offline": told.offline, "unknown": len(told.unknown), "silent": len(told.silent),
        "segments": told.segments, "requests": told.requests,
    }  # fmt: skip
    work.counts.update({name: number for name, number in counts.items() if number})
    if failures and not (told.online or told.offline or told.unknown or told.segments):
        raise max(failures, key=lambda one: one.status)
    work.complaints.extend(dict.fromkeys(one.message for one in failures))


def chosen(conn: "Connection", work: Work) -> Whom:
    """Give whom to ask about: on lists first, then who is in the own rooms, then a segment; else who is tracked.

    Of each part who was asked about longest ago comes first. Whom CBHours did not know, and is not due again, is left out.
    """
    given, now = work.options, work.now()
    choices = _choices(conn, work)
    own = tuple(one.name for one in work.settings.rooms)
    parts = [[one.username for one in pools.choose(conn, choice, [_ASK], now)] for choice in choices]
    if not choices:
        tracked = room_names.tracked(conn, own)
        everyone = pools.choose(conn, Choice(), [_ASK], now)
        parts = [[*own, *(one.username for one in everyone if one.username in tracked)]]
    stale, budget = given.get("stale"), given.get("budget")
    before = None if stale is None else now - stale
    names = _in_order(conn, parts, now - max(stale or _ROTATES, _ROTATES), before)
    waiting = misses.waiting(conn, SOURCE, names, at=now)
    rest = [name for name in names if name not in waiting]
    whole = not choices and stale is None and (budget is None or budget >= len(rest))
    return Whom(rest if budget is None else rest[:budget], Scope.TRACKED if whole else Scope.SOME)


def _choices(conn: "Connection", work: Work) -> list[Choice]:
    given = work.options
    lists = [_list_id(conn, name) for name in given.get("list") or ()]
    rooms = _own_ids(conn, work.settings)
    choices = [Choice(list_ids=(number,)) for number in lists]
    choices += [Choice(live=True, room_ids=rooms)] if given.get("live") else []
    return choices + [Choice(segments=(one,), room_ids=rooms) for one in given.get("segment") or ()]


def _list_id(conn: "Connection", name: str) -> int:
    found = watchlists.find(conn, name)
    if found is None:
        raise NotFoundError(f"no watchlist named {name!r}", hint="list in [jobs.cbhours-poll]")
    return found.id


def _own_ids(conn: "Connection", loaded: Settings) -> tuple[int, ...] | None:
    found = [one for room in loaded.rooms for one in people.find(conn, room.name)[:1]]
    return tuple(number for one in found for number in people.members(conn, one.id)) or None


def _in_order(
    conn: "Connection", parts: Sequence[Sequence[str]], since: datetime, before: datetime | None
) -> list[str]:
    """Give names each once, part by part, those who wait longest first; who was asked about after `before` not at all."""
    last = room_readings.asked_last(conn, Source.CBHOURS, since)
    ids = people.ids_of(conn, {name for part in parts for name in part})
    asked = {name: last.get(who, _NEVER) for name, who in ids.items()}
    found: dict[str, None] = {}
    for part in parts:
        for name in sorted(part, key=lambda one: (asked.get(one, _NEVER), one)):
            if before is None or asked.get(name, _NEVER) <= before:
                found.setdefault(name)
    return list(found)


def _for_past(conn: "Connection", work: Work) -> list[Past]:
    """Give of whom to ask what was seen before: `backfill` people, who was never asked about first."""
    number, now = work.options.get("backfill") or 0, work.now()
    if not number:
        return []
    choices = _choices(conn, work)
    tracked = None if choices else room_names.tracked(conn, [one.name for one in work.settings.rooms])
    found: dict[str, int] = {}
    for choice in choices or [Choice()]:
        due = replace(choice, stale_before=now - _AGAIN, limit=number if choices else None)
        for one in pools.choose(conn, due, [_ASK], now):
            if tracked is None or one.username in tracked:
                found.setdefault(one.username, one.id)
    some = dict(list(found.items())[:number])
    last = compared.last(conn, ASKED, list(some.values()), before=now)
    oldest = kept_from(work.settings, now)
    return [
        Past(name, latest((last[who].captured_at - _AGAIN).date() if who in last else None, oldest))
        for name, who in some.items()
    ]
