"""The statistics of an own room: balance, votes, followers, viewers (contract cbstats)."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from mhc.clients import fields
from mhc.clients.failures import broken, decode, judge
from mhc.clients.http import Answer
from mhc.clients.site import TERMS, SiteClient

PATH: Final = "/statsapi/"
# The site writes no zone; by the best evidence it is this one (contract cbstats 3.2).
SITE_ZONE: Final = ZoneInfo("America/Los_Angeles")
_NONE: Final = -1  # offline, never: the API's way to say that there is no such figure


@dataclass(frozen=True, slots=True)
class RoomStatistics:
    """One reading. Votes are of the last 90 days, the score is a percentage, `time_online` is in minutes.

    `tips_in_last_hour` is documented as a number of tips, and read as tokens by some. A balance that falls was paid out.
    """

    username: fields.Username | None
    token_balance: int | None
    tips_in_last_hour: float | None
    votes_up: int | None
    votes_down: int | None
    satisfaction_score: float | None
    last_broadcast: datetime | None
    time_online: int | None
    num_followers: int | None
    num_viewers: int | None
    num_registered_viewers: int | None
    num_tokened_viewers: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer: typed, and as it came. What did not fit is said in `problems`."""

    statistics: RoomStatistics
    last_broadcast_text: str | None  # as it came, since its zone is an assumption
    is_online: bool | None
    payload: bytes
    problems: tuple[str, ...]


def read(
    answer: Answer, *, about: str = "the room", zone: ZoneInfo = SITE_ZONE, now: float | None = None
) -> Fetched:
    """Read an answer. Raises UpstreamError. `zone` is the one of times that name none."""
    judge(TERMS, answer, about, time.time() if now is None else now)
    body = decode(TERMS, answer)
    if not isinstance(body, dict) or not body.keys() & {"username", "token_balance", "num_followers"}:
        raise broken(TERMS, answer, "has none of the documented fields")
    reading = fields.Reading(zone, [])
    statistics = fields.read(
        RoomStatistics, {key: _known(value) for key, value in body.items()}, reading, "it"
    )
    assert statistics is not None
    last = body.get("last_broadcast")
    return Fetched(
        statistics,
        last if isinstance(last, str) and _known(last) is not None else None,
        None if body.get("time_online") is None else statistics.time_online is not None,
        answer.body,
        tuple(reading.problems),
    )


def _known(value: Any) -> Any:
    return None if value in (_NONE, str(_NONE)) else value


class StatisticsClient(SiteClient):
    """The statistics of one account."""

    def fetch(self, *, zone: ZoneInfo = SITE_ZONE) -> Fetched:
        """Read the room's statistics. Raises UpstreamError; PacedError where they were read within five minutes."""
        return self.ask(PATH, lambda answer: read(answer, about=self.room, zone=zone, now=self.clock()))
