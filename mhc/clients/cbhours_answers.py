"""What CBHours answers, read: rooms now, what it saw of one in some days, and the months that it has (contract cbhours)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

from mhc.clients import fields
from mhc.clients.cbhours_terms import TERMS
from mhc.clients.failures import DownError, broken, decode, judge
from mhc.clients.http import Answer
from mhc.domain.names import username_from_upstream
from mhc.patterns import Pattern

UNKNOWN: Final = frozenset({"missing trophy", "not found"})
_STATUSES: Final = {one: one for one in ("online", "offline", *UNKNOWN)}
_MOST: Final = 2**31  # of a figure: more is none
_EARLY: Final = timedelta(minutes=15)  # by which its clock may be before ours
_GENDERS: Final = {
    "female": "female", "male": "male", "trans": "trans", "couple": "couple",
    "f": "female", "m": "male", "t": "trans", "s": "trans", "c": "couple",
}  # fmt: skip
_SHOWS: Final = {
    "public": "public", "private": "private", "group": "group", "away": "away", "hidden": "hidden",
    "ticket": "hidden",  # tickets are sold for hidden shows
}  # fmt: skip
_LASTED = Pattern(r"([0-9]{1,3}) Hours? ([0-9]{1,3}) Minutes?")
_MONTH = Pattern(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """One room now. Of one that is offline nothing else is said; ranks are good where they are small."""

    username: str
    online: bool
    gender: str | None = None
    rank: int | None = None
    gender_rank: int | None = None
    viewers: int | None = None
    followers: int | None = None
    current_show: str | None = None
    room_subject: str | None = None
    tags: tuple[str, ...] | None = None
    is_new: bool | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """One answer about several rooms: `unknown` have no trophy or are not there, of `silent` it says nothing."""

    rooms: tuple[LiveRoom, ...]
    unknown: tuple[str, ...]
    silent: tuple[str, ...]
    payload: bytes
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Three minutes in which a room was online, from `at` on."""

    at: datetime
    show: str | None
    rank: int | None
    gender_rank: int | None
    viewers: int | None
    followers: int | None
    gender: str | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What was seen of a room in some days, in order of time; `minutes` is how long it says that it was online in all."""

    username: str | None
    segments: tuple[Segment, ...]
    minutes: int
    payload: bytes
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Months:
    """The months in which a room was seen: the first day of each, the latest first."""

    months: tuple[date, ...]
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of either answer, as its fields are named there."""

    timestamp: datetime | None
    type: str | None
    room_status: str | None
    gender: str | None
    rank: int | None
    grank: int | None
    viewers: int | None
    followers: int | None
    current_show: str | None
    room_subject: str | None
    tags: tuple[str, ...] | None
    is_new: bool | None


def read_live(answer: Answer, names: Sequence[str] | None = None, *, now: float | None = None) -> Live:
    """Read what an answer says of these rooms (None: of all that it names), whatever the case of its names.

    Raises UpstreamError.
    """
    about = names[0] if names is not None and len(names) == 1 else "these rooms"
    judge(TERMS, answer, about, time.time() if now is None else now)
    body = _object(answer)
    _refuse_down(body, answer)
    rows = {key.lower(): row for key, row in _map(answer, body, "data").items()}
    reading = fields.Reading(UTC, [])
    wanted = list(dict.fromkeys(rows if names is None else [name.lower() for name in names]))
    found = {name: _live(name, rows[name], reading) for name in wanted if name in rows}
    rooms = tuple(one for one in found.values() if isinstance(one, LiveRoom))
    unknown = tuple(name for name, one in found.items() if one is False)
    silent = tuple(name for name in wanted if found.get(name) is None)
    return Live(rooms, unknown, silent, answer.body, tuple(reading.problems))


def _refuse_down(body: dict[str, Any], answer: Answer) -> None:
    """Raise DownError where it says that its own server is not up: then it cannot know who is offline."""
    status = body.get("server_status")
    if isinstance(status, str) and status.strip().lower() not in {"", "up"}:
        error = DownError("CBHours says that its server is not up")
        error.answer = answer
        raise error


def _live(name: str, row: Any, reading: fields.Reading) -> LiveRoom | bool | None:
    """Read one room; False where CBHours does not know it, None where nobody can tell."""
    username = username_from_upstream(name)
    one = fields.read(_Row, row, reading, "data")
    status = None if one is None else _word(one.room_status, _STATUSES, reading, "data.room_status")
    if username is None or one is None or status is None:
        return None
    if status in UNKNOWN:
        return False
    if status == "offline":
        return LiveRoom(username, online=False)
    return LiveRoom(
        username,
        online=True,
        gender=_word(one.gender, _GENDERS, reading, "data.gender"),
        current_show=_word(one.current_show, _SHOWS, reading, "data.current_show"),
        room_subject=one.room_subject,
        tags=None if one.tags is None else _tags(one.tags),
        is_new=one.is_new,
        **_figures(one, reading, "data"),
    )


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    bare = (tag.strip().lstrip("#").lower() for tag in tags)
    return tuple(dict.fromkeys(tag for tag in bare if tag))


