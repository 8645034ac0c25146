"""CBHours' API of the sandbox: the story's rooms, live and by three minutes, for who is in its trophy database."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from mhc.sandbox import reply
from mhc.sandbox.account import Account
from mhc.sandbox.ledger import Ledger
from mhc.sandbox.limits import Limit
from mhc.sandbox.reply import Reply
from mhc.sandbox.rooms import LETTERS, Room, crowd, made_up, name_of, on_air
from mhc.sandbox.story import Story

PATH: Final = "/api.php"
UNTRACKED: Final = "invented_attic"  # has no trophy in its bio
MOST_NAMES: Final = 50
MOST_DAYS: Final = 60
SLOT: Final = 180
_EVERY: Final = 0.9  # seconds: what two requests may lose on their way
_BLOCK: Final = 60.0  # seconds; how long the real one lasts is not known
_DAY: Final = 86_400
_UNTRACKED_EVERY: Final = 3  # made-up rooms
_GENDERS: Final = {"m": "Male", "f": "Female", "t": "Trans", "c": "Couple"}
_SITES: Final = ("cbhours", "striphours", "sodahours")
TOO_MANY: Final = reply.text(429, "Too Many Requests", reply.HTML)
BLOCKED: Final = reply.text(
    403, "<html><head><title>Blocked</title></head><body>You are temporarily blocked.</body></html>", reply.HTML
)  # fmt: skip
NO_TROPHY: Final = (
    "Error Code:300 To use this api please add a trophy/calendar to the models bio and then use the STUDIO search"
    " successfully one time."
)


def said_with(status: int) -> Reply:
    """Give what the site says with a status."""
    return {429: TOO_MANY, 403: BLOCKED, 404: reply.NOT_FOUND}.get(status) or reply.text(status, "refused")


class _RefusedError(Exception):
    """The request is not taken."""


class Known(NamedTuple):
    """A room of its database: of the story, by the number of its model, or else a made-up one."""

    name: str
    number: int
    of_story: bool


class CbhoursApi:
    """Answers once a second; who asks more often is told so, and then kept out for a minute."""

    def __init__(
        self, story: Story, *, seed: int, number: int, speed: float, clock: Callable[[], float]
    ) -> None:
        self._story, self._seed, self._speed, self._clock = story, seed, speed, clock
        self._made_up = {name_of(one): one for one in range(1, number + 1)}
        self._limit = Limit(1, _EVERY, speed, clock)
        self._blocked_until = -math.inf
        self._lock = threading.Lock()

    def answer(self, query: str) -> Reply:
        """Give the answer to a GET."""
        if (refused := self._refused()) is not None:
            return refused
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        actions: dict[str, Callable[[Mapping[str, str], Ledger, Account], Any]] = {
            "get_live": self._live, "get_activity": self._activity, "get_months": self._months,
        }  # fmt: skip
        with self._story.now() as (ledger, account):
            try:
                found = actions.get(given.get("action", ""), _no_action)(given, ledger, account)
                return (reply.array if isinstance(found, list) else reply.envelope)(200, found)
            except _RefusedError as refusal:
                return reply.envelope(200, {"status": "error", "message": str(refusal)})

    def _refused(self) -> Reply | None:
        with self._lock:
            now = self._clock() * self._speed
            if now < self._blocked_until:
                return BLOCKED
            if self._limit.wait("everyone"):
                self._blocked_until = now + _BLOCK
                return TOO_MANY
        return None

    def _live(self, given: Mapping[str, str], ledger: Ledger, account: Account) -> dict[str, Any]:
        names = [name.lower() for name in given.get("usernames", "").split(",") if name]
        if len(names) > MOST_NAMES:
            raise _RefusedError(f"Error Code:200 {MOST_NAMES} usernames at most.")
        rooms = {one.name: one for one in on_air(ledger, account, self._seed, 0)}
        data = {name: self._live_room(name, ledger, rooms) for name in names}
        return {"server_status": "up", "data": data or []}

    def _live_room(self, name: str, ledger: Ledger, rooms: Mapping[str, Room]) -> dict[str, Any]:
        known = self._find(name, ledger)
        if known is None:
            return {"room_status": "Not Found"}
        if not _has_trophy(known):
            return {"room_status": "Missing Trophy"}
        room = rooms.get(name) if known.of_story else made_up(self._seed, known.number, ledger.now)
        return {"room_status": "Offline"} if room is None else _online(room)

    def _activity(self, given: Mapping[str, str], ledger: Ledger, _account: Account) -> dict[str, Any]:
        known = self._known(given, ledger)
        first, last, offset = _day(given, "start_date"), _day(given, "end_date"), _offset(given)
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            raise _RefusedError(f"Error Code:201 {MOST_DAYS} days at most.")
        start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) - offset * 60
        until = start + ((last - first).days + 1) * _DAY
        days: dict[str, list[dict[str, str]]] = {}
        for at, said in self._seen(known, ledger, max(start, _beginning(ledger)), min(until, ledger.now)):
            local = datetime.fromtimestamp(at + offset * 60, UTC)
            row = {"timestamp": f"{local:%Y-%m-%dT%H:%M}"} | said
            days.setdefault(local.date().isoformat(), []).append(row)
        minutes = {day: len(rows) * SLOT // 60 for day, rows in days.items()}
        found = {
            "response_time": "0.0035 seconds", "status": True, "model": known.name, "serverStatus": True,
            "serverMessage": "", "activity": {day: _lasted(day, minutes[day]) for day in days} or [],
            "total_time": dict(zip(("hours", "minutes"), divmod(sum(minutes.values()), 60), strict=True)),
        }  # fmt: skip
        return found | ({"details": days or []} if given.get("include_details") == "true" else {})

    def _seen(
        self, known: Known, ledger: Ledger, start: int, until: int
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Give the moments, every three minutes, at which a room was on air, with what was seen of it."""
        if not known.of_story:
            for at in range(-(-start // SLOT) * SLOT, until, SLOT):
                if (room := made_up(self._seed, known.number, at)) is not None:
                    yield at, _row(room.show, room.gender, room.viewers, room.followers)
            return
        gender = LETTERS[ledger.models[known.number].gender]
        for one in ledger.sessions[known.number]:
            first = -(-max(one.start, start) // SLOT) * SLOT
            for at in range(first, min(ledger.now if one.end is None else one.end, until), SLOT):
                yield at, _row("public", gender, *crowd(self._seed, -known.number, at))

    def _months(self, given: Mapping[str, str], ledger: Ledger, _account: Account) -> list[str]:
        known = self._known(given, ledger)
        starts: Iterable[int] = (one.start for one in ledger.sessions[known.number])
        if not known.of_story:
            starts = range(_beginning(ledger), ledger.now, _DAY)
        days = (datetime.fromtimestamp(one, UTC) for one in starts)
        return sorted({f"{one:%Y-%m}" for one in days}, reverse=True)

    def _known(self, given: Mapping[str, str], ledger: Ledger) -> Known:
        if given.get("domain") not in _SITES:
            raise _RefusedError("Error Code:101 Unknown domain.")
        known = self._find(given.get("username", "").lower(), ledger)
        if known is None or given["domain"] != _SITES[0] or not _has_trophy(known):
            raise _RefusedError(NO_TROPHY)
        return known

    def _find(self, name: str, ledger: Ledger) -> Known | None:
        number = ledger.model(name)
        if number is not None:
            return Known(name, number, of_story=True)
        return Known(name, self._made_up[name], of_story=False) if name in self._made_up else None


def _has_trophy(known: Known) -> bool:
    return known.name != UNTRACKED if known.of_story else bool(known.number % _UNTRACKED_EVERY)


def _beginning(ledger: Ledger) -> int:
    """Give when all history begins."""
    return min((of[0].start for of in ledger.sessions.values() if of), default=ledger.now)


def _ranks(viewers: int) -> tuple[int, int]:
    """Give the rank of a room among all, and among those of its gender: who has many viewers is first."""
    rank = 1 + 400_000 // (50 + viewers)
    return rank, 1 + rank * 2 // 3


def _online(room: Room) -> dict[str, Any]:
    rank, gender_rank = _ranks(room.viewers)
    return {
        "room_status": "Online",
        "gender": _GENDERS[room.gender],
        "rank": rank,
        "grank": gender_rank,
        "viewers": room.viewers,
        "followers": room.followers,
        "current_show": room.show,
        "room_subject": room.subject,
        "tags": list(room.tags),
        "is_new": room.is_new,
    }


def _no_action(*_: object) -> Any:
    raise _RefusedError("Error Code:100 Unknown action.")


def _row(show: str, gender: str, viewers: int, followers: int) -> dict[str, str]:
    """Give what was seen of a room: numbers are texts, and a hidden show has another name."""
    rank, gender_rank = _ranks(viewers)
    return {
        "type": "_ticket" if show == "hidden" else f"_{show}",
        "rank": str(rank),
        "followers": str(followers),
        "viewers": str(viewers),
        "gender": gender,
        "grank": str(gender_rank),
    }


def _lasted(day: str, minutes: int) -> str:
    return f"{day} {date.fromisoformat(day):%a} - {minutes // 60:02} Hours {minutes % 60:02} Minutes"


def _day(given: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise _RefusedError(f"Error Code:202 {name} is YYYY-MM-DD.") from None


def _offset(given: Mapping[str, str]) -> int:
    try:
        return int(given.get("tzo", ""))
    except ValueError:
        raise _RefusedError("Error Code:203 tzo is a number of minutes.") from None
