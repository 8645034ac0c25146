"""CBHours' API of the sandbox: the story's rooms, live and by three minutes, for who is in its trophy database."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from mhc.sandbox import reply
from mhc.sandbox.ledger import Ledger
from mhc.sandbox.limits import Limit
from mhc.sandbox.models import Model
from mhc.sandbox.people import dice
from mhc.sandbox.reply import Reply
from mhc.sandbox.story import Story

PATH: Final = "/api.php"
UNTRACKED: Final = "invented_attic"  # has no trophy in its bio
MOST_NAMES: Final = 50
MOST_DAYS: Final = 60
SLOT: Final = 180
_EVERY: Final = 0.9  # seconds: what two requests may lose on their way
_BLOCK: Final = 60.0  # seconds; how long the real one lasts is not known
_DAY: Final = 86_400
_GENDERS: Final = ("Male", "Female", "Trans", "Couple")
_SHOWS: Final = ("public",) * 8 + ("private", "group", "ticket")
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


class Slot(NamedTuple):
    """A room in three minutes."""

    show: str
    rank: int
    gender_rank: int
    viewers: int
    followers: int


class CbhoursApi:
    """Answers once a second; who asks more often is told so, and then kept out for a minute."""

    def __init__(self, story: Story, *, seed: int, speed: float, clock: Callable[[], float]) -> None:
        self._story, self._seed, self._speed, self._clock = story, seed, speed, clock
        self._limit = Limit(1, _EVERY, speed, clock)
        self._blocked_until = -math.inf
        self._lock = threading.Lock()

    def answer(self, query: str) -> Reply:
        """Give the answer to a GET."""
        if (refused := self._refused()) is not None:
            return refused
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        actions: dict[str, Callable[[Mapping[str, str], Ledger], Any]] = {
            "get_live": self._live, "get_activity": self._activity, "get_months": self._months,
        }  # fmt: skip
        with self._story.now() as (ledger, _):
            try:
                return reply.envelope(200, actions.get(given.get("action", ""), _no_action)(given, ledger))
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

    def _live(self, given: Mapping[str, str], ledger: Ledger) -> dict[str, Any]:
        names = [name for name in given.get("usernames", "").split(",") if name]
        if len(names) > MOST_NAMES:
            raise _RefusedError(f"Error Code:200 {MOST_NAMES} usernames at most.")
        data = {name.lower(): self._live_room(name, ledger) for name in names}
        return {"server_status": "up", "data": data or []}

    def _live_room(self, name: str, ledger: Ledger) -> dict[str, Any]:
        number = ledger.model(name)
        if number is None:
            return {"room_status": "Not Found"}
        model = ledger.models[number]
        if model.name == UNTRACKED:
            return {"room_status": "Missing Trophy"}
        if not ledger.on_air(number):
            return {"room_status": "Offline"}
        now = self.slot(number, ledger.now)
        return {
            "room_status": "Online",
            "gender": _GENDERS[model.gender],
            "rank": now.rank,
            "grank": now.gender_rank,
            "viewers": now.viewers,
            "followers": now.followers,
            "current_show": "hidden" if now.show == "ticket" else now.show,
            "room_subject": " ".join(("Welcome!", *(f"#{tag}" for tag in model.tags))),
            "tags": list(model.tags),
            "is_new": "newcomer" in model.tags,
        }

    def slot(self, number: int, at: int) -> Slot:
        """Give a room in the three minutes of a moment in which it is on air: whenever it is asked for, the same."""
        hour = dice(self._seed, "hours", number, at // 3600)
        show, middle = hour.choice(_SHOWS), hour.randint(20, 900)
        rng = dice(self._seed, "hours", number, at // SLOT)
        viewers = max(0, middle + rng.randint(-15, 15))
        rank = 1 + 400_000 // (50 + viewers) + rng.randint(0, 20)
        followers = 3_000 * (1 + number) + at // _DAY * (1 + number % 3) // 2 + at % _DAY // 7_200
        return Slot(show, rank, 1 + rank * 2 // 3, viewers, followers)

    def _activity(self, given: Mapping[str, str], ledger: Ledger) -> dict[str, Any]:
        number = self._known(given, ledger)
        first, last, offset = _days(given), _days(given, "end_date"), _offset(given)
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            raise _RefusedError(f"Error Code:201 {MOST_DAYS} days at most.")
        model, days = ledger.models[number], dict[str, list[dict[str, str]]]()
        for at in _slots(ledger, number):
            local = datetime.fromtimestamp(at + offset * 60, UTC)
            if first <= local.date() <= last:
                row = _row(local, self.slot(number, at), model)
                days.setdefault(local.date().isoformat(), []).append(row)
        minutes = {day: len(rows) * SLOT // 60 for day, rows in days.items()}
        found = {
            "response_time": "0.0035 seconds", "status": True, "model": model.name, "serverStatus": True,
            "serverMessage": "", "activity": {day: _lasted(day, minutes[day]) for day in days} or [],
            "total_time": dict(zip(("hours", "minutes"), divmod(sum(minutes.values()), 60), strict=True)),
        }  # fmt: skip
        return found | ({"details": days or []} if given.get("include_details") == "true" else {})

    def _months(self, given: Mapping[str, str], ledger: Ledger) -> list[str]:
        number = self._known(given, ledger)
        starts = (datetime.fromtimestamp(one.start, UTC) for one in ledger.sessions[number])
        return sorted({f"{one:%Y-%m}" for one in starts}, reverse=True)

    def _known(self, given: Mapping[str, str], ledger: Ledger) -> int:
        if given.get("domain") not in _SITES:
            raise _RefusedError("Error Code:101 Unknown domain.")
        number = ledger.model(given.get("username", ""))
        if number is None or ledger.models[number].name == UNTRACKED or given["domain"] != _SITES[0]:
            raise _RefusedError(NO_TROPHY)
        return number


def _no_action(_given: Mapping[str, str], _ledger: Ledger) -> Any:
    raise _RefusedError("Error Code:100 Unknown action.")


def _slots(ledger: Ledger, number: int) -> Iterator[int]:
    """Give the moments, every three minutes, at which a room was on air."""
    for one in ledger.sessions[number]:
        first = -(-one.start // SLOT) * SLOT
        yield from range(first, ledger.now if one.end is None else one.end, SLOT)


def _row(local: datetime, one: Slot, model: Model) -> dict[str, str]:
    return {
        "timestamp": f"{local:%Y-%m-%dT%H:%M}",
        "type": f"_{one.show}",
        "rank": str(one.rank),
        "followers": str(one.followers),
        "viewers": str(one.viewers),
        "gender": _GENDERS[model.gender][0].lower(),
        "grank": str(one.gender_rank),
    }


def _lasted(day: str, minutes: int) -> str:
    return f"{day} {date.fromisoformat(day):%a} - {minutes // 60:02} Hours {minutes % 60:02} Minutes"


def _days(given: Mapping[str, str], name: str = "start_date") -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise _RefusedError(f"Error Code:202 {name} is YYYY-MM-DD.") from None


def _offset(given: Mapping[str, str]) -> int:
    try:
        return int(given.get("tzo", ""))
    except ValueError:
        raise _RefusedError("Error Code:203 tzo is a number of minutes.") from None