def read_activity(
    answer: Answer, *, about: str = "the room", offset: int = 0, now: float | None = None
) -> Activity:
    """Read what was seen of a room. `offset` is the one in minutes, east positive, that was asked for.

    Its times name no zone; those of the future, and a time that comes twice, are left out. Raises UpstreamError.
    """
    at = time.time() if now is None else now
    judge(TERMS, answer, about, at)
    body = _object(answer)
    if body.get("status") is not True:
        raise broken(TERMS, answer, "does not say that it is one")
    reading = fields.Reading(timezone(timedelta(minutes=offset)), [])
    until = datetime.fromtimestamp(at, UTC) + _EARLY
    found: dict[datetime, Segment] = {}
    for rows in _map(answer, body, "details", required=False).values():
        if not isinstance(rows, list):
            reading.misfit("details", rows, "a list")
            continue
        for row in rows:
            one = _segment(row, reading, until)
            if one is not None:
                found.setdefault(one.at, one)
    minutes = sum(_minutes(text, reading) for text in _map(answer, body, "activity").values())
    segments = tuple(found[at] for at in sorted(found))
    return Activity(
        username_from_upstream(body.get("model")), segments, minutes, answer.body, tuple(reading.problems)
    )


def _segment(row: Any, reading: fields.Reading, until: datetime) -> Segment | None:
    one = fields.read(_Row, row, reading, "details")
    if one is None:
        return None
    if one.timestamp is None or one.timestamp > until:
        reading.misfit("details.timestamp", row.get("timestamp"), "a time of the past")
        return None
    kind = None if one.type is None else one.type.strip().lstrip("_")
    return Segment(
        one.timestamp,
        _word(kind, _SHOWS, reading, "details.type"),
        gender=_word(one.gender, _GENDERS, reading, "details.gender"),
        **_figures(one, reading, "details"),
    )


def _minutes(text: Any, reading: fields.Reading) -> int:
    found = _LASTED.search(text) if isinstance(text, str) else None
    if found is None:
        reading.misfit("activity", text, "hours and minutes")
        return 0
    return int(found[1]) * 60 + int(found[2])


def read_months(answer: Answer, *, about: str = "the room", now: float | None = None) -> Months:
    """Read in which months a room was seen. Raises UpstreamError."""
    judge(TERMS, answer, about, time.time() if now is None else now)
    body = decode(TERMS, answer)
    if not isinstance(body, list):
        raise broken(TERMS, answer, "has no list of months")
    found = [_MONTH.fullmatch(one.strip()) if isinstance(one, str) else None for one in body]
    months = {date(int(one[1]), int(one[2]), 1) for one in found if one is not None and one[1] != "0000"}
    if body and not months:
        raise broken(TERMS, answer, "has no month of the documented form")
    return Months(tuple(sorted(months, reverse=True)), answer.body)


def _object(answer: Answer) -> dict[str, Any]:
    body = decode(TERMS, answer)
    if not isinstance(body, dict):
        raise broken(TERMS, answer, "is no object")
    return body


def _map(answer: Answer, body: dict[str, Any], key: str, *, required: bool = True) -> dict[str, Any]:
    """Give an object by name; one that is empty comes as a list, too."""
    value = body.get(key)
    if isinstance(value, dict):
        return value
    if value == [] or (value is None and not required):
        return {}
    raise broken(TERMS, answer, f"has no {key}")


def _figures(one: _Row, reading: fields.Reading, at: str) -> dict[str, Any]:
    """Give the figures of a room; no rank is 0."""
    return {
        "rank": _within(one.rank, 1, reading, f"{at}.rank"),
        "gender_rank": _within(one.grank, 1, reading, f"{at}.grank"),
        "viewers": _within(one.viewers, 0, reading, f"{at}.viewers"),
        "followers": _within(one.followers, 0, reading, f"{at}.followers"),
    }


def _within(value: int | None, least: int, reading: fields.Reading, at: str) -> int | None:
    if value is None or least <= value < _MOST:
        return value
    if value != 0:
        reading.misfit(at, value, "a count")
    return None


def _word(value: str | None, words: dict[str, str], reading: fields.Reading, at: str) -> str | None:
    if value is None:
        return None
    word = words.get(value.strip().lower())
    if word is None:
        reading.misfit(at, value, "a known word")
    return word
