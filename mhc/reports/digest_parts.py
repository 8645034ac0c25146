"""What the parts of a digest say, a row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Head:
    """The last session of the range, all of it, also where it began before."""

    room: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    tokens: int | None  # None, as in what follows: nobody listened, and nothing is known of it
    tips: int | None
    tippers: int | None
    best_tipper: str | None  # None: nobody paid by name
    best_tokens: int | None
    unique_visitors: int | None
    new_followers: int | None
    coverage: float | None


class BigTipper(NamedTuple):
    """What one person paid by name in the range: tips and media."""

    username: str
    tokens: int


class FirstTip(NamedTuple):
    """The same of somebody who had never tipped by name, and when they first did."""

    username: str
    tokens: int
    at: datetime


class Rename(NamedTuple):
    """Somebody goes by another name."""

    old: str
    new: str
    at: datetime
    source: str


class Listed(NamedTuple):
    """Somebody was put on a list, or taken off it."""

    list: str
    username: str
    at: datetime


class Came(NamedTuple):
    """Somebody who is on lists was there."""

    username: str
    watchlists: Sequence[str]
    tokens: int


class Followers(NamedTuple):
    """How often somebody began and ceased to follow; None where nothing was captured."""

    follows: int | None
    unfollows: int | None
    net: int | None


class FailedJob(NamedTuple):
    """The runs of one job that failed or died, and how the last of them ended."""

    job: str
    times: int
    last_at: datetime
    state: str
    error: str | None
